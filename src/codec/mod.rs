//! Image codecs written for this product: coded bytes of one frame in, sample words out, and back.
//!
//! Plain functions over byte slices; no DICOM types, no fragments, no offset tables: a caller joins the fragments of a
//! frame first and pads to even length where the encapsulation wants it (PS3.5 A.4).
//!
//! | coding | decode | encode |
//! |---|---|---|
//! | RLE Lossless (PS3.5 Annex G) | [`rle::decode`] | [`rle::encode`] |
//! | JPEG-LS, ISO 14495-1 | [`jpeg_ls::decode`] | [`jpeg_ls::encode`] |
//! | JPEG Lossless, first-order prediction | none | [`jpeg_lossless::encode`] |
//! | JPEG, sequential and progressive DCT of 8 or 12 bits | [`jpeg::decode`] | block masks only: [`jpeg::Coefficients`] |
//! | pages of PDF | [`pdf::Renderer::pages`], in a process of its own | none |
//! | MPEG-2, H.264, HEVC | [`video::Tool::decode`] | [`video::Tool::encode`], both by a program from outside |
//!
//! Every decoder treats its input as hostile: it never panics, allocates in proportion to the frame size the caller allows
//! and calls a stream that ends early damaged instead of inventing samples. Colour is never
//! converted: samples come out as they were coded.

pub mod jpeg;
pub mod jpeg_lossless;
pub mod jpeg_ls;
pub mod pdf;
pub mod process;
pub mod rle;
pub mod video;

use crate::frame::PixelFormat;

/// Why one frame could not be coded or decoded. Variants are named by who has to act.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The stream may be right, but uses something this product does not do.
    #[error("unsupported: {0}")]
    Unsupported(&'static str),
    /// The stream is truncated or contradicts itself.
    #[error("damaged: {0}")]
    Damaged(&'static str),
    /// The stream announces more samples than the caller allows.
    #[error("announces `{announced}` bytes of samples, `{limit}` allowed")]
    TooLarge {
        /// Bytes of samples the stream's header asks for.
        announced: u64,
        /// Bytes of samples the caller allows.
        limit: u64,
    },
    /// An encoder was given samples that do not fit their description, or a description the coding has no form for.
    #[error("cannot encode: {0}")]
    Input(&'static str),
}

/// One decoded frame of a stream that describes itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Samples a pixel.
    pub components: u16,
    /// Significant bits of a sample, at bit 0 of its word; bits above are 0 (never sign-extended).
    pub bits: u16,
    /// Largest error the encoder allowed itself in a sample; 0 is lossless, `u16::MAX` lossy without such a bound.
    pub near: u16,
    /// Sample words, interleaved by pixel: one byte each up to 8 bits, two bytes little endian above.
    pub samples: Vec<u8>,
}

impl Decoded {
    /// The samples in words of `bytes` bytes (1, 2 or 4) as [`crate::frame::Frame`] wants them where more bits are allocated than
    /// the stream has; values stay unsigned.
    ///
    /// # Errors
    /// [`CodecError::Damaged`] if the stream has more bits than such words.
    pub fn into_words(self, bytes: usize) -> Result<Vec<u8>, CodecError> {
        let coded = if self.bits > 8 { 2 } else { 1 };
        if bytes == coded {
            return Ok(self.samples);
        }
        if bytes < coded {
            return Err(CodecError::Damaged("more bits than allocated"));
        }
        let mut words = vec![0; self.samples.len() / coded * bytes];
        for (word, sample) in words
            .chunks_exact_mut(bytes)
            .zip(self.samples.chunks_exact(coded))
        {
            word[..coded].copy_from_slice(sample);
        }
        Ok(words)
    }
}

/// Bytes of a whole interleaved frame of whole-byte samples, if it can be held at all.
fn frame_bytes(f: &PixelFormat) -> Result<usize, CodecError> {
    if !matches!(f.bits_allocated, 8 | 16 | 32) {
        return Err(CodecError::Unsupported(
            "bits allocated other than 8, 16 and 32",
        ));
    }
    if !matches!(f.samples_per_pixel, 1 | 3) {
        return Err(CodecError::Unsupported(
            "samples per pixel other than 1 and 3",
        ));
    }
    if f.is_subsampled() {
        return Err(CodecError::Unsupported("chrominance at half resolution"));
    }
    (f.rows as usize)
        .checked_mul(f.cols as usize)
        .and_then(|n| n.checked_mul(usize::from(f.samples_per_pixel)))
        .and_then(|n| n.checked_mul(f.bytes_per_sample()))
        .filter(|n| *n > 0 && *n <= isize::MAX as usize)
        .ok_or(CodecError::Input("empty or impossible frame size"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_widened_but_never_cut() {
        let decoded = |bits, samples| Decoded {
            width: 2,
            height: 1,
            components: 1,
            bits,
            near: 0,
            samples,
        };
        assert_eq!(
            decoded(8, vec![1, 255]).into_words(2),
            Ok(vec![1, 0, 255, 0])
        );
        assert_eq!(
            decoded(12, vec![1, 2, 3, 4]).into_words(4),
            Ok(vec![1, 2, 0, 0, 3, 4, 0, 0])
        );
        assert!(decoded(9, vec![1, 0, 2, 0]).into_words(1).is_err());
    }
}
