//! From the network's packed map to text lines: integer code, shared by every device.
//!
//! A *region* component is a blob of cells that may be text; it counts if it is confident enough somewhere and holds part
//! of a text line's *core*. Each core component is one line, or several are where they part at a stop or a dash; the other
//! cells of the region go to the core that reaches them first. A line has two products, because what is good for one is
//! bad for the other: a tight box around the glyphs (what is read) and the cover (what has to go). Both follow the ink in
//! the picture, not only the half-resolution map.

use super::cells::{Components, marked, neighbours4};
use super::ink::{self, Extent};
use super::{Levels, Seen, TextMap};
use crate::frame::Gray;
use crate::geometry::Rect;
use crate::line::{Strength, TextLine};
use std::collections::BTreeSet;

/// Pixels a side of a map cell.
pub const CELL_PX: u32 = 2;

/// Fewest cells of a region.
const MIN_CELLS: u32 = 5;
/// A line whose cells fill less than this share of its box (percent) is slanted and covered by strips.
const SLANTED_FILL_PERCENT: u64 = 50;
/// A core that fills at least this share of its box (percent) is level.
const LEVEL_FILL_PERCENT: u64 = 40;
/// A core at least this many times as long as thick has a direction.
const LEVEL_LENGTHS: u32 = 2;
/// Cores of one line share at least this part (percent) of the taller one's rows.
const SAME_ROWS_PERCENT: u32 = 66;
/// A core more than this many times as high as wide is part of a vertical line.
const UPRIGHT_HEIGHTS: u32 = 2;
/// Width of the strips that cover a slanted line, cells.
const STRIP_CELLS: u32 = 6;

/// Thresholds of the map. Region: may be text, is text, surely text. Core: some, a line, surely a line.
pub const LEVELS: Levels = Levels {
    region: [96, 144, 196],
    core: [112, 128, 168],
};

/// What is known of the glyphs in pictures that were searched before.
#[derive(Default)]
pub struct Glyphs {
    /// Extents of lines.
    extents: Seen<Boxes, Extent>,
    /// Rows of lines.
    rows: Seen<Boxes, Vec<Extent>>,
}

/// Width and height of a picture, and two boxes in it.
type Boxes = (u32, u32, Rect, Rect);

/// The text lines of a picture, sorted from top to bottom. `map` is the network's answer for exactly this picture.
pub fn find_lines(map: &TextMap, picture: &Gray, known: &Glyphs) -> Vec<TextLine> {
    let marked = marked(map);
    let regions = Components::label(map, &marked, |_| true);
    let mut keep = vec![Blob::default(); regions.count as usize + 1];
    for (&i, &region) in marked.iter().zip(&regions.labels) {
        keep[region as usize].add(map.cells[i]);
    }
    let (cells, regions): (Vec<usize>, Vec<u32>) = marked
        .into_iter()
        .zip(regions.labels)
        .filter(|(_, region)| keep[*region as usize].may_be_text())
        .unzip();
    let (mut owners, lines) = assign(map, &cells, &regions);
    let mut shapes = shapes_of(map, &cells, &owners, lines);
    if let Some(lines) = part_attachments(map, &cells, &mut owners, &shapes) {
        shapes = shapes_of(map, &cells, &owners, lines);
    }
    let mut found: Vec<TextLine> = shapes
        .iter()
        .enumerate()
        .skip(1)
        .filter(|(_, s)| s.cells > 0)
        .filter_map(|(id, s)| {
            let own = || {
                let owned = cells.iter().zip(&owners);
                owned
                    .filter(move |(_, owner)| **owner == id as u32)
                    .map(|(&i, _)| map.place(i))
            };
            line_of(s, own, picture, known)
        })
        .collect();
    found.sort_unstable_by_key(|l| (l.tight.y, l.tight.x, l.tight.w, l.tight.h));
    found
}

/// The shapes of lines 1 to `lines`, at their numbers.
fn shapes_of(map: &TextMap, cells: &[usize], owners: &[u32], lines: u32) -> Vec<CellShape> {
    let mut shapes = vec![CellShape::default(); lines as usize + 1];
    for (&i, &owner) in cells.iter().zip(owners) {
        let (x, y) = map.place(i);
        shapes[owner as usize].add(x, y, map.cells[i]);
    }
    shapes
}

/// Takes off level lines what hangs on them above or below: a grey wedge under its label, a frame, a trace. What hangs there
/// has no core, so it is a line of its own that has to be read or to stand beside text to count; left with the line it would
/// make a slanted one of it. Gives the new number of lines; `None` where nothing hangs on any.
fn part_attachments(
    map: &TextMap,
    cells: &[usize],
    owners: &mut [u32],
    shapes: &[CellShape],
) -> Option<u32> {
    let bands: Vec<Option<Rect>> = shapes.iter().map(CellShape::band).collect();
    if bands.iter().all(Option::is_none) {
        return None;
    }
    let hangs = |k: usize| {
        let (x, y) = map.place(cells[k]);
        bands[owners[k] as usize].is_some_and(|b| !b.contains_point(x, y))
    };
    let parts = Components::label(map, cells, hangs);
    if parts.count == 0 {
        return None;
    }
    let lines = shapes.len() as u32 - 1;
    let mut sizes = vec![0u32; parts.count as usize + 1];
    for &part in &parts.labels {
        sizes[part as usize] += 1;
    }
    for (owner, &part) in owners.iter_mut().zip(&parts.labels) {
        // Crumbs stay with the line.
        if part > 0 && sizes[part as usize] >= MIN_CELLS {
            *owner = lines + part;
        }
    }
    Some(lines + parts.count)
}

/// The rows of a line that holds several, each a line of its own; empty where it holds one.
pub fn split_rows(picture: &Gray, line: &TextLine, known: &Glyphs) -> Vec<TextLine> {
    let [cover] = line.cover.as_slice() else {
        return Vec::new();
    };
    let cover = cover.hull(&line.tight);
    let question = (picture.width, picture.height, line.tight, cover);
    let part = ink::window_of_rows(picture, &cover);
    let make = || ink::rows(picture, &line.tight, &cover);
    let parts = known.rows.recall(question, picture, &part, make);
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

/// Gives each of the `cells` (those of kept regions, in reading order, with the `regions` they are in) to a line: core
/// components are lines, other cells join the line that reaches them first (synchronous rounds over 4 neighbours, the lowest
/// number wins a tie), and a region without a core is a line. Line numbers count from 1.
fn assign(map: &TextMap, cells: &[usize], regions: &[u32]) -> (Vec<u32>, u32) {
    let cores = Components::label(map, cells, |k| map.cells[cells[k]] >> 2 & 3 >= 2);
    let cores = rejoined(map, cells, regions, cores);
    let mut owners = cores.labels;
    let mut lines = cores.count;
    let count = regions.iter().max().map_or(0, |r| *r as usize + 1);
    let mut has_core = vec![false; count];
    let mut is_kept = has_core.clone();
    for (&region, &owner) in regions.iter().zip(&owners) {
        is_kept[region as usize] = true;
        has_core[region as usize] |= owner > 0;
    }
    let mut own_line = vec![0u32; count];
    for (slot, (kept, core)) in own_line.iter_mut().zip(is_kept.iter().zip(&has_core)) {
        if *kept && !core {
            lines += 1;
            *slot = lines;
        }
    }
    for (owner, &region) in owners.iter_mut().zip(regions) {
        if *owner == 0 {
            *owner = own_line[region as usize];
        }
    }
    let neighbours = neighbours4(cells, map.width as usize);
    let mut border: Vec<usize> = (0..cells.len()).filter(|&k| owners[k] > 0).collect();
    while !border.is_empty() {
        let mut reached: Vec<(usize, u32)> = Vec::new();
        for &k in &border {
            for n in neighbours[k] {
                // No cell has the number of none.
                if owners.get(n as usize) == Some(&0) {
                    reached.push((n as usize, owners[k]));
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

/// Joins cores of one region that are parts of one line: a stop or a dash has hardly any ink at the height of a core, which
/// can part there, though the letters on both sides are no further apart than those of a word.
fn rejoined(map: &TextMap, cells: &[usize], regions: &[u32], cores: Components) -> Components {
    let mut bounds = vec![Bounds::default(); cores.count as usize + 1];
    for (&i, &core) in cells.iter().zip(&cores.labels) {
        let (x, y) = map.place(i);
        bounds[core as usize].add(x, y);
    }
    let is_one_line = |a: u32, b: u32, gap: u32| {
        let (a, b) = (bounds[a as usize].0, bounds[b as usize].0);
        let shared = a.bottom().min(b.bottom()).saturating_sub(a.y.max(b.y));
        let upright = |r: Rect| r.w * UPRIGHT_HEIGHTS < r.h;
        gap <= a.h.min(b.h)
            && shared * 100 >= SAME_ROWS_PERCENT * a.h.max(b.h)
            && !upright(a)
            && !upright(b)
    };
    let mut pairs: BTreeSet<(u32, u32)> = BTreeSet::new();
    let mut last: Option<usize> = None;
    for k in (0..cells.len()).filter(|&k| cores.labels[k] > 0) {
        if let Some(l) = last {
            let ((left, row), (x, y)) = (map.place(cells[l]), map.place(cells[k]));
            let (a, b) = (cores.labels[l], cores.labels[k]);
            let beside = a != b && row == y && regions[l] == regions[k];
            if beside && is_one_line(a, b, x - left - 1) {
                pairs.insert((a, b));
            }
        }
        last = Some(k);
    }
    cores.joined(pairs)
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
        let level = u64::from(self.core_cells) * 100 >= LEVEL_FILL_PERCENT * core.area();
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

/// A line from its cells and the ink under them; `None` if it lies wholly in the padding of the map. `own` goes over the places
/// of its cells.
fn line_of<C: Iterator<Item = (u32, u32)>>(
    shape: &CellShape,
    own: impl Fn() -> C,
    picture: &Gray,
    known: &Glyphs,
) -> Option<TextLine> {
    let region = shape.region.pixels(picture);
    if region.is_empty() {
        return None;
    }
    let strength = shape.strength();
    if shape.is_sparse() {
        return Some(TextLine {
            tight: region,
            cover: strips(shape, own(), picture),
            strength,
        });
    }
    let core = shape.core.pixels(picture);
    let question = (picture.width, picture.height, region, core);
    let part = ink::window(picture, &region);
    let make = || ink::extent(picture, &region, &core);
    let extent = known.extents.recall(question, picture, &part, make);
    Some(TextLine {
        tight: extent.tight,
        cover: vec![extent.cover],
        strength,
    })
}

/// Strips across the shorter side that together cover the cells of a slanted line.
fn strips(shape: &CellShape, own: impl Iterator<Item = (u32, u32)>, picture: &Gray) -> Vec<Rect> {
    let b = shape.region.0;
    let across = b.w >= b.h;
    let mut strips = vec![Bounds::default(); b.w.max(b.h).div_ceil(STRIP_CELLS) as usize];
    for (x, y) in own {
        let along = if across { x - b.x } else { y - b.y };
        strips[(along / STRIP_CELLS) as usize].add(x, y);
    }
    let cells = strips.iter().map(|strip| strip.pixels(picture));
    cells
        .filter(|r| !r.is_empty())
        .map(|r| r.grow(CELL_PX + r.w.min(r.h) / 8, picture.width, picture.height))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find_lines(map: &TextMap, picture: &Gray) -> Vec<TextLine> {
        super::find_lines(map, picture, &Glyphs::default())
    }

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
    fn cores_that_part_at_a_stop_are_one_line_and_columns_are_not() {
        let lines = |cores: &[Rect]| {
            let region = (Rect::new(2, 2, 30, 8), REGION);
            let cores = cores.iter().map(|c| (*c, SURE));
            find_lines(
                &map(&[&[region], &*cores.collect::<Vec<_>>()].concat()),
                &flat(),
            )
            .len()
        };
        assert_eq!(lines(&[Rect::new(4, 4, 8, 3), Rect::new(15, 4, 10, 3)]), 1);
        // Too far apart, on other rows, of other heights, and two columns of vertical text.
        assert_eq!(lines(&[Rect::new(4, 4, 8, 3), Rect::new(16, 4, 10, 3)]), 2);
        assert_eq!(lines(&[Rect::new(4, 2, 8, 3), Rect::new(13, 5, 10, 3)]), 2);
        assert_eq!(lines(&[Rect::new(4, 4, 8, 2), Rect::new(13, 2, 10, 6)]), 2);
        assert_eq!(lines(&[Rect::new(4, 2, 2, 7), Rect::new(8, 2, 2, 7)]), 2);
        let three = [(4, 4), (10, 4), (16, 4)].map(|(x, y)| Rect::new(x, y, 4, 3));
        assert_eq!(lines(&three), 1);
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
    fn glyphs_that_are_known_are_found_where_they_are_now() {
        let m = map(&[(Rect::new(4, 4, 20, 6), SURE)]);
        let known = Glyphs::default();
        let mut picture = flat();
        for bar in [Rect::new(12, 10, 30, 8), Rect::new(12, 10, 24, 6)] {
            picture.data.fill(0);
            for y in bar.y..bar.bottom() {
                for x in (bar.x..bar.right()).step_by(4) {
                    picture.row_mut(y)[x as usize] = 200;
                }
            }
            let fresh = find_lines(&m, &picture);
            for _ in 0..2 {
                let lines = super::find_lines(&m, &picture, &known);
                assert_eq!(lines, fresh);
                let rows = |known| split_rows(&picture, &lines[0], known);
                assert_eq!(rows(&known), rows(&Glyphs::default()));
            }
        }
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
