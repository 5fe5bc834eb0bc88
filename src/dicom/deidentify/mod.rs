//! A profile carried out on the tree of an object, at every depth (PS3.15 E.1.1).
//!
//! Takes a data set and what [`crate::profile`] decides for each element in its place; gives the new tree, with what was
//! done to each attribute. Elements that stay keep their place in the source and are copied from there. The identities of
//! the object are known while it runs: text that would stay but names somebody goes all the same.

#[cfg(test)]
mod tests;
mod values;

use super::dataset::{DataSet, Element, Encoding, Item, Value, dictionary_vr, is_known_as};
use super::overlay::{self, Part, is_curve_group, is_overlay_group};
use super::scan::{Person, Scanner, Tokens, person};
use super::uid;
use super::value::{Charsets, Values, raw};
use crate::key::Key;
use crate::profile::{Act, Choice, Place, Profile, public_scheme, safe_private};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use std::collections::BTreeMap;
pub(super) use values::DUMMY_DATE;

/// What an object is de-identified with.
#[derive(Clone, Copy)]
pub struct Method<'a> {
    /// The profile.
    pub profile: &'a Profile,
    /// The project key.
    pub key: &'a Key,
    /// What stands in (0010,0010) and (0010,0020).
    pub pseudonym: &'a str,
    /// Days by which dates are shifted.
    pub shift_days: i64,
    /// Name of the file, without its folder: it may name the patient.
    pub file_name: &'a str,
    /// Words that are public, whatever they name.
    pub safe: &'a dyn Fn(&str) -> bool,
    /// Groups of overlays at top level that stay, as their bits were cleaned.
    pub overlays: &'a [u16],
    /// Items of (0070,0001) at top level whose lines go, by number, where annotations are cleaned.
    pub annotations: Option<&'a [usize]>,
}

/// A header after its profile.
pub struct Deidentified {
    pub(super) set: DataSet,
    /// How often each action was taken.
    pub actions: BTreeMap<&'static str, u32>,
    /// The action by tag (eight hex digits), where it was not `kept`.
    pub by_tag: BTreeMap<String, &'static str>,
    /// Text that was to stay, but named somebody of the object.
    pub named: u32,
    scanner: Scanner,
}

impl Deidentified {
    /// What must not be found in the written file.
    pub fn scanner(&self) -> &Scanner {
        &self.scanner
    }
}

/// Who an object is about.
pub(super) fn who(bytes: &[u8], set: &DataSet) -> Person {
    person(bytes, set)
}

/// What an object says of its own de-identification.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claimed {
    /// Options of the codes in (0012,0064).
    pub options: Vec<Choice>,
    /// (0008,0020).
    pub study_date: Option<String>,
}

/// What an object says of its own de-identification; `None` where it names no method.
pub(super) fn claimed(bytes: &[u8], set: &DataSet) -> Option<Claimed> {
    let v = Values { bytes, set };
    let codes = set.items(tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE);
    let said =
        !codes.is_empty() || v.code(tags::PATIENT_IDENTITY_REMOVED).as_deref() == Some("YES");
    let ours = v
        .codes(tags::DEIDENTIFICATION_METHOD)
        .iter()
        .any(|m| m.starts_with("unburn "));
    let options = codes
        .iter()
        .filter_map(|item| {
            Values {
                bytes,
                set: &item.set,
            }
            .code(tags::CODE_VALUE)
        })
        .filter_map(|code| Choice::of_code(&code))
        .collect();
    (said || ours).then(|| Claimed {
        options,
        study_date: v.code(tags::STUDY_DATE),
    })
}

/// Carries a profile out.
pub(super) fn deidentify(
    bytes: &[u8],
    set: &DataSet,
    class: &str,
    method: &Method<'_>,
) -> Deidentified {
    let tokens = Tokens::of(
        bytes,
        set,
        class,
        method.profile,
        method.shift_days,
        method.file_name,
    );
    let scanner = Scanner::new(&tokens, method.safe);
    let mut run = Run {
        bytes,
        class,
        method,
        scanner: &scanner,
        actions: BTreeMap::new(),
        by_tag: BTreeMap::new(),
        named: 0,
    };
    let charsets = Charsets::of(&Values { bytes, set }, None);
    let (set, _) = run.set(set, None, &charsets);
    let (actions, by_tag, named) = (run.actions, run.by_tag, run.named);
    Deidentified {
        set,
        actions,
        by_tag: by_tag
            .into_iter()
            .map(|(t, a)| (format!("{t:08X}"), a))
            .collect(),
        named,
        scanner,
    }
}

/// An element as the profile asks for it, and the VR that it counts with: UN with a known tag is what the dictionary says
/// (PS3.5 section 6.2.2).
pub(super) fn place<'a>(e: &Element, class: &'a str, around: Option<u32>) -> (VR, Place<'a>) {
    let vr = match (&e.value, e.vr) {
        (Value::Items(_), VR::UN) => VR::SQ,
        (_, VR::UN) => dictionary_vr(e.tag),
        (_, vr) => vr,
    };
    let place = Place {
        tag: number(e.tag),
        vr: vr.to_string(),
        known: is_known_as(e.tag, vr),
        class,
        around,
    };
    (vr, place)
}

fn number(tag: Tag) -> u32 {
    u32::from(tag.0) << 16 | u32::from(tag.1)
}

/// Concepts of content items that tell the patient's characteristics: scheme, code.
const ABOUT_SUBJECT: [(&str, &str); 12] = [
    ("DCM", "121032"),
    ("DCM", "121033"),
    ("LN", "8302-2"),
    ("LN", "3137-7"),
    ("LN", "29463-7"),
    ("LN", "3141-9"),
    ("LN", "30525-0"),
    ("LN", "46098-0"),
    ("SCT", "50373000"),
    ("SCT", "27113001"),
    ("SCT", "397669002"),
    ("SCT", "424144002"),
];

struct Run<'a> {
    bytes: &'a [u8],
    class: &'a str,
    method: &'a Method<'a>,
    scanner: &'a Scanner,
    actions: BTreeMap<&'static str, u32>,
    by_tag: BTreeMap<u32, &'static str>,
    named: u32,
}

impl Run<'_> {
    fn count(&mut self, tag: Tag, act: Act) {
        *self.actions.entry(act.name()).or_default() += 1;
        if act.name() != "kept" {
            self.by_tag.insert(number(tag), act.name());
        }
    }

    /// Gives the new data set, and whether anything in it changed.
    fn set(&mut self, set: &DataSet, around: Option<u32>, outer: &Charsets) -> (DataSet, bool) {
        let v = Values {
            bytes: self.bytes,
            set,
        };
        let charsets = Charsets::of(&v, Some(outer));
        // Codes of schemes that nobody publishes may say anything (dicom.md §2.3).
        let local_code = set.get(tags::CODING_SCHEME_DESIGNATOR).is_some()
            && !v
                .code(tags::CODING_SCHEME_DESIGNATOR)
                .is_some_and(|s| public_scheme(&s));
        let mut out = DataSet::new(set.encoding);
        out.elements.reserve(set.elements.len());
        let mut changed = false;
        let about_subject = self.is_about_subject(&v);
        for e in &set.elements {
            let new = if e.tag.0 % 2 == 1 {
                self.private(e, set)
            } else if about_subject && e.tag == tags::MEASURED_VALUE_SEQUENCE {
                // Type 2: a number without a value (PS3.3 section C.18.1).
                self.count(e.tag, Act::Empty);
                Some(self::changed(e, VR::SQ, Value::Items(Vec::new())))
            } else if about_subject && e.tag == tags::CONCEPT_CODE_SEQUENCE {
                self.count(e.tag, Act::Dummy);
                Some(constant_code(e, set.encoding))
            } else {
                self.element(e, around, &charsets, local_code)
            };
            changed |= new
                .as_ref()
                .is_none_or(|n| n.source.is_none() && e.source.is_some());
            out.elements.extend(new);
        }
        (out, changed)
    }

    /// Whether a content item tells sex, age, size or weight of the patient, which go unless they are retained
    /// (PS3.15 table E.3.4-1).
    fn is_about_subject(&self, v: &Values<'_>) -> bool {
        let profile = self.method.profile;
        if profile.has(Choice::Patient) || v.set.get(tags::CONCEPT_NAME_CODE_SEQUENCE).is_none() {
            return false;
        }
        v.set
            .items(tags::CONCEPT_NAME_CODE_SEQUENCE)
            .iter()
            .any(|item| {
                let concept = Values {
                    bytes: self.bytes,
                    set: &item.set,
                };
                let part = |tag| concept.code(tag).unwrap_or_default();
                let (value, scheme) =
                    (part(tags::CODE_VALUE), part(tags::CODING_SCHEME_DESIGNATOR));
                ABOUT_SUBJECT.contains(&(scheme.as_str(), value.as_str()))
            })
    }

    /// Private attributes: numbers of the list of safe ones, known by their creator, with the creator's own element.
    fn private(&mut self, e: &Element, set: &DataSet) -> Option<Element> {
        let creator_of = |block: u8| {
            let tag = Tag(e.tag.0, u16::from(block));
            let v = Values {
                bytes: self.bytes,
                set,
            };
            v.codes(tag).into_iter().next().filter(|c| !c.is_empty())
        };
        let [block, element] = e.tag.1.to_be_bytes();
        let keep = self.method.profile.has(Choice::SafePrivate)
            && if block == 0 && element >= 0x10 {
                let creator = creator_of(element);
                set.elements.iter().any(|x| {
                    let [b, low] = x.tag.1.to_be_bytes();
                    x.tag.0 == e.tag.0 && b == element && self.is_safe(x, low, creator.as_deref())
                })
            } else {
                self.is_safe(e, element, creator_of(block).as_deref())
            };
        self.count(e.tag, if keep { Act::Keep } else { Act::Remove });
        if !keep {
            self.by_tag
                .insert(u32::from(e.tag.0) << 16, Act::Remove.name());
            self.by_tag.remove(&number(e.tag));
        }
        keep.then(|| e.clone())
    }

    fn is_safe(&self, e: &Element, element: u8, creator: Option<&str>) -> bool {
        let Some(vr) = creator.and_then(|c| safe_private(e.tag.0, element, c)) else {
            return false;
        };
        let value = raw(self.bytes, e);
        let as_listed = e.vr.to_string() == vr || e.vr == VR::UN;
        as_listed
            && matches!(e.value, Value::Source(_))
            && values::is_number_of(value, vr)
            && !self.scanner.numbers(value)
    }

    fn element(
        &mut self,
        e: &Element,
        around: Option<u32>,
        charsets: &Charsets,
        local_code: bool,
    ) -> Option<Element> {
        let (vr, at) = place(e, self.class, around);
        let pixel_data = e.tag.0 == 0x7FE0 && matches!(e.tag.1, 0x0008 | 0x0009 | 0x0010);
        if around.is_none() && self.method.overlays.contains(&e.tag.0) {
            return self.overlay(e, vr, charsets);
        }
        let gone = is_overlay_group(e.tag.0)
            || is_curve_group(e.tag.0)
            || e.tag == Tag(0xFFFC, 0xFFFC)
            || pixel_data && around.is_some();
        if gone {
            self.count(e.tag, Act::Remove);
            return None;
        }
        if let (tags::GRAPHIC_ANNOTATION_SEQUENCE, None, Value::Items(items), Some(dropped)) =
            (e.tag, around, &e.value, self.method.annotations)
        {
            return self.annotations(e, items, dropped, charsets);
        }
        if let Some(new) = self.code(e, vr, around, local_code) {
            return new;
        }
        let decision = self.method.profile.decide(&at);
        match (&e.value, decision.act) {
            (Value::Items(items), Act::Keep) if vr == VR::SQ => {
                Some(self.sequence(e, items, charsets))
            }
            (Value::Items(_), Act::Empty) if vr == VR::SQ => {
                self.count(e.tag, Act::Empty);
                Some(changed(e, vr, Value::Items(Vec::new())))
            }
            // Items where none belong, or a sequence that cannot be opened.
            (Value::Items(_), _) => {
                self.count(e.tag, Act::Remove);
                None
            }
            (Value::Fragments(_), _) if pixel_data => Some(e.clone()),
            (Value::Fragments(_), _) => {
                self.count(e.tag, Act::Remove);
                None
            }
            _ if vr == VR::SQ => {
                self.count(e.tag, Act::Remove);
                None
            }
            (_, act) => self.plain(e, vr, act, decision.otherwise.into(), charsets),
        }
    }

    /// An attribute of an overlay that stays: its layout, numbers, and of its texts what the option for descriptions
    /// leaves.
    fn overlay(&mut self, e: &Element, vr: VR, charsets: &Charsets) -> Option<Element> {
        let plain = matches!(e.value, Value::Source(_));
        let act = match overlay::part(e.tag.1) {
            Part::Layout if plain => Act::Keep,
            Part::Number if plain => Act::KeepNumber,
            Part::Subtype if plain && overlay::is_subtype(raw(self.bytes, e)) => Act::Keep,
            Part::Text if plain && self.method.profile.has(Choice::Descriptors) => Act::Clean,
            _ => Act::Remove,
        };
        self.plain(e, vr, act, Act::Remove, charsets)
    }

    /// Annotations: compound graphics go, and the lines of the items that are named; an item with neither lines nor text
    /// goes, too (PS3.3 C.10.5, Type 1C).
    fn annotations(
        &mut self,
        e: &Element,
        items: &[Item],
        dropped: &[usize],
        charsets: &Charsets,
    ) -> Option<Element> {
        let shows = |set: &DataSet| {
            [tags::GRAPHIC_OBJECT_SEQUENCE, tags::TEXT_OBJECT_SEQUENCE]
                .iter()
                .any(|t| !set.items(*t).is_empty())
        };
        let mut left = Vec::new();
        for (i, item) in items.iter().enumerate() {
            let mut item = item.clone();
            item.set.elements.retain(|x| {
                x.tag != tags::COMPOUND_GRAPHIC_SEQUENCE
                    && (x.tag != tags::GRAPHIC_OBJECT_SEQUENCE || !dropped.contains(&i))
            });
            if shows(&item.set) {
                left.push(item);
            }
        }
        if left.is_empty() {
            self.count(e.tag, Act::Remove);
            return None;
        }
        let left = changed(e, VR::SQ, Value::Items(left));
        match &left.value {
            Value::Items(items) => Some(self.sequence(&left, items, charsets)),
            _ => None,
        }
    }

    fn sequence(&mut self, e: &Element, items: &[Item], charsets: &Charsets) -> Element {
        let mut any = false;
        let items: Vec<Item> = items
            .iter()
            .map(|item| {
                let (set, inside) = self.set(&item.set, Some(number(e.tag)), charsets);
                any |= inside;
                Item {
                    undefined: item.undefined,
                    set,
                }
            })
            .collect();
        *self.actions.entry(Act::Keep.name()).or_default() += 1;
        if any {
            changed(e, e.vr, Value::Items(items))
        } else {
            e.clone()
        }
    }

    /// Codes: those of public schemes stay, others become constants, as a code item needs its parts. The outer `None`
    /// is for attributes that are no part of a code.
    fn code(
        &mut self,
        e: &Element,
        vr: VR,
        around: Option<u32>,
        local: bool,
    ) -> Option<Option<Element>> {
        const PARTS: [(Tag, &[u8]); 6] = [
            (tags::CODE_VALUE, b"REMOVED "),
            (tags::CODING_SCHEME_DESIGNATOR, b"99REMOVED "),
            (tags::CODING_SCHEME_VERSION, b""),
            (tags::CODE_MEANING, b"Removed "),
            (tags::LONG_CODE_VALUE, b"REMOVED "),
            (tags::URN_CODE_VALUE, b"urn:removed "),
        ];
        let (_, dummy) = PARTS.iter().find(|(t, _)| *t == e.tag)?;
        around?;
        let value = raw(self.bytes, e);
        let stays = !local
            && value.len() <= 1024
            && !self.scanner.names(value, self.method.safe)
            && is_known_as(e.tag, vr);
        if stays || value.is_empty() {
            self.count(e.tag, Act::Keep);
            return Some(Some(e.clone()));
        }
        self.count(e.tag, Act::Dummy);
        Some(Some(changed(
            e,
            dictionary_vr(e.tag),
            Value::Owned(dummy.to_vec()),
        )))
    }

    fn plain(
        &mut self,
        e: &Element,
        vr: VR,
        act: Act,
        otherwise: Act,
        charsets: &Charsets,
    ) -> Option<Element> {
        let value = raw(self.bytes, e);
        let empty = value.iter().all(|b| matches!(b, b' ' | 0));
        // Nothing to hide; only a pseudonym is also given where there was no name.
        if empty && !matches!(act, Act::Remove | Act::Pseudonym) && value.len() <= 2 {
            self.count(e.tag, Act::Keep);
            return Some(e.clone());
        }
        let ask = values::Ask {
            value,
            vr,
            charsets,
            method: self.method,
            scanner: self.scanner,
        };
        match ask.carry_out(act) {
            values::Answer::Same => {
                self.count(e.tag, act);
                Some(e.clone())
            }
            values::Answer::New(new) => {
                self.count(e.tag, act);
                Some(changed(e, vr, Value::Owned(new)))
            }
            values::Answer::Gone => {
                self.count(e.tag, Act::Remove);
                None
            }
            values::Answer::Not(named) => {
                self.named += u32::from(named);
                self.count(e.tag, otherwise);
                match otherwise {
                    Act::Empty => Some(changed(e, vr, Value::Owned(Vec::new()))),
                    Act::Dummy => Some(changed(
                        e,
                        dictionary_vr(e.tag),
                        Value::Owned(values::dummy(dictionary_vr(e.tag), self.method)),
                    )),
                    _ => None,
                }
            }
        }
    }
}

/// A code that says nothing, in the place of another.
fn constant_code(e: &Element, encoding: Encoding) -> Element {
    let mut set = DataSet::new(encoding);
    for (tag, text) in [
        (tags::CODE_VALUE, "REMOVED "),
        (tags::CODING_SCHEME_DESIGNATOR, "99REMOVED "),
        (tags::CODE_MEANING, "Removed "),
    ] {
        set.elements.push(Element {
            tag,
            vr: dictionary_vr(tag),
            source: None,
            undefined: false,
            value: Value::Owned(text.as_bytes().to_vec()),
        });
    }
    let item = Item {
        undefined: false,
        set,
    };
    changed(e, VR::SQ, Value::Items(vec![item]))
}

fn changed(e: &Element, vr: VR, value: Value) -> Element {
    Element {
        tag: e.tag,
        // Items of a sequence sent as UN stay implicit, so it stays UN; plain values take the VR of the dictionary.
        vr: if matches!(value, Value::Items(_)) {
            e.vr
        } else {
            vr
        },
        source: None,
        undefined: e.undefined && matches!(value, Value::Items(_)),
        value,
    }
}

/// The keyed UID of an old one; those of the standard stay.
pub fn new_uid(key: &Key, old: &str) -> String {
    if old.starts_with("1.2.840.10008.") {
        old.to_owned()
    } else {
        uid::replacement(key, old)
    }
}
