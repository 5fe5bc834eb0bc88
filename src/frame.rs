//! Frames as stored samples, and 8-bit pictures of them. No DICOM types.

pub mod float;

use serde::{Deserialize, Serialize};

/// How sample values are meant to be seen (PS3.3 C.7.6.3.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Photometric {
    /// Lowest value is white.
    Monochrome1,
    /// Lowest value is black.
    Monochrome2,
    /// Sample values index a palette.
    PaletteColor,
    /// Red, green, blue.
    Rgb,
    /// Full-range luminance and chrominance.
    YbrFull,
    /// The same with chrominance at half the horizontal resolution; native frames hold Y Y Cb Cr groups.
    YbrFull422,
    /// Studio-range luminance and chrominance, 4:2:2.
    YbrPartial422,
    /// Studio-range luminance and chrominance, 4:2:0.
    YbrPartial420,
    /// JPEG 2000 irreversible colour transform; decoded samples are RGB.
    YbrIct,
    /// JPEG 2000 reversible colour transform; decoded samples are RGB.
    YbrRct,
}

impl Photometric {
    const NAMES: [(Photometric, &'static str); 10] = [
        (Photometric::Monochrome1, "MONOCHROME1"),
        (Photometric::Monochrome2, "MONOCHROME2"),
        (Photometric::PaletteColor, "PALETTE COLOR"),
        (Photometric::Rgb, "RGB"),
        (Photometric::YbrFull, "YBR_FULL"),
        (Photometric::YbrFull422, "YBR_FULL_422"),
        (Photometric::YbrPartial422, "YBR_PARTIAL_422"),
        (Photometric::YbrPartial420, "YBR_PARTIAL_420"),
        (Photometric::YbrIct, "YBR_ICT"),
        (Photometric::YbrRct, "YBR_RCT"),
    ];

    /// The defined term of (0028,0004).
    pub fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(p, _)| *p == self)
            .map_or("", |(_, n)| n)
    }

    /// The value for a defined term of (0028,0004); `None` for terms that are retired or unknown.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(_, n)| *n == name.trim_end_matches(['\0', ' ']))
            .map(|(p, _)| *p)
    }

    /// Whether samples are luminance and chrominance rather than RGB once decoded.
    pub fn is_ybr(self) -> bool {
        matches!(
            self,
            Self::YbrFull | Self::YbrFull422 | Self::YbrPartial422 | Self::YbrPartial420
        )
    }
}

/// Layout of the decoded samples of one frame (PS3.5 section 8, PS3.3 C.7.6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PixelFormat {
    /// Height in pixels.
    pub rows: u32,
    /// Width in pixels.
    pub cols: u32,
    /// 1 or 3.
    pub samples_per_pixel: u16,
    /// 1, 8, 16 or 32; 32 or 64 for floats.
    pub bits_allocated: u16,
    /// Significant bits of a sample.
    pub bits_stored: u16,
    /// Position of the most significant stored bit.
    pub high_bit: u16,
    /// Whether stored values are two's complement.
    pub signed: bool,
    /// How values are meant.
    pub photometric: Photometric,
    /// Whether each sample has a plane of its own (Planar Configuration 1).
    pub planar: bool,
    /// Whether samples are IEEE 754 numbers that fill their words; their stored values are those of [`float`].
    #[serde(default)]
    pub float: bool,
}

impl PixelFormat {
    /// One grey sample of 8 bits a pixel, white the highest.
    pub const fn grey8(rows: u32, cols: u32) -> PixelFormat {
        PixelFormat {
            rows,
            cols,
            samples_per_pixel: 1,
            bits_allocated: 8,
            bits_stored: 8,
            high_bit: 7,
            signed: false,
            photometric: Photometric::Monochrome2,
            planar: false,
            float: false,
        }
    }

    /// Bytes of one sample in memory; 1-bit samples take a whole byte each.
    pub fn bytes_per_sample(&self) -> usize {
        usize::from(self.bits_allocated.div_ceil(8))
    }

    /// Samples of one frame as held in [`Frame::data`]. 4:2:2 frames hold two samples a pixel.
    pub fn samples_per_frame(&self) -> usize {
        let pixels = self.rows as usize * self.cols as usize;
        if self.is_subsampled() {
            pixels * 2
        } else {
            pixels * usize::from(self.samples_per_pixel)
        }
    }

    /// Bytes of one frame as held in [`Frame::data`].
    pub fn bytes_per_frame(&self) -> usize {
        self.samples_per_frame() * self.bytes_per_sample()
    }

    /// Whether the frame is held as Y Y Cb Cr groups.
    pub fn is_subsampled(&self) -> bool {
        matches!(
            self.photometric,
            Photometric::YbrFull422 | Photometric::YbrPartial422
        ) && self.samples_per_pixel == 3
    }

    /// Whether the samples of a pixel stand together, and pixels one after the other.
    pub fn is_interleaved(&self) -> bool {
        !self.is_subsampled() && (!self.planar || self.samples_per_pixel == 1)
    }

    /// The bits of a sample word that belong to the stored value.
    pub fn stored_mask(&self) -> u64 {
        let width = u32::from(self.bits_stored).clamp(1, 64);
        let low = (u32::from(self.high_bit) + 1).saturating_sub(width);
        (u64::MAX >> (64 - width)) << low
    }
}

/// One decoded frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// How to read [`Frame::data`].
    pub format: PixelFormat,
    /// Sample words, little endian, in the order of DICOM native encoding for this format: interleaved or planar by
    /// `format.planar`, Y Y Cb Cr groups for native 4:2:2, one byte (0 or 1) a pixel for 1-bit frames.
    /// Exactly [`PixelFormat::bytes_per_frame`] long, no padding.
    pub data: Vec<u8>,
}

impl Frame {
    /// The raw word (all allocated bits) of sample `c` of pixel `x`, `y`. For 4:2:2 frames the chrominance samples are
    /// those of the pixel's group.
    pub fn word(&self, x: u32, y: u32, c: usize) -> u64 {
        let i = self.sample_index(x, y, c);
        match self.format.bytes_per_sample() {
            1 => u64::from(self.data[i]),
            2 => u64::from(u16::from_le_bytes([self.data[2 * i], self.data[2 * i + 1]])),
            n => word_of(&self.data[n * i..n * (i + 1)]),
        }
    }

    /// Writes the raw word of sample `c` of pixel `x`, `y`.
    pub fn set_word(&mut self, x: u32, y: u32, c: usize, word: u64) {
        let n = self.format.bytes_per_sample();
        let i = self.sample_index(x, y, c) * n;
        self.data[i..i + n].copy_from_slice(&word.to_le_bytes()[..n]);
    }

    /// The stored value of sample `c` of pixel `x`, `y`: shifted to bit 0 and sign-extended from Bits Stored.
    pub fn value(&self, x: u32, y: u32, c: usize) -> i64 {
        stored_value(&self.format, self.word(x, y, c))
    }

    fn sample_index(&self, x: u32, y: u32, c: usize) -> usize {
        let f = &self.format;
        let (x, y, w) = (x as usize, y as usize, f.cols as usize);
        let spp = usize::from(f.samples_per_pixel);
        if f.is_subsampled() {
            // Rows of Y Y Cb Cr groups; an odd last column shares the group before it only if the width is even, which
            // reading checks.
            let group = y * w * 2 + x / 2 * 4;
            return match c {
                0 => group + x % 2,
                c => group + 1 + c,
            };
        }
        if f.planar && spp > 1 {
            (c * f.rows as usize + y) * w + x
        } else {
            (y * w + x) * spp + c
        }
    }
}

/// A raw word from its bytes, little endian, at most eight.
pub fn word_of(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |word, b| word << 8 | u64::from(*b))
}

/// The stored value in a raw word: the Bits Stored field shifted to bit 0, sign-extended where samples are signed; for
/// floats that of [`float::value`].
pub fn stored_value(f: &PixelFormat, word: u64) -> i64 {
    if f.float {
        return float::value(f, word);
    }
    let width = u32::from(f.bits_stored).clamp(1, 32);
    let low = (u32::from(f.high_bit) + 1).saturating_sub(width);
    let field = (word >> low) & (u64::MAX >> (64 - width));
    if f.signed && field >> (width - 1) & 1 == 1 {
        field as i64 - (1i64 << width)
    } else {
        field as i64
    }
}

/// The raw word for a stored value, all bits outside the stored field cleared except the sign extension above it.
pub fn word_for_value(f: &PixelFormat, value: i64) -> u64 {
    if f.float {
        return float::word(f, value);
    }
    let width = u32::from(f.bits_stored).clamp(1, 32);
    let low = (u32::from(f.high_bit) + 1).saturating_sub(width);
    let allocated = u64::MAX >> (64 - u32::from(f.bits_allocated).clamp(1, 32));
    let bits = if f.signed {
        value as u64
    } else {
        value as u64 & (u64::MAX >> (64 - width))
    };
    (bits << low) & allocated
}

/// An 8-bit picture, row-major, no padding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Gray {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `width * height` grey values.
    pub data: Vec<u8>,
}

impl Gray {
    /// A picture of one grey value.
    pub fn new(width: u32, height: u32, value: u8) -> Self {
        Gray {
            width,
            height,
            data: vec![value; width as usize * height as usize],
        }
    }

    /// The grey value of a pixel inside the picture.
    pub fn at(&self, x: u32, y: u32) -> u8 {
        self.data[y as usize * self.width as usize + x as usize]
    }

    /// One row of the picture.
    pub fn row(&self, y: u32) -> &[u8] {
        &self.data[y as usize * self.width as usize..][..self.width as usize]
    }

    /// One row of the picture.
    pub fn row_mut(&mut self, y: u32) -> &mut [u8] {
        &mut self.data[y as usize * self.width as usize..][..self.width as usize]
    }
}

/// A window for display (PS3.3 C.11.2.1.2), on values after the modality transform.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// Window Center (0028,1050).
    pub center: f64,
    /// Window Width (0028,1051), at least 1 for the linear function.
    pub width: f64,
}

/// A lookup table from stored or modality values to grey or colour entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lut {
    /// First value mapped; lower values take the first entry.
    pub first: i64,
    /// Entries scaled to 8 bit; at least one.
    pub entries: Vec<u8>,
}

impl Lut {
    /// The entry for a value; values outside the table take its first or last entry.
    pub fn at(&self, value: i64) -> u8 {
        let last = self.entries.len() as i64 - 1;
        self.entries[value.saturating_sub(self.first).clamp(0, last) as usize]
    }
}

/// A Modality LUT (PS3.3 C.11.1.1): from stored values to those that windows are meant for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModalityLut {
    /// First stored value mapped; lower values take the first entry.
    pub first: i64,
    /// Modality values; at least one.
    pub entries: Vec<u16>,
}

impl ModalityLut {
    /// The modality value of a stored value; values outside the table take its first or last entry.
    pub fn at(&self, value: i64) -> u16 {
        let last = self.entries.len() as i64 - 1;
        self.entries[value.saturating_sub(self.first).clamp(0, last) as usize]
    }
}

/// What the header says about how a person would see the frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Display {
    /// Rescale Slope (0028,1053); 1 where absent.
    pub slope: f64,
    /// Rescale Intercept (0028,1052); 0 where absent.
    pub intercept: f64,
    /// Stands in place of slope and intercept (0028,3000).
    pub modality_lut: Option<ModalityLut>,
    /// Every VOI window of the header.
    pub windows: Vec<Window>,
    /// Every VOI LUT of the header (on values after rescale).
    pub voi_luts: Vec<Lut>,
    /// Red, green and blue palette (on stored values), for `PALETTE COLOR`.
    pub palette: Option<[Lut; 3]>,
    /// Lowest and highest number that stands for "no value" in float samples ((0028,0122) to (0028,0125)).
    pub float_padding: Option<(f64, f64)>,
}

impl Display {
    /// The modality value of a stored value (PS3.3 C.11.1).
    pub fn modality_value(&self, stored: i64) -> f64 {
        match &self.modality_lut {
            Some(lut) => f64::from(lut.at(stored)),
            None => self.rescaled(stored as f64),
        }
    }

    /// The same by slope and intercept alone, as for floats; a slope of 0 counts as 1.
    pub fn rescaled(&self, stored: f64) -> f64 {
        let slope = if self.slope == 0.0 { 1.0 } else { self.slope };
        stored * slope + self.intercept
    }
}
