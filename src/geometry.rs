//! Half-open rectangles on the pixel grid of a frame.
//!
//! Everything inside the product counts in whole pixels of the stored frame, origin at the top left, and every rectangle
//! is half-open: it holds the pixels `x..x + w` × `y..y + h`. Conversions from inclusive bounds (ultrasound regions,
//! PS3.3 C.8.5.5.1.14) happen where such bounds are read.

use serde::{Deserialize, Serialize};

/// A half-open rectangle in pixels; written as `[x, y, w, h]` in reports and plans.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(from = "[u32; 4]", into = "[u32; 4]")]
pub struct Rect {
    /// Left edge.
    pub x: u32,
    /// Top edge.
    pub y: u32,
    /// Width; 0 makes the rectangle empty.
    pub w: u32,
    /// Height; 0 makes the rectangle empty.
    pub h: u32,
}

impl From<[u32; 4]> for Rect {
    fn from([x, y, w, h]: [u32; 4]) -> Self {
        Rect { x, y, w, h }
    }
}

impl From<Rect> for [u32; 4] {
    fn from(r: Rect) -> Self {
        [r.x, r.y, r.w, r.h]
    }
}

impl Rect {
    /// The rectangle with this top left corner and size.
    pub const fn new(x: u32, y: u32, w: u32, h: u32) -> Self {
        Rect { x, y, w, h }
    }

    /// The rectangle `x0..x1` × `y0..y1`; empty where an end does not lie behind its start.
    pub const fn from_corners(x0: u32, y0: u32, x1: u32, y1: u32) -> Self {
        Rect {
            x: x0,
            y: y0,
            w: x1.saturating_sub(x0),
            h: y1.saturating_sub(y0),
        }
    }

    /// First column behind the rectangle.
    pub const fn right(&self) -> u32 {
        self.x.saturating_add(self.w)
    }

    /// First row behind the rectangle.
    pub const fn bottom(&self) -> u32 {
        self.y.saturating_add(self.h)
    }

    /// Number of pixels.
    pub const fn area(&self) -> u64 {
        self.w as u64 * self.h as u64
    }

    /// Whether it holds no pixel.
    pub const fn is_empty(&self) -> bool {
        self.w == 0 || self.h == 0
    }

    /// The pixels in both; empty if there are none.
    pub fn intersect(&self, other: &Rect) -> Rect {
        Rect::from_corners(
            self.x.max(other.x),
            self.y.max(other.y),
            self.right().min(other.right()),
            self.bottom().min(other.bottom()),
        )
    }

    /// Whether the two share a pixel.
    pub fn overlaps(&self, other: &Rect) -> bool {
        !self.intersect(other).is_empty()
    }

    /// Free pixels between the two across and down; 0 where they share columns or rows, or touch.
    pub fn apart(&self, other: &Rect) -> (u32, u32) {
        let end_x = self.right().min(other.right());
        let end_y = self.bottom().min(other.bottom());
        (
            self.x.max(other.x).saturating_sub(end_x),
            self.y.max(other.y).saturating_sub(end_y),
        )
    }

    /// Whether every pixel of `other` is in this one.
    pub fn contains(&self, other: &Rect) -> bool {
        other.is_empty() || self.intersect(other) == *other
    }

    /// Whether the pixel `x`, `y` is in the rectangle.
    pub fn contains_point(&self, x: u32, y: u32) -> bool {
        x >= self.x && y >= self.y && x < self.right() && y < self.bottom()
    }

    /// The smallest rectangle around both; an empty one adds nothing.
    pub fn hull(&self, other: &Rect) -> Rect {
        if self.is_empty() {
            return *other;
        }
        if other.is_empty() {
            return *self;
        }
        Rect::from_corners(
            self.x.min(other.x),
            self.y.min(other.y),
            self.right().max(other.right()),
            self.bottom().max(other.bottom()),
        )
    }

    /// Grown by `margin_px` on every side, clipped to a frame of `cols` × `rows`.
    pub fn grow(&self, margin_px: u32, cols: u32, rows: u32) -> Rect {
        self.grow_xy(margin_px, margin_px, cols, rows)
    }

    /// Grown by `dx` left and right and by `dy` above and below, clipped to a frame of `cols` × `rows`.
    pub fn grow_xy(&self, dx: u32, dy: u32, cols: u32, rows: u32) -> Rect {
        if self.is_empty() {
            return *self;
        }
        Rect::from_corners(
            self.x.saturating_sub(dx),
            self.y.saturating_sub(dy),
            self.right().saturating_add(dx).min(cols),
            self.bottom().saturating_add(dy).min(rows),
        )
    }

    /// Rounded outwards to a grid of `step_x` × `step_y` pixels, clipped to a frame of `cols` × `rows`.
    pub fn snap(&self, step_x: u32, step_y: u32, cols: u32, rows: u32) -> Rect {
        if self.is_empty() {
            return *self;
        }
        let (sx, sy) = (step_x.max(1), step_y.max(1));
        Rect::from_corners(
            self.x / sx * sx,
            self.y / sy * sy,
            self.right().div_ceil(sx).saturating_mul(sx).min(cols),
            self.bottom().div_ceil(sy).saturating_mul(sy).min(rows),
        )
    }
}

/// Number of pixels in at least one of the rectangles.
pub fn union_area(rects: &[Rect]) -> u64 {
    let mut edges: Vec<u32> = rects
        .iter()
        .filter(|r| !r.is_empty())
        .flat_map(|r| [r.y, r.bottom()])
        .collect();
    edges.sort_unstable();
    edges.dedup();
    let mut spans: Vec<(u32, u32)> = Vec::new();
    let mut total = 0u64;
    for band in edges.windows(2) {
        let (top, bottom) = (band[0], band[1]);
        spans.clear();
        spans.extend(
            rects
                .iter()
                .filter(|r| !r.is_empty() && r.y <= top && r.bottom() >= bottom)
                .map(|r| (r.x, r.right())),
        );
        spans.sort_unstable();
        let mut reached = 0u32;
        let mut covered = 0u64;
        for &(x0, x1) in &spans {
            covered += u64::from(x1.saturating_sub(x0.max(reached)));
            reached = reached.max(x1);
        }
        total += covered * u64::from(bottom - top);
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growing_and_snapping_stay_inside_the_frame() {
        let r = Rect::new(3, 5, 10, 4);
        assert_eq!(r.grow(4, 15, 8), Rect::from_corners(0, 1, 15, 8));
        assert_eq!(r.snap(8, 8, 100, 100), Rect::from_corners(0, 0, 16, 16));
        assert_eq!(Rect::default().grow(9, 50, 50), Rect::default());
    }

    #[test]
    fn touching_rectangles_do_not_overlap() {
        let a = Rect::new(0, 0, 4, 4);
        assert!(!a.overlaps(&Rect::new(4, 0, 4, 4)));
        assert!(a.overlaps(&Rect::new(3, 3, 4, 4)));
        assert_eq!(a.hull(&Rect::new(6, 6, 1, 1)), Rect::new(0, 0, 7, 7));
    }

    #[test]
    fn union_area_counts_shared_pixels_once() {
        assert_eq!(union_area(&[]), 0);
        assert_eq!(
            union_area(&[Rect::new(0, 0, 4, 4), Rect::new(2, 2, 4, 4)]),
            28
        );
        assert_eq!(
            union_area(&[
                Rect::new(0, 0, 4, 4),
                Rect::new(1, 1, 2, 2),
                Rect::new(9, 0, 1, 3)
            ]),
            19
        );
    }

    #[test]
    fn rectangles_apart_are_told_by_the_pixels_between_them() {
        let a = Rect::new(10, 10, 20, 8);
        assert_eq!(a.apart(&Rect::new(35, 12, 5, 5)), (5, 0));
        assert_eq!(Rect::new(35, 12, 5, 5).apart(&a), (5, 0));
        assert_eq!(a.apart(&Rect::new(0, 21, 4, 4)), (6, 3));
        assert_eq!(a.apart(&Rect::new(30, 18, 4, 4)), (0, 0));
        assert_eq!(a.apart(&Rect::new(12, 11, 2, 2)), (0, 0));
    }
}
