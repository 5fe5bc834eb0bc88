//! One line that was found in a frame: where, what was read there, and what the rules say of it.

use super::evidence::Look;
use super::slant::Slant;
use crate::geometry::Rect;
use crate::line::{Orientation, ReadChar, Reading, TextLine};
use crate::phi::Verdict;
use crate::plan::Action;

/// One line found in a frame, read and decided. Coordinates are those of the frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Where.
    pub line: TextLine,
    /// Name of the view in which it was found.
    pub view: String,
    /// Number of the picture in which it was found, in the order of preference.
    pub(super) source: usize,
    /// How that picture shows the frame.
    pub(super) look: Look,
    /// What was read there.
    pub reading: Reading,
    /// What the rules say.
    pub verdicts: Vec<Verdict>,
}

impl Finding {
    /// A line as a view beside the usual ones shows it, not yet decided.
    pub(super) fn aside(line: TextLine, view: &str, reading: Reading) -> Finding {
        Finding {
            line,
            view: view.into(),
            source: 0,
            look: Look::Aside,
            reading,
            verdicts: Vec::new(),
        }
    }

    /// The rectangles that a verdict asks for: the whole cover, or the part of it along its characters.
    pub fn rects(&self, verdict: &Verdict) -> Vec<Rect> {
        let chars = &self.reading.chars;
        let part = chars.get(verdict.chars.clone()).unwrap_or_default();
        let hull = part.iter().fold(Rect::default(), |h, c| h.hull(&c.rect));
        if self.verdicts.len() == 1 || self.line.cover.len() != 1 || hull.is_empty() {
            return self.line.cover.clone();
        }
        let cover = self
            .line
            .cover
            .iter()
            .fold(Rect::default(), |h, r| h.hull(r));
        let (before, after) = (
            gap_before(chars, verdict.chars.start),
            gap_after(chars, verdict.chars.end),
        );
        let vertical = matches!(
            self.reading.orientation,
            Orientation::Up | Orientation::Down
        );
        let (low, high) = if vertical {
            (hull.y, hull.bottom())
        } else {
            (hull.x, hull.right())
        };
        let (first, last) = if vertical {
            (cover.y, cover.bottom())
        } else {
            (cover.x, cover.right())
        };
        // The reading direction may run against the axis; then the gaps swap sides.
        let backwards = matches!(
            self.reading.orientation,
            Orientation::Up | Orientation::Turned | Orientation::Mirrored
        );
        let (before, after) = if backwards {
            (after, before)
        } else {
            (before, after)
        };
        let from = before.map_or(first, |g| low.saturating_sub(g / 2)).min(low);
        let to = after.map_or(last, |g| high + g / 2).max(high);
        vec![if vertical {
            Rect::from_corners(cover.x, from, cover.right(), to)
        } else {
            Rect::from_corners(from, cover.y, to, cover.bottom())
        }]
    }

    /// Box of the characters of a verdict, for what is kept.
    pub fn text_rect(&self, verdict: &Verdict) -> Rect {
        let part = self
            .reading
            .chars
            .get(verdict.chars.clone())
            .unwrap_or_default();
        let hull = part.iter().fold(Rect::default(), |h, c| h.hull(&c.rect));
        if hull.is_empty() {
            self.line.tight
        } else {
            hull
        }
    }

    /// The text of a verdict's characters.
    pub fn text(&self, verdict: &Verdict) -> String {
        let part = self
            .reading
            .chars
            .get(verdict.chars.clone())
            .unwrap_or_default();
        part.iter().map(|c| c.ch).collect()
    }

    /// A finding of a turned copy, in coordinates of the frame.
    pub(super) fn turned_back(mut self, slant: &Slant) -> Finding {
        for c in &mut self.reading.chars {
            c.rect = slant.hull(&c.rect);
        }
        self.line = slant.back(&self.line);
        self
    }

    /// Extent across the reading direction, px.
    pub(super) fn line_height(&self) -> u32 {
        match self.reading.orientation {
            Orientation::Up | Orientation::Down => self.line.tight.w,
            _ => self.line.tight.h,
        }
    }

    /// Whether all of it stays.
    pub fn is_kept(&self) -> bool {
        self.verdicts.iter().all(|v| v.action == Action::Keep)
    }
}

/// Free pixels between the character before `start` (spaces do not count) and the one at `start`; `None` at the line's
/// start.
fn gap_before(chars: &[ReadChar], start: usize) -> Option<u32> {
    let this = chars.get(start)?.rect;
    let before = chars[..start].iter().rev().find(|c| c.ch != ' ')?.rect;
    Some(gap(&before, &this))
}

fn gap_after(chars: &[ReadChar], end: usize) -> Option<u32> {
    let this = chars.get(..end)?.iter().rev().find(|c| c.ch != ' ')?.rect;
    let after = chars.get(end..)?.iter().find(|c| c.ch != ' ')?.rect;
    Some(gap(&this, &after))
}

fn gap(a: &Rect, b: &Rect) -> u32 {
    let (across, down) = a.apart(b);
    across.max(down)
}
