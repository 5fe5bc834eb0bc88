//! How near what was read must come to a name, an identifier, a date or a time of the header.
//!
//! Takes one identity, made ready, and the parts of a segment; gives the tokens in which it stands.

use super::{Id, MIN_ID, MIN_ID_PART, NamePart, Part};
use crate::phi::datetime::{Clock, Date};
use crate::phi::fold::{allowed_edits, edits};
use std::collections::BTreeSet;

/// Tokens in which a name stands.
pub(super) fn find_name(name: &NamePart, parts: &[Part]) -> BTreeSet<usize> {
    let n = name.skeleton.len();
    let letters = name.plain.chars().count();
    let mut out = BTreeSet::new();
    for p in parts {
        let exact = p.plain == name.plain;
        let alike = !p.safe && letters >= 4 && n >= 3 && {
            p.skeleton == name.skeleton
                || edits(&p.skeleton, &name.skeleton, allowed_edits(n)).is_some()
                // Cut off at the end of a field.
                || p.skeleton.len() >= 4 && name.skeleton.starts_with(&p.skeleton)
        };
        if exact || alike {
            out.insert(p.token);
        }
    }
    if n < 4 {
        return out;
    }
    // Run together with other text, or torn apart.
    let mut text: Vec<(char, usize)> = Vec::new();
    for (i, p) in parts.iter().enumerate() {
        text.extend(p.skeleton.iter().map(|c| (*c, i)));
    }
    let starts = |i: usize| i == 0 || text[i - 1].1 != text[i].1;
    let ends = |i: usize| i + 1 == text.len() || text[i + 1].1 != text[i].1;
    let slack = usize::from(n >= 8);
    for length in n - slack..=n + slack {
        for start in 0..(text.len() + 1).saturating_sub(length) {
            let window = &text[start..start + length];
            let (Some(first), Some(last)) = (window.first(), window.last()) else {
                continue;
            };
            let (left, right) = (starts(start), ends(start + length - 1));
            let inside = first.1 == last.1;
            let exact = window.iter().map(|c| c.0).eq(name.skeleton.iter().copied());
            let placed = match (inside, exact) {
                (true, true) => n >= 5 || left || right,
                (false, true) => left && right || n >= 6 && (left || right),
                (_, false) => left && right,
            };
            if !placed || window.iter().all(|c| parts[c.1].safe) {
                continue;
            }
            let near = exact
                || slack > 0 && {
                    let chars: Vec<char> = window.iter().map(|c| c.0).collect();
                    edits(&chars, &name.skeleton, 1).is_some()
                };
            if near {
                out.extend(window.iter().map(|c| parts[c.1].token));
            }
        }
    }
    out
}

/// Two or three letters that are the first letters of a name, in any order of family and given names.
pub(super) fn is_initials(text: &str, letters: &[char]) -> bool {
    let shown: Vec<char> = text.chars().collect();
    if !(2..=5).contains(&shown.len()) || !shown.iter().all(|c| c.is_alphabetic()) {
        return false;
    }
    let same = |a: &[char]| a.iter().eq(shown.iter());
    let mut turned = letters.to_vec();
    turned.rotate_left(1);
    let mut ends = vec![letters[0]];
    ends.extend(letters.get(1));
    let back: Vec<char> = ends.iter().rev().copied().collect();
    same(letters) || same(&turned) || same(&ends) || same(&back)
}

/// Tokens in which an identifier stands, whole or in part.
pub(super) fn find_id(id: &Id, parts: &[Part]) -> BTreeSet<usize> {
    let mut out: BTreeSet<usize> = parts
        .iter()
        .filter(|p| p.plain == id.plain)
        .map(|p| p.token)
        .collect();
    let trimmed = id.skeleton.iter().take_while(|c| **c == 'O').count();
    let core = &id.skeleton[trimmed.min(id.skeleton.len())..];
    if core.len() < 4 {
        if id.skeleton.len() >= 4 {
            let joined = |p: &Part| p.skeleton == id.skeleton;
            out.extend(parts.iter().filter(|p| joined(p)).map(|p| p.token));
        } else {
            out.extend(
                parts
                    .iter()
                    .filter(|p| {
                        !core.is_empty()
                            && p.plain.trim_start_matches('0') == id.plain.trim_start_matches('0')
                            && p.plain.len() >= MIN_ID
                    })
                    .map(|p| p.token),
            );
        }
        return out;
    }
    let mut text: Vec<(char, usize)> = Vec::new();
    for (i, p) in parts.iter().enumerate() {
        text.extend(p.skeleton.iter().map(|c| (*c, i)));
    }
    for (start, window) in text.windows(core.len()).enumerate() {
        if !window.iter().map(|c| c.0).eq(core.iter().copied()) {
            continue;
        }
        let left = start == 0 || text[start - 1].1 != text[start].1;
        let end = start + core.len();
        let right = end == text.len() || text[end].1 != text[end - 1].1;
        let digits = core
            .iter()
            .filter(|c| c.is_ascii_digit() || "OISZBG".contains(**c))
            .count();
        if left && right || core.len() >= MIN_ID_PART && digits * 2 >= core.len() {
            out.extend(window.iter().map(|c| parts[c.1].token));
        }
    }
    // Parts, and a digit or two misread, also where separators stand inside.
    let mut runs: Vec<(Vec<char>, BTreeSet<usize>)> = parts
        .iter()
        .filter(|p| !p.safe)
        .map(|p| (p.skeleton.clone(), BTreeSet::from([p.token])))
        .collect();
    let tokens: BTreeSet<usize> = parts.iter().map(|p| p.token).collect();
    for t in tokens {
        let run: Vec<char> = parts
            .iter()
            .filter(|p| p.token == t)
            .flat_map(|p| p.skeleton.iter().copied())
            .collect();
        runs.push((run, BTreeSet::from([t])));
    }
    for (run, tokens) in runs {
        let digits = run
            .iter()
            .any(|c| c.is_ascii_digit() || "OISZBG".contains(*c));
        let part = run.len() >= MIN_ID_PART && (core.starts_with(&run) || core.ends_with(&run));
        let limit = match core.len() {
            0..=5 => 0,
            6..=8 => 1,
            _ => 2,
        };
        let near = limit > 0
            && (edits(&run, core, limit).is_some() || edits(&run, &id.skeleton, limit).is_some());
        if digits && (part || near) {
            out.extend(tokens);
        }
    }
    out
}

pub(super) fn same_date(own: &Date, shown: &Date) -> bool {
    let year = match (own.year, shown.year) {
        (Some(a), Some(b)) => a == b || b < 100 && a % 100 == b,
        _ => true,
    };
    let day = match (own.day, shown.day) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    };
    year && day && own.month == shown.month && (shown.day.is_some() || shown.year.is_some())
}

pub(super) fn same_clock(own: &Clock, shown: &Clock) -> bool {
    let second = match (own.second, shown.second) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    };
    own.minute == shown.minute && own.hour % 12 == shown.hour % 12 && second
}
