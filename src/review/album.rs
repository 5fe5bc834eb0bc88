//! Pictures that are kept, and those that will be asked for next: a cache within bounds, and a queue of wishes.
//!
//! Knows nothing of files and plans; `pictures` makes what is asked for here.

use super::lru::Lru;
use crate::frame::Frame;
use crate::geometry::Rect;
use crate::views::Picture;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Bytes of coded pictures that are kept.
const CODED_BYTES: usize = 256 << 20;
/// Bytes of decoded frames and projections that are kept.
const DECODED_BYTES: usize = 256 << 20;
/// Bytes of projections in full size that are kept.
const PROJECTION_BYTES: usize = 64 << 20;
/// Bytes of small pictures that are kept: of some hundred large films, so that each is there at once when it is opened.
const SMALL_BYTES: usize = 256 << 20;
/// Pictures that wait to be made in advance.
const MOST_WANTED: usize = 12;
/// How a picture is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Asked {
    /// Before the masks.
    pub original: bool,
    /// A view by its id.
    pub view: Option<String>,
    /// Centre and width of a window, as bits of `f64`.
    pub window: Option<(u64, u64)>,
    /// Dark for bright.
    pub invert: bool,
    /// Local contrast.
    pub stretch: bool,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// One frame.
    Frame(u32),
    /// The loop in one picture.
    Projection,
    /// A small picture with this longest side.
    Thumb(u32),
}

/// A picture to be made in advance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    /// Of which file.
    pub file: usize,
    /// What.
    pub what: What,
    /// How.
    pub asked: Asked,
}

/// A picture that is kept: what is shown, with which masks.
pub type Key = (usize, What, Asked, Vec<Rect>);

/// What is kept, and what waits to be made.
pub struct Pictures {
    /// As they were sent.
    pub coded: Lru<Key, Vec<u8>>,
    /// Frames of a file, without masks.
    pub frames: Lru<(usize, u32), Frame>,
    /// Loops in one picture, without masks.
    pub projections: Lru<usize, Picture>,
    /// The first look at a file with its longer side at most that of the largest thumbnail, without masks.
    pub small: Lru<usize, Picture>,
    wanted: Mutex<Wanted>,
    bell: Condvar,
}

#[derive(Default)]
struct Wanted {
    /// The latest last.
    stack: Vec<Want>,
    ended: bool,
}

impl Pictures {
    /// Nothing kept, nothing waiting.
    pub fn new() -> Pictures {
        Pictures {
            coded: Lru::new(CODED_BYTES),
            frames: Lru::new(DECODED_BYTES),
            projections: Lru::new(PROJECTION_BYTES),
            small: Lru::new(SMALL_BYTES),
            wanted: Mutex::default(),
            bell: Condvar::new(),
        }
    }

    fn wanted(&self) -> MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for pictures in advance, the first first; older wishes are forgotten beyond a bound.
    pub fn want(&self, wants: impl DoubleEndedIterator<Item = Want>) {
        let mut wanted = self.wanted();
        for want in wants.rev() {
            wanted.stack.retain(|w| *w != want);
            wanted.stack.push(want);
        }
        let beyond = wanted.stack.len().saturating_sub(MOST_WANTED);
        wanted.stack.drain(..beyond);
        self.bell.notify_all();
    }

    /// Makes wanted pictures until [`Pictures::end`].
    pub fn work(&self, make: impl Fn(Want)) {
        loop {
            let want = {
                let mut wanted = self.wanted();
                loop {
                    if wanted.ended {
                        return;
                    }
                    if let Some(want) = wanted.stack.pop() {
                        break want;
                    }
                    wanted = match self.bell.wait_timeout(wanted, Duration::from_millis(500)) {
                        Ok((wanted, _)) => wanted,
                        Err(poisoned) => poisoned.into_inner().0,
                    };
                }
            };
            make(want);
        }
    }

    /// Makes [`Pictures::work`] return.
    pub fn end(&self) {
        self.wanted().ended = true;
        self.bell.notify_all();
    }
}
