//! JPEG of every shape, masked in its coefficients by the whole binary, and what decoders from outside say about it.

mod common;

use common::{Place, ask, finish, iod_errors, masks, python, samples, tool};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use unburn::config::Limits;
use unburn::outcome::Outcome;
use unburn::report::Identical;

/// Made objects, and which of them can be masked in their coefficients.
fn made(place: &Place) -> Option<Vec<(String, bool)>> {
    python("make_jpegs.py")?;
    let probe = Command::new("python3")
        .args(["-c", "import cv2, PIL"])
        .output();
    if !probe.is_ok_and(|o| o.status.success()) {
        common::missing_judge("python3 with OpenCV and Pillow");
        return None;
    }
    fs::create_dir(place.path("in")).unwrap();
    let jobs = json!({
        "samples": samples(),
        "out": place.path("in"),
        "streams": [["several-scans", several_scans(place)]],
        "all": common::full(),
    });
    let list = ask(place, "make_jpegs.py", &jobs)?;
    let entry = |v: &Value| {
        let name = v["file"].as_str().unwrap().to_owned();
        (name, v["blocks"].as_bool().unwrap())
    };
    Some(list.as_array().unwrap().iter().map(entry).collect())
}

/// A sequential stream with a scan for each component, as no encoder of the judges writes it.
fn several_scans(place: &Place) -> PathBuf {
    use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
    let object = unburn::dicom::read(&samples().join("us_rgb.dcm"), &Limits::default()).unwrap();
    let frame = object.frame(0).unwrap();
    let (w, h) = (frame.format.cols as u16, frame.format.rows as u16);
    let mut coded = Vec::new();
    let mut encoder = Encoder::new(&mut coded, 85);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.set_optimized_huffman_tables(true);
    encoder.encode(&frame.data, w, h, ColorType::Rgb).unwrap();
    let scans = coded.windows(2).filter(|m| *m == [0xff, 0xda]).count();
    assert_eq!(scans, 3);
    let path = place.path("several-scans.jpg");
    fs::write(&path, coded).unwrap();
    path
}

#[test]
fn every_shape_is_masked_in_its_coefficients_and_decoders_agree() {
    let place = Place::new();
    let Some(made) = made(&place) else {
        return;
    };
    untouched_streams_come_back(&place, &made);
    // Policy `all` holds nothing for its markers.
    let more = ["--policy", "all", "--device", "cpu"];
    let redacted = place.redact(&["in"], "out", &more);
    assert_eq!(redacted.ran.code, 0, "{}", redacted.ran.err);
    let mut jobs = Vec::new();
    let mut names = Vec::new();
    for (name, blocks) in &made {
        let report = redacted.file(name);
        assert_eq!(report.outcome, Outcome::Masked, "{name}");
        let syntaxes = report.transfer_syntax.as_ref().unwrap();
        let (said, kept) = (
            report.pixels.as_ref().unwrap().outside_identical,
            syntaxes.out.as_ref() == Some(&syntaxes.input),
        );
        let in_blocks = said == Identical::Coefficients;
        assert_eq!((in_blocks, kept), (*blocks, *blocks), "{name}");
        let decoded = report.warnings.iter().any(|w| w == "jpeg_decoded");
        assert_eq!(decoded, !in_blocks, "{name}");
        if !in_blocks {
            assert_eq!(said, Identical::Samples, "{name}");
            let explicit = unburn::dicom::support::EXPLICIT_LE;
            assert_eq!(syntaxes.out.as_deref(), Some(explicit), "{name}");
            continue;
        }
        let grown = |b: &&unburn::report::BoxReport| b.before_codec.is_some();
        assert!(report.boxes.iter().any(|b| grown(&b)), "{name}");
        jobs.push(json!({
            "original": place.path("in").join(name),
            "redacted": redacted.out.join(name),
            "masks": masks(&report),
        }));
        names.push(name);
    }
    assert!(names.len() >= 30, "{}", names.len());
    let Some(answers) = ask(&place, "jpeg_blocks.py", &Value::from(jobs)) else {
        return;
    };
    for (name, said) in names.iter().zip(answers.as_array().unwrap()) {
        assert_eq!(said["error"], Value::Null, "{name}");
        assert_eq!(said["aligned"], true, "{name}: {said}");
        assert_eq!(said["tables_kept"], true, "{name}: {said}");
        assert_eq!(said["text_segments"], 0, "{name}: {said}");
        assert!(said["masked"].as_u64().unwrap() > 3000, "{name}: {said}");
        for figures in [said, &said["turbo"]] {
            if figures.is_null() && name.contains("12") {
                continue;
            }
            for outside in ["first_outside", "other_outside"] {
                assert_eq!(figures[outside], 0, "{name}: {said}");
            }
            let white = name.starts_with("inverse");
            let first = if white { 255 } else { 0 };
            assert_eq!(figures["first_inside"], json!([first]), "{name}: {said}");
            let others = match name.as_str() {
                n if n.starts_with("grey") || white => json!([]),
                n if n.starts_with("rgb") => json!([0]),
                n if n.starts_with("ybr12") => json!([2048]),
                _ => json!([128]),
            };
            assert_eq!(figures["other_inside"], others, "{name}: {said}");
        }
    }
    for name in names {
        let (original, copy) = (place.path("in").join(name), redacted.out.join(name));
        if let Some(before) = iod_errors(&original) {
            let new = iod_errors(&copy).unwrap();
            let new: Vec<_> = new.iter().filter(|e| !before.contains(e)).collect();
            assert!(new.is_empty(), "{name}: {new:?}");
        }
        if let Some(mut decode) = tool("dcmdjpeg") {
            let ran = finish(decode.arg("-q").arg(&copy).arg(place.path("raw.dcm")));
            assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{name}");
        }
    }
    for name in [
        "ybr420-plain.dcm",
        "ybr420-progressive.dcm",
        "grey-plain.dcm",
    ] {
        let (original, copy) = (place.path("in").join(name), redacted.out.join(name));
        let args = ["verify", "--json", "--policy", "all", "--device", "cpu"].map(PathBuf::from);
        let ran = place.run(&[&args[..], &[original, copy]].concat());
        let said = &common::json_lines(&ran.out)[0];
        assert_eq!(said["outside_identical"], "coefficients", "{name}: {said}");
        assert_eq!(said["verify"]["inside_constant"], true, "{name}: {said}");
    }
}

/// Streams of the judges' encoders, taken apart and put together again, are the same to the last byte.
fn untouched_streams_come_back(place: &Place, made: &[(String, bool)]) {
    use unburn::codec::jpeg::Coefficients;
    for (name, _) in made.iter().filter(|(n, _)| n != "quantiser-again.dcm") {
        let object = unburn::dicom::read(&place.path("in").join(name), &Limits::default()).unwrap();
        for i in 0..object.facts().frames {
            let coded = object.encoded_frame(i).unwrap();
            let image = Coefficients::read(&coded, 1 << 24).unwrap();
            let written = image.write().unwrap();
            assert!(coded.starts_with(&written), "{name}");
            assert!(coded.len() - written.len() <= 6, "{name}");
        }
    }
}

/// A copy in which one block beside the masks was changed as well is found out.
#[test]
fn a_block_changed_beside_the_masks_is_found_out() {
    use unburn::codec::jpeg::Coefficients;
    use unburn::geometry::Rect;
    let place = Place::new();
    let file = samples().join("us_jpeg.dcm");
    let redacted = place.redact(&[&file], "out", &["--device", "cpu"]);
    let copy = redacted.out.join("us_jpeg.dcm");
    let bytes = fs::read(&copy).unwrap();
    let at = bytes
        .windows(3)
        .rposition(|m| m == [0xff, 0xd8, 0xff])
        .unwrap();
    let mut image = Coefficients::read(&bytes[at..], 1 << 22).unwrap();
    let grown = image
        .mask_blocks(&[Rect::new(320, 300, 1, 1)], [77, 128, 128])
        .or_else(|_| image.mask_blocks(&[Rect::new(320, 300, 1, 1)], [255, 128, 128]))
        .unwrap();
    assert_eq!(grown.len(), 1);
    let mut stream = image.write().unwrap();
    stream.resize(stream.len() + stream.len() % 2, 0);
    let mut bad = bytes[..at - 4].to_vec();
    bad.extend((stream.len() as u32).to_le_bytes());
    bad.extend(stream);
    bad.extend([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0]);
    let changed = place.path("changed.dcm");
    fs::write(&changed, bad).unwrap();
    let verify = |other: &PathBuf| {
        let args = ["verify", "--json", "--device", "cpu"].map(PathBuf::from);
        let ran = place.run(&[&args[..], &[file.clone(), other.clone()]].concat());
        common::json_lines(&ran.out)[0].clone()
    };
    assert_eq!(verify(&copy)["outside_identical"], "coefficients");
    let said = verify(&changed);
    assert_eq!(said["outside_identical"], false, "{said}");
    assert_eq!(said["reason"], "outside-changed", "{said}");
}
