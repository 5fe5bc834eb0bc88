//! RLE Lossless (PS3.5 Annex G): one frame, byte segments, packed runs.
//!
//! A frame is a 64-byte header of segment offsets and one segment for every byte of a pixel: for each sample in turn, its
//! bytes from the most significant one down, each as a plane of `rows * cols` bytes.
//!
//! Takes frames of 8, 16 or 32 bits allocated with 1 or 3 samples a pixel. Does not take 1-bit or 4:2:2 frames, and does not join
//! fragments: a frame is exactly one fragment (PS3.5 A.4.2).

use super::{CodecError, frame_bytes};
use crate::frame::{Frame, PixelFormat};

const HEADER_BYTES: usize = 64;
const MAX_SEGMENTS: usize = 15;

/// Decodes one frame of `format`. The result holds interleaved little-endian sample words,
/// [`PixelFormat::bytes_per_frame`] bytes, whatever `format.planar` says (it has no meaning inside an RLE stream).
///
/// # Errors
/// [`CodecError::Damaged`] for a header that does not fit the format and for segments that end before their plane is full
/// or run on behind it by more than one byte (encoders that pad the plane itself leave one); [`CodecError::Unsupported`]
/// for formats named above.
pub fn decode(data: &[u8], format: &PixelFormat) -> Result<Vec<u8>, CodecError> {
    let total = frame_bytes(format)?;
    let sample_bytes = format.bytes_per_sample();
    let pixel_bytes = sample_bytes * usize::from(format.samples_per_pixel);
    let plane_bytes = total / pixel_bytes;
    let segments = segments(data, pixel_bytes)?;
    // A run of 128 bytes takes two: a segment that cannot fill its plane is refused before anything is allocated.
    if segments.iter().any(|s| s.len() * 64 < plane_bytes) {
        return Err(CodecError::Damaged("RLE segment is too short"));
    }
    if pixel_bytes == 1 {
        let mut out = Vec::with_capacity(total);
        unpack(segments[0], plane_bytes, &mut out)?;
        return Ok(out);
    }
    let mut out = vec![0; total];
    let mut plane = Vec::with_capacity(plane_bytes);
    for (i, segment) in segments.iter().enumerate() {
        unpack(segment, plane_bytes, &mut plane)?;
        for (pixel, byte) in out.chunks_exact_mut(pixel_bytes).zip(&plane) {
            pixel[little_endian_byte(i, sample_bytes)] = *byte;
        }
    }
    Ok(out)
}

/// Encodes one frame, interleaved or planar. The result has even length and is a whole fragment; no run crosses a row
/// (PS3.5 G.3.1), and every segment has even length (G.3).
///
/// # Errors
/// [`CodecError::Input`] if the data is not as long as its format says, or too long for 32-bit segment offsets;
/// [`CodecError::Unsupported`] for formats named above.
pub fn encode(frame: &Frame) -> Result<Vec<u8>, CodecError> {
    let f = &frame.format;
    let total = frame_bytes(f)?;
    if frame.data.len() != total {
        return Err(CodecError::Input("data does not fit its format"));
    }
    let sample_bytes = f.bytes_per_sample();
    let pixel_bytes = sample_bytes * usize::from(f.samples_per_pixel);
    let (cols, pixels) = (f.cols as usize, total / pixel_bytes);
    let mut out = vec![0; HEADER_BYTES];
    out[0] = pixel_bytes as u8;
    let mut row = Vec::with_capacity(cols);
    for segment in 0..pixel_bytes {
        let offset =
            u32::try_from(out.len()).map_err(|_| CodecError::Input("frame is too large"))?;
        out[4 + 4 * segment..][..4].copy_from_slice(&offset.to_le_bytes());
        let (first, step) = if f.planar {
            let (sample, byte) = (segment / sample_bytes, segment % sample_bytes);
            (
                sample * pixels * sample_bytes + sample_bytes - 1 - byte,
                sample_bytes,
            )
        } else {
            (little_endian_byte(segment, sample_bytes), pixel_bytes)
        };
        for y in 0..f.rows as usize {
            row.clear();
            row.extend(
                frame.data[first + y * cols * step..]
                    .iter()
                    .step_by(step)
                    .take(cols),
            );
            pack_row(&row, &mut out);
        }
        if out.len() % 2 == 1 {
            out.push(0);
        }
    }
    Ok(out)
}

/// Where in an interleaved little-endian pixel the byte of a segment lies.
fn little_endian_byte(segment: usize, sample_bytes: usize) -> usize {
    let (sample, byte) = (segment / sample_bytes, segment % sample_bytes);
    sample * sample_bytes + sample_bytes - 1 - byte
}

/// Splits a frame into its segments (PS3.5 G.5).
fn segments(data: &[u8], expected: usize) -> Result<Vec<&[u8]>, CodecError> {
    let words: Vec<usize> = data
        .get(..HEADER_BYTES)
        .ok_or(CodecError::Damaged("RLE header is cut short"))?
        .as_chunks()
        .0
        .iter()
        .map(|w| u32::from_le_bytes(*w) as usize)
        .collect();
    if words[0] != expected || expected > MAX_SEGMENTS {
        return Err(CodecError::Damaged("RLE segment count"));
    }
    (1..=expected)
        .map(|i| {
            let end = if i == expected {
                data.len()
            } else {
                words[i + 1]
            };
            data.get(words[i]..end)
                .filter(|_| words[i] >= HEADER_BYTES)
                .ok_or(CodecError::Damaged("RLE segment offset"))
        })
        .collect()
}

/// Unpacks one segment into `plane` (cleared first) until it holds `plane_bytes` (PS3.5 G.3.2). What follows a full plane must
/// be padding: nobody would see what hides there.
fn unpack(segment: &[u8], plane_bytes: usize, plane: &mut Vec<u8>) -> Result<(), CodecError> {
    const CUT: CodecError = CodecError::Damaged("RLE segment ends early");
    plane.clear();
    let mut rest = segment;
    while plane.len() < plane_bytes {
        let (&control, behind) = rest.split_first().ok_or(CUT)?;
        match control {
            0..=127 => {
                let (literal, behind) = behind
                    .split_at_checked(usize::from(control) + 1)
                    .ok_or(CUT)?;
                plane.extend_from_slice(literal);
                rest = behind;
            }
            128 => rest = behind,
            129..=255 => {
                let (&value, behind) = behind.split_first().ok_or(CUT)?;
                plane.resize(plane.len() + 257 - usize::from(control), value);
                rest = behind;
            }
        }
    }
    if plane.len() > plane_bytes + 1 {
        return Err(CodecError::Damaged("RLE segment is longer than its plane"));
    }
    // 0 pads; 128 means nothing to a decoder, so old writers padded with it.
    if rest.len() > 1 && rest.iter().any(|b| !matches!(b, 0 | 128)) {
        return Err(CodecError::Damaged("RLE data behind a full plane"));
    }
    plane.truncate(plane_bytes);
    Ok(())
}

/// Packs one row of one segment (PS3.5 G.3.1).
fn pack_row(row: &[u8], out: &mut Vec<u8>) {
    let mut literal = 0; // start of bytes not yet written
    let mut i = 0;
    while i < row.len() {
        let run = row[i..]
            .iter()
            .take(128)
            .take_while(|b| **b == row[i])
            .count();
        // Two equal bytes in the middle of a literal cost more as a run of their own.
        if run >= 3 || (run == 2 && literal == i) {
            put_literals(&row[literal..i], out);
            out.extend_from_slice(&[(257 - run) as u8, row[i]]);
            literal = i + run;
        }
        i += run;
    }
    put_literals(&row[literal..], out);
}

fn put_literals(bytes: &[u8], out: &mut Vec<u8>) {
    for chunk in bytes.chunks(128) {
        out.push((chunk.len() - 1) as u8);
        out.extend_from_slice(chunk);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Photometric;
    use crate::testing::pictures;

    fn format(rows: u32, cols: u32, spp: u16, bits: u16) -> PixelFormat {
        PixelFormat {
            bits_allocated: bits,
            ..pictures::format(rows, cols, spp, bits)
        }
    }

    fn noise(n: usize, levels: u32) -> Vec<u8> {
        let mut random = pictures::noise(0x2545_f491);
        (0..n).map(|_| (random() % levels) as u8).collect()
    }

    #[test]
    fn sixteen_bit_segments_start_with_the_high_byte() {
        let frame = Frame {
            format: format(1, 3, 1, 16),
            data: vec![0x01, 0xaa, 0x02, 0xaa, 0x03, 0xaa],
        };
        let coded = encode(&frame).unwrap();
        assert_eq!(&coded[..12], &[2, 0, 0, 0, 64, 0, 0, 0, 66, 0, 0, 0]);
        assert_eq!(&coded[64..], &[254, 0xaa, 2, 1, 2, 3]);
        assert_eq!(decode(&coded, &frame.format).unwrap(), frame.data);
    }

    #[test]
    fn runs_stop_at_the_end_of_a_row() {
        let frame = Frame {
            format: format(2, 200, 1, 8),
            data: vec![7; 400],
        };
        let coded = encode(&frame).unwrap();
        assert_eq!(&coded[64..], &[129, 7, 185, 7, 129, 7, 185, 7]);
    }

    #[test]
    fn every_format_comes_back() {
        for (rows, cols) in [(1, 1), (1, 301), (257, 1), (13, 129), (16, 128)] {
            for spp in [1, 3] {
                for bits in [8, 16, 32] {
                    for levels in [1, 2, 256] {
                        let format = format(rows, cols, spp, bits);
                        let data = noise(format.bytes_per_frame(), levels);
                        let frame = Frame { format, data };
                        let coded = encode(&frame).unwrap();
                        assert_eq!(coded.len() % 2, 0);
                        assert_eq!(decode(&coded, &format).unwrap(), frame.data);
                    }
                }
            }
        }
    }

    #[test]
    fn planar_frames_encode_like_interleaved_ones() {
        for bits in [8, 16] {
            let chunky = Frame {
                format: format(5, 9, 3, bits),
                data: noise(5 * 9 * 3 * usize::from(bits) / 8, 256),
            };
            let mut planar = chunky.clone();
            planar.format.planar = true;
            for (y, x, c) in
                (0..5).flat_map(|y| (0..9).flat_map(move |x| (0..3).map(move |c| (y, x, c))))
            {
                planar.set_word(x, y, c, chunky.word(x, y, c));
            }
            assert_ne!(chunky.data, planar.data);
            assert_eq!(encode(&chunky), encode(&planar));
        }
    }

    #[test]
    fn a_byte_of_plane_padding_is_dropped_and_more_is_refused() {
        let mut coded = vec![0; 64];
        (coded[0], coded[4]) = (1, 64);
        coded.extend([253, 9, 0, 0]);
        assert_eq!(decode(&coded, &format(1, 3, 1, 8)).unwrap(), [9, 9, 9]);
        assert_eq!(
            decode(&coded, &format(1, 2, 1, 8)),
            Err(CodecError::Damaged("RLE segment is longer than its plane"))
        );
    }

    #[test]
    fn padding_behind_a_plane_is_passed_over_and_data_is_refused() {
        let mut coded = vec![0; 64];
        (coded[0], coded[4]) = (1, 64);
        coded.extend([254, 9, 0, 128, 0]);
        assert_eq!(decode(&coded, &format(1, 3, 1, 8)).unwrap(), [9, 9, 9]);
        coded.extend([3, 7]);
        assert_eq!(
            decode(&coded, &format(1, 3, 1, 8)),
            Err(CodecError::Damaged("RLE data behind a full plane"))
        );
    }

    #[test]
    fn cut_and_flipped_streams_never_panic_and_cut_ones_fail() {
        let frame = Frame {
            format: format(9, 31, 3, 16),
            data: noise(9 * 31 * 6, 3),
        };
        let coded = encode(&frame).unwrap();
        for n in 0..coded.len() - 1 {
            assert!(decode(&coded[..n], &frame.format).is_err(), "{n}");
        }
        for i in 0..coded.len() {
            for bit in 0..8 {
                let mut bad = coded.clone();
                bad[i] ^= 1 << bit;
                let _ = decode(&bad, &frame.format);
            }
        }
    }

    #[test]
    fn formats_without_a_form_are_named() {
        let mut f = format(4, 4, 3, 8);
        f.photometric = Photometric::YbrFull422;
        assert!(matches!(
            decode(&[0; 64], &f),
            Err(CodecError::Unsupported(_))
        ));
        assert!(matches!(
            decode(&[0; 64], &format(4, 4, 1, 1)),
            Err(CodecError::Unsupported(_))
        ));
        assert!(decode(&[0; 64], &format(u32::MAX, u32::MAX, 3, 32)).is_err());
    }
}
