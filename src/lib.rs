//! unburn removes burned-in text from DICOM images.
//!
//! # Layers
//!
//! Imports point down only; modules in one pair of braces do not import each other; `tests/layers.rs` keeps it so.
//!
//! ```text
//! main → cli → review → batch → redact → { detect, ocr, phi, dicom } → codec
//!                                 detect → gpu → { stage, exact }; ocr → exact
//! all → deface, preview, mask, views, report, plan, site, risk, templates, facts, line, frame, config, subjects, idmap, optout,
//!       profile, key, models, error, outcome, geometry: plain data and helpers, each of which uses only what stands to its right
//! ```
//!
//! One module per outside world: only [`dicom`] names DICOM crates, only [`gpu`] names wgpu, only [`ocr`] names rten,
//! only [`review`] names axum and tokio, only [`cli`] names clap and indicatif. The library never prints.

pub mod batch;
pub mod cli;
pub mod codec;
pub mod config;
pub mod deface;
pub mod detect;
pub mod dicom;
pub mod error;
mod exact;
pub mod facts;
pub mod frame;
pub mod geometry;
pub mod gpu;
pub mod idmap;
pub mod key;
pub mod line;
pub mod mask;
pub mod models;
pub mod ocr;
pub mod optout;
pub mod outcome;
pub mod phi;
pub mod plan;
pub mod preview;
pub mod profile;
pub mod redact;
pub mod report;
pub mod review;
pub mod risk;
pub mod site;
pub mod stage;
pub mod subjects;
pub mod templates;
#[cfg(test)]
mod testing;
pub mod views;
