//! The places of a file as they stand: those of its plan, those of the templates that were remembered, and what people
//! made of them. Pure: the same plan and the same steps always give the same items.

use super::plans::Planned;
use super::state::FileState;
use crate::geometry::Rect;
use crate::key::Key;
use crate::plan::{Action, Carrier, Origin, PlanItem, Shape};
use std::collections::BTreeMap;

/// What becomes of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// Masked.
    Mask,
    /// Left.
    Keep,
    /// Left: a candidate that was no text to the search.
    Weak,
}

impl Fate {
    /// The word of the page.
    pub fn name(self) -> &'static str {
        match self {
            Fate::Mask => "mask",
            Fate::Keep => "keep",
            Fate::Weak => "weak",
        }
    }
}

/// One place.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Opaque, the same as long as plan and steps are.
    pub id: String,
    /// What becomes of it.
    pub fate: Fate,
    /// For masks the final rectangle, else the text's own box.
    pub rect: Rect,
    /// Before it grew to what the codec demands.
    pub before: Rect,
    /// First and last frame.
    pub frames: (u32, u32),
    /// The rule that decided.
    pub reason: String,
    /// Who asked for it.
    pub origin: Origin,
    /// 0–1000.
    pub confidence: u16,
    /// What was read.
    pub text: Option<String>,
    /// In which view it was found.
    pub view: Option<String>,
    /// Who changed it.
    pub by: Option<String>,
    /// Why.
    pub note: Option<String>,
    /// Whether a rule or template wants it masked that a person may overrule only with a reason.
    pub guarded: bool,
    /// Whether it is of the plan, rather than a person's.
    pub of_plan: bool,
}

impl Item {
    /// As the plan holds it; weak candidates are not in a plan.
    fn planned(&self) -> Option<PlanItem> {
        let action = match self.fate {
            Fate::Mask => Action::Mask,
            Fate::Keep => Action::Keep,
            Fate::Weak => return None,
        };
        Some(PlanItem {
            carrier: Carrier::PixelData,
            frames: self.frames,
            shape: Shape::Rect,
            rect: self.rect,
            before_codec: self.before,
            action,
            reason: self.reason.clone(),
            origin: self.origin.clone(),
            confidence: self.confidence,
            text: self.text.clone(),
        })
    }
}

/// Places that are masked on this file although no plan knows of them yet: a template's, with its name.
pub type Always<'a> = &'a [(String, Vec<Rect>)];

/// The places of the plan, before anybody changed anything.
pub fn of_plan(planned: &Planned, file: &str, salt: &Key, always: Always<'_>) -> Vec<Item> {
    let mut ids = Ids::new(file, salt);
    let draft = &planned.draft;
    let mut items: Vec<Item> = Vec::new();
    for item in &draft.plan.items {
        let seen = draft.seen_in.iter().find(|(r, _)| *r == item.before_codec);
        items.push(Item {
            id: ids.next(&[&item.reason], item.rect, item.frames),
            fate: match item.action {
                Action::Mask => Fate::Mask,
                Action::Keep => Fate::Keep,
            },
            rect: item.rect,
            before: item.before_codec,
            frames: item.frames,
            reason: item.reason.clone(),
            origin: item.origin.clone(),
            confidence: item.confidence,
            text: item.text.clone(),
            view: seen.map(|(_, view)| view.clone()),
            by: None,
            note: None,
            guarded: item.action == Action::Mask
                && (item.reason.starts_with("header:") || item.origin == Origin::Template),
            of_plan: true,
        });
    }
    let frame = Rect::new(0, 0, planned.facts.format.cols, planned.facts.format.rows);
    for (name, rects) in always {
        for rect in rects.iter().filter(|r| frame.contains(r)) {
            let grown = draft.grown(*rect, &planned.facts);
            let frames = (0, draft.plan.frames.saturating_sub(1));
            let known =
                |i: &Item| i.fate == Fate::Mask && i.origin == Origin::Template && i.rect == grown;
            if items.iter().any(known) {
                continue;
            }
            items.push(Item {
                id: ids.next(&["template", name], grown, frames),
                fate: Fate::Mask,
                rect: grown,
                before: *rect,
                frames,
                reason: "template".into(),
                origin: Origin::Template,
                confidence: 1000,
                text: None,
                view: None,
                by: None,
                note: None,
                guarded: true,
                of_plan: true,
            });
        }
    }
    for (frame, looked) in &planned.looked {
        for weak in &looked.candidates {
            let known = |i: &Item| {
                (i.frames.0..=i.frames.1).contains(frame)
                    && i.rect.intersect(&weak.rect).area() * 2 >= weak.rect.area()
            };
            if items.iter().any(known) {
                continue;
            }
            items.push(Item {
                id: ids.next(&["weak"], weak.rect, (*frame, *frame)),
                fate: Fate::Weak,
                rect: weak.rect,
                before: weak.rect,
                frames: (*frame, *frame),
                reason: "no-text".into(),
                origin: Origin::Rule,
                confidence: strength(weak.strength),
                text: None,
                view: Some(weak.view.clone()),
                by: None,
                note: None,
                guarded: false,
                of_plan: true,
            });
        }
    }
    items
}

/// The network's four words as a number for people.
fn strength(s: crate::line::Strength) -> u16 {
    use crate::line::Strength::{Faint, Likely, Strong, Weak};
    match s {
        Faint => 100,
        Weak => 300,
        Likely => 600,
        Strong => 900,
    }
}

/// The places as they stand, with every active step done. Steps were checked when they were made.
pub fn present(
    planned: &Planned,
    file: &str,
    salt: &Key,
    always: Always<'_>,
    state: &FileState,
) -> Vec<Item> {
    let base = of_plan(planned, file, salt, always);
    let mut items = base.clone();
    for step in state.active(&planned.digest) {
        let maker = super::edits::Maker {
            planned,
            base: &base,
            ids: step_ids(file, salt, step.seq),
            who: step.who.as_deref(),
        };
        // What does not fit any more (a template that went) is left out; masks it made stay others' business.
        let _ = maker.run(&mut items, &step.edits);
    }
    items
}

/// Ids of the items that a step makes.
pub fn step_ids(file: &str, salt: &Key, seq: u64) -> impl Fn(usize) -> String {
    let (file, salt) = (file.to_owned(), salt.clone());
    move |n| short(&salt, "review item of a step", &format!("{file} {seq} {n}"))
}

/// The items of the plan that is carried out.
pub fn plan_items(items: &[Item]) -> Vec<PlanItem> {
    items.iter().filter_map(Item::planned).collect()
}

/// Whether something stays that a header rule wanted masked.
pub fn header_kept(base: &[Item], items: &[Item]) -> bool {
    let header = base
        .iter()
        .filter(|b| b.fate == Fate::Mask && b.reason.starts_with("header:"));
    header.into_iter().any(|b| {
        items
            .iter()
            .find(|i| i.id == b.id)
            .is_none_or(|i| i.fate != Fate::Mask || !i.rect.contains(&b.before))
    })
}

/// A digest of what would be masked and kept: approvals are for exactly this.
pub fn digest(salt: &Key, items: &[Item]) -> String {
    let mut lines: Vec<String> = items
        .iter()
        .filter(|i| i.fate != Fate::Weak)
        .map(|i| {
            format!(
                "{:?} {:?} {:?} {} {:?}",
                i.fate, i.rect, i.frames, i.reason, i.origin
            )
        })
        .collect();
    lines.sort_unstable();
    short(salt, "review items", &lines.join("\n"))
}

/// Sixteen hex digits.
pub fn short(salt: &Key, purpose: &str, text: &str) -> String {
    let mac = salt.mac(purpose, text.as_bytes());
    mac.iter().take(8).map(|b| format!("{b:02x}")).collect()
}

/// Ids of the items of a plan.
struct Ids<'a> {
    file: &'a str,
    salt: &'a Key,
    given: BTreeMap<String, u32>,
}

impl<'a> Ids<'a> {
    fn new(file: &'a str, salt: &'a Key) -> Ids<'a> {
        Ids {
            file,
            salt,
            given: BTreeMap::new(),
        }
    }

    fn next(&mut self, words: &[&str], rect: Rect, frames: (u32, u32)) -> String {
        let what = format!("{} {words:?} {rect:?} {frames:?}", self.file);
        let n = self.given.entry(what.clone()).or_default();
        *n += 1;
        short(self.salt, "review item", &format!("{what} {n}"))
    }
}
