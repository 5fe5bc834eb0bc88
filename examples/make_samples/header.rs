//! Headers: whose picture it is, and the attributes that each class of object must have.

use crate::chance::Chance;
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::value::{DataSetSequence, PrimitiveValue, Value};
use dicom_core::{DataElement, Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags, uids};
use dicom_object::InMemDicomObject;

/// An invented patient with an invented examination.
pub struct Person {
    /// PN.
    pub name: &'static str,
    /// Patient's number.
    pub id: &'static str,
    /// Birth date, `YYYYMMDD`.
    pub birth: &'static str,
    /// `M`, `F` or `O`.
    pub sex: &'static str,
    /// Order number.
    pub accession: &'static str,
    /// Date of the examination, `YYYYMMDD`.
    pub date: &'static str,
    /// Time of the examination, `HHMMSS`.
    pub time: &'static str,
    /// Hospital or practice.
    pub institution: &'static str,
    /// Who sent the patient, PN.
    pub referring: &'static str,
    /// Who made the pictures, PN.
    pub operator: &'static str,
}

/// A data set while it is filled.
#[derive(Clone)]
pub struct Header(pub InMemDicomObject);

impl Header {
    /// An empty one.
    pub fn new() -> Self {
        Header(InMemDicomObject::new_empty())
    }

    /// Sets an attribute from text; values separated by `\`.
    pub fn text(&mut self, tag: Tag, value: &str) {
        let vr = StandardDataDictionary
            .by_tag(tag)
            .map_or(VR::LO, |e| e.vr().relaxed());
        let value = match value {
            "" => PrimitiveValue::Empty,
            v => PrimitiveValue::from(v),
        };
        self.0.put(DataElement::new(tag, vr, value));
    }

    /// Sets several attributes from text.
    pub fn texts(&mut self, list: &[(Tag, &str)]) {
        for (tag, value) in list {
            self.text(*tag, value);
        }
    }

    /// Sets a US attribute.
    pub fn short(&mut self, tag: Tag, values: &[u16]) {
        let value = PrimitiveValue::U16(values.into());
        self.0.put(DataElement::new(tag, VR::US, value));
    }

    /// Sets any attribute.
    pub fn raw(&mut self, tag: Tag, vr: VR, value: PrimitiveValue) {
        self.0.put(DataElement::new(tag, vr, value));
    }

    /// Sets a sequence.
    pub fn items(&mut self, tag: Tag, items: Vec<Header>) {
        let items: Vec<_> = items.into_iter().map(|h| h.0).collect();
        let value = Value::Sequence(DataSetSequence::from(items));
        self.0.put(DataElement::new(tag, VR::SQ, value));
    }

    /// Sets a sequence of one code.
    pub fn code(&mut self, tag: Tag, value: &str, scheme: &str, meaning: &str) {
        let mut item = Header::new();
        item.texts(&[
            (tags::CODE_VALUE, value),
            (tags::CODING_SCHEME_DESIGNATOR, scheme),
            (tags::CODE_MEANING, meaning),
        ]);
        self.items(tag, vec![item]);
    }
}

/// A UID that follows from a name only (PS3.5 B.2).
pub fn uid(name: &str) -> String {
    let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut chance = Chance::new(seed);
    let number = u128::from(chance.bits()) << 64 | u128::from(chance.bits());
    // A random (version 4) UUID as a decimal number.
    let number = number & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    format!("2.25.{number}")
}

/// Classes of objects among the samples.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Ultrasound Image Storage.
    Ultrasound,
    /// Ultrasound Multi-frame Image Storage.
    UltrasoundLoop,
    /// CT Image Storage.
    Ct,
    /// Computed Radiography Image Storage.
    Cr,
    /// MR Image Storage.
    Mr,
    /// Secondary Capture Image Storage.
    Capture,
}

impl Class {
    /// SOP Class UID.
    pub fn uid(self) -> &'static str {
        match self {
            Class::Ultrasound => uids::ULTRASOUND_IMAGE_STORAGE,
            Class::UltrasoundLoop => uids::ULTRASOUND_MULTI_FRAME_IMAGE_STORAGE,
            Class::Ct => uids::CT_IMAGE_STORAGE,
            Class::Cr => uids::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE,
            Class::Mr => uids::MR_IMAGE_STORAGE,
            Class::Capture => uids::SECONDARY_CAPTURE_IMAGE_STORAGE,
        }
    }

    fn attributes(self) -> &'static [(Tag, &'static str)] {
        match self {
            Class::Ultrasound | Class::UltrasoundLoop => &[
                (tags::MODALITY, "US"),
                (tags::IMAGE_TYPE, r"ORIGINAL\PRIMARY\ABDOMINAL\0001"),
                (tags::MANUFACTURER, "Sonavault"),
                (tags::MANUFACTURER_MODEL_NAME, "SV 40"),
                (tags::PATIENT_ORIENTATION, ""),
                (tags::LATERALITY, ""),
            ],
            Class::Ct => &[
                (tags::MODALITY, "CT"),
                (tags::IMAGE_TYPE, r"ORIGINAL\PRIMARY\AXIAL"),
                (tags::MANUFACTURER, "Tomoveda"),
                (tags::MANUFACTURER_MODEL_NAME, "TV 64"),
                (tags::KVP, "120"),
                (tags::ACQUISITION_NUMBER, "1"),
                (tags::RESCALE_INTERCEPT, "0"),
                (tags::RESCALE_SLOPE, "1"),
                (tags::RESCALE_TYPE, "HU"),
                (tags::PIXEL_SPACING, r"0.7\0.7"),
                (tags::SLICE_THICKNESS, "5"),
                (tags::IMAGE_POSITION_PATIENT, r"-179.2\-179.2\-42"),
                (tags::IMAGE_ORIENTATION_PATIENT, r"1\0\0\0\1\0"),
                (tags::PATIENT_POSITION, "HFS"),
                (tags::POSITION_REFERENCE_INDICATOR, ""),
                (tags::LATERALITY, ""),
                (tags::WINDOW_CENTER, "40"),
                (tags::WINDOW_WIDTH, "400"),
            ],
            Class::Cr => &[
                (tags::MODALITY, "CR"),
                (tags::IMAGE_TYPE, r"ORIGINAL\PRIMARY"),
                (tags::MANUFACTURER, "Platequill"),
                (tags::MANUFACTURER_MODEL_NAME, "PQ 2"),
                (tags::BODY_PART_EXAMINED, "CHEST"),
                (tags::VIEW_POSITION, "PA"),
                (tags::PATIENT_ORIENTATION, r"L\F"),
                (tags::KVP, "125"),
                (tags::WINDOW_CENTER, "511"),
                (tags::WINDOW_WIDTH, "1023"),
            ],
            Class::Mr => &[
                (tags::MODALITY, "MR"),
                (tags::IMAGE_TYPE, r"ORIGINAL\PRIMARY\OTHER"),
                (tags::MANUFACTURER, "Spinward"),
                (tags::MANUFACTURER_MODEL_NAME, "SW 1.5"),
                (tags::SCANNING_SEQUENCE, "SE"),
                (tags::SEQUENCE_VARIANT, "SK"),
                (tags::SCAN_OPTIONS, ""),
                (tags::MR_ACQUISITION_TYPE, "2D"),
                (tags::REPETITION_TIME, "4200"),
                (tags::ECHO_TIME, "102"),
                (tags::ECHO_TRAIN_LENGTH, "13"),
                (tags::PIXEL_SPACING, r"0.65\0.65"),
                (tags::SLICE_THICKNESS, "5"),
                (tags::IMAGE_POSITION_PATIENT, r"-110\-110\12"),
                (tags::IMAGE_ORIENTATION_PATIENT, r"1\0\0\0\1\0"),
                (tags::PATIENT_POSITION, "HFS"),
                (tags::POSITION_REFERENCE_INDICATOR, ""),
                (tags::LATERALITY, ""),
            ],
            Class::Capture => &[
                (tags::MODALITY, "OT"),
                (tags::CONVERSION_TYPE, "WSD"),
                (tags::IMAGE_TYPE, r"DERIVED\SECONDARY"),
                (tags::SECONDARY_CAPTURE_DEVICE_MANUFACTURER, "Framegrip"),
                (tags::LATERALITY, ""),
                (tags::PATIENT_ORIENTATION, ""),
            ],
        }
    }
}

/// The header of one object without its pixel module; `person` is `None` where it has been scrubbed.
pub fn header(class: Class, person: Option<&Person>, stem: &str) -> Header {
    let mut h = Header::new();
    h.texts(class.attributes());
    h.texts(&[
        (tags::SOP_CLASS_UID, class.uid()),
        (tags::SOP_INSTANCE_UID, &uid(stem)),
        (tags::SERIES_INSTANCE_UID, &uid(&format!("series {stem}"))),
        (tags::SERIES_NUMBER, "1"),
        (tags::INSTANCE_NUMBER, "1"),
        (tags::STUDY_ID, "1"),
    ]);
    if matches!(class, Class::Ct | Class::Mr) {
        h.text(
            tags::FRAME_OF_REFERENCE_UID,
            &uid(&format!("frame of reference {stem}")),
        );
    }
    match person {
        Some(p) => h.texts(&[
            (tags::STUDY_INSTANCE_UID, &uid(p.accession)),
            (tags::PATIENT_NAME, p.name),
            (tags::PATIENT_ID, p.id),
            (tags::PATIENT_BIRTH_DATE, p.birth),
            (tags::PATIENT_SEX, p.sex),
            (tags::ACCESSION_NUMBER, p.accession),
            (tags::STUDY_DATE, p.date),
            (tags::STUDY_TIME, p.time),
            (tags::SERIES_DATE, p.date),
            (tags::SERIES_TIME, p.time),
            (tags::CONTENT_DATE, p.date),
            (tags::CONTENT_TIME, p.time),
            (tags::INSTITUTION_NAME, p.institution),
            (tags::REFERRING_PHYSICIAN_NAME, p.referring),
            (tags::OPERATORS_NAME, p.operator),
        ]),
        None => h.texts(&[
            (
                tags::STUDY_INSTANCE_UID,
                &uid(&format!("scrubbed study {stem}")),
            ),
            (tags::PATIENT_NAME, ""),
            (tags::PATIENT_ID, ""),
            (tags::PATIENT_BIRTH_DATE, ""),
            (tags::PATIENT_SEX, ""),
            (tags::ACCESSION_NUMBER, ""),
            (tags::STUDY_DATE, ""),
            (tags::STUDY_TIME, ""),
            (tags::REFERRING_PHYSICIAN_NAME, ""),
        ]),
    }
    h
}
