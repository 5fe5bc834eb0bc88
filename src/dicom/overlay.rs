//! Overlay planes 60xx: what is there, and their bitmaps as pictures (PS3.3 C.9.2).

use super::dataset::{DataSet, Value};
use super::decode::unpack_bits;
use super::hidden;
use super::value::Values;
use crate::frame::{Frame, Gray};
use crate::outcome::{Reason, Refusal};
use dicom_core::Tag;

/// One overlay group at top level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlay {
    /// Group number, even, 0x6000–0x60FE.
    pub group: u16,
    /// Height of the bitmap.
    pub rows: u32,
    /// Width of the bitmap.
    pub cols: u32,
    /// Number of bitmaps.
    pub frames: u32,
    /// Zero-based image frame to which the first bitmap belongs.
    pub first_frame: u32,
    /// Zero-based column and row of the bitmap's first pixel in the image; may be negative.
    pub origin: (i32, i32),
    /// The bit of the sample words that holds the bitmap, where it has no data of its own (retired).
    pub embedded_bit: Option<u16>,
}

/// Every overlay group of a data set; a group that cannot be read is given with no bitmaps.
pub fn overlays(bytes: &[u8], set: &DataSet) -> Vec<Overlay> {
    let mut groups: Vec<u16> = set
        .elements
        .iter()
        .map(|e| e.tag.0)
        .filter(|g| is_overlay_group(*g))
        .collect();
    groups.dedup();
    let v = Values { bytes, set };
    groups.into_iter().map(|g| overlay(&v, g)).collect()
}

/// Whether a group holds overlays: repeating group 60xx.
pub fn is_overlay_group(group: u16) -> bool {
    group & 0xFF00 == 0x6000 && group.is_multiple_of(2)
}

/// Whether a group holds curves: retired repeating group 50xx.
pub fn is_curve_group(group: u16) -> bool {
    group & 0xFF00 == 0x5000 && group.is_multiple_of(2)
}

fn overlay(v: &Values<'_>, group: u16) -> Overlay {
    let int = |element| v.int(Tag(group, element));
    let unsigned = |element, default| {
        int(element)
            .and_then(|n| u32::try_from(n).ok())
            .unwrap_or(default)
    };
    let origin = v.ints(Tag(group, 0x0050));
    // In implicit VR the dictionary tells that these are signed; a file may still say US.
    let place = |i: usize| origin.get(i).map_or(0, |n| *n as i16 as i32 - 1);
    let has_data = v.raw(Tag(group, 0x3000)).is_some();
    let position = unsigned(0x0102, 0) as u16;
    Overlay {
        group,
        rows: unsigned(0x0010, 0),
        cols: unsigned(0x0011, 0),
        frames: unsigned(0x0015, 1),
        first_frame: unsigned(0x0051, 1).saturating_sub(1),
        origin: (place(1), place(0)),
        embedded_bit: (!has_data).then_some(position),
    }
}

/// A bitmap with data of its own as a picture: 255 where the overlay is set.
///
/// # Errors
/// `truncated` where the data is shorter than the bitmaps, `limit` above `max_pixels`.
pub fn bitmap(
    bytes: &[u8],
    set: &DataSet,
    overlay: &Overlay,
    index: u32,
    max_pixels: u64,
) -> Result<Gray, Refusal> {
    let pixels = u64::from(overlay.rows) * u64::from(overlay.cols);
    if pixels > max_pixels {
        return Err(Refusal::new(Reason::Limit, "an overlay is above the limit"));
    }
    let short = || Refusal::new(Reason::Truncated, "overlay data is shorter than its size");
    let v = Values { bytes, set };
    let raw = v.raw(Tag(overlay.group, 0x3000)).ok_or_else(short)?;
    let first = pixels * u64::from(index);
    if index >= overlay.frames || (first + pixels).div_ceil(8) > raw.len() as u64 {
        return Err(short());
    }
    Ok(Gray {
        width: overlay.cols,
        height: overlay.rows,
        data: unpack_bits(raw, first as usize, pixels as usize)
            .into_iter()
            .map(|b| b * 255)
            .collect(),
    })
}

/// The bitmap embedded in one bit of a frame's sample words as a picture.
pub fn embedded(frame: &Frame, bit: u16) -> Gray {
    let f = &frame.format;
    let n = f.bytes_per_sample() * usize::from(f.samples_per_pixel);
    let (byte, shift) = (usize::from(bit / 8), bit % 8);
    Gray {
        width: f.cols,
        height: f.rows,
        data: frame
            .data
            .chunks_exact(n.max(1))
            .map(|w| (w.get(byte).copied().unwrap_or_default() >> shift & 1) * 255)
            .collect(),
    }
}

/// How many icons, overlay groups, curve groups and nested pixel data a data set holds at any depth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NestedCounts {
    /// Icon Image Sequences (0088,0200).
    pub icons: u32,
    /// Overlay groups.
    pub overlays: u32,
    /// Curve groups.
    pub curves: u32,
    /// Pixel Data elements inside items that are not icons.
    pub pixel_data: u32,
    /// Private binary values that may be pictures (those that `hidden` finds).
    pub private: u32,
}

/// Counts what can carry a picture beside the top-level Pixel Data.
pub fn count(bytes: &[u8], set: &DataSet) -> NestedCounts {
    let mut n = NestedCounts::default();
    count_in(bytes, set, 0, false, &mut n);
    n
}

fn count_in(bytes: &[u8], set: &DataSet, depth: u32, in_icon: bool, n: &mut NestedCounts) {
    let mut last = 0;
    for e in &set.elements {
        let icon = e.tag == Tag(0x0088, 0x0200);
        n.icons += u32::from(icon);
        if e.tag.0 != last {
            n.overlays += u32::from(is_overlay_group(e.tag.0));
            n.curves += u32::from(is_curve_group(e.tag.0));
            last = e.tag.0;
        }
        let pixels = e.tag.0 == 0x7FE0 && matches!(e.tag.1, 0x0008 | 0x0009 | 0x0010);
        n.pixel_data += u32::from(pixels && depth > 0 && !in_icon);
        n.private += u32::from(hidden::may_be_picture(bytes, e));
        if let Value::Items(items) = &e.value {
            for item in items {
                count_in(bytes, &item.set, depth + 1, in_icon || icon, n);
            }
        }
    }
}
