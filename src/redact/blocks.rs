//! The route of JPEG objects: masked frames stay JPEG, and only the blocks under masks are coded anew.
//!
//! [`Coded`] shows the planner what the written frames will decode to, so that what it searches is what is written, chrominance
//! that decoders mix over the border of a mask included. [`Blocks::check`] and [`pair`] prove in coefficients what samples cannot show
//! there.

use super::frames::{Frames, Hash};
use super::pictures::Shown;
use super::verify::FrameCheck;
use crate::dicom::{self, Object};
use crate::frame::Frame;
use crate::geometry::Rect;
use crate::outcome::Refusal;
use crate::plan::Fill;
use crate::views::ValueRange;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

/// An object whose masked frames are coded anew under the masks only.
pub struct Coded<'a> {
    object: &'a Object,
    unit: (u32, u32),
    refused: AtomicBool,
}

impl<'a> Coded<'a> {
    /// `None` where the frames are not coded so.
    pub fn of(object: &'a Object) -> Option<Coded<'a>> {
        object.coded_unit().map(|unit| Coded {
            object,
            unit,
            refused: AtomicBool::new(false),
        })
    }

    /// Whether a frame could not be masked as it is coded.
    pub fn refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }
}

impl Frames for Coded<'_> {
    fn count(&self) -> u32 {
        self.object.facts().frames
    }

    fn frame(&self, index: u32) -> Result<Frame, Refusal> {
        self.object.frame(index)
    }

    fn digest(&self, index: u32) -> Result<Hash, Refusal> {
        self.object.frame_digest(index)
    }

    fn sketch(&self, index: u32) -> Result<u64, Refusal> {
        Frames::sketch(self.object, index)
    }

    fn masked(&self, index: u32, masks: &[Rect], fill: &Fill) -> Result<Frame, Refusal> {
        self.object
            .mask_coded(index, masks, fill)
            .and_then(|coded| self.object.frame_of(&coded))
            .inspect_err(|_| self.refused.store(true, Ordering::Relaxed))
    }

    fn shown(&self, index: u32, masks: Vec<Rect>, fill: &Fill) -> Result<Shown, Refusal> {
        if masks.is_empty() {
            return Ok(Shown::as_it_is(self.frame(index)?));
        }
        let range = match self.object.facts().format.samples_per_pixel {
            1 => ValueRange::of(&self.frame(index)?),
            _ => None,
        };
        Ok(Shown::masked(
            self.masked(index, &masks, fill)?,
            masks,
            range,
        ))
    }

    fn unit(&self) -> (u32, u32) {
        self.unit
    }

    fn fill(&self) -> Option<Fill> {
        Some(dicom::coded_fill(self.object.facts()))
    }
}

/// The comparison of a written object with its original in coefficients.
pub struct Blocks<'a> {
    /// The original.
    pub original: &'a Object,
    /// What was written.
    pub written: &'a Object,
    /// The plan's fill.
    pub fill: Fill,
}

impl Blocks<'_> {
    /// Units outside the masks that differ, and whether every unit under them is the fill.
    pub fn check(&self, frame: u32, masks: &[Rect]) -> Result<FrameCheck, Refusal> {
        if masks.is_empty() && self.original.same_coded(self.written, frame)? {
            return Ok(FrameCheck::of(0, true));
        }
        let levels = self.original.fill_levels(frame, &self.fill)?;
        let units = self.original.compare_coded(self.written, frame)?;
        let (mut differing, mut constant) = (0, true);
        for (rect, unit) in units.iter() {
            if masks.iter().any(|m| m.overlaps(&rect)) {
                constant &= unit.levels == Some(levels);
            } else {
                differing += u64::from(!unit.same);
            }
        }
        Ok(FrameCheck::of(differing, constant))
    }

    /// Where decoded samples must be as they were: everywhere but in these.
    pub fn unlike(&self, masks: &[Rect]) -> Vec<Rect> {
        let f = &self.original.facts().format;
        // Interpolation reaches half a sample of the lower resolution: one pixel for every two that share a sample.
        let (w, h) = self.original.coded_unit().unwrap_or((8, 8));
        let grow = |m: &Rect| m.grow_xy(w / 16, h / 16, f.cols, f.rows);
        masks.iter().map(grow).collect()
    }
}

/// A pair of unknown plan, compared in coefficients.
pub struct Pair {
    /// Pixels of changed units that are not the fill: the levels that most of them have.
    pub other: u64,
    /// Changed units of each frame, joined along rows.
    pub changed: Vec<Vec<Rect>>,
}

/// Compares a pair without its plan; `None` where that cannot be done in coefficients, or where none differs: then samples tell
/// more.
pub fn pair(original: &Object, written: &Object) -> Option<Pair> {
    let same_unit =
        original.coded_unit().is_some() && original.coded_unit() == written.coded_unit();
    if !same_unit || original.facts().frames != written.facts().frames {
        return None;
    }
    type Changed = Vec<(Rect, Option<[u16; 3]>)>;
    let compare = |frame: u32| -> Result<Changed, Refusal> {
        if original.same_coded(written, frame)? {
            return Ok(Vec::new());
        }
        let units = original.compare_coded(written, frame)?;
        let changed = units.iter().filter(|(_, unit)| !unit.same);
        Ok(changed.map(|(rect, unit)| (rect, unit.levels)).collect())
    };
    let frames: Vec<Changed> = (0..original.facts().frames)
        .into_par_iter()
        .map(compare)
        .collect::<Result<_, _>>()
        .ok()?;
    let mut levels: BTreeMap<Option<[u16; 3]>, u64> = BTreeMap::new();
    for (rect, level) in frames.iter().flatten() {
        *levels.entry(*level).or_default() += rect.area();
    }
    let all: u64 = levels.values().sum();
    if all == 0 {
        return None;
    }
    let constant = levels.iter().filter(|(level, _)| level.is_some());
    let masked = constant.map(|(_, n)| *n).max().unwrap_or(0);
    Some(Pair {
        other: all - masked,
        changed: frames
            .iter()
            .map(|f| joined(f.iter().map(|(r, _)| *r)))
            .collect(),
    })
}

/// Neighbours in a row as one.
fn joined(units: impl Iterator<Item = Rect>) -> Vec<Rect> {
    let mut out: Vec<Rect> = Vec::new();
    for unit in units {
        match out.last_mut() {
            Some(last) if (last.y, last.h, last.right()) == (unit.y, unit.h, unit.x) => {
                last.w += unit.w;
            }
            _ => out.push(unit),
        }
    }
    out
}
