//! Every row of the support table: made objects with lettering, masked, written, and compared with what they were made from.
//!
//! A part of the cases runs always, all under `UNBURN_FULL=1`. Judges of other makers look at the outputs where they are
//! installed.

mod common;

use common::cases::{Case, Layout, MAKER, TEXT, cases};
use common::{Place, full};
use serde_json::{Value, json};
use std::fs;
use unburn::config::Limits;
use unburn::dicom::support::{Codec, EXPLICIT_BE, EXPLICIT_LE, Loss, Support, write_syntax};
use unburn::dicom::{
    BurnedInClaim, Changes, FrameOut, Object, WriteRequest, check_written, header_ops, read_bytes,
    write,
};
use unburn::frame::Frame;
use unburn::geometry::Rect;
use unburn::key::Key;
use unburn::outcome::Outcome;
use unburn::report::Identical;

/// The cases of this run: all of them, or every twenty-fourth and the first of each syntax, of floats too.
fn chosen() -> Vec<Case> {
    let all = cases();
    assert!(all.len() >= 150, "only {} cases", all.len());
    if full() {
        return all;
    }
    let mut last = Vec::new();
    let part: Vec<Case> = all
        .into_iter()
        .enumerate()
        .filter(|(i, case)| {
            let kind = (case.support.uid, case.name.contains("-float"));
            let first = !last.contains(&kind);
            last.push(kind);
            first || i % 24 == 0
        })
        .map(|(_, case)| case)
        .collect();
    common::skip(&format!(
        "most of the matrix: {} cases, UNBURN_FULL=1 runs all",
        part.len()
    ));
    part
}

/// Number of samples that differ outside `mask`.
fn differing(a: &Frame, b: &Frame, mask: &Rect) -> usize {
    let f = &a.format;
    let samples = usize::from(f.samples_per_pixel);
    (0..f.rows)
        .flat_map(|y| (0..f.cols).map(move |x| (x, y)))
        .filter(|(x, y)| !mask.contains(&Rect::new(*x, *y, 1, 1)))
        .map(|(x, y)| {
            (0..samples)
                .filter(|c| a.value(x, y, *c) != b.value(x, y, *c))
                .count()
        })
        .sum()
}

/// Whether one pixel value fills `mask`.
fn constant(frame: &Frame, mask: &Rect) -> bool {
    let pixel = |x, y| {
        let samples = usize::from(frame.format.samples_per_pixel);
        (0..samples)
            .map(|c| frame.word(x, y, c))
            .collect::<Vec<_>>()
    };
    let first = pixel(mask.x, mask.y);
    (mask.y..mask.bottom()).all(|y| (mask.x..mask.right()).all(|x| pixel(x, y) == first))
}

/// Every frame decodes to what it was made from.
fn decodes(case: &Case, object: &Object) {
    for (i, source) in case.source.iter().flatten().enumerate() {
        let frame = object
            .frame(i as u32)
            .unwrap_or_else(|e| panic!("{}: {e}", case.name));
        let nowhere = Rect::new(0, 0, 0, 0);
        assert_eq!(differing(source, &frame, &nowhere), 0, "{}", case.name);
    }
}

/// Writes the object with `mask` in one frame only; gives the file and that frame.
fn masked_in_one_frame(object: &Object, mask: &Rect) -> (Vec<u8>, unburn::dicom::Written, u32) {
    let facts = object.facts();
    let which = facts.frames / 2;
    let changes = Changes {
        masked_frames: vec![which],
        text: true,
        face: false,
        frames_written: true,
        recoded: true,
        out_syntax: write_syntax(object.support(), &facts.format, true),
        burned_in: BurnedInClaim::No,
        remove: Vec::new(),
        overlays: Vec::new(),
        claims: None,
        video_bytes: None,
    };
    let key = Key::from_content(&[b'k'; 40]).unwrap();
    let request = WriteRequest {
        deidentified: None,
        out_syntax: changes.out_syntax,
        ops: &header_ops(object, &changes, &key),
        copy_pixel_data: false,
        clear_high_bits: false,
        strip_streams: true,
        video: None,
    };
    let mut frames = |i: u32| {
        if i != which {
            return Ok(FrameOut::Kept);
        }
        let mut frame = object.frame(i)?;
        let value = frame.word(0, 0, 0);
        for y in mask.y..mask.bottom() {
            for x in mask.x..mask.right() {
                for c in 0..usize::from(frame.format.samples_per_pixel) {
                    frame.set_word(x, y, c, value);
                }
            }
        }
        Ok(FrameOut::Samples(frame))
    };
    let mut bytes = Vec::new();
    let written = write(object, &request, &mut frames, &mut bytes).unwrap();
    (bytes, written, which)
}

/// The offset table points at the frames or is empty, and there is one fragment a frame.
fn encapsulation(case: &Case, file: &[u8], frames: u32) {
    let (offsets, starts) =
        common::fragments(file).unwrap_or_else(|| panic!("{}: no items", case.name));
    assert_eq!(starts.len(), frames as usize, "{}", case.name);
    assert!(offsets.is_empty() || offsets == starts, "{}", case.name);
    let extended = [0xE0, 0x7F, 0x01, 0x00, b'O', b'V'];
    assert!(!file.windows(6).any(|w| w == extended), "{}", case.name);
}

#[test]
fn one_masked_frame_leaves_the_others_as_they_are_coded() {
    let place = Place::new();
    let path = place.path("out.dcm");
    for case in chosen() {
        let object = read_bytes(case.bytes.clone(), &Limits::default())
            .unwrap_or_else(|e| panic!("{}: {e}", case.name));
        decodes(&case, &object);
        let stale = object.carriers().stale_offset_table;
        assert_eq!(stale, case.layout == Layout::Stale, "{}", case.name);
        let out = write_syntax(object.support(), &object.facts().format, true);
        if case.support.codec == Codec::JpegDct {
            // Blocks are masked there, not samples: the test over the binary looks at it.
            continue;
        }
        assert_eq!(out, expected(&case), "{}", case.name);
        let (bytes, written, which) = masked_in_one_frame(&object, &TEXT);
        fs::write(&path, &bytes).unwrap();
        let after = check_written(&path, &object, out, &written, false, &Limits::default())
            .unwrap_or_else(|e| panic!("{}: {e}", case.name));
        for i in 0..object.facts().frames {
            let (a, b) = (object.frame(i).unwrap(), after.frame(i).unwrap());
            let mask = if i == which {
                TEXT
            } else {
                Rect::new(0, 0, 0, 0)
            };
            assert_eq!(differing(&a, &b, &mask), 0, "{}: frame {i}", case.name);
            if i == which {
                assert!(constant(&b, &TEXT), "{}", case.name);
            } else if out == case.support.uid {
                // Up to the byte that makes it even.
                let (a, b) = (
                    object.encoded_frame(i).unwrap(),
                    after.encoded_frame(i).unwrap(),
                );
                let n = a.len().min(b.len());
                assert!(
                    a[..n] == b[..n] && a.len().abs_diff(b.len()) < 2,
                    "{}",
                    case.name
                );
            }
        }
        let encapsulated = Support::of(out).unwrap().encapsulated();
        if encapsulated {
            encapsulation(&case, &bytes, object.facts().frames);
        }
    }
}

/// The syntax in which a masked case has to come out, said independently of the table.
fn expected(case: &Case) -> &'static str {
    match case.support.codec {
        _ if case.support.uid == EXPLICIT_BE => EXPLICIT_LE,
        _ => case.support.uid,
    }
}

const TEMPLATE: &str = "[[template]]\nname = \"matrix\"\nmatch = { manufacturer = \"MAKER\" }\nmask = [[8, 8, 40, 16]]\n";

#[test]
fn the_program_masks_every_case_by_a_template() {
    let place = Place::new();
    fs::write(
        place.path("templates.toml"),
        TEMPLATE.replace("MAKER", MAKER),
    )
    .unwrap();
    fs::create_dir(place.path("in")).unwrap();
    let cases = chosen();
    for case in &cases {
        fs::write(place.path(format!("in/{}.dcm", case.name)), &case.bytes).unwrap();
    }
    let more = [
        "--templates",
        "templates.toml",
        "--device",
        "cpu",
        "--margin",
        "0",
        "--grid",
        "1",
        "--large-mask-percent",
        "100",
    ];
    let done = place.redact(&[place.path("in")], "out", &more);
    assert_eq!(done.ran.code, 0, "{}", done.ran.err);
    let mut jobs = Vec::new();
    for case in &cases {
        let name = format!("{}.dcm", case.name);
        let report = done.file(&name);
        assert_eq!(
            report.outcome,
            Outcome::Masked,
            "{name}: {:?}",
            report.detail
        );
        let syntaxes = report.transfer_syntax.as_ref().unwrap();
        let out = syntaxes.out.as_deref().unwrap();
        let dct = case.support.codec == Codec::JpegDct;
        assert!(dct || out == expected(case), "{name}: {out}");
        let (from, to) = (place.path(format!("in/{name}")), done.out.join(&name));
        let in_its_domain =
            report.pixels.as_ref().map(|p| p.outside_identical) == Some(Identical::Coefficients);
        if !in_its_domain {
            same_outside(case, &fs::read(&to).unwrap(), &report);
        }
        let mut job = json!({
            "original": from, "redacted": to, "masks": common::masks(&report),
            "in_its_domain": in_its_domain,
        });
        if matches!(case.layout, Layout::Stale | Layout::PartsPlain)
            && let Some(source) = &case.source
        {
            // Without a table that tells the truth the judge cannot read the original.
            let path = place.path(format!("{}.source", case.name));
            fs::write(&path, values(source)).unwrap();
            job["source"] = json!(path);
        }
        if full() || jobs.len().is_multiple_of(6) {
            other_tools(&place, &name, out);
        }
        jobs.push(job);
    }
    judge(&place, &cases, &jobs);
}

/// What GDCM has a decoder for.
const GDCM: [&str; 10] = [
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.91",
];

/// dcmtk reads the output to its end, GDCM decodes it, dicom3tools finds no error that the input lacked.
fn other_tools(place: &Place, name: &str, out: &str) {
    let (from, to) = (
        place.path(format!("in/{name}")),
        place.path(format!("out/{name}")),
    );
    if let Some(mut dump) = common::tool("dcmdump") {
        let ran = common::finish(dump.arg("-q").arg(&to));
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "dcmdump: {name}");
    }
    if GDCM.contains(&out)
        && let Some(mut convert) = common::tool("gdcmconv")
    {
        let raw = place.path("raw.dcm");
        let ran = common::finish(convert.arg("--raw").arg(&to).arg(&raw));
        // Shapes that GDCM does not take from anybody are no fault of the output.
        if ran.code != 0
            && let Some(mut convert) = common::tool("gdcmconv")
        {
            let before = common::finish(convert.arg("--raw").arg(&from).arg(&raw));
            assert_ne!(before.code, 0, "gdcmconv: {name}: {}", ran.err);
        }
    }
    // It does not inflate: what it says of deflated data sets is noise, of the input too.
    if out == unburn::dicom::support::DEFLATED {
        return;
    }
    if let (Some(before), Some(after)) = (common::iod_errors(&from), common::iod_errors(&to)) {
        let new: Vec<_> = after.iter().filter(|e| !before.contains(e)).collect();
        assert!(new.is_empty(), "dciodvfy: {name}: {new:?}");
    }
}

/// What the report says of the masks holds for the samples, by the product's decoders.
fn same_outside(case: &Case, file: &[u8], report: &unburn::report::FileReport) {
    let limits = Limits::default();
    let before = read_bytes(case.bytes.clone(), &limits).unwrap();
    let after = read_bytes(file.to_vec(), &limits).unwrap();
    for i in 0..before.facts().frames {
        let (a, mut b) = (before.frame(i).unwrap(), after.frame(i).unwrap());
        assert!(constant(&b, &TEXT), "{}: frame {i}", case.name);
        let masks = report.boxes.iter().filter(|m| {
            m.action == unburn::plan::Action::Mask && (m.frames.0..=m.frames.1).contains(&i)
        });
        let mut covered = false;
        for m in masks {
            covered |= m.rect.contains(&TEXT);
            for y in m.rect.y..m.rect.bottom() {
                for x in m.rect.x..m.rect.right() {
                    for c in 0..usize::from(a.format.samples_per_pixel) {
                        b.set_word(x, y, c, a.word(x, y, c));
                    }
                }
            }
        }
        assert!(covered, "{}: frame {i}", case.name);
        let nowhere = Rect::new(0, 0, 0, 0);
        assert_eq!(differing(&a, &b, &nowhere), 0, "{}: frame {i}", case.name);
    }
    let lossy = case.support.loss == Loss::Yes || case.source.is_none();
    let told = file
        .windows(10)
        .any(|w| w == *b"\x28\0\x10\x21CS\x02\x0001");
    let deflated = case.support.uid == unburn::dicom::support::DEFLATED;
    assert!(deflated || !lossy || told, "{}: lossy history", case.name);
}

/// Decoders that share nothing with the product.
fn judge(place: &Place, cases: &[Case], jobs: &[Value]) {
    let Some(answers) = common::ask(place, "compare.py", &Value::Array(jobs.to_vec())) else {
        return;
    };
    let mut undecoded = Vec::new();
    for ((case, job), answer) in cases.iter().zip(jobs).zip(answers.as_array().unwrap()) {
        let name = &case.name;
        assert_eq!(answer["offsets_right"], true, "{name}");
        let no_table = matches!(case.layout, Layout::Stale | Layout::PartsPlain);
        if answer.get("error").is_some() && !(no_table && case.source.is_none()) {
            undecoded.push(format!("{name}: {}", answer["error"]));
        }
        if answer.get("error").is_some() {
            continue;
        }
        assert_eq!(answer["shape"], true, "{name}");
        if job["in_its_domain"] == false {
            assert_eq!(answer["fills"], 1, "{name}");
            let limit = if case.support.codec == Codec::JpegDct {
                4
            } else {
                0
            };
            let most = answer["outside_max"].as_i64().unwrap();
            assert!(most <= limit, "{name}: {most}");
        }
    }
    // What pydicom's plugins have no decoder for.
    undecoded.retain(|n| !unjudged(n));
    assert!(
        undecoded.is_empty(),
        "not decoded by pydicom: {undecoded:#?}"
    );
}

/// No plugin of pydicom decodes JPEG XL; `codec_judges.rs` has libjxl look at every shape of it.
fn unjudged(name: &str) -> bool {
    name.starts_with("2.4.110-") || name.starts_with("2.4.112-")
}

/// Stored values of all frames as 64-bit numbers, interleaved.
fn values(frames: &[Frame]) -> Vec<u8> {
    let mut out = Vec::new();
    for frame in frames {
        let f = frame.format;
        for y in 0..f.rows {
            for x in 0..f.cols {
                for c in 0..usize::from(f.samples_per_pixel) {
                    out.extend(frame.value(x, y, c).to_le_bytes());
                }
            }
        }
    }
    out
}
