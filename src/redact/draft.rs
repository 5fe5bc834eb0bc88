//! A plan that a person may change, and the changed plan carried out as `redact` does it.
//!
//! [`Engine::draft`] reads and plans one object and gives back what review shows. [`Engine::carry_out`] takes the items as a
//! person left them, binds them to the object they were made for, and goes through the same writing, self-check and
//! publishing as every other file. A person's keep accounts for what is found there; nothing else is let through.

use super::apply::Cleaning;
use super::blocks::Coded;
use super::face;
use super::frames::Frames;
use super::growth::Spread;
use super::planned::Planned;
use super::planner::Searched;
use super::search::Candidate;
use super::shares::{box_reports, masked_shares};
use super::{Engine, FixedPoint, Input, Target, Timings, Work, guarded, hex};
use crate::dicom::{self, Object, Opened};
use crate::facts::Facts;
use crate::frame::{Frame, Gray};
use crate::geometry::Rect;
use crate::mask;
use crate::outcome::{Outcome, Reason, Refusal};
use crate::plan::{Action, Carrier, PLAN_VERSION, Plan, PlanItem};
use crate::report::{FileReport, Identical, Pixels, REVIEWED, Syntaxes};

/// An object's plan with what review needs beside it. It holds no pixels.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What `scan` would say, texts left out.
    pub report: FileReport,
    /// The plan, with the texts that were read.
    pub plan: Plan,
    /// In which view each masked place was found, by its rectangle before codec growth.
    pub seen_in: Vec<(Rect, String)>,
    /// Width and height of the units to which masks grow.
    pub unit: (u32, u32),
    in_blocks: bool,
    cleaning: Cleaning,
    searched: Searched,
}

/// What a person made of a draft.
#[derive(Clone, Debug)]
pub struct Edited {
    /// Every item to carry out; masks already grown with [`Draft::grown`].
    pub items: Vec<PlanItem>,
    /// Whether something stays that a header rule wanted masked: then nothing is claimed about burned-in text.
    pub header_kept: bool,
}

/// How a frame was searched, for people.
#[derive(Clone, Debug, Default)]
pub struct Looked {
    /// Names of the views, the one seen first in front.
    pub views: Vec<String>,
    /// What the network marks in any of them.
    pub candidates: Vec<Candidate>,
}

impl Draft {
    /// A rectangle that a person drew, grown to what can be masked without touching a neighbour.
    pub fn grown(&self, rect: Rect, facts: &Facts) -> Rect {
        let (w, h) = self.unit;
        let f = &facts.format;
        mask::codec_growth(rect, f).snap(w, h, f.cols, f.rows)
    }

    /// A frame as it would be written with these masks.
    ///
    /// # Errors
    /// Those of decoding, and what cannot be masked as it is coded.
    pub fn masked(&self, object: &Object, index: u32, masks: &[Rect]) -> Result<Frame, Refusal> {
        if masks.is_empty() {
            return object.frame(index);
        }
        match Coded::of(object).filter(|_| self.in_blocks) {
            Some(coded) => coded.masked(index, masks, &self.plan.fill),
            None => Frames::masked(object, index, masks, &self.plan.fill),
        }
    }

    /// The bitmap of an overlay for one image frame as it would be written; `None` where there will be none.
    ///
    /// # Errors
    /// `limit`.
    pub fn overlay(
        &self,
        object: &Object,
        group: u16,
        frame: u32,
    ) -> Result<Option<Gray>, Refusal> {
        match &self.cleaning.overlays {
            Some(overlays) => overlays.bitmap(object, group, frame),
            None => Ok(None),
        }
    }
}

impl Engine {
    /// Reads and plans an object for a person to look at. An object that only waits for a person has a draft, whatever the
    /// reason it waits for; one that must not leave has none.
    ///
    /// # Errors
    /// The report of a file that cannot be planned.
    pub fn draft(&self, input: Input<'_>) -> Result<(Draft, Object), Box<FileReport>> {
        let name = input.name().to_path_buf();
        let mut report = FileReport::new(&self.tool, &name, Outcome::Failed);
        let drafted = guarded(|| {
            let object = self.image(input)?;
            let waits = self.waits(&object, &mut report)?;
            let mut draft = match self.planned(&object, &mut report) {
                Ok(planned) => Draft {
                    unit: Coded::of(&object)
                        .filter(|_| planned.in_blocks)
                        .map_or_else(|| object.unit(), |c| c.unit()),
                    report: report.clone(),
                    plan: planned.plan,
                    seen_in: planned.fixed.seen_in,
                    in_blocks: planned.in_blocks,
                    cleaning: planned.cleaning,
                    searched: planned.fixed.searched,
                },
                Err(e) if e.reason == Reason::PlanUnstable => self.bare(&object, &report, &e)?,
                Err(e) => return Err(e),
            };
            if let Some(wait) = waits {
                draft.report.refuse(&wait);
            }
            draft.report.boxes.iter_mut().for_each(|b| b.text = None);
            Ok((draft, object))
        });
        drafted.map_err(|refusal| {
            report.refuse(&refusal);
            Box::new(report)
        })
    }

    /// Writes an object as a person left its plan: the same steps, checks and names as [`Engine::redact_input`].
    pub fn carry_out(
        &self,
        input: Input<'_>,
        draft: &Draft,
        edited: &Edited,
        target: &Target,
        overwrite: bool,
    ) -> FileReport {
        let name = input.name().to_path_buf();
        let mut report = FileReport {
            outcome: Outcome::Failed,
            reason: None,
            detail: None,
            ..draft.report.clone()
        };
        let done = guarded(|| self.carry(input, draft, edited, target, overwrite, &mut report));
        if let Err(refusal) = done {
            report.refuse(&refusal);
        }
        report.input = name.to_string_lossy().into_owned();
        report
    }

    fn carry(
        &self,
        input: Input<'_>,
        draft: &Draft,
        edited: &Edited,
        target: &Target,
        overwrite: bool,
        report: &mut FileReport,
    ) -> Result<(), Refusal> {
        let name = input.name().to_path_buf();
        if let Target::Path(output) = target
            && !overwrite
            && output.exists()
        {
            return Err(Refusal::new(Reason::OutputExists, "nothing was written"));
        }
        let object = self.image(input)?;
        if hex(&object.sha256()) != draft.plan.input_sha256
            || draft.plan.config_sha256 != self.tool.config_sha256
        {
            return Err(Refusal::new(
                Reason::Inconsistent,
                "the plan was made for another file or other settings",
            ));
        }
        self.waits(&object, report)?;
        let mut plan = Plan {
            items: edited.items.clone(),
            review: Vec::new(),
            ..draft.plan.clone()
        };
        plan.items.sort_unstable();
        plan.items.dedup();
        check_items(&plan, draft, object.facts())?;
        let cut = draft.plan.items.iter().filter(|i| i.reason == face::RULE);
        if !cut.into_iter().all(|i| plan.items.contains(i)) {
            return Err(Refusal::new(
                Reason::Face,
                "the cut of the face was changed, and the header would say that it is gone",
            ));
        }
        let masks_anything = plan.masks_anything();
        let in_blocks = draft.in_blocks && can_stay_coded(&object, &plan)?;
        let pixels = masked_shares(&plan);
        let burned_in_no =
            self.earns_burned_in_no_but(object.facts(), &plan, edited.header_kept)?;
        report.boxes = box_reports(&plan, &draft.cleaning, false);
        report.pixels = Some(Pixels {
            outside_identical: Identical::No,
            masked_fraction: pixels.mean,
            masked_fraction_codec_growth: pixels.codec_growth,
            encoded_bytes_kept: false,
        });
        report.outcome = if masks_anything || draft.cleaning.masks_overlays() {
            Outcome::Masked
        } else {
            Outcome::Clean
        };
        report.warnings.push(REVIEWED.into());
        let planned = Planned {
            fixed: FixedPoint {
                items: Vec::new(),
                fill: plan.fill,
                // Another way of masking gives other pictures.
                searched: if in_blocks == draft.in_blocks {
                    draft.searched.clone()
                } else {
                    draft.searched.clone().masked_otherwise()
                },
                laterality_lost: false,
                searches: 0,
                seen_in: Vec::new(),
            },
            plan,
            burned_in_no,
            cleaning: draft.cleaning.clone(),
            in_blocks,
            timings: Timings::default(),
        };
        let work = Work { object, planned };
        self.apply(work, &name, target, overwrite, report)
    }

    /// How the detector looks at a frame, and everything it marks there.
    ///
    /// # Errors
    /// Those of decoding and of the device.
    pub fn looked(&self, object: &Object, frame: u32) -> Result<Looked, Refusal> {
        guarded(|| {
            let facts = object.facts();
            let decider = self.decider.for_object(&facts.identities);
            let searcher = self.searcher(&decider, &self.reader, facts);
            let (views, candidates) = searcher
                .candidates(object.frame(frame)?)
                .map_err(super::frames::device_fault)?;
            Ok(Looked { views, candidates })
        })
    }

    /// The rectangle of a finding as a mask would cover it: margin and grid of the settings, stopping before text that stays.
    pub fn spread(&self, rect: &Rect, keeps: &[Rect], facts: &Facts) -> Rect {
        let spread = Spread {
            margin_px: self.config.margin_px,
            grid_px: self.config.grid_px,
            cine_union: self.config.cine_union,
            whole_bands: false,
        };
        spread.grown(rect, keeps, facts.format.cols, facts.format.rows)
    }

    /// Reads an image for looking at.
    ///
    /// # Errors
    /// Those of reading.
    pub fn image(&self, input: Input<'_>) -> Result<Object, Refusal> {
        match self.open_input(input)? {
            Opened::Image(object) => Ok(*object),
            Opened::Header(_) => Err(Refusal::new(
                Reason::ObjectClass,
                "an object without pixels to look at",
            )),
        }
    }

    /// Why an object waits for a person before it may leave at all.
    fn waits(&self, object: &Object, report: &mut FileReport) -> Result<Option<Refusal>, Refusal> {
        match self.gate(&object.person(), object.consent(), report) {
            Ok(()) => Ok(None),
            Err(wait) if wait.reason.outcome() == Outcome::NeedsReview => Ok(Some(wait)),
            Err(refusal) => Err(refusal),
        }
    }

    /// A draft without findings, where planning came to no rest: a person masks by hand, and the self-check decides.
    fn bare(&self, object: &Object, told: &FileReport, why: &Refusal) -> Result<Draft, Refusal> {
        let facts = object.facts();
        let cleaning = Cleaning::of(object)?;
        let coded = Coded::of(object).filter(|_| !cleaning.changes_samples());
        let fill = match &coded {
            Some(_) => dicom::coded_fill(facts),
            None => mask::choose_fill(
                facts,
                mask::Extremes::outside(&object.frame(0)?, &[])
                    .filter(|_| facts.format.samples_per_pixel == 1),
            ),
        };
        let mut report = told.clone();
        report.transfer_syntax = Some(Syntaxes {
            input: facts.transfer_syntax.uid.clone(),
            out: None,
        });
        report.refuse(why);
        Ok(Draft {
            unit: coded.as_ref().map_or_else(|| object.unit(), |c| c.unit()),
            plan: Plan {
                version: PLAN_VERSION,
                input_sha256: hex(&object.sha256()),
                config_sha256: self.tool.config_sha256.clone(),
                models: self.tool.models.clone(),
                rows: facts.format.rows,
                cols: facts.format.cols,
                frames: facts.frames,
                fill,
                items: Vec::new(),
                carriers: cleaning.actions(),
                risk: report.risk.clone().unwrap_or_default(),
                review: vec![why.reason.code().to_owned()],
            },
            report,
            seen_in: Vec::new(),
            in_blocks: coded.is_some(),
            cleaning,
            searched: Searched::default(),
        })
    }
}

/// That items lie in the object and masks have grown as they must.
fn check_items(plan: &Plan, draft: &Draft, facts: &Facts) -> Result<(), Refusal> {
    let whole = Rect::new(0, 0, plan.cols, plan.rows);
    let fits = |i: &PlanItem| {
        i.carrier == Carrier::PixelData
            && !i.rect.is_empty()
            && whole.contains(&i.rect)
            && i.frames.0 <= i.frames.1
            && i.frames.1 < plan.frames
            && (i.action == Action::Keep || draft.grown(i.rect, facts) == i.rect)
    };
    if plan.items.iter().all(fits) {
        return Ok(());
    }
    Err(Refusal::new(
        Reason::Internal,
        "an item of the plan does not fit the object",
    ))
}

/// Whether the first masked frame can be masked as it is coded; else its samples are masked.
fn can_stay_coded(object: &Object, plan: &Plan) -> Result<bool, Refusal> {
    let Some(frame) = (0..plan.frames).find(|i| !plan.masks(*i).is_empty()) else {
        return Ok(true);
    };
    let Some(coded) = Coded::of(object) else {
        return Ok(false);
    };
    match coded.masked(frame, &plan.masks(frame), &plan.fill) {
        Ok(_) => Ok(true),
        Err(_) if coded.refused() => Ok(false),
        Err(e) => Err(e),
    }
}
