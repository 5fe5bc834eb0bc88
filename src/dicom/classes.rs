//! Which SOP Classes are images that can be redacted, and what BurnedInAnnotation may say in them: two tables.
//!
//! Classes that are not listed are refused: a class that nobody thought about is not a plain image.

use crate::outcome::{Reason, Refusal};

const STORAGE: &str = "1.2.840.10008.5.1.4.1.1.";
/// Media Storage Directory.
pub const DICOMDIR: &str = "1.2.840.10008.1.3.10";
/// Encapsulated PDF Storage.
pub const ENCAPSULATED_PDF: &str = "1.2.840.10008.5.1.4.1.1.104.1";

/// What (0028,0301) may hold in a class (dicom.md §1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BurnedIn {
    /// It may be absent.
    Optional,
    /// Type 1, `YES` or `NO`.
    YesOrNo,
    /// Type 1 or 1C, only `NO` is allowed.
    OnlyNo,
}

use BurnedIn::{OnlyNo, Optional, YesOrNo};

/// Image classes by the end of their UID.
const IMAGES: &[(&str, BurnedIn)] = &[
    ("1", Optional),
    ("1.1", YesOrNo),
    ("1.1.1", YesOrNo),
    ("1.2", YesOrNo),
    ("1.2.1", YesOrNo),
    ("1.3", YesOrNo),
    ("1.3.1", YesOrNo),
    ("2", Optional),
    ("2.1", OnlyNo),
    ("2.2", OnlyNo),
    ("3", Optional),
    ("3.1", Optional),
    ("4", Optional),
    ("4.1", OnlyNo),
    ("4.3", OnlyNo),
    ("4.4", OnlyNo),
    ("5", Optional),
    ("6", Optional),
    ("6.1", Optional),
    ("6.2", OnlyNo),
    ("7", Optional),
    ("7.1", YesOrNo),
    ("7.2", YesOrNo),
    ("7.3", YesOrNo),
    ("7.4", YesOrNo),
    ("12.1", Optional),
    ("12.1.1", OnlyNo),
    ("12.2", Optional),
    ("12.2.1", OnlyNo),
    ("12.3", Optional),
    ("13.1.1", OnlyNo),
    ("13.1.2", OnlyNo),
    ("13.1.3", OnlyNo),
    ("13.1.4", OnlyNo),
    ("13.1.5", OnlyNo),
    ("14.1", OnlyNo),
    ("14.2", OnlyNo),
    ("20", Optional),
    ("30", OnlyNo),
    ("77.1", Optional),
    ("77.2", Optional),
    ("77.1.1", Optional),
    ("77.1.2", Optional),
    ("77.1.3", Optional),
    ("77.1.4", Optional),
    ("77.1.1.1", Optional),
    ("77.1.2.1", Optional),
    ("77.1.4.1", Optional),
    ("77.1.5.1", YesOrNo),
    ("77.1.5.2", YesOrNo),
    ("77.1.5.4", OnlyNo),
    ("77.1.5.5", YesOrNo),
    ("77.1.5.6", YesOrNo),
    ("77.1.5.7", YesOrNo),
    ("77.1.5.8", OnlyNo),
    ("77.1.7", Optional),
    ("128", Optional),
    ("128.1", OnlyNo),
    ("130", OnlyNo),
    ("481.1", Optional),
];

/// Classes of which a profile treats the header alone (dicom.md §4): presentation states, segmentations, and objects of
/// radiotherapy. Ends in `.`: all that begin so.
const HEADER_ONLY: &[&str] = &[
    "11.", "66.4", "481.2", "481.3", "481.4", "481.5", "481.6", "481.7", "481.8", "481.9",
];

/// Classes with a reason of their own. Ends in `.`: all that begin so.
const SPECIAL: &[(&str, Reason, &str)] = &[
    ("81.1", Reason::ParametricMap, "an ophthalmic map"),
    ("82.1", Reason::ParametricMap, "a corneal map"),
    ("66", Reason::RawData, "raw data"),
    ("4.2", Reason::RawData, "a spectroscopy object"),
    ("9.", Reason::Waveform, "a waveform"),
    ("88.59", Reason::KeyObjects, "a key object selection"),
    ("88.", Reason::StructuredReport, "a structured report"),
    ("104.", Reason::Document, "an encapsulated document"),
    ("77.1.6", Reason::WholeSlide, "a whole-slide image"),
    ("77.1.8", Reason::WholeSlide, "a confocal microscopy image"),
    ("77.1.9", Reason::WholeSlide, "a tiled microscopy image"),
];

/// Refuses what is not a plain image of a standard class.
///
/// # Errors
/// `object-class` and the reasons of single classes, `private-sop-class`, `dicomdir`.
pub fn check(sop_class: &str) -> Result<(), Refusal> {
    if sop_class == DICOMDIR {
        return Err(Refusal::new(Reason::Dicomdir, "a directory of other files"));
    }
    if !sop_class.starts_with("1.2.840.10008.") {
        return Err(Refusal::new(
            Reason::PrivateClass,
            "the SOP class is not one of the standard",
        ));
    }
    let end = sop_class.strip_prefix(STORAGE).unwrap_or_default();
    if let Some((_, reason, what)) = SPECIAL.iter().find(|(e, ..)| is(e, end)) {
        return Err(Refusal::new(*reason, *what));
    }
    if IMAGES.iter().any(|(e, _)| *e == end) {
        return Ok(());
    }
    Err(Refusal::new(
        Reason::ObjectClass,
        "the SOP class is not a plain image",
    ))
}

fn is(row: &str, end: &str) -> bool {
    row == end || row.ends_with('.') && end.starts_with(row)
}

/// Objects of which a profile treats the header alone, and no picture is searched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeaderOnly {
    /// None.
    #[default]
    No,
    /// Presentation states, segmentations and objects of radiotherapy.
    Yes,
    /// Structured reports and key object selections as well: somebody cleans their content items.
    Reports,
}

impl HeaderOnly {
    /// Whether a class is among them.
    pub fn takes(self, sop_class: &str) -> bool {
        let end = sop_class.strip_prefix(STORAGE).unwrap_or_default();
        let plain = || HEADER_ONLY.iter().any(|row| is(row, end));
        match self {
            HeaderOnly::No => false,
            HeaderOnly::Yes => plain(),
            HeaderOnly::Reports => plain() || is_report(sop_class),
        }
    }
}

/// Segmentations and structure sets: the outline of a head shows its face.
pub fn may_outline(sop_class: &str) -> bool {
    matches!(sop_class.strip_prefix(STORAGE), Some("66.4" | "481.3"))
}

/// Whether a class holds a tree of content items.
pub fn is_report(sop_class: &str) -> bool {
    is("88.", sop_class.strip_prefix(STORAGE).unwrap_or_default())
}

/// What (0028,0301) may hold in an image class.
pub fn burned_in(sop_class: &str) -> BurnedIn {
    let end = sop_class.strip_prefix(STORAGE).unwrap_or_default();
    IMAGES
        .iter()
        .find(|(e, _)| *e == end)
        .map_or(Optional, |(_, b)| *b)
}

/// Enhanced US volumes: `DERIVED` would demand a Source Image Sequence (dicom.md §3.2).
pub fn stays_original(sop_class: &str) -> bool {
    sop_class.strip_prefix(STORAGE) == Some("6.2")
}

/// Ophthalmic photography: `DERIVED` demands a Source Image Sequence, empty is valid (Type 2C).
pub fn needs_source_images(sop_class: &str) -> bool {
    ["77.1.5.1", "77.1.5.2", "77.1.5.5", "77.1.5.6"]
        .iter()
        .any(|e| sop_class.strip_prefix(STORAGE) == Some(*e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_go_where_they_belong() {
        for (class, reason) in [
            ("1.2.840.10008.5.1.4.1.1.6.1", None),
            (
                "1.2.840.10008.5.1.4.1.1.88.11",
                Some(Reason::StructuredReport),
            ),
            ("1.2.840.10008.5.1.4.1.1.88.59", Some(Reason::KeyObjects)),
            ("1.2.840.10008.5.1.4.1.1.104.1", Some(Reason::Document)),
            ("1.2.840.10008.5.1.4.1.1.9.4.1", Some(Reason::Waveform)),
            ("1.2.840.10008.5.1.4.1.1.66", Some(Reason::RawData)),
            ("1.2.840.10008.5.1.4.1.1.30", None),
            ("1.2.840.10008.5.1.4.1.1.81.1", Some(Reason::ParametricMap)),
            ("1.2.840.10008.5.1.4.1.1.481.2", Some(Reason::ObjectClass)),
            ("1.2.840.10008.5.1.4.1.1.66.4", Some(Reason::ObjectClass)),
            ("1.2.840.10008.5.1.4.1.1", Some(Reason::ObjectClass)),
            ("1.2.840.10008.1.3.10", Some(Reason::Dicomdir)),
            ("1.2.840.10008.5.1.4.1.1.77.1.6", Some(Reason::WholeSlide)),
            ("1.2.840.10008.5.1.4.1.1.77.1.4.1", None),
            ("1.3.12.2.1107.5.9.1", Some(Reason::PrivateClass)),
            ("", Some(Reason::PrivateClass)),
        ] {
            assert_eq!(check(class).err().map(|r| r.reason), reason, "{class}");
        }
    }

    #[test]
    fn headers_of_states_segmentations_and_plans_can_be_treated() {
        for (end, wanted) in [
            ("11.1", true),
            ("66.4", true),
            ("481.5", true),
            ("66", false),
            ("88.11", false),
            ("2", false),
        ] {
            let class = format!("{STORAGE}{end}");
            assert_eq!(HeaderOnly::Yes.takes(&class), wanted, "{end}");
            let report = end == "88.11";
            assert_eq!(HeaderOnly::Reports.takes(&class), wanted || report, "{end}");
            assert!(!HeaderOnly::No.takes(&class));
        }
        assert!(!HeaderOnly::Reports.takes("1.2.3"));
    }

    #[test]
    fn burned_in_annotation_by_class() {
        let at = |end: &str| burned_in(&format!("{STORAGE}{end}"));
        assert_eq!(at("7"), Optional);
        assert_eq!(at("1.1"), YesOrNo);
        assert_eq!(at("4.1"), OnlyNo);
    }
}
