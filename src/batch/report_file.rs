//! The report on disk: JSON lines, private to its owner.
//!
//! Lines go to `FILE.partial` and are flushed one by one, so that a killed run leaves whole lines; `finish` gives the file
//! its name. Hence a file under the final name always ends with its summary.

use crate::error::{Error, Result};
use serde::Serialize;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A report being written.
#[derive(Debug)]
pub struct ReportFile {
    path: PathBuf,
    partial: PathBuf,
    file: File,
}

impl ReportFile {
    /// Starts a report. Without `overwrite`, neither an older report nor the lines of a killed run are replaced.
    pub fn create(path: &Path, overwrite: bool) -> Result<ReportFile> {
        let mut name = path.file_name().map(OsString::from).unwrap_or_default();
        name.push(".partial");
        let partial = path.with_file_name(name);
        if path.is_dir() {
            return Err(Error::Config(format!(
                "the report must be a file: `{}`",
                path.display()
            )));
        }
        let taken = [path, partial.as_path()]
            .into_iter()
            .find(|p| p.symlink_metadata().is_ok());
        if let (Some(taken), false) = (taken, overwrite) {
            return Err(Error::Config(format!(
                "a report exists already: `{}`; hint: choose another name, or `--overwrite`",
                taken.display()
            )));
        }
        let io = |source| Error::Io {
            action: "writing the report",
            path: partial.clone(),
            source,
        };
        if overwrite && partial.symlink_metadata().is_ok() {
            // Removed rather than truncated: it may be a link, or readable by others.
            std::fs::remove_file(&partial).map_err(io)?;
        }
        let file = private_new(&partial).map_err(io)?;
        Ok(ReportFile {
            path: path.to_path_buf(),
            partial,
            file,
        })
    }

    /// Appends one object as one line.
    pub fn line(&mut self, object: &impl Serialize) -> Result<()> {
        let io = |source| Error::Io {
            action: "writing the report",
            path: self.partial.clone(),
            source,
        };
        let mut text = serde_json::to_vec(object).map_err(|e| io(e.into()))?;
        text.push(b'\n');
        self.file.write_all(&text).map_err(io)
    }

    /// Gives the file its name.
    pub fn finish(self) -> Result<()> {
        let io = |source| Error::Io {
            action: "writing the report",
            path: self.path.clone(),
            source,
        };
        self.file.sync_all().map_err(io)?;
        std::fs::rename(&self.partial, &self.path).map_err(io)
    }
}

/// A new file that only its owner can read (on Unix: mode 0600).
pub fn private_new(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lines_are_whole_before_the_end_and_the_name_comes_last() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.jsonl");
        let partial = folder.path().join("report.jsonl.partial");
        let mut report = ReportFile::create(&path, false).unwrap();
        report.line(&json!({"a": "line\nbreak"})).unwrap();
        let so_far = std::fs::read_to_string(&partial).unwrap();
        assert_eq!(so_far, "{\"a\":\"line\\nbreak\"}\n");
        assert!(!path.exists());
        report.finish().unwrap();
        assert!(path.exists() && !partial.exists());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn nothing_is_replaced_unasked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.jsonl");
        // A killed run: never finished.
        drop(ReportFile::create(&path, false).unwrap());
        assert!(ReportFile::create(&path, false).is_err());
        ReportFile::create(&path, true).unwrap().finish().unwrap();
        assert!(ReportFile::create(&path, false).is_err());
        assert!(ReportFile::create(&path, true).is_ok());
        assert!(ReportFile::create(folder.path(), true).is_err());
    }
}
