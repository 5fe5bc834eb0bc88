//! Facts and pictures for unit tests.

use crate::facts::{Equipment, Facts, TransferSyntax};
use crate::frame::{Display, Frame, Photometric, PixelFormat};

#[path = "../tests/common/pictures.rs"]
pub mod pictures;

/// Facts of an invented object with this layout.
pub fn facts(format: PixelFormat, frames: u32) -> Facts {
    Facts {
        sop_class: "1.2.840.10008.5.1.4.1.1.7".into(),
        sop_instance: "2.25.1".into(),
        modality: "OT".into(),
        image_type: Vec::new(),
        equipment: Equipment::default(),
        transfer_syntax: TransferSyntax {
            uid: "1.2.840.10008.1.2.1".into(),
            name: "Explicit VR Little Endian".into(),
            encapsulated: false,
            lossy: false,
        },
        format,
        photometric_header: format.photometric.name().into(),
        frames,
        display: Display {
            slope: 1.0,
            ..Display::default()
        },
        burned_in_annotation: None,
        pixel_padding: None,
        us_regions: Vec::new(),
        identities: Vec::new(),
    }
}
