//! Bits of sample words outside the stored field: looking for them, clearing them (dicom.md §3.3).
//!
//! Retired overlays and old text live there. Takes decoded frames; signed samples count as clean when the bits above the
//! field repeat the sign.

use crate::frame::{Frame, PixelFormat, word_of};

/// Whether a word holds anything outside the stored field, and the word without it. Sub-byte words hold nothing else.
fn canonical(f: &PixelFormat, word: u64) -> u64 {
    if f.bits_allocated == 1 {
        return word & 1;
    }
    crate::frame::word_for_value(f, crate::frame::stored_value(f, word))
}

/// Whether any word of the frame holds bits outside the stored field.
pub fn has_high_bits(frame: &Frame) -> bool {
    let f = &frame.format;
    if f.bits_allocated == f.bits_stored {
        return false;
    }
    words(f, &frame.data).any(|w| canonical(f, w) != w)
}

/// Clears the bits outside the stored field of every word; signed samples are extended. Gives how many words changed.
pub fn clear_high_bits(frame: &mut Frame) -> usize {
    let f = frame.format;
    if f.bits_allocated == f.bits_stored {
        return 0;
    }
    let n = f.bytes_per_sample();
    let mut changed = 0;
    for bytes in frame.data.chunks_exact_mut(n) {
        let word = word_of(bytes);
        let clean = canonical(&f, word);
        if clean != word {
            changed += 1;
            bytes.copy_from_slice(&clean.to_le_bytes()[..n]);
        }
    }
    changed
}

fn words<'a>(f: &PixelFormat, data: &'a [u8]) -> impl Iterator<Item = u64> + 'a {
    data.chunks_exact(f.bytes_per_sample()).map(word_of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Photometric;

    fn frame(signed: bool, words: &[u16]) -> Frame {
        Frame {
            format: PixelFormat {
                rows: 1,
                cols: words.len() as u32,
                samples_per_pixel: 1,
                bits_allocated: 16,
                bits_stored: 12,
                high_bit: 11,
                signed,
                photometric: Photometric::Monochrome2,
                planar: false,
                float: false,
            },
            data: words.iter().flat_map(|w| w.to_le_bytes()).collect(),
        }
    }

    #[test]
    fn overlay_bits_are_found_and_cleared() {
        let mut f = frame(false, &[0x0FFF, 0x8123, 0]);
        assert!(has_high_bits(&f));
        assert_eq!(clear_high_bits(&mut f), 1);
        assert_eq!(f, frame(false, &[0x0FFF, 0x0123, 0]));
        assert!(!has_high_bits(&f));
    }

    #[test]
    fn signs_are_no_high_bits_but_missing_signs_are() {
        assert!(!has_high_bits(&frame(true, &[0xFFFF, 0x07FF, 0xF800])));
        let mut f = frame(true, &[0x0FFF]);
        assert_eq!(clear_high_bits(&mut f), 1);
        assert_eq!(f, frame(true, &[0xFFFF]));
    }
}
