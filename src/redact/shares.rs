//! What a plan does, for reports: its boxes, and how much of the frames it masks.

use super::apply::Cleaning;
use super::face;
use super::overlay::Overlays;
use crate::geometry::{Rect, union_area};
use crate::plan::{Action, Plan, PlanItem};
use crate::report::BoxReport;
use std::collections::BTreeMap;

/// How much of the frames is masked, 0–1.
pub(super) struct Shares {
    pub(super) mean: f64,
    pub(super) largest: f64,
    pub(super) codec_growth: f64,
}

pub(super) fn masked_shares(plan: &Plan) -> Shares {
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
pub(super) fn box_reports(plan: &Plan, cleaning: &Cleaning, include_text: bool) -> Vec<BoxReport> {
    let overlays = cleaning.overlays.iter().flat_map(Overlays::items);
    let pixels = plan.items.iter().map(|i| box_report(i, include_text));
    pixels
        .chain(overlays.map(|i| box_report(&i, include_text)))
        .collect()
}

pub(super) fn box_report(item: &PlanItem, include_text: bool) -> BoxReport {
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
