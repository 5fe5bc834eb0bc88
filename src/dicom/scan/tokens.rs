//! The words of an original that may not be left in what is made of it.

use super::super::dataset::{DataSet, Element, Value};
use super::super::deidentify::{DUMMY_DATE, place};
use super::super::identity;
use super::super::value::{Charsets, Values, raw, split};
use super::keyword;
use crate::facts::IdentityKind;
use crate::profile::{Act, Profile};
use dicom_core::VR;
use std::collections::BTreeSet;

/// What a token is; it decides about its spellings and where it is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A word or phrase.
    Text,
    /// A person's name, whole.
    Name,
    /// `YYYYMMDD`.
    Date,
    /// A UID.
    Uid,
    /// Bytes as they stand in the original.
    Bytes,
}

/// What may not be left, each with the keyword of its attribute.
#[derive(Clone, Debug, Default)]
pub struct Tokens(pub(super) BTreeSet<(Kind, Vec<u8>, String)>);

impl Tokens {
    /// Everything that `profile` takes away from a data set, and the name of the file it came from. Dates that are the
    /// shifted form of others of this object may stay: `shift` tells the days.
    pub(in super::super) fn of(
        bytes: &[u8],
        set: &DataSet,
        class: &str,
        profile: &Profile,
        shift: i64,
        file_name: &str,
    ) -> Tokens {
        let mut tokens = Tokens::default();
        let charsets = Charsets::of(&Values { bytes, set }, None);
        tokens.collect(bytes, set, class, profile, None, &charsets);
        if profile.has(crate::profile::Choice::ModifiedDates) {
            let shifted: BTreeSet<Vec<u8>> = tokens
                .0
                .iter()
                .filter(|(k, ..)| *k == Kind::Date)
                .filter_map(|(_, t, _)| {
                    crate::profile::date::shift_da(std::str::from_utf8(t).ok()?, shift)
                })
                .map(String::into_bytes)
                .collect();
            tokens
                .0
                .retain(|(k, t, _)| *k != Kind::Date || !shifted.contains(t));
        }
        let stem = file_name
            .rsplit_once('.')
            .map_or(file_name, |(stem, _)| stem);
        // Short names are counters (`IM1`), and a UID is met as one.
        if stem.chars().count() >= 6 {
            tokens.add(Kind::Text, stem, "FileName");
        }
        tokens
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn add(&mut self, kind: Kind, text: &str, attribute: &str) {
        let text = text.trim();
        if !text.is_empty() {
            self.0
                .insert((kind, text.as_bytes().to_vec(), attribute.to_owned()));
        }
    }

    fn collect(
        &mut self,
        bytes: &[u8],
        set: &DataSet,
        class: &str,
        profile: &Profile,
        around: Option<u32>,
        outer: &Charsets,
    ) {
        let charsets = Charsets::of(&Values { bytes, set }, Some(outer));
        for e in &set.elements {
            let (vr, at) = place(e, class, around);
            let act = profile.decide(&at).act;
            if let Value::Items(items) = &e.value {
                for item in items {
                    self.collect(bytes, &item.set, class, profile, Some(at.tag), &charsets);
                }
                continue;
            }
            let stays = matches!(
                act,
                Act::Keep
                    | Act::KeepText
                    | Act::KeepNumber
                    | Act::KeepDate
                    | Act::KeepAge
                    | Act::Words
            );
            // A person's name is looked for even where a site keeps one.
            if stays && vr != VR::PN {
                continue;
            }
            self.element(raw(bytes, e), vr, e, &charsets);
        }
    }

    fn element(&mut self, value: &[u8], vr: VR, e: &Element, charsets: &Charsets) {
        if value.len() > 4096 || value.is_empty() {
            return;
        }
        let attribute = keyword(e.tag);
        if vr == VR::UI {
            for uid in split(&String::from_utf8_lossy(value)) {
                if !uid.starts_with("1.2.840.10008.") && uid.len() >= 4 {
                    self.add(Kind::Uid, &uid, &attribute);
                }
            }
            return;
        }
        let mut known = e.clone();
        known.vr = vr;
        let Some(kind) = identity::kind(&known) else {
            return;
        };
        for text in charsets.readings(value) {
            for part in split(&text) {
                match kind {
                    IdentityKind::PersonName => self.person(&part, &attribute),
                    IdentityKind::Date => {
                        if let Some(day) = part.get(..8).filter(|d| {
                            *d != DUMMY_DATE && crate::profile::date::parse(d).is_some()
                        }) {
                            self.add(Kind::Date, day, &attribute);
                        }
                    }
                    IdentityKind::Id | IdentityKind::Phone => {
                        self.add(Kind::Text, &part, &attribute)
                    }
                    IdentityKind::Place | IdentityKind::Address => {
                        self.add(Kind::Text, &part, &attribute);
                        for word in words(&part) {
                            self.add(Kind::Text, word, &attribute);
                        }
                    }
                    IdentityKind::Time | IdentityKind::Age | IdentityKind::Text => {}
                }
            }
        }
        let beyond_ascii = value.iter().any(|b| !b.is_ascii());
        let whole: &[u8] = value.trim_ascii();
        if beyond_ascii && kind == IdentityKind::PersonName && (3..=64).contains(&whole.len()) {
            self.0.insert((Kind::Bytes, whole.to_vec(), attribute));
        }
    }

    fn person(&mut self, name: &str, attribute: &str) {
        for group in name.split('=') {
            let mut parts = group.split('^').map(str::trim).filter(|p| !p.is_empty());
            let (family, given) = (parts.next(), parts.next());
            if let (Some(f), Some(g)) = (family, given) {
                for order in [
                    format!("{f}^{g}"),
                    format!("{f} {g}"),
                    format!("{g} {f}"),
                    format!("{f}, {g}"),
                ] {
                    self.add(Kind::Name, &order, attribute);
                }
            }
            for word in words(group) {
                self.add(Kind::Text, word, attribute);
            }
        }
    }
}

/// Words between signs.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
}
