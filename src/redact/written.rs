//! Carrying a plan out: the file is written beside its place, opened again and checked, and only then gets its name.

use super::apply::{self, Output, Route};
use super::blocks::Blocks;
use super::publish::{self, Pending};
use super::verify::{self, Proof};
use super::{Engine, Target, Work, hex};
use crate::dicom::{self, FaceClaim};
use crate::outcome::{Reason, Refusal};
use crate::report::{FileReport, Identical};
use std::io::{BufWriter, Write};
use std::path::Path;

impl Engine {
    /// Writes a plan, checks what was written, and only then gives it its name.
    pub(super) fn apply(
        &self,
        work: Work,
        input: &Path,
        target: &Target,
        overwrite: bool,
        report: &mut FileReport,
    ) -> Result<(), Refusal> {
        let (object, mut work) = (&work.object, work.planned);
        let plan = &work.plan;
        let facts = object.facts();
        let in_blocks = work.in_blocks && plan.masks_anything();
        let person = object.person();
        let subject = self.subject(&person)?;
        let (output, told) = self.destination(target, &person, &subject.pseudonym, object.sha256());
        let profile = self.site.profile.as_ref();
        let overlays = work.cleaning.overlays.clone().unwrap_or_default();
        let groups = overlays.groups();
        let deidentified = work.timings.time("header", || {
            profile.map(|p| {
                self.with_method(p, &subject, input, (&groups, None), |method| {
                    object.deidentify(method)
                })
            })
        });
        let face = match report.faces.as_deref() {
            Some(f) if f.starts_with("face_possible") => FaceClaim::Possible,
            Some(f) if f.starts_with("defaced") => FaceClaim::Removed,
            _ => FaceClaim::Silent,
        };
        let earned = overlays.earned();
        let claims = profile.map(|p| self.claims(p, work.burned_in_no, earned, face));
        let keep_uids = claims.as_ref().is_some_and(|c| c.keep_uids);
        let video = work.timings.time("encode", || apply::video(object, plan))?;
        let recoded = video.is_some() && plan.masks_anything();
        let route = match video {
            Some(stream) => Route::Video(stream),
            None if in_blocks => Route::Blocks,
            None => Route::Samples,
        };
        let form = Output::of(
            object,
            plan,
            &work.cleaning,
            work.burned_in_no,
            route,
            claims,
            &self.key,
        );
        if keep_uids && form.changes_samples() {
            return Err(Refusal::new(Reason::UidsKept, "masked or cleaned samples"));
        }
        if profile.is_some() {
            report.warnings.extend(subject.note.map(str::to_owned));
        }
        let mut pending = Pending::beside(&output)?;
        let written = work.timings.time("write", || {
            let mut file = BufWriter::with_capacity(1 << 20, pending.file()?);
            let written = form.write(object, plan, deidentified.as_ref(), &mut file)?;
            file.flush().map_err(|e| publish::refusal("writing", &e))?;
            Ok::<_, Refusal>(written)
        })?;
        pending.finish()?;
        let checked = work.timings.time("verify", || {
            let (path, syntax, how) = (pending.path(), form.syntax(), self.reading());
            let reread = dicom::check_written(path, object, syntax, &written, keep_uids, how)?;
            let decider = self.decider.for_object(&facts.identities);
            let searcher = self.searcher(&decider, &self.reader, facts);
            overlays.check(object, &reread, &searcher)?;
            if let Some(deidentified) = &deidentified {
                let bytes =
                    std::fs::read(path).map_err(|e| publish::refusal("reading back", &e))?;
                self.scan_written(deidentified, bytes)?;
            }
            let blocks = Blocks {
                original: object,
                written: &reread,
                fill: plan.fill,
            };
            let proof = match (in_blocks, recoded) {
                (true, _) => Proof::Blocks(&blocks),
                (_, true) => Proof::Recoded,
                _ => Proof::Samples,
            };
            let mut verify = verify::check(
                object,
                &reread,
                facts,
                plan,
                proof,
                &work.fixed.searched,
                &searcher,
            )?;
            verify.identities_left = deidentified.as_ref().map(|_| 0);
            Ok::<_, Refusal>((verify, reread.sha256()))
        });
        report.timings_ms = work.timings.0;
        let (verify, sha256) = checked?;
        if profile.is_some() {
            self.note(&person, &subject)?;
        }
        self.publish(pending, &output, target, overwrite)?;
        report.output = Some(told.to_string_lossy().into_owned());
        report.output_sha256 = Some(hex(&sha256));
        report.verify = Some(verify);
        report.metadata = Some(self.metadata(deidentified.as_ref(), earned, form.header_actions()));
        if let Some(syntaxes) = &mut report.transfer_syntax {
            syntaxes.out = Some(form.syntax().into());
        }
        if let Some(pixels) = &mut report.pixels {
            pixels.outside_identical = match (in_blocks, recoded) {
                (true, _) => Identical::Coefficients,
                (_, true) => Identical::No,
                _ => Identical::Samples,
            };
            pixels.encoded_bytes_kept = written.encoded_bytes_kept;
        }
        Ok(())
    }
}
