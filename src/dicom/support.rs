//! What is done with each transfer syntax and each shape of samples: two tables.
//!
//! [`TABLE`] says how frames of a syntax are coded and in which syntax masked frames are written; [`SHAPES`] says which
//! samples each coding is read and written with. What is in neither is refused by name. `unburn doctor --codecs` and the
//! README show both as [`rows`].

use super::video;
use crate::facts::TransferSyntax;
use crate::frame::{Photometric, PixelFormat};

/// How frames of a transfer syntax are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// One run of samples for all frames.
    Native,
    /// Samples of one frame a fragment (PS3.5 A.4.11).
    Uncompressed,
    /// Samples of one frame a fragment, deflated (PS3.5 A.4.13).
    DeflatedFrame,
    /// PS3.5 annex G.
    Rle,
    /// ISO 10918-1 sequential and progressive DCT, 8 and 12 bit.
    JpegDct,
    /// ISO 10918-1 lossless (Huffman).
    JpegLossless,
    /// ISO 14495-1.
    JpegLs,
    /// ISO 15444-1 and 15444-15.
    Jpeg2000,
    /// ISO 18181-1.
    JpegXl,
    /// A stream over all frames.
    Video,
    /// Nothing that we can read.
    None,
}

impl Codec {
    /// Whether a stream of this codec can be told by its first bytes.
    pub fn starts_stream(self, bytes: &[u8]) -> Option<bool> {
        const JP2: &[u8] = &[0, 0, 0, 12, b'j', b'P', b' ', b' '];
        const JXL: &[u8] = &[0, 0, 0, 12, b'J', b'X', b'L', b' '];
        match self {
            Codec::JpegDct | Codec::JpegLossless | Codec::JpegLs => {
                Some(bytes.starts_with(&[0xFF, 0xD8, 0xFF]))
            }
            Codec::Jpeg2000 => {
                Some(bytes.starts_with(&[0xFF, 0x4F, 0xFF, 0x51]) || bytes.starts_with(JP2))
            }
            Codec::JpegXl => Some(bytes.starts_with(&[0xFF, 0x0A]) || bytes.starts_with(JXL)),
            _ => None,
        }
    }
}

/// Whether a syntax loses information.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Never.
    No,
    /// Always.
    Yes,
    /// It may hold a reversible stream; the stream tells (dicom.md §3.5).
    Maybe,
}

/// One transfer syntax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Support {
    /// UID.
    pub uid: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// How frames are coded.
    pub codec: Codec,
    /// Whether it loses information.
    pub loss: Loss,
    /// Defined term of (0028,2114) for a lossy stream.
    pub method: &'static str,
    /// The syntax in which an object with masked frames is written, if it has a form for their samples ([`SHAPES`]): itself
    /// where frames can be encoded again exactly, or (JPEG DCT) coded anew in the masked blocks only; else a lossless one.
    pub masked: &'static str,
}

/// Implicit VR Little Endian.
pub const IMPLICIT_LE: &str = "1.2.840.10008.1.2";
/// Explicit VR Little Endian.
pub const EXPLICIT_LE: &str = "1.2.840.10008.1.2.1";
/// Deflated Explicit VR Little Endian.
pub const DEFLATED: &str = "1.2.840.10008.1.2.1.99";
/// Explicit VR Big Endian.
pub const EXPLICIT_BE: &str = "1.2.840.10008.1.2.2";
/// RLE Lossless.
pub const RLE: &str = "1.2.840.10008.1.2.5";
/// JPEG-LS Lossless.
pub const JPEG_LS: &str = "1.2.840.10008.1.2.4.80";
/// JPEG 2000 Lossless Only.
pub const JPEG_2000: &str = "1.2.840.10008.1.2.4.90";

macro_rules! table {
    ($($uid:expr, $name:literal, $codec:ident, $loss:ident, $method:literal, $masked:expr;)*) => {
        &[$(Support { uid: $uid, name: $name, codec: Codec::$codec, loss: Loss::$loss, method: $method, masked: $masked }),*]
    };
}

/// Every transfer syntax that is known by name. Others have no codec.
pub const TABLE: &[Support] = table! {
    IMPLICIT_LE, "Implicit VR Little Endian", Native, No, "", IMPLICIT_LE;
    EXPLICIT_LE, "Explicit VR Little Endian", Native, No, "", EXPLICIT_LE;
    DEFLATED, "Deflated Explicit VR Little Endian", Native, No, "", DEFLATED;
    EXPLICIT_BE, "Explicit VR Big Endian", Native, No, "", EXPLICIT_LE;
    "1.2.840.10008.1.2.1.98", "Encapsulated Uncompressed Explicit VR Little Endian", Uncompressed, No, "", "1.2.840.10008.1.2.1.98";
    "1.2.840.10008.1.2.8.1", "Deflated Image Frame Compression", DeflatedFrame, No, "", "1.2.840.10008.1.2.8.1";
    RLE, "RLE Lossless", Rle, No, "", RLE;
    "1.2.840.10008.1.2.4.50", "JPEG Baseline", JpegDct, Yes, "ISO_10918_1", "1.2.840.10008.1.2.4.50";
    "1.2.840.10008.1.2.4.51", "JPEG Extended", JpegDct, Yes, "ISO_10918_1", "1.2.840.10008.1.2.4.51";
    "1.2.840.10008.1.2.4.53", "JPEG Spectral Selection (Retired)", JpegDct, Yes, "ISO_10918_1", "1.2.840.10008.1.2.4.53";
    "1.2.840.10008.1.2.4.55", "JPEG Full Progression (Retired)", JpegDct, Yes, "ISO_10918_1", "1.2.840.10008.1.2.4.55";
    "1.2.840.10008.1.2.4.57", "JPEG Lossless, Process 14", JpegLossless, No, "", "1.2.840.10008.1.2.4.57";
    "1.2.840.10008.1.2.4.70", "JPEG Lossless, Process 14, Selection Value 1", JpegLossless, No, "", "1.2.840.10008.1.2.4.70";
    JPEG_LS, "JPEG-LS Lossless", JpegLs, No, "", JPEG_LS;
    "1.2.840.10008.1.2.4.81", "JPEG-LS Near-lossless", JpegLs, Maybe, "ISO_14495_1", "1.2.840.10008.1.2.4.81";
    JPEG_2000, "JPEG 2000 Lossless Only", Jpeg2000, No, "", JPEG_2000;
    "1.2.840.10008.1.2.4.91", "JPEG 2000", Jpeg2000, Maybe, "ISO_15444_1", "1.2.840.10008.1.2.4.91";
    "1.2.840.10008.1.2.4.92", "JPEG 2000 Part 2 Multi-component Lossless Only", Jpeg2000, No, "", "1.2.840.10008.1.2.4.92";
    "1.2.840.10008.1.2.4.93", "JPEG 2000 Part 2 Multi-component", Jpeg2000, Maybe, "ISO_15444_1", "1.2.840.10008.1.2.4.93";
    "1.2.840.10008.1.2.4.201", "High-Throughput JPEG 2000 Lossless Only", Jpeg2000, No, "", JPEG_2000;
    "1.2.840.10008.1.2.4.202", "High-Throughput JPEG 2000 RPCL Lossless Only", Jpeg2000, No, "", JPEG_2000;
    "1.2.840.10008.1.2.4.203", "High-Throughput JPEG 2000", Jpeg2000, Maybe, "ISO_15444_15", JPEG_2000;
    "1.2.840.10008.1.2.4.110", "JPEG XL Lossless", JpegXl, No, "", "1.2.840.10008.1.2.4.110";
    "1.2.840.10008.1.2.4.111", "JPEG XL JPEG Recompression", JpegXl, Yes, "ISO_18181_1", EXPLICIT_LE;
    "1.2.840.10008.1.2.4.112", "JPEG XL", JpegXl, Maybe, "ISO_18181_1", "1.2.840.10008.1.2.4.112";
    "1.2.840.10008.1.2.4.100", "MPEG2 Main Profile Main Level", Video, Yes, "ISO_13818_2", "1.2.840.10008.1.2.4.100";
    "1.2.840.10008.1.2.4.100.1", "Fragmentable MPEG2 Main Profile Main Level", Video, Yes, "ISO_13818_2", "1.2.840.10008.1.2.4.100.1";
    "1.2.840.10008.1.2.4.101", "MPEG2 Main Profile High Level", Video, Yes, "ISO_13818_2", "1.2.840.10008.1.2.4.101";
    "1.2.840.10008.1.2.4.101.1", "Fragmentable MPEG2 Main Profile High Level", Video, Yes, "ISO_13818_2", "1.2.840.10008.1.2.4.101.1";
    "1.2.840.10008.1.2.4.102", "MPEG-4 AVC/H.264 High Profile 4.1", Video, Yes, "ISO_14496_10", "1.2.840.10008.1.2.4.102";
    "1.2.840.10008.1.2.4.102.1", "Fragmentable MPEG-4 AVC/H.264 High Profile 4.1", Video, Yes, "ISO_14496_10", "1.2.840.10008.1.2.4.102.1";
    "1.2.840.10008.1.2.4.103", "MPEG-4 AVC/H.264 BD-compatible", Video, Yes, "ISO_14496_10", "1.2.840.10008.1.2.4.103";
    "1.2.840.10008.1.2.4.103.1", "Fragmentable MPEG-4 AVC/H.264 BD-compatible", Video, Yes, "ISO_14496_10", "1.2.840.10008.1.2.4.103.1";
    "1.2.840.10008.1.2.4.104", "MPEG-4 AVC/H.264 High Profile 4.2 for 2D Video", Video, Yes, "ISO_14496_10", "1.2.840.10008.1.2.4.104";
    "1.2.840.10008.1.2.4.104.1", "Fragmentable MPEG-4 AVC/H.264 High Profile 4.2 for 2D Video", Video, Yes, "ISO_14496_10", "1.2.840.10008.1.2.4.104.1";
    "1.2.840.10008.1.2.4.105", "MPEG-4 AVC/H.264 High Profile 4.2 for 3D Video", Video, Yes, "ISO_14496_10", "1.2.840.10008.1.2.4.105";
    "1.2.840.10008.1.2.4.105.1", "Fragmentable MPEG-4 AVC/H.264 High Profile 4.2 for 3D Video", Video, Yes, "ISO_14496_10", "1.2.840.10008.1.2.4.105.1";
    "1.2.840.10008.1.2.4.106", "MPEG-4 AVC/H.264 Stereo High Profile 4.2", Video, Yes, "ISO_14496_10", "1.2.840.10008.1.2.4.106";
    "1.2.840.10008.1.2.4.106.1", "Fragmentable MPEG-4 AVC/H.264 Stereo High Profile 4.2", Video, Yes, "ISO_14496_10", "1.2.840.10008.1.2.4.106.1";
    "1.2.840.10008.1.2.4.107", "HEVC/H.265 Main Profile 5.1", Video, Yes, "ISO_23008_2", "1.2.840.10008.1.2.4.107";
    "1.2.840.10008.1.2.4.108", "HEVC/H.265 Main 10 Profile 5.1", Video, Yes, "ISO_23008_2", "1.2.840.10008.1.2.4.108";
};

impl Support {
    /// The row for a UID.
    pub fn of(uid: &str) -> Option<&'static Support> {
        TABLE.iter().find(|s| s.uid == uid)
    }

    /// Whether Pixel Data is encapsulated.
    pub fn encapsulated(&self) -> bool {
        self.codec != Codec::Native
    }

    /// As plain data.
    pub fn facts(&self) -> TransferSyntax {
        TransferSyntax {
            uid: self.uid.to_owned(),
            name: self.name.to_owned(),
            encapsulated: self.encapsulated(),
            lossy: self.loss != Loss::No,
        }
    }
}

/// Samples that a coding is read with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Which codings.
    pub codecs: &'static [Codec],
    /// Photometric interpretations of the decoded samples.
    pub photometric: &'static [Photometric],
    /// Bits Allocated.
    pub allocated: &'static [u16],
    /// Whether samples are IEEE 754 numbers.
    pub float: bool,
    /// Whether samples may be signed.
    pub signed: bool,
    /// Whether masked frames are written in the same coding, exactly; else in [`EXPLICIT_LE`].
    pub written: bool,
    /// Least rows and columns for writing.
    pub least_side: u32,
}

const PLAIN: &[Codec] = &[Codec::Native, Codec::Uncompressed, Codec::DeflatedFrame];
const GREY: &[Photometric] = &[Photometric::Monochrome1, Photometric::Monochrome2];
const PALETTE: &[Photometric] = &[Photometric::PaletteColor];
const COLOUR: &[Photometric] = &[Photometric::Rgb, Photometric::YbrFull];
/// Float pixel data is never encapsulated (PS3.5 A.4).
const NATIVE: &[Codec] = &[Codec::Native];
const YBR: &[Photometric] = &[Photometric::YbrFull];
const RGB: &[Photometric] = &[Photometric::Rgb];
const HALF_COLOUR: &[Photometric] = &[Photometric::YbrFull422, Photometric::YbrPartial422];

macro_rules! shapes {
    ($($codecs:expr, $photometric:expr, $numbers:ident $allocated:expr, $signed:literal, $written:literal, $side:literal;)*) => {
        &[$(Shape {
            codecs: $codecs, photometric: $photometric, allocated: $allocated, float: shapes!($numbers), signed: $signed,
            written: $written, least_side: $side,
        }),*]
    };
    (int) => { false };
    (float) => { true };
}

/// Every shape of samples that is read, by coding. Compressed frames hold the samples of the stored field from bit 0 on
/// (High Bit = Bits Stored - 1); native ones may have it anywhere.
pub const SHAPES: &[Shape] = shapes! {
    PLAIN, GREY, int &[1, 8, 16, 32], true, true, 1;
    NATIVE, GREY, float &[32, 64], true, true, 1;
    PLAIN, PALETTE, int &[8, 16], true, true, 1;
    PLAIN, COLOUR, int &[8, 16], false, true, 1;
    PLAIN, HALF_COLOUR, int &[8], false, true, 1;
    &[Codec::Rle], GREY, int &[8, 16, 32], true, true, 1;
    &[Codec::Rle], PALETTE, int &[8, 16], true, true, 1;
    &[Codec::Rle], COLOUR, int &[8, 16], false, true, 1;
    &[Codec::JpegDct], GREY, int &[8, 16], true, true, 1;
    &[Codec::JpegDct], RGB, int &[8, 16], false, true, 1;
    &[Codec::JpegDct], YBR, int &[16], false, true, 1;
    &[Codec::JpegLossless], GREY, int &[8, 16], true, true, 1;
    &[Codec::JpegLossless], PALETTE, int &[8, 16], true, true, 1;
    &[Codec::JpegLossless], COLOUR, int &[8], false, true, 1;
    &[Codec::JpegLs, Codec::Jpeg2000], GREY, int &[8, 16], true, true, 1;
    &[Codec::JpegLs, Codec::Jpeg2000], PALETTE, int &[8, 16], true, true, 1;
    &[Codec::JpegLs, Codec::Jpeg2000], COLOUR, int &[8, 16], false, true, 1;
    &[Codec::JpegXl], GREY, int &[8, 16], true, true, 2;
    &[Codec::JpegXl], PALETTE, int &[8, 16], true, true, 2;
    &[Codec::JpegXl], RGB, int &[8, 16], false, true, 2;
};

/// The row for samples in a coding.
pub fn shape(codec: Codec, f: &PixelFormat) -> Option<&'static Shape> {
    SHAPES.iter().find(|s| {
        s.codecs.contains(&codec)
            && s.photometric.contains(&f.photometric)
            && s.allocated.contains(&f.bits_allocated)
            && s.float == f.float
            && (s.signed || !f.signed)
    })
}

/// The transfer syntax of the output for decoded samples of this layout. Without masked or cleaned frames the encoding
/// stays, except big endian, which is never written (dicom.md §3.6).
pub fn write_syntax(input: &Support, f: &PixelFormat, frames_changed: bool) -> &'static str {
    if !frames_changed && input.uid != EXPLICIT_BE {
        return input.uid;
    }
    // A video stays one, coded anew as a whole.
    if input.codec == Codec::Video {
        return input.uid;
    }
    // Samples have no exact form in a DCT stream; what is masked in its blocks is not decoded for it.
    if input.codec == Codec::JpegDct {
        return if frames_changed {
            EXPLICIT_LE
        } else {
            input.uid
        };
    }
    let has_form = Support::of(input.masked)
        .and_then(|out| shape(out.codec, f))
        .is_some_and(|s| s.written && f.rows.min(f.cols) >= s.least_side);
    if has_form { input.masked } else { EXPLICIT_LE }
}

/// What is done with one transfer syntax, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The syntax.
    pub syntax: &'static Support,
    /// Photometric interpretations of decoded samples with their bits, by shape; empty where nothing is read.
    pub samples: Vec<String>,
    /// How frames may lie.
    pub frames: &'static str,
    /// The syntax in which masked frames are written; `None` where nothing is read.
    pub written: Option<&'static Support>,
    /// What is the same outside the masks; empty where nothing is.
    pub exact: &'static str,
}

/// The support table in words, a row for each syntax.
pub fn rows() -> Vec<Row> {
    TABLE.iter().map(row).collect()
}

fn row(syntax: &'static Support) -> Row {
    let shapes = SHAPES.iter().filter(|s| s.codecs.contains(&syntax.codec));
    let mut samples: Vec<String> = shapes.map(shape_in_words).collect();
    if let Some(coding) = video::coding_of(syntax) {
        samples.push(format!(
            "with `--ffmpeg`: 4:2:0 of up to {} bits",
            coding.bits
        ));
    }
    let written = Support::of(syntax.masked).filter(|_| !samples.is_empty());
    Row {
        syntax,
        samples,
        frames: match syntax.codec {
            Codec::Native => "any number in one run; 1-bit frames need not begin at a byte",
            Codec::Rle => "any number, one fragment each",
            Codec::Uncompressed | Codec::DeflatedFrame => {
                "any number; several fragments a frame only with an offset table"
            }
            Codec::Video => "any number in one stream; fragments are joined",
            Codec::None => "",
            _ => "any number; fragments by what the streams begin with, whatever the table says",
        },
        written,
        exact: match (syntax.codec, syntax.loss, written) {
            (_, _, None) => "",
            (Codec::JpegDct, _, Some(out)) if out.uid == syntax.uid => "coefficient blocks",
            (Codec::Video, ..) => "",
            (_, Loss::No, _) => "stored samples",
            _ => "decoded samples",
        },
    }
}

/// `MONOCHROME1, MONOCHROME2: 8, 16 bits, signed too`.
fn shape_in_words(s: &Shape) -> String {
    let names: Vec<&str> = s.photometric.iter().map(|p| p.name()).collect();
    let bits: Vec<String> = s.allocated.iter().map(u16::to_string).collect();
    format!(
        "{}: {} bits{}{}",
        names.join(", "),
        bits.join(", "),
        match (s.float, s.signed) {
            (true, _) => ", float",
            (_, true) => ", signed too",
            _ => "",
        },
        if s.least_side > 1 {
            ", masked from 2 × 2 pixels on"
        } else {
            ""
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_for_a_mask_is_lossless_and_known() {
        for s in TABLE {
            let out = Support::of(s.masked).expect("a syntax of the table");
            // Into a syntax that may hold either, frames are written reversibly; blocks of a DCT stream lose nothing more.
            let blocks = s.codec == Codec::JpegDct && out.uid == s.uid;
            let blocks = blocks || s.codec == Codec::Video;
            assert!(blocks || out.loss != Loss::Yes, "{}", s.uid);
            assert!(out.loss == Loss::No || out.uid == s.uid, "{}", s.uid);
            assert_eq!(s.method.is_empty(), s.loss == Loss::No, "{}", s.uid);
        }
    }

    #[test]
    fn every_syntax_that_is_read_says_how_it_is_written() {
        for row in rows() {
            let read = match row.syntax.codec {
                Codec::Video => video::coding_of(row.syntax).is_some(),
                codec => codec != Codec::None,
            };
            assert_eq!(row.written.is_some(), read, "{}", row.syntax.uid);
            assert_eq!(row.samples.is_empty(), !read, "{}", row.syntax.uid);
        }
    }

    #[test]
    fn uids_are_there_once() {
        for s in TABLE {
            assert_eq!(TABLE.iter().filter(|t| t.uid == s.uid).count(), 1);
        }
    }
}
