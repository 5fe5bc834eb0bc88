//! Frames back to coded bytes, each checked by decoding it again.
//!
//! Takes samples and the layout that the header to be written announces; gives the bytes of one frame in a coding. All
//! codings here are lossless. An encoder is never believed: what does not decode to the very samples is refused
//! ([`Reason::BadEncoding`]).

mod jpeg2000;
mod jpeg_xl;

use super::decode::{self, coded, guarded};
use super::support::Codec;
use crate::codec;
use crate::frame::{Frame, Photometric, PixelFormat};
use crate::outcome::{Reason, Refusal};
use std::io::Write;

/// Encodes a frame of decoded samples. Bits outside the stored field must have been cleared.
///
/// # Errors
/// `internal` for codings without an encoder, `bad-encoding` where the result does not decode to the samples.
pub fn encode(codec: Codec, frame: &Frame, header: &PixelFormat) -> Result<Vec<u8>, Refusal> {
    let bytes = match codec {
        Codec::Uncompressed => native(frame),
        Codec::DeflatedFrame => deflate(&native(frame))?,
        Codec::Rle => codec::rle::encode(frame).map_err(coded)?,
        Codec::JpegLossless => codec::jpeg_lossless::encode(frame).map_err(coded)?,
        Codec::JpegLs => {
            let lossless = codec::jpeg_ls::Options::default();
            codec::jpeg_ls::encode(frame, &lossless).map_err(coded)?
        }
        Codec::Jpeg2000 => {
            let transform = matches!(
                header.photometric,
                Photometric::YbrRct | Photometric::YbrIct
            );
            guarded(|| jpeg2000::encode(frame, transform))?
        }
        Codec::JpegXl => guarded(|| jpeg_xl::encode(frame))?,
        Codec::Native | Codec::JpegDct | Codec::Video | Codec::None => {
            return Err(Refusal::new(
                Reason::Internal,
                "no encoder for the output transfer syntax",
            ));
        }
    };
    let again = Frame {
        format: frame.format,
        data: decode::decode(codec, &bytes, header, &frame.format)?,
    };
    if again == *frame {
        Ok(bytes)
    } else {
        Err(Refusal::new(
            Reason::BadEncoding,
            "an encoded frame does not decode to its samples",
        ))
    }
}

fn native(frame: &Frame) -> Vec<u8> {
    if frame.format.bits_allocated != 1 {
        return frame.data.clone();
    }
    let mut bits = BitPacker::default();
    let mut out = bits.push(&frame.data);
    out.extend(bits.finish());
    out
}

fn deflate(raw: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut deflater = flate2::write::DeflateEncoder::new(Vec::new(), Default::default());
    deflater
        .write_all(raw)
        .and_then(|()| deflater.finish())
        .map_err(|e| Refusal::new(Reason::Internal, format!("deflating: {}", e.kind())))
}

/// Packs pixels of one bit, least significant bit first, without a gap between frames (PS3.5 8.1.1).
#[derive(Default)]
pub struct BitPacker {
    byte: u8,
    used: u32,
}

impl BitPacker {
    /// The bytes that become full with these pixels of one byte each.
    pub fn push(&mut self, pixels: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(pixels.len() / 8 + 1);
        for p in pixels {
            self.byte |= (p & 1) << self.used;
            self.used += 1;
            if self.used == 8 {
                out.push(self.byte);
                (self.byte, self.used) = (0, 0);
            }
        }
        out
    }

    /// The last byte, if pixels are left.
    pub fn finish(&mut self) -> Vec<u8> {
        if self.used == 0 {
            Vec::new()
        } else {
            vec![self.byte]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dicom::support::{SHAPES, shape};
    use crate::testing::pictures;

    /// Every shape of the table that is written, in sizes with every kind of edge: what comes back is checked by
    /// [`encode`] itself.
    #[test]
    fn every_shape_that_the_table_says_is_written_is_written_exactly() {
        let mut written = 0;
        for s in SHAPES.iter().filter(|s| s.written) {
            for codec in s.codecs {
                if matches!(codec, Codec::Native | Codec::JpegDct) {
                    continue;
                }
                for photometric in s.photometric {
                    for allocated in s.allocated {
                        for signed in [false, true] {
                            if signed && (!s.signed || *allocated == 1) {
                                continue;
                            }
                            written += one(*codec, *photometric, *allocated, signed, s.least_side);
                        }
                    }
                }
            }
        }
        assert!(written > 3000, "{written}");
    }

    fn one(codec: Codec, photometric: Photometric, allocated: u16, signed: bool, side: u32) -> u32 {
        let samples = match photometric {
            Photometric::Rgb
            | Photometric::YbrFull
            | Photometric::YbrFull422
            | Photometric::YbrPartial422 => 3,
            _ => 1,
        };
        let stored: &[u16] = match allocated {
            1 => &[1],
            8 => &[5, 8],
            16 => &[9, 12, 16],
            _ => &[27, 32],
        };
        let mut written = 0;
        for bits in stored {
            for (rows, cols) in [(1, 2), (2, 2), (9, 70), (37, 18)] {
                if rows < side {
                    continue;
                }
                let format = PixelFormat {
                    bits_allocated: allocated,
                    signed,
                    photometric,
                    ..pictures::format(rows, cols, samples, *bits)
                };
                assert!(shape(codec, &format).is_some());
                for (name, frame) in pictures::pictures(format) {
                    if let Err(e) = encode(codec, &frame, &format) {
                        panic!("{codec:?} {name} {format:?}: {e}");
                    }
                    written += 1;
                }
            }
        }
        written
    }

    #[test]
    fn the_colour_transform_of_jpeg_2000_follows_the_header() {
        let format = pictures::format(20, 30, 3, 8);
        let frame = &pictures::pictures(format)[5].1;
        let header = PixelFormat {
            photometric: Photometric::YbrRct,
            ..format
        };
        let with = encode(Codec::Jpeg2000, frame, &header).unwrap();
        let without = encode(Codec::Jpeg2000, frame, &format).unwrap();
        assert_ne!(with, without);
    }

    #[test]
    fn samples_that_do_not_come_back_are_refused() {
        let format = PixelFormat {
            bits_allocated: 16,
            ..pictures::format(4, 4, 1, 12)
        };
        let mut frame = pictures::counted(format, |i| i);
        frame.set_word(1, 1, 0, 0x8001);
        let e = encode(Codec::JpegLs, &frame, &format).unwrap_err();
        assert_eq!(e.reason, Reason::BadEncoding);
    }
}
