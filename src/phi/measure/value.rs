//! The grammar of values: numbers, ratios, products, weeks and days, units.
//!
//! Takes pieces from a place on, with the label before them if there is one; gives where a complete value ends.

use super::{FRACTION_DIGITS, Grammar};
use crate::phi::datetime;
use crate::phi::fold::as_digit;
use crate::phi::lexicon::Label;
use crate::phi::segment::{Kind, core};

/// Digits before the point of any value.
const VALUE_DIGITS: usize = 4;
/// Digits of a ratio taken together; more is as good as a telephone number.
const RATIO_DIGITS: usize = 6;

/// A value: the piece behind it, and whether it has a unit or is several numbers.
pub(super) struct Value {
    pub(super) end: usize,
    pub(super) unit: bool,
    ratio: bool,
}

impl Grammar<'_> {
    /// Whether digits fit a value, and how the number is padded.
    pub(super) fn digits_fit(
        &self,
        int: &str,
        frac: Option<&str>,
        label: Option<(&str, Label)>,
    ) -> bool {
        let padded = int.len() > 1 && int.starts_with('0');
        int.len() <= VALUE_DIGITS
            && frac.is_none_or(|f| f.len() <= FRACTION_DIGITS)
            && (!padded || label.is_some_and(|(_, l)| l.padded && frac.is_none()))
    }

    /// A number at piece `i`; letters read for digits are put right behind a label.
    pub(super) fn number(
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
    pub(super) fn value(&self, i: usize, label: Option<(&str, Label)>) -> Option<Value> {
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
        // A clock whose colon was not read: `2208h`.
        let clock = frac.is_none() && int.len() > 2 && numbers.len() == 1;
        if clock && unit.is_some_and(|e| core(&self.text(end..e)) == "H") {
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
                let window = name == "W" && self.has_level();
                let fits = (letters > 1 && own_label || int.len() <= 3 || window) && !counter;
                (fits && !sex_and_age).then_some(Value {
                    end,
                    unit: false,
                    ratio: false,
                })
            }
        }
        .filter(|v| label.is_some() || v.unit || v.ratio)
    }

    /// Whether the segment has the level or centre that belongs to a window: `W 1500 L -600`, `C:40`.
    fn has_level(&self) -> bool {
        (0..self.pieces.len()).any(|i| {
            let named = matches!(self.kind(i), Some(Kind::Word(w)) if w == "L" || w == "C");
            let behind = (i + 1..i + 4).find(|k| self.sym(*k).is_none_or(|c| !":=+-".contains(c)));
            named
                && self.starts_token(i)
                && behind.is_some_and(|k| {
                    matches!(self.kind(k), Some(Kind::Number { int, frac: None }) if int.len() <= 4)
                })
        })
    }

    /// The sign that joins two numbers of a value, and the piece behind it.
    pub(super) fn joint(
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
    pub(super) fn weeks(
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
    pub(super) fn unit(&self, i: usize, labelled: bool) -> Option<usize> {
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
            // A label with a number of its own: `C -500 W 1500`, `Ce:0 Cm:1`.
            let number = |k: usize| matches!(self.kind(k), Some(Kind::Number { .. }));
            let signed = text.contains([':', '=']) || self.sym(j).is_some_and(|c| ":=".contains(c));
            if !piece.glued && (signed || one && number(j)) {
                return None;
            }
            let ok = starts
                && (labelled || !needs_label && (!one || piece.glued) && name != "M")
                && (j == end || !self.glued(j) || self.sym(j).is_some());
            ok.then_some(j)
        })
    }
}
