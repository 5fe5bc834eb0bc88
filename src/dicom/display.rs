//! Windows, lookup tables and palettes of the header, as [`Display`] (PS3.3 C.7.6.3, C.7.9, C.11).
//!
//! Takes the data set, gives 8-bit tables, and Modality LUTs with all their bits.

use super::dataset::DataSet;
use super::value::{Values, words};
use crate::frame::{Display, Lut, ModalityLut, Window};
use crate::outcome::{Reason, Refusal};
use dicom_core::Tag;
use dicom_dictionary_std::tags;

/// Everything the header says about display.
///
/// # Errors
/// `inconsistent` for a palette that cannot be read although the picture needs one (`palette`).
pub fn display(
    bytes: &[u8],
    set: &DataSet,
    signed: bool,
    palette: bool,
) -> Result<Display, Refusal> {
    let mut d = Display {
        slope: 1.0,
        ..Display::default()
    };
    let mut rescaled = false;
    d.modality_lut = (set.items(tags::MODALITY_LUT_SEQUENCE).iter()).find_map(|item| {
        modality_lut(
            &Values {
                bytes,
                set: &item.set,
            },
            signed,
        )
    });
    // What a Modality LUT gives has no sign (PS3.3 C.11.1.1.1).
    let voi_signed = signed && d.modality_lut.is_none();
    for set in display_sets(set) {
        let v = Values { bytes, set };
        if !rescaled && let Some(slope) = v.floats(tags::RESCALE_SLOPE).first() {
            d.slope = if *slope == 0.0 { 1.0 } else { *slope };
            d.intercept = v
                .floats(tags::RESCALE_INTERCEPT)
                .first()
                .copied()
                .unwrap_or_default();
            rescaled = true;
        }
        let centers = v.floats(tags::WINDOW_CENTER);
        for (center, width) in centers.into_iter().zip(v.floats(tags::WINDOW_WIDTH)) {
            let window = Window { center, width };
            if width > 0.0 && !d.windows.contains(&window) {
                d.windows.push(window);
            }
        }
        for item in set.items(tags::VOILUT_SEQUENCE) {
            let v = Values {
                bytes,
                set: &item.set,
            };
            if let Some(lut) = voi_lut(&v, voi_signed)
                && !d.voi_luts.contains(&lut)
            {
                d.voi_luts.push(lut);
            }
        }
    }
    if palette {
        let v = Values { bytes, set };
        d.palette = Some(read_palette(&v, signed).ok_or_else(|| {
            Refusal::new(
                Reason::Inconsistent,
                "palette colour without a palette that can be read",
            )
        })?);
    }
    Ok(d)
}

/// The data set itself and the functional group items that can hold display attributes.
fn display_sets(set: &DataSet) -> Vec<&DataSet> {
    let mut out = vec![set];
    for groups in [
        tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
        tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
    ] {
        for item in set.items(groups) {
            for inner in [
                tags::FRAME_VOILUT_SEQUENCE,
                tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE,
            ] {
                out.extend(item.set.items(inner).iter().map(|i| &i.set));
            }
        }
    }
    out
}

struct Descriptor {
    count: usize,
    first: i64,
    bits: u32,
}

fn descriptor(v: &Values<'_>, tag: Tag, signed: bool) -> Option<Descriptor> {
    let w = words(v.raw(tag)?);
    let [count, first, bits] = w.get(..3)?.try_into().ok()?;
    Some(Descriptor {
        count: if count == 0 {
            65_536
        } else {
            usize::from(count)
        },
        first: if signed {
            i64::from(first as i16)
        } else {
            i64::from(first)
        },
        bits: u32::from(bits).clamp(8, 16),
    })
}

fn voi_lut(v: &Values<'_>, signed: bool) -> Option<Lut> {
    let d = descriptor(v, tags::LUT_DESCRIPTOR, signed)?;
    let raw = v.raw(tags::LUT_DATA)?;
    let entries: Vec<u8> = if raw.len() < 2 * d.count {
        raw.get(..d.count)?.to_vec()
    } else {
        words(raw)
            .into_iter()
            .take(d.count)
            .map(|w| (w >> (d.bits - 8)).min(255) as u8)
            .collect()
    };
    Some(Lut {
        first: d.first,
        entries,
    })
}

fn modality_lut(v: &Values<'_>, signed: bool) -> Option<ModalityLut> {
    let d = descriptor(v, tags::LUT_DESCRIPTOR, signed)?;
    let raw = v.raw(tags::LUT_DATA)?;
    if d.bits > 8 && raw.len() < 2 * d.count {
        return None;
    }
    let entries = plain_entries(raw, &d)?;
    Some(ModalityLut {
        first: d.first,
        entries,
    })
}

const PALETTE: [(Tag, Tag, Tag); 3] = [
    (
        tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        tags::SEGMENTED_RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ),
    (
        tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        tags::SEGMENTED_GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ),
    (
        tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        tags::SEGMENTED_BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ),
];

fn read_palette(v: &Values<'_>, signed: bool) -> Option<[Lut; 3]> {
    let mut channels = Vec::with_capacity(3);
    for (descriptor_tag, data, segmented) in PALETTE {
        let d = descriptor(v, descriptor_tag, signed)?;
        let entries = match (v.raw(data), v.raw(segmented)) {
            (Some(raw), _) => plain_entries(raw, &d)?,
            (None, Some(raw)) => segmented_entries(raw, &d)?,
            (None, None) => return None,
        };
        channels.push((d.first, d.bits, entries));
    }
    // Tables that declare 16 bits and hold 8-bit values are common; true 16-bit ones exceed 255 somewhere.
    let wide = channels.iter().any(|(_, bits, _)| *bits > 8)
        && channels.iter().flat_map(|(_, _, e)| e).any(|e| *e > 255);
    let mut luts = channels.into_iter().map(|(first, _, entries)| Lut {
        first,
        entries: entries
            .into_iter()
            .map(|e| {
                if wide {
                    (e >> 8) as u8
                } else {
                    e.min(255) as u8
                }
            })
            .collect(),
    });
    Some([luts.next()?, luts.next()?, luts.next()?])
}

fn plain_entries(raw: &[u8], d: &Descriptor) -> Option<Vec<u16>> {
    if raw.len() >= 2 * d.count {
        return Some(words(&raw[..2 * d.count]));
    }
    // 8-bit entries packed two a word (PS3.3 C.7.6.3.1.6).
    Some(raw.get(..d.count)?.iter().map(|b| u16::from(*b)).collect())
}

/// Expands a segmented table (PS3.3 C.7.9.2). Opcodes: 0 discrete, 1 linear, 2 indirect.
fn segmented_entries(raw: &[u8], d: &Descriptor) -> Option<Vec<u16>> {
    let data: Vec<u16> = if d.bits == 8 {
        raw.iter().map(|b| u16::from(*b)).collect()
    } else {
        words(raw)
    };
    let mut out = Vec::with_capacity(d.count);
    let mut at = 0;
    while out.len() < d.count && at + 1 < data.len() {
        at = segment(&data, at, d, &mut out, true)?;
    }
    (out.len() == d.count).then_some(out)
}

fn segment(
    data: &[u16],
    at: usize,
    d: &Descriptor,
    out: &mut Vec<u16>,
    indirect: bool,
) -> Option<usize> {
    let (opcode, length) = (*data.get(at)?, usize::from(*data.get(at + 1)?));
    let next = match opcode {
        0 => {
            out.extend_from_slice(data.get(at + 2..at + 2 + length)?);
            at + 2 + length
        }
        1 => {
            let (from, to) = (i64::from(*out.last()?), i64::from(*data.get(at + 2)?));
            for i in 1..=length as i64 {
                out.push((from + (to - from) * i / length as i64) as u16);
            }
            at + 3
        }
        2 if indirect => {
            // Offset in bytes of the first segment to copy, as low and high word.
            let unit = if d.bits == 8 { 1 } else { 2 };
            let parts: usize = if unit == 1 { 4 } else { 2 };
            let mut offset = 0_usize;
            for (i, part) in data.get(at + 2..at + 2 + parts)?.iter().enumerate() {
                offset |= usize::from(*part) << (i * 8 * unit);
            }
            let mut from = offset / unit;
            for _ in 0..length {
                from = segment(data, from, d, out, false)?;
            }
            at + 2 + parts
        }
        _ => return None,
    };
    (out.len() <= d.count).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(count: usize, bits: u32) -> Descriptor {
        Descriptor {
            count,
            first: 0,
            bits,
        }
    }

    fn bytes(words: &[u16]) -> Vec<u8> {
        words.iter().flat_map(|w| w.to_le_bytes()).collect()
    }

    #[test]
    fn segmented_palette_expands() {
        // Discrete 10, linear to 50 in 4 steps, the first two segments once more from byte 0.
        let raw = bytes(&[0, 1, 10, 1, 4, 50, 2, 2, 0, 0]);
        let want = [10, 20, 30, 40, 50, 10, 20, 30, 40, 50];
        assert_eq!(segmented_entries(&raw, &d(10, 16)).unwrap(), want);
        assert_eq!(segmented_entries(&raw, &d(11, 16)), None);
        assert_eq!(segmented_entries(&bytes(&[1, 4, 50]), &d(4, 16)), None);
        assert_eq!(segmented_entries(&[0, 2, 7, 9], &d(2, 8)).unwrap(), [7, 9]);
    }

    #[test]
    fn packed_and_wide_entries() {
        assert_eq!(plain_entries(&[1, 2, 3, 0], &d(3, 8)).unwrap(), [1, 2, 3]);
        assert_eq!(
            plain_entries(&bytes(&[256, 512]), &d(2, 16)).unwrap(),
            [256, 512]
        );
        assert_eq!(plain_entries(&[1, 2], &d(3, 8)), None);
    }
}
