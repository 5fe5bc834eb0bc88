//! Frames as the steps of a file see them: decoded on demand, told apart by digests.

use super::search::Shown;
use crate::error::Error;
use crate::facts::Facts;
use crate::frame::Frame;
use crate::geometry::Rect;
use crate::mask;
use crate::outcome::{Reason, Refusal};
use crate::plan::Fill;
use crate::views::ValueRange;
use sha2::{Digest, Sha256};

/// SHA-256 of something.
pub type Hash = [u8; 32];

/// Frames of one object: decoded on demand, never all at once.
pub trait Frames: Sync {
    /// Number of frames.
    fn count(&self) -> u32;
    /// One decoded frame.
    fn frame(&self, index: u32) -> Result<Frame, Refusal>;
    /// Digest of what the frame is decoded from; equal digests mean equal frames.
    fn digest(&self, index: u32) -> Result<Hash, Refusal>;
    /// The frame as the output will show it with these masks.
    fn masked(&self, index: u32, masks: &[Rect], fill: &Fill) -> Result<Frame, Refusal> {
        let mut frame = self.frame(index)?;
        mask::fill(&mut frame, masks, fill);
        Ok(frame)
    }
    /// The same, to be searched.
    fn shown(&self, index: u32, masks: Vec<Rect>, fill: &Fill) -> Result<Shown, Refusal> {
        let mut frame = self.frame(index)?;
        let range = ValueRange::of(&frame);
        mask::fill(&mut frame, &masks, fill);
        Ok(Shown::masked(frame, masks, range))
    }
    /// Width and height in pixels of the units to which masks have to grow.
    fn unit(&self) -> (u32, u32) {
        (1, 1)
    }
    /// The fill, where it does not depend on the samples.
    fn fill(&self) -> Option<Fill> {
        None
    }
}

/// Fingerprint of a frame's stored values: bits outside the stored field do not count.
pub fn fingerprint(frame: &Frame) -> Hash {
    let f = &frame.format;
    let mut hash = Sha256::new();
    hash.update(f.rows.to_le_bytes());
    hash.update(f.cols.to_le_bytes());
    let field = f.stored_mask();
    let whole = u64::MAX >> (64 - 8 * f.bytes_per_sample().clamp(1, 8) as u32);
    if field == whole {
        hash.update(&frame.data);
    } else {
        let n = f.bytes_per_sample();
        let field = field.to_le_bytes();
        let masked: Vec<u8> = frame
            .data
            .iter()
            .enumerate()
            .map(|(i, b)| b & field[i % n])
            .collect();
        hash.update(&masked);
    }
    hash.finalize().into()
}

/// Pixels of frames that are decoded at the same time.
const PIXELS_AT_ONCE: u64 = 24 << 20;

/// How many frames are searched as one batch.
pub fn frames_at_once(facts: &Facts) -> usize {
    let pixels = u64::from(facts.format.rows) * u64::from(facts.format.cols);
    (PIXELS_AT_ONCE / pixels.max(1)).clamp(1, 32) as usize
}

/// The detector failed, and so did its stand-in on the CPU.
pub fn device_fault(error: Error) -> Refusal {
    Refusal::new(Reason::Internal, error.to_string())
}

/// Ascending numbers as inclusive ranges.
pub fn ranges(numbers: impl Iterator<Item = u32>) -> Vec<(u32, u32)> {
    let mut out: Vec<(u32, u32)> = Vec::new();
    for n in numbers {
        match out.last_mut() {
            Some((_, last)) if *last + 1 == n => *last = n,
            _ => out.push((n, n)),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Photometric, PixelFormat};

    #[test]
    fn fingerprints_do_not_see_bits_outside_the_stored_field() {
        let format = PixelFormat {
            bits_allocated: 16,
            bits_stored: 12,
            high_bit: 11,
            rows: 1,
            cols: 1,
            samples_per_pixel: 1,
            signed: false,
            photometric: Photometric::Monochrome2,
            planar: false,
            float: false,
        };
        let a = Frame {
            format,
            data: vec![0x34, 0x12],
        };
        let b = Frame {
            format,
            data: vec![0x34, 0xF2],
        };
        let c = Frame {
            format,
            data: vec![0x35, 0x12],
        };
        assert_eq!(fingerprint(&a), fingerprint(&b));
        assert_ne!(fingerprint(&a), fingerprint(&c));
    }

    #[test]
    fn numbers_become_ranges() {
        assert_eq!(
            ranges([1, 2, 3, 7, 9, 10].into_iter()),
            [(1, 3), (7, 7), (9, 10)]
        );
    }
}
