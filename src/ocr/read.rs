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
use crate::line::{Orientation, ReadChar, Reading, Strength, TextLine};

/// Widest input; longer lines are read in pieces.
const MAX_COLUMNS: usize = 2400;

/// A reading at least this sure is not questioned.
const SURE: u16 = 700;

/// An upright reading this sure of a box with room for one letter or two is not tried on its side.
const CERTAIN: u16 = 950;

/// Added to what an upright reading scores against turned ones.
const UPRIGHT_BONUS: u32 = 100;

/// Shorter side of the smallest box in which upside-down and mirrored capitals are looked for, as on lead markers, if
/// nothing else is read with certainty.
const MARKER_PX: u32 = 18;

/// Boxes this many times as high as wide hold text on its side, if anything is read in them so.
const TALL: u32 = 2;

/// Most confidence of a character that is seen in one orientation only, where another shows more characters: too little
/// for text to stay.
const CONTESTED: u16 = 400;

/// Mean from which a reading in another orientation counts against an upright one.
const LEGIBLE: u32 = 500;

/// Boxes lower than this are grown, though by no more than their height: the line of a dash is higher than the dash.
const LEAST_HEIGHT_PX: i64 = 8;

/// Stands for text where the network failed: there may be some, nobody knows which.
const UNREADABLE: char = char::REPLACEMENT_CHARACTER;

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

/// The framings in the order in which they are tried; the second only where the first reads poorly.
const FRAMINGS: [Framing; 2] = [
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
];

/// Least margin left and right: the last letter of tiny text is lost where it touches the edge.
const LEAST_MARGIN_PX: i64 = 2;

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

    /// The same reader with a memory: what frames and files of one study have in common is read once. Answers are the same.
    pub fn remembering(mut self) -> Self {
        self.engine.remember();
        self
    }

    /// Reads a box in one orientation, more than once if the first look is poor. `hopeless` boxes, of which neither the
    /// network is sure nor an upright look saw anything, get one look.
    fn read_as(
        &self,
        picture: &Gray,
        tight: Rect,
        orientation: Orientation,
        hopeless: bool,
    ) -> Reading {
        let scene = Scene::new(picture, tight, orientation);
        let mut best = self.look(&scene, &FRAMINGS[0]);
        if best.confidence < SURE && !(hopeless && best.chars.is_empty()) {
            let second = self.look(&scene, &FRAMINGS[1]);
            if second.confidence > best.confidence || best.chars.is_empty() {
                best = second;
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
        let window = fitted.grow(
            margin(framing.horizontal).max(LEAST_MARGIN_PX),
            margin(framing.vertical).max(((LEAST_HEIGHT_PX - height + 1) / 2).min(height)),
        );
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
        let mut best = self.read_as(picture, tight, Orientation::Upright, false);
        let hopeless = line.strength < Strength::Likely && best.chars.is_empty();
        let upright = best.confidence >= CERTAIN && tight.h < 2 * tight.w;
        let mut on_its_side = 0;
        let mut consider = |orientation| {
            let reading = self.read_as(picture, tight, orientation, hopeless);
            if is_legible(&reading) {
                on_its_side = reading.chars.len().max(on_its_side);
            }
            if score(&reading) > score(&best) {
                best = reading;
            }
        };
        if tight.h * 4 > tight.w * 5 && !upright {
            consider(Orientation::Up);
            consider(Orientation::Down);
        }
        contest(&mut best, tight, on_its_side);
        // Letters upside down or mirrored read as others, not as nothing.
        if !hopeless
            && best.confidence < CERTAIN
            && tight.w.min(tight.h) >= MARKER_PX
            && tight.w <= tight.h * 4
        {
            for orientation in [Orientation::Turned, Orientation::Mirrored] {
                let reading = self.read_as(picture, tight, orientation, false);
                let capitals = reading.chars.iter().all(|c| c.ch.is_uppercase());
                if capitals && reading.confidence >= SURE && score(&reading) > score(&best) {
                    best = reading;
                }
            }
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

/// Takes the confidence from an upright reading of a tall box in which a look at its side sees more: few signs there are
/// what text on its side looks like, squeezed.
fn contest(reading: &mut Reading, tight: Rect, on_its_side: usize) {
    if reading.orientation == Orientation::Upright
        && reading.chars.len() < on_its_side
        && tight.h >= TALL * tight.w
    {
        for c in &mut reading.chars {
            c.confidence = c.confidence.min(CONTESTED);
        }
    }
}

/// Whether several characters are read, most of them well.
fn is_legible(reading: &Reading) -> bool {
    let signs = reading.chars.iter().filter(|c| c.ch != ' ');
    let (sum, count) = signs.fold((0u32, 0u32), |(s, n), c| {
        (s + u32::from(c.confidence), n + 1)
    });
    count >= 2 && sum >= LEGIBLE * count
}

fn permille(probability: f32) -> u16 {
    (probability.clamp(0.0, 1.0) * 1000.0).round() as u16
}

/// What is returned where the network failed.
fn unreadable(scene: &Scene) -> Reading {
    Reading {
        chars: vec![ReadChar {
            ch: UNREADABLE,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn sign(confidence: u16, orientation: Orientation) -> Reading {
        let chars = vec![ReadChar {
            ch: 'I',
            rect: Rect::new(0, 0, 8, 40),
            confidence,
        }];
        Reading {
            chars,
            confidence,
            orientation,
        }
    }

    #[test]
    fn one_sign_in_a_tall_box_is_contested_by_several_on_their_side() {
        let (tall, wide) = (Rect::new(0, 0, 8, 40), Rect::new(0, 0, 8, 15));
        let left = |tight, on_its_side, orientation| {
            let mut reading = sign(990, orientation);
            contest(&mut reading, tight, on_its_side);
            reading.chars[0].confidence
        };
        assert_eq!(left(tall, 4, Orientation::Upright), CONTESTED);
        assert_eq!(left(tall, 1, Orientation::Upright), 990);
        assert_eq!(left(wide, 4, Orientation::Upright), 990);
        assert_eq!(left(tall, 4, Orientation::Up), 990);
    }

    #[test]
    fn several_letters_on_their_side_count_more_than_one_upright_stroke() {
        let mut word = sign(900, Orientation::Up);
        word.chars = vec![word.chars[0]; 5];
        assert!(score(&word) > score(&sign(1000, Orientation::Upright)));
        assert!(score(&sign(900, Orientation::Upright)) > score(&sign(950, Orientation::Up)));
        assert!(is_legible(&word) && !is_legible(&sign(990, Orientation::Up)));
    }
}
