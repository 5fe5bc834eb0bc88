//! Answers about parts of pictures that come again: what stands in a loop costs its work once, not once a frame.
//!
//! A part is known again by its pixels themselves, byte by byte, so a remembered answer is the one that would be made anew:
//! nothing depends on what is remembered, on the order of questions or on who asks beside.

use crate::frame::Gray;
use crate::geometry::Rect;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{PoisonError, RwLock};

/// Bytes of pixels held before everything is forgotten.
const LIMIT: usize = 8 << 20;

/// Remembered answers: one for each question, for the pixels that were last asked about.
pub struct Seen<K, T> {
    held: RwLock<Held<K, T>>,
}

struct Held<K, T> {
    known: HashMap<K, (Vec<u8>, T)>,
    bytes: usize,
}

impl<K, T> Default for Seen<K, T> {
    fn default() -> Self {
        let held = Held {
            known: HashMap::new(),
            bytes: 0,
        };
        Seen {
            held: RwLock::new(held),
        }
    }
}

impl<K: Eq + Hash, T: Clone> Seen<K, T> {
    /// The answer to `question` about a part of a picture, made if it is not known. `question` holds everything but the
    /// pixels in `part` on which the answer depends, the part's size among it.
    pub fn recall(&self, question: K, picture: &Gray, part: &Rect, make: impl FnOnce() -> T) -> T {
        if let Some(answer) = self.get(&question, picture, part) {
            return answer;
        }
        let answer = make();
        self.keep(question, picture, part, answer.clone());
        answer
    }

    /// The answer, if the part was as it is when `question` was last asked.
    pub fn get(&self, question: &K, picture: &Gray, part: &Rect) -> Option<T> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let (pixels, answer) = held.known.get(question)?;
        let mut rest = pixels.as_slice();
        for row in rows(picture, part) {
            rest = rest.strip_prefix(row)?;
        }
        rest.is_empty().then(|| answer.clone())
    }

    /// Remembers an answer.
    pub fn keep(&self, question: K, picture: &Gray, part: &Rect, answer: T) {
        if part.area() > LIMIT as u64 {
            return;
        }
        let mut pixels = Vec::with_capacity(part.area() as usize);
        rows(picture, part).for_each(|row| pixels.extend_from_slice(row));
        let new = pixels.len();
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        if held.bytes + new > LIMIT {
            held.known.clear();
            held.bytes = 0;
        }
        let old = held.known.insert(question, (pixels, answer));
        held.bytes = held.bytes + new - old.map_or(0, |(pixels, _)| pixels.len());
    }
}

/// The rows of a part of a picture that lies in it.
fn rows<'a>(picture: &'a Gray, part: &Rect) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    let across = part.x as usize..part.right() as usize;
    (part.y..part.bottom()).map(move |y| &picture.row(y)[across.clone()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn an_answer_holds_for_the_same_question_about_the_same_pixels_only() {
        let seen = Seen::default();
        let made = Cell::new(0);
        let part = Rect::new(1, 1, 3, 2);
        let ask = |question: u8, picture: &Gray| {
            seen.recall(question, picture, &part, || {
                made.set(made.get() + 1);
                made.get()
            })
        };
        let mut picture = Gray::new(6, 4, 7);
        assert_eq!([ask(1, &picture), ask(1, &picture)], [1, 1]);
        assert_eq!([ask(2, &picture), ask(1, &picture)], [2, 1]);
        picture.row_mut(0)[2] = 9;
        assert_eq!(ask(1, &picture), 1, "outside the part");
        picture.row_mut(2)[3] = 9;
        assert_eq!([ask(1, &picture), ask(1, &picture)], [3, 3]);
        picture.row_mut(2)[3] = 7;
        assert_eq!(ask(1, &picture), 4, "the last pixels count");
        assert_eq!(seen.get(&1, &picture, &Rect::new(1, 1, 3, 1)), None);
    }

    #[test]
    fn memory_is_bounded() {
        let seen: Seen<u32, ()> = Seen::default();
        let picture = Gray::new(1024, 1024, 0);
        let whole = Rect::new(0, 0, 1024, 1024);
        for question in 0..17 {
            seen.keep(question, &picture, &whole, ());
            seen.keep(question, &picture, &whole, ());
            let held = seen.held.read().unwrap();
            assert!(held.bytes <= LIMIT && held.known.len() << 20 == held.bytes);
        }
        assert!(seen.get(&16, &picture, &whole).is_some());
        assert!(seen.get(&0, &picture, &whole).is_none());
        let large = Gray::new(4096, 4096, 0);
        seen.keep(16, &large, &Rect::new(0, 0, 4096, 4096), ());
        assert!(seen.get(&16, &picture, &whole).is_some());
    }
}
