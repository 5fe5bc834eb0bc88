//! Text aslant: a copy of the picture turned until it lies level, and the way back.
//!
//! Plates, stickers and markers lie at any angle, and the network knows upright, vertical and slightly slanted lines.
//! Searching turned copies closes the gap between them. Pixels are taken from the nearest source pixel, corners repeat
//! the border.

use crate::frame::Gray;
use crate::geometry::Rect;
use crate::line::TextLine;

const HALF: i64 = 1 << 15;
/// Tangent of 10°, thousandths.
const TAN_10: i64 = 176;
/// Length of the strips that cover a turned line, px.
const STRIP_PX: u32 = 12;

/// The direction that lies level in a turned copy: its cosine and sine in fixed point, 16 bits. A sine below 0 is of text
/// that rises to the right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    cos: i64,
    sin: i64,
}

impl Turn {
    /// Rising and falling by 45°.
    pub const EIGHTHS: [Turn; 2] = Turn::both(46_341, 46_341);
    /// Rising and falling by 30°.
    const TWELFTHS: [Turn; 2] = Turn::both(56_756, 32_768);
    /// Rising and falling by 60°.
    const SIXTHS: [Turn; 2] = Turn::both(32_768, 56_756);
    /// Rising and falling by 30° and by 60°: between the eighths and what the network knows.
    pub const BETWEEN: [Turn; 4] = [
        Turn::TWELFTHS[0],
        Turn::TWELFTHS[1],
        Turn::SIXTHS[0],
        Turn::SIXTHS[1],
    ];
    /// Rising and falling by 15°.
    pub const TILTS: [Turn; 2] = Turn::both(63_303, 16_962);

    const fn both(cos: i64, sin: i64) -> [Turn; 2] {
        [Turn { cos, sin: -sin }, Turn { cos, sin }]
    }

    /// A way in a turned copy as it runs in the source.
    fn back(self, dx: i64, dy: i64) -> (i64, i64) {
        (
            (self.cos * dx - self.sin * dy + HALF) >> 16,
            (self.sin * dx + self.cos * dy + HALF) >> 16,
        )
    }

    /// Whether a way runs in this direction or against it, off by 10° at most.
    pub fn is_along(self, (dx, dy): (i64, i64)) -> bool {
        let along = (self.cos * dx + self.sin * dy).abs();
        let aside = (self.cos * dy - self.sin * dx).abs();
        aside * 1000 <= along * TAN_10
    }
}

/// A picture and a turned copy of it.
#[derive(Clone, Copy, Debug)]
pub struct Slant {
    turn: Turn,
    /// Size of the source.
    source: (u32, u32),
    /// Size of the turned copy.
    copy: (u32, u32),
}

impl Slant {
    /// The turned copy of a picture, and the geometry that leads back.
    pub fn of(picture: &Gray, turn: Turn) -> (Slant, Gray) {
        let [w, h] = [picture.width, picture.height].map(i64::from);
        let (cos, sin) = (turn.cos.abs(), turn.sin.abs());
        let side = |v: i64| (v >> 16) as u32 + 2;
        let slant = Slant {
            turn,
            source: (picture.width, picture.height),
            copy: (side(w * cos + h * sin), side(w * sin + h * cos)),
        };
        let mut copy = Gray::new(slant.copy.0, slant.copy.1, 0);
        for y in 0..copy.height {
            for (x, to) in copy.row_mut(y).iter_mut().enumerate() {
                let (sx, sy) = slant.source(x as i64, i64::from(y));
                *to = picture.at(sx.clamp(0, w - 1) as u32, sy.clamp(0, h - 1) as u32);
            }
        }
        (slant, copy)
    }

    /// The source pixel under a pixel of the copy; it may lie outside the source.
    pub fn source(&self, x: i64, y: i64) -> (i64, i64) {
        let middle = |(w, h): (u32, u32)| (i64::from(w) / 2, i64::from(h) / 2);
        let (from, to) = (middle(self.copy), middle(self.source));
        let (dx, dy) = self.turn.back(x - from.0, y - from.1);
        (to.0 + dx, to.1 + dy)
    }

    /// Whether the middle of a box of the copy lies in the source, and not in its repeated border.
    pub fn holds(&self, r: &Rect) -> bool {
        let (x, y) = self.source(i64::from(r.x + r.w / 2), i64::from(r.y + r.h / 2));
        (0..i64::from(self.source.0)).contains(&x) && (0..i64::from(self.source.1)).contains(&y)
    }

    /// Upright rectangles of the source that together cover a rectangle of the copy: strips along it.
    pub fn strips(&self, r: &Rect) -> Vec<Rect> {
        let along_x = r.w >= r.h;
        let (from, to) = if along_x {
            (r.x, r.right())
        } else {
            (r.y, r.bottom())
        };
        let across = r.w.min(r.h).max(1);
        let step = STRIP_PX.max(across / 3);
        let mut strips = Vec::new();
        let mut start = from;
        while start < to {
            let end = (start + step).min(to);
            let part = if along_x {
                Rect::from_corners(start, r.y, end, r.bottom())
            } else {
                Rect::from_corners(r.x, start, r.right(), end)
            };
            let hull = self.hull(&part);
            if !hull.is_empty() {
                strips.push(hull);
            }
            start = end;
        }
        strips
    }

    /// The smallest upright rectangle of the source around a rectangle of the copy.
    pub fn hull(&self, r: &Rect) -> Rect {
        let corners = [
            (r.x, r.y),
            (r.right(), r.y),
            (r.x, r.bottom()),
            (r.right(), r.bottom()),
        ]
        .map(|(x, y)| self.source(i64::from(x), i64::from(y)));
        let xs = corners.map(|c| c.0);
        let ys = corners.map(|c| c.1);
        let clip = |v: i64, most: u32| v.clamp(0, i64::from(most)) as u32;
        let min = |v: [i64; 4]| v.into_iter().min().unwrap_or(0);
        let max = |v: [i64; 4]| v.into_iter().max().unwrap_or(0) + 1;
        Rect::from_corners(
            clip(min(xs), self.source.0),
            clip(min(ys), self.source.1),
            clip(max(xs), self.source.0),
            clip(max(ys), self.source.1),
        )
    }

    /// A line found in the copy, in coordinates of the source.
    pub fn back(&self, line: &TextLine) -> TextLine {
        TextLine {
            tight: self.hull(&line.tight),
            cover: line.cover.iter().flat_map(|c| self.strips(c)).collect(),
            strength: line.strength,
        }
    }
}

/// Least height of a line that is straightened, px.
const LEAST_HEIGHT_PX: i64 = 5;

/// A line that runs along a tilt, 15° off the level, through the box `r`, turned level: a picture of it with a margin of its
/// height, and its box in there. `None` where no such line can have that box.
pub fn straightened(picture: &Gray, r: &Rect, tilt: Turn) -> Option<(Gray, Rect)> {
    let (w, h) = (i64::from(r.w), i64::from(r.h));
    // The box of a turned box of `length` × `height`, solved for these.
    let (cos, sin) = (tilt.cos, tilt.sin.abs());
    let cos_30 = Turn::TWELFTHS[0].cos;
    let length = (w * cos - h * sin) / cos_30;
    let height = (h * cos - w * sin) / cos_30;
    if height < LEAST_HEIGHT_PX || length < height {
        return None;
    }
    let [length, height] = [length, height].map(|v| v as u32);
    let mut level = Gray::new(length + 2 * height, 3 * height, 0);
    let middle = [level.width, level.height].map(|v| i64::from(v / 2));
    let source = [r.x + r.w / 2, r.y + r.h / 2].map(i64::from);
    for y in 0..level.height {
        for (x, to) in level.row_mut(y).iter_mut().enumerate() {
            let (dx, dy) = tilt.back(x as i64 - middle[0], i64::from(y) - middle[1]);
            let (sx, sy) = (source[0] + dx, source[1] + dy);
            let clip = |v: i64, size: u32| v.clamp(0, i64::from(size) - 1) as u32;
            *to = picture.at(clip(sx, picture.width), clip(sy, picture.height));
        }
    }
    Some((level, Rect::new(height, height, length, height)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::union_area;
    use crate::line::Strength;

    /// A dark square with a bright bar that rises to the right under 45°.
    fn rising(side: u32) -> Gray {
        let mut p = Gray::new(side, side, 10);
        for i in 20..side - 20 {
            for k in 0..8 {
                p.row_mut(side - 1 - i)[(i + k) as usize - 4] = 250;
            }
        }
        p
    }

    #[test]
    fn a_rising_bar_lies_flat_in_the_copy_and_its_strips_lead_back() {
        let p = rising(120);
        let (slant, copy) = Slant::of(&p, Turn::EIGHTHS[0]);
        let bright: Vec<(u32, u32)> = (0..copy.height)
            .flat_map(|y| (0..copy.width).map(move |x| (x, y)))
            .filter(|&(x, y)| copy.at(x, y) > 128)
            .collect();
        let hull = bright
            .iter()
            .fold(Rect::default(), |h, &(x, y)| h.hull(&Rect::new(x, y, 1, 1)));
        assert!(hull.w > 6 * hull.h, "{hull:?}");
        let line = slant.back(&TextLine {
            tight: hull,
            cover: vec![hull],
            strength: Strength::Strong,
        });
        for y in 0..120 {
            for x in 0..120 {
                if p.at(x, y) > 128 {
                    assert!(line.cover.iter().any(|c| c.contains_point(x, y)), "{x},{y}");
                }
            }
        }
        assert!(union_area(&line.cover) < line.tight.area() / 2);
    }

    #[test]
    fn a_bar_15_degrees_off_is_straightened() {
        // Falls by 27 in 100.
        let mut p = Gray::new(200, 120, 10);
        for x in 40..160u32 {
            let y = 44 + (x - 40) * 27 / 100;
            for k in 0..10 {
                p.row_mut(y + k)[x as usize] = 250;
            }
        }
        let (level, tight) = straightened(&p, &Rect::new(40, 44, 120, 42), Turn::TILTS[1]).unwrap();
        let middle = tight.y + tight.h / 2;
        let lit = |y: u32, x: u32| level.at(x, y) > 128;
        let inner = tight.x + 12..tight.right() - 12;
        assert!(inner.clone().all(|x| lit(middle, x)));
        assert!(
            inner
                .clone()
                .all(|x| !lit(tight.y - 6, x) && !lit(tight.bottom() + 5, x))
        );
        assert!(straightened(&p, &Rect::new(40, 44, 120, 30), Turn::TILTS[1]).is_none());
        assert!(straightened(&p, &Rect::new(0, 0, 1, 1), Turn::TILTS[0]).is_none());
    }

    #[test]
    fn a_direction_is_known_by_a_way_along_it() {
        let [rising, falling, steep_up, _] = Turn::BETWEEN;
        for way in [(100, -58), (100, -40), (-100, 58), (100, -80)] {
            assert!(rising.is_along(way), "{way:?}");
            assert!(!falling.is_along(way), "{way:?}");
        }
        assert!(!rising.is_along((100, -100)) && !rising.is_along((100, -30)));
        assert!(steep_up.is_along((58, -100)) && !steep_up.is_along((58, 100)));
    }

    #[test]
    fn a_bar_under_30_degrees_lies_flat_in_a_copy_of_its_direction() {
        // Rises by 58 in 100 in a picture that is not square.
        let mut p = Gray::new(220, 140, 10);
        for x in 30..190u32 {
            let y = 120 - (x - 30) * 58 / 100;
            for k in 0..8 {
                p.row_mut(y + k)[x as usize] = 250;
            }
        }
        let (slant, copy) = Slant::of(&p, Turn::BETWEEN[0]);
        let lit = |y: u32| (0..copy.width).filter(|x| copy.at(*x, y) > 128).count();
        let rows = (0..copy.height).filter(|y| lit(*y) > 0).count();
        assert!(rows < 14, "{rows}");
        let middle = (0..copy.height).max_by_key(|y| lit(*y)).unwrap();
        let line = Rect::new(2, middle, copy.width - 4, 1);
        assert!(slant.hull(&line).area() > 0 && slant.strips(&line).len() > 4);
    }

    #[test]
    fn the_repeated_border_is_not_part_of_the_picture() {
        let (slant, copy) = Slant::of(&Gray::new(60, 40, 0), Turn::EIGHTHS[1]);
        assert!(slant.holds(&Rect::new(copy.width / 2 - 2, copy.height / 2 - 2, 4, 4)));
        assert!(!slant.holds(&Rect::new(0, 0, 4, 4)));
        let (tiny, _) = Slant::of(&Gray::new(1, 1, 7), Turn::EIGHTHS[0]);
        assert!(Rect::new(0, 0, 1, 1).contains(&tiny.hull(&Rect::new(0, 0, 3, 3))));
    }
}
