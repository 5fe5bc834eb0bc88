//! Overlay planes 60xx under the option `clean-graphics` (PS3.15 E.3.3, code 113103): what is readable in them is cleared,
//! and the rest stays.
//!
//! Takes an object's overlays and the search that its pixels get; gives for each the bits to be written, or why it goes. An
//! overlay is a picture of two values to every step here: planning, the simulated masks and the check of what was written
//! are those of pixels, with the same detector, reader and rules. Doubt removes the overlay. Planes inside the samples
//! and curves are not kept; texts about an overlay are the header's.

use super::frames::{Frames, Hash};
use super::growth::Spread;
use super::memory::Memory;
use super::pair::{self, Judgement};
use super::planned::says_nothing;
use super::planner::{self, Searched};
use super::search::Searcher;
use super::verify::{self, Proof};
use crate::dicom::{Flaw, KeptOverlay, NestedCounts, Object, Overlay};
use crate::facts::Facts;
use crate::frame::{Display, Frame, Gray, PixelFormat};
use crate::geometry::Rect;
use crate::outcome::{Reason, Refusal};
use crate::plan::{Action, Carrier, CarrierAction, Fill, PLAN_VERSION, Plan, PlanItem};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// A pixel that is not set.
const BLACK: Fill = Fill { words: [0; 3] };
/// Why an overlay of which nothing would be left goes.
const NOTHING_LEFT: &str = "nothing-left";
/// Why one with text goes that only the policy keeps.
const UNKNOWN_TEXT: &str = "unknown-text";
/// Why one in items, or a curve, goes.
const NESTED: &str = "nested";

/// What becomes of the overlays of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overlays {
    /// Those that stay.
    kept: Vec<Cleaned>,
    /// Why others go, sorted.
    removed: Vec<&'static str>,
    /// Whether a side or position marker had to go with the rest of one that stays.
    pub laterality_lost: bool,
    /// Whether there are graphics that nobody cleans: curves, annotations.
    others: bool,
}

/// An overlay that stays.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Cleaned {
    overlay: Overlay,
    /// What (60xx,3000) is to be.
    bits: Vec<u8>,
    /// What was found in it, in its own pixels and bitmaps.
    items: Vec<PlanItem>,
}

/// The bitmaps of an overlay as frames.
struct Plane<'a> {
    overlay: &'a Overlay,
    bits: &'a [u8],
    max_pixels: u64,
}

impl Frames for Plane<'_> {
    fn count(&self) -> u32 {
        self.overlay.frames
    }

    fn frame(&self, index: u32) -> Result<Frame, Refusal> {
        let picture = self.overlay.bitmap(self.bits, index, self.max_pixels)?;
        Ok(Frame {
            format: PixelFormat::grey8(self.overlay.rows, self.overlay.cols),
            data: picture.data,
        })
    }

    fn digest(&self, index: u32) -> Result<Hash, Refusal> {
        Ok(Sha256::digest(self.frame(index)?.data).into())
    }

    fn fill(&self) -> Option<Fill> {
        Some(BLACK)
    }
}

/// The object's facts, of a picture with the overlay's layout.
fn facts_of(object: &Facts, overlay: &Overlay) -> Facts {
    Facts {
        format: PixelFormat::grey8(overlay.rows, overlay.cols),
        photometric_header: "MONOCHROME2".into(),
        frames: overlay.frames,
        display: Display {
            slope: 1.0,
            ..Display::default()
        },
        burned_in_annotation: None,
        pixel_padding: None,
        us_regions: Vec::new(),
        ..object.clone()
    }
}

/// The same search over a plane; nothing of the equipment's own is spared in it.
fn on_plane<'a>(searcher: &Searcher<'a>, facts: &'a Facts) -> Searcher<'a> {
    Searcher {
        display: &facts.display,
        spared: Vec::new(),
        memory: Memory::default(),
        ..*searcher
    }
}

/// A plane's items as a plan of its own, which the check of written frames takes.
fn plan_of(overlay: &Overlay, items: &[PlanItem]) -> Plan {
    Plan {
        version: PLAN_VERSION,
        input_sha256: String::new(),
        config_sha256: String::new(),
        models: Vec::new(),
        rows: overlay.rows,
        cols: overlay.cols,
        frames: overlay.frames,
        fill: BLACK,
        items: items.to_vec(),
        carriers: Vec::new(),
        risk: String::new(),
        review: Vec::new(),
    }
}

impl Overlays {
    /// Searches every overlay of an object. `always` are rectangles of the image that are masked in every frame.
    ///
    /// # Errors
    /// Faults of ours and of the device only: whatever else is wrong with an overlay removes it.
    pub fn of(
        object: &Object,
        searcher: &Searcher<'_>,
        spread: Spread,
        always: &[(Rect, String)],
    ) -> Result<Overlays, Refusal> {
        let mut all = Overlays::default();
        for overlay in object.overlays() {
            match clean(object, &overlay, searcher, spread, always) {
                Ok((cleaned, lost)) => {
                    all.laterality_lost |= lost;
                    all.kept.push(cleaned);
                }
                Err(Why::Word(word)) => all.removed.push(word),
                Err(Why::Refused(e)) if e.reason == Reason::Internal => return Err(e),
                Err(Why::Refused(e)) => all.removed.push(e.reason.code()),
            }
        }
        let nested = object.carriers().nested;
        let top = (all.kept.len() + all.removed.len()) as u32;
        let inside = nested.overlays.saturating_sub(top) as usize;
        all.removed.extend(std::iter::repeat_n(NESTED, inside));
        all.removed.sort_unstable();
        all.others = object.has_other_graphics();
        Ok(all)
    }

    /// Whether 113103 is earned once the file is verified: graphics stay, and none had to go.
    pub fn earned(&self) -> bool {
        !self.kept.is_empty() && self.removed.is_empty() && !self.others
    }

    /// Groups that stay.
    pub fn groups(&self) -> Vec<u16> {
        self.kept.iter().map(|c| c.overlay.group).collect()
    }

    /// What is written of them.
    pub fn kept(&self) -> Vec<KeptOverlay> {
        let kept = self.kept.iter().map(|c| KeptOverlay {
            group: c.overlay.group,
            bits: c.bits.clone(),
        });
        kept.collect()
    }

    /// Whether anything was found that goes.
    pub fn masks_anything(&self) -> bool {
        self.items().any(|i| i.action == Action::Mask)
    }

    /// The bitmap of an overlay for one image frame as it is to be written; `None` where there will be none.
    ///
    /// # Errors
    /// `limit`.
    pub fn bitmap(&self, object: &Object, group: u16, frame: u32) -> Result<Option<Gray>, Refusal> {
        let cleaned = self.kept.iter().find(|c| c.overlay.group == group);
        let index = cleaned.and_then(|c| frame.checked_sub(c.overlay.first_frame));
        match (cleaned, index) {
            (Some(c), Some(i)) if i < c.overlay.frames => {
                let limit = object.limits().frame_bytes;
                c.overlay.bitmap(&c.bits, i, limit).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// What was found in those that stay: rectangles in an overlay's own pixels, frames of the image.
    pub fn items(&self) -> impl Iterator<Item = PlanItem> {
        self.kept.iter().flat_map(|c| {
            let first = c.overlay.first_frame;
            c.items.iter().map(move |i| PlanItem {
                carrier: Carrier::Overlay,
                frames: (i.frames.0 + first, i.frames.1 + first),
                ..i.clone()
            })
        })
    }

    /// For plan and report; nothing where no overlay was looked at.
    pub fn actions(&self) -> Vec<CarrierAction> {
        let mut counts: BTreeMap<(&str, Option<&str>), u32> = BTreeMap::new();
        for c in &self.kept {
            let masked = c.items.iter().any(|i| i.action == Action::Mask);
            let action = if masked { "cleaned" } else { "kept" };
            *counts.entry((action, None)).or_default() += 1;
        }
        for reason in &self.removed {
            *counts.entry(("removed", Some(*reason))).or_default() += 1;
        }
        counts
            .into_iter()
            .map(|((action, reason), count)| CarrierAction {
                kind: "overlay".into(),
                count,
                action: action.into(),
                reason: reason.map(str::to_owned),
            })
            .collect()
    }

    /// Checks a written object with fresh eyes: the overlays that were to stay and no others, each with its layout and
    /// bits, the same outside the masks, nothing inside, and nothing to be found that no rule keeps.
    ///
    /// # Errors
    /// The first statement that does not hold.
    pub fn check(
        &self,
        original: &Object,
        written: &Object,
        searcher: &Searcher<'_>,
    ) -> Result<(), Refusal> {
        let expected = NestedCounts {
            overlays: self.kept.len() as u32,
            ..NestedCounts::default()
        };
        if written.carriers().nested != expected {
            let what = "an icon, overlay, curve or hidden picture is left";
            return Err(Refusal::new(Reason::BadEncoding, what));
        }
        let overlays = written.overlays();
        for c in &self.kept {
            let same = overlays.iter().find(|o| **o == c.overlay);
            if same.is_none_or(|o| written.overlay_data(o) != c.bits) {
                let what = "an overlay is not the one it has to be";
                return Err(Refusal::new(Reason::BadEncoding, what));
            }
            let bits = written.overlay_data(&c.overlay);
            compare(original, &c.overlay, bits, &c.items, searcher)?;
        }
        Ok(())
    }
}

/// Why an overlay does not stay.
enum Why {
    Word(&'static str),
    Refused(Refusal),
}

impl From<Refusal> for Why {
    fn from(e: Refusal) -> Why {
        Why::Refused(e)
    }
}

impl From<Flaw> for Why {
    fn from(flaw: Flaw) -> Why {
        Why::Word(flaw.name())
    }
}

/// Plans one overlay, clears what is to go, and proves it as a written one is proved. Gives whether a marker was lost, too.
fn clean(
    object: &Object,
    overlay: &Overlay,
    searcher: &Searcher<'_>,
    spread: Spread,
    always: &[(Rect, String)],
) -> Result<(Cleaned, bool), Why> {
    if let Some(flaw) = overlay.flaw {
        return Err(flaw.into());
    }
    let plane = plane(object, overlay, object.overlay_data(overlay));
    let facts = facts_of(object.facts(), overlay);
    let always: Vec<(Rect, String)> = always
        .iter()
        .filter_map(|(rect, why)| Some((shifted(rect, overlay)?, why.clone())))
        .collect();
    let search = on_plane(searcher, &facts);
    let fixed = planner::fixed_point(&plane, &facts, &search, spread, &always)?;
    let unknown = |i: &PlanItem| i.action == Action::Keep && says_nothing(&i.reason);
    if fixed.items.iter().any(unknown) {
        return Err(Why::Word(UNKNOWN_TEXT));
    }
    let plan = plan_of(overlay, &fixed.items);
    let bits = cleared(plane.bits, overlay, &plan);
    let was_empty = plane.bits.iter().all(|b| *b == 0);
    if !was_empty && bits.iter().all(|b| *b == 0) {
        return Err(Why::Word(NOTHING_LEFT));
    }
    compare(object, overlay, &bits, &fixed.items, searcher)?;
    let cleaned = Cleaned {
        overlay: overlay.clone(),
        bits,
        items: fixed.items,
    };
    Ok((cleaned, fixed.laterality_lost))
}

fn plane<'a>(object: &Object, overlay: &'a Overlay, bits: &'a [u8]) -> Plane<'a> {
    Plane {
        overlay,
        bits,
        max_pixels: object.limits().frame_bytes,
    }
}

/// Compares an overlay with what is, or will be, written of it, and searches that again.
fn compare(
    original: &Object,
    overlay: &Overlay,
    bits: &[u8],
    items: &[PlanItem],
    searcher: &Searcher<'_>,
) -> Result<(), Refusal> {
    let before = plane(original, overlay, original.overlay_data(overlay));
    let after = plane(original, overlay, bits);
    let facts = facts_of(original.facts(), overlay);
    let (plan, search) = (plan_of(overlay, items), on_plane(searcher, &facts));
    verify::check(
        &before,
        &after,
        &facts,
        &plan,
        Proof::Samples,
        &Searched::default(),
        &search,
    )
    .map(|_| ())
}

/// The bits without those under the masks, and without what lies behind the last pixel.
fn cleared(bits: &[u8], overlay: &Overlay, plan: &Plan) -> Vec<u8> {
    let (cols, rows) = (overlay.cols as usize, overlay.rows as usize);
    let pixels = cols * rows;
    let mut out = bits.to_vec();
    let mut clear = |i: usize| {
        if let Some(byte) = out.get_mut(i / 8) {
            *byte &= !(1 << (i % 8));
        }
    };
    for frame in 0..overlay.frames {
        let first = pixels * frame as usize;
        for mask in plan.masks(frame) {
            for y in mask.y..mask.bottom() {
                for x in mask.x..mask.right() {
                    clear(first + y as usize * cols + x as usize);
                }
            }
        }
    }
    for i in pixels * overlay.frames as usize..bits.len() * 8 {
        clear(i);
    }
    out
}

/// A rectangle of the image in the overlay's pixels; `None` where they do not meet.
fn shifted(rect: &Rect, overlay: &Overlay) -> Option<Rect> {
    let along = |from: u32, to: u32, origin: i32, most: u32| {
        let place = |v: u32| (i64::from(v) - i64::from(origin)).clamp(0, most.into()) as u32;
        (place(from), place(to))
    };
    let (left, right) = along(rect.x, rect.right(), overlay.origin.0, overlay.cols);
    let (top, bottom) = along(rect.y, rect.bottom(), overlay.origin.1, overlay.rows);
    let inside = Rect::from_corners(left, top, right, bottom);
    (!inside.is_empty()).then_some(inside)
}

/// Judges the overlays of a written object without their plan, against the original's where there is one: pixels that
/// were set or are not there in the original, and what is found.
///
/// # Errors
/// Those of [`pair::judge`].
pub fn judge(
    original: Option<&Object>,
    written: &Object,
    searcher: &Searcher<'_>,
) -> Result<Judgement, Refusal> {
    let mut all = Judgement::default();
    for overlay in written.overlays() {
        if overlay.flaw == Some(Flaw::Embedded) {
            continue;
        }
        let after = plane(written, &overlay, written.overlay_data(&overlay));
        let facts = facts_of(written.facts(), &overlay);
        let search = on_plane(searcher, &facts);
        let same = original.map(|o| o.overlays().into_iter().find(|b| *b == overlay));
        let before = match (original, same) {
            (Some(o), Some(Some(_))) => Some(plane(o, &overlay, o.overlay_data(&overlay))),
            (Some(_), _) => {
                all.other += u64::from(overlay.rows) * u64::from(overlay.cols);
                None
            }
            _ => None,
        };
        if let Some(before) = &before {
            let bytes = before.bits.iter().zip(after.bits);
            all.other += bytes
                .map(|(a, b)| u64::from((b & !a).count_ones()))
                .sum::<u64>();
        }
        let before = before.as_ref().map(|b| b as &dyn Frames);
        let one = pair::judge(before, &after, None, false, &facts, &search)?;
        all.residual += one.residual;
        all.items.extend(one.items.into_iter().map(|i| PlanItem {
            carrier: Carrier::Overlay,
            ..i
        }));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Origin, Shape};

    fn overlay(cols: u32, rows: u32, frames: u32) -> Overlay {
        Overlay {
            group: 0x6000,
            rows,
            cols,
            frames,
            first_frame: 0,
            origin: (0, 0),
            embedded_bit: None,
            flaw: None,
        }
    }

    fn mask(frames: (u32, u32), rect: Rect) -> PlanItem {
        PlanItem {
            carrier: Carrier::PixelData,
            frames,
            shape: Shape::Rect,
            rect,
            before_codec: rect,
            action: Action::Mask,
            reason: "unreadable".into(),
            origin: Origin::Rule,
            confidence: 900,
            text: None,
        }
    }

    #[test]
    fn only_bits_under_masks_of_their_frame_and_behind_the_end_are_cleared() {
        // Two bitmaps of 5 × 3: 30 pixels, so that the second begins inside a byte and two bits are left over.
        let o = overlay(5, 3, 2);
        let plan = plan_of(&o, &[mask((1, 1), Rect::new(1, 0, 3, 2))]);
        let out = cleared(&[0xFF; 4], &o, &plan);
        for i in 0..32 {
            let (frame, x, y) = (i / 15, i % 15 % 5, i % 15 / 5);
            let gone = i >= 30 || frame == 1 && (1..4).contains(&x) && y < 2;
            assert_eq!(out[i / 8] >> (i % 8) & 1 == 0, gone, "bit {i}");
        }
    }

    #[test]
    fn rectangles_of_the_image_are_shifted_and_cut() {
        let mut o = overlay(10, 10, 1);
        o.origin = (5, -2);
        let moved = |x, y, w, h| shifted(&Rect::new(x, y, w, h), &o);
        assert_eq!(moved(0, 0, 8, 4), Some(Rect::new(0, 2, 3, 4)));
        assert_eq!(moved(0, 0, 5, 4), None);
        assert_eq!(moved(0, 0, 90, 90), Some(Rect::new(0, 2, 10, 8)));
    }

    #[test]
    fn the_claim_needs_something_kept_and_nothing_removed() {
        let kept = |items| Cleaned {
            overlay: overlay(8, 8, 1),
            bits: vec![0; 8],
            items,
        };
        let mut all = Overlays::default();
        assert!(!all.earned() && all.actions().is_empty());
        all.kept = vec![
            kept(Vec::new()),
            kept(vec![mask((0, 0), Rect::new(0, 0, 2, 2))]),
        ];
        assert!(all.earned() && all.masks_anything());
        all.others = true;
        assert!(!all.earned());
        all.others = false;
        all.removed = vec![Flaw::Geometry.name()];
        assert!(!all.earned());
        let told: Vec<(String, Option<String>)> = all
            .actions()
            .into_iter()
            .map(|a| (a.action, a.reason))
            .collect();
        let expected = [
            ("cleaned".to_owned(), None),
            ("kept".to_owned(), None),
            ("removed".to_owned(), Some("geometry".to_owned())),
        ];
        assert_eq!(told, expected);
    }
}
