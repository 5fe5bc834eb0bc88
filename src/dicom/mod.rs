//! Reading and writing DICOM objects; the only module that names DICOM crates.
mod classes; mod dataset; mod display; mod encode; mod file; mod fragments; mod identity; pub mod support; mod value;
