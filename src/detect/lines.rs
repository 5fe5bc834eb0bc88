//! From the network's packed map to text lines: integer code, shared by every device.
//!
//! A *region* component is a blob of cells that may be text; it counts if it is confident enough somewhere and holds part
//! of a text line's *core*. Every core component is one line; the other cells of the region go to the core that reaches
//! them first. A line has two products, because what is good for one is bad for the other: a tight box around the glyphs
//! (what is read) and the cover (what has to go). Both follow the ink in the picture, not only the half-resolution map.

use super::ink;
use super::{Levels, TextMap};
use crate::frame::Gray;
use crate::geometry::Rect;
use crate::line::{Strength, TextLine};

/// Pixels a side of a map cell.
pub const CELL_PX: u32 = 2;

/// Fewest cells of a region.
const MIN_CELLS: u32 = 5;
/// A line whose cells fill less than this share of its box (percent) is slanted and covered by strips.
const SLANTED_FILL_PERCENT: u64 = 50;
/// A core at least this many times as long as thick has a direction.
const LEVEL_LENGTHS: u32 = 2;
/// Width of the strips that cover a slanted line, cells.
const STRIP_CELLS: u32 = 6;

/// Thresholds of the map. Region: may be text, is text, surely text. Core: some, a line, surely a line.
pub const LEVELS: Levels = Levels {
    region: [96, 144, 196],
    core: [112, 128, 168],
};

/// The text lines of a picture, sorted from top to bottom. `map` is the network's answer for exactly this picture.
pub fn find_lines(map: &TextMap, picture: &Gray) -> Vec<TextLine> {
    let marked = marked(map);
    let regions = Components::label(map, &marked, |_| true);
    let mut keep = vec![Blob::default(); regions.count as usize + 1];
    for &i in &marked {
        keep[regions.labels[i] as usize].add(map.cells[i]);
    }
    let mut kept = marked;
    kept.retain(|&i| keep[regions.labels[i] as usize].may_be_text());
    let (mut owners, lines) = assign(map, &regions, &kept);
    let mut shapes = shapes_of(map, &kept, &owners, lines);
    if let Some(lines) = part_attachments(map, &kept, &mut owners, &shapes) {
        shapes = shapes_of(map, &kept, &owners, lines);
    }
    let mut found: Vec<TextLine> = shapes
        .iter()
        .enumerate()
        .skip(1)
        .filter(|(_, s)| s.cells > 0)
        .filter_map(|(id, s)| line_of(id as u32, s, map, &owners, picture))
        .collect();
    found.sort_unstable_by_key(|l| (l.tight.y, l.tight.x, l.tight.w, l.tight.h));
    found
}

/// The shapes of lines 1 to `lines`, at their numbers.
fn shapes_of(map: &TextMap, kept: &[usize], owners: &[u32], lines: u32) -> Vec<CellShape> {
    let mut shapes = vec![CellShape::default(); lines as usize + 1];
    for &i in kept {
        let (x, y) = map.place(i);
        shapes[owners[i] as usize].add(x, y, map.cells[i]);
    }
    shapes
}

/// Takes off level lines what hangs on them above or below: a grey wedge under its label, a frame, a trace. What hangs there
/// has no core, so it is a line of its own that has to be read or to stand beside text to count; left with the line it would
/// make a slanted one of it. Gives the new number of lines; `None` where nothing hangs on any.
fn part_attachments(
    map: &TextMap,
    kept: &[usize],
    owners: &mut [u32],
    shapes: &[CellShape],
) -> Option<u32> {
    let bands: Vec<Option<Rect>> = shapes.iter().map(CellShape::band).collect();
    let hangs = |i: usize| {
        let (x, y) = map.place(i);
        bands[owners[i] as usize].is_some_and(|b| !b.contains_point(x, y))
    };
    let parts = Components::label(map, kept, hangs);
    if parts.count == 0 {
        return None;
    }
    let lines = shapes.len() as u32 - 1;
    let mut cells = vec![0u32; parts.count as usize + 1];
    for &i in kept {
        cells[parts.labels[i] as usize] += 1;
    }
    for &i in kept {
        let part = parts.labels[i];
        // Crumbs stay with the line.
        if part > 0 && cells[part as usize] >= MIN_CELLS {
            owners[i] = lines + part;
        }
    }
    Some(lines + parts.count)
}

/// The cells that may be text, in reading order: in most pictures few, so that everything else goes over these alone.
fn marked(map: &TextMap) -> Vec<usize> {
    const BLOCK: usize = 16;
    let (blocks, rest) = map.cells.as_chunks::<BLOCK>();
    let mut out = Vec::new();
    let mut look = |from: usize, cells: &[u8]| {
        out.extend(
            (from..)
                .zip(cells)
                .filter(|(_, c)| *c & 3 > 0)
                .map(|(i, _)| i),
        );
    };
    for (k, block) in blocks.iter().enumerate() {
        if *block != [0; BLOCK] {
            look(k * BLOCK, block);
        }
    }
    look(blocks.len() * BLOCK, rest);
    out
}

/// The rows of a line that holds several, each a line of its own; empty where it holds one.
pub fn split_rows(picture: &Gray, line: &TextLine) -> Vec<TextLine> {
    let [cover] = line.cover.as_slice() else {
        return Vec::new();
    };
    let parts = ink::rows(picture, &line.tight, &cover.hull(&line.tight));
    if parts.len() < 2 {
        return Vec::new();
    }
    parts
        .into_iter()
        .map(|p| TextLine {
            tight: p.tight,
            cover: vec![p.cover],
            strength: line.strength,
        })
        .collect()
}

/// What a region component holds.
#[derive(Clone, Copy, Default)]
struct Blob {
    cells: u32,
    region: u8,
    core: u8,
}

impl Blob {
    fn add(&mut self, cell: u8) {
        self.cells += 1;
        self.region = self.region.max(cell & 3);
        self.core = self.core.max(cell >> 2 & 3);
    }

    fn may_be_text(&self) -> bool {
        self.cells >= MIN_CELLS && self.region >= 1 && self.core >= 1
    }
}

/// 8-connected components of some marked cells; labels count from 1 in reading order, 0 is no component.
struct Components {
    labels: Vec<u32>,
    count: u32,
}

impl Components {
    /// Components of those of the `marked` cells of a map that a test of their index picks.
    fn label(map: &TextMap, marked: &[usize], pick: impl Fn(usize) -> bool) -> Components {
        const FREE: u32 = u32::MAX;
        let (w, h) = (map.width as usize, map.height as usize);
        let mut labels = vec![0u32; map.cells.len()];
        for &i in marked {
            labels[i] = if pick(i) { FREE } else { 0 };
        }
        let mut count = 0;
        let mut stack: Vec<usize> = Vec::new();
        for &start in marked {
            if labels[start] != FREE {
                continue;
            }
            count += 1;
            labels[start] = count;
            stack.push(start);
            while let Some(i) = stack.pop() {
                let (x, y) = (i % w, i / w);
                for ny in y.saturating_sub(1)..(y + 2).min(h) {
                    let from = ny * w + x.saturating_sub(1);
                    for (k, label) in labels[from..ny * w + (x + 2).min(w)].iter_mut().enumerate() {
                        if *label == FREE {
                            *label = count;
                            stack.push(from + k);
                        }
                    }
                }
            }
        }
        Components { labels, count }
    }
}

/// Gives each of the `kept` cells (those of kept regions, in reading order) to a line: core components are lines, other cells
/// join the line that reaches them first (synchronous rounds over 4 neighbours, the lowest number wins a tie), and a region
/// without a core is a line. Line numbers count from 1.
fn assign(map: &TextMap, regions: &Components, kept: &[usize]) -> (Vec<u32>, u32) {
    let cores = Components::label(map, kept, |i| map.cells[i] >> 2 & 3 >= 2);
    let mut owners = cores.labels;
    let mut lines = cores.count;
    let region_of = |i: usize| regions.labels[i] as usize;
    let mut has_core = vec![false; regions.count as usize + 1];
    let mut is_kept = has_core.clone();
    for &i in kept {
        is_kept[region_of(i)] = true;
        has_core[region_of(i)] |= owners[i] > 0;
    }
    let mut own_line = vec![0u32; regions.count as usize + 1];
    for (slot, (kept, core)) in own_line.iter_mut().zip(is_kept.iter().zip(&has_core)) {
        if *kept && !core {
            lines += 1;
            *slot = lines;
        }
    }
    for &i in kept {
        if owners[i] == 0 {
            owners[i] = own_line[region_of(i)];
        }
    }
    let mut border: Vec<usize> = kept.iter().copied().filter(|&i| owners[i] > 0).collect();
    while !border.is_empty() {
        let mut reached: Vec<(usize, u32)> = Vec::new();
        for &i in &border {
            for n in neighbours4(i, map.width as usize, map.height as usize) {
                if owners[n] == 0 && is_kept[region_of(n)] {
                    reached.push((n, owners[i]));
                }
            }
        }
        reached.sort_unstable();
        reached.dedup_by_key(|r| r.0);
        for &(n, owner) in &reached {
            owners[n] = owner;
        }
        border = reached.into_iter().map(|r| r.0).collect();
    }
    (owners, lines)
}

fn neighbours4(i: usize, w: usize, h: usize) -> impl Iterator<Item = usize> {
    let (x, y) = (i % w, i / w);
    [
        (y > 0).then(|| i - w),
        (x > 0).then(|| i - 1),
        (x + 1 < w).then(|| i + 1),
        (y + 1 < h).then(|| i + w),
    ]
    .into_iter()
    .flatten()
}

/// The cells of one line.
#[derive(Clone, Default)]
struct CellShape {
    cells: u32,
    region: Bounds,
    core: Bounds,
    /// Cells of the core.
    core_cells: u32,
    /// Cells whose region and core levels are the highest.
    sure_region: u32,
    sure_core: u32,
    /// Cells whose region level is at least that of text.
    text_region: u32,
}

impl CellShape {
    /// Whether its cells leave most of its box free.
    fn is_sparse(&self) -> bool {
        u64::from(self.cells) * 100 < SLANTED_FILL_PERCENT * self.region.0.area()
    }

    /// Of a sparse shape whose core is one level band: the rows (columns of a vertical one) in which its letters can be.
    fn band(&self) -> Option<Rect> {
        let (core, region) = (self.core.0, self.region.0);
        let (long, thick) = (core.w.max(core.h), core.w.min(core.h));
        let level = u64::from(self.core_cells) * 100 >= SLANTED_FILL_PERCENT * core.area();
        if !self.is_sparse() || !level || long < LEVEL_LENGTHS * thick {
            return None;
        }
        Some(if core.w >= core.h {
            let top = core.y.saturating_sub(thick);
            Rect::from_corners(region.x, top, region.right(), core.bottom() + thick)
        } else {
            let left = core.x.saturating_sub(thick);
            Rect::from_corners(left, region.y, core.right() + thick, region.bottom())
        })
    }

    /// Half of a line's region cells are sure in plain text; a few sure core cells are enough for short lines.
    fn strength(&self) -> Strength {
        if self.sure_core >= 3 && self.sure_region * 4 >= self.cells {
            Strength::Strong
        } else if self.sure_core > 0 && self.sure_region > 0 {
            Strength::Likely
        } else if self.text_region > 0 {
            Strength::Weak
        } else {
            Strength::Faint
        }
    }

    fn add(&mut self, x: u32, y: u32, cell: u8) {
        self.cells += 1;
        self.region.add(x, y);
        self.text_region += u32::from(cell & 3 >= 2);
        self.sure_region += u32::from(cell & 3 == 3);
        if cell >> 2 & 3 >= 2 {
            self.core.add(x, y);
            self.core_cells += 1;
        }
        self.sure_core += u32::from(cell >> 2 & 3 == 3);
    }
}

/// Half-open bounds in cells.
#[derive(Clone, Copy, Default)]
struct Bounds(Rect);

impl Bounds {
    fn add(&mut self, x: u32, y: u32) {
        self.0 = self.0.hull(&Rect::new(x, y, 1, 1));
    }

    fn pixels(&self, picture: &Gray) -> Rect {
        let r = self.0;
        Rect::new(r.x * CELL_PX, r.y * CELL_PX, r.w * CELL_PX, r.h * CELL_PX).intersect(&Rect::new(
            0,
            0,
            picture.width,
            picture.height,
        ))
    }
}

/// A line from its cells and the ink under them; `None` if it lies wholly in the padding of the map.
fn line_of(
    id: u32,
    shape: &CellShape,
    map: &TextMap,
    owners: &[u32],
    picture: &Gray,
) -> Option<TextLine> {
    let region = shape.region.pixels(picture);
    if region.is_empty() {
        return None;
    }
    let strength = shape.strength();
    if shape.is_sparse() {
        let cover = strips(id, shape, map, owners, picture);
        return Some(TextLine {
            tight: region,
            cover,
            strength,
        });
    }
    let core = shape.core.pixels(picture);
    let extent = ink::extent(picture, &region, &core);
    Some(TextLine {
        tight: extent.tight,
        cover: vec![extent.cover],
        strength,
    })
}

/// Strips across the shorter side that together cover the cells of a slanted line.
fn strips(id: u32, shape: &CellShape, map: &TextMap, owners: &[u32], picture: &Gray) -> Vec<Rect> {
    let b = shape.region.0;
    let across = b.w >= b.h;
    let (from, to) = if across {
        (b.x, b.right())
    } else {
        (b.y, b.bottom())
    };
    let mut cover = Vec::new();
    let mut start = from;
    while start < to {
        let end = (start + STRIP_CELLS).min(to);
        let mut bounds = Bounds::default();
        let window = if across {
            Rect::from_corners(start, b.y, end, b.bottom())
        } else {
            Rect::from_corners(b.x, start, b.right(), end)
        };
        for y in window.y..window.bottom() {
            for x in window.x..window.right() {
                if owners[(y * map.width + x) as usize] == id {
                    bounds.add(x, y);
                }
            }
        }
        let r = bounds.pixels(picture);
        if !r.is_empty() {
            cover.push(r.grow(CELL_PX + r.w.min(r.h) / 8, picture.width, picture.height));
        }
        start = end;
    }
    cover
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A map of 40×20 cells from (rectangle, cell value) in order.
    fn map(parts: &[(Rect, u8)]) -> TextMap {
        let mut m = TextMap {
            width: 40,
            height: 20,
            cells: vec![0; 800],
        };
        for (r, v) in parts {
            for y in r.y..r.bottom() {
                for x in r.x..r.right() {
                    m.cells[(y * 40 + x) as usize] = *v;
                }
            }
        }
        m
    }

    const REGION: u8 = 2;
    const SURE: u8 = 3 | 3 << 2;

    fn flat() -> Gray {
        Gray::new(80, 40, 0)
    }

    #[test]
    fn a_blob_without_core_or_without_confidence_is_nothing() {
        assert!(find_lines(&map(&[(Rect::new(2, 2, 8, 4), REGION)]), &flat()).is_empty());
        let faint = find_lines(&map(&[(Rect::new(2, 2, 8, 4), 1 | 1 << 2)]), &flat());
        assert!(faint.iter().all(|l| l.strength == Strength::Faint));
        assert!(find_lines(&map(&[(Rect::new(2, 2, 2, 2), SURE)]), &flat()).is_empty());
        assert!(find_lines(&map(&[]), &flat()).is_empty());
    }

    #[test]
    fn two_cores_in_one_region_are_two_lines_and_share_its_cells() {
        let m = map(&[
            (Rect::new(4, 2, 20, 12), REGION),
            (Rect::new(6, 4, 16, 2), SURE),
            (Rect::new(6, 10, 16, 2), SURE),
        ]);
        let lines = find_lines(&m, &flat());
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].tight, Rect::new(8, 4, 40, 12));
        assert_eq!(lines[1].tight, Rect::new(8, 16, 40, 12));
        assert!(lines.iter().all(|l| l.strength >= Strength::Weak));
    }

    #[test]
    fn a_slanted_line_is_covered_by_strips_that_leave_the_corners_free() {
        let steps: Vec<(Rect, u8)> = (0..15)
            .map(|i| (Rect::new(2 * i + 2, i + 2, 3, 3), SURE))
            .collect();
        let lines = find_lines(&map(&steps), &flat());
        assert_eq!(lines.len(), 1);
        let cover = &lines[0].cover;
        assert!(cover.len() > 3);
        for (r, _) in &steps {
            let px = Rect::new(r.x * 2, r.y * 2, r.w * 2, r.h * 2);
            let inside: Vec<Rect> = cover.iter().map(|c| c.intersect(&px)).collect();
            assert_eq!(crate::geometry::union_area(&inside), px.area());
        }
        assert!(!cover.iter().any(|c| c.contains_point(60, 6)));
    }

    #[test]
    fn what_hangs_on_a_level_line_is_no_part_of_it() {
        let line = Rect::new(4, 2, 24, 5);
        let wedge = Rect::new(4, 7, 3, 12);
        let parts = [
            (wedge, REGION),
            (line, REGION),
            (Rect::new(5, 4, 22, 2), SURE),
        ];
        let lines = find_lines(&map(&parts), &flat());
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].cover.len(), 1);
        assert!(lines[0].tight.bottom() <= 18 && lines[0].strength > Strength::Weak);
        assert_eq!(lines[1].strength, Strength::Weak);
        assert!(lines[1].cover.iter().any(|c| c.bottom() >= 38));
    }

    #[test]
    fn cells_in_the_padding_of_the_map_are_no_line() {
        let m = map(&[(Rect::new(30, 2, 8, 6), SURE)]);
        assert!(find_lines(&m, &Gray::new(60, 40, 0)).is_empty());
    }

    #[test]
    fn a_one_pixel_picture_has_no_lines() {
        let m = TextMap {
            width: 8,
            height: 8,
            cells: vec![SURE; 64],
        };
        let lines = find_lines(&m, &Gray::new(1, 1, 9));
        assert!(
            lines
                .iter()
                .all(|l| Rect::new(0, 0, 1, 1).contains(&l.tight))
        );
    }
}
