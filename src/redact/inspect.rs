//! The `verify` command: a redacted file against its original, or one file by itself.

use super::shares::box_report;
use super::{Engine, Timings, blocks, guarded, overlay, pair};
use crate::dicom;
use crate::ocr::CachedReader;
use crate::outcome::Refusal;
use crate::redact::frames::Frames;
use crate::report::{Identical, VerifyOutcome, VerifyReport};
use std::path::Path;

impl Engine {
    /// Checks a pair: every changed pixel became one value, and nothing is readable in the second file that no rule
    /// keeps. The identities looked for are those of the original.
    pub fn verify_pair(&self, original: &Path, redacted: &Path) -> VerifyOutcome {
        self.verify(Some(original), redacted)
    }

    /// Whether anything is readable in a file that no rule keeps.
    pub fn verify_one(&self, file: &Path) -> VerifyOutcome {
        self.verify(None, file)
    }

    fn verify(&self, original: Option<&Path>, file: &Path) -> VerifyOutcome {
        let mut outcome = VerifyOutcome::new(&self.tool, original, file);
        outcome.device = self.detector.device();
        let mut timings = Timings::default();
        if let Some(result) = original.and_then(|o| self.verify_header_pair(o, file)) {
            outcome.conclude(result);
            return outcome;
        }
        let result = guarded(|| {
            let written = timings.time("read", || dicom::read(file, self.reading()))?;
            let mut report = VerifyReport {
                encapsulation_valid: true,
                inside_constant: true,
                ..VerifyReport::default()
            };
            let mut identities = written.facts().identities.clone();
            if let Some(path) = original {
                report.identities_left = timings
                    .time("identities", || self.identities_left(path, file))?
                    .map(|hits| hits.len() as u32);
            }
            let original = match original {
                Some(path) => Some(timings.time("read", || dicom::read(path, self.reading()))?),
                None => None,
            };
            if let Some(original) = &original {
                identities.clone_from(&original.facts().identities);
            }
            let decider = self.decider.for_object(&identities);
            let reader = CachedReader::new(&self.reader);
            let mut searcher = self.searcher(&decider, &reader, written.facts());
            if let Some(original) = &original {
                // The written header may name no equipment any more.
                searcher.spared = self.spared(original.facts());
            }
            let blocks = timings.time("compare", || {
                original.as_ref().and_then(|o| blocks::pair(o, &written))
            });
            let mut judgement = timings.time("judge", || {
                let original = original.as_ref().map(|o| o as &dyn Frames);
                pair::judge(
                    original,
                    &written,
                    blocks.as_ref(),
                    written.is_video(),
                    written.facts(),
                    &searcher,
                )
            })?;
            let overlays = timings.time("overlays", || {
                overlay::judge(original.as_ref(), &written, &searcher)
            })?;
            judgement.add(overlays);
            if original.is_some() {
                report.outside_differing = judgement.other;
                report.inside_constant = judgement.other == 0;
                outcome.outside_identical = Some(match (judgement.other, &blocks) {
                    (0, None) if written.is_video() => Identical::No,
                    (0, None) => Identical::Samples,
                    (0, Some(_)) => Identical::Coefficients,
                    _ => Identical::No,
                });
            }
            report.residual_lines = judgement.residual;
            outcome.boxes = judgement
                .items
                .iter()
                .map(|i| box_report(i, self.config.include_text))
                .collect();
            Ok::<_, Refusal>(report)
        });
        outcome.timings_ms = timings.0;
        outcome.conclude(result);
        outcome
    }
}
