//! The report: one JSON object a file, then a summary. Form and meaning of the fields: README, "Reports".

use crate::geometry::Rect;
use crate::key::Key;
use crate::outcome::{Outcome, Reason, Refusal};
use crate::plan::{Action, Carrier, CarrierAction, Shape};
use crate::profile::derive::opaque;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// Version of the report's form.
pub const SCHEMA: u32 = 1;
/// Warning of a file that was written as a person left and approved its plan.
pub const REVIEWED: &str = "reviewed";

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

impl Tool {
    fn is_unknown(&self) -> bool {
        *self == Tool::default()
    }
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
    /// Samples outside the masks that differ; of a pair compared in coefficients the pixels of units that are not the fill.
    pub outside_differing: u64,
    /// Whether every masked sample is the fill.
    pub inside_constant: bool,
    /// Whether encapsulation and offsets are valid (true for native data).
    pub encapsulation_valid: bool,
    /// Identities of the original found in the bytes of the file; null where its header was not de-identified.
    #[serde(default)]
    pub identities_left: Option<u32>,
}

/// A template of the site that is for this equipment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateNote {
    /// Its name.
    pub name: String,
    /// Who approved it; not in shared reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// Whether doubtful text may stay at some place of it.
    pub keeps: bool,
}

/// What was done with the header.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetadataReport {
    /// Profile name, or null with `--keep-metadata`.
    pub profile: Option<String>,
    /// Codes of CID 7050 that the header earned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<String>,
    /// Counts of `set`, `removed`, `uid` … operations.
    pub actions: BTreeMap<String, u32>,
    /// What was done by tag (eight hex digits; private groups with element 0), where an attribute did not stay.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
}

/// Everything about one file. `device` and `timings_ms` are the only fields that may differ between two runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileReport {
    /// [`SCHEMA`].
    pub schema: u32,
    /// `file`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What made it; a journal leaves it out.
    #[serde(default, skip_serializing_if = "Tool::is_unknown")]
    pub tool: Tool,
    /// Opaque id of the input, with keyed names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Input path as given or found; the opaque id in shared reports.
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
    /// Templates of the site that are for this equipment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub templates: Vec<TemplateNote>,
    /// Other carriers of text.
    pub carriers: Vec<CarrierAction>,
    /// Risk class, `low` to `very-high`; null where the file was stopped before.
    pub risk: Option<String>,
    /// `face_possible: SIGNS`, `unknown`, `no-sign` or `not-of-this-kind`.
    pub faces: Option<String>,
    /// Keyed marks of patient, order and study ([`crate::optout::mark`]): holders of the key find by them what left for a
    /// patient. Empty with a key that ends with the run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<String>,
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

impl FileReport {
    /// A report with nothing but the names and an outcome; the caller fills in what it knows.
    pub fn new(tool: &Tool, input: &Path, outcome: Outcome) -> FileReport {
        FileReport {
            schema: SCHEMA,
            kind: "file".into(),
            tool: tool.clone(),
            id: None,
            input: input.to_string_lossy().into_owned(),
            output: None,
            outcome,
            reason: None,
            detail: None,
            input_sha256: None,
            output_sha256: None,
            transfer_syntax: None,
            photometric: None,
            rows: None,
            cols: None,
            frames: None,
            boxes: Vec::new(),
            templates: Vec::new(),
            carriers: Vec::new(),
            risk: None,
            faces: None,
            marks: Vec::new(),
            warnings: Vec::new(),
            pixels: None,
            verify: None,
            metadata: None,
            device: String::new(),
            timings_ms: BTreeMap::new(),
        }
    }

    /// The report of a file that was stopped before anything was known about it.
    pub fn refused(tool: &Tool, input: &Path, refusal: &Refusal) -> FileReport {
        let mut report = FileReport::new(tool, input, refusal.reason.outcome());
        report.refuse(refusal);
        report
    }

    /// Turns the report into that of a refused file: nothing was written.
    pub fn refuse(&mut self, refusal: &Refusal) {
        self.outcome = refusal.reason.outcome();
        self.reason = Some(refusal.reason.code().into());
        self.detail = Some(refusal.detail.clone());
        self.output = None;
        self.output_sha256 = None;
    }

    /// The line for reports that are passed on: it says nothing of where the file came from. Opaque id, keyed digest, no text,
    /// no marks; the output below `folder`, where names are keyed (`None`: they mirror the input).
    #[must_use]
    pub fn shared(&self, key: &Key, input: &Path, folder: Option<&Path>) -> FileReport {
        let mut line = self.clone();
        let id = opaque(key, 'F', "input path", input.as_os_str().as_encoded_bytes());
        let keyed = |text: String| {
            let mac = key.mac("shared digest", text.as_bytes());
            mac.iter().map(|b| format!("{b:02x}")).collect()
        };
        line.input.clone_from(&id);
        line.input_sha256 = line.input_sha256.map(keyed);
        line.output = line.output.map(|output| {
            match folder.and_then(|f| Path::new(&output).strip_prefix(f).ok()) {
                Some(keyed) => keyed.to_string_lossy().into_owned(),
                // A mirrored name is that of the input.
                None => id.clone(),
            }
        });
        line.id = Some(id);
        line.marks.clear();
        line.boxes.iter_mut().for_each(|b| b.text = None);
        line.templates.iter_mut().for_each(|t| t.approved_by = None);
        line
    }

    /// Number of findings with this action.
    pub fn count(&self, action: Action) -> usize {
        self.boxes.iter().filter(|b| b.action == action).count()
    }
}

/// The last object of a report: what became of all files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// [`SCHEMA`].
    pub schema: u32,
    /// `summary`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What made it.
    pub tool: Tool,
    /// Files with a report line.
    pub files: u64,
    /// Files of the work list that were not started, because the run was interrupted.
    pub not_started: u64,
    /// Files by outcome.
    pub outcomes: BTreeMap<String, u64>,
    /// Files by reason code.
    pub reasons: BTreeMap<String, u64>,
    /// Findings by action.
    pub boxes: BTreeMap<String, u64>,
    /// Whether the run was interrupted.
    pub interrupted: bool,
    /// `wall`: the whole run; `per_file`: the same by finished file. May differ between two runs.
    pub timings_ms: BTreeMap<String, f64>,
}

impl Summary {
    /// An empty summary.
    pub fn new(tool: &Tool) -> Summary {
        Summary {
            schema: SCHEMA,
            kind: "summary".into(),
            tool: tool.clone(),
            ..Summary::default()
        }
    }

    /// Counts one file.
    pub fn add(&mut self, report: &FileReport) {
        self.files += 1;
        *self
            .outcomes
            .entry(report.outcome.name().into())
            .or_default() += 1;
        if let Some(reason) = &report.reason {
            *self.reasons.entry(reason.clone()).or_default() += 1;
        }
        for (name, action) in [("mask", Action::Mask), ("keep", Action::Keep)] {
            *self.boxes.entry(name.into()).or_default() += report.count(action) as u64;
        }
    }

    /// Takes the time of the whole run.
    pub fn finish(&mut self, wall_ms: f64) {
        let thousandths = |ms: f64| (ms * 1000.0).round() / 1000.0;
        self.timings_ms.insert("wall".into(), thousandths(wall_ms));
        if self.files > 0 {
            self.timings_ms
                .insert("per_file".into(), thousandths(wall_ms / self.files as f64));
        }
    }

    /// Files with this outcome.
    pub fn count(&self, outcome: Outcome) -> u64 {
        self.outcomes.get(outcome.name()).copied().unwrap_or(0)
    }
}

/// The answer of `unburn verify`, for a pair or for one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VerifyOutcome {
    /// [`SCHEMA`].
    pub schema: u32,
    /// `verify`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What made it.
    pub tool: Tool,
    /// The original; null when one file was looked at alone.
    pub original: Option<String>,
    /// The file that was looked at.
    pub file: String,
    /// Pair: every statement held. One file: it could be searched, and nothing was found that no keep rule covers.
    pub ok: bool,
    /// Reason code of the first statement that did not hold.
    pub reason: Option<String>,
    /// Detail for a person; never header values or text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What was found identical outside the masks; null for one file.
    pub outside_identical: Option<Identical>,
    /// The statements; null if a file could not be read or decoded.
    pub verify: Option<VerifyReport>,
    /// What is readable in the file, with the rule that decides about each finding.
    pub boxes: Vec<BoxReport>,
    /// Where detection ran.
    pub device: String,
    /// Milliseconds per step.
    pub timings_ms: BTreeMap<String, f64>,
}

impl VerifyOutcome {
    /// An answer of which nothing is known yet; `ok` is false.
    pub fn new(tool: &Tool, original: Option<&Path>, file: &Path) -> VerifyOutcome {
        VerifyOutcome {
            schema: SCHEMA,
            kind: "verify".into(),
            tool: tool.clone(),
            original: original.map(|p| p.to_string_lossy().into_owned()),
            file: file.to_string_lossy().into_owned(),
            ok: false,
            reason: None,
            detail: None,
            outside_identical: None,
            verify: None,
            boxes: Vec::new(),
            device: String::new(),
            timings_ms: BTreeMap::new(),
        }
    }

    /// Takes the result of looking: the first statement that does not hold is the reason.
    pub fn conclude(&mut self, result: Result<VerifyReport, Refusal>) {
        match result {
            Ok(mut report) => {
                let left = report.identities_left.is_some_and(|n| n > 0);
                let reason = if report.outside_differing > 0 {
                    Some(Reason::OutsideChanged)
                } else if report.residual_lines > 0 {
                    Some(Reason::ResidualText)
                } else if left {
                    Some(Reason::IdentityLeft)
                } else {
                    None
                };
                report.ok = reason.is_none();
                self.ok = report.ok;
                self.reason = reason.map(|r| r.code().into());
                self.verify = Some(report);
            }
            Err(refusal) => {
                self.reason = Some(refusal.reason.code().into());
                self.detail = Some(refusal.detail);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_file_names_no_output_and_the_summary_counts_it() {
        let tool = Tool::default();
        let mut report = FileReport::new(&tool, Path::new("a.dcm"), Outcome::Masked);
        report.output = Some("out/a.dcm".into());
        let mut summary = Summary::new(&tool);
        summary.add(&report);
        report.refuse(&Refusal::new(Reason::Truncated, "frame 3 of 5"));
        assert_eq!((report.outcome, &report.output), (Outcome::Failed, &None));
        summary.add(&report);
        summary.finish(3.0);
        assert_eq!(summary.count(Outcome::Failed), 1);
        assert_eq!(summary.reasons.get("truncated"), Some(&1));
        let line = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<FileReport>(&line).unwrap(), report);
    }
}
