//! Masks taken out of a picture before it is searched again.
//!
//! A mask is a dark box, and the edges of boxes look like text to a network that looks for strokes. What lies under a
//! mask is known to be one constant, so a search of a masked picture may look past it: masked pixels are replaced by a
//! blend of the ground to the left, right, above and below. Outside the masks nothing is touched.

use crate::frame::Gray;
use crate::geometry::Rect;

/// Fixed-point unit of the weights: four ends of the brightest ground add up to less than 2³².
const UNIT: u32 = 1 << 16;
/// Grey value where a whole picture is masked.
const NOTHING: u8 = 0;

/// Pixels along a mask's edge, on either side of the end of a run, from which the ground there is taken.
const ALONG_PX: i64 = 8;
/// How far beyond the edge a second row of them lies.
const BEYOND_PX: i64 = 2;

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
    let mut sums = vec![(0u32, 0u32); w * h];
    let ground = Ground {
        picture,
        masked: &masked,
    };
    for y in y0..y1 {
        ground.runs(
            Line {
                first: y * w,
                step: 1,
                count: w,
            },
            &mut sums,
        );
    }
    for x in x0..x1 {
        ground.runs(
            Line {
                first: x,
                step: w,
                count: h,
            },
            &mut sums,
        );
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

/// A row or a column: index of its first pixel, and from one pixel to the next.
#[derive(Clone, Copy)]
struct Line {
    first: usize,
    step: usize,
    count: usize,
}

/// A picture and which of its pixels are masked.
struct Ground<'a> {
    picture: &'a Gray,
    masked: &'a [bool],
}

impl Ground<'_> {
    /// Adds, for every masked pixel of one row or column, the ground at both ends of its run, by distance.
    fn runs(&self, line: Line, sums: &mut [(u32, u32)]) {
        let Line { first, step, count } = line;
        let mut i = 0;
        while i < count {
            if !self.masked[first + i * step] {
                i += 1;
                continue;
            }
            let start = i;
            while i < count && self.masked[first + i * step] {
                i += 1;
            }
            let before =
                (start > 0).then(|| self.at_edge(first + (start - 1) * step, step == 1, -1));
            let behind = (i < count).then(|| self.at_edge(first + i * step, step == 1, 1));
            for k in start..i {
                let sum = &mut sums[first + k * step];
                for (value, distance) in [(before, k + 1 - start), (behind, i - k)] {
                    let weight = UNIT / distance as u32;
                    if let Some(value) = value {
                        sum.0 += u32::from(value) * weight;
                        sum.1 += weight;
                    }
                }
            }
        }
    }

    /// The median around the unmasked pixel at an end of a run, along the mask's edge and a little `outward` of it: letters
    /// of the next line that stand at the edge are not drawn out into strokes.
    fn at_edge(&self, pixel: usize, in_row: bool, outward: i64) -> u8 {
        let (w, h) = (
            i64::from(self.picture.width),
            i64::from(self.picture.height),
        );
        let (x, y) = (pixel as i64 % w, pixel as i64 / w);
        let mut values = [0u8; 2 * ALONG_PX as usize + 1];
        let mut count = 0;
        for along in -ALONG_PX..=ALONG_PX {
            // Every other pixel at the edge, those between them farther out.
            let out = outward * BEYOND_PX * (along & 1);
            let (px, py) = if in_row {
                (x + out, y + along)
            } else {
                (x + along, y + out)
            };
            if (0..w).contains(&px) && (0..h).contains(&py) {
                let at = (py * w + px) as usize;
                if !self.masked[at] {
                    values[count] = self.picture.data[at];
                    count += 1;
                }
            }
        }
        let known = &mut values[..count];
        known.sort_unstable();
        known.get(count / 2).copied().unwrap_or(NOTHING)
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
    fn letters_at_the_edge_of_a_mask_are_not_drawn_out_into_it() {
        let mut p = Gray::new(60, 30, 20);
        for x in (4..56).step_by(4) {
            for y in 4..12 {
                p.data[y * 60 + x] = 230;
            }
        }
        blend(&mut p, (0, 0), &[Rect::new(0, 12, 60, 10)]);
        assert!(p.data[12 * 60..22 * 60].iter().all(|v| *v == 20));
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
