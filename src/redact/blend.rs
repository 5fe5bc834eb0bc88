//! Masks taken out of a picture before it is searched again.
//!
//! A mask is a dark box, and the edges of boxes look like text to a network that looks for strokes. What lies under a
//! mask is known to be one constant, so a search of a masked picture may look past it: masked pixels are replaced by a
//! blend of the ground to the left, right, above and below. Outside the masks nothing is touched.

use crate::detect::Seen;
use crate::frame::Gray;
use crate::geometry::Rect;
use crate::views::View;
use std::ops::Range;
use std::sync::Arc;

/// Fixed-point unit of the weights: four ends of the brightest ground add up to less than 2³².
const UNIT: u32 = 1 << 16;
/// Grey value where a whole picture is masked.
const NOTHING: u8 = 0;

/// Pixels along a mask's edge, on either side of the end of a run, from which the ground there is taken.
const ALONG_PX: i64 = 8;
/// How far beyond the edge a second row of them lies.
const BEYOND_PX: i64 = 2;
/// Pixels around a mask on which its blend depends, and one more.
const AROUND_PX: u32 = 10;
const _: () = assert!(AROUND_PX as i64 > ALONG_PX + 1);
const _: () = assert!(AROUND_PX as i64 > BEYOND_PX + 1);

/// Blended parts of pictures, by the view, its place and size, and the masks in the part.
pub type Blends = Seen<(String, Rect, Vec<Rect>), Arc<Gray>>;

/// Blends the masks of a frame into a view of it, each group of masks by itself: what stands around most masks of a loop stands
/// in every frame.
pub fn blend_view(view: &mut View, masks: &[Rect], known: &Blends) {
    let picture = &mut view.picture;
    let place = Rect::new(view.origin.0, view.origin.1, picture.width, picture.height);
    for group in groups(masks, &place) {
        let hull = group.iter().fold(Rect::default(), |h, m| h.hull(m));
        let part = hull.grow(AROUND_PX, place.right(), place.bottom());
        let part = part.intersect(&place);
        let local = Rect::new(part.x - place.x, part.y - place.y, part.w, part.h);
        let rows = |y: u32| {
            let from = (local.y + y) as usize * place.w as usize + local.x as usize;
            from..from + local.w as usize
        };
        let make = || {
            let mut blended = Gray::new(part.w, part.h, 0);
            for y in 0..part.h {
                blended.row_mut(y).copy_from_slice(&picture.data[rows(y)]);
            }
            blend(&mut blended, (part.x, part.y), &group);
            Arc::new(blended)
        };
        let question = (view.name.clone(), place, group.clone());
        let blended = known.recall(question, picture, &local, make);
        for y in 0..part.h {
            picture.data[rows(y)].copy_from_slice(blended.row(y));
        }
    }
}

/// The masks that reach into a part of a frame, as far as they do, in groups that do not touch each other's surroundings.
fn groups(masks: &[Rect], place: &Rect) -> Vec<Vec<Rect>> {
    let mut groups: Vec<(Rect, Vec<Rect>)> = Vec::new();
    for mask in masks.iter().map(|m| m.intersect(place)) {
        if mask.is_empty() {
            continue;
        }
        let mut joined = (mask, vec![mask]);
        // A larger hull may reach into others.
        while let Some(i) = groups.iter().position(|(hull, _)| {
            let around = hull.grow(AROUND_PX, u32::MAX, u32::MAX);
            around.overlaps(&joined.0)
        }) {
            let (hull, masks) = groups.swap_remove(i);
            joined.0 = joined.0.hull(&hull);
            joined.1.extend(masks);
        }
        groups.push(joined);
    }
    groups.into_iter().map(|(_, masks)| masks).collect()
}

/// Blends the masks (in pixels of a larger frame in which the picture's first pixel lies at `origin`) into the picture.
fn blend(picture: &mut Gray, origin: (u32, u32), masks: &[Rect]) {
    let window = Rect::new(origin.0, origin.1, picture.width, picture.height);
    let mut masked = Masked {
        width: picture.width as usize,
        height: picture.height as usize,
        pixels: Vec::new(),
    };
    let within = |m: &Rect| {
        let m = m.intersect(&window);
        (!m.is_empty()).then(|| Rect::new(m.x - origin.0, m.y - origin.1, m.w, m.h))
    };
    let masks: Vec<Rect> = masks.iter().filter_map(within).collect();
    if masks.is_empty() {
        return;
    }
    masked.pixels.resize(masked.width * masked.height, false);
    let bands = bands(&masks);
    for (y, run) in bands.iter().flat_map(Band::runs) {
        masked.pixels[y * masked.width..][run.clone()].fill(true);
    }
    let weights = weights(masked.width.max(masked.height));
    // The ground below each masked pixel, from the last to the first; taken off again in reading order.
    let mut below: Vec<Option<End>> = Vec::new();
    let mut column: Vec<Option<End>> = vec![None; masked.width];
    for (y, run) in bands.iter().flat_map(Band::runs).rev() {
        for x in run.clone().rev() {
            let next = (y + 1 < masked.height).then_some((x, y + 1));
            column[x] = End::after(column[x], next, picture, &masked, Side::Below);
            below.push(column[x]);
        }
    }
    column.fill(None);
    for (y, run) in bands.iter().flat_map(Band::runs) {
        let before =
            (run.start > 0).then(|| at_edge(picture, &masked, (run.start - 1, y), Side::Left));
        let behind =
            (run.end < masked.width).then(|| at_edge(picture, &masked, (run.end, y), Side::Right));
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
            picture.data[y * masked.width + x] = between(ends, &weights);
        }
    }
}

/// Rows with the same runs of masked pixels, from left to right.
struct Band {
    rows: Range<usize>,
    runs: Vec<Range<usize>>,
}

impl Band {
    /// Every run of every row with the row's number, in reading order.
    fn runs(&self) -> impl DoubleEndedIterator<Item = (usize, &Range<usize>)> {
        self.rows
            .clone()
            .flat_map(|y| self.runs.iter().map(move |run| (y, run)))
    }
}

/// The masked rows, from top to bottom. Runs come from the masks, not from their pixels: these are many.
fn bands(masks: &[Rect]) -> Vec<Band> {
    let mut edges: Vec<u32> = masks.iter().flat_map(|m| [m.y, m.bottom()]).collect();
    edges.sort_unstable();
    edges.dedup();
    let band = |rows: &[u32]| {
        let here = masks
            .iter()
            .filter(|m| m.y <= rows[0] && rows[0] < m.bottom());
        let mut spans: Vec<Range<usize>> = here.map(|m| m.x as usize..m.right() as usize).collect();
        spans.sort_unstable_by_key(|s| s.start);
        let mut runs: Vec<Range<usize>> = Vec::new();
        for span in spans {
            match runs.last_mut() {
                Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
                _ => runs.push(span),
            }
        }
        Band {
            rows: rows[0] as usize..rows[1] as usize,
            runs,
        }
    };
    edges.windows(2).map(band).collect()
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

/// What ground counts at each distance up to a greatest one. Masks have many pixels, and divisions are slow.
fn weights(greatest: usize) -> Vec<u32> {
    (0..=greatest as u32)
        .map(|distance| UNIT / distance.max(1))
        .collect()
}

/// The mean of the ends around a pixel, each the less the farther away it is.
fn between(ends: [Option<End>; 4], weights: &[u32]) -> u8 {
    let (mut weighted, mut total) = (0u32, 0u32);
    for end in ends.into_iter().flatten() {
        let weight = weights[end.distance as usize];
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
    fn groups_blend_like_the_whole_and_follow_what_stands_around_them() {
        let known = Blends::default();
        let masks = [
            Rect::new(100, 50, 20, 9),
            Rect::new(112, 55, 30, 9),
            Rect::new(140, 90, 6, 20),
            Rect::new(160, 50, 12, 12),
            Rect::new(170, 71, 12, 12),
            Rect::new(199, 100, 9, 9),
            Rect::new(20, 20, 30, 30),
        ];
        let mut noise = 3u32;
        for changed in [false, true, false, true] {
            let mut picture = Gray::new(100, 60, 0);
            for (i, v) in picture.data.iter_mut().enumerate() {
                *v = (i * i / 7 % 251) as u8;
            }
            if changed {
                for y in 0..60 {
                    for x in 20..50 {
                        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                        picture.row_mut(y)[x] = (noise >> 24) as u8;
                    }
                }
            }
            let mut whole = picture.clone();
            blend(&mut whole, (100, 50), &masks);
            let mut view = View {
                name: "luma".into(),
                origin: (100, 50),
                picture,
            };
            blend_view(&mut view, &masks, &known);
            assert_eq!(view.picture, whole);
        }
        let place = Rect::new(100, 50, 100, 60);
        assert_eq!(groups(&masks, &place).len(), 4);
    }

    #[test]
    fn runs_are_those_of_the_masked_pixels() {
        let masks = [
            Rect::new(2, 1, 5, 4),
            Rect::new(7, 2, 3, 1),
            Rect::new(12, 1, 2, 9),
            Rect::new(4, 4, 9, 3),
            Rect::new(0, 12, 20, 1),
        ];
        let mut by_pixels: Vec<(usize, Range<usize>)> = Vec::new();
        for y in 0..20 {
            for x in 0..20usize {
                if !masks.iter().any(|m| m.contains_point(x as u32, y)) {
                    continue;
                }
                match by_pixels.last_mut() {
                    Some((row, run)) if *row == y as usize && run.end == x => run.end += 1,
                    _ => by_pixels.push((y as usize, x..x + 1)),
                }
            }
        }
        let bands = bands(&masks);
        let runs = bands.iter().flat_map(Band::runs);
        assert!(runs.map(|(y, run)| (y, run.clone())).eq(by_pixels));
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
