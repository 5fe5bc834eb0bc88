//! Encapsulated PDF through the binary: whatever is on its pages, it never leaves.

mod common;

use common::people::{E, Patient, V, file, t};
use common::{Place, json_lines, tree};
use serde_json::Value;
use std::fs;

/// A document with these objects; the first is the catalogue.
fn document(objects: &[String]) -> Vec<u8> {
    let mut out = b"%PDF-1.4\n".to_vec();
    for (i, object) in objects.iter().enumerate() {
        out.extend(format!("{} 0 obj{object}endobj\n", i + 1).bytes());
    }
    let size = objects.len() + 1;
    out.extend(format!("trailer<</Root 1 0 R/Size {size}>>\n%%EOF").bytes());
    out
}

fn stream(dictionary: &str, content: &str) -> String {
    let length = content.len();
    format!("<<{dictionary}/Length {length}>>stream\n{content}\nendstream")
}

/// Pages of 300 × 150 points.
fn pages(contents: &[&str]) -> Vec<u8> {
    let kids: Vec<String> = (0..contents.len())
        .map(|i| format!("{} 0 R", 4 + 2 * i))
        .collect();
    let mut objects = vec![
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        format!(
            "<</Type/Pages/Kids[{}]/Count {}>>",
            kids.join(" "),
            kids.len()
        ),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned(),
    ];
    for (i, content) in contents.iter().enumerate() {
        objects.push(format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 150]/Resources<</Font<</F1 3 0 R>>/XObject<</X {0} 0 R>>>>/Contents {0} 0 R>>",
            5 + 2 * i
        ));
        objects.push(stream(
            "/Type/XObject/Subtype/Form/BBox[0 0 300 150]/Resources<</XObject<</X 5 0 R>>>>",
            content,
        ));
    }
    document(&objects)
}

fn object(class: &str, pdf: &[u8]) -> Vec<u8> {
    let mut elements = Patient::new(1).header(class, "DOC", 1, 1);
    elements.push(t(0x0042_0012, "LO", "application/pdf"));
    elements.push(E(0x0042_0011, "OB", V::B(pdf.to_vec())));
    file(&elements, false, b"")
}

/// Exit code, and outcome and reason of each file in the order of their names.
fn run(place: &Place, more: &[&str]) -> (i32, Vec<(String, String, String)>) {
    let mut args = vec![
        "redact",
        "in",
        "-o",
        "out",
        "--json",
        "--device",
        "cpu",
        "--overwrite",
    ];
    args.extend(more);
    let ran = place.run(&args);
    assert!(!place.path("out").exists() || tree(&place.path("out")).is_empty());
    let secret = Patient::new(1).id;
    assert!(!ran.out.contains(&secret) && !ran.err.contains(&secret));
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let files = json_lines(&ran.out)
        .iter()
        .filter(|l| l["type"] == "file")
        .map(|l| (text(&l["outcome"]), text(&l["reason"]), text(&l["detail"])))
        .collect();
    (ran.code, files)
}

#[test]
fn pages_are_searched_where_the_site_wants_that_and_never_leave() {
    let place = Place::new();
    fs::create_dir_all(place.path("in")).unwrap();
    let letter = "BT /F1 16 Tf 20 90 Td (Ottokarine Federkiel 12.03.1961) Tj ET";
    let blank = "0.9 g 40 40 120 60 re f";
    // Draws itself, for ever.
    let endless = "/X Do /X Do";
    for (name, bytes) in [
        ("1-letter", object("104.1", &pages(&[blank, letter]))),
        ("2-blank", object("104.1", &pages(&[blank]))),
        ("3-broken", object("104.1", b"%PDF-1.7 and no more")),
        ("4-endless", object("104.1", &pages(&[endless]))),
        ("5-none", object("104.1", b"")),
        ("6-cda", object("104.2", b"<ClinicalDocument/>")),
    ] {
        fs::write(place.path(format!("in/{name}.dcm")), bytes).unwrap();
    }
    let (code, files) = run(&place, &[]);
    assert_eq!(code, 3);
    assert!(
        files.iter().all(|f| f.1 == "encapsulated-document"),
        "{files:?}"
    );
    for choice in ["search", "drop"] {
        let (code, files) = run(&place, &["--documents", choice]);
        assert_eq!((code, files.len()), (3, 6));
        let reasons: Vec<&str> = files.iter().map(|f| f.1.as_str()).collect();
        let found = if choice == "drop" {
            "document-dropped"
        } else {
            "document-text"
        };
        assert_eq!(
            [&reasons[..3], &reasons[4..]].concat(),
            [
                found,
                "document-nothing-found",
                "document-not-rendered",
                "document-not-rendered",
                "encapsulated-document"
            ]
        );
        assert!(files[0].2.contains("on 1 of 2 pages"), "{}", files[0].2);
        // Nothing is drawn by it, or it cannot be drawn: either way it stays.
        let endless = reasons[3];
        assert!(
            ["document-nothing-found", "document-not-rendered"].contains(&endless),
            "{endless}"
        );
    }
    fs::remove_dir_all(place.path("in")).unwrap();
    fs::create_dir_all(place.path("in")).unwrap();
    fs::write(place.path("in/1.dcm"), object("104.1", &pages(&[letter]))).unwrap();
    let (code, files) = run(&place, &["--documents", "drop", "--quarantine", "held"]);
    assert_eq!((code, files[0].0.as_str()), (0, "skipped"));
    assert!(
        !place.path("held").exists(),
        "what is dropped leaves no entry"
    );
    // Without a profile the header stays, and the document still does not leave.
    let (code, files) = run(&place, &["--documents", "search", "--keep-metadata"]);
    assert_eq!((code, files[0].1.as_str()), (3, "document-text"));
}
