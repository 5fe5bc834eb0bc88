//! Drawing into a colour picture. Everything outside the picture is left out.

use super::RgbImage;
use super::font::{GLYPH_H, GLYPH_W, is_set};
use crate::geometry::Rect;

/// Red, green, blue.
pub type Rgb = [u8; 3];

/// How a line looks, so that colour is not the only sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stroke {
    /// Unbroken.
    Solid,
    /// Six pixels on, four off.
    Dashed,
}

impl Stroke {
    fn is_on(self, step: u32) -> bool {
        self == Stroke::Solid || step % 10 < 6
    }
}

impl RgbImage {
    /// A picture of one colour.
    pub fn new(width: u32, height: u32, colour: Rgb) -> RgbImage {
        let pixels = width as usize * height as usize;
        RgbImage {
            width,
            height,
            data: colour.repeat(pixels),
        }
    }

    /// The colour of a pixel; `None` outside.
    pub fn at(&self, x: u32, y: u32) -> Option<Rgb> {
        if x >= self.width || y >= self.height {
            return None;
        }
        let i = (y as usize * self.width as usize + x as usize) * 3;
        self.data.get(i..i + 3)?.try_into().ok()
    }

    /// Sets a pixel.
    pub fn set(&mut self, x: u32, y: u32, colour: Rgb) {
        if x < self.width && y < self.height {
            let i = (y as usize * self.width as usize + x as usize) * 3;
            if let Some(pixel) = self.data.get_mut(i..i + 3) {
                pixel.copy_from_slice(&colour);
            }
        }
    }

    /// Fills a rectangle.
    pub fn fill(&mut self, rect: Rect, colour: Rgb) {
        let part = rect.intersect(&Rect::new(0, 0, self.width, self.height));
        for y in part.y..part.bottom() {
            for x in part.x..part.right() {
                self.set(x, y, colour);
            }
        }
    }

    /// Thin diagonal lines in a rectangle: what lies below stays visible between them.
    pub fn hatch(&mut self, rect: Rect, colour: Rgb) {
        let part = rect.intersect(&Rect::new(0, 0, self.width, self.height));
        for y in part.y..part.bottom() {
            for x in part.x..part.right() {
                if (x + y) % 8 == 0 {
                    self.set(x, y, colour);
                }
            }
        }
    }

    /// The border of a rectangle, just outside of it where there is room.
    pub fn outline(&mut self, rect: Rect, colour: Rgb, stroke: Stroke) {
        let (left, top) = (rect.x.saturating_sub(1), rect.y.saturating_sub(1));
        let (right, bottom) = (
            rect.right().min(self.width.saturating_sub(1)),
            rect.bottom().min(self.height.saturating_sub(1)),
        );
        for x in (left..=right).filter(|x| stroke.is_on(x - left)) {
            self.set(x, top, colour);
            self.set(x, bottom, colour);
        }
        for y in (top..=bottom).filter(|y| stroke.is_on(y - top)) {
            self.set(left, y, colour);
            self.set(right, y, colour);
        }
    }

    /// Writes a line of text with its top left corner at `x`, `y`, each font pixel `scale` pixels wide.
    pub fn text(&mut self, x: u32, y: u32, scale: u32, text: &str, colour: Rgb) {
        let mut left = x;
        for c in text.chars() {
            for gy in 0..GLYPH_H {
                for gx in (0..GLYPH_W).filter(|gx| is_set(c, *gx, gy)) {
                    let dot = Rect::new(left + gx * scale, y + gy * scale, scale, scale);
                    self.fill(dot, colour);
                }
            }
            left = left.saturating_add((GLYPH_W + 1) * scale);
        }
    }

    /// Puts a picture with its top left corner at `x`, `y`, each pixel `scale` pixels wide.
    pub fn paste(&mut self, picture: &RgbImage, x: u32, y: u32, scale: u32) {
        for py in 0..picture.height {
            for px in 0..picture.width {
                if let Some(colour) = picture.at(px, py) {
                    let dot = Rect::new(x + px * scale, y + py * scale, scale, scale);
                    self.fill(dot, colour);
                }
            }
        }
    }
}

/// Width of a line of text in pixels.
pub fn text_width(text: &str, scale: u32) -> u32 {
    let chars = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    chars.saturating_mul((GLYPH_W + 1) * scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawing_outside_is_left_out() {
        let mut picture = RgbImage::new(10, 10, [0; 3]);
        picture.fill(Rect::new(8, 8, u32::MAX, 9), [1; 3]);
        picture.outline(Rect::new(0, 0, 10, 10), [2; 3], Stroke::Solid);
        picture.text(6, 6, 3, "Wg", [3; 3]);
        picture.hatch(Rect::new(50, 50, 3, 3), [4; 3]);
        assert_eq!(picture.data.len(), 300);
        assert_eq!(picture.at(0, 5), Some([2; 3]));
        assert_eq!(picture.at(10, 0), None);
    }

    #[test]
    fn an_outline_keeps_the_inside_as_it_was_and_dashes_have_gaps() {
        let rect = Rect::new(5, 5, 20, 4);
        let count = |stroke| {
            let mut picture = RgbImage::new(40, 20, [0; 3]);
            picture.outline(rect, [9; 3], stroke);
            let inside = (rect.y..rect.bottom())
                .all(|y| (rect.x..rect.right()).all(|x| picture.at(x, y) == Some([0; 3])));
            assert!(inside);
            picture.data.iter().filter(|b| **b == 9).count() / 3
        };
        assert_eq!(count(Stroke::Solid), 2 * 22 + 2 * 4);
        assert!(count(Stroke::Dashed) < count(Stroke::Solid));
    }

    #[test]
    fn pasting_enlarges() {
        let mut small = RgbImage::new(2, 1, [0; 3]);
        small.set(1, 0, [7; 3]);
        let mut big = RgbImage::new(8, 4, [1; 3]);
        big.paste(&small, 2, 0, 3);
        assert_eq!(big.at(5, 2), Some([7; 3]));
        assert_eq!(big.at(4, 2), Some([0; 3]));
        assert_eq!(big.at(5, 3), Some([1; 3]));
    }
}
