//! The network on the CPU: integer SIMD, bit-identical to [`super::network::Network::reference`].
//!
//! Takes pictures, gives packed maps. The instruction set is chosen at run time; rayon's current pool gives the threads.
//! Several pictures are spread over the threads; a single one is split into bands of rows. Memory is bounded by the
//! width of a picture (below 8 KiB a column and thread; somewhat more where threads share one), not by its area.

mod kernels;
mod maps;
mod schedule;

pub use crate::exact::Level;

use super::network::{GRID, Network};
use super::{Detector, Levels, TextMap};
use crate::error::{Error, Result};
#[cfg(target_arch = "x86_64")]
use crate::exact::x86;
use crate::exact::{End, Portable, Row, Simd, bias_shift, pointwise, table};
use crate::frame::Gray;
use crate::stage::{Kind, Layer, levels, stem};
use kernels::{BAND, BAND_INPUTS};
use maps::{Bytes, RingMap};
use rayon::prelude::*;
use schedule::{Run, Schedule, Step};
use std::cell::RefCell;
use std::sync::Mutex;

/// Most input channels of a pointwise layer, in groups of four.
const MAX_QUADS: usize = 128;

/// Rows of a picture that go through the network at a time on one thread: all maps stay in cache.
const CHUNK: usize = GRID;
/// The same when threads share a picture: fewer waits for each other.
const SHARED_CHUNK: usize = 16 * GRID;

/// A layer's weights in the order that the kernels read them.
struct Table {
    weights: Vec<i32>,
    /// Words of one output channel, for depthwise and first layers.
    channel_words: usize,
    bias_shift: Vec<(i32, i32)>,
}

/// The network on the CPU.
pub struct CpuDetector {
    level: Level,
    layers: Vec<Layer>,
    tables: Vec<Table>,
    steps: Vec<Step>,
    /// Memory of pictures that are done, for the next ones.
    spare: Mutex<Vec<Workspace>>,
}

/// Memory of one picture on its way through the network.
#[derive(Default)]
struct Workspace {
    maps: Vec<Bytes>,
    zeros: Bytes,
}

thread_local! {
    /// A band between its depthwise and its pointwise layer.
    static BETWEEN: RefCell<Bytes> = RefCell::default();
}

impl CpuDetector {
    /// The network with the best instruction set of this machine.
    ///
    /// # Errors
    /// [`Error::Model`] if a layer is wider than the kernels can hold.
    pub fn new(network: &Network) -> Result<CpuDetector> {
        Self::with_level(network, Level::detect())
    }

    /// The network with a given instruction set.
    ///
    /// # Errors
    /// [`Error::Device`] if this machine lacks it; [`Error::Model`] as for [`CpuDetector::new`].
    pub fn with_level(network: &Network, level: Level) -> Result<CpuDetector> {
        if !level.available() {
            return Err(Error::Device(format!(
                "this processor has no {}",
                level.name()
            )));
        }
        let layers = network.layers().to_vec();
        if layers.iter().any(|l| l.inputs > 4 * MAX_QUADS) {
            return Err(Error::Model(
                "a layer of the text-region network is too wide".into(),
            ));
        }
        Ok(CpuDetector {
            level,
            tables: layers.iter().map(|l| table_of(l, level)).collect(),
            steps: schedule::steps(&layers),
            layers,
            spare: Mutex::default(),
        })
    }

    /// The map of one picture; `shared` splits it over the threads of the current pool.
    fn map(&self, picture: &Gray, at: Levels, shared: bool) -> TextMap {
        let (width, height) = stem::padded_size(picture.width, picture.height);
        let mut text = TextMap {
            width: (width / 2) as u32,
            height: (height / 2) as u32,
            cells: vec![0; width / 2 * (height / 2)],
        };
        let chunk = if shared { SHARED_CHUNK } else { CHUNK };
        let schedule = Schedule::new(&self.steps, width, height, chunk);
        let mut space = self.take_space();
        let maps = space.maps(&schedule);
        let (picture_map, answer) = (maps[0], maps[maps.len() - 1]);
        let mut known = 0;
        for (to, runs) in &schedule.chunks {
            for y in known..*to {
                // SAFETY: the row is inside the map, whose memory `space` holds.
                unsafe { fill_row(picture, &picture_map, y) };
            }
            known = *to;
            for run in runs {
                self.run(run, &maps, shared);
                if run.step + 1 == self.steps.len() {
                    for y in run.from..run.to {
                        let n = answer.form.width;
                        // SAFETY: the run made this row; nothing writes it before the next chunk.
                        let [region, core] = [0, 1].map(|c| unsafe {
                            std::slice::from_raw_parts(answer.padded_row(c, y as isize), n)
                        });
                        let cells = &mut text.cells[y * n..][..n];
                        levels::row(region, core, &at.region, &at.core, cells);
                    }
                }
            }
        }
        if let Ok(mut spare) = self.spare.lock() {
            spare.push(space);
        }
        text
    }

    fn take_space(&self) -> Workspace {
        self.spare
            .lock()
            .ok()
            .and_then(|mut s| s.pop())
            .unwrap_or_default()
    }

    /// One step over some rows, on one thread or on all.
    fn run(&self, run: &Run, maps: &[RingMap], shared: bool) {
        let step = &self.steps[run.step];
        let work = Work {
            step,
            taps: step.taps.map(|i| (&self.layers[i], &self.tables[i])),
            main: (&self.layers[step.main], &self.tables[step.main]),
            input: maps[step.input],
            skip: step.skip.map(|s| maps[s]),
            out: maps[run.step + 1],
        };
        let rows = run.to - run.from;
        let threads = rayon::current_num_threads();
        if !shared || threads < 2 || rows < 2 * BAND {
            return work.rows(self.level, run.from, run.to);
        }
        let part = rows.div_ceil(2 * threads).next_multiple_of(BAND);
        (0..rows.div_ceil(part)).into_par_iter().for_each(|i| {
            let from = run.from + i * part;
            work.rows(self.level, from, (from + part).min(run.to));
        });
    }
}

impl Detector for CpuDetector {
    fn device(&self) -> String {
        format!("cpu ({})", self.level.name())
    }

    fn maps(&self, pictures: &[&Gray], levels: Levels) -> Result<Vec<TextMap>> {
        for p in pictures {
            super::check_picture(p)?;
        }
        if pictures.len() < rayon::current_num_threads() {
            Ok(pictures.iter().map(|p| self.map(p, levels, true)).collect())
        } else {
            Ok(pictures
                .par_iter()
                .map(|p| self.map(p, levels, false))
                .collect())
        }
    }
}

impl Workspace {
    /// Maps of the schedule's shapes in this memory.
    fn maps(&mut self, schedule: &Schedule) -> Vec<RingMap> {
        let widest = schedule.forms.iter().map(|f| f.width).max().unwrap_or(0);
        let zeros = self.zeros.reserve(RingMap::zeros_bytes(2 * widest));
        self.maps.resize_with(schedule.forms.len(), Bytes::default);
        self.maps
            .iter_mut()
            .zip(&schedule.forms)
            .map(|(memory, form)| {
                let map = RingMap::new(memory.reserve(form.bytes()), zeros, *form);
                // SAFETY: the memory was just reserved and is ours alone.
                unsafe { map.clear_first_margins() };
                map
            })
            .collect()
    }
}

/// A row of the padded picture.
///
/// # Safety
/// `y` is inside the map, whose memory is alive and used by no one else.
unsafe fn fill_row(picture: &Gray, map: &RingMap, y: usize) {
    let row = picture.row((y as u32).min(picture.height - 1));
    // SAFETY: a map's row holds its width, which is at least the picture's.
    let cells = unsafe { std::slice::from_raw_parts_mut(map.row(y), map.form.width) };
    let (known, beyond) = cells.split_at_mut(row.len());
    known.copy_from_slice(row);
    beyond.fill(row[row.len() - 1]);
    // SAFETY: as above.
    unsafe { map.clear_tail(y) };
}

/// A layer's weights for the kernels of an instruction set.
fn table_of(layer: &Layer, level: Level) -> Table {
    let weights = if layer.kernel > 1 {
        taps(layer, level)
    } else {
        table(level, layer.outputs, layer.inputs, |o| layer.channel(o))
    };
    Table {
        channel_words: weights.len() / layer.outputs,
        weights,
        bias_shift: bias_shift(level, &layer.bias, &layer.shift),
    }
}

/// The weights of a layer with taps: channel, row of the kernel, quad of its columns.
fn taps(layer: &Layer, level: Level) -> Vec<i32> {
    let mut weights = Vec::new();
    for o in 0..layer.outputs {
        for row in layer.channel(o).chunks(layer.kernel) {
            for part in row.chunks(4) {
                let quad = std::array::from_fn(|i| part.get(i).copied().unwrap_or(0));
                level.push_weights(&mut weights, quad);
            }
        }
    }
    weights
}

/// `std::array::from_fn` for what every row asks for: always inlined.
#[inline(always)]
fn array<T: Copy, const N: usize>(of: impl Fn(usize) -> T) -> [T; N] {
    let mut all = [of(0); N];
    for (i, one) in all.iter_mut().enumerate().skip(1) {
        *one = of(i);
    }
    all
}

/// One step with everything it touches.
struct Work<'a> {
    step: &'a Step,
    taps: Option<(&'a Layer, &'a Table)>,
    main: (&'a Layer, &'a Table),
    input: RingMap,
    skip: Option<RingMap>,
    out: RingMap,
}

impl Work<'_> {
    fn rows(&self, level: Level, from: usize, to: usize) {
        BETWEEN.with_borrow_mut(|between| {
            let between = between.reserve(self.between_bytes());
            // SAFETY: `available` was checked when the detector was made.
            match level {
                Level::Portable => unsafe { self.rows_in::<Portable, 4>(from, to, between) },
                #[cfg(target_arch = "x86_64")]
                Level::Sse2 => unsafe { self.rows_in::<x86::Sse2, 4>(from, to, between) },
                #[cfg(target_arch = "x86_64")]
                Level::Avx2 => unsafe { self.rows_avx2(from, to, between) },
                #[cfg(target_arch = "x86_64")]
                Level::Avx512 => unsafe { self.rows_avx512(from, to, between) },
                #[cfg(not(target_arch = "x86_64"))]
                _ => unsafe { self.rows_in::<Portable, 4>(from, to, between) },
            }
        });
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    unsafe fn rows_avx2(&self, from: usize, to: usize, between: *mut u8) {
        // SAFETY: the caller checked the instruction set.
        unsafe { self.rows_in::<x86::Avx2, 4>(from, to, between) }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    unsafe fn rows_avx512(&self, from: usize, to: usize, between: *mut u8) {
        // SAFETY: the caller checked the instruction set.
        unsafe { self.rows_in::<x86::Avx512, 8>(from, to, between) }
    }

    /// Bytes of a row between the two layers.
    fn between_row(&self) -> usize {
        (self.input.form.width / self.step.stride).next_multiple_of(64)
    }

    fn between_bytes(&self) -> usize {
        self.taps
            .map_or(0, |(l, _)| l.outputs * BAND * self.between_row())
    }

    /// Rows `from..to` of sums and the output rows they give.
    ///
    /// # Safety
    /// The machine has `S`; the rows read are complete and no other thread uses the rows written; `between` has
    /// [`Work::between_bytes`].
    #[inline(always)]
    unsafe fn rows_in<S: Simd, const O: usize>(&self, from: usize, to: usize, between: *mut u8) {
        let mut y = from;
        while y < to {
            let rows = BAND.min(to - y);
            // SAFETY: the caller's promise, for rows `y..y + rows`.
            unsafe {
                if matches!(self.main.0.kernel, 3) {
                    for c in 0..self.main.0.outputs {
                        let rows_out = array(|j| {
                            self.out
                                .row((y + j).min(to - 1))
                                .wrapping_add(c * self.out.form.channel_bytes())
                        });
                        self.taps_of::<S>(self.main, 0, c, y, rows, &rows_out);
                    }
                } else {
                    if let Some(taps) = self.taps {
                        let step = self.between_row();
                        for c in 0..taps.0.outputs {
                            let rows_out = array(|j| between.wrapping_add((c * BAND + j) * step));
                            self.taps_of::<S>(taps, c, c, y, rows, &rows_out);
                        }
                    }
                    for j in 0..rows {
                        self.pointwise_of::<S, O>(y + j, j, between);
                    }
                }
                for j in 0..rows * self.step.zoom {
                    self.out.clear_tail(y * self.step.zoom + j);
                }
            }
            y += rows;
        }
    }

    /// `rows` rows from `y` of the sums of channel `c`.
    ///
    /// # Safety
    /// As for [`Work::rows_in`]; `out` holds the rows.
    #[inline(always)]
    unsafe fn taps_of<S: Simd>(
        &self,
        (layer, table): (&Layer, &Table),
        input_channel: usize,
        c: usize,
        y: usize,
        rows: usize,
        out: &[*mut u8; BAND],
    ) {
        let stride = layer.stride;
        let w = table.weights.as_ptr().wrapping_add(c * table.channel_words);
        let (bias, shift) = table.bias_shift[c];
        let n = self.input.form.width / stride;
        let inputs: [*const u8; BAND_INPUTS] = array(|r| {
            let y = (y * stride + r) as isize - (layer.kernel / 2) as isize;
            self.input.padded_row(input_channel, y)
        });
        // SAFETY: the rows hold what the kernels ask for, see `maps`.
        unsafe {
            if rows == BAND {
                match (layer.kernel, stride) {
                    (5, _) => kernels::taps::<S, 5, 1, BAND>(&inputs, w, bias, shift, out, n),
                    (_, 2) => kernels::taps::<S, 3, 2, BAND>(&inputs, w, bias, shift, out, n),
                    _ => kernels::taps::<S, 3, 1, BAND>(&inputs, w, bias, shift, out, n),
                }
                return;
            }
            for j in 0..rows {
                let inputs: [*const u8; BAND_INPUTS] =
                    array(|r| inputs[(j * stride + r).min(BAND_INPUTS - 1)]);
                let out = &[out[j]; BAND];
                match (layer.kernel, stride) {
                    (5, _) => kernels::taps::<S, 5, 1, 1>(&inputs, w, bias, shift, out, n),
                    (_, 2) => kernels::taps::<S, 3, 2, 1>(&inputs, w, bias, shift, out, n),
                    _ => kernels::taps::<S, 3, 1, 1>(&inputs, w, bias, shift, out, n),
                }
            }
        }
    }

    /// The pointwise layer over row `y`, which is row `j` of the band.
    ///
    /// # Safety
    /// As for [`Work::rows_in`].
    #[inline(always)]
    unsafe fn pointwise_of<S: Simd, const O: usize>(&self, y: usize, j: usize, between: *mut u8) {
        let (layer, table) = self.main;
        let (input, input_step) = match self.taps {
            Some(_) => (
                between.wrapping_add(j * self.between_row()).cast_const(),
                BAND * self.between_row(),
            ),
            None => (
                self.input.row(y).cast_const(),
                self.input.form.channel_bytes(),
            ),
        };
        let end = match (layer.kind, self.skip) {
            (Kind::Res, Some(skip)) => End::Res {
                out: self.out.row(y),
                skip: skip.row(y),
            },
            (Kind::Up, Some(skip)) => End::Up {
                out: [0, 1].map(|i| self.out.row(2 * y + i)),
                skip: [0, 1].map(|i| skip.row(2 * y + i).cast_const()),
            },
            _ => End::Plain {
                out: self.out.row(y),
            },
        };
        let row = Row {
            quads: layer.inputs / 4,
            n: self.input.form.width / self.step.stride,
            outputs: layer.outputs,
            table: &table.weights,
            bias_shift: &table.bias_shift,
            out_step: self.out.form.channel_bytes(),
            skip_step: self.skip.map_or(0, |s| s.form.channel_bytes()),
            end,
        };
        // SAFETY: the rows hold what the kernel asks for, see `maps`; the widths were checked by `with_level`.
        unsafe {
            pointwise::<S, O, MAX_QUADS>(&row, |c| input.wrapping_add(c * input_step));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{network, picture, vector};
    use super::*;

    const AT: Levels = Levels {
        region: [1, 96, 144],
        core: [32, 112, 128],
    };

    fn expected(p: &Gray) -> TextMap {
        let map = network().reference(p);
        TextMap {
            width: map.width as u32,
            height: map.height as u32,
            cells: levels::cpu(&map, &AT.region, &AT.core),
        }
    }

    fn assert_same(got: &TextMap, want: &TextMap, what: &str) {
        assert_eq!((got.width, got.height), (want.width, want.height), "{what}");
        let differing: Vec<usize> = (0..want.cells.len())
            .filter(|i| got.cells[*i] != want.cells[*i])
            .collect();
        assert!(
            differing.is_empty(),
            "{what}: {} of {} cells differ, first ten: {:?}",
            differing.len(),
            want.cells.len(),
            &differing[..differing.len().min(10)]
        );
    }

    fn levels_here() -> impl Iterator<Item = Level> {
        Level::ALL.into_iter().filter(|l| l.available())
    }

    fn pool(threads: usize) -> rayon::ThreadPool {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
    }

    /// Sizes around every edge that the engine has: pixels, the grid of 16, vector widths, bands, chunks.
    const SIZES: [(u32, u32); 14] = [
        (1, 1),
        (1, 40),
        (40, 1),
        (17, 33),
        (15, 15),
        (16, 16),
        (31, 47),
        (63, 65),
        (129, 16),
        (127, 81),
        (256, 240),
        (257, 31),
        (80, 255),
        (48, 257),
    ];

    #[test]
    fn every_instruction_set_equals_the_reference_at_awkward_sizes() {
        for (i, (w, h)) in SIZES.into_iter().enumerate() {
            let p = picture(w, h, i as u32);
            let want = expected(&p);
            for level in levels_here() {
                let d = CpuDetector::with_level(network(), level).unwrap();
                for threads in [1, 2] {
                    let got = pool(threads).install(|| d.maps(&[&p], AT).unwrap());
                    let what = format!("{w}x{h} {} threads {threads}", level.name());
                    assert_same(&got[0], &want, &what);
                }
            }
        }
    }

    #[test]
    fn the_conformance_vectors_come_out() {
        for name in ["noise", "page0", "page1"] {
            let (p, want) = vector(name);
            for level in levels_here() {
                let d = CpuDetector::with_level(network(), level).unwrap();
                // Three thresholds a run: enough runs tell every value from its neighbours.
                for t in (0..255u8).step_by(51) {
                    let at = Levels {
                        region: [t, t + 17, t + 34],
                        core: [t + 5, t + 22, t + 39],
                    };
                    let got = d.maps(&[&p], at).unwrap();
                    let cells = levels::cpu(&want, &at.region, &at.core);
                    assert_eq!(got[0].cells, cells, "{name} {} {t}", level.name());
                }
            }
        }
    }

    #[test]
    fn extremes_of_the_input_do_not_overflow_any_form() {
        for value in [0, 255] {
            let p = Gray::new(64, 64, value);
            for level in levels_here() {
                let d = CpuDetector::with_level(network(), level).unwrap();
                assert_same(&d.maps(&[&p], AT).unwrap()[0], &expected(&p), level.name());
            }
        }
    }

    #[test]
    fn answers_do_not_depend_on_company_order_or_earlier_pictures() {
        let d = CpuDetector::new(network()).unwrap();
        let pictures: Vec<Gray> = (0..7)
            .map(|i| picture(20 + 37 * i, 150 - 20 * i, i))
            .collect();
        let refs: Vec<&Gray> = pictures.iter().collect();
        let backwards: Vec<&Gray> = pictures.iter().rev().collect();
        let together = pool(2).install(|| d.maps(&refs, AT).unwrap());
        let mut reversed = pool(1).install(|| d.maps(&backwards, AT).unwrap());
        reversed.reverse();
        for ((p, a), b) in pictures.iter().zip(&together).zip(&reversed) {
            assert_same(a, &expected(p), "in company");
            assert_same(b, a, "the other way round");
        }
        assert!(d.maps(&[], AT).unwrap().is_empty());
    }

    #[test]
    fn a_picture_that_is_not_what_it_says_is_an_error() {
        let d = CpuDetector::new(network()).unwrap();
        let mut short = Gray::new(4, 4, 0);
        short.data.pop();
        for bad in [Gray::default(), Gray::new(0, 5, 0), short] {
            assert!(d.maps(&[&bad], AT).is_err());
        }
    }
}
