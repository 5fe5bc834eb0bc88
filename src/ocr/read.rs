//! One line from box to reading: orientations, second looks, long lines.

use super::Reader;
use super::ctc::{self, Alphabet};
use super::engine::Engine;
use super::fit::{column_steps, fit};
use super::place;
use super::prepare::{Scene, Window, cut, strip, strip_width};
use crate::error::Result;
use crate::frame::Gray;
use crate::geometry::Rect;
use crate::line::{Orientation, ReadChar, Reading, TextLine};

/// Widest input; longer lines are read in pieces.
const MAX_COLUMNS: usize = 2400;

/// A reading at least this sure is not questioned.
const SURE: u16 = 700;

/// Added to what an upright reading scores against turned ones.
const UPRIGHT_BONUS: u32 = 100;

/// Shorter side of the smallest box in which upside-down and mirrored text is looked for: lead markers are large.
const MARKER_PX: u32 = 18;

/// How a box is framed for the network.
#[derive(Clone, Copy, Debug)]
struct Framing {
    /// Whether the box is fitted to its ink first.
    fitted: bool,
    /// Margin above and below in hundredths of the height.
    vertical: i64,
    /// Margin left and right in hundredths of the height.
    horizontal: i64,
}

/// The framings in the order in which they are tried; the later ones only where the earlier ones read poorly.
const FRAMINGS: [Framing; 3] = [
    Framing {
        fitted: true,
        vertical: 18,
        horizontal: 20,
    },
    Framing {
        fitted: false,
        vertical: 10,
        horizontal: 30,
    },
    Framing {
        fitted: true,
        vertical: 8,
        horizontal: 10,
    },
];

/// Reads lines with our recogniser.
pub struct CtcReader {
    engine: Engine,
    alphabet: Alphabet,
}

impl CtcReader {
    /// A reader from the bytes of a network and the characters behind its classes, in class order without the blank.
    ///
    /// # Errors
    /// [`crate::error::Error::Model`] if the network cannot be loaded or does not fit the alphabet.
    pub fn new(model: &[u8], alphabet: &str) -> Result<Self> {
        let alphabet = Alphabet::new(alphabet);
        let engine = Engine::new(model, alphabet.classes())?;
        Ok(CtcReader { engine, alphabet })
    }

    /// Whether nothing is read at a line in any orientation and framing. For regions that detection is not sure of.
    pub fn reads_empty(&self, picture: &Gray, line: &TextLine) -> bool {
        let Some(tight) = in_frame(picture, line) else {
            return true;
        };
        use Orientation::{Down, Mirrored, Turned, Up, Upright};
        [Upright, Up, Down, Turned, Mirrored]
            .into_iter()
            .all(|orientation| {
                let scene = Scene::new(picture, tight, orientation);
                FRAMINGS
                    .iter()
                    .take(2)
                    .all(|framing| self.look(&scene, framing).chars.is_empty())
            })
    }

    /// Reads a box in one orientation, more than once if the first look is poor.
    fn read_as(&self, picture: &Gray, tight: Rect, orientation: Orientation) -> Reading {
        let scene = Scene::new(picture, tight, orientation);
        let mut best = Reading::default();
        for framing in &FRAMINGS {
            let reading = self.look(&scene, framing);
            if reading.confidence > best.confidence
                || best.chars.is_empty() && !reading.chars.is_empty()
            {
                best = reading;
            }
            if best.confidence >= SURE {
                break;
            }
        }
        best.orientation = orientation;
        best
    }

    /// One look at a scene.
    fn look(&self, scene: &Scene, framing: &Framing) -> Reading {
        let fitted = if framing.fitted {
            fit(&scene.picture, &scene.tight)
        } else {
            scene.tight
        };
        let height = fitted.height();
        let margin = |hundredths: i64| (height * hundredths + 50) / 100;
        let window = fitted.grow(margin(framing.horizontal), margin(framing.vertical));
        self.read_window(scene, &window)
    }

    /// Reads a window of a scene, in pieces if it is too long.
    fn read_window(&self, scene: &Scene, window: &Window) -> Reading {
        if strip_width(window) > MAX_COLUMNS {
            let (at, gap) = widest_gap(&scene.picture, window);
            let left = self.read_window(scene, &Window { x1: at, ..*window });
            let right = self.read_window(scene, &Window { x0: at, ..*window });
            return joined(scene, left, right, at, gap * 4 >= window.height());
        }
        let input = strip(&scene.picture, window);
        let Some(steps) = self.engine.run(&input.pixels, input.padded) else {
            return unreadable(scene);
        };
        let decoded = ctc::decode(&self.alphabet, &steps);
        let to_scene = |column: usize| {
            window.x0
                + (column as i64 * window.width() + input.width as i64 / 2) / input.width as i64
        };
        let spans = place::columns(&input, &decoded.peaks);
        let chars: Vec<ReadChar> = decoded
            .peaks
            .iter()
            .zip(spans)
            .map(|(peak, (from, to))| ReadChar {
                ch: peak.ch,
                rect: scene.in_frame(to_scene(from), to_scene(to)),
                confidence: permille(peak.probability),
            })
            .collect();
        Reading {
            confidence: if chars.is_empty() {
                0
            } else {
                permille(decoded.probability)
            },
            chars,
            orientation: Orientation::Upright,
        }
    }
}

impl Reader for CtcReader {
    fn read(&self, picture: &Gray, line: &TextLine) -> Reading {
        let Some(tight) = in_frame(picture, line) else {
            return Reading::default();
        };
        let mut best = self.read_as(picture, tight, Orientation::Upright);
        let mut consider = |orientation| {
            let reading = self.read_as(picture, tight, orientation);
            if score(&reading) > score(&best) {
                best = reading;
            }
        };
        if tight.h * 4 > tight.w * 5 {
            consider(Orientation::Up);
            consider(Orientation::Down);
        }
        if best.confidence < SURE && tight.w.min(tight.h) >= MARKER_PX {
            let mut consider = |orientation| {
                let reading = self.read_as(picture, tight, orientation);
                if score(&reading) > score(&best) {
                    best = reading;
                }
            };
            consider(Orientation::Turned);
            consider(Orientation::Mirrored);
        }
        best
    }
}

/// The part of a line's box that lies in the picture; `None` if there is none.
fn in_frame(picture: &Gray, line: &TextLine) -> Option<Rect> {
    let tight = line
        .tight
        .intersect(&Rect::new(0, 0, picture.width, picture.height));
    (!tight.is_empty()).then_some(tight)
}

/// What a reading counts against those of other orientations. A tall box of several letters, squeezed, can look like one
/// upright stroke, so more letters count more.
fn score(reading: &Reading) -> u32 {
    if reading.chars.is_empty() {
        return 0;
    }
    let letters = reading.chars.len().min(5) as u32;
    let upright = if reading.orientation == Orientation::Upright {
        UPRIGHT_BONUS
    } else {
        0
    };
    u32::from(reading.confidence) + upright + u32::from(reading.confidence) * (letters - 1) / 4
}

fn permille(probability: f32) -> u16 {
    (probability.clamp(0.0, 1.0) * 1000.0).round() as u16
}

/// What is returned where the network failed: there may be text, nobody knows which.
fn unreadable(scene: &Scene) -> Reading {
    Reading {
        chars: vec![ReadChar {
            ch: char::REPLACEMENT_CHARACTER,
            rect: scene.in_frame(scene.tight.x0, scene.tight.x1),
            confidence: 0,
        }],
        confidence: 0,
        orientation: Orientation::Upright,
    }
}

/// The middle and width of the widest gap near the middle of a window.
fn widest_gap(picture: &Gray, window: &Window) -> (i64, i64) {
    let ink = column_steps(&cut(picture, window));
    let (from, to) = (ink.len() * 2 / 5, ink.len() * 3 / 5);
    let near = &ink[from..to];
    let (low, high) = near
        .iter()
        .fold((u32::MAX, 0), |(l, h), &v| (l.min(v), h.max(v)));
    let limit = low.saturating_add(high.saturating_sub(low) / 8);
    let (mut best, mut run) = ((near.len() / 2, 0), 0);
    for (i, &v) in near.iter().enumerate() {
        run = if v <= limit { run + 1 } else { 0 };
        if run > best.1 {
            best = (i + 1 - run / 2, run);
        }
    }
    (window.x0 + (from + best.0) as i64, best.1 as i64)
}

/// Two pieces of one line as one reading, with a space between them if there is a gap.
fn joined(scene: &Scene, left: Reading, right: Reading, at: i64, gap: bool) -> Reading {
    if left.chars.is_empty() || right.chars.is_empty() {
        return if left.chars.is_empty() { right } else { left };
    }
    let confidence = (u32::from(left.confidence) * u32::from(right.confidence) / 1000) as u16;
    let mut chars = left.chars;
    if gap {
        chars.push(ReadChar {
            ch: ' ',
            rect: scene.in_frame(at, at),
            confidence: 1000,
        });
    }
    chars.extend(right.chars);
    Reading {
        chars,
        confidence,
        orientation: Orientation::Upright,
    }
}
