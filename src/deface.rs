//! Cutting the face off a head CT, for a whole series from its volume (dicom.md §7.3).
//!
//! Takes axial slices with their place in space and bounds in stored values. The brain, seen from the side, is wrapped in
//! planes that lean from in front of it to below it, 10 mm away; what lies on the far side of any of them goes, over the
//! whole width. Gives the rows of each slice that go, or why that cannot be done. Integer arithmetic on a grid of about
//! 2 mm: the same answer everywhere.
//!
//! What it does not do: other orientations, tilted gantries, parts of a head, MR. It lowers the risk that a face is
//! recognised; forehead, brow, skull shape, and what is behind the planes stay.

use std::collections::VecDeque;

/// Fewest slices, and shortest extent of them, µm.
const FEWEST_SLICES: usize = 20;
const SHORTEST_UM: i64 = 60_000;
/// Largest distance of two slices, µm.
const LARGEST_GAP_UM: i64 = 5_000;
/// Side of a cell, µm, about.
const CELL_UM: i64 = 2_000;
/// Gaps of bone up to twice this are closed, µm.
const CLOSE_UM: i64 = 4_000;
/// A brain has so much volume, mm³.
const BRAIN_MM3: std::ops::RangeInclusive<i64> = 500_000..=2_300_000;
/// Smaller enclosed areas of a slice are canals and sinuses, mm².
const SMALLEST_AREA_MM2: i64 = 1_200;
/// Distance of the planes from the brain, µm.
const MARGIN_UM: i64 = 10_000;
/// How far what a face is known by reaches below the foremost point of the brain, µm. It is as wide to each side of the
/// middle as 2/11 of the brain is long: 30 mm in most adults.
const FACE_FROM_UM: i64 = 38_000;
const FACE_TO_UM: i64 = 130_000;
/// How far the mouth is below it, µm.
const MOUTH_UM: i64 = 90_000;
/// Skin further behind that point is the throat's, µm.
const FACE_DEPTH_UM: i64 = 30_000;
/// Directions of the planes' normals: parts towards the front and towards the feet, and their length in 1/1000.
const NORMALS: [(i64, i64, i64); 5] = [
    (4, 1, 4_124),
    (3, 1, 3_163),
    (2, 1, 2_237),
    (3, 2, 3_606),
    (1, 1, 1_415),
];

/// Where a slice lies, µm and thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// (0020,0032).
    pub position: [i64; 3],
    /// (0020,0037) times 1000, rounded.
    pub orientation: [i64; 6],
    /// (0028,0030): between rows, between columns.
    pub spacing: [i64; 2],
    /// Rows and columns.
    pub rows: u32,
    /// See `rows`.
    pub cols: u32,
}

/// Stored values at which air ends, soft tissue ends, and bone begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// −300 HU: what is less is air.
    pub air: i64,
    /// −100 HU: soft tissue is from here …
    pub soft_from: i64,
    /// … to 150 HU.
    pub soft_to: i64,
    /// 250 HU.
    pub bone: i64,
}

/// Why there is no cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct No(pub &'static str);

/// A slice, reduced to cells.
#[derive(Clone, Debug)]
struct Slice {
    geometry: Geometry,
    /// Classes of the cells.
    tissue: Vec<bool>,
    soft: Vec<bool>,
    bone: Vec<bool>,
}

/// The slices of a series, added in any order.
#[derive(Clone, Debug, Default)]
pub struct Volume {
    slices: Vec<Slice>,
}

/// The planes, and what they mean for each slice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Parts of each normal towards the front and towards the feet, and the offset, µm times the parts.
    pub planes: Vec<(i64, i64, i64)>,
    /// Rows from the top of each slice that go, in the order in which slices were added.
    pub rows: Vec<u32>,
    /// Volume of the brain that they were found from, mm³.
    pub brain_mm3: i64,
}

/// Pixels on the side of a cell.
fn cell(spacing: i64) -> usize {
    ((CELL_UM + spacing / 2) / spacing.max(1)).max(1) as usize
}

impl Volume {
    /// An empty one.
    pub fn new() -> Volume {
        Volume::default()
    }

    /// Adds a slice. `value` gives the stored value at column and row.
    ///
    /// # Errors
    /// A slice that is not axial, or unlike the first.
    pub fn add(
        &mut self,
        g: Geometry,
        bounds: Bounds,
        value: impl Fn(u32, u32) -> i64,
    ) -> Result<(), No> {
        const AXIAL: [i64; 6] = [1000, 0, 0, 0, 1000, 0];
        if g.orientation != AXIAL {
            return Err(No("the slices are not axial"));
        }
        if !(100..=2_000).contains(&g.spacing[0]) || g.spacing[0] != g.spacing[1] {
            return Err(No("the pixels are not square, or of no usual size"));
        }
        if let Some(first) = self.slices.first() {
            let (a, b) = (first.geometry, g);
            let alike = (a.rows, a.cols, a.spacing) == (b.rows, b.cols, b.spacing)
                && a.position[..2] == b.position[..2];
            if !alike {
                return Err(No("the slices do not lie on one another"));
            }
        }
        let side = cell(g.spacing[0]);
        let (nx, ny) = (g.cols as usize / side, g.rows as usize / side);
        if nx < 16 || ny < 16 {
            return Err(No("the slices are too small"));
        }
        let mut slice = Slice {
            geometry: g,
            tissue: Vec::with_capacity(nx * ny),
            soft: Vec::with_capacity(nx * ny),
            bone: Vec::with_capacity(nx * ny),
        };
        for y in 0..ny {
            for x in 0..nx {
                let (mut sum, mut most) = (0i64, i64::MIN);
                for dy in 0..side {
                    for dx in 0..side {
                        let v = value((x * side + dx) as u32, (y * side + dy) as u32);
                        sum += v;
                        most = most.max(v);
                    }
                }
                let n = (side * side) as i64;
                slice.tissue.push(sum > bounds.air * n);
                slice
                    .soft
                    .push(sum >= bounds.soft_from * n && sum <= bounds.soft_to * n);
                slice.bone.push(most > bounds.bone);
            }
        }
        self.slices.push(slice);
        Ok(())
    }

    /// Finds the planes, and checks them: nothing of the brain goes, and nothing of the face stays.
    ///
    /// # Errors
    /// Why there is none.
    pub fn cut(&self) -> Result<Cut, No> {
        let grid = Grid::of(&self.slices)?;
        let brain = grid.brain();
        let brain_mm3 = grid.volume(&brain);
        if !BRAIN_MM3.contains(&brain_mm3) {
            return Err(No("no whole brain in a closed skull"));
        }
        let head = grid.head();
        let planes = NORMALS.map(|(p, q, length)| {
            let brain = brain.iter().enumerate().filter(|(_, b)| **b);
            let reach = brain.map(|(i, _)| p * grid.ahead(i) + q * grid.below(i));
            let margin = (MARGIN_UM + grid.cell_um) * length / 1000;
            (p, q, reach.max().unwrap_or_default() + margin)
        });
        let rows = self.slices.iter().map(|s| {
            let rows = rows_of(&s.geometry, &planes);
            // Where only air is in front, nothing has to go.
            if grid.has_any(&head, s, rows) {
                rows
            } else {
                0
            }
        });
        let cut = Cut {
            planes: planes.to_vec(),
            rows: rows.collect(),
            brain_mm3,
        };
        grid.check(&cut, &self.slices, &brain, &head)?;
        Ok(cut)
    }
}

/// Whether a place lies on the face side of any plane.
fn is_cut(planes: &[(i64, i64, i64)], ahead: i64, below: i64) -> bool {
    planes
        .iter()
        .any(|(p, q, offset)| p * ahead + q * below > *offset)
}

/// Rows from the top of a slice that lie on the face side: the front is up in an axial slice.
fn rows_of(g: &Geometry, planes: &[(i64, i64, i64)]) -> u32 {
    (0..g.rows)
        .take_while(|r| {
            let ahead = -(g.position[1] + i64::from(*r) * g.spacing[0]);
            is_cut(planes, ahead, -g.position[2])
        })
        .count() as u32
}

/// The slices from the feet up, as one grid of cells.
struct Grid<'a> {
    slices: Vec<&'a Slice>,
    nx: usize,
    ny: usize,
    side: usize,
    cell_um: i64,
    gap_um: i64,
}

impl<'a> Grid<'a> {
    fn of(slices: &'a [Slice]) -> Result<Grid<'a>, No> {
        let mut sorted: Vec<&Slice> = slices.iter().collect();
        sorted.sort_by_key(|s| s.geometry.position[2]);
        let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else {
            return Err(No("there are no slices"));
        };
        let extent = last.geometry.position[2] - first.geometry.position[2];
        if sorted.len() < FEWEST_SLICES || extent < SHORTEST_UM {
            return Err(No("too few slices for a head"));
        }
        let whole = sorted.windows(2).all(|w| match w {
            [a, b] => {
                (1..=LARGEST_GAP_UM).contains(&(b.geometry.position[2] - a.geometry.position[2]))
            }
            _ => true,
        });
        if !whole {
            return Err(No("slices are missing, or lie at one place"));
        }
        let g = first.geometry;
        let side = cell(g.spacing[0]);
        Ok(Grid {
            nx: g.cols as usize / side,
            ny: g.rows as usize / side,
            side,
            cell_um: side as i64 * g.spacing[0],
            gap_um: extent / (sorted.len() as i64 - 1),
            slices: sorted,
        })
    }

    fn area(&self) -> usize {
        self.nx * self.ny
    }

    /// How far the front edge of a cell lies towards the front, µm.
    fn ahead(&self, i: usize) -> i64 {
        let (z, y) = (i / self.area(), i % self.area() / self.nx);
        self.slices.get(z).map_or(0, |s| {
            -(s.geometry.position[1] + (y * self.side) as i64 * s.geometry.spacing[0])
        })
    }

    /// How far a cell lies towards the feet, µm.
    fn below(&self, i: usize) -> i64 {
        self.slices
            .get(i / self.area())
            .map_or(0, |s| -s.geometry.position[2])
    }

    fn volume(&self, cells: &[bool]) -> i64 {
        let n = cells.iter().filter(|c| **c).count() as i64;
        n * (self.cell_um * self.cell_um / 1000) / 1000 * self.gap_um / 1000
    }

    /// Soft tissue that bone encloses in its slice, once small gaps are closed; the largest piece of it.
    fn brain(&self) -> Vec<bool> {
        let reach = (CLOSE_UM / self.cell_um).max(1) as usize;
        let mut enclosed = Vec::with_capacity(self.area() * self.slices.len());
        for s in &self.slices {
            let closed = self.grow(&s.bone, reach);
            let outside = self.reached(&closed);
            let inner: Vec<bool> = closed
                .iter()
                .zip(&outside)
                .map(|(bone, out)| !bone && !out)
                .collect();
            let cells = inner.iter().filter(|c| **c).count() as i64;
            if cells * (self.cell_um * self.cell_um / 1000) / 1000 < SMALLEST_AREA_MM2 {
                enclosed.extend(std::iter::repeat_n(false, self.area()));
                continue;
            }
            let back = self.grow(&inner, reach);
            enclosed.extend(
                back.iter()
                    .zip(s.soft.iter().zip(&s.bone))
                    .map(|(inside, (soft, bone))| *inside && *soft && !bone),
            );
        }
        self.largest(&enclosed)
    }

    /// What is no air, with the hollows in it; the largest piece.
    fn head(&self) -> Vec<bool> {
        let mut all = Vec::with_capacity(self.area() * self.slices.len());
        for s in &self.slices {
            let outside = self.reached(&s.tissue);
            all.extend(outside.iter().map(|out| !out));
        }
        self.largest(&all)
    }

    /// The foremost cells of the head where a face is.
    fn front(&self, head: &[bool], brain: &[bool]) -> Vec<usize> {
        let cells = || {
            brain
                .iter()
                .enumerate()
                .filter(|(_, b)| **b)
                .map(|(i, _)| i)
        };
        let Some(foremost) = cells().map(|i| (self.ahead(i), -self.below(i))).max() else {
            return Vec::new();
        };
        let (mut sum, mut n) = (0usize, 0usize);
        cells().for_each(|i| {
            sum += i % self.nx;
            n += 1;
        });
        let hindmost = cells().map(|i| self.ahead(i)).min().unwrap_or_default();
        let half = ((foremost.0 - hindmost) * 2 / 11 / self.cell_um) as usize;
        let middle = sum / n.max(1);
        let mut front = Vec::new();
        for (z, s) in self.slices.iter().enumerate() {
            let down = foremost.1 - s.geometry.position[2];
            if !(FACE_FROM_UM..=FACE_TO_UM).contains(&down) {
                continue;
            }
            for x in middle.saturating_sub(half)..(middle + half).min(self.nx) {
                let first = (0..self.ny)
                    .map(|y| (z * self.ny + y) * self.nx + x)
                    .find(|&i| head.get(i) == Some(&true))
                    .filter(|&i| self.ahead(i) > foremost.0 - FACE_DEPTH_UM);
                front.extend(first);
            }
        }
        front
    }

    /// Where a slice is in the grid.
    fn height(&self, slice: &Slice) -> usize {
        let z = slice.geometry.position[2];
        let found = self.slices.iter().position(|s| s.geometry.position[2] == z);
        found.unwrap_or_default()
    }

    /// Whether true cells lie in the upper rows of a slice.
    fn has_any(&self, cells: &[bool], slice: &Slice, rows: u32) -> bool {
        let from = self.height(slice) * self.area();
        let rows = (rows as usize).div_ceil(self.side).min(self.ny);
        cells
            .get(from..from + rows * self.nx)
            .is_some_and(|c| c.contains(&true))
    }

    /// Applies a cut to the cells and looks again.
    fn check(&self, cut: &Cut, slices: &[Slice], brain: &[bool], head: &[bool]) -> Result<(), No> {
        let mut left = head.to_vec();
        for (slice, rows) in slices.iter().zip(&cut.rows) {
            let z = self.height(slice);
            // Of cells that the cut divides the brain's count as hit, the head's as left.
            let (touched, gone) = (
                (*rows as usize).div_ceil(self.side),
                *rows as usize / self.side,
            );
            for y in 0..touched.min(self.ny) {
                let row = (z * self.ny + y) * self.nx;
                if brain
                    .get(row..row + self.nx)
                    .is_some_and(|r| r.contains(&true))
                {
                    return Err(No("the planes would touch the brain"));
                }
                if y < gone
                    && let Some(cells) = left.get_mut(row..row + self.nx)
                {
                    cells.fill(false);
                }
            }
        }
        let skin = self.front(head, brain);
        let stays = |i: &usize| left.get(*i) == Some(&true);
        let far = |i: &usize| is_cut(&cut.planes, self.ahead(*i) - self.cell_um, self.below(*i));
        if skin.is_empty() {
            return Err(No("there is no face in the series"));
        }
        // From the eyes to the mouth a face stands out more than the back of a head does.
        let ahead = || {
            brain
                .iter()
                .enumerate()
                .filter(|(_, b)| **b)
                .map(|(i, _)| self.ahead(i))
        };
        let twice_middle = ahead().max().unwrap_or_default() + ahead().min().unwrap_or_default();
        let (mut front, mut back) = (0u64, 0u64);
        let top = brain
            .iter()
            .enumerate()
            .filter(|(_, b)| **b)
            .map(|(i, _)| (self.ahead(i), -self.below(i)))
            .max();
        let level = |i: &usize| {
            top.is_some_and(|t| (FACE_FROM_UM..=MOUTH_UM).contains(&(t.1 + self.below(*i))))
        };
        for i in (0..head.len())
            .filter(|i| head.get(*i) == Some(&true))
            .filter(level)
        {
            front += u64::from(is_cut(&cut.planes, self.ahead(i), self.below(i)));
            back += u64::from(is_cut(
                &cut.planes,
                twice_middle - self.ahead(i),
                self.below(i),
            ));
        }
        if front <= back {
            return Err(No("front and back may be confused"));
        }
        if skin.iter().any(stays) || (0..left.len()).any(|i| stays(&i) && far(&i)) {
            return Err(No("skin is left on the face side"));
        }
        Ok(())
    }

    /// Cells of a slice within this distance of true ones, along rows and columns.
    fn grow(&self, cells: &[bool], by: usize) -> Vec<bool> {
        let mut out = cells.to_vec();
        for _ in 0..by {
            let now = out.clone();
            for (i, _) in now.iter().enumerate().filter(|(_, c)| **c) {
                for n in self.beside(i) {
                    if let Some(cell) = out.get_mut(n) {
                        *cell = true;
                    }
                }
            }
        }
        out
    }

    /// Neighbours of a cell in its slice.
    fn beside(&self, i: usize) -> impl Iterator<Item = usize> + use<> {
        let (x, y, nx, ny) = (i % self.nx, i / self.nx, self.nx, self.ny);
        [
            (x > 0).then(|| i - 1),
            (x + 1 < nx).then_some(i + 1),
            (y > 0).then(|| i - nx),
            (y + 1 < ny).then_some(i + nx),
        ]
        .into_iter()
        .flatten()
    }

    /// Cells of a slice that the edge reaches without crossing true ones.
    fn reached(&self, walls: &[bool]) -> Vec<bool> {
        let mut out = vec![false; walls.len()];
        let mut queue = VecDeque::new();
        for i in 0..walls.len() {
            let (x, y) = (i % self.nx, i / self.nx);
            let edge = x == 0 || y == 0 || x + 1 == self.nx || y + 1 == self.ny;
            if edge && walls.get(i) == Some(&false) {
                queue.push_back(i);
            }
        }
        while let Some(i) = queue.pop_front() {
            match out.get_mut(i) {
                Some(seen) if !*seen => *seen = true,
                _ => continue,
            }
            queue.extend(self.beside(i).filter(|n| walls.get(*n) == Some(&false)));
        }
        out
    }

    /// The largest piece that hangs together, of equals the first.
    fn largest(&self, cells: &[bool]) -> Vec<bool> {
        let mut piece = vec![0u32; cells.len()];
        let (mut count, mut best) = (0u32, (0usize, 0u32));
        for start in 0..cells.len() {
            if cells.get(start) != Some(&true) || piece.get(start) != Some(&0) {
                continue;
            }
            count += 1;
            let (mut size, mut queue) = (0usize, VecDeque::from([start]));
            while let Some(i) = queue.pop_front() {
                match piece.get_mut(i) {
                    Some(p) if *p == 0 => *p = count,
                    _ => continue,
                }
                size += 1;
                let (slice, at) = (i / self.area(), i % self.area());
                let near = self.beside(at).map(|n| slice * self.area() + n);
                let above = (slice > 0).then(|| i - self.area());
                let below = (slice + 1 < self.slices.len()).then(|| i + self.area());
                queue.extend(
                    near.chain(above)
                        .chain(below)
                        .filter(|n| cells.get(*n) == Some(&true) && piece.get(*n) == Some(&0)),
                );
            }
            if size > best.0 {
                best = (size, count);
            }
        }
        piece.iter().map(|p| *p != 0 && *p == best.1).collect()
    }
}
