//! Uncompressed 4:2:0 video as programs pass it through pipes (YUV4MPEG2): a header line, and frames of three planes.

use crate::codec::CodecError;
use std::io::Read;

/// Longest line that is read.
const LINE: usize = 512;

/// What every frame of a clip looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Frames a second, as a fraction.
    pub rate: (u32, u32),
    /// Shape of a pixel, as a fraction; 0:0 where unknown.
    pub aspect: (u32, u32),
    /// Which field comes first, where frames are two fields.
    pub top_field_first: Option<bool>,
    /// 8 or 10.
    pub bits: u16,
    /// Whether luminance goes from 0 rather than 16.
    pub full_range: bool,
}

impl Header {
    /// Bytes of a sample.
    pub fn sample_bytes(&self) -> usize {
        usize::from(self.bits.div_ceil(8))
    }

    /// Columns and rows of a chrominance plane.
    pub fn chroma(&self) -> (usize, usize) {
        (
            self.width.div_ceil(2) as usize,
            self.height.div_ceil(2) as usize,
        )
    }

    /// Bytes of a frame: luminance, blue and red difference, one plane after the other.
    pub fn frame_bytes(&self) -> usize {
        let (w, h) = self.chroma();
        (self.width as usize * self.height as usize + 2 * w * h) * self.sample_bytes()
    }

    /// The header line.
    pub fn line(&self) -> String {
        let interlace = match self.top_field_first {
            None => 'p',
            Some(true) => 't',
            Some(false) => 'b',
        };
        let chroma = if self.bits > 8 {
            "420p10 XYSCSS=420P10"
        } else {
            "420mpeg2 XYSCSS=420MPEG2"
        };
        let range = if self.full_range { "FULL" } else { "LIMITED" };
        format!(
            "YUV4MPEG2 W{} H{} F{}:{} I{interlace} A{}:{} C{chroma} XCOLORRANGE={range}\n",
            self.width, self.height, self.rate.0, self.rate.1, self.aspect.0, self.aspect.1,
        )
    }

    /// Reads a header line, without its line feed.
    ///
    /// # Errors
    /// [`CodecError::Unsupported`] for samples other than 4:2:0 of 8 or 10 bits, [`CodecError::Damaged`] for no such line.
    pub fn parse(line: &[u8]) -> Result<Header, CodecError> {
        let bad = || CodecError::Damaged("the video program gave no header");
        let text = std::str::from_utf8(line).map_err(|_| bad())?;
        let mut words = text.split(' ');
        if words.next() != Some("YUV4MPEG2") {
            return Err(bad());
        }
        let fraction = |v: &str| -> Option<(u32, u32)> {
            let (a, b) = v.split_once(':')?;
            Some((a.parse().ok()?, b.parse().ok()?))
        };
        let mut h = Header {
            width: 0,
            height: 0,
            rate: (25, 1),
            aspect: (0, 0),
            top_field_first: None,
            bits: 8,
            full_range: false,
        };
        for word in words {
            let Some(value) = word.get(1..) else { continue };
            match word.as_bytes().first() {
                Some(b'W') => h.width = value.parse().map_err(|_| bad())?,
                Some(b'H') => h.height = value.parse().map_err(|_| bad())?,
                Some(b'F') => h.rate = fraction(value).ok_or_else(bad)?,
                Some(b'A') => h.aspect = fraction(value).ok_or_else(bad)?,
                Some(b'I') => {
                    h.top_field_first = match value {
                        "p" | "?" => None,
                        "t" => Some(true),
                        "b" => Some(false),
                        _ => return Err(CodecError::Unsupported("video of mixed fields")),
                    }
                }
                Some(b'C') => {
                    h.bits = match value {
                        "420" | "420jpeg" | "420mpeg2" | "420paldv" => 8,
                        "420p10" => 10,
                        _ => return Err(CodecError::Unsupported("video that is not 4:2:0")),
                    }
                }
                Some(b'X') if value == "COLORRANGE=FULL" => h.full_range = true,
                _ => {}
            }
        }
        if h.width == 0 || h.height == 0 || h.rate.0 == 0 || h.rate.1 == 0 {
            return Err(bad());
        }
        Ok(h)
    }
}

/// Reads the header, then hands over every frame in order; `accept` says whether the header will do.
///
/// # Errors
/// Those of [`Header::parse`], of `accept` and of `take`; [`CodecError::Damaged`] for a frame that is cut short.
pub fn read(
    input: &mut dyn Read,
    mut accept: impl FnMut(&Header) -> Result<(), CodecError>,
    mut take: impl FnMut(&[u8]) -> Result<(), CodecError>,
) -> Result<Header, CodecError> {
    let mut input = std::io::BufReader::with_capacity(1 << 20, input);
    let first = line(&mut input)?.ok_or(CodecError::Damaged("no video came out"))?;
    let header = Header::parse(&first)?;
    accept(&header)?;
    let mut frame = vec![0; header.frame_bytes()];
    while let Some(mark) = line(&mut input)? {
        if !mark.starts_with(b"FRAME") {
            return Err(CodecError::Damaged("no frame where one has to be"));
        }
        input
            .read_exact(&mut frame)
            .map_err(|_| CodecError::Damaged("a frame of the video is cut short"))?;
        take(&frame)?;
    }
    Ok(header)
}

/// A line without its end; `None` at the end of the input.
fn line(input: &mut dyn Read) -> Result<Option<Vec<u8>>, CodecError> {
    let cut = CodecError::Damaged("the video ends inside a line");
    let mut out = Vec::new();
    let mut byte = [0];
    loop {
        match input.read(&mut byte) {
            Ok(0) if out.is_empty() => return Ok(None),
            Ok(1) if byte[0] == b'\n' => return Ok(Some(out)),
            Ok(1) if out.len() < LINE => out.push(byte[0]),
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            _ => return Err(cut),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_come_back() {
        for bits in [8, 10] {
            for top_field_first in [None, Some(true), Some(false)] {
                let header = Header {
                    width: 33,
                    height: 17,
                    rate: (30_000, 1001),
                    aspect: (1, 1),
                    top_field_first,
                    bits,
                    full_range: bits == 8,
                };
                let line = header.line();
                let line = line.strip_suffix('\n').unwrap();
                assert_eq!(Header::parse(line.as_bytes()).unwrap(), header);
                assert_eq!(
                    header.frame_bytes(),
                    (33 * 17 + 2 * 17 * 9) * header.sample_bytes()
                );
            }
        }
    }

    #[test]
    fn broken_answers_are_refused_or_read_but_never_worse() {
        let whole =
            b"YUV4MPEG2 W2 H2 F25:1 Ip A1:1 C420jpeg XCOLORRANGE=FULL\nFRAME\nabcdefFRAME\nghijkl";
        let mut state = 0x9e37_79b9_u32;
        let mut below = |n: usize| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state as usize % n
        };
        let (mut refused, rounds) = (0, 20_000);
        for _ in 0..rounds {
            let mut bytes = whole.to_vec();
            for _ in 0..=below(3) {
                let at = below(bytes.len().max(1));
                match below(4) {
                    _ if bytes.len() < 2 => {}
                    0 => bytes[at] ^= 1 << below(8),
                    1 => drop(bytes.drain(at..(at + below(9)).min(bytes.len()))),
                    2 => bytes.insert(at, b"09: \nWHFC"[below(9)]),
                    _ => bytes.truncate(at.max(1)),
                }
            }
            let accept = |h: &Header| match (h.width, h.height) {
                (2, 2) => Ok(()),
                _ => Err(CodecError::Damaged("another size")),
            };
            let mut frames = 0;
            let take = |planes: &[u8]| {
                frames += 1;
                assert!(matches!(planes.len(), 6 | 12));
                Ok(())
            };
            refused += u32::from(read(&mut &bytes[..], accept, take).is_err());
            assert!(frames <= 4, "{frames} frames of at most 100 bytes");
        }
        // A change inside the frames is another picture, which is seen nowhere here.
        assert!(refused > rounds / 3 && refused < rounds, "{refused}");
    }

    #[test]
    fn what_is_not_such_video_is_refused() {
        for line in [
            "",
            "RIFF",
            "YUV4MPEG2",
            "YUV4MPEG2 W0 H4",
            "YUV4MPEG2 W4 Hx",
            "YUV4MPEG2 W4 H4 C444",
            "YUV4MPEG2 W4 H4 Im",
            "YUV4MPEG2 W4 H4 F0:0",
        ] {
            assert!(Header::parse(line.as_bytes()).is_err(), "{line}");
        }
        let whole = b"YUV4MPEG2 W2 H2 F25:1 Ip A1:1 C420jpeg\nFRAME\nabcdefFRAME\nghijkl";
        let count = |bytes: &[u8]| {
            let mut n = 0;
            let mut input = bytes;
            read(
                &mut input,
                |_| Ok(()),
                |_| {
                    n += 1;
                    Ok(())
                },
            )
            .map(|_| n)
        };
        assert_eq!(count(whole).unwrap(), 2);
        for n in 0..whole.len() {
            // Frames that are missing as a whole are for the caller to count.
            let got = count(&whole[..n]);
            assert!(got.is_err() || got.unwrap() < 2, "prefix of {n}");
        }
    }
}
