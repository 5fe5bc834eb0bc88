//! JPEG XL (ISO 18181-1), modular and lossless.
//!
//! Takes frames of 8 or 16 bits allocated with 1 or 3 samples a pixel and at least two rows and columns. The coder knows
//! samples of 8 and 16 bits only; other depths are coded as 16 bits and the stream's header is corrected, so that it agrees
//! with that of the object.

use crate::frame::Frame;
use crate::outcome::{Reason, Refusal};
use zune_core::bit_depth::BitDepth;
use zune_core::colorspace::ColorSpace;
use zune_core::options::EncoderOptions;
use zune_jpegxl::JxlSimpleEncoder;

/// Encodes a frame: the stored field of every sample as an unsigned number.
///
/// # Errors
/// `unsupported-pixel-format` where the coder refuses.
pub fn encode(frame: &Frame) -> Result<Vec<u8>, Refusal> {
    let refused = || Refusal::new(Reason::PixelFormat, "the JPEG XL encoder refused the frame");
    let f = &frame.format;
    let space = if f.samples_per_pixel == 3 {
        ColorSpace::RGB
    } else {
        ColorSpace::Luma
    };
    let samples = usize::from(f.samples_per_pixel);
    let mask = f.stored_mask();
    let words = (0..f.rows)
        .flat_map(|y| (0..f.cols).flat_map(move |x| (0..samples).map(move |c| (x, y, c))))
        .map(|(x, y, c)| frame.word(x, y, c) & mask);
    let (depth, data): (_, Vec<u8>) = if f.bits_stored == 8 {
        (BitDepth::Eight, words.map(|w| w as u8).collect())
    } else {
        let bytes = words.flat_map(|w| (w as u16).to_ne_bytes()).collect();
        (BitDepth::Sixteen, bytes)
    };
    // One thread: files are what runs side by side.
    let options =
        EncoderOptions::new(f.cols as usize, f.rows as usize, space, depth).set_num_threads(1);
    let mut out = Vec::new();
    JxlSimpleEncoder::new(&data, options)
        .encode(&mut out)
        .map_err(|_| refused())?;
    if !matches!(f.bits_stored, 8 | 16) {
        set_precision(&mut out, f.bits_stored).ok_or_else(refused)?;
    }
    Ok(out)
}

/// Writes the bits of a sample into the image header, where they stand as 6 bits of "one less" (18181-1, D.3.2). The
/// sample numbers themselves do not depend on it.
fn set_precision(stream: &mut [u8], bits: u16) -> Option<()> {
    // Width of a size field by its selector (D.2).
    const SIZE_BITS: [usize; 4] = [9, 13, 18, 30];
    let bit = |stream: &[u8], at: usize| Some(stream.get(at / 8)? >> (at % 8) & 1);
    let selector =
        |stream: &[u8], at: usize| Some(usize::from(bit(stream, at)? | bit(stream, at + 1)? << 1));
    // Signature and the flag of small sizes; height, ratio (none), width; three flags; how the depth is given.
    let mut at = 16 + 1;
    at += 2 + SIZE_BITS[selector(stream, at)?] + 3;
    at += 2 + SIZE_BITS[selector(stream, at)?];
    at += 3;
    if selector(stream, at)? != 3 {
        return None;
    }
    at += 2;
    for i in 0..6 {
        let byte = stream.get_mut((at + i) / 8)?;
        let one = 1 << ((at + i) % 8);
        if (bits - 1) >> i & 1 == 1 {
            *byte |= one;
        } else {
            *byte &= !one;
        }
    }
    Some(())
}
