//! What is left about files that were not written: a reference and the reason; a copy only when asked for.
//!
//! `DIR/<mirrored path>.reason.json`, private to its owner, and with `copy` the input itself as `DIR/<mirrored path>`.

use super::report_file::private_new;
use super::walk::WorkItem;
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::report::{FileReport, SCHEMA, Tool};
use serde::Serialize;
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Where such entries go.
#[derive(Clone, Debug)]
pub struct Quarantine {
    folder: PathBuf,
    copy: bool,
    overwrite: bool,
}

#[derive(Serialize)]
struct Entry<'a> {
    schema: u32,
    #[serde(rename = "type")]
    kind: &'static str,
    tool: &'a Tool,
    input: &'a str,
    input_sha256: Option<&'a str>,
    outcome: Outcome,
    reason: Option<&'a str>,
    detail: Option<&'a str>,
    copied: bool,
}

impl Quarantine {
    /// Entries below `folder`; with `overwrite` older ones are replaced.
    pub fn new(folder: PathBuf, copy: bool, overwrite: bool) -> Quarantine {
        Quarantine {
            folder,
            copy,
            overwrite,
        }
    }

    /// Writes the entry of a file with one of the three outcomes that ask for a person; does nothing for others.
    pub fn add(&self, item: &WorkItem, report: &FileReport) -> Result<()> {
        if report.outcome < Outcome::NeedsReview {
            return Ok(());
        }
        let target = self.folder.join(&item.mirrored);
        let reason = self.reason_file(item);
        let io = |source| Error::Io {
            action: "writing a quarantine entry",
            path: reason.clone(),
            source,
        };
        if let Some(parent) = reason.parent() {
            std::fs::create_dir_all(parent).map_err(io)?;
        }
        let copied = if self.copy && item.problem.is_none() && item.member.is_none() {
            self.copy(&item.input, &target).map(|()| true)
        } else {
            Ok(false)
        };
        let entry = Entry {
            schema: SCHEMA,
            kind: "quarantine",
            tool: &report.tool,
            input: &report.input,
            input_sha256: report.input_sha256.as_deref(),
            outcome: report.outcome,
            reason: report.reason.as_deref(),
            detail: report.detail.as_deref(),
            copied: *copied.as_ref().unwrap_or(&false),
        };
        let mut text = serde_json::to_vec_pretty(&entry).map_err(|e| io(e.into()))?;
        text.push(b'\n');
        self.create(&reason)
            .and_then(|mut file| file.write_all(&text))
            .map_err(io)?;
        // An input that cannot be copied still has its reason written.
        copied.map(|_| ()).map_err(io)
    }

    /// Takes back what [`Quarantine::add`] left about a file, where it left something.
    pub fn remove(&self, item: &WorkItem) {
        for path in [self.reason_file(item), self.folder.join(&item.mirrored)] {
            // There is nothing for most files, and an entry too many does no harm.
            let _ = std::fs::remove_file(path);
        }
    }

    fn reason_file(&self, item: &WorkItem) -> PathBuf {
        let target = self.folder.join(&item.mirrored);
        let mut name = target
            .file_name()
            .map(OsString::from)
            .unwrap_or_else(|| "folder".into());
        name.push(".reason.json");
        target.with_file_name(name)
    }

    fn copy(&self, input: &Path, target: &Path) -> std::io::Result<()> {
        let mut input = std::fs::File::open(input)?;
        let mut output = self.create(target)?;
        std::io::copy(&mut input, &mut output).map(|_| ())
    }

    fn create(&self, path: &Path) -> std::io::Result<std::fs::File> {
        if self.overwrite && path.symlink_metadata().is_ok() {
            std::fs::remove_file(path)?;
        }
        private_new(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Reason, Refusal};

    #[test]
    fn only_unwritten_files_leave_an_entry_and_a_copy_only_when_asked() {
        let folder = tempfile::tempdir().unwrap();
        let input = folder.path().join("IM1");
        std::fs::write(&input, b"pixels").unwrap();
        let item = WorkItem {
            input: input.clone(),
            member: None,
            mirrored: "a/IM1".into(),
            bytes: 6,
            problem: None,
        };
        let q = folder.path().join("q");
        let plain = Quarantine::new(q.clone(), false, false);
        let tool = Tool::default();
        plain
            .add(&item, &FileReport::new(&tool, &input, Outcome::Masked))
            .unwrap();
        assert!(!q.exists());
        let refused = FileReport::refused(&tool, &input, &Refusal::new(Reason::Video, "a stream"));
        plain.add(&item, &refused).unwrap();
        let text = std::fs::read_to_string(q.join("a/IM1.reason.json")).unwrap();
        let entry: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(entry.get("reason").unwrap(), "video");
        assert_eq!(entry.get("copied").unwrap(), false);
        assert!(!q.join("a/IM1").exists());
        assert!(plain.add(&item, &refused).is_err(), "an entry was replaced");
        Quarantine::new(q.clone(), true, true)
            .add(&item, &refused)
            .unwrap();
        assert_eq!(std::fs::read(q.join("a/IM1")).unwrap(), b"pixels");
    }
}
