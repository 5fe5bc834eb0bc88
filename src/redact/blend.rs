//! Masks taken out of a picture before it is searched again.
//!
//! A mask is a dark box, and the edges of boxes look like text to a network that looks for strokes. What lies under a
//! mask is known to be one constant, so a search of a masked picture may look past it: masked pixels are replaced by a
//! blend of the nearest unmasked ones to the left, right, above and below. Outside the masks nothing is touched.

use crate::frame::Gray;
use crate::geometry::Rect;

/// Fixed-point unit of the weights.
const UNIT: u32 = 1 << 16;
/// Grey value where a whole picture is masked.
const NOTHING: u8 = 0;

/// Blends the masks (in pixels of a larger frame in which the picture's first pixel lies at `origin`) into the picture.
pub fn blend(picture: &mut Gray, origin: (u32, u32), masks: &[Rect]) {
    let (w, h) = (picture.width as usize, picture.height as usize);
    let window = Rect::new(origin.0, origin.1, picture.width, picture.height);
    let mut masked = vec![false; w * h];
    let mut hull = Rect::default();
    for m in masks {
        let m = m.intersect(&window);
        if m.is_empty() {
            continue;
        }
        hull = hull.hull(&m);
        for y in m.y..m.bottom() {
            let row = (y - origin.1) as usize * w;
            masked[row + (m.x - origin.0) as usize..row + (m.right() - origin.0) as usize]
                .fill(true);
        }
    }
    if hull.is_empty() {
        return;
    }
    let (x0, x1) = (
        (hull.x - origin.0) as usize,
        (hull.right() - origin.0) as usize,
    );
    let (y0, y1) = (
        (hull.y - origin.1) as usize,
        (hull.bottom() - origin.1) as usize,
    );
    let mut sums = vec![(0u64, 0u64); w * h];
    for y in y0..y1 {
        runs(&masked, &picture.data, y * w, 1, w, &mut sums);
    }
    for x in x0..x1 {
        runs(&masked, &picture.data, x, w, h, &mut sums);
    }
    for (i, value) in picture.data.iter_mut().enumerate() {
        if masked[i] {
            let (weighted, weight) = sums[i];
            *value = (weighted + weight / 2)
                .checked_div(weight)
                .map_or(NOTHING, |v| v as u8);
        }
    }
}

/// Adds, for every masked pixel of one row or column, the unmasked pixels at both ends of its run, by distance.
fn runs(
    masked: &[bool],
    data: &[u8],
    first: usize,
    step: usize,
    count: usize,
    sums: &mut [(u64, u64)],
) {
    let mut i = 0;
    while i < count {
        if !masked[first + i * step] {
            i += 1;
            continue;
        }
        let start = i;
        while i < count && masked[first + i * step] {
            i += 1;
        }
        for k in start..i {
            let sum = &mut sums[first + k * step];
            let mut add = |at: usize, distance: usize| {
                let weight = u64::from(UNIT) / distance as u64;
                sum.0 += u64::from(data[first + at * step]) * weight;
                sum.1 += weight;
            };
            if start > 0 {
                add(start - 1, k + 1 - start);
            }
            if i < count {
                add(i, i - k);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_on_even_ground_disappears() {
        let mut p = Gray::new(20, 10, 90);
        for x in 5..15 {
            for y in 2..8 {
                p.data[y * 20 + x] = 0;
            }
        }
        blend(
            &mut p,
            (100, 50),
            &[Rect::new(105, 52, 6, 6), Rect::new(109, 52, 6, 6)],
        );
        assert_eq!(p, Gray::new(20, 10, 90));
    }

    #[test]
    fn pixels_outside_the_masks_stay() {
        let mut p = Gray {
            width: 6,
            height: 1,
            data: vec![10, 0, 0, 0, 50, 60],
        };
        blend(&mut p, (0, 0), &[Rect::new(1, 0, 3, 1)]);
        assert_eq!(p.data, [10, 20, 30, 40, 50, 60]);
        blend(&mut p, (0, 0), &[Rect::new(9, 9, 3, 1)]);
        assert_eq!(p.data, [10, 20, 30, 40, 50, 60]);
    }

    #[test]
    fn a_picture_that_is_masked_whole_is_flat() {
        let mut p = Gray {
            width: 2,
            height: 2,
            data: vec![1, 2, 3, 4],
        };
        blend(&mut p, (0, 0), &[Rect::new(0, 0, 9, 9)]);
        assert_eq!(p.data, [0; 4]);
    }
}
