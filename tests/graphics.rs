//! Overlay planes under `--profile-options clean-graphics`: what is readable in them is cleared, everything else stays bit
//! for bit, and 113103 is written only then. What is looked at is the written file.

mod common;

use common::lettering::{Ink, film};
use common::objects::{Sample, text as bytes, us};
use common::treated::{Done, put_bytes, redact, text};
use common::{Place, json_lines};
use dicom_core::Tag;
use dicom_object::open_file;
use embedded_graphics::mono_font::ascii::FONT_10X20;
use serde_json::Value;
use std::fs;
use std::path::Path;
use unburn::geometry::Rect;

const CODE: &[u8] = b"113103";
const NAME: &str = "MUSTER MARA";
const OPTION: [&str; 2] = ["--profile-options", "clean-graphics"];

/// An outline with a line through it: graphics without a letter.
fn drawing() -> Ink {
    Ink::none(320, 256)
        .ring(180, 150, 60, 2)
        .line((130, 200), (250, 96), 2)
}

/// A picture of so many frames without text.
fn picture(frames: usize) -> Sample {
    let s = film(&Ink::none(320, 256), &vec![false; frames])
        .with(0x0008, 0x0016, "UI", bytes("1.2.840.10008.5.1.4.1.1.7"))
        .with(0x0010, 0x0020, "LO", bytes("QX-77120"));
    match frames {
        1 => s.without(0x0028, 0x0008),
        _ => s,
    }
}

/// An overlay group with these bitmaps.
fn overlay(s: Sample, group: u16, kind: &str, planes: &[Ink]) -> Sample {
    // Bitmaps follow each other without a gap: 320 × 256 pixels are whole bytes.
    let bits: Vec<u8> = planes.iter().flat_map(Ink::bits).collect();
    let s = s
        .with(group, 0x0010, "US", us(256))
        .with(group, 0x0011, "US", us(320))
        .with(group, 0x0022, "LO", bytes("CHEST Muster"))
        .with(group, 0x0040, "CS", bytes(kind))
        .with(group, 0x0045, "LO", bytes("USER"))
        .with(group, 0x0050, "SS", [us(1), us(1)].concat())
        .with(group, 0x0100, "US", us(1))
        .with(group, 0x0102, "US", us(0))
        .with(group, 0x1301, "IS", bytes("1780"))
        .with(group, 0x1500, "LO", bytes("Muster"))
        .with(group, 0x3000, "OW", bits)
        .with(group, 0x4000, "LT", bytes("asked by Muster"));
    match planes.len() {
        1 => s,
        n => s.with(group, 0x0015, "IS", bytes(&n.to_string())),
    }
}

fn put(place: &Place, name: &str, s: &Sample) {
    put_bytes(place, &format!("in/{name}.dcm"), &s.bytes());
}

/// (60xx,3000) of a written file, read by a parser that is not the product's.
fn bits(path: &Path, group: u16) -> Option<Vec<u8>> {
    let object = open_file(path).unwrap();
    let e = object.element_opt(Tag(group, 0x3000)).unwrap()?;
    Some(e.to_bytes().unwrap().into_owned())
}

fn claims(path: &Path) -> usize {
    let bytes = fs::read(path).unwrap();
    bytes.windows(CODE.len()).filter(|w| *w == CODE).count()
}

fn actions(done: &Done, name: &str) -> Vec<(String, u64, String)> {
    let list = done.line(name)["carriers"].as_array().unwrap().clone();
    let overlays = list.iter().filter(|c| c["kind"] == "overlay");
    overlays
        .map(|c| {
            let word = |k: &str| c[k].as_str().unwrap_or_default().to_owned();
            (word("action"), c["count"].as_u64().unwrap(), word("reason"))
        })
        .collect()
}

fn told(action: &str, count: u64, reason: &str) -> (String, u64, String) {
    (action.into(), count, reason.into())
}

/// Masks in overlays, as the report tells them: first and last frame, rectangle.
fn masks(done: &Done, name: &str) -> Vec<(u64, u64, Rect)> {
    let boxes = done.line(name)["boxes"].as_array().unwrap().clone();
    let masks = boxes
        .iter()
        .filter(|b| b["carrier"] == "overlay" && b["action"] == "mask");
    masks
        .map(|b| {
            let n = |v: &Value| v.as_u64().unwrap();
            let rect = serde_json::from_value(b["rect"].clone()).unwrap();
            (n(&b["frames"][0]), n(&b["frames"][1]), rect)
        })
        .collect()
}

#[test]
fn graphics_without_text_stay_bit_for_bit() {
    let place = Place::new();
    let plain = overlay(picture(1), 0x6000, "R", &[drawing()]);
    put(&place, "plain", &plain);
    put(
        &place,
        "implicit",
        &plain.clone().syntax("1.2.840.10008.1.2"),
    );
    put(&place, "big", &plain.clone().syntax("1.2.840.10008.1.2.2"));
    let two = overlay(plain, 0x601E, "G", &[Ink::none(320, 256)]);
    put(&place, "two", &two);
    let done = redact(&place, "in", "out", &OPTION);
    assert_eq!(done.ran.code, 0, "{}", done.ran.err);
    for (name, count) in [("plain", 1), ("implicit", 1), ("big", 1), ("two", 2)] {
        let name = format!("{name}.dcm");
        let path = done.output(&place, &name);
        assert_eq!(done.reason(&name), "clean");
        assert_eq!(actions(&done, &name), [told("kept", count, "")], "{name}");
        assert_eq!(bits(&path, 0x6000), Some(drawing().bits()), "{name}");
        assert_eq!(claims(&path), 1, "{name}");
        assert!(done.codes(&name).contains(&"113103".into()));
        // Its layout and its numbers stay, and the term that the standard defines; no text of anybody's.
        assert_eq!(text(&path, (0x6000, 0x1301)).as_deref(), Some("1780"));
        assert_eq!(text(&path, (0x6000, 0x0045)).as_deref(), Some("USER"));
        for gone in [0x0022, 0x1500, 0x4000] {
            assert_eq!(text(&path, (0x6000, gone)), None, "{name}: {gone:04X}");
        }
    }
}

#[test]
fn a_name_in_an_overlay_is_cleared_and_nothing_else() {
    let place = Place::new();
    let ink = drawing().text(24, 20, &FONT_10X20, NAME);
    put(
        &place,
        "ct",
        &overlay(picture(1), 0x6002, "G", std::slice::from_ref(&ink)),
    );
    let options = ["--profile-options", "clean-graphics,clean-descriptors"];
    let done = redact(&place, "in", "out", &options);
    assert_eq!(done.ran.code, 0, "{}", done.ran.err);
    assert_eq!(done.reason("ct.dcm"), "masked");
    assert_eq!(actions(&done, "ct.dcm"), [told("cleaned", 1, "")]);
    let masks = masks(&done, "ct.dcm");
    let lettering = Rect::new(24, 20, 110, 20);
    let before = ink.bits();
    let path = done.output(&place, "ct.dcm");
    let after = bits(&path, 0x6002).unwrap();
    assert_eq!(before.len(), after.len());
    let mut cleared = 0;
    for y in 0..256_u32 {
        for x in 0..320_u32 {
            let i = (y * 320 + x) as usize;
            let is_set = |bits: &[u8]| bits[i / 8] >> (i % 8) & 1 == 1;
            let at = Rect::new(x, y, 1, 1);
            if masks.iter().any(|(_, _, m)| m.contains(&at)) {
                assert!(!is_set(&after), "set in a mask at {x},{y}");
                cleared += u32::from(is_set(&before));
            } else {
                assert_eq!(is_set(&before), is_set(&after), "changed at {x},{y}");
                assert!(
                    !lettering.contains(&at) || !is_set(&after),
                    "left at {x},{y}"
                );
            }
        }
    }
    assert!(cleared > 300, "{cleared}");
    assert_eq!(claims(&path), 1);
    // The picture itself is untouched, and says so.
    assert_eq!(
        text(&path, (0x0008, 0x0008)).as_deref(),
        Some("ORIGINAL\\SECONDARY")
    );
    assert_eq!(text(&path, (0x6002, 0x0022)).as_deref(), Some("CHEST"));
    assert_eq!(text(&path, (0x6002, 0x1500)), None);
    let report = done.line("ct.dcm");
    assert_eq!(report["pixels"]["encoded_bytes_kept"], true, "{report}");
    pairs_are_judged(&place, &path, &ink);
}

/// `verify` of a pair looks at overlays as well: the written one holds; one that got a name back, a bit more, or stands
/// alone with a name in it does not.
fn pairs_are_judged(place: &Place, written: &Path, ink: &Ink) {
    let verify = |files: &[&Path]| {
        let mut args: Vec<&std::ffi::OsStr> = vec!["verify".as_ref()];
        args.extend(files.iter().map(|f| f.as_os_str()));
        for flag in ["--json", "--device", "cpu"] {
            args.push(flag.as_ref());
        }
        let ran = place.run(&args);
        (ran.code, json_lines(&ran.out).remove(0))
    };
    let input = place.path("in/ct.dcm");
    let (code, said) = verify(&[&input, written]);
    assert_eq!(code, 0, "{said}");
    let good = fs::read(written).unwrap();
    let data = bits(written, 0x6002).unwrap();
    let at = good.windows(data.len()).position(|w| w == data).unwrap();
    let tampered = place.path("tampered.dcm");
    let mut named = good.clone();
    named[at..at + data.len()].copy_from_slice(&ink.bits());
    fs::write(&tampered, named).unwrap();
    let (code, said) = verify(&[&input, &tampered]);
    assert_eq!(
        (code, said["reason"].as_str()),
        (3, Some("residual-text")),
        "{said}"
    );
    let (_, alone) = verify(&[&tampered]);
    assert!(
        alone["verify"]["residual_lines"].as_u64() > Some(0),
        "{alone}"
    );
    let mut more = good;
    more[at + data.len() - 3] ^= 0x10;
    fs::write(&tampered, more).unwrap();
    let (code, said) = verify(&[&input, &tampered]);
    assert_eq!(
        (code, said["reason"].as_str()),
        (3, Some("outside-changed")),
        "{said}"
    );
}

#[test]
fn every_bitmap_of_a_loop_is_cleaned_by_itself() {
    let place = Place::new();
    let lettered = drawing().text(24, 20, &FONT_10X20, NAME);
    let planes = [drawing(), lettered, drawing().line((10, 240), (90, 240), 3)];
    let object = overlay(picture(5), 0x6000, "G", &planes).with(0x6000, 0x0051, "US", us(2));
    put(&place, "loop", &object);
    let more = [OPTION.as_slice(), &["--cine-union", "off"]].concat();
    let done = redact(&place, "in", "out", &more);
    assert_eq!(done.ran.code, 0, "{}", done.ran.err);
    assert_eq!(actions(&done, "loop.dcm"), [told("cleaned", 1, "")]);
    // The second bitmap belongs to the third frame of the image.
    let masks = masks(&done, "loop.dcm");
    assert!(
        !masks.is_empty() && masks.iter().all(|m| (m.0, m.1) == (2, 2)),
        "{masks:?}"
    );
    let path = done.output(&place, "loop.dcm");
    let after = bits(&path, 0x6000).unwrap();
    let after: Vec<&[u8]> = after.chunks(320 * 256 / 8).collect();
    let before: Vec<Vec<u8>> = planes.iter().map(Ink::bits).collect();
    assert_eq!((after[0], after[2]), (&*before[0], &*before[2]));
    assert!(after[1] != before[1]);
    assert_eq!(text(&path, (0x6000, 0x0015)).as_deref(), Some("3"));
    assert_eq!(claims(&path), 1);
}

#[test]
fn what_cannot_be_cleaned_is_removed_and_not_claimed() {
    let place = Place::new();
    let good = || overlay(picture(1), 0x6000, "G", &[drawing()]);
    let data = drawing().bits();
    let longer = [&data[..], b"Muster"].concat();
    let mut hidden = good();
    hidden = hidden
        .without(0x6000, 0x3000)
        .with(0x6000, 0x0100, "US", us(16));
    let only_name = Ink::none(320, 256).text(24, 20, &FONT_10X20, NAME);
    let cases: Vec<(&str, Sample, &str)> = vec![
        (
            "short",
            good().with(0x6000, 0x3000, "OW", data[..900].to_vec()),
            "geometry",
        ),
        (
            "long",
            good().with(0x6000, 0x3000, "OW", longer),
            "geometry",
        ),
        (
            "frames",
            good().with(0x6000, 0x0051, "US", us(7)),
            "geometry",
        ),
        (
            "huge",
            good().with(0x6000, 0x0015, "IS", bytes("2147483647")),
            "geometry",
        ),
        (
            "kind",
            good().with(0x6000, 0x0040, "CS", bytes("G\\MUSTER")),
            "kind",
        ),
        ("bits", good().with(0x6000, 0x0100, "US", us(2)), "kind"),
        ("embedded", hidden, "embedded"),
        (
            "name",
            overlay(picture(1), 0x6000, "G", &[only_name]),
            "nothing-left",
        ),
    ];
    for (name, object, _) in &cases {
        put(&place, name, object);
    }
    // One that can and one that cannot: the first stays, but not everything was cleaned.
    let both = overlay(good(), 0x6004, "X", &[drawing()]);
    put(&place, "both", &both);
    let done = redact(&place, "in", "out", &OPTION);
    assert_eq!(done.ran.code, 0, "{}", done.ran.err);
    for (name, _, reason) in &cases {
        let name = format!("{name}.dcm");
        assert_eq!(
            actions(&done, &name),
            [told("removed", 1, reason)],
            "{name}"
        );
        let path = done.output(&place, &name);
        let object = open_file(&path).unwrap();
        assert!(object.iter().all(|e| e.header().tag.0 != 0x6000), "{name}");
        assert_eq!(claims(&path), 0, "{name}");
        assert!(!done.codes(&name).contains(&"113103".into()), "{name}");
    }
    let path = done.output(&place, "both.dcm");
    let expected = [told("kept", 1, ""), told("removed", 1, "kind")];
    assert_eq!(actions(&done, "both.dcm"), expected);
    assert_eq!(bits(&path, 0x6000), Some(drawing().bits()));
    assert_eq!((bits(&path, 0x6004), claims(&path)), (None, 0));
}

#[test]
fn without_the_option_overlays_go_as_before() {
    let place = Place::new();
    put(
        &place,
        "ct",
        &overlay(picture(1), 0x6000, "R", &[drawing()]),
    );
    for (out, more) in [("plain", &[][..]), ("kept", &["--keep-metadata"])] {
        let done = redact(&place, "in", out, more);
        assert_eq!(actions(&done, "ct.dcm"), [told("removed", 1, "")], "{out}");
        let path = done.output(&place, "ct.dcm");
        assert_eq!((bits(&path, 0x6000), claims(&path)), (None, 0), "{out}");
    }
    // An image without graphics claims nothing about them.
    put(&place, "bare", &picture(1));
    let done = redact(&place, "in", "out", &OPTION);
    assert_eq!(claims(&done.output(&place, "bare.dcm")), 0);
    assert_eq!(claims(&done.output(&place, "ct.dcm")), 1);
}

#[test]
fn text_that_only_a_policy_keeps_takes_its_overlay_with_it() {
    let place = Place::new();
    let ink = drawing().text(24, 20, &FONT_10X20, "QUIRLBAND TOPFEN");
    put(&place, "ct", &overlay(picture(1), 0x6000, "G", &[ink]));
    let more = [OPTION.as_slice(), &["--policy", "phi"]].concat();
    let done = redact(&place, "in", "out", &more);
    assert_eq!(
        actions(&done, "ct.dcm"),
        [told("removed", 1, "unknown-text")]
    );
    assert_eq!(claims(&done.output(&place, "ct.dcm")), 0);
}
