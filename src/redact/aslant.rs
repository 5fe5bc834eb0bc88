//! Text that neither lies nor stands: found in copies of the picture turned by an eighth, read there, and where it is off
//! by half as much again, read along its own direction.

use super::evidence::{Evidence, WORD_CONFIDENCE, evidence};
use super::finding::Finding;
use super::search::{SAME_LINE_PERCENT, Searcher};
use super::slant::{Slant, Turn, straightened};
use crate::detect;
use crate::error::Result;
use crate::frame::{Frame, Gray};
use crate::line::{Reading, Strength, TextLine};
use crate::views::{View, views};
use rayon::prelude::*;

/// What the view of a turned copy is called.
const NAME: &str = "slanted";

impl Searcher<'_> {
    /// Adds what is found aslant in the view that a person sees first, where nothing is known yet.
    pub fn add_slanted(&self, frame: &Frame, found: &mut Vec<Finding>) -> Result<()> {
        let views = views(frame, self.display);
        let Some(first) = views.first() else {
            return Ok(());
        };
        let turned = Turn::BOTH.map(|turn| Slant::of(&first.picture, turn));
        let pictures: Vec<&Gray> = turned.iter().map(|(_, copy)| copy).collect();
        let maps = self.detector.maps(&pictures, detect::LEVELS)?;
        let mut new: Vec<Finding> = Vec::new();
        for ((slant, copy), map) in turned.into_iter().zip(&maps) {
            let lines: Vec<TextLine> = detect::find_lines(map, &copy, &self.memory.glyphs)
                .into_iter()
                // What is vertical in the copy lies in the other one.
                .filter(|l| l.tight.w > l.tight.h && slant.holds(&l.tight))
                .filter(|l| l.strength >= Strength::Likely)
                .collect();
            let view = View {
                name: NAME.into(),
                origin: (0, 0),
                picture: copy,
            };
            let read: Vec<Finding> = lines
                .par_iter()
                .flat_map_iter(|l| self.read_aslant(l, &view))
                .collect();
            new.extend(read.into_iter().map(|f| f.turned_back(&slant)));
        }
        new.retain(|f| {
            let known = found.iter().flat_map(|k| &k.line.cover);
            let covers = f.line.cover.iter().map(|c| c.area()).sum::<u64>();
            let shared: u64 = known
                .map(|k| {
                    f.line
                        .cover
                        .iter()
                        .map(|c| c.intersect(k).area())
                        .sum::<u64>()
                })
                .sum();
            shared * 100 < covers * SAME_LINE_PERCENT
        });
        self.decide(&mut new);
        found.append(&mut new);
        Ok(())
    }

    /// What a line of a turned copy is, if it is read well enough to be text: as it lies, or else along the directions
    /// between those that the network knows.
    fn read_aslant(&self, line: &TextLine, view: &View) -> Vec<Finding> {
        let mut level = match line.cover.len() {
            1 => self.read(line, view),
            _ => Vec::new(),
        };
        level.retain(|f| evidence(f) == Evidence::Good);
        if !level.is_empty() {
            return level;
        }
        let tilted = Turn::BOTH.into_iter().filter_map(|turn| {
            let (picture, tight) = straightened(&view.picture, &line.tight, turn)?;
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
