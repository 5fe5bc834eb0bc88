//! Comparing frames of a video that was coded anew as a whole: nothing is the same any more, but everything has to be near.
//!
//! Luminance is compared in blocks of a macroblock's size. Outside the masks the mean difference of every block is bounded, so
//! that no frame can be missing, moved or torn; inside, every sample is near the fill.

use super::verify::FrameCheck;
use crate::dicom::VIDEO_UNIT;
use crate::frame::Frame;
use crate::geometry::Rect;
use crate::plan::Fill;
use std::collections::BTreeMap;

/// Most that the luminance of a block may differ on average outside the masks, levels of 255.
pub const OUTSIDE_MEAN: u64 = 8;
/// Most that any sample inside a mask may differ from the fill, levels of 255.
pub const INSIDE_MOST: i64 = 16;
/// Pixels from the border of a mask inwards where deblocking and the neighbours' prediction still show; luminance is not
/// looked at there.
pub const BORDER: u32 = 6;

/// Blocks of a frame.
fn blocks(frame: &Frame) -> impl Iterator<Item = Rect> {
    let (w, h) = (frame.format.cols, frame.format.rows);
    (0..h).step_by(VIDEO_UNIT as usize).flat_map(move |y| {
        (0..w)
            .step_by(VIDEO_UNIT as usize)
            .map(move |x| Rect::new(x, y, VIDEO_UNIT, VIDEO_UNIT).intersect(&Rect::new(0, 0, w, h)))
    })
}

/// How many levels of the frame make one of 255.
fn level(frame: &Frame) -> u64 {
    1 << frame.format.bits_stored.saturating_sub(8)
}

/// Whether the mean difference of a block's luminance is within bounds.
fn is_near(before: &Frame, after: &Frame, block: &Rect) -> bool {
    let mut sum = 0;
    for y in block.y..block.bottom() {
        for x in block.x..block.right() {
            sum += before.value(x, y, 0).abs_diff(after.value(x, y, 0));
        }
    }
    sum <= OUTSIDE_MEAN * level(before) * block.area()
}

/// Blocks outside the masks that are not near, and whether everything inside is near the fill.
pub fn check(before: &Frame, after: &Frame, masks: &[Rect], fill: &Fill) -> FrameCheck {
    let far = blocks(after)
        .filter(|b| !masks.iter().any(|m| m.overlaps(b)))
        .filter(|b| !is_near(before, after, b))
        .count();
    let most = INSIDE_MOST * level(after) as i64;
    let (w, h) = (after.format.cols, after.format.rows);
    let near_fill = |m: &Rect| {
        let inner = inner(m, w, h);
        (inner.y..inner.bottom()).all(|y| {
            (inner.x..inner.right()).all(|x| {
                (0..3).all(|c| (after.value(x, y, c) - fill.words[c] as i64).abs() <= most)
            })
        })
    };
    FrameCheck::of(far as u64, masks.iter().all(near_fill))
}

/// A mask without the border that its neighbours reach; at the frame's edge there are none.
fn inner(mask: &Rect, cols: u32, rows: u32) -> Rect {
    let side = |at_edge: bool| if at_edge { 0 } else { BORDER };
    let left = mask.x + side(mask.x == 0);
    let top = mask.y + side(mask.y == 0);
    let right = mask
        .right()
        .min(cols)
        .saturating_sub(side(mask.right() >= cols));
    let bottom = mask
        .bottom()
        .min(rows)
        .saturating_sub(side(mask.bottom() >= rows));
    Rect::from_corners(left, top, right.max(left), bottom.max(top))
}

/// What changed beyond nearness, without a plan: blocks that became flat, joined to boxes, and pixels by what they became —
/// the fill, or something else.
pub fn changed(before: &Frame, after: &Frame) -> (Vec<Rect>, BTreeMap<Vec<i64>, u64>) {
    let most = INSIDE_MOST * level(after) as i64;
    let mut boxes: Vec<Rect> = Vec::new();
    let mut values = BTreeMap::new();
    for block in blocks(after) {
        if is_near(before, after, &block) {
            continue;
        }
        let core = inner(&block, after.format.cols, after.format.rows);
        let luma = |x, y| after.value(x, y, 0);
        let (mut low, mut high) = (i64::MAX, i64::MIN);
        for y in core.y..core.bottom() {
            for x in core.x..core.right() {
                (low, high) = (low.min(luma(x, y)), high.max(luma(x, y)));
            }
        }
        // Black of studio range is the fill of every video.
        let flat = high - low <= most && low <= 2 * most;
        *values.entry(vec![i64::from(!flat)]).or_default() += block.area();
        match boxes.last_mut() {
            Some(last) if (last.y, last.h, last.right()) == (block.y, block.h, block.x) => {
                last.w += block.w;
            }
            _ => boxes.push(block),
        }
    }
    (boxes, values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Photometric, PixelFormat};
    use crate::testing::pictures;

    fn frame(luma: impl Fn(u32, u32) -> u32) -> Frame {
        let format = PixelFormat {
            photometric: Photometric::YbrPartial420,
            ..pictures::format(64, 64, 3, 8)
        };
        pictures::draw(format, |x, y, c| if c == 0 { luma(x, y) } else { 128 })
    }

    #[test]
    fn near_is_the_same_and_far_is_counted() {
        let before = frame(|x, y| 60 + x + y);
        let mask = Rect::new(16, 16, 32, 16);
        let fill = Fill {
            words: [16, 128, 128],
        };
        let masked = |error: u32| {
            frame(move |x, y| {
                if mask.contains(&Rect::new(x, y, 1, 1)) {
                    16 + (x + y) % 3
                } else {
                    60 + x + y + error * (x % 2)
                }
            })
        };
        let same = check(&before, &masked(6), &[mask], &fill);
        assert_eq!((same.differing(), same.is_constant()), (0, true));
        let far = check(&before, &masked(40), &[mask], &fill);
        assert_eq!(far.differing(), 14);
        let open = check(&before, &before, &[mask], &fill);
        assert!(!open.is_constant());
        let moved = frame(|x, y| 60 + (x + 20) % 64 + y);
        assert!(check(&before, &moved, &[], &fill).differing() > 0);
        let (boxes, values) = changed(&before, &masked(6));
        assert_eq!(boxes, [mask]);
        assert_eq!(values, BTreeMap::from([(vec![0], 32 * 16)]));
        assert!(changed(&before, &moved).1.contains_key(&vec![1]));
    }
}
