//! JPEG frames masked as they are coded: only the blocks under a mask are coded anew (dicom.md §3.5).
//!
//! Takes an object whose frames are DCT streams; gives code streams with filled blocks, and the comparison of two such
//! frames in coefficients. Which objects go this way is for the caller to decide; what a stream lacks for it is an error
//! here, and the caller then has the samples written instead.

use super::decode::{self, coded, guarded};
use super::object::Object;
use super::stream::Colour;
use super::strip::strip;
use super::support::Codec;
use crate::codec::jpeg::{Coefficients, Units};
use crate::facts::Facts;
use crate::frame::{Frame, Photometric};
use crate::geometry::Rect;
use crate::outcome::{Reason, Refusal};
use crate::plan::Fill;

/// The fill of an object whose frames are masked as they are coded: black or white, which every quantiser has and every
/// decoder gives exactly, or the palette index and the signed value that [`crate::mask::choose_fill`] finds without
/// looking at samples.
pub fn coded_fill(facts: &Facts) -> Fill {
    let f = &facts.format;
    let grey = matches!(
        f.photometric,
        Photometric::Monochrome1 | Photometric::Monochrome2
    );
    let value = match (f.photometric, f.signed) {
        _ if !grey => return crate::mask::choose_fill(facts, None),
        (Photometric::Monochrome1, false) => (1i64 << f.bits_stored) - 1,
        (Photometric::Monochrome1, true) => (1i64 << (f.bits_stored - 1)) - 1,
        (_, false) => 0,
        (_, true) => -(1i64 << (f.bits_stored - 1)),
    };
    Fill {
        words: [crate::frame::word_for_value(f, value); 3],
    }
}

impl Object {
    /// Width and height in pixels of the units in which frames can be masked as they are coded; `None` where frames are
    /// not coded so, or do not agree.
    pub fn coded_unit(&self) -> Option<(u32, u32)> {
        self.unit
    }

    /// A frame as it is coded, with the blocks under the masks filled; without what `strip` takes out.
    ///
    /// # Errors
    /// Those of reading and writing the stream's coefficients; `unsupported-pixel-format` for a fill that the frame's
    /// quantisers have no step for.
    pub fn mask_coded(&self, index: u32, masks: &[Rect], fill: &Fill) -> Result<Vec<u8>, Refusal> {
        let encoded = self.encoded_frame(index)?;
        let levels = self.levels(&encoded, fill)?;
        let stripped = strip(Codec::JpegDct, &encoded)?;
        guarded(|| {
            let mut image = self.coefficients(&stripped)?;
            image.mask_blocks(masks, levels).map_err(impossible)?;
            image.write().map_err(impossible)
        })
    }

    /// Decodes other bytes as if they were a frame of this object.
    ///
    /// # Errors
    /// Those of [`Object::frame`].
    pub fn frame_of(&self, encoded: &[u8]) -> Result<Frame, Refusal> {
        let format = self.facts().format;
        let data = decode::decode(self.syntax.codec, encoded, &self.header_format, &format)?;
        Ok(Frame { format, data })
    }

    /// Whether a frame of a later object is coded by the same bytes, apart from what `strip` takes out.
    ///
    /// # Errors
    /// Those of `stream`.
    pub fn same_coded(&self, after: &Object, index: u32) -> Result<bool, Refusal> {
        let (before, written) = (self.encoded_frame(index)?, after.encoded_frame(index)?);
        Ok(before == written || strip(Codec::JpegDct, &before)?.as_slice() == unpadded(&written))
    }

    /// Compares a frame with the same frame of a later object in coefficients.
    ///
    /// # Errors
    /// Those of reading the streams; `decode-failed` where they have different shapes.
    pub fn compare_coded(&self, after: &Object, index: u32) -> Result<Units, Refusal> {
        let (before, written) = (self.encoded_frame(index)?, after.encoded_frame(index)?);
        guarded(|| {
            let (before, after) = (self.coefficients(&before)?, after.coefficients(&written)?);
            before.compare(&after).map_err(coded)
        })
    }

    /// The levels of a fill as the components of this frame code them.
    ///
    /// # Errors
    /// `unsupported-pixel-format` for a colour that would have to be converted.
    pub fn fill_levels(&self, index: u32, fill: &Fill) -> Result<[u16; 3], Refusal> {
        self.levels(&self.encoded_frame(index)?, fill)
    }

    fn levels(&self, encoded: &[u8], fill: &Fill) -> Result<[u16; 3], Refusal> {
        let info = decode::probe(Codec::JpegDct, encoded)?.unwrap_or_default();
        let bits = info.precision.clamp(1, 16);
        let field = u64::from(u16::MAX >> (16 - bits));
        let words = fill.words.map(|w| (w & field) as u16);
        let header = self.header_format.photometric;
        let ybr = match info.colour {
            Colour::Ybr => true,
            Colour::AsHeader => header != Photometric::Rgb,
            Colour::Rgb | Colour::RgbDecoded => false,
        };
        if info.components == 1 {
            Ok([words[0], 0, 0])
        } else if !ybr || self.facts().format.photometric.is_ybr() {
            Ok(words)
        } else if words == [0; 3] {
            let middle = 1 << (bits - 1);
            Ok([0, middle, middle])
        } else {
            Err(Refusal::new(Reason::PixelFormat, "a fill that is a colour"))
        }
    }

    fn coefficients<'a>(&self, encoded: &'a [u8]) -> Result<Coefficients<'a>, Refusal> {
        Coefficients::read(encoded, self.facts().format.bytes_per_frame()).map_err(coded)
    }
}

/// Without the byte that makes a fragment even.
fn unpadded(encoded: &[u8]) -> &[u8] {
    match encoded {
        [whole @ .., 0] if whole.ends_with(&[0xFF, 0xD9]) => whole,
        _ => encoded,
    }
}

/// What masking refuses is a lack of the stream, not a fault of this program.
fn impossible(e: crate::codec::CodecError) -> Refusal {
    Refusal::new(Reason::PixelFormat, e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dicom::testing::{Sample, us};
    use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

    const BASELINE: &str = "1.2.840.10008.1.2.4.50";

    /// A JPEG frame of 20 rows and 40 columns that is nowhere black, white or grey.
    fn stream(colour: ColorType, sampling: SamplingFactor) -> Vec<u8> {
        let channels = if colour == ColorType::Luma { 1 } else { 3 };
        let pixels: Vec<u8> = (0..20 * 40 * channels)
            .map(|i| (60 + i * 7 % 50 + i % channels * 60) as u8)
            .collect();
        let mut out = Vec::new();
        let mut encoder = Encoder::new(&mut out, 90);
        encoder.set_sampling_factor(sampling);
        encoder.encode(&pixels, 40, 20, colour).unwrap();
        out
    }

    fn object(streams: &[Vec<u8>], photometric: &str, signed: bool) -> Object {
        let samples = if photometric.starts_with("MONO") {
            1
        } else {
            3
        };
        let items: Vec<&[u8]> = std::iter::once(&[][..])
            .chain(streams.iter().map(Vec::as_slice))
            .collect();
        Sample::new(20, 40, samples, (8, 8), photometric)
            .with(0x0028, 0x0103, "US", us(signed.into()))
            .frames(&streams.len().to_string())
            .items(BASELINE, &items)
            .read()
            .unwrap()
    }

    #[test]
    fn every_kind_of_fill_is_what_the_blocks_decode_to() {
        let (grey, rgb) = (ColorType::Luma, ColorType::Rgb);
        let plain = SamplingFactor::F_1_1;
        for (photometric, signed, colour, words) in [
            ("MONOCHROME2", false, grey, [0; 3]),
            ("MONOCHROME1", false, grey, [255; 3]),
            ("MONOCHROME2", true, grey, [0x80; 3]),
            ("YBR_FULL", false, rgb, [0; 3]),
        ] {
            let object = object(&[stream(colour, plain)], photometric, signed);
            assert_eq!(object.coded_unit(), Some((8, 8)));
            let fill = coded_fill(object.facts());
            assert_eq!(fill.words, words, "{photometric} {signed}");
            let coded = object
                .mask_coded(0, &[Rect::new(9, 3, 2, 2)], &fill)
                .unwrap();
            let (before, after) = (object.frame(0).unwrap(), object.frame_of(&coded).unwrap());
            let masked = Rect::new(8, 0, 8, 8);
            for (x, y) in (0..20).flat_map(|y| (0..40).map(move |x| (x, y))) {
                let samples = usize::from(before.format.samples_per_pixel);
                for (c, word) in words.iter().enumerate().take(samples) {
                    let want = if masked.contains_point(x, y) {
                        *word
                    } else {
                        before.word(x, y, c)
                    };
                    let is = after.word(x, y, c);
                    assert_eq!(is, want, "{photometric} {signed} {x},{y}");
                }
            }
        }
    }

    #[test]
    fn frames_have_one_unit_or_none() {
        let (plain, half) = (SamplingFactor::F_1_1, SamplingFactor::F_2_1);
        let of = |samplings: &[SamplingFactor]| {
            let frames = samplings.iter().map(|s| stream(ColorType::Rgb, *s));
            object(&frames.collect::<Vec<_>>(), "YBR_FULL_422", false).coded_unit()
        };
        assert_eq!(of(&[half, half]), Some((16, 8)));
        assert_eq!(of(&[half, plain]), None);
    }

    #[test]
    fn a_level_without_a_step_and_a_colour_are_refused() {
        let grey = object(
            &[stream(ColorType::Luma, SamplingFactor::F_1_1)],
            "MONOCHROME2",
            false,
        );
        let mask = [Rect::new(0, 0, 8, 8)];
        let e = grey
            .mask_coded(0, &mask, &Fill { words: [3; 3] })
            .unwrap_err();
        assert_eq!(e.reason, Reason::PixelFormat);
        let colour = object(
            &[stream(ColorType::Rgb, SamplingFactor::F_1_1)],
            "YBR_FULL",
            false,
        );
        let e = colour
            .mask_coded(0, &mask, &Fill { words: [9, 0, 0] })
            .unwrap_err();
        assert_eq!(e.reason, Reason::PixelFormat);
    }

    #[test]
    fn other_bytes_of_the_same_blocks_are_the_same_and_other_blocks_are_not() {
        let plain = stream(ColorType::Rgb, SamplingFactor::F_2_1);
        let noted = [
            &plain[..2],
            &[0xFF, 0xFE, 0, 5, b'y', b'o', b'u'],
            &plain[2..],
        ]
        .concat();
        let (a, b) = (
            object(std::slice::from_ref(&noted), "YBR_FULL_422", false),
            object(std::slice::from_ref(&plain), "YBR_FULL_422", false),
        );
        assert!(a.same_coded(&b, 0).unwrap());
        let fill = coded_fill(a.facts());
        let masked = a.mask_coded(0, &[Rect::new(0, 0, 1, 1)], &fill).unwrap();
        let c = object(&[masked], "YBR_FULL_422", false);
        assert!(!a.same_coded(&c, 0).unwrap());
        let changed: Vec<Rect> = a
            .compare_coded(&c, 0)
            .unwrap()
            .iter()
            .filter(|(_, u)| !u.same)
            .map(|(r, _)| r)
            .collect();
        assert_eq!(changed, [Rect::new(0, 0, 16, 8)]);
    }
}
