//! The layout of pixel data by the header, checked, and by the first stream (PS3.3 C.7.6.3, PS3.5 section 8).
//!
//! Takes attributes and, for compressed frames, what the stream says; gives the [`PixelFormat`] of *decoded* samples.

use super::stream::{Colour, StreamInfo};
use super::support::{self, Codec};
use super::value::Values;
use crate::config::Limits;
use crate::frame::{Photometric, PixelFormat};
use crate::outcome::{Reason, Refusal};
use dicom_dictionary_std::tags;

fn inconsistent(what: impl Into<String>) -> Refusal {
    Refusal::new(Reason::Inconsistent, what)
}

fn unsupported(what: impl Into<String>) -> Refusal {
    Refusal::new(Reason::PixelFormat, what)
}

/// The layout as the header gives it.
///
/// # Errors
/// `inconsistent` for attributes that are missing or contradict each other, `unsupported-pixel-format`, `limit`.
pub fn from_header(v: &Values<'_>, limits: &Limits) -> Result<PixelFormat, Refusal> {
    let need = |tag, name: &str| -> Result<u16, Refusal> {
        v.int(tag)
            .and_then(|n| u16::try_from(n).ok())
            .ok_or_else(|| inconsistent(format!("{name} is missing or no number")))
    };
    let rows = need(tags::ROWS, "Rows")?;
    let cols = need(tags::COLUMNS, "Columns")?;
    let samples_per_pixel = need(tags::SAMPLES_PER_PIXEL, "Samples per Pixel")?;
    let bits_allocated = need(tags::BITS_ALLOCATED, "Bits Allocated")?;
    let name = v
        .code(tags::PHOTOMETRIC_INTERPRETATION)
        .ok_or_else(|| inconsistent("Photometric Interpretation is missing"))?;
    let photometric = Photometric::from_name(&name)
        .ok_or_else(|| unsupported("photometric interpretation is retired or unknown"))?;
    if rows == 0 || cols == 0 {
        return Err(inconsistent("no rows or no columns"));
    }
    if let Some(width) = float_width(v) {
        let grey = matches!(
            photometric,
            Photometric::Monochrome1 | Photometric::Monochrome2
        );
        if samples_per_pixel != 1 || !grey || bits_allocated != width {
            return Err(inconsistent("the header does not fit float pixel data"));
        }
        return within(
            PixelFormat {
                rows: rows.into(),
                cols: cols.into(),
                samples_per_pixel,
                bits_allocated,
                bits_stored: width,
                high_bit: width - 1,
                signed: true,
                photometric,
                planar: false,
                float: true,
            },
            limits,
        );
    }
    let bits_stored = need(tags::BITS_STORED, "Bits Stored")?;
    let high_bit = match v.set.get(tags::HIGH_BIT) {
        Some(_) => need(tags::HIGH_BIT, "High Bit")?,
        None => bits_stored.saturating_sub(1),
    };
    let signed = match need(tags::PIXEL_REPRESENTATION, "Pixel Representation")? {
        0 => false,
        1 => true,
        _ => return Err(inconsistent("Pixel Representation is neither 0 nor 1")),
    };
    let colour = !matches!(
        photometric,
        Photometric::Monochrome1 | Photometric::Monochrome2 | Photometric::PaletteColor
    );
    if samples_per_pixel != if colour { 3 } else { 1 } {
        return Err(inconsistent(
            "Samples per Pixel does not fit the photometric interpretation",
        ));
    }
    if !matches!(bits_allocated, 1 | 8 | 16 | 32) || colour && bits_allocated > 16 {
        return Err(unsupported(format!("{bits_allocated} bits allocated")));
    }
    if bits_stored == 0 || bits_stored > bits_allocated {
        return Err(inconsistent("Bits Stored does not fit Bits Allocated"));
    }
    if high_bit >= bits_allocated || high_bit + 1 < bits_stored {
        return Err(inconsistent("High Bit does not fit Bits Stored"));
    }
    let planar = match v.int(tags::PLANAR_CONFIGURATION) {
        Some(0) => false,
        Some(1) => samples_per_pixel > 1,
        None if samples_per_pixel == 1 => false,
        _ => return Err(inconsistent("Planar Configuration is missing or unknown")),
    };
    if samples_per_pixel > 1 && (signed || bits_allocated == 1) {
        return Err(unsupported("signed or 1-bit colour samples"));
    }
    within(
        PixelFormat {
            rows: rows.into(),
            cols: cols.into(),
            samples_per_pixel,
            bits_allocated,
            bits_stored,
            high_bit,
            signed,
            photometric,
            planar,
            float: false,
        },
        limits,
    )
}

/// Bits of a sample of Float or Double Float Pixel Data; `None` where the samples are integers.
fn float_width(v: &Values<'_>) -> Option<u16> {
    let there = |tag| v.set.get(tag).is_some();
    if there(tags::FLOAT_PIXEL_DATA) {
        Some(32)
    } else {
        there(tags::DOUBLE_FLOAT_PIXEL_DATA).then_some(64)
    }
}

fn within(format: PixelFormat, limits: &Limits) -> Result<PixelFormat, Refusal> {
    if format.bytes_per_frame() as u64 > limits.frame_bytes {
        return Err(Refusal::new(Reason::Limit, "a frame is above the limit"));
    }
    Ok(format)
}

/// The layout of decoded samples: the header's, corrected by what the codec does and the stream says.
///
/// # Errors
/// `inconsistent` where header and stream contradict each other, `unsupported-pixel-format`.
pub fn decoded(
    header: PixelFormat,
    codec: Codec,
    stream: Option<&StreamInfo>,
) -> Result<PixelFormat, Refusal> {
    use Photometric::{Rgb, YbrFull, YbrFull422, YbrIct, YbrPartial420, YbrPartial422, YbrRct};
    let mut f = header;
    let samples_as_they_are = matches!(
        codec,
        Codec::Native | Codec::Uncompressed | Codec::DeflatedFrame
    );
    if samples_as_they_are {
        match f.photometric {
            YbrIct | YbrRct => {
                return Err(inconsistent(
                    "a JPEG 2000 colour space without JPEG 2000 coding",
                ));
            }
            YbrPartial420 => return Err(unsupported("uncompressed 4:2:0 samples")),
            YbrFull422 | YbrPartial422 if f.bits_allocated != 8 || f.planar => {
                return Err(unsupported("4:2:2 samples in planes or of more than 8 bit"));
            }
            YbrFull422 | YbrPartial422 if f.cols % 2 == 1 => {
                return Err(inconsistent("4:2:2 samples and an odd number of columns"));
            }
            _ => return in_table(codec, f),
        }
    }
    f.planar = false;
    if codec != Codec::Rle && f.high_bit + 1 != f.bits_stored {
        return Err(unsupported(
            "High Bit above Bits Stored in a compressed image",
        ));
    }
    if !matches!(f.bits_allocated, 8 | 16) && codec != Codec::Rle {
        return Err(unsupported(format!(
            "{} bits allocated in a compressed image",
            f.bits_allocated
        )));
    }
    if let Some(s) = stream {
        check(&f, s)?;
        let lossless = s.reversible == Some(true);
        if matches!(codec, Codec::JpegDct | Codec::JpegLossless)
            && lossless != (codec == Codec::JpegLossless)
        {
            return Err(inconsistent(
                "the frames' JPEG process is not that of the transfer syntax",
            ));
        }
        if f.samples_per_pixel == 3 {
            f.photometric = match (s.colour, f.photometric) {
                (Colour::RgbDecoded | Colour::Rgb, _) => Rgb,
                // The DCT decoder of 8 bits turns luminance and chrominance into RGB; that of 12 bits turns nothing.
                (Colour::Ybr | Colour::AsHeader, _)
                    if codec == Codec::JpegDct && s.precision <= 8 =>
                {
                    Rgb
                }
                (Colour::Ybr, _) => YbrFull,
                (Colour::AsHeader, p) => p,
            };
        }
    }
    f.photometric = match f.photometric {
        // Full resolution chrominance once decoded.
        YbrFull422 => YbrFull,
        YbrIct | YbrRct => {
            return Err(inconsistent(
                "a JPEG 2000 colour space that the frames do not have",
            ));
        }
        YbrPartial420 | YbrPartial422 => {
            return Err(unsupported("studio-range colour in a compressed image"));
        }
        other => other,
    };
    in_table(codec, f)
}

/// Refuses what [`support::SHAPES`] does not name.
fn in_table(codec: Codec, f: PixelFormat) -> Result<PixelFormat, Refusal> {
    if support::shape(codec, &f).is_some() {
        return Ok(f);
    }
    Err(unsupported(format!(
        "{}{} samples in words of {} bits have no row in the support table for this coding",
        match (f.float, f.signed) {
            (true, _) => "float ",
            (_, true) => "signed ",
            _ => "",
        },
        f.photometric.name(),
        f.bits_allocated
    )))
}

/// Whether a stream fits the header.
///
/// # Errors
/// `inconsistent`.
pub fn check(f: &PixelFormat, s: &StreamInfo) -> Result<(), Refusal> {
    if (s.rows, s.cols) != (f.rows, f.cols) {
        return Err(inconsistent("a frame's own size differs from the header"));
    }
    if s.components != f.samples_per_pixel {
        return Err(inconsistent(
            "a frame's own components differ from the header",
        ));
    }
    // A stream that is signed itself, whatever its precision, leaves no doubt about the sign.
    let sign_known = s.signed == Some(true) || s.precision >= f.bits_stored;
    if s.precision > f.bits_allocated || f.signed && !sign_known {
        return Err(inconsistent(
            "a frame's own precision does not fit the header",
        ));
    }
    if s.signed == Some(true) && !f.signed {
        return Err(inconsistent(
            "a frame's samples are signed, the header's not",
        ));
    }
    Ok(())
}
