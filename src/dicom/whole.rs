//! Objects without a picture to search: their header is treated by a profile, everything else is copied.
//!
//! Presentation states, segmentations and objects of radiotherapy (dicom.md §4). Pixels that some of them hold are labels
//! or doses that a program made; they are copied and not searched, which their header says by not claiming it.

use super::annotation::{self, Annotation};
use super::attributes::{Claims, identity_ops};
use super::dataset::{DataSet, Value};
use super::deidentify::{Deidentified, Method, deidentify, who};
use super::file::{self, Read};
use super::object::PIXEL_DATA;
use super::support::{Codec, EXPLICIT_BE, EXPLICIT_LE, Support};
use super::value::Values;
use super::write::write_whole;
use super::{Consent, Person, classes, consent, identity, overlay};
use crate::config::Limits;
use crate::facts::Identity;
use crate::key::Key;
use crate::outcome::{Reason, Refusal};
use dicom_dictionary_std::tags;
use std::collections::BTreeMap;
use std::io::Write;

/// One such object.
pub struct HeaderObject {
    bytes: Vec<u8>,
    set: DataSet,
    syntax: &'static Support,
    class: String,
    instance: String,
    sha256: [u8; 32],
    notes: Vec<&'static str>,
}

impl HeaderObject {
    pub(super) fn new(read: Read, sha256: [u8; 32]) -> Result<HeaderObject, Refusal> {
        let v = Values {
            bytes: &read.bytes,
            set: &read.set,
        };
        let syntax = Support::of(&read.transfer_syntax)
            .ok_or_else(|| Refusal::new(Reason::TransferSyntax, "an unknown transfer syntax"))?;
        let instance = v
            .code(tags::SOP_INSTANCE_UID)
            .ok_or_else(|| Refusal::new(Reason::Inconsistent, "no SOP instance"))?;
        let class = v.code(tags::SOP_CLASS_UID).unwrap_or_default();
        // Code streams carry comments; run lengths and samples do not.
        let plain = match read.set.get(PIXEL_DATA).map(|e| &e.value) {
            None => true,
            Some(Value::Source(_)) => syntax.codec == Codec::Native,
            Some(_) => syntax.codec == Codec::Rle,
        };
        if !plain {
            return Err(Refusal::new(
                Reason::TransferSyntax,
                "compressed pixels that are not searched",
            ));
        }
        // Reading has turned big endian round.
        let syntax = match syntax.uid {
            EXPLICIT_BE => Support::of(EXPLICIT_LE).unwrap_or(syntax),
            _ => syntax,
        };
        Ok(HeaderObject {
            class,
            instance,
            syntax,
            sha256,
            notes: read.notes,
            bytes: read.bytes,
            set: read.set,
        })
    }

    /// SHA-256 of the file as it was read.
    pub fn sha256(&self) -> [u8; 32] {
        self.sha256
    }

    /// Peculiarities that were overcome while reading.
    pub fn notes(&self) -> &[&'static str] {
        &self.notes
    }

    /// Transfer syntax of the input, which is that of the output unless it is big endian.
    pub fn syntax(&self) -> &'static str {
        self.syntax.uid
    }

    /// SOP Class UID.
    pub fn sop_class(&self) -> &str {
        &self.class
    }

    /// The file inside an encapsulated PDF, without padding; `None` for other objects, empty where it is missing.
    pub fn pdf(&self) -> Option<&[u8]> {
        if self.class != classes::ENCAPSULATED_PDF {
            return None;
        }
        let v = Values {
            bytes: &self.bytes,
            set: &self.set,
        };
        let whole = match v.set.get(tags::ENCAPSULATED_DOCUMENT).map(|e| &e.value) {
            Some(Value::Source(range)) => self.bytes.get(range.clone()).unwrap_or_default(),
            _ => &[],
        };
        let said = v.int(tags::ENCAPSULATED_DOCUMENT_LENGTH);
        let length = said.and_then(|n| usize::try_from(n).ok());
        Some(whole.get(..length.unwrap_or(whole.len())).unwrap_or(whole))
    }

    /// Whom the header names.
    pub fn identities(&self) -> Vec<Identity> {
        identity::identities(&self.bytes, &self.set)
    }

    /// Whether there are pixels, which nobody searches.
    pub fn has_pixels(&self) -> bool {
        self.set.get(PIXEL_DATA).is_some()
    }

    /// Lines of its graphic annotations, by item.
    pub fn annotations(&self) -> Vec<Annotation> {
        annotation::annotations(&self.bytes, &self.set)
    }

    /// Whether there are graphics that are not cleaned here: overlays and curves.
    pub fn has_other_graphics(&self) -> bool {
        let nested = overlay::count(&self.bytes, &self.set);
        nested.overlays + nested.curves > 0
    }

    /// Who the object is about.
    pub fn person(&self) -> Person {
        who(&self.bytes, &self.set)
    }

    /// What the header says about consent.
    pub fn consent(&self) -> Consent {
        consent::consent(&self.bytes, &self.set)
    }

    /// What the object says of its own de-identification; `None` where it names no method.
    pub fn claimed(&self) -> Option<super::Claimed> {
        super::deidentify::claimed(&self.bytes, &self.set)
    }

    /// (0008,0020), the date that tells how far others are shifted.
    pub fn study_date(&self) -> Option<String> {
        let v = Values {
            bytes: &self.bytes,
            set: &self.set,
        };
        v.code(tags::STUDY_DATE)
    }

    /// The header after a profile.
    pub fn deidentify(&self, method: &Method<'_>) -> Deidentified {
        deidentify(&self.bytes, &self.set, &self.class, method)
    }

    /// Writes the object after its profile. Gives the header operations beside it, by kind.
    ///
    /// # Errors
    /// `write-failed`, `internal`.
    pub fn write(
        &self,
        deidentified: &Deidentified,
        claims: &Claims,
        key: &Key,
        out: &mut dyn Write,
    ) -> Result<BTreeMap<String, u32>, Refusal> {
        let ops = identity_ops(&self.instance, Some(claims), key);
        write_whole(&self.bytes, &deidentified.set, self.syntax, &ops, out)?;
        let mut counts = BTreeMap::new();
        for op in &ops {
            *counts.entry(op.kind().to_owned()).or_default() += 1;
        }
        Ok(counts)
    }

    /// Reads a written file with fresh eyes: it can be parsed, its file meta is ours, pixels are those of the input.
    ///
    /// # Errors
    /// `bad-encoding`, and everything that reading refuses.
    pub fn check(&self, written: &[u8], keep_uids: bool, limits: &Limits) -> Result<(), Refusal> {
        let bad = |what: &str| Refusal::new(Reason::BadEncoding, what);
        if written.get(..128) != Some(&[0; 128]) {
            return Err(bad("the preamble is not empty"));
        }
        let read = file::read(written.to_vec(), limits)?;
        let v = Values {
            bytes: &read.bytes,
            set: &read.set,
        };
        let same_class = v.code(tags::SOP_CLASS_UID).as_deref() == Some(&self.class);
        let same_uid = v.code(tags::SOP_INSTANCE_UID).as_deref() == Some(&self.instance);
        if !same_class || same_uid != keep_uids || read.transfer_syntax != self.syntax.uid {
            return Err(bad(
                "class, instance or transfer syntax is not the one it has to be",
            ));
        }
        if read.trailing > 0 || !read.notes.is_empty() {
            return Err(bad("the file needs forgiveness to be read"));
        }
        let pixels = |bytes: &[u8], set: &DataSet| -> Vec<Vec<u8>> {
            match set.get(PIXEL_DATA).map(|e| &e.value) {
                Some(Value::Source(r)) => vec![bytes.get(r.clone()).unwrap_or_default().to_vec()],
                Some(Value::Fragments(list)) => list
                    .iter()
                    .map(|r| bytes.get(r.clone()).unwrap_or_default().to_vec())
                    .collect(),
                _ => Vec::new(),
            }
        };
        let (before, after) = (
            pixels(&self.bytes, &self.set),
            pixels(&read.bytes, &read.set),
        );
        let trimmed = |v: &[Vec<u8>]| -> Vec<Vec<u8>> {
            v.iter()
                .map(|b| {
                    let mut b = b.clone();
                    if b.len() % 2 == 1 {
                        b.push(0);
                    }
                    b
                })
                .collect()
        };
        if trimmed(&before) != trimmed(&after) {
            return Err(Refusal::new(
                Reason::OutsideChanged,
                "the pixels are not those of the input",
            ));
        }
        let left = overlay::count(&read.bytes, &read.set);
        if left.icons + left.overlays + left.curves + left.pixel_data > 0 {
            return Err(bad("an icon, overlay or curve is left"));
        }
        Ok(())
    }
}
