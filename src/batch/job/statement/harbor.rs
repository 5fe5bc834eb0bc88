//! The 18 identifiers of the HIPAA Safe Harbor method (45 CFR 164.514(b)(2)(i)) and what was done about each: in headers
//! by attribute, in pixels by rule.
//!
//! Takes tags and rules as reports name them. It maps; it is no legal opinion, and says what is not covered.

use crate::profile::{Choice, table};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// How far an identifier is covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cover {
    /// Wherever it was found.
    Treated,
    /// In part: `says` tells which.
    Partly,
    /// It stays, because the job was told so.
    Kept,
    /// Nothing here looks for it.
    NotCovered,
}

/// What the jobs were told, as far as it counts here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Options of the profiles.
    pub options: BTreeSet<Choice>,
    /// Whether some job left headers as they are.
    pub keep_metadata: bool,
    /// Whether some profile keeps what the standard takes away.
    pub weakened: bool,
    /// Whether some job kept unknown text in pixels.
    pub unknown_kept: bool,
    /// Whether every job held possible faces back.
    pub faces_held: bool,
    /// Whether every job cut faces off head CTs and held the others back.
    pub faces_cut: bool,
    /// Whether pseudonyms are the site's own.
    pub own_pseudonyms: bool,
}

/// One identifier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// 1–18, the order of the rule.
    pub number: u8,
    /// Its name.
    pub identifier: &'static str,
    /// How far it is covered.
    pub cover: Cover,
    /// Objects in whose header an attribute of this kind was treated, by what was done.
    pub header: BTreeMap<String, u64>,
    /// Places of text in pixels that were masked by a rule of this kind.
    pub masked: u64,
    /// What that means, and what is left.
    pub says: Vec<&'static str>,
}

struct Kind {
    identifier: &'static str,
    /// Parts of keywords of header attributes.
    keywords: &'static [&'static str],
    /// Rules for text in pixels, behind `pattern:`.
    patterns: &'static [&'static str],
    says: &'static [&'static str],
}

const fn kind(
    identifier: &'static str,
    keywords: &'static [&'static str],
    patterns: &'static [&'static str],
    says: &'static [&'static str],
) -> Kind {
    Kind {
        identifier,
        keywords,
        patterns,
        says,
    }
}

const NO_ATTRIBUTE: &str =
    "no DICOM attribute is made for it; numbers in free text go with the text";

/// In the order of the rule. The first kind with a fitting part of the keyword has an attribute.
const KINDS: [Kind; 18] = [
    kind(
        "names",
        &[],
        &["name", "person", "honorific", "beside-identity", "contact"],
        &["handwriting and text that detection does not find may remain"],
    ),
    kind(
        "geographic subdivisions smaller than a state",
        &[
            "Address",
            "Institution",
            "CountryOfResidence",
            "RegionOfResidence",
            "GPS",
            "Location",
            "Geographic",
            "SiteName",
            "SiteID",
            "CoordinatingCenter",
            "ResponsibleOrganization",
            "RequestingService",
        ],
        &["address", "institution"],
        &["the look of an image may tell its origin to those who know the place"],
    ),
    kind(
        "elements of dates other than the year, ages above 89",
        &["PatientAge"],
        &["date", "time", "age"],
        &[],
    ),
    kind(
        "telephone numbers",
        &["Telephone", "Phone", "Telecom"],
        &["phone"],
        &[],
    ),
    kind("fax numbers", &[], &[], &[NO_ATTRIBUTE]),
    kind("e-mail addresses", &[], &["email"], &[NO_ATTRIBUTE]),
    kind("social security numbers", &[], &[], &[NO_ATTRIBUTE]),
    kind(
        "medical record numbers",
        &[
            "PatientID",
            "MedicalRecord",
            "OtherPatientIDs",
            "SubjectID",
            "SubjectReadingID",
        ],
        &["id", "number"],
        &[],
    ),
    kind("health plan beneficiary numbers", &["Insurance"], &[], &[]),
    kind(
        "account numbers",
        &[
            "AccessionNumber",
            "AdmissionID",
            "ServiceEpisode",
            "OrderNumber",
            "ProcedureID",
            "ProcedureStepID",
            "StudyID",
            "ResultsID",
            "InterpretationID",
        ],
        &[],
        &[],
    ),
    kind(
        "certificate and licence numbers",
        &["Certificate", "ApprovalNumber"],
        &[],
        &[],
    ),
    kind("vehicle identifiers", &[], &[], &[NO_ATTRIBUTE]),
    kind(
        "device identifiers and serial numbers",
        &[
            "Serial",
            "StationName",
            "DetectorID",
            "PlateID",
            "GeneratorID",
            "CassetteID",
            "GantryID",
            "DeviceID",
            "DeviceIdentifier",
            "DeviceAlternateIdentifier",
            "UDI",
            "XRaySourceID",
            "TreatmentMachineName",
            "DeviceLabel",
            "TransducerIdentification",
            "LensM",
            "CameraOwnerName",
        ],
        &[],
        &["noise and defects of a detector can tell it from others"],
    ),
    kind("web addresses", &["URI", "URL"], &["url"], &[]),
    kind(
        "IP addresses",
        &["AETitle", "NetworkID", "ReceivingAE", "RequestingAE"],
        &[],
        &[],
    ),
    kind(
        "biometric identifiers",
        &[],
        &[],
        &[
            "skull, teeth, retina, vessels, implants and body shape are what the images show, and stay",
            "recordings of voices are held back",
        ],
    ),
    kind(
        "full-face photographs and comparable images",
        &[],
        &[],
        &[
            "a face can be rendered from a head CT or MR; images whose header points to one are flagged",
        ],
    ),
    kind(
        "any other unique number, characteristic or code",
        &[],
        &[],
        &["identical pixels can be matched by anyone who has the original"],
    ),
];

/// Which identifier an attribute is of, from 0.
fn of_attribute(tag: u32, keyword: &str, vr: &str) -> usize {
    let named = KINDS
        .iter()
        .position(|k| k.keywords.iter().any(|part| keyword.contains(part)));
    match (named, vr) {
        // Before the words: `InstitutionalDepartment…` is a place, `…PhysicianName` of VR PN a name.
        (_, "PN") => 0,
        (_, "DA" | "DT" | "TM") => 2,
        (Some(kind), _) => kind,
        _ if tag >> 16 == 0x0010 && keyword.contains("Name") => 0,
        _ => 17,
    }
}

fn of_tag(tag: u32) -> usize {
    table::row(tag).map_or(17, |row| of_attribute(tag, row.keyword, row.vr))
}

/// Which identifier a rule for text in pixels is about, from 0; `None` for rules that name no kind.
fn of_rule(rule: &str) -> Option<usize> {
    if let Some(keyword) = rule.strip_prefix("header:") {
        let row = table::rows().iter().find(|r| r.keyword == keyword);
        return row.map(|r| of_attribute(0x0010_0000, r.keyword, r.vr));
    }
    let pattern = rule.strip_prefix("pattern:")?;
    let kind = KINDS.iter().position(|k| k.patterns.contains(&pattern));
    Some(kind.unwrap_or(17))
}

/// Counts over many files.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    header: [BTreeMap<String, u64>; 18],
    masked: [u64; 18],
}

impl Tally {
    /// What was done to the header of one object: action by tag (eight hex digits).
    pub fn header(&mut self, attributes: &BTreeMap<String, String>) {
        let mut seen: BTreeSet<(usize, &str)> = BTreeSet::new();
        for (tag, action) in attributes {
            if let Ok(tag) = u32::from_str_radix(tag, 16) {
                seen.insert((of_tag(tag), action));
            }
        }
        for (kind, action) in seen {
            if let Some(counts) = self.header.get_mut(kind) {
                *counts.entry(action.to_owned()).or_default() += 1;
            }
        }
    }

    /// A place of text that was masked by this rule.
    pub fn masked(&mut self, rule: &str) {
        if let Some(count) = of_rule(rule).and_then(|kind| self.masked.get_mut(kind)) {
            *count += 1;
        }
    }

    /// The map.
    pub fn lines(&self, told: &Told) -> Vec<Line> {
        let counts = self.header.iter().zip(&self.masked);
        (1u8..)
            .zip(KINDS.iter().zip(counts))
            .map(|(number, (kind, (header, masked)))| {
                let (cover, more) = cover(number, told);
                Line {
                    number,
                    identifier: kind.identifier,
                    cover,
                    header: header.clone(),
                    masked: *masked,
                    says: more.into_iter().chain(kind.says.iter().copied()).collect(),
                }
            })
            .collect()
    }
}

/// How far an identifier is covered under what the jobs were told, and why not further.
fn cover(number: u8, told: &Told) -> (Cover, Vec<&'static str>) {
    let has = |choice| told.options.contains(&choice);
    let (mut cover, mut says) = (Cover::Treated, Vec::new());
    let mut least = |to: Cover, why: &'static str| {
        cover = cover.max(to);
        says.push(why);
    };
    match number {
        16 => least(Cover::NotCovered, "nothing here looks for it"),
        17 if told.faces_cut => least(
            Cover::Partly,
            "the face was cut off whole head CTs by one plane each, and other images that may show one were held back, by their \
             header alone; what is behind the plane stays",
        ),
        17 if told.faces_held => least(
            Cover::Partly,
            "images that may show a face were held back, by their header alone",
        ),
        17 => least(Cover::NotCovered, "possible faces were flagged, and left"),
        _ if told.keep_metadata => {
            least(
                Cover::Kept,
                "headers stay as they are (--keep-metadata); only pixels were treated",
            );
        }
        2 if has(Choice::Institution) => {
            least(Cover::Kept, "the institution stays (retain-institution)")
        }
        3 if has(Choice::FullDates) => least(Cover::Kept, "dates stay (full-dates)"),
        3 if has(Choice::ModifiedDates) => least(
            Cover::Partly,
            "dates are shifted by a secret number of days of each patient; by its letter the rule asks that all but the year goes",
        ),
        13 if has(Choice::Device) => least(Cover::Kept, "device identities stay (retain-device)"),
        18 if has(Choice::Uids) => least(Cover::Kept, "UIDs stay (retain-uids)"),
        18 if told.own_pseudonyms => {
            least(
                Cover::Partly,
                "new UIDs are made from the old ones with a secret key; pseudonyms are the site's own",
            );
        }
        18 => least(
            Cover::Partly,
            "pseudonyms and new UIDs are made from the old ones with a secret key: its holders can make them again, so the \
             output is pseudonymised, not anonymous (compare 164.514(c))",
        ),
        _ => {}
    }
    if told.weakened && number <= 15 {
        least(
            Cover::Partly,
            "an override of the profile keeps attributes that the standard takes away: see the profile",
        );
    }
    if told.unknown_kept && number <= 15 {
        least(
            Cover::Partly,
            "policy phi: text in pixels that no rule names stays",
        );
    }
    (cover, says)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_and_rules_find_their_identifier() {
        for (tag, number) in [
            (0x0010_0010, 1),  // PatientName
            (0x0008_0081, 2),  // InstitutionAddress
            (0x0008_0020, 3),  // StudyDate
            (0x0010_2154, 4),  // PatientTelephoneNumbers
            (0x0010_0020, 8),  // PatientID
            (0x0008_0050, 10), // AccessionNumber
            (0x0018_1000, 13), // DeviceSerialNumber
            (0x0020_000D, 18), // StudyInstanceUID
            (0x0009_0000, 18), // private
        ] {
            assert_eq!(of_tag(tag) + 1, number, "{tag:08x}");
        }
        assert_eq!(of_rule("header:PatientName"), Some(0));
        assert_eq!(of_rule("header:PatientBirthDate"), Some(2));
        assert_eq!(of_rule("pattern:phone"), Some(3));
        assert_eq!(of_rule("unreadable"), None);
    }

    #[test]
    fn what_is_kept_is_never_said_to_be_treated() {
        let lines = |told: &Told| Tally::default().lines(told);
        let at = |told: &Told, n: usize| lines(told)[n - 1].cover;
        let plain = Told::default();
        assert_eq!(
            (at(&plain, 1), at(&plain, 3)),
            (Cover::Treated, Cover::Treated)
        );
        assert_eq!(
            (at(&plain, 16), at(&plain, 17)),
            (Cover::NotCovered, Cover::NotCovered)
        );
        assert_eq!(at(&plain, 18), Cover::Partly);
        for (choice, n, cover) in [
            (Choice::FullDates, 3, Cover::Kept),
            (Choice::ModifiedDates, 3, Cover::Partly),
            (Choice::Institution, 2, Cover::Kept),
            (Choice::Device, 13, Cover::Kept),
            (Choice::Uids, 18, Cover::Kept),
        ] {
            let told = Told {
                options: BTreeSet::from([choice]),
                ..Told::default()
            };
            assert_eq!(at(&told, n), cover, "{choice:?}");
        }
        let kept = Told {
            keep_metadata: true,
            ..Told::default()
        };
        assert!(lines(&kept).iter().all(|l| l.cover != Cover::Treated));
    }
}
