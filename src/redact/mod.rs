//! One file, end to end: read → plan → apply → verify, each a step of its own.
//!
//! [`Engine`] holds what a run needs once (models, device, rules, key) and is shared by worker threads. Every file stands
//! alone: its result depends on the file, the settings and the models, not on other files, threads or the device. A panic
//! in one file is that file's failure.

mod annotation;
mod apply;
mod aslant;
mod bands;
mod blend;
mod blocks;
mod document;
mod draft;
mod equipment;
mod evidence;
mod face;
mod finding;
mod frames;
mod growth;
mod header;
mod input;
mod overlay;
mod pair;
mod planner;
mod preview;
mod publish;
mod recoded;
mod search;
mod slant;
mod standing;
mod verify;

pub use draft::{Draft, Edited, Looked};
pub use face::FaceSeries;
pub use finding::Finding;
pub use frames::Frames;
pub use header::Target;
pub use input::Input;
pub use planner::FixedPoint;
pub use search::{Candidate, Searcher};

use crate::codec::video::Tool as VideoTool;
use crate::config::{Config, Documents, Policy};
use crate::detect::{self, Detector};
use crate::dicom::support::Codec;
use crate::dicom::{self, FaceClaim, Object, Opened, Reading};
use crate::error;
use crate::facts::Facts;
use crate::frame::{Display, Frame};
use crate::geometry::{Rect, union_area};
use crate::key::Key;
use crate::models::Models;
use crate::ocr::{CachedReader, CtcReader, Reader};
use crate::outcome::{Outcome, Reason, Refusal};
use crate::phi::{Decider, ObjectDecider};
use crate::plan::{Action, PLAN_VERSION, Plan, PlanItem};
use crate::preview::PreviewData;
use crate::report::{
    BoxReport, FileReport, Identical, Pixels, Syntaxes, Tool, VerifyOutcome, VerifyReport,
};
use crate::site::Site;
use apply::{Cleaning, Output, Route};
use blocks::{Blocks, Coded};
use growth::Spread;
use overlay::Overlays;
use publish::Pending;
use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Instant;
use verify::Proof;

/// Everything that a run sets up once.
pub struct Engine {
    config: Config,
    key: Key,
    site: Site,
    tool: Tool,
    detector: Box<dyn Detector>,
    reader: CtcReader,
    decider: Decider,
    desk: header::Desk,
    video: Option<VideoTool>,
}

/// A planned object, ready to be applied.
struct Work {
    object: Object,
    planned: Planned,
}

/// The plan of an object and what carrying it out needs.
struct Planned {
    plan: Plan,
    fixed: FixedPoint,
    /// Whether BurnedInAnnotation may say `NO` once everything is verified.
    burned_in_no: bool,
    cleaning: Cleaning,
    /// Whether masked frames stay JPEG, coded anew under the masks only.
    in_blocks: bool,
    timings: Timings,
}

impl Frames for Object {
    fn count(&self) -> u32 {
        self.facts().frames
    }

    fn frame(&self, index: u32) -> Result<Frame, Refusal> {
        Object::frame(self, index)
    }

    fn digest(&self, index: u32) -> Result<[u8; 32], Refusal> {
        self.frame_digest(index)
    }

    fn sketch(&self, index: u32) -> Result<u64, Refusal> {
        Ok(frames::sketch(&self.encoded_frame(index)?))
    }

    fn unit(&self) -> (u32, u32) {
        let side = if self.is_video() {
            dicom::VIDEO_UNIT
        } else {
            1
        };
        (side, side)
    }
}

/// Milliseconds per step, in the order of their names.
#[derive(Default)]
struct Timings(BTreeMap<String, f64>);

impl Timings {
    /// Runs a step and adds its time.
    fn time<T>(&mut self, step: &str, run: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let value = run();
        *self.0.entry(step.into()).or_default() +=
            (start.elapsed().as_secs_f64() * 1e6).round() / 1e3;
        value
    }
}

impl Engine {
    /// Loads models and word lists and opens the device. Without a key an ephemeral one is made: UIDs of this run cannot
    /// be made again.
    pub fn open(config: &Config, key: Option<Key>) -> error::Result<Engine> {
        let models = Models::open(config.models.as_deref())?;
        let key = match key {
            Some(key) => key,
            None => Key::ephemeral()?,
        };
        let site = Site::load(config)?;
        let detector = detect::open(&config.device, &models)?;
        let reader = CtcReader::new(models.reader(), models.alphabet())?.remembering();
        let decider = Decider::new(
            config.policy,
            config.sensitivity,
            &site.safe_words,
            &site.mask_words,
        );
        let tool = Tool {
            version: env!("CARGO_PKG_VERSION").into(),
            models: models.names(),
            config_sha256: site.digest(config),
            policy: config.policy.name().into(),
            key: key.label(),
        };
        Ok(Engine {
            config: config.clone(),
            key,
            site,
            tool,
            detector,
            reader,
            decider,
            desk: header::Desk::default(),
            video: config.ffmpeg.as_ref().map(VideoTool::new),
        })
    }

    /// Faults of the device that were overcome so far, each told once.
    pub fn warnings(&self) -> Vec<String> {
        self.detector.warnings()
    }

    /// Where detection runs.
    pub fn device(&self) -> String {
        self.detector.device()
    }

    /// How long a graphics device has been at work; `None` on the processor.
    pub fn device_busy(&self) -> Option<std::time::Duration> {
        self.detector.busy()
    }

    /// What made the reports.
    pub fn tool(&self) -> &Tool {
        &self.tool
    }

    /// Plans a file and writes nothing. The plan is there unless the file is refused.
    pub fn plan(&self, input: &Path) -> (FileReport, Option<Plan>) {
        let mut report = FileReport::new(&self.tool, input, Outcome::Failed);
        let planned = guarded(|| match self.open_input(Input::File(input))? {
            Opened::Image(object) => self.prepare(*object, &mut report).map(Some),
            Opened::Header(object) => self
                .header_only(&object, input, None, &mut report)
                .map(|()| None),
        });
        match planned {
            Ok(work) => (report, work.map(|w| w.planned.plan)),
            Err(refusal) => {
                report.refuse(&refusal);
                (report, None)
            }
        }
    }

    /// Reads a file; with a profile also objects of which only the header is treated.
    fn open_input(&self, input: Input<'_>) -> Result<Opened, Refusal> {
        let how = Reading {
            documents: self.config.documents != Documents::Off,
            ..self.reading()
        };
        input.open(how, self.header_only_objects())
    }

    /// How files are read.
    fn reading(&self) -> Reading<'_> {
        Reading {
            limits: &self.config.limits,
            video: self.video.as_ref(),
            documents: false,
        }
    }

    /// One file, end to end. The output appears under its name only after its self-check.
    pub fn redact(&self, input: &Path, target: &Target, overwrite: bool) -> FileReport {
        self.redact_input(Input::File(input), target, overwrite)
    }

    /// The same for an object whose bytes may have been read already.
    pub fn redact_input(&self, input: Input<'_>, target: &Target, overwrite: bool) -> FileReport {
        let name = input.name().to_path_buf();
        let name = name.as_path();
        let mut report = FileReport::new(&self.tool, name, Outcome::Failed);
        let done = guarded(|| {
            if let Target::Path(output) | Target::Staged(output) = target
                && !overwrite
                && output.exists()
            {
                return Err(Refusal::new(Reason::OutputExists, "nothing was written"));
            }
            let object = match self.open_input(input)? {
                Opened::Image(object) => *object,
                Opened::Header(object) => {
                    return self.header_only(&object, name, Some((target, overwrite)), &mut report);
                }
            };
            report.input_sha256 = Some(hex(&object.sha256()));
            self.gate(&object.person(), object.consent(), &mut report)?;
            let work = self.prepare(object, &mut report)?;
            if report.outcome.is_written() {
                self.apply(work, name, target, overwrite, &mut report)
            } else {
                Ok(())
            }
        });
        if let Err(refusal) = done {
            report.refuse(&refusal);
        }
        report
    }

    /// Checks a pair: every changed pixel became one value, and nothing is readable in the second file that no rule
    /// keeps. The identities looked for are those of the original.
    pub fn verify_pair(&self, original: &Path, redacted: &Path) -> VerifyOutcome {
        self.verify(Some(original), redacted)
    }

    /// Whether anything is readable in a file that no rule keeps.
    pub fn verify_one(&self, file: &Path) -> VerifyOutcome {
        self.verify(None, file)
    }

    /// Pictures of one frame before and after, for people. With `projection` the brightest value of every pixel over all
    /// frames is shown, so that text which stands still stands out.
    pub fn preview(
        &self,
        input: &Path,
        frame: u32,
        projection: bool,
    ) -> Result<PreviewData, Refusal> {
        self.preview_input(Input::File(input), frame, projection)
    }

    /// The same for an object whose bytes may have been read already.
    pub fn preview_input(
        &self,
        input: Input<'_>,
        frame: u32,
        projection: bool,
    ) -> Result<PreviewData, Refusal> {
        guarded(|| {
            let mut report = FileReport::new(&self.tool, input.name(), Outcome::Failed);
            let object = input.object(self.reading())?;
            let work = self.prepare(object, &mut report)?;
            let coded = Coded::of(&work.object).filter(|_| work.planned.in_blocks);
            preview::draw(
                coded.as_ref().map_or(&work.object, |c| c as &dyn Frames),
                work.object.facts(),
                &work.planned.plan,
                frame,
                projection,
            )
        })
    }

    /// Plans, filling the report with what is known. After it, `report.outcome` says whether the plan may be
    /// applied.
    fn prepare(&self, object: Object, report: &mut FileReport) -> Result<Work, Refusal> {
        let planned = self.planned(&object, report)?;
        Ok(Work { object, planned })
    }

    fn planned(&self, object: &Object, report: &mut FileReport) -> Result<Planned, Refusal> {
        let mut timings = Timings::default();
        report.device = self.detector.device();
        let facts = object.facts();
        report.input_sha256 = Some(hex(&object.sha256()));
        report.transfer_syntax = Some(Syntaxes {
            input: facts.transfer_syntax.uid.clone(),
            out: None,
        });
        report.photometric = Some(facts.photometric_header.clone());
        report.rows = Some(facts.format.rows);
        report.cols = Some(facts.format.cols);
        report.frames = Some(facts.frames);
        self.assess(facts, &object.signs(), object.sha256(), report)?;
        let decider = self.decider.for_object(&facts.identities);
        if self.config.policy == Policy::Phi && !decider.has_identity() {
            return Err(Refusal::new(Reason::NoIdentity, "the header names nobody"));
        }
        let reader = CachedReader::new(&self.reader);
        let searcher = self.searcher(&decider, &reader, facts);
        let spread = Spread {
            margin_px: self.config.margin_px,
            grid_px: self.config.grid_px,
            cine_union: self.config.cine_union,
            whole_bands: self.config.whole_bands && self.config.policy == Policy::All,
        };
        let mut always = self.template_masks(facts)?;
        report.templates = self.matching_templates(facts);
        always.extend(self.face_masks(object));
        let mut cleaning = timings.time("clean", || Cleaning::of(object))?;
        if self.cleans_graphics() {
            let templates = self.template_masks(facts)?;
            let overlays = timings.time("overlays", || {
                Overlays::of(object, &searcher, spread, &templates)
            })?;
            cleaning.overlays = Some(overlays);
        }
        let mut warnings: Vec<String> = object.notes().iter().map(|n| (*n).to_owned()).collect();
        let markers_stay = self.config.policy != Policy::All;
        let coded = Coded::of(object).filter(|_| !cleaning.changes_samples());
        let (fixed, in_blocks) = timings.time("plan", || {
            let plan = |frames| planner::fixed_point(frames, facts, &searcher, spread, &always);
            match coded.as_ref().map(|c| (c, plan(c))) {
                Some((_, Ok(fixed))) if !(fixed.laterality_lost && markers_stay) => {
                    Ok((fixed, true))
                }
                // Masks as large as the coded units may hit a marker that smaller ones spare.
                Some((_, Ok(fixed))) => match plan(object)? {
                    spared if !spared.laterality_lost => Ok((spared, false)),
                    _ => Ok((fixed, true)),
                },
                // What cannot be masked as it is coded, or has no rest under such masks, can as samples.
                Some((c, Err(e))) if c.refused() || e.reason == Reason::PlanUnstable => {
                    plan(object).map(|fixed| (fixed, false))
                }
                Some((_, Err(e))) => Err(e),
                None => plan(object).map(|fixed| (fixed, false)),
            }
        })?;
        let mut review = Vec::new();
        let masks_anything = fixed.items.iter().any(|i| i.action == Action::Mask);
        let is_jpeg = object.support().codec == Codec::JpegDct;
        if is_jpeg && (masks_anything && !in_blocks || cleaning.changes_samples()) {
            warnings.push("jpeg_decoded".into());
        }
        if object.is_video() && masks_anything {
            warnings.push("video_recoded".into());
        }
        if facts.burned_in_annotation == Some(true) && !masks_anything {
            review.push(Reason::BurnedInNotFound);
        }
        let lost_in_overlay = cleaning
            .overlays
            .as_ref()
            .is_some_and(|o| o.laterality_lost);
        if fixed.laterality_lost || lost_in_overlay {
            warnings.push("laterality_masked".into());
            if self.config.policy != Policy::All {
                review.push(Reason::LateralityMasked);
            }
        }
        let plan = Plan {
            version: PLAN_VERSION,
            input_sha256: hex(&object.sha256()),
            config_sha256: self.tool.config_sha256.clone(),
            models: self.tool.models.clone(),
            rows: facts.format.rows,
            cols: facts.format.cols,
            frames: facts.frames,
            fill: fixed.fill,
            items: fixed.items.clone(),
            carriers: cleaning.actions(),
            risk: report.risk.clone().unwrap_or_default(),
            review: Vec::new(),
        };
        let pixels = masked_shares(&plan);
        if pixels.largest * 100.0 > f64::from(self.config.large_mask_percent) {
            review.push(Reason::LargeMask);
        }
        let burned_in_no = self.earns_burned_in_no(facts, &plan)?;
        report.boxes = box_reports(&plan, &cleaning, self.config.include_text);
        report.carriers = plan.carriers.clone();
        report.warnings = warnings;
        report.pixels = Some(Pixels {
            outside_identical: Identical::No,
            masked_fraction: pixels.mean,
            masked_fraction_codec_growth: pixels.codec_growth,
            encoded_bytes_kept: false,
        });
        report.outcome = if masks_anything || cleaning.masks_overlays() {
            Outcome::Masked
        } else {
            Outcome::Clean
        };
        if let Some(first) = review.first() {
            report.outcome = Outcome::NeedsReview;
            report.reason = Some(first.code().into());
            report.detail = Some(first.trigger().into());
        }
        let plan = Plan {
            review: review.iter().map(|r| r.code().to_owned()).collect(),
            ..plan
        };
        report.timings_ms = timings.0.clone();
        Ok(Planned {
            plan,
            fixed,
            burned_in_no,
            cleaning,
            in_blocks,
            timings,
        })
    }

    /// Writes a plan, checks what was written, and only then gives it its name.
    fn apply(
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

    fn searcher<'a>(
        &'a self,
        decider: &'a ObjectDecider<'a>,
        reader: &'a dyn Reader,
        facts: &'a Facts,
    ) -> Searcher<'a> {
        Searcher {
            spared: self.spared(facts),
            ..self.searcher_of_drawings(decider, reader, &facts.display)
        }
    }

    /// A searcher for pictures that no equipment made: nothing in them is spared.
    fn searcher_of_drawings<'a>(
        &'a self,
        decider: &'a ObjectDecider<'a>,
        reader: &'a dyn Reader,
        display: &'a Display,
    ) -> Searcher<'a> {
        Searcher {
            detector: self.detector.as_ref(),
            reader,
            decider,
            display,
            sensitivity: self.config.sensitivity,
            spared: Vec::new(),
        }
    }

    /// Whether BurnedInAnnotation may say `NO` once the file is verified (dicom.md §1.3).
    fn earns_burned_in_no(&self, facts: &Facts, plan: &Plan) -> Result<bool, Refusal> {
        self.earns_burned_in_no_but(facts, plan, false)
    }

    /// The same where a person may have kept what a header rule wanted masked.
    fn earns_burned_in_no_but(
        &self,
        facts: &Facts,
        plan: &Plan,
        header_kept: bool,
    ) -> Result<bool, Refusal> {
        let unknown_kept = header_kept
            || plan
                .items
                .iter()
                .any(|i| i.action == Action::Keep && says_nothing(&i.reason));
        if unknown_kept && dicom::burned_in(&facts.sop_class) != dicom::BurnedIn::Optional {
            return Err(Refusal::new(
                Reason::KeptUnknownText,
                "the attribute must have a value that was not earned",
            ));
        }
        Ok(!unknown_kept)
    }
}

/// Whether a reason to keep text leaves open what it says.
fn says_nothing(reason: &str) -> bool {
    reason.starts_with("phi:") || reason == equipment::KEPT
}

/// Runs one file's work; a panic in it is a fault of that file alone.
fn guarded<T>(run: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
    // What a panicking file leaves behind is dropped with it; the engine itself is only read.
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
        Err(Refusal::new(
            Reason::Internal,
            "a panic; nothing was written",
        ))
    })
}

/// How much of the frames is masked, 0–1.
struct Shares {
    mean: f64,
    largest: f64,
    codec_growth: f64,
}

fn masked_shares(plan: &Plan) -> Shares {
    let frame_area = f64::from(plan.rows) * f64::from(plan.cols);
    let mut known: BTreeMap<Vec<(Rect, Rect)>, (f64, f64)> = BTreeMap::new();
    let mut shares = Shares {
        mean: 0.0,
        largest: 0.0,
        codec_growth: 0.0,
    };
    for frame in 0..plan.frames {
        let masks: Vec<(Rect, Rect)> = plan
            .items
            .iter()
            .filter(|i| i.action == Action::Mask && (i.frames.0..=i.frames.1).contains(&frame))
            .map(|i| (i.rect, i.before_codec))
            .collect();
        let (all, before) = *known.entry(masks).or_insert_with_key(|masks| {
            let (grown, before): (Vec<Rect>, Vec<Rect>) = masks.iter().copied().unzip();
            (
                union_area(&grown) as f64 / frame_area,
                union_area(&before) as f64 / frame_area,
            )
        });
        shares.mean += all / f64::from(plan.frames);
        shares.codec_growth += (all - before) / f64::from(plan.frames);
        // A face that was to go is no surprise.
        let found: Vec<Rect> = plan
            .items
            .iter()
            .filter(|i| i.action == Action::Mask && (i.frames.0..=i.frames.1).contains(&frame))
            .filter(|i| i.reason != face::RULE)
            .map(|i| i.rect)
            .collect();
        shares.largest = shares.largest.max(union_area(&found) as f64 / frame_area);
    }
    shares.mean = rounded(shares.mean);
    shares.codec_growth = rounded(shares.codec_growth);
    shares
}

/// Six digits, so that reports do not show the noise of floating-point sums.
fn rounded(share: f64) -> f64 {
    (share * 1e6).round() / 1e6
}

/// What a plan does, in the pixels and in overlays that stay.
fn box_reports(plan: &Plan, cleaning: &Cleaning, include_text: bool) -> Vec<BoxReport> {
    let overlays = cleaning.overlays.iter().flat_map(Overlays::items);
    let pixels = plan.items.iter().map(|i| box_report(i, include_text));
    pixels
        .chain(overlays.map(|i| box_report(&i, include_text)))
        .collect()
}

fn box_report(item: &PlanItem, include_text: bool) -> BoxReport {
    BoxReport {
        frames: item.frames,
        rect: item.rect,
        before_codec: Some(item.before_codec).filter(|r| *r != item.rect),
        carrier: item.carrier,
        shape: item.shape,
        action: item.action,
        reason: item.reason.clone(),
        confidence: f64::from(item.confidence) / 1000.0,
        text: item.text.clone().filter(|_| include_text),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
