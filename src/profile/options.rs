//! The options of the confidentiality profile (PS3.15 E.3) and the codes of CID 7050 that claim them.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// An option.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Choice {
    /// UIDs stay.
    #[serde(rename = "retain-uids")]
    Uids,
    /// Serial numbers and station names stay; AE titles go all the same.
    #[serde(rename = "retain-device")]
    Device,
    /// The institution's name and address stay.
    #[serde(rename = "retain-institution")]
    Institution,
    /// Sex, age (90 and above as 90), size and weight stay.
    #[serde(rename = "retain-patient-characteristics")]
    Patient,
    /// Dates stay.
    #[serde(rename = "full-dates")]
    FullDates,
    /// Dates are shifted by days, the same number for all of a patient.
    #[serde(rename = "modified-dates")]
    ModifiedDates,
    /// Numbers of the list of safe private attributes stay.
    #[serde(rename = "safe-private")]
    SafePrivate,
    /// Of descriptions the words of the safe lists stay.
    #[serde(rename = "clean-descriptors")]
    Descriptors,
    /// Overlays and annotations stay without what is readable in them; curves go.
    #[serde(rename = "clean-graphics")]
    Graphics,
    /// Reports are treated: of the texts in content items the words of the safe lists stay, names and dates become constants.
    #[serde(rename = "clean-structured-content")]
    Structured,
}

use Choice::*;

/// Every option: its word, its word in the data files, code and meaning of CID 7050.
pub const CHOICES: &[(Choice, &str, &str, &str, &str)] = &[
    (Uids, "retain-uids", "uids", "113110", "Retain UIDs Option"),
    (
        Device,
        "retain-device",
        "device",
        "113109",
        "Retain Device Identity Option",
    ),
    (
        Institution,
        "retain-institution",
        "institution",
        "113112",
        "Retain Institution Identity Option",
    ),
    (
        Patient,
        "retain-patient-characteristics",
        "patient",
        "113108",
        "Retain Patient Characteristics Option",
    ),
    (
        FullDates,
        "full-dates",
        "full-dates",
        "113106",
        "Retain Longitudinal Temporal Information Full Dates Option",
    ),
    (
        ModifiedDates,
        "modified-dates",
        "modified-dates",
        "113107",
        "Retain Longitudinal Temporal Information Modified Dates Option",
    ),
    (
        SafePrivate,
        "safe-private",
        "safe-private",
        "113111",
        "Retain Safe Private Option",
    ),
    (
        Descriptors,
        "clean-descriptors",
        "descriptors",
        "113105",
        "Clean Descriptors Option",
    ),
    (
        Graphics,
        "clean-graphics",
        "graphics",
        "113103",
        "Clean Graphics Option",
    ),
    (
        Structured,
        "clean-structured-content",
        "structured",
        "113104",
        "Clean Structured Content Option",
    ),
];

/// 113100: the profile itself.
pub const BASIC_CODE: [&str; 3] = ["113100", "DCM", "Basic Application Confidentiality Profile"];
/// 113102: a face was removed.
pub const FACES_CODE: [&str; 3] = ["113102", "DCM", "Clean Recognizable Visual Features Option"];
/// 113101: the pixels were cleaned.
pub const PIXELS_CODE: [&str; 3] = ["113101", "DCM", "Clean Pixel Data Option"];

impl Choice {
    /// The option with this word in the data files.
    pub(super) fn short(word: &str) -> Option<Choice> {
        CHOICES.iter().find(|c| c.2 == word).map(|c| c.0)
    }

    /// The option that a code of CID 7050 claims.
    pub fn of_code(code: &str) -> Option<Choice> {
        CHOICES.iter().find(|c| c.3 == code).map(|c| c.0)
    }

    /// The word of settings and profile files.
    pub fn name(self) -> &'static str {
        CHOICES.iter().find(|c| c.0 == self).map_or("", |c| c.1)
    }

    /// The item of CID 7050.
    pub fn code(self) -> [&'static str; 3] {
        CHOICES
            .iter()
            .find(|c| c.0 == self)
            .map_or(["", "DCM", ""], |c| [c.3, "DCM", c.4])
    }

    /// Reads words separated by commas or spaces.
    pub fn list(text: &str) -> Result<BTreeSet<Choice>> {
        text.split([',', ' '])
            .filter(|w| !w.is_empty())
            .map(|word| {
                CHOICES
                    .iter()
                    .find(|c| c.1 == word)
                    .map(|c| c.0)
                    .ok_or_else(|| {
                        let known: Vec<&str> = CHOICES.iter().map(|c| c.1).collect();
                        Error::Config(format!(
                            "unknown option `{word}`; there are {}",
                            known.join(", ")
                        ))
                    })
            })
            .collect()
    }

    /// Refuses options that exclude each other.
    pub fn check(choices: &BTreeSet<Choice>) -> Result<()> {
        if choices.contains(&FullDates) && choices.contains(&ModifiedDates) {
            return Err(Error::Config(
                "`full-dates` and `modified-dates` exclude each other".into(),
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_codes_are_found_and_false_ones_refused() {
        let set = Choice::list("modified-dates, retain-device").unwrap();
        assert_eq!(
            set.iter().copied().collect::<Vec<_>>(),
            [Device, ModifiedDates]
        );
        assert!(Choice::list("retain-everything").is_err());
        assert!(Choice::check(&Choice::list("full-dates modified-dates").unwrap()).is_err());
        assert!(Choice::check(&set).is_ok());
        assert_eq!(Choice::of_code("113107"), Some(ModifiedDates));
        assert_eq!(Device.code()[2], "Retain Device Identity Option");
    }
}
