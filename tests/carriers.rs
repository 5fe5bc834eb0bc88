//! Everything beside plain samples that can carry a picture or a text, one object each, through the whole program: what is
//! hidden there is gone from the copy, and the report counts it. And floats, which are searched like any other samples.

mod common;

use common::objects::{E, Form, Pixels, Sample, sequence, text, us};
use common::pictures::{draw, format};
use common::{Place, Redacted, samples};
use std::fs;
use unburn::config::Limits;
use unburn::dicom::support::{Codec, RLE};
use unburn::dicom::{encode_frame, read};
use unburn::frame::Frame;
use unburn::geometry::Rect;
use unburn::outcome::Outcome;
use unburn::plan::Action;

/// What is hidden, so that one look over the bytes of a copy finds it wherever it lies.
const HIDDEN: &[u8; 16] = b"HIDDEN-PICTURE-7";
const ROWS: u16 = 24;
const COLS: u16 = 32;

/// A picture without text, in words of 16 bits of which 12 are stored.
fn plain() -> Sample {
    let data: Vec<u8> = (0..ROWS * COLS)
        .flat_map(|i| (900 + i % COLS * 3).to_le_bytes())
        .collect();
    Sample::new(ROWS, COLS, 1, (16, 12), "MONOCHROME2").native(data)
}

/// Bits that spell [`HIDDEN`] again and again.
fn bitmap(frames: usize) -> Vec<u8> {
    let bytes = usize::from(ROWS) * usize::from(COLS) / 8 * frames;
    HIDDEN.iter().copied().cycle().take(bytes).collect()
}

/// An overlay group of this type with a bitmap of its own.
fn overlay(s: Sample, group: u16, kind: &str, frames: u16) -> Sample {
    s.with(group, 0x0010, "US", us(ROWS))
        .with(group, 0x0011, "US", us(COLS))
        .with(group, 0x0015, "IS", text(&frames.to_string()))
        .with(group, 0x0022, "LO", HIDDEN.to_vec())
        .with(group, 0x0040, "CS", text(kind))
        .with(
            group,
            0x0050,
            "SS",
            [1_u16, 1].iter().flat_map(|v| v.to_le_bytes()).collect(),
        )
        .with(group, 0x0051, "US", us(1))
        .with(group, 0x0100, "US", us(1))
        .with(group, 0x0102, "US", us(0))
        .with(group, 0x1500, "LO", HIDDEN.to_vec())
        .with(group, 0x3000, "OW", bitmap(usize::from(frames)))
}

/// The elements of a small picture.
fn icon_elements() -> Vec<E> {
    vec![
        (0x0028, 0x0002, "US", us(1)),
        (0x0028, 0x0004, "CS", text("MONOCHROME2")),
        (0x0028, 0x0010, "US", us(4)),
        (0x0028, 0x0011, "US", us(4)),
        (0x0028, 0x0100, "US", us(8)),
        (0x0028, 0x0101, "US", us(8)),
        (0x0028, 0x0102, "US", us(7)),
        (0x0028, 0x0103, "US", us(0)),
        (0x7FE0, 0x0010, "OB", HIDDEN.to_vec()),
    ]
}

fn items(of: Vec<E>) -> Vec<u8> {
    sequence(&[of], Form::Explicit, true)
}

/// Objects with the kind and number that the report must name.
fn objects() -> Vec<(&'static str, Sample, &'static str, u32)> {
    let icon = || (0x0088, 0x0200, "SQ", items(icon_elements()));
    let pixels = (0x7FE0, 0x0010, "OB", HIDDEN.to_vec());
    let floats = (0x7FE0, 0x0008, "OF", HIDDEN.to_vec());
    let private = |inner: Vec<E>| {
        plain()
            .with(0x0009, 0x0010, "LO", text("MAKER"))
            .with(0x0009, 0x1001, "SQ", items(inner))
    };
    let mut in_bits = plain();
    if let Pixels::Native(data) = &mut in_bits.pixels {
        for (i, word) in data.chunks_exact_mut(2).enumerate() {
            let bit = HIDDEN[i / 8 % HIDDEN.len()] >> (i % 8) & 1;
            word[1] |= bit << 7;
        }
    }
    let embedded =
        in_bits
            .clone()
            .with(0x6000, 0x0100, "US", us(16))
            .with(0x6000, 0x0102, "US", us(15));
    let mut loops = plain().frames("3");
    if let Pixels::Native(data) = &mut loops.pixels {
        *data = data.repeat(3);
    }
    let mut behind = plain();
    if let Pixels::Native(data) = &mut behind.pixels {
        data.extend(HIDDEN);
    }
    vec![
        ("graphics", overlay(plain(), 0x6000, "G", 1), "overlay", 1),
        ("region", overlay(plain(), 0x601E, "R", 1), "overlay", 1),
        ("loop", overlay(loops, 0x6002, "G", 3), "overlay", 1),
        (
            "several",
            overlay(overlay(plain(), 0x6000, "R", 1), 0x60FE, "G", 1),
            "overlay",
            2,
        ),
        ("embedded", embedded, "overlay", 1),
        ("bits", in_bits, "high-bits", 1),
        (
            "overlay-in-item",
            private(vec![(0x6000, 0x3000, "OW", bitmap(1))]),
            "overlay",
            1,
        ),
        (
            "icon",
            plain().with(0x0088, 0x0200, "SQ", items(icon_elements())),
            "icon",
            1,
        ),
        (
            "icon-in-item",
            plain().with(0x0008, 0x1140, "SQ", items(vec![icon()])),
            "icon",
            1,
        ),
        ("icon-in-private-item", private(vec![icon()]), "icon", 1),
        (
            "pixels-in-item",
            plain().with(0x0008, 0x1140, "SQ", items(vec![pixels.clone()])),
            "nested-pixel-data",
            1,
        ),
        (
            "pixels-in-private-item",
            private(vec![(0x0009, 0x1002, "SQ", items(vec![pixels]))]),
            "nested-pixel-data",
            1,
        ),
        (
            "floats-in-private-item",
            private(vec![floats]),
            "nested-pixel-data",
            1,
        ),
        (
            "private-thumbnail",
            private(vec![(0x0009, 0x1005, "OB", hidden_jpeg())]),
            "private-binary",
            1,
        ),
        (
            "private-bare-picture",
            plain()
                .with(0x0009, 0x0010, "LO", text("MAKER"))
                .with(0x0009, 0x1005, "UN", bare_picture())
                .with(0x0009, 0x1006, "OW", bare_picture()),
            "private-binary",
            2,
        ),
        (
            "curve",
            plain().with(0x5000, 0x3000, "OW", HIDDEN.to_vec()),
            "curve",
            1,
        ),
        ("behind-the-frames", behind, "trailing-bytes", 1),
        ("comment", jpeg(true, false), "comment", 1),
        ("behind-the-stream", jpeg(false, true), "bytes-after-end", 1),
    ]
}

/// The beginning of a JPEG file, with something in it.
fn hidden_jpeg() -> Vec<u8> {
    [&b"\xFF\xD8\xFF\xE0"[..], HIDDEN].concat()
}

/// Samples of 64 × 32 pixels without a head.
fn bare_picture() -> Vec<u8> {
    let noise = (0..2048_u32).map(|i| (i * 31 % 253) as u8 | 0x80);
    HIDDEN.iter().copied().chain(noise).collect()
}

#[test]
fn what_cannot_be_a_picture_stays_with_the_header() {
    let place = Place::new();
    fs::create_dir(place.path("in")).unwrap();
    let long = "a maker's remark; ".repeat(80);
    let named = [&b"SV10\x04\x03\x02\x01"[..], &[0xEE; 2000]].concat();
    let private = [
        (0x1001, "UN", text("short")),
        (0x1002, "UN", long.into_bytes()),
        (0x1003, "OB", named),
        (0x1004, "OB", vec![0x9A; 600]),
    ];
    let mut sample = plain().with(0x0029, 0x0010, "LO", text("MAKER"));
    for (element, vr, value) in private.clone() {
        sample = sample.with(0x0029, element, vr, value);
    }
    fs::write(place.path("in/a.dcm"), sample.bytes()).unwrap();
    let done = place.redact(&[place.path("in")], "out", &["--device", "cpu"]);
    assert_eq!(done.ran.code, 0, "{}", done.ran.err);
    assert!(done.file("a.dcm").carriers.is_empty());
    let bytes = fs::read(done.out.join("a.dcm")).unwrap();
    for (element, _, value) in private {
        let there = bytes.windows(value.len()).any(|w| w == value);
        assert!(there, "{element:04X}");
    }
}

/// Two JPEG frames; the second, which nobody masks, has more in it than its picture.
fn jpeg(comment: bool, behind: bool) -> Sample {
    let pixels: Vec<u8> = (0..u32::from(ROWS) * u32::from(COLS))
        .map(|i| (60 + i % 32) as u8)
        .collect();
    let mut clean = Vec::new();
    jpeg_encoder::Encoder::new(&mut clean, 90)
        .encode(&pixels, COLS, ROWS, jpeg_encoder::ColorType::Luma)
        .unwrap();
    let mut dirty = clean.clone();
    if comment {
        for marker in [0xFE, 0xE1, 0xED] {
            let mut segment = vec![0xFF, marker, 0, 18];
            segment.extend(HIDDEN);
            dirty.splice(2..2, segment);
        }
    }
    if behind {
        dirty.extend(HIDDEN);
    }
    for stream in [&mut clean, &mut dirty] {
        if stream.len() % 2 == 1 {
            stream.push(0);
        }
    }
    Sample::new(ROWS, COLS, 1, (8, 8), "MONOCHROME2")
        .frames("2")
        .items("1.2.840.10008.1.2.4.50", &[&[], &clean, &dirty])
}

#[test]
fn what_is_hidden_beside_the_samples_is_gone_and_counted() {
    let place = Place::new();
    fs::create_dir(place.path("in")).unwrap();
    let objects = objects();
    for (name, sample, ..) in &objects {
        let mut bytes = sample.bytes();
        if *name == "graphics" {
            // A preamble and bytes behind the data set, as well.
            bytes[..16].copy_from_slice(HIDDEN);
            bytes.extend([0; 6]);
        }
        fs::write(place.path(format!("in/{name}.dcm")), bytes).unwrap();
    }
    let done = place.redact(&[place.path("in")], "out", &["--device", "cpu"]);
    assert_eq!(done.ran.code, 0, "{}", done.ran.err);
    for (name, sample, kind, count) in &objects {
        let report = done.file(&format!("{name}.dcm"));
        assert_eq!(
            report.outcome,
            Outcome::Clean,
            "{name}: {:?}",
            report.detail
        );
        let said: Vec<(&str, u32)> = report
            .carriers
            .iter()
            .map(|c| (c.kind.as_str(), c.count))
            .collect();
        assert!(said.contains(&(*kind, *count)), "{name}: {said:?}");
        if *name == "graphics" {
            assert!(said.contains(&("preamble", 1)), "{said:?}");
        }
        let (from, to) = (
            read(&place.path(format!("in/{name}.dcm")), &Limits::default()).unwrap(),
            read(&done.out.join(format!("{name}.dcm")), &Limits::default()).unwrap(),
        );
        let bytes = fs::read(done.out.join(format!("{name}.dcm"))).unwrap();
        let left = bytes.windows(HIDDEN.len()).any(|w| w == HIDDEN);
        assert!(!left, "{name}: what was hidden is still there");
        assert_eq!(to.carriers().nested, Default::default(), "{name}");
        for i in 0..from.facts().frames {
            let (a, b) = (from.frame(i).unwrap(), to.frame(i).unwrap());
            assert!(same_values(&a, &b), "{name}: frame {i}");
            if sample
                .elements
                .iter()
                .any(|e| (e.0, e.1) == (0x0028, 0x0101))
                && a.format.bits_stored == 12
            {
                assert!(
                    b.data.chunks_exact(2).all(|w| w[1] & 0xF0 == 0),
                    "{name}: high bits"
                );
            }
        }
    }
}

fn same_values(a: &Frame, b: &Frame) -> bool {
    (0..a.format.rows).all(|y| (0..a.format.cols).all(|x| a.value(x, y, 0) == b.value(x, y, 0)))
}

/// The stored values of a sample's only frame, its size, and where names stand in it.
fn lettered() -> (Vec<u32>, u32, u32, Vec<Rect>) {
    let file = common::truth();
    let sample = file.files.iter().find(|f| f.file == "ct_dose.dcm").unwrap();
    let object = read(&samples().join(&sample.file), &Limits::default()).unwrap();
    let frame = object.frame(0).unwrap();
    let f = frame.format;
    let values = (0..f.rows)
        .flat_map(|y| (0..f.cols).map(move |x| (x, y)))
        .map(|(x, y)| frame.value(x, y, 0) as u32)
        .collect();
    let phi = sample.lines.iter().filter(|l| l.is_phi());
    let places = phi.map(|l| Rect::new(l.rect[0], l.rect[1], l.rect[2], l.rect[3]));
    (values, f.cols, f.rows, places.collect())
}

/// The part of each place that masks cover, the least of them, in percent.
fn least_covered(done: &Redacted, name: &str, places: &[Rect]) -> u64 {
    let report = done.file(name);
    assert_eq!(
        report.outcome,
        Outcome::Masked,
        "{name}: {:?}",
        report.detail
    );
    let covered = |p: &Rect| {
        let masks = report.boxes.iter().filter(|b| b.action == Action::Mask);
        let inside: Vec<Rect> = masks.map(|b| b.rect.intersect(p)).collect();
        unburn::geometry::union_area(&inside) * 100 / p.area()
    };
    places.iter().map(covered).min().unwrap()
}

#[test]
fn text_in_floats_is_found_and_masked_whatever_numbers_it_is_drawn_with() {
    let (values, cols, rows, places) = lettered();
    let top = *values.iter().max().unwrap();
    let ink = |v: u32| v > top / 2;
    type Number<'a> = dyn Fn(u32) -> f64 + 'a;
    let scaled: &Number<'_> = &|v| f64::from(v) * 1e-7 - 3.0;
    let missing: &Number<'_> = &|v| if ink(v) { f64::NAN } else { 0.25 };
    let endless: &Number<'_> = &|v| if ink(v) { f64::INFINITY } else { -1.0 };
    let padded: &Number<'_> = &|v| if ink(v) { -3e38 } else { 0.25 };
    let place = Place::new();
    let cases = [
        ("scaled", scaled),
        ("nan", missing),
        ("inf", endless),
        ("padding", padded),
    ];
    let mut inputs = Vec::new();
    for (name, number) in cases {
        for bits in [32, 64] {
            let data: Vec<u8> = values
                .iter()
                .flat_map(|v| match bits {
                    64 => number(*v).to_le_bytes().to_vec(),
                    _ => (number(*v) as f32).to_le_bytes().to_vec(),
                })
                .collect();
            // A parametric map, the class that has such samples.
            let class = text("1.2.840.10008.5.1.4.1.1.30");
            let mut s = Sample::float(rows as u16, cols as u16, bits, data)
                .with(0x0008, 0x0016, "UI", class);
            if name == "padding" {
                s = match bits {
                    64 => s.with(0x0028, 0x0123, "FD", (-3e38_f64).to_le_bytes().to_vec()),
                    _ => s.with(0x0028, 0x0122, "FL", (-3e38_f32).to_le_bytes().to_vec()),
                };
            }
            let path = place.path(format!("{name}-{bits}.dcm"));
            fs::write(&path, s.bytes()).unwrap();
            inputs.push(path);
        }
    }
    let done = place.redact(&inputs, "out", &["--device", "cpu", "--policy", "all"]);
    assert_eq!(done.ran.code, 0, "{}", done.ran.err);
    let mut jobs = Vec::new();
    for path in &inputs {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(least_covered(&done, name, &places) >= 95, "{name}");
        let report = done.file(name);
        let to = done.out.join(name);
        jobs.push(
            serde_json::json!({"original": path, "redacted": to, "masks": common::masks(&report)}),
        );
    }
    let Some(answers) = common::ask(&place, "compare.py", &serde_json::Value::Array(jobs)) else {
        return;
    };
    for (path, said) in inputs.iter().zip(answers.as_array().unwrap()) {
        let told = (&said["outside_max"], &said["fills"], &said["shape"]);
        assert_eq!(
            told,
            (&0.into(), &1.into(), &true.into()),
            "{}: {said}",
            path.display()
        );
    }
}

#[test]
fn without_the_union_only_frames_with_text_are_coded_anew() {
    const FRAMES: u32 = 100;
    let (values, width, _, places) = lettered();
    let first = places[0];
    let top = *values.iter().max().unwrap();
    let (rows, cols) = (64_u32, 256_u32);
    let plain = format(rows, cols, 1, 8);
    let lettered_frames = [40, 41, 77];
    let frame = |i: u32| {
        let mut frame = draw(plain, |x, y, _| 10 + x / 8 + y / 4 + i);
        for y in 0..first.h + 4 {
            for x in 0..first.w + 4 {
                let v = values[((first.y - 2 + y) * width + first.x - 2 + x) as usize];
                if lettered_frames.contains(&i) && v > top / 2 {
                    frame.set_word(24 + x, 20 + y, 0, 255);
                }
            }
        }
        frame
    };
    let streams: Vec<Vec<u8>> = (0..FRAMES)
        .map(|i| encode_frame(Codec::Rle, &frame(i), &plain).unwrap())
        .map(|mut s| {
            s.resize(s.len().next_multiple_of(2), 0);
            s
        })
        .collect();
    let mut list: Vec<&[u8]> = vec![&[]];
    list.extend(streams.iter().map(Vec::as_slice));
    let sample = Sample::new(rows as u16, cols as u16, 1, (8, 8), "MONOCHROME2")
        .frames(&FRAMES.to_string())
        .items(RLE, &list);
    let place = Place::new();
    fs::write(place.path("loop.dcm"), sample.bytes()).unwrap();
    let mut more = vec!["--device", "cpu", "--cine-union", "off", "--policy", "all"];
    more.extend(["--large-mask-percent", "100"]);
    let done = place.redact(&[place.path("loop.dcm")], "out", &more);
    let report = done.file("loop.dcm");
    let said = format!("{:?} {:?}", report.reason, report.detail);
    assert_eq!(report.outcome, Outcome::Masked, "{said}");
    let limits = Limits::default();
    let before = read(&place.path("loop.dcm"), &limits).unwrap();
    let after = read(&done.out.join("loop.dcm"), &limits).unwrap();
    let changed: Vec<u32> = (0..FRAMES)
        .filter(|i| before.encoded_frame(*i).unwrap() != after.encoded_frame(*i).unwrap())
        .collect();
    assert_eq!(changed, lettered_frames);
}
