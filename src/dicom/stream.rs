//! What the headers of compressed frames say: size, components, precision, colour, ends.
//!
//! Takes the bytes of one frame, reads marker segments only, decodes nothing. The stream is believed over the DICOM
//! header where they speak of the same thing; what has no decoder or does not end properly is refused here, before a
//! decoder could hand out half a picture.

use super::strip;
use crate::outcome::{Reason, Refusal};
use std::borrow::Cow;
use std::ops::Range;

/// What a stream says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamInfo {
    /// Height.
    pub rows: u32,
    /// Width.
    pub cols: u32,
    /// Components.
    pub components: u16,
    /// Bits of a sample.
    pub precision: u16,
    /// Whether samples are signed, where the stream can say so.
    pub signed: Option<bool>,
    /// What the components are.
    pub colour: Colour,
    /// Width and height in pixels of a minimum coded unit of the whole frame, for DCT streams.
    pub unit: Option<(u32, u32)>,
    /// Whether the coding is reversible; `None` where the stream does not tell.
    pub reversible: Option<bool>,
    /// Comment and application segments that can carry text; an encoder's name and version is none.
    pub comments: u32,
    /// Bytes behind the end of the stream, padding to even length not counted.
    pub after_end: usize,
    /// What [`strip`] takes out of the stream or writes into it, in ascending order.
    pub edits: Vec<Edit>,
}

/// Bytes of a stream that are to be replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Which.
    pub range: Range<usize>,
    /// By what.
    pub with: Vec<u8>,
}

/// What three components are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colour {
    /// The stream does not say; the header's photometric interpretation holds.
    #[default]
    AsHeader,
    /// Red, green, blue.
    Rgb,
    /// Luminance and chrominance.
    Ybr,
    /// Red, green and blue after the decoder undid the stream's own transform.
    RgbDecoded,
}

fn bad(what: &str) -> Refusal {
    Refusal::new(Reason::Decode, what)
}

fn cut(what: &str) -> Refusal {
    Refusal::new(Reason::Truncated, what)
}

fn unsupported(what: &str) -> Refusal {
    Refusal::new(Reason::PixelFormat, what)
}

fn be16(b: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(b.get(at..at + 2)?.try_into().ok()?))
}

fn be32(b: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(b.get(at..at + 4)?.try_into().ok()?))
}

/// Reads the segments of a JPEG or JPEG-LS stream up to its first scan, and looks for its end.
///
/// # Errors
/// `decode-failed`, `truncated` without an end marker, `unsupported-pixel-format` for processes without decoder.
pub fn jpeg(b: &[u8]) -> Result<StreamInfo, Refusal> {
    const SOF0: u8 = 0xC0;
    const JPEG_LS: u8 = 0xF7;
    let mut info = StreamInfo::default();
    let (mut ids, mut adobe, mut jfif, mut subsampled) = (Vec::new(), None, false, false);
    let (mut lossless_process, mut jpeg_ls) = (false, false);
    if !b.starts_with(&[0xFF, 0xD8]) {
        return Err(bad("no start of image"));
    }
    let mut at = 2;
    loop {
        while b.get(at) == Some(&0xFF) && b.get(at + 1) == Some(&0xFF) {
            at += 1;
        }
        let (Some(0xFF), Some(marker)) = (b.get(at), b.get(at + 1)) else {
            return Err(bad("no marker where one has to be"));
        };
        let short = || cut("a marker segment runs past the end of the frame");
        let len = usize::from(be16(b, at + 2).ok_or_else(short)?);
        if len < 2 {
            return Err(bad("a marker segment without length"));
        }
        let body = b.get(at + 4..at + 2 + len).ok_or_else(short)?;
        match *marker {
            0xC4 | 0xCC | 0xC8 => {}
            m @ (SOF0..=0xCF | JPEG_LS) => {
                let process = m - SOF0;
                if m != JPEG_LS && !matches!(process, 0..=3) {
                    return Err(unsupported(
                        "a hierarchical or arithmetic JPEG process has no decoder here",
                    ));
                }
                lossless_process = process == 3;
                jpeg_ls = m == JPEG_LS;
                info.reversible = match m {
                    JPEG_LS => None,
                    _ => Some(lossless_process),
                };
                info.precision = u16::from(*body.first().ok_or_else(short)?);
                info.rows = u32::from(be16(body, 1).ok_or_else(short)?);
                info.cols = u32::from(be16(body, 3).ok_or_else(short)?);
                info.components = u16::from(*body.get(5).ok_or_else(short)?);
                let parts = body.get(6..).unwrap_or_default().as_chunks::<3>().0;
                if parts.len() != usize::from(info.components) || !ids.is_empty() {
                    return Err(bad("frame header and components do not agree"));
                }
                ids = parts.iter().map(|c| c[0]).collect();
                let most = |f: fn(u8) -> u8| parts.iter().map(|c| u32::from(f(c[1]))).max();
                if parts.len() == 1 {
                    info.unit = Some((8, 8));
                } else if let (Some(h), Some(v)) = (most(|f| f >> 4), most(|f| f & 15)) {
                    info.unit = Some((8 * h, 8 * v));
                }
                subsampled = parts.windows(2).any(|w| w[0][1] != w[1][1]);
            }
            0xDA => {
                if ids.is_empty() {
                    return Err(bad("a scan without frame header"));
                }
                if let (None, false) = (info.reversible, lossless_process) {
                    // JPEG-LS: Ns, Ns × (component, table), NEAR.
                    let ns = usize::from(*body.first().ok_or_else(short)?);
                    info.reversible = Some(*body.get(1 + 2 * ns).ok_or_else(short)? == 0);
                }
                break;
            }
            0xD8 | 0xD9 | 0x01 | 0xD0..=0xD7 => return Err(bad("a marker that may not be here")),
            m => {
                info.text_segment(strip::jpeg_edit(m, at, body));
                match m {
                    0xE0 if body.starts_with(b"JFIF\0") => jfif = true,
                    0xEE if body.starts_with(b"Adobe") => adobe = body.get(11).copied(),
                    _ => {}
                }
            }
        }
        at += 2 + len;
    }
    info.colour = if lossless_process || info.components != 3 {
        match (adobe, info.components) {
            (Some(1), 3) => Colour::Ybr,
            (Some(0), 3) => Colour::Rgb,
            _ => Colour::AsHeader,
        }
    } else {
        // ITU-T T.872 6.1 and JFIF; without any evidence subsampled components cannot be RGB.
        match (adobe, ids.as_slice()) {
            (Some(0), _) | (None, [b'R', b'G', b'B']) if !jfif => Colour::Rgb,
            (Some(1), _) => Colour::Ybr,
            _ if jfif || subsampled => Colour::Ybr,
            _ => Colour::AsHeader,
        }
    };
    if lossless_process && subsampled {
        return Err(unsupported("subsampled components in lossless JPEG"));
    }
    jpeg_scans(b, at, jpeg_ls, &mut info)?;
    Ok(info)
}

impl StreamInfo {
    fn text_segment(&mut self, edit: Option<Edit>) {
        self.comments += u32::from(edit.is_some());
        self.edits.extend(edit);
    }

    fn ends(&mut self, b: &[u8], end: usize) {
        self.after_end = padding_excess(b.get(end..).unwrap_or_default());
        if self.after_end > 0 {
            self.edits.push(Edit {
                range: end..b.len(),
                with: Vec::new(),
            });
        }
    }
}

/// Walks the scans of a JPEG stream, the first at `at`, to the end of image; what stands between them may carry text too.
fn jpeg_scans(
    b: &[u8],
    mut at: usize,
    jpeg_ls: bool,
    info: &mut StreamInfo,
) -> Result<(), Refusal> {
    let no_end = || cut("the frame's code stream has no end marker");
    loop {
        // Fill bytes may stand before any marker.
        while b.get(at..at + 2) == Some(&[0xFF, 0xFF]) {
            at += 1;
        }
        let (Some(0xFF), Some(&marker)) = (b.get(at), b.get(at + 1)) else {
            return Err(no_end());
        };
        if marker == 0xD9 {
            info.ends(b, at + 2);
            return Ok(());
        }
        let len = usize::from(be16(b, at + 2).ok_or_else(no_end)?);
        if len < 2 || matches!(marker, 0x01 | 0xD0..=0xD8) {
            return Err(bad("a marker that may not be here"));
        }
        let body = b.get(at + 4..at + 2 + len).ok_or_else(no_end)?;
        info.text_segment(strip::jpeg_edit(marker, at, body));
        at += 2 + len;
        if marker == 0xDA {
            if jpeg_ls {
                let ns = usize::from(body.first().copied().unwrap_or_default());
                let lossless = body.get(1 + 2 * ns) == Some(&0);
                info.reversible = info.reversible.map(|r| r && lossless);
            }
            // In JPEG a byte 0 is stuffed behind FF, in JPEG-LS a bit 0.
            let data = |next: u8| {
                matches!(next, 0xD0..=0xD7) || if jpeg_ls { next < 0x80 } else { next == 0 }
            };
            let coded = b.get(at..).unwrap_or_default();
            at += coded
                .windows(2)
                .position(|w| w[0] == 0xFF && !data(w[1]))
                .ok_or_else(no_end)?;
        }
    }
}

/// Bytes that are more than padding to even length.
fn padding_excess(rest: &[u8]) -> usize {
    if rest.len() <= 1 || rest.iter().all(|b| *b == 0) {
        0
    } else {
        rest.len()
    }
}

/// The code stream of a JPEG 2000 frame: the frame itself, or what lies in the `jp2c` box of a JP2 file.
pub fn jpeg2000_stream(b: &[u8]) -> Result<&[u8], Refusal> {
    if b.starts_with(&[0xFF, 0x4F, 0xFF, 0x51]) {
        return Ok(b);
    }
    let mut at = 0;
    while let (Some(len), Some(kind)) = (be32(b, at), b.get(at + 4..at + 8)) {
        let (header, len) = match len {
            0 => (8, b.len() - at),
            1 => {
                let high = be32(b, at + 8).unwrap_or(u32::MAX);
                let low = be32(b, at + 12).unwrap_or(0);
                if high != 0 {
                    break;
                }
                (16, low as usize)
            }
            n => (8, n as usize),
        };
        if len < header {
            break;
        }
        let stop = at.saturating_add(len);
        if kind == b"jp2c" {
            return b
                .get(at + header..stop)
                .ok_or_else(|| cut("the code stream box runs past the frame"));
        }
        at = stop;
    }
    Err(bad("no JPEG 2000 code stream"))
}

/// Reads the main header of a JPEG 2000 code stream, and walks its tile parts to the end: OpenJPEG takes streams that
/// stop half way without complaint.
///
/// # Errors
/// `decode-failed`, `truncated`, `unsupported-pixel-format` for subsampled components or unequal precisions.
pub fn jpeg2000(b: &[u8]) -> Result<StreamInfo, Refusal> {
    let short = || cut("the code stream header runs past the end of the frame");
    let mut info = StreamInfo::default();
    let mut at = 2;
    let (mut tiles, mut mct, mut transforms) = (0_u64, false, Vec::new());
    loop {
        let marker = be16(b, at).ok_or_else(short)?;
        if marker == 0xFF90 {
            break;
        }
        let len = usize::from(be16(b, at + 2).ok_or_else(short)?);
        if !(0xFF50..=0xFF7F).contains(&marker) || len < 2 {
            return Err(bad("no marker where one has to be"));
        }
        let body = b.get(at + 4..at + 2 + len).ok_or_else(short)?;
        match marker {
            0xFF51 => tiles = siz(body, &mut info)?,
            // MCT, MCC, MCO, CBD of 15444-2; a stream of Part 2 without them is one of Part 1.
            0xFF74..=0xFF78 => {
                return Err(unsupported(
                    "a multi-component transform of JPEG 2000 Part 2 has no decoder here",
                ));
            }
            0xFF52 => {
                mct = *body.get(4).ok_or_else(short)? != 0;
                transforms.push(*body.get(9).ok_or_else(short)?);
            }
            // COC: component index of one byte (of two from 257 components on), Scoc, then SPcoc.
            0xFF53 => transforms.push(*body.get(6).ok_or_else(short)?),
            0xFF64 => {
                info.text_segment(strip::jpeg2000_edit(at, body));
            }
            _ => {}
        }
        at += 2 + len;
    }
    if tiles == 0 || transforms.is_empty() {
        return Err(bad("size or coding style is missing"));
    }
    info.colour = if mct && info.components >= 3 {
        Colour::RgbDecoded
    } else {
        Colour::AsHeader
    };
    info.reversible = Some(transforms.iter().all(|t| *t == 1));
    let end = tile_parts(b, at, tiles, &mut info)?;
    info.ends(b, end);
    Ok(info)
}

/// Reads SIZ, gives the number of tiles.
fn siz(body: &[u8], info: &mut StreamInfo) -> Result<u64, Refusal> {
    let n = |at| be32(body, at).ok_or_else(|| cut("size segment is too short"));
    let (x1, y1, x0, y0) = (n(2)?, n(6)?, n(10)?, n(14)?);
    let (tw, th, tx, ty) = (n(18)?, n(22)?, n(26)?, n(30)?);
    info.components = be16(body, 34).ok_or_else(|| cut("size segment is too short"))?;
    if x1 <= x0 || y1 <= y0 || tw == 0 || th == 0 || tx > x0 || ty > y0 {
        return Err(bad("impossible image or tile size"));
    }
    (info.cols, info.rows) = (x1 - x0, y1 - y0);
    let parts = body.get(36..).unwrap_or_default().as_chunks::<3>().0;
    let Some(first) = parts.first() else {
        return Err(bad("no components"));
    };
    if parts.len() != usize::from(info.components) {
        return Err(bad("size segment and components do not agree"));
    }
    if parts.iter().any(|p| p != first || p[1] != 1 || p[2] != 1) {
        return Err(unsupported(
            "components of different size or precision in JPEG 2000",
        ));
    }
    info.precision = u16::from(first[0] & 0x7F) + 1;
    info.signed = Some(first[0] & 0x80 != 0);
    Ok(u64::from((x1 - tx).div_ceil(tw)) * u64::from((y1 - ty).div_ceil(th)))
}

/// Walks tile parts from `at`; gives where the stream ends. Every tile must be there and every tile part whole.
fn tile_parts(
    b: &[u8],
    mut at: usize,
    tiles: u64,
    info: &mut StreamInfo,
) -> Result<usize, Refusal> {
    let short = || cut("a tile part runs past the end of the frame");
    let tiles = usize::try_from(tiles)
        .ok()
        .filter(|t| *t <= 65_535)
        .ok_or_else(|| bad("too many tiles"))?;
    let mut seen = vec![false; tiles];
    loop {
        match be16(b, at).ok_or_else(short)? {
            0xFFD9 => {
                at += 2;
                break;
            }
            0xFF90 => {}
            _ => return Err(bad("no tile part where one has to be")),
        }
        let index = usize::from(be16(b, at + 4).ok_or_else(short)?);
        *seen
            .get_mut(index)
            .ok_or_else(|| bad("a tile that is not in the grid"))? = true;
        let len = be32(b, at + 6).ok_or_else(short)? as usize;
        tile_part_header(b, at, len, info)?;
        if len == 0 {
            // Up to the end of the stream, which then is the last marker of the frame.
            at = b
                .windows(2)
                .rposition(|w| w == [0xFF, 0xD9])
                .filter(|e| *e > at)
                .ok_or_else(short)?;
        } else if len < 14 {
            return Err(bad("a tile part without header"));
        } else {
            at = at.checked_add(len).ok_or_else(short)?;
        }
    }
    if seen.iter().all(|s| *s) {
        Ok(at)
    } else {
        Err(cut("tiles are missing"))
    }
}

/// Looks for comments between the start of a tile part of `len` bytes and its data. Its length shrinks with them.
fn tile_part_header(
    b: &[u8],
    start: usize,
    len: usize,
    info: &mut StreamInfo,
) -> Result<(), Refusal> {
    let short = || cut("a tile part header runs past the end of the frame");
    let mut at = start + 12;
    let (place, mut removed) = (info.edits.len(), 0);
    loop {
        let marker = be16(b, at).ok_or_else(short)?;
        if marker == 0xFF93 {
            break;
        }
        let size = usize::from(be16(b, at + 2).ok_or_else(short)?);
        if !(0xFF50..=0xFF7F).contains(&marker) || size < 2 {
            return Err(bad("no marker where one has to be"));
        }
        let body = b.get(at + 4..at + 2 + size).ok_or_else(short)?;
        if marker == 0xFF64 {
            let edit = strip::jpeg2000_edit(at, body);
            removed += edit.as_ref().map_or(0, |e| e.range.len());
            info.text_segment(edit);
        }
        at += 2 + size;
    }
    if removed > 0 && len > 0 {
        let left = len
            .checked_sub(removed)
            .and_then(|n| u32::try_from(n).ok())
            .ok_or_else(|| bad("a tile part shorter than its header"))?;
        let edit = Edit {
            range: start + 6..start + 10,
            with: left.to_be_bytes().to_vec(),
        };
        info.edits.insert(place, edit);
    }
    Ok(())
}

/// The code stream of a JPEG XL frame: the frame itself, or what lies in the `jxlc` or `jxlp` boxes of a file around it.
/// Other boxes hold Exif, XMP and what the original JPEG held beside its picture.
pub fn jpeg_xl_stream(b: &[u8]) -> Result<Cow<'_, [u8]>, Refusal> {
    if b.starts_with(&[0xFF, 0x0A]) {
        return Ok(Cow::Borrowed(b));
    }
    let short = || cut("a box of JPEG XL runs past the frame");
    let (mut at, mut parts) = (0, Vec::new());
    while at < b.len() && b[at..].iter().any(|v| *v != 0) {
        let kind = b.get(at + 4..at + 8).ok_or_else(short)?;
        let (header, len) = match be32(b, at).ok_or_else(short)? {
            0 => (8, b.len() - at),
            1 => {
                let low = be32(b, at + 12).filter(|_| be32(b, at + 8) == Some(0));
                (16, low.ok_or_else(short)? as usize)
            }
            n => (8, n as usize),
        };
        let stop = at.checked_add(len).ok_or_else(short)?;
        // Parts begin with their number.
        let skip = if kind == b"jxlp" { 4 } else { 0 };
        let content = b.get(at + header + skip..stop).ok_or_else(short)?;
        if kind == b"jxlc" || kind == b"jxlp" {
            parts.extend_from_slice(content);
        }
        at = stop;
    }
    if parts.is_empty() {
        return Err(bad("no JPEG XL code stream"));
    }
    Ok(Cow::Owned(parts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dicom::support::Codec;

    fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
        let mut s = vec![0xFF, marker];
        s.extend_from_slice(&(body.len() as u16 + 2).to_be_bytes());
        s.extend_from_slice(body);
        s
    }

    fn jpeg_with(extra: &[u8], ids: [u8; 3], luma: u8, sof: u8) -> Vec<u8> {
        let mut b = vec![0xFF, 0xD8];
        b.extend_from_slice(extra);
        let sof_body = [
            8, 0, 4, 0, 6, 3, ids[0], luma, 0, ids[1], 0x11, 1, ids[2], 0x11, 1,
        ];
        b.extend(segment(sof, &sof_body));
        b.extend(segment(0xDA, &[3, 1, 0, 2, 0, 3, 0, 0, 63, 0]));
        b.extend_from_slice(&[1, 2, 3, 0xFF, 0xD9, 0]);
        b
    }

    #[test]
    fn jpeg_colour_follows_the_stream() {
        let jfif = segment(0xE0, b"JFIF\0\x01\x01");
        let adobe = |t: u8| segment(0xEE, &[b"Adobe\0\0\0\0\0\0".as_slice(), &[t]].concat());
        for (extra, ids, luma, colour) in [
            (vec![], [1, 2, 3], 0x21, Colour::Ybr),
            (vec![], [1, 2, 3], 0x11, Colour::AsHeader),
            (vec![], *b"RGB", 0x11, Colour::Rgb),
            (jfif, [1, 2, 3], 0x11, Colour::Ybr),
            (adobe(0), [1, 2, 3], 0x11, Colour::Rgb),
            (adobe(1), [1, 2, 3], 0x11, Colour::Ybr),
        ] {
            let info = jpeg(&jpeg_with(&extra, ids, luma, 0xC0)).unwrap();
            assert_eq!(info.colour, colour);
            assert_eq!((info.rows, info.cols, info.precision), (4, 6, 8));
        }
    }

    #[test]
    fn jpeg_without_end_and_with_more_behind_it() {
        let whole = jpeg_with(&segment(0xFE, b"note"), [1, 2, 3], 0x11, 0xC0);
        assert_eq!(jpeg(&whole).unwrap().comments, 1);
        for n in 0..whole.len() - 2 {
            assert!(jpeg(&whole[..n]).is_err(), "prefix of {n}");
        }
        let more = [whole.as_slice(), b"and text"].concat();
        assert_eq!(jpeg(&more).unwrap().after_end, 9);
        // A second picture behind the end is no part of the first.
        let two = [whole.as_slice(), &whole].concat();
        assert_eq!(jpeg(&two).unwrap().after_end, whole.len() + 1);
        let arithmetic = jpeg_with(&[], [1, 2, 3], 0x11, 0xC9);
        assert_eq!(jpeg(&arithmetic).unwrap_err().reason, Reason::PixelFormat);
    }

    fn j2k(mct: u8, tile_part: u32) -> Vec<u8> {
        let mut b = vec![0xFF, 0x4F];
        let mut size = vec![0, 0];
        for v in [6_u32, 4, 0, 0, 6, 4, 0, 0] {
            size.extend_from_slice(&v.to_be_bytes());
        }
        size.extend_from_slice(&[0, 3, 11, 1, 1, 11, 1, 1, 11, 1, 1]);
        b.extend(segment(0x51, &size));
        b.extend(segment(0x52, &[0, 0, 0, 1, mct, 5, 4, 4, 0, 1]));
        b.extend(segment(
            0x90,
            &[[0, 0].as_slice(), &tile_part.to_be_bytes(), &[0, 1]].concat(),
        ));
        b.extend_from_slice(&[0xFF, 0x93, 7, 7, 7, 7]);
        b.extend_from_slice(&[0xFF, 0xD9]);
        b
    }

    #[test]
    fn jpeg2000_is_walked_to_its_end() {
        for (mct, colour) in [(0, Colour::AsHeader), (1, Colour::RgbDecoded)] {
            let info = jpeg2000(&j2k(mct, 18)).unwrap();
            assert_eq!((info.rows, info.cols, info.precision), (4, 6, 12));
            assert_eq!((info.signed, info.colour), (Some(false), colour));
            assert_eq!(info.reversible, Some(true));
        }
        let whole = j2k(0, 18);
        for n in 0..whole.len() {
            assert!(jpeg2000(&whole[..n]).is_err(), "prefix of {n}");
        }
        assert!(jpeg2000(&j2k(0, 0)).is_ok());
        assert!(jpeg2000(&j2k(0, 17)).is_err());
    }

    #[test]
    fn comments_in_headers_of_tile_parts_are_found_and_go() {
        let clean = j2k(0, 18);
        let mut dirty = j2k(0, 28);
        let at = dirty.windows(2).position(|w| w == [0xFF, 0x93]).unwrap();
        let note = segment(0x64, &[0, 1, b'n', b'o', b't', b'e']);
        dirty.splice(at..at, note);
        assert_eq!(jpeg2000(&dirty).unwrap().comments, 1);
        assert_eq!(strip::strip(Codec::Jpeg2000, &dirty).unwrap(), clean);
        let mut lie = dirty.clone();
        lie[at - 3..at - 1].copy_from_slice(&[0, 0]);
        assert!(jpeg2000(&lie[..at + 4]).is_err());
    }
}
