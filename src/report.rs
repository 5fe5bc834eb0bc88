//! The report: one JSON object a file, then a summary. Form and meaning of the fields: README, "Reports".

use crate::geometry::Rect;
use crate::outcome::Outcome;
use crate::plan::{Action, Carrier, CarrierAction, Shape};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the report's form.
pub const SCHEMA: u32 = 1;

/// What made the report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// Program version.
    pub version: String,
    /// `name:sha256` of every model.
    pub models: Vec<String>,
    /// SHA-256 of the settings.
    pub config_sha256: String,
    /// Policy name.
    pub policy: String,
    /// Key id, or `ephemeral`.
    pub key: String,
}

/// Transfer syntaxes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Syntaxes {
    /// UID of the input.
    #[serde(rename = "in")]
    pub input: String,
    /// UID of the output; null if none was written.
    pub out: Option<String>,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoxReport {
    /// First and last frame, inclusive, zero-based.
    pub frames: (u32, u32),
    /// Final rectangle, clipped to the frame.
    pub rect: Rect,
    /// The rectangle before codec growth, where that differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_codec: Option<Rect>,
    /// Where.
    pub carrier: Carrier,
    /// Form of `rect`.
    pub shape: Shape,
    /// Mask or keep.
    pub action: Action,
    /// The rule.
    pub reason: String,
    /// 0–1, three digits.
    pub confidence: f64,
    /// Only with `--include-text`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// What is known about the pixels of the written file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pixels {
    /// `"samples"`, `"coefficients"` or `false`: what was compared outside the masks and found identical.
    pub outside_identical: Identical,
    /// Masked share of all frames, 0–1.
    pub masked_fraction: f64,
    /// The part of it that only the codec demanded.
    pub masked_fraction_codec_growth: f64,
    /// Whether the encoded Pixel Data bytes are those of the input.
    pub encoded_bytes_kept: bool,
}

/// What was found identical outside the masks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Identical {
    /// Nothing was verified.
    #[default]
    No,
    /// Every stored sample.
    Samples,
    /// Every JPEG coefficient block.
    Coefficients,
}

impl Serialize for Identical {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Identical::No => s.serialize_bool(false),
            Identical::Samples => s.serialize_str("samples"),
            Identical::Coefficients => s.serialize_str("coefficients"),
        }
    }
}

impl<'de> Deserialize<'de> for Identical {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(d)? {
            serde_json::Value::Bool(false) => Ok(Identical::No),
            serde_json::Value::String(s) if s == "samples" => Ok(Identical::Samples),
            serde_json::Value::String(s) if s == "coefficients" => Ok(Identical::Coefficients),
            _ => Err(serde::de::Error::custom(
                "expected false, \"samples\" or \"coefficients\"",
            )),
        }
    }
}

/// The self-check of the written file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyReport {
    /// Whether every statement held.
    pub ok: bool,
    /// Lines found in the written file that no keep rule covers.
    pub residual_lines: u32,
    /// Samples outside the masks that differ.
    pub outside_differing: u64,
    /// Whether every masked sample is the fill.
    pub inside_constant: bool,
    /// Whether encapsulation and offsets are valid (true for native data).
    pub encapsulation_valid: bool,
}

/// What was done with the header.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetadataReport {
    /// Profile name, or null with `--keep-metadata`.
    pub profile: Option<String>,
    /// Counts of `set`, `removed`, `uid` … operations.
    pub actions: BTreeMap<String, u32>,
}

/// Everything about one file. `device` and `timings_ms` are the only fields that may differ between two runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileReport {
    /// [`SCHEMA`].
    pub schema: u32,
    /// `file`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What made it.
    pub tool: Tool,
    /// Input path as given or found.
    pub input: String,
    /// Output path; null if none was written.
    pub output: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
    /// Reason code when neither clean nor masked.
    pub reason: Option<String>,
    /// Detail for a person; never header values or text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// SHA-256 of the input; null if it could not be read.
    pub input_sha256: Option<String>,
    /// SHA-256 of the output.
    pub output_sha256: Option<String>,
    /// Encodings.
    pub transfer_syntax: Option<Syntaxes>,
    /// Photometric interpretation of the input.
    pub photometric: Option<String>,
    /// Rows.
    pub rows: Option<u32>,
    /// Columns.
    pub cols: Option<u32>,
    /// Frames.
    pub frames: Option<u32>,
    /// Findings.
    pub boxes: Vec<BoxReport>,
    /// Other carriers of text.
    pub carriers: Vec<CarrierAction>,
    /// Risk class (design §5); not assessed yet.
    pub risk: Option<String>,
    /// Face flag; not assessed yet.
    pub faces: Option<String>,
    /// Things a person should know.
    pub warnings: Vec<String>,
    /// Pixel statements; null if nothing was written.
    pub pixels: Option<Pixels>,
    /// The self-check; null if nothing was written.
    pub verify: Option<VerifyReport>,
    /// Header statements.
    pub metadata: Option<MetadataReport>,
    /// Where detection ran.
    pub device: String,
    /// Milliseconds per step.
    pub timings_ms: BTreeMap<String, f64>,
}
