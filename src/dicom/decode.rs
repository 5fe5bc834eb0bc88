//! One frame's bytes to samples, whatever the codec.
//!
//! Takes the encoded bytes and the layout that [`super::format`] found; gives exactly
//! [`PixelFormat::bytes_per_frame`] bytes or a refusal. Decoders that we did not write run behind a guard: a panic in one
//! is that frame's failure.

use super::file::inflate_stream;
use super::format;
use super::stream::{self, Colour, StreamInfo};
use super::support::Codec;
use crate::codec::{self, CodecError};
use crate::frame::{Photometric, PixelFormat};
use crate::outcome::{Reason, Refusal};
use std::panic::{AssertUnwindSafe, catch_unwind};

fn failed(what: impl Into<String>) -> Refusal {
    Refusal::new(Reason::Decode, what)
}

/// What the stream of a frame says of itself; `None` for codecs without headers.
///
/// # Errors
/// Those of [`super::stream`].
pub fn probe(codec: Codec, encoded: &[u8]) -> Result<Option<StreamInfo>, Refusal> {
    Ok(Some(match codec {
        Codec::JpegDct | Codec::JpegLossless | Codec::JpegLs => stream::jpeg(encoded)?,
        Codec::Jpeg2000 => {
            let code = stream::jpeg2000_stream(encoded)?;
            let mut info = stream::jpeg2000(code)?;
            // A JP2 file around it has boxes for text (dicom.md §3.6).
            info.comments += u32::from(code.len() < encoded.len());
            info
        }
        Codec::JpegXl => probe_jpeg_xl(encoded)?,
        _ => return Ok(None),
    }))
}

/// Decodes one frame. `header` is the layout of the DICOM header, `out` that of decoded samples.
///
/// # Errors
/// `decode-failed`, `truncated`, `inconsistent`, `unsupported-transfer-syntax`.
pub fn decode(
    codec: Codec,
    encoded: &[u8],
    header: &PixelFormat,
    out: &PixelFormat,
) -> Result<Vec<u8>, Refusal> {
    let info = probe(codec, encoded)?;
    if let Some(info) = &info {
        let own = format::decoded(*header, codec, Some(info))?;
        if own != *out {
            return Err(Refusal::new(
                Reason::Inconsistent,
                "frames of different colour models",
            ));
        }
    }
    let data = match codec {
        Codec::Native | Codec::Uncompressed => native(encoded, out)?,
        Codec::DeflatedFrame => {
            let (raw, used) = inflate_stream(encoded, out.bytes_per_frame() as u64 + 2)?;
            let rest = encoded.get(used..).unwrap_or_default();
            if rest.len() > 1 && rest.iter().any(|b| *b != 0) {
                return Err(failed("bytes behind the deflated frame"));
            }
            native(&raw, out)?
        }
        Codec::Rle => guarded(|| codec::rle::decode(encoded, out).map_err(coded))?,
        Codec::JpegLs => {
            guarded(|| wide(codec::jpeg_ls::decode(encoded, out.bytes_per_frame()), out))?
        }
        Codec::JpegDct | Codec::JpegLossless => {
            let info = info.unwrap_or_default();
            if codec == Codec::JpegDct && info.precision > 8 {
                guarded(|| wide(codec::jpeg::decode(encoded, out.bytes_per_frame()), out))?
            } else {
                guarded(|| jpeg(codec, encoded, header, out, &info))?
            }
        }
        Codec::Jpeg2000 => guarded(|| jpeg2000(encoded, out))?,
        Codec::JpegXl => guarded(|| jpeg_xl(encoded, out))?,
        Codec::Video | Codec::None => {
            return Err(Refusal::new(
                Reason::TransferSyntax,
                "no decoder for this transfer syntax",
            ));
        }
    };
    if data.len() == out.bytes_per_frame() {
        Ok(data)
    } else {
        Err(failed("the decoder gave another number of samples"))
    }
}

pub(super) fn guarded<T>(f: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|_| Err(failed("the decoder panicked")))
}

/// Samples that are not coded: 1-bit frames are unpacked, the rest is taken as it is. One byte of padding may follow.
pub fn native(raw: &[u8], f: &PixelFormat) -> Result<Vec<u8>, Refusal> {
    let short = || Refusal::new(Reason::Truncated, "a frame is shorter than its size");
    if f.bits_allocated == 1 {
        let n = f.samples_per_frame();
        return Ok(unpack_bits(
            raw.get(..n.div_ceil(8)).ok_or_else(short)?,
            0,
            n,
        ));
    }
    let n = f.bytes_per_frame();
    if raw.len() > n + 1 {
        return Err(failed("a frame is longer than its size"));
    }
    Ok(raw.get(..n).ok_or_else(short)?.to_vec())
}

/// `n` pixels of one bit from bit `first` on, least significant bit first (PS3.5 8.1.1), as bytes 0 and 1. Bits behind
/// the end of `raw` are 0.
pub fn unpack_bits(raw: &[u8], first: usize, n: usize) -> Vec<u8> {
    (first..first + n)
        .map(|i| raw.get(i / 8).copied().unwrap_or_default() >> (i % 8) & 1)
        .collect()
}

/// What one of our own decoders gave, in the words of the frame.
fn wide(
    decoded: Result<codec::Decoded, CodecError>,
    out: &PixelFormat,
) -> Result<Vec<u8>, Refusal> {
    let d = decoded.map_err(coded)?;
    if (d.width, d.height, d.components) != (out.cols, out.rows, out.samples_per_pixel) {
        return Err(failed("the decoder gave another size"));
    }
    if d.bits <= 8 {
        words(d.samples.into_iter().map(i64::from), out, d.bits)
    } else {
        let samples = d.samples.as_chunks::<2>().0.iter();
        let values = samples.map(|c| i64::from(u16::from_le_bytes(*c)));
        words(values, out, d.bits)
    }
}

/// A codec's refusal as one of this file.
pub(super) fn coded(e: CodecError) -> Refusal {
    let reason = match e {
        CodecError::Unsupported(_) => Reason::PixelFormat,
        CodecError::TooLarge { .. } => Reason::Inconsistent,
        CodecError::Damaged(_) => Reason::Decode,
        CodecError::Input(_) => Reason::Internal,
    };
    Refusal::new(reason, e.to_string())
}

fn jpeg(
    codec: Codec,
    encoded: &[u8],
    header: &PixelFormat,
    out: &PixelFormat,
    info: &StreamInfo,
) -> Result<Vec<u8>, Refusal> {
    use jpeg_decoder::{ColorTransform, Decoder};
    let lossless = codec == Codec::JpegLossless;
    let mut decoder = Decoder::new(encoded);
    // The decoder's own guess ignores the header; ours was made with all evidence in hand.
    decoder.set_color_transform(match (info.components, info.colour) {
        (1, _) => ColorTransform::Grayscale,
        _ if lossless => ColorTransform::None,
        (_, Colour::Ybr) => ColorTransform::YCbCr,
        (_, Colour::AsHeader) if header.photometric != Photometric::Rgb => ColorTransform::YCbCr,
        _ => ColorTransform::RGB,
    });
    decoder.set_max_decoding_buffer_size(out.bytes_per_frame());
    let raw = decoder.decode().map_err(|e| failed(jpeg_error(&e)))?;
    let samples = out.samples_per_frame();
    let values: Vec<u16> = if raw.len() == samples {
        raw.into_iter().map(u16::from).collect()
    } else {
        raw.as_chunks::<2>()
            .0
            .iter()
            .map(|c| u16::from_ne_bytes(*c))
            .collect()
    };
    words(values.into_iter().map(i64::from), out, info.precision)
}

/// What went wrong, without the decoder's text: it may quote the file.
fn jpeg_error(e: &jpeg_decoder::Error) -> &'static str {
    match e {
        jpeg_decoder::Error::Format(_) => "the JPEG stream is malformed",
        jpeg_decoder::Error::Unsupported(_) => "the JPEG stream uses what the decoder lacks",
        jpeg_decoder::Error::Io(_) => "the JPEG stream ends too early",
        jpeg_decoder::Error::Internal(_) => "the JPEG decoder failed",
    }
}

fn jpeg2000(encoded: &[u8], out: &PixelFormat) -> Result<Vec<u8>, Refusal> {
    let stream = stream::jpeg2000_stream(encoded)?;
    let image = jpeg2k::Image::from_bytes(stream)
        .map_err(|_| failed("the JPEG 2000 decoder refused the stream"))?;
    let components = image.components();
    let pixels = out.rows as usize * out.cols as usize;
    let precision = components.first().map_or(0, |c| c.precision());
    if components.len() != usize::from(out.samples_per_pixel)
        || components
            .iter()
            .any(|c| c.width() as usize * c.height() as usize != pixels)
    {
        return Err(failed("the JPEG 2000 decoder gave another size"));
    }
    let planes: Vec<&[i32]> = components.iter().map(|c| c.data()).collect();
    let interleaved = (0..pixels).flat_map(|i| planes.iter().map(move |p| i64::from(p[i])));
    words(interleaved, out, precision as u16)
}

fn probe_jpeg_xl(encoded: &[u8]) -> Result<StreamInfo, Refusal> {
    guarded(|| {
        let image = jxl_image(encoded)?;
        let meta = &image.image_header().metadata;
        let format = image.pixel_format();
        if format.has_alpha() || format.has_black() || image.num_loaded_keyframes() != 1 {
            return Err(Refusal::new(
                Reason::PixelFormat,
                "a JPEG XL stream with alpha, black or animation",
            ));
        }
        let jxl_oxide::image::BitDepth::IntegerSample { bits_per_sample } = meta.bit_depth else {
            return Err(Refusal::new(
                Reason::PixelFormat,
                "float samples in JPEG XL",
            ));
        };
        Ok(StreamInfo {
            rows: image.height(),
            cols: image.width(),
            components: format.channels() as u16,
            precision: bits_per_sample as u16,
            signed: None,
            colour: Colour::RgbDecoded,
            reversible: if meta.xyb_encoded { Some(false) } else { None },
            // A file around the code stream has boxes for text.
            comments: u32::from(!encoded.starts_with(&[0xFF, 0x0A])),
            ..StreamInfo::default()
        })
    })
}

fn jxl_image(encoded: &[u8]) -> Result<jxl_oxide::JxlImage, Refusal> {
    let image = jxl_oxide::JxlImage::builder()
        .pool(jxl_oxide::JxlThreadPool::none())
        .read(encoded)
        .map_err(|_| failed("the JPEG XL decoder refused the stream"))?;
    if image.is_loading_done() {
        Ok(image)
    } else {
        Err(Refusal::new(
            Reason::Truncated,
            "the JPEG XL stream does not end",
        ))
    }
}

fn jpeg_xl(encoded: &[u8], out: &PixelFormat) -> Result<Vec<u8>, Refusal> {
    let image = jxl_image(encoded)?;
    let render = image
        .render_frame(0)
        .map_err(|_| failed("the JPEG XL decoder refused the frame"))?;
    let info = probe_jpeg_xl(encoded)?;
    let mut samples = vec![0_f32; out.samples_per_frame()];
    if render.stream().write_to_buffer(&mut samples) != samples.len() {
        return Err(failed("the JPEG XL decoder gave another size"));
    }
    // Samples come as fractions of the full range; f32 holds every value of up to 16 bits exactly enough to round back.
    let full = f64::from((1_u32 << info.precision.min(16)) - 1);
    let values = samples
        .into_iter()
        .map(|s| (f64::from(s) * full).round().clamp(0.0, full) as i64);
    words(values, out, info.precision)
}

/// Sample words of `out` from decoded values. Signed samples are extended from the stream's precision through all
/// allocated bits, which not every decoder does. Bits between Bits Stored and the precision stay as they are: they may
/// carry something, and [`super::samples`] finds it.
fn words(
    values: impl Iterator<Item = i64>,
    out: &PixelFormat,
    precision: u16,
) -> Result<Vec<u8>, Refusal> {
    let n = out.bytes_per_sample();
    let shift = 64 - u32::from(precision.clamp(1, 64));
    let mut data = Vec::with_capacity(out.bytes_per_frame());
    for v in values {
        let v = if out.signed { v << shift >> shift } else { v };
        if !out.signed && (v < 0 || v >> out.bits_allocated != 0) {
            return Err(failed("a sample does not fit its word"));
        }
        data.extend_from_slice(&v.to_le_bytes()[..n]);
    }
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mono(bits_allocated: u16, bits_stored: u16, signed: bool) -> PixelFormat {
        PixelFormat {
            rows: 2,
            cols: 3,
            samples_per_pixel: 1,
            bits_allocated,
            bits_stored,
            high_bit: bits_stored - 1,
            signed,
            photometric: Photometric::Monochrome2,
            planar: false,
            float: false,
        }
    }

    #[test]
    fn signed_samples_are_extended_through_the_word() {
        let f = mono(16, 12, true);
        let data = words([0xFFF, 0x7FF, -1, 0x800, 0, 1].into_iter(), &f, 12).unwrap();
        let words: Vec<i16> = data
            .as_chunks::<2>()
            .0
            .iter()
            .map(|c| i16::from_le_bytes(*c))
            .collect();
        assert_eq!(words, [-1, 2047, -1, -2048, 0, 1]);
    }

    #[test]
    fn native_frames_have_their_exact_length() {
        let f = mono(8, 8, false);
        assert_eq!(
            native(&[1, 2, 3, 4, 5, 6, 0], &f).unwrap(),
            [1, 2, 3, 4, 5, 6]
        );
        assert_eq!(
            native(&[1, 2, 3, 4, 5], &f).unwrap_err().reason,
            Reason::Truncated
        );
        assert_eq!(native(&[0; 8], &f).unwrap_err().reason, Reason::Decode);
    }

    #[test]
    fn bits_are_unpacked_across_bytes() {
        assert_eq!(unpack_bits(&[0b1010_0101, 0b11], 6, 4), [0, 1, 1, 1]);
    }

    #[test]
    fn a_panic_is_a_refusal() {
        let e = guarded::<()>(|| panic!("as a decoder might")).unwrap_err();
        assert_eq!(e.reason, Reason::Decode);
    }
}
