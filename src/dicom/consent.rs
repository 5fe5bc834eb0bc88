//! What a header says about consent (dicom.md §8, PS3.3 C.7.2.3).

use super::dataset::DataSet;
use super::value::Values;
use dicom_dictionary_std::tags;

/// What was found; absent is neither consent nor refusal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Consent {
    /// An item says `NO` or `WITHDRAWN`.
    pub refused: bool,
    /// (0040,1008) or (0040,3001) holds a text.
    pub confidential: bool,
}

/// Reads it.
pub(super) fn consent(bytes: &[u8], set: &DataSet) -> Consent {
    let v = Values { bytes, set };
    let refused = set
        .items(tags::CONSENT_FOR_CLINICAL_TRIAL_USE_SEQUENCE)
        .iter()
        .any(|item| {
            let v = Values {
                bytes,
                set: &item.set,
            };
            // Anything but a plain yes is no consent.
            v.code(tags::CONSENT_FOR_DISTRIBUTION_FLAG)
                .is_some_and(|flag| !flag.eq_ignore_ascii_case("YES"))
        });
    #[allow(deprecated, reason = "old orders still hold it")]
    let texts = [
        tags::CONFIDENTIALITY_CODE,
        tags::CONFIDENTIALITY_CONSTRAINT_ON_PATIENT_DATA_DESCRIPTION,
    ];
    Consent {
        refused,
        confidential: texts.iter().any(|t| v.code(*t).is_some()),
    }
}
