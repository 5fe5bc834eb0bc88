//! Judging a written file without its plan: against its original, or alone.
//!
//! What was masked is taken from the pair itself: the pixels that became one and the same value, and the boxes they make.

use super::blocks;
use super::finding::Finding;
use super::frames::{Frames, Hash, device_fault, frames_at_once, ranges};
use super::pictures::Shown;
use super::recoded;
use super::search::Searcher;
use super::standing::{reads_remains, standing};
use super::verify::is_residual;
use crate::facts::Facts;
use crate::frame::Frame;
use crate::geometry::Rect;
use crate::outcome::{Reason, Refusal};
use crate::plan::{Action, Carrier, Origin, PlanItem, Shape};
use crate::views::ValueRange;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Unmasked-looking pixels between two parts of one mask: dark ground between letters was the fill before.
const GAP_PX: u32 = 16;

/// What is found in a written file.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// Pixels that changed, and not to the fill.
    pub other: u64,
    /// Lines with something to mask outside the masks.
    pub residual: u32,
    /// What is found, boxes as found, sorted.
    pub items: Vec<PlanItem>,
}

impl Judgement {
    /// Adds what was found elsewhere in the same file.
    pub fn add(&mut self, more: Judgement) {
        self.other += more.other;
        self.residual += more.residual;
        self.items.extend(more.items);
        self.items.sort_unstable();
    }
}

/// One distinct picture of the written file, with the masks that its original shows to be there.
struct Picture {
    frame: Frame,
    masks: Vec<Rect>,
    /// Of the original's frame.
    range: Option<ValueRange>,
    equal: BTreeSet<u32>,
    values: BTreeMap<Vec<i64>, u64>,
}

/// Searches a written object, and compares it with its original where there is one. The fill is the value that most
/// changed pixels have. In a video that was coded anew (`recoded`) what is near counts as the same. With `blocks` a comparison in coefficients says what changed.
///
/// # Errors
/// A frame that cannot be decoded; another number of frames or another layout than the original's.
pub fn judge(
    original: Option<&dyn Frames>,
    written: &dyn Frames,
    blocks: Option<&blocks::Pair>,
    recoded: bool,
    facts: &Facts,
    searcher: &Searcher<'_>,
) -> Result<Judgement, Refusal> {
    let count = written.count();
    if let Some(n) = original.map(Frames::count).filter(|n| *n != count) {
        return Err(Refusal::new(
            Reason::OutsideChanged,
            format!("{count} frames, {n} in the original"),
        ));
    }
    let mut contents: BTreeMap<(Option<Hash>, Hash), BTreeSet<u32>> = BTreeMap::new();
    for i in 0..count {
        let before = original.map(|o| o.digest(i)).transpose()?;
        contents
            .entry((before, written.digest(i)?))
            .or_default()
            .insert(i);
    }
    let contents: Vec<BTreeSet<u32>> = contents.into_values().collect();
    let mut values: BTreeMap<Vec<i64>, u64> = BTreeMap::new();
    let mut judgement = Judgement::default();
    for block in contents.chunks(frames_at_once(facts)) {
        let pictures: Vec<Picture> = block
            .par_iter()
            .map(|equal| Picture::of(original, written, blocks, recoded, equal))
            .collect::<Result<_, Refusal>>()?;
        let mut searched = Vec::with_capacity(pictures.len());
        for p in pictures {
            for (value, n) in p.values {
                *values.entry(value).or_default() += n * p.equal.len() as u64;
            }
            searched.push((Shown::masked(p.frame, p.masks, p.range), p.equal));
        }
        let (frames, equals): (Vec<_>, Vec<_>) = searched.into_iter().unzip();
        let found = searcher.frames(&frames).map_err(device_fault)?;
        for ((shown, equal), findings) in frames.iter().zip(&equals).zip(&found) {
            let mut residual: Vec<&Finding> = findings
                .iter()
                .filter(|f| is_residual(f, &shown.masks))
                .collect();
            if let (Some(original), false) = (original, residual.is_empty()) {
                // What was read well before masks stood beside it is not read anew from its remains.
                let index = equal.first().copied().unwrap_or(0);
                let before = [Shown::as_it_is(original.frame(index)?)];
                let before = searcher.frames(&before).map_err(device_fault)?;
                let standing = standing(before.first().map_or(&[], Vec::as_slice));
                residual.retain(|f| !reads_remains(f, &standing, &shown.masks));
            }
            let residual = residual.len();
            judgement.residual += (residual * equal.len()) as u32;
            for range in ranges(equal.iter().copied()) {
                let items = findings.iter().flat_map(|f| as_items(f, range));
                judgement.items.extend(items);
            }
        }
    }
    judgement.items.sort_unstable();
    judgement.other = match blocks {
        Some(blocks) => blocks.other,
        None => values.values().sum::<u64>() - values.values().copied().max().unwrap_or(0),
    };
    Ok(judgement)
}

impl Picture {
    fn of(
        original: Option<&dyn Frames>,
        written: &dyn Frames,
        blocks: Option<&blocks::Pair>,
        recoded: bool,
        equal: &BTreeSet<u32>,
    ) -> Result<Picture, Refusal> {
        let index = equal.first().copied().unwrap_or(0);
        let frame = written.frame(index)?;
        let mut picture = Picture {
            masks: Vec::new(),
            range: None,
            equal: equal.clone(),
            values: BTreeMap::new(),
            frame,
        };
        let before = original.map(|o| o.frame(index)).transpose()?;
        picture.range = before.as_ref().and_then(ValueRange::of);
        if let Some(blocks) = blocks {
            let changed = blocks.changed.get(index as usize);
            picture.masks = changed.cloned().unwrap_or_default();
        } else if let Some(before) = before {
            if recoded {
                (picture.masks, picture.values) = recoded::changed(&before, &picture.frame);
            } else {
                picture.compare(&before)?;
            }
        }
        Ok(picture)
    }

    /// Takes the changed pixels, their new values, and the boxes that they make.
    fn compare(&mut self, before: &Frame) -> Result<(), Refusal> {
        let (a, b) = (&before.format, &self.frame.format);
        if (a.rows, a.cols, a.samples_per_pixel) != (b.rows, b.cols, b.samples_per_pixel) {
            return Err(Refusal::new(
                Reason::OutsideChanged,
                "the frames have another layout",
            ));
        }
        if a == b && before.data == self.frame.data {
            return Ok(());
        }
        let samples = usize::from(a.samples_per_pixel);
        let mut runs: Vec<Rect> = Vec::new();
        for y in 0..a.rows {
            for x in 0..a.cols {
                if (0..samples).all(|c| before.value(x, y, c) == self.frame.value(x, y, c)) {
                    continue;
                }
                let value = (0..samples).map(|c| self.frame.value(x, y, c)).collect();
                *self.values.entry(value).or_default() += 1;
                match runs.last_mut() {
                    Some(r) if r.y == y && r.right() == x => r.w += 1,
                    _ => runs.push(Rect::new(x, y, 1, 1)),
                }
            }
        }
        let fill = self.values.iter().max_by_key(|(_, n)| **n);
        let fill = fill.map(|(v, _)| v.clone()).unwrap_or_default();
        let is_fill = |x: u32, y: u32| {
            let mut values = fill.iter().enumerate();
            values.all(|(c, v)| self.frame.value(x, y, c) == *v)
        };
        self.masks = boxes(&runs, |r| {
            (r.y..r.bottom()).all(|y| (r.x..r.right()).all(|x| is_fill(x, y)))
        });
        Ok(())
    }
}

/// Joins runs of changed pixels to the largest boxes near them that hold nothing but the fill. Runs that make no such box
/// stay as they are.
fn boxes(runs: &[Rect], is_filled: impl Fn(&Rect) -> bool) -> Vec<Rect> {
    let mut boxes: Vec<Rect> = Vec::new();
    for run in runs {
        let mut new = *run;
        // Newest first: the row above is the likeliest part of the same mask.
        let mut i = boxes.len();
        while i > 0 {
            i -= 1;
            let Some(old) = boxes.get(i) else { continue };
            if !near(old, &new) {
                continue;
            }
            let hull = old.hull(&new);
            if old.contains(&new) || is_filled(&hull) {
                new = hull;
                boxes.swap_remove(i);
                i = boxes.len();
            }
        }
        boxes.push(new);
    }
    boxes.sort_unstable();
    boxes
}

fn near(a: &Rect, b: &Rect) -> bool {
    let (apart_x, apart_y) = a.apart(b);
    apart_x <= GAP_PX && apart_y <= GAP_PX
}

/// The items of one finding, boxes as found.
fn as_items(finding: &Finding, frames: (u32, u32)) -> Vec<PlanItem> {
    let mut items = Vec::new();
    for v in &finding.verdicts {
        let rects = match v.action {
            Action::Mask => finding.rects(v),
            Action::Keep => vec![finding.text_rect(v)],
        };
        items.extend(rects.into_iter().map(|rect| PlanItem {
            carrier: Carrier::PixelData,
            frames,
            shape: Shape::Rect,
            rect,
            before_codec: rect,
            action: v.action,
            reason: v.reason.clone(),
            origin: Origin::Rule,
            confidence: v.confidence,
            text: Some(finding.text(v)).filter(|t| !t.is_empty()),
        }));
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_a_masked_line_make_one_box_and_other_changes_do_not() {
        let line = Rect::new(10, 10, 60, 12);
        let inside = |r: &Rect| line.contains(r);
        // Three letters, four pixels of dark ground between them, and one changed pixel elsewhere.
        let mut runs = Vec::new();
        for y in 11..20 {
            for x in [11, 30, 50] {
                runs.push(Rect::new(x, y, 15, 1));
            }
        }
        runs.push(Rect::new(40, 24, 1, 1));
        assert_eq!(
            boxes(&runs, inside),
            [Rect::new(11, 11, 54, 9), Rect::new(40, 24, 1, 1)]
        );
    }
}
