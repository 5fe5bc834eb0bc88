//! What has to be written for a plan: which frames, which carriers go, in which transfer syntax.

use super::frames::Frames;
use super::overlay::Overlays;
use crate::dicom::{
    self, BurnedInClaim, Changes, Claims, Deidentified, FrameOut, HeaderOp, Object, WriteRequest,
    Written,
};
use crate::key::Key;
use crate::mask;
use crate::outcome::Refusal;
use crate::plan::{Action, CarrierAction, Plan};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::io::Write;

/// Everything beside masks that an object needs before it may leave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleaning {
    /// What was found without decoding.
    carriers: dicom::Carriers,
    /// Frames with bits outside the stored field.
    frames_with_high_bits: u32,
    /// What becomes of overlays where they are cleaned; `None` where they all go.
    pub overlays: Option<Overlays>,
}

impl Cleaning {
    /// Looks at every frame for bits outside the stored field.
    pub fn of(object: &Object) -> Result<Cleaning, Refusal> {
        let carriers = object.carriers();
        let f = object.facts().format;
        if f.bits_allocated == f.bits_stored {
            return Ok(Cleaning {
                carriers,
                frames_with_high_bits: 0,
                overlays: None,
            });
        }
        let frames_with_high_bits = (0..object.facts().frames)
            .into_par_iter()
            .map(|i| Ok(u32::from(dicom::has_high_bits(&object.frame(i)?))))
            .sum::<Result<u32, Refusal>>()?;
        Ok(Cleaning {
            carriers,
            frames_with_high_bits,
            overlays: None,
        })
    }

    /// Whether samples change although nothing is masked.
    pub fn changes_samples(&self) -> bool {
        self.frames_with_high_bits > 0
    }

    /// Whether something was found in overlays that stay, and goes.
    pub fn masks_overlays(&self) -> bool {
        self.overlays.as_ref().is_some_and(Overlays::masks_anything)
    }

    /// For plan and report, sorted.
    pub fn actions(&self) -> Vec<CarrierAction> {
        let c = &self.carriers;
        let (overlays, cleaned) = match &self.overlays {
            None => (c.nested.overlays, Vec::new()),
            Some(cleaned) => (0, cleaned.actions()),
        };
        let rows = [
            ("video-container", u32::from(c.video_container), "removed"),
            ("video-user-data", c.video_user_data, "removed"),
            ("comment", c.frames_with_comments, "removed"),
            ("bytes-after-end", c.frames_with_bytes_after_end, "removed"),
            ("curve", c.nested.curves, "removed"),
            ("high-bits", self.frames_with_high_bits, "cleaned"),
            ("icon", c.nested.icons, "removed"),
            ("nested-pixel-data", c.nested.pixel_data, "removed"),
            ("offset-table", u32::from(c.stale_offset_table), "rewritten"),
            ("overlay", overlays, "removed"),
            ("private-binary", c.nested.private, "removed"),
            ("preamble", u32::from(c.preamble), "cleaned"),
            (
                "trailing-bytes",
                u32::from(c.trailing_bytes + c.trailing_pixel_bytes > 0),
                "removed",
            ),
        ];
        let mut actions: Vec<CarrierAction> = rows
            .into_iter()
            .filter(|(_, count, _)| *count > 0)
            .map(|(kind, count, action)| CarrierAction {
                kind: kind.into(),
                count,
                action: action.into(),
                reason: None,
            })
            .chain(cleaned)
            .collect();
        actions.sort_unstable();
        actions
    }
}

/// How an object is written.
#[derive(Debug)]
pub struct Output {
    syntax: &'static str,
    ops: Vec<HeaderOp>,
    copy_pixel_data: bool,
    high_bits: bool,
    in_blocks: bool,
    samples_change: bool,
    video: Option<Vec<u8>>,
}

/// In what form masked frames are written.
#[derive(Debug)]
pub enum Route {
    /// Samples, encoded anew without loss.
    Samples,
    /// JPEG, coded anew under the masks only.
    Blocks,
    /// One stream over all frames, which is here already.
    Video(Vec<u8>),
}

/// The stream of a video with the plan's masks; `None` for objects that are none.
pub fn video(object: &Object, plan: &Plan) -> Result<Option<Vec<u8>>, Refusal> {
    let masked = |i: u32| {
        let masks = plan.masks(i);
        if masks.is_empty() {
            return Ok(None);
        }
        object.masked(i, &masks, &plan.fill).map(Some)
    };
    object.video_stream(plan.masks_anything(), &masked)
}

impl Output {
    /// Decides it for a plan. `burned_in_no`: the attribute may say `NO` once everything is verified.
    pub fn of(
        object: &Object,
        plan: &Plan,
        cleaning: &Cleaning,
        burned_in_no: bool,
        route: Route,
        claims: Option<Claims>,
        key: &Key,
    ) -> Output {
        let high_bits = cleaning.changes_samples();
        let in_blocks = matches!(route, Route::Blocks);
        let video = match route {
            Route::Video(stream) => Some(stream),
            Route::Samples | Route::Blocks => None,
        };
        let masked_frames: Vec<u32> = (0..plan.frames)
            .filter(|&i| !plan.masks(i).is_empty())
            .collect();
        let samples_change = !masked_frames.is_empty() || high_bits;
        let recoded = samples_change && !in_blocks;
        let syntax =
            dicom::support::write_syntax(object.support(), &object.facts().format, recoded);
        let copy_pixel_data = !samples_change
            && video.is_none()
            && syntax == object.support().uid
            && !cleaning.carriers.pixel_data_needs_cleaning();
        let nested = &cleaning.carriers.nested;
        let overlays = cleaning
            .overlays
            .as_ref()
            .map(Overlays::kept)
            .unwrap_or_default();
        let all_overlays = if overlays.is_empty() {
            nested.overlays
        } else {
            0
        };
        let remove = [
            (nested.icons, dicom::Carrier::Icons),
            (all_overlays, dicom::Carrier::Overlays),
            (nested.curves, dicom::Carrier::Curves),
            (nested.pixel_data, dicom::Carrier::NestedPixelData),
            (nested.private, dicom::Carrier::PrivatePictures),
        ];
        let masked = |face: bool| {
            plan.items
                .iter()
                .any(|i| i.action == Action::Mask && (i.reason == super::face::RULE) == face)
        };
        let changes = Changes {
            masked_frames,
            text: masked(false),
            face: masked(true),
            frames_written: !copy_pixel_data,
            recoded,
            out_syntax: syntax,
            burned_in: match (burned_in_no, object.facts().burned_in_annotation) {
                (true, _) => BurnedInClaim::No,
                (false, Some(true)) => BurnedInClaim::Keep,
                (false, _) => BurnedInClaim::Absent,
            },
            remove: remove
                .into_iter()
                .filter(|(n, _)| *n > 0)
                .map(|(_, c)| c)
                .collect(),
            overlays,
            claims,
            video_bytes: video
                .as_ref()
                .filter(|_| samples_change)
                .map(|v| v.len() as u64),
        };
        let ops = dicom::header_ops(object, &changes, key);
        Output {
            syntax,
            ops,
            copy_pixel_data,
            high_bits,
            in_blocks,
            samples_change,
            video,
        }
    }

    /// Whether any stored sample becomes another.
    pub fn changes_samples(&self) -> bool {
        self.samples_change
    }

    /// Transfer syntax of the output.
    pub fn syntax(&self) -> &'static str {
        self.syntax
    }

    /// Header operations by kind.
    pub fn header_actions(&self) -> BTreeMap<String, u32> {
        let mut counts = BTreeMap::new();
        for op in &self.ops {
            *counts.entry(op.kind().to_owned()).or_default() += 1;
        }
        counts
    }

    /// Writes the object with the plan's masks, frame by frame.
    pub fn write(
        &self,
        object: &Object,
        plan: &Plan,
        deidentified: Option<&Deidentified>,
        out: &mut dyn Write,
    ) -> Result<Written, Refusal> {
        let request = WriteRequest {
            out_syntax: self.syntax,
            deidentified,
            ops: &self.ops,
            copy_pixel_data: self.copy_pixel_data,
            clear_high_bits: self.high_bits,
            strip_streams: !self.copy_pixel_data,
            video: self.video.as_deref(),
        };
        let mut frames = |i: u32| -> Result<FrameOut, Refusal> {
            let masks = plan.masks(i);
            if masks.is_empty() {
                return Ok(FrameOut::Kept);
            }
            if self.in_blocks {
                return object
                    .mask_coded(i, &masks, &plan.fill)
                    .map(FrameOut::Coded);
            }
            let mut frame = object.frame(i)?;
            mask::fill(&mut frame, &masks, &plan.fill);
            Ok(FrameOut::Samples(frame))
        };
        dicom::write(object, &request, &mut frames, out)
    }
}
