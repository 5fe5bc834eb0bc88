//! The network on a graphics processor, with the CPU twin behind it.
//!
//! Takes pictures of any size, groups them by size, cuts what is too large into exact tiles. Whatever goes wrong on the
//! device, the batch is computed on the processor instead: the answer is the same, and one warning says so.

use super::cpu::CpuDetector;
use super::network::Network;
use super::tiles::{self, Tile};
use super::{Detector, Levels, TextMap};
use crate::error::Result;
use crate::frame::Gray;
use crate::gpu::{Engine, GpuError};
use crate::stage::{levels, stem};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Pictures of this many pixels together are handed to the device at a time; bounds the copies held.
const BATCH_PX: u64 = 32 << 20;

/// The network on a graphics processor.
pub struct DeviceDetector {
    engine: Engine,
    twin: CpuDetector,
    reach_px: usize,
    max_px: u64,
    warnings: Mutex<Warnings>,
}

#[derive(Default)]
struct Warnings {
    given: bool,
    waiting: Vec<String>,
}

/// A part of a picture on its way through the device.
struct Part<'a> {
    picture: usize,
    tile: Tile,
    pixels: Cow<'a, Gray>,
}

impl DeviceDetector {
    /// The network on an opened engine that was made from it.
    ///
    /// # Errors
    /// See [`CpuDetector::new`].
    pub fn new(engine: Engine, network: &Network) -> Result<DeviceDetector> {
        Ok(DeviceDetector {
            twin: CpuDetector::new(network)?,
            reach_px: network.reach_px(),
            max_px: engine.max_picture_px(),
            engine,
            warnings: Mutex::default(),
        })
    }

    /// The same with smaller tiles than the device asks for.
    #[must_use]
    pub fn with_max_px(mut self, max_px: u64) -> Self {
        self.max_px = self.max_px.min(max_px);
        self
    }

    /// Runs fixed pictures and compares every level with the reference; `false` if the device computes wrongly.
    ///
    /// # Errors
    /// [`GpuError`] if it does not compute at all.
    pub fn self_test(&self, network: &Network) -> Result<bool, GpuError> {
        reproduces_reference(network, |p, at| Ok(self.on_device(&[p], at)?.remove(0)))
    }

    fn on_device(&self, pictures: &[&Gray], at: Levels) -> Result<Vec<TextMap>, GpuError> {
        let mut out: Vec<TextMap> = pictures.iter().map(|p| empty_map(p)).collect();
        let mut by_size: BTreeMap<(u32, u32), Vec<(usize, Tile)>> = BTreeMap::new();
        for (i, p) in pictures.iter().enumerate() {
            let list = tiles::tiles(p.width, p.height, self.reach_px, self.max_px)
                .ok_or_else(|| GpuError::TooLarge("the device is too small for tiles".into()))?;
            for t in list {
                let size = (t.outer.w, t.outer.h);
                by_size.entry(size).or_default().push((i, t));
            }
        }
        for ((w, h), list) in by_size {
            let at_once = (BATCH_PX / (u64::from(w) * u64::from(h))).max(1) as usize;
            for batch in list.chunks(at_once) {
                let parts: Vec<Part> = batch.iter().map(|(i, t)| part(pictures, *i, *t)).collect();
                let grays: Vec<&Gray> = parts.iter().map(|p| p.pixels.as_ref()).collect();
                let packed = self.engine.levels(&grays, at.region, at.core)?;
                for (p, words) in parts.iter().zip(packed) {
                    let mut map = empty_map(&p.pixels);
                    map.cells = levels::unpack(&words, map.cells.len());
                    match out.get_mut(p.picture) {
                        Some(whole) if whole.cells.len() == map.cells.len() => *whole = map,
                        Some(whole) => tiles::paste(whole, &map, &p.tile),
                        None => {}
                    }
                }
            }
        }
        Ok(out)
    }

    fn warn(&self, why: &GpuError) {
        if let Ok(mut w) = self.warnings.lock()
            && !std::mem::replace(&mut w.given, true)
        {
            w.waiting.push(format!(
                "`{}` failed ({why}); computed on the processor instead, with the same result",
                self.engine.name()
            ));
        }
    }

    /// Takes the device away, as a driver reset does.
    #[cfg(test)]
    pub(crate) fn destroy(&self) {
        self.engine.destroy();
    }
}

impl Detector for DeviceDetector {
    fn device(&self) -> String {
        self.engine.name().to_owned()
    }

    fn maps(&self, pictures: &[&Gray], levels: Levels) -> Result<Vec<TextMap>> {
        for p in pictures {
            super::check_picture(p)?;
        }
        if self.engine.is_lost() {
            self.warn(&GpuError::Lost("earlier".into()));
            return self.twin.maps(pictures, levels);
        }
        // Drivers are foreign code; one that breaks costs this batch a detour, not the file.
        let run = std::panic::AssertUnwindSafe(|| self.on_device(pictures, levels));
        let result = std::panic::catch_unwind(run)
            .unwrap_or_else(|_| Err(GpuError::Lost("the driver broke off".into())));
        match result {
            Ok(maps) => Ok(maps),
            Err(why) => {
                self.warn(&why);
                self.twin.maps(pictures, levels)
            }
        }
    }

    fn warnings(&self) -> Vec<String> {
        self.warnings
            .lock()
            .map(|mut w| std::mem::take(&mut w.waiting))
            .unwrap_or_default()
    }
}

fn part<'a>(pictures: &[&'a Gray], picture: usize, tile: Tile) -> Part<'a> {
    let p = pictures[picture];
    let pixels = if tile.outer.area() == u64::from(p.width) * u64::from(p.height) {
        Cow::Borrowed(p)
    } else {
        Cow::Owned(tiles::cut(p, &tile))
    };
    Part {
        picture,
        tile,
        pixels,
    }
}

/// The answer's shape for a picture, all levels 0.
fn empty_map(p: &Gray) -> TextMap {
    let (w, h) = stem::padded_size(p.width, p.height);
    TextMap {
        width: (w / 2) as u32,
        height: (h / 2) as u32,
        cells: vec![0; w / 2 * (h / 2)],
    }
}

/// Whether `map` gives every level of fixed pictures as the reference does.
pub(super) fn reproduces_reference<E>(
    network: &Network,
    map: impl Fn(&Gray, Levels) -> Result<TextMap, E>,
) -> Result<bool, E> {
    let p = test_picture();
    let want = network.reference(&p);
    // Enough thresholds to tell values apart that differ by more than a few steps.
    for t in (0..240u8).step_by(48) {
        let at = Levels {
            region: [t, t + 15, t + 31],
            core: [t, t + 8, t + 15],
        };
        if map(&p, at)?.cells != levels::cpu(&want, &at.region, &at.core) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Blocks, edges and a ramp, at a size that is no multiple of anything.
fn test_picture() -> Gray {
    let mut g = Gray::new(99, 61, 0);
    for y in 0..g.height {
        for (x, v) in (0u32..).zip(g.row_mut(y)) {
            *v = match (x / 20 + y / 20) % 4 {
                0 => (x * 5 + y * 3) as u8,
                1 if x % 5 < 2 || y % 7 == 0 => 255,
                2 => ((x * 37) ^ (y * 91)) as u8,
                _ => 8,
            };
        }
    }
    g
}

#[cfg(test)]
mod tests {
    use super::super::network::GRID;
    use super::super::testing::{network, picture, vector};
    use super::*;
    use crate::gpu::Choice;

    const AT: Levels = Levels {
        region: [1, 96, 144],
        core: [32, 112, 128],
    };

    /// The detector on the adapter that `UNBURN_TEST_ADAPTER` names; says so aloud where there is none.
    fn device() -> Option<DeviceDetector> {
        let required = std::env::var("UNBURN_REQUIRE_GPU").is_ok_and(|v| v == "1");
        let Ok(name) = std::env::var("UNBURN_TEST_ADAPTER") else {
            assert!(
                !required,
                "UNBURN_REQUIRE_GPU=1, but UNBURN_TEST_ADAPTER names no adapter"
            );
            eprintln!("SKIPPED: no device test, UNBURN_TEST_ADAPTER names no adapter");
            return None;
        };
        match Engine::open(Choice::Named(&name), network().layers()) {
            Ok(engine) => Some(DeviceDetector::new(engine, network()).unwrap()),
            Err(e) if required => panic!("UNBURN_REQUIRE_GPU=1, but {e}"),
            Err(e) => {
                eprintln!("SKIPPED: no device test, {e}");
                None
            }
        }
    }

    fn assert_same(got: &TextMap, p: &Gray, what: &str) {
        let map = network().reference(p);
        let want = levels::cpu(&map, &AT.region, &AT.core);
        assert_eq!(
            (got.width as usize, got.height as usize),
            (map.width, map.height),
            "{what}"
        );
        let differing: Vec<usize> = (0..want.len())
            .filter(|i| got.cells[*i] != want[*i])
            .collect();
        assert!(
            differing.is_empty(),
            "{what}: {} of {} cells differ, first ten: {:?}",
            differing.len(),
            want.len(),
            &differing[..differing.len().min(10)]
        );
    }

    #[test]
    fn the_device_equals_the_reference_at_awkward_sizes() {
        let Some(d) = device() else { return };
        let sizes = [
            (1, 1),
            (1, 40),
            (40, 1),
            (17, 33),
            (16, 16),
            (31, 15),
            (130, 65),
            (255, 81),
        ];
        let pictures: Vec<Gray> = sizes.iter().map(|(w, h)| picture(*w, *h, w + h)).collect();
        let refs: Vec<&Gray> = pictures.iter().collect();
        let got = d.on_device(&refs, AT).unwrap();
        for (p, map) in pictures.iter().zip(&got) {
            assert_same(map, p, &format!("{}x{}", p.width, p.height));
        }
    }

    #[test]
    fn the_device_reproduces_the_conformance_vectors() {
        let Some(d) = device() else { return };
        for name in ["noise", "page0", "page1"] {
            let (p, want) = vector(name);
            for t in (0..255u8).step_by(51) {
                let at = Levels {
                    region: [t, t + 17, t + 34],
                    core: [t + 5, t + 22, t + 39],
                };
                let got = d.on_device(&[&p], at).unwrap();
                let cells = levels::cpu(&want, &at.region, &at.core);
                assert!(got[0].cells == cells, "{name} at {t}");
            }
        }
    }

    #[test]
    fn batches_of_one_size_and_later_batches_do_not_disturb_each_other() {
        let Some(d) = device() else { return };
        let pictures: Vec<Gray> = (0..5).map(|i| picture(70, 50, i)).collect();
        for n in [2, 5, 1, 3] {
            let refs: Vec<&Gray> = pictures.iter().take(n).collect();
            for (p, map) in pictures.iter().zip(&d.on_device(&refs, AT).unwrap()) {
                assert_same(map, p, &format!("batch of {n}"));
            }
        }
        assert!(d.on_device(&[], AT).unwrap().is_empty());
    }

    #[test]
    fn tiles_on_the_device_give_the_answer_of_the_whole() {
        let Some(d) = device() else { return };
        // Tiles with room for both margins and four of the grid's cells between them.
        let tile = 2 * d.reach_px.next_multiple_of(GRID) + 4 * GRID;
        let (width, height) = (40, 2 * tile as u32 + 13);
        let d = d.with_max_px(u64::from(width) * tile as u64);
        let p = picture(width, height, 3);
        let got = d.on_device(&[&p], AT).unwrap();
        let want = d.twin.maps(&[&p], AT).unwrap();
        assert!(got == want);
    }

    #[test]
    fn a_lost_device_costs_one_warning_and_no_result() {
        let Some(d) = device() else { return };
        let (a, b) = (picture(64, 40, 1), picture(33, 70, 2));
        assert_same(&d.maps(&[&a], AT).unwrap()[0], &a, "before");
        assert!(d.warnings().is_empty());
        d.destroy();
        for _ in 0..2 {
            let got = d.maps(&[&a, &b], AT).unwrap();
            assert_same(&got[0], &a, "after");
            assert_same(&got[1], &b, "after");
        }
        let warnings = d.warnings();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(d.engine.is_lost());
        assert!(d.warnings().is_empty());
    }

    #[test]
    fn the_self_test_passes_with_this_network_and_fails_with_another() {
        let Some(d) = device() else { return };
        assert_eq!(d.self_test(network()), Ok(true));
        let mut json: serde_json::Value =
            serde_json::from_slice(include_bytes!("../../models/detector.json")).unwrap();
        json["layers"][4]["bias"][0] = serde_json::json!(4000);
        let other = Network::parse(json.to_string().as_bytes()).unwrap();
        assert_eq!(d.self_test(&other), Ok(false));
    }

    #[test]
    fn a_large_picture_equals_the_processor() {
        if std::env::var("UNBURN_FULL").is_err() {
            eprintln!("SKIPPED: 4000x3000 on the device runs with UNBURN_FULL=1");
            return;
        }
        let Some(d) = device() else { return };
        let p = picture(4000, 3000, 9);
        assert!(d.on_device(&[&p], AT).unwrap() == d.twin.maps(&[&p], AT).unwrap());
    }
}
