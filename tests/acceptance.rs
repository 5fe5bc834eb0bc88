//! The cases by which headers and pixels are accepted together: each is an object that is awkward in a known way, and what
//! is looked at is always the written file.
//!
//! | case | what | tested by |
//! |---|---|---|
//! | 1 | JPEG 4:2:0 colour loop, text in some frames | [`a_jpeg_loop_with_text_in_some_frames`] |
//! | 2 | palette whose index 0 is white | [`a_palette_is_filled_with_its_darkest_entry`] |
//! | 3 | MONOCHROME1 film with a side marker | [`an_inverted_film_is_filled_with_its_highest_value`] |
//! | 4 | signed page, 12 of 16 bits, overlay in bit 15 | [`a_signed_page_with_an_overlay_in_bit_15`] |
//! | 5 | multi-frame overlay with a description | `what_is_hidden_beside_the_samples_is_gone_and_counted` (`tests/carriers.rs`, `loop`), `tests/graphics.rs` |
//! | 6 | icon with a readable name | the same (`icon`, `icon-in-item`), `other_carriers_are_gone_and_other_attributes_are_not` (`tests/redact.rs`, `ct_icon`) |
//! | 7 | DX without BurnedInAnnotation | [`a_class_that_must_have_burned_in_annotation_gets_an_earned_one`] |
//! | 8 | enhanced MR with text | [`an_enhanced_image_tells_which_frames_changed`] |
//! | 9 | names in UTF-8, ISO 2022 IR 87, GB18030 | `two_hundred_objects_leave_no_identity_anywhere` (`tests/header.rs`) |
//! | 10 | UIDs in (0020,0242) and in nested sequences | [`uids_are_the_same_wherever_they_stand`] |
//! | 11 | a study twice, in two processes | `two_hundred_objects_leave_no_identity_anywhere` (`halves_agree` in `tests/header.rs`) |
//! | 12 | private creators in blocks 11 and 12 | [`private_numbers_are_known_by_their_creator`] |
//! | 13 | segmentation and its images | [`a_segmentation_finds_its_images`] |
//! | 14 | preamble with a TIFF header | [`a_preamble_with_another_head_is_emptied`] |
//! | 15 | JPEG with a comment | `what_is_hidden_beside_the_samples_is_gone_and_counted` (`tests/carriers.rs`, `comment`) |
//! | 16 | odd JPEG streams, several fragments, either table | [`fragments_of_every_kind_are_written_right`] |
//! | 17 | RT plan with an X/D attribute of Type 2 | [`a_date_that_must_be_there_becomes_a_constant`] |
//! | 18 | label and overview of a slide | [`labels_of_slides_stay_back`] |
//! | 19 | a head CT in one file | [`a_single_head_is_flagged_and_not_defaced`] |
//! | 20 | opt-out hit; list missing | `opted_out_patients_never_leave_and_a_missing_or_stale_list_stops_the_run` (`tests/header.rs`) |
//! | 21 | BurnedInAnnotation YES, nothing found | [`a_contradiction_goes_to_a_person`] |
//! | 22 | truncated pixel data | [`truncated_samples_never_come_out`]; every prefix: `no_prefix_of_a_sample_comes_out` (`tests/hostile.rs`) |

mod common;

use common::lettering::{Ink, film};
use common::objects::{E, Form, Sample, sequence, text as bytes, us};
use common::people::{E as P, Patient, V, code, file, found, sq, t};
use common::treated::{Done, put, put_bytes, redact, text, with};
use common::{Place, fragments, samples, tree};
use dicom_core::Tag;
use dicom_object::open_file;
use embedded_graphics::mono_font::ascii::{FONT_9X15_BOLD, FONT_10X20};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use std::fs;
use std::path::Path;
use unburn::config::Limits;
use unburn::dicom::{Object, read};
use unburn::frame::Frame;
use unburn::geometry::Rect;
use unburn::plan::Action;
use unburn::report::FileReport;

const JPEG: &str = "1.2.840.10008.1.2.4.50";
/// (0010,0010) of every [`Sample`], as it is drawn into pictures.
const NAME: &str = "MUSTER MARA";

fn report(done: &Done, name: &str) -> FileReport {
    serde_json::from_value(done.line(name).clone()).unwrap()
}

/// The masks in one frame.
fn masks(report: &FileReport, frame: u32) -> Vec<Rect> {
    let masks = report.boxes.iter().filter(|b| b.action == Action::Mask);
    masks
        .filter(|b| (b.frames.0..=b.frames.1).contains(&frame))
        .map(|b| b.rect)
        .collect()
}

fn inside(masks: &[Rect], x: u32, y: u32) -> bool {
    masks
        .iter()
        .any(|m| (m.x..m.right()).contains(&x) && (m.y..m.bottom()).contains(&y))
}

fn pixels(frame: &Frame) -> impl Iterator<Item = (u32, u32)> {
    let (rows, cols) = (frame.format.rows, frame.format.cols);
    (0..rows).flat_map(move |y| (0..cols).map(move |x| (x, y)))
}

/// Every sample outside the masks is what it was.
fn same_outside(before: &Frame, after: &Frame, masks: &[Rect]) {
    let samples = usize::from(before.format.samples_per_pixel);
    let differing = pixels(before)
        .filter(|(x, y)| !inside(masks, *x, *y))
        .filter(|(x, y)| (0..samples).any(|c| before.value(*x, *y, c) != after.value(*x, *y, c)))
        .count();
    assert_eq!(differing, 0);
}

/// The values of one sample under the masks.
fn fills(after: &Frame, masks: &[Rect]) -> Vec<i64> {
    let mut values: Vec<i64> = pixels(after)
        .filter(|(x, y)| inside(masks, *x, *y))
        .map(|(x, y)| after.value(x, y, 0))
        .collect();
    values.sort_unstable();
    values.dedup();
    values
}

fn input(place: &Place, name: &str) -> Object {
    read(&place.path(format!("in/{name}")), &Limits::default()).unwrap()
}

fn class(s: Sample, class: &str) -> Sample {
    s.with(
        0x0008,
        0x0016,
        "UI",
        bytes(&format!("1.2.840.10008.5.1.4.1.1.{class}")),
    )
    .with(0x0010, 0x0020, "LO", bytes("QX-77120"))
}

/// A loop in colour, with the name on frames 3 to 9.
const LOOP: (u32, u32, u32) = (320, 240, 12);
const LETTERED: std::ops::RangeInclusive<u32> = 3..=9;

fn name_ink() -> Ink {
    Ink::none(LOOP.0, LOOP.1).text(24, 20, &FONT_10X20, NAME)
}

/// The streams of the loop; the first frame may be subsampled otherwise than the rest.
fn streams(first: SamplingFactor) -> Vec<Vec<u8>> {
    let ink = name_ink();
    (0..LOOP.2)
        .map(|i| {
            let mut rgb = Vec::new();
            for y in 0..LOOP.1 {
                for x in 0..LOOP.0 {
                    let white = LETTERED.contains(&i) && ink.at(x, y);
                    let shade = (20 + (x + y) / 8 + i) as u8;
                    rgb.extend(if white {
                        [250; 3]
                    } else {
                        [shade, shade / 2 + 10, shade / 3]
                    });
                }
            }
            let mut out = Vec::new();
            let mut encoder = Encoder::new(&mut out, 90);
            encoder.set_sampling_factor(if i == 0 { first } else { SamplingFactor::F_2_2 });
            encoder
                .encode(&rgb, LOOP.0 as u16, LOOP.1 as u16, ColorType::Rgb)
                .unwrap();
            out
        })
        .collect()
}

fn even(mut stream: Vec<u8>) -> Vec<u8> {
    if stream.len() % 2 == 1 {
        stream.push(0);
    }
    stream
}

/// The loop as an object with a right Basic Offset Table, and without a word about its lossy past.
fn coloured_loop(first: SamplingFactor) -> Sample {
    let streams: Vec<Vec<u8>> = streams(first).into_iter().map(even).collect();
    let mut table = Vec::new();
    let mut at = 0_u32;
    for stream in &streams {
        table.extend(at.to_le_bytes());
        at += stream.len() as u32 + 8;
    }
    let mut items: Vec<&[u8]> = vec![&table];
    items.extend(streams.iter().map(Vec::as_slice));
    let (cols, rows, frames) = LOOP;
    let plain = Sample::new(rows as u16, cols as u16, 3, (8, 8), "YBR_FULL_422");
    class(plain, "3.1")
        .frames(&frames.to_string())
        .items(JPEG, &items)
}

#[test]
fn a_jpeg_loop_with_text_in_some_frames() {
    let place = Place::new();
    put_bytes(
        &place,
        "in/blocks.dcm",
        &coloured_loop(SamplingFactor::F_2_2).bytes(),
    );
    // One frame of another subsampling: then no block can be masked as it is coded, and all frames become samples.
    put_bytes(
        &place,
        "in/samples.dcm",
        &coloured_loop(SamplingFactor::F_1_1).bytes(),
    );
    let done = redact(&place, "in", "out", &["--cine-union", "off"]);
    let ink = name_ink();
    for (name, syntax) in [("blocks.dcm", JPEG), ("samples.dcm", "1.2.840.10008.1.2.1")] {
        let report = report(&done, name);
        assert_eq!(done.reason(name), "masked", "{:?}", report.detail);
        let path = done.output(&place, name);
        let (before, after) = (input(&place, name), done.written(&place, name));
        assert_eq!(report.transfer_syntax.unwrap().out.as_deref(), Some(syntax));
        for i in 0..LOOP.2 {
            let masks = masks(&self::report(&done, name), i);
            assert_eq!(
                !masks.is_empty(),
                LETTERED.contains(&i),
                "{name}: frame {i}"
            );
            if masks.is_empty() && syntax == JPEG {
                let same = before.encoded_frame(i).unwrap() == after.encoded_frame(i).unwrap();
                assert!(same, "{name}: frame {i} was coded anew");
            }
            let (a, b) = (before.frame(i).unwrap(), after.frame(i).unwrap());
            // In blocks the decoder mixes chrominance over the border of a mask; luminance shows what was coded.
            if syntax != JPEG || masks.is_empty() {
                same_outside(&a, &b, &masks);
            }
            let bright = pixels(&b)
                .filter(|(x, y)| ink.at(*x, *y) && b.value(*x, *y, 1) > 120)
                .count();
            assert_eq!(bright, 0, "{name}: frame {i} still shows the name");
        }
        if syntax == JPEG {
            let (offsets, starts) = fragments(&fs::read(&path).unwrap()).unwrap();
            assert_eq!(starts.len(), LOOP.2 as usize);
            assert!(offsets.is_empty() || offsets == starts);
        } else {
            assert_eq!(text(&path, (0x0028, 0x0004)).as_deref(), Some("RGB"));
        }
        // Masked or not, what was lost once stays lost (PS3.3 section C.7.6.1.1.5).
        assert_eq!(
            text(&path, (0x0028, 0x2110)).as_deref(),
            Some("01"),
            "{name}"
        );
        assert_eq!(
            text(&path, (0x0028, 0x2114)).as_deref(),
            Some("ISO_10918_1"),
            "{name}"
        );
        let ratio: f64 = text(&path, (0x0028, 0x2112)).unwrap().parse().unwrap();
        assert!(ratio > 2.0, "{name}: {ratio}");
        assert!(
            text(&path, (0x0008, 0x0008))
                .unwrap()
                .starts_with("DERIVED")
        );
        assert_eq!(text(&path, (0x0028, 0x0301)).as_deref(), Some("NO"));
    }
}

#[test]
fn a_palette_is_filled_with_its_darkest_entry() {
    let place = Place::new();
    let original = samples().join("us_palette.dcm");
    put_bytes(&place, "in/us.dcm", &fs::read(&original).unwrap());
    let object = open_file(&original).unwrap();
    let table = |element: u16| -> Vec<u32> {
        let data = object.element(Tag(0x0028, element)).unwrap();
        data.to_multi_int::<u32>().unwrap()
    };
    let (red, green, blue) = (table(0x1201), table(0x1202), table(0x1203));
    let light: Vec<u32> = (0..red.len())
        .map(|i| red[i] + green[i] + blue[i])
        .collect();
    let darkest = *light.iter().min().unwrap();
    assert!(
        light[0] > darkest,
        "index 0 is no light entry in this sample"
    );
    let done = redact(&place, "in", "out", &[]);
    let masks = masks(&report(&done, "us.dcm"), 0);
    let (before, after) = (input(&place, "us.dcm"), done.written(&place, "us.dcm"));
    let (before, after) = (before.frame(0).unwrap(), after.frame(0).unwrap());
    let fills = fills(&after, &masks);
    assert_eq!(fills.len(), 1);
    assert_eq!(light[fills[0] as usize], darkest);
    same_outside(&before, &after, &masks);
}

#[test]
fn an_inverted_film_is_filled_with_its_highest_value() {
    let place = Place::new();
    let original = samples().join("cr_marker.dcm");
    put_bytes(&place, "in/cr.dcm", &fs::read(original).unwrap());
    let done = redact(&place, "in", "out", &[]);
    let masks = masks(&report(&done, "cr.dcm"), 0);
    assert!(!masks.is_empty());
    let (before, after) = (input(&place, "cr.dcm"), done.written(&place, "cr.dcm"));
    let (before, after) = (before.frame(0).unwrap(), after.frame(0).unwrap());
    let outside = pixels(&before).filter(|(x, y)| !inside(&masks, *x, *y));
    let highest = outside.map(|(x, y)| before.value(x, y, 0)).max();
    assert_eq!(fills(&after, &masks), [highest.unwrap()]);
    same_outside(&before, &after, &masks);
    let truth = common::truth();
    let lines = truth.files.iter().find(|f| f.file == "cr_marker.dcm");
    let marker = lines.unwrap().lines.iter().find(|l| l.kind == "marker");
    let [x, y, w, h] = marker.expect("the sample has a side marker").rect;
    let marker = Rect::new(x, y, w, h);
    let covered: u64 = masks.iter().map(|m| m.intersect(&marker).area()).sum();
    // The mask of the initials below it may touch the soft edge of its last row.
    assert!(
        covered * 20 <= marker.area(),
        "the side marker was masked: {covered}"
    );
}

#[test]
fn a_signed_page_with_an_overlay_in_bit_15() {
    let place = Place::new();
    let page = read(&samples().join("ct_dose.dcm"), &Limits::default()).unwrap();
    let page = page.frame(0).unwrap();
    let (cols, rows) = (page.format.cols, page.format.rows);
    let hidden = Ink::none(cols, rows).text(120, 300, &FONT_10X20, NAME);
    let words: Vec<u8> = pixels(&page)
        .flat_map(|(x, y)| {
            let stored = page.value(x, y, 0) as u16 & 0x0FFF;
            (stored | u16::from(hidden.at(x, y)) << 15).to_le_bytes()
        })
        .collect();
    let plain = Sample::new(rows as u16, cols as u16, 1, (16, 12), "MONOCHROME2").native(words);
    let object = class(plain, "2")
        .with(0x0028, 0x0103, "US", us(1))
        .with(0x6000, 0x0010, "US", us(rows as u16))
        .with(0x6000, 0x0011, "US", us(cols as u16))
        .with(0x6000, 0x0040, "CS", bytes("G"))
        .with(0x6000, 0x0100, "US", us(16))
        .with(0x6000, 0x0102, "US", us(15));
    put_bytes(&place, "in/ct.dcm", &object.bytes());
    let done = redact(&place, "in", "out", &[]);
    assert_eq!(done.reason("ct.dcm"), "masked");
    let masks = masks(&report(&done, "ct.dcm"), 0);
    let after = done.written(&place, "ct.dcm");
    assert!(after.overlays().is_empty());
    let after = after.frame(0).unwrap();
    same_outside(&page, &after, &masks);
    assert_eq!(fills(&after, &masks).len(), 1);
    // Every word is the stored value with its sign, and nothing else.
    for (i, word) in after.data.chunks_exact(2).enumerate() {
        let word = i64::from(i16::from_le_bytes([word[0], word[1]]));
        let (x, y) = (i as u32 % cols, i as u32 / cols);
        assert_eq!(
            word,
            after.value(x, y, 0),
            "bits outside the field at {x},{y}"
        );
    }
    let told = done.carriers("ct.dcm");
    let has = |kind: &str| told.iter().any(|c| c.0 == kind);
    assert!(has("high-bits") && has("overlay"), "{told:?}");
}

#[test]
fn a_class_that_must_have_burned_in_annotation_gets_an_earned_one() {
    let place = Place::new();
    let named = Ink::none(400, 300).text(30, 24, &FONT_10X20, NAME);
    let odd = Ink::none(400, 300).text(30, 24, &FONT_10X20, "QUIRLBAND TOPFEN");
    for (name, ink, lettered) in [
        ("named", &named, true),
        ("odd", &odd, true),
        ("bare", &named, false),
    ] {
        let object = class(film(ink, &[lettered]), "1.1")
            .without(0x0028, 0x0008)
            .with(0x0008, 0x0060, "CS", bytes("DX"));
        put_bytes(&place, &format!("in/{name}.dcm"), &object.bytes());
    }
    let done = redact(&place, "in", "out", &[]);
    for (name, outcome) in [
        ("named.dcm", "masked"),
        ("odd.dcm", "masked"),
        ("bare.dcm", "clean"),
    ] {
        assert_eq!(done.reason(name), outcome, "{name}");
        let path = done.output(&place, name);
        assert_eq!(
            text(&path, (0x0028, 0x0301)).as_deref(),
            Some("NO"),
            "{name}"
        );
        let written = fs::read(&path).unwrap();
        let claims = written.windows(6).filter(|w| *w == b"113101").count();
        assert_eq!(claims, 1, "{name}");
    }
    // Text that nobody knows stays with this policy: then neither value is true, and the class has no third.
    let kept = redact(&place, "in", "kept", &["--policy", "phi"]);
    assert_eq!(kept.reason("odd.dcm"), "kept-unknown-text");
    assert_eq!(kept.reason("named.dcm"), "masked");
}

fn items(of: Vec<Vec<E>>) -> Vec<u8> {
    sequence(&of, Form::Explicit, true)
}

#[test]
fn an_enhanced_image_tells_which_frames_changed() {
    let place = Place::new();
    let ink = Ink::none(320, 256).text(20, 20, &FONT_10X20, NAME);
    let kind = || bytes("ORIGINAL\\PRIMARY\\M\\NONE");
    let group = || {
        let inner = vec![(0x0008, 0x9007, "CS", kind())];
        vec![(0x0018, 0x9226, "SQ", items(vec![inner]))]
    };
    let object = class(film(&ink, &[false, true]), "4.1")
        .with(0x0008, 0x0008, "CS", kind())
        .with(0x0008, 0x0060, "CS", bytes("MR"))
        .with(0x5200, 0x9230, "SQ", items(vec![group(), group()]));
    put_bytes(&place, "in/mr.dcm", &object.bytes());
    let done = redact(&place, "in", "out", &["--cine-union", "off"]);
    assert_eq!(done.reason("mr.dcm"), "masked");
    let path = done.output(&place, "mr.dcm");
    assert_eq!(text(&path, (0x0028, 0x0301)).as_deref(), Some("NO"));
    assert_eq!(
        text(&path, (0x0008, 0x0008)).as_deref(),
        Some("MIXED\\PRIMARY\\M\\NONE")
    );
    let written = open_file(&path).unwrap();
    let groups = written.element(Tag(0x5200, 0x9230)).unwrap();
    let kinds: Vec<String> = groups
        .items()
        .unwrap()
        .iter()
        .map(|g| {
            let inner = g.element(Tag(0x0018, 0x9226)).unwrap().items().unwrap();
            let kind = inner[0].element(Tag(0x0008, 0x9007)).unwrap();
            kind.to_str().unwrap().trim().to_owned()
        })
        .collect();
    assert_eq!(
        kinds,
        ["ORIGINAL\\PRIMARY\\M\\NONE", "DERIVED\\PRIMARY\\M\\NONE"]
    );
    let (before, after) = (input(&place, "mr.dcm"), done.written(&place, "mr.dcm"));
    for i in 0..2 {
        let masks = masks(&report(&done, "mr.dcm"), i);
        same_outside(&before.frame(i).unwrap(), &after.frame(i).unwrap(), &masks);
    }
}

fn uid(patient: &Patient, end: &str) -> String {
    format!("{}.{end}", patient.root)
}

fn reference(class: &str, instance: &str) -> Vec<P> {
    vec![
        t(
            0x0008_1150,
            "UI",
            &format!("1.2.840.10008.5.1.4.1.1.{class}"),
        ),
        t(0x0008_1155, "UI", instance),
    ]
}

fn count(bytes: &[u8], what: &str) -> usize {
    bytes
        .windows(what.len())
        .filter(|w| *w == what.as_bytes())
        .count()
}

#[test]
fn uids_are_the_same_wherever_they_stand() {
    let place = Place::new();
    let patient = Patient::new(5);
    put(&place, "in/first.dcm", &patient.image("2", "CT", 1, 1));
    let first = uid(&patient, "1.1");
    let citing = with(
        patient.image("2", "CT", 4, 1),
        vec![
            t(0x0020_0242, "UI", &first),
            sq(
                0x0008_1115,
                vec![vec![
                    sq(
                        0x0008_1140,
                        vec![
                            reference("2", &first),
                            reference("2", &uid(&patient, "4.1")),
                            [
                                reference("2", "1.2.3.4.5678"),
                                vec![sq(0x0040_A170, vec![code("121322", "DCM", "Source")])],
                            ]
                            .concat(),
                        ],
                    ),
                    t(0x0020_000E, "UI", &uid(&patient, "2.1")),
                ]],
            ),
        ],
    );
    put(&place, "in/citing.dcm", &citing);
    let done = redact(&place, "in", "out", &[]);
    assert_eq!(done.ran.code, 0, "{}", done.ran.err);
    let target = done.output(&place, "first.dcm");
    let (instance, series) = (
        text(&target, (0x0008, 0x0018)).unwrap(),
        text(&target, (0x0020, 0x000E)).unwrap(),
    );
    let path = done.output(&place, "citing.dcm");
    let written = fs::read(&path).unwrap();
    assert_eq!(text(&path, (0x0020, 0x0242)).as_deref(), Some(&*instance));
    // By name, and in an item of an item; its own, too: file meta, data set, item.
    assert_eq!(count(&written, &instance), 2);
    let own = text(&path, (0x0008, 0x0018)).unwrap();
    assert_eq!(count(&written, &own), 3);
    assert_eq!(count(&written, &series), 1);
    assert_eq!(count(&written, &patient.root), 0);
    assert_eq!(count(&written, "1.2.3.4.5678"), 0);
}

#[test]
fn private_numbers_are_known_by_their_creator() {
    let place = Place::new();
    let patient = Patient::new(2);
    let known = "SIEMENS MR HEADER";
    for (name, creators) in [
        ("11-12", ["Nebelhorn", known]),
        ("12-11", [known, "Nebelhorn"]),
    ] {
        let mut more = Vec::new();
        for (block, creator) in [0x11_u32, 0x12].into_iter().zip(creators) {
            let at = |low: u32| 0x0019_0000 | block << 8 | low;
            more.extend([
                t(0x0019_0000 | block, "LO", creator),
                t(at(0x01), "LO", "Federkiel"),
                t(at(0x0C), "IS", &format!("10{block}")),
                // A number of the list whose value is the patient's.
                P(
                    at(0x27),
                    "FD",
                    V::B([1.5_f64, 2.5].map(f64::to_le_bytes).concat()),
                ),
            ]);
        }
        let image = with(patient.image("4", "MR", 1, 1), more);
        put(&place, &format!("in/{name}.dcm"), &image);
    }
    let done = redact(&place, "in", "out", &["--profile-options", "safe-private"]);
    assert_eq!(done.ran.code, 0, "{}", done.ran.err);
    for (name, block) in [("11-12.dcm", 0x12_u16), ("12-11.dcm", 0x11)] {
        let path = done.output(&place, name);
        let written = open_file(&path).unwrap();
        let left: Vec<Tag> = written
            .iter()
            .map(|e| e.header().tag)
            .filter(|t| t.0 % 2 == 1)
            .collect();
        let at = |low: u16| Tag(0x0019, block << 8 | low);
        assert_eq!(left, [Tag(0x0019, block), at(0x0C), at(0x27)], "{name}");
        assert_eq!(
            text(&path, (0x0019, block)).as_deref(),
            Some(known),
            "{name}"
        );
        let number = text(&path, (0x0019, block << 8 | 0x0C));
        assert_eq!(number, Some(format!("10{block}")), "{name}");
        assert!(found(&patient.secrets(), &fs::read(&path).unwrap()).is_empty());
        assert!(done.codes(name).contains(&"113111".into()));
    }
}

#[test]
fn a_segmentation_finds_its_images() {
    let place = Place::new();
    let patient = Patient::new(6);
    put(&place, "in/ct.dcm", &patient.image("2", "CT", 0, 1));
    let ct = uid(&patient, "0.1");
    let mask: Vec<u8> = (0..64 * 64 / 8).map(|i| (i * 37 % 251) as u8).collect();
    let mut seg = patient.header("66.4", "SEG", 5, 1);
    seg.retain(|e| !matches!(e.0, 0x0008_1140 | 0x0040_A160));
    seg.extend([
        sq(
            0x0008_1115,
            vec![vec![
                sq(0x0008_114A, vec![reference("2", &ct)]),
                t(0x0020_000E, "UI", &uid(&patient, "2.0")),
            ]],
        ),
        P(0x0028_0002, "US", V::B(us(1))),
        t(0x0028_0004, "CS", "MONOCHROME2"),
        t(0x0028_0008, "IS", "1"),
        P(0x0028_0010, "US", V::B(us(64))),
        P(0x0028_0011, "US", V::B(us(64))),
        P(0x0028_0100, "US", V::B(us(1))),
        P(0x0028_0101, "US", V::B(us(1))),
        P(0x0028_0102, "US", V::B(us(0))),
        P(0x0028_0103, "US", V::B(us(0))),
        t(0x0062_0001, "CS", "BINARY"),
        sq(
            0x0062_0002,
            vec![vec![
                P(0x0062_0004, "US", V::B(us(1))),
                t(0x0062_0005, "LO", "Herd nach Schnurrbusch"),
                t(0x0062_0008, "CS", "MANUAL"),
            ]],
        ),
        sq(
            0x5200_9230,
            vec![vec![sq(
                0x0008_9124,
                vec![vec![sq(0x0008_2112, vec![reference("2", &ct)])]],
            )]],
        ),
        P(0x7FE0_0010, "OB", V::B(mask.clone())),
    ]);
    put(&place, "in/seg.dcm", &seg);
    let done = redact(&place, "in", "out", &[]);
    assert_eq!(done.ran.code, 0, "{}", done.ran.err);
    let (image, path) = (
        done.output(&place, "ct.dcm"),
        done.output(&place, "seg.dcm"),
    );
    let written = fs::read(&path).unwrap();
    let of_image = |tag| text(&image, tag).unwrap();
    assert_eq!(count(&written, &of_image((0x0008, 0x0018))), 2);
    assert_eq!(count(&written, &of_image((0x0020, 0x000E))), 1);
    for tag in [(0x0020, 0x000D), (0x0020, 0x0052), (0x0010, 0x0020)] {
        assert_eq!(text(&path, tag), Some(of_image(tag)), "{tag:04X?}");
    }
    assert!(written.windows(mask.len()).any(|w| w == mask));
    let left = found(&patient.secrets(), &written);
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_preamble_with_another_head_is_emptied() {
    let place = Place::new();
    let patient = Patient::new(1);
    let head = b"II*\0\x08\0\0\0\x01\0 Federkiel^Ottokarine";
    put_bytes(
        &place,
        "in/ct.dcm",
        &file(&patient.image("2", "CT", 1, 1), false, head),
    );
    let done = redact(&place, "in", "out", &[]);
    let written = fs::read(done.output(&place, "ct.dcm")).unwrap();
    assert!(written[..128].iter().all(|b| *b == 0) && &written[128..132] == b"DICM");
    assert!(found(&patient.secrets(), &written).is_empty());
    assert!(done.carriers("ct.dcm").iter().any(|c| c.0 == "preamble"));
}

/// Three grey frames whose streams all have an odd length, with the name on the second.
fn odd_streams(lettered: bool) -> Vec<Vec<u8>> {
    let ink = Ink::none(256, 64).text(20, 20, &FONT_10X20, NAME);
    (0..3_u32)
        .map(|i| {
            let odd = (0..64_u32).find_map(|n| {
                let grey: Vec<u8> = (0..64 * 256)
                    .map(|p| {
                        let (x, y) = (p % 256, p / 256);
                        let white = lettered && i == 1 && ink.at(x, y);
                        let ground = 30 + x / 4 + y / 8 + i * 5 + (x * 7 + y * 13) % (n + 1);
                        if white { 250 } else { ground as u8 }
                    })
                    .collect();
                let mut out = Vec::new();
                Encoder::new(&mut out, 90)
                    .encode(&grey, 256, 64, ColorType::Luma)
                    .unwrap();
                (out.len() % 2 == 1).then_some(out)
            });
            odd.expect("some ground gives an odd length")
        })
        .collect()
}

/// The same frames in different fragments.
fn fragmented(how: &str, streams: &[Vec<u8>]) -> Sample {
    let grey = Sample::new(64, 256, 1, (8, 8), "MONOCHROME2").frames("3");
    let grey = class(grey, "3.1");
    let mut items: Vec<Vec<u8>> = vec![Vec::new()];
    match how {
        // As some archives wrote them: the length of an item is the length of its stream.
        "odd" => items.extend(streams.iter().cloned()),
        "parts" => {
            for s in streams {
                let third = s.len() / 3 / 2 * 2;
                items.extend([
                    s[..third].to_vec(),
                    s[third..2 * third].to_vec(),
                    even(s[2 * third..].to_vec()),
                ]);
            }
        }
        _ => items.extend(streams.iter().cloned().map(even)),
    }
    let items: Vec<&[u8]> = items.iter().map(Vec::as_slice).collect();
    let grey = grey.items(JPEG, &items);
    if how != "extended" {
        return grey;
    }
    let (mut offsets, mut lengths, mut at) = (Vec::new(), Vec::new(), 0_u64);
    for s in streams {
        offsets.extend(at.to_le_bytes());
        lengths.extend((s.len() as u64).to_le_bytes());
        at += s.len() as u64 + 1 + 8;
    }
    grey.with(0x7FE0, 0x0001, "OV", offsets)
        .with(0x7FE0, 0x0002, "OV", lengths)
}

#[test]
fn fragments_of_every_kind_are_written_right() {
    let place = Place::new();
    let kinds = ["plain", "odd", "parts", "extended"];
    for (state, lettered) in [("text", true), ("bare", false)] {
        let streams = odd_streams(lettered);
        for how in kinds {
            let object = fragmented(how, &streams);
            put_bytes(&place, &format!("in/{how}-{state}.dcm"), &object.bytes());
        }
    }
    let done = redact(&place, "in", "out", &["--cine-union", "off"]);
    for how in kinds {
        for (state, outcome) in [("text", "masked"), ("bare", "clean")] {
            let name = format!("{how}-{state}.dcm");
            assert_eq!(done.reason(&name), outcome, "{name}");
            let (before, after) = (input(&place, &name), done.written(&place, &name));
            let report = report(&done, &name);
            for i in 0..3 {
                let masks = masks(&report, i);
                assert_eq!(!masks.is_empty(), lettered(state, i), "{name}: frame {i}");
                same_outside(&before.frame(i).unwrap(), &after.frame(i).unwrap(), &masks);
                if masks.is_empty() {
                    let (a, b) = (
                        even(before.encoded_frame(i).unwrap().into_owned()),
                        even(after.encoded_frame(i).unwrap().into_owned()),
                    );
                    assert!(a == b, "{name}: frame {i} was coded anew");
                }
            }
            tables_are_true(
                &done.output(&place, &name),
                how == "parts" && state == "bare",
            );
        }
    }
}

fn lettered(state: &str, frame: u32) -> bool {
    state == "text" && frame == 1
}

/// One fragment a frame (three where the input's stay), and tables that are right or not there.
fn tables_are_true(path: &Path, parts: bool) {
    // Even lengths and the end of the sequence are looked at in there.
    let (offsets, starts) = fragments(&fs::read(path).unwrap()).unwrap();
    assert_eq!(
        starts.len(),
        if parts { 9 } else { 3 },
        "{}",
        path.display()
    );
    assert!(offsets.is_empty() || offsets == starts);
    let written = open_file(path).unwrap();
    let extended = |element| {
        let e = written.element_opt(Tag(0x7FE0, element)).unwrap()?;
        Some(e.to_bytes().unwrap().into_owned())
    };
    if let Some(table) = extended(0x0001) {
        let told: Vec<usize> = table
            .chunks_exact(8)
            .map(|b| u64::from_le_bytes(b.try_into().unwrap()) as usize)
            .collect();
        assert_eq!(told, starts);
        assert!(offsets.is_empty() && extended(0x0002).is_some());
    }
}

#[test]
fn a_date_that_must_be_there_becomes_a_constant() {
    let place = Place::new();
    let patient = Patient::new(3);
    let mut plan = patient.header("481.5", "RTPLAN", 4, 1);
    plan.retain(|e| !matches!(e.0, 0x0008_1140 | 0x0040_A160));
    plan.extend([
        t(0x300A_0002, "SH", "Nebelhorn A"),
        t(0x300A_0006, "DA", &patient.study_date),
        t(0x300A_0007, "TM", "091500"),
        t(0x300A_000C, "CS", "TREATMENT_DEVICE"),
    ]);
    put(&place, "in/plan.dcm", &plan);
    // The same attribute in a class that does not have it goes.
    let odd = with(
        patient.image("2", "CT", 1, 1),
        vec![t(0x300A_0006, "DA", &patient.study_date)],
    );
    put(&place, "in/ct.dcm", &odd);
    let done = redact(&place, "in", "out", &[]);
    assert_eq!(done.ran.code, 0, "{}", done.ran.err);
    let path = done.output(&place, "plan.dcm");
    // X/D and Type 2: neither gone nor empty, and not the day it was.
    let date = text(&path, (0x300A, 0x0006)).unwrap();
    assert!(date.len() == 8 && date != patient.study_date, "{date}");
    assert_eq!(text(&path, (0x300A, 0x0007)).as_deref(), Some("000000"));
    assert_eq!(
        text(&path, (0x300A, 0x000C)).as_deref(),
        Some("TREATMENT_DEVICE")
    );
    assert!(found(&patient.secrets(), &fs::read(&path).unwrap()).is_empty());
    assert_eq!(text(&done.output(&place, "ct.dcm"), (0x300A, 0x0006)), None);
}

#[test]
fn labels_of_slides_stay_back() {
    let place = Place::new();
    for kind in ["LABEL", "OVERVIEW"] {
        let slide = with(
            Patient::new(1).image("77.1.6", "SM", 1, 1),
            vec![t(
                0x0008_0008,
                "CS",
                &format!("ORIGINAL\\PRIMARY\\{kind}\\NONE"),
            )],
        );
        put(&place, &format!("in/{kind}.dcm"), &slide);
    }
    let done = redact(&place, "in", "out", &[]);
    for kind in ["LABEL", "OVERVIEW"] {
        assert_eq!(done.reason(&format!("{kind}.dcm")), "slide-label");
    }
    assert_eq!(tree(&place.path("out")).len(), 0);
}

#[test]
fn a_single_head_is_flagged_and_not_defaced() {
    let place = Place::new();
    let head = with(
        Patient::new(1).image("2", "CT", 1, 1),
        vec![t(0x0018_0015, "CS", "HEAD")],
    );
    put(&place, "in/head.dcm", &head);
    let done = redact(&place, "in", "out", &[]);
    let path = done.output(&place, "head.dcm");
    assert_eq!(done.line("head.dcm")["faces"], "face_possible: body-part");
    assert_eq!(text(&path, (0x0028, 0x0302)).as_deref(), Some("YES"));
    assert_eq!(count(&fs::read(&path).unwrap(), "113102"), 0);
    // One slice is no face that could be found and cut.
    let cut = redact(&place, "in", "cut", &["--faces", "deface"]);
    assert_eq!(cut.ran.code, 2, "{}", cut.ran.err);
    let held = redact(&place, "in", "held", &["--faces", "quarantine"]);
    assert_eq!(held.reason("head.dcm"), "face-possible");
    for out in ["cut", "held"] {
        assert!(tree(&place.path(out)).is_empty(), "{out}");
    }
}

#[test]
fn a_contradiction_goes_to_a_person() {
    let place = Place::new();
    let ink = Ink::none(320, 256).text(20, 20, &FONT_9X15_BOLD, NAME);
    for (name, lettered) in [("text", true), ("bare", false)] {
        let object = class(film(&ink, &[lettered]), "7")
            .without(0x0028, 0x0008)
            .with(0x0028, 0x0301, "CS", bytes("YES"));
        put_bytes(&place, &format!("in/{name}.dcm"), &object.bytes());
    }
    let done = redact(&place, "in", "out", &[]);
    assert_eq!(done.ran.code, 3, "{}", done.ran.err);
    assert_eq!(done.reason("bare.dcm"), "burned-in-not-found");
    assert_eq!(done.line("bare.dcm")["outcome"], "needs-review");
    let path = done.output(&place, "text.dcm");
    assert_eq!(text(&path, (0x0028, 0x0301)).as_deref(), Some("NO"));
    assert_eq!(tree(&place.path("out")).len(), 1);
}

#[test]
fn truncated_samples_never_come_out() {
    let place = Place::new();
    let ink = Ink::none(320, 256);
    let native = film(&ink, &[false, false]).bytes();
    put_bytes(&place, "in/native.dcm", &native[..native.len() - 320 * 256]);
    let coded = fragmented("plain", &odd_streams(false)).bytes();
    put_bytes(&place, "in/coded.dcm", &coded[..coded.len() - 600]);
    // Whole items, but a frame less than the header says.
    let mut few = odd_streams(false);
    few.pop();
    put_bytes(&place, "in/few.dcm", &fragmented("plain", &few).bytes());
    let done = redact(&place, "in", "out", &[]);
    for name in ["native.dcm", "coded.dcm", "few.dcm"] {
        let reason = done.reason(name);
        let named = ["truncated", "damaged", "inconsistent"].contains(&reason.as_str());
        assert!(named, "{name}: {reason}");
        assert_eq!(done.line(name)["outcome"], "failed", "{name}");
    }
    assert!(tree(&place.path("out")).is_empty());
}
