//! Comments and application segments taken out of code streams (dicom.md §3.6).
//!
//! Takes one encoded frame, gives it without segments and boxes that can carry text and without bytes behind its end. What the
//! decoder needs (colour markers of JFIF and Adobe) stays, so the decoded samples are the same to the last bit.

use super::stream::{self, Edit};
use super::support::Codec;
use crate::outcome::Refusal;

/// Banners that encoders write into comments, up to the version number.
const BANNERS: &[&str] = &[
    "Kakadu-",
    "OpenJPH Ver ",
    "Created by OpenJPEG version ",
    "CREATOR: JasPer Version ",
];

/// Whether a comment is an encoder's name and version and nothing else.
pub fn is_banner(comment: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(comment) else {
        return false;
    };
    let text = text.trim_end_matches('\0');
    BANNERS.iter().any(|b| {
        text.strip_prefix(b).is_some_and(|version| {
            version.len() <= 16
                && version
                    .chars()
                    .all(|c| c.is_ascii_digit() || matches!(c, '.' | 'v' | ' '))
        })
    })
}

/// The thumbnail of a JFIF segment begins behind these bytes of its body.
const JFIF_BODY: usize = 14;
/// What an Adobe segment needs of its body; more is not for a decoder.
const ADOBE_BODY: usize = 12;

/// What becomes of a segment of a JPEG stream at `at`; `None` where it stays as it is.
pub fn jpeg_edit(marker: u8, at: usize, body: &[u8]) -> Option<Edit> {
    let needed = match marker {
        0xE0 if body.starts_with(b"JFIF\0") => JFIF_BODY,
        0xEE if body.starts_with(b"Adobe") => ADOBE_BODY,
        0xE0..=0xEF | 0xFE => 0,
        _ => return None,
    };
    if needed > 0 && body.len() <= needed {
        return None;
    }
    let mut with = Vec::new();
    if needed > 0 {
        with.extend([0xFF, marker, 0, 2 + needed as u8]);
        with.extend(&body[..needed]);
    }
    if needed == JFIF_BODY {
        // Width and height of the thumbnail.
        with.truncate(with.len() - 2);
        with.extend([0, 0]);
    }
    Some(Edit {
        range: at..at + 4 + body.len(),
        with,
    })
}

/// What becomes of a comment of a JPEG 2000 stream at `at`; `None` where it stays.
pub fn jpeg2000_edit(at: usize, body: &[u8]) -> Option<Edit> {
    // Two bytes say what kind of text it is.
    let banner = is_banner(body.get(2..).unwrap_or_default());
    (!banner).then(|| Edit {
        range: at..at + 4 + body.len(),
        with: Vec::new(),
    })
}

/// The frame without what can carry text; byte for byte the same where there is none.
///
/// # Errors
/// Those of [`super::stream`] for streams that cannot be walked.
pub fn strip(codec: Codec, encoded: &[u8]) -> Result<Vec<u8>, Refusal> {
    match codec {
        Codec::JpegDct | Codec::JpegLossless | Codec::JpegLs => {
            Ok(edited(encoded, &stream::jpeg(encoded)?.edits))
        }
        Codec::Jpeg2000 => {
            // A JP2 file around the code stream has boxes for text; DICOM wants the bare stream.
            let code = stream::jpeg2000_stream(encoded)?;
            Ok(edited(code, &stream::jpeg2000(code)?.edits))
        }
        Codec::JpegXl => Ok(stream::jpeg_xl_stream(encoded)?.into_owned()),
        _ => Ok(encoded.to_vec()),
    }
}

fn edited(b: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut out = Vec::with_capacity(b.len());
    let mut at = 0;
    for e in edits {
        out.extend_from_slice(b.get(at..e.range.start).unwrap_or_default());
        out.extend_from_slice(&e.with);
        at = e.range.end;
    }
    out.extend_from_slice(b.get(at..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn banners_are_versions_only() {
        assert!(is_banner(b"Kakadu-v7.3.3"));
        assert!(is_banner(b"Created by OpenJPEG version 2.5.0"));
        assert!(!is_banner(b"Kakadu-DOE JANE"));
        assert!(!is_banner(b"MADE FOR DOE"));
        assert!(!is_banner(&[0xFF, 0xFE]));
    }

    #[test]
    fn text_segments_go_and_the_rest_stays() {
        let head = [
            0xFF, 0xD8, 0xFF, 0xFE, 0, 6, b'n', b'o', b't', b'e', 0xFF, 0xE1, 0, 4, 1, 2,
        ];
        let rest = [
            0xFF, 0xC0, 0, 11, 8, 0, 1, 0, 1, 1, 1, 0x11, 0, 0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0,
            7, 0xFF, 0xD9,
        ];
        let whole = [&head[..], &rest, b"name"].concat();
        let clean = strip(Codec::JpegDct, &whole).unwrap();
        assert_eq!(clean, [&head[..2], &rest].concat());
        assert_eq!(stream::jpeg(&clean).unwrap().comments, 0);
    }

    #[test]
    fn text_between_scans_and_behind_the_end_goes() {
        let stream = |between: &[u8], after: &[u8]| {
            let frame = [0xFF, 0xD8, 0xFF, 0xC2, 0, 11, 8, 0, 1, 0, 1, 1, 1, 0x11, 0];
            let scan = [0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0, 7, 0xFF, 0, 9];
            let end = [0xFF, 0xD9];
            [&frame[..], &scan, between, &scan, &end, after].concat()
        };
        let note = [0xFF, 0xFE, 0, 6, b'n', b'o', b't', b'e'];
        let clean = stream(&[], &[]);
        for dirty in [
            stream(&note, &[]),
            stream(&[], &clean),
            stream(&note, b"text"),
        ] {
            assert_eq!(strip(Codec::JpegDct, &dirty).unwrap(), clean);
        }
        assert_eq!(strip(Codec::JpegDct, &clean).unwrap(), clean);
    }

    #[test]
    fn thumbnails_go_and_the_marker_stays() {
        let body = [b"JFIF\0\x01\x01\0\0\x01\0\x01\x01\x01", &[1, 2, 3][..]].concat();
        let edit = jpeg_edit(0xE0, 2, &body).unwrap();
        assert_eq!(edit.range, 2..23);
        assert_eq!(edit.with[..4], [0xFF, 0xE0, 0, 16]);
        assert_eq!(edit.with[16..], [0, 0]);
        assert_eq!(jpeg_edit(0xE0, 2, &body[..14]), None);
    }

    #[test]
    fn boxes_around_jpeg_xl_go() {
        let boxed = |kind: &[u8], content: &[u8]| {
            let len = (content.len() as u32 + 8).to_be_bytes();
            [&len[..], kind, content].concat()
        };
        let file = [
            boxed(b"JXL ", &[0x0D, 0x0A, 0x87, 0x0A]),
            boxed(b"xml ", b"a name"),
            boxed(b"jxlp", &[0, 0, 0, 0, 0xFF, 0x0A, 1]),
            boxed(b"jxlp", &[0x80, 0, 0, 1, 2, 3]),
        ]
        .concat();
        let bare = [0xFF, 0x0A, 1, 2, 3];
        assert_eq!(strip(Codec::JpegXl, &file).unwrap(), bare);
        assert_eq!(strip(Codec::JpegXl, &bare).unwrap(), bare);
        for n in 0..file.len() - 1 {
            let _ = strip(Codec::JpegXl, &file[..n]);
        }
    }
}
