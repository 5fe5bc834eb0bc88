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
    size: (u16, u16),
    colour: ColorType,
    sampling: SamplingFactor,
    restart: u16,
    optimized: bool,
) -> Vec<u8> {
    encode_as(size, colour, sampling, restart, optimized, None)
}

/// `scans`: progressive, with this many.
fn encode_as(
    (width, height): (u16, u16),
    colour: ColorType,
    sampling: SamplingFactor,
    restart: u16,
    optimized: bool,
    scans: Option<u8>,
) -> Vec<u8> {
    let channels = if colour == ColorType::Luma { 1 } else { 3 };
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, 85);
    encoder.set_sampling_factor(sampling);
    encoder.set_restart_interval(restart);
    encoder.set_optimized_huffman_tables(optimized);
    if let Some(scans) = scans {
        encoder.set_progressive_scans(scans);
    }
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
                all.push(encode_as(
                    size,
                    colour,
                    sampling,
                    restart,
                    optimized,
                    Some(5),
                ));
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
    assert_eq!(streams.len(), 144);
    for (i, stream) in streams.iter().enumerate() {
        let image = Coefficients::read(stream, 1 << 20).unwrap();
        let written = image.write().unwrap();
        if i % 2 == 0 {
            assert!(written == *stream, "{i}");
            continue;
        }
        // This encoder of progressive streams joins no ended blocks, so its streams become shorter.
        let back = Coefficients::read(&written, 1 << 20).unwrap();
        assert!(
            image.compare(&back).unwrap().iter().all(|(_, u)| u.same),
            "{i}"
        );
        assert_eq!(foreign(&written), foreign(stream), "{i}");
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
        let grown = masked.mask_blocks(&asked, [0, 128, 128]).unwrap();
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
                let _ = image.mask_blocks(&[Rect::new(3, 3, 90, 9)], [0; 3]);
                let _ = image.write();
            }
        }
    }
}

#[test]
fn what_is_not_done_is_named() {
    let stream = encode((24, 20), ColorType::Rgb, SamplingFactor::F_2_2, 0, false);
    for (marker, what) in [
        (0xc3, "lossless JPEG as coefficients"),
        (0xc9, "arithmetic or hierarchical JPEG"),
    ] {
        let mut other = stream.clone();
        let at = other.windows(2).position(|m| m == [0xff, 0xc0]).unwrap();
        other[at + 1] = marker;
        assert_eq!(
            Coefficients::read(&other, 1 << 20).err(),
            Some(CodecError::Unsupported(what))
        );
    }
    assert_eq!(
        decode(&stream, 1000),
        Err(CodecError::TooLarge {
            announced: 1440,
            limit: 1000
        })
    );
}

/// The same blocks in the scans of a progressive stream: high bits first, then bit by bit, in bands.
fn progressive(stream: &[u8], restart: u16) -> Vec<u8> {
    use super::block::{Mode, Pass, Slots};
    use super::huffman::Table;
    let image = Coefficients::read(stream, 1 << 20).unwrap();
    let count = image.components.len() as u8;
    let mut data = vec![0xff, 0xd8];
    for c in &image.components {
        let mut segment = vec![0xff, 0xdb, 0, 67, c.quantizer_id as u8];
        segment.extend(c.quantizer.unwrap().map(|step| step as u8));
        data.extend(segment);
    }
    let (h, w) = (image.height as u16, image.width as u16);
    data.extend([0xff, 0xc2, 0, 8 + 3 * count, image.bits as u8]);
    data.extend([h.to_be_bytes(), w.to_be_bytes()].concat());
    data.push(count);
    for c in &image.components {
        data.extend([c.id, (c.h << 4 | c.v) as u8, c.quantizer_id as u8]);
    }
    data.extend([0xff, 0xdd, 0, 4]);
    data.extend(restart.to_be_bytes());
    // Component (all for none), first and last coefficient, high and low bit.
    let mut script = vec![(None, 0, 0, 0, 1)];
    for c in 0..usize::from(count) {
        script.extend([(Some(c), 1, 5, 0, 2), (Some(c), 6, 63, 0, 2)]);
    }
    for c in 0..usize::from(count) {
        script.push((Some(c), 1, 63, 2, 1));
    }
    script.push((None, 0, 0, 1, 0));
    for c in 0..usize::from(count) {
        script.push((Some(c), 1, 63, 1, 0));
    }
    let mut scans = Vec::new();
    for (component, first, last, high, low) in script {
        let header = data.len();
        let which: Vec<usize> = match component {
            Some(c) => vec![c],
            None => (0..usize::from(count)).collect(),
        };
        data.extend([0xff, 0xda, 0, 6 + 2 * which.len() as u8, which.len() as u8]);
        for c in &which {
            data.extend([image.components[*c].id, 0]);
        }
        data.extend([first, last, high << 4 | low]);
        let pass = Pass {
            mode: match (first, high) {
                (0, 0) => Mode::DcFirst,
                (0, _) => Mode::DcNext,
                (_, 0) => Mode::AcFirst,
                _ => Mode::AcNext,
            },
            first: first.into(),
            last: last.into(),
            low: low.into(),
        };
        // A table that lacks nearly every code: each scan is written with its own.
        let mut counts = [0; 16];
        counts[7] = 1;
        let table = Entropy {
            class_and_id: u8::from(first > 0) << 4,
            table: Rc::new(Table::new(counts, &[0xee]).unwrap()),
        };
        scans.push(Scan {
            coded: data.len()..data.len(),
            header,
            components: which
                .into_iter()
                .map(|index| ScanComponent {
                    index,
                    slots: Slots::default(),
                })
                .collect(),
            tables: vec![table],
            restart: restart.into(),
            pass,
        });
    }
    data.extend([0xff, 0xd9]);
    let image = Coefficients {
        end: data.len(),
        data: &data,
        progressive: true,
        scans,
        ..image
    };
    image.write().unwrap()
}

#[test]
fn bits_that_come_one_by_one_are_those_that_come_at_once() {
    use SamplingFactor::{F_1_1, F_2_1, F_2_2};
    for (size, colour, sampling, restart) in [
        ((61, 43), ColorType::Luma, F_1_1, 0),
        ((96, 64), ColorType::Rgb, F_1_1, 0),
        ((61, 43), ColorType::Rgb, F_2_2, 0),
        ((61, 43), ColorType::Rgb, F_2_1, 3),
    ] {
        let whole = encode(size, colour, sampling, 0, false);
        let parts = progressive(&whole, restart);
        assert_eq!(foreign(&whole), foreign(&parts), "{size:?}");
        let original = Coefficients::read(&parts, 1 << 20).unwrap();
        assert!(original.progressive && original.scans.len() > 5);
        assert_eq!(original.write().unwrap(), parts, "{size:?}");
        let at_once = Coefficients::read(&whole, 1 << 20).unwrap();
        for (a, b) in original.components.iter().zip(&at_once.components) {
            let coded = |c: &Component, i: usize| i % c.stride < c.width_blocks;
            for (i, (a_block, b_block)) in a.blocks.iter().zip(&b.blocks).enumerate() {
                if coded(a, i) && i / a.stride < a.height_blocks {
                    assert_eq!(a_block, b_block, "{size:?} {i}");
                }
            }
        }
        let mut masked = original.clone();
        let middle = 1 << (masked.bits - 1);
        masked
            .mask_blocks(&[Rect::new(20, 9, 18, 9)], [0, middle, middle])
            .unwrap();
        let written = masked.write().unwrap();
        let back = Coefficients::read(&written, 1 << 20).unwrap();
        let units = original.compare(&back).unwrap();
        let levels = |n: usize| if n == 1 { [0, 0, 0] } else { [0, 128, 128] };
        for (rect, unit) in units.iter() {
            let under = rect.overlaps(&Rect::new(20, 9, 18, 9));
            assert_eq!(unit.same, !under, "{size:?} {rect:?}");
            let filled = unit.levels == Some(levels(back.components.len()));
            assert!(!under || filled, "{size:?} {rect:?}");
        }
        foreign(&written);
    }
}

#[test]
fn progressive_streams_that_leave_bits_out_are_refused() {
    let parts = progressive(
        &encode((24, 24), ColorType::Luma, SamplingFactor::F_1_1, 0, false),
        0,
    );
    let scans: Vec<usize> = (0..parts.len())
        .filter(|i| parts[*i..].starts_with(&[0xff, 0xda]))
        .collect();
    let without = |from: usize, to: usize| {
        let (from, to) = (
            scans[from],
            scans.get(to).copied().unwrap_or(parts.len() - 2),
        );
        [&parts[..from], &parts[to..]].concat()
    };
    assert!(Coefficients::read(&parts, 1 << 20).is_ok());
    // Without the last bit of the first coefficient, without its high bits, and with a scan twice.
    let cut = without(4, 6);
    assert_eq!(
        Coefficients::read(&cut, 1 << 20).err(),
        Some(CodecError::Unsupported(
            "progressive JPEG without its last scans"
        ))
    );
    assert!(Coefficients::read(&without(0, 1), 1 << 20).is_err());
    let twice = [&parts[..scans[2]], &parts[scans[1]..]].concat();
    assert!(Coefficients::read(&twice, 1 << 20).is_err());
}

/// Streams with random damage: no panic, and whatever is taken apart goes together again to the same coefficients. The long run
/// is for `UNBURN_FULL=1`.
#[test]
fn damaged_streams_are_refused_or_kept() {
    use SamplingFactor::{F_1_1, F_2_2};
    let long = std::env::var_os("UNBURN_FULL").is_some_and(|v| !v.is_empty() && v != "0");
    let plain = encode((40, 24), ColorType::Rgb, F_2_2, 2, false);
    let grey = encode((40, 24), ColorType::Luma, F_1_1, 0, false);
    let seeds = [
        plain.clone(),
        grey.clone(),
        progressive(&plain, 0),
        progressive(&grey, 3),
        encode_as((24, 40), ColorType::Rgb, F_1_1, 0, false, Some(4)),
    ];
    let mut state = 1u64;
    let mut random = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below.max(1)
    };
    let (mut kept, mut refused) = (0, 0);
    for round in 0..if long { 2_000_000 } else { 6_000 } {
        let mut bad = seeds[round % seeds.len()].clone();
        for _ in 0..=random(3) {
            let at = random(bad.len());
            match random(6) {
                0 => bad[at] ^= 1 << random(8),
                1 => bad[at] = random(256) as u8,
                2 => bad.truncate(at.max(2)),
                3 => drop(bad.drain(at..(at + random(9)).min(bad.len()))),
                4 => bad.splice(at..at, [0xff, random(256) as u8]).for_each(drop),
                // Two-byte sizes and marker codes at the extremes.
                _ => bad[at] = [0, 1, 0x7f, 0x80, 0xfe, 0xff][random(6)],
            }
            if bad.is_empty() {
                break;
            }
        }
        let Ok(mut image) = Coefficients::read(&bad, 1 << 16) else {
            refused += 1;
            continue;
        };
        let _ = image.samples();
        if let Ok(written) = image.write() {
            kept += 1;
            let back = Coefficients::read(&written, 1 << 16).unwrap();
            let units = image.compare(&back).unwrap();
            assert!(units.iter().all(|(_, u)| u.same), "round {round}");
        }
        let top = (1u16 << image.bits) - 1;
        let rects = [Rect::new(random(50) as u32, random(50) as u32, 9, 9)];
        if image.mask_blocks(&rects, [0, top, top / 2 + 1]).is_ok() {
            let _ = image.write();
        }
    }
    assert!(kept > 100 && refused > 100, "{kept} {refused}");
}
