//! Reading and writing DICOM objects; the only module that names DICOM crates.
//!
//! [`read`] takes a file and gives an [`Object`]: its [`crate::facts::Facts`], and frames as decoded samples on demand.
//! What cannot be read faithfully is refused by name. Data flows
//!
//! ```text
//! file → dataset (tree of byte ranges) → { value, identity, display, format, overlay } → object
//!                                        fragments → stream → decode ↗
//! object → deidentify (a profile carried out) → attributes (header operations as data) → write (apply, encode, strip, blocks)
//!        → file → { check, scan }
//! ```

mod annotation;
mod apply;
mod attributes;
mod blocks;
mod check;
mod classes;
mod consent;
mod dataset;
mod decode;
mod deidentify;
mod display;
mod encode;
mod file;
mod format;
mod fragments;
mod hidden;
mod identity;
mod object;
mod overlay;
mod peek;
mod recode;
mod samples;
mod scan;
mod signs;
mod stream;
mod strip;
pub mod support;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod uid;
mod value;
mod video;
mod whole;
mod write;

pub use annotation::Annotation;
pub use attributes::{
    BurnedInClaim, Carrier, Changes, Claims, FaceClaim, HeaderOp, ItemValue, header_ops,
};
pub use blocks::coded_fill;
pub use check::check_written;
pub use classes::{BurnedIn, HeaderOnly, burned_in, is_report, may_outline};
pub use consent::Consent;
pub use deidentify::{Claimed, Deidentified, Method, new_uid};
pub use object::{
    Carriers, Object, Opened, Reading, file_bytes, open, open_bytes, read, read_bytes,
};
pub use overlay::{Flaw, KeptOverlay, NestedCounts, Overlay};
pub use peek::{Peek, peek};
pub use recode::encode as encode_frame;
pub use samples::{clear_high_bits, has_high_bits};
pub use scan::{Hit, Person, Scanner};
pub use video::UNIT as VIDEO_UNIT;
pub use whole::HeaderObject;
pub use write::{FrameOut, WriteRequest, Written, write};
