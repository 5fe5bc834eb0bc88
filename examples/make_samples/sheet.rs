//! What is written on a picture: lines of text with their truth, kept apart from the picture so that its text-free twin
//! is the same picture without them.

use crate::glyphs::{Ink, Style};
use crate::picture::{Colour, Picture};
use serde::Serialize;

/// What a line is about.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A person's name.
    PhiName,
    /// A patient, study or order number.
    PhiId,
    /// A date, alone or with a time.
    PhiDate,
    /// A time of day.
    PhiTime,
    /// A hospital, practice or place.
    PhiInstitution,
    /// Other words that point at a person.
    PhiOther,
    /// Settings of the device and measurements.
    Technical,
    /// Side, orientation and position.
    Marker,
    /// What was examined or seen.
    Clinical,
}

/// Truth about one line.
#[derive(Clone, Serialize)]
pub struct Line {
    /// The text as drawn.
    pub text: String,
    /// Exact extent of its ink, shadow included: x, y, width, height.
    pub rect: [i64; 4],
    /// What it is about.
    pub kind: Kind,
    /// First and last frame, zero-based, inclusive.
    pub frames: [u32; 2],
    /// `pixel-data`, `overlay` or `icon`.
    pub carrier: &'static str,
    /// `upright`, `up`, `slanted` or `mirrored`.
    pub runs: &'static str,
}

/// How ink meets the picture.
#[derive(Clone, Copy)]
pub struct Paint {
    /// Colour of the glyphs.
    pub colour: Colour,
    /// Colour of a shadow one pixel right and below.
    pub shadow: Option<Colour>,
}

impl Paint {
    /// Plain ink of this colour.
    pub const fn plain(colour: Colour) -> Self {
        Paint {
            colour,
            shadow: None,
        }
    }

    /// Ink of this grey.
    pub const fn grey(value: i32) -> Self {
        Paint::plain([value; 3])
    }

    /// The same over a shadow.
    pub const fn over(mut self, shadow: Colour) -> Self {
        self.shadow = Some(shadow);
        self
    }
}

struct Entry {
    at: (i64, i64),
    ink: Ink,
    paint: Paint,
    line: Line,
}

/// The lines of one picture or loop.
#[derive(Default)]
pub struct Sheet {
    entries: Vec<Entry>,
    last_frame: u32,
}

impl Sheet {
    /// A sheet for a loop of this many frames.
    pub fn for_frames(frames: u32) -> Self {
        Sheet {
            entries: Vec::new(),
            last_frame: frames.saturating_sub(1),
        }
    }

    /// Writes a line on every frame, starting at a place.
    pub fn put(&mut self, at: (i64, i64), style: &Style, paint: Paint, kind: Kind, text: &str) {
        let frames = [0, self.last_frame];
        self.put_in(frames, at, style, paint, kind, text);
    }

    /// Writes a line that ends at a place.
    pub fn put_right(
        &mut self,
        at: (i64, i64),
        style: &Style,
        paint: Paint,
        kind: Kind,
        text: &str,
    ) {
        let ink = Ink::of(text, style);
        self.put((at.0 - ink.x - ink.w, at.1), style, paint, kind, text);
    }

    /// Writes a line on some frames.
    pub fn put_in(
        &mut self,
        frames: [u32; 2],
        at: (i64, i64),
        style: &Style,
        paint: Paint,
        kind: Kind,
        text: &str,
    ) {
        let ink = Ink::of(text, style);
        let grow = i64::from(paint.shadow.is_some());
        let line = Line {
            text: text.into(),
            rect: [at.0 + ink.x, at.1 + ink.y, ink.w + grow, ink.h + grow],
            kind,
            frames,
            carrier: "pixel-data",
            runs: match (style.mirrored, style.along) {
                (true, _) => "mirrored",
                (false, (_, 0.0)) => "upright",
                (false, (0.0, _)) => "up",
                _ => "slanted",
            },
        };
        self.entries.push(Entry {
            at,
            ink,
            paint,
            line,
        });
    }

    /// Draws the lines of one frame.
    pub fn draw(&self, picture: &mut Picture, frame: u32) {
        for e in &self.entries {
            if !(e.line.frames[0]..=e.line.frames[1]).contains(&frame) {
                continue;
            }
            if let Some(shadow) = e.paint.shadow {
                e.ink.draw(picture, e.at.0 + 1, e.at.1 + 1, shadow);
            }
            e.ink.draw(picture, e.at.0, e.at.1, e.paint.colour);
        }
    }

    /// The truth about all lines; panics on ink that leaves the picture, which is a mistake in a recipe.
    pub fn lines(&self, w: usize, h: usize, carrier: &'static str) -> Vec<Line> {
        self.entries
            .iter()
            .map(|e| {
                let [x, y, lw, lh] = e.line.rect;
                let inside = x >= 0 && y >= 0 && x + lw <= w as i64 && y + lh <= h as i64;
                assert!(inside, "a line leaves the picture: {:?}", e.line.rect);
                Line {
                    carrier,
                    ..e.line.clone()
                }
            })
            .collect()
    }
}
