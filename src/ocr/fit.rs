//! Fits a box to the ink inside it, so that the network sees lines framed alike however loosely they were found.
//!
//! Works on steps between neighbouring pixels, so it needs no idea of which is ink and which is background. Where the
//! surroundings are too busy to tell, the box stays as it is.

use super::prepare::{Window, cut};
use crate::frame::Gray;

/// How far outside the box ink is looked for: `2 + height / 5` pixels.
fn reach(height: i64) -> i64 {
    2 + height / 5
}

/// Steps between horizontal neighbours in one row.
fn steps(crop: &Gray, y: u32) -> impl Iterator<Item = u8> {
    crop.row(y).windows(2).map(|p| p[0].abs_diff(p[1]))
}

/// Sum of the steps between horizontal neighbours in each row.
fn row_steps(crop: &Gray) -> Vec<u32> {
    (0..crop.height)
        .map(|y| steps(crop, y).map(u32::from).sum())
        .collect()
}

/// Largest step between horizontal neighbours in each row.
fn row_peaks(crop: &Gray) -> Vec<u8> {
    (0..crop.height)
        .map(|y| steps(crop, y).max().unwrap_or(0))
        .collect()
}

/// Sum of the steps between vertical neighbours in each column.
pub(super) fn column_steps(crop: &Gray) -> Vec<u32> {
    let mut sums = vec![0u32; crop.width as usize];
    for y in 1..crop.height {
        let pairs = crop.row(y - 1).iter().zip(crop.row(y));
        for (sum, (a, b)) in sums.iter_mut().zip(pairs) {
            *sum += u32::from(a.abs_diff(*b));
        }
    }
    sums
}

/// Which entries of a profile hold ink; `None` if it has no clear valley.
fn inked(sums: &[u32]) -> Option<Vec<bool>> {
    let mut sorted = sums.to_vec();
    sorted.sort_unstable();
    let low = *sorted.first()?;
    let high = *sorted.get(sorted.len() * 3 / 4)?;
    if high < 2 * low + 8 {
        return None;
    }
    let limit = low + (high - low) / 5;
    Some(sums.iter().map(|&s| s > limit).collect())
}

/// Start and end of the ink that belongs to the entries `from..to`.
fn extent(ink: &[bool], from: usize, to: usize) -> Option<(usize, usize)> {
    let mut bands: Vec<(usize, usize)> = Vec::new();
    for (i, _) in ink.iter().enumerate().filter(|(_, k)| **k) {
        match bands.last_mut() {
            Some(band) if band.1 == i => band.1 = i + 1,
            _ => bands.push((i, i + 1)),
        }
    }
    let inside = |b: &(usize, usize)| b.1.min(to).saturating_sub(b.0.max(from));
    let main = *bands.iter().max_by_key(|b| inside(b))?;
    if inside(&main) == 0 {
        return None;
    }
    // What runs on beyond the box is a neighbour, unless it is the line itself.
    bands.retain(|b| *b == main || (b.0 >= from && b.1 <= to));
    let (start, end) = (bands.first()?.0, bands.last()?.1);
    // Ink that runs to the edge of what may be looked at has no known end.
    Some((
        if start == 0 { from } else { start },
        if end == ink.len() { to } else { end },
    ))
}

/// The rows `start..end` with the rest of single letters: one tail of a `g` in a long line is little ink in its rows, but as
/// clear as all other strokes. Tails end before the last row that may be looked at, and are shorter than letters.
fn with_tails(peaks: &[u8], start: usize, end: usize) -> (usize, usize) {
    let mut sorted = peaks[start..end].to_vec();
    sorted.sort_unstable();
    let clear = |peak: &&u8| **peak > sorted[sorted.len() / 2] / 2;
    let tail = |rows: usize, all: usize| {
        let ends = rows < all && rows * 2 <= end - start;
        if ends { rows } else { 0 }
    };
    let above = peaks[..start].iter().rev().take_while(clear).count();
    let below = peaks[end..].iter().take_while(clear).count();
    let (above, below) = (tail(above, start), tail(below, peaks.len() - end));
    (start - above, end + below)
}

/// The window of the ink in and around `tight`: rows are fitted both ways, columns only outwards (a letter that the box
/// cuts is taken whole; blank ends do no harm).
pub(super) fn fit(picture: &Gray, tight: &Window) -> Window {
    let mut window = *tight;
    let around = reach(tight.height());
    let crop = cut(picture, &tight.grow(0, around));
    if let Some((start, end)) = inked(&row_steps(&crop))
        .and_then(|ink| extent(&ink, around as usize, (around + tight.height()) as usize))
    {
        let (start, end) = with_tails(&row_peaks(&crop), start, end);
        let [start, end] = [start, end].map(|v| tight.y0 - around + v as i64);
        // Less is a dash, a dot or a rule: the line is higher than its ink.
        if end - start >= (tight.height() * 2 / 5).max(5) {
            (window.y0, window.y1) = (start, end);
        }
    }
    if let Some(ink) = inked(&column_steps(&cut(picture, &window.grow(around, 0)))) {
        let before = &ink[..=(around as usize).min(ink.len() - 1)];
        let behind = &ink[(around + window.width() - 1) as usize..];
        let more = |run: usize, all: usize| {
            if run == 0 || run == all {
                0
            } else {
                run as i64 - 1
            }
        };
        window.x0 -= more(
            before.iter().rev().take_while(|k| **k).count(),
            before.len(),
        );
        window.x1 += more(behind.iter().take_while(|k| **k).count(), behind.len());
    }
    window
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vertical strokes 8 px high at rows 10..18, columns 10..40.
    fn page() -> Gray {
        let mut g = Gray::new(50, 30, 20);
        for y in 10..18 {
            for x in (10..40).step_by(3) {
                g.row_mut(y)[x] = 220;
            }
        }
        g
    }

    #[test]
    fn loose_and_shifted_boxes_come_to_the_same_rows() {
        for (y0, y1) in [(10, 18), (6, 22), (8, 18), (9, 16), (12, 19)] {
            let window = fit(
                &page(),
                &Window {
                    x0: 8,
                    y0,
                    x1: 42,
                    y1,
                },
            );
            assert_eq!((window.y0, window.y1), (10, 18), "from {y0}..{y1}");
        }
    }

    #[test]
    fn a_neighbouring_line_at_the_edge_of_the_box_is_left_out() {
        let mut g = page();
        for y in 20..28 {
            for x in (10..40).step_by(3) {
                g.row_mut(y)[x] = 220;
            }
        }
        let window = fit(
            &g,
            &Window {
                x0: 8,
                y0: 9,
                x1: 42,
                y1: 22,
            },
        );
        assert_eq!((window.y0, window.y1), (10, 18));
    }

    #[test]
    fn the_tail_of_one_letter_belongs_to_the_line() {
        let rows = |y: [i64; 2], page: &Gray| {
            let [y0, y1] = y;
            let (x0, x1) = (8, 42);
            let window = fit(page, &Window { x0, y0, x1, y1 });
            (window.y0, window.y1)
        };
        let stroke = |from: u32, to: u32, level: u8| {
            let mut g = page();
            for y in from..to {
                g.row_mut(y)[25] = level;
            }
            g
        };
        assert_eq!(rows([10, 21], &stroke(18, 21, 220)), (10, 21));
        assert_eq!(rows([10, 18], &stroke(18, 20, 220)), (10, 20));
        assert_eq!(rows([7, 18], &stroke(7, 10, 220)), (7, 18));
        // Fainter than the letters, or longer than what may be looked at.
        assert_eq!(rows([10, 21], &stroke(18, 21, 90)), (10, 18));
        assert_eq!(rows([10, 18], &stroke(18, 30, 220)), (10, 18));
    }

    #[test]
    fn dashes_flat_and_busy_boxes_stay_as_they_are() {
        let tight = Window {
            x0: 5,
            y0: 5,
            x1: 45,
            y1: 25,
        };
        assert_eq!(fit(&Gray::new(50, 30, 9), &tight), tight);
        let mut dash = Gray::new(50, 30, 0);
        dash.row_mut(14)[20..30].fill(255);
        assert_eq!(fit(&dash, &tight), tight);
        let mut busy = Gray::new(50, 30, 0);
        for (i, v) in busy.data.iter_mut().enumerate() {
            *v = (i * 89 % 251) as u8;
        }
        assert_eq!(fit(&busy, &tight), tight);
    }

    #[test]
    fn a_cut_letter_is_taken_whole() {
        let mut g = Gray::new(60, 30, 0);
        for y in [10, 13, 17] {
            g.row_mut(y)[20..40].fill(255);
        }
        let window = fit(
            &g,
            &Window {
                x0: 22,
                y0: 9,
                x1: 39,
                y1: 19,
            },
        );
        assert_eq!((window.x0, window.x1), (20, 40));
    }
}
