//! Elements back to bytes: unchanged ones as they were, changed ones encoded anew (PS3.5 section 7).

use super::dataset::{DataSet, Element, Encoding, Value, has_long_length};
use crate::outcome::{Reason, Refusal};
use dicom_core::{Tag, VR};

const ITEM: [u8; 4] = [0xFE, 0xFF, 0x00, 0xE0];
const ITEM_END: [u8; 8] = [0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0];
/// Sequence Delimitation Item.
pub const SEQUENCE_END: [u8; 8] = [0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0];

/// Appends one element in `to`, which is little endian; an unchanged one already in that encoding byte for byte.
/// `bits_allocated` tells the width of pixel words where the source is big endian.
///
/// # Errors
/// `internal` for values that do not fit their length field.
pub fn element(
    source: &[u8],
    e: &Element,
    from: Encoding,
    to: Encoding,
    bits_allocated: u16,
    out: &mut Vec<u8>,
) -> Result<(), Refusal> {
    if let Some(range) = &e.source
        && from == to
    {
        out.extend_from_slice(source.get(range.clone()).unwrap_or_default());
        return Ok(());
    }
    let body = body(source, e, from, to, bits_allocated)?;
    let keep_undefined = e.undefined || matches!(e.value, Value::Fragments(_));
    header(
        e.tag,
        e.vr,
        if keep_undefined {
            None
        } else {
            Some(body.len())
        },
        to,
        out,
    )?;
    out.extend_from_slice(&body);
    if keep_undefined {
        out.extend_from_slice(&SEQUENCE_END);
    }
    Ok(())
}

/// Appends all elements of a data set.
///
/// # Errors
/// Those of [`element`].
pub fn data_set(
    source: &[u8],
    set: &DataSet,
    to: Encoding,
    bits_allocated: u16,
    out: &mut Vec<u8>,
) -> Result<(), Refusal> {
    for e in &set.elements {
        element(source, e, set.encoding, to, bits_allocated, out)?;
    }
    Ok(())
}

/// Appends an element header; `len` `None` is undefined.
///
/// # Errors
/// `internal` where the length does not fit.
pub fn header(
    tag: Tag,
    vr: VR,
    len: Option<usize>,
    to: Encoding,
    out: &mut Vec<u8>,
) -> Result<(), Refusal> {
    let too_long = || Refusal::new(Reason::Internal, format!("value of {tag} is too long"));
    let len32 = match len {
        None => u32::MAX,
        Some(n) => u32::try_from(n)
            .ok()
            .filter(|n| *n != u32::MAX)
            .ok_or_else(too_long)?,
    };
    out.extend_from_slice(&tag.0.to_le_bytes());
    out.extend_from_slice(&tag.1.to_le_bytes());
    if to == Encoding::ImplicitLe {
        out.extend_from_slice(&len32.to_le_bytes());
    } else if has_long_length(vr) {
        out.extend_from_slice(&vr.to_bytes());
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&len32.to_le_bytes());
    } else {
        out.extend_from_slice(&vr.to_bytes());
        let short = u16::try_from(len32).map_err(|_| too_long())?;
        out.extend_from_slice(&short.to_le_bytes());
    }
    Ok(())
}

/// The byte that makes a value of this VR even (PS3.5 section 6.2).
pub fn padding(vr: VR) -> u8 {
    match vr {
        VR::UI | VR::OB | VR::OW | VR::UN => 0,
        _ if has_long_length(vr) && !matches!(vr, VR::UC | VR::UR | VR::UT) => 0,
        _ => b' ',
    }
}

fn body(
    source: &[u8],
    e: &Element,
    from: Encoding,
    to: Encoding,
    bits_allocated: u16,
) -> Result<Vec<u8>, Refusal> {
    let mut body = Vec::new();
    match &e.value {
        Value::Owned(v) => body.extend_from_slice(v),
        Value::Source(range) => {
            body.extend_from_slice(source.get(range.clone()).unwrap_or_default());
            if from == Encoding::ExplicitBe {
                swap(&mut body, swap_width(e, bits_allocated));
            }
        }
        Value::Fragments(list) => {
            for range in list {
                let fragment = source.get(range.clone()).unwrap_or_default();
                item(fragment.len(), &mut body)?;
                body.extend_from_slice(fragment);
            }
        }
        Value::Items(items) => {
            for i in items {
                // Items of a sequence sent as UN stay in implicit VR whatever surrounds them (PS3.5 section 6.2.2).
                let inner = if e.vr == VR::UN { i.set.encoding } else { to };
                let mut content = Vec::new();
                let mut set = i.set.clone();
                // A group length would be stale now (dicom.md §2.6).
                set.elements.retain(|e| e.tag.1 != 0);
                data_set(source, &set, inner, bits_allocated, &mut content)?;
                if i.undefined {
                    body.extend_from_slice(&ITEM);
                    body.extend_from_slice(&u32::MAX.to_le_bytes());
                    body.extend_from_slice(&content);
                    body.extend_from_slice(&ITEM_END);
                } else {
                    item(content.len(), &mut body)?;
                    body.extend_from_slice(&content);
                }
            }
        }
    }
    if body.len() % 2 == 1 {
        body.push(padding(e.vr));
    }
    Ok(body)
}

/// Appends an item header of this length.
///
/// # Errors
/// `internal` where the length does not fit.
pub fn item(len: usize, out: &mut Vec<u8>) -> Result<(), Refusal> {
    let len = u32::try_from(len)
        .map_err(|_| Refusal::new(Reason::Internal, "an item is too long to be written"))?;
    out.extend_from_slice(&ITEM);
    out.extend_from_slice(&len.to_le_bytes());
    Ok(())
}

/// Bytes that are turned round together when big endian becomes little endian (PS3.5 section 7.3). Pixel Data in OW is
/// turned by Bits Allocated: 32-bit samples are not pairs of words.
fn swap_width(e: &Element, bits_allocated: u16) -> usize {
    match e.vr {
        VR::OW if e.tag == Tag(0x7FE0, 0x0010) && bits_allocated == 32 => 4,
        VR::US | VR::SS | VR::OW | VR::AT => 2,
        VR::UL | VR::SL | VR::FL | VR::OF | VR::OL => 4,
        VR::FD | VR::OD | VR::SV | VR::UV | VR::OV => 8,
        _ => 1,
    }
}

fn swap(bytes: &mut [u8], width: usize) {
    if width > 1 {
        bytes.chunks_exact_mut(width).for_each(<[u8]>::reverse);
    }
}
