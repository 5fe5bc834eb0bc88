//! Comments and application segments taken out of code streams (dicom.md §3.6).
//!
//! Takes one encoded frame, gives it without segments that can carry text and without bytes behind its end. What the
//! decoder needs (colour markers of JFIF and Adobe) stays, so the decoded samples are the same to the last bit.

use super::stream;
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
pub const JFIF_BODY: usize = 14;
/// What an Adobe segment needs of its body; more is not for a decoder.
pub const ADOBE_BODY: usize = 12;

/// Whether an application or comment segment can carry text, by the second byte of its marker.
pub fn carries_text(marker: u8, body: &[u8]) -> bool {
    match marker {
        0xE0 if body.starts_with(b"JFIF\0") => body.len() > JFIF_BODY,
        0xEE if body.starts_with(b"Adobe") => body.len() > ADOBE_BODY,
        _ => matches!(marker, 0xE0..=0xEF | 0xFE),
    }
}

/// The frame without what can carry text.
///
/// # Errors
/// Those of [`super::stream`] for streams that cannot be walked.
pub fn strip(codec: Codec, encoded: &[u8]) -> Result<Vec<u8>, Refusal> {
    match codec {
        Codec::JpegDct | Codec::JpegLossless | Codec::JpegLs => {
            let info = stream::jpeg(encoded)?;
            if info.comments == 0 && info.after_end == 0 {
                return Ok(encoded.to_vec());
            }
            Ok(jpeg(encoded, info.after_end))
        }
        Codec::Jpeg2000 => {
            // A JP2 file around the code stream has boxes for text; DICOM wants the bare stream.
            let code = stream::jpeg2000_stream(encoded)?;
            let info = stream::jpeg2000(code)?;
            if info.comments == 0 && info.after_end == 0 {
                return Ok(code.to_vec());
            }
            Ok(jpeg2000(code, info.after_end))
        }
        _ => Ok(encoded.to_vec()),
    }
}

/// Copies marker segments up to the first scan, leaving out those with text; everything from there on is kept as it is.
fn jpeg(b: &[u8], after_end: usize) -> Vec<u8> {
    let end = b.len() - after_end;
    let mut out = b.get(..2).unwrap_or_default().to_vec();
    let mut at = 2;
    while let Some((marker, len)) = segment(b, at) {
        let Some(whole) = b.get(at..at + 2 + len) else {
            break;
        };
        let body = &whole[4..];
        match marker {
            0xDA => break,
            0xFF => {
                at += 1;
                continue;
            }
            0xE0 if body.starts_with(b"JFIF\0") && body.len() > JFIF_BODY => {
                out.extend_from_slice(&[0xFF, 0xE0, 0, 2 + JFIF_BODY as u8]);
                out.extend_from_slice(&body[..JFIF_BODY - 2]);
                out.extend_from_slice(&[0, 0]);
            }
            0xEE if body.starts_with(b"Adobe") && body.len() > ADOBE_BODY => {
                out.extend_from_slice(&[0xFF, 0xEE, 0, 2 + ADOBE_BODY as u8]);
                out.extend_from_slice(&body[..ADOBE_BODY]);
            }
            m if carries_text(m, body) => {}
            _ => out.extend_from_slice(whole),
        }
        at += 2 + len;
    }
    out.extend_from_slice(b.get(at..end).unwrap_or_default());
    out
}

/// Copies the main header without comment segments; tile parts are kept as they are.
fn jpeg2000(b: &[u8], after_end: usize) -> Vec<u8> {
    let end = b.len() - after_end;
    let mut out = b.get(..2).unwrap_or_default().to_vec();
    let mut at = 2;
    while let Some((marker, len)) = segment(b, at) {
        if marker == 0x90 {
            break;
        }
        if marker != 0x64 {
            out.extend_from_slice(b.get(at..at + 2 + len).unwrap_or_default());
        }
        at += 2 + len;
    }
    out.extend_from_slice(b.get(at..end).unwrap_or_default());
    out
}

/// Marker and length of the segment at `at`.
fn segment(b: &[u8], at: usize) -> Option<(u8, usize)> {
    let head = b.get(at..at + 4)?;
    (head[0] == 0xFF).then(|| (head[1], usize::from(u16::from_be_bytes([head[2], head[3]]))))
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
}
