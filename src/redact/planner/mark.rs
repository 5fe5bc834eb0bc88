//! What a search asks to mask, as marks: which rectangles, why, and in which frames.

use super::{Looked, Planner};
use crate::facts::Facts;
use crate::geometry::{Rect, union_area};
use crate::line::Strength;
use crate::mask;
use crate::phi::Verdict;
use crate::plan::{Action, Origin};
use crate::redact::bands;
use crate::redact::finding::Finding;
use crate::redact::frames::Frames;
use crate::redact::growth::{covered, needed, same_place};
use crate::redact::standing::{Stand, Stands};
use std::collections::BTreeSet;

/// Text that loses more than one part in this many goes whole; what loses less mostly still reads as itself.
const CUT_WHOLE: u64 = 2;
/// Why such text goes.
const CUT: &str = "cut-by-mask";
/// Confidence with which a kept marker must have been read for its loss to be missed; as in `phi`.
const MARKER_READ: u16 = 700;

/// A mask to be.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    pub(super) rect: Rect,
    pub(super) before_codec: Rect,
    pub(super) reason: String,
    pub(super) origin: Origin,
    pub(super) confidence: u16,
    pub(super) text: Option<String>,
    /// `None` for every frame.
    pub(super) frames: Option<BTreeSet<u32>>,
    /// Name of the view in which it was found; empty for what no search asked for.
    pub(super) view: String,
}

impl Mark {
    /// A mask of a rule in every frame, without a reason yet.
    pub(super) fn at(rect: Rect) -> Mark {
        Mark {
            rect,
            before_codec: rect,
            reason: String::new(),
            origin: Origin::Rule,
            confidence: 1000,
            text: None,
            frames: None,
            view: String::new(),
        }
    }

    pub(super) fn applies_to(&self, frame: u32) -> bool {
        self.frames.as_ref().is_none_or(|f| f.contains(&frame))
    }
}

/// Whether a verdict keeps a side or position marker whose loss a person must hear of: words, and the single letters of
/// the two sides. Other single letters are as often a bit of a scale or of a sign.
fn is_marker(finding: &Finding, verdict: &Verdict) -> bool {
    let text = finding.text(verdict);
    let text = text.trim();
    verdict.action == Action::Keep
        && verdict.reason == "safe:laterality"
        && verdict.confidence >= MARKER_READ
        && (text.chars().count() > 2 || text.chars().all(char::is_alphabetic))
        && (text.chars().count() != 1 || matches!(text, "R" | "L" | "r" | "l"))
}

/// Grows a rectangle to what can be masked without touching a neighbour.
pub(super) fn codec_growth(rect: Rect, frames: &dyn Frames, facts: &Facts) -> Rect {
    let (w, h) = frames.unit();
    let pairs = mask::codec_growth(rect, &facts.format);
    pairs.snap(w, h, facts.format.cols, facts.format.rows)
}

impl Planner<'_> {
    /// Adds what a search asks to mask and what the present masks do not already cover.
    pub(super) fn take(&mut self, looked: &Looked, beside: &[Looked]) {
        let (frame, found) = (looked.frame, &looked.found);
        let stands = self.stands(frame);
        let keeps: Vec<Rect> = found
            .iter()
            .flat_map(|f| {
                f.verdicts
                    .iter()
                    .filter(|v| v.action == Action::Keep)
                    .map(|v| f.text_rect(v))
            })
            .chain(stands.iter().map(|s| s.rect))
            .collect();
        // What a later search reads is what masks have left: a bit of a letter is nobody's side.
        if looked.first {
            for finding in found {
                let markers = finding.verdicts.iter().filter(|v| is_marker(finding, v));
                self.markers
                    .extend(markers.map(|v| (frame, finding.text_rect(v))));
            }
        }
        let standing = Stands {
            own: if looked.first {
                Vec::new()
            } else {
                stands.clone()
            },
            alike: looked.alike.clone(),
        };
        for finding in found {
            for verdict in &finding.verdicts {
                if verdict.action == Action::Keep
                    || standing.answer(finding, verdict, &looked.masks)
                {
                    continue;
                }
                self.laterality_lost |= looked.first && verdict.laterality_lost;
                for raw in finding.rects(verdict) {
                    let raw = needed(finding, raw, &keeps);
                    if covered(&raw, &self.accounted(frame)) {
                        continue;
                    }
                    let mark = Mark {
                        reason: verdict.reason.clone(),
                        confidence: verdict.confidence,
                        text: Some(finding.text(verdict)).filter(|t| !t.is_empty()),
                        frames: self.scope(frame, finding, &raw, beside),
                        view: finding.view.clone(),
                        ..Mark::at(raw)
                    };
                    self.mark(mark, &keeps);
                }
            }
        }
        self.take_cut(looked, &stands, &keeps, beside);
    }

    /// Adds a mask for the rectangle of `mark`, grown as far as what stays allows, and for the band in which it lies.
    fn mark(&mut self, mark: Mark, keeps: &[Rect]) {
        let f = &self.facts.format;
        let before_codec = self.spread.grown(&mark.rect, keeps, f.cols, f.rows);
        if let Some(band) = bands::around(&self.bands, &mark.rect) {
            self.bands.retain(|b| *b != band);
            self.marks.push(Mark {
                rect: codec_growth(band, self.frames, self.facts),
                reason: "banner-band".into(),
                ..Mark::at(band)
            });
        }
        self.marks.push(Mark {
            rect: codec_growth(before_codec, self.frames, self.facts),
            before_codec,
            ..mark
        });
    }

    /// Masks whole what would stay but is cut by masks: nobody can read it any more, and what is left of its letters reads
    /// as something else in the next search, which would eat it away bit by bit.
    fn take_cut(&mut self, looked: &Looked, stands: &[Stand], keeps: &[Rect], beside: &[Looked]) {
        let frame = looked.frame;
        for finding in &looked.found {
            for verdict in &finding.verdicts {
                let text = finding.text_rect(verdict);
                if verdict.action == Action::Mask || !self.is_cut(frame, &text) {
                    continue;
                }
                for raw in finding.rects(verdict) {
                    let mark = Mark {
                        reason: CUT.into(),
                        confidence: verdict.confidence,
                        text: Some(finding.text(verdict)).filter(|t| !t.is_empty()),
                        frames: self.scope(frame, finding, &raw, beside),
                        view: finding.view.clone(),
                        ..Mark::at(needed(finding, raw, keeps))
                    };
                    self.mark_unless_covered(frame, mark, keeps);
                }
            }
        }
        for stand in stands {
            if !self.is_cut(frame, &stand.rect) {
                continue;
            }
            for raw in &stand.cover {
                let mark = Mark {
                    reason: CUT.into(),
                    confidence: stand.confidence,
                    text: Some(stand.text.clone()).filter(|t| !t.is_empty()),
                    frames: self.scope_of_lasting(frame),
                    view: stand.view.clone(),
                    ..Mark::at(*raw)
                };
                self.mark_unless_covered(frame, mark, keeps);
            }
        }
    }

    /// Whether masks hide most of a text in a frame.
    fn is_cut(&self, frame: u32, text: &Rect) -> bool {
        let wanted: Vec<Rect> = self
            .marks
            .iter()
            .filter(|m| m.applies_to(frame))
            .map(|m| m.before_codec.intersect(text))
            .collect();
        union_area(&wanted) * CUT_WHOLE > text.area()
    }

    fn mark_unless_covered(&mut self, frame: u32, mark: Mark, keeps: &[Rect]) {
        if !covered(&mark.rect, &self.masks(frame)) {
            self.mark(mark, keeps);
        }
    }

    /// In which frames a mark applies: `None` for all.
    fn scope(
        &self,
        frame: u32,
        finding: &Finding,
        raw: &Rect,
        beside: &[Looked],
    ) -> Option<BTreeSet<u32>> {
        let n = self.frames.count();
        let fleeting = finding.line.strength < Strength::Strong && finding.reading.chars.is_empty();
        let lasting = self.scope_of_lasting(frame);
        if n == 1 || lasting.is_some() || !fleeting {
            return lasting;
        }
        let shows = |l: &&Looked| {
            let mut covers = l.found.iter().flat_map(|f| &f.line.cover);
            covers.any(|c| same_place(c, raw))
        };
        if beside.iter().filter(shows).count() >= 3.max(beside.len() / 5) {
            return None;
        }
        Some(
            self.equal_frames(frame)
                .flat_map(|i| i.saturating_sub(1)..=(i + 1).min(n - 1))
                .collect(),
        )
    }

    /// In which frames a mark on what lasts applies.
    fn scope_of_lasting(&self, frame: u32) -> Option<BTreeSet<u32>> {
        let alone = self.frames.count() > 1 && !self.spread.cine_union;
        alone.then(|| self.equal_frames(frame).collect())
    }
}
