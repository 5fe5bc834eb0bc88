//! Profiles carried out on small objects, and what is left looked for.

use super::{Deidentified, Method};
use crate::config::Limits;
use crate::dicom::dataset::{DataSet, Value};
use crate::dicom::testing::{E, Form, Sample, sequence, text};
use crate::dicom::value::raw;
use crate::key::Key;
use crate::profile::{Choice, Profile};
use dicom_core::Tag;

const SHIFT: i64 = -10;

fn key() -> Key {
    Key::from_content(&[b'k'; 40]).unwrap()
}

fn base() -> Sample {
    Sample::new(2, 2, 1, (8, 8), "MONOCHROME2").native(vec![0; 4])
}

/// The object's header after a profile with further options.
fn treated(sample: &Sample, profile: &str, options: &str) -> (Vec<u8>, Deidentified) {
    let object = sample.read().unwrap();
    let profile = Profile::open(profile, &Choice::list(options).unwrap()).unwrap();
    let method = Method {
        profile: &profile,
        key: &key(),
        pseudonym: "PSUBJECT",
        shift_days: SHIFT,
        file_name: "Grimbart_Dachs_77.dcm",
        safe: &|w| ["CHEST", "HEAD", "CONTRAST"].contains(&w.to_uppercase().as_str()),
        overlays: &[],
        annotations: None,
    };
    let done = object.deidentify(&method);
    (object.bytes.clone(), done)
}

fn value(bytes: &[u8], set: &DataSet, tag: Tag) -> Option<String> {
    let e = set.get(tag)?;
    Some(
        String::from_utf8_lossy(raw(bytes, e))
            .trim_end_matches([' ', '\0'])
            .to_owned(),
    )
}

fn one(sample: &Sample, options: &str, tag: (u16, u16)) -> Option<String> {
    let (bytes, done) = treated(sample, "basic", options);
    value(&bytes, &done.set, Tag(tag.0, tag.1))
}

#[test]
fn names_become_pseudonyms_and_odd_values_are_never_copied() {
    let date = |v: &str, options: &str| {
        one(
            &base().with(0x0008, 0x0020, "DA", text(v)),
            options,
            (0x0008, 0x0020),
        )
    };
    assert_eq!(date("20240111", "").as_deref(), Some(""));
    assert_eq!(
        date("20240111", "modified-dates").as_deref(),
        Some("20240101")
    );
    assert_eq!(date("20240111", "full-dates").as_deref(), Some("20240111"));
    // No date: neither shifted nor kept (dicom.md §2.5).
    for wrong in ["2024.01.11", "20240111-20240112", "MUSTER", "20241311"] {
        assert_eq!(
            date(wrong, "modified-dates").as_deref(),
            Some(""),
            "{wrong}"
        );
        assert_eq!(date(wrong, "full-dates").as_deref(), Some(""), "{wrong}");
    }
    let age = |v: &str| {
        one(
            &base().with(0x0010, 0x1010, "AS", text(v)),
            "retain-patient-characteristics",
            (0x0010, 0x1010),
        )
    };
    assert_eq!(age("093Y").as_deref(), Some("090Y"));
    assert_eq!(age("042Y").as_deref(), Some("042Y"));
    assert_eq!(age("old!"), None);
    let name = base().with(0x0010, 0x0010, "PN", text("Muster^Mara"));
    assert_eq!(
        one(&name, "", (0x0010, 0x0010)).as_deref(),
        Some("PSUBJECT")
    );
    let empty = base().with(0x0010, 0x0020, "LO", text(""));
    assert_eq!(
        one(&empty, "", (0x0010, 0x0020)).as_deref(),
        Some("PSUBJECT")
    );
}

#[test]
fn text_that_would_stay_but_names_somebody_goes() {
    let sample = |maker: &str| {
        base()
            .with(0x0010, 0x0010, "PN", text("Dachs^Grimbart"))
            .with(0x0008, 0x0070, "LO", text(maker))
    };
    assert_eq!(
        one(&sample("Optik Werk"), "", (0x0008, 0x0070)).as_deref(),
        Some("Optik Werk")
    );
    assert_eq!(
        one(&sample("for GRIMBART"), "", (0x0008, 0x0070)).as_deref(),
        Some("")
    );
    let coded = base()
        .with(0x0010, 0x0010, "PN", text("Dachs^Grimbart"))
        .with(0x0008, 0x0008, "CS", text("DERIVED\\DACHS\\T2*"));
    assert_eq!(
        one(&coded, "", (0x0008, 0x0008)).as_deref(),
        Some("DERIVED\\REMOVED\\REMOVED")
    );
    let told = base().with(0x0010, 0x0010, "PN", text("Chest^Anna")).with(
        0x0008,
        0x103E,
        "LO",
        text("CHEST Grimbart contrast 5 mm 123456"),
    );
    assert_eq!(one(&told, "", (0x0008, 0x103E)), None);
    assert_eq!(
        one(&told, "clean-descriptors", (0x0008, 0x103E)).as_deref(),
        Some("CHEST contrast 5")
    );
}

#[test]
fn numbers_dressed_as_text_and_text_dressed_as_numbers_go() {
    for (tag, vr, bytes) in [
        ((0x0018, 0x0050), "DS", text("Grimbart")),
        ((0x0020, 0x0013), "IS", text("12Dachs")),
        // A VR that the dictionary does not give.
        ((0x0018, 0x0050), "US", text("Anna")),
        ((0x0040, 0xA160), "OW", text("Anna")),
        ((0x0018, 0x9FFF), "CS", text("UNKNOWN")),
        ((0x0042, 0x0011), "OB", text("%PDF")),
    ] {
        let sample = base().with(tag.0, tag.1, vr, bytes.clone());
        let left = one(&sample, "", tag);
        assert!(
            left.as_deref().is_none_or(|l| l.as_bytes() != bytes),
            "{tag:04X?} {vr}"
        );
    }
    assert_eq!(
        one(
            &base().with(0x0018, 0x0050, "DS", text("1.5")),
            "",
            (0x0018, 0x0050)
        )
        .as_deref(),
        Some("1.5")
    );
}

#[test]
fn private_numbers_stay_by_creator_and_nothing_else_private_does() {
    let sample = base()
        .with(0x7053, 0x0011, "LO", text("Philips PET Private Group"))
        .with(0x7053, 0x0012, "LO", text("NEBELHORN"))
        .with(0x7053, 0x1100, "DS", text("1.25"))
        .with(0x7053, 0x1109, "DS", text("Grimbart"))
        .with(0x7053, 0x1200, "DS", text("9.5"))
        .with(0x7053, 0x1300, "DS", text("8.5"))
        .with(0x0009, 0x0010, "LO", text("NEBELHORN"))
        .with(0x0009, 0x1001, "LO", text("Grimbart"));
    let private = |options| -> Vec<(u16, u16)> {
        let (_, done) = treated(&sample, "basic", options);
        let tags = done.set.elements.iter().map(|e| (e.tag.0, e.tag.1));
        tags.filter(|(g, _)| g % 2 == 1).collect()
    };
    assert!(private("").is_empty());
    // A creator out of place, a value that is none, a block without creator: all go.
    assert_eq!(
        private("safe-private"),
        [(0x7053, 0x0011), (0x7053, 0x1100)]
    );
}

#[test]
fn every_depth_is_treated_and_kept_sequences_are_looked_through() {
    let item = |uid: &str| -> Vec<E> {
        vec![
            (0x0008, 0x1155, "UI", text(uid)),
            (0x0009, 0x0010, "LO", text("NEBELHORN")),
            (0x0010, 0x0010, "PN", text("Dachs^Grimbart")),
            (0x0020, 0x0242, "UI", text("1.2.3.77")),
        ]
    };
    for form in [Form::Explicit, Form::Implicit] {
        for defined in [true, false] {
            let inner = sequence(&[item("1.2.3.99")], form, true);
            let outer: Vec<E> = vec![(0x0040, 0xA170, "SQ", inner)];
            let mut sample = base();
            if form == Form::Implicit {
                sample = sample.syntax("1.2.840.10008.1.2");
            }
            let sample = sample.with(0x0008, 0x1250, "SQ", sequence(&[outer], form, defined));
            let (bytes, done) = treated(&sample, "basic", "");
            let Some(Value::Items(outer)) = done.set.get(Tag(0x0008, 0x1250)).map(|e| &e.value)
            else {
                panic!("gone")
            };
            let Some(Value::Items(inner)) = outer[0].set.get(Tag(0x0040, 0xA170)).map(|e| &e.value)
            else {
                panic!("gone")
            };
            let set = &inner[0].set;
            assert_eq!(value(&bytes, set, Tag(0x0010, 0x0010)).as_deref(), Some(""));
            assert!(set.get(Tag(0x0009, 0x0010)).is_none());
            let uid = value(&bytes, set, Tag(0x0008, 0x1155)).unwrap();
            assert_eq!(uid, super::new_uid(&key(), "1.2.3.99"));
            assert_eq!(
                value(&bytes, set, Tag(0x0020, 0x0242)).unwrap(),
                super::new_uid(&key(), "1.2.3.77")
            );
        }
    }
}

#[test]
fn codes_of_public_schemes_stay_and_others_say_nothing() {
    let code = |scheme: &str| -> Vec<E> {
        vec![
            (0x0008, 0x0100, "SH", text("T-D3000")),
            (0x0008, 0x0102, "SH", text(scheme)),
            (0x0008, 0x0104, "LO", text("Chest of Grimbart")),
        ]
    };
    for (scheme, name, wanted) in [
        ("SCT", "Muster^Mara", "Chest of Grimbart"),
        ("SCT", "Dachs^Grimbart", "Removed"),
        ("99NEBEL", "Muster^Mara", "Removed"),
    ] {
        let sample = base().with(0x0010, 0x0010, "PN", text(name)).with(
            0x0008,
            0x2218,
            "SQ",
            sequence(&[code(scheme)], Form::Explicit, true),
        );
        let (bytes, done) = treated(&sample, "basic", "");
        let items = done.set.items(Tag(0x0008, 0x2218));
        // The name of the file says Grimbart as well, so his name never stays.
        let wanted = if name.starts_with("Muster") && scheme == "SCT" {
            wanted
        } else {
            "Removed"
        };
        assert_eq!(
            value(&bytes, &items[0].set, Tag(0x0008, 0x0104)).as_deref(),
            Some(wanted),
            "{scheme} {name}"
        );
    }
}

#[test]
fn overlays_curves_nested_pixels_and_signatures_go() {
    let nested: Vec<E> = vec![
        (0x7FE0, 0x0010, "OW", vec![1; 4]),
        (0x0028, 0x0010, "US", vec![1, 0]),
    ];
    let sample = base()
        .with(0x6000, 0x0010, "US", vec![1, 0])
        .with(0x6000, 0x0022, "LO", text("Grimbart"))
        .with(0x6000, 0x3000, "OW", vec![1; 2])
        .with(0x5000, 0x0005, "US", vec![1, 0])
        .with(
            0x0088,
            0x0200,
            "SQ",
            sequence(std::slice::from_ref(&nested), Form::Explicit, true),
        )
        .with(
            0x0008,
            0x9215,
            "SQ",
            sequence(&[nested], Form::Explicit, true),
        )
        .with(
            0x0400,
            0x0561,
            "SQ",
            sequence(
                &[vec![(0x0010, 0x0010, "PN", text("Dachs"))]],
                Form::Explicit,
                true,
            ),
        )
        .with(0xFFFA, 0xFFFA, "SQ", sequence(&[], Form::Explicit, true));
    let (_, done) = treated(&sample, "basic", "");
    let groups: Vec<u16> = done.set.elements.iter().map(|e| e.tag.0).collect();
    assert!(
        !groups
            .iter()
            .any(|g| [0x5000, 0x6000, 0x0088, 0x0400, 0xFFFA].contains(g)),
        "{groups:04X?}"
    );
    let item = &done.set.items(Tag(0x0008, 0x9215))[0];
    assert_eq!(item.set.elements.len(), 1);
}

#[test]
fn the_scanner_finds_what_is_left_in_a_whole_file() {
    let original = base()
        .with(0x0008, 0x0005, "CS", text("ISO_IR 100"))
        .with(0x0010, 0x0010, "PN", b"D\xe4chslein^Grimbart".to_vec())
        .with(0x0010, 0x0020, "LO", text("PAT-4711-9"))
        .with(0x0020, 0x000D, "UI", text("1.2.3.4.77777"));
    let (_, done) = treated(&original, "basic", "");
    let scan = |sample: &Sample| {
        let hits = done
            .scanner()
            .file(sample.bytes(), &Limits::default(), &|_| false)
            .unwrap();
        hits.into_iter()
            .map(|h| (h.attribute, h.place))
            .collect::<Vec<_>>()
    };
    let clean = base()
        .without(0x0010, 0x0010)
        .with(0x0008, 0x0018, "UI", text("2.25.4711"))
        .with(0x0008, 0x0070, "LO", text("nothing"));
    let free: Vec<_> = scan(&clean)
        .into_iter()
        .filter(|(_, place)| place != "file meta")
        .collect();
    assert!(free.is_empty(), "{free:?}");
    for (tag, vr, bytes) in [
        ((0x0008, 0x0070), "LO", text("by Grimbart")),
        ((0x0008, 0x0070), "LO", "Dächslein".as_bytes().to_vec()),
        ((0x0008, 0x0070), "LO", b"D\xe4chslein".to_vec()),
        ((0x0010, 0x4000), "LT", text("see pat-4711-9")),
        (
            (0x0040, 0x0555),
            "UN",
            "PAT-4711-9"
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect(),
        ),
        ((0x0020, 0x0052), "UI", text("1.2.3.4.77777")),
        ((0x0010, 0x4000), "LT", text("Grimbart_Dachs_77")),
        ((0x0028, 0x1201), "OW", text("xx Grimbart^Dächslein xx")),
    ] {
        let left = scan(&clean.clone().with(tag.0, tag.1, vr, bytes.clone()));
        assert!(
            left.iter().any(|(_, place)| place != "file meta"),
            "{tag:04X?} {bytes:?}"
        );
    }
}

#[test]
fn the_date_that_says_nothing_is_no_identity() {
    for (born, found) in [("19000101", false), ("19000102", true)] {
        let original = base().with(0x0010, 0x0030, "DA", text(born)).with(
            0x0008,
            0x002A,
            "DT",
            text(&format!("{born}120000")),
        );
        let (_, done) = treated(&original, "basic", "");
        let written = base().with(0x0008, 0x0023, "DA", text(born));
        let hits = done
            .scanner()
            .file(written.bytes(), &Limits::default(), &|_| false)
            .unwrap();
        assert_eq!(hits.iter().any(|h| h.place == "(0008,0023)"), found);
    }
}
