//! A killed run leaves no half file under a final name, and a second run makes good.

mod common;

use common::{Place, full, peak_memory, samples, skip, tree};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

const FILES: &[&str] = &[
    "ct_dose.dcm",
    "ct_dose_twin.dcm",
    "ct_icon.dcm",
    "mr_faint.dcm",
    "sc_turned_twin.dcm",
    "us_rgb_twin.dcm",
];

fn inputs(place: &Place) {
    fs::create_dir(place.path("in")).unwrap();
    for file in FILES {
        fs::copy(samples().join(file), place.path("in").join(file)).unwrap();
    }
}

fn redact(place: &Place, more: &[&str]) -> Command {
    let mut args = vec!["redact", "in", "-o", "out", "--keep-metadata"];
    args.extend(["--device", "cpu", "--jobs", "2", "--progress", "none"]);
    args.extend(more);
    place.command(&args)
}

#[test]
fn a_killed_run_leaves_whole_files_only() {
    let whole = Place::new();
    inputs(&whole);
    let start = Instant::now();
    assert_eq!(common::finish(&mut redact(&whole, &[])).code, 0);
    let duration = start.elapsed();
    assert_eq!(tree(&whole.path("out")).len(), FILES.len());

    let rounds = if full() { 40 } else { 8 };
    for round in 0..rounds {
        let place = Place::new();
        inputs(&place);
        let mut child = redact(&place, &[])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Spread over the run, the last ones close to its end.
        std::thread::sleep(duration * (2 * round + 3) / (2 * rounds + 2));
        child.kill().unwrap();
        child.wait().unwrap();
        let mut done = 0;
        for file in tree(&place.path("out")) {
            let name = file.to_str().unwrap();
            if !FILES.contains(&name) {
                // A temporary file: recognisable, and not taken for an image.
                assert!(
                    name.starts_with('.') || name.ends_with(".tmp"),
                    "round {round}: {name}"
                );
                continue;
            }
            let left = fs::read(place.path("out").join(&file)).unwrap();
            let right = fs::read(whole.path("out").join(&file)).unwrap();
            assert!(left == right, "round {round}: {name} is not whole");
            done += 1;
        }
        // What is missing is made by a second run; what is there is said to be there.
        let again = common::finish(&mut redact(&place, &["--json"]));
        assert_eq!(
            again.code,
            if done > 0 { 3 } else { 0 },
            "round {round}:\n{}",
            again.err
        );
        for file in FILES {
            let same = fs::read(place.path("out").join(file)).unwrap()
                == fs::read(whole.path("out").join(file)).unwrap();
            assert!(same, "round {round}: {file} after the second run");
        }
    }
}

/// Frames of the long loop.
const LONG: usize = 600;
/// Peak memory that a 600-frame 1024×768 loop (1.4 GB decoded) may take, in MB.
const PEAK_MB: u64 = 800;

/// A loop of 600 colour frames, 1024×768, made from the header of a sample and a few coded frames.
fn long_loop(path: &Path) {
    let sample = fs::read(samples().join("us_cine.dcm")).unwrap();
    let tag = [0xe0, 0x7f, 0x10, 0x00, b'O', b'B'];
    let pixels = sample.windows(6).rposition(|w| w == tag).unwrap();
    let mut out = sample[..pixels].to_vec();
    let replace = |out: &mut Vec<u8>, old: &[u8], new: &[u8]| {
        let at = out.windows(old.len()).position(|w| w == old).unwrap();
        out.splice(at..at + old.len(), new.iter().copied());
    };
    replace(
        &mut out,
        b"\x28\0\x08\0IS\x02\x0040",
        b"\x28\0\x08\0IS\x04\x00600 ",
    );
    replace(
        &mut out,
        b"\x28\0\x10\0US\x02\0\xf0\0",
        b"\x28\0\x10\0US\x02\0\0\x03",
    );
    replace(
        &mut out,
        b"\x28\0\x11\0US\x02\0\x40\x01",
        b"\x28\0\x11\0US\x02\0\0\x04",
    );
    let frames: Vec<Vec<u8>> = (0..3usize)
        .map(|k| {
            let rgb: Vec<u8> = (0..1024 * 768 * 3)
                .map(|i| ((i / 3 % 1024 / 4 + i / 3072 / 4 * k) % 97) as u8)
                .collect();
            let mut coded = Vec::new();
            let mut encoder = jpeg_encoder::Encoder::new(&mut coded, 80);
            encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_2_1);
            encoder
                .encode(&rgb, 1024, 768, jpeg_encoder::ColorType::Rgb)
                .unwrap();
            if coded.len() % 2 == 1 {
                coded.push(0);
            }
            coded
        })
        .collect();
    out.extend(b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\0\0\0\0");
    for i in 0..LONG {
        let frame = &frames[i % frames.len()];
        out.extend(b"\xfe\xff\0\xe0");
        out.extend((frame.len() as u32).to_le_bytes());
        out.extend(frame);
    }
    out.extend(b"\xfe\xff\xdd\xe0\0\0\0\0");
    fs::write(path, out).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_long_loop_is_not_held_in_memory() {
    if !full() {
        skip("the memory of a 600-frame loop: set UNBURN_FULL=1");
        return;
    }
    let place = Place::new();
    long_loop(&place.path("long.dcm"));
    let args = [
        "redact",
        "long.dcm",
        "-o",
        "out",
        "--keep-metadata",
        "--device",
        "cpu",
        "--jobs",
        "1",
    ];
    let (code, peak_kb) = peak_memory(&mut place.command(&args));
    assert_eq!(code, Some(0));
    assert!(
        peak_kb > 0 && peak_kb < PEAK_MB * 1024,
        "{} MB at the peak",
        peak_kb / 1024
    );
}
