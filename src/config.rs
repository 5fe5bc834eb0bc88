//! Settings of a run. Where they come from (defaults < files < environment < flags): [`layers`].
//!
//! [`Config`] holds values only; the word lists and templates that it names are read once by [`crate::site::Site`], which
//! also makes the digest that binds plans and reports to settings.

pub mod layers;
pub mod settings;

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What is masked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// All text; outside ultrasound regions whole banner bands.
    All,
    /// Text that no safe rule keeps.
    #[default]
    SafeList,
    /// Like `SafeList`, but text that is merely unknown stays.
    Phi,
}

impl Policy {
    /// The word used in settings and reports.
    pub fn name(self) -> &'static str {
        match self {
            Policy::All => "all",
            Policy::SafeList => "safe-list",
            Policy::Phi => "phi",
        }
    }
}

/// How doubt is settled; `High` can only mask more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sensitivity {
    /// The measured operating point.
    #[default]
    Normal,
    /// What may be text is text, also where it stands alone; and text stays only where nearly every character is certain.
    High,
}

/// How outputs are named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Names {
    /// `Pseudonym` with a profile, `Mirror` without.
    #[default]
    Auto,
    /// `subject/study/series/instance.dcm`, all keyed.
    Pseudonym,
    /// As the inputs.
    Mirror,
}

/// What becomes of objects that may show a face.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Faces {
    /// It is said.
    #[default]
    Flag,
    /// They are held back.
    Quarantine,
    /// In archive jobs the face is cut off head CTs as whole series; what that cannot be done to is held back.
    Deface,
}

/// What is done with encapsulated PDF; whatever it is, none is ever written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Documents {
    /// It is quarantined unseen.
    #[default]
    Off,
    /// Its pages are searched; it is quarantined with what was found as the reason.
    Search,
    /// Its pages are searched; it is dropped where anything is found, else quarantined.
    Drop,
}

/// What becomes of patients that the list of pseudonyms does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MissingPatient {
    /// They are held back.
    #[default]
    Quarantine,
    /// Their pseudonym is made from the key.
    Derive,
}

/// Upper bounds on sizes that a file may claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Limits {
    /// Bytes of one input file.
    pub file_bytes: u64,
    /// Bytes of one decoded frame.
    pub frame_bytes: u64,
    /// Frames of one object.
    pub frames: u32,
    /// Nesting depth of sequences.
    pub depth: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            file_bytes: 4 << 30,
            frame_bytes: 1 << 30,
            frames: 20_000,
            depth: 64,
        }
    }
}

/// All settings with their defaults. The settings that can change a plan are marked in [`settings::SETTINGS`];
/// `config_sha256` covers those, and the contents of the files they name ([`crate::site::Site::digest`]).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// What is masked.
    pub policy: Policy,
    /// How doubt is settled, about what is text and about what it says; high can only mask more.
    pub sensitivity: Sensitivity,
    /// Margin around a mask, px.
    pub margin_px: u32,
    /// Grid to which masks grow, px; 1 for none.
    pub grid_px: u32,
    /// Whether text that persists in a loop masks its place in every frame.
    pub cine_union: bool,
    /// Whether policy `all` masks a banner outside the ultrasound regions as a whole.
    pub whole_bands: bool,
    /// Masked share of a frame above which a person has to look, in percent.
    pub large_mask_percent: u32,
    /// Keep the header as it is, identities included: no profile.
    pub keep_metadata: bool,
    /// Confidentiality profile: a preset, or a file.
    pub profile: String,
    /// Options of the profile beside its own, separated by commas.
    pub profile_options: String,
    /// How outputs are named.
    pub names: Names,
    /// What becomes of possible faces.
    pub faces: Faces,
    /// The site's own pseudonyms.
    pub pseudonyms: Option<PathBuf>,
    /// What becomes of patients that are not in there.
    pub missing_patient: MissingPatient,
    /// Patients that opted out.
    pub opt_out: Option<PathBuf>,
    /// Days after which that list is too old.
    pub opt_out_max_days: u32,
    /// Whether text that was read goes into reports.
    pub include_text: bool,
    /// Bounds on what a file may claim.
    pub limits: Limits,
    /// Extra words that are safe, one a line.
    pub safe_words: Vec<PathBuf>,
    /// Words that are always masked (staff, hospitals), one a line.
    pub mask_words: Vec<PathBuf>,
    /// Equipment templates.
    pub templates: Option<PathBuf>,
    /// The ffmpeg that video goes through; without one video is quarantined.
    pub ffmpeg: Option<PathBuf>,
    /// What is done with encapsulated PDF.
    pub documents: Documents,
    /// Folder with models that replace those inside.
    pub models: Option<PathBuf>,
    /// SHA-256 of foreign models that the site answers for, separated by commas.
    pub trust_models: String,
    /// `auto`, `cpu`, `gpu` or part of an adapter's name.
    pub device: String,
    /// Files worked on side by side; 0 for the number of cores.
    pub jobs: usize,
    /// Memory that files under way may take in archive jobs, MiB; 0 for half of what is free.
    pub memory_mb: u64,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            policy: Policy::SafeList,
            sensitivity: Sensitivity::Normal,
            margin_px: 2,
            grid_px: 8,
            cine_union: true,
            whole_bands: false,
            large_mask_percent: 60,
            keep_metadata: false,
            profile: "basic".into(),
            profile_options: String::new(),
            names: Names::Auto,
            faces: Faces::Flag,
            pseudonyms: None,
            missing_patient: MissingPatient::Quarantine,
            opt_out: None,
            opt_out_max_days: 30,
            include_text: false,
            limits: Limits::default(),
            safe_words: Vec::new(),
            mask_words: Vec::new(),
            templates: None,
            ffmpeg: None,
            documents: Documents::Off,
            models: None,
            trust_models: String::new(),
            device: "auto".into(),
            jobs: 0,
            memory_mb: 0,
        }
    }
}

impl Config {
    /// Whether outputs have keyed names.
    pub fn keyed_names(&self) -> bool {
        match self.names {
            Names::Auto => !self.keep_metadata,
            Names::Pseudonym => true,
            Names::Mirror => false,
        }
    }

    /// The hashes of foreign models that the site answers for.
    pub fn trusted_models(&self) -> impl Iterator<Item = &str> {
        let hashes = self.trust_models.split(',').map(str::trim);
        hashes.filter(|h| !h.is_empty())
    }

    /// Checks ranges that the types do not express. Returns [`Error::Config`] naming the setting.
    pub fn check(&self) -> Result<()> {
        let ranges: [(&str, u64, u64, u64); 10] = [
            ("margin-px", u64::from(self.margin_px), 0, 256),
            ("grid-px", u64::from(self.grid_px), 1, 256),
            (
                "large-mask-percent",
                u64::from(self.large_mask_percent),
                1,
                100,
            ),
            (
                "opt-out-max-days",
                u64::from(self.opt_out_max_days),
                1,
                3650,
            ),
            ("jobs", self.jobs as u64, 0, 1024),
            ("memory-mb", self.memory_mb, 0, 1 << 30),
            ("limits.file-bytes", self.limits.file_bytes, 1, 1 << 50),
            ("limits.frame-bytes", self.limits.frame_bytes, 1, 1 << 40),
            ("limits.frames", u64::from(self.limits.frames), 1, 1 << 24),
            ("limits.depth", u64::from(self.limits.depth), 1, 512),
        ];
        for (key, value, least, most) in ranges {
            if !(least..=most).contains(&value) {
                return Err(Error::Config(format!(
                    "`{key}` must lie between {least} and {most}, not `{value}`"
                )));
            }
        }
        if let Some(hash) = self.trusted_models().find(|h| !is_sha256(h)) {
            return Err(Error::Config(format!(
                "`trust-models` takes SHA-256 hashes of 64 hexadecimal digits, separated by commas, not `{hash}`"
            )));
        }
        if self.device.trim().is_empty() {
            return Err(Error::Config(
                "`device` must be `auto`, `cpu`, `gpu` or part of an adapter's name".into(),
            ));
        }
        Ok(())
    }
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit())
}
