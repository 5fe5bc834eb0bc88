//! How likely an image shows burned-in text or a face, by its header (dicom.md §5, §7.1). It sorts work for people; it
//! never spares an image the search.

use crate::facts::{Facts, Signs};

/// The class of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Risk {
    /// Low, not zero.
    Low,
    /// Markers, plates, bands.
    Medium,
    /// Strips and derived pictures.
    High,
    /// Captures, scans, ultrasound.
    VeryHigh,
}

impl Risk {
    /// The word of reports.
    pub fn name(self) -> &'static str {
        match self {
            Risk::Low => "low",
            Risk::Medium => "medium",
            Risk::High => "high",
            Risk::VeryHigh => "very-high",
        }
    }
}

const STORAGE: &str = "1.2.840.10008.5.1.4.1.1.";

/// Risk by SOP Class: ends of UIDs; ends in `.` stand for all that begin so.
const BY_CLASS: &[(&str, Risk)] = &[
    ("7", Risk::VeryHigh),
    ("7.", Risk::VeryHigh),
    ("6", Risk::VeryHigh),
    ("6.1", Risk::VeryHigh),
    ("6.2", Risk::VeryHigh),
    ("3", Risk::VeryHigh),
    ("3.1", Risk::VeryHigh),
    ("77.", Risk::High),
];

const BY_MODALITY: &[(Risk, &[&str])] = &[
    (Risk::VeryHigh, &["OT", "DOC", "SC", "US", "IVUS", "EC"]),
    (
        Risk::High,
        &["XC", "ES", "GM", "SM", "OP", "OPT", "BMD", "DMS"],
    ),
    (
        Risk::Medium,
        &[
            "CR", "DX", "MG", "RF", "XA", "IO", "PX", "HD", "FILMD", "NM", "RTIMAGE",
        ],
    ),
    (Risk::Low, &["CT", "MR", "PT"]),
];

/// Values of Image Type that stand for captures and reports.
const TYPES: &[&str] = &[
    "SECONDARY",
    "SCREEN SAVE",
    "SCREENSHOT",
    "SAVE",
    "DOSE",
    "DOSE_INFO",
    "REPORT",
    "REPORTDATA",
    "DEMOGRAPHICDATA",
    "VOLREN",
    "LOCALIZER",
    "OTHER",
    "VXTL STATE",
    "CSA REPORT",
];

/// Words of descriptions that stand for them.
const WORDS: &[&str] = &[
    "DOSE", "REPORT", "PROTOCOL", "PATIENT", "SAVE", "CAPTURE", "SCREEN", "3D", "OUTSIDE",
];

/// The risk class, raised by what the header says, never lowered.
pub fn assess(facts: &Facts, signs: &Signs) -> Risk {
    let end = facts.sop_class.strip_prefix(STORAGE).unwrap_or_default();
    let is = |row: &str| row == end || row.ends_with('.') && end.starts_with(row);
    let class = BY_CLASS.iter().find(|(row, _)| is(row)).map(|(_, r)| *r);
    let modality = BY_MODALITY
        .iter()
        .find(|(_, list)| list.contains(&facts.modality.as_str()))
        .map(|(r, _)| *r);
    // Neither known: nobody knows what it is.
    let base = class.max(modality).unwrap_or(Risk::High);
    let sections = matches!(facts.modality.as_str(), "CT" | "MR" | "PT");
    let size = (facts.format.rows, facts.format.cols);
    let raised = facts.image_type.is_empty()
        || facts.image_type.iter().any(|v| TYPES.contains(&v.as_str()))
        || signs.captured
        || signs.descriptions.iter().any(|d| has_word(d, WORDS))
        || facts.burned_in_annotation == Some(true)
        || sections && facts.format.samples_per_pixel == 3
        || facts.modality == "CT" && (size.0 != size.1 || size.0 > 1024)
        || signs.series_number.is_some_and(|n| n >= 900);
    if raised { base.max(Risk::High) } else { base }
}

fn has_word(text: &str, words: &[&str]) -> bool {
    let upper = text.to_uppercase();
    upper
        .split(|c: char| !c.is_alphanumeric())
        .any(|w| words.contains(&w))
}

const FACE_PARTS: &[&str] = &[
    "HEAD",
    "BRAIN",
    "SKULL",
    "FACE",
    "HEADNECK",
    "NECK",
    "CSPINE",
    "SINUS",
    "ORBIT",
    "EYE",
    "EAR",
    "IAC",
    "JAW",
    "MANDIBLE",
    "MAXILLA",
    "TMJ",
    "PITUITARY",
    "WHOLEBODY",
];
const FACE_REGIONS: &[&str] = &[
    "69536005",
    "12738006",
    "774007",
    "45048000",
    "89545001",
    "89546000",
    "363654007",
    "2095001",
    "661005",
    "91397008",
];
const FACE_WORDS: &[&str] = &[
    "HEAD", "BRAIN", "SKULL", "KOPF", "SCHÄDEL", "SCHAEDEL", "CRÂNE", "CRANE", "SINUS", "ORBIT",
    "ORBITA", "STROKE", "DBS", "MPRAGE", "NECK", "FACE", "CEREBRUM", "CRANIUM",
];

/// Whether a face may be recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Face {
    /// The modality and class show none.
    NotOfThisKind,
    /// Nothing in the header speaks for one, and the header says what part it shows.
    NoSign,
    /// The header does not say what part it shows; that is no "no".
    Unknown,
    /// The signs that spoke for one.
    Possible(Vec<&'static str>),
}

impl Face {
    /// The word of reports.
    pub fn text(&self) -> String {
        match self {
            Face::NotOfThisKind => "not-of-this-kind".into(),
            Face::NoSign => "no-sign".into(),
            Face::Unknown => "unknown".into(),
            Face::Possible(signs) => format!("face_possible: {}", signs.join(", ")),
        }
    }

    /// Whether a site that holds faces back holds this back.
    pub fn is_held(&self) -> bool {
        matches!(self, Face::Unknown | Face::Possible(_))
    }
}

/// Looks for signs of a face in the header. A single file tells nothing of the volume; pixels are not looked at.
pub fn face(facts: &Facts, signs: &Signs) -> Face {
    let end = facts.sop_class.strip_prefix(STORAGE).unwrap_or_default();
    let photograph = matches!(end, "77.1.4" | "77.1.5.1");
    let rendering = facts.image_type.iter().any(|v| v == "VOLREN");
    let section = matches!(facts.modality.as_str(), "CT" | "MR" | "PT");
    if !(photograph || rendering || section) {
        return Face::NotOfThisKind;
    }
    let part = signs.body_part.to_uppercase().replace([' ', '_', '-'], "");
    let mut found = Vec::new();
    if FACE_PARTS.contains(&part.as_str()) {
        found.push("body-part");
    }
    if signs
        .regions
        .iter()
        .any(|r| FACE_REGIONS.contains(&r.as_str()))
    {
        found.push("anatomic-region");
    }
    if signs.descriptions.iter().any(|d| has_word(d, FACE_WORDS)) {
        found.push("description");
    }
    if signs.coil.to_uppercase().contains("HEAD") {
        found.push("receive-coil");
    }
    if photograph {
        found.push("photograph");
    }
    if !found.is_empty() {
        return Face::Possible(found);
    }
    if part.is_empty() && signs.regions.is_empty() || rendering {
        Face::Unknown
    } else {
        Face::NoSign
    }
}
