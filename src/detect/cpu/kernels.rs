//! The two inner loops: taps along rows of one channel, and dot products over channels.
//!
//! Both work on `2 * N` cells at a time and write whole blocks; maps leave room for that ([`super::maps`]).

use super::simd::Simd;

/// Rows of output that a depthwise kernel makes at a time, so that each input row is spread out once.
pub const BAND: usize = 4;
/// Most input rows that a band needs: 3×3 with stride 2.
pub const BAND_INPUTS: usize = 2 * (BAND - 1) + 3;
/// Most input channels of a pointwise layer, in groups of four.
pub const MAX_QUADS: usize = 128;

/// `R` output rows of one channel: `K`×`K` taps with stride `T`.
///
/// # Safety
/// `rows` holds at least `(R - 1) * T + K` pointers to cell 0 of input rows with 2 readable cells before it and
/// `T * ceil(n) + 64` after, where `ceil` rounds up to `2 * N`; `out` holds `R` rows of `ceil(n)` writable cells; `w` is
/// the channel's table; and the contract of [`Simd`].
#[inline(always)]
pub unsafe fn taps<S: Simd, const K: usize, const T: usize, const R: usize>(
    rows: &[*const u8; BAND_INPUTS],
    w: *const i32,
    bias: i32,
    shift: i32,
    out: &[*mut u8; BAND],
    n: usize,
) {
    // SAFETY: cells up to `ceil(n)` and the windows beyond them are the caller's promise.
    unsafe {
        let quads = K.div_ceil(4);
        let mut x = 0;
        while x < n {
            let mut acc = [[S::splat(bias); 2]; R];
            for (r, row) in rows.iter().enumerate().take((R - 1) * T + K) {
                for v in 0..2 {
                    let p = row.add((x + v * S::N) * T).sub(K / 2);
                    let first = if T == 1 { S::window(p) } else { S::window2(p) };
                    for (j, acc) in acc.iter_mut().enumerate() {
                        if r >= j * T && r < j * T + K {
                            let w = w.add((r - j * T) * quads * S::WORDS);
                            acc[v] = S::dot(acc[v], first, w);
                        }
                    }
                    if K > 4 {
                        let last = S::window(p.add(4));
                        for (j, acc) in acc.iter_mut().enumerate() {
                            if r >= j * T && r < j * T + K {
                                let w = w.add(((r - j * T) * quads + 1) * S::WORDS);
                                acc[v] = S::dot_first(acc[v], last, w);
                            }
                        }
                    }
                }
            }
            for (acc, out) in acc.iter().zip(out) {
                S::store(out.add(x), acc.map(|v| S::shr(v, shift)));
            }
            x += 2 * S::N;
        }
    }
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
    /// Row of input channel 0.
    pub input: *const u8,
    /// Bytes from one input channel to the next.
    pub input_step: usize,
    /// Groups of four input channels.
    pub quads: usize,
    /// Cells.
    pub n: usize,
    /// Output channels.
    pub outputs: usize,
    /// Weights: group of `O` outputs, then quad, then output.
    pub table: &'a [i32],
    /// Biases and shifts, padded to whole groups.
    pub bias_shift: &'a [(i32, i32)],
    /// Bytes from one output channel to the next.
    pub out_step: usize,
    /// Bytes from one skip channel to the next.
    pub skip_step: usize,
    /// What to do with the sums.
    pub end: End,
}

/// Computes one row, `O` output channels at a time ([`super::simd::Level::outputs_at_once`]).
///
/// # Safety
/// The rows that `row` names are readable or writable for `ceil(n)` cells (twice that where doubled), where `ceil` rounds
/// up to `2 * N`; `quads` is at most [`MAX_QUADS`]; the tables have the lengths that `outputs` asks for; and the contract
/// of [`Simd`].
#[inline(always)]
pub unsafe fn pointwise<S: Simd, const O: usize>(row: &Row) {
    // SAFETY: see above; `cells` is read only where it was written.
    unsafe {
        let mut cells = [const { std::mem::MaybeUninit::<[S::Q; 2]>::uninit() }; MAX_QUADS];
        let mut x = 0;
        while x < row.n {
            for (c, cell) in cells.iter_mut().enumerate().take(row.quads) {
                let p = row.input.add(4 * c * row.input_step + x);
                let at =
                    |v: usize| S::zip([0, 1, 2, 3].map(|i| p.add(i * row.input_step + v * S::N)));
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
