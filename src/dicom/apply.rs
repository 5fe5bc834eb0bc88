//! Header operations applied to a data set.
//!
//! Takes the tree and the list of [`HeaderOp`]s; gives the tree to be written. Elements that no operation touches keep
//! their place in the source and are copied from there.

use super::attributes::{Carrier, HeaderOp, ItemValue, code_item};
use super::dataset::{DataSet, Element, Encoding, Item, Value};
use super::encode::padding;
use super::hidden;
use super::overlay::{KeptOverlay, is_curve_group, is_overlay_group};
use super::value::{Values, raw};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

/// The data set after all operations.
pub fn apply(bytes: &[u8], set: &DataSet, ops: &[HeaderOp]) -> DataSet {
    let mut out = set.clone();
    for op in ops {
        one(bytes, &mut out, op);
    }
    out
}

fn one(bytes: &[u8], set: &mut DataSet, op: &HeaderOp) {
    match op {
        HeaderOp::Set { tag, vr, value } => set.put(plain(*tag, *vr, value_bytes(*vr, value))),
        HeaderOp::Uid { tag, value } => set.put(plain(*tag, VR::UI, value.as_bytes().to_vec())),
        HeaderOp::Append {
            tag,
            vr,
            separator,
            value,
            max,
        } => {
            let old = set.get(*tag).map(|e| raw(bytes, e)).unwrap_or_default();
            let mut text = trimmed(old).to_vec();
            if !text.is_empty() && text.len() + separator.len() + value.len() <= *max {
                text.extend_from_slice(separator.as_bytes());
            } else {
                text.clear();
            }
            text.extend_from_slice(value.as_bytes());
            set.put(plain(*tag, *vr, text));
        }
        HeaderOp::SetFirst { tag, value } => set_first(bytes, set, *tag, value),
        HeaderOp::Remove { tag } => set.elements.retain(|e| e.tag != *tag),
        HeaderOp::RemoveCarrier(carrier) => {
            remove(bytes, set, *carrier, 0);
        }
        HeaderOp::KeepOverlays(kept) => keep_overlays(bytes, set, kept),
        HeaderOp::AppendItem { tag, item } => {
            let item = new_item(set.encoding, item);
            edit_sequence(set, *tag, |items| items.push(item));
        }
        HeaderOp::AddCode { tag, code } => {
            let there = set.items(*tag).iter().any(|item| {
                let v = Values {
                    bytes,
                    set: &item.set,
                };
                v.code(tags::CODE_VALUE).as_deref() == Some(code[0])
                    && v.code(tags::CODING_SCHEME_DESIGNATOR).as_deref() == Some(code[1])
            });
            if !there {
                let item = new_item(set.encoding, &code_item(*code));
                edit_sequence(set, *tag, |items| items.push(item));
            }
        }
        HeaderOp::EmptySequence { tag } => {
            if set.get(*tag).is_none() {
                edit_sequence(set, *tag, |_| {});
            }
        }
        HeaderOp::FrameTypes { frames } => frame_types(bytes, set, frames),
    }
}

fn plain(tag: Tag, vr: VR, mut value: Vec<u8>) -> Element {
    if value.len() % 2 == 1 {
        value.push(padding(vr));
    }
    Element {
        tag,
        vr,
        source: None,
        undefined: false,
        value: Value::Owned(value),
    }
}

fn value_bytes(vr: VR, value: &str) -> Vec<u8> {
    match vr {
        VR::US => value
            .parse::<u16>()
            .unwrap_or_default()
            .to_le_bytes()
            .to_vec(),
        _ => value.as_bytes().to_vec(),
    }
}

fn trimmed(value: &[u8]) -> &[u8] {
    let end = value
        .iter()
        .rposition(|b| !matches!(b, b' ' | 0))
        .map_or(0, |i| i + 1);
    &value[..end]
}

/// Replaces the first value where there is one; absent and empty attributes stay (dicom.md §3.2).
fn set_first(bytes: &[u8], set: &mut DataSet, tag: Tag, value: &str) {
    let Some(element) = set.get(tag) else { return };
    let old = trimmed(raw(bytes, element));
    if old.is_empty() {
        return;
    }
    let rest = old.iter().position(|b| *b == b'\\').unwrap_or(old.len());
    let new = [value.as_bytes(), &old[rest..]].concat();
    let vr = element.vr;
    set.put(plain(tag, vr, new));
}

/// Gives whether anything was removed; the sequences around it then lose their place in the source.
fn remove(bytes: &[u8], set: &mut DataSet, carrier: Carrier, depth: u32) -> bool {
    let before = set.elements.len();
    set.elements.retain(|e| match carrier {
        Carrier::Icons => e.tag != tags::ICON_IMAGE_SEQUENCE,
        Carrier::Overlays => !is_overlay_group(e.tag.0),
        Carrier::Curves => !is_curve_group(e.tag.0),
        Carrier::NestedPixelData => {
            depth == 0 || e.tag.0 != 0x7FE0 || !matches!(e.tag.1, 0x0008 | 0x0009 | 0x0010)
        }
        Carrier::PrivatePictures => !hidden::may_be_picture(bytes, e),
    });
    let mut removed = set.elements.len() != before;
    for e in &mut set.elements {
        if let Value::Items(items) = &mut e.value {
            let mut inside = false;
            for item in items {
                inside |= remove(bytes, &mut item.set, carrier, depth + 1);
            }
            if inside {
                e.source = None;
                removed = true;
            }
        }
    }
    removed
}

/// Takes every overlay group out but the kept ones, and gives those their data.
fn keep_overlays(bytes: &[u8], set: &mut DataSet, kept: &[KeptOverlay]) {
    let of = |e: &Element| kept.iter().find(|k| k.group == e.tag.0);
    let (mut staying, others): (Vec<Element>, Vec<Element>) = std::mem::take(&mut set.elements)
        .into_iter()
        .partition(|e| of(e).is_some());
    set.elements = others;
    remove(bytes, set, Carrier::Overlays, 0);
    for e in &mut staying {
        if let (0x3000, Some(k)) = (e.tag.1, of(e)) {
            *e = plain(e.tag, e.vr, k.bits.clone());
        }
    }
    for e in staying {
        set.put(e);
    }
}

fn new_item(encoding: Encoding, values: &[ItemValue]) -> Item {
    let mut set = DataSet::new(encoding);
    for value in values {
        match value {
            ItemValue::Text(tag, vr, text) => set.put(plain(*tag, *vr, text.as_bytes().to_vec())),
            ItemValue::Code(tag, [value, scheme, meaning]) => {
                let code = [
                    ItemValue::Text(tags::CODE_VALUE, VR::SH, (*value).into()),
                    ItemValue::Text(tags::CODING_SCHEME_DESIGNATOR, VR::SH, (*scheme).into()),
                    ItemValue::Text(tags::CODE_MEANING, VR::LO, (*meaning).into()),
                ];
                set.put(sequence(*tag, vec![new_item(encoding, &code)]));
            }
        }
    }
    Item {
        undefined: false,
        set,
    }
}

fn sequence(tag: Tag, items: Vec<Item>) -> Element {
    Element {
        tag,
        vr: VR::SQ,
        source: None,
        undefined: false,
        value: Value::Items(items),
    }
}

/// Changes the items of a sequence, creating it where it is absent or no sequence.
fn edit_sequence(set: &mut DataSet, tag: Tag, edit: impl FnOnce(&mut Vec<Item>)) {
    let existing = set
        .elements
        .iter_mut()
        .find(|e| e.tag == tag && matches!(e.value, Value::Items(_)));
    match existing {
        Some(e) => {
            e.source = None;
            if let Value::Items(items) = &mut e.value {
                edit(items);
            }
        }
        None => {
            let mut items = Vec::new();
            edit(&mut items);
            set.put(sequence(tag, items));
        }
    }
}

/// Frame Type of masked frames (dicom.md §3.2). Where it stands in the shared groups it speaks for every frame.
fn frame_types(bytes: &[u8], set: &mut DataSet, frames: &[u32]) {
    let mut derived = 0_usize;
    let mut total = 0_usize;
    for (groups, shared) in [
        (tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, true),
        (tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, false),
    ] {
        let Some(element) = set.elements.iter_mut().find(|e| e.tag == groups) else {
            continue;
        };
        let Value::Items(items) = &mut element.value else {
            continue;
        };
        let mut touched = false;
        for (i, item) in items.iter_mut().enumerate() {
            let masked = shared || u32::try_from(i).is_ok_and(|i| frames.binary_search(&i).is_ok());
            let has_type = holds_frame_type(&item.set);
            total += usize::from(has_type && !shared);
            if masked && has_type && derive(bytes, &mut item.set) {
                derived += usize::from(!shared);
                touched = true;
                if item.set.get(tags::DERIVATION_IMAGE_SEQUENCE).is_none() {
                    item.set
                        .put(sequence(tags::DERIVATION_IMAGE_SEQUENCE, Vec::new()));
                }
            }
        }
        if touched {
            element.source = None;
        }
    }
    if total > derived && derived > 0 {
        set_first(bytes, set, tags::IMAGE_TYPE, "MIXED");
    }
}

fn holds_frame_type(set: &DataSet) -> bool {
    set.elements.iter().any(|e| match &e.value {
        Value::Items(items) => items.iter().any(|i| i.set.get(tags::FRAME_TYPE).is_some()),
        _ => false,
    })
}

fn derive(bytes: &[u8], group: &mut DataSet) -> bool {
    let mut any = false;
    for e in &mut group.elements {
        let Value::Items(items) = &mut e.value else {
            continue;
        };
        let mut inside = false;
        for item in items {
            if item.set.get(tags::FRAME_TYPE).is_some() {
                set_first(bytes, &mut item.set, tags::FRAME_TYPE, "DERIVED");
                inside = true;
            }
        }
        if inside {
            e.source = None;
            any = true;
        }
    }
    any
}
