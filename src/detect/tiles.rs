//! Cutting a large picture into tiles that give the same answer as the whole.
//!
//! A tile starts on the network's grid and carries a margin at least as wide as an answer cell sees
//! ([`super::network::Network::reach_px`]), except where the picture itself ends, so each of its inner cells sees what it
//! would see in the whole picture.

use super::TextMap;
use super::network::GRID;
use crate::frame::Gray;
use crate::geometry::Rect;

/// One tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    /// What is searched, px.
    pub outer: Rect,
    /// What is taken from the answer, px; tiles' inner parts cover the picture once.
    pub inner: Rect,
}

/// Tiles of at most `max_px` pixels for a picture of `width` × `height`; `None` if that is too little for the margin.
pub fn tiles(width: u32, height: u32, reach_px: usize, max_px: u64) -> Option<Vec<Tile>> {
    let whole = Rect::new(0, 0, width, height);
    if whole.area() <= max_px {
        return Some(vec![Tile {
            outer: whole,
            inner: whole,
        }]);
    }
    let grid = GRID as u32;
    let margin = u32::try_from(reach_px.next_multiple_of(GRID)).ok()?;
    let smallest = 2 * margin + grid;
    // Full-width bands waste least; where even a thin band is too large, columns are cut as well.
    let side = u32::try_from(max_px.isqrt()).unwrap_or(u32::MAX);
    let tile_w = if max_px / u64::from(width) >= u64::from(smallest) * 2 {
        width
    } else {
        side.min(width)
    };
    let tile_h = u32::try_from(max_px / u64::from(tile_w.max(1))).unwrap_or(u32::MAX);
    let columns = spans(width, tile_w, margin)?;
    let rows = spans(height, tile_h, margin)?;
    let mut out = Vec::with_capacity(rows.len() * columns.len());
    for (oy, iy) in &rows {
        for (ox, ix) in &columns {
            out.push(Tile {
                outer: Rect::from_corners(ox.0, oy.0, ox.1, oy.1),
                inner: Rect::from_corners(ix.0, iy.0, ix.1, iy.1),
            });
        }
    }
    Some(out)
}

type Span = (u32, u32);

/// Outer and inner spans of at most `tile` pixels over `length`.
fn spans(length: u32, tile: u32, margin: u32) -> Option<Vec<(Span, Span)>> {
    if tile >= length {
        return Some(vec![((0, length), (0, length))]);
    }
    let grid = GRID as u32;
    let step = tile.checked_sub(2 * margin)? / grid * grid;
    if step == 0 {
        return None;
    }
    let starts = (0..length).step_by(step as usize);
    Some(
        starts
            .map(|from| {
                let to = from.saturating_add(step).min(length);
                let outer = (
                    from.saturating_sub(margin),
                    to.saturating_add(margin).min(length),
                );
                (outer, (from, to))
            })
            .collect(),
    )
}

/// A copy of the pixels of a tile.
pub fn cut(picture: &Gray, tile: &Tile) -> Gray {
    let r = tile.outer;
    let mut out = Gray::new(r.w, r.h, 0);
    for y in 0..r.h {
        let row = &picture.row(r.y + y)[r.x as usize..][..r.w as usize];
        out.row_mut(y).copy_from_slice(row);
    }
    out
}

/// Writes a tile's inner cells into the answer of the whole picture.
pub fn paste(whole: &mut TextMap, part: &TextMap, tile: &Tile) {
    // Inner parts start on the grid; the last ones reach to the end of the padded picture.
    let cell = |px: u32| px / 2;
    let (x0, y0) = (cell(tile.inner.x), cell(tile.inner.y));
    let (dx, dy) = (x0 - cell(tile.outer.x), y0 - cell(tile.outer.y));
    let end = |inner: u32, outer: u32, offset: u32, size: u32| {
        if inner == outer {
            size
        } else {
            cell(inner) - offset
        }
    };
    let x1 = end(tile.inner.right(), tile.outer.right(), x0 - dx, part.width);
    let y1 = end(
        tile.inner.bottom(),
        tile.outer.bottom(),
        y0 - dy,
        part.height,
    );
    let n = x1.saturating_sub(dx) as usize;
    for y in dy..y1 {
        let from = (y * part.width + dx) as usize;
        let to = ((y - dy + y0) * whole.width + x0) as usize;
        if let (Some(src), Some(dst)) = (
            part.cells.get(from..from + n),
            whole.cells.get_mut(to..to + n),
        ) {
            dst.copy_from_slice(src);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::cpu::CpuDetector;
    use super::super::testing::{network, picture};
    use super::super::{Detector, Levels};
    use super::*;
    use crate::geometry::union_area;

    /// Some reach.
    const REACH_PX: usize = 185;

    #[test]
    fn inner_parts_cover_the_picture_once_and_tiles_keep_the_limit() {
        for (w, h, max) in [
            (4000, 3000, 8 << 20),
            (4000, 3000, 1 << 20),
            (30_000, 40, 1 << 18),
            (17, 9_000, 1 << 18),
            (1025, 1023, 600 * 600),
        ] {
            let list = tiles(w, h, REACH_PX, max).unwrap();
            let inner: Vec<Rect> = list.iter().map(|t| t.inner).collect();
            let sum: u64 = inner.iter().map(Rect::area).sum();
            assert_eq!(sum, u64::from(w) * u64::from(h));
            assert_eq!(union_area(&inner), sum);
            for t in &list {
                assert!(t.outer.area() <= max, "{w}x{h}: {t:?}");
                assert!(t.outer.contains(&t.inner));
                assert_eq!((t.outer.x % 16, t.outer.y % 16), (0, 0));
                assert_eq!((t.inner.x % 16, t.inner.y % 16), (0, 0));
            }
        }
    }

    #[test]
    fn a_limit_below_the_margin_is_refused() {
        assert_eq!(tiles(4000, 3000, REACH_PX, 300 * 300), None);
        assert_eq!(tiles(10, 10, REACH_PX, 100).unwrap().len(), 1);
    }

    #[test]
    fn tiles_give_the_answer_of_the_whole_picture() {
        let at = Levels {
            region: [1, 96, 144],
            core: [32, 112, 128],
        };
        let d = CpuDetector::new(network()).unwrap();
        for (w, h) in [(1100, 900), (897, 1203), (48, 1901)] {
            let p = picture(w, h, w);
            let want = d.maps(&[&p], at).unwrap().remove(0);
            let list = tiles(w, h, network().reach_px(), u64::from(w.min(850)) * 850).unwrap();
            assert!(list.len() > 1);
            let mut got = TextMap {
                cells: vec![255; want.cells.len()],
                ..want.clone()
            };
            for t in &list {
                let part = d.maps(&[&cut(&p, t)], at).unwrap().remove(0);
                paste(&mut got, &part, t);
            }
            let differing = got.cells.iter().zip(&want.cells).filter(|(a, b)| a != b);
            assert_eq!(differing.count(), 0, "{w}x{h}");
        }
    }
}
