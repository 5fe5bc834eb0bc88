//! Text as ink: how much every pixel is covered by the glyphs of one line.

use crate::picture::{Colour, Picture};
use crate::strokes;
use embedded_graphics::{
    Pixel,
    mono_font::{MonoFont, MonoTextStyle},
    pixelcolor::BinaryColor,
    prelude::*,
    text::{Baseline, Text},
};

/// Where glyphs come from.
#[derive(Clone, Copy)]
pub enum Face {
    /// A bitmap font, pixel by pixel where it is not scaled.
    Pixels(&'static MonoFont<'static>),
    /// A bitmap font, scaled with round, soft edges.
    Smooth(&'static MonoFont<'static>),
    /// Our stroke font; the pen's width in twelfths of the cap height.
    Strokes(f64),
}

/// How a line of text looks.
#[derive(Clone, Copy)]
pub struct Style {
    /// Its glyphs.
    pub face: Face,
    /// Bitmap fonts: factor. Strokes: cap height in pixels.
    pub size: f64,
    /// Reading direction as a unit vector; `(1.0, 0.0)` is upright.
    pub along: (f64, f64),
    /// Whether the line is seen from behind.
    pub mirrored: bool,
}

impl Style {
    /// A bitmap font as it is.
    pub const fn pixels(font: &'static MonoFont<'static>) -> Self {
        Self::of(Face::Pixels(font), 1.0)
    }

    /// A bitmap font, each dot a square of `factor` pixels.
    pub const fn blocks(font: &'static MonoFont<'static>, factor: u32) -> Self {
        Self::of(Face::Pixels(font), factor as f64)
    }

    /// A bitmap font, scaled smoothly.
    pub const fn smooth(font: &'static MonoFont<'static>, factor: f64) -> Self {
        Self::of(Face::Smooth(font), factor)
    }

    /// The stroke font.
    pub const fn strokes(cap_px: f64, pen: f64) -> Self {
        Self::of(Face::Strokes(pen), cap_px)
    }

    const fn of(face: Face, size: f64) -> Self {
        Style {
            face,
            size,
            along: (1.0, 0.0),
            mirrored: false,
        }
    }

    /// The same, running along this unit vector.
    pub const fn along(mut self, x: f64, y: f64) -> Self {
        self.along = (x, y);
        self
    }

    /// The same, seen from behind.
    pub const fn mirrored(mut self) -> Self {
        self.mirrored = true;
        self
    }
}

/// Coverage of the pixels around a line; every pixel with `alpha > 0` changes when it is drawn.
pub struct Ink {
    /// Tight box around the covered pixels, relative to the line's anchor (the start of its top edge).
    pub x: i64,
    /// Top of the box.
    pub y: i64,
    /// Width of the box.
    pub w: i64,
    /// Height of the box.
    pub h: i64,
    alpha: Vec<u8>,
}

/// Coverage below this is dropped, so that the box ends where an eye sees it end.
const FAINTEST: u8 = 20;

impl Ink {
    /// The ink of a line.
    pub fn of(text: &str, style: &Style) -> Ink {
        let shape = Shape::of(text, style);
        let (ux, uy) = style.along;
        // Frame of reference of the line: (s, t) along and across it, in pixels.
        let to_page = |s: f64, t: f64| (s * ux - t * uy, s * uy + t * ux);
        let corners = [
            to_page(-2.0, -2.0),
            to_page(shape.w + 2.0, -2.0),
            to_page(-2.0, shape.h + 2.0),
            to_page(shape.w + 2.0, shape.h + 2.0),
        ];
        let low = |f: fn(&(f64, f64)) -> f64| corners.iter().map(f).fold(f64::MAX, f64::min);
        let high = |f: fn(&(f64, f64)) -> f64| corners.iter().map(f).fold(f64::MIN, f64::max);
        let (x0, y0) = (low(|c| c.0).floor() as i64, low(|c| c.1).floor() as i64);
        let (x1, y1) = (high(|c| c.0).ceil() as i64, high(|c| c.1).ceil() as i64);
        let (w, h) = (x1 - x0, y1 - y0);
        let mut alpha = Vec::with_capacity((w * h) as usize);
        for y in y0..y1 {
            for x in x0..x1 {
                let mut sum = 0.0;
                for sub in 0..16 {
                    let px = x as f64 + (f64::from(sub % 4) + 0.5) / 4.0;
                    let py = y as f64 + (f64::from(sub / 4) + 0.5) / 4.0;
                    let (mut s, t) = (px * ux + py * uy, py * ux - px * uy);
                    if style.mirrored {
                        s = shape.w - s;
                    }
                    sum += shape.cover(s, t);
                }
                let a = (sum / 16.0 * 255.0 + 0.5) as u8;
                alpha.push(if a < FAINTEST { 0 } else { a });
            }
        }
        Ink {
            x: x0,
            y: y0,
            w,
            h,
            alpha,
        }
        .tight()
    }

    fn tight(self) -> Ink {
        let used = |x: i64, y: i64| self.alpha[(y * self.w + x) as usize] > 0;
        let cols: Vec<i64> = (0..self.w)
            .filter(|x| (0..self.h).any(|y| used(*x, y)))
            .collect();
        let rows: Vec<i64> = (0..self.h)
            .filter(|y| (0..self.w).any(|x| used(x, *y)))
            .collect();
        let (x0, x1) = (cols[0], cols[cols.len() - 1] + 1);
        let (y0, y1) = (rows[0], rows[rows.len() - 1] + 1);
        let alpha = (y0..y1)
            .flat_map(|y| (x0..x1).map(move |x| (x, y)))
            .map(|(x, y)| self.alpha[(y * self.w + x) as usize])
            .collect();
        Ink {
            x: self.x + x0,
            y: self.y + y0,
            w: x1 - x0,
            h: y1 - y0,
            alpha,
        }
    }

    /// Draws the ink with its anchor at a place.
    pub fn draw(&self, picture: &mut Picture, x: i64, y: i64, colour: Colour) {
        for (i, a) in self.alpha.iter().enumerate() {
            let (dx, dy) = (i as i64 % self.w, i as i64 / self.w);
            picture.blend(x + self.x + dx, y + self.y + dy, colour, *a);
        }
    }
}

/// A line in its own frame of reference: coverage at any point.
struct Shape {
    w: f64,
    h: f64,
    form: Form,
}

enum Form {
    Dots {
        cols: i64,
        rows: i64,
        on: Vec<bool>,
        scale: f64,
        soft: bool,
    },
    Pen {
        segments: Vec<[f64; 4]>,
        unit: f64,
        half_width: f64,
    },
}

impl Shape {
    fn of(text: &str, style: &Style) -> Shape {
        match style.face {
            Face::Pixels(font) | Face::Smooth(font) => {
                let dots = Dots::of(text, font);
                Shape {
                    w: dots.cols as f64 * style.size,
                    h: dots.rows as f64 * style.size,
                    form: Form::Dots {
                        cols: dots.cols,
                        rows: dots.rows,
                        on: dots.on,
                        scale: style.size,
                        soft: matches!(style.face, Face::Smooth(_)),
                    },
                }
            }
            Face::Strokes(pen) => {
                let (segments, width) = strokes::segments(text);
                let unit = style.size / strokes::CAP;
                Shape {
                    w: width * unit,
                    h: style.size * 1.3,
                    form: Form::Pen {
                        segments,
                        unit,
                        half_width: pen * unit / 2.0,
                    },
                }
            }
        }
    }

    fn cover(&self, s: f64, t: f64) -> f64 {
        match &self.form {
            Form::Dots {
                cols,
                rows,
                on,
                scale,
                soft,
            } => {
                let dot = |x: i64, y: i64| {
                    let inside = x >= 0 && y >= 0 && x < *cols && y < *rows;
                    f64::from(inside && on[(y * cols + x) as usize])
                };
                let (u, v) = (s / scale, t / scale);
                if !soft {
                    return dot(u.floor() as i64, v.floor() as i64);
                }
                let (u, v) = (u - 0.5, v - 0.5);
                let (x, y) = (u.floor(), v.floor());
                let (fx, fy) = (u - x, v - y);
                let (x, y) = (x as i64, y as i64);
                let top = dot(x, y) * (1.0 - fx) + dot(x + 1, y) * fx;
                let low = dot(x, y + 1) * (1.0 - fx) + dot(x + 1, y + 1) * fx;
                let level = top * (1.0 - fy) + low * fy;
                ((level - 0.42) * 4.0 + 0.5).clamp(0.0, 1.0)
            }
            Form::Pen {
                segments,
                unit,
                half_width,
            } => {
                let near = segments
                    .iter()
                    .map(|[x0, y0, x1, y1]| {
                        let (ax, ay) = (s - x0 * unit, t - y0 * unit);
                        let (bx, by) = ((x1 - x0) * unit, (y1 - y0) * unit);
                        let k = ((ax * bx + ay * by) / (bx * bx + by * by)).clamp(0.0, 1.0);
                        let (dx, dy) = (ax - k * bx, ay - k * by);
                        dx * dx + dy * dy
                    })
                    .fold(f64::MAX, f64::min);
                f64::from(near <= half_width * half_width)
            }
        }
    }
}

/// A line of a bitmap font as dots.
struct Dots {
    cols: i64,
    rows: i64,
    on: Vec<bool>,
}

impl Dots {
    fn of(text: &str, font: &'static MonoFont<'static>) -> Dots {
        let cell = font.character_size;
        let cols = i64::from(cell.width + font.character_spacing) * text.chars().count() as i64;
        let rows = i64::from(cell.height);
        let mut dots = Dots {
            cols,
            rows,
            on: vec![false; (cols * rows) as usize],
        };
        let style = MonoTextStyle::new(font, BinaryColor::On);
        let line = Text::with_baseline(text, Point::zero(), style, Baseline::Top);
        match line.draw(&mut dots) {
            Ok(_) => dots,
            Err(never) => match never {},
        }
    }
}

impl OriginDimensions for Dots {
    fn size(&self) -> Size {
        Size::new(self.cols as u32, self.rows as u32)
    }
}

impl DrawTarget for Dots {
    type Color = BinaryColor;
    type Error = core::convert::Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<BinaryColor>>>(
        &mut self,
        pixels: I,
    ) -> Result<(), Self::Error> {
        for Pixel(p, c) in pixels {
            let (x, y) = (i64::from(p.x), i64::from(p.y));
            if x >= 0 && y >= 0 && x < self.cols && y < self.rows {
                self.on[(y * self.cols + x) as usize] = c.is_on();
            }
        }
        Ok(())
    }
}
