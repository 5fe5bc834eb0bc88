//! Private binary values that may be pictures: thumbnails, screen shots, documents that a maker keeps beside the image.
//!
//! Nobody but the maker can say what such a value is, so what could be a picture on which text can be read is taken for one
//! and removed where private data stays (`--keep-metadata`); a profile removes all of them anyway. What is text, a maker's
//! known list of named values, or too small for letters stays.

use super::dataset::{Element, Value};
use super::value::raw;
use dicom_core::VR;

/// Bytes of the smallest bare picture that could show text: 32 × 32 pixels of a byte.
const SMALLEST: usize = 1024;

/// How files that are, or may hold, pictures begin: offset and bytes.
const FILES: &[(usize, &[u8])] = &[
    (0, b"\xFF\xD8\xFF"),
    (0, b"\x89PNG"),
    (0, b"GIF8"),
    (0, b"II*\0"),
    (0, b"MM\0*"),
    (0, b"\xFF\x4F\xFF\x51"),
    (4, b"jP  \r\n\x87\n"),
    (4, b"JXL \r\n\x87\n"),
    (8, b"WEBP"),
    (4, b"ftyp"),
    (0, b"%PDF"),
    (0, b"PK\x03\x04"),
    (0, b"\x1F\x8B\x08"),
    (128, b"DICM"),
];

/// A list of named values of one maker (CSA), in which pictures have no place.
const NAMED_VALUES: &[u8] = b"SV10\x04\x03\x02\x01";

/// Whether an element may hold a picture that nobody searches.
pub fn may_be_picture(bytes: &[u8], element: &Element) -> bool {
    let binary = matches!(
        element.vr,
        VR::OB | VR::OW | VR::OL | VR::OV | VR::OF | VR::OD | VR::UN
    );
    if element.tag.0.is_multiple_of(2) || !binary {
        return false;
    }
    match element.value {
        // Compressed frames.
        Value::Fragments(_) => true,
        Value::Items(_) => false,
        Value::Source(_) | Value::Owned(_) => is_suspect(raw(bytes, element)),
    }
}

fn is_suspect(value: &[u8]) -> bool {
    let begins =
        |(at, what): &(usize, &[u8])| value.get(*at..).is_some_and(|v| v.starts_with(what));
    if FILES.iter().any(begins) || is_bitmap(value) {
        return true;
    }
    value.len() >= SMALLEST && !value.starts_with(NAMED_VALUES) && !is_text(value)
}

/// A Windows bitmap: its length stands in its head, which two letters alone would not tell from chance.
fn is_bitmap(value: &[u8]) -> bool {
    let said = value
        .get(2..6)
        .and_then(|b| <[u8; 4]>::try_from(b).ok())
        .map(|b| u32::from_le_bytes(b) as usize);
    value.starts_with(b"BM") && said.is_some_and(|n| n.abs_diff(value.len()) <= 1)
}

/// Whether a value is text to its end, padding aside.
fn is_text(value: &[u8]) -> bool {
    let end = value.iter().rposition(|b| *b != 0).map_or(0, |i| i + 1);
    let ours = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r' | '\x0C' | '\x1B');
    end > 0 && std::str::from_utf8(&value[..end]).is_ok_and(|t| t.chars().all(ours))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_core::Tag;

    fn element(tag: (u16, u16), vr: VR, value: Vec<u8>) -> Element {
        Element {
            tag: Tag(tag.0, tag.1),
            vr,
            source: None,
            undefined: false,
            value: Value::Owned(value),
        }
    }

    #[test]
    fn what_may_be_a_picture_is_told_from_text_and_numbers() {
        let bare: Vec<u8> = (0..4096_u32).map(|i| (i * 7 % 251) as u8).collect();
        let text = "<Maker><Value>Größe 12</Value></Maker>\r\n"
            .repeat(60)
            .into_bytes();
        let csa = [NAMED_VALUES, &bare].concat();
        let bitmap = [&b"BM\x40\0\0\0"[..], &[9; 58]].concat();
        for (vr, value, suspect) in [
            (VR::OB, bare.clone(), true),
            (VR::UN, bare.clone(), true),
            (VR::OF, bare.clone(), true),
            (VR::UN, vec![0; 5000], true),
            (VR::OB, bare[..1000].to_vec(), false),
            (VR::UN, text, false),
            (VR::OB, csa, false),
            (VR::OB, b"\xFF\xD8\xFF\xE0 small".to_vec(), true),
            (VR::UN, bitmap, true),
            (VR::UN, b"BMaker".to_vec(), false),
            (VR::US, bare.clone(), false),
            (VR::OB, Vec::new(), false),
        ] {
            let e = element((0x0029, 0x1010), vr, value);
            assert_eq!(may_be_picture(&[], &e), suspect, "{vr:?}");
        }
        // Standard attributes have owners of their own.
        assert!(!may_be_picture(
            &[],
            &element((0x0028, 0x2000), VR::OB, bare)
        ));
    }
}
