//! Text that stays, as its untouched pixels were read.
//!
//! Masks change what stands beside them: a letter that they touch reads as another, two halves of letters as a word. What
//! was read well before stands against what later searches make of its remains, in the frame that was read and in every
//! frame that shows the same pixels there.

use super::equipment::SPARED;
use super::finding::Finding;
use crate::frame::{Frame, word_of};
use crate::geometry::{Rect, union_area};
use crate::phi::Verdict;
use crate::plan::Action;

/// Confidence from which a reading of untouched pixels stands against what later searches read of their remains.
const STANDING: u16 = 700;
/// Share of a finding, percent, that must lie in text that stands or in masks.
const STANDING_PERCENT: u64 = 90;

/// A text that stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stand {
    /// Its box in the frame.
    pub rect: Rect,
    /// What would have to go with it.
    pub cover: Vec<Rect>,
    /// Why it stays.
    pub reason: String,
    /// How sure the decision is, of 1000.
    pub confidence: u16,
    /// What was read.
    pub text: String,
    /// Name of the view in which it was found.
    pub view: String,
}

/// The texts of a search that stay and were read well enough to stand.
pub fn standing(found: &[Finding]) -> Vec<Stand> {
    let verdicts = found
        .iter()
        .flat_map(|f| f.verdicts.iter().map(move |v| (f, v)));
    verdicts
        .filter(|(_, v)| v.action == Action::Keep && v.confidence >= STANDING)
        .map(|(f, v)| Stand {
            rect: f.text_rect(v),
            cover: f.rects(v),
            reason: v.reason.clone(),
            confidence: v.confidence,
            text: f.text(v),
            view: f.view.clone(),
        })
        .collect()
}

/// Whether a finding reads nothing but the remains of text that stands, beside masks that show nothing.
pub fn reads_remains(finding: &Finding, standing: &[Stand], masks: &[Rect]) -> bool {
    let tight = finding.line.tight;
    let within = |r: &Rect| Some(r.intersect(&tight)).filter(|r| !r.is_empty());
    let mut inside: Vec<Rect> = standing.iter().filter_map(|s| within(&s.rect)).collect();
    if inside.is_empty() {
        return false;
    }
    inside.extend(masks.iter().filter_map(within));
    union_area(&inside) * 100 >= tight.area() * STANDING_PERCENT
}

/// Whether a verdict masks for want of a safe reading, and not for anything that was read.
fn is_doubt(verdict: &Verdict) -> bool {
    SPARED.contains(&verdict.reason.as_str())
}

/// The text that stands in one frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stands {
    /// Read in this frame, or in one of equal content.
    pub own: Vec<Stand>,
    /// Read in other frames, which show the same samples there.
    pub alike: Vec<Stand>,
}

impl Stands {
    /// Whether a verdict of a later search, with `masks` in the frame, is about nothing but remains of text that stands.
    /// What was read in another frame stands against doubt only.
    pub fn answer(&self, finding: &Finding, verdict: &Verdict, masks: &[Rect]) -> bool {
        reads_remains(finding, &self.own, masks)
            || is_doubt(verdict) && reads_remains(finding, &self.alike, masks)
    }

    /// All of it; where two texts overlap, the frame's own.
    pub fn all(&self) -> Vec<Stand> {
        let free = |a: &&Stand| !self.own.iter().any(|o| o.rect.overlaps(&a.rect));
        let alike = self.alike.iter().filter(free);
        self.own.iter().chain(alike).cloned().collect()
    }
}

/// What stands in any frame of an object, with the samples that were read.
#[derive(Debug, Default)]
pub struct Standing {
    known: Vec<(Stand, Samples)>,
}

impl Standing {
    /// Adds the text of a frame that was searched with `masks` in it; where these reach into a text its samples are not known.
    pub fn add(&mut self, frame: &Frame, masks: &[Rect], texts: &[Stand]) {
        for text in texts {
            if masks.iter().any(|m| m.overlaps(&text.rect)) {
                continue;
            }
            let mut here = self.known.iter().filter(|(t, _)| t.rect == text.rect);
            if !here.any(|(t, samples)| shows(frame, t.rect, samples, &[])) {
                self.known.push((text.clone(), samples(frame, text.rect)));
            }
        }
    }

    /// The texts whose samples a frame shows at their places, as far as `masks` leave them.
    pub fn shown_in(&self, frame: &Frame, masks: &[Rect]) -> Vec<Stand> {
        self.known
            .iter()
            .filter(|(text, samples)| shows(frame, text.rect, samples, masks))
            .map(|(text, _)| text.clone())
            .collect()
    }
}

/// The stored samples of a rectangle, row by row: their words, without other bits.
type Samples = Vec<u8>;

fn samples(frame: &Frame, rect: Rect) -> Samples {
    let n = frame.format.bytes_per_sample();
    let words = places(frame, rect).map(|(x, y, c)| stored(frame, x, y, c).to_le_bytes());
    words.flat_map(|word| word.into_iter().take(n)).collect()
}

fn shows(frame: &Frame, rect: Rect, samples: &[u8], masks: &[Rect]) -> bool {
    let masks: Vec<&Rect> = masks.iter().filter(|m| m.overlaps(&rect)).collect();
    if masks.is_empty() && frame.format.is_interleaved() {
        return rows_show(frame, rect, samples);
    }
    let words = samples
        .chunks_exact(frame.format.bytes_per_sample())
        .map(word_of);
    places(frame, rect).zip(words).all(|((x, y, c), sample)| {
        stored(frame, x, y, c) == sample || masks.iter().any(|m| m.contains_point(x, y))
    })
}

/// The same where nothing is masked and samples stand one after the other: by rows, as every frame is asked for every text.
fn rows_show(frame: &Frame, rect: Rect, samples: &[u8]) -> bool {
    let f = &frame.format;
    let rect = rect.intersect(&Rect::new(0, 0, f.cols, f.rows));
    let (n, mask) = (f.bytes_per_sample(), f.stored_mask());
    let pixel = usize::from(f.samples_per_pixel) * n;
    let across = rect.w as usize * pixel;
    let all_bits = mask == u64::MAX >> (64 - 8 * n);
    (rect.y..rect.bottom())
        .zip(samples.chunks_exact(across.max(1)))
        .all(|(y, samples)| {
            let from = (y as usize * f.cols as usize + rect.x as usize) * pixel;
            let row = &frame.data[from..from + across];
            if all_bits {
                return row == samples;
            }
            let words = row.chunks_exact(n).map(word_of);
            let known = samples.chunks_exact(n).map(word_of);
            words.zip(known).all(|(word, known)| word & mask == known)
        })
}

fn stored(frame: &Frame, x: u32, y: u32, c: usize) -> u64 {
    frame.word(x, y, c) & frame.format.stored_mask()
}

/// Column, row and channel of every sample of a rectangle.
fn places(frame: &Frame, rect: Rect) -> impl Iterator<Item = (u32, u32, usize)> + use<> {
    let f = frame.format;
    let rect = rect.intersect(&Rect::new(0, 0, f.cols, f.rows));
    let channels = f.samples_per_pixel as usize;
    (rect.y..rect.bottom()).flat_map(move |y| {
        (rect.x..rect.right()).flat_map(move |x| (0..channels).map(move |c| (x, y, c)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Photometric, PixelFormat};
    use crate::line::{Reading, Strength, TextLine};

    const TEXT: Rect = Rect::new(4, 4, 10, 6);

    fn frame(value: u8) -> Frame {
        let mut frame = Frame {
            format: PixelFormat::grey8(20, 30),
            data: vec![9; 600],
        };
        for y in TEXT.y..TEXT.bottom() {
            frame.set_word(TEXT.x + y % 3, y, 0, u64::from(value));
        }
        frame
    }

    fn stand() -> Stand {
        Stand {
            rect: TEXT,
            cover: vec![TEXT],
            reason: "safe:unit".into(),
            confidence: 990,
            text: "mm".into(),
            view: "luma".into(),
        }
    }

    #[test]
    fn text_stands_where_a_frame_shows_the_same_samples() {
        let mut standing = Standing::default();
        standing.add(&frame(200), &[], &[stand()]);
        standing.add(&frame(200), &[], &[stand()]);
        assert_eq!(standing.known.len(), 1);
        assert_eq!(standing.shown_in(&frame(200), &[]), [stand()]);
        assert!(standing.shown_in(&frame(190), &[]).is_empty());
    }

    #[test]
    fn rows_show_what_samples_show_in_every_layout() {
        let grey = PixelFormat::grey8(20, 30);
        let twelve = PixelFormat {
            bits_allocated: 16,
            bits_stored: 12,
            high_bit: 11,
            ..grey
        };
        let colour = PixelFormat {
            samples_per_pixel: 3,
            photometric: Photometric::Rgb,
            ..grey
        };
        let planar = PixelFormat {
            planar: true,
            ..colour
        };
        let halved = PixelFormat {
            photometric: Photometric::YbrFull422,
            ..colour
        };
        for format in [grey, twelve, colour, planar, halved] {
            let bytes = 0..format.bytes_per_frame();
            let data = bytes.map(|i| (i * 7 % 251) as u8).collect();
            let before = Frame { format, data };
            let known = samples(&before, TEXT);
            assert!(shows(&before, TEXT, &known, &[]), "{format:?}");
            for (x, y, c) in places(&before, TEXT) {
                let mut after = before.clone();
                after.set_word(x, y, c, before.word(x, y, c) ^ 1);
                assert!(!shows(&after, TEXT, &known, &[]), "{format:?} {x},{y},{c}");
            }
            let mut after = before.clone();
            after.set_word(TEXT.right(), TEXT.y, 0, 99);
            // The stored value leaves the highest bits out.
            if format.bits_stored < format.bits_allocated {
                let word = before.word(TEXT.x, TEXT.y, 0);
                after.set_word(TEXT.x, TEXT.y, 0, word ^ 0x8000);
            }
            assert!(shows(&after, TEXT, &known, &[]), "{format:?}");
        }
    }

    #[test]
    fn what_was_read_elsewhere_stands_against_doubt_only() {
        let line = TextLine {
            tight: Rect::new(4, 4, 5, 6),
            cover: vec![],
            strength: Strength::Weak,
        };
        let finding = Finding::aside(line, "luma", Reading::default());
        let verdict = |reason: &str| Verdict {
            chars: 0..0,
            action: Action::Mask,
            reason: reason.into(),
            confidence: 300,
            laterality_lost: false,
        };
        let own = Stands {
            own: vec![stand()],
            ..Stands::default()
        };
        let alike = Stands {
            alike: vec![stand()],
            ..Stands::default()
        };
        for (stands, reason, answered) in [
            (&own, "unreadable", true),
            (&own, "pattern:date", true),
            (&alike, "unreadable", true),
            (&alike, "pattern:date", false),
            (&Stands::default(), "unreadable", false),
        ] {
            assert_eq!(
                stands.answer(&finding, &verdict(reason), &[]),
                answered,
                "{reason}"
            );
        }
        assert_eq!(
            Stands {
                own: vec![stand()],
                alike: vec![stand()]
            }
            .all(),
            [stand()]
        );
    }

    #[test]
    fn masks_hide_samples_but_teach_none() {
        let mut standing = Standing::default();
        let mask = Rect::new(0, 8, 30, 9);
        standing.add(&frame(200), &[mask], &[stand()]);
        assert!(standing.known.is_empty());
        standing.add(&frame(200), &[], &[stand()]);
        let mut masked = frame(200);
        crate::mask::fill(&mut masked, &[mask], &crate::plan::Fill { words: [0; 3] });
        assert!(standing.shown_in(&masked, &[]).is_empty());
        assert_eq!(standing.shown_in(&masked, &[mask]).len(), 1);
    }
}
