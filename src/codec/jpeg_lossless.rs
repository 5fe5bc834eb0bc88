//! JPEG Lossless, Process 14, first-order prediction (ISO/IEC 10918-1, Annex H; DICOM transfer syntax 1.2.840.10008.1.2.4.70):
//! encoder only.
//!
//! Takes frames of 8 or 16 bits allocated with 1 or 3 samples a pixel; colour goes into one interleaved scan. One Huffman
//! table is made for each frame, so the result is as short as this process allows. No restart intervals, no point transform.

use super::jpeg::huffman::{BitWriter, Table, size_class};
use super::{CodecError, frame_bytes};
use crate::frame::Frame;

/// Encodes one frame, interleaved or planar: the stored field of every sample as an unsigned number of `bits_stored` bits (at
/// least 2; bits outside the field are not kept). The result may have odd length.
///
/// # Errors
/// [`CodecError::Input`] if the data is not as long as its format says or the stored field is not at the bottom of the word;
/// [`CodecError::Unsupported`] for formats without a form.
pub fn encode(frame: &Frame) -> Result<Vec<u8>, CodecError> {
    let f = &frame.format;
    if f.bits_allocated > 16 {
        return Err(CodecError::Unsupported("JPEG Lossless above 16 bits"));
    }
    if frame.data.len() != frame_bytes(f)? {
        return Err(CodecError::Input("data does not fit its format"));
    }
    if f.bits_stored == 0 || f.bits_stored > f.bits_allocated || f.high_bit + 1 != f.bits_stored {
        return Err(CodecError::Input("stored bits not at the bottom"));
    }
    let (Ok(height), Ok(width)) = (u16::try_from(f.rows), u16::try_from(f.cols)) else {
        return Err(CodecError::Unsupported("JPEG side above 65535"));
    };
    let bits = f.bits_stored.max(2);
    let mut frequencies = [0u32; 256];
    differences(frame, bits, |d| {
        let n = &mut frequencies[size_class(d) as usize];
        *n = n.saturating_add(1);
    });
    let table = Table::for_frequencies(&frequencies)?;

    let count = f.samples_per_pixel as u8;
    let mut out = Vec::with_capacity(frame.data.len() / 2 + 64);
    out.extend([0xff, 0xd8]);
    let [h, w] = [height, width].map(u16::to_be_bytes);
    let mut body = vec![bits as u8, h[0], h[1], w[0], w[1], count];
    body.extend((1..=count).flat_map(|id| [id, 0x11, 0]));
    segment(&mut out, 0xc3, &body);
    segment(&mut out, 0xc4, &table.definition(0));
    body = vec![count];
    body.extend((1..=count).flat_map(|id| [id, 0]));
    // Predictor 1: the sample to the left.
    body.extend([1, 0, 0]);
    segment(&mut out, 0xda, &body);
    let mut writer = BitWriter::new(out);
    let mut result = Ok(());
    differences(frame, bits, |d| {
        let size = size_class(d);
        if let Err(e) = writer.symbol(&table, size as u8) {
            result = Err(e);
        }
        // The one number of class 16 has no bits of its own (H.1.2.2).
        if size < 16 {
            writer.number(d, size);
        }
    });
    result?;
    writer.finish();
    let mut out = writer.out;
    out.extend([0xff, 0xd9]);
    Ok(out)
}

fn segment(out: &mut Vec<u8>, marker: u8, body: &[u8]) {
    out.extend([0xff, marker]);
    out.extend((body.len() as u16 + 2).to_be_bytes());
    out.extend(body);
}

/// The prediction errors of all samples in coding order, modulo 2^16 (H.1.2.1): -32767 to 32768.
fn differences(frame: &Frame, bits: u16, mut put: impl FnMut(i32)) {
    let f = &frame.format;
    let count = usize::from(f.samples_per_pixel);
    let mask = f.stored_mask();
    let value = |x, y, c| (frame.word(x, y, c) & mask) as i32;
    let mut left = [0i32; 3];
    for y in 0..f.rows {
        for (c, left) in left.iter_mut().enumerate().take(count) {
            *left = if y == 0 {
                1 << (bits - 1)
            } else {
                value(0, y - 1, c)
            };
        }
        for x in 0..f.cols {
            for (c, left) in left.iter_mut().enumerate().take(count) {
                let now = value(x, y, c);
                // 32768 stays positive: it is the number of class 16.
                let d = (now - *left) as u16;
                put(if d > 0x8000 {
                    i32::from(d) - 0x1_0000
                } else {
                    d.into()
                });
                *left = now;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::pictures::{counted, format, hash};

    fn frame(rows: u32, cols: u32, spp: u16, bits: u16, value: impl Fn(u32) -> u32) -> Frame {
        counted(format(rows, cols, spp, bits), value)
    }

    /// Another decoder gives the samples back; it takes one component of 2 to 16 bits and three of 8.
    #[test]
    fn another_decoder_gives_the_samples_back() {
        for (spp, bits) in [(1, 2), (1, 8), (1, 10), (1, 12), (1, 16), (3, 8)] {
            for (rows, cols) in [(1, 1), (1, 70), (70, 1), (37, 41)] {
                for source in [
                    frame(rows, cols, spp, bits, hash),
                    frame(rows, cols, spp, bits, |i| i * i / 31),
                    frame(rows, cols, spp, bits, |_| 0),
                    // Steps of half the range: class 16 at 16 bits.
                    frame(rows, cols, spp, bits, |i| {
                        (i / u32::from(spp) % 2) << (bits - 1)
                    }),
                ] {
                    let coded = encode(&source).unwrap();
                    let decoded = jpeg_decoder::Decoder::new(&coded[..]).decode().unwrap();
                    let decoded: Vec<u8> = if bits > 8 || source.data.len() == decoded.len() {
                        decoded
                    } else {
                        decoded.as_chunks::<2>().0.iter().map(|w| w[0]).collect()
                    };
                    assert!(decoded == source.data, "{rows} {cols} {spp} {bits}");
                }
            }
        }
    }

    #[test]
    fn data_that_does_not_fit_is_refused() {
        let mut short = frame(4, 4, 1, 8, |i| i);
        short.data.pop();
        assert!(matches!(encode(&short), Err(CodecError::Input(_))));
        let mut high = frame(4, 4, 1, 12, |i| i);
        high.format.high_bit = 15;
        assert!(matches!(encode(&high), Err(CodecError::Input(_))));
    }
}
