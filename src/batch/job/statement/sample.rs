//! What a review of a sample of a job's outputs showed (`unburn review JOB --sample N`), for its statement.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::path::Path;

/// Where a review of a sample writes what it showed, in the job's folder.
const EVIDENCE: &str = "review/evidence.json";

/// A sample of outputs that people looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sampled {
    /// Outputs drawn.
    pub drawn: u64,
    /// From how many.
    pub of: u64,
    /// Of the drawn ones, decided so far.
    pub decided: u64,
    /// … with text that people would have masked.
    pub missed: u64,
    /// Of the bound.
    pub confidence: f64,
    /// No larger share of all outputs has missed text; null before anything is decided.
    pub upper_bound: Option<f64>,
    /// Digest of the list that was drawn from.
    pub list_sha256: String,
}

impl Sampled {
    /// Reads it; nothing where no sample was reviewed.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Config`] for a file that somebody spoilt.
    pub fn of_job(folder: &Path) -> Result<Option<Sampled>> {
        let path = folder.join(EVIDENCE);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(Error::Io {
                    action: "reading the evidence of a sample",
                    path,
                    source,
                });
            }
        };
        let broken = |_| Error::Config(format!("no evidence of a sample: `{}`", path.display()));
        serde_json::from_slice(&text).map(Some).map_err(broken)
    }

    /// In words.
    pub fn told(&self) -> String {
        let looked = format!(
            "{} of {} outputs drawn, {} decided, {} of them with text that should have been masked",
            self.drawn, self.of, self.decided, self.missed
        );
        match self.upper_bound {
            Some(bound) => format!(
                "{looked}: at {} % confidence no more than {:.2} % of the outputs have such text",
                self.confidence * 100.0,
                bound * 100.0
            ),
            None => looked,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_read_told_and_not_invented() {
        let job = tempfile::tempdir().unwrap();
        assert_eq!(Sampled::of_job(job.path()).unwrap(), None);
        std::fs::create_dir(job.path().join("review")).unwrap();
        let path = job.path().join(EVIDENCE);
        let said = r#"{"schema":1,"type":"review-sample","drawn":59,"of":412,"list_sha256":"00","decided":59,"missed":0,
            "confidence":0.95,"upper_bound":0.049508,"says":"…","reviewers":["A"]}"#;
        std::fs::write(&path, said).unwrap();
        let told = Sampled::of_job(job.path()).unwrap().unwrap().told();
        assert!(
            told.contains("59 of 412") && told.contains("no more than 4.95 %"),
            "{told}"
        );
        std::fs::write(&path, "{").unwrap();
        assert!(Sampled::of_job(job.path()).is_err());
    }
}
