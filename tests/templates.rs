//! Equipment templates through the whole program: places that a person approved, and rules of other programs.

mod common;

use common::{Place, json_lines, samples};
use std::fs;
use unburn::outcome::Outcome;
use unburn::plan::Action;
use unburn::report::BoxReport;

const KEEP: &str = "[[template]]\nname = \"Whole screen\"\napproved-by = \"A. Example\"\n\
    match = { manufacturer = \"Sonavault\" }\nkeep = [[0, 0, 640, 480]]\n";

fn doubtful(boxes: &[BoxReport]) -> usize {
    let is = |b: &&BoxReport| ["unreadable", "unknown-text"].contains(&b.reason.as_str());
    boxes.iter().filter(is).count()
}

fn masked(boxes: &[BoxReport]) -> Vec<&BoxReport> {
    let goes = |b: &&BoxReport| b.action == Action::Mask;
    boxes.iter().filter(goes).collect()
}

#[test]
fn a_kept_place_spares_doubt_and_nothing_that_a_rule_knows() {
    let place = Place::new();
    fs::write(place.path("templates.toml"), KEEP).unwrap();
    let input = [samples().join("us_rgb.dcm")];
    let plain = place.redact(&input, "plain", &[]).file("us_rgb.dcm");
    assert!(
        doubtful(&plain.boxes) > 0,
        "the sample has nothing doubtful"
    );
    let keep = ["--templates", "templates.toml"];
    let kept = place.redact(&input, "kept", &keep).file("us_rgb.dcm");
    assert_eq!(kept.outcome, Outcome::Masked, "{:?}", kept.detail);
    assert_eq!(doubtful(&kept.boxes), 0);
    let known = |boxes: &[BoxReport]| {
        let by_rule =
            |b: &BoxReport| b.reason.starts_with("header:") || b.reason.starts_with("pattern:");
        masked(boxes).into_iter().filter(|b| by_rule(b)).count()
    };
    assert_eq!(known(&kept.boxes), known(&plain.boxes));
    assert!(known(&kept.boxes) > 0);
    let spared: Vec<_> = kept
        .boxes
        .iter()
        .filter(|b| b.reason == "template:keep")
        .collect();
    assert_eq!(spared.len(), doubtful(&plain.boxes));
    assert!(spared.iter().all(|b| b.action == Action::Keep));
    let note = &kept.templates[0];
    assert_eq!((note.name.as_str(), note.keeps), ("Whole screen", true));
    assert_eq!(note.approved_by.as_deref(), Some("A. Example"));
    // Under a policy that masks all text nothing is spared, and without a person nothing is accepted.
    let all = place.redact(
        &input,
        "all",
        &["--templates", "templates.toml", "--policy", "all"],
    );
    let all = all.file("us_rgb.dcm");
    assert_eq!(masked(&all.boxes).len(), all.boxes.len());
    fs::write(
        place.path("templates.toml"),
        KEEP.replace("approved-by = \"A. Example\"\n", ""),
    )
    .unwrap();
    let refused = place.redact(&input, "refused", &keep);
    assert_eq!(refused.ran.code, 2);
    assert!(
        refused.ran.err.contains("approved-by"),
        "{}",
        refused.ran.err
    );
}

const SCRIPT: &str = "Invented rules

Screens of one maker
{ Manufacturer.containsIgnoreCase(\"sona\") * Modality.equals(\"US\") }
(200,200,50,40) (600,470,100,100)

By station
{ StationName.equals(\"ROOM 1\") * Manufacturer.equals(\"Sonavault\") }
(0,0,640,480)
";

#[test]
fn rules_of_another_program_mask_where_they_did() {
    let place = Place::new();
    fs::write(place.path("pixel.script"), SCRIPT).unwrap();
    let import = [
        "templates",
        "import",
        "pixel.script",
        "-o",
        "site.toml",
        "--json",
    ];
    let ran = place.run(&import);
    assert_eq!(ran.code, 3, "{}", ran.err);
    let told = &json_lines(&ran.out)[0];
    assert_eq!(
        (told["rules"].as_u64(), told["taken"].as_u64()),
        (Some(2), Some(1))
    );
    assert_eq!(told["left"][0]["line"], 8);
    assert!(
        told["left"][0]["why"]
            .as_str()
            .unwrap()
            .contains("StationName")
    );
    let again = place.run(&import);
    assert_eq!(again.code, 1, "an existing file was replaced");
    let input = [samples().join("us_rgb.dcm")];
    let done = place.redact(
        &input,
        "out",
        &["--templates", "site.toml", "--margin", "0", "--grid", "1"],
    );
    let file = done.file("us_rgb.dcm");
    assert_eq!(file.outcome, Outcome::Masked, "{:?}", file.detail);
    let rects: Vec<[u32; 4]> = file
        .boxes
        .iter()
        .filter(|b| b.reason == "template")
        .map(|b| b.rect.into())
        .collect();
    // The second rectangle leaves the picture and is cut.
    assert_eq!(rects, [[200, 200, 50, 40], [600, 470, 40, 10]]);
    let ran = place.run(&["templates", "import", "site.toml"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
}
