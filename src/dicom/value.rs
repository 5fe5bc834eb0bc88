//! Values of elements: text in any character set of PS3.5 section 6.1, and numbers of any VR.
//!
//! Takes an element of a [`super::dataset`] tree and the bytes it points into. Values that are not what their VR says are
//! left out, not guessed; text that cannot be decoded keeps its ASCII parts.

use super::dataset::{DataSet, Element, Value};
use dicom_core::{Tag, VR};
use dicom_encoding::text::{SpecificCharacterSet, TextCodec};
use std::borrow::Cow;

/// The bytes of a plain value; empty for sequences and fragments.
pub fn raw<'a>(bytes: &'a [u8], element: &'a Element) -> &'a [u8] {
    match &element.value {
        Value::Source(range) => bytes.get(range.clone()).unwrap_or_default(),
        Value::Owned(v) => v,
        Value::Items(_) | Value::Fragments(_) => &[],
    }
}

/// Reads values of one data set.
#[derive(Clone, Copy)]
pub struct Values<'a> {
    /// The source.
    pub bytes: &'a [u8],
    /// The elements.
    pub set: &'a DataSet,
}

impl<'a> Values<'a> {
    /// The raw bytes of a plain value; `None` where the element is absent or empty.
    pub fn raw(&self, tag: Tag) -> Option<&'a [u8]> {
        let raw = raw(self.bytes, self.set.get(tag)?);
        (!raw.is_empty()).then_some(raw)
    }

    /// ASCII values (CS, UI, IS, DS …), split and trimmed.
    pub fn codes(&self, tag: Tag) -> Vec<String> {
        self.raw(tag).map(codes).unwrap_or_default()
    }

    /// The first ASCII value, `None` if absent or empty.
    pub fn code(&self, tag: Tag) -> Option<String> {
        self.codes(tag).into_iter().next().filter(|c| !c.is_empty())
    }

    /// Integers of any integer VR or IS; values that are none are left out.
    pub fn ints(&self, tag: Tag) -> Vec<i64> {
        self.set
            .get(tag)
            .map(|e| ints(self.bytes, e))
            .unwrap_or_default()
    }

    /// The first integer.
    pub fn int(&self, tag: Tag) -> Option<i64> {
        self.ints(tag).first().copied()
    }

    /// Numbers of DS, FL, FD; values that are none are left out.
    pub fn floats(&self, tag: Tag) -> Vec<f64> {
        let Some(e) = self.set.get(tag) else {
            return Vec::new();
        };
        let raw = raw(self.bytes, e);
        match e.vr {
            VR::FL => raw
                .as_chunks::<4>()
                .0
                .iter()
                .map(|c| f64::from(f32::from_le_bytes(*c)))
                .filter(|v| v.is_finite())
                .collect(),
            VR::FD => raw
                .as_chunks::<8>()
                .0
                .iter()
                .map(|c| f64::from_le_bytes(*c))
                .filter(|v| v.is_finite())
                .collect(),
            _ => codes(raw)
                .iter()
                .filter_map(|c| c.parse::<f64>().ok())
                .filter(|v| v.is_finite())
                .collect(),
        }
    }
}

/// Integers of any integer VR or IS.
pub fn ints(bytes: &[u8], e: &Element) -> Vec<i64> {
    let raw = raw(bytes, e);
    match e.vr {
        VR::US | VR::OW => words(raw).into_iter().map(i64::from).collect(),
        VR::SS => words(raw)
            .into_iter()
            .map(|w| i64::from(w as i16))
            .collect(),
        VR::UL | VR::OL => raw
            .as_chunks::<4>()
            .0
            .iter()
            .map(|c| i64::from(u32::from_le_bytes(*c)))
            .collect(),
        VR::SL => raw
            .as_chunks::<4>()
            .0
            .iter()
            .map(|c| i64::from(i32::from_le_bytes(*c)))
            .collect(),
        VR::UV | VR::SV | VR::OV => raw
            .as_chunks::<8>()
            .0
            .iter()
            .map(|c| i64::from_le_bytes(*c))
            .collect(),
        _ => codes(raw).iter().filter_map(|c| c.parse().ok()).collect(),
    }
}

/// 16-bit words, little endian.
pub fn words(raw: &[u8]) -> Vec<u16> {
    raw.as_chunks::<2>()
        .0
        .iter()
        .map(|c| u16::from_le_bytes(*c))
        .collect()
}

fn codes(raw: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(raw)
        .split('\\')
        .map(|v| v.trim_matches([' ', '\0', '\t', '\r', '\n']).to_owned())
        .collect()
}

/// The character sets of a data set, as (0008,0005) names them; items inherit those of the data set around them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charsets(Vec<String>);

impl Charsets {
    /// Reads (0008,0005), or takes `outer` where it is absent.
    pub fn of(values: &Values<'_>, outer: Option<&Charsets>) -> Self {
        const SPECIFIC_CHARACTER_SET: Tag = Tag(0x0008, 0x0005);
        match (values.set.get(SPECIFIC_CHARACTER_SET), outer) {
            (Some(_), _) => Charsets(values.codes(SPECIFIC_CHARACTER_SET)),
            (None, Some(outer)) => outer.clone(),
            (None, None) => Charsets(Vec::new()),
        }
    }

    fn default_codec(&self) -> Option<SpecificCharacterSet> {
        match self.0.first().map(String::as_str) {
            None | Some("") => Some(SpecificCharacterSet::ISO_IR_6),
            Some(code) => SpecificCharacterSet::from_code(code),
        }
    }

    /// Every reading of a value that makes sense, the one by the rules first. More than one only where bytes beyond
    /// ASCII are not valid in the declared set, or no set is declared: then also as UTF-8 and as Latin-1.
    pub fn readings(&self, raw: &[u8]) -> Vec<String> {
        if raw.is_ascii() && !raw.contains(&0x1B) {
            return vec![String::from_utf8_lossy(raw).into_owned()];
        }
        let declared = self.0.first().is_some_and(|c| !c.is_empty()) || self.0.len() > 1;
        let mut out = Vec::new();
        if declared {
            out.push(self.decode(raw));
        }
        let utf8 = std::str::from_utf8(raw);
        let utf8_declared = self.0.first().is_some_and(|c| c == "ISO_IR 192");
        if !declared || utf8_declared && utf8.is_err() || self.default_codec().is_none() {
            out.extend(utf8.map(str::to_owned));
            out.push(raw.iter().map(|b| char::from(*b)).collect());
        }
        out.dedup();
        out
    }

    /// The value by the rules of PS3.5 section 6.1.2, code extensions included.
    pub fn decode(&self, raw: &[u8]) -> String {
        let base = self.default_codec().unwrap_or_default();
        if base == SpecificCharacterSet::ISO_IR_192 {
            return String::from_utf8_lossy(raw).into_owned();
        }
        if !raw.contains(&0x1B) {
            return decode_with(&base, raw);
        }
        // ISO 2022: runs between escape sequences, each in the set that was switched on last.
        let (mut out, mut run, mut set) = (String::new(), Vec::new(), Run::Set(base.clone()));
        let mut at = 0;
        while let Some(&byte) = raw.get(at) {
            if byte == 0x1B
                && let Some((length, next)) = escape(&raw[at..], &base)
            {
                set.flush(&mut run, &mut out);
                (set, at) = (next, at + length);
                continue;
            }
            // Delimiters switch back to the default set, unless the byte is half a two-byte character.
            if matches!(byte, b'\\' | b'^' | b'=' | b'\r' | b'\n') && set.is_single_byte() {
                set.flush(&mut run, &mut out);
                out.push(char::from(byte));
                set = Run::Set(base.clone());
            } else {
                run.push(byte);
            }
            at += 1;
        }
        set.flush(&mut run, &mut out);
        out
    }
}

enum Run {
    Set(SpecificCharacterSet),
    /// Two bytes a character, both below 0x80; the escape sequence itself is part of what the codec reads.
    TwoByte(&'static [u8]),
}

impl Run {
    fn is_single_byte(&self) -> bool {
        matches!(self, Run::Set(_))
    }

    fn flush(&self, run: &mut Vec<u8>, out: &mut String) {
        if !run.is_empty() {
            match self {
                Run::Set(codec) => out.push_str(&decode_with(codec, run)),
                Run::TwoByte(escape) => {
                    let whole = [*escape, run].concat();
                    let codec = SpecificCharacterSet::from_code("ISO 2022 IR 87");
                    out.push_str(&decode_with(&codec.unwrap_or_default(), &whole));
                }
            }
        }
        run.clear();
    }
}

/// Escape sequences (PS3.3 tables C.12-3 and C.12-4) and the set that they switch on.
const ESCAPES: &[(&[u8], &str)] = &[
    (b"\x1b(B", "ISO 2022 IR 6"),
    (b"\x1b(J", "ISO 2022 IR 6"),
    (b"\x1b)I", "ISO 2022 IR 13"),
    (b"\x1b-A", "ISO 2022 IR 100"),
    (b"\x1b-B", "ISO 2022 IR 101"),
    (b"\x1b-C", "ISO 2022 IR 109"),
    (b"\x1b-D", "ISO 2022 IR 110"),
    (b"\x1b-F", "ISO 2022 IR 126"),
    (b"\x1b-G", "ISO 2022 IR 127"),
    (b"\x1b-H", "ISO 2022 IR 138"),
    (b"\x1b-L", "ISO 2022 IR 144"),
    (b"\x1b-T", "ISO 2022 IR 166"),
    (b"\x1b$)C", "ISO 2022 IR 149"),
    (b"\x1b$)A", "ISO 2022 IR 58"),
];

fn escape(rest: &[u8], base: &SpecificCharacterSet) -> Option<(usize, Run)> {
    for two_byte in [&b"\x1b$B"[..], &b"\x1b$(D"[..]] {
        if rest.starts_with(two_byte) {
            return Some((two_byte.len(), Run::TwoByte(two_byte)));
        }
    }
    let (sequence, code) = ESCAPES.iter().find(|(s, _)| rest.starts_with(s))?;
    let codec = match *code {
        "ISO 2022 IR 6" => base.clone(),
        code => SpecificCharacterSet::from_code(code)?,
    };
    Some((sequence.len(), Run::Set(codec)))
}

fn decode_with(codec: &SpecificCharacterSet, raw: &[u8]) -> String {
    codec.decode(raw).unwrap_or_else(|_| {
        raw.iter()
            .map(|b| {
                if b.is_ascii() {
                    char::from(*b)
                } else {
                    char::REPLACEMENT_CHARACTER
                }
            })
            .collect()
    })
}

/// A value cut into its multiple values, padding trimmed, empty ones left out.
pub fn split(text: &str) -> impl Iterator<Item = Cow<'_, str>> {
    text.split('\\')
        .map(|v| v.trim_matches([' ', '\0', '\t', '\r', '\n']))
        .filter(|v| !v.is_empty())
        .map(Cow::Borrowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn charsets(codes: &[&str]) -> Charsets {
        Charsets(codes.iter().map(|c| (*c).to_owned()).collect())
    }

    #[test]
    fn names_in_the_character_sets_of_the_standard() {
        // PS3.5 annexes H to K.
        for (sets, raw, text) in [
            (
                &["", "ISO 2022 IR 87"][..],
                &b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B"[..],
                "Yamada^Tarou=山田^太郎",
            ),
            (
                &["", "ISO 2022 IR 149"],
                b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7",
                "Hong^Gildong=洪^吉洞",
            ),
            (&["ISO_IR 100"], b"M\xfcller^J\xf6rg", "Müller^Jörg"),
            (
                &["ISO_IR 192"],
                "Wang^XiaoDong=王^小东".as_bytes(),
                "Wang^XiaoDong=王^小东",
            ),
            (
                &["GB18030"],
                b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab",
                "Wang^XiaoDong=王^小东",
            ),
            (
                &["", "ISO 2022 IR 100", "ISO 2022 IR 144"],
                b"\x1b-AB\xfcc^\x1b-L\xbb\xee",
                "Büc^Лю",
            ),
        ] {
            assert_eq!(charsets(sets).decode(raw), text);
            assert_eq!(charsets(sets).readings(raw), [text]);
        }
    }

    #[test]
    fn bytes_outside_the_declared_set_are_read_in_every_likely_way() {
        assert_eq!(charsets(&[]).readings("Jörg".as_bytes()), ["Jörg", "JÃ¶rg"]);
        assert_eq!(charsets(&[]).readings(b"J\xf6rg"), ["Jörg"]);
        assert!(
            charsets(&["ISO_IR 192"])
                .readings(b"J\xf6rg")
                .contains(&"Jörg".to_owned())
        );
        assert!(
            charsets(&["NO SUCH SET"])
                .readings(b"J\xf6rg")
                .contains(&"Jörg".to_owned())
        );
        assert_eq!(charsets(&["ISO_IR 192"]).readings(b"Lee"), ["Lee"]);
    }
}
