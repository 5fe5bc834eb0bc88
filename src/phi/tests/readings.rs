//! Real readings: policies, neighbours, rows of several lines, confusions, confidence; and the corpus where it is named.

use super::*;

#[test]
fn policies_differ_in_what_is_merely_unknown() {
    let with = |policy| Decider::new(policy, Sensitivity::Normal, &[], &[]);
    let (all, phi) = (with(Policy::All), with(Policy::Phi));
    let at = |rules: &Decider, text: &str, confidence| {
        told(
            &rules
                .for_object(&person("Quill^Ann"))
                .decide(&reading_with(text, confidence), H),
        )
    };
    assert_eq!(at(&phi, "Borogove", 950), "+phi:unknown-text");
    assert_eq!(at(&phi, "Borogove", 600), "-unknown-text");
    assert_eq!(at(&phi, "Borogove", 300), "-unreadable");
    assert_eq!(at(&phi, "QUILL", 950), "-header:PatientName");
    assert_eq!(at(&phi, "12.03.2019", 950), "-pattern:date");
    assert_eq!(at(&all, "Borogove", 950), "-policy:all");
    assert_eq!(at(&all, "LIVER", 950), "-policy:all");
    assert_eq!(at(&all, "RIGHT", 950), "-policy:all!");
    assert_eq!(at(&all, "QUILL", 950), "-header:PatientName");
    assert_eq!(at(&all, "LIVER", 300), "-unreadable");
}

#[test]
fn neighbours_in_the_picture_take_bare_numbers_with_them() {
    let at = |text: &str, x: u32, y: u32| {
        let mut r = reading(text);
        for c in &mut r.chars {
            c.rect = Rect::new(c.rect.x + x, y, c.rect.w, c.rect.h);
        }
        r
    };
    let rules = normal();
    let object = rules.for_object(&[]);
    let page = [
        at("M", 80, 60),
        at("49", 160, 60),
        at("49", 600, 400),
        at("MI 0.9", 120, 60),
        at("1.5", 170, 60),
    ];
    let page: Vec<(&Reading, u32)> = page.iter().map(|r| (r, H)).collect();
    let together: Vec<String> = object
        .decide_picture(&page)
        .iter()
        .map(|v| told(v))
        .collect();
    assert_eq!(
        together,
        [
            "-pattern:sex",
            "-pattern:beside-identity",
            "+safe:number",
            "+safe:measurement",
            "+safe:measurement"
        ]
    );
}

/// Lines of one row, each given with the pixels before it, decided together.
fn row(identities: &[Identity], parts: &[(&str, u32)]) -> Vec<String> {
    let mut x = 0;
    let lines: Vec<Reading> = parts
        .iter()
        .map(|(text, gap)| {
            x += gap;
            let mut r = reading(text);
            for c in &mut r.chars {
                c.rect = Rect::new(x, 0, 8, H);
                x += 10;
            }
            r
        })
        .collect();
    let lines: Vec<(&Reading, u32)> = lines.iter().map(|r| (r, H)).collect();
    let rules = normal();
    let object = rules.for_object(identities);
    let forward = object.decide_picture(&lines);
    // The order in which lines were found changes nothing.
    let turned: Vec<(&Reading, u32)> = lines.iter().rev().copied().collect();
    let mut backward = object.decide_picture(&turned);
    backward.reverse();
    assert_eq!(forward, backward, "{parts:?}");
    forward.iter().map(|v| told(v)).collect()
}

#[test]
fn lines_of_one_row_are_read_as_one() {
    for (parts, want) in [
        // A place that was found word by word goes as a whole, whatever lists its words are on.
        (
            &[("QUELLING", 0), ("MED CTR", 2)][..],
            &["-pattern:institution", "-pattern:institution"][..],
        ),
        (
            &[("SIEMENS", 0), ("MEDICAL", 4), ("SYSTEMS", 4)],
            &["-pattern:institution"; 3],
        ),
        (
            &[("Borogove", 0), ("CLIN", 30)],
            &["-unknown-text", "-unknown-text"],
        ),
        (
            &[("23", 0), ("/", 4), ("08", 4), ("1989", 6)],
            &[
                "-pattern:date",
                "-pattern:date",
                "-pattern:date",
                "-pattern:date",
            ],
        ),
        (
            &[("Tel", 0), ("0555 014 778", 4)],
            &["-pattern:contact", "-pattern:contact"],
        ),
        // Farther apart the label may stay; it says nothing by itself.
        (
            &[("Tel", 0), ("0555 014 778", 80)],
            &["+safe:label", "-pattern:phone"],
        ),
        (
            &[("1", 0), ("D", 8), ("4.21", 12), ("cm", 6)],
            &["+safe:measurement"; 4],
        ),
        (&[("Thk", 0), ("10", 8)], &["+safe:measurement"; 2]),
        // What is safe by itself stays beside what is merely unknown; numbers and letters of forms do not.
        (
            &[("Borogove", 0), ("LIVER", 4)],
            &["-unknown-text", "+safe:anatomy"],
        ),
        (
            &[("Borogove", 0), ("49", 4)],
            &["-unknown-text", "-unknown-text"],
        ),
        // Another row, or too far away.
        (
            &[("Long", 0), ("Kidney", 200)],
            &["-unknown-text", "+safe:anatomy"],
        ),
    ] {
        assert_eq!(row(&[], parts), want, "{parts:?}");
    }
    assert_eq!(
        row(&person("Quill^Ann"), &[("QUI", 0), ("LL", 2), ("ANN", 4)]),
        ["-header:PatientName"; 3]
    );
}

#[test]
fn confusions_in_labels_and_stray_signs_beside_values_do_no_harm() {
    let value = "+safe:measurement";
    check(
        &[],
        &[
            ("A0=100%", value),
            ("M1=0.8 T1S=0.4", value),
            ("L0C -35", value),
            ("TIS0.0", value),
            ("GAIN82", value),
            ("22G22", value),
            ("44CG43.", value),
            ("4cm4cm", value),
            ("Cist Mag 0.52 cm", value),
            ("Dist 1 33.1 mm", value),
            ("16cm'", value),
            ("10\\", "+safe:number"),
            ("5|", "+safe:number"),
            // What only looks like it.
            ("78F78", "-pattern:id"),
            ("12AC34", "-pattern:id"),
            ("J0=12", "-unknown-text"),
            ("B0B 1971", "-pattern:date"),
            ("QUILL\\", "-unknown-text"),
        ],
    );
}

#[test]
fn abbreviations_of_places_need_company() {
    let place = "-pattern:institution";
    check(
        &[],
        &[
            ("QUELLING MED CTR", place),
            ("REG MED CTR", place),
            ("QUELLING HOSP", place),
            ("Quelling Clin", place),
            ("UNIV HOSP", place),
            ("P Med", "+safe:measurement"),
            ("Gain Med", "+safe:measurement"),
        ],
    );
}

#[test]
fn confidence_is_asked_of_characters_and_of_the_line_only_against_them() {
    let rules = normal();
    let object = rules.for_object(&[]);
    // A long line of sure characters is sure, although the probability of its exact text is small.
    let mut r = reading_with(
        "Long axis of the left kidney with cortical thickness measured",
        970,
    );
    r.confidence = 180;
    assert_eq!(told(&object.decide(&r, H)), "+safe:technical");
    // Far less than its characters together: some are missing or too many.
    r.confidence = 20;
    assert_eq!(told(&object.decide(&r, H)), "-unreadable");
    // A colon counts less than a digit.
    let mut r = reading("MI: 0.9");
    r.chars[2].confidence = 300;
    r.confidence = 280;
    assert_eq!(told(&object.decide(&r, H)), "+safe:measurement");
    r.chars[4].confidence = 300;
    assert_eq!(told(&object.decide(&r, H)), "-unreadable");
}

/// Texts of the corpus' ground truth, read perfectly, header unknown: the words and forms alone.
/// `UNBURN_CORPUS` names the folder that holds `index.json`.
#[test]
fn ground_truth_of_the_corpus() {
    let Ok(dir) = std::env::var("UNBURN_CORPUS") else {
        eprintln!("skipped: UNBURN_CORPUS is not set");
        return;
    };
    let text = std::fs::read_to_string(format!("{dir}/index.json")).unwrap();
    let index: serde_json::Value = serde_json::from_str(&text).unwrap();
    let rules = Decider::new(Policy::SafeList, Sensitivity::Normal, &[], &[]);
    let object = rules.for_object(&[]);
    let mut counts = std::collections::BTreeMap::<String, (u32, u32)>::new();
    let mut leaks = 0;
    for file in index["files"].as_array().unwrap() {
        if !file["variant_of"].is_null() {
            continue;
        }
        for a in file["annotations"].as_array().unwrap() {
            let (text, kind) = (a["text"].as_str().unwrap(), a["kind"].as_str().unwrap());
            if a["legible"] != true {
                continue;
            }
            let verdicts = object.decide(&reading(text), 12);
            let kept = verdicts.iter().all(|v| v.action == Action::Keep);
            let some = verdicts.iter().any(|v| v.action == Action::Keep);
            let count = counts.entry(kind.to_string()).or_default();
            count.0 += u32::from(kept);
            count.1 += 1;
            // Two or three characters that happen to be a safe word or a number on a scale are the header's to tell.
            leaks += u32::from(kind.starts_with("phi") && some && text.chars().count() > 3);
        }
    }
    for (kind, (kept, all)) in &counts {
        eprintln!("{kind}: {kept} of {all} kept");
    }
    assert_eq!(leaks, 0);
    for kind in ["clinical", "technical", "marker"] {
        let (kept, all) = counts[kind];
        assert!(kept * 4 >= all * 3, "{kind}: {kept} of {all} kept");
    }
}
