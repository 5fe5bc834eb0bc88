//! Equal line pictures are read once: the banner of a cine loop costs one reading, not one a frame.

use super::Reader;
use super::prepare::{Window, cut};
use crate::frame::Gray;
use crate::line::{ReadChar, Reading, TextLine};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Digest of everything that a reading can depend on.
type Key = [u8; 32];

/// Readings kept before the cache starts over.
const CAPACITY: usize = 4096;

/// A reader with a memory, for one file: what a line looked like → what was read. Bounded; safe to share.
pub struct CachedReader<'a> {
    inner: &'a dyn Reader,
    known: Mutex<HashMap<Key, Reading>>,
}

impl<'a> CachedReader<'a> {
    /// An empty cache before `inner`.
    pub fn new(inner: &'a dyn Reader) -> Self {
        CachedReader {
            inner,
            known: Mutex::new(HashMap::new()),
        }
    }

    /// Number of distinct line pictures held.
    pub fn len(&self) -> usize {
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    /// Whether nothing has been read yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Reader for CachedReader<'_> {
    fn read(&self, picture: &Gray, line: &TextLine) -> Reading {
        let key = key(picture, line);
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let hit = known.get(&key).cloned();
        drop(known);
        // Readings are kept relative to the corner of the line's box: equal pictures may stand in different places.
        let (x, y) = (line.tight.x, line.tight.y);
        if let Some(reading) = hit {
            return moved(reading, |v| v.wrapping_add(x), |v| v.wrapping_add(y));
        }
        let reading = self.inner.read(picture, line);
        let kept = moved(
            reading.clone(),
            |v| v.wrapping_sub(x),
            |v| v.wrapping_sub(y),
        );
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CAPACITY {
            known.clear();
        }
        known.insert(key, kept);
        reading
    }
}

fn moved(mut reading: Reading, x: impl Fn(u32) -> u32, y: impl Fn(u32) -> u32) -> Reading {
    for ReadChar { rect, .. } in &mut reading.chars {
        rect.x = x(rect.x);
        rect.y = y(rect.y);
    }
    reading
}

/// Digest of the line's box with the margin that a reader may look at, of how the frame cuts it, and of the line's
/// strength: a reader looks less often at what the detector is unsure of, and the order of questions must not matter.
fn key(picture: &Gray, line: &TextLine) -> Key {
    let t = &line.tight;
    let margin = t.w.min(t.h);
    let [x0, y0] = [t.x, t.y].map(|v| i64::from(v) - i64::from(margin));
    let [x1, y1] = [t.right(), t.bottom()].map(|v| i64::from(v) + i64::from(margin));
    // Of an overlong box only the part in the frame can matter.
    let clip = |v: i64, end: u32| v.clamp(-i64::from(margin), i64::from(end) + i64::from(margin));
    let window = Window {
        x0: clip(x0, picture.width),
        y0: clip(y0, picture.height),
        x1: clip(x1, picture.width),
        y1: clip(y1, picture.height),
    };
    let mut digest = Sha256::new();
    for v in [t.w, t.h] {
        digest.update(v.to_le_bytes());
    }
    let before = [t.x, t.y].map(|v| v.min(margin));
    let behind = [
        picture.width.saturating_sub(t.right()).min(margin),
        picture.height.saturating_sub(t.bottom()).min(margin),
    ];
    for v in before.into_iter().chain(behind) {
        digest.update(v.to_le_bytes());
    }
    digest.update([line.strength as u8]);
    digest.update(&cut(picture, &window).data);
    digest.finalize().into()
}
