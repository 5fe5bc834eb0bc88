//! A written file looked at with fresh eyes: file meta, encapsulation, lengths (dicom.md §2.8, §3.6).
//!
//! Takes the path of a file that this program wrote and the object that it was made from; gives the re-opened object for
//! the comparison of samples. Shares the parser with reading, but believes nothing that the writer knew.

use super::dataset::{Encoding, Value, group_end, parse};
use super::object::{Frames, Object, Reading, read_bytes};
use super::support::Support;
use super::value::Values;
use super::write::Written;
use crate::config::Limits;
use crate::outcome::{Reason, Refusal};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use std::path::Path;

/// File meta elements that may be written.
const META: [u16; 6] = [0x0001, 0x0002, 0x0003, 0x0010, 0x0012, 0x0013];

fn bad(what: impl Into<String>) -> Refusal {
    Refusal::new(Reason::BadEncoding, what)
}

/// Re-opens a written file and checks its form. `keep_uids`: its SOP Instance UID is to be that of the original.
///
/// # Errors
/// `bad-encoding`, `read-failed`, and everything that reading refuses.
pub fn check_written<'a>(
    path: &Path,
    original: &Object,
    out_syntax: &str,
    written: &Written,
    keep_uids: bool,
    how: impl Into<Reading<'a>>,
) -> Result<Object, Refusal> {
    let how = how.into();
    let bytes = std::fs::read(path)
        .map_err(|e| Refusal::new(Reason::Read, format!("the written file: {}", e.kind())))?;
    if bytes.len() as u64 != written.bytes {
        return Err(bad("the file is not as long as what was written"));
    }
    let (class, instance, syntax) = meta(&bytes, how.limits)?;
    let object = read_bytes(bytes, how)?;
    let facts = object.facts();
    if facts.sop_class != class || facts.sop_instance != instance {
        return Err(bad("file meta and data set name different instances"));
    }
    if (facts.sop_instance == original.facts().sop_instance) != keep_uids {
        return Err(bad("the SOP instance UID is not the one it has to be"));
    }
    if syntax != out_syntax || object.support().uid != out_syntax {
        return Err(bad("the transfer syntax is not the one asked for"));
    }
    if facts.frames != original.facts().frames || facts.format != original.facts().format {
        return Err(bad("number or layout of frames changed"));
    }
    let left = object.carriers();
    if !object.notes().is_empty() || left.trailing_bytes > 0 || left.trailing_pixel_bytes > 0 {
        return Err(bad("the file needs forgiveness to be read"));
    }
    if object.set.elements.iter().any(|e| e.tag.1 == 0) {
        return Err(bad("a group length is left"));
    }
    if object.samples != original.samples {
        return Err(bad("the samples are in another element"));
    }
    even_lengths(&object)?;
    encapsulation(&object, out_syntax)?;
    Ok(object)
}

/// Checks preamble and file meta; gives SOP class, SOP instance and transfer syntax.
fn meta(bytes: &[u8], limits: &Limits) -> Result<(String, String, String), Refusal> {
    if bytes.get(..128) != Some(&[0; 128]) || bytes.get(128..132) != Some(b"DICM") {
        return Err(bad("preamble or prefix"));
    }
    let end = group_end(bytes, 132, 0x0002, Encoding::ExplicitLe)
        .ok_or_else(|| bad("no file meta information"))?;
    let set = parse(bytes, 132..end, Encoding::ExplicitLe, limits.depth)?.set;
    if let Some(e) = set
        .elements
        .iter()
        .find(|e| e.tag.0 != 0x0002 || !META.contains(&e.tag.1))
    {
        return Err(bad(format!("file meta element {}", e.tag)));
    }
    let length = bytes
        .get(140..144)
        .and_then(|b| b.try_into().ok())
        .map(u32::from_le_bytes);
    if length.map(|n| n as usize) != Some(end - 144) {
        return Err(bad("group length of the file meta information"));
    }
    let v = Values { bytes, set: &set };
    let need = |tag: Tag| {
        v.code(tag)
            .ok_or_else(|| bad(format!("no {tag} in file meta")))
    };
    Ok((
        need(tags::MEDIA_STORAGE_SOP_CLASS_UID)?,
        need(tags::MEDIA_STORAGE_SOP_INSTANCE_UID)?,
        need(tags::TRANSFER_SYNTAX_UID)?,
    ))
}

fn even_lengths(object: &Object) -> Result<(), Refusal> {
    for e in &object.set.elements {
        let odd = match &e.value {
            Value::Source(range) => range.len() % 2 == 1,
            Value::Fragments(list) => list.iter().any(|r| r.len() % 2 == 1),
            Value::Items(_) | Value::Owned(_) => false,
        };
        if odd {
            return Err(bad(format!("{} has an odd length", e.tag)));
        }
    }
    Ok(())
}

fn encapsulation(object: &Object, out_syntax: &str) -> Result<(), Refusal> {
    let encapsulated = Support::of(out_syntax).is_some_and(Support::encapsulated);
    let Some(e) = object.set.get(object.samples) else {
        return Err(bad("no pixel data"));
    };
    if object.carriers().stale_offset_table {
        return Err(bad("an offset table points beside its frames"));
    }
    match (&object.frames, encapsulated) {
        (Frames::Native(_), false) if !e.undefined => Ok(()),
        (Frames::Video { fragments, .. }, true) if e.undefined && e.vr == dicom_core::VR::OB => {
            if fragments.len() != 1 || object.carriers().video_user_data > 0 {
                return Err(bad("a video of several fragments, or with user data"));
            }
            Ok(())
        }
        (Frames::Fragments(frames), true) if e.undefined && e.vr == dicom_core::VR::OB => {
            if frames.iter().any(Vec::is_empty) {
                return Err(bad("a frame without fragment"));
            }
            Ok(())
        }
        _ => Err(bad("length or VR of pixel data does not fit the syntax")),
    }
}
