//! Exact integer arithmetic on this processor: what the text-region network and the reader have in common.
//!
//! A layer of either network is `clip(floor((Σ w·a + b) / 2^s))` over integers, |w| ≤ 127, 0 ≤ a ≤ 255, with every partial
//! sum below 2^24. So each instruction set, in whatever order it adds, gives the same bits; the one that is used is
//! chosen at run time. No maps, no layers: those are the networks' own.

mod pointwise;
mod simd;
#[cfg(target_arch = "x86_64")]
pub mod x86;

pub use pointwise::{End, Row, bias_shift, pointwise, table};
pub use simd::{Level, Portable, Simd};

/// Every partial sum of a layer stays below this in magnitude: integers up to here are exact in f32 as well, whatever the
/// order of the additions.
pub const EXACT: i64 = 1 << 24;

/// The largest |partial sum| of an output channel over all inputs, in any order of additions.
pub fn largest_sum(weights: &[i8], bias: i32) -> i64 {
    let weights: i64 = weights.iter().map(|w| i64::from(w.unsigned_abs())).sum();
    weights * 255 + i64::from(bias).abs()
}
