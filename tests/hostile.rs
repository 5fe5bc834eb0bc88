//! Damaged files: a named outcome, nothing in the output folder, and the others go on.

mod common;

use common::{Place, full, samples, tree, truth};
use std::fs;
use std::path::Path;
use unburn::outcome::Outcome;

/// The good file that must come out whatever lies beside it.
const GOOD: &str = "good.dcm";

/// Runs a folder of damaged files and one good one; returns the report after the checks that hold for all of them.
fn run(place: &Place) -> common::Redacted {
    fs::copy(samples().join("odd/IM000001"), place.path("in").join(GOOD)).unwrap();
    let redacted = place.redact(&["in"], "out", &["--device", "cpu"]);
    let code = redacted.ran.code;
    assert!(
        code == 0 || code == 3,
        "exit code {code}:\n{}",
        redacted.ran.err
    );
    assert!(
        !redacted.ran.err.contains("panicked"),
        "{}",
        redacted.ran.err
    );
    assert_eq!(redacted.file(GOOD).outcome, Outcome::Clean);
    let files = redacted.files();
    assert_eq!(files.len(), tree(&place.path("in")).len());
    let mut written: Vec<_> = files
        .iter()
        .filter(|f| f.outcome.is_written())
        .map(|f| Path::new(&f.input).file_name().unwrap().to_owned())
        .map(std::path::PathBuf::from)
        .collect();
    written.sort();
    assert_eq!(tree(&redacted.out), written);
    for f in &files {
        let named = f.outcome.is_written() || f.reason.is_some();
        assert!(named, "{}: no reason", f.input);
        assert_ne!(f.reason.as_deref(), Some("internal"), "{}", f.input);
    }
    redacted
}

/// Where the value of the last element (7FE0,0010) of a file starts.
fn pixel_data(bytes: &[u8]) -> usize {
    let tag = [0xe0, 0x7f, 0x10, 0x00, b'O'];
    let at = bytes.windows(5).rposition(|w| w == tag).unwrap();
    at + 12
}

#[test]
fn no_prefix_of_a_sample_comes_out() {
    let place = Place::new();
    fs::create_dir(place.path("in")).unwrap();
    for f in truth().files {
        let bytes = fs::read(samples().join(&f.file)).unwrap();
        let (pixels, end) = (pixel_data(&bytes), bytes.len());
        let mut cuts = vec![
            1,
            100,
            131,
            132,
            140,
            200,
            pixels / 2,
            pixels - 12,
            pixels - 1,
            pixels,
        ];
        cuts.extend([
            pixels + 1,
            pixels + 9,
            (pixels + end) / 2,
            end - 100,
            end - 9,
            end - 1,
        ]);
        if full() {
            cuts.extend((1..40).map(|i| end * i / 40));
        }
        for cut in cuts {
            let name = format!("{}-{cut:08}", f.file);
            fs::write(place.path("in").join(name), &bytes[..cut]).unwrap();
        }
    }
    let redacted = run(&place);
    assert_eq!(redacted.ran.code, 3);
    let wrong: Vec<_> = redacted
        .files()
        .into_iter()
        .filter(|f| !f.input.ends_with(GOOD))
        .filter(|f| {
            !matches!(
                f.outcome,
                Outcome::Failed | Outcome::Skipped | Outcome::Quarantined
            )
        })
        .map(|f| f.input)
        .collect();
    assert!(wrong.is_empty(), "cut files came out: {wrong:?}");
}

/// A small generator for places and bits (xorshift), so that a failure can be repeated.
fn chance(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 16) as usize
}

#[test]
fn flipped_bits_never_stop_a_run() {
    let place = Place::new();
    fs::create_dir(place.path("in")).unwrap();
    let rounds = if full() { 60 } else { 6 };
    let mut state = 0x0dd5_eed5_u64;
    for source in [
        "ct_icon.dcm",
        "ct_overlay.dcm",
        "us_jpeg.dcm",
        "sc_turned.dcm",
        "odd/IM000001",
    ] {
        let bytes = fs::read(samples().join(source)).unwrap();
        let header = pixel_data(&bytes) + 8;
        for round in 0..rounds {
            let mut bad = bytes.clone();
            let flips = 1 + chance(&mut state) % 8;
            for _ in 0..flips {
                // Mostly the header; now and then the coded pixels.
                let range = if round % 3 == 2 { bad.len() } else { header };
                let at = 128 + chance(&mut state) % (range - 128);
                bad[at] ^= 1 << (chance(&mut state) % 8);
            }
            let name = format!("{}-{round:03}", source.replace('/', "-"));
            fs::write(place.path("in").join(name), bad).unwrap();
        }
    }
    run(&place);
}

/// Replaces the value of a short explicit element everywhere in the header; the length must stay.
fn patch(bytes: &mut [u8], tag: [u8; 4], vr: &[u8; 2], value: &[u8]) {
    let mut head = tag.to_vec();
    head.extend(vr);
    head.extend((value.len() as u16).to_le_bytes());
    let end = pixel_data(bytes);
    let at = bytes[..end].windows(head.len()).rposition(|w| w == head);
    let at = at.expect("the element is there with a value of this length") + head.len();
    bytes[at..at + value.len()].copy_from_slice(value);
}

/// Name, sample, tag, VR and the value that replaces its own.
type Case = (
    &'static str,
    &'static str,
    [u8; 4],
    &'static [u8; 2],
    Vec<u8>,
);

#[test]
fn absurd_attributes_are_refused_by_name() {
    const ROWS: [u8; 4] = [0x28, 0, 0x10, 0];
    const COLUMNS: [u8; 4] = [0x28, 0, 0x11, 0];
    const SAMPLES: [u8; 4] = [0x28, 0, 0x02, 0];
    const ALLOCATED: [u8; 4] = [0x28, 0, 0x00, 1];
    const STORED: [u8; 4] = [0x28, 0, 0x01, 1];
    const HIGH: [u8; 4] = [0x28, 0, 0x02, 1];
    const FRAMES: [u8; 4] = [0x28, 0, 0x08, 0];
    const SYNTAX: [u8; 4] = [2, 0, 0x10, 0];
    let short = |v: u16| v.to_le_bytes().to_vec();
    let image = "odd/IM000001";
    let cases: &[Case] = &[
        ("rows-65535", image, ROWS, b"US", short(65535)),
        ("rows-0", image, ROWS, b"US", short(0)),
        ("rows-97", image, ROWS, b"US", short(97)),
        ("columns-65535", image, COLUMNS, b"US", short(65535)),
        ("columns-0", image, COLUMNS, b"US", short(0)),
        ("samples-0", image, SAMPLES, b"US", short(0)),
        ("samples-3", image, SAMPLES, b"US", short(3)),
        ("samples-9", image, SAMPLES, b"US", short(9)),
        ("allocated-0", image, ALLOCATED, b"US", short(0)),
        ("allocated-7", image, ALLOCATED, b"US", short(7)),
        ("allocated-64", image, ALLOCATED, b"US", short(64)),
        ("allocated-65535", image, ALLOCATED, b"US", short(65535)),
        ("stored-0", image, STORED, b"US", short(0)),
        ("stored-17", image, STORED, b"US", short(17)),
        ("high-31", image, HIGH, b"US", short(31)),
        ("frames-99", "us_cine.dcm", FRAMES, b"IS", b"99".to_vec()),
        ("frames-minus", "us_cine.dcm", FRAMES, b"IS", b"-1".to_vec()),
        ("frames-none", "us_cine.dcm", FRAMES, b"IS", b"0 ".to_vec()),
        ("frames-text", "us_cine.dcm", FRAMES, b"IS", b"xx".to_vec()),
        ("jpeg-rows", "us_jpeg.dcm", ROWS, b"US", short(479)),
        ("jpeg-columns", "us_jpeg.dcm", COLUMNS, b"US", short(60000)),
        ("rle-rows", "sc_turned.dcm", ROWS, b"US", short(481)),
        (
            "syntax",
            image,
            SYNTAX,
            b"UI",
            b"1.2.840.10008.1.2.7\0".to_vec(),
        ),
    ];
    let place = Place::new();
    fs::create_dir(place.path("in")).unwrap();
    for (name, source, tag, vr, value) in cases {
        let mut bytes = fs::read(samples().join(source)).unwrap();
        patch(&mut bytes, *tag, vr, value);
        fs::write(place.path("in").join(name), bytes).unwrap();
    }
    // Pixel Data of length zero, and none at all.
    let bytes = fs::read(samples().join(image)).unwrap();
    let at = pixel_data(&bytes);
    let mut empty = bytes[..at].to_vec();
    empty[at - 4..].fill(0);
    fs::write(place.path("in/pixels-empty"), empty).unwrap();
    fs::write(place.path("in/pixels-none"), &bytes[..at - 12]).unwrap();

    let redacted = run(&place);
    assert_eq!(redacted.ran.code, 3);
    let came_out: Vec<_> = redacted
        .files()
        .into_iter()
        .filter(|f| f.outcome.is_written() && !f.input.ends_with(GOOD))
        .map(|f| f.input)
        .collect();
    assert!(came_out.is_empty(), "{came_out:?}");
    let reason = |name: &str| redacted.file(name).reason;
    assert_eq!(
        reason("syntax").as_deref(),
        Some("unsupported-transfer-syntax")
    );
    assert_eq!(reason("pixels-none").as_deref(), Some("no-pixel-data"));
}

#[cfg(unix)]
#[test]
fn files_that_cannot_be_read_fail_alone() {
    let place = Place::new();
    fs::create_dir(place.path("in")).unwrap();
    std::os::unix::fs::symlink("nowhere", place.path("in/dangling.dcm")).unwrap();
    fs::copy(samples().join("odd/IM000001"), place.path("in").join(GOOD)).unwrap();
    let redacted = place.redact(&["in"], "out", &["--device", "cpu"]);
    assert_eq!(redacted.file(GOOD).outcome, Outcome::Clean);
    assert_eq!(tree(&redacted.out), [Path::new(GOOD)]);
}
