//! The items of a plan: every mask, and the text that stays, each with the frames it is in.

use super::{FixedPoint, Planner, Searched};
use crate::geometry::{Rect, union_area};
use crate::plan::{Action, Carrier, Fill, Origin, PlanItem, Shape};
use crate::redact::equipment::KEPT;
use crate::redact::frames::ranges;
use std::collections::{BTreeMap, BTreeSet};

/// Text that loses more than one part in this many to masks is no longer there to be read.
const CUT_SHARE: u64 = 5;

impl Planner<'_> {
    /// Items, sorted and joined over frames.
    pub(super) fn finish(mut self, fill: Fill) -> FixedPoint {
        let n = self.frames.count();
        let mut items: Vec<PlanItem> = Vec::new();
        for m in &self.marks {
            let item = |frames| PlanItem {
                carrier: Carrier::PixelData,
                frames,
                shape: Shape::Rect,
                rect: m.rect,
                before_codec: m.before_codec,
                action: Action::Mask,
                reason: m.reason.clone(),
                origin: m.origin.clone(),
                confidence: m.confidence,
                text: m.text.clone(),
            };
            match &m.frames {
                None => items.push(item((0, n - 1))),
                Some(frames) => items.extend(ranges(frames.iter().copied()).into_iter().map(item)),
            }
        }
        for (frame, marker) in &self.markers {
            let masks = self.masks(*frame);
            let lost: Vec<Rect> = masks.iter().map(|m| m.intersect(marker)).collect();
            self.laterality_lost |= union_area(&lost) * CUT_SHARE > marker.area();
        }
        type Kept = (Rect, String, u16, Option<String>);
        let mut kept: BTreeMap<Kept, BTreeSet<u32>> = BTreeMap::new();
        let mut searched = Searched::default();
        for i in 0..n {
            let masks = self.masks(i);
            let Some(done) = self.done.get(&(self.contents[i as usize], masks.clone())) else {
                continue;
            };
            searched.masks.insert(i, masks.clone());
            searched.stands.insert(i, done.stands.clone());
            let stands = done.stands.all().into_iter();
            let stands = stands.map(|s| (s.rect, s.reason, s.confidence, s.text));
            let found = done.kept.iter().flat_map(|f| {
                let parts = f.verdicts.iter();
                parts.map(move |v| (f.text_rect(v), v.reason.clone(), v.confidence, f.text(v)))
            });
            for (rect, reason, confidence, text) in stands.chain(found) {
                let lost: Vec<Rect> = masks.iter().map(|m| m.intersect(&rect)).collect();
                if union_area(&lost) * CUT_SHARE > rect.area() {
                    continue;
                }
                let text = Some(text).filter(|t| !t.is_empty());
                kept.entry((rect, reason, confidence, text))
                    .or_default()
                    .insert(i);
            }
        }
        for ((rect, reason, confidence, text), frames) in kept {
            items.extend(
                ranges(frames.into_iter())
                    .into_iter()
                    .map(|frames| PlanItem {
                        carrier: Carrier::PixelData,
                        frames,
                        shape: Shape::Rect,
                        rect,
                        before_codec: rect,
                        action: Action::Keep,
                        origin: if reason == KEPT {
                            Origin::Template
                        } else {
                            Origin::Rule
                        },
                        reason: reason.clone(),
                        confidence,
                        text: text.clone(),
                    }),
            );
        }
        items.sort_unstable();
        items.dedup();
        let seen_in = std::mem::take(&mut self.marks).into_iter();
        FixedPoint {
            seen_in: seen_in
                .filter(|m| !m.view.is_empty())
                .map(|m| (m.before_codec, m.view))
                .collect(),
            items,
            fill,
            searched,
            laterality_lost: self.laterality_lost,
            searches: self.searches,
        }
    }
}
