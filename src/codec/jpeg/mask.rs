//! Filling blocks: nothing else of the stream is coded a second time.

use super::Coefficients;
use crate::codec::CodecError;
use crate::geometry::Rect;

/// The first coefficient with which every decoder gives `level` for all samples of a block whose others are 0: one step beyond
/// black and white, which decoders clamp, or exactly the level. `None` where the quantiser has no such step.
pub(super) fn coefficient_of(level: u16, bits: u16, step: u16) -> Option<i16> {
    // All samples are coefficient * step / 8 above the middle (A.3.3).
    let middle = 1i32 << (bits - 1);
    let (top, step) = (2 * middle - 1, i32::from(step));
    let wanted = 8 * (i32::from(level) - middle);
    let value = match i32::from(level) {
        0 => -((-wanted + step - 1) / step),
        level if level == top => (wanted + step - 1) / step,
        level if level < top && wanted % step == 0 => wanted / step,
        _ => return None,
    };
    i16::try_from(value).ok()
}

/// The sample value of a block of which only the first coefficient is not 0, as decoders round and clamp it.
pub(super) fn level_of(coefficient: i16, bits: u16, step: u16) -> u16 {
    let middle = 1i32 << (bits - 1);
    let above = (i32::from(coefficient) * i32::from(step) + 4) >> 3;
    (above + middle).clamp(0, 2 * middle - 1) as u16
}

impl Coefficients<'_> {
    /// Fills every minimum coded unit that a rectangle touches with one level a component (as coded: no colour transform; only
    /// the first counts for one component), and gives back what was filled: one rectangle for each non-empty one, grown to whole
    /// units ([`Coefficients::mcu_size`]) and clipped to the image.
    ///
    /// All samples of a filled block decode to its level. Decoders that interpolate subsampled
    /// chrominance mix it over one pixel at the border of the filled area, inside and outside; luminance is exact on both sides.
    ///
    /// # Errors
    /// [`CodecError::Input`] if a component's quantiser has no step for its level; black, white and the middle always have one.
    /// [`CodecError::Damaged`] if a component has no quantiser.
    pub fn mask_blocks(
        &mut self,
        rects: &[Rect],
        levels: [u16; 3],
    ) -> Result<Vec<Rect>, CodecError> {
        let bits = self.bits;
        let fills = self
            .components
            .iter()
            .zip(levels)
            .map(|(c, level)| {
                let step = c.quantizer.ok_or(NO_QUANTIZER)?[0];
                coefficient_of(level, bits, step)
                    .ok_or(CodecError::Input("JPEG quantizer has no step for the fill"))
            })
            .collect::<Result<Vec<i16>, _>>()?;
        let image = Rect::new(0, 0, self.width, self.height);
        let (unit_w, unit_h) = self.mcu_size();
        let mut masked = Vec::new();
        for rect in rects.iter().map(|r| r.intersect(&image)) {
            if rect.is_empty() {
                continue;
            }
            let (x0, x1) = (rect.x / unit_w, rect.right().div_ceil(unit_w));
            let (y0, y1) = (rect.y / unit_h, rect.bottom().div_ceil(unit_h));
            masked.push(rect.snap(unit_w, unit_h, self.width, self.height));
            for (c, fill) in self.components.iter_mut().zip(&fills) {
                for y in y0 as usize * c.v..y1 as usize * c.v {
                    let row = y * c.stride;
                    for block in &mut c.blocks[row + x0 as usize * c.h..row + x1 as usize * c.h] {
                        *block = [0; 64];
                        block[0] = *fill;
                    }
                }
            }
        }
        Ok(masked)
    }
}

pub(super) const NO_QUANTIZER: CodecError = CodecError::Damaged("JPEG quantizer is missing");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_decode_to_their_level_with_every_step() {
        for bits in [8, 12] {
            let top = (1u16 << bits) - 1;
            for step in 1..=255 {
                for level in [0, 1 << (bits - 1), top] {
                    let dc = coefficient_of(level, bits, step).unwrap();
                    assert_eq!(level_of(dc, bits, step), level, "{bits} {step} {level}");
                    // A difference between two of them has a size class that the mode has.
                    assert!(i32::from(dc).abs() <= 8 << (bits - 1), "{bits} {step}");
                }
                for level in 1..top {
                    if let Some(dc) = coefficient_of(level, bits, step) {
                        assert_eq!(level_of(dc, bits, step), level);
                        assert_eq!(i32::from(dc) * i32::from(step) % 8, 0);
                    }
                }
            }
        }
        assert_eq!(coefficient_of(3, 8, 16), None);
    }
}
