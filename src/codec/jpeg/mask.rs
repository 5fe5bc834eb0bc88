//! Blackening blocks: nothing else of the stream is coded a second time.

use super::Coefficients;
use crate::codec::CodecError;
use crate::geometry::Rect;

/// What three components mean; no effect on streams of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Luminance and two chrominances: black is the lowest luminance without chrominance.
    Ybr,
    /// Red, green, blue: black is the lowest value of each.
    Rgb,
}

impl Coefficients<'_> {
    /// Blackens every minimum coded unit that a rectangle touches, in all components, and gives back what was blackened: one
    /// rectangle for each non-empty one, grown to whole units ([`Coefficients::mcu_size`]) and clipped to the image.
    ///
    /// In masked blocks all samples decode to the lowest value (chrominance to its middle). Decoders that interpolate subsampled
    /// chrominance mix it over one pixel at the border of the masked area, inside and outside; luminance is exact on both sides.
    ///
    /// # Errors
    /// [`CodecError::Damaged`] if a component has no quantizer.
    pub fn mask_blocks(&mut self, rects: &[Rect], colour: Colour) -> Result<Vec<Rect>, CodecError> {
        let image = Rect::new(0, 0, self.width, self.height);
        let (unit_w, unit_h) = self.mcu_size();
        let lowest = 1i32 << (self.bits + 2);
        let mut masked = Vec::new();
        for rect in rects.iter().map(|r| r.intersect(&image)) {
            if rect.is_empty() {
                continue;
            }
            let (x0, x1) = (rect.x / unit_w, rect.right().div_ceil(unit_w));
            let (y0, y1) = (rect.y / unit_h, rect.bottom().div_ceil(unit_h));
            let grown = Rect::from_corners(x0 * unit_w, y0 * unit_h, x1 * unit_w, y1 * unit_h);
            masked.push(grown.intersect(&image));
            for (i, c) in self.components.iter_mut().enumerate() {
                // All samples of a block are DC * step / 8 above the middle.
                let step = c
                    .quantizer
                    .ok_or(CodecError::Damaged("JPEG quantizer is missing"))?[0];
                let black = -(lowest + i32::from(step) - 1) / i32::from(step);
                let dc = if i == 0 || colour == Colour::Rgb {
                    black
                } else {
                    0
                };
                for y in y0 as usize * c.v..y1 as usize * c.v {
                    let row = y * c.stride;
                    for block in &mut c.blocks[row + x0 as usize * c.h..row + x1 as usize * c.h] {
                        *block = [0; 64];
                        block[0] = dc as i16;
                    }
                }
            }
        }
        Ok(masked)
    }
}
