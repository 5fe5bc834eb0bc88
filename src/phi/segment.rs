//! Cutting a line as read into segments at wide gaps, segments into tokens at spaces, tokens into pieces.
//!
//! Takes a [`Reading`]; gives text with positions into `reading.chars`. It judges nothing.

use super::fold::{fold, push_folded};
use crate::line::{ReadChar, Reading};
use std::ops::Range;

/// A gap of this many tenths of the line height cuts a line.
const CUT_GAP_TENTHS: u64 = 16;
/// So does a run of this many spaces, whatever the boxes say.
const CUT_SPACES: usize = 3;
/// Tokens at least this many tenths of the line height apart can be masked one without the other.
const APART_TENTHS: u64 = 3;

/// A run of characters without a space.
#[derive(Clone, Debug)]
pub(super) struct Token {
    /// Positions in `reading.chars`.
    pub(super) chars: Range<usize>,
    /// As read.
    pub(super) raw: String,
    /// Folded, whole.
    pub(super) folded: String,
    /// Folded, without punctuation at its ends.
    pub(super) core: String,
    /// Whether it can be masked without touching its neighbours.
    pub(super) apart: bool,
}

/// Tokens that stand together.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) tokens: Vec<Token>,
    /// Positions in `reading.chars`.
    pub(super) chars: Range<usize>,
}

impl Segment {
    /// The tokens inside a range of characters, as a segment of their own.
    pub(super) fn within(&self, range: &Range<usize>) -> Option<Segment> {
        let inside = |t: &&Token| range.start <= t.chars.start && t.chars.end <= range.end;
        let tokens: Vec<Token> = self.tokens.iter().filter(inside).cloned().collect();
        let chars = tokens.first()?.chars.start..tokens.last()?.chars.end;
        Some(Segment { tokens, chars })
    }
}

/// The smallest part of a token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// A run of letters, folded.
    Word(String),
    /// A number: digits before the point (`None` for `.5`) and behind it.
    Number {
        int: String,
        frac: Option<String>,
    },
    Sym(char),
}

/// A part of a token with its place.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) kind: Kind,
    /// Index of its token in the segment.
    pub(super) token: usize,
    /// Positions in `reading.chars`.
    pub(super) chars: Range<usize>,
    /// Whether a piece of the same token stands directly before it.
    pub(super) glued: bool,
}

/// Pixels between two characters along the line, whichever way it runs.
pub(super) fn gap_px(a: &ReadChar, b: &ReadChar) -> u64 {
    let between = |a0: u32, a1: u32, b0: u32, b1: u32| {
        u64::from(a0.max(b0)).saturating_sub(u64::from(a1.min(b1)))
    };
    between(a.rect.x, a.rect.right(), b.rect.x, b.rect.right()).max(between(
        a.rect.y,
        a.rect.bottom(),
        b.rect.y,
        b.rect.bottom(),
    ))
}

/// Segments of a line; empty if it holds nothing but spaces.
pub(super) fn segments(reading: &Reading, line_height_px: u32) -> Vec<Segment> {
    let chars = &reading.chars;
    let height = u64::from(line_height_px.max(1));
    let mut tokens: Vec<(Token, bool)> = Vec::new();
    let mut i = 0;
    let mut last: Option<usize> = None;
    while i < chars.len() {
        if chars[i].ch.is_whitespace() {
            i += 1;
            continue;
        }
        let start = i;
        i += 1;
        // A gap as wide as a cut is one, even where the reader wrote no space.
        while i < chars.len()
            && !chars[i].ch.is_whitespace()
            && gap_px(&chars[i - 1], &chars[i]) * 10 <= height * CUT_GAP_TENTHS
        {
            i += 1;
        }
        let (cut, apart) = last.map_or((true, true), |l| {
            let gap = gap_px(&chars[l], &chars[start]) * 10;
            (
                gap > height * CUT_GAP_TENTHS || start - l > CUT_SPACES,
                gap >= height * APART_TENTHS,
            )
        });
        last = Some(i - 1);
        if let Some((before, _)) = tokens.last_mut() {
            before.apart &= apart;
        }
        tokens.push((token(chars, start..i, apart), cut));
    }
    let mut out: Vec<Segment> = Vec::new();
    for (token, cut) in tokens {
        match out.last_mut().filter(|_| !cut) {
            Some(segment) => {
                segment.chars.end = token.chars.end;
                segment.tokens.push(token);
            }
            None => out.push(Segment {
                chars: token.chars.clone(),
                tokens: vec![token],
            }),
        }
    }
    out
}

fn token(chars: &[ReadChar], range: Range<usize>, apart: bool) -> Token {
    let raw: String = chars[range.clone()].iter().map(|c| c.ch).collect();
    let folded = fold(&raw);
    let core = core(&folded).to_string();
    Token {
        chars: range,
        raw,
        folded,
        core,
        apart,
    }
}

/// A folded token without the punctuation around it.
pub(super) fn core(folded: &str) -> &str {
    folded.trim_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '%' | '°'))
}

/// Pieces of a segment, in order. A decimal point or comma between digits belongs to the number.
pub(super) fn pieces(segment: &Segment, reading: &Reading) -> Vec<Piece> {
    let mut out = Vec::new();
    for (t, token) in segment.tokens.iter().enumerate() {
        let at = |i: usize| {
            (i < token.chars.end)
                .then(|| reading.chars.get(i).map(|c| c.ch))
                .flatten()
        };
        let digit = |i: usize| at(i).is_some_and(|c| c.is_ascii_digit());
        let mut i = token.chars.start;
        while let Some(c) = at(i) {
            let start = i;
            let kind = if c.is_ascii_digit()
                || matches!(c, '.' | ',') && digit(i + 1) && number_may_start(&out, t)
            {
                let mut int = String::new();
                while let Some(d) = at(i).filter(char::is_ascii_digit) {
                    int.push(d);
                    i += 1;
                }
                let mut frac = None;
                if matches!(at(i), Some('.' | ',')) && digit(i + 1) {
                    i += 1;
                    let mut f = String::new();
                    while let Some(d) = at(i).filter(char::is_ascii_digit) {
                        f.push(d);
                        i += 1;
                    }
                    frac = Some(f);
                }
                Kind::Number { int, frac }
            } else if c.is_alphabetic() {
                let mut word = String::new();
                while let Some(l) = at(i).filter(|c| c.is_alphabetic()) {
                    push_folded(&mut word, l);
                    i += 1;
                }
                Kind::Word(word)
            } else {
                i += 1;
                let mut folded = String::new();
                push_folded(&mut folded, c);
                match folded.chars().next() {
                    // Superscripts and the like belong to the word before (cm², cm³).
                    Some(f) if f.is_alphanumeric() => Kind::Word(folded),
                    f => Kind::Sym(f.unwrap_or(c)),
                }
            };
            out.push(Piece {
                kind,
                token: t,
                chars: start..i,
                glued: start > token.chars.start,
            });
        }
    }
    out
}

/// A number such as `.62` starts only where no digit or letter of the same token stands before its point.
fn number_may_start(before: &[Piece], token: usize) -> bool {
    before
        .last()
        .filter(|p| p.token == token)
        .is_none_or(|p| matches!(p.kind, Kind::Sym(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phi::testing::{reading, reading_with_gaps};

    fn texts(r: &Reading, h: u32) -> Vec<Vec<String>> {
        segments(r, h)
            .iter()
            .map(|s| s.tokens.iter().map(|t| t.raw.clone()).collect())
            .collect()
    }

    #[test]
    fn wide_gaps_cut_and_word_gaps_do_not() {
        assert_eq!(texts(&reading("DOE JANE"), 12), [["DOE", "JANE"]]);
        assert_eq!(
            texts(&reading("DOE    JANE"), 12),
            [vec!["DOE"], vec!["JANE"]]
        );
        let r = reading_with_gaps(&[("WL 47", 0), ("DOE", 60)]);
        assert_eq!(texts(&r, 12), [vec!["WL", "47"], vec!["DOE"]]);
        assert!(texts(&reading("   "), 12).is_empty());
        assert!(texts(&Reading::default(), 0).is_empty());
    }

    #[test]
    fn pieces_keep_decimals_together_and_know_their_places() {
        let r = reading("MI:0.9 -.62 16cm 1.2.3");
        let s = &segments(&r, 12)[0];
        let kinds: Vec<String> = pieces(s, &r)
            .iter()
            .map(|p| {
                r.chars[p.chars.clone()]
                    .iter()
                    .map(|c| c.ch)
                    .collect::<String>()
            })
            .collect();
        assert_eq!(
            kinds,
            ["MI", ":", "0.9", "-", ".62", "16", "cm", "1.2", ".", "3"]
        );
    }
}
