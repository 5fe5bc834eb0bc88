//! Labels with their values, also in two words, misread, behind the number, or drawn twice.
//!
//! Takes pieces from a place on; gives where label and value end. What a value is, `value` says.

use super::{Grammar, SCALE_DIGITS};
use crate::phi::lexicon::Label;
use crate::phi::segment::Kind;

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
    }

    /// A label of two words, listed as one: `Cist Mag 0.5 cm`, `Max PG 6`, `Dist 1 33 mm`.
    pub(super) fn labelled_in_two(&self, i: usize) -> Option<usize> {
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
