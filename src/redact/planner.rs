//! From findings to the masks of every frame: the union over a loop, and the fixed point.
//!
//! Key frames are searched first, as they are. From then on frames are searched *with the masks that are known so far*,
//! so that one search of a frame serves both to find what is new in it and to prove that its masked picture shows
//! nothing that a keep rule does not cover (a mask's own edges can look like text). A frame is searched again only when
//! its masks have changed. Frames of equal content and equal masks are searched once.

use super::bands;
use super::equipment::KEPT;
use super::finding::Finding;
use super::frames::{Frames, Hash, contents, device_fault, frames_at_once, ranges};
use super::growth::{Spread, covered, needed, same_place};
use super::search::{Searcher, Shown};
use super::standing::{Stand, Standing, is_doubt, reads_remains, standing};
use crate::facts::Facts;
use crate::geometry::{Rect, union_area};
use crate::line::Strength;
use crate::mask::{self, Extremes};
use crate::outcome::{Reason, Refusal};
use crate::phi::Verdict;
use crate::plan::{Action, Carrier, Fill, Origin, PlanItem, Shape};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Rounds in which boxes may be added after the first search.
const MAX_ROUNDS: usize = 3;
/// Further rounds, for pictures in which each mask leaves something that looks like text beside it: what they find is
/// masked with four times the margin of the round before, until nothing is left there.
const WIDE_ROUNDS: usize = 3;
/// Frames in the first batch of a round; each further batch is twice as large. What a loop shows beside its key frames
/// mostly shows in its first frames.
const FIRST_BATCH: usize = 4;
/// Key frames that are searched for slanted text as well.
const SLANTED_LOOKS: usize = 2;
/// A loop of up to this many frames has only key frames.
const FEW_FRAMES: u32 = 4;
/// One key frame for this many frames.
const FRAMES_PER_KEY: u32 = 16;

/// Text that loses more than one part in this many to masks is no longer there to be read.
const CUT_SHARE: u64 = 5;
/// Text that loses more than one part in this many goes whole; what loses less mostly still reads as itself.
const CUT_WHOLE: u64 = 2;
/// Why such text goes.
const CUT: &str = "cut-by-mask";
/// Confidence with which a kept marker must have been read for its loss to be missed; as in `phi`.
const MARKER_READ: u16 = 700;

/// A mask to be.
#[derive(Clone, Debug)]
struct Mark {
    rect: Rect,
    before_codec: Rect,
    reason: String,
    origin: Origin,
    confidence: u16,
    text: Option<String>,
    /// `None` for every frame.
    frames: Option<BTreeSet<u32>>,
    /// Name of the view in which it was found; empty for what no search asked for.
    view: String,
}

impl Mark {
    /// A mask of a rule in every frame, without a reason yet.
    fn at(rect: Rect) -> Mark {
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

    fn applies_to(&self, frame: u32) -> bool {
        self.frames.as_ref().is_none_or(|f| f.contains(&frame))
    }
}

/// The fixed point: what is masked and kept in every frame, and which masked pictures were searched.
#[derive(Debug)]
pub struct FixedPoint {
    /// Items for the plan, sorted.
    pub items: Vec<PlanItem>,
    /// What masked samples become.
    pub fill: Fill,
    /// The masked frames in which the last search found nothing but kept text.
    pub searched: Searched,
    /// Whether a laterality or orientation marker had to go.
    pub laterality_lost: bool,
    /// Frame searches that were made.
    pub searches: usize,
    /// In which view each masked place was found, by its rectangle before codec growth; for review, not for the plan.
    pub seen_in: Vec<(Rect, String)>,
}

/// The masks with which frames were searched: a frame that is what it was outside them and the fill inside was searched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Searched(BTreeMap<u32, Vec<Rect>>);

impl Searched {
    /// Whether a frame was searched with exactly these masks.
    pub fn holds(&self, frame: u32, mut masks: Vec<Rect>) -> bool {
        masks.sort_unstable();
        masks.dedup();
        self.0.get(&frame).is_some_and(|m| *m == masks)
    }
}

/// Plans the masks of an object's Pixel Data. `always` are rectangles that are masked in every frame (templates).
pub fn fixed_point(
    frames: &dyn Frames,
    facts: &Facts,
    searcher: &Searcher<'_>,
    spread: Spread,
    always: &[(Rect, String)],
) -> Result<FixedPoint, Refusal> {
    let mut planner = Planner::new(frames, facts, spread, always)?;
    let keys = planner.key_frames();
    let unmasked = planner.search(searcher, &keys, None)?;
    for looked in &unmasked {
        planner.take(looked, &unmasked);
    }
    let mut extremes = None;
    for &key in &keys {
        if facts.format.samples_per_pixel == 1 {
            extremes = Extremes::merge(
                extremes,
                Extremes::outside(&frames.frame(key)?, &planner.masks(key)),
            );
        }
    }
    let fill = frames
        .fill()
        .unwrap_or_else(|| mask::choose_fill(facts, extremes));
    planner.settle(searcher, &fill)?;
    Ok(planner.finish(fill))
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
fn codec_growth(rect: Rect, frames: &dyn Frames, facts: &Facts) -> Rect {
    let (w, h) = frames.unit();
    let pairs = mask::codec_growth(rect, &facts.format);
    pairs.snap(w, h, facts.format.cols, facts.format.rows)
}

/// A frame's content and its masks.
type State = (Hash, Vec<Rect>);

/// A frame that was searched.
struct Looked {
    frame: u32,
    /// Masks that were in it.
    masks: Vec<Rect>,
    found: Vec<Finding>,
    /// Whether its content had not been searched before.
    first: bool,
    /// Text of other frames that stands here as well, because the samples are the same.
    alike: Vec<Stand>,
}

/// What the last search of a state has left.
struct Done {
    /// What it found to be kept.
    kept: Vec<Finding>,
    /// Text that stands.
    stands: Vec<Stand>,
}

struct Planner<'a> {
    frames: &'a dyn Frames,
    facts: &'a Facts,
    spread: Spread,
    /// What is equal in equal frames.
    contents: Vec<Hash>,
    marks: Vec<Mark>,
    /// Bands that go as a whole with their first line.
    bands: Vec<Rect>,
    /// Searched states.
    done: BTreeMap<State, Done>,
    laterality_lost: bool,
    /// Contents that were searched before, with the text in them that stands.
    seen: HashMap<Hash, Vec<Stand>>,
    /// The same text, to be known again in other frames.
    standing: Standing,
    /// Side and position markers that stay, where they were first seen, with a frame that shows them.
    markers: Vec<(u32, Rect)>,
    searches: usize,
}

impl<'a> Planner<'a> {
    fn new(
        frames: &'a dyn Frames,
        facts: &'a Facts,
        spread: Spread,
        always: &[(Rect, String)],
    ) -> Result<Self, Refusal> {
        let marks = always
            .iter()
            .map(|(rect, reason)| Mark {
                rect: codec_growth(*rect, frames, facts),
                reason: reason.clone(),
                origin: Origin::Template,
                ..Mark::at(*rect)
            })
            .collect();
        Ok(Planner {
            frames,
            facts,
            spread,
            contents: contents(frames)?,
            marks,
            bands: if spread.whole_bands {
                bands::bands(facts)
            } else {
                Vec::new()
            },
            done: BTreeMap::new(),
            laterality_lost: false,
            seen: HashMap::new(),
            standing: Standing::default(),
            markers: Vec::new(),
            searches: 0,
        })
    }

    /// Frames that are searched as they are: all of a short loop, else spread evenly; one of each content.
    fn key_frames(&self) -> Vec<u32> {
        let n = self.frames.count();
        let wanted = if n <= FEW_FRAMES {
            n
        } else {
            n.div_ceil(FRAMES_PER_KEY).max(3)
        };
        let picked = (0..wanted).map(|k| {
            if wanted < 2 {
                0
            } else {
                (u64::from(k) * u64::from(n - 1) / u64::from(wanted - 1)) as u32
            }
        });
        let mut seen = HashSet::new();
        picked
            .filter(|&i| {
                self.contents
                    .get(i as usize)
                    .is_some_and(|d| seen.insert(*d))
            })
            .collect()
    }

    fn masks(&self, frame: u32) -> Vec<Rect> {
        let mut masks: Vec<Rect> = self
            .marks
            .iter()
            .filter(|m| m.applies_to(frame))
            .map(|m| m.rect)
            .collect();
        masks.sort_unstable();
        masks.dedup();
        masks
    }

    /// Where a finding needs no mask of its own. As long as frames are searched as they are, what a codec's units add to
    /// masks does not count: a line that they happen to hide is a line all the same, with its reason in the plan.
    fn accounted(&self, frame: u32) -> Vec<Rect> {
        if !self.done.is_empty() {
            return self.masks(frame);
        }
        let marks = self.marks.iter().filter(|m| m.applies_to(frame));
        marks.map(|m| m.before_codec).collect()
    }

    /// Searches frames side by side, with their masks filled in where a fill is given.
    fn search(
        &mut self,
        searcher: &Searcher<'_>,
        which: &[u32],
        fill: Option<&Fill>,
    ) -> Result<Vec<Looked>, Refusal> {
        let mut results = Vec::with_capacity(which.len());
        for block in which.chunks(frames_at_once(self.facts)) {
            let alone = self.frames.count() <= FEW_FRAMES;
            let prepare = |&i: &u32| match fill {
                Some(fill) => {
                    let shown = self.frames.shown(i, self.masks(i), fill)?;
                    Ok(if alone { shown } else { shown.near() })
                }
                None => self.frames.frame(i).map(Shown::as_it_is),
            };
            let frames: Vec<Shown> = block.par_iter().map(prepare).collect::<Result<_, _>>()?;
            let mut found = searcher.frames(&frames).map_err(device_fault)?;
            if fill.is_none() {
                let step = which.len().div_ceil(SLANTED_LOOKS);
                let looks = frames.iter().zip(&mut found).zip(results.len()..);
                for (shown, found) in looks.filter(|(_, i)| i % step == 0).map(|(l, _)| l) {
                    searcher
                        .add_slanted(&shown.frame, found)
                        .map_err(device_fault)?;
                }
            }
            for ((&frame, shown), found) in block.iter().zip(frames).zip(found) {
                results.push(self.looked(frame, shown, fill.is_some(), found));
            }
        }
        self.searches += results.len();
        Ok(results)
    }

    /// Keeps of a search what later ones need to know. `masked`: with the masks of the time, and not as the frame is.
    fn looked(&mut self, frame: u32, shown: Shown, masked: bool, found: Vec<Finding>) -> Looked {
        let digest = self.contents[frame as usize];
        let alike = self.standing.shown_in(&shown.frame, &shown.masks);
        let first = !self.seen.contains_key(&digest);
        if first {
            let texts = standing(&found);
            self.standing.add(&shown.frame, &shown.masks, &texts);
            self.seen.insert(digest, texts);
        }
        if masked {
            let mut stands = self.stands(frame);
            let own: Vec<Rect> = stands.iter().map(|s| s.rect).collect();
            let free = |a: &&Stand| !own.iter().any(|o| o.overlaps(&a.rect));
            stands.extend(alike.iter().filter(free).cloned());
            let rests = |f: &&Finding| !reads_remains(f, &stands, &shown.masks);
            let done = Done {
                kept: found
                    .iter()
                    .filter(|f| f.is_kept())
                    .filter(rests)
                    .cloned()
                    .collect(),
                stands,
            };
            self.done.insert((digest, shown.masks.clone()), done);
        }
        Looked {
            frame,
            masks: shown.masks,
            found,
            first,
            alike,
        }
    }

    /// Searches masked frames until none shows anything new. What a batch of frames brings is masked before the next batch
    /// is searched, so that most frames are searched once only, with all their masks.
    fn settle(&mut self, searcher: &Searcher<'_>, fill: &Fill) -> Result<(), Refusal> {
        let margin = self.spread.margin_px;
        for round in 0..=MAX_ROUNDS + WIDE_ROUNDS {
            if round > MAX_ROUNDS {
                self.spread.margin_px = margin.max(1) << (2 * (round - MAX_ROUNDS));
            }
            let before = self.marks.len();
            let mut found: Vec<Looked> = Vec::new();
            let mut rest: Vec<u32> = (0..self.frames.count()).collect();
            let mut size = FIRST_BATCH;
            while !rest.is_empty() {
                let todo = self.next_unsearched(&mut rest, size.min(frames_at_once(self.facts)));
                size *= 2;
                let first_new = found.len();
                found.extend(self.search(searcher, &todo, Some(fill))?);
                for looked in &found[first_new..] {
                    self.take(looked, &found);
                }
            }
            if self.marks.len() == before {
                return Ok(());
            }
        }
        Err(Refusal::new(
            Reason::PlanUnstable,
            format!("{} masks and no end", self.marks.len()),
        ))
    }

    /// Takes up to `size` frames off `rest` that were not yet searched with their present masks, one of each state.
    fn next_unsearched(&self, rest: &mut Vec<u32>, size: usize) -> Vec<u32> {
        let mut states = HashSet::new();
        let mut batch = Vec::new();
        let mut passed = 0;
        for &i in rest.iter() {
            if batch.len() == size {
                break;
            }
            passed += 1;
            let state = (self.contents[i as usize], self.masks(i));
            if !self.done.contains_key(&state) && states.insert(state) {
                batch.push(i);
            }
        }
        rest.drain(..passed);
        batch
    }

    /// Adds what a search asks to mask and what the present masks do not already cover.
    fn take(&mut self, looked: &Looked, beside: &[Looked]) {
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
        for finding in found {
            let remains = |stands: &[Stand]| reads_remains(finding, stands, &looked.masks);
            let (own, alike) = (!looked.first && remains(&stands), remains(&looked.alike));
            for verdict in &finding.verdicts {
                if verdict.action == Action::Keep || own || (alike && is_doubt(verdict)) {
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

    /// The text of a searched frame that stands from its first search.
    fn stands(&self, frame: u32) -> Vec<Stand> {
        let digest = &self.contents[frame as usize];
        self.seen.get(digest).cloned().unwrap_or_default()
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

    /// The frames of the same content.
    fn equal_frames(&self, frame: u32) -> impl Iterator<Item = u32> + '_ {
        let digest = self.contents[frame as usize];
        (0..self.frames.count()).filter(move |&k| self.contents[k as usize] == digest)
    }

    /// Items, sorted and joined over frames.
    fn finish(mut self, fill: Fill) -> FixedPoint {
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
            searched.0.insert(i, masks.clone());
            let stands = done.stands.iter();
            let stands = stands.map(|s| (s.rect, s.reason.clone(), s.confidence, s.text.clone()));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Policy, Sensitivity};
    use crate::detect::{Detector, Levels, TextMap};
    use crate::frame::{Display, Frame, Gray, PixelFormat};
    use crate::line::{Orientation, ReadChar, Reading, TextLine};
    use crate::ocr::Reader;
    use crate::phi::Decider;
    use crate::testing::facts;
    use sha2::{Digest, Sha256};

    /// Takes every bright cell for text; with `restless`, also a cell that moves with every call.
    struct Bright {
        restless: Option<std::sync::atomic::AtomicU32>,
    }

    impl Detector for Bright {
        fn device(&self) -> String {
            "test".into()
        }

        fn maps(&self, pictures: &[&Gray], _: Levels) -> crate::error::Result<Vec<TextMap>> {
            let one = |p: &&Gray| {
                let (width, height) = (p.width.div_ceil(16) * 8, p.height.div_ceil(16) * 8);
                let mut cells = vec![0u8; (width * height) as usize];
                for y in 0..p.height {
                    for x in 0..p.width {
                        if p.at(x, y) >= 200 {
                            cells[(y / 2 * width + x / 2) as usize] = 15;
                        }
                    }
                }
                if let Some(calls) = &self.restless {
                    let call = calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    for i in 0..6 {
                        cells[(4 * width + call * RESTLESS_STEP % (width - 6) + i) as usize] = 15;
                    }
                }
                TextMap {
                    width,
                    height,
                    cells,
                }
            };
            Ok(pictures.iter().map(one).collect())
        }
    }

    /// Reads one invented word everywhere.
    struct Word;

    impl Reader for Word {
        fn read(&self, _: &Gray, line: &TextLine) -> Reading {
            let t = line.tight;
            let chars = "Qwertz"
                .chars()
                .enumerate()
                .map(|(i, ch)| ReadChar {
                    ch,
                    rect: Rect::new(t.x + t.w * i as u32 / 6, t.y, t.w / 6, t.h),
                    confidence: 990,
                })
                .collect();
            Reading {
                chars,
                confidence: 990,
                orientation: Orientation::Upright,
            }
        }
    }

    struct Loop {
        frames: Vec<Frame>,
        unit: (u32, u32),
    }

    const FORMAT: PixelFormat = PixelFormat::grey8(64, 96);

    impl Loop {
        /// Frames of grey 30, each with its own speck and the bars given for it.
        fn new(count: u32, bars: impl Fn(u32) -> Vec<Rect>) -> Loop {
            let frame = |i: u32| {
                let mut frame = Frame {
                    format: FORMAT,
                    data: vec![30; 96 * 64],
                };
                frame.set_word(i % 96, 60, 0, u64::from(31 + i / 96));
                for bar in bars(i) {
                    mask::fill(&mut frame, &[bar], &Fill { words: [255; 3] });
                }
                frame
            };
            Loop {
                frames: (0..count).map(frame).collect(),
                unit: (1, 1),
            }
        }
    }

    impl Frames for Loop {
        fn count(&self) -> u32 {
            self.frames.len() as u32
        }

        fn frame(&self, index: u32) -> Result<Frame, Refusal> {
            Ok(self.frames[index as usize].clone())
        }

        fn digest(&self, index: u32) -> Result<Hash, Refusal> {
            Ok(Sha256::digest(&self.frames[index as usize].data).into())
        }

        fn unit(&self) -> (u32, u32) {
            self.unit
        }
    }

    /// Cells that the restless speck moves with every call: more than masks grow.
    const RESTLESS_STEP: u32 = 200;

    const BAR: Rect = Rect::new(20, 10, 40, 8);

    fn plan(frames: &Loop, union: bool, restless: bool) -> Result<FixedPoint, Refusal> {
        let detector = Bright {
            restless: restless.then(Default::default),
        };
        let decider = Decider::new(Policy::SafeList, Sensitivity::Normal, &[], &[]);
        let object = decider.for_object(&[]);
        // One window that shows stored values as they are, so that grey 30 stays dark.
        let display = Display {
            slope: 1.0,
            windows: vec![crate::frame::Window {
                center: 128.0,
                width: 256.0,
            }],
            ..Display::default()
        };
        let searcher = Searcher {
            detector: &detector,
            reader: &Word,
            decider: &object,
            display: &display,
            sensitivity: Sensitivity::Normal,
            spared: Vec::new(),
        };
        let spread = Spread {
            margin_px: 2,
            grid_px: 8,
            cine_union: union,
            whole_bands: false,
        };
        fixed_point(
            frames,
            &facts(frames.frames[0].format, frames.count()),
            &searcher,
            spread,
            &[],
        )
    }

    fn masked_frames(point: &FixedPoint) -> BTreeSet<u32> {
        point
            .items
            .iter()
            .filter(|i| i.action == Action::Mask)
            .flat_map(|i| i.frames.0..=i.frames.1)
            .collect()
    }

    #[test]
    fn a_still_is_masked_with_its_background_and_its_masked_picture_was_searched() {
        let still = Loop::new(1, |_| vec![BAR]);
        let point = plan(&still, true, false).unwrap();
        let masks: Vec<Rect> = point.items.iter().map(|i| i.rect).collect();
        assert!(masks.iter().any(|m| m.contains(&BAR)), "{masks:?}");
        assert_eq!(point.fill.words[0], 30);
        assert!(point.searched.holds(0, masks.clone()));
        assert!(!point.searched.holds(0, masks[1..].to_vec()));
    }

    #[test]
    fn a_line_that_the_units_of_another_hide_is_in_the_plan_all_the_same() {
        let below = Rect::new(20, 23, 40, 8);
        let mut still = Loop::new(1, |_| vec![BAR, below]);
        still.unit = (64, 32);
        let point = plan(&still, true, false).unwrap();
        let shown = |line: &Rect| {
            let masks = point.items.iter().filter(|i| i.action == Action::Mask);
            masks.map(|i| i.before_codec).any(|b| b.contains(line))
        };
        assert!(shown(&BAR) && shown(&below), "{:?}", point.items);
    }

    #[test]
    fn static_text_costs_one_search_a_frame_beside_the_key_frames() {
        let point = plan(&Loop::new(48, |_| vec![BAR]), true, false).unwrap();
        assert_eq!(masked_frames(&point).len(), 48);
        assert!(point.searches <= 48 + 4, "{}", point.searches);
    }

    #[test]
    fn equal_frames_are_searched_once() {
        let mut same = Loop::new(1, |_| vec![BAR]);
        same.frames = vec![same.frames[0].clone(); 40];
        assert_eq!(plan(&same, true, false).unwrap().searches, 2);
    }

    #[test]
    fn text_in_one_frame_masks_its_place_in_the_whole_loop_or_there_alone() {
        let frames = Loop::new(40, |i| if i == 7 { vec![BAR] } else { vec![] });
        assert_eq!(
            masked_frames(&plan(&frames, true, false).unwrap()).len(),
            40
        );
        assert_eq!(
            masked_frames(&plan(&frames, false, false).unwrap()),
            BTreeSet::from([7])
        );
    }

    #[test]
    fn findings_that_never_end_are_refused() {
        let mut wide = Loop::new(1, |_| vec![]);
        wide.frames[0].format.cols = 8192;
        wide.frames[0].data = vec![30; 8192 * 64];
        let refusal = plan(&wide, true, true).unwrap_err();
        assert_eq!(refusal.reason, Reason::PlanUnstable);
    }
}
