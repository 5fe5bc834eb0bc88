//! Frames as the steps of a file see them: decoded on demand, told apart by digests.

use super::pictures::Shown;
use crate::error::Error;
use crate::facts::Facts;
use crate::frame::Frame;
use crate::geometry::Rect;
use crate::mask;
use crate::outcome::{Reason, Refusal};
use crate::plan::Fill;
use crate::views::ValueRange;
use rayon::prelude::*;
use std::collections::HashMap;

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
    /// Some function of what the frame is decoded from, cheaper than its digest: unlike sketches mean unlike frames.
    fn sketch(&self, index: u32) -> Result<u64, Refusal> {
        self.digest(index).map(|d| sketch(&d))
    }
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

/// What tells each frame of an object from the others and not from those of another object: its digest where its sketch is
/// that of another frame, else the sketch alone.
pub fn contents(frames: &dyn Frames) -> Result<Vec<Hash>, Refusal> {
    let sketches: Vec<u64> = (0..frames.count())
        .into_par_iter()
        .map(|i| frames.sketch(i))
        .collect::<Result<_, _>>()?;
    let mut uses: HashMap<u64, u32> = HashMap::new();
    for sketch in &sketches {
        *uses.entry(*sketch).or_default() += 1;
    }
    (0..frames.count())
        .into_par_iter()
        .zip(&sketches)
        .map(|(i, sketch)| {
            if uses.get(sketch).is_some_and(|n| *n > 1) {
                return frames.digest(i);
            }
            let mut alone = Hash::default();
            alone[..8].copy_from_slice(&sketch.to_le_bytes());
            Ok(alone)
        })
        .collect()
}

/// Sketch of bytes: sums of products over four lanes of words. Nothing hangs on its strength.
pub fn sketch(bytes: &[u8]) -> u64 {
    const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
    const LANES: usize = 4;
    let mix = |lane: u64, word: u64| (lane ^ word).wrapping_mul(ODD).rotate_left(29);
    let mut lanes = [bytes.len() as u64, 1, 2, 3];
    let (blocks, rest) = bytes.as_chunks::<{ 8 * LANES }>();
    for block in blocks {
        let (words, _) = block.as_chunks::<8>();
        for (lane, word) in lanes.iter_mut().zip(words) {
            *lane = mix(*lane, u64::from_le_bytes(*word));
        }
    }
    let lanes = lanes.into_iter().fold(0, mix);
    rest.iter().fold(lanes, |sum, b| mix(sum, u64::from(*b)))
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

    #[test]
    fn sketches_see_every_byte_and_the_length() {
        let bytes = [7u8; 75];
        for i in 0..bytes.len() {
            let mut other = bytes;
            other[i] ^= 1;
            assert_ne!(sketch(&bytes), sketch(&other), "byte {i}");
        }
        assert_ne!(sketch(&bytes), sketch(&bytes[..74]));
        assert_ne!(sketch(&[0; 32]), sketch(&[0; 64]));
    }

    #[test]
    fn numbers_become_ranges() {
        assert_eq!(
            ranges([1, 2, 3, 7, 9, 10].into_iter()),
            [(1, 3), (7, 7), (9, 10)]
        );
    }
}
