//! Overlay planes and annotations under `--profile-options clean-graphics`: what is readable in them goes, everything else
//! stays bit for bit, and 113103 is written only then. What is looked at is the written file.

mod common;

use common::lettering::{Ink, film};
use common::objects::{Sample, text as bytes, us};
use common::people::{E, Patient, V, found, sq, t};
use common::pictures::noise;
use common::treated::{self, Done, put_bytes, redact, text, with};
use common::{Place, iod_errors, json_lines};
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
    no_new_error(&place.path("in/ct.dcm"), &path);
    pairs_are_judged(&place, &path, &ink);
}

fn no_new_error(before: &Path, after: &Path) {
    let (Some(old), Some(new)) = (iod_errors(before), iod_errors(after)) else {
        return;
    };
    let new: Vec<&String> = new.iter().filter(|e| !old.contains(e)).collect();
    assert!(new.is_empty(), "{new:?}");
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

#[test]
fn text_is_found_whatever_its_polarity_direction_and_size() {
    let place = Place::new();
    let (cols, rows) = (320_u32, 256_u32);
    let upright = Ink::none(cols, rows).text(40, 60, &FONT_10X20, NAME);
    let block = Rect::new(20, 50, 200, 40);
    let map = |from: &dyn Fn(i64, i64) -> bool| {
        let all = (0..i64::from(rows)).flat_map(|y| (0..i64::from(cols)).map(move |x| (x, y)));
        all.filter(|(x, y)| from(*x, *y))
            .fold(drawing(), |ink, (x, y)| ink.dot(x, y))
    };
    let at = |x: i64, y: i64| {
        let inside = (0..i64::from(cols)).contains(&x) && (0..i64::from(rows)).contains(&y);
        inside && upright.at(x as u32, y as u32)
    };
    let cases = [
        // Letters left out of a filled block.
        (
            "inverse",
            map(&|x, y| block.contains(&Rect::new(x as u32, y as u32, 1, 1)) && !at(x, y)),
        ),
        // From bottom to top.
        ("turned", map(&|x, y| at(250 - y, x))),
        ("double", map(&|x, y| at(x / 2, y / 2 + 40))),
    ];
    for (name, ink) in &cases {
        put(
            &place,
            name,
            &overlay(picture(1), 0x6000, "G", std::slice::from_ref(ink)),
        );
    }
    let done = redact(&place, "in", "out", &OPTION);
    for (name, _) in &cases {
        let name = format!("{name}.dcm");
        assert_eq!(actions(&done, &name), [told("cleaned", 1, "")], "{name}");
        assert_eq!(done.reason(&name), "masked", "{name}");
    }
}

/// A graphic object of an annotation.
fn graphic(kind: &str, points: &[(f32, f32)]) -> Vec<E> {
    let data = points.iter().flat_map(|(x, y)| [*x, *y]);
    vec![
        t(0x0070_0005, "CS", "PIXEL"),
        E(0x0070_0020, "US", V::B(us(2))),
        E(0x0070_0021, "US", V::B(us(points.len() as u16))),
        E(
            0x0070_0022,
            "FL",
            V::B(data.flat_map(f32::to_le_bytes).collect()),
        ),
        t(0x0070_0023, "CS", kind),
        t(0x0070_0024, "CS", "N"),
    ]
}

/// An arrow, an outline, a mark, and a ruler.
fn graphics() -> Vec<Vec<E>> {
    vec![
        graphic("POLYLINE", &[(10.0, 10.0), (60.0, 60.0), (50.0, 58.0)]),
        graphic(
            "ELLIPSE",
            &[(100.0, 80.0), (180.0, 80.0), (140.0, 50.0), (140.0, 110.0)],
        ),
        graphic("CIRCLE", &[(200.0, 200.0), (200.0, 240.0)]),
        graphic("POINT", &[(30.0, 200.0)]),
        graphic("POLYLINE", &[(20.0, 150.0), (90.0, 150.0)]),
    ]
}

/// Points of a stroke.
type Stroke = &'static [(u8, u8)];

/// Letters of straight strokes, in a box of 2 by 3.
const STROKES: &[(char, &[Stroke])] = &[
    ('A', &[&[(0, 3), (1, 0), (2, 3)], &[(0, 2), (2, 2)]]),
    ('E', &[&[(2, 0), (0, 0), (0, 3), (2, 3)], &[(0, 1), (2, 1)]]),
    ('L', &[&[(0, 0), (0, 3), (2, 3)]]),
    ('N', &[&[(0, 3), (0, 0), (2, 3), (2, 0)]]),
    ('T', &[&[(0, 0), (2, 0)], &[(1, 0), (1, 3)]]),
    ('V', &[&[(0, 0), (1, 3), (2, 0)]]),
];

/// A word as one graphic object a stroke, its letters so large.
fn spelled(word: &str, height: f32) -> Vec<Vec<E>> {
    let unit = height / 3.0;
    let letters = word.chars().enumerate();
    letters
        .flat_map(|(i, c)| {
            let (_, strokes) = STROKES.iter().find(|s| s.0 == c).unwrap();
            strokes.iter().map(move |stroke| {
                let place = |(x, y): &(u8, u8)| {
                    let left = 40.0 + i as f32 * unit * 2.8;
                    (left + f32::from(*x) * unit, 60.0 + f32::from(*y) * unit)
                };
                graphic("POLYLINE", &stroke.iter().map(place).collect::<Vec<_>>())
            })
        })
        .collect()
}

/// A presentation state whose only annotation has a text and these graphics.
fn state(patient: &Patient, instance: u32, graphics: Vec<Vec<E>>, more: Vec<E>) -> Vec<E> {
    let said = format!("Liver lesion of {} Schnurrbusch", patient.id);
    let annotation = vec![
        t(0x0070_0002, "CS", "LAYER1"),
        sq(
            0x0070_0008,
            vec![vec![
                t(0x0070_0003, "CS", "PIXEL"),
                t(0x0070_0006, "ST", &said),
            ]],
        ),
        sq(0x0070_0009, graphics),
    ];
    with(
        patient.presentation(8, instance, (0, 1)),
        vec![sq(0x0070_0001, vec![[annotation, more].concat()])],
    )
}

/// The coordinates of every graphic object of a written presentation state, and its texts.
fn annotated(path: &Path) -> (Vec<Vec<u8>>, Vec<String>) {
    let object = open_file(path).unwrap();
    let (mut lines, mut texts) = (Vec::new(), Vec::new());
    let Some(all) = object.element_opt(Tag(0x0070, 0x0001)).unwrap() else {
        return (lines, texts);
    };
    for item in all.items().unwrap() {
        for (sequence, element) in [(0x0009, 0x0022), (0x0008, 0x0006)] {
            let list = item.element_opt(Tag(0x0070, sequence)).unwrap();
            for inner in list
                .and_then(|l| l.items().map(<[_]>::to_vec))
                .unwrap_or_default()
            {
                let value = inner.element(Tag(0x0070, element)).unwrap();
                match sequence {
                    0x0009 => lines.push(value.to_bytes().unwrap().into_owned()),
                    _ => texts.push(value.to_str().unwrap().trim_end().to_owned()),
                }
            }
        }
    }
    (lines, texts)
}

#[test]
fn lines_of_annotations_stay_unless_they_spell_something() {
    let place = Place::new();
    let patient = Patient::new(4);
    let zigzag: Vec<(f32, f32)> = (0..70)
        .map(|i| (i as f32 * 3.0, (i % 2 * 40) as f32))
        .collect();
    let mut lying = graphics();
    lying[0][2] = E(0x0070_0021, "US", V::B(us(2)));
    let compound = vec![sq(0x0070_0209, vec![vec![t(0x0070_0294, "CS", "RULER")]])];
    type Case = (&'static str, Vec<Vec<E>>, Vec<E>, &'static str);
    let cases: Vec<Case> = vec![
        ("plain", graphics(), Vec::new(), ""),
        ("name", spelled("VALENTTA", 30.0), Vec::new(), "text"),
        ("large", spelled("VALENTTA", 300.0), Vec::new(), "text"),
        (
            "many",
            vec![graphic("POLYLINE", &zigzag)],
            Vec::new(),
            "complex",
        ),
        ("lying", lying, Vec::new(), "opaque"),
        ("compound", graphics(), compound, "opaque"),
    ];
    for (i, (name, lines, more, _)) in cases.iter().enumerate() {
        let elements = state(&patient, i as u32 + 1, lines.clone(), more.clone());
        treated::put(&place, &format!("in/{name}.dcm"), &elements);
    }
    let done = redact(&place, "in", "out", &OPTION);
    assert_eq!(done.ran.code, 0, "{}", done.ran.err);
    for (name, lines, _, reason) in &cases {
        let name = format!("{name}.dcm");
        let path = done.output(&place, &name);
        let list = done.carriers(&name);
        let (stay, texts) = annotated(&path);
        let original: Vec<Vec<u8>> = lines
            .iter()
            .map(|g| match &g[3].2 {
                V::B(data) => data.clone(),
                V::S(_) => Vec::new(),
            })
            .collect();
        if reason.is_empty() {
            assert_eq!(list, [("annotation".into(), 1, "kept".into())]);
            assert_eq!(stay, original);
        } else {
            assert_eq!(list, [("annotation".into(), 1, "removed".into())], "{name}");
            assert_eq!(done.line(&name)["carriers"][0]["reason"], *reason, "{name}");
            assert!(stay.is_empty(), "{name}");
        }
        assert_eq!(texts, ["Liver lesion"], "{name}");
        let claimed = usize::from(reason.is_empty());
        assert_eq!(claims(&path), claimed, "{name}");
        let left = found(&patient.secrets(), &fs::read(&path).unwrap());
        assert!(left.is_empty(), "{name}: {left:?}");
        no_new_error(&place.path(format!("in/{name}")), &path);
        let input = place.path(format!("in/{name}"));
        let pair = place.run(&[
            "verify".as_ref(),
            input.as_os_str(),
            path.as_os_str(),
            "--device".as_ref(),
            "cpu".as_ref(),
        ]);
        assert_eq!(pair.code, 0, "{name}: {}{}", pair.out, pair.err);
    }
    // Without the option as before: the text becomes a constant, the lines are nobody's business.
    let before = redact(&place, "in", "before", &[]);
    let path = before.output(&place, "plain.dcm");
    assert_eq!(annotated(&path).1, ["REMOVED"]);
    assert_eq!((annotated(&path).0.len(), claims(&path)), (5, 0));
}

/// Graphics that were damaged anywhere have a named outcome, and whatever comes out shows no name.
#[test]
fn damaged_graphics_have_a_named_outcome() {
    let place = Place::new();
    let lettered = drawing().text(24, 20, &FONT_10X20, NAME);
    let image = overlay(picture(1), 0x6000, "G", &[lettered]).bytes();
    let state = common::people::file(
        &state(&Patient::new(4), 1, spelled("VALENTTA", 30.0), Vec::new()),
        false,
        b"",
    );
    let at = |bytes: &[u8], tag: [u8; 4]| bytes.windows(4).position(|w| w == tag).unwrap();
    let mut random = noise(0x51ce_d00d);
    let parts = [
        (
            "image",
            &image,
            at(&image, [0, 0x60, 0x10, 0]),
            at(&image, [0, 0x60, 0, 0x30]),
        ),
        (
            "state",
            &state,
            at(&state, [0x70, 0, 1, 0]),
            at(&state, [0x70, 0, 0x80, 0]),
        ),
    ];
    let count = if common::full() { 200 } else { 24 };
    for (name, bytes, from, to) in parts {
        for i in 0..count {
            let mut broken = bytes.clone();
            for _ in 0..1 + i % 3 {
                let place = from + random() as usize % (to + 8 - from);
                broken[place] ^= 1 << (random() % 8);
            }
            put_bytes(&place, &format!("in/{name}-{i:03}.dcm"), &broken);
        }
    }
    let done = redact(&place, "in", "out", &OPTION);
    let mut written = 0;
    for line in done.lines.iter().filter(|l| l["type"] == "file") {
        assert_ne!(line["reason"], "internal", "{line}");
        let Some(output) = line["output"].as_str() else {
            assert!(line["reason"].is_string(), "{line}");
            continue;
        };
        written += 1;
        let path = place.path(output);
        // Searched again by a run of its own, which knows nothing of the plan.
        let name = line["input"].as_str().unwrap();
        if name.contains("image") {
            let ran = place.run(&[
                "verify".as_ref(),
                path.as_os_str(),
                "--json".as_ref(),
                "--device".as_ref(),
                "cpu".as_ref(),
            ]);
            let said = json_lines(&ran.out).remove(0);
            assert_eq!(said["verify"]["residual_lines"], 0, "{name}: {said}");
        } else {
            let (lines, _) = annotated(&path);
            assert!(lines.is_empty() || claims(&path) == 1, "{name}");
        }
    }
    // Most flips break a length, and with it the file; enough of the others have to be looked at.
    assert!(written * 3 > count, "{written}");
}
