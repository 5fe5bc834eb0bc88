//! How sure the reader must be of text that stays.
//!
//! Its own figure for a character says less than it seems: most that is read wrong is read with 600 to 950, and how much
//! is right of what is read so depends on the character. A letter inside a long word of a list is held by its neighbours;
//! a digit, a lone letter, a sign and the seam between a label and a number (where a colon may be missing) are held by
//! nothing. So each kind of character has a threshold of its own. They were chosen on generated pages
//! (`models/README.md`, "Kept text is that text") by what they cost in text that is rightly kept.
//!
//! Takes readings and drafts; turns no doubt into certainty: each kind only asks for more.

use super::decide::Draft;
use crate::config::Sensitivity;
use crate::line::{Orientation, ReadChar, Reading};
use std::ops::Range;

/// Least confidence of a character of kept text by its kind, 0–1000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Least {
    /// A letter in a run of six and more.
    long_word: u16,
    /// In a run of four or five.
    word: u16,
    /// In a run of two or three.
    short_word: u16,
    /// A letter by itself among other text.
    letter: u16,
    /// Any single sign, letter or digit that is all of the text, but for `R` and `L`: patterns in pictures read as such.
    alone: u16,
    digit: u16,
    /// A letter beside a digit and a digit beside a letter: a colon may be lost between them.
    seam: u16,
    /// `:`, `=`, `/`, `-`, `+`.
    sign: u16,
    /// `.`, `,`, `'`, and `_`, which a line under text reads as.
    point: u16,
    /// All other signs.
    other: u16,
    space: u16,
}

/// How sure the reader must be, 0–1000. All of it is asked of characters: the confidence of a line is the probability of
/// its exact text, which falls with its length however sure each character is. It counts only against the characters
/// themselves ([`weighed`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Confidence {
    /// Below this mean a segment is unreadable.
    pub(super) unreadable: u16,
    /// Mean that every word of kept text needs.
    keep: u16,
    /// The same of a side or position marker that stands alone.
    keep_marker: u16,
    /// Least that any letter or digit of kept text needs, whatever its kind.
    keep_char: u16,
    /// Least that a lost marker must have been read with to be missed.
    pub(super) marker: u16,
    least: Least,
}

/// Least confidence with which a side or position marker must have been read for its loss to send a file to a person.
const MARKER_READ: u16 = 700;

impl Confidence {
    pub(super) fn of(sensitivity: Sensitivity) -> Self {
        match sensitivity {
            Sensitivity::Normal => Confidence {
                unreadable: 500,
                keep: 850,
                keep_marker: 700,
                keep_char: 500,
                marker: MARKER_READ,
                least: Least {
                    long_word: 500,
                    word: 500,
                    short_word: 600,
                    letter: 800,
                    alone: 980,
                    digit: 700,
                    seam: 800,
                    sign: 700,
                    point: 600,
                    other: 900,
                    space: 500,
                },
            },
            Sensitivity::High => Confidence {
                unreadable: 600,
                keep: 930,
                keep_marker: 900,
                keep_char: 700,
                marker: MARKER_READ,
                least: Least {
                    long_word: 800,
                    word: 800,
                    short_word: 960,
                    letter: 980,
                    alone: 995,
                    digit: 970,
                    seam: 985,
                    sign: 970,
                    point: 985,
                    other: 990,
                    space: 950,
                },
            },
        }
    }

    /// Whether the reader is sure of every character of a draft's segment.
    pub(super) fn is_sure(&self, reading: &Reading, draft: &Draft) -> bool {
        let chars = reading.chars.get(draft.segment.clone()).unwrap_or(&[]);
        let chars = without_strokes(chars);
        // A marker by itself says nothing about anybody, even misread; losing it costs more.
        let marker = matches!(draft.markers.as_slice(), [only] if *only == draft.segment);
        // Letters upside down and mirrored are looked for on lead markers. Anything else that reads so is something else.
        if matches!(
            reading.orientation,
            Orientation::Turned | Orientation::Mirrored
        ) && !marker
        {
            return false;
        }
        let keep = if marker { self.keep_marker } else { self.keep };
        let side = marker && matches!(chars, [only] if is_side(only.ch));
        chars
            .split(|c| c.ch.is_whitespace())
            .all(|word| self.is_sure_of(word, keep))
            && (side || self.reaches_least(chars))
    }

    /// Whether a word is sure as a whole, and none of its letters and digits quite unsure.
    fn is_sure_of(&self, word: &[ReadChar], keep: u16) -> bool {
        let letters = || word.iter().filter(|c| c.ch.is_alphanumeric());
        // A lone sign has nothing else to be sure of.
        let mean = mean(letters()).or_else(|| mean(word.iter()));
        mean.is_none_or(|m| m >= u64::from(keep))
            && letters().all(|c| c.confidence >= self.keep_char)
    }

    /// Whether each character reaches what its kind needs.
    fn reaches_least(&self, chars: &[ReadChar]) -> bool {
        let at = |i: Option<usize>| i.and_then(|i| chars.get(i)).map(|c| c.ch);
        let mut signs = chars.iter().filter(|c| !c.ch.is_whitespace());
        let alone = signs.next().is_some() && signs.next().is_none();
        (0..chars.len()).all(|i| {
            let ch = chars[i].ch;
            let kind = match ch {
                _ if alone && !ch.is_whitespace() => self.least.alone,
                c if c.is_whitespace() => self.least.space,
                c if c.is_ascii_digit() => self.least.digit,
                c if c.is_alphabetic() => self.of_run(chars, i),
                ':' | '=' | '/' | '-' | '+' => self.least.sign,
                '.' | ',' | '\'' | '_' => self.least.point,
                _ => self.least.other,
            };
            let beside = [at(i.checked_sub(1)), at(Some(i + 1))];
            let seam = beside.into_iter().flatten().any(|b| {
                ch.is_alphabetic() && b.is_ascii_digit() || ch.is_ascii_digit() && b.is_alphabetic()
            });
            let least = if seam {
                kind.max(self.least.seam)
            } else {
                kind
            };
            chars[i].confidence >= least
        })
    }

    /// What a letter needs, by the length of the run of letters that it stands in.
    fn of_run(&self, chars: &[ReadChar], i: usize) -> u16 {
        let letters = |run: &[ReadChar]| run.iter().filter(|c| c.ch.is_alphabetic()).count();
        let start = chars[..i]
            .iter()
            .rposition(|c| !c.ch.is_alphabetic())
            .map_or(0, |k| k + 1);
        let end = chars[i..]
            .iter()
            .position(|c| !c.ch.is_alphabetic())
            .map_or(chars.len(), |k| i + k);
        match letters(&chars[start..end]) {
            0 | 1 => self.least.letter,
            2 | 3 => self.least.short_word,
            4 | 5 => self.least.word,
            _ => self.least.long_word,
        }
    }
}

/// By how much less likely than its characters together a line's text may be.
const LINE_DOUBT: u64 = 3;

/// Most confidence that is left to what may be no text at all: too little to stay.
const NOT_TEXT: u16 = 400;

/// A reading whose characters are as sure as they look. A line of one sign is either very sure or may be a pattern in the
/// picture, or a fragment, whatever stands beside it; sides are not asked, as losing them costs more. Where the whole text is far less likely than its characters
/// together, characters are missing or too many, and none of them is surer than the line.
pub(super) fn weighed(reading: &Reading, need: &Confidence) -> Reading {
    let mut out = reading.clone();
    for c in &mut out.chars {
        c.confidence = c.confidence.min(1000);
    }
    // In millionths; ends at 0 for any long doubtful line, which then stays as it is.
    let together = out
        .chars
        .iter()
        .filter(|c| !c.ch.is_whitespace())
        .fold(1_000_000u64, |all, c| all * u64::from(c.confidence) / 1000);
    if u64::from(reading.confidence) * 1000 * LINE_DOUBT < together {
        for c in &mut out.chars {
            c.confidence = c.confidence.min(reading.confidence);
        }
    }
    let mut signs = out.chars.iter_mut().filter(|c| !c.ch.is_whitespace());
    if let (Some(only), None) = (signs.next(), signs.next())
        && only.confidence < need.least.alone
        && !is_side(only.ch)
    {
        only.confidence = only.confidence.min(NOT_TEXT);
    }
    out
}

/// Signs that ticks, cursors, callipers and rules beside text read as. None is text that says anything about anybody.
const STROKES: [char; 5] = ['_', '+', '|', '\\', '`'];

/// The characters without strokes and spaces at either end: however unsure these are, what they stand beside is no other text.
/// A dash is one behind text, where the ticks of a scale begin; before a number it may be its sign.
fn without_strokes(chars: &[ReadChar]) -> &[ReadChar] {
    let is_text = |c: &ReadChar| !c.ch.is_whitespace() && !STROKES.contains(&c.ch);
    match (
        chars.iter().position(is_text),
        chars.iter().rposition(|c| is_text(c) && c.ch != '-'),
    ) {
        (Some(first), Some(last)) => &chars[first..=last],
        _ => chars,
    }
}

/// Whether a letter by itself says a side.
pub(super) fn is_side(ch: char) -> bool {
    matches!(ch, 'R' | 'L')
}

/// Mean confidence of the characters of a range that are no spaces.
pub(super) fn mean_confidence(reading: &Reading, range: &Range<usize>) -> u16 {
    let chars = reading.chars.get(range.clone()).unwrap_or(&[]);
    let signs = chars.iter().filter(|c| !c.ch.is_whitespace());
    mean(signs).map_or(0, |m| m.min(1000) as u16)
}

fn mean<'a>(chars: impl Iterator<Item = &'a ReadChar>) -> Option<u64> {
    let (sum, count) = chars.fold((0u64, 0u64), |(s, n), c| {
        (s + u64::from(c.confidence), n + 1)
    });
    sum.checked_div(count)
}
