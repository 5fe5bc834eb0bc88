//! From a network's answer to probabilities, the same on every machine.
//!
//! Exponentials come out of a table that is made by multiplications only: those, sums and divisions are exactly defined,
//! the exponential function of a system's library is not.

use super::exact::Logits;
use super::network::LOGIT_STEPS;
use std::sync::LazyLock;

/// Probabilities of one line: a row of `classes` values for each step, class 0 is the blank.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Steps {
    pub classes: usize,
    pub probabilities: Vec<f32>,
}

impl Steps {
    /// The rows, one a step.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = &[f32]> + ExactSizeIterator {
        self.probabilities.chunks_exact(self.classes.max(1))
    }
}

/// exp(-1 / 256).
const FALL: f64 = 0.996_101_369_470_117_5;
/// What is this many nats below the likeliest class counts as nothing.
const DEEPEST_NATS: u32 = 24;

/// exp(-i / 256).
static FALLS: LazyLock<Vec<f64>> = LazyLock::new(|| {
    let next = |p: &f64| Some(p * FALL);
    std::iter::successors(Some(1.0), next)
        .take((DEEPEST_NATS * LOGIT_STEPS) as usize)
        .collect()
});

/// Softmax over the classes of each step.
pub(super) fn likely(logits: &Logits, classes: usize) -> Steps {
    let mut best = vec![i32::MIN; logits.steps];
    for c in 0..classes {
        for (best, v) in best.iter_mut().zip(logits.class(c)) {
            *best = (*best).max(*v);
        }
    }
    let mut probabilities = vec![0.0; classes * logits.steps];
    let mut sums = vec![0.0f64; logits.steps];
    let fall = |best: i32, v: i32| FALLS.get((best - v) as usize).copied().unwrap_or(0.0);
    for c in 0..classes {
        for ((sum, best), v) in sums.iter_mut().zip(&best).zip(logits.class(c)) {
            *sum += fall(*best, *v);
        }
    }
    for c in 0..classes {
        for (t, ((sum, best), v)) in sums.iter().zip(&best).zip(logits.class(c)).enumerate() {
            probabilities[t * classes + c] = (fall(*best, *v) / sum) as f32;
        }
    }
    Steps {
        classes,
        probabilities,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_exponential() {
        assert_eq!(LOGIT_STEPS, 256);
        for (i, p) in FALLS.iter().enumerate() {
            let exact = (-(i as f64) / 256.0).exp();
            assert!((p / exact - 1.0).abs() < 1e-11, "{i}");
        }
    }

    #[test]
    fn rows_add_up_and_keep_the_order_of_the_answer() {
        let logits = Logits::of(&[vec![0, -40_000], vec![256, 0], vec![0, 1]]);
        let steps = likely(&logits, 3);
        let rows: Vec<&[f32]> = steps.rows().collect();
        for row in &rows {
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        }
        let e = 1f32.exp();
        assert!((rows[0][1] - e / (e + 2.0)).abs() < 1e-6 && rows[0][0] == rows[0][2]);
        assert!(rows[1][0] == 0.0 && rows[1][1] < rows[1][2]);
    }
}
