//! The reader's network on the processor: integer SIMD, bit-identical to the scalar reference in `network`.
//!
//! A line is small, so whole maps are kept; one call computes on the caller's thread. Every tap of a kernel is a channel
//! of its own to [`pointwise`]: the same row, read a little off. For strides of two a map's even and odd columns lie apart.

use super::network::{Kind, Layer, MAX_TAPS, Network};
use super::{INPUT_HEIGHT, STEP_PX};
use crate::error::{Error, Result};
#[cfg(target_arch = "x86_64")]
use crate::exact::x86;
use crate::exact::{End, Level, Portable, Row, Simd, bias_shift, pointwise, table};

/// Cells left of a row: at least half the widest kernel.
const LEFT: usize = 16;
/// Rows end on these, and so do the blocks that kernels write.
const BLOCK: usize = 64;
/// Groups of four taps.
const MAX_QUADS: usize = MAX_TAPS / 4;

/// A layer's weights in the order that the kernel reads them.
struct Table {
    weights: Vec<i32>,
    bias_shift: Vec<(i32, i32)>,
}

/// The network on the processor.
pub(super) struct ExactNet {
    level: Level,
    network: Network,
    tables: Vec<Table>,
}

impl ExactNet {
    /// The network with the best instruction set of this machine.
    ///
    /// # Errors
    /// As for [`Network::parse`].
    pub fn new(bytes: &[u8], classes: usize) -> Result<ExactNet> {
        Self::with_level(Network::parse(bytes, classes)?, Level::detect())
    }

    /// The network with a given instruction set.
    ///
    /// # Errors
    /// [`Error::Device`] if this machine lacks it.
    pub fn with_level(network: Network, level: Level) -> Result<ExactNet> {
        if !level.available() {
            let name = level.name();
            return Err(Error::Device(format!("this processor has no {name}")));
        }
        let tables = network.layers().iter();
        let tables = tables.filter(|l| !l.depthwise).map(|l| Table {
            weights: table(level, l.outputs, l.taps(), |o| l.channel(o)),
            bias_shift: bias_shift(level, &l.bias, &l.shift),
        });
        Ok(ExactNet {
            level,
            tables: tables.collect(),
            network,
        })
    }

    /// The answer for a line of [`INPUT_HEIGHT`] × `width` grey values, `width` a multiple of twice [`STEP_PX`].
    pub fn logits(&self, pixels: &[u8], width: usize) -> Logits {
        debug_assert!(width.is_multiple_of(2 * STEP_PX));
        let layers = self.network.layers();
        let mut maps: Vec<Planes> = Vec::with_capacity(layers.len());
        let mut logits = Logits::default();
        let mut tables = self.tables.iter();
        let first = layers.first().map_or(0, |l| l.outside);
        let line = Planes::line(pixels, width, first);
        for layer in layers {
            let input = layer.input.map_or(&line, |i| &maps[i]);
            // What lies beyond a map is for those who read it to say; they agree, or read copies.
            let outside = layers.iter().find(|l| l.input == Some(maps.len()));
            let outside = outside.map_or(0, |l| l.outside);
            let own;
            let input = if input.outside == layer.outside {
                input
            } else {
                own = input.within(layer.outside);
                &own
            };
            let width = input.width / layer.stride[1];
            if layer.depthwise {
                maps.push(along(layer, input, outside));
                continue;
            }
            let Some(table) = tables.next() else { break };
            if layer.kind == Kind::Logits {
                logits = Logits::new(layer.outputs, width);
                self.convolve(layer, table, input, Answer::Logits(&mut logits));
                break;
            }
            let mut out = Planes::new(layer.outputs, layer.height, width, outside);
            let skip = layer.skip.map(|s| &maps[s]);
            self.convolve(layer, table, input, Answer::Map(&mut out, skip));
            maps.push(out);
        }
        logits
    }

    /// One layer, with this machine's instructions.
    fn convolve(&self, layer: &Layer, table: &Table, input: &Planes, answer: Answer) {
        // SAFETY: `with_level` checked the instruction set; `rows` keeps to the maps.
        match self.level {
            Level::Portable => unsafe { rows::<Portable, 4>(layer, table, input, answer) },
            #[cfg(target_arch = "x86_64")]
            Level::Sse2 => unsafe { rows::<x86::Sse2, 4>(layer, table, input, answer) },
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { rows_avx2(layer, table, input, answer) },
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { rows_avx512(layer, table, input, answer) },
            #[cfg(not(target_arch = "x86_64"))]
            _ => unsafe { rows::<Portable, 4>(layer, table, input, answer) },
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn rows_avx2(layer: &Layer, table: &Table, input: &Planes, answer: Answer) {
    // SAFETY: the caller checked the instruction set.
    unsafe { rows::<x86::Avx2, 4>(layer, table, input, answer) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
unsafe fn rows_avx512(layer: &Layer, table: &Table, input: &Planes, answer: Answer) {
    // SAFETY: the caller checked the instruction set.
    unsafe { rows::<x86::Avx512, 8>(layer, table, input, answer) }
}

/// Where the values of a layer go.
enum Answer<'a> {
    /// Into a map, added to another one where there is one.
    Map(&'a mut Planes, Option<&'a Planes>),
    Logits(&'a mut Logits),
}

/// All rows of a layer.
///
/// # Safety
/// The machine has `S`; `O` is what its level computes at once; the maps have the shapes that the layer asks for.
#[inline(always)]
unsafe fn rows<S: Simd, const O: usize>(
    layer: &Layer,
    table: &Table,
    input: &Planes,
    mut answer: Answer,
) {
    let halves;
    let (even, odd) = if layer.stride[1] == 2 {
        halves = input.halves();
        (&halves.0, &halves.1)
    } else {
        (input, input)
    };
    let nothing = vec![layer.outside; even.row_bytes];
    let quads = layer.taps().div_ceil(4);
    let mut taps: Vec<*const u8> = Vec::with_capacity(4 * quads);
    for y in 0..layer.height {
        taps.clear();
        for c in 0..layer.inputs {
            for dy in 0..layer.kernel[0] {
                let row = (y * layer.stride[0] + dy).wrapping_sub(layer.pad[0]);
                for dx in 0..layer.kernel[1] {
                    let (half, off) = place(dx as isize - layer.pad[1] as isize, layer.stride[1]);
                    let map = if half { odd } else { even };
                    let start = if row < map.height {
                        map.row(c, row)
                    } else {
                        nothing.as_ptr().wrapping_add(LEFT)
                    };
                    taps.push(start.wrapping_offset(off));
                }
            }
        }
        taps.resize(4 * quads, nothing.as_ptr().wrapping_add(LEFT));
        let (end, out_step, skip_step, width) = match &mut answer {
            Answer::Map(out, skip) => {
                let (step, width, to) = (out.channel_bytes(), out.width, out.row_mut(0, y));
                match skip {
                    Some(skip) => {
                        let end = End::Res {
                            out: to,
                            skip: skip.row(0, y),
                        };
                        (end, step, skip.channel_bytes(), width)
                    }
                    None => (End::Plain { out: to }, step, 0, width),
                }
            }
            Answer::Logits(out) => {
                let end = End::Sums {
                    out: out.data.as_mut_ptr(),
                };
                (end, out.row, 0, out.steps)
            }
        };
        let row = Row {
            quads,
            n: width,
            outputs: layer.outputs,
            table: &table.weights,
            bias_shift: &table.bias_shift,
            out_step,
            skip_step,
            end,
        };
        // SAFETY: rows have whole blocks from cell 0 on, and a block more behind them than taps reach to the right; the
        // network's taps fit `MAX_QUADS`.
        unsafe { pointwise::<S, O, MAX_QUADS>(&row, |i| *taps.get_unchecked(i)) };
        if let Answer::Map(out, _) = &mut answer {
            out.clear_behind(y);
        }
    }
}

/// Which half of the columns (the odd one?) and how many cells off a tap `dx` columns from the centre is found.
fn place(dx: isize, stride: usize) -> (bool, isize) {
    if stride == 1 {
        (false, dx)
    } else {
        (dx & 1 == 1, dx.div_euclid(2))
    }
}

/// A depthwise layer along the rows: little work, plain Rust.
fn along(layer: &Layer, input: &Planes, outside: u8) -> Planes {
    let mut out = Planes::new(layer.outputs, layer.height, input.width, outside);
    let mut sums = vec![0i32; input.width];
    let reach = layer.kernel[1] / 2;
    for c in 0..layer.outputs {
        for y in 0..layer.height {
            sums.fill(layer.bias[c]);
            let row = &input.data[input.start(c, y) - reach..];
            for (dx, w) in layer.channel(c).iter().enumerate() {
                for (sum, v) in sums.iter_mut().zip(&row[dx..]) {
                    *sum += i32::from(*w) * i32::from(*v);
                }
            }
            let start = out.start(c, y);
            for (to, sum) in out.data[start..].iter_mut().zip(&sums) {
                *to = (sum >> layer.shift[c]).clamp(0, 255) as u8;
            }
        }
    }
    out
}

/// Planes of cells, with what lies outside around every row.
struct Planes {
    channels: usize,
    height: usize,
    width: usize,
    outside: u8,
    row_bytes: usize,
    data: Vec<u8>,
}

impl Planes {
    fn new(channels: usize, height: usize, width: usize, outside: u8) -> Planes {
        let row_bytes = LEFT + width.next_multiple_of(BLOCK) + BLOCK;
        Planes {
            channels,
            height,
            width,
            outside,
            row_bytes,
            data: vec![outside; channels * height * row_bytes],
        }
    }

    /// A line as the network's input.
    fn line(pixels: &[u8], width: usize, outside: u8) -> Planes {
        let mut line = Planes::new(1, INPUT_HEIGHT, width, outside);
        for (y, row) in pixels
            .chunks_exact(width.max(1))
            .enumerate()
            .take(INPUT_HEIGHT)
        {
            let start = line.start(0, y);
            line.data[start..][..width].copy_from_slice(row);
        }
        line
    }

    /// Place of cell 0 of a row.
    fn start(&self, c: usize, y: usize) -> usize {
        (c * self.height + y) * self.row_bytes + LEFT
    }

    fn row(&self, c: usize, y: usize) -> *const u8 {
        self.data.as_ptr().wrapping_add(self.start(c, y))
    }

    fn row_mut(&mut self, c: usize, y: usize) -> *mut u8 {
        let start = self.start(c, y);
        self.data.as_mut_ptr().wrapping_add(start)
    }

    fn channel_bytes(&self) -> usize {
        self.height * self.row_bytes
    }

    fn cells(&self, c: usize, y: usize) -> &[u8] {
        &self.data[self.start(c, y)..][..self.width]
    }

    /// Puts back what lies behind row `y` of every channel, where kernels have written whole blocks.
    fn clear_behind(&mut self, y: usize) {
        for c in 0..self.channels {
            let start = self.start(c, y);
            let row = &mut self.data[start..][..self.row_bytes - LEFT];
            row[self.width..].fill(self.outside);
        }
    }

    /// The same cells with something else around them.
    fn within(&self, outside: u8) -> Planes {
        self.picked(self.width, outside, |row, to| to.copy_from_slice(row))
    }

    /// The even and the odd columns.
    fn halves(&self) -> (Planes, Planes) {
        let half = |first: usize| {
            self.picked(self.width / 2, self.outside, |row, to| {
                for (to, v) in to.iter_mut().zip(row[first..].iter().step_by(2)) {
                    *to = *v;
                }
            })
        };
        (half(0), half(1))
    }

    fn picked(&self, width: usize, outside: u8, pick: impl Fn(&[u8], &mut [u8])) -> Planes {
        let mut out = Planes::new(self.channels, self.height, width, outside);
        for c in 0..self.channels {
            for y in 0..self.height {
                let start = out.start(c, y);
                pick(self.cells(c, y), &mut out.data[start..][..width]);
            }
        }
        out
    }
}

/// The network's answer, class after class.
#[derive(Default)]
pub(super) struct Logits {
    /// One for every [`STEP_PX`] columns.
    pub steps: usize,
    /// Values from one class to the next.
    row: usize,
    data: Vec<i32>,
}

impl Logits {
    fn new(classes: usize, steps: usize) -> Logits {
        let row = steps.next_multiple_of(BLOCK);
        Logits {
            steps,
            row,
            data: vec![0; classes * row],
        }
    }

    /// The values of a class, one a step.
    pub fn class(&self, class: usize) -> &[i32] {
        &self.data[class * self.row..][..self.steps]
    }
}

#[cfg(test)]
impl Logits {
    /// From the values of each class.
    pub fn of(classes: &[Vec<i32>]) -> Logits {
        let mut logits = Logits::new(classes.len(), classes[0].len());
        for (c, values) in classes.iter().enumerate() {
            logits.data[c * logits.row..][..values.len()].copy_from_slice(values);
        }
        logits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Models;

    const CLASSES: usize = 137;

    fn network() -> Network {
        Network::parse(Models::embedded().unwrap().reader(), CLASSES).unwrap()
    }

    fn flat(logits: &Logits) -> Vec<i32> {
        (0..CLASSES)
            .flat_map(|c| logits.class(c).to_vec())
            .collect()
    }

    /// Every instruction set of this machine.
    fn engines() -> Vec<ExactNet> {
        let levels = Level::ALL.into_iter().filter(|l| l.available());
        levels
            .map(|l| ExactNet::with_level(network(), l).unwrap())
            .collect()
    }

    #[test]
    fn the_training_scripts_and_every_instruction_set_agree_on_the_vectors() {
        macro_rules! vector {
            ($name:literal) => {
                (
                    &include_bytes!(concat!("../../models/vectors/reader-", $name, ".in.pgm"))[..],
                    &include_bytes!(concat!("../../models/vectors/reader-", $name, ".logits"))[..],
                )
            };
        }
        for (line, logits) in [vector!("noise"), vector!("line0"), vector!("line1")] {
            let start = line.iter().enumerate().filter(|(_, b)| **b == b'\n').nth(2);
            let pixels = &line[start.unwrap().0 + 1..];
            let width = pixels.len() / INPUT_HEIGHT;
            let expected: Vec<i32> = logits
                .as_chunks()
                .0
                .iter()
                .map(|b| i32::from_le_bytes(*b))
                .collect();
            assert_eq!(network().reference(pixels, width), expected);
            for engine in engines() {
                let got = flat(&engine.logits(pixels, width));
                assert!(got == expected, "{}, {width} columns", engine.level.name());
            }
        }
    }

    #[test]
    fn every_instruction_set_agrees_at_awkward_widths() {
        let network = network();
        let mut noise = 1u32;
        for width in [8, 16, 56, 64, 72, 136, 264] {
            let mut next = || {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                [0, 255, (noise >> 24) as u8, 128][noise as usize >> 16 & 3]
            };
            let pixels: Vec<u8> = (0..INPUT_HEIGHT * width).map(|_| next()).collect();
            let expected = network.reference(&pixels, width);
            for engine in engines() {
                let got = flat(&engine.logits(&pixels, width));
                assert!(got == expected, "{}, {width} columns", engine.level.name());
            }
        }
    }
}
