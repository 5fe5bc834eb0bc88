//! What the page is told: lines of the list, everything about one file, how far the review is.
//!
//! Texts that were read are told one by one, where somebody asks for them.

use super::api::{
    Counts, Detail, FileRow, HistoryLine, ImageInfo, ItemInfo, Named, NamedWindow, SessionInfo,
    ViewInfo,
};
use super::clock;
use super::fault::Fault;
use super::files::ReviewFile;
use super::items::{Fate, Item};
use super::plans::{PlanState, Planned};
use super::session::Session;
use super::state::{FileState, Stage, told};
use crate::geometry::Rect;
use crate::outcome::{Outcome, Reason};
use crate::plan::Origin;
use std::collections::BTreeSet;

impl Session {
    /// The line of the list about a file; with its rectangles where asked for.
    ///
    /// # Errors
    /// `not-found`.
    pub fn row(&self, file: usize, rects: bool) -> Result<FileRow, Fault> {
        let f = self.file(file)?;
        let state = self.log().state(&f.id);
        let plan = self.plans.get(file);
        let items = match &plan {
            PlanState::Ready(planned) => self.items(&f.id, planned, &state),
            _ => Vec::new(),
        };
        Ok(self.row_of(f, &plan, &state, &items, rects))
    }

    fn row_of(
        &self,
        f: &ReviewFile,
        plan: &PlanState,
        state: &FileState,
        items: &[Item],
        rects: bool,
    ) -> FileRow {
        let report = match plan {
            PlanState::Ready(planned) => Some(&planned.draft.report),
            PlanState::Refused(report) => Some(report.as_ref()),
            PlanState::Waiting => None,
        };
        let planned = report.map(|r| (r.outcome.name(), r.reason.clone()));
        let before = f.held.as_ref().map(|(_, o, r)| (o.name(), r.clone()));
        let result = state.result.as_ref().and_then(|r| {
            let outcome = Outcome::find(&r.outcome)?;
            Some((outcome.name(), r.reason.clone()))
        });
        let (outcome, reason) = result.or(before).or(planned).unwrap_or(("pending", None));
        let peek = f.peek.as_ref();
        let of = |fate: Fate| items.iter().filter(move |i| i.fate == fate);
        let all = |fate: Fate| -> Vec<super::api::Box> {
            let rects: BTreeSet<Rect> = of(fate).map(|i| i.rect).collect();
            rects.into_iter().map(Into::into).collect()
        };
        FileRow {
            id: f.id.clone(),
            name: f.name.clone(),
            outcome,
            explain: reason.as_deref().and_then(explain),
            reason,
            risk: report.and_then(|r| r.risk.clone()).unwrap_or_default(),
            modality: peek.map(|p| p.modality.clone()).unwrap_or_default(),
            equipment: f.equipment.clone(),
            equipment_label: peek
                .map(|p| {
                    let e = &p.equipment;
                    let label = format!("{} {}", e.manufacturer, e.model);
                    format!("{} {}×{}", label.trim(), p.cols, p.rows)
                })
                .unwrap_or_default(),
            group: f.series.clone(),
            study: f.study.clone(),
            frames: peek.map_or(1, |p| p.frames),
            rows: peek.map_or(0, |p| p.rows),
            cols: peek.map_or(0, |p| p.cols),
            boxes: of(Fate::Mask).count(),
            kept: of(Fate::Keep).count(),
            lowest_confidence: items
                .iter()
                .filter(|i| i.fate != Fate::Weak && i.origin == Origin::Rule)
                .map(|i| i.confidence)
                .min(),
            state: state.stage.name(),
            seen: state.seen,
            approvals: state.approvals.clone(),
            comment: state.comment.clone(),
            planned: report.is_some(),
            version: state.version,
            masks: rects.then(|| all(Fate::Mask)),
            kept_rects: rects.then(|| all(Fate::Keep)),
        }
    }

    /// Everything about a file.
    ///
    /// # Errors
    /// `planning`, `cannot-be-shown`.
    pub fn detail(&self, file: usize) -> Result<Detail, Fault> {
        let f = self.file(file)?;
        let state = self.log().state(&f.id);
        let plan = self.plans.get(file);
        let planned = self.planned(file)?;
        let items = self.items(&f.id, &planned, &state);
        let always = self.always(&planned);
        let report = &planned.draft.report;
        let mut held = planned.draft.plan.review.clone();
        held.extend(report.reason.clone());
        held.extend(f.held.as_ref().and_then(|h| h.2.clone()));
        held.sort_unstable();
        held.dedup();
        let regions = planned.regions().into_iter().map(Into::into);
        Ok(Detail {
            row: self.row_of(f, &plan, &state, &items, true),
            version: state.version,
            image: image(&planned),
            views: views(&planned),
            regions: regions.collect(),
            unopened: unopened(&planned, &items, &state),
            items: items.iter().map(item_info).collect(),
            history: state
                .history
                .iter()
                .map(|record| HistoryLine {
                    seq: record.seq,
                    at: clock::rfc3339(record.at_ms),
                    who: record.who.clone(),
                    what: told(record),
                    undone: state.is_undone(record),
                })
                .collect(),
            can_undo: state.can_undo(),
            can_redo: state.can_redo(),
            carriers: planned.draft.plan.carriers.clone(),
            held,
            template: always.into_iter().next().map(|(name, _)| Named { name }),
        })
    }

    /// The text that was read at a place.
    ///
    /// # Errors
    /// `not-found`.
    pub fn text(&self, file: usize, item: &str) -> Result<Option<String>, Fault> {
        let f = self.file(file)?;
        let planned = self.planned(file)?;
        let state = self.log().state(&f.id);
        let items = self.items(&f.id, &planned, &state);
        let item = items.into_iter().find(|i| i.id == item);
        Ok(item.ok_or_else(Fault::not_found)?.text)
    }

    /// The review as a whole.
    pub fn info(&self) -> SessionInfo {
        let profile = self.engine.profile();
        SessionInfo {
            version: env!("CARGO_PKG_VERSION"),
            reviewer: self.reviewer(),
            two_person: self.options.two_person,
            sample: self.sample_info(),
            job: self.options.job.is_some(),
            profile: profile.map_or_else(|| "keep-metadata".into(), |p| p.name.clone()),
            output: self.options.output.is_some(),
            can_include_text: true,
            counts: self.counts(),
        }
    }

    /// How far the people are.
    pub fn counts(&self) -> Counts {
        let log = self.log();
        let mut counts = Counts {
            total: self.files.len(),
            ..Counts::default()
        };
        for f in &self.files {
            let stage = log.stage(&f.id);
            *match stage {
                Stage::Unseen => &mut counts.unseen,
                Stage::Open => &mut counts.open,
                Stage::Approved => &mut counts.approved,
                Stage::Flagged => &mut counts.flagged,
                Stage::Rejected => &mut counts.rejected,
            } += 1;
        }
        counts
    }
}

/// What a reason means, and what can be done.
fn explain(code: &str) -> Option<String> {
    let reason = Reason::find(code)?;
    Some(format!("{}; {}", reason.trigger(), reason.remedy()))
}

fn image(planned: &Planned) -> ImageInfo {
    let (f, display) = (&planned.facts.format, &planned.facts.display);
    let windows: Vec<NamedWindow> = display
        .windows
        .iter()
        .enumerate()
        .map(|(i, w)| NamedWindow {
            name: format!("window-{}", i + 1),
            center: w.center,
            width: w.width,
        })
        .collect();
    let [r, g, b] = planned.fill_colour;
    ImageInfo {
        rows: f.rows,
        cols: f.cols,
        frames: planned.facts.frames,
        bits: if f.bits_stored > 8 { 16 } else { 8 },
        colour: planned.is_colour(),
        monochrome1: f.photometric == crate::frame::Photometric::Monochrome1,
        window: windows.first().cloned(),
        windows,
        frame_ms: None,
        fill: format!("#{r:02x}{g:02x}{b:02x}"),
    }
}

/// Every view of a file: those that were searched, and its overlay planes.
pub(super) fn views(planned: &Planned) -> Vec<ViewInfo> {
    let mut names: Vec<&String> = Vec::new();
    for (_, looked) in &planned.looked {
        for name in &looked.views {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let info = |name: &str| {
        let (label, channel) = match name.split_once('-') {
            Some(("window", n)) => (format!("Window {n}"), "window"),
            Some(("voi", n)) => (
                format!("Lookup table {}", n.trim_start_matches("lut-")),
                "window",
            ),
            Some(("overlay", group)) => (format!("Overlay {group}"), "overlay"),
            _ => match name {
                "luma" => ("Brightness".into(), "colour"),
                "red" => ("Red".into(), "colour"),
                "blue" => ("Blue".into(), "colour"),
                "robust-range" => ("Most of the range".into(), "range"),
                "full-range" => ("Full range".into(), "range"),
                "low-range" => ("Dark end".into(), "range"),
                "high-range" => ("Bright end".into(), "range"),
                other => (other.to_owned(), "range"),
            },
        };
        ViewInfo {
            id: name.to_owned(),
            label,
            channel,
        }
    };
    let overlays = planned.overlays.iter();
    names
        .into_iter()
        .map(|n| info(n))
        .chain(overlays.map(|o| info(&format!("overlay-{:04x}", o.group))))
        .collect()
}

/// Hidden views with findings that only they show, and that nobody opened.
pub(super) fn unopened(planned: &Planned, items: &[Item], state: &FileState) -> Vec<String> {
    let hidden: BTreeSet<&String> = items
        .iter()
        .filter(|i| i.fate != Fate::Weak)
        .filter_map(|i| i.view.as_ref())
        .filter(|v| planned.is_hidden(v) && !state.views.contains(*v))
        .collect();
    hidden.into_iter().cloned().collect()
}

fn item_info(item: &Item) -> ItemInfo {
    ItemInfo {
        id: item.id.clone(),
        action: item.fate.name(),
        rect: item.rect.into(),
        before: item.before.into(),
        frames: item.frames,
        reason: item.reason.clone(),
        origin: match item.origin {
            Origin::Rule => "rule",
            Origin::Template => "template",
            Origin::Person => "person",
        },
        confidence: item.confidence,
        text: None,
        header_rule: item.guarded,
        view: item.view.clone(),
        by: item.by.clone(),
        note: item.note.clone(),
    }
}
