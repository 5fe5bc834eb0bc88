//! The self-check: what is said of a written file is looked up in that file, re-opened.
//!
//! It proves the writing: outside the masks nothing changed, inside one constant, valid encapsulation, and nothing found
//! that no keep rule covers. It does not prove that a person would find nothing.

use super::blocks::Blocks;
use super::finding::Finding;
use super::frames::{Frames, device_fault, frames_at_once};
use super::growth::covered;
use super::pictures::Shown;
use super::planner::Searched;
use super::recoded;
use super::search::Searcher;
use crate::facts::Facts;
use crate::frame::Frame;
use crate::geometry::Rect;
use crate::mask;
use crate::outcome::{Reason, Refusal};
use crate::phi::Verdict;
use crate::plan::{Action, Fill, Plan};
use crate::report::VerifyReport;
use crate::views::ValueRange;
use rayon::prelude::*;

/// What comparing one frame gave, and the written frame with its masks where it has not been searched yet.
type Compared = (FrameCheck, Option<(u32, Shown)>);

/// What "the same outside, the fill inside" is proved in.
#[derive(Clone, Copy)]
pub enum Proof<'a> {
    /// Every stored sample.
    Samples,
    /// Coefficient blocks.
    Blocks(&'a Blocks<'a>),
    /// Nothing is the same: decoded samples are near ([`recoded`]).
    Recoded,
}

/// Compares a written object with its original and its plan. `searched` says with which masks a
/// search with the same detector, reader and rules has found a frame free of anything but kept text; a written frame that is
/// proved to be that very picture need not be searched again, any other is. With blocks as `proof` the coefficients decide what is equal and
/// what is filled, and samples have to be equal as well where no decoder mixes chrominance.
///
/// # Errors
/// The first statement that does not hold, as a [`Refusal`]; a frame that cannot be decoded.
pub fn check(
    original: &dyn Frames,
    written: &dyn Frames,
    facts: &Facts,
    plan: &Plan,
    proof: Proof<'_>,
    searched: &Searched,
    searcher: &Searcher<'_>,
) -> Result<VerifyReport, Refusal> {
    if written.count() != original.count() {
        return Err(Refusal::new(
            Reason::BadEncoding,
            format!(
                "{} frames written, {} expected",
                written.count(),
                original.count()
            ),
        ));
    }
    let compare_one = |&i: &u32| -> Result<Compared, Refusal> {
        let (before, after) = (original.frame(i)?, written.frame(i)?);
        let masks = plan.masks(i);
        let check = match proof {
            Proof::Samples => compare(&before, &after, &masks, &plan.fill)?,
            Proof::Recoded => recoded::check(&before, &after, &masks, &plan.fill),
            Proof::Blocks(blocks) => {
                let mut check = blocks.check(i, &masks)?;
                let samples = compare(&before, &after, &blocks.unlike(&masks), &plan.fill)?;
                check.differing += samples.differing;
                check
            }
        };
        let is_proved = check.differing == 0 && check.constant && !matches!(proof, Proof::Recoded);
        let known = is_proved && searched.holds(i, masks.clone());
        Ok((
            check,
            (!known).then(|| (i, Shown::masked(after, masks, ValueRange::of(&before)))),
        ))
    };
    let mut total = FrameCheck {
        constant: true,
        ..FrameCheck::default()
    };
    let mut first_left = None;
    // Block by block, so that a long loop never lies in memory as a whole.
    let all: Vec<u32> = (0..original.count()).collect();
    for block in all.chunks(frames_at_once(facts)) {
        let checks: Vec<_> = block
            .par_iter()
            .map(compare_one)
            .collect::<Result<_, _>>()?;
        let (checks, unknown): (Vec<FrameCheck>, Vec<_>) = checks.into_iter().unzip();
        for c in checks {
            total.differing += c.differing;
            total.constant &= c.constant;
        }
        let (numbers, unknown): (Vec<u32>, Vec<_>) = unknown.into_iter().flatten().unzip();
        let found = searcher.frames(&unknown).map_err(device_fault)?;
        for ((frame, shown), found) in numbers.into_iter().zip(&unknown).zip(&found) {
            // What a person keeps is accounted for by that rule, like a mask; it is searched all the same.
            let accounted = [shown.masks.as_slice(), &plan.person_keeps(frame)].concat();
            let stands = searched.stands(frame);
            let answered = |f: &Finding, v: &Verdict| stands.answer(f, v, &shown.masks);
            let left = |f: &&Finding| has_residual(f, &accounted, |v| answered(f, v));
            for left in found.iter().filter(left) {
                total.residual += 1;
                first_left.get_or_insert((frame, left.line.tight));
            }
        }
    }
    if total.differing > 0 {
        return Err(Refusal::new(
            Reason::OutsideChanged,
            format!("{} samples or blocks", total.differing),
        ));
    }
    if !total.constant {
        return Err(Refusal::new(
            Reason::InsideNotConstant,
            "a masked sample differs from the fill",
        ));
    }
    if let Some((frame, Rect { x, y, w, h })) = first_left {
        let lines = total.residual;
        return Err(Refusal::new(
            Reason::ResidualText,
            format!("{lines} lines, the first in frame {frame} at {x},{y}, {w}x{h}"),
        ));
    }
    Ok(VerifyReport {
        ok: true,
        residual_lines: 0,
        outside_differing: 0,
        inside_constant: true,
        encapsulation_valid: true,
        identities_left: None,
    })
}

/// What comparing one frame gave.
#[derive(Default)]
pub struct FrameCheck {
    differing: u64,
    constant: bool,
    residual: u32,
}

impl FrameCheck {
    /// How many samples or units differ outside the masks, and whether all inside is the fill.
    pub fn of(differing: u64, constant: bool) -> FrameCheck {
        FrameCheck {
            differing,
            constant,
            residual: 0,
        }
    }

    /// What differs outside the masks.
    #[cfg(test)]
    pub fn differing(&self) -> u64 {
        self.differing
    }

    /// Whether all inside is the fill.
    #[cfg(test)]
    pub fn is_constant(&self) -> bool {
        self.constant
    }
}

/// Compares stored values outside the masks and raw words inside.
fn compare(
    before: &Frame,
    after: &Frame,
    masks: &[Rect],
    fill: &Fill,
) -> Result<FrameCheck, Refusal> {
    let (a, b) = (&before.format, &after.format);
    let same_grid = (a.rows, a.cols, a.samples_per_pixel) == (b.rows, b.cols, b.samples_per_pixel);
    let same_values = (a.bits_stored, a.signed) == (b.bits_stored, b.signed);
    if !same_grid || !same_values {
        return Err(Refusal::new(
            Reason::BadEncoding,
            "the written frame has another layout",
        ));
    }
    let samples = usize::from(a.samples_per_pixel);
    let mut differing = 0u64;
    let row_bytes = a.bytes_per_frame() / (a.rows as usize).max(1);
    let comparable_rows = a == b && !(a.planar && samples > 1);
    for y in 0..a.rows {
        let in_row: Vec<&Rect> = masks
            .iter()
            .filter(|m| m.y <= y && y < m.bottom())
            .collect();
        let range = y as usize * row_bytes..(y as usize + 1) * row_bytes;
        if comparable_rows
            && before.data.get(range.clone()) == after.data.get(range)
            && in_row.is_empty()
        {
            continue;
        }
        for x in 0..a.cols {
            if in_row.iter().any(|m| m.x <= x && x < m.right()) {
                continue;
            }
            differing += (0..samples)
                .filter(|&c| before.value(x, y, c) != after.value(x, y, c))
                .count() as u64;
        }
    }
    let constant = masks.iter().all(|m| mask::is_filled(after, m, fill));
    Ok(FrameCheck::of(differing, constant))
}

/// Whether a finding has something to mask that lies outside the masks.
pub fn is_residual(finding: &Finding, masks: &[Rect]) -> bool {
    has_residual(finding, masks, |_| false)
}

/// The same, but for the verdicts that text which stands answers.
fn has_residual(finding: &Finding, masks: &[Rect], answered: impl Fn(&Verdict) -> bool) -> bool {
    finding
        .verdicts
        .iter()
        .filter(|v| v.action == Action::Mask && !answered(v))
        .flat_map(|v| finding.rects(v))
        .any(|r| !covered(&r, masks))
}
