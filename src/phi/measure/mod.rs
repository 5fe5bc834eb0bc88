//! The grammar of what is safe: words of the lists, and values with their own label or unit.
//!
//! Takes the pieces of one segment and covers them with items from left to right. What no item covers is unknown.
//! Dates, clock times, long and zero-padded numbers are outside the grammar on purpose.

mod label;
mod value;

use super::lexicon::{Lexicon, List, Word};
use super::segment::{Kind, Piece, Segment};
use std::ops::Range;

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Word(Word),
    /// A complete value, and whether it has a label (else a unit or a ratio).
    Value {
        labelled: bool,
    },
    /// A number without label or unit that may stand on a scale.
    Number {
        whole: bool,
    },
    /// Punctuation.
    Sign,
    Unknown,
}

/// A run of pieces.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) class: Class,
    /// Pieces covered.
    pub(super) pieces: Range<usize>,
    /// Tokens touched.
    pub(super) tokens: Range<usize>,
}

/// Digits before the point of a number without label or unit.
const SCALE_DIGITS: usize = 3;
/// Digits behind the point.
const FRACTION_DIGITS: usize = 3;

/// Covers a segment with items.
pub(super) fn items(segment: &Segment, pieces: &[Piece], lexicon: &Lexicon) -> Vec<Item> {
    let grammar = Grammar {
        segment,
        pieces,
        lexicon,
    };
    let mut out: Vec<Item> = Vec::new();
    let mut i = 0;
    while i < pieces.len() {
        let (class, end) = grammar.next(i);
        let end = end.max(i + 1);
        let (first, last) = (pieces[i].token, pieces[end - 1].token);
        out.push(Item {
            class,
            pieces: i..end,
            tokens: first..last + 1,
        });
        i = end;
    }
    out
}

struct Grammar<'a> {
    segment: &'a Segment,
    pieces: &'a [Piece],
    lexicon: &'a Lexicon,
}

impl Grammar<'_> {
    fn next(&self, i: usize) -> (Class, usize) {
        if let Some(end) = self.phrase(i) {
            let word = Word {
                list: List::Word,
                weak: false,
                marker: false,
            };
            return (Class::Word(word), end);
        }
        if let Some((word, end)) = self.listed_with_digits(i) {
            return (Class::Word(word), end);
        }
        let value = self.labelled(i).or_else(|| self.doubled(i));
        if let Some(end) = value.or_else(|| self.label_behind(i)) {
            return (Class::Value { labelled: true }, end);
        }
        let listed = self.whole_token(i);
        if listed.is_none_or(|(word, _)| word.weak)
            && let Some(end) = self.label_in_two(i)
        {
            let word = Word {
                list: List::Technical,
                weak: false,
                marker: false,
            };
            return (Class::Word(word), end);
        }
        if let Some((word, end)) = listed {
            return (Class::Word(word), end);
        }
        if !self.glued_to_word(i)
            && let Some(v) = self.value(i, None)
        {
            return (Class::Value { labelled: false }, v.end);
        }
        match &self.pieces[i].kind {
            Kind::Word(w) => self.word(i, w),
            Kind::Number { int, frac } => self.bare_number(i, int, frac.as_deref()),
            Kind::Sym(c) if "+-:;.,/*=()[]<>#%°_~'`\"|&".contains(*c) => (Class::Sign, i + 1),
            // The tick of a scale beside a number.
            Kind::Sym('\\') if self.glued(i) && self.token_end(i) == i + 1 => (Class::Sign, i + 1),
            Kind::Sym(_) => (Class::Unknown, i + 1),
        }
    }

    fn kind(&self, i: usize) -> Option<&Kind> {
        self.pieces.get(i).map(|p| &p.kind)
    }

    fn sym(&self, i: usize) -> Option<char> {
        match self.kind(i) {
            Some(Kind::Sym(c)) => Some(*c),
            _ => None,
        }
    }

    fn starts_token(&self, i: usize) -> bool {
        self.pieces.get(i).is_some_and(|p| !p.glued)
    }

    fn glued(&self, i: usize) -> bool {
        self.pieces.get(i).is_some_and(|p| p.glued)
    }

    /// Whether letters or digits of the same token stand directly before this piece.
    fn glued_to_word(&self, i: usize) -> bool {
        self.glued(i) && i > 0 && self.sym(i - 1).is_none()
    }

    /// First piece behind the token that piece `i` belongs to.
    fn token_end(&self, i: usize) -> usize {
        let token = self.pieces[i].token;
        i + self.pieces[i..]
            .iter()
            .take_while(|p| p.token == token)
            .count()
    }

    fn token_core(&self, i: usize) -> &str {
        self.segment
            .tokens
            .get(self.pieces[i].token)
            .map_or("", |t| t.core.as_str())
    }

    /// The folded text of some pieces of one token.
    fn text(&self, range: Range<usize>) -> String {
        let mut out = String::new();
        for p in &self.pieces[range] {
            match &p.kind {
                Kind::Word(w) => out.push_str(w),
                Kind::Sym(c) => out.push(*c),
                Kind::Number { int, frac } => {
                    out.push_str(int);
                    if let Some(f) = frac {
                        out.push('.');
                        out.push_str(f);
                    }
                }
            }
        }
        out
    }

    fn phrase(&self, i: usize) -> Option<usize> {
        if !self.starts_token(i) {
            return None;
        }
        let first = self.pieces[i].token;
        let cores: Vec<&str> = self.segment.tokens[first..]
            .iter()
            .map(|t| t.core.as_str())
            .collect();
        let last = first + self.lexicon.phrase(&cores)?;
        Some(
            i + self.pieces[i..]
                .iter()
                .take_while(|p| p.token < last)
                .count(),
        )
    }

    /// A listed token of letters and digits (`A4C`, `C5-1`), before its letters are taken for a label.
    fn listed_with_digits(&self, i: usize) -> Option<(Word, usize)> {
        let core = self.token_core(i);
        let mixed = core.bytes().any(|b| b.is_ascii_digit()) && self.lexicon.label(core).is_none();
        if !mixed || !self.starts_token(i) {
            return None;
        }
        let end = self.token_end(i);
        if let Some(word) = self.lexicon.word(core) {
            return Some((word, end));
        }
        // The preset of a transducer stands behind it: `RAB4-8-D/OB`.
        let slash = (i + 3..end).find(|k| self.sym(*k) == Some('/'))?;
        Some((self.lexicon.word(&self.text(i..slash))?, slash))
    }

    /// A whole token that is on a list.
    fn whole_token(&self, i: usize) -> Option<(Word, usize)> {
        if !self.starts_token(i) {
            return None;
        }
        let core = self.token_core(i);
        let end = self.token_end(i);
        let token = self.segment.tokens.get(self.pieces[i].token);
        // `cm`, `mm` and `ms` are also labels, but not in small letters; nor are initials.
        let small = token.is_some_and(|t| {
            t.raw
                .trim_matches(['(', ')', '[', ']'])
                .starts_with(char::is_lowercase)
        });
        if let Some(unit) = self.unit_word(core).filter(|u| small && !u.weak) {
            return Some((unit, end));
        }
        let folded = self
            .segment
            .tokens
            .get(self.pieces[i].token)
            .map_or("", |t| t.folded.as_str());
        let word = self
            .lexicon
            .word(core)
            .or_else(|| self.lexicon.word(folded))
            .or_else(|| self.unit_word(core))
            .or_else(|| self.lexicon.word_with_digits(core))
            .or_else(|| orientation(core))
            .or_else(|| self.field_word(core))?;
        Some((word, end))
    }

    /// A unit that stands alone, as beside a scale.
    fn unit_word(&self, text: &str) -> Option<Word> {
        self.lexicon
            .unit(text)
            .filter(|needs| !needs)
            .map(|_| Word {
                list: List::Unit,
                weak: text.chars().count() <= 1,
                marker: false,
            })
    }

    fn field_word(&self, text: &str) -> Option<Word> {
        self.lexicon
            .field(text.trim_end_matches('.'))
            .map(|_| Word {
                list: List::Label,
                weak: true,
                marker: false,
            })
    }

    /// Letters inside a token: `LV-EF`, `Fet.Ht`, and levels such as `L4`, `T12`.
    fn word(&self, i: usize, w: &str) -> (Class, usize) {
        // Vertebrae: `T12`, `L4/5`.
        if let (false, Some(Kind::Number { int, frac: None })) =
            (self.glued_to_word(i), self.kind(i + 1))
            && matches!(w, "C" | "T" | "L" | "S" | "TH" | "D")
            && self.glued(i + 1)
            && matches!(int.parse::<u8>(), Ok(1..=12))
            && !int.starts_with('0')
            && !(self.glued(i + 2) && matches!(self.kind(i + 2), Some(Kind::Word(_))))
        {
            let word = Word {
                list: List::Anatomy,
                weak: false,
                marker: false,
            };
            return (Class::Word(word), i + 2);
        }
        let known = self
            .lexicon
            .word(w)
            .filter(|_| !self.glued_to_word(i))
            .or_else(|| self.field_word(w));
        let Some(mut word) = known else {
            return (Class::Unknown, i + 1);
        };
        word.marker = false;
        // A digit or two glued to a safe word of three letters number it.
        if let (true, Some(Kind::Number { int, frac: None })) =
            (self.glued(i + 1), self.kind(i + 1))
        {
            let numbered = int.len() <= 2
                && !int.starts_with('0')
                && w.chars().count() >= 3
                && !matches!(self.kind(i + 2), Some(Kind::Word(_)) if self.glued(i + 2));
            return match numbered {
                true => (Class::Word(word), i + 2),
                false => (Class::Unknown, i + 2),
            };
        }
        // One letter inside a token is nobody's marker: `L-M`, `A.B.`
        if w.chars().count() == 1 && self.token_end(i) - i + usize::from(self.glued(i)) > 1 {
            word.weak = true;
        }
        (Class::Word(word), i + 1)
    }

    /// A number alone in its token, short and not padded.
    fn bare_number(&self, i: usize, int: &str, frac: Option<&str>) -> (Class, usize) {
        let token = self.pieces[i].token;
        let alone = self
            .pieces
            .iter()
            .enumerate()
            .filter(|(j, p)| p.token == token && *j != i)
            .all(|(j, p)| match p.kind {
                Kind::Sym(c) if j < i => "+-<>=~±(:".contains(c),
                Kind::Sym(c) => ".,:)°-'|\\".contains(c),
                // `3:PELVIS`, `2)`: a count before a word.
                Kind::Word(_) => {
                    j == i + 2
                        && int.len() == 1
                        && self.sym(i + 1).is_some_and(|c| ":)".contains(c))
                }
                Kind::Number { .. } => false,
            });
        // `12.03.` is a date cut short.
        let cut =
            frac.is_some_and(|f| f.len() == 2) && int.len() == 2 && self.sym(i + 1) == Some('.');
        let padded = int.len() > 1 && int.starts_with('0') || cut;
        let short = int.len() <= SCALE_DIGITS && frac.is_none_or(|f| f.len() <= FRACTION_DIGITS);
        match alone && short && !padded {
            true => (
                Class::Number {
                    whole: frac.is_none(),
                },
                i + 1,
            ),
            false => (Class::Unknown, i + 1),
        }
    }
}

/// Letters of an oblique orientation (`AR`, `PLF`, `RAI`): one of each axis, two or three axes.
fn orientation(text: &str) -> Option<Word> {
    const AXES: [&str; 3] = ["RL", "AP", "HFSI"];
    let letters: Vec<char> = text.chars().collect();
    if !(2..=3).contains(&letters.len()) {
        return None;
    }
    let axes: Option<Vec<usize>> = letters
        .iter()
        .map(|c| AXES.iter().position(|a| a.contains(*c)))
        .collect();
    let mut axes = axes?;
    axes.sort_unstable();
    axes.windows(2).all(|w| w[0] != w[1]).then_some(Word {
        list: List::Laterality,
        weak: false,
        marker: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phi::segment::{pieces, segments};
    use crate::phi::testing::reading;

    fn classes(text: &str) -> Vec<Class> {
        let lexicon = Lexicon::new(&[]);
        let r = reading(text);
        let s = segments(&r, 12);
        assert_eq!(s.len(), 1, "{text}");
        items(&s[0], &pieces(&s[0], &r), &lexicon)
            .into_iter()
            .map(|i| i.class)
            .collect()
    }

    #[test]
    fn complete_values_are_values() {
        for text in [
            "TE 102 ms",
            "GA 21w4d",
            "MI 0.9",
            "TIS 0.4",
            "TIS0.4",
            "TIS: 0.5",
            "MI=0.4",
            "TIS<0.4",
            "12/45",
            "15 cm",
            "15cm",
            "FR 32Hz",
            "D 15.0 cm",
            "Gn 48",
            "PRF 4.0 kHz",
            "WL: 40 WW: 400",
            "Vmax 1.2 m/s",
            "HR= 72 bpm",
            "2D 68% C 50",
            "P Low",
            "Zoom 1.5x",
            "120 kV 200 mA",
            "AO=69%",
            "H4.00 MHz",
            "20dB / DR60",
            "19fps",
            "kV 120",
            "Loc -356",
            "3 / 3 / 4",
            "512x512",
            "3.2 x 4.1 x 2.0 cm",
            "EFW 2500 g",
            "BPD 5.21 cm 21w4d",
            "CINE 0118",
            "MI O.9",
            "E/A 1.2",
            "LVEF 62 %",
            "Dist 3.21 cm",
            "-15 dB",
            "CTDIvol 12.34 mGy",
            "DLP 512.3 mGy*cm",
            "SL 5.0 mm",
            "5-12 MHz",
            "FOV 240x240 mm",
            "MB Off",
            "Page 1/3",
            "IM#2",
            "78 bpm",
        ] {
            let c = classes(text);
            assert!(
                c.iter()
                    .all(|c| !matches!(c, Class::Unknown | Class::Number { .. })),
                "{text}: {c:?}"
            );
            assert!(
                c.iter().any(|c| matches!(c, Class::Value { .. })),
                "{text}: {c:?}"
            );
        }
    }

    #[test]
    fn what_is_no_value_stays_unknown() {
        for text in [
            "12/07/94",
            "14:43",
            "0721",
            "01.09.2012",
            "78F78",
            "45Y",
            "555-1234",
            "123 456 7890",
            "12/1976",
            "JS2",
            "M45",
            "80 kg",
            "H 175 cm W 80 kg",
            "IM 1971",
            "12.03.",
            "T: 555-123",
            "4711 0815",
            "AB1234",
            "1.2.3",
            "12h30",
            "MI 12345",
            "45 M",
            "00012 cm",
        ] {
            let c = classes(text);
            assert!(
                c.iter().any(|c| matches!(c, Class::Unknown))
                    || c.iter()
                        .filter(|c| matches!(c, Class::Number { .. }))
                        .count()
                        > 1
                    || text == "45 M",
                "{text}: {c:?}"
            );
        }
    }

    #[test]
    fn levels_and_orientations_are_words() {
        for text in ["T12", "L5/S1", "L4-L5", "C7", "PLF", "AR", "Th8"] {
            let c = classes(text);
            assert!(
                c.iter()
                    .all(|c| matches!(c, Class::Word(_) | Class::Sign | Class::Value { .. })),
                "{text}: {c:?}"
            );
        }
    }
}
