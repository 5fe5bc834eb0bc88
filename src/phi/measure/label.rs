//! Labels with their values, also in two words, misread, behind the number, drawn twice, or unknown but with a unit.
//!
//! Takes pieces from a place on; gives where label and value end. What a value is, `value` says.

use super::{Grammar, SCALE_DIGITS};
use crate::phi::datetime;
use crate::phi::lexicon::Label;
use crate::phi::segment::Kind;
use std::ops::Range;

/// How a measurement is computed, as it stands in brackets behind the label. Some are the names of authors, which say
/// nothing of the patient there and are no safe words anywhere else.
const METHODS: [&str; 24] = [
    "MOD-SP4", "MOD-SP2", "MOD-BP", "MOD", "BP", "A-L", "AL", "SP4", "SP2", "4CH", "2CH", "A4C",
    "A2C", "TEICH", "CUBE", "BIPLANE", "LMP", "AUA", "HADLOCK", "HANSMANN", "JEANTY", "CAMPBELL",
    "SHEPARD", "MERZ",
];

/// Most signs of a leader between a label and its value.
const LEADER_SIGNS: usize = 24;

impl Grammar<'_> {
    /// A label with its value: pieces behind it, if there is one.
    pub(super) fn labelled(&self, i: usize) -> Option<usize> {
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
            .or_else(|| self.acronym(i))
    }

    /// An abbreviation on no list, a colon or `=`, and a value whose unit measures nothing about a person: `DVP: 3.1 cm`,
    /// `KLM2=94 %`. Nobody's initials have megahertz; a name has a vowel, and no colon before a number of millimetres.
    /// Without the sign it may be a name beside a value of the screen: `NG 15cm`.
    fn acronym(&self, i: usize) -> Option<usize> {
        let Some(Kind::Word(name)) = self.kind(i) else {
            return None;
        };
        let numbered = self.glued(i + 1)
            && matches!(self.kind(i + 1), Some(Kind::Number { int, frac: None }) if int.len() == 1);
        let sign = i + 1 + usize::from(numbered);
        let is_vowel = |c: char| "AEIOUY".contains(c);
        let plain = self.starts_token(i)
            && (2..=5).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphabetic())
            && (numbered || !name.contains(is_vowel))
            && self.glued(sign)
            && self.sym(sign).is_some_and(|c| ":=".contains(c))
            && self.names_no_field(name);
        if !plain {
            return None;
        }
        let value = self.value(sign + 1, None).filter(|v| v.unit)?;
        self.measures_no_person(sign + 1..value.end)
            .then_some(value.end)
    }

    /// Whether a word is on no list of what stands before something identifying.
    fn names_no_field(&self, word: &str) -> bool {
        self.lexicon.field(word).is_none()
            && self.lexicon.honorific(word).is_none()
            && self.lexicon.institution(word).is_none()
            && self.lexicon.month(word).is_none()
            && !self.lexicon.is_address(word)
    }

    /// Whether the unit at the end of a value is of no height, weight, age, or time of day.
    fn measures_no_person(&self, value: Range<usize>) -> bool {
        const OF_PERSONS: [&str; 10] = [
            "MIN", "MINS", "MIN.", "HR", "HRS", "SEC", "SECS", "SEC.", "SEK.", "FR",
        ];
        let digits = match self.kind(value.start) {
            Some(Kind::Number { int, .. }) => int.len(),
            _ => return false,
        };
        let unit = value
            .clone()
            .map(|k| self.text(k..value.end))
            .find(|u| self.lexicon.unit(u) == Some(false));
        unit.is_some_and(|u| match u.as_str() {
            "%" | "°" => true,
            // A person is taller than anything that is measured in a picture.
            "CM" => digits <= 2,
            "MM" => digits <= 3,
            u => u.chars().count() >= 2 && !OF_PERSONS.contains(&u),
        })
    }

    /// A label of two words, listed as one: `Cist Mag 0.5 cm`, `Max PG 6`, `Dist 1 33 mm`.
    pub(super) fn labelled_in_two(&self, i: usize) -> Option<usize> {
        let (first, second) = (self.token_end(i), i);
        if !self.starts_token(second) || first >= self.pieces.len() {
            return None;
        }
        let end = self.token_end(first);
        let end = (first..end)
            .find(|k| self.sym(*k).is_some_and(|c| ":=".contains(c)))
            .unwrap_or(end);
        let tail: String = self.text(first..end);
        let head = self.text(i..first);
        let name =
            head.trim_end_matches('.').to_string() + tail.trim_end_matches([':', '=', '.', ',']);
        let label = self.lexicon.label(&name)?;
        let alone = name.chars().count() >= 4 && tail.chars().any(char::is_alphabetic);
        alone
            .then(|| self.value_behind(end, &name, label))
            .flatten()
    }

    /// The same label without its value: `Cist Mag`, `Max PG`. Two words of letters, so that no initial counts.
    pub(super) fn label_in_two(&self, i: usize) -> Option<usize> {
        let first = self.token_end(i);
        if !self.starts_token(i) || first >= self.pieces.len() {
            return None;
        }
        let end = self.token_end(first);
        let word = |range: Range<usize>| match (self.kind(range.start), range.len()) {
            (Some(Kind::Word(w)), 1) => (w.chars().count() >= 2).then(|| w.clone()),
            _ => None,
        };
        let name = word(i..first)? + &word(first..end)?;
        let label = self.lexicon.label(&name)?;
        (!label.needs_unit && name.chars().count() >= 5).then_some(end)
    }

    /// A label with digits or signs read for its letters (`A0=100%`, `!0C -35`, `T1S 0.4`): two letters and more, at
    /// least one of them read as such, and a value that could not be a date, an age or a number of somebody.
    pub(super) fn labelled_misread(&self, i: usize) -> Option<usize> {
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
    pub(super) fn doubled(&self, i: usize) -> Option<usize> {
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

    pub(super) fn value_behind(&self, mut j: usize, name: &str, label: Label) -> Option<usize> {
        let mut bracketed = false;
        if let Some((end, is_unit)) = self.bracketed(j) {
            (j, bracketed) = (end, is_unit);
        }
        let mut signs = 0;
        while self.sym(j).is_some_and(|c| ":=#<>.~*".contains(c)) && signs < 3 {
            j += 1;
            signs += 1;
        }
        // Leaders: `Depth....12`, `SCV------1`.
        while self.glued(j)
            && self.sym(j).is_some_and(|c| "._-".contains(c))
            && j.checked_sub(1).and_then(|k| self.sym(k)) == self.sym(j)
            && signs < LEADER_SIGNS
        {
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
        if label.setting
            && let Some(end) = self.settings(j, name, signs > 0)
        {
            return Some(end);
        }
        let value = self.value(j, Some((name, label)))?;
        // `Ce:0`: a label of two letters, a sign and one digit are neither an age nor a number of somebody.
        let one_digit = value.end == j + 1
            && matches!(self.kind(j), Some(Kind::Number { int, frac: None }) if int.len() == 1);
        let short = signs > 0 && one_digit && name.chars().count() == 2;
        (value.unit || bracketed || short || !label.needs_unit).then_some(value.end)
    }

    /// `(cm)`, `[mGy*cm]`, `(MOD-sp4)` between a label and its number: the piece behind it, and whether it is a unit.
    fn bracketed(&self, j: usize) -> Option<(usize, bool)> {
        let close = match self.sym(j)? {
            '(' => ')',
            '[' => ']',
            _ => return None,
        };
        let end = self.token_end(j);
        let until = (j + 1..end).find(|k| self.sym(*k) == Some(close))?;
        let text = self.text(j + 1..until);
        let is_unit = self.lexicon.unit(&text) == Some(false);
        (is_unit || METHODS.contains(&text.as_str())).then_some((until + 1, is_unit))
    }

    /// The rest of a token as settings of a known label: one glued behind the sign (`NR:Std`, `Eh:A1`), or several of
    /// them, numbers of two digits and words or letters of the settings list, at least one of these (`7-2-H`,
    /// `2/0/E/B/B`). A label of one letter may be somebody's initial, and four digits are enough for any setting.
    fn settings(&self, j: usize, name: &str, signed: bool) -> Option<usize> {
        if name.chars().count() < 2 || j >= self.pieces.len() {
            return None;
        }
        if !(self.starts_token(j) || signed && self.glued(j)) {
            return None;
        }
        let end = self.token_end(j);
        let last = (j..end)
            .rev()
            .find(|k| self.sym(*k).is_none_or(|c| !",;.".contains(c)))?;
        let shown: Vec<char> = self.text(j..last + 1).chars().collect();
        if !datetime::dates(&shown, self.lexicon).is_empty() || !datetime::clocks(&shown).is_empty()
        {
            return None;
        }
        let (mut words, mut digits, mut count, mut joint) = (0, 0, 0, None);
        let mut k = j;
        loop {
            match self.kind(k)? {
                Kind::Word(w) if self.lexicon.is_setting(w) => words += 1,
                Kind::Number { int, frac: None } if int.len() <= 2 => digits += int.len(),
                _ => return None,
            }
            count += 1;
            // `A1` as one setting, only right behind a sign.
            if count == 1
                && signed
                && words == 1
                && k + 1 == last
                && matches!(self.kind(k + 1), Some(Kind::Number { int, frac: None }) if int.len() == 1)
                && self.text(k..k + 1).chars().count() == 1
            {
                return Some(end);
            }
            if k == last {
                break;
            }
            let sign = self.sym(k + 1).filter(|c| "/-".contains(*c))?;
            if joint.is_some_and(|s| s != sign) || k + 2 > last {
                return None;
            }
            joint = Some(sign);
            k += 2;
        }
        (words > 0 && digits <= 4 && count <= 6 && (count > 1 || signed)).then_some(end)
    }

    /// `72DR`: a short number with its label glued behind, alone in a token.
    pub(super) fn label_behind(&self, i: usize) -> Option<usize> {
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
