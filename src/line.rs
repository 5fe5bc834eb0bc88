//! Text lines as found, and what was read in them. Plain data shared by detection, reading and deciding.

use crate::geometry::Rect;

/// How the text runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Orientation {
    /// Left to right.
    #[default]
    Upright,
    /// Turned a quarter to the left: reads from bottom to top.
    Up,
    /// Turned a quarter to the right: reads from top to bottom.
    Down,
    /// Upside down.
    Turned,
    /// Mirrored left to right, as lead markers seen from behind.
    Mirrored,
}

/// One line of text that the detector found in a picture.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TextLine {
    /// Tight box around the glyphs: what is read.
    pub tight: Rect,
    /// What has to go so that nothing of the line stays visible: one rectangle, or several strips for slanted text.
    pub cover: Vec<Rect>,
    /// How sure the network is.
    pub strength: Strength,
}

/// How sure the network is that a line is text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strength {
    /// Below its threshold: counts only if it reads well and stands among text.
    Faint,
    /// Above its threshold: text unless it reads as nothing, or as next to nothing where no text is near.
    #[default]
    Weak,
    /// Sure in places: text unless it reads as nothing.
    Likely,
    /// Text, whatever the reader says.
    Strong,
}

/// One character as read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadChar {
    /// The character; a space marks a gap between words.
    pub ch: char,
    /// Where it stands, in pixels of the picture (whole line height across the reading direction).
    pub rect: Rect,
    /// Confidence, 0–1000.
    pub confidence: u16,
}

/// What the reader made of one line. `chars.iter().map(|c| c.ch)` is the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Characters in reading order; empty if the reader saw no text.
    pub chars: Vec<ReadChar>,
    /// Confidence of the whole line, 0–1000; 0 for an empty reading.
    pub confidence: u16,
    /// In which orientation it was read.
    pub orientation: Orientation,
}

impl Reading {
    /// The text as a string.
    pub fn text(&self) -> String {
        self.chars.iter().map(|c| c.ch).collect()
    }
}
