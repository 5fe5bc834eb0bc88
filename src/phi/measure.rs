//! The grammar of what is safe: words of the lists, and values with their own label or unit.
//!
//! Takes the pieces of one segment and covers them with items from left to right. What no item covers is unknown.
//! Dates, clock times, long and zero-padded numbers are outside the grammar on purpose.

use super::datetime;
use super::fold::as_digit;
use super::lexicon::{Label, Lexicon, List, Word};
use super::segment::{Kind, Piece, Segment, core};
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
/// Digits before the point of any value.
const VALUE_DIGITS: usize = 4;
/// Digits behind the point.
const FRACTION_DIGITS: usize = 3;
/// Digits of a ratio taken together; more is as good as a telephone number.
const RATIO_DIGITS: usize = 6;

struct Value {
    end: usize,
    unit: bool,
    ratio: bool,
}

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
        if let Some((word, end)) = self.whole_token(i) {
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
            Kind::Sym(c) if "+-:;.,/*=()[]<>#%°_~'\"|&".contains(*c) => (Class::Sign, i + 1),
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
        Some((self.lexicon.word(core)?, self.token_end(i)))
    }

    /// `72DR`: a short number with its label glued behind, alone in a token.
    fn label_behind(&self, i: usize) -> Option<usize> {
        let (Kind::Number { int, frac: None }, Kind::Word(w)) = (self.kind(i)?, self.kind(i + 1)?)
        else {
            return None;
        };
        let person = matches!(w.as_str(), "M" | "F" | "W" | "H" | "Y" | "J" | "D");
        let fits = self.starts_token(i)
            && self.token_end(i) == i + 2
            && int.len() <= SCALE_DIGITS
            && !int.starts_with('0')
            && !person
            && self.lexicon.label(w).is_some_and(|l| !l.needs_unit);
        fits.then_some(i + 2)
    }

    /// A whole token that is on a list.
    fn whole_token(&self, i: usize) -> Option<(Word, usize)> {
        if !self.starts_token(i) {
            return None;
        }
        let core = self.token_core(i);
        let end = self.token_end(i);
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

    /// A label with its value: pieces behind it, if there is one.
    fn labelled(&self, i: usize) -> Option<usize> {
        if self.glued_to_word(i) {
            return None;
        }
        let end = self.token_end(i);
        // The longest label wins: `E/A`, `LV-EF`, then `TIS` of `TIS0.4`.
        (i + 1..=end)
            .rev()
            .find_map(|j| {
                let name = self.text(i..j);
                let name = name.trim_end_matches([':', '=', '#', '.', ',', '<', '>', '~', '*']);
                if name.is_empty() || !name.chars().next().is_some_and(char::is_alphanumeric) {
                    return None;
                }
                let label = self.lexicon.label(name).or_else(|| {
                    (name.len() >= 2 && self.lexicon.unit(name) == Some(false)).then(Label::default)
                })?;
                self.value_behind(j, name, label)
            })
            .or_else(|| self.labelled_in_two(i))
            .or_else(|| self.labelled_misread(i))
    }

    /// A label of two words, listed as one: `Cist Mag 0.5 cm`, `Max PG 6`, `Dist 1 33 mm`.
    fn labelled_in_two(&self, i: usize) -> Option<usize> {
        let (first, second) = (self.token_end(i), i);
        if !self.starts_token(second) || first >= self.pieces.len() {
            return None;
        }
        let end = self.token_end(first);
        let tail: String = self.text(first..end);
        let name = self.text(i..first) + tail.trim_end_matches([':', '=', '.', ',']);
        let label = self.lexicon.label(&name)?;
        let alone = name.chars().count() >= 4 && tail.chars().any(char::is_alphabetic);
        alone
            .then(|| self.value_behind(end, &name, label))
            .flatten()
    }

    /// A label with digits or signs read for its letters (`A0=100%`, `!0C -35`, `T1S 0.4`): two letters and more, at
    /// least one of them read as such, and a value that could not be a date, an age or a number of somebody.
    fn labelled_misread(&self, i: usize) -> Option<usize> {
        if !self.starts_token(i) {
            return None;
        }
        let end = self.token_end(i);
        let sign = (i..end).find(|j| self.sym(*j).is_some_and(|c| ":=<>".contains(c)));
        let until = sign.unwrap_or(end);
        let read = self.text(i..until);
        let letters = read.chars().filter(|c| c.is_alphabetic()).count();
        let length = read.chars().count();
        if letters == 0 || letters == length || !(2..=8).contains(&length) {
            return None;
        }
        let (name, label) = letters_for(&read)
            .into_iter()
            .find_map(|name| self.lexicon.label(&name).map(|l| (name, l)))?;
        // Without a sign between them only a label that is no short word.
        (sign.is_some() || length >= 3)
            .then(|| self.value_behind(until, &name, label))
            .flatten()
    }

    /// A value drawn twice, as set and as reached: `22G22`, `44CG43`, `3cm3cm`.
    fn doubled(&self, i: usize) -> Option<usize> {
        let short = |j: usize| match self.kind(j) {
            Some(Kind::Number { int, frac: None }) => {
                (int.len() <= SCALE_DIGITS && !int.starts_with('0')).then_some(int)
            }
            _ => None,
        };
        let word = |j: usize| match self.kind(j) {
            Some(Kind::Word(w)) => Some(w.as_str()),
            _ => None,
        };
        let (a, name, b) = (short(i)?, word(i + 1)?, short(i + 2)?);
        if !self.starts_token(i) {
            return None;
        }
        let behind: String = (i..self.token_end(i))
            .skip(3)
            .filter_map(|j| match self.kind(j) {
                Some(Kind::Word(w)) => Some(w.clone()),
                Some(Kind::Sym(c)) if ".,'|\\".contains(*c) => None,
                _ => Some("?".into()),
            })
            .collect();
        let end = self.token_end(i);
        let person = matches!(name, "M" | "F" | "W" | "H" | "Y" | "J" | "D");
        let letters = name.chars().count();
        let apart = |a: u32, b: u32| a.abs_diff(b) * 5 > a.max(b);
        let near = matches!((a.parse(), b.parse()), (Ok(a), Ok(b)) if !apart(a, b));
        let labelled = behind.is_empty()
            && !person
            && (letters >= 2 && near || a == b)
            && self.lexicon.label(name).is_some_and(|l| !l.needs_unit);
        let same_unit = behind == name && letters >= 2 && self.lexicon.unit(name) == Some(false);
        (labelled || same_unit).then_some(end)
    }

    fn value_behind(&self, mut j: usize, name: &str, label: Label) -> Option<usize> {
        let mut signs = 0;
        while self.sym(j).is_some_and(|c| ":=#<>.~*".contains(c)) && signs < 3 {
            j += 1;
            signs += 1;
        }
        while self.sym(j) == Some('-')
            && !matches!(self.kind(j + 1), Some(Kind::Number { .. }) if self.glued(j + 1))
            && signs < 4
        {
            j += 1;
            signs += 1;
        }
        if label.setting && self.starts_token(j) && self.lexicon.is_setting(self.token_core(j)) {
            return Some(self.token_end(j));
        }
        let value = self.value(j, Some((name, label)))?;
        (value.unit || !label.needs_unit).then_some(value.end)
    }

    /// Whether digits fit a value, and how the number is padded.
    fn digits_fit(&self, int: &str, frac: Option<&str>, label: Option<(&str, Label)>) -> bool {
        let padded = int.len() > 1 && int.starts_with('0');
        int.len() <= VALUE_DIGITS
            && frac.is_none_or(|f| f.len() <= FRACTION_DIGITS)
            && (!padded || label.is_some_and(|(_, l)| l.padded && frac.is_none()))
    }

    /// A number at piece `i`; letters read for digits are put right behind a label.
    fn number(
        &self,
        i: usize,
        label: Option<(&str, Label)>,
    ) -> Option<(String, Option<String>, usize)> {
        match self.kind(i)? {
            Kind::Number { int, frac } => {
                let mut j = i + 1;
                let (mut int, mut frac) = (int.clone(), frac.clone());
                // `1O2`, `0.O`: the rest of the token in look-alikes.
                if label.is_some() {
                    while self.glued(j) {
                        match self.kind(j) {
                            Some(Kind::Word(w))
                                if w.chars().all(|c| "OIL".contains(c))
                                    && self.lexicon.unit(w).is_none() =>
                            {
                                let digits = w.chars().map(as_digit);
                                match frac.as_mut() {
                                    Some(f) => f.extend(digits),
                                    None => int.extend(digits),
                                }
                            }
                            _ => break,
                        }
                        j += 1;
                    }
                }
                Some((int, frac, j))
            }
            // `O.9`: a zero read as a letter before the point.
            Kind::Word(w) if label.is_some() && w == "O" && self.starts_token(i) => {
                match self.kind(i + 1)? {
                    Kind::Number { int, frac: None } if int.is_empty() => None,
                    Kind::Sym('.') => match self.kind(i + 2)? {
                        Kind::Number { int, frac: None } if self.glued(i + 2) => {
                            Some(("0".into(), Some(int.clone()), i + 3))
                        }
                        _ => None,
                    },
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// A complete value at piece `i`.
    fn value(&self, i: usize, label: Option<(&str, Label)>) -> Option<Value> {
        let mut j = i;
        while self.sym(j).is_some_and(|c| "+-±<>=~".contains(c)) && j < i + 2 {
            j += 1;
        }
        let (int, frac, mut end) = self.number(j, label)?;
        if !self.digits_fit(&int, frac.as_deref(), label) {
            return None;
        }
        if let Some(end) = self.weeks(end, &int, frac.as_deref(), label) {
            return Some(Value {
                end,
                unit: true,
                ratio: false,
            });
        }
        let mut numbers = vec![(int.clone(), frac.clone())];
        let mut joint = None;
        while let Some((sign, next)) = self.joint(end, label, numbers.len()) {
            if joint.is_some_and(|s| s != sign) {
                break;
            }
            let Some((n, f, e)) = self.number(next, None) else {
                break;
            };
            if !self.digits_fit(&n, f.as_deref(), None) || numbers.len() == 6 {
                return None;
            }
            numbers.push((n, f));
            joint = Some(sign);
            end = e;
            // `3.2 cm x 4.1 cm`
            if let Some(e) = self.unit(end, true).filter(|_| sign == 'X') {
                end = e;
            }
        }
        // What may be read as a date or a time of day is never a value: `Image 97-1-22`.
        let shown: Vec<char> = self.text(i..end).chars().collect();
        let dated = joint.is_some()
            && (!datetime::dates(&shown, self.lexicon).is_empty()
                || !datetime::clocks(&shown).is_empty());
        if dated || joint == Some('-') && numbers.len() > 2 {
            return None;
        }
        let digits: usize = numbers.iter().map(|(n, _)| n.len()).sum();
        let unit = self.unit(end, label.is_some() || joint.is_some());
        let unit_before =
            joint == Some('X') && end > 0 && matches!(self.kind(end - 1), Some(Kind::Word(_)));
        // A person's weight or height is no measurement of the picture: `H 175 cm W 80 kg`.
        let person = unit.is_some_and(|e| {
            let name = self.text(end..e);
            self.lexicon.unit(core(&name)) == Some(true)
        });
        if person && label.is_none_or(|(name, _)| name.chars().count() < 3) {
            return None;
        }
        let end = unit.unwrap_or(end);
        // Letters or digits glued behind: `78F78`, `12h30`, `4.0cmXY`.
        if self.glued(end)
            && !matches!(self.kind(end), Some(Kind::Sym(c)) if ",;)]/:.*%-'|\\".contains(*c))
        {
            return None;
        }
        // The number goes on: `1.2.3`, `12/07/94`, `555-1234`, `14:30`.
        if self.glued(end)
            && matches!(self.kind(end + 1), Some(Kind::Number { .. }))
            && self.glued(end + 1)
            && unit.is_none()
        {
            return None;
        }
        let has_unit = unit.is_some() || unit_before;
        match joint {
            Some('/') => {
                let year = numbers.last().is_some_and(|(n, f)| {
                    f.is_none() && n.len() == 4 && (n.starts_with("19") || n.starts_with("20"))
                });
                let list = numbers.len() > 2;
                if digits > RATIO_DIGITS || year || list && numbers.iter().any(|(n, _)| n.len() > 1)
                {
                    return None;
                }
                // A label that takes no ratio keeps it no safer than the ratio alone.
                Some(Value {
                    end,
                    unit: has_unit,
                    ratio: true,
                })
            }
            // `T: 555-123` is no range.
            Some('-')
                if !has_unit
                    && (digits > VALUE_DIGITS
                        || label.is_none_or(|(name, _)| name.chars().count() < 2)) =>
            {
                None
            }
            Some('X')
                if !has_unit && label.is_none() && numbers.iter().any(|(n, _)| n.len() > 4) =>
            {
                None
            }
            Some(_) => Some(Value {
                end,
                unit: has_unit,
                ratio: true,
            }),
            None if has_unit => Some(Value {
                end,
                unit: true,
                ratio: false,
            }),
            None => {
                let (name, label) = label?;
                // A letter before a number is a label of short values only; sex before an age is none.
                let letters = name.chars().count();
                let whole = frac.is_none();
                let sex_and_age = matches!(name, "M" | "F") && whole && int.len() >= 2;
                // A counter shows no year and no decimals.
                let year = int.len() == 4 && (int.starts_with("19") || int.starts_with("20"));
                let counter = label.padded && (year || frac.is_some());
                let own_label = self.lexicon.label(name).is_some();
                let fits = (letters > 1 && own_label || int.len() <= 3) && !counter;
                (fits && !sex_and_age).then_some(Value {
                    end,
                    unit: false,
                    ratio: false,
                })
            }
        }
        .filter(|v| label.is_some() || v.unit || v.ratio)
    }

    /// The sign that joins two numbers of a value, and the piece behind it.
    fn joint(
        &self,
        i: usize,
        label: Option<(&str, Label)>,
        _count: usize,
    ) -> Option<(char, usize)> {
        let (sign, next) = match self.kind(i)? {
            Kind::Sym('/') => ('/', i + 1),
            Kind::Sym('×' | '*') => ('X', i + 1),
            Kind::Sym('±') => ('±', i + 1),
            // `10:1`: one digit behind the colon is no minute.
            Kind::Sym(':') if self.glued(i) && self.glued(i + 1) => match self.kind(i + 1) {
                Some(Kind::Number { int, frac: None }) if int.len() == 1 => (':', i + 1),
                _ => return None,
            },
            Kind::Sym('-' | '~') if self.glued(i) && self.glued(i + 1) => ('-', i + 1),
            Kind::Word(w) if w == "X" => ('X', i + 1),
            Kind::Word(w)
                if matches!(w.as_str(), "CM" | "MM")
                    && matches!(self.kind(i + 1), Some(Kind::Word(x)) if x == "X") =>
            {
                ('X', i + 2)
            }
            _ => return None,
        };
        if sign == '-' && label.is_some_and(|(_, l)| !l.ratio) && self.kind(next).is_none() {
            return None;
        }
        matches!(self.kind(next)?, Kind::Number { .. }).then_some((sign, next))
    }

    /// `21w4d`, `21w 4d`, `21 w`: pieces behind it.
    fn weeks(
        &self,
        i: usize,
        int: &str,
        frac: Option<&str>,
        label: Option<(&str, Label)>,
    ) -> Option<usize> {
        let is = |j: usize, names: &[&str]| matches!(self.kind(j), Some(Kind::Word(w)) if names.contains(&w.as_str()));
        let weeks = ["W", "WK", "WKS", "WEEK", "WEEKS", "SSW"];
        let days = ["D", "DAY", "DAYS", "T"];
        if frac.is_some() || int.len() > 2 || !is(i, &weeks) {
            return None;
        }
        let mut j = i + 1;
        while self.sym(j).is_some_and(|c| "+.,".contains(c)) {
            j += 1;
        }
        match self.kind(j) {
            Some(Kind::Number { int, frac: None }) if int.len() == 1 && is(j + 1, &days) => {
                Some(j + 2)
            }
            _ => label.is_some_and(|(_, l)| l.weeks).then_some(i + 1),
        }
    }

    /// A unit at piece `i`: pieces behind it. One spaced letter is a unit only behind a label.
    fn unit(&self, i: usize, labelled: bool) -> Option<usize> {
        let piece = self.pieces.get(i)?;
        let end = self.token_end(i);
        (i + 1..=end).rev().find_map(|j| {
            let text = self.text(i..j);
            let name = match core(&text) {
                "" => text.as_str(),
                c => c,
            };
            let needs_label = self.lexicon.unit(name)?;
            let one = name.chars().count() == 1 && name.chars().all(char::is_alphabetic);
            let starts = text.starts_with(name) || text.starts_with('/');
            let ok = starts
                && (labelled || !needs_label && (!one || piece.glued) && name != "M")
                && (j == end || !self.glued(j) || self.sym(j).is_some());
            ok.then_some(j)
        })
    }
}

/// A word with every digit and sign taken for a letter that it may stand for; both letters for a stroke.
fn letters_for(read: &str) -> Vec<String> {
    let one = |stroke: char| {
        read.chars()
            .map(|c| match c {
                '0' => Some('O'),
                '1' | '!' | '|' => Some(stroke),
                '5' | '$' => Some('S'),
                '8' => Some('B'),
                c => c.is_alphabetic().then_some(c),
            })
            .collect::<Option<String>>()
    };
    ['I', 'L'].into_iter().filter_map(one).collect()
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
