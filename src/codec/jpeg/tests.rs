//! Against streams of a foreign encoder and pictures of a foreign decoder, both 8 bits; bad streams; 12 bits by arithmetic.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::*;
use crate::geometry::Rect;

fn noise(i: usize) -> u32 {
    (i as u32 ^ 0x5bd1).wrapping_mul(0x9e37_79b1) >> 13
}

/// A picture with smooth parts, edges and some noise.
fn picture(width: usize, height: usize, channels: usize) -> Vec<u8> {
    (0..width * height * channels)
        .map(|i| {
            let (p, c) = (i / channels, i % channels);
            let (x, y) = (p % width, p / width);
            let edge = if (x / 7 + y / 5) % 4 == 0 { 90 } else { 0 };
            (x * (c + 1) / 2 + y + edge + noise(i) as usize % 20).min(255) as u8
        })
        .collect()
}

fn encode(
    (width, height): (u16, u16),
    colour: ColorType,
    sampling: SamplingFactor,
    restart: u16,
    optimized: bool,
) -> Vec<u8> {
    let channels = if colour == ColorType::Luma { 1 } else { 3 };
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, 85);
    encoder.set_sampling_factor(sampling);
    encoder.set_restart_interval(restart);
    encoder.set_optimized_huffman_tables(optimized);
    let pixels = picture(width.into(), height.into(), channels);
    encoder.encode(&pixels, width, height, colour).unwrap();
    out
}

/// Streams of every kind the reader takes.
fn streams() -> Vec<Vec<u8>> {
    use ColorType::{Luma, Rgb};
    use SamplingFactor::{F_1_1, F_1_2, F_2_1, F_2_2, F_4_1};
    let mut all = Vec::new();
    for size in [(1, 1), (8, 8), (61, 43), (96, 64)] {
        for (colour, sampling) in [
            (Luma, F_1_1),
            (Rgb, F_1_1),
            (Rgb, F_2_1),
            (Rgb, F_1_2),
            (Rgb, F_2_2),
            (Rgb, F_4_1),
        ] {
            for (restart, optimized) in [(0, false), (0, true), (3, false)] {
                all.push(encode(size, colour, sampling, restart, optimized));
            }
        }
    }
    all
}

fn foreign(stream: &[u8]) -> Vec<u8> {
    let mut decoder = jpeg_decoder::Decoder::new(stream);
    decoder.read_info().unwrap();
    if decoder.info().unwrap().pixel_format != jpeg_decoder::PixelFormat::L8 {
        // As coded; its `None` writes whole lines of one component.
        decoder.set_color_transform(jpeg_decoder::ColorTransform::RGB);
    }
    decoder.decode().unwrap()
}

#[test]
fn untouched_streams_come_back_byte_for_byte() {
    let streams = streams();
    assert_eq!(streams.len(), 72);
    for (i, stream) in streams.iter().enumerate() {
        let image = Coefficients::read(stream, 1 << 20).unwrap();
        assert!(image.write().unwrap() == *stream, "{i}");
    }
}

#[test]
fn bytes_behind_the_end_are_dropped() {
    let stream = encode((20, 20), ColorType::Luma, SamplingFactor::F_1_1, 0, false);
    let longer = [&stream[..], b"trailer"].concat();
    let image = Coefficients::read(&longer, 1 << 20).unwrap();
    assert_eq!(image.write().unwrap(), stream);
}

#[test]
fn samples_are_within_a_level_of_another_decoder() {
    for colour in [ColorType::Luma, ColorType::Rgb] {
        let stream = encode((61, 43), colour, SamplingFactor::F_1_1, 0, false);
        let ours = decode(&stream, 1 << 20).unwrap();
        let theirs = foreign(&stream);
        assert_eq!(ours.samples.len(), theirs.len());
        let worst = ours
            .samples
            .iter()
            .zip(&theirs)
            .map(|(a, b)| a.abs_diff(*b))
            .max();
        assert!(worst <= Some(1), "{worst:?}");
    }
}

#[test]
fn masked_units_are_black_and_others_keep_their_coefficients() {
    for (i, stream) in streams().iter().enumerate() {
        let original = Coefficients::read(stream, 1 << 20).unwrap();
        let mut masked = original.clone();
        let asked = [Rect::new(9, 11, 20, 6), Rect::new(500, 0, 4, 4)];
        let grown = masked.mask_blocks(&asked, Colour::Ybr).unwrap();
        let written = masked.write().unwrap();
        let back = Coefficients::read(&written, 1 << 20).unwrap();
        let unit = back.mcu_size();
        let image = Rect::new(0, 0, back.width(), back.height());
        let inside = asked[0].intersect(&image);
        assert_eq!(grown.len(), usize::from(!inside.is_empty()), "{i}");
        for (c, (new, old)) in back
            .components()
            .iter()
            .zip(original.components())
            .enumerate()
        {
            let (h, v) = new.sampling();
            let ((blocks, stride), (old, _)) = (new.blocks(), old.blocks());
            for (at, (new, old)) in blocks.iter().zip(old).enumerate() {
                let x = (at % stride / h) as u32 * unit.0;
                let y = (at / stride / v) as u32 * unit.1;
                if Rect::new(x, y, unit.0, unit.1).overlaps(&inside) {
                    assert!(new[1..] == [0; 63] && (new[0] == 0) == (c > 0), "{i}");
                } else {
                    assert_eq!(new, old, "{i}");
                }
            }
        }
        let (before, after) = (foreign(stream), foreign(&written));
        let channels = back.components().len();
        let width = back.width() as usize;
        for (p, (old, new)) in before
            .chunks(channels)
            .zip(after.chunks(channels))
            .enumerate()
        {
            let (x, y) = ((p % width) as u32, (p / width) as u32);
            let Some(mask) = grown.first().filter(|g| g.contains_point(x, y)) else {
                // The other decoder interpolates subsampled chrominance over one pixel.
                let near = grown
                    .iter()
                    .any(|g| g.grow(1, image.w, image.h).contains_point(x, y));
                assert!(old == new || (near && old[0] == new[0]), "{i}");
                continue;
            };
            assert_eq!(new[0], 0, "{i} {mask:?}");
        }
    }
}

#[test]
fn a_table_without_the_needed_code_is_replaced_for_its_scan() {
    let stream = encode((96, 64), ColorType::Luma, SamplingFactor::F_1_1, 0, true);
    let mut image = Coefficients::read(&stream, 1 << 20).unwrap();
    // A size class no other block has.
    image.components[0].blocks[5][0] = 1023;
    image.components[0].blocks[5][63] = -1000;
    let written = image.write().unwrap();
    let back = Coefficients::read(&written, 1 << 20).unwrap();
    assert_eq!(back.components[0].blocks, image.components[0].blocks);
    foreign(&written);
}

/// The same coefficients mean the same deviation from the middle at 12 bits as at 8.
#[test]
fn twelve_bits() {
    let stream = encode((61, 43), ColorType::Luma, SamplingFactor::F_1_1, 0, false);
    let mut wide = stream.clone();
    let at = wide.windows(2).position(|m| m == [0xff, 0xc0]).unwrap();
    (wide[at + 1], wide[at + 4]) = (0xc1, 12);
    let (narrow, wide) = (
        decode(&stream, 1 << 20).unwrap(),
        decode(&wide, 1 << 20).unwrap(),
    );
    assert_eq!(
        (wide.bits, wide.samples.len()),
        (12, 2 * narrow.samples.len())
    );
    for (n, w) in narrow.samples.iter().zip(wide.samples.as_chunks().0) {
        let w = i32::from(u16::from_le_bytes(*w)) - 2048;
        assert_eq!(i32::from(*n), (w + 128).clamp(0, 255));
    }
}

#[test]
fn cut_streams_are_damaged_and_flipped_ones_never_panic() {
    for (sampling, restart) in [(SamplingFactor::F_1_1, 0), (SamplingFactor::F_2_2, 2)] {
        let stream = encode((24, 20), ColorType::Rgb, sampling, restart, false);
        for n in 0..stream.len() {
            assert!(Coefficients::read(&stream[..n], 1 << 20).is_err(), "{n}");
        }
        for i in 0..stream.len() * 8 {
            let mut bad = stream.clone();
            bad[i / 8] ^= 1 << (i % 8);
            if let Ok(mut image) = Coefficients::read(&bad, 1 << 20) {
                let _ = image.samples();
                let _ = image.mask_blocks(&[Rect::new(3, 3, 90, 9)], Colour::Rgb);
                let _ = image.write();
            }
        }
    }
}

#[test]
fn what_is_not_done_is_named() {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, 80);
    encoder.set_progressive(true);
    encoder
        .encode(&picture(30, 30, 1), 30, 30, ColorType::Luma)
        .unwrap();
    assert_eq!(
        Coefficients::read(&out, 1 << 20).err(),
        Some(CodecError::Unsupported("progressive JPEG"))
    );
    let stream = encode((24, 20), ColorType::Rgb, SamplingFactor::F_2_2, 0, false);
    assert!(matches!(
        decode(&stream, 1 << 20),
        Err(CodecError::Unsupported(_))
    ));
    assert_eq!(
        decode(&stream, 1000),
        Err(CodecError::TooLarge {
            announced: 1440,
            limit: 1000
        })
    );
}
