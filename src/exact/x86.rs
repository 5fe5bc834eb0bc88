//! The vector operations in SSE2, AVX2 and AVX-512 with VNNI.

#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "every block is one intrinsic under the safety contract of `Simd`"
)]

use super::simd::Simd;
use std::arch::x86_64::*;

/// 128-bit integers, the x86-64 baseline.
#[derive(Clone, Copy)]
pub struct Sse2;

// SAFETY: only SSE2 intrinsics.
unsafe impl Simd for Sse2 {
    const N: usize = 4;
    const WORDS: usize = 2;
    type V = __m128i;
    /// Bytes 0 and 2, then 1 and 3 of each group, as 16 bit.
    type Q = [__m128i; 2];

    #[inline(always)]
    unsafe fn splat(v: i32) -> Self::V {
        unsafe { _mm_set1_epi32(v) }
    }
    #[inline(always)]
    unsafe fn window(p: *const u8) -> Self::Q {
        unsafe {
            let v = _mm_unpacklo_epi8(_mm_loadl_epi64(p.cast()), _mm_setzero_si128());
            let (v1, v2, v3) = (
                _mm_srli_si128::<2>(v),
                _mm_srli_si128::<4>(v),
                _mm_srli_si128::<6>(v),
            );
            [_mm_unpacklo_epi16(v, v2), _mm_unpacklo_epi16(v1, v3)]
        }
    }
    #[inline(always)]
    unsafe fn window2(p: *const u8) -> Self::Q {
        unsafe {
            let v = _mm_loadu_si128(p.cast());
            let even = _mm_and_si128(v, _mm_set1_epi16(0xff));
            let odd = _mm_srli_epi16::<8>(v);
            [
                _mm_unpacklo_epi16(even, _mm_srli_si128::<2>(even)),
                _mm_unpacklo_epi16(odd, _mm_srli_si128::<2>(odd)),
            ]
        }
    }
    #[inline(always)]
    unsafe fn zip(rows: [*const u8; 4]) -> Self::Q {
        unsafe {
            let [a, b, c, d] = rows.map(|r| _mm_cvtsi32_si128(r.cast::<i32>().read_unaligned()));
            let zero = _mm_setzero_si128();
            [
                _mm_unpacklo_epi8(_mm_unpacklo_epi8(a, c), zero),
                _mm_unpacklo_epi8(_mm_unpacklo_epi8(b, d), zero),
            ]
        }
    }
    #[inline(always)]
    unsafe fn dot(acc: Self::V, q: Self::Q, w: *const i32) -> Self::V {
        unsafe {
            let even = _mm_madd_epi16(q[0], _mm_set1_epi32(*w));
            let odd = _mm_madd_epi16(q[1], _mm_set1_epi32(*w.add(1)));
            _mm_add_epi32(acc, _mm_add_epi32(even, odd))
        }
    }
    #[inline(always)]
    unsafe fn dot_first(acc: Self::V, q: Self::Q, w: *const i32) -> Self::V {
        unsafe { _mm_add_epi32(acc, _mm_madd_epi16(q[0], _mm_set1_epi32(*w))) }
    }
    #[inline(always)]
    unsafe fn shr(v: Self::V, shift: i32) -> Self::V {
        unsafe { _mm_sra_epi32(v, _mm_cvtsi32_si128(shift)) }
    }
    #[inline(always)]
    unsafe fn add_bytes(v: Self::V, p: *const u8) -> Self::V {
        unsafe {
            let zero = _mm_setzero_si128();
            let b = _mm_cvtsi32_si128(p.cast::<i32>().read_unaligned());
            _mm_add_epi32(v, _mm_unpacklo_epi16(_mm_unpacklo_epi8(b, zero), zero))
        }
    }
    #[inline(always)]
    unsafe fn double(v: Self::V) -> [Self::V; 2] {
        unsafe { [_mm_unpacklo_epi32(v, v), _mm_unpackhi_epi32(v, v)] }
    }
    #[inline(always)]
    unsafe fn store_sums(p: *mut i32, v: [Self::V; 2]) {
        unsafe {
            _mm_storeu_si128(p.cast(), v[0]);
            _mm_storeu_si128(p.add(4).cast(), v[1]);
        }
    }
    #[inline(always)]
    unsafe fn store(p: *mut u8, v: [Self::V; 2]) {
        unsafe {
            // Both packings saturate, and saturating to 16 bit first does not change the clipped byte.
            let words = _mm_packs_epi32(v[0], v[1]);
            _mm_storel_epi64(p.cast(), _mm_packus_epi16(words, words));
        }
    }
}

/// 256-bit integers.
#[derive(Clone, Copy)]
pub struct Avx2;

// SAFETY: only AVX2 intrinsics.
unsafe impl Simd for Avx2 {
    const N: usize = 8;
    const WORDS: usize = 2;
    type V = __m256i;
    /// Bytes 0 and 2, then 1 and 3 of each group, as 16 bit.
    type Q = [__m256i; 2];

    #[inline(always)]
    unsafe fn splat(v: i32) -> Self::V {
        unsafe { _mm256_set1_epi32(v) }
    }
    #[inline(always)]
    unsafe fn window(p: *const u8) -> Self::Q {
        unsafe {
            let v = _mm256_broadcastsi128_si256(_mm_loadu_si128(p.cast()));
            let even = _mm256_setr_epi8(
                0, -1, 2, -1, 1, -1, 3, -1, 2, -1, 4, -1, 3, -1, 5, -1, 4, -1, 6, -1, 5, -1, 7, -1,
                6, -1, 8, -1, 7, -1, 9, -1,
            );
            let odd = _mm256_setr_epi8(
                1, -1, 3, -1, 2, -1, 4, -1, 3, -1, 5, -1, 4, -1, 6, -1, 5, -1, 7, -1, 6, -1, 8, -1,
                7, -1, 9, -1, 8, -1, 10, -1,
            );
            [_mm256_shuffle_epi8(v, even), _mm256_shuffle_epi8(v, odd)]
        }
    }
    #[inline(always)]
    unsafe fn window2(p: *const u8) -> Self::Q {
        unsafe {
            let v = _mm256_inserti128_si256::<1>(
                _mm256_castsi128_si256(_mm_loadu_si128(p.cast())),
                _mm_loadu_si128(p.add(8).cast()),
            );
            let even = _mm256_setr_epi8(
                0, -1, 2, -1, 2, -1, 4, -1, 4, -1, 6, -1, 6, -1, 8, -1, 0, -1, 2, -1, 2, -1, 4, -1,
                4, -1, 6, -1, 6, -1, 8, -1,
            );
            let odd = _mm256_setr_epi8(
                1, -1, 3, -1, 3, -1, 5, -1, 5, -1, 7, -1, 7, -1, 9, -1, 1, -1, 3, -1, 3, -1, 5, -1,
                5, -1, 7, -1, 7, -1, 9, -1,
            );
            [_mm256_shuffle_epi8(v, even), _mm256_shuffle_epi8(v, odd)]
        }
    }
    #[inline(always)]
    unsafe fn zip(rows: [*const u8; 4]) -> Self::Q {
        unsafe {
            let [a, b, c, d] = rows.map(|r| _mm_loadl_epi64(r.cast()));
            [
                _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(a, c)),
                _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(b, d)),
            ]
        }
    }
    #[inline(always)]
    unsafe fn dot(acc: Self::V, q: Self::Q, w: *const i32) -> Self::V {
        unsafe {
            let even = _mm256_madd_epi16(q[0], _mm256_set1_epi32(*w));
            let odd = _mm256_madd_epi16(q[1], _mm256_set1_epi32(*w.add(1)));
            _mm256_add_epi32(acc, _mm256_add_epi32(even, odd))
        }
    }
    #[inline(always)]
    unsafe fn dot_first(acc: Self::V, q: Self::Q, w: *const i32) -> Self::V {
        unsafe { _mm256_add_epi32(acc, _mm256_madd_epi16(q[0], _mm256_set1_epi32(*w))) }
    }
    #[inline(always)]
    unsafe fn shr(v: Self::V, shift: i32) -> Self::V {
        unsafe { _mm256_sra_epi32(v, _mm_cvtsi32_si128(shift)) }
    }
    #[inline(always)]
    unsafe fn add_bytes(v: Self::V, p: *const u8) -> Self::V {
        unsafe { _mm256_add_epi32(v, _mm256_cvtepu8_epi32(_mm_loadl_epi64(p.cast()))) }
    }
    #[inline(always)]
    unsafe fn double(v: Self::V) -> [Self::V; 2] {
        unsafe {
            let lo = _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3);
            let hi = _mm256_setr_epi32(4, 4, 5, 5, 6, 6, 7, 7);
            [
                _mm256_permutevar8x32_epi32(v, lo),
                _mm256_permutevar8x32_epi32(v, hi),
            ]
        }
    }
    #[inline(always)]
    unsafe fn store_sums(p: *mut i32, v: [Self::V; 2]) {
        unsafe {
            _mm256_storeu_si256(p.cast(), v[0]);
            _mm256_storeu_si256(p.add(8).cast(), v[1]);
        }
    }
    #[inline(always)]
    unsafe fn store(p: *mut u8, v: [Self::V; 2]) {
        unsafe {
            // Both packings saturate, and saturating to 16 bit first does not change the clipped byte.
            let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packs_epi32(v[0], v[1]));
            let bytes = _mm_packus_epi16(
                _mm256_castsi256_si128(words),
                _mm256_extracti128_si256::<1>(words),
            );
            _mm_storeu_si128(p.cast(), bytes);
        }
    }
}

/// 512-bit integers with byte dot products.
#[derive(Clone, Copy)]
pub struct Avx512;

// SAFETY: only intrinsics of AVX-512 F, BW and VNNI.
unsafe impl Simd for Avx512 {
    const N: usize = 16;
    const WORDS: usize = 1;
    type V = __m512i;
    type Q = __m512i;

    #[inline(always)]
    unsafe fn splat(v: i32) -> Self::V {
        unsafe { _mm512_set1_epi32(v) }
    }
    #[inline(always)]
    unsafe fn window(p: *const u8) -> Self::Q {
        unsafe {
            let v = _mm512_castsi256_si512(_mm256_loadu_si256(p.cast()));
            let lanes = _mm512_setr_epi32(0, 1, 0, 0, 1, 2, 0, 0, 2, 3, 0, 0, 3, 4, 0, 0);
            let bytes = _mm512_broadcast_i32x4(_mm_setr_epi8(
                0, 1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5, 3, 4, 5, 6,
            ));
            _mm512_shuffle_epi8(_mm512_permutexvar_epi32(lanes, v), bytes)
        }
    }
    #[inline(always)]
    unsafe fn window2(p: *const u8) -> Self::Q {
        unsafe {
            let v = _mm512_loadu_si512(p.cast());
            let lanes = _mm512_setr_epi32(0, 1, 2, 0, 2, 3, 4, 0, 4, 5, 6, 0, 6, 7, 8, 0);
            let bytes = _mm512_broadcast_i32x4(_mm_setr_epi8(
                0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7, 6, 7, 8, 9,
            ));
            _mm512_shuffle_epi8(_mm512_permutexvar_epi32(lanes, v), bytes)
        }
    }
    #[inline(always)]
    unsafe fn zip(rows: [*const u8; 4]) -> Self::Q {
        unsafe {
            let [a, b, c, d] = rows.map(|r| _mm_loadu_si128(r.cast()));
            let (ab0, ab1) = (_mm_unpacklo_epi8(a, b), _mm_unpackhi_epi8(a, b));
            let (cd0, cd1) = (_mm_unpacklo_epi8(c, d), _mm_unpackhi_epi8(c, d));
            let lo = _mm256_inserti128_si256::<1>(
                _mm256_castsi128_si256(_mm_unpacklo_epi16(ab0, cd0)),
                _mm_unpackhi_epi16(ab0, cd0),
            );
            let hi = _mm256_inserti128_si256::<1>(
                _mm256_castsi128_si256(_mm_unpacklo_epi16(ab1, cd1)),
                _mm_unpackhi_epi16(ab1, cd1),
            );
            _mm512_inserti64x4::<1>(_mm512_castsi256_si512(lo), hi)
        }
    }
    #[inline(always)]
    unsafe fn dot(acc: Self::V, q: Self::Q, w: *const i32) -> Self::V {
        unsafe { _mm512_dpbusd_epi32(acc, q, _mm512_set1_epi32(*w)) }
    }
    #[inline(always)]
    unsafe fn dot_first(acc: Self::V, q: Self::Q, w: *const i32) -> Self::V {
        unsafe { Self::dot(acc, q, w) }
    }
    #[inline(always)]
    unsafe fn shr(v: Self::V, shift: i32) -> Self::V {
        unsafe { _mm512_sra_epi32(v, _mm_cvtsi32_si128(shift)) }
    }
    #[inline(always)]
    unsafe fn add_bytes(v: Self::V, p: *const u8) -> Self::V {
        unsafe { _mm512_add_epi32(v, _mm512_cvtepu8_epi32(_mm_loadu_si128(p.cast()))) }
    }
    #[inline(always)]
    unsafe fn double(v: Self::V) -> [Self::V; 2] {
        unsafe {
            let lo = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
            let hi = _mm512_add_epi32(lo, _mm512_set1_epi32(8));
            [
                _mm512_permutexvar_epi32(lo, v),
                _mm512_permutexvar_epi32(hi, v),
            ]
        }
    }
    #[inline(always)]
    unsafe fn store_sums(p: *mut i32, v: [Self::V; 2]) {
        unsafe {
            _mm512_storeu_si512(p.cast(), v[0]);
            _mm512_storeu_si512(p.add(16).cast(), v[1]);
        }
    }
    #[inline(always)]
    unsafe fn store(p: *mut u8, v: [Self::V; 2]) {
        unsafe {
            let zero = _mm512_setzero_si512();
            let lo = _mm512_cvtusepi32_epi8(_mm512_max_epi32(v[0], zero));
            let hi = _mm512_cvtusepi32_epi8(_mm512_max_epi32(v[1], zero));
            _mm_storeu_si128(p.cast(), lo);
            _mm_storeu_si128(p.add(16).cast(), hi);
        }
    }
}
