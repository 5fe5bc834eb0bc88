//! Which attributes identify somebody, and their values at any depth of a data set.
//!
//! Two tables: by VR, and by tag for the text VRs. Takes a data set, gives [`Identity`] values for matching against text
//! in the picture. Free descriptions (study, series, procedure) are not in here: they hold anatomy far more often than
//! names, and masking by them would take away what has to stay.

use super::dataset::{DataSet, Element, Value};
use super::value::{Charsets, Values, raw, split};
use crate::facts::{Identity, IdentityKind};
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags};
use std::collections::BTreeSet;

const BY_VR: &[(VR, IdentityKind)] = &[
    (VR::PN, IdentityKind::PersonName),
    (VR::DA, IdentityKind::Date),
    (VR::DT, IdentityKind::Date),
    (VR::TM, IdentityKind::Time),
    (VR::AS, IdentityKind::Age),
    (VR::AE, IdentityKind::Place),
];

#[allow(deprecated, reason = "retired attributes still hold names and numbers")]
const BY_TAG: &[(IdentityKind, &[Tag])] = &[
    (
        IdentityKind::Id,
        &[
            tags::PATIENT_ID,
            tags::OTHER_PATIENT_I_DS,
            tags::MEDICAL_RECORD_LOCATOR,
            tags::INSURANCE_PLAN_IDENTIFICATION,
            tags::ACCESSION_NUMBER,
            tags::STUDY_ID,
            tags::ADMISSION_ID,
            tags::SERVICE_EPISODE_ID,
            tags::REQUESTED_PROCEDURE_ID,
            tags::SCHEDULED_PROCEDURE_STEP_ID,
            tags::PERFORMED_PROCEDURE_STEP_ID,
            tags::PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST,
            tags::FILLER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST,
            tags::PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST_RETIRED,
            tags::FILLER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST_RETIRED,
            tags::PLACER_ORDER_NUMBER_PROCEDURE,
            tags::FILLER_ORDER_NUMBER_PROCEDURE,
            tags::DEVICE_SERIAL_NUMBER,
            tags::PLATE_ID,
            tags::CASSETTE_ID,
            tags::GANTRY_ID,
            tags::DETECTOR_ID,
            tags::DEVICE_ID,
            tags::CONTAINER_IDENTIFIER,
            tags::SPECIMEN_IDENTIFIER,
            tags::SPECIMEN_ACCESSION_NUMBER,
            tags::CLINICAL_TRIAL_PROTOCOL_ID,
            tags::CLINICAL_TRIAL_SITE_ID,
            tags::CLINICAL_TRIAL_SUBJECT_ID,
            tags::CLINICAL_TRIAL_SUBJECT_READING_ID,
            tags::CLINICAL_TRIAL_TIME_POINT_ID,
            tags::CLINICAL_TRIAL_SERIES_ID,
            tags::STUDY_ID_ISSUER,
        ],
    ),
    (
        IdentityKind::Place,
        &[
            tags::INSTITUTION_NAME,
            tags::INSTITUTIONAL_DEPARTMENT_NAME,
            tags::STATION_NAME,
            tags::ISSUER_OF_PATIENT_ID,
            tags::RESPONSIBLE_ORGANIZATION,
            tags::REQUESTING_SERVICE,
            tags::CURRENT_PATIENT_LOCATION,
            tags::PATIENT_INSTITUTION_RESIDENCE,
            tags::SCHEDULED_STATION_NAME,
            tags::SCHEDULED_PROCEDURE_STEP_LOCATION,
            tags::PERFORMED_STATION_NAME,
            tags::PERFORMED_LOCATION,
            tags::CLINICAL_TRIAL_SITE_NAME,
            tags::CLINICAL_TRIAL_SPONSOR_NAME,
            tags::CLINICAL_TRIAL_COORDINATING_CENTER_NAME,
            tags::VERIFYING_ORGANIZATION,
        ],
    ),
    (
        IdentityKind::Phone,
        &[
            tags::PATIENT_TELEPHONE_NUMBERS,
            tags::PATIENT_TELECOM_INFORMATION,
            tags::REFERRING_PHYSICIAN_TELEPHONE_NUMBERS,
            tags::PERSON_TELEPHONE_NUMBERS,
            tags::PERSON_TELECOM_INFORMATION,
            tags::ORDER_CALLBACK_PHONE_NUMBER,
            tags::ORDER_CALLBACK_TELECOM_INFORMATION,
        ],
    ),
    (
        IdentityKind::Address,
        &[
            tags::PATIENT_ADDRESS,
            tags::INSTITUTION_ADDRESS,
            tags::REFERRING_PHYSICIAN_ADDRESS,
            tags::PERSON_ADDRESS,
            tags::COUNTRY_OF_RESIDENCE,
            tags::REGION_OF_RESIDENCE,
        ],
    ),
    (
        IdentityKind::Text,
        &[
            tags::MILITARY_RANK,
            tags::BRANCH_OF_SERVICE,
            tags::ETHNIC_GROUP,
            tags::OCCUPATION,
            tags::PATIENT_RELIGIOUS_PREFERENCE,
            tags::PATIENT_COMMENTS,
        ],
    ),
];

/// Every identity in the data set and its items, sorted, without duplicates.
pub fn identities(bytes: &[u8], set: &DataSet) -> Vec<Identity> {
    let mut found = BTreeSet::new();
    collect(bytes, set, None, &mut found);
    found.into_iter().collect()
}

/// What kind of identity an element holds by its VR and tag, if any.
pub(super) fn kind(element: &Element) -> Option<IdentityKind> {
    let by_vr = BY_VR.iter().find(|(vr, _)| *vr == element.vr);
    by_vr.map(|(_, kind)| *kind).or_else(|| {
        BY_TAG
            .iter()
            .find(|(_, tags)| tags.contains(&element.tag))
            .map(|(kind, _)| *kind)
    })
}

fn collect(bytes: &[u8], set: &DataSet, outer: Option<&Charsets>, found: &mut BTreeSet<Identity>) {
    let charsets = Charsets::of(&Values { bytes, set }, outer);
    for element in &set.elements {
        if let Value::Items(items) = &element.value {
            for item in items {
                collect(bytes, &item.set, Some(&charsets), found);
            }
            continue;
        }
        // A known attribute sent as UN is what the dictionary says (PS3.5 section 6.2.2).
        let mut known = element.clone();
        if known.vr == VR::UN {
            known.vr = super::dataset::dictionary_vr(known.tag);
        }
        let Some(kind) = kind(&known) else { continue };
        for text in charsets.readings(raw(bytes, element)) {
            for value in split(&text) {
                found.insert(Identity {
                    attribute: keyword(element.tag),
                    kind,
                    value: value.into_owned(),
                });
            }
        }
    }
}

/// Keyword of an attribute; `Private` for private ones, whose tag says nothing to a reader.
pub fn keyword(tag: Tag) -> String {
    match StandardDataDictionary.by_tag(tag) {
        _ if tag.0 % 2 == 1 => "Private".to_owned(),
        Some(entry) => entry.alias().to_owned(),
        None => "Unknown".to_owned(),
    }
}
