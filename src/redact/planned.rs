//! Planning one object: what is masked, what stays, what else is cleaned, and what may be said of it afterwards.

use super::apply::Cleaning;
use super::blocks::Coded;
use super::growth::Spread;
use super::overlay::Overlays;
use super::shares::{box_reports, masked_shares};
use super::{Engine, FixedPoint, Timings, equipment, hex, planner};
use crate::config::Policy;
use crate::dicom::support::Codec;
use crate::dicom::{self, Object};
use crate::facts::Facts;
use crate::ocr::CachedReader;
use crate::outcome::{Outcome, Reason, Refusal};
use crate::plan::{Action, PLAN_VERSION, Plan};
use crate::report::{FileReport, Identical, Pixels, Syntaxes};

/// The plan of an object and what carrying it out needs.
pub(super) struct Planned {
    pub(super) plan: Plan,
    pub(super) fixed: FixedPoint,
    /// Whether BurnedInAnnotation may say `NO` once everything is verified.
    pub(super) burned_in_no: bool,
    pub(super) cleaning: Cleaning,
    /// Whether masked frames stay JPEG, coded anew under the masks only.
    pub(super) in_blocks: bool,
    pub(super) timings: Timings,
}

impl Engine {
    pub(super) fn planned(
        &self,
        object: &Object,
        report: &mut FileReport,
    ) -> Result<Planned, Refusal> {
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
        if !self.trusted {
            warnings.push("untrusted_models".into());
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

    /// Whether BurnedInAnnotation may say `NO` once the file is verified (dicom.md §1.3).
    fn earns_burned_in_no(&self, facts: &Facts, plan: &Plan) -> Result<bool, Refusal> {
        self.earns_burned_in_no_but(facts, plan, false)
    }

    /// The same where a person may have kept what a header rule wanted masked.
    pub(super) fn earns_burned_in_no_but(
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
        let earned = self.trusted && !unknown_kept;
        if !earned && dicom::burned_in(&facts.sop_class) != dicom::BurnedIn::Optional {
            let reason = if unknown_kept {
                Reason::KeptUnknownText
            } else {
                Reason::UntrustedModels
            };
            let detail = "the attribute must have a value that was not earned";
            return Err(Refusal::new(reason, detail));
        }
        Ok(earned)
    }
}

/// Whether a reason to keep text leaves open what it says.
pub(super) fn says_nothing(reason: &str) -> bool {
    reason.starts_with("phi:") || reason == equipment::KEPT
}
