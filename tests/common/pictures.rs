//! Made-up frames for tests of codecs, in the library, in `tests/` and in `benches/`: formats, and pictures that exercise a
//! lossless coder. Whoever includes this file has the types of `unburn::frame` in scope.
#![allow(dead_code, reason = "every test uses a part of it")]

use super::{Frame, Photometric, PixelFormat};

/// Unsigned samples of `bits` bits from bit 0 on, in words of 8, 16 or 32; RGB for three samples a pixel.
pub fn format(rows: u32, cols: u32, samples: u16, bits: u16) -> PixelFormat {
    PixelFormat {
        rows,
        cols,
        samples_per_pixel: samples,
        bits_allocated: bits.next_power_of_two().max(8),
        bits_stored: bits,
        high_bit: bits - 1,
        signed: false,
        photometric: if samples == 3 {
            Photometric::Rgb
        } else {
            Photometric::Monochrome2
        },
        planar: false,
        float: false,
    }
}

/// A frame with the value of every sample by column, row and sample; bits outside the stored field are not kept, signed
/// values are extended.
pub fn draw(format: PixelFormat, mut value: impl FnMut(u32, u32, u32) -> u32) -> Frame {
    let mut frame = Frame {
        format,
        data: vec![0; format.bytes_per_frame()],
    };
    let sign = 1u64 << (format.bits_stored - 1);
    for y in 0..format.rows {
        for x in 0..format.cols {
            for c in 0..u32::from(format.samples_per_pixel) {
                let mut word = u64::from(value(x, y, c)) & format.stored_mask();
                if format.signed && word & sign != 0 {
                    word |= !format.stored_mask();
                }
                frame.set_word(x, y, c as usize, word);
            }
        }
    }
    frame
}

/// A frame with the value of every sample by its number in the frame.
pub fn counted(format: PixelFormat, value: impl Fn(u32) -> u32) -> Frame {
    let samples = u32::from(format.samples_per_pixel);
    let cols = format.cols;
    draw(format, |x, y, c| value((y * cols + x) * samples + c))
}

/// Numbers without a pattern.
pub fn noise(mut state: u32) -> impl FnMut() -> u32 {
    move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    }
}

/// A number without a pattern for a number.
pub fn hash(i: u32) -> u32 {
    (i ^ 0x5bd1).wrapping_mul(0x9e37_79b1) >> 9
}

/// Flat, ramp, noise, few levels, and text-like edges on a ramp.
pub fn pictures(f: PixelFormat) -> Vec<(&'static str, Frame)> {
    let top = u32::MAX >> (32 - u32::from(f.bits_stored));
    let mut random = noise(0x9e37_79b9);
    vec![
        ("flat", draw(f, |_, _, _| top / 3)),
        ("top", draw(f, |_, _, _| top)),
        ("ramp", draw(f, |x, y, c| x * 3 + y * 5 + c * 11)),
        ("noise", draw(f, |_, _, _| random())),
        (
            "levels",
            draw(f, |x, y, c| (x / 5 + y / 7 + c) % 3 * (top / 2)),
        ),
        (
            "text",
            draw(f, |x, y, c| {
                if (x * 7 + y * 3) % 29 < 4 {
                    top
                } else {
                    x / 9 + y / 4 + c
                }
            }),
        ),
    ]
}
