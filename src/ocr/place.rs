//! Where the characters of a decoded line stand.
//!
//! The network says in which steps it saw a character, which is within it but not where it starts and ends. Two
//! neighbours are parted at the column with the least ink between their steps; a space takes the whole blank run.

use super::ctc::Peak;
use super::fit::column_steps;
use super::prepare::Strip;
use super::{INPUT_HEIGHT, STEP_PX};
use crate::frame::Gray;

/// Start and end column in the strip for each character, in order, without overlaps.
pub(super) fn columns(strip: &Strip, peaks: &[Peak]) -> Vec<(usize, usize)> {
    let ink = column_steps(&Gray {
        width: strip.padded as u32,
        height: INPUT_HEIGHT as u32,
        data: strip.pixels.clone(),
    });
    let ink = ink.get(..strip.width).unwrap_or_default();
    let centre = |p: &Peak| ((p.steps.0 + p.steps.1 + 1) * STEP_PX / 2).min(strip.width);
    let mut spans: Vec<(usize, usize)> = Vec::with_capacity(peaks.len());
    let mut start = 0;
    for (i, peak) in peaks.iter().enumerate() {
        let end = match peaks.get(i + 1) {
            None => strip.width,
            Some(next) => part(
                ink,
                centre(peak),
                centre(next),
                peak.ch == ' ',
                next.ch == ' ',
            ),
        };
        let end = end.clamp(start, strip.width);
        spans.push((start, end));
        start = end;
    }
    spans
}

/// The column where the character seen at `from` gives way to the one seen at `to`: the middle of the emptiest run, or,
/// beside a space, the end of the run towards the letter.
fn part(ink: &[u32], from: usize, to: usize, left_space: bool, right_space: bool) -> usize {
    let middle = (from + to) / 2;
    let Some(between) = ink.get(from..to).filter(|s| !s.is_empty()) else {
        return middle;
    };
    let (low, high) = between
        .iter()
        .fold((u32::MAX, 0), |(l, h), &v| (l.min(v), h.max(v)));
    let limit = low + (high - low) / 8;
    // The run of empty columns nearest to the middle.
    let mut best: Option<(usize, (usize, usize))> = None;
    let mut i = 0;
    while i < between.len() {
        if between[i] > limit {
            i += 1;
            continue;
        }
        let run = i;
        while i < between.len() && between[i] <= limit {
            i += 1;
        }
        let nearest = (from + run).max(middle.min(from + i)).abs_diff(middle);
        if best.is_none_or(|(d, _)| nearest < d) {
            best = Some((nearest, (from + run, from + i)));
        }
    }
    match best {
        None => middle,
        Some((_, (start, _))) if right_space && !left_space => start,
        Some((_, (_, end))) if left_space && !right_space => end,
        Some((_, (start, end))) => (start + end) / 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A strip with ink (alternating rows) in the given columns.
    fn strip(width: usize, inked: &[(usize, usize)]) -> Strip {
        let mut pixels = vec![0; width * INPUT_HEIGHT];
        for y in (0..INPUT_HEIGHT).step_by(2) {
            for &(from, to) in inked {
                pixels[y * width..][from..to].fill(255);
            }
        }
        Strip {
            pixels,
            width,
            padded: width,
        }
    }

    fn peak(ch: char, step: usize) -> Peak {
        Peak {
            ch,
            probability: 1.0,
            steps: (step, step),
        }
    }

    #[test]
    fn letters_part_where_ink_is_least_and_spaces_take_the_gap() {
        let s = strip(64, &[(4, 16), (20, 30), (46, 60)]);
        let spans = columns(
            &s,
            &[peak('a', 2), peak('b', 6), peak(' ', 9), peak('c', 13)],
        );
        assert_eq!(spans, [(0, 18), (18, 30), (30, 46), (46, 64)]);
    }

    #[test]
    fn spans_never_overlap_nor_leave_the_strip() {
        let s = strip(16, &[(0, 16)]);
        let peaks = [peak('a', 0), peak('b', 0), peak('c', 3), peak('d', 9)];
        let spans = columns(&s, &peaks);
        assert_eq!(spans.len(), 4);
        assert!(spans.windows(2).all(|w| w[0].1 == w[1].0));
        assert!(spans.iter().all(|s| s.0 <= s.1 && s.1 <= 16));
    }
}
