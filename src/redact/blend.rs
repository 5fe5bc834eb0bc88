//! Masks taken out of a picture before it is searched again.
//!
//! A mask is a dark box, and the edges of boxes look like text to a network that looks for strokes. What lies under a
//! mask is known to be one constant, so a search of a masked picture may look past it: masked pixels are replaced by a
//! blend of the ground to the left, right, above and below. Outside the masks nothing is touched.

use crate::frame::Gray;
use crate::geometry::Rect;
use std::ops::Range;

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
    let window = Rect::new(origin.0, origin.1, picture.width, picture.height);
    let mut masked = Masked {
        width: picture.width as usize,
        height: picture.height as usize,
        pixels: Vec::new(),
    };
    let mut hull = Rect::default();
    for m in masks {
        let m = m.intersect(&window);
        if m.is_empty() {
            continue;
        }
        masked.pixels.resize(masked.width * masked.height, false);
        let m = Rect::new(m.x - origin.0, m.y - origin.1, m.w, m.h);
        hull = hull.hull(&m);
        for y in m.y..m.bottom() {
            let row = y as usize * masked.width;
            masked.pixels[row + m.x as usize..row + m.right() as usize].fill(true);
        }
    }
    if hull.is_empty() {
        return;
    }
    let rows = hull.y as usize..hull.bottom() as usize;
    // The ground below each masked pixel, from the last to the first; taken off again in reading order.
    let mut below: Vec<Option<End>> = Vec::new();
    let mut column: Vec<Option<End>> = vec![None; masked.width];
    for y in rows.clone().rev() {
        for run in masked.runs(y).into_iter().rev() {
            for x in run.rev() {
                let next = (y + 1 < masked.height).then_some((x, y + 1));
                column[x] = End::after(column[x], next, picture, &masked, Side::Below);
                below.push(column[x]);
            }
        }
    }
    column.fill(None);
    for y in rows {
        for run in masked.runs(y) {
            let before =
                (run.start > 0).then(|| at_edge(picture, &masked, (run.start - 1, y), Side::Left));
            let behind = (run.end < masked.width)
                .then(|| at_edge(picture, &masked, (run.end, y), Side::Right));
            for x in run.clone() {
                let next = y.checked_sub(1).map(|y| (x, y));
                column[x] = End::after(column[x], next, picture, &masked, Side::Above);
                let end = |value: Option<u8>, distance: usize| {
                    value.map(|value| End {
                        value,
                        distance: distance as u32,
                    })
                };
                let ends = [
                    end(before, x + 1 - run.start),
                    end(behind, run.end - x),
                    column[x],
                    below.pop().flatten(),
                ];
                picture.data[y * masked.width + x] = between(ends);
            }
        }
    }
}

/// Which pixels of a picture are masked.
struct Masked {
    width: usize,
    height: usize,
    pixels: Vec<bool>,
}

impl Masked {
    fn at(&self, x: usize, y: usize) -> bool {
        self.pixels[y * self.width + x]
    }

    /// The runs of masked pixels in a row.
    fn runs(&self, y: usize) -> Vec<Range<usize>> {
        let row = &self.pixels[y * self.width..][..self.width];
        let mut runs = Vec::new();
        let mut x = 0;
        while let Some(start) = row[x..].iter().position(|m| *m).map(|n| x + n) {
            let end = row[start..].iter().position(|m| !m);
            x = end.map_or(row.len(), |n| start + n);
            runs.push(start..x);
        }
        runs
    }
}

/// On which side of a masked pixel the ground lies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
    Above,
    Below,
}

/// The ground at an end of a run of masked pixels, and how many pixels away it is.
#[derive(Clone, Copy)]
struct End {
    value: u8,
    distance: u32,
}

impl End {
    /// The end above or below a masked pixel, from that of its neighbour on that side, `next` (none at the picture's border).
    fn after(
        known: Option<End>,
        next: Option<(usize, usize)>,
        picture: &Gray,
        masked: &Masked,
        side: Side,
    ) -> Option<End> {
        let (x, y) = next?;
        if !masked.at(x, y) {
            return Some(End {
                value: at_edge(picture, masked, (x, y), side),
                distance: 1,
            });
        }
        known.map(|end| End {
            distance: end.distance + 1,
            ..end
        })
    }
}

/// The mean of the ends around a pixel, each the less the farther away it is.
fn between(ends: [Option<End>; 4]) -> u8 {
    let (mut weighted, mut total) = (0u32, 0u32);
    for end in ends.into_iter().flatten() {
        let weight = UNIT / end.distance;
        weighted += u32::from(end.value) * weight;
        total += weight;
    }
    (weighted + total / 2)
        .checked_div(total)
        .map_or(NOTHING, |v| v as u8)
}

/// The median around the unmasked pixel at an end of a run, along the mask's edge and a little out of it: letters of the
/// next line that stand at the edge are not drawn out into strokes.
fn at_edge(picture: &Gray, masked: &Masked, (x, y): (usize, usize), side: Side) -> u8 {
    let (x, y) = (x as i64, y as i64);
    let (w, h) = (masked.width as i64, masked.height as i64);
    let outward = match side {
        Side::Left | Side::Above => -BEYOND_PX,
        Side::Right | Side::Below => BEYOND_PX,
    };
    let in_row = matches!(side, Side::Left | Side::Right);
    let mut values = [0u8; 2 * ALONG_PX as usize + 1];
    let mut count = 0;
    for along in -ALONG_PX..=ALONG_PX {
        // Every other pixel at the edge, those between them farther out.
        let out = outward * (along & 1);
        let (px, py) = if in_row {
            (x + out, y + along)
        } else {
            (x + along, y + out)
        };
        if (0..w).contains(&px) && (0..h).contains(&py) && !masked.at(px as usize, py as usize) {
            values[count] = picture.data[(py * w + px) as usize];
            count += 1;
        }
    }
    let known = &mut values[..count];
    known.sort_unstable();
    known.get(count / 2).copied().unwrap_or(NOTHING)
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
