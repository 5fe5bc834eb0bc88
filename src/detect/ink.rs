//! Glyph extents in the picture around a line found at half resolution.
//!
//! The map tells where a line is to about two pixels and blurs its ends. The glyphs themselves are in the picture: pixels
//! that stand out from the local background. Pieces of such ink that belong to the line pull its box out (a descender,
//! the last digit) or let it shrink (the blur). Where the picture gives no clear answer, as over tissue, the map's box
//! with a margin stands.

use crate::frame::Gray;
use crate::geometry::Rect;

/// Boxes of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Around the glyphs.
    pub tight: Rect,
    /// What has to go.
    pub cover: Rect,
}

/// Smallest difference from the background that counts as ink.
const MIN_CONTRAST: u32 = 10;
/// Smallest difference from the background that keeps a pixel inside the cover.
const FAINT_CONTRAST: u32 = 6;
/// Largest difference from the background in which nothing is drawn.
const FLAT_CONTRAST: u8 = 2;
/// How far around the glyphs the cover follows the map where the picture is restless: pixels, and a part of the glyphs'
/// height. All ink of the size of glyphs is in the glyphs' box already.
const RING_PX: u32 = 2;
const RING_DIVISOR: u32 = 8;
/// Accents and dots lie nearer to their letters than this part of the letters' height, and a pixel.
const STRAY_DIVISOR: u32 = 4;
/// Ink may cover at most this share of the window (percent), or the background was mistaken.
const MAX_INK_PERCENT: u64 = 60;

/// The part of the picture on which the extent of a line with this region box depends.
pub fn window(picture: &Gray, region: &Rect) -> Rect {
    let reach = 3 + region.w.min(region.h) / 2;
    region.grow(reach, picture.width, picture.height)
}

/// Extent of the line whose region and core boxes (px) these are; `core` may be empty.
pub fn extent(picture: &Gray, region: &Rect, core: &Rect) -> Extent {
    let (w, h) = (picture.width, picture.height);
    let height = region.w.min(region.h);
    let loose = region.grow(2 + height / 8, w, h);
    let anchor = if core.is_empty() { *region } else { *core };
    let window = window(picture, region);
    // Something bright beside a line of little contrast: the line by itself has the measure.
    let seen = [&window, region].into_iter().find_map(|measure| {
        let ink = Ink::of(picture, &window, measure)?;
        let glyphs = ink.hull_of_pieces(&anchor, region, height)?;
        Some((ink, glyphs))
    });
    let Some((ink, glyphs)) = seen else {
        return Extent {
            tight: *region,
            cover: loose,
        };
    };
    // Ink may be too faint in parts of the line to be counted, so the core stays inside, but for sides where the picture
    // is flat: the map blurs the ends of large letters by more than a letter's stroke.
    let tight = ink.without_sides(&glyphs.hull(&anchor), &glyphs, FLAT_CONTRAST + 1);
    let size = tight.w.min(tight.h);
    let near = region.intersect(&tight.grow(RING_PX + size / RING_DIVISOR, w, h));
    let cover = ink.without_sides(&near.hull(&tight), &tight, ink.faint);
    Extent {
        tight,
        cover: cover.grow(1 + size / 16, w, h),
    }
}

/// Shortest row of glyphs, px.
const MIN_ROW_PX: u32 = 5;
/// Rows with at most this share of the fullest row's ink (as a divisor) lie between lines.
const GAP_DIVISOR: u32 = 16;

/// The part of the picture on which the rows in a box depend that as a whole would mask `cover`.
pub fn window_of_rows(picture: &Gray, cover: &Rect) -> Rect {
    cover.grow(1, picture.width, picture.height)
}

/// Rows of text in a box that the map took for one line (tight line pitch, stacked labels), each with its own extent, from
/// top to bottom; one or none if the ink shows no clear gap. `cover` is what the box as a whole would mask; the parts
/// together mask all ink in it.
pub fn rows(picture: &Gray, tight: &Rect, cover: &Rect) -> Vec<Extent> {
    let window = window_of_rows(picture, cover);
    let Some(ink) = Ink::of(picture, &window, &window) else {
        return Vec::new();
    };
    let counts: Vec<u32> = (tight.y..tight.bottom())
        .map(|y| ink.count_in_row(y, tight.x, tight.right()))
        .collect();
    let limit = counts.iter().max().copied().unwrap_or(0) / GAP_DIVISOR;
    let mut bands: Vec<(u32, u32)> = Vec::new();
    for (y, &count) in (tight.y..).zip(&counts) {
        match bands.last_mut() {
            Some((_, end)) if *end == y && count > limit => *end = y + 1,
            _ if count > limit => bands.push((y, y + 1)),
            _ => {}
        }
    }
    // Dots and accents belong to the row below or above them, whichever is nearer.
    let tallest = bands.iter().map(|(a, b)| b - a).max().unwrap_or(0);
    let least = MIN_ROW_PX.max(tallest / 2);
    while let Some(i) = bands.iter().position(|(a, b)| b - a < least) {
        if bands.len() < 2 {
            return Vec::new();
        }
        let above = i.checked_sub(1).map(|k| bands[i].0 - bands[k].1);
        let below = bands.get(i + 1).map(|next| next.0 - bands[i].1);
        let small = bands.remove(i);
        match (above, below) {
            (Some(a), Some(b)) if b < a => bands[i].0 = small.0,
            (Some(_), _) => bands[i - 1].1 = small.1,
            (None, _) => bands[i].0 = small.0,
        }
    }
    let mut parts = Vec::new();
    for (i, &(top, bottom)) in bands.iter().enumerate() {
        let from = if i == 0 {
            cover.y
        } else {
            bands[i - 1].1.midpoint(top)
        };
        let to = bands
            .get(i + 1)
            .map_or(cover.bottom(), |next| bottom.midpoint(next.0));
        let whole = Rect::from_corners(cover.x, from, cover.right(), to);
        let row = Rect::from_corners(tight.x, top, tight.right(), bottom);
        let glyphs = ink.hull_in(&row);
        if !glyphs.is_empty() {
            parts.push(Extent {
                tight: glyphs,
                cover: ink.without_sides(&whole, &glyphs, ink.faint),
            });
        }
    }
    parts
}

/// Ink pixels of a window.
struct Ink {
    window: Rect,
    /// Width and height of the picture.
    bounds: (u32, u32),
    /// Pixels that surely stand out.
    set: Vec<bool>,
    /// Difference of each pixel from the background.
    differences: Vec<u8>,
    /// Difference from which a pixel may be part of a glyph.
    faint: u8,
}

impl Ink {
    /// Pixels that differ from the window's background by a good part of the strongest difference in `measure`, a part of the
    /// window.
    fn of(picture: &Gray, window: &Rect, measure: &Rect) -> Option<Ink> {
        let total = measure.area();
        let everywhere = histogram(picture, window);
        let background = median(&everywhere, window.area());
        let counts = if measure == window {
            everywhere
        } else {
            histogram(picture, measure)
        };
        let mut differing = [0u32; 256];
        for (v, n) in counts.iter().enumerate() {
            differing[usize::from((v as u8).abs_diff(background))] += n;
        }
        // The difference that the most distinct 3 % of the pixels reach.
        let mut left = total * 3 / 100;
        let mut peak = 255usize;
        while peak > 0 && u64::from(differing[peak]) <= left {
            left -= u64::from(differing[peak]);
            peak -= 1;
        }
        let threshold = MIN_CONTRAST.max(peak as u32 * 2 / 5);
        if (peak as u32) < MIN_CONTRAST {
            return None;
        }
        let faint = FAINT_CONTRAST.max(peak as u32 / 6) as u8;
        let mut differences = Vec::with_capacity(total as usize);
        for y in window.y..window.bottom() {
            let row = &picture.row(y)[window.x as usize..window.right() as usize];
            differences.extend(row.iter().map(|v| v.abs_diff(background)));
        }
        let set: Vec<bool> = differences
            .iter()
            .map(|d| u32::from(*d) >= threshold)
            .collect();
        let inked = set.iter().filter(|s| **s).count() as u64;
        let bounds = (picture.width, picture.height);
        (inked * 100 <= window.area() * MAX_INK_PERCENT).then_some(Ink {
            window: *window,
            bounds,
            set,
            differences,
            faint,
        })
    }

    /// Hull of the pieces of ink that belong to the line: they touch its region box, are no larger than glyphs of this
    /// line can be, and do not run out of the window (rules, frames, tissue edges).
    fn hull_of_pieces(&self, anchor: &Rect, region: &Rect, height: u32) -> Option<Rect> {
        let (w, h) = (self.window.w as i64, self.window.h as i64);
        let mut seen = vec![false; self.set.len()];
        let mut stack = Vec::new();
        let mut hull = Rect::default();
        // Pieces above or below the line's middle: accents and dots, or the foot of another line's letter.
        let mut stray: Vec<Rect> = Vec::new();
        let line = region.intersect(&anchor.grow(height / 4 + 1, self.bounds.0, self.bounds.1));
        for start in 0..self.set.len() {
            if seen[start] || !self.set[start] {
                continue;
            }
            seen[start] = true;
            stack.push(start);
            let mut piece = Rect::default();
            let mut inside = 0u32;
            let mut size = 0u32;
            while let Some(i) = stack.pop() {
                let (x, y) = (i as i64 % w, i as i64 / w);
                let (px, py) = (self.window.x + x as u32, self.window.y + y as u32);
                piece = piece.hull(&Rect::new(px, py, 1, 1));
                size += 1;
                inside += u32::from(region.contains_point(px, py));
                for ny in (y - 1).max(0)..=(y + 1).min(h - 1) {
                    for nx in (x - 1).max(0)..=(x + 1).min(w - 1) {
                        let n = (ny * w + nx) as usize;
                        if !seen[n] && self.set[n] {
                            seen[n] = true;
                            stack.push(n);
                        }
                    }
                }
            }
            if inside == 0 {
                continue;
            }
            let small = piece.w.max(piece.h) <= region.w.max(region.h).max(3 * height);
            if small
                && !self.runs_out(&piece)
                && (inside * 4 >= size * 3 || in_line(&piece, anchor, height))
            {
                if beside(&piece, anchor) {
                    hull = hull.hull(&piece);
                } else {
                    stray.push(piece);
                }
            } else if beside(&piece, anchor) {
                // Ink that the line shares with its neighbour or with something larger: only the part under the line.
                // What reaches in from above or below is the neighbour's.
                hull = hull.hull(&piece.intersect(&line));
            }
        }
        let letters = hull;
        let near = 1 + letters.w.min(letters.h) / STRAY_DIVISOR;
        for piece in stray {
            let (across, down) = piece.apart(&letters);
            if letters.is_empty() || across.max(down) <= near {
                hull = hull.hull(&piece);
            }
        }
        (!hull.is_empty()).then_some(hull)
    }

    /// Ink pixels of row `y` from column `x0` to before `x1`, all inside the window.
    fn count_in_row(&self, y: u32, x0: u32, x1: u32) -> u32 {
        let row = (y - self.window.y) as usize * self.window.w as usize;
        let span = row + (x0 - self.window.x) as usize..row + (x1 - self.window.x) as usize;
        self.set[span].iter().filter(|s| **s).count() as u32
    }

    /// Smallest rectangle around the ink inside `rect`.
    fn hull_in(&self, rect: &Rect) -> Rect {
        let mut hull = Rect::default();
        for y in rect.y..rect.bottom() {
            let row = (y - self.window.y) as usize * self.window.w as usize;
            for x in rect.x..rect.right() {
                if self.set[row + (x - self.window.x) as usize] {
                    hull = hull.hull(&Rect::new(x, y, 1, 1));
                }
            }
        }
        hull
    }

    /// Takes rows and columns off the sides of `rect` in which every pixel differs by less than `level` from the background,
    /// never into `least`.
    fn without_sides(&self, rect: &Rect, least: &Rect, level: u8) -> Rect {
        let blank = |r: Rect| {
            (r.y..r.bottom()).all(|y| {
                let row = (y - self.window.y) as usize * self.window.w as usize;
                (r.x..r.right())
                    .all(|x| self.differences[row + (x - self.window.x) as usize] < level)
            })
        };
        let (mut x0, mut y0, mut x1, mut y1) = (rect.x, rect.y, rect.right(), rect.bottom());
        while y0 < least.y && blank(Rect::from_corners(x0, y0, x1, y0 + 1)) {
            y0 += 1;
        }
        while y1 > least.bottom() && blank(Rect::from_corners(x0, y1 - 1, x1, y1)) {
            y1 -= 1;
        }
        while x0 < least.x && blank(Rect::from_corners(x0, y0, x0 + 1, y1)) {
            x0 += 1;
        }
        while x1 > least.right() && blank(Rect::from_corners(x1 - 1, y0, x1, y1)) {
            x1 -= 1;
        }
        Rect::from_corners(x0, y0, x1, y1)
    }

    /// Whether a piece touches the window's border where the window does not end at the picture's border.
    fn runs_out(&self, piece: &Rect) -> bool {
        let w = &self.window;
        (piece.x == w.x && w.x > 0)
            || (piece.y == w.y && w.y > 0)
            || (piece.right() == w.right() && w.right() < self.bounds.0)
            || (piece.bottom() == w.bottom() && w.bottom() < self.bounds.1)
    }
}

/// Whether a piece shares rows (of an upright line; columns of a vertical one) with the anchor.
fn beside(piece: &Rect, anchor: &Rect) -> bool {
    if anchor.w >= anchor.h {
        piece.y < anchor.bottom() && anchor.y < piece.bottom()
    } else {
        piece.x < anchor.right() && anchor.x < piece.right()
    }
}

/// Whether a piece stands beside the anchor in reading direction rather than above or below it: across the line, most of
/// it is level with the anchor.
fn in_line(piece: &Rect, anchor: &Rect, height: u32) -> bool {
    let level = |a0: u32, a1: u32, b0: u32, b1: u32| {
        let shared = a1
            .min(b1 + height / 4)
            .saturating_sub(a0.max(b0.saturating_sub(height / 4)));
        shared * 3 >= (a1 - a0) * 2
    };
    if anchor.w >= anchor.h {
        level(piece.y, piece.bottom(), anchor.y, anchor.bottom())
    } else {
        level(piece.x, piece.right(), anchor.x, anchor.right())
    }
}

/// How many pixels of `part` have each value.
fn histogram(picture: &Gray, part: &Rect) -> [u32; 256] {
    let mut counts = [0u32; 256];
    for y in part.y..part.bottom() {
        for &v in &picture.row(y)[part.x as usize..part.right() as usize] {
            counts[v as usize] += 1;
        }
    }
    counts
}

fn median(counts: &[u32; 256], total: u64) -> u8 {
    let mut sum = 0u64;
    for (v, &n) in counts.iter().enumerate() {
        sum += u64::from(n);
        if sum * 2 >= total {
            return v as u8;
        }
    }
    255
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(ink: &[Rect], value: u8) -> Gray {
        let mut p = Gray::new(120, 60, 20);
        for r in ink {
            for y in r.y..r.bottom() {
                p.row_mut(y)[r.x as usize..r.right() as usize].fill(value);
            }
        }
        p
    }

    /// Glyph stems of 2×10 px every 6 px.
    fn stems(x0: u32, y: u32, count: u32) -> Vec<Rect> {
        (0..count)
            .map(|i| Rect::new(x0 + 6 * i, y, 2, 10))
            .collect()
    }

    #[test]
    fn the_box_shrinks_from_the_blur_of_the_map_to_the_glyphs() {
        let p = picture(&stems(40, 20, 6), 220);
        let e = extent(&p, &Rect::new(32, 14, 48, 22), &Rect::new(40, 22, 32, 6));
        assert_eq!(e.tight, Rect::from_corners(40, 20, 72, 30));
        assert!(
            e.cover.contains(&e.tight) && Rect::new(36, 16, 40, 18).contains(&e.cover),
            "{:?}",
            e.cover
        );
    }

    #[test]
    fn a_glyph_that_the_map_cut_off_is_taken_in() {
        let p = picture(&stems(40, 20, 7), 220);
        let e = extent(&p, &Rect::new(36, 18, 41, 14), &Rect::new(40, 22, 32, 6));
        assert!(e.cover.contains(&Rect::new(76, 20, 2, 10)), "{:?}", e.cover);
    }

    #[test]
    fn glyphs_of_the_line_above_are_not_taken_in() {
        let mut ink = stems(40, 20, 6);
        ink.extend(stems(40, 7, 6));
        let e = extent(
            &picture(&ink, 220),
            &Rect::new(36, 16, 42, 17),
            &Rect::new(40, 22, 32, 6),
        );
        assert!(e.tight.y >= 16, "{:?}", e.tight);
    }

    #[test]
    fn a_line_close_above_does_not_stretch_the_box() {
        let mut ink = stems(40, 20, 6);
        ink.extend(stems(40, 7, 6));
        let e = extent(
            &picture(&ink, 220),
            &Rect::new(36, 12, 44, 24),
            &Rect::new(40, 20, 32, 8),
        );
        assert_eq!(e.tight, Rect::from_corners(40, 20, 72, 30));
        assert!(e.cover.y >= 17, "{:?}", e.cover);
    }

    #[test]
    fn accents_are_taken_in_and_full_stops_of_the_line_above_are_not() {
        let mut ink = stems(40, 20, 6);
        ink.push(Rect::new(46, 17, 2, 2));
        ink.push(Rect::new(58, 13, 2, 2));
        let region = Rect::new(36, 12, 44, 24);
        let e = extent(&picture(&ink, 220), &region, &Rect::new(40, 22, 32, 6));
        assert_eq!(e.tight, Rect::from_corners(40, 17, 72, 30));
    }

    #[test]
    fn dark_ink_on_light_ground_counts_too() {
        let mut p = picture(&stems(40, 20, 6), 220);
        p.data.iter_mut().for_each(|v| *v = 255 - *v);
        let e = extent(&p, &Rect::new(32, 14, 48, 22), &Rect::new(40, 22, 32, 6));
        assert_eq!(e.tight, Rect::from_corners(40, 20, 72, 30));
    }

    #[test]
    fn a_flat_picture_keeps_the_box_of_the_map() {
        let region = Rect::new(30, 10, 20, 12);
        let e = extent(&picture(&[], 0), &region, &Rect::default());
        assert!(e.cover.contains(&region));
        assert_eq!(e.tight, region);
    }

    #[test]
    fn a_core_that_is_wider_than_the_glyphs_gives_way_where_the_picture_is_flat() {
        let (region, core) = (Rect::new(20, 8, 76, 34), Rect::new(26, 14, 60, 22));
        let glyphs = Rect::from_corners(40, 20, 72, 30);
        let e = extent(&picture(&stems(40, 20, 6), 220), &region, &core);
        assert_eq!(e.tight, glyphs);
        assert!(glyphs.grow(6, 120, 60).contains(&e.cover), "{:?}", e.cover);
        // A mark of three levels is below what counts as ink, and holds the core all the same.
        let mut faint = picture(&stems(40, 20, 6), 220);
        faint.row_mut(25)[30] = 23;
        assert_eq!(extent(&faint, &region, &core).tight.x, 30);
    }

    #[test]
    fn a_bright_neighbour_does_not_hide_the_glyphs_of_a_line_of_little_contrast() {
        let mut p = picture(&stems(40, 20, 6), 42);
        p.row_mut(44)[30..90].fill(250);
        p.row_mut(45)[30..90].fill(250);
        let e = extent(&p, &Rect::new(28, 10, 56, 30), &Rect::new(36, 18, 40, 14));
        assert_eq!(e.tight, Rect::from_corners(40, 20, 72, 30));
    }

    #[test]
    fn in_a_restless_picture_the_cover_stays_near_the_glyphs() {
        let glyphs = (0..6).map(|i| Rect::new(40 + 6 * i, 20, 3, 10));
        let mut p = picture(&glyphs.collect::<Vec<_>>(), 220);
        for (i, v) in p.data.iter_mut().enumerate() {
            *v = (*v).max(20 + (i % 7 * 11 % 60) as u8);
        }
        let e = extent(&p, &Rect::new(32, 12, 48, 26), &Rect::new(40, 22, 32, 6));
        let glyphs = Rect::from_corners(40, 20, 73, 30);
        assert_eq!(e.tight, glyphs);
        assert!(glyphs.grow(6, 120, 60).contains(&e.cover), "{:?}", e.cover);
        assert!(e.cover.contains(&glyphs.grow(3, 120, 60)), "{:?}", e.cover);
    }

    #[test]
    fn stacked_rows_are_told_apart_and_dots_are_no_rows() {
        let mut ink = stems(40, 10, 6);
        ink.extend(stems(40, 23, 4));
        ink.push(Rect::new(40, 35, 2, 2)); // the dot over the third row
        ink.extend(stems(40, 38, 5));
        let all = Rect::from_corners(38, 8, 76, 50);
        let parts = rows(
            &picture(&ink, 220),
            &Rect::from_corners(40, 10, 72, 48),
            &all,
        );
        let tight: Vec<Rect> = parts.iter().map(|p| p.tight).collect();
        assert_eq!(
            tight,
            [
                Rect::from_corners(40, 10, 72, 20),
                Rect::from_corners(40, 23, 60, 33),
                Rect::from_corners(40, 35, 66, 48)
            ]
        );
        assert!(parts.iter().all(|p| p.cover.contains(&p.tight)));
        assert!(rows(&picture(&[], 0), &all, &all).is_empty());
        assert_eq!(
            rows(
                &picture(&stems(40, 10, 6), 220),
                &Rect::from_corners(40, 10, 72, 20),
                &all
            )
            .len(),
            1
        );
    }

    #[test]
    fn boxes_at_the_border_stay_inside_the_picture() {
        let p = picture(&[Rect::new(0, 0, 3, 8), Rect::new(5, 0, 3, 8)], 255);
        let e = extent(&p, &Rect::new(0, 0, 12, 10), &Rect::new(0, 2, 8, 4));
        assert!(Rect::new(0, 0, 120, 60).contains(&e.cover));
        assert!(e.cover.contains(&Rect::new(0, 0, 8, 8)));
    }
}
