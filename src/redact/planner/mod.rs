//! From findings to the masks of every frame: the union over a loop, and the fixed point.
//!
//! Key frames are searched first, as they are. From then on frames are searched *with the masks that are known so far*,
//! so that one search of a frame serves both to find what is new in it and to prove that its masked picture shows
//! nothing that a keep rule does not cover (a mask's own edges can look like text). A frame is searched again only when
//! its masks have changed. Frames of equal content and equal masks are searched once.

mod items;
mod mark;

use super::bands;
use super::finding::Finding;
use super::frames::{Frames, Hash, contents, device_fault, frames_at_once};
use super::growth::Spread;
use super::pictures::Shown;
use super::search::Searcher;
use super::standing::{Stand, Standing, Stands, reads_remains, standing};
use crate::facts::Facts;
use crate::geometry::Rect;
use crate::mask::{self, Extremes};
use crate::outcome::{Reason, Refusal};
use crate::plan::{Fill, Origin, PlanItem};
use mark::{Mark, codec_growth};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap, HashSet};

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

/// What searches have shown: the masks with which frames were searched, so that a frame that is what it was outside them
/// and the fill inside was searched; and the text that stands in each frame, whatever is masked beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Searched {
    masks: BTreeMap<u32, Vec<Rect>>,
    stands: BTreeMap<u32, Stands>,
}

impl Searched {
    /// Whether a frame was searched with exactly these masks.
    pub fn holds(&self, frame: u32, mut masks: Vec<Rect>) -> bool {
        masks.sort_unstable();
        masks.dedup();
        self.masks.get(&frame).is_some_and(|m| *m == masks)
    }

    /// The text that stands in a frame.
    pub fn stands(&self, frame: u32) -> Stands {
        self.stands.get(&frame).cloned().unwrap_or_default()
    }

    /// The same, where masks leave other pictures than those that were searched.
    pub fn masked_otherwise(mut self) -> Searched {
        self.masks.clear();
        self
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
    stands: Stands,
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
            let stands = Stands {
                own: self.stands(frame),
                alike: alike.clone(),
            };
            let texts = stands.all();
            let rests = |f: &&Finding| !reads_remains(f, &texts, &shown.masks);
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

    /// The text of a searched frame that stands from its first search.
    fn stands(&self, frame: u32) -> Vec<Stand> {
        let digest = &self.contents[frame as usize];
        self.seen.get(digest).cloned().unwrap_or_default()
    }

    /// The frames of the same content.
    fn equal_frames(&self, frame: u32) -> impl Iterator<Item = u32> + '_ {
        let digest = self.contents[frame as usize];
        (0..self.frames.count()).filter(move |&k| self.contents[k as usize] == digest)
    }
}

#[cfg(test)]
mod tests;
