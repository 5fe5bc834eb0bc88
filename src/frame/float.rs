//! Samples that are IEEE 754 numbers, Float and Double Float Pixel Data (PS3.3 C.7.6.24, C.7.6.25), as ordered integers.
//!
//! A stored value of a float format is an `i64` that orders words as IEEE 754 totalOrder does: -NaN < -∞ < … < -0 < 0 < … <
//! ∞ < NaN. Two words have one value only if every bit is the same, so comparing values compares files exactly.

use super::PixelFormat;

/// The value of a word of 32 or 64 bits.
pub fn value(f: &PixelFormat, word: u64) -> i64 {
    if f.bits_allocated == 64 {
        flip(word as i64, i64::MAX)
    } else {
        flip(i64::from(word as u32 as i32), i64::from(i32::MAX))
    }
}

/// The word of a value.
pub fn word(f: &PixelFormat, value: i64) -> u64 {
    if f.bits_allocated == 64 {
        flip(value, i64::MAX) as u64
    } else {
        u64::from(flip(value, i64::from(i32::MAX)) as u32)
    }
}

/// The number that a value stands for.
pub fn number(f: &PixelFormat, value: i64) -> f64 {
    let word = word(f, value);
    if f.bits_allocated == 64 {
        f64::from_bits(word)
    } else {
        f64::from(f32::from_bits(word as u32))
    }
}

/// The value nearest to a number.
pub fn nearest(f: &PixelFormat, number: f64) -> i64 {
    let word = if f.bits_allocated == 64 {
        number.to_bits()
    } else {
        u64::from((number as f32).to_bits())
    };
    value(f, word)
}

/// Negative numbers count down with their bits: the sign stays, the others are turned round. Its own inverse.
fn flip(bits: i64, magnitude: i64) -> i64 {
    if bits < 0 { bits ^ magnitude } else { bits }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::pictures;

    fn format(bits: u16) -> PixelFormat {
        PixelFormat {
            float: true,
            bits_allocated: bits,
            ..pictures::format(1, 1, 1, 32)
        }
    }

    #[test]
    fn values_are_ordered_as_the_numbers_and_tell_every_word_apart() {
        for bits in [32, 64] {
            let f = format(bits);
            let numbers = [
                f64::NEG_INFINITY,
                -1e30,
                -1.5,
                -0.0,
                0.0,
                1e-30,
                2.0,
                1e30,
                f64::INFINITY,
                f64::NAN,
            ];
            let values: Vec<i64> = numbers.iter().map(|n| nearest(&f, *n)).collect();
            assert!(values.windows(2).all(|w| w[0] < w[1]), "{values:?}");
            for (v, n) in values.iter().zip(numbers) {
                assert_eq!(value(&f, word(&f, *v)), *v);
                let back = number(&f, *v);
                assert!(
                    back.is_nan() && n.is_nan() || (back - n).abs() <= n.abs() * 1e-6 || back == n
                );
            }
        }
    }
}
