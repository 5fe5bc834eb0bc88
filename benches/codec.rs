//! Decoding and encoding of one frame on one core, in bytes of samples a second.
//!
//! Measured: our own codecs on a made-up ultrasound screen (dark surround, speckled sector, lettering) in 8-bit grey, 8-bit
//! RGB and 12-bit grey, 1024 × 768. Not measured: reading files, joining fragments, colour.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use unburn::codec::{jpeg, jpeg_lossless, jpeg_ls, rle};
use unburn::frame::{Frame, Photometric, PixelFormat};
use unburn::geometry::Rect;

#[path = "../tests/common/pictures.rs"]
mod pictures;

const COLS: u32 = 1024;
const ROWS: u32 = 768;

/// A sector of smooth speckle below a banner of letter-like blocks.
fn screen(spp: u16, bits: u16) -> Frame {
    let top = (1u32 << bits) - 1;
    let mut state = 1u32;
    let mut speckle = 0.0f32;
    pictures::draw(pictures::format(ROWS, COLS, spp, bits), |x, y, c| {
        if c == 0 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            speckle = 0.7 * speckle + (state >> 8) as f32 / (1 << 24) as f32 * 0.3;
        }
        let (dx, dy) = (x as f32 - 512.0, y as f32 + 40.0);
        let inside = dx.abs() < dy * 0.8 && dx.hypot(dy) < 760.0 && y > 90;
        let letter = y % 24 > 8 && y < 72 && x % 9 < 6 && (x / 9 * 7 + y / 3 * 5) % 4 == 0;
        if letter {
            top
        } else if inside {
            let value = (speckle * (1.0 - dy / 1000.0) * top as f32) as u32;
            value - if x % 200 < 60 { value / 16 * c } else { 0 }
        } else {
            0
        }
    })
}

fn codecs(criterion: &mut Criterion) {
    for (name, frame) in [
        ("grey8", screen(1, 8)),
        ("rgb8", screen(3, 8)),
        ("grey12", screen(1, 12)),
    ] {
        let size = frame.data.len();
        let mut group = criterion.benchmark_group(format!("codec/{name}"));
        group.throughput(Throughput::Bytes(size as u64));
        group.sample_size(20);

        let coded = rle::encode(&frame).expect("a format RLE has");
        group.bench_function("rle encode", |b| b.iter(|| rle::encode(black_box(&frame))));
        group.bench_function("rle decode", |b| {
            b.iter(|| rle::decode(black_box(&coded), &frame.format));
        });

        group.bench_function("jpeg lossless encode", |b| {
            b.iter(|| jpeg_lossless::encode(black_box(&frame)));
        });

        for (kind, near) in [("jpeg-ls", 0), ("jpeg-ls near 2", 2)] {
            let options = jpeg_ls::Options {
                near,
                ..jpeg_ls::Options::default()
            };
            let coded = jpeg_ls::encode(&frame, &options).expect("a format JPEG-LS has");
            group.bench_function(format!("{kind} encode"), |b| {
                b.iter(|| jpeg_ls::encode(black_box(&frame), &options));
            });
            group.bench_function(format!("{kind} decode"), |b| {
                b.iter(|| jpeg_ls::decode(black_box(&coded), size));
            });
        }
        group.finish();
    }
}

/// A frame masked in its coefficients, from code stream to code stream: the banner and two lines in the sector.
fn jpeg_blocks(criterion: &mut Criterion) {
    let frame = screen(3, 8);
    let masks = [
        Rect::new(0, 8, 1024, 64),
        Rect::new(300, 400, 200, 18),
        Rect::new(610, 500, 130, 18),
    ];
    let mut group = criterion.benchmark_group("codec/jpeg");
    group.sample_size(30);
    for (name, sampling, progressive) in [
        ("4:2:0", SamplingFactor::F_2_2, false),
        ("4:4:4", SamplingFactor::F_1_1, false),
        ("4:2:0 progressive", SamplingFactor::F_2_2, true),
    ] {
        let mut coded = Vec::new();
        let mut encoder = Encoder::new(&mut coded, 85);
        encoder.set_sampling_factor(sampling);
        encoder.set_progressive(progressive);
        let size = (COLS as u16, ROWS as u16);
        encoder
            .encode(&frame.data, size.0, size.1, ColorType::Rgb)
            .expect("a picture JPEG has a form for");
        group.bench_function(format!("mask {name}, {} KiB", coded.len() / 1024), |b| {
            b.iter(|| {
                let mut image = jpeg::Coefficients::read(black_box(&coded), frame.data.len())?;
                image.mask_blocks(&masks, [0, 128, 128])?;
                image.write()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, codecs, jpeg_blocks);
criterion_main!(benches);
