//! Text drawn into made-up pictures.

use super::objects::Sample;
use embedded_graphics::mono_font::{MonoFont, MonoTextStyle};
use embedded_graphics::pixelcolor::BinaryColor;
use embedded_graphics::prelude::*;
use embedded_graphics::text::{Baseline, Text};
use unburn::geometry::Rect;

/// Which pixels of a picture are ink.
#[derive(Clone)]
pub struct Ink {
    /// Width of the picture.
    pub cols: u32,
    /// Height of the picture.
    pub rows: u32,
    set: Vec<bool>,
}

impl Ink {
    /// A picture without ink.
    pub fn none(cols: u32, rows: u32) -> Ink {
        Ink {
            cols,
            rows,
            set: vec![false; (cols * rows) as usize],
        }
    }

    /// The same with a line of text whose first letter's top left corner is here.
    pub fn text(mut self, x: u32, y: u32, font: &'static MonoFont<'static>, text: &str) -> Ink {
        let style = MonoTextStyle::new(font, BinaryColor::On);
        let at = Point::new(x as i32, y as i32);
        let _ = Text::with_baseline(text, at, style, Baseline::Top).draw(&mut self);
        self
    }

    /// The same with one pixel of ink more; nothing outside the picture.
    pub fn dot(mut self, x: i64, y: i64) -> Ink {
        self.put(x, y);
        self
    }

    fn put(&mut self, x: i64, y: i64) {
        let inside =
            (0..i64::from(self.cols)).contains(&x) && (0..i64::from(self.rows)).contains(&y);
        if inside {
            self.set[(y * i64::from(self.cols) + x) as usize] = true;
        }
    }

    /// The same with a closed ring, `width` pixels wide.
    pub fn ring(mut self, cx: i64, cy: i64, radius: i64, width: i64) -> Ink {
        for y in -radius - width..=radius + width {
            for x in -radius - width..=radius + width {
                let d = ((x * x + y * y) as f64).sqrt() - radius as f64;
                if d.abs() <= width as f64 / 2.0 {
                    self.put(cx + x, cy + y);
                }
            }
        }
        self
    }

    /// The same with a straight line, `width` pixels wide.
    pub fn line(mut self, from: (i64, i64), to: (i64, i64), width: i64) -> Ink {
        let steps = (to.0 - from.0).abs().max((to.1 - from.1).abs()).max(1);
        for i in 0..=steps {
            let (x, y) = (
                from.0 + (to.0 - from.0) * i / steps,
                from.1 + (to.1 - from.1) * i / steps,
            );
            for n in 0..width * width {
                self.put(x + n % width, y + n / width);
            }
        }
        self
    }

    /// Whether a pixel is ink.
    pub fn at(&self, x: u32, y: u32) -> bool {
        self.set[(y * self.cols + x) as usize]
    }

    /// How many pixels of ink lie in a rectangle.
    pub fn inside(&self, r: &Rect) -> usize {
        let rows = r.y..r.bottom();
        rows.flat_map(|y| (r.x..r.right()).map(move |x| (x, y)))
            .filter(|(x, y)| self.at(*x, *y))
            .count()
    }

    /// The whole picture.
    pub fn whole(&self) -> Rect {
        Rect::new(0, 0, self.cols, self.rows)
    }

    /// Pixels as bits, the first in the lowest bit of the first byte (PS3.5 section 8.1.1).
    pub fn bits(&self) -> Vec<u8> {
        self.set
            .chunks(8)
            .map(|c| c.iter().rev().fold(0, |byte, b| byte << 1 | u8::from(*b)))
            .collect()
    }
}

/// Grey frames of 12 bits, each with the ink or without.
pub fn film(ink: &Ink, frames: &[bool]) -> Sample {
    let mut data = Vec::new();
    for (i, lettered) in frames.iter().enumerate() {
        for y in 0..ink.rows {
            for x in 0..ink.cols {
                let ground = 300 + x * 2 + y + 40 * i as u32;
                let v = if *lettered && ink.at(x, y) {
                    3900
                } else {
                    ground
                };
                data.extend((v as u16).to_le_bytes());
            }
        }
    }
    Sample::new(ink.rows as u16, ink.cols as u16, 1, (16, 12), "MONOCHROME2")
        .native(data)
        .frames(&frames.len().to_string())
}

impl OriginDimensions for Ink {
    fn size(&self) -> Size {
        Size::new(self.cols, self.rows)
    }
}

impl DrawTarget for Ink {
    type Color = BinaryColor;
    type Error = core::convert::Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<BinaryColor>>>(
        &mut self,
        pixels: I,
    ) -> Result<(), Self::Error> {
        for Pixel(p, colour) in pixels {
            if colour == BinaryColor::On {
                self.put(p.x.into(), p.y.into());
            }
        }
        Ok(())
    }
}
