//! Dot products over channels along one row, and the weights in the order that they are read in.
//!
//! A *channel* here is whatever the caller says: a channel of a map, or one tap of a larger kernel, which is a channel
//! read from a place a little off.

use super::simd::{Level, Simd};

/// The weights of all output channels for [`pointwise`]: group of [`Level::outputs_at_once`] outputs, then quad of
/// inputs, then output. What is missing in the last quad or group is zero.
pub fn table<'a>(
    level: Level,
    outputs: usize,
    inputs: usize,
    channel: impl Fn(usize) -> &'a [i8],
) -> Vec<i32> {
    let group = level.outputs_at_once();
    let mut weights = Vec::new();
    for first in (0..outputs).step_by(group) {
        for c in (0..inputs).step_by(4) {
            for o in first..first + group {
                let w = if o < outputs { channel(o) } else { &[] };
                let quad = |i| w.get(c + i).copied().unwrap_or(0);
                level.push_weights(&mut weights, std::array::from_fn(quad));
            }
        }
    }
    weights
}

/// Biases and shifts for [`pointwise`], padded to whole groups of outputs.
pub fn bias_shift(level: Level, bias: &[i32], shift: &[u32]) -> Vec<(i32, i32)> {
    let mut ends: Vec<_> = bias
        .iter()
        .zip(shift)
        .map(|(b, s)| (*b, *s as i32))
        .collect();
    ends.resize(ends.len().next_multiple_of(level.outputs_at_once()), (0, 0));
    ends
}

/// What happens to the sums of a pointwise layer.
#[derive(Clone, Copy)]
pub enum End {
    /// Clipped and written.
    Plain {
        /// Row of output channel 0.
        out: *mut u8,
    },
    /// Added to the skip row, clipped, written.
    Res {
        /// Row of output channel 0.
        out: *mut u8,
        /// Row of skip channel 0.
        skip: *const u8,
    },
    /// Written as they are, not clipped.
    Sums {
        /// Row of output channel 0.
        out: *mut i32,
    },
    /// Doubled, added to two skip rows, clipped, written.
    Up {
        /// Two rows of output channel 0.
        out: [*mut u8; 2],
        /// Two rows of skip channel 0.
        skip: [*const u8; 2],
    },
}

/// One row of a pointwise layer.
pub struct Row<'a> {
    /// Groups of four input channels.
    pub quads: usize,
    /// Cells.
    pub n: usize,
    /// Output channels.
    pub outputs: usize,
    /// Weights, see [`table`].
    pub table: &'a [i32],
    /// Biases and shifts, padded to whole groups.
    pub bias_shift: &'a [(i32, i32)],
    /// Cells from one output channel to the next.
    pub out_step: usize,
    /// Cells from one skip channel to the next.
    pub skip_step: usize,
    /// What to do with the sums.
    pub end: End,
}

/// Computes one row, `O` output channels at a time ([`Level::outputs_at_once`]). `input` gives the row of an input channel.
///
/// # Safety
/// The rows that `row` and `input` name are readable or writable for `ceil(n)` cells (twice that where doubled), where
/// `ceil` rounds up to `2 * N`; `quads` is at most `QUADS`; the tables have the lengths that `outputs` asks for; and the
/// contract of [`Simd`].
#[inline(always)]
pub unsafe fn pointwise<S: Simd, const O: usize, const QUADS: usize>(
    row: &Row,
    input: impl Fn(usize) -> *const u8,
) {
    // SAFETY: see above; `cells` is read only where it was written.
    unsafe {
        let mut cells = [const { std::mem::MaybeUninit::<[S::Q; 2]>::uninit() }; QUADS];
        let mut x = 0;
        while x < row.n {
            for (c, cell) in cells.iter_mut().enumerate().take(row.quads) {
                let at = |v: usize| {
                    let from = |i: usize| input(4 * c + i).add(x + v * S::N);
                    S::zip([from(0), from(1), from(2), from(3)])
                };
                cell.write([at(0), at(1)]);
            }
            for group in 0..row.outputs.div_ceil(O) {
                let ends = row.bias_shift.as_ptr().add(group * O);
                let mut w = row.table.as_ptr().add(group * O * row.quads * S::WORDS);
                let mut acc = [[S::splat(0); 2]; O];
                for (o, acc) in acc.iter_mut().enumerate() {
                    *acc = [S::splat((*ends.add(o)).0); 2];
                }
                for cell in cells.iter().take(row.quads) {
                    let q = cell.assume_init();
                    for acc in &mut acc {
                        *acc = [S::dot(acc[0], q[0], w), S::dot(acc[1], q[1], w)];
                        w = w.add(S::WORDS);
                    }
                }
                for (i, acc) in acc.iter().enumerate() {
                    let o = group * O + i;
                    if o >= row.outputs {
                        break;
                    }
                    let shift = (*ends.add(i)).1;
                    finish::<S>(row, o, x, acc.map(|v| S::shr(v, shift)));
                }
            }
            x += 2 * S::N;
        }
    }
}

/// Writes `2 * N` cells of one output channel.
///
/// # Safety
/// As for [`pointwise`].
#[inline(always)]
unsafe fn finish<S: Simd>(row: &Row, o: usize, x: usize, t: [S::V; 2]) {
    // SAFETY: the caller's promise.
    unsafe {
        match row.end {
            End::Plain { out } => S::store(out.add(o * row.out_step + x), t),
            End::Sums { out } => S::store_sums(out.add(o * row.out_step + x), t),
            End::Res { out, skip } => {
                let skip = skip.add(o * row.skip_step + x);
                let sum = [S::add_bytes(t[0], skip), S::add_bytes(t[1], skip.add(S::N))];
                S::store(out.add(o * row.out_step + x), sum);
            }
            End::Up { out, skip } => {
                for (half, t) in t.into_iter().enumerate() {
                    let pair = S::double(t);
                    let x = 2 * (x + half * S::N);
                    for (out, skip) in out.into_iter().zip(skip) {
                        let skip = skip.add(o * row.skip_step + x);
                        let sum = [
                            S::add_bytes(pair[0], skip),
                            S::add_bytes(pair[1], skip.add(S::N)),
                        ];
                        S::store(out.add(o * row.out_step + x), sum);
                    }
                }
            }
        }
    }
}
