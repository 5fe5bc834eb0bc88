//! What `preview` shows of one frame.

use crate::plan::PlanItem;

/// A colour picture, row-major, three bytes a pixel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RgbImage {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Red, green and blue of every pixel: `3 * width * height` bytes.
    pub data: Vec<u8>,
}

/// One frame before and after, with the findings on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PreviewData {
    /// The frame as a person would see it.
    pub before: RgbImage,
    /// The same with the masks applied; equal size.
    pub after: RgbImage,
    /// Findings on this frame (or, for a projection, on any frame).
    pub boxes: Vec<PlanItem>,
    /// What is shown: frame number, size, policy. Never header values.
    pub caption: String,
}
