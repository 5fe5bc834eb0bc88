//! A site's own models (`--models DIR`): they run, every report names them by hash, and they earn no claim about burned-in
//! text unless the site answers for them.

mod common;

use common::Place;
use common::lettering::{Ink, film};
use common::objects::text as bytes;
use common::treated::{put_bytes, redact, text};
use embedded_graphics::mono_font::ascii::FONT_10X20;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::Path;

const BURNED_IN: (u16, u16) = (0x0028, 0x0301);

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|b| format!("{b:02x}")).collect()
}

/// The folder `models/` with our detector and, as a foreign recogniser, our reader in the form that ocrs takes. Returns
/// the recogniser's hash.
fn foreign(place: &Place) -> String {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let mut manifest = String::from("format = 1\n");
    let mut hash = String::new();
    for (name, file) in [
        ("detector", "detector.json"),
        ("alphabet", "alphabet.txt"),
        ("reader", "reader.rten"),
    ] {
        let data = fs::read(own.join(file)).unwrap();
        hash = sha256(&data);
        manifest += &format!("[{name}]\nfile = \"{file}\"\nsha256 = \"{hash}\"\n");
        put_bytes(place, &format!("models/{file}"), &data);
    }
    put_bytes(place, "models/MANIFEST.toml", manifest.as_bytes());
    hash
}

/// A film with a name on it, in a class whose BurnedInAnnotation may be absent and in one where it may not.
fn films(place: &Place) {
    let ink = Ink::none(400, 300).text(30, 24, &FONT_10X20, "MUSTER MARA");
    for (name, class, modality) in [("cr", "1", "CR"), ("dx", "1.1", "DX")] {
        let object = film(&ink, &[true])
            .with(
                0x0008,
                0x0016,
                "UI",
                bytes(&format!("1.2.840.10008.5.1.4.1.1.{class}")),
            )
            .with(0x0008, 0x0060, "CS", bytes(modality))
            .without(0x0028, 0x0008)
            .with(0x0010, 0x0020, "LO", bytes("QX-77120"));
        put_bytes(place, &format!("in/{name}.dcm"), &object.bytes());
    }
}

#[test]
fn foreign_models_are_named_and_earn_no_claim_unless_they_are_trusted() {
    let place = Place::new();
    films(&place);
    let hash = foreign(&place);
    let claims = |out: &str, more: &[&str]| {
        let done = redact(&place, "in", out, more);
        let line = done.line("cr.dcm");
        let models: Vec<_> = line["tool"]["models"].as_array().unwrap().clone();
        let named = models.iter().any(|m| *m == format!("reader:{hash}"));
        let path = done.output(&place, "cr.dcm");
        assert_eq!(done.reason("cr.dcm"), "masked");
        (
            named,
            line["warnings"].to_string().contains("untrusted_models"),
            text(&path, BURNED_IN),
            fs::read(&path).unwrap().windows(6).any(|w| w == b"113101"),
            done.reason("dx.dcm"),
        )
    };
    let no = Some("NO".to_owned());
    let masked = || "masked".to_owned();
    assert_eq!(
        claims("own", &[]),
        (false, false, no.clone(), true, masked())
    );
    let foreign = ["--models", "models"];
    assert_eq!(
        claims("foreign", &foreign),
        (true, true, None, false, "untrusted-models".to_owned())
    );
    let other = "0".repeat(64);
    let wrong = ["--models", "models", "--trust-models", &other];
    assert_eq!(claims("wrong", &wrong).4, "untrusted-models");
    let both = format!("{other}, {}", hash.to_uppercase());
    let trusted = ["--models", "models", "--trust-models", &both];
    assert_eq!(
        claims("trusted", &trusted),
        (true, false, no, true, masked())
    );
}

#[test]
fn what_is_no_hash_is_a_usage_error() {
    let place = Place::new();
    films(&place);
    let done = redact(&place, "in", "out", &["--trust-models", "reader"]);
    assert!(done.ran.code != 0 && done.ran.err.contains("trust-models"));
    assert!(!place.path("out").exists());
}
