//! How often a grey frame has each stored value, and the ranges over which its views are spread.

use super::colour::is_colour;
use super::for_words;
use crate::frame::{Frame, stored_value};

/// The stored values over which the views of a grey frame are spread that no header asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueRange {
    /// All values.
    pub(super) full: (i64, i64),
    /// All but the outermost half percent at each end.
    pub(super) robust: (i64, i64),
}

impl ValueRange {
    /// Range of a frame of whole numbers with one grey sample a pixel; `None` for any other, whose views do not need one.
    pub fn of(frame: &Frame) -> Option<ValueRange> {
        let spread = !frame.format.float && !is_colour(frame);
        spread.then(|| Histogram::of(frame).range())
    }
}

/// Stored values of a frame, counted.
pub(super) struct Histogram {
    /// Distinct values, ascending, and how many pixels have one up to this.
    cumulative: Vec<(i64, u64)>,
}

impl Histogram {
    pub(super) fn of(frame: &Frame) -> Histogram {
        let f = &frame.format;
        let mut counts: Vec<(i64, u64)> = Vec::new();
        if f.bytes_per_sample() <= 2 {
            let mut table = vec![0u64; 1 << (8 * f.bytes_per_sample())];
            for_words(frame, |w| table[w as usize] += 1);
            counts.extend(
                table
                    .iter()
                    .enumerate()
                    .filter(|(_, n)| **n > 0)
                    .map(|(w, &n)| (stored_value(f, w as u64), n)),
            );
            counts.sort_unstable_by_key(|c| c.0);
        } else {
            let mut values: Vec<i64> = Vec::with_capacity(f.samples_per_frame());
            for_words(frame, |w| values.push(stored_value(f, w)));
            values.sort_unstable();
            counts.extend(
                values
                    .chunk_by(|a, b| a == b)
                    .map(|c| (c[0], c.len() as u64)),
            );
        }
        let mut sum = 0;
        for c in &mut counts {
            sum += c.1;
            c.1 = sum;
        }
        Histogram { cumulative: counts }
    }

    pub(super) fn range(&self) -> ValueRange {
        ValueRange {
            full: (self.quantile(0, 1000), self.quantile(1000, 1000)),
            robust: (self.quantile(5, 1000), self.quantile(995, 1000)),
        }
    }

    /// The smallest value that at least `part / whole` of the pixels do not exceed.
    fn quantile(&self, part: u64, whole: u64) -> i64 {
        let total = self.cumulative.last().map_or(0, |c| c.1);
        let want = (u128::from(total) * u128::from(part)).div_ceil(u128::from(whole)) as u64;
        let i = self.cumulative.partition_point(|c| c.1 < want.max(1));
        self.cumulative
            .get(i)
            .or(self.cumulative.last())
            .map_or(0, |c| c.0)
    }
}
