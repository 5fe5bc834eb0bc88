//! Looking for identities of an original in the bytes of a file (dicom.md §6.3).
//!
//! [`Tokens`] collects what may not be left: what the profile takes away, in every spelling. [`Scanner`] looks for it in
//! values that would be kept, and in whole files: element by element with the rules of their kind, and over the raw bytes,
//! whatever the elements say. Hits name the attribute that the token came from and the element where it was found, never
//! the text.
//!
//! What it cannot do: short tokens are not looked for among samples, numbers and UIDs, where any digits may stand by
//! chance; pixels are read by detection. Big5 is met only as the bytes that the original itself holds.

mod matcher;
mod tokens;

pub use tokens::Tokens;

use super::dataset::{self, DataSet, Element, Encoding, Value};
use super::object::samples_tag;
use super::value::Values;
use super::{file, identity};
use crate::config::Limits;
use crate::outcome::Refusal;
use dicom_core::VR;
use dicom_dictionary_std::tags;
use matcher::{Matcher, Where};
use std::collections::BTreeSet;

/// Something that should not be there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// Keyword of the attribute of the original whose value was found; `FileName` for the name of the file.
    pub attribute: String,
    /// Where: a tag, or `bytes`.
    pub place: String,
}

/// Looks for the tokens of one original.
pub struct Scanner {
    matcher: Matcher,
}

impl Scanner {
    /// Makes tokens ready. `safe` tells words that are public whatever they name.
    pub fn new(tokens: &Tokens, safe: &dyn Fn(&str) -> bool) -> Scanner {
        Scanner {
            matcher: Matcher::new(tokens, safe),
        }
    }

    /// Whether a text value names somebody.
    pub fn names(&self, value: &[u8], safe: &dyn Fn(&str) -> bool) -> bool {
        self.matcher.find(value, Where::Text, safe).is_some()
    }

    /// Whether a number is an identifier.
    pub fn numbers(&self, value: &[u8]) -> bool {
        self.matcher
            .find(value, Where::Number, &|_| false)
            .is_some()
    }

    /// Looks through a whole file; deflated ones as they are inflated.
    ///
    /// # Errors
    /// Those of reading a file.
    pub fn file(
        &self,
        bytes: Vec<u8>,
        limits: &Limits,
        safe: &dyn Fn(&str) -> bool,
    ) -> Result<Vec<Hit>, Refusal> {
        let mut hits = BTreeSet::new();
        let meta = dataset::group_end(&bytes, 132, 0x0002, Encoding::ExplicitLe).unwrap_or(0);
        let head = bytes.get(..meta.min(bytes.len())).unwrap_or_default();
        if let Some(attribute) = self.matcher.find(head, Where::Raw, safe) {
            hits.insert(Hit {
                attribute: attribute.to_owned(),
                place: "file meta".into(),
            });
        }
        let read = file::read(bytes, limits)?;
        self.set(&read.bytes, &read.set, safe, &mut hits);
        // Raw bytes, whatever the elements say. Samples stand apart: any digits may lie there by chance.
        let pixels = samples_tag(&read.set).and_then(|t| read.set.get(t));
        let samples = pixels
            .and_then(|e| e.source.clone())
            .unwrap_or(read.bytes.len()..read.bytes.len());
        let kind = match pixels.map(|e| &e.value) {
            Some(Value::Source(_)) => Where::Samples,
            _ => Where::Raw,
        };
        for (part, kind) in [
            (read.bytes.get(..samples.start), Where::Raw),
            (read.bytes.get(samples.clone()), kind),
            (read.bytes.get(samples.end..), Where::Raw),
        ] {
            if let Some(attribute) = part.and_then(|p| self.matcher.find(p, kind, safe)) {
                hits.insert(Hit {
                    attribute: attribute.to_owned(),
                    place: "bytes".into(),
                });
            }
        }
        Ok(hits.into_iter().collect())
    }

    fn set(
        &self,
        bytes: &[u8],
        set: &DataSet,
        safe: &dyn Fn(&str) -> bool,
        hits: &mut BTreeSet<Hit>,
    ) {
        for e in &set.elements {
            if let Value::Items(items) = &e.value {
                items
                    .iter()
                    .for_each(|i| self.set(bytes, &i.set, safe, hits));
                continue;
            }
            let Some(kind) = kind(e) else { continue };
            let raw = super::value::raw(bytes, e);
            // Values that this program writes: a UID of ours holds any digits.
            if kind == Where::Uid && raw.starts_with(b"2.25.") {
                if let Some(attribute) = self.matcher.find_uid(raw) {
                    hits.insert(hit(attribute, e));
                }
                continue;
            }
            if let Some(attribute) = self.matcher.find(raw, kind, safe) {
                hits.insert(hit(attribute, e));
            }
        }
    }
}

fn hit(attribute: &str, e: &Element) -> Hit {
    Hit {
        attribute: attribute.to_owned(),
        place: format!("({:04X},{:04X})", e.tag.0, e.tag.1),
    }
}

/// How an element is looked at; `None` for binary values, which the raw pass covers.
fn kind(e: &Element) -> Option<Where> {
    match e.vr {
        VR::UI => Some(Where::Uid),
        VR::DS | VR::IS => Some(Where::Number),
        VR::AE | VR::AS | VR::CS | VR::DA | VR::DT | VR::LO | VR::LT | VR::PN | VR::SH | VR::ST => {
            Some(Where::Text)
        }
        VR::TM | VR::UC | VR::UR | VR::UT => Some(Where::Text),
        VR::UN if e.tag.0 != 0x7FE0 => Some(Where::Text),
        _ => None,
    }
}

/// What the header of an object says about who it is about, for keys and lists. Never logged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// (0010,0020).
    pub id: String,
    /// (0010,0021).
    pub issuer: String,
    /// (0010,1000) and the ids in items of (0010,1002), with their issuers.
    pub others: Vec<(String, String)>,
    /// (0008,0050).
    pub accession: String,
    /// (0020,000D).
    pub study: String,
    /// (0020,000E).
    pub series: String,
    /// (0008,0018).
    pub instance: String,
}

/// Reads who an object is about.
pub(super) fn person(bytes: &[u8], set: &DataSet) -> Person {
    let v = Values { bytes, set };
    let charsets = super::value::Charsets::of(&v, None);
    let texts = |set: &DataSet, tag| -> Vec<String> {
        let raw = Values { bytes, set }.raw(tag).unwrap_or_default();
        let read = charsets
            .readings(raw)
            .into_iter()
            .next()
            .unwrap_or_default();
        super::value::split(&read)
            .map(std::borrow::Cow::into_owned)
            .collect()
    };
    let first = |set: &DataSet, tag| texts(set, tag).into_iter().next().unwrap_or_default();
    #[allow(deprecated, reason = "retired attributes still hold ids")]
    let mut others: Vec<(String, String)> = texts(set, tags::OTHER_PATIENT_I_DS)
        .into_iter()
        .map(|id| (String::new(), id))
        .collect();
    for item in set.items(tags::OTHER_PATIENT_I_DS_SEQUENCE) {
        others.push((
            first(&item.set, tags::ISSUER_OF_PATIENT_ID),
            first(&item.set, tags::PATIENT_ID),
        ));
    }
    others.retain(|(_, id)| !id.is_empty());
    Person {
        id: first(set, tags::PATIENT_ID),
        issuer: first(set, tags::ISSUER_OF_PATIENT_ID),
        others,
        accession: first(set, tags::ACCESSION_NUMBER),
        study: v.code(tags::STUDY_INSTANCE_UID).unwrap_or_default(),
        series: v.code(tags::SERIES_INSTANCE_UID).unwrap_or_default(),
        instance: v.code(tags::SOP_INSTANCE_UID).unwrap_or_default(),
    }
}

/// Keyword of an attribute, for hits.
pub(super) fn keyword(tag: dicom_core::Tag) -> String {
    identity::keyword(tag)
}
