//! From the network's steps to characters with confidence.
//!
//! Greedy decoding of connectionist temporal classification: the likeliest class of each step, runs of one class are one
//! character, blanks separate. The confidence of the line is the probability of the whole text over *all* alignments.

use super::likely::Steps;

/// Characters that are read as another one, which gets their probability. A zero with a slash is a zero: no word on a
/// medical screen needs Ø.
const FOLDS: [(char, char); 1] = [('Ø', '0')];

/// The characters behind the classes; class 0 is the blank, class 1 the first character.
#[derive(Clone, Debug)]
pub(super) struct Alphabet {
    chars: Vec<char>,
    /// Pairs of classes: the first gives its probability to the second.
    folds: Vec<(usize, usize)>,
    /// The class of the space.
    space: Option<usize>,
}

impl Alphabet {
    /// From the characters in class order; line ends are not part of it.
    pub fn new(text: &str) -> Self {
        let chars: Vec<char> = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
        let class = |c| chars.iter().position(|&k| k == c).map(|i| i + 1);
        let folds = FOLDS
            .iter()
            .filter_map(|&(from, to)| Some((class(from)?, class(to)?)))
            .collect();
        let space = class(' ');
        Alphabet {
            chars,
            folds,
            space,
        }
    }

    /// Number of classes with the blank.
    pub fn classes(&self) -> usize {
        self.chars.len() + 1
    }
}

/// One character of the decoded text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Peak {
    /// The character.
    pub ch: char,
    /// Its highest probability, times the probability that nothing else stands beside it.
    pub probability: f32,
    /// First and last step, inclusive.
    pub steps: (usize, usize),
}

/// A decoded line.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Decoded {
    /// In reading order, without spaces at either end.
    pub peaks: Vec<Peak>,
    /// Probability of exactly this text.
    pub probability: f32,
}

/// A run of steps that are likeliest of one class other than the blank.
struct Run {
    class: usize,
    best: f32,
    first: usize,
    last: usize,
}

/// Decodes the network's output.
pub(super) fn decode(alphabet: &Alphabet, steps: &Steps) -> Decoded {
    let rows: Vec<Vec<f32>> = steps
        .rows()
        .map(|row| {
            let mut p = row.to_vec();
            for &(from, to) in &alphabet.folds {
                p[to] += p[from];
                p[from] = 0.0;
            }
            p
        })
        .collect();
    let mut runs = runs(&rows);
    let is_space = |r: &Run| Some(r.class) == alphabet.space;
    let end = runs.iter().rposition(|r| !is_space(r)).map_or(0, |i| i + 1);
    runs.truncate(end);
    let start = runs.iter().position(|r| !is_space(r)).unwrap_or(0);
    runs.drain(..start);
    let quiet = |a: Option<&Run>, b: Option<&Run>| {
        let from = a.map_or(0, |r| r.last + 1);
        let to = b.map_or(rows.len(), |r| r.first);
        let classes = [
            Some(0),
            a.map(|r| r.class),
            b.map(|r| r.class),
            // At the ends a space is no different from nothing.
            if a.is_none() || b.is_none() {
                alphabet.space
            } else {
                None
            },
        ];
        rows.get(from..to)
            .unwrap_or_default()
            .iter()
            .map(|p| {
                let mut seen = Vec::with_capacity(4);
                let mut sum = 0.0;
                for c in classes.iter().flatten() {
                    if !seen.contains(c) {
                        seen.push(*c);
                        sum += p[*c];
                    }
                }
                sum
            })
            .fold(1.0f32, f32::min)
    };
    let peaks = runs
        .iter()
        .enumerate()
        .filter_map(|(i, run)| {
            let before = quiet(i.checked_sub(1).and_then(|k| runs.get(k)), Some(run));
            let behind = quiet(Some(run), runs.get(i + 1));
            Some(Peak {
                ch: *alphabet.chars.get(run.class - 1)?,
                probability: (run.best * before.min(behind)).min(1.0),
                steps: (run.first, run.last),
            })
        })
        .collect();
    let classes: Vec<usize> = runs.iter().map(|r| r.class).collect();
    Decoded {
        peaks,
        probability: text_probability(&rows, &classes, alphabet.space),
    }
}

/// Runs of the likeliest class of each step, blanks left out.
fn runs(rows: &[Vec<f32>]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut last = 0;
    for (t, p) in rows.iter().enumerate() {
        let mut class = 0;
        for (i, v) in p.iter().enumerate() {
            if *v > p[class] {
                class = i;
            }
        }
        if class != 0 {
            match runs.last_mut() {
                Some(run) if class == last => {
                    run.best = run.best.max(p[class]);
                    run.last = t;
                }
                _ => runs.push(Run {
                    class,
                    best: p[class],
                    first: t,
                    last: t,
                }),
            }
        }
        last = class;
    }
    runs
}

/// Probability that the steps spell `classes`, over all alignments (the forward pass of CTC), spaces at the ends counted
/// as blanks. Each step is normalised, so that only the product of the norms can become too small to tell from nothing.
fn text_probability(rows: &[Vec<f32>], classes: &[usize], space: Option<usize>) -> f32 {
    // States: blank, first class, blank, second class, …, blank.
    let n = 2 * classes.len() + 1;
    let label = |s: usize| if s % 2 == 1 { classes[s / 2] } else { 0 };
    let mut now = vec![0.0f64; n];
    let mut scale = 1.0f64;
    for (t, p) in rows.iter().enumerate() {
        let mut next = vec![0.0f64; n];
        for s in 0..n {
            let reached = if t == 0 {
                f64::from(u8::from(s < 2))
            } else {
                let skips = s % 2 == 1 && s > 2 && label(s) != label(s - 2);
                now[s] + if s > 0 { now[s - 1] } else { 0.0 } + if skips { now[s - 2] } else { 0.0 }
            };
            let mut own = f64::from(p[label(s)]);
            if s == 0 || s == n - 1 {
                own += space.map_or(0.0, |c| f64::from(p[c]));
            }
            next[s] = reached * own;
        }
        let sum: f64 = next.iter().sum();
        if sum <= 0.0 {
            return 0.0;
        }
        next.iter_mut().for_each(|v| *v /= sum);
        scale *= sum;
        now = next;
    }
    let end = now[n - 1] + if n > 1 { now[n - 2] } else { 0.0 };
    (end * scale).min(1.0) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps over blank, space, `a`, `0`, `Ø` from probabilities.
    fn steps(rows: &[[f32; 5]]) -> Steps {
        Steps {
            classes: 5,
            probabilities: rows.concat(),
        }
    }

    fn text(d: &Decoded) -> String {
        d.peaks.iter().map(|p| p.ch).collect()
    }

    const BLANK: [f32; 5] = [1.0, 0.0, 0.0, 0.0, 0.0];
    const A: [f32; 5] = [0.0, 0.0, 1.0, 0.0, 0.0];
    const SPACE: [f32; 5] = [0.0, 1.0, 0.0, 0.0, 0.0];

    #[test]
    fn runs_are_one_character_and_blanks_part_doubles() {
        let a = Alphabet::new(" a0Ø\n");
        let d = decode(&a, &steps(&[BLANK, A, A, BLANK, A, SPACE, A, BLANK]));
        assert_eq!(text(&d), "aa a");
        assert_eq!(d.peaks[0].steps, (1, 2));
        assert_eq!(d.probability, 1.0);
        assert!(d.peaks.iter().all(|p| p.probability == 1.0));
    }

    #[test]
    fn spaces_at_the_ends_go_and_cost_nothing() {
        let a = Alphabet::new(" a0Ø");
        let d = decode(&a, &steps(&[SPACE, A, SPACE]));
        assert_eq!((text(&d).as_str(), d.probability), ("a", 1.0));
        let d = decode(&a, &steps(&[SPACE, BLANK]));
        assert_eq!((text(&d).as_str(), d.probability), ("", 1.0));
        assert_eq!(text(&decode(&a, &steps(&[]))), "");
    }

    #[test]
    fn slashed_zeros_are_zeros() {
        let a = Alphabet::new(" a0Ø");
        let d = decode(&a, &steps(&[[0.3, 0.0, 0.0, 0.3, 0.4]]));
        assert_eq!(text(&d), "0");
        assert!((d.probability - 0.7).abs() < 1e-5);
    }

    #[test]
    fn a_half_seen_neighbour_lowers_the_confidence() {
        let a = Alphabet::new(" a0Ø");
        let d = decode(&a, &steps(&[A, [0.6, 0.0, 0.0, 0.4, 0.0], A]));
        assert_eq!(text(&d), "aa");
        assert!((d.peaks[0].probability - 0.6).abs() < 1e-5);
        assert!((d.probability - 0.6).abs() < 1e-5);
    }

    #[test]
    fn the_line_counts_every_alignment() {
        let a = Alphabet::new(" a0Ø");
        // "a" as a-blank, blank-a or a-a: all but blank-blank.
        let d = decode(&a, &steps(&[[0.4, 0.0, 0.6, 0.0, 0.0]; 2]));
        assert_eq!(text(&d), "a");
        assert!((d.probability - 0.84).abs() < 1e-5);
    }
}
