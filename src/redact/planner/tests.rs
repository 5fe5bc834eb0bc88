//! Loops of drawn frames, and detectors that mark places in them.

use super::*;
use crate::config::{Policy, Sensitivity};
use crate::detect::{Detector, Levels, TextMap};
use crate::frame::{Display, Frame, Gray, PixelFormat};
use crate::line::{Orientation, ReadChar, Reading, TextLine};
use crate::ocr::Reader;
use crate::phi::Decider;
use crate::plan::Action;
use crate::redact::memory::Memory;
use crate::testing::facts;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Takes every bright cell for text; with `restless`, also a cell that moves with every call.
struct Bright {
    restless: Option<std::sync::atomic::AtomicU32>,
}

impl Detector for Bright {
    fn device(&self) -> String {
        "test".into()
    }

    fn maps(&self, pictures: &[&Gray], _: Levels) -> crate::error::Result<Vec<TextMap>> {
        let one = |p: &&Gray| {
            let (width, height) = (p.width.div_ceil(16) * 8, p.height.div_ceil(16) * 8);
            let mut cells = vec![0u8; (width * height) as usize];
            for y in 0..p.height {
                for x in 0..p.width {
                    if p.at(x, y) >= 200 {
                        cells[(y / 2 * width + x / 2) as usize] = 15;
                    }
                }
            }
            if let Some(calls) = &self.restless {
                let call = calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                for i in 0..6 {
                    cells[(4 * width + call * RESTLESS_STEP % (width - 6) + i) as usize] = 15;
                }
            }
            TextMap {
                width,
                height,
                cells,
            }
        };
        Ok(pictures.iter().map(one).collect())
    }
}

/// Reads one invented word everywhere.
struct Word;

impl Reader for Word {
    fn read(&self, _: &Gray, line: &TextLine) -> Reading {
        let t = line.tight;
        let chars = "Qwertz"
            .chars()
            .enumerate()
            .map(|(i, ch)| ReadChar {
                ch,
                rect: Rect::new(t.x + t.w * i as u32 / 6, t.y, t.w / 6, t.h),
                confidence: 990,
            })
            .collect();
        Reading {
            chars,
            confidence: 990,
            orientation: Orientation::Upright,
        }
    }
}

struct Loop {
    frames: Vec<Frame>,
    unit: (u32, u32),
}

const FORMAT: PixelFormat = PixelFormat::grey8(64, 96);

impl Loop {
    /// Frames of grey 30, each with its own speck and the bars given for it.
    fn new(count: u32, bars: impl Fn(u32) -> Vec<Rect>) -> Loop {
        let frame = |i: u32| {
            let mut frame = Frame {
                format: FORMAT,
                data: vec![30; 96 * 64],
            };
            frame.set_word(i % 96, 60, 0, u64::from(31 + i / 96));
            for bar in bars(i) {
                mask::fill(&mut frame, &[bar], &Fill { words: [255; 3] });
            }
            frame
        };
        Loop {
            frames: (0..count).map(frame).collect(),
            unit: (1, 1),
        }
    }
}

impl Frames for Loop {
    fn count(&self) -> u32 {
        self.frames.len() as u32
    }

    fn frame(&self, index: u32) -> Result<Frame, Refusal> {
        Ok(self.frames[index as usize].clone())
    }

    fn digest(&self, index: u32) -> Result<Hash, Refusal> {
        Ok(Sha256::digest(&self.frames[index as usize].data).into())
    }

    fn unit(&self) -> (u32, u32) {
        self.unit
    }
}

/// Cells that the restless speck moves with every call: more than masks grow.
const RESTLESS_STEP: u32 = 200;

const BAR: Rect = Rect::new(20, 10, 40, 8);

fn plan(frames: &Loop, union: bool, restless: bool) -> Result<FixedPoint, Refusal> {
    let detector = Bright {
        restless: restless.then(Default::default),
    };
    let decider = Decider::new(Policy::SafeList, Sensitivity::Normal, &[], &[]);
    let object = decider.for_object(&[]);
    // One window that shows stored values as they are, so that grey 30 stays dark.
    let display = Display {
        slope: 1.0,
        windows: vec![crate::frame::Window {
            center: 128.0,
            width: 256.0,
        }],
        ..Display::default()
    };
    let searcher = Searcher {
        detector: &detector,
        reader: &Word,
        decider: &object,
        display: &display,
        sensitivity: Sensitivity::Normal,
        spared: Vec::new(),
        memory: Memory::default(),
    };
    let spread = Spread {
        margin_px: 2,
        grid_px: 8,
        cine_union: union,
        whole_bands: false,
    };
    fixed_point(
        frames,
        &facts(frames.frames[0].format, frames.count()),
        &searcher,
        spread,
        &[],
    )
}

fn masked_frames(point: &FixedPoint) -> BTreeSet<u32> {
    point
        .items
        .iter()
        .filter(|i| i.action == Action::Mask)
        .flat_map(|i| i.frames.0..=i.frames.1)
        .collect()
}

#[test]
fn a_still_is_masked_with_its_background_and_its_masked_picture_was_searched() {
    let still = Loop::new(1, |_| vec![BAR]);
    let point = plan(&still, true, false).unwrap();
    let masks: Vec<Rect> = point.items.iter().map(|i| i.rect).collect();
    assert!(masks.iter().any(|m| m.contains(&BAR)), "{masks:?}");
    assert_eq!(point.fill.words[0], 30);
    assert!(point.searched.holds(0, masks.clone()));
    assert!(!point.searched.holds(0, masks[1..].to_vec()));
}

#[test]
fn a_line_that_the_units_of_another_hide_is_in_the_plan_all_the_same() {
    let below = Rect::new(20, 23, 40, 8);
    let mut still = Loop::new(1, |_| vec![BAR, below]);
    still.unit = (64, 32);
    let point = plan(&still, true, false).unwrap();
    let shown = |line: &Rect| {
        let masks = point.items.iter().filter(|i| i.action == Action::Mask);
        masks.map(|i| i.before_codec).any(|b| b.contains(line))
    };
    assert!(shown(&BAR) && shown(&below), "{:?}", point.items);
}

#[test]
fn static_text_costs_one_search_a_frame_beside_the_key_frames() {
    let point = plan(&Loop::new(48, |_| vec![BAR]), true, false).unwrap();
    assert_eq!(masked_frames(&point).len(), 48);
    assert!(point.searches <= 48 + 4, "{}", point.searches);
}

#[test]
fn equal_frames_are_searched_once() {
    let mut same = Loop::new(1, |_| vec![BAR]);
    same.frames = vec![same.frames[0].clone(); 40];
    assert_eq!(plan(&same, true, false).unwrap().searches, 2);
}

#[test]
fn text_in_one_frame_masks_its_place_in_the_whole_loop_or_there_alone() {
    let frames = Loop::new(40, |i| if i == 7 { vec![BAR] } else { vec![] });
    assert_eq!(
        masked_frames(&plan(&frames, true, false).unwrap()).len(),
        40
    );
    assert_eq!(
        masked_frames(&plan(&frames, false, false).unwrap()),
        BTreeSet::from([7])
    );
}

#[test]
fn findings_that_never_end_are_refused() {
    let mut wide = Loop::new(1, |_| vec![]);
    wide.frames[0].format.cols = 8192;
    wide.frames[0].data = vec![30; 8192 * 64];
    let refusal = plan(&wide, true, true).unwrap_err();
    assert_eq!(refusal.reason, Reason::PlanUnstable);
}
