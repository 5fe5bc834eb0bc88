//! Blocks to samples: dequantisation and the inverse cosine transform in fixed point (ISO/IEC 10918-1, A.3.3, A.3.4).

use super::{Block, Coefficients, Component};
use crate::codec::{CodecError, Decoded};

/// Fraction bits of [`BASIS`].
const BASIS_BITS: u32 = 20;
/// Fraction bits kept between the two passes.
const MIDDLE_BITS: u32 = 10;

/// `cos(k * pi / 16) / 2` for `k` from 0 to 7, that for 0 also divided by the square root of 2.
const BASIS: [i64; 8] = [
    370_728, 514_214, 484_379, 435_930, 370_728, 291_279, 200_636, 102_284,
];

/// Row and column of each coefficient in zigzag order (A.3.6).
const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// The weight of coefficient `u` in sample `x`.
fn basis(x: usize, u: usize) -> i64 {
    // cos((2x + 1) u pi / 16), by its symmetries from a quarter of the circle.
    let angle = (2 * x + 1) * u % 32;
    match angle {
        _ if u == 0 => BASIS[0],
        0..=7 => BASIS[angle],
        9..=15 => -BASIS[16 - angle],
        17..=23 => -BASIS[angle - 16],
        25..=31 => BASIS[32 - angle],
        _ => 0,
    }
}

/// Weights by sample and coefficient.
fn weights() -> [[i64; 8]; 8] {
    std::array::from_fn(|x| std::array::from_fn(|u| basis(x, u)))
}

/// Samples of one block, row by row, centred on 0 and not clamped.
fn transform(block: &Block, quantizer: &[u16; 64], weights: &[[i64; 8]; 8]) -> [i32; 64] {
    let mut plane = [0i64; 64];
    for ((at, value), step) in ZIGZAG.iter().zip(block).zip(quantizer) {
        // Far beyond what a picture can hold, and small enough for the sums below.
        plane[usize::from(*at)] = (i64::from(*value) * i64::from(*step)).clamp(-1 << 20, 1 << 20);
    }
    let mut middle = [0i64; 64];
    for v in 0..8 {
        for x in 0..8 {
            let sum: i64 = (0..8).map(|u| plane[8 * v + u] * weights[x][u]).sum();
            middle[8 * v + x] = round(sum, BASIS_BITS - MIDDLE_BITS);
        }
    }
    std::array::from_fn(|i| {
        let (y, x) = (i / 8, i % 8);
        let sum: i64 = (0..8).map(|v| middle[8 * v + x] * weights[y][v]).sum();
        round(sum, BASIS_BITS + MIDDLE_BITS) as i32
    })
}

/// Division by a power of two to the nearest integer.
fn round(value: i64, bits: u32) -> i64 {
    (value + (1 << (bits - 1))) >> bits
}

impl Coefficients<'_> {
    /// The samples as coded, without any colour transform. A sample of a subsampled component stands for all pixels it covers.
    ///
    /// # Errors
    /// [`CodecError::Damaged`] if a component has no quantiser.
    pub fn samples(&self) -> Result<Decoded, CodecError> {
        let (h, v) = self.max_sampling();
        let (width, height) = (self.width as usize, self.height as usize);
        let word = if self.bits > 8 { 2 } else { 1 };
        let pixel = word * self.components.len();
        let mut samples = vec![0; width * height * pixel];
        for (i, component) in self.components.iter().enumerate() {
            let (plane, stride) = self.plane(component)?;
            for (y, row) in samples.chunks_exact_mut(width * pixel).enumerate() {
                let line = &plane[y * component.v / v * stride..];
                for (x, pixel) in row.chunks_exact_mut(pixel).enumerate() {
                    let value = line[x * component.h / h].to_le_bytes();
                    pixel[i * word..(i + 1) * word].copy_from_slice(&value[..word]);
                }
            }
        }
        Ok(Decoded {
            width: self.width,
            height: self.height,
            components: self.components.len() as u16,
            bits: self.bits,
            near: u16::MAX,
            samples,
        })
    }

    /// All samples of a component at its own resolution, and how many a row holds.
    fn plane(&self, component: &Component) -> Result<(Vec<u16>, usize), CodecError> {
        let quantizer = component
            .quantizer
            .as_ref()
            .ok_or(CodecError::Damaged("JPEG quantizer is missing"))?;
        let weights = weights();
        let middle = 1i32 << (self.bits - 1);
        let top = (1i32 << self.bits) - 1;
        let stride = 8 * component.stride;
        let mut plane = vec![0; component.blocks.len() * 64];
        for (i, block) in component.blocks.iter().enumerate() {
            let corner = i / component.stride * 8 * stride + i % component.stride * 8;
            for (y, row) in transform(block, quantizer, &weights)
                .as_chunks::<8>()
                .0
                .iter()
                .enumerate()
            {
                let line = &mut plane[corner + y * stride..][..8];
                for (to, value) in line.iter_mut().zip(row) {
                    *to = (value + middle).clamp(0, top) as u16;
                }
            }
        }
        Ok((plane, stride))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_basis_is_cosines() {
        for x in 0..8 {
            for u in 0..8 {
                let scale = if u == 0 { 0.125f64.sqrt() } else { 0.5 };
                let angle = (2 * x + 1) as f64 * u as f64 * std::f64::consts::PI / 16.0;
                let exact = scale * angle.cos() * f64::from(1 << BASIS_BITS);
                assert!((basis(x, u) as f64 - exact).abs() <= 0.5, "{x} {u}");
            }
        }
    }

    #[test]
    fn within_half_a_level_and_a_little_of_the_exact_transform() {
        let mut state = 7u32;
        let weights = weights();
        for _ in 0..200 {
            let mut block: Block = [0; 64];
            for value in &mut block {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *value = (state >> 20) as i16 - 2048;
            }
            let got = transform(&block, &[1; 64], &weights);
            for (i, got) in got.iter().enumerate() {
                let (y, x) = (i / 8, i % 8);
                let mut exact = 0.0;
                for (at, value) in ZIGZAG.iter().zip(block) {
                    let (v, u) = (usize::from(at / 8), usize::from(at % 8));
                    let one = |x: usize, u: usize| {
                        let scale = if u == 0 { 0.125f64.sqrt() } else { 0.5 };
                        scale * ((2 * x + 1) as f64 * u as f64 * std::f64::consts::PI / 16.0).cos()
                    };
                    exact += f64::from(value) * one(x, u) * one(y, v);
                }
                assert!((f64::from(*got) - exact).abs() < 0.52, "{got} {exact}");
            }
        }
    }
}
