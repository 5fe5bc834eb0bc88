//! What the frames of one object have in common, so that it is worked out once: its parts that stand, and the text in them.
//!
//! Nothing is ever taken for known but what is equal in every byte on which the answer depends, so what is found in a frame is
//! the same with an empty memory.

use super::blend::Blends;
use crate::detect::{Glyphs, Seen};
use crate::frame::Gray;
use crate::geometry::Rect;
use crate::line::{Reading, TextLine};
use crate::phi::Verdict;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// A view of a part of the frame: its name, its place and its size.
pub(super) type Part = (String, (u32, u32), (u32, u32));

/// What is read in a frame, each line with its height.
type Text = Vec<(Reading, u32)>;
/// What the rules say of each line.
type Verdicts = Vec<Vec<Verdict>>;

/// Texts whose verdicts are remembered. Frames that follow each other mostly show the same text or differ in one unsure line.
const TEXTS: usize = 8;

/// What searches of one object's frames remember for the next. Bounded; safe to share.
#[derive(Default)]
pub struct Memory {
    /// Lines in views of parts of the frame, in the coordinates of the view.
    parts: Seen<Part, Arc<Vec<TextLine>>>,
    /// Glyphs of lines.
    pub(super) glyphs: Glyphs,
    /// Surroundings drawn over masks.
    pub(super) blends: Blends,
    /// Readings of lines.
    readings: Seen<(TextLine, (u32, u32)), Reading>,
    /// Verdicts over the text of whole frames, the latest last.
    decided: Mutex<VecDeque<(Text, Verdicts)>>,
}

impl Memory {
    /// The lines in a part of a frame, if it was seen like this.
    pub(super) fn lines(&self, part: &Part, picture: &Gray) -> Option<Arc<Vec<TextLine>>> {
        self.parts.get(part, picture, &whole(picture))
    }

    /// Remembers the lines in a part of a frame.
    pub(super) fn keep_lines(&self, part: Part, picture: &Gray, lines: Arc<Vec<TextLine>>) {
        self.parts.keep(part, picture, &whole(picture), lines);
    }

    /// What a reader reads of a line of a picture. `read` must be the same reader for the whole life of this memory; like all
    /// readers it looks no farther than a line height around the line's box.
    pub(super) fn reading(
        &self,
        picture: &Gray,
        line: &TextLine,
        read: impl FnOnce() -> Reading,
    ) -> Reading {
        let height = line.tight.w.min(line.tight.h);
        let seen = line.tight.grow(height, picture.width, picture.height);
        let question = (line.clone(), (picture.width, picture.height));
        self.readings
            .recall(question, picture, &seen.intersect(&whole(picture)), read)
    }

    /// What the rules say of all lines of a frame. `decide` must be the same function for the whole life of this memory.
    pub(super) fn verdicts(
        &self,
        lines: &[(&Reading, u32)],
        decide: impl FnOnce() -> Verdicts,
    ) -> Verdicts {
        let is_same = |text: &Text| {
            let (known, asked) = (text.iter().map(|(r, h)| (r, h)), lines);
            known.eq(asked.iter().map(|(r, h)| (*r, h)))
        };
        let decided = self.decided.lock().unwrap_or_else(PoisonError::into_inner);
        let known = decided.iter().rev().find(|(text, _)| is_same(text));
        let known = known.map(|(_, verdicts)| verdicts.clone());
        drop(decided);
        if let Some(verdicts) = known {
            return verdicts;
        }
        let verdicts = decide();
        let text = lines.iter().map(|(r, h)| ((*r).clone(), *h)).collect();
        let mut decided = self.decided.lock().unwrap_or_else(PoisonError::into_inner);
        if decided.len() == TEXTS {
            decided.pop_front();
        }
        decided.push_back((text, verdicts.clone()));
        verdicts
    }
}

fn whole(picture: &Gray) -> Rect {
    Rect::new(0, 0, picture.width, picture.height)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::{Orientation, ReadChar};
    use crate::plan::Action;
    use std::cell::Cell;

    fn reading(ch: char, x: u32) -> Reading {
        Reading {
            chars: vec![ReadChar {
                ch,
                rect: Rect::new(x, 0, 8, 10),
                confidence: 900,
            }],
            confidence: 900,
            orientation: Orientation::Upright,
        }
    }

    #[test]
    fn verdicts_are_remembered_for_the_same_text_at_the_same_places_only() {
        let memory = Memory::default();
        let asked = Cell::new(0);
        let ask = |readings: &[(Reading, u32)]| {
            let lines: Vec<(&Reading, u32)> = readings.iter().map(|(r, h)| (r, *h)).collect();
            let verdicts = memory.verdicts(&lines, || {
                asked.set(asked.get() + 1);
                vec![vec![Verdict {
                    chars: 0..1,
                    action: Action::Keep,
                    reason: asked.get().to_string(),
                    confidence: 900,
                    laterality_lost: false,
                }]]
            });
            verdicts[0][0].reason.parse::<u32>().unwrap()
        };
        let first = [(reading('R', 5), 10)];
        assert_eq!([ask(&first), ask(&first)], [1, 1]);
        assert_eq!(ask(&[(reading('R', 6), 10)]), 2);
        assert_eq!(ask(&[(reading('L', 5), 10)]), 3);
        assert_eq!(ask(&[(reading('R', 5), 11)]), 4);
        assert_eq!(ask(&[(reading('R', 5), 10), (reading('R', 5), 10)]), 5);
        assert_eq!(ask(&[]), 6);
        assert_eq!(ask(&first), 1);
        for other in 0..TEXTS as u32 {
            ask(&[(reading('Q', other), 10)]);
        }
        let held = memory.decided.lock().unwrap().len();
        assert_eq!((held, ask(&first)), (TEXTS, 7 + TEXTS as u32));
    }
}
