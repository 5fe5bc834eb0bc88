//! Many byte patterns at once, with the rules of where they count.

use super::tokens::{Kind, Tokens};
use dicom_encoding::text::{SpecificCharacterSet, TextCodec};
use std::collections::{BTreeSet, HashMap};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Character sets in which tokens beyond ASCII are looked for.
const SETS: [&str; 12] = [
    "ISO_IR 100",
    "ISO_IR 101",
    "ISO_IR 144",
    "ISO_IR 126",
    "ISO_IR 148",
    "ISO_IR 127",
    "ISO_IR 138",
    "ISO_IR 13",
    "GB18030",
    "ISO 2022 IR 87",
    "ISO 2022 IR 149",
    "ISO_IR 166",
];

/// What kind of bytes are looked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Where {
    /// The value of a text VR.
    Text,
    /// Decimal numbers.
    Number,
    /// A UID.
    Uid,
    /// Bytes of a file, whatever they are.
    Raw,
    /// Samples, where short runs of any bytes stand by chance.
    Samples,
}

struct Pattern {
    bytes: Vec<u8>,
    kind: Kind,
    digits: bool,
    /// One byte a letter, so that its neighbours are letters or not.
    plain: bool,
    attribute: usize,
}

/// The patterns of one original.
pub(super) struct Matcher {
    patterns: Vec<Pattern>,
    attributes: Vec<String>,
    /// Patterns by their first three bytes.
    starts: HashMap<[u8; 3], Vec<usize>>,
    /// Pairs of bytes with which any pattern starts, one bit each.
    pairs: Vec<u64>,
}

impl Matcher {
    pub(super) fn new(tokens: &Tokens, safe: &dyn Fn(&str) -> bool) -> Matcher {
        let mut forms: BTreeSet<(Vec<u8>, Kind, bool, &str)> = BTreeSet::new();
        for (kind, token, attribute) in &tokens.0 {
            if *kind == Kind::Bytes {
                forms.insert((token.to_ascii_lowercase(), *kind, false, attribute));
                continue;
            }
            let Ok(token) = std::str::from_utf8(token) else {
                continue;
            };
            for form in spellings(*kind, token) {
                let least = if matches!(kind, Kind::Uid) { 4 } else { 3 };
                if form.chars().count() < least && form.is_ascii()
                    // Letters and digits together are numbers of somebody, not words.
                    || safe(&form) && !form.chars().any(char::is_numeric)
                {
                    continue;
                }
                for (bytes, plain) in encodings(&form) {
                    if bytes.len() >= 3 {
                        forms.insert((bytes.to_ascii_lowercase(), *kind, plain, attribute));
                    }
                }
            }
        }
        let mut matcher = Matcher {
            patterns: Vec::with_capacity(forms.len()),
            attributes: Vec::new(),
            starts: HashMap::new(),
            pairs: vec![0; 1024],
        };
        for (bytes, kind, plain, attribute) in forms {
            let attribute = match matcher.attributes.iter().position(|a| a == attribute) {
                Some(i) => i,
                None => {
                    matcher.attributes.push(attribute.to_owned());
                    matcher.attributes.len() - 1
                }
            };
            let Some([a, b, c]) = bytes.first_chunk::<3>().copied() else {
                continue;
            };
            let pair = usize::from(a) << 8 | usize::from(b);
            matcher.pairs[pair / 64] |= 1 << (pair % 64);
            matcher
                .starts
                .entry([a, b, c])
                .or_default()
                .push(matcher.patterns.len());
            let digits = bytes
                .iter()
                .all(|b| matches!(b, b'0'..=b'9' | b'.' | b'-' | b'/'));
            matcher.patterns.push(Pattern {
                bytes,
                kind,
                digits,
                plain,
                attribute,
            });
        }
        matcher
    }

    /// The attribute of the first pattern that counts in these bytes.
    pub(super) fn find(
        &self,
        bytes: &[u8],
        place: Where,
        safe: &dyn Fn(&str) -> bool,
    ) -> Option<&str> {
        if self.patterns.is_empty() {
            return None;
        }
        let low = |i: usize| bytes.get(i).map_or(0, u8::to_ascii_lowercase);
        let mut b = low(0);
        for at in 0..bytes.len().saturating_sub(2) {
            let a = b;
            b = low(at + 1);
            let pair = usize::from(a) << 8 | usize::from(b);
            if self.pairs[pair / 64] >> (pair % 64) & 1 == 0 {
                continue;
            }
            let Some(candidates) = self.starts.get(&[a, b, low(at + 2)]) else {
                continue;
            };
            for pattern in candidates.iter().filter_map(|i| self.patterns.get(*i)) {
                let end = at + pattern.bytes.len();
                let found = bytes
                    .get(at..end)
                    .is_some_and(|part| part.eq_ignore_ascii_case(&pattern.bytes));
                if found && counts(pattern, bytes, at, end, place, safe) {
                    return self.attributes.get(pattern.attribute).map(String::as_str);
                }
            }
        }
        None
    }

    /// The attribute whose UID this value holds.
    pub(super) fn find_uid(&self, value: &[u8]) -> Option<&str> {
        let is = |p: &&Pattern| {
            p.kind == Kind::Uid
                && value
                    .split(|b| *b == b'\\')
                    .any(|v| v.trim_ascii().strip_suffix(&[0]).unwrap_or(v) == p.bytes.as_slice())
        };
        let pattern = self.patterns.iter().find(is)?;
        self.attributes.get(pattern.attribute).map(String::as_str)
    }
}

fn is_word(byte: Option<&u8>) -> bool {
    byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 0x80)
}

/// Whether a pattern found at `at..end` counts in bytes of this kind.
fn counts(
    p: &Pattern,
    bytes: &[u8],
    at: usize,
    end: usize,
    place: Where,
    safe: &dyn Fn(&str) -> bool,
) -> bool {
    let open = |before: usize, after: usize| {
        let left = before.checked_sub(1).and_then(|i| bytes.get(i));
        (is_word(left), is_word(bytes.get(after)))
    };
    let (left, right) = open(at, end);
    let alone = !left && !right;
    let length = p.bytes.len();
    // A UID inside a longer one is another UID.
    let dot = |b: Option<&u8>| b.is_some_and(|b| *b == b'.' || b.is_ascii_digit());
    let whole_uid = !dot(at.checked_sub(1).and_then(|i| bytes.get(i))) && !dot(bytes.get(end));
    let in_safe_word = || {
        let start = bytes
            .get(..at)
            .unwrap_or_default()
            .iter()
            .rposition(|b| !is_word(Some(b)))
            .map_or(0, |i| i + 1);
        let stop = bytes
            .iter()
            .skip(end)
            .position(|b| !is_word(Some(b)))
            .map_or(bytes.len(), |i| end + i);
        let word = bytes
            .get(start..stop)
            .filter(|w| w.len() <= 64)
            .unwrap_or_default();
        safe(&String::from_utf8_lossy(word))
    };
    match place {
        Where::Text if p.kind == Kind::Uid => whole_uid,
        Where::Text if length < 4 => alone,
        // Digits inside a longer number are another number; letters inside a longer word count unless that is a safe one.
        Where::Text if p.digits => alone || length >= 6,
        Where::Text if !p.plain || alone => true,
        Where::Text => !in_safe_word(),
        // Only a whole value, and only one that is too long to be a count.
        Where::Number => {
            let edge = |b: Option<&u8>| b.is_none_or(|b| matches!(b, b'\\' | b' ' | 0));
            p.digits
                && length >= 6
                && edge(at.checked_sub(1).and_then(|i| bytes.get(i)))
                && edge(bytes.get(end))
        }
        Where::Uid if p.kind == Kind::Uid => whole_uid,
        Where::Uid => length >= 8 && !p.digits,
        Where::Raw => {
            let long = match p.kind {
                Kind::Uid => 10,
                _ if p.digits => 14,
                _ => 8,
            };
            let inside = p.kind == Kind::Uid && !whole_uid || p.plain && !alone && in_safe_word();
            length >= long && !inside
        }
        Where::Samples => length >= 16,
    }
}

/// The forms in which a token may be written; case is folded later, as far as it is ASCII.
fn spellings(kind: Kind, token: &str) -> BTreeSet<String> {
    let mut forms = BTreeSet::new();
    match kind {
        Kind::Date => {
            if let (Some(y), Some(m), Some(d)) = (token.get(..4), token.get(4..6), token.get(6..8))
            {
                forms.extend([
                    token.to_owned(),
                    format!("{y}-{m}-{d}"),
                    format!("{d}.{m}.{y}"),
                    format!("{m}/{d}/{y}"),
                    format!("{d}/{m}/{}", &y[2..]),
                ]);
            }
        }
        Kind::Uid | Kind::Bytes => {
            forms.insert(token.to_owned());
        }
        Kind::Text | Kind::Name => {
            let plain: String = token.nfd().filter(|c| !is_combining_mark(*c)).collect();
            for form in [token, &plain] {
                forms.insert(form.to_owned());
                if !form.is_ascii() {
                    forms.insert(form.to_uppercase());
                    forms.insert(form.to_lowercase());
                }
            }
        }
    }
    forms
}

/// The form in every encoding, each once; whether it is one byte a letter.
fn encodings(form: &str) -> Vec<(Vec<u8>, bool)> {
    let mut all = vec![(form.as_bytes().to_vec(), form.is_ascii())];
    let wide = |f: fn(u16) -> [u8; 2]| form.encode_utf16().flat_map(f).collect::<Vec<u8>>();
    all.push((wide(u16::to_le_bytes), false));
    all.push((wide(u16::to_be_bytes), false));
    if !form.is_ascii() {
        for code in SETS {
            let encoded =
                SpecificCharacterSet::from_code(code).and_then(|set| set.encode(form).ok());
            // Encoders put a question mark where they have no letter.
            if let Some(bytes) = encoded.filter(|b| !b.contains(&b'?')) {
                all.push((bytes, false));
            }
        }
    }
    all.sort_unstable();
    all.dedup_by(|a, b| a.0 == b.0);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matcher(tokens: &[(Kind, &str)]) -> Matcher {
        let set = tokens
            .iter()
            .map(|(k, t)| (*k, t.as_bytes().to_vec(), "PatientName".to_owned()))
            .collect();
        Matcher::new(&Tokens(set), &|w| w.eq_ignore_ascii_case("HEAD"))
    }

    fn found(m: &Matcher, bytes: &[u8], place: Where) -> bool {
        m.find(bytes, place, &|w| w.eq_ignore_ascii_case("PRIMARY"))
            .is_some()
    }

    #[test]
    fn words_are_found_in_any_case_spelling_and_encoding() {
        let m = matcher(&[
            (Kind::Text, "Müller"),
            (Kind::Text, "山田"),
            (Kind::Text, "Ann"),
        ]);
        let utf16: Vec<u8> = "MÜLLER".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for hay in [
            b"X mULLER-1".as_slice(),
            "von Müller".as_bytes(),
            b"M\xfcller",
            b"M\xdcLLER",
            &utf16,
            "山田".as_bytes(),
            b"\x1b$B;3ED\x1b(B",
            b"Ann, x",
        ] {
            assert!(found(&m, hay, Where::Text), "{hay:?}");
        }
        for hay in [b"ANNOTATION".as_slice(), b"Mueller", b"", b"an", b"PRIMARY"] {
            assert!(!found(&m, hay, Where::Text), "{hay:?}");
        }
    }

    #[test]
    fn safe_words_short_numbers_and_samples_do_not_count() {
        let m = matcher(&[
            (Kind::Text, "Head"),
            (Kind::Text, "Prim"),
            (Kind::Text, "1234"),
            (Kind::Text, "9876543"),
        ]);
        assert!(!found(&m, b"HEAD", Where::Text), "a safe word is no token");
        assert!(
            !found(&m, b"ORIGINAL\\PRIMARY", Where::Text),
            "inside a safe word"
        );
        assert!(found(&m, b"PRIMUS", Where::Text));
        assert!(found(&m, b"no 1234", Where::Text));
        assert!(!found(&m, b"no 512345", Where::Text), "another number");
        assert!(
            !found(&m, b"1234", Where::Number),
            "too short to be no count"
        );
        assert!(found(&m, b"1\\9876543", Where::Number));
        assert!(!found(&m, b"1.2.9876543", Where::Uid));
        assert!(!found(&m, b"xx9876543xx", Where::Raw));
        assert!(!found(&m, b"prim 1234 9876543", Where::Samples));
    }

    #[test]
    fn dates_and_uids() {
        let m = matcher(&[(Kind::Date, "20240105"), (Kind::Uid, "1.2.3.4567.89")]);
        for hay in [
            "20240105",
            "2024-01-05",
            "05.01.2024",
            "01/05/2024",
            "05/01/24",
        ] {
            assert!(found(&m, hay.as_bytes(), Where::Text), "{hay}");
        }
        assert!(found(&m, b"see 1.2.3.4567.89 there", Where::Text));
        assert!(!found(&m, b"1.2.3.4567.891", Where::Text));
        assert!(m.find_uid(b"1.2.3.4567.89\0").is_some());
        assert!(m.find_uid(b"2.25.1").is_none());
        assert!(found(&m, b"\0\0 1.2.3.4567.89 ", Where::Raw));
    }
}
