//! Lines of a picture that stand in one row, put together.
//!
//! A detector finds words rather than rows: `DOE CLINIC` may come as two lines, a label and its value as well. Takes the
//! readings of one picture with their heights; gives one reading for each row, and how to tell its verdicts back to the
//! lines. It judges nothing but distance; how far apart words are segments of their own is `segment`'s to say.

use super::Verdict;
use crate::geometry::Rect;
use crate::line::{Orientation, ReadChar, Reading};
use std::ops::Range;

/// Widest gap inside a row, in line heights.
const GAP_HEIGHTS: i64 = 8;
/// Neighbours may overlap by this part of the line height, as boxes of characters reach to the middle of a gap.
const OVERLAP_TENTHS: i64 = 8;
/// Taller lines than this many tenths of their neighbour are other text.
const ALIKE_TENTHS: u64 = 20;

/// One row.
#[derive(Debug)]
pub(super) struct Row {
    /// The row's text; what is one line stays as read.
    pub(super) reading: Reading,
    /// Extent across the reading direction, px.
    pub(super) height_px: u32,
    /// Each line of the row: its index, and where its characters stand in `reading`.
    parts: Vec<(usize, Range<usize>)>,
}

/// Rows of a picture, in the order of the first line of each.
pub(super) fn rows(lines: &[(&Reading, u32)]) -> Vec<Row> {
    let places: Vec<Option<Rect>> = lines.iter().map(|(r, _)| place(r)).collect();
    let next: Vec<Option<usize>> = (0..lines.len())
        .map(|i| nearest(&places, lines, i, true))
        .collect();
    let before: Vec<Option<usize>> = (0..lines.len())
        .map(|i| nearest(&places, lines, i, false))
        .collect();
    let link = |i: usize| next[i].filter(|j| before[*j] == Some(i));
    let mut rows: Vec<Vec<usize>> = (0..lines.len())
        .filter(|i| before[*i].is_none_or(|j| link(j) != Some(*i)))
        .map(|first| std::iter::successors(Some(first), |i| link(*i)).collect())
        .collect();
    rows.sort_by_key(|row| row.iter().min().copied());
    rows.iter().map(|row| joined(lines, row)).collect()
}

impl Row {
    /// Where the lines stand in the row's text.
    pub(super) fn parts(&self) -> impl Iterator<Item = Range<usize>> {
        self.parts.iter().map(|(_, span)| span.clone())
    }

    /// Gives the verdicts over the row's characters to its lines, each with its own range; a row of one line gives them
    /// as they are.
    pub(super) fn tell(&self, verdicts: &[Verdict], out: &mut [Vec<Verdict>]) {
        for (line, span) in &self.parts {
            let Some(own) = out.get_mut(*line) else {
                continue;
            };
            if self.parts.len() == 1 {
                own.extend(verdicts.iter().cloned());
                continue;
            }
            for v in verdicts {
                let blank = |i: &usize| {
                    self.reading
                        .chars
                        .get(*i)
                        .is_none_or(|c| c.ch.is_whitespace())
                };
                let mut inside = (v.chars.start.max(span.start)..v.chars.end.min(span.end))
                    .filter(|i| !blank(i));
                let Some(start) = inside.next() else { continue };
                let end = inside.next_back().unwrap_or(start) + 1;
                own.push(Verdict {
                    chars: start - span.start..end - span.start,
                    ..v.clone()
                });
            }
        }
    }
}

/// Where the text of an upright line stands; `None` for what is never part of a row.
fn place(reading: &Reading) -> Option<Rect> {
    let hull = reading
        .chars
        .iter()
        .filter(|c| !c.ch.is_whitespace())
        .fold(Rect::default(), |all, c| all.hull(&c.rect));
    (reading.orientation == Orientation::Upright && !hull.is_empty()).then_some(hull)
}

/// The nearest line to the right (or left) of line `i` that stands in its row.
fn nearest(
    places: &[Option<Rect>],
    lines: &[(&Reading, u32)],
    i: usize,
    right: bool,
) -> Option<usize> {
    let own = places.get(i).copied().flatten()?;
    let height = |k: usize| i64::from(lines.get(k).map_or(0, |l| l.1).max(1));
    (0..places.len())
        .filter(|j| *j != i)
        .filter_map(|j| {
            let other = places[j]?;
            let (a, b) = if right { (own, other) } else { (other, own) };
            let gap = i64::from(b.x) - i64::from(a.right());
            let high = height(i).max(height(j));
            let fits = gap <= high * GAP_HEIGHTS
                && gap * 10 >= -high * OVERLAP_TENTHS
                && b.x > a.x
                && b.right() > a.right();
            (fits && same_row(&own, &other)).then_some((gap, other, j))
        })
        .min()
        .map(|(_, _, j)| j)
}

/// Whether two boxes of about the same height share most of it.
fn same_row(a: &Rect, b: &Rect) -> bool {
    let (low, high) = (u64::from(a.h.min(b.h)), u64::from(a.h.max(b.h)));
    let shared = a.bottom().min(b.bottom()).saturating_sub(a.y.max(b.y));
    high * 10 <= low * ALIKE_TENTHS && u64::from(shared) * 10 >= low * 6
}

fn joined(lines: &[(&Reading, u32)], row: &[usize]) -> Row {
    let mut reading = Reading {
        confidence: 1000,
        ..Reading::default()
    };
    let mut heights = Vec::new();
    let mut parts = Vec::new();
    for &i in row {
        let Some((line, height)) = lines.get(i) else {
            continue;
        };
        if let (Some(last), Some(first)) = (reading.chars.last(), line.chars.first()) {
            let rect = Rect::from_corners(
                last.rect.right().min(first.rect.x),
                first.rect.y,
                first.rect.x.max(last.rect.right()),
                first.rect.bottom(),
            );
            reading.chars.push(ReadChar {
                ch: ' ',
                rect,
                confidence: 1000,
            });
        }
        let start = reading.chars.len();
        reading.chars.extend(line.chars.iter().copied());
        reading.confidence = reading.confidence.min(line.confidence);
        reading.orientation = line.orientation;
        heights.push(*height);
        parts.push((i, start..reading.chars.len()));
    }
    heights.sort_unstable();
    Row {
        reading,
        // The taller of the middle two: a word without tall letters is lower than its row.
        height_px: heights.get(heights.len() / 2).copied().unwrap_or(0),
        parts,
    }
}
