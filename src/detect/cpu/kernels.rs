//! The inner loop of taps along rows of one channel. That over channels is [`crate::exact::pointwise`].
//!
//! It works on `2 * N` cells at a time and writes whole blocks; maps leave room for that ([`super::maps`]).

use crate::exact::Simd;

/// Rows of output that a depthwise kernel makes at a time, so that each input row is spread out once.
pub const BAND: usize = 4;
/// Most input rows that a band needs: 3×3 with stride 2.
pub const BAND_INPUTS: usize = 2 * (BAND - 1) + 3;

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
