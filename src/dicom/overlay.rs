//! Overlay planes 60xx: what is there, and their bitmaps as pictures (PS3.3 C.9.2).

use super::dataset::{DataSet, Value};
use super::decode::unpack_bits;
use super::hidden;
use super::value::Values;
use crate::frame::{Frame, Gray};
use crate::outcome::{Reason, Refusal};
use dicom_core::{Tag, VR};

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
    /// What speaks against showing it again, cleaned; `None` for an overlay that is all it has to be.
    pub flaw: Option<Flaw>,
}

/// Why an overlay cannot be cleaned and kept (PS3.3 C.9.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flaw {
    /// It lies in the samples (retired).
    Embedded,
    /// Its type is neither graphics nor region of interest, or its bits are not single ones.
    Kind,
    /// Size, origin, frames or length of its data do not fit each other or the image.
    Geometry,
}

impl Flaw {
    /// A word for reports.
    pub fn name(self) -> &'static str {
        match self {
            Flaw::Embedded => "embedded",
            Flaw::Kind => "kind",
            Flaw::Geometry => "geometry",
        }
    }
}

/// An overlay that stays, with the bits it is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptOverlay {
    /// Its group.
    pub group: u16,
    /// (60xx,3000): every bitmap, one bit a pixel, the first in the lowest bit; of even length.
    pub bits: Vec<u8>,
}

/// Terms of (60xx,0045) that the standard defines; other texts may say anything.
const SUBTYPES: [&str; 6] = [
    "USER",
    "AUTOMATED",
    "ACTIVE IMAGE AREA",
    "ACTIVE 2D/BMODE IMAGE AREA",
    "ACTIVE MMODE IMAGE AREA",
    "ACTIVE SPECTRAL IMAGE AREA",
];

/// What becomes of an attribute of an overlay that stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Layout, which was checked, and bits, which are set anew.
    Layout,
    /// A number that stays if it is one.
    Number,
    /// Free text.
    Text,
    /// A term that stays if it is defined.
    Subtype,
    /// Everything else.
    Other,
}

/// What an element of an overlay group is.
pub(super) fn part(element: u16) -> Part {
    match element {
        0x0010 | 0x0011 | 0x0040 | 0x0050 | 0x0051 | 0x0100 | 0x0102 | 0x3000 => Part::Layout,
        0x0015 | 0x1301 | 0x1302 | 0x1303 => Part::Number,
        0x0022 | 0x1500 => Part::Text,
        0x0045 => Part::Subtype,
        _ => Part::Other,
    }
}

/// Whether a value of (60xx,0045) is a defined term.
pub(super) fn is_subtype(value: &[u8]) -> bool {
    std::str::from_utf8(value).is_ok_and(|v| SUBTYPES.contains(&v.trim_matches([' ', '\0'])))
}

/// Every overlay group of a data set whose image has so many frames; a group that cannot be read is given with no bitmaps.
pub fn overlays(bytes: &[u8], set: &DataSet, image_frames: u32) -> Vec<Overlay> {
    let mut groups: Vec<u16> = set
        .elements
        .iter()
        .map(|e| e.tag.0)
        .filter(|g| is_overlay_group(*g))
        .collect();
    groups.dedup();
    let v = Values { bytes, set };
    groups
        .into_iter()
        .map(|g| overlay(&v, g, image_frames))
        .collect()
}

/// Whether a group holds overlays: repeating group 60xx.
pub fn is_overlay_group(group: u16) -> bool {
    group & 0xFF00 == 0x6000 && group.is_multiple_of(2)
}

/// Whether a group holds curves: retired repeating group 50xx.
pub fn is_curve_group(group: u16) -> bool {
    group & 0xFF00 == 0x5000 && group.is_multiple_of(2)
}

fn overlay(v: &Values<'_>, group: u16, image_frames: u32) -> Overlay {
    let int = |element| v.int(Tag(group, element));
    let unsigned = |element, default| {
        int(element)
            .and_then(|n| u32::try_from(n).ok())
            .unwrap_or(default)
    };
    let origin = v.ints(Tag(group, 0x0050));
    // In implicit VR the dictionary tells that these are signed; a file may still say US.
    let place = |i: usize| origin.get(i).map_or(0, |n| *n as i16 as i32 - 1);
    let data = v.raw(Tag(group, 0x3000));
    let position = unsigned(0x0102, 0) as u16;
    let mut overlay = Overlay {
        group,
        rows: unsigned(0x0010, 0),
        cols: unsigned(0x0011, 0),
        frames: unsigned(0x0015, 1),
        first_frame: unsigned(0x0051, 1).saturating_sub(1),
        origin: (place(1), place(0)),
        embedded_bit: data.is_none().then_some(position),
        flaw: None,
    };
    overlay.flaw = flaw(v, &overlay, data.map(<[u8]>::len), image_frames);
    overlay
}

/// What speaks against keeping an overlay: nothing may be left open about where its bits lie and what they cover.
fn flaw(v: &Values<'_>, o: &Overlay, bytes: Option<usize>, image_frames: u32) -> Option<Flaw> {
    let Some(bytes) = bytes else {
        return Some(Flaw::Embedded);
    };
    let one = |element| v.ints(Tag(o.group, element));
    // Numbers in their own VR and of their own length: nothing else can hide in what stays unread.
    let words = |element, count: usize| {
        let e = v.set.get(Tag(o.group, element));
        e.is_some_and(|e| {
            matches!(e.vr, VR::US | VR::SS) && super::value::raw(v.bytes, e).len() == 2 * count
        })
    };
    let absent = |element| v.set.get(Tag(o.group, element)).is_none();
    let kind = v.codes(Tag(o.group, 0x0040));
    let single = words(0x0100, 1) && words(0x0102, 1) && one(0x0100) == [1] && one(0x0102) == [0];
    if !matches!(
        kind.iter().map(String::as_str).collect::<Vec<_>>()[..],
        ["G" | "R"]
    ) || !single
    {
        return Some(Flaw::Kind);
    }
    let times = |element: u16| {
        let tag = Tag(o.group, element);
        v.set.elements.iter().filter(move |e| e.tag == tag).count()
    };
    let shown = o.first_frame.checked_add(o.frames);
    let fits = words(0x0010, 1)
        && words(0x0011, 1)
        && words(0x0050, 2)
        && (absent(0x0051) || words(0x0051, 1))
        && (absent(0x0015) || one(0x0015).len() == 1)
        && o.rows > 0
        && o.cols > 0
        && o.frames > 0
        && shown.is_some_and(|end| end <= image_frames)
        && times(0x3000) == 1
        && v.set
            .get(Tag(o.group, 0x3000))
            .is_some_and(|e| matches!(e.vr, VR::OB | VR::OW))
        && o.bytes() == Some(bytes as u64);
    (!fits).then_some(Flaw::Geometry)
}

impl Overlay {
    /// Even length of the data of all bitmaps; `None` where it cannot be counted.
    pub fn bytes(&self) -> Option<u64> {
        let bits = u64::from(self.rows)
            .checked_mul(self.cols.into())?
            .checked_mul(self.frames.into())?;
        bits.div_ceil(8).checked_next_multiple_of(2)
    }

    /// A bitmap as a picture, 255 where the overlay is set; `bits` as in (60xx,3000).
    ///
    /// # Errors
    /// `truncated` where the data is shorter than the bitmaps, `limit` above `max_pixels`.
    pub fn bitmap(&self, bits: &[u8], index: u32, max_pixels: u64) -> Result<Gray, Refusal> {
        let pixels = u64::from(self.rows) * u64::from(self.cols);
        if pixels > max_pixels {
            return Err(Refusal::new(Reason::Limit, "an overlay is above the limit"));
        }
        let first = pixels.saturating_mul(index.into());
        let last = first.saturating_add(pixels);
        if index >= self.frames || last.div_ceil(8) > bits.len() as u64 {
            return Err(Refusal::new(
                Reason::Truncated,
                "overlay data is shorter than its size",
            ));
        }
        Ok(Gray {
            width: self.cols,
            height: self.rows,
            data: unpack_bits(bits, first as usize, pixels as usize)
                .into_iter()
                .map(|b| b * 255)
                .collect(),
        })
    }
}

/// The data of an overlay's bitmaps; empty where it has none of its own.
pub fn data<'a>(bytes: &'a [u8], set: &'a DataSet, overlay: &Overlay) -> &'a [u8] {
    let v = Values { bytes, set };
    v.raw(Tag(overlay.group, 0x3000)).unwrap_or_default()
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
