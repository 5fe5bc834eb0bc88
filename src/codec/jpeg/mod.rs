//! JPEG in the coefficient domain (ISO/IEC 10918-1): sequential and progressive DCT, Huffman coded, 8 or 12 bits (SOF0 to SOF2).
//!
//! [`Coefficients::read`] takes a stream apart into quantised blocks, [`Coefficients::mask_blocks`] fills some of
//! them, [`Coefficients::write`] puts the stream together again: every marker segment is kept as it is, every block that was not
//! touched keeps its coefficients, so nothing outside the masks is quantised a second time. [`Coefficients::compare`] proves it.
//! [`decode`] gives samples, without any colour transform, which no other decoder here does for 12 bits.
//!
//! Refuses by name: lossless, arithmetic and hierarchical streams, sizes given by DNL, progressive streams whose first coefficients
//! never become exact.

mod block;
mod compare;
pub(super) mod huffman;
mod idct;
mod markers;
mod mask;
mod scan;

#[cfg(test)]
mod tests;

use std::ops::Range;
use std::rc::Rc;

use block::{Pass, Slots};
use huffman::Table;

use super::{CodecError, Decoded};
pub use compare::{Unit, Units};

/// Coefficients of a block in zigzag order, as coded.
pub type Block = [i16; 64];

/// One component's plane of blocks.
#[derive(Clone, Debug)]
pub struct Component {
    id: u8,
    /// Horizontal and vertical sampling factor.
    h: usize,
    v: usize,
    /// Blocks a row and rows of blocks that hold image samples; what a scan of this component alone covers.
    width_blocks: usize,
    height_blocks: usize,
    /// Blocks a row in `blocks`, filled up to whole MCUs.
    stride: usize,
    quantizer_id: usize,
    quantizer: Option<[u16; 64]>,
    /// Lowest bit that scans have given so far, by coefficient; [`UNSENT`] for none.
    sent: [u8; 64],
    blocks: Vec<Block>,
}

/// No scan has given the coefficient yet.
const UNSENT: u8 = u8::MAX;

impl Component {
    /// Sampling factors, horizontal and vertical.
    pub fn sampling(&self) -> (usize, usize) {
        (self.h, self.v)
    }

    /// Blocks of the plane row by row, and how many a row holds (filled up to whole MCUs).
    pub fn blocks(&self) -> (&[Block], usize) {
        (&self.blocks, self.stride)
    }
}

/// A stream taken apart.
#[derive(Clone, Debug)]
pub struct Coefficients<'a> {
    data: &'a [u8],
    width: u32,
    height: u32,
    bits: u16,
    progressive: bool,
    components: Vec<Component>,
    scans: Vec<Scan>,
    /// First byte behind the end of image.
    end: usize,
}

/// One scan: where its coded bytes lie, and what they need to be read and written.
#[derive(Clone, Debug)]
struct Scan {
    /// Entropy-coded bytes with restart markers.
    coded: Range<usize>,
    /// First byte of the scan header's marker.
    header: usize,
    components: Vec<ScanComponent>,
    /// What the components' [`Slots`] count.
    tables: Vec<Entropy>,
    /// MCUs between restart markers; 0 for none.
    restart: usize,
    pass: Pass,
}

#[derive(Clone, Debug)]
struct ScanComponent {
    index: usize,
    slots: Slots,
}

/// A Huffman table and the class and number it has in the scan, as in a DHT segment.
#[derive(Clone, Debug)]
struct Entropy {
    class_and_id: u8,
    table: Rc<Table>,
}

impl Coefficients<'_> {
    /// Columns.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Bits of a sample, 8 or 12.
    pub fn bits(&self) -> u16 {
        self.bits
    }

    /// The planes, in the order of the frame header.
    pub fn components(&self) -> &[Component] {
        &self.components
    }

    /// Width and height in pixels of what is masked at least: a minimum coded unit of the whole frame.
    pub fn mcu_size(&self) -> (u32, u32) {
        let (h, v) = self.max_sampling();
        (8 * h as u32, 8 * v as u32)
    }

    fn max_sampling(&self) -> (usize, usize) {
        self.components
            .iter()
            .fold((1, 1), |(h, v), c| (h.max(c.h), v.max(c.v)))
    }
}

/// Decodes a stream to samples as coded (no colour transform), with an exact integer inverse transform rounded once.
/// Other decoders differ by one level here and there: the standard leaves the transform's precision open.
///
/// Subsampled components are repeated, not interpolated.
///
/// # Errors
/// As [`Coefficients::read`].
pub fn decode(data: &[u8], max_bytes: usize) -> Result<Decoded, CodecError> {
    Coefficients::read(data, max_bytes)?.samples()
}
