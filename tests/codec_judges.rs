//! Foreign codecs judge ours: what we encode they must decode to the same samples, and the other way round.
//!
//! The judges are Python packages. Where Python or one of them is missing a test says so and ends; with
//! `UNBURN_REQUIRE_JUDGES` set it fails instead.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use unburn::codec::rle;
use unburn::frame::{Frame, Photometric, PixelFormat};

/// Whether Python has these modules.
fn have(modules: &str) -> bool {
    let found = Command::new("python3")
        .args(["-c", &format!("import {modules}")])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|s| s.success());
    if !found {
        assert!(
            std::env::var_os("UNBURN_REQUIRE_JUDGES").is_none(),
            "python3 with {modules} is required"
        );
        eprintln!("SKIPPED: needs python3 with {modules}");
    }
    found
}

/// Runs a script in `dir` and fails with what it says.
fn python(dir: &Path, script: &str) {
    let mut child = Command::new("python3")
        .arg("-")
        .current_dir(dir)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(script.as_bytes())
        .unwrap();
    assert!(child.wait().unwrap().success());
}

fn format(rows: u32, cols: u32, spp: u16, bits: u16) -> PixelFormat {
    PixelFormat {
        rows,
        cols,
        samples_per_pixel: spp,
        bits_allocated: bits.next_power_of_two().max(8),
        bits_stored: bits,
        high_bit: bits - 1,
        signed: false,
        photometric: if spp == 3 {
            Photometric::Rgb
        } else {
            Photometric::Monochrome2
        },
        planar: false,
    }
}

/// Sizes with every kind of edge.
const SIZES: [(u32, u32); 7] = [
    (1, 1),
    (1, 70),
    (70, 1),
    (2, 3),
    (33, 17),
    (64, 128),
    (97, 131),
];

/// Frames that exercise a lossless coder: flat, ramp, noise, few levels, and text-like edges on a ramp.
fn pictures(f: PixelFormat) -> Vec<(&'static str, Frame)> {
    let top = u32::MAX >> (32 - u32::from(f.bits_stored));
    let mut state = 0x9e37_79b9u32;
    let mut noise = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    let draw = |name, value: &mut dyn FnMut(u32, u32, u32) -> u32| {
        let mut frame = Frame {
            format: f,
            data: vec![0; f.bytes_per_frame()],
        };
        for y in 0..f.rows {
            for x in 0..f.cols {
                for c in 0..u32::from(f.samples_per_pixel) {
                    frame.set_word(x, y, c as usize, value(x, y, c) & top);
                }
            }
        }
        (name, frame)
    };
    vec![
        draw("flat", &mut |_, _, _| top / 3),
        draw("top", &mut |_, _, _| top),
        draw("ramp", &mut |x, y, c| x * 3 + y * 5 + c * 11),
        draw("noise", &mut |_, _, _| noise()),
        draw("levels", &mut |x, y, c| (x / 5 + y / 7 + c) % 3 * (top / 2)),
        draw("text", &mut |x, y, c| {
            if (x * 7 + y * 3) % 29 < 4 {
                top
            } else {
                x / 9 + y / 4 + c
            }
        }),
    ]
}

#[test]
fn rle_agrees_with_pylibjpeg_rle() {
    if !have("rle, numpy") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut cases = Vec::new();
    for (rows, cols) in SIZES {
        for spp in [1, 3] {
            for bits in [8, 12, 16, 32] {
                for (name, frame) in pictures(format(rows, cols, spp, bits)) {
                    let file = format!("{name}-{rows}-{cols}-{spp}-{bits}");
                    fs::write(dir.path().join(format!("{file}.raw")), &frame.data).unwrap();
                    fs::write(
                        dir.path().join(format!("{file}.rle")),
                        rle::encode(&frame).unwrap(),
                    )
                    .unwrap();
                    cases.push((file, frame));
                }
            }
        }
    }
    assert_eq!(cases.len(), 7 * 2 * 4 * 6);
    python(
        dir.path(),
        r#"
import glob, numpy as np, rle
from rle.rle import decode_frame, encode_frame
files = glob.glob('*.raw')
assert len(files) == 336
for f in files:
    _, rows, cols, spp, bits = f[:-4].split('-')
    rows, cols, spp, bits = map(int, (rows, cols, spp, bits))
    size = {8: 1, 12: 2, 16: 2, 32: 4}[bits]
    raw = open(f, 'rb').read()
    coded = open(f[:-3] + 'rle', 'rb').read()
    planes = np.frombuffer(decode_frame(coded, rows * cols, size * 8, '<'), f'<u{size}').reshape(spp, -1)
    assert planes.T.tobytes() == raw, f
    theirs = encode_frame(raw, rows, cols, spp, size * 8, '<')
    open(f[:-3] + 'theirs', 'wb').write(bytes(theirs))
"#,
    );
    for (file, frame) in &cases {
        let theirs = fs::read(dir.path().join(format!("{file}.theirs"))).unwrap();
        assert!(
            rle::decode(&theirs, &frame.format).as_ref() == Ok(&frame.data),
            "{file}"
        );
    }
}
