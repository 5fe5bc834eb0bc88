//! The context model of JPEG-LS (ISO 14495-1, Annex A): one code path for both directions.
//!
//! A line of samples is walked through gradients, prediction, residual and adaptation. What differs between encoder and
//! decoder, getting at the residual and at the length of a run, is behind [`Direction`].

use super::super::CodecError;

/// Preset coding parameters (C.2.4.1.1); a zero stands for the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Preset {
    /// Largest sample value.
    pub max_value: u16,
    /// Gradient thresholds T1, T2, T3.
    pub thresholds: [u16; 3],
    /// Occurrences after which a context is halved.
    pub reset: u16,
}

/// Everything a scan's arithmetic depends on.
#[derive(Clone, Debug)]
pub(super) struct Params {
    pub(super) max_value: i32,
    pub(super) near: i32,
    pub(super) thresholds: [i32; 3],
    reset: i32,
    /// Number of different residuals.
    pub(super) range: i32,
    /// Bits of an escaped residual.
    pub(super) residual_bits: u32,
    /// Longest code word.
    limit: u32,
}

impl Params {
    /// # Errors
    /// [`CodecError::Damaged`] for parameters outside their ranges.
    pub(super) fn new(bits: u16, near: u16, preset: &Preset) -> Result<Self, CodecError> {
        let full = (1i32 << bits) - 1;
        let near = i32::from(near);
        let or = |value: u16, default: i32| if value == 0 { default } else { value.into() };
        let max_value = or(preset.max_value, full);
        if max_value > full || near > 255.min(max_value / 2) {
            return Err(CodecError::Damaged("JPEG-LS value range"));
        }
        let clamp = |i: i32, low: i32| if i > max_value || i < low { low } else { i };
        let default = |large: i32, offset: i32, per_near: i32, low: i32, low_max: i32| {
            if max_value >= 128 {
                let factor = (max_value.min(4095) + 128) / 256;
                clamp(factor * (large - offset) + offset + per_near * near, low)
            } else {
                let factor = 256 / (max_value + 1);
                clamp(low_max.max(large / factor + per_near * near), low)
            }
        };
        let t1 = or(preset.thresholds[0], default(3, 2, 3, near + 1, 2));
        let t2 = or(preset.thresholds[1], default(7, 3, 5, t1, 3));
        let t3 = or(preset.thresholds[2], default(21, 4, 7, t2, 4));
        let reset = or(preset.reset, 64);
        if t1 <= near
            || t2 < t1
            || t3 < t2
            || t3 > max_value
            || reset < 3
            || reset > 255.max(max_value)
        {
            return Err(CodecError::Damaged("JPEG-LS preset parameters"));
        }
        let range = (max_value + 2 * near) / (2 * near + 1) + 1;
        let bits_for = |n: i32| (n as u32 - 1).checked_ilog2().map_or(0, |b| b + 1);
        let sample_bits = bits_for(max_value + 1).max(2);
        Ok(Params {
            max_value,
            near,
            thresholds: [t1, t2, t3],
            reset,
            range,
            residual_bits: bits_for(range),
            limit: 2 * (sample_bits + sample_bits.max(8)),
        })
    }

    /// Brings a residual into the range that is coded (A.4.5).
    #[inline]
    fn reduce(&self, e: i32) -> i32 {
        let e = if e < 0 { e + self.range } else { e };
        if e >= (self.range + 1) / 2 {
            e - self.range
        } else {
            e
        }
    }

    /// The coded residual for a difference between sample and prediction.
    #[inline]
    pub(super) fn residual<const LOSSLESS: bool>(&self, difference: i32) -> i32 {
        if LOSSLESS {
            return self.reduce(difference);
        }
        let step = 2 * self.near + 1;
        self.reduce(if difference > 0 {
            (difference + self.near) / step
        } else {
            -((self.near - difference) / step)
        })
    }

    /// The sample for a prediction and a residual with its sign put back (A.4.5, A.5.2).
    #[inline]
    fn sample<const LOSSLESS: bool>(&self, prediction: i32, residual: i32) -> u16 {
        let step = if LOSSLESS { 1 } else { 2 * self.near + 1 };
        let near = if LOSSLESS { 0 } else { self.near };
        let mut x = prediction + residual * step;
        if x < -near {
            x += self.range * step;
        } else if x > self.max_value + near {
            x -= self.range * step;
        }
        x.clamp(0, self.max_value) as u16
    }
}

/// Statistics of a regular context (A.2.1). `a` stays below `reset * range / 2`.
#[derive(Clone, Copy)]
struct Context {
    a: u32,
    b: i32,
    c: i32,
    n: i32,
}

impl Context {
    /// Adaptation and bias computation (A.6).
    #[inline]
    fn update(&mut self, e: i32, step: i32, reset: i32) {
        self.a += e.unsigned_abs();
        self.b += e * step;
        if self.n == reset {
            self.a >>= 1;
            self.b >>= 1;
            self.n >>= 1;
        }
        self.n += 1;
        if self.b <= -self.n {
            self.b = (self.b + self.n).max(1 - self.n);
            self.c = (self.c - 1).max(-128);
        } else if self.b > 0 {
            self.b = (self.b - self.n).min(0);
            self.c = (self.c + 1).min(127);
        }
    }
}

/// Statistics of samples that end a run (A.7.2).
#[derive(Clone, Copy)]
struct RunContext {
    a: u32,
    n: u32,
    negative: u32,
}

/// Order of the code for run lengths, by run index (A.2.1).
pub(super) const RUN_ORDER: [u8; 32] = [
    0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13,
    14, 15,
];

/// Where a component stands in [`RUN_ORDER`].
#[derive(Clone, Copy, Default)]
pub(super) struct RunIndex(u8);

impl RunIndex {
    #[inline]
    pub(super) fn order(self) -> u32 {
        u32::from(RUN_ORDER[usize::from(self.0 & 31)])
    }

    #[inline]
    pub(super) fn up(&mut self) {
        self.0 = (self.0 + 1).min(31);
    }

    #[inline]
    fn down(&mut self) {
        self.0 = self.0.saturating_sub(1);
    }
}

/// How a residual is coded.
pub(super) struct Code {
    /// Golomb order.
    pub(super) k: u32,
    /// Zeros that announce an escaped value.
    pub(super) max_unary: u32,
}

/// Encoder or decoder.
pub(super) trait Direction {
    /// The residual of a sample: that of `difference` written, or one read. `flip` swaps the codes of `e` and `-1 - e`.
    fn regular<const LOSSLESS: bool>(
        &mut self,
        params: &Params,
        difference: i32,
        code: &Code,
        flip: bool,
    ) -> i32;

    /// The same for a sample that ends a run, with the code number. `kind` is 1 where the neighbours left and above are alike;
    /// `odd_negative` tells which sign takes the odd numbers.
    fn interruption<const LOSSLESS: bool>(
        &mut self,
        params: &Params,
        difference: i32,
        code: &Code,
        kind: u32,
        odd_negative: bool,
    ) -> (i32, u32);

    /// The length of a run, at most `left`: counted by `same` (of the n-th sample from here) and written, or read.
    fn run(&mut self, left: usize, index: &mut RunIndex, same: impl Fn(usize) -> bool) -> usize;
}

/// The adaptive state of a scan or restart interval.
pub(super) struct Model {
    params: Params,
    /// Quantised gradient (A.3.3) of `-t3..=t3`.
    gradients: Vec<i8>,
    contexts: Box<[Context; 512]>,
    runs: [RunContext; 2],
}

/// Smallest `k` with `n << k >= a` (A.5.1).
#[inline]
fn golomb_order(n: u32, a: u32) -> u32 {
    if a <= n {
        return 0;
    }
    let k = n.leading_zeros() - a.leading_zeros();
    k + u32::from(n << k < a)
}

/// Median edge detector (A.4.1).
#[inline]
fn predict(ra: i32, rb: i32, rc: i32) -> i32 {
    (ra + rb - rc).clamp(ra.min(rb), ra.max(rb))
}

impl Model {
    pub(super) fn new(params: Params) -> Self {
        let [t1, t2, t3] = params.thresholds;
        let gradients = (-t3..=t3)
            .map(|d| {
                let level = [params.near + 1, t1, t2, t3]
                    .iter()
                    .filter(|t| d.abs() >= **t)
                    .count() as i8;
                if d < 0 { -level } else { level }
            })
            .collect();
        let mut model = Model {
            params,
            gradients,
            contexts: Box::new(
                [Context {
                    a: 0,
                    b: 0,
                    c: 0,
                    n: 1,
                }; 512],
            ),
            runs: [RunContext {
                a: 0,
                n: 1,
                negative: 0,
            }; 2],
        };
        model.restart();
        model
    }

    /// Forgets what was learnt (A.2.1).
    pub(super) fn restart(&mut self) {
        let a = ((self.params.range as u32 + 32) / 64).max(2);
        self.contexts.fill(Context {
            a,
            b: 0,
            c: 0,
            n: 1,
        });
        self.runs.fill(RunContext {
            a,
            n: 1,
            negative: 0,
        });
    }

    #[inline]
    fn gradient(&self, d: i32) -> i32 {
        let t3 = self.params.thresholds[2];
        i32::from(self.gradients[(d.clamp(-t3, t3) + t3) as usize])
    }

    #[inline]
    fn regular<D: Direction, const LOSSLESS: bool>(
        &mut self,
        direction: &mut D,
        context: i32,
        [ra, rb, rc]: [i32; 3],
        sample: u16,
    ) -> u16 {
        let params = &self.params;
        let sign = context >> 31;
        let signed = |v: i32| (v ^ sign) - sign;
        let ctx = &mut self.contexts[signed(context) as usize & 511];
        let prediction = (predict(ra, rb, rc) + signed(ctx.c)).clamp(0, params.max_value);
        let code = Code {
            k: golomb_order(ctx.n as u32, ctx.a),
            max_unary: params.limit - params.residual_bits - 1,
        };
        let flip = LOSSLESS && code.k == 0 && 2 * ctx.b <= -ctx.n;
        let difference = signed(i32::from(sample) - prediction);
        let e = direction.regular::<LOSSLESS>(params, difference, &code, flip);
        ctx.update(
            e,
            if LOSSLESS { 1 } else { 2 * params.near + 1 },
            params.reset,
        );
        params.sample::<LOSSLESS>(prediction, signed(e))
    }

    /// The sample that ends a run (A.7.2). Only a component on its own has the second kind (`alone`).
    fn interruption<D: Direction, const LOSSLESS: bool>(
        &mut self,
        direction: &mut D,
        index: RunIndex,
        [ra, rb]: [i32; 2],
        alone: bool,
        sample: u16,
    ) -> u16 {
        let params = &self.params;
        let kind = u32::from(alone && (ra - rb).abs() <= params.near);
        let (prediction, sign) = match kind {
            1 => (ra, 1),
            _ if ra > rb => (rb, -1),
            _ => (rb, 1),
        };
        let ctx = &mut self.runs[kind as usize & 1];
        let code = Code {
            k: golomb_order(ctx.n, ctx.a + kind * (ctx.n >> 1)),
            max_unary: params.limit - index.order() - 1 - params.residual_bits - 1,
        };
        let odd_negative = code.k != 0 || 2 * ctx.negative >= ctx.n;
        let difference = (i32::from(sample) - prediction) * sign;
        let (e, number) =
            direction.interruption::<LOSSLESS>(params, difference, &code, kind, odd_negative);
        ctx.negative += u32::from(e < 0);
        ctx.a += (number + 1 - kind) >> 1;
        if ctx.n == params.reset as u32 {
            ctx.a >>= 1;
            ctx.n >>= 1;
            ctx.negative >>= 1;
        }
        ctx.n += 1;
        params.sample::<LOSSLESS>(prediction, e * sign)
    }

    /// One line of one component. Both lines have a sample more on either side; `line[0]`, `above[0]` and the last of `above` are
    /// set. An encoder gives the samples in `line`; both get back the decoded ones there.
    pub(super) fn line<D: Direction, const LOSSLESS: bool>(
        &mut self,
        direction: &mut D,
        index: &mut RunIndex,
        above: &[u16],
        line: &mut [u16],
    ) {
        let end = line.len().min(above.len()) - 1;
        let near = self.params.near;
        let mut x = 1;
        while x < end {
            let ra = i32::from(line[x - 1]);
            let [rc, rb, rd] = [above[x - 1], above[x], above[x + 1]].map(i32::from);
            let context =
                (self.gradient(rd - rb) * 9 + self.gradient(rb - rc)) * 9 + self.gradient(rc - ra);
            if context != 0 {
                line[x] = self.regular::<D, LOSSLESS>(direction, context, [ra, rb, rc], line[x]);
                x += 1;
                continue;
            }
            let from = &line[x..end];
            let run = direction.run(from.len(), index, |i| {
                from.get(i)
                    .is_some_and(|v| (i32::from(*v) - ra).abs() <= near)
            });
            line[x..x + run].fill(ra as u16);
            x += run;
            if x < end {
                let rb = i32::from(above[x]);
                line[x] =
                    self.interruption::<D, LOSSLESS>(direction, *index, [ra, rb], true, line[x]);
                index.down();
                x += 1;
            }
        }
    }

    /// One line of several components, pixel by pixel (A.7 for sample interleaved scans). Lines are as in [`Model::line`].
    pub(super) fn pixels<D: Direction, const LOSSLESS: bool>(
        &mut self,
        direction: &mut D,
        index: &mut RunIndex,
        above: &[Vec<u16>],
        lines: &mut [Vec<u16>],
    ) {
        let end = lines.iter().chain(above).map(Vec::len).min().unwrap_or(1) - 1;
        let near = self.params.near;
        let mut x = 1;
        while x < end {
            let mut contexts = [0; 4];
            for ((context, line), above) in contexts.iter_mut().zip(&*lines).zip(above) {
                let ra = i32::from(line[x - 1]);
                let [rc, rb, rd] = [above[x - 1], above[x], above[x + 1]].map(i32::from);
                *context = (self.gradient(rd - rb) * 9 + self.gradient(rb - rc)) * 9
                    + self.gradient(rc - ra);
            }
            if contexts != [0; 4] {
                for ((context, line), above) in contexts.iter().zip(&mut *lines).zip(above) {
                    let around = [line[x - 1], above[x], above[x - 1]].map(i32::from);
                    line[x] = self.regular::<D, LOSSLESS>(direction, *context, around, line[x]);
                }
                x += 1;
                continue;
            }
            let run = direction.run(end - x, index, |i| {
                lines.iter().all(|line| {
                    line.get(x + i)
                        .is_some_and(|v| (i32::from(*v) - i32::from(line[x - 1])).abs() <= near)
                })
            });
            for line in &mut *lines {
                let ra = line[x - 1];
                line[x..x + run].fill(ra);
            }
            x += run;
            if x < end {
                for (line, above) in lines.iter_mut().zip(above) {
                    let around = [line[x - 1], above[x]].map(i32::from);
                    line[x] =
                        self.interruption::<D, LOSSLESS>(direction, *index, around, false, line[x]);
                }
                index.down();
                x += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Table C.3 of the standard: default thresholds.
    #[test]
    fn default_thresholds() {
        let t = |bits, near| {
            Params::new(bits, near, &Preset::default())
                .unwrap()
                .thresholds
        };
        assert_eq!(t(8, 0), [3, 7, 21]);
        assert_eq!(t(8, 3), [12, 22, 42]);
        assert_eq!(t(12, 0), [18, 67, 276]);
        assert_eq!(t(16, 0), [18, 67, 276]);
        assert_eq!(t(2, 0), [2, 3, 3]);
    }

    #[test]
    fn golomb_order_is_the_smallest_that_reaches() {
        for n in [1u32, 2, 3, 63, 64, 65535] {
            for a in [0u32, 1, 2, 3, 100, 65535, 1 << 20, u32::MAX / 2] {
                let k = golomb_order(n, a);
                let reaches = |k| u64::from(n) << k >= u64::from(a);
                assert!(reaches(k) && (k == 0 || !reaches(k - 1)), "{n} {a}");
            }
        }
    }

    #[test]
    fn parameters_out_of_range_are_refused() {
        for preset in [
            Preset {
                max_value: 300,
                ..Preset::default()
            },
            Preset {
                thresholds: [9, 5, 0],
                ..Preset::default()
            },
            Preset {
                thresholds: [1, 2, 256],
                ..Preset::default()
            },
            Preset {
                reset: 2,
                ..Preset::default()
            },
        ] {
            assert!(Params::new(8, 0, &preset).is_err());
        }
        assert!(Params::new(8, 128, &Preset::default()).is_err());
    }
}
