//! The few vector operations that the networks need, and the instruction sets that have them.
//!
//! All arithmetic is on integers, so every set gives the same bits. A vector holds `N` sums of 32 bit, one a cell; a
//! *quad* holds `N` groups of four activations, one group a sum. Sets with a four-way dot product of bytes take quads
//! and weights as bytes; the others take them split into pairs of 16 bit.

/// An instruction set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Plain Rust.
    Portable,
    /// The x86-64 baseline.
    Sse2,
    /// 256-bit integers.
    Avx2,
    /// 512-bit integers with byte dot products (VNNI).
    Avx512,
}

impl Level {
    /// Every level, slowest first.
    pub const ALL: [Level; 4] = [Level::Portable, Level::Sse2, Level::Avx2, Level::Avx512];

    /// The best level of this machine.
    pub fn detect() -> Level {
        Self::ALL
            .into_iter()
            .rev()
            .find(|l| l.available())
            .unwrap_or(Level::Portable)
    }

    /// Whether this machine can run it.
    pub fn available(self) -> bool {
        match self {
            Level::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Level::Sse2 => true,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => is_x86_feature_detected!("avx2"),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vnni")
            }
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    /// Name for reports.
    pub fn name(self) -> &'static str {
        match self {
            Level::Portable => "portable",
            Level::Sse2 => "sse2",
            Level::Avx2 => "avx2",
            Level::Avx512 => "avx512-vnni",
        }
    }

    /// Whether weights are wanted as two words of 16-bit pairs rather than one word of bytes.
    pub fn halves(self) -> bool {
        matches!(self, Level::Sse2 | Level::Avx2)
    }

    /// Output channels that a pointwise kernel works on at a time.
    pub fn outputs_at_once(self) -> usize {
        match self {
            Level::Avx512 => 8,
            _ => 4,
        }
    }

    /// Words of one quad of weights.
    pub fn words(self) -> usize {
        if self.halves() { 2 } else { 1 }
    }

    /// Appends a quad of weights in the form that `Simd::dot` takes.
    pub fn push_weights(self, table: &mut Vec<i32>, w: [i8; 4]) {
        if self.halves() {
            let pair = |a: i8, b: i8| i32::from(b) << 16 | i32::from(a) & 0xffff;
            table.push(pair(w[0], w[2]));
            table.push(pair(w[1], w[3]));
        } else {
            table.push(i32::from_le_bytes(w.map(|v| v as u8)));
        }
    }
}

/// Vector operations of one instruction set.
///
/// # Safety
/// Every function may be called only on a machine with that instruction set, from code compiled for it or inlined into
/// such code; pointers must be valid for the bytes named at each function.
pub unsafe trait Simd: Copy {
    /// Sums in a vector.
    const N: usize;
    /// Words of one quad of weights.
    const WORDS: usize;
    /// `N` sums.
    type V: Copy;
    /// `N` groups of four activations.
    type Q: Copy;

    /// The same sum everywhere.
    unsafe fn splat(v: i32) -> Self::V;
    /// Group `i` is the bytes `p[i..i + 4]`; may read up to 64 bytes.
    unsafe fn window(p: *const u8) -> Self::Q;
    /// Group `i` is the bytes `p[2 * i..2 * i + 4]`; may read up to 64 bytes.
    unsafe fn window2(p: *const u8) -> Self::Q;
    /// Group `i` is byte `i` of each of the four rows; reads `N` bytes of each.
    unsafe fn zip(rows: [*const u8; 4]) -> Self::Q;
    /// Adds to each sum the dot product of its group with the quad of weights at `w` ([`Level::push_weights`]).
    unsafe fn dot(acc: Self::V, q: Self::Q, w: *const i32) -> Self::V;
    /// The same where only the first weight is not zero.
    unsafe fn dot_first(acc: Self::V, q: Self::Q, w: *const i32) -> Self::V;
    /// `floor(v / 2^shift)`.
    unsafe fn shr(v: Self::V, shift: i32) -> Self::V;
    /// Adds byte `i` to sum `i`; reads `N` bytes.
    unsafe fn add_bytes(v: Self::V, p: *const u8) -> Self::V;
    /// Every sum twice, side by side.
    unsafe fn double(v: Self::V) -> [Self::V; 2];
    /// Writes `2 * N` sums.
    unsafe fn store_sums(p: *mut i32, v: [Self::V; 2]);
    /// Clips to 0–255 and writes `2 * N` bytes.
    unsafe fn store(p: *mut u8, v: [Self::V; 2]);
}

/// Plain Rust: for other machines, and as the form that the others are compared with.
#[derive(Clone, Copy)]
pub struct Portable;

// SAFETY: no instruction set beyond the target's own.
unsafe impl Simd for Portable {
    const N: usize = 8;
    const WORDS: usize = 1;
    type V = [i32; 8];
    type Q = [[u8; 4]; 8];

    #[inline(always)]
    unsafe fn splat(v: i32) -> Self::V {
        [v; 8]
    }
    #[inline(always)]
    unsafe fn window(p: *const u8) -> Self::Q {
        // SAFETY: the caller vouches for 64 bytes.
        std::array::from_fn(|i| unsafe { p.add(i).cast::<[u8; 4]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn window2(p: *const u8) -> Self::Q {
        // SAFETY: the caller vouches for 64 bytes.
        std::array::from_fn(|i| unsafe { p.add(2 * i).cast::<[u8; 4]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn zip(rows: [*const u8; 4]) -> Self::Q {
        // SAFETY: the caller vouches for N bytes of each row.
        std::array::from_fn(|i| rows.map(|r| unsafe { *r.add(i) }))
    }
    #[inline(always)]
    unsafe fn dot(mut acc: Self::V, q: Self::Q, w: *const i32) -> Self::V {
        // SAFETY: the caller vouches for the table.
        let w = unsafe { *w }.to_le_bytes().map(|b| i32::from(b as i8));
        for (a, q) in acc.iter_mut().zip(q) {
            for (q, w) in q.iter().zip(w) {
                *a += i32::from(*q) * w;
            }
        }
        acc
    }
    #[inline(always)]
    unsafe fn dot_first(mut acc: Self::V, q: Self::Q, w: *const i32) -> Self::V {
        // SAFETY: the caller vouches for the table.
        let w = i32::from(unsafe { *w } as i8);
        for (a, q) in acc.iter_mut().zip(q) {
            *a += i32::from(q[0]) * w;
        }
        acc
    }
    #[inline(always)]
    unsafe fn shr(v: Self::V, shift: i32) -> Self::V {
        v.map(|v| v >> shift)
    }
    #[inline(always)]
    unsafe fn add_bytes(mut v: Self::V, p: *const u8) -> Self::V {
        for (i, v) in v.iter_mut().enumerate() {
            // SAFETY: the caller vouches for N bytes.
            *v += i32::from(unsafe { *p.add(i) });
        }
        v
    }
    #[inline(always)]
    unsafe fn double(v: Self::V) -> [Self::V; 2] {
        [
            std::array::from_fn(|i| v[i / 2]),
            std::array::from_fn(|i| v[4 + i / 2]),
        ]
    }
    #[inline(always)]
    unsafe fn store_sums(p: *mut i32, v: [Self::V; 2]) {
        // SAFETY: the caller vouches for 2 N sums.
        unsafe { p.cast::<[Self::V; 2]>().write_unaligned(v) };
    }
    #[inline(always)]
    unsafe fn store(p: *mut u8, v: [Self::V; 2]) {
        for (i, v) in v.iter().flatten().enumerate() {
            // SAFETY: the caller vouches for 2 N bytes.
            unsafe { *p.add(i) = (*v).clamp(0, 255) as u8 };
        }
    }
}
