//! How far a mask reaches: margin and grid, and where it stops before text that stays.

use super::finding::Finding;
use crate::geometry::{Rect, union_area};
use crate::line::Orientation;

/// Pixels around the box of a line's glyphs that always go with it.
const INK_MARGIN_PX: u32 = 1;

/// One part in this many of a box may reach into its neighbour without being part of it.
const INEXACT: u32 = 4;

/// How masks grow and spread.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    /// Margin around a mask, px.
    pub margin_px: u32,
    /// Grid along the text to which a mask grows, px.
    pub grid_px: u32,
    /// Whether what persists masks its place in every frame.
    pub cine_union: bool,
    /// Whether a banner band outside the ultrasound regions goes as a whole with its first line.
    pub whole_bands: bool,
}

impl Spread {
    /// The rectangle with margin and grid. The grid runs along the text only, because that is where a length leaks, and
    /// neither margin nor grid cut into text that stays. `cols` and `rows` are those of the frame.
    pub fn grown(&self, raw: &Rect, keeps: &[Rect], cols: u32, rows: u32) -> Rect {
        let grid = self.grid_px;
        let margin = raw.grow(self.margin_px, cols, rows);
        let wide = if raw.w >= raw.h {
            margin.snap(grid, 1, cols, rows)
        } else {
            margin.snap(1, grid, cols, rows)
        };
        keeps
            .iter()
            .filter_map(|k| clear_of(k, raw))
            .fold(wide, |r, k| back_off(r, raw, &k))
    }
}

/// Whether masks already hide a rectangle: all of it, or all but an edge that is too thin for a glyph.
pub fn covered(raw: &Rect, masks: &[Rect]) -> bool {
    let inner = if raw.w > 8 && raw.h > 8 {
        Rect::new(raw.x + 3, raw.y + 3, raw.w - 6, raw.h - 6)
    } else {
        *raw
    };
    let inside: Vec<Rect> = masks.iter().map(|m| m.intersect(&inner)).collect();
    union_area(&inside) == inner.area()
}

/// What has to go of `raw`, a rectangle of a line's cover: where the cover reaches into text that stays on the next line,
/// it is taken back, but never into the box of the line's own glyphs.
pub fn needed(finding: &Finding, raw: Rect, keeps: &[Rect]) -> Rect {
    if finding.line.cover.len() != 1 {
        return raw;
    }
    let tight = finding.line.tight;
    let along_y = matches!(
        finding.reading.orientation,
        Orientation::Up | Orientation::Down
    );
    let glyphs = if along_y {
        let x0 = tight.x.saturating_sub(INK_MARGIN_PX);
        Rect::from_corners(x0, raw.y, tight.right() + INK_MARGIN_PX, raw.bottom())
    } else {
        let y0 = tight.y.saturating_sub(INK_MARGIN_PX);
        Rect::from_corners(raw.x, y0, raw.right(), tight.bottom() + INK_MARGIN_PX)
    };
    let glyphs = glyphs.intersect(&raw);
    if glyphs.is_empty() {
        return raw;
    }
    keeps
        .iter()
        .filter(|k| k.overlaps(&raw))
        .filter_map(|k| clear_of(k, &glyphs))
        .fold(raw, |r, k| back_off(r, &glyphs, &k))
}

/// The part of a kept box that is clear of `raw`, where they overlap only as far as boxes are inexact; `None` where they
/// really overlap.
fn clear_of(keep: &Rect, raw: &Rect) -> Option<Rect> {
    let shared = keep.intersect(raw);
    if shared.is_empty() {
        return Some(*keep);
    }
    let (mut x0, mut y0, mut x1, mut y1) = (keep.x, keep.y, keep.right(), keep.bottom());
    if shared.h * INEXACT <= keep.h.min(raw.h) {
        if keep.y < raw.y {
            y1 = raw.y;
        } else {
            y0 = raw.bottom();
        }
    } else if shared.w * INEXACT <= keep.w.min(raw.w) {
        if keep.x < raw.x {
            x1 = raw.x;
        } else {
            x0 = raw.right();
        }
    } else {
        return None;
    }
    Some(Rect::from_corners(x0, y0, x1, y1)).filter(|r| !r.is_empty())
}

/// Takes back growth that would cut into `keep`, never further than `raw`.
fn back_off(grown: Rect, raw: &Rect, keep: &Rect) -> Rect {
    if !grown.overlaps(keep) {
        return grown;
    }
    let (mut x0, mut y0, mut x1, mut y1) = (grown.x, grown.y, grown.right(), grown.bottom());
    if keep.x >= raw.right() {
        x1 = x1.min(keep.x);
    } else if keep.right() <= raw.x {
        x0 = x0.max(keep.right());
    } else if keep.y >= raw.bottom() {
        y1 = y1.min(keep.y);
    } else if keep.bottom() <= raw.y {
        y0 = y0.max(keep.bottom());
    }
    Rect::from_corners(x0, y0, x1, y1)
}

/// Whether two rectangles mean the same place: half of the smaller is in the other.
pub fn same_place(a: &Rect, b: &Rect) -> bool {
    a.intersect(b).area() * 2 >= a.area().min(b.area()).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_stops_before_text_that_stays() {
        let raw = Rect::new(10, 10, 20, 8);
        let keep = Rect::new(31, 10, 20, 8);
        let grown = back_off(Rect::new(8, 8, 32, 12), &raw, &keep);
        assert_eq!(grown, Rect::from_corners(8, 8, 31, 20));
        assert_eq!(
            back_off(Rect::new(8, 8, 24, 12), &raw, &Rect::new(40, 0, 4, 4)),
            Rect::new(8, 8, 24, 12)
        );
    }

    #[test]
    fn a_box_that_is_a_little_too_large_is_no_part_of_its_neighbour() {
        let raw = Rect::new(10, 30, 40, 20);
        let above = Rect::new(10, 10, 40, 24);
        assert_eq!(clear_of(&above, &raw), Some(Rect::new(10, 10, 40, 20)));
        assert_eq!(clear_of(&Rect::new(10, 10, 40, 30), &raw), None);
        let left = Rect::new(0, 30, 12, 20);
        assert_eq!(clear_of(&left, &raw), Some(Rect::new(0, 30, 10, 20)));
        let spread = Spread {
            margin_px: 2,
            grid_px: 1,
            cine_union: true,
            whole_bands: false,
        };
        assert_eq!(spread.grown(&raw, &[above], 100, 100).y, 30);
    }
}
