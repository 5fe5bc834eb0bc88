//! Folding of text for comparison: case, diacritics, and what a reader mistakes for each other.
//!
//! Takes and gives plain strings; knows nothing of lines or lists. Three strengths: [`fold`] (case and diacritics),
//! [`spellings`] (a header value in the ways it may be typed), [`skeleton`] (look-alike characters fall together).

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Upper case without diacritics, ligatures and compatibility forms taken apart (`é` → `E`, `ß` → `SS`, `²` → `2`).
pub(super) fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        push_folded(&mut out, c);
    }
    out
}

/// [`fold`] of one character.
pub(super) fn push_folded(out: &mut String, c: char) {
    if c.is_ascii() {
        out.push(c.to_ascii_uppercase());
        return;
    }
    match c {
        'µ' | 'μ' => out.push('U'),
        'º' => out.push('°'),
        'Ø' | 'ø' => out.push('O'),
        'Ł' | 'ł' => out.push('L'),
        'Đ' | 'đ' | 'Ð' | 'ð' => out.push('D'),
        'Æ' | 'æ' => out.push_str("AE"),
        'Œ' | 'œ' => out.push_str("OE"),
        'Þ' | 'þ' => out.push_str("TH"),
        'ı' => out.push('I'),
        '‐'..='―' | '−' => out.push('-'),
        '’' | '‘' | '´' => out.push('\''),
        _ => {
            for d in std::iter::once(c).nfkd().filter(|d| !is_combining_mark(*d)) {
                out.extend(d.to_uppercase());
            }
        }
    }
}

/// The spellings under which a value may be drawn: folded; umlauts written out; written-out umlauts drawn together.
pub(super) fn spellings(text: &str) -> Vec<String> {
    let folded = fold(text);
    let mut expanded = String::new();
    for c in text.nfc() {
        match c {
            'ä' | 'Ä' => expanded.push_str("AE"),
            'ö' | 'Ö' | 'ø' | 'Ø' => expanded.push_str("OE"),
            'ü' | 'Ü' => expanded.push_str("UE"),
            'å' | 'Å' => expanded.push_str("AA"),
            c => push_folded(&mut expanded, c),
        }
    }
    let collapsed = folded
        .replace("AE", "A")
        .replace("OE", "O")
        .replace("UE", "U");
    let mut all = vec![folded];
    for s in [expanded, collapsed] {
        if !all.contains(&s) {
            all.push(s);
        }
    }
    all
}

/// Characters that readers mistake for each other; the first stands for all of its row.
const LOOK_ALIKES: [&str; 6] = ["O0QD", "IL1|!", "S5$", "Z2", "B8", "G6"];

/// The character that stands for all that look like this (folded) one.
pub(super) fn look_alike(c: char) -> char {
    LOOK_ALIKES
        .iter()
        .find(|row| row.contains(c))
        .and_then(|row| row.chars().next())
        .unwrap_or(c)
}

/// Letters and digits of a folded text with look-alikes drawn together, `RN` as `M` and `VV` as `W`.
pub(super) fn skeleton(folded: &str) -> Vec<char> {
    let mut out: Vec<char> = Vec::with_capacity(folded.len());
    for c in folded.chars() {
        if !c.is_alphanumeric() && !matches!(c, '|' | '!' | '$') {
            continue;
        }
        let c = look_alike(c);
        match (out.last_mut(), c) {
            (Some(last @ 'R'), 'N') => *last = 'M',
            (Some(last @ 'V'), 'V') => *last = 'W',
            _ => out.push(c),
        }
    }
    out
}

/// A character read inside a number, as the digit that it may stand for.
pub(super) fn as_digit(c: char) -> char {
    match c {
        'O' | 'o' | 'Q' | 'D' => '0',
        'I' | 'l' | 'i' | 'L' | '|' | '!' => '1',
        'Z' | 'z' => '2',
        'S' | 's' => '5',
        'B' => '8',
        'G' => '6',
        c => c,
    }
}

/// Edits (insert, delete, replace, swap of neighbours) between two strings, or `None` if more than `limit`.
pub(super) fn edits(a: &[char], b: &[char], limit: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > limit {
        return None;
    }
    let w = b.len() + 1;
    let mut before = vec![0usize; w];
    let mut last: Vec<usize> = (0..w).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; w];
        for j in 1..w {
            let change = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (last[j - 1] + change).min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row[j] = best;
        }
        if row.iter().all(|&v| v > limit) {
            return None;
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().filter(|&d| d <= limit)
}

/// Edits that still count as the same word, by its length. Short words are compared exactly.
pub(super) fn allowed_edits(len: usize) -> usize {
    match len {
        0..=4 => 0,
        5..=7 => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_takes_case_and_diacritics_away() {
        for (raw, want) in [
            ("Müller", "MULLER"),
            ("Weiß", "WEISS"),
            ("Łucja", "LUCJA"),
            ("cm²", "CM2"),
            ("µs", "US"),
            ("Øst", "OST"),
        ] {
            assert_eq!(fold(raw), want);
        }
    }

    #[test]
    fn umlauts_are_spelled_three_ways() {
        assert_eq!(spellings("Müller"), ["MULLER", "MUELLER"]);
        assert!(spellings("Mueller").contains(&"MULLER".to_string()));
        // Decomposed input is the same name.
        assert_eq!(spellings("Mu\u{308}ller"), spellings("Müller"));
    }

    #[test]
    fn look_alikes_fall_together() {
        assert_eq!(skeleton("SM1TH"), skeleton("5MITH"));
        assert_eq!(skeleton("BURNS"), skeleton("8UMS"));
        assert_eq!(skeleton("OLGA"), skeleton("0L6A"));
        assert_ne!(skeleton("ANNA"), skeleton("EMMA"));
    }

    #[test]
    fn edits_count_swaps_as_one_and_stop_at_the_limit() {
        let c = |s: &str| s.chars().collect::<Vec<_>>();
        assert_eq!(edits(&c("SMITH"), &c("SMIHT"), 1), Some(1));
        assert_eq!(edits(&c("SMITH"), &c("SMTH"), 1), Some(1));
        assert_eq!(edits(&c("SMITH"), &c("SMYTE"), 1), None);
        assert_eq!(edits(&c(""), &c("AB"), 2), Some(2));
    }
}
