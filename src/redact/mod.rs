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
mod grain;
mod growth;
mod header;
mod input;
mod inspect;
mod memory;
mod overlay;
mod pair;
mod pictures;
mod planned;
mod planner;
mod preview;
mod publish;
mod recoded;
mod search;
mod shares;
mod slant;
mod standing;
mod verify;
mod written;

pub use draft::{Draft, Edited, Looked};
pub use face::FaceSeries;
pub use finding::Finding;
pub use frames::Frames;
pub use header::Target;
pub use input::Input;
pub use memory::Memory;
pub use planner::FixedPoint;
pub use search::{Candidate, Searcher};

use crate::codec::video::Tool as VideoTool;
use crate::config::{Config, Documents};
use crate::detect::{self, Detector};
use crate::dicom::{self, Object, Opened, Reading};
use crate::error;
use crate::facts::Facts;
use crate::frame::{Display, Frame};
use crate::key::Key;
use crate::models::Models;
use crate::ocr::{CtcReader, Reader};
use crate::outcome::{Outcome, Reason, Refusal};
use crate::phi::{Decider, ObjectDecider};
use crate::plan::Plan;
use crate::preview::PreviewData;
use crate::report::{FileReport, Tool};
use crate::site::Site;
use blocks::Coded;
use planned::Planned;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Instant;

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
    /// Whether the models are those inside, or foreign ones that the site answers for.
    trusted: bool,
}

/// A planned object, ready to be applied.
struct Work {
    object: Object,
    planned: Planned,
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
        let trusted = config.models.is_none() || models.are_trusted(config.trusted_models())?;
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
            trusted,
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
            memory: Memory::default(),
        }
    }
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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
