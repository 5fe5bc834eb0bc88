//! Files that a folder holds beside images, and what must become of them.

use crate::header::{Class, Header, header};
use crate::recipes::people;
use crate::scene::body::abdomen;
use crate::write::{Form, file, pixels};
use dicom_core::VR;
use dicom_core::value::PrimitiveValue;
use dicom_dictionary_std::{tags, uids};
use serde::Serialize;
use std::error::Error;
use std::fs;
use std::path::Path;

/// Truth about an odd file.
#[derive(Serialize)]
pub struct Odd {
    file: &'static str,
    about: &'static str,
    outcome: &'static str,
    reason: Option<&'static str>,
}

/// What must become of each file.
pub const ODD: &[Odd] = &[
    Odd {
        file: "odd/empty.dcm",
        about: "no byte at all",
        outcome: "skipped",
        reason: Some("not-dicom"),
    },
    Odd {
        file: "odd/notes.txt",
        about: "plain text",
        outcome: "skipped",
        reason: Some("not-dicom"),
    },
    Odd {
        file: "odd/DICOMDIR",
        about: "an index of a medium that names a patient",
        outcome: "skipped",
        reason: Some("dicomdir"),
    },
    Odd {
        file: "odd/truncated.dcm",
        about: "a CT section that ends in the middle of its Pixel Data",
        outcome: "failed",
        reason: Some("truncated"),
    },
    Odd {
        file: "odd/report_sr.dcm",
        about: "a structured report: text, no pixels",
        outcome: "quarantined",
        reason: Some("structured-report"),
    },
    Odd {
        file: "odd/IM000001",
        about: "a CT section without text whose name has no ending",
        outcome: "clean",
        reason: None,
    },
];

fn section(stem: &str) -> Result<Header, Box<dyn Error>> {
    let mut h = header(Class::Ct, Some(&people::FENNIMER), stem);
    let form = Form::Words {
        stored: 12,
        signed: true,
        inverse: false,
    };
    pixels(&mut h, form, &[abdomen(96, 96, 0x5eed_000b)])?;
    Ok(h)
}

/// Writes the odd files into their folder.
pub fn make(folder: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("empty.dcm"), [])?;
    fs::write(
        folder.join("notes.txt"),
        "Scans of the second week are on the other disc.\n",
    )?;
    let explicit = uids::EXPLICIT_VR_LITTLE_ENDIAN;
    let (ct, cut) = (Class::Ct.uid(), folder.join("truncated.dcm"));
    file(&folder.join("IM000001"), section("IM000001")?, ct, explicit)?;
    file(&cut, section("truncated")?, ct, explicit)?;
    let bytes = fs::read(&cut)?;
    fs::write(&cut, &bytes[..bytes.len() * 5 / 8])?;
    dicomdir(&folder.join("DICOMDIR"))?;
    report(&folder.join("report_sr.dcm"))
}

fn dicomdir(path: &Path) -> Result<(), Box<dyn Error>> {
    let person = &people::FENNIMER;
    let mut record = Header::new();
    for tag in [
        tags::OFFSET_OF_THE_NEXT_DIRECTORY_RECORD,
        tags::OFFSET_OF_REFERENCED_LOWER_LEVEL_DIRECTORY_ENTITY,
    ] {
        record.raw(tag, VR::UL, PrimitiveValue::from(0u32));
    }
    record.short(tags::RECORD_IN_USE_FLAG, &[0xffff]);
    record.texts(&[
        (tags::DIRECTORY_RECORD_TYPE, "PATIENT"),
        (tags::PATIENT_NAME, person.name),
        (tags::PATIENT_ID, person.id),
    ]);
    let class = uids::MEDIA_STORAGE_DIRECTORY_STORAGE;
    let mut h = Header::new();
    h.text(tags::FILE_SET_ID, "SAMPLES");
    h.short(tags::FILE_SET_CONSISTENCY_FLAG, &[0]);
    h.items(tags::DIRECTORY_RECORD_SEQUENCE, vec![record]);
    // The offsets of the only record are known once the file has been written: a first pass finds them.
    let mut offset = 0;
    for _ in 0..2 {
        for tag in [
            tags::OFFSET_OF_THE_FIRST_DIRECTORY_RECORD_OF_THE_ROOT_DIRECTORY_ENTITY,
            tags::OFFSET_OF_THE_LAST_DIRECTORY_RECORD_OF_THE_ROOT_DIRECTORY_ENTITY,
        ] {
            h.raw(tag, VR::UL, PrimitiveValue::from(offset));
        }
        file(path, h.clone(), class, uids::EXPLICIT_VR_LITTLE_ENDIAN)?;
        let bytes = fs::read(path)?;
        let item = bytes.windows(4).position(|b| b == [0xfe, 0xff, 0x00, 0xe0]);
        offset = item.unwrap_or(0) as u32;
    }
    Ok(())
}

fn report(path: &Path) -> Result<(), Box<dyn Error>> {
    let class = uids::BASIC_TEXT_SR_STORAGE;
    let mut h = header(Class::Capture, Some(&people::FENNIMER), "report");
    for tag in [
        tags::CONVERSION_TYPE,
        tags::IMAGE_TYPE,
        tags::SECONDARY_CAPTURE_DEVICE_MANUFACTURER,
        tags::LATERALITY,
        tags::PATIENT_ORIENTATION,
    ] {
        h.0.remove_element(tag);
    }
    h.texts(&[
        (tags::SOP_CLASS_UID, class),
        (tags::MODALITY, "SR"),
        (tags::MANUFACTURER, "Framegrip"),
        (tags::COMPLETION_FLAG, "COMPLETE"),
        (tags::VERIFICATION_FLAG, "UNVERIFIED"),
        (tags::VALUE_TYPE, "CONTAINER"),
        (tags::CONTINUITY_OF_CONTENT, "SEPARATE"),
    ]);
    h.items(tags::REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE, vec![]);
    h.items(tags::PERFORMED_PROCEDURE_CODE_SEQUENCE, vec![]);
    h.code(
        tags::CONCEPT_NAME_CODE_SEQUENCE,
        "18748-4",
        "LN",
        "Diagnostic imaging report",
    );
    let mut finding = Header::new();
    finding.texts(&[
        (tags::RELATIONSHIP_TYPE, "CONTAINS"),
        (tags::VALUE_TYPE, "TEXT"),
        (tags::TEXT_VALUE, "Mr Fennimer was seen again in December."),
    ]);
    finding.code(tags::CONCEPT_NAME_CODE_SEQUENCE, "121071", "DCM", "Finding");
    h.items(tags::CONTENT_SEQUENCE, vec![finding]);
    file(path, h, class, uids::EXPLICIT_VR_LITTLE_ENDIAN)
}
