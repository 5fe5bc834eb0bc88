//! Readings for tests: perfect text on a grid of ten pixels a character.

use crate::geometry::Rect;
use crate::line::{Orientation, ReadChar, Reading};

/// A confident reading of `text`, characters 8 px wide on a pitch of 10 px, 12 px high.
pub(super) fn reading(text: &str) -> Reading {
    reading_with(text, 990)
}

/// [`reading`] with another confidence.
pub(super) fn reading_with(text: &str, confidence: u16) -> Reading {
    Reading {
        chars: text
            .chars()
            .enumerate()
            .map(|(i, ch)| ReadChar {
                ch,
                rect: Rect::new(i as u32 * 10, 0, 8, 12),
                confidence,
            })
            .collect(),
        confidence,
        orientation: Orientation::Upright,
    }
}

/// Parts of a line with extra pixels before each.
pub(super) fn reading_with_gaps(parts: &[(&str, u32)]) -> Reading {
    let mut all = reading("");
    let mut x = 0;
    for (text, gap) in parts {
        x += gap;
        for c in reading(text).chars {
            let rect = Rect::new(x, 0, c.rect.w, c.rect.h);
            all.chars.push(ReadChar { rect, ..c });
            x += 10;
        }
    }
    all.confidence = 950;
    all
}
