//! Annotations of presentation states under the option `clean-graphics`: lines that spell something go.
//!
//! Takes the lines of each item; says which items lose theirs, and why. Lines that share a layer are drawn together, and
//! each item alone, at several sizes, and searched like a frame. A picture of lines has no size of its own, so the sizes
//! are those at which the whole of it, or a tenth of it, has letters as the detector knows them. Layers with more points
//! than a few arrows and outlines need go unseen. Texts are the header's.

use super::Engine;
use super::frames::device_fault;
use super::planned::says_nothing;
use super::search::Searcher;
use crate::dicom::{Annotation, HeaderObject};
use crate::facts::Identity;
use crate::frame::{Display, Frame, PixelFormat};
use crate::outcome::Refusal;
use crate::plan::{Action, CarrierAction};
use std::collections::BTreeMap;

/// Longer side of the pictures, px.
const SIDES_PX: [u32; 4] = [160, 400, 1000, 2000];
/// Free pixels around the lines.
const BORDER_PX: u32 = 24;
/// Width of a line, px.
const PEN_PX: i64 = 2;
/// Most points of a layer. Letters of straight strokes take three points or more, so no more than some words can be drawn
/// with these, and words that are all there is have the size at which they are looked for.
const MOST_POINTS: usize = 64;

/// Lines that were found to spell something, cannot be shown, or are too many.
const TEXT: &str = "text";
const OPAQUE: &str = "opaque";
const COMPLEX: &str = "complex";

/// What becomes of the annotations of an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Annotations {
    all: Vec<Annotation>,
    /// Items that lose their lines, by number, and why.
    dropped: BTreeMap<usize, &'static str>,
}

impl Annotations {
    /// Items that lose their lines, by number.
    pub fn dropped(&self) -> Vec<usize> {
        self.dropped.keys().copied().collect()
    }

    /// Whether there are no annotations.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether there are annotations, and none lost anything.
    pub fn whole(&self) -> bool {
        !self.all.is_empty() && self.dropped.is_empty()
    }

    /// For the report.
    pub fn actions(&self) -> Vec<CarrierAction> {
        let row = |action: &str, count: usize, reason: Option<&str>| CarrierAction {
            kind: "annotation".into(),
            count: count as u32,
            action: action.into(),
            reason: reason.map(str::to_owned),
        };
        let mut rows = Vec::new();
        let kept = self.all.len() - self.dropped.len();
        if kept > 0 {
            rows.push(row("kept", kept, None));
        }
        for reason in [COMPLEX, OPAQUE, TEXT] {
            let count = self.dropped.values().filter(|r| **r == reason).count();
            if count > 0 {
                rows.push(row("removed", count, Some(reason)));
            }
        }
        rows
    }

    /// Whether what stayed in a written object is what was to stay: every line as it was, and nothing that would go.
    pub fn holds_in(&self, written: &Annotations) -> bool {
        let stays = self.all.iter().enumerate();
        let stays = stays.filter(|(i, a)| !self.dropped.contains_key(i) && !a.lines.is_empty());
        let there = written.all.iter().filter(|a| !a.lines.is_empty());
        written.dropped.is_empty() && stays.map(|(_, a)| &a.lines).eq(there.map(|a| &a.lines))
    }
}

impl Engine {
    /// Draws and searches the annotations of an object, knowing whom its header names.
    ///
    /// # Errors
    /// Faults of the device.
    pub(super) fn annotations(
        &self,
        object: &HeaderObject,
        identities: &[Identity],
    ) -> Result<Annotations, Refusal> {
        let all = object.annotations();
        let mut dropped = BTreeMap::new();
        let mut layers: BTreeMap<&(String, Vec<String>), Vec<usize>> = BTreeMap::new();
        for (i, a) in all.iter().enumerate() {
            if a.opaque {
                dropped.insert(i, OPAQUE);
            } else {
                layers.entry(&a.layer).or_default().push(i);
            }
        }
        let decider = self.decider.for_object(identities);
        let display = Display {
            slope: 1.0,
            ..Display::default()
        };
        let searcher = self.searcher_of_drawings(&decider, &self.reader, &display);
        for members in layers.values() {
            let points: usize = members
                .iter()
                .filter_map(|i| all.get(*i))
                .map(|a| a.points)
                .sum();
            if points > MOST_POINTS {
                dropped.extend(members.iter().map(|i| (*i, COMPLEX)));
                continue;
            }
            let together: Vec<&Annotation> = members.iter().filter_map(|i| all.get(*i)).collect();
            if reads(&searcher, &together)? {
                dropped.extend(members.iter().map(|i| (*i, TEXT)));
                continue;
            }
            // Far from the others an item may be too small in their picture.
            for i in members.iter().filter(|_| members.len() > 1) {
                let alone: Vec<&Annotation> = all.get(*i).into_iter().collect();
                if reads(&searcher, &alone)? {
                    dropped.insert(*i, TEXT);
                }
            }
        }
        Ok(Annotations { all, dropped })
    }
}

/// Whether anything is found in a picture of these lines that no rule keeps.
fn reads(searcher: &Searcher<'_>, items: &[&Annotation]) -> Result<bool, Refusal> {
    let lines: Vec<&[(f64, f64)]> = items
        .iter()
        .flat_map(|a| a.lines.iter().map(Vec::as_slice))
        .collect();
    let frames = SIDES_PX.iter().filter_map(|side| draw(&lines, *side));
    for frame in frames {
        let found = searcher.drawing(frame).map_err(device_fault)?;
        let goes = found
            .iter()
            .flat_map(|f| &f.verdicts)
            .any(|v| v.action == Action::Mask || says_nothing(&v.reason));
        if goes {
            return Ok(true);
        }
    }
    Ok(false)
}

/// White lines on black, as large as the longer side allows; `None` where there is nothing to draw.
fn draw(lines: &[&[(f64, f64)]], side: u32) -> Option<Frame> {
    let points = || lines.iter().flat_map(|l| l.iter());
    let low = |f: fn(&(f64, f64)) -> f64| points().map(f).fold(f64::MAX, f64::min);
    let high = |f: fn(&(f64, f64)) -> f64| points().map(f).fold(f64::MIN, f64::max);
    points().next()?;
    let (left, top) = (low(|p| p.0), low(|p| p.1));
    let (wide, tall) = (high(|p| p.0) - left, high(|p| p.1) - top);
    let longer = wide.max(tall);
    if longer <= 0.0 {
        return None;
    }
    let scale = f64::from(side - 2 * BORDER_PX) / longer;
    let extent = |v: f64| (v * scale) as u32 + 2 * BORDER_PX + PEN_PX as u32;
    let (cols, rows) = (extent(wide), extent(tall));
    let place = |p: &(f64, f64)| {
        let along = |v: f64| (v * scale).round() as i64 + i64::from(BORDER_PX);
        (along(p.0 - left), along(p.1 - top))
    };
    let mut data = vec![0; cols as usize * rows as usize];
    let mut dot = |x: i64, y: i64| {
        for (x, y) in (0..PEN_PX).flat_map(|dy| (0..PEN_PX).map(move |dx| (x + dx, y + dy))) {
            let inside = (0..i64::from(cols)).contains(&x) && (0..i64::from(rows)).contains(&y);
            let at = (y * i64::from(cols) + x) as usize;
            if let Some(v) = data.get_mut(at).filter(|_| inside) {
                *v = 255;
            }
        }
    };
    for line in lines {
        let placed: Vec<(i64, i64)> = line.iter().map(place).collect();
        if let [(x, y)] = placed.as_slice() {
            dot(*x, *y);
        }
        for pair in placed.windows(2) {
            let [(x0, y0), (x1, y1)] = pair else { continue };
            let steps = (x1 - x0).abs().max((y1 - y0).abs()).max(1);
            for i in 0..=steps {
                dot(x0 + (x1 - x0) * i / steps, y0 + (y1 - y0) * i / steps);
            }
        }
    }
    Some(Frame {
        format: PixelFormat::grey8(rows, cols),
        data,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_drawn_to_size_and_nothing_is_no_picture() {
        let square = [(10.0, 10.0), (30.0, 10.0), (30.0, 20.0), (10.0, 10.0)];
        let f = draw(&[&square], 160).unwrap();
        assert_eq!((f.format.cols, f.format.rows), (162, 106));
        let set = |x: u32, y: u32| f.value(x, y, 0) == 255;
        assert!(set(24, 24) && set(136, 24) && set(136, 80) && !set(60, 70) && !set(10, 10));
        assert!(draw(&[], 160).is_none() && draw(&[&[(1.0, 1.0)]], 160).is_none());
    }

    #[test]
    fn what_was_written_is_held_to_the_lines_that_stay() {
        let item = |x: f64| Annotation {
            layer: ("A".into(), vec!["PIXEL".into()]),
            lines: vec![vec![(x, 0.0), (1.0, 1.0)]],
            points: 2,
            opaque: false,
        };
        let before = Annotations {
            all: vec![item(0.0), item(5.0)],
            dropped: BTreeMap::from([(0, TEXT)]),
        };
        let written = |all| Annotations {
            all,
            dropped: BTreeMap::new(),
        };
        assert!(before.holds_in(&written(vec![item(5.0)])));
        assert!(!before.holds_in(&written(vec![item(0.0)])));
        assert!(!before.holds_in(&written(Vec::new())));
        let again = Annotations {
            dropped: BTreeMap::from([(0, TEXT)]),
            ..written(vec![item(5.0)])
        };
        assert!(!before.holds_in(&again) && !before.whole());
        assert_eq!(before.actions().len(), 2);
    }
}
