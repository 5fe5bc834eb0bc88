//! Text that neither lies nor stands: found in copies of the picture turned by an eighth, read there, and where it is off
//! by half as much again, read along its own direction, or looked for in a copy turned to that.

use super::evidence::{Evidence, WORD_CONFIDENCE, evidence};
use super::finding::Finding;
use super::search::{SAME_LINE_PERCENT, Searcher};
use super::slant::{Slant, Turn, straightened};
use crate::detect::{self, TextMap};
use crate::error::Result;
use crate::frame::{Frame, Gray};
use crate::geometry::{Rect, union_area};
use crate::line::{Reading, Strength, TextLine};
use crate::views::{View, views};
use rayon::prelude::*;

/// What the view of a turned copy is called.
const NAME: &str = "slanted";

/// Share of a line of a direction between (percent) that must lie in known lines: what is left of a line shows the rest of it.
const KNOWN_PERCENT: u64 = 95;
/// Fewest strips that show the direction of a line.
const DIRECTED_STRIPS: usize = 3;

/// A copy in which a direction lies level, and the lines that lie level in it.
struct Level {
    slant: Slant,
    view: View,
    lines: Vec<TextLine>,
}

impl Searcher<'_> {
    /// Adds what is found aslant in the view that a person sees first, where nothing is known yet: in copies turned by an
    /// eighth, and where lines there or in the picture itself run in a direction between, in copies turned to that.
    pub fn add_slanted(&self, frame: &Frame, found: &mut Vec<Finding>) -> Result<()> {
        let views = views(frame, self.display);
        let Some(first) = views.first() else {
            return Ok(());
        };
        let known = found.len();
        let straight = |x: i64, y: i64| (x, y);
        let mut ways: Vec<(i64, i64)> = (found.iter())
            .filter_map(|f| way(&f.line, straight))
            .collect();
        let mut new: Vec<Finding> = Vec::new();
        for level in self.level(&first.picture, &Turn::EIGHTHS)? {
            let back = |x, y| level.slant.source(x, y);
            ways.extend(level.lines.iter().filter_map(|l| way(l, back)));
            new.extend(level.read(|l| self.read_aslant(l, &level.view)));
        }
        add_unknown(found, new, SAME_LINE_PERCENT);
        let mut between = Turn::BETWEEN.to_vec();
        between.retain(|turn| ways.iter().any(|way| turn.is_along(*way)));
        let mut new: Vec<Finding> = Vec::new();
        for level in self.level(&first.picture, &between)? {
            new.extend(level.read(|l| self.read_level(l, &level.view)));
        }
        add_unknown(found, new, KNOWN_PERCENT);
        let mut aslant = found.split_off(known);
        self.decide(&mut aslant);
        found.append(&mut aslant);
        Ok(())
    }

    /// The copies of a picture in which these directions lie level.
    fn level(&self, picture: &Gray, turns: &[Turn]) -> Result<Vec<Level>> {
        let turned: Vec<(Slant, Gray)> = turns.iter().map(|t| Slant::of(picture, *t)).collect();
        let pictures: Vec<&Gray> = turned.iter().map(|(_, copy)| copy).collect();
        let maps = self.detector.maps(&pictures, detect::LEVELS)?;
        let level = |((slant, copy), map): ((Slant, Gray), &TextMap)| {
            let mut lines = detect::find_lines(map, &copy, &self.memory.glyphs);
            // What is vertical in a copy lies in another one.
            lines.retain(|l| l.tight.w > l.tight.h && slant.holds(&l.tight));
            lines.retain(|l| l.strength >= Strength::Likely);
            Level {
                slant,
                lines,
                view: View {
                    name: NAME.into(),
                    origin: (0, 0),
                    picture: copy,
                },
            }
        };
        Ok(turned.into_iter().zip(&maps).map(level).collect())
    }

    /// What a line of a turned copy is as it lies, if it is read well enough to be text.
    fn read_level(&self, line: &TextLine, view: &View) -> Vec<Finding> {
        let mut level = match line.cover.len() {
            1 => self.read(line, view),
            _ => Vec::new(),
        };
        level.retain(|f| evidence(f) == Evidence::Good);
        level
    }

    /// What a line of a turned copy is, if it is read well enough to be text: as it lies, or else along the directions
    /// between those that the network knows.
    fn read_aslant(&self, line: &TextLine, view: &View) -> Vec<Finding> {
        let level = self.read_level(line, view);
        if !level.is_empty() {
            return level;
        }
        let tilted = Turn::TILTS.into_iter().filter_map(|tilt| {
            let (picture, tight) = straightened(&view.picture, &line.tight, tilt)?;
            let straight = TextLine {
                tight,
                cover: vec![tight],
                strength: line.strength,
            };
            let mut reading = self.reader.read(&picture, &straight);
            for c in &mut reading.chars {
                c.rect = line.tight;
            }
            Some(reading)
        });
        let best: Option<Reading> = tilted.max_by_key(|r| r.confidence);
        best.filter(|r| r.confidence >= WORD_CONFIDENCE)
            .map(|reading| Finding::aside(line.clone(), NAME, reading))
            .filter(|f| evidence(f) == Evidence::Good)
            .into_iter()
            .collect()
    }
}

impl Level {
    /// What is read of the lines, in coordinates of the frame.
    fn read(&self, read: impl Fn(&TextLine) -> Vec<Finding> + Sync + Send) -> Vec<Finding> {
        let read: Vec<Finding> = self.lines.par_iter().flat_map_iter(read).collect();
        read.into_iter()
            .map(|f| f.turned_back(&self.slant))
            .collect()
    }
}

/// The way from the first strip of a slanted line to its last, led back to the frame; `None` of a line without a direction.
fn way(line: &TextLine, back: impl Fn(i64, i64) -> (i64, i64)) -> Option<(i64, i64)> {
    let [first, .., last] = line.cover.as_slice() else {
        return None;
    };
    let [from, to] =
        [first, last].map(|r| back(i64::from(r.x + r.w / 2), i64::from(r.y + r.h / 2)));
    (line.cover.len() >= DIRECTED_STRIPS).then_some((to.0 - from.0, to.1 - from.1))
}

/// Adds what does not lie in known lines by so many percent of its cover.
fn add_unknown(found: &mut Vec<Finding>, mut new: Vec<Finding>, percent: u64) {
    new.retain(|f| {
        let known = |c: &Rect| {
            let covers = found.iter().flat_map(|k| &k.line.cover);
            let inside: Vec<Rect> = covers.map(|k| k.intersect(c)).collect();
            union_area(&inside)
        };
        let cover = &f.line.cover;
        let shared: u64 = cover.iter().map(known).sum();
        shared * 100 < cover.iter().map(Rect::area).sum::<u64>() * percent
    });
    found.append(&mut new);
}
