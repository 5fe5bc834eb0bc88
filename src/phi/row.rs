//! Lines of a picture that stand in one row, put together.
//!
//! A detector finds words rather than rows: `DOE CLINIC` may come as two lines, a label and its value as well. It may even
//! part a word, `kV9` and `1369119`: lines as near to each other as the letters of a word are one word, so that no part of
//! it is taken for something safe. Text that runs up or down stands in rows too. Takes the readings of one picture with
//! their heights; gives one reading for each row, and how to tell its verdicts back to the lines. It judges nothing but
//! distance; how far apart words are segments of their own is `segment`'s to say.

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

/// Boxes of the outer characters reach over the ink by about two tenths of the line height; lines whose boxes overlap by
/// more than this many tenths stand nearer than words do.
const TOUCH_TENTHS: i64 = 2;
/// Letters on a pitch of at least this many tenths of the line height are wide cells, whose gaps say nothing.
const WIDE_TENTHS: i64 = 11;
/// The next letter of a word in wide cells ends at most this many tenths of the pitch behind the last.
const NEXT_TENTHS: i64 = 15;

/// One row.
#[derive(Debug)]
pub(super) struct Row {
    /// The row's text; what is one line stays as read.
    pub(super) reading: Reading,
    /// Extent across the reading direction, px.
    pub(super) height_px: u32,
    /// Each line of the row: its index, and where its characters stand in `reading`; a sign that two lines share is in both.
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
    /// Where the lines stand in the row's text; lines that part a word count as one.
    pub(super) fn parts(&self) -> impl Iterator<Item = Range<usize>> {
        let mut parts: Vec<Range<usize>> = Vec::new();
        for (_, span) in &self.parts {
            match parts.last_mut().filter(|last| last.end >= span.start) {
                Some(last) => last.end = span.end,
                None => parts.push(span.clone()),
            }
        }
        parts.into_iter()
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

/// Beyond the end of every picture.
const FAR: u32 = 1 << 24;

/// A box as it lies to somebody who reads text of an orientation; `None` where text never stands in rows.
fn lying(rect: &Rect, orientation: Orientation) -> Option<Rect> {
    match orientation {
        Orientation::Upright => Some(*rect),
        Orientation::Up => Some(Rect::new(
            FAR.saturating_sub(rect.bottom()),
            rect.x,
            rect.h,
            rect.w,
        )),
        Orientation::Down => Some(Rect::new(
            rect.y,
            FAR.saturating_sub(rect.right()),
            rect.h,
            rect.w,
        )),
        Orientation::Turned | Orientation::Mirrored => None,
    }
}

/// Where the text of a line stands, as its reader sees it; `None` for what is never part of a row.
fn place(reading: &Reading) -> Option<Rect> {
    let hull = reading
        .chars
        .iter()
        .filter(|c| !c.ch.is_whitespace())
        .fold(Rect::default(), |all, c| all.hull(&c.rect));
    lying(&hull, reading.orientation).filter(|_| !hull.is_empty())
}

/// Boxes of the letters and signs of a line, as its reader sees them.
fn letters(reading: &Reading) -> Vec<Rect> {
    let signs = reading.chars.iter().filter(|c| !c.ch.is_whitespace());
    signs
        .filter_map(|c| lying(&c.rect, reading.orientation))
        .collect()
}

/// Whether two neighbours in a row are parts of one word.
fn is_one_word(left: &Reading, right: &Reading, height: u32) -> bool {
    let (a, b) = (letters(left), letters(right));
    let (Some(last), Some(first)) = (a.last(), b.first()) else {
        return false;
    };
    let height = i64::from(height.max(1));
    let gap = i64::from(first.x) - i64::from(last.right());
    if gap * 10 < -height * TOUCH_TENTHS {
        return true;
    }
    // Starts of letters in `a`, ends in `b`: only inner boundaries lie in the middle between letters. Between words the
    // steps are longer than the pitch.
    let pitch = |all: &[Rect], at: fn(&Rect) -> u32| -> Option<i64> {
        let step = |pair: &[Rect]| i64::from(at(&pair[1])) - i64::from(at(&pair[0]));
        let mut steps: Vec<i64> = all.windows(2).map(step).collect();
        steps.sort_unstable();
        steps.get(steps.len().checked_sub(1)? / 2).copied()
    };
    let pitches = [pitch(&a, |r| r.x), pitch(&b, Rect::right)];
    pitches.into_iter().flatten().max().is_some_and(|pitch| {
        let next = i64::from(first.right()) - i64::from(last.right());
        pitch * 10 >= height * WIDE_TENTHS && next * 10 <= pitch * NEXT_TENTHS
    })
}

/// Whether the last character of a line and the first of the next are one and the same: a stop between letters far apart
/// is near enough to both for the boxes of two lines.
fn shares_sign(left: &Reading, right: &Reading) -> bool {
    let (Some(last), Some(first)) = (left.chars.last(), right.chars.first()) else {
        return false;
    };
    let (Some(a), Some(b)) = (
        lying(&last.rect, left.orientation),
        lying(&first.rect, right.orientation),
    ) else {
        return false;
    };
    let both = a.right().min(b.right()).saturating_sub(a.x.max(b.x));
    last.ch == first.ch && both > 0 && both * 2 >= a.w.min(b.w)
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
            // A letter may be in both boxes; more than half of one is the same text, found twice.
            let overlap = (high * OVERLAP_TENTHS).max(i64::from(a.w.min(b.w)) * 5);
            let fits = gap <= high * GAP_HEIGHTS
                && gap * 10 >= -overlap
                && b.x > a.x
                && b.right() > a.right();
            let runs = |k: usize| lines.get(k).map(|l| l.0.orientation);
            (fits && runs(i) == runs(j) && same_row(&own, &other)).then_some((gap, other, j))
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
    let mut before: Option<&Reading> = None;
    for &i in row {
        let Some((line, height)) = lines.get(i) else {
            continue;
        };
        let one_word = before.is_some_and(|b| is_one_word(b, line, *height));
        if let (Some(last), Some(first), false) =
            (reading.chars.last(), line.chars.first(), one_word)
        {
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
        let (mut start, mut chars) = (reading.chars.len(), line.chars.iter().copied());
        if one_word
            && before.is_some_and(|b| shares_sign(b, line))
            && let (Some(last), Some(first)) = (reading.chars.last_mut(), chars.next())
        {
            last.confidence = last.confidence.min(first.confidence);
            start -= 1;
        }
        reading.chars.extend(chars);
        before = Some(line);
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
