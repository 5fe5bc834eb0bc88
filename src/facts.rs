//! What the header of an object says, as plain data: no DICOM types, so that deciding, planning and reporting can use it.

use crate::frame::{Display, PixelFormat};
use crate::geometry::Rect;
use serde::{Deserialize, Serialize};

/// What kind of identity a header value is; it decides in which forms the value may be drawn into the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdentityKind {
    /// A person's name, components separated by `^` and `=`.
    PersonName,
    /// Patient, study, accession, order, device serial or similar identifier.
    Id,
    /// `YYYYMMDD`, possibly with a time part (DT).
    Date,
    /// `HHMMSS.FFFFFF`.
    Time,
    /// Institution, department or station.
    Place,
    /// Telephone number.
    Phone,
    /// Street, town, country.
    Address,
    /// Age string such as `045Y`.
    Age,
    /// Free text that names somebody or something of this patient.
    Text,
}

/// One header value that must not be readable in the picture.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// Keyword of the attribute (PS3.6), for the reason `header:<keyword>`.
    pub attribute: String,
    /// How to compare it.
    pub kind: IdentityKind,
    /// One value, decoded to Unicode, padding trimmed. Never logged.
    pub value: String,
}

/// What the maker of the picture is, for templates and reports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Equipment {
    /// (0008,0070).
    pub manufacturer: String,
    /// (0008,1090).
    pub model: String,
    /// (0018,1020), first value.
    pub software: String,
}

/// An ultrasound region (PS3.3 C.8.5.5), bounds already half-open and clipped to the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsRegion {
    /// Where.
    pub rect: Rect,
    /// Region Spatial Format (0018,6012): 1 2D, 2 M-mode, 3 spectral, 4 waveform, 5 graphics.
    pub spatial_format: u16,
    /// Region Data Type (0018,6014).
    pub data_type: u16,
}

/// The encoding of the pixel data as the file meta information names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferSyntax {
    /// UID, padding trimmed.
    pub uid: String,
    /// Name for people; the UID itself where unknown.
    pub name: String,
    /// Whether frames are encapsulated.
    pub encapsulated: bool,
    /// Whether the syntax (not necessarily this stream) loses information.
    pub lossy: bool,
}

/// What of a header tells how likely text or a face is (dicom.md §5, §7.1). Never logged: descriptions are free text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    /// (0018,0015).
    pub body_part: String,
    /// Code values of (0008,2218).
    pub regions: Vec<String>,
    /// Protocol, study, series and sequence, as they are named.
    pub descriptions: Vec<String>,
    /// (0018,1250).
    pub coil: String,
    /// Whether attributes of a secondary capture are there.
    pub captured: bool,
    /// (0020,0011).
    pub series_number: Option<i64>,
    /// (0018,1100) in tenths of a millimetre.
    pub field_mm10: Option<i64>,
}

/// Facts of one image object.
#[derive(Clone, Debug)]
pub struct Facts {
    /// SOP Class UID.
    pub sop_class: String,
    /// SOP Instance UID of the input. Never logged.
    pub sop_instance: String,
    /// (0008,0060); empty where absent.
    pub modality: String,
    /// Values of (0008,0008).
    pub image_type: Vec<String>,
    /// Maker of the picture.
    pub equipment: Equipment,
    /// Encoding of the input.
    pub transfer_syntax: TransferSyntax,
    /// Layout of a decoded frame. `photometric` is that of the *decoded* samples.
    pub format: PixelFormat,
    /// (0028,0004) as written in the header.
    pub photometric_header: String,
    /// Number of frames, checked against the pixel data.
    pub frames: u32,
    /// Windows, LUTs and palette.
    pub display: Display,
    /// (0028,0301): `Some(true)` for YES, `Some(false)` for NO.
    pub burned_in_annotation: Option<bool>,
    /// Pixel Padding Value (0028,0120) as a stored value, where it is present and (0028,0121) is not.
    pub pixel_padding: Option<i64>,
    /// (0018,6011).
    pub us_regions: Vec<UsRegion>,
    /// Values that must not be readable, from every depth of the data set.
    pub identities: Vec<Identity>,
}
