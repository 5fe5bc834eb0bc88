//! What an edit does to the places of a file.

use super::fault::Fault;
use super::items::{Fate, Item};
use super::plans::Planned;
use super::requests::{Edit, Wanted};
use crate::geometry::Rect;
use crate::plan::Origin;

/// Carries out the edits of one step.
pub struct Maker<'a, F: Fn(usize) -> String> {
    /// The plan that is edited.
    pub planned: &'a Planned,
    /// Its places before anybody changed anything.
    pub base: &'a [Item],
    /// Ids of new items.
    pub ids: F,
    /// Who does it.
    pub who: Option<&'a str>,
}

/// Most places of a file.
const MOST_ITEMS: usize = 20_000;

impl<F: Fn(usize) -> String> Maker<'_, F> {
    /// Does all edits, or none where one cannot be done.
    ///
    /// # Errors
    /// A [`Fault`] that says what is wrong with the first such edit.
    pub fn run(&self, items: &mut Vec<Item>, edits: &[Edit]) -> Result<(), Fault> {
        if edits.is_empty() {
            return Err(Fault::bad("no-edit", "there is no edit"));
        }
        let mut new = items.clone();
        let mut made = 0;
        for edit in edits {
            self.one(&mut new, edit, &mut made)?;
        }
        if new.len() > MOST_ITEMS {
            return Err(Fault::bad("too-many", "too many places"));
        }
        *items = new;
        Ok(())
    }

    fn one(&self, items: &mut Vec<Item>, edit: &Edit, made: &mut usize) -> Result<(), Fault> {
        match edit {
            Edit::Set { item, action, why } => self.set(items, item, *action, why.as_ref()),
            Edit::Add { rect, frames, why } => {
                let rect = self.inside((*rect).into())?;
                let frames = self.frames(*frames)?;
                let new = self.mask(rect, frames, why.as_ref(), made);
                items.push(new);
                Ok(())
            }
            Edit::Change {
                item,
                rect,
                frames,
                why,
            } => {
                let at = find(items, item)?;
                let old = items.get(at).ok_or_else(Fault::not_found)?.clone();
                let before = match rect {
                    Some(rect) => self.inside((*rect).into())?,
                    None => old.before,
                };
                let frames = self.frames(frames.unwrap_or(old.frames))?;
                let smaller = !before.contains(&old.before)
                    || frames.0 > old.frames.0
                    || frames.1 < old.frames.1;
                if old.guarded && old.fate == Fate::Mask && smaller {
                    self.reason(why.as_ref())?;
                }
                let fate = match old.fate {
                    Fate::Keep => Fate::Keep,
                    Fate::Mask | Fate::Weak => Fate::Mask,
                };
                let grown = self.planned.draft.grown(before, &self.planned.facts);
                let new = Item {
                    fate,
                    rect: if fate == Fate::Keep { before } else { grown },
                    before,
                    frames,
                    ..self.persons(old, why.as_ref())
                };
                put(items, at, new);
                Ok(())
            }
            Edit::Delete { item, why } => {
                let at = find(items, item)?;
                if items.get(at).is_some_and(|i| i.of_plan) {
                    return self.set(items, item, Wanted::Keep, why.as_ref());
                }
                items.remove(at);
                Ok(())
            }
            Edit::Band { item } => {
                let at = find(items, item)?;
                let line = items.get(at).ok_or_else(Fault::not_found)?;
                let cols = self.planned.facts.format.cols;
                let rect = Rect::new(0, line.before.y, cols, line.before.h);
                let new = self.mask(self.inside(rect)?, line.frames, None, made);
                items.push(new);
                Ok(())
            }
            Edit::OutsideRegions => {
                let outside = outside(&self.planned.regions(), self.whole());
                if self.planned.regions().is_empty() {
                    return Err(Fault::bad(
                        "no-regions",
                        "the header of this file names no ultrasound regions",
                    ));
                }
                let last = self.planned.draft.plan.frames.saturating_sub(1);
                for rect in outside {
                    let new = self.mask(rect, (0, last), None, made);
                    items.push(new);
                }
                Ok(())
            }
        }
    }

    fn set(
        &self,
        items: &mut [Item],
        id: &str,
        wanted: Wanted,
        why: Option<&String>,
    ) -> Result<(), Fault> {
        let at = find(items, id)?;
        let old = items.get(at).ok_or_else(Fault::not_found)?.clone();
        let fate = match wanted {
            Wanted::Mask => Fate::Mask,
            Wanted::Keep => Fate::Keep,
        };
        // Back to what the plan had.
        if let Some(base) = self.base.iter().find(|b| b.id == id && b.fate == fate) {
            put(items, at, base.clone());
            return Ok(());
        }
        let new = match fate {
            _ if fate == old.fate => return Ok(()),
            Fate::Mask => {
                let stays = items.iter().enumerate();
                let keeps: Vec<Rect> = stays
                    .filter(|(i, k)| *i != at && k.fate == Fate::Keep)
                    .filter(|(_, k)| k.frames.0 <= old.frames.1 && old.frames.0 <= k.frames.1)
                    .map(|(_, k)| k.rect)
                    .collect();
                let before = if old.of_plan {
                    self.planned.spread(&old.before, &keeps)
                } else {
                    old.before
                };
                Item {
                    fate,
                    rect: self.planned.draft.grown(before, &self.planned.facts),
                    before,
                    ..self.persons(old, why)
                }
            }
            Fate::Keep | Fate::Weak => {
                if old.guarded {
                    self.reason(why)?;
                }
                Item {
                    fate,
                    rect: old.before,
                    ..self.persons(old, why)
                }
            }
        };
        put(items, at, new);
        Ok(())
    }

    fn mask(&self, rect: Rect, frames: (u32, u32), why: Option<&String>, made: &mut usize) -> Item {
        let id = (self.ids)(*made);
        *made += 1;
        Item {
            id,
            fate: Fate::Mask,
            rect: self.planned.draft.grown(rect, &self.planned.facts),
            before: rect,
            frames,
            reason: "person".into(),
            origin: Origin::Person,
            confidence: 1000,
            text: None,
            view: None,
            by: self.who.map(str::to_owned),
            note: why.cloned(),
            guarded: false,
            of_plan: false,
        }
    }

    /// The item as that of whoever changes it.
    fn persons(&self, old: Item, why: Option<&String>) -> Item {
        Item {
            reason: "person".into(),
            origin: Origin::Person,
            by: self.who.map(str::to_owned),
            note: why.cloned(),
            ..old
        }
    }

    fn reason(&self, why: Option<&String>) -> Result<(), Fault> {
        if why.is_some_and(|w| !w.trim().is_empty()) {
            return Ok(());
        }
        Err(Fault::bad(
            "reason-required",
            "a rule about the header or a template wants this masked: say why it may stay",
        ))
    }

    fn whole(&self) -> Rect {
        let f = &self.planned.facts.format;
        Rect::new(0, 0, f.cols, f.rows)
    }

    /// The part of a rectangle that is in the frame.
    fn inside(&self, rect: Rect) -> Result<Rect, Fault> {
        let part = rect.intersect(&self.whole());
        if part.is_empty() {
            return Err(Fault::bad(
                "outside",
                "the rectangle holds no pixel of the frame",
            ));
        }
        Ok(part)
    }

    fn frames(&self, frames: (u32, u32)) -> Result<(u32, u32), Fault> {
        let last = self.planned.draft.plan.frames.saturating_sub(1);
        if frames.0 > frames.1 || frames.1 > last {
            return Err(Fault::bad(
                "no-such-frame",
                format!("frames are counted from 0 to {last}"),
            ));
        }
        Ok(frames)
    }
}

fn find(items: &[Item], id: &str) -> Result<usize, Fault> {
    let at = items.iter().position(|i| i.id == id);
    at.ok_or_else(|| Fault::bad("no-such-item", "there is no such place in this file"))
}

fn put(items: &mut [Item], at: usize, item: Item) {
    if let Some(place) = items.get_mut(at) {
        *place = item;
    }
}

/// What no region reaches, as rectangles that do not overlap.
fn outside(regions: &[Rect], whole: Rect) -> Vec<Rect> {
    let mut edges: Vec<u32> = vec![whole.y, whole.bottom()];
    for r in regions {
        edges.extend([r.y.min(whole.bottom()), r.bottom().min(whole.bottom())]);
    }
    edges.sort_unstable();
    edges.dedup();
    let mut out: Vec<Rect> = Vec::new();
    for (top, bottom) in edges.iter().zip(edges.iter().skip(1)) {
        let mut spans: Vec<(u32, u32)> = regions
            .iter()
            .filter(|r| !r.is_empty() && r.y <= *top && r.bottom() >= *bottom)
            .map(|r| (r.x, r.right()))
            .collect();
        spans.sort_unstable();
        spans.push((whole.right(), whole.right()));
        let mut x = whole.x;
        for (from, to) in spans {
            let gap = Rect::from_corners(x, *top, from.max(x), *bottom);
            x = x.max(to);
            if gap.is_empty() {
                continue;
            }
            // The gap above goes on.
            let above = out
                .iter_mut()
                .find(|r| (r.x, r.w, r.bottom()) == (gap.x, gap.w, gap.y));
            match above {
                Some(above) => above.h += gap.h,
                None => out.push(gap),
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::union_area;

    #[test]
    fn outside_and_regions_make_the_whole() {
        let whole = Rect::new(0, 0, 100, 80);
        let regions = [
            Rect::new(10, 10, 40, 50),
            Rect::new(60, 20, 40, 60),
            Rect::new(20, 30, 60, 10),
        ];
        let gaps = outside(&regions, whole);
        let area: u64 = gaps.iter().map(Rect::area).sum();
        assert_eq!(area, union_area(&gaps));
        assert_eq!(area + union_area(&regions), whole.area());
        assert!(gaps.iter().all(|g| regions.iter().all(|r| !g.overlaps(r))));
        assert!(outside(&[whole], whole).is_empty());
        assert_eq!(outside(&[], whole), [whole]);
    }
}
