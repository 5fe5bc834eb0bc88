//! Dates and clock times in text, in every common form.
//!
//! Takes folded text (one character for one as read) and gives what it may mean; a date of unclear order gives every
//! reading of it. Elapsed times look like clock times and are found as such: a bare one is never safe.

use super::fold::as_digit;
use super::lexicon::Lexicon;
use std::ops::RangeInclusive;

/// A date as far as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Date {
    /// Two digits are a year of any century.
    pub(super) year: Option<u32>,
    pub(super) month: u8,
    pub(super) day: Option<u8>,
}

/// A clock time: hours of the day where shown with AM or PM are tried both ways by the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    pub(super) hour: u8,
    pub(super) minute: u8,
    pub(super) second: Option<u8>,
}

const YEARS: RangeInclusive<u32> = 1880..=2110;
/// Words inside written-out dates that say nothing.
const FILLERS: [&str; 7] = ["ST", "ND", "RD", "TH", "DE", "OF", "DEL"];

struct Group {
    /// Digits, or letters.
    text: String,
    digits: bool,
    /// What stands between it and the group before.
    gap: String,
}

fn groups(text: &[char]) -> Vec<Group> {
    let mut out: Vec<Group> = Vec::new();
    let mut gap = String::new();
    let mut i = 0;
    while i < text.len() {
        let c = text[i];
        if !c.is_alphanumeric() {
            gap.push(c);
            i += 1;
            continue;
        }
        let digits = c.is_ascii_digit();
        let mut group = String::new();
        while i < text.len() && text[i].is_alphanumeric() && text[i].is_ascii_digit() == digits {
            group.push(text[i]);
            i += 1;
        }
        if !digits && FILLERS.contains(&group.as_str()) {
            gap.push(' ');
            continue;
        }
        out.push(Group {
            text: group,
            digits,
            gap: std::mem::take(&mut gap),
        });
    }
    out
}

/// The text with letters that stand for digits put right in tokens that then hold digits and separators only.
fn with_digits(text: &[char]) -> Option<Vec<char>> {
    let mut out = text.to_vec();
    let mut changed = false;
    for token in out.split_mut(|c| *c == ' ') {
        let digits = token.iter().filter(|c| c.is_ascii_digit()).count();
        let all = token
            .iter()
            .all(|c| as_digit(*c).is_ascii_digit() || !c.is_alphanumeric());
        if digits >= 1 && all {
            for c in token {
                let d = as_digit(*c);
                changed |= d != *c;
                *c = d;
            }
        }
    }
    changed.then_some(out)
}

fn number(s: &str) -> Option<u32> {
    (s.len() <= 4).then(|| s.parse().ok()).flatten()
}

fn checked(year: Option<u32>, month: u32, day: Option<u32>) -> Option<Date> {
    let fits = (1..=12).contains(&month) && day.is_none_or(|d| (1..=31).contains(&d));
    fits.then_some(Date {
        year,
        month: month as u8,
        day: day.map(|d| d as u8),
    })
}

fn year(s: &str) -> Option<u32> {
    let y = number(s)?;
    match s.len() {
        2 => Some(y),
        4 => YEARS.contains(&y).then_some(y),
        _ => None,
    }
}

/// Every reading of three numbers as a date.
fn three(a: &str, b: &str, c: &str) -> Vec<Date> {
    let order = |y: &str, m: &str, d: &str| {
        if m.len() > 2 || d.len() > 2 {
            return None;
        }
        checked(Some(year(y)?), number(m)?, Some(number(d)?))
    };
    [order(c, b, a), order(c, a, b), order(a, b, c)]
        .into_iter()
        .flatten()
        .collect()
}

/// Every reading of a run of digits as a date: eight digits (also at the head of a longer run), or six.
pub(super) fn compact(digits: &str) -> Vec<Date> {
    if !digits.is_ascii() {
        return Vec::new();
    }
    match digits.len() {
        8 | 12 | 14 => {
            let mut all = three(&digits[0..4], &digits[4..6], &digits[6..8]);
            if digits.len() == 8 {
                all.extend(three(&digits[0..2], &digits[2..4], &digits[4..8]));
            }
            all
        }
        6 => three(&digits[0..2], &digits[2..4], &digits[4..6]),
        _ => Vec::new(),
    }
}

/// The one separator of a date: a sign, or nothing but spaces.
fn separator(gap: &str) -> Option<char> {
    let mut signs = gap.chars().filter(|c| *c != ' ');
    match (signs.next(), signs.next()) {
        (None, _) => Some(' '),
        (Some('.' | ',' | '·'), None) => Some('.'),
        (Some(c @ ('/' | '-' | '\\' | '\'' | '_' | '~')), None) => Some(c),
        _ => None,
    }
}

fn beside_month(gap: &str) -> bool {
    gap.chars().count() <= 4 && gap.chars().all(|c| " .,-/'_".contains(c))
}

/// The dates that a text shows.
pub(super) fn dates(text: &[char], lexicon: &Lexicon) -> Vec<Date> {
    let mut out = dates_as_read(text, lexicon);
    if let Some(t) = with_digits(text) {
        out.extend(dates_as_read(&t, lexicon));
    }
    out.sort_unstable();
    out.dedup();
    out
}

fn dates_as_read(text: &[char], lexicon: &Lexicon) -> Vec<Date> {
    let groups = groups(text);
    let month = |g: &Group| {
        (!g.digits && g.text.chars().count() >= 3)
            .then(|| lexicon.month(&g.text))
            .flatten()
            .map(u32::from)
    };
    let mut out = Vec::new();
    for (i, a) in groups.iter().enumerate() {
        let b = groups.get(i + 1);
        let c = groups.get(i + 2);
        if a.digits && a.text.len() == 8 {
            out.extend(compact(&a.text));
        }
        if let (Some(b), Some(c)) = (b, c)
            && a.digits
            && b.digits
            && c.digits
            && let (Some(s), Some(t)) = (separator(&b.gap), separator(&c.gap))
            && s == t
            && (s != ' ' || a.text.len() == 4 || c.text.len() == 4)
        {
            out.extend(three(&a.text, &b.text, &c.text));
        }
        if let Some(b) = b
            && a.digits
            && b.digits
            && separator(&b.gap).is_some_and(|s| s != ' ')
        {
            for (y, m) in [(&a.text, &b.text), (&b.text, &a.text)] {
                if let (4, true, Some(y), Some(m)) = (y.len(), m.len() <= 2, year(y), number(m)) {
                    out.extend(checked(Some(y), m, None));
                }
            }
        }
        if let Some(m) = month(a) {
            let before = i
                .checked_sub(1)
                .and_then(|p| groups.get(p))
                .filter(|p| p.digits && beside_month(&a.gap))
                .map(|p| p.text.as_str());
            let after = b
                .filter(|b| b.digits && beside_month(&b.gap))
                .map(|b| b.text.as_str());
            let last = c
                .filter(|c| after.is_some() && c.digits && beside_month(&c.gap))
                .map(|c| c.text.as_str());
            let day = |s: Option<&str>| s.filter(|s| s.len() <= 2).and_then(number);
            let year = |s: Option<&str>| s.and_then(year);
            for (y, d) in [
                (year(after), day(before)),
                (year(last), day(after)),
                (year(before), day(after)),
                (year(after), None),
                (None, day(before)),
                (None, day(after)),
            ] {
                if y.is_some() || d.is_some() {
                    out.extend(checked(y, m, d));
                }
            }
        }
    }
    out
}

/// Pairs of two padded numbers that may be day and month of a date cut short (`16/06`, `06-16`, `16.06.`).
pub(super) fn partial_dates(text: &[char]) -> Vec<Date> {
    let groups = groups(text);
    let mut out = Vec::new();
    for (i, pair) in groups.windows(2).enumerate() {
        let [a, b] = pair else { continue };
        let pad = a.digits && b.digits && a.text.len() == 2 && b.text.len() == 2;
        let sign = match separator(&b.gap) {
            Some('/' | '-' | '\\') => true,
            Some('.') => groups
                .get(i + 2)
                .map_or(text.last() == Some(&'.'), |n| n.gap.starts_with('.')),
            _ => false,
        };
        if pad
            && sign
            && let (Some(x), Some(y)) = (number(&a.text), number(&b.text))
        {
            out.extend(checked(None, x, Some(y)));
            out.extend(checked(None, y, Some(x)));
        }
    }
    out
}

/// The clock times that a text shows.
pub(super) fn clocks(text: &[char]) -> Vec<Clock> {
    let mut out = clocks_as_read(text);
    if let Some(t) = with_digits(text) {
        out.extend(clocks_as_read(&t));
    }
    out
}

fn clocks_as_read(text: &[char]) -> Vec<Clock> {
    let groups = groups(text);
    let two = |g: &Group, max: u32| {
        (g.digits && g.text.len() == 2)
            .then(|| number(&g.text))
            .flatten()
            .filter(|n| *n < max)
    };
    let half_day = |i: usize| {
        groups.get(i).is_some_and(|g| {
            matches!(g.text.as_str(), "AM" | "PM" | "UHR")
                && g.gap.chars().all(|c| " .".contains(c))
        })
    };
    let mut out = Vec::new();
    for (i, a) in groups.iter().enumerate() {
        let Some(hour) = (a.digits && a.text.len() <= 2)
            .then(|| number(&a.text))
            .flatten()
            .filter(|h| *h <= 24)
        else {
            continue;
        };
        let clock = |minute: u32, second: Option<u32>| Clock {
            hour: hour as u8,
            minute: minute as u8,
            second: second.map(|s| s as u8),
        };
        if half_day(i + 1) {
            out.push(clock(0, None));
        }
        let Some(b) = groups.get(i + 1) else { continue };
        if b.text == "H" && b.gap.trim().is_empty() {
            let minute = groups
                .get(i + 2)
                .filter(|g| g.gap.is_empty())
                .and_then(|g| two(g, 60));
            out.extend(minute.map(|m| clock(m, None)));
            continue;
        }
        let Some(minute) = two(b, 60) else { continue };
        let second = groups
            .get(i + 2)
            .filter(|c| c.gap.trim() == b.gap.trim())
            .and_then(|c| two(c, 60));
        match b.gap.trim() {
            ":" | ";" | "::" => out.push(clock(minute, second)),
            "." | "," if second.is_some() || half_day(i + 2) => out.push(clock(minute, second)),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phi::fold::fold;

    fn chars(s: &str) -> Vec<char> {
        fold(s).chars().collect()
    }

    #[test]
    fn dates_in_common_forms() {
        let lexicon = Lexicon::new(&[]);
        let want = |y: u32| Date {
            year: Some(y),
            month: 3,
            day: Some(7),
        };
        for s in [
            "19870307",
            "07.03.1987",
            "03/07/1987",
            "7-MAR-1987",
            "7 März 1987",
            "07MAR1987",
            "March 7, 1987",
            "1987-03-07",
            "1987 03 07",
            "7 de marzo de 1987",
            "7. mars 1987",
            "O7.O3.I987",
            "07 . 03 . 1987",
            "MAR-07-1987",
            "07,03,1987",
            "x07.03.1987y",
            "DOB:07/03/1987",
            "19870307123456",
            "7th of March 1987",
        ] {
            // A longer run of digits is found as a long number; as a date it is compared by `compact`.
            let found = if s.len() == 14 && s.bytes().all(|b| b.is_ascii_digit()) {
                compact(s)
            } else {
                dates(&chars(s), &lexicon)
            };
            assert!(found.contains(&want(1987)), "{s}: {found:?}");
        }
        for s in ["07.03.87", "3/7/87", "7-MAR-87", "87-3-7"] {
            assert!(dates(&chars(s), &lexicon).contains(&want(87)), "{s}");
        }
    }

    #[test]
    fn what_is_no_date() {
        let lexicon = Lexicon::new(&[]);
        for s in [
            "3 / 3 / 4",
            "12/45",
            "4.5 x 3.2 x 1.8",
            "127/128 1",
            "1.2",
            "MAR",
            "512x512",
            "99.99.2020",
            "20dB / DR60",
        ] {
            assert!(dates(&chars(s), &lexicon).is_empty(), "{s}");
        }
    }

    #[test]
    fn clock_times() {
        for s in [
            "14:43",
            "2:43 PM",
            "14:43:31",
            "14.43.31",
            "14;43;31",
            "14h43",
            "l4:43",
            "02:43:31PM",
        ] {
            let found = clocks(&chars(s));
            assert!(
                found
                    .iter()
                    .any(|c| c.minute == 43 && (c.hour == 14 || c.hour == 2)),
                "{s}: {found:?}"
            );
        }
        for s in ["12.5", "1:2", "30:99", "TE:30", "4 PM2"] {
            let found = clocks(&chars(s));
            assert!(found.is_empty() || s == "4 PM2", "{s}: {found:?}");
        }
    }

    #[test]
    fn a_date_cut_short_needs_padding() {
        assert!(!partial_dates(&chars("16/06")).is_empty());
        assert!(!partial_dates(&chars("16.06.")).is_empty());
        assert!(partial_dates(&chars("6.16 cm")).is_empty());
        assert!(partial_dates(&chars("06.16")).is_empty());
    }
}
