//! What runs when: the network as steps, and how many rows of each map must be kept.
//!
//! The picture goes through in chunks of rows. In each chunk every step advances as far as its inputs allow, so all maps
//! stay in cache and memory grows with the width of a picture, not with its area.

use super::maps::Form;
use crate::stage::{Kind, Layer, Source};

/// A pointwise or first layer, with the depthwise layer before it.
#[derive(Clone, Debug)]
pub struct Step {
    /// Depthwise layer, by its place in the table.
    pub taps: Option<usize>,
    /// Pointwise layer, or the first layer.
    pub main: usize,
    /// Map read; map 0 is the picture, map `i + 1` the output of step `i`.
    pub input: usize,
    /// Map added.
    pub skip: Option<usize>,
    /// Input rows and columns per row and column of sums.
    pub stride: usize,
    /// Rows above and below that a row of sums reads.
    pub half: usize,
    /// Output rows and columns per row and column of sums.
    pub zoom: usize,
    /// Output channels.
    pub channels: usize,
}

/// Groups the layers into steps. The table is valid ([`crate::detect::network`] saw to it).
pub fn steps(layers: &[Layer]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut map_of = vec![0; layers.len()];
    let mut i = 0;
    while i < layers.len() {
        let (taps, main) = if layers[i].depthwise && i + 1 < layers.len() {
            (Some(i), i + 1)
        } else {
            (None, i)
        };
        let first = &layers[i];
        let last = &layers[main];
        steps.push(Step {
            taps,
            main,
            input: match first.input {
                Source::Picture => 0,
                Source::Layer(l) => map_of[l],
            },
            skip: last.skip.map(|s| map_of[s]),
            stride: first.stride,
            half: first.kernel / 2,
            zoom: if last.kind == Kind::Up { 2 } else { 1 },
            channels: last.outputs,
        });
        map_of[main] = steps.len();
        i = main + 1;
    }
    steps
}

/// Rows of sums that one step makes in one chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Step.
    pub step: usize,
    /// First row.
    pub from: usize,
    /// One past the last row.
    pub to: usize,
}

/// The whole course of one picture.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// Shape of every map, the picture first.
    pub forms: Vec<Form>,
    /// For every chunk: picture rows known at its end, and the runs in order.
    pub chunks: Vec<(usize, Vec<Run>)>,
}

impl Schedule {
    /// The course for a padded picture of `width` × `height`, `chunk` rows at a time.
    pub fn new(steps: &[Step], width: usize, height: usize, chunk: usize) -> Schedule {
        let mut forms = vec![Form {
            channels: 1,
            width,
            height,
            capacity: 0,
        }];
        for s in steps {
            let input = forms[s.input];
            forms.push(Form {
                channels: s.channels,
                width: input.width / s.stride * s.zoom,
                height: input.height / s.stride * s.zoom,
                capacity: 0,
            });
        }
        let mut ready = vec![0; forms.len()];
        let mut done = vec![0; steps.len()];
        let mut chunks = Vec::new();
        let mut known = 0;
        while known < height {
            known = (known + chunk).min(height);
            ready[0] = known;
            keep(&mut forms, steps, &ready, &done, 0);
            let mut runs = Vec::new();
            for (i, s) in steps.iter().enumerate() {
                let mut to = allowed(ready[s.input], forms[s.input].height, s);
                if let Some(skip) = s.skip {
                    to = to.min(ready[skip] / s.zoom);
                }
                if to > done[i] {
                    runs.push(Run {
                        step: i,
                        from: done[i],
                        to,
                    });
                    ready[i + 1] = to * s.zoom;
                    keep(&mut forms, steps, &ready, &done, i + 1);
                    done[i] = to;
                }
            }
            chunks.push((known, runs));
        }
        Schedule { forms, chunks }
    }
}

/// Rows of sums that can be made from `ready` of `height` input rows.
fn allowed(ready: usize, height: usize, s: &Step) -> usize {
    if ready == height {
        height / s.stride
    } else {
        // The last row reads up to `row * stride + half`.
        ready.saturating_sub(s.half).div_ceil(s.stride)
    }
}

/// Widens a map to hold every row that is ready and that some step still has to read.
fn keep(forms: &mut [Form], steps: &[Step], ready: &[usize], done: &[usize], map: usize) {
    let mut lowest = ready[map];
    for (i, s) in steps.iter().enumerate() {
        if s.input == map {
            lowest = lowest.min((done[i] * s.stride).saturating_sub(s.half));
        }
        if s.skip == Some(map) {
            lowest = lowest.min(done[i] * s.zoom);
        }
    }
    // The answer has no reader among the steps: the engine takes its rows at the end of the chunk.
    if map + 1 == ready.len() {
        lowest = lowest.min(done[map - 1]);
    }
    forms[map].capacity = forms[map].capacity.max(ready[map] - lowest).max(1);
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::network;
    use super::*;

    #[test]
    fn every_row_is_made_once_and_only_from_rows_that_are_still_there() {
        let steps = steps(network().layers());
        for (w, h, chunk) in [(16, 16, 16), (32, 400, 16), (64, 1040, 32), (16, 640, 640)] {
            let s = Schedule::new(&steps, w, h, chunk);
            let mut ready = vec![0usize; s.forms.len()];
            for (known, runs) in &s.chunks {
                ready[0] = *known;
                for r in runs {
                    let step = &steps[r.step];
                    let input = s.forms[step.input];
                    let lowest = (r.from * step.stride).saturating_sub(step.half);
                    let highest = ((r.to - 1) * step.stride + step.half).min(input.height - 1);
                    assert!(highest < ready[step.input]);
                    assert!(ready[step.input] - lowest <= input.capacity);
                    if let Some(skip) = step.skip {
                        assert!(r.to * step.zoom <= ready[skip]);
                        assert!(ready[skip] - r.from * step.zoom <= s.forms[skip].capacity);
                    }
                    assert_eq!(ready[r.step + 1], r.from * step.zoom);
                    ready[r.step + 1] = r.to * step.zoom;
                }
            }
            for (form, ready) in s.forms.iter().zip(&ready) {
                assert_eq!(form.height, *ready);
            }
        }
    }

    #[test]
    fn memory_does_not_grow_with_height() {
        let steps = steps(network().layers());
        let bytes = |h| {
            let s = Schedule::new(&steps, 4000, h, 16);
            s.forms.iter().map(Form::bytes).sum::<usize>()
        };
        assert_eq!(bytes(3008), bytes(16 * 1000));
        assert!(bytes(3008) < 36 << 20, "{}", bytes(3008));
    }
}
