//! Reading text lines with confidence.

use crate::frame::Gray;
use crate::line::{Reading, TextLine};

/// Something that reads lines of text.
pub trait Reader: Send + Sync {
    /// Reads one line of a picture, trying the orientations that its shape allows. Never looks beyond a margin of one
    /// line height around the line's box. Empty where no text was seen.
    fn read(&self, picture: &Gray, line: &TextLine) -> Reading;
}
