//! unburn removes burned-in text from DICOM images.
//!
//! # Layers
//!
//! Imports point down only; modules in one pair of braces do not import each other; `tests/layers.rs` keeps it so.
//!
//! ```text
//! main → cli → batch → redact → { detect, ocr, phi, dicom } → codec → { mask, views, line, facts, plan, frame, geometry, outcome, report, config, error }
//!                                 detect → gpu → stage
//! ```
//!
//! One module per outside world: only [`dicom`] names DICOM crates, only [`gpu`] names wgpu, only [`ocr`] names rten,
//! only [`cli`] names clap and indicatif. The library never prints.

pub mod batch;
pub mod cli;
pub mod codec;
pub mod config;
pub mod detect;
pub mod dicom;
pub mod error;
pub mod facts;
pub mod frame;
pub mod geometry;
pub mod gpu;
pub mod key;
pub mod line;
pub mod mask;
pub mod models;
pub mod ocr;
pub mod outcome;
pub mod phi;
pub mod plan;
pub mod preview;
pub mod redact;
pub mod report;
pub mod site;
pub mod stage;
pub mod templates;
#[cfg(test)]
mod testing;
pub mod views;
