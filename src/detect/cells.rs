//! Cells of a map that may be text: which they are, what hangs together of them, and which are neighbours. Only these cells
//! are gone over, as in most pictures they are few.

use super::TextMap;
use std::ops::Range;

/// The cells that may be text, in reading order: in most pictures few, so that everything else goes over these alone.
pub(super) fn marked(map: &TextMap) -> Vec<usize> {
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

/// 8-connected components of some cells; labels count from 1 in reading order, 0 is no component.
pub(super) struct Components {
    /// The label of each of the cells, in their order.
    pub(super) labels: Vec<u32>,
    pub(super) count: u32,
}

/// Cells side by side in a row.
struct Run {
    /// Row and columns.
    y: usize,
    x: Range<usize>,
    /// The first of them, by its number among all cells.
    first: usize,
}

impl Components {
    /// Components of those of the `cells` of a map, which are in reading order, that a test of their number picks. Runs are
    /// joined, not cells: they are fewer, and nothing is as large as the map.
    pub(super) fn label(
        map: &TextMap,
        cells: &[usize],
        pick: impl Fn(usize) -> bool,
    ) -> Components {
        let width = map.width as usize;
        let mut runs: Vec<Run> = Vec::new();
        for (k, &i) in cells.iter().enumerate().filter(|(k, _)| pick(*k)) {
            let (x, y) = (i % width, i / width);
            match runs.last_mut() {
                Some(run) if run.y == y && run.x.end == x => run.x.end += 1,
                _ => runs.push(Run {
                    y,
                    x: x..x + 1,
                    first: k,
                }),
            }
        }
        let mut parents: Vec<usize> = (0..runs.len()).collect();
        let mut above = 0;
        for k in 0..runs.len() {
            let (y, x) = (runs[k].y, runs[k].x.clone());
            // Runs that end before this one begins, even cornerwise, touch no later one of its row either.
            while runs[above].y + 1 < y || runs[above].y + 1 == y && runs[above].x.end < x.start {
                above += 1;
            }
            let mut n = above;
            while runs[n].y + 1 == y && runs[n].x.start <= x.end {
                join(&mut parents, n, k);
                n += 1;
            }
        }
        let (of_run, count) = numbered(&mut parents);
        let mut labels = vec![0; cells.len()];
        for (run, label) in runs.iter().zip(of_run) {
            labels[run.first..][..run.x.len()].fill(label);
        }
        Components { labels, count }
    }

    /// The same with each of the `pairs` made one component; labels count from 1 in reading order as before.
    pub(super) fn joined(self, pairs: impl IntoIterator<Item = (u32, u32)>) -> Components {
        // Number 0 is that of no component and stays alone.
        let mut parents: Vec<usize> = (0..=self.count as usize).collect();
        for (a, b) in pairs {
            join(&mut parents, a as usize, b as usize);
        }
        let (new, count) = numbered(&mut parents);
        Components {
            labels: self.labels.iter().map(|&l| new[l as usize] - 1).collect(),
            count: count - 1,
        }
    }
}

/// The earliest that is known to belong together with `k`; `parents` tells of each an earlier one, or itself.
fn root(parents: &mut [usize], mut k: usize) -> usize {
    while parents[k] != k {
        parents[k] = parents[parents[k]];
        k = parents[k];
    }
    k
}

/// Puts two, and all that belongs with either, together.
fn join(parents: &mut [usize], a: usize, b: usize) {
    let (a, b) = (root(parents, a), root(parents, b));
    parents[a.max(b)] = a.min(b);
}

/// The same number for all that belongs together, counted from 1 in the order of the earliest; and how many there are.
fn numbered(parents: &mut [usize]) -> (Vec<u32>, u32) {
    let mut count = 0;
    let mut numbers = vec![0; parents.len()];
    for k in 0..parents.len() {
        let root = root(parents, k);
        // The root is the earliest, and has its number before the others ask for it.
        if root == k {
            count += 1;
            numbers[k] = count;
        }
        numbers[k] = numbers[root];
    }
    (numbers, count)
}

/// Number of no cell.
const NO_CELL: u32 = u32::MAX;

/// Which of the `cells`, in reading order, are the neighbours of each of them in a map `width` cells wide: above, left, right
/// and below.
pub(super) fn neighbours4(cells: &[usize], width: usize) -> Vec<[u32; 4]> {
    let mut all = vec![[NO_CELL; 4]; cells.len()];
    let mut above = 0;
    for (k, &i) in cells.iter().enumerate() {
        if i % width > 0 && k > 0 && cells[k - 1] + 1 == i {
            all[k][1] = k as u32 - 1;
            all[k - 1][2] = k as u32;
        }
        while cells[above] + width < i {
            above += 1;
        }
        if cells[above] + width == i {
            all[k][0] = above as u32;
            all[above][3] = k as u32;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Labels by flooding from cell to cell.
    fn flooded(map: &TextMap, picked: impl Fn(usize) -> bool) -> Vec<u32> {
        let mut labels = vec![0; map.cells.len()];
        let mut count = 0;
        for start in 0..labels.len() {
            if labels[start] > 0 || !picked(start) {
                continue;
            }
            count += 1;
            let mut stack = vec![start];
            while let Some(i) = stack.pop() {
                labels[i] = count;
                let (x, y) = map.place(i);
                for ny in y.saturating_sub(1)..(y + 2).min(map.height) {
                    for nx in x.saturating_sub(1)..(x + 2).min(map.width) {
                        let n = (ny * map.width + nx) as usize;
                        if labels[n] == 0 && picked(n) {
                            stack.push(n);
                        }
                    }
                }
            }
        }
        labels
    }

    #[test]
    fn components_of_runs_are_those_of_cells() {
        let mut noise = 7u32;
        for full in [10, 35, 50, 60, 80] {
            let mut m = TextMap {
                width: 40,
                height: 20,
                cells: vec![0; 800],
            };
            for cell in &mut m.cells {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *cell = if noise >> 16 & 127 < full {
                    (noise >> 28) as u8 | 1
                } else {
                    0
                };
            }
            let marked = marked(&m);
            let pick = |i: usize| m.cells[i] & 4 > 0;
            let all = Components::label(&m, &marked, |_| true);
            let some = Components::label(&m, &marked, |k| pick(marked[k]));
            let (by_cell, some_by_cell) = (flooded(&m, |i| m.cells[i] > 0), flooded(&m, pick));
            for (k, &i) in marked.iter().enumerate() {
                let labels = [all.labels[k], some.labels[k]];
                assert_eq!(labels, [by_cell[i], some_by_cell[i]], "{full}: cell {i}");
            }
            assert_eq!(Some(all.count), by_cell.iter().max().copied());
            let links = neighbours4(&marked, 40);
            for (k, &i) in marked.iter().enumerate() {
                let (x, y) = m.place(i);
                let at = |there: bool, n: i64| {
                    let n = there.then(|| (i as i64 + n) as usize);
                    n.and_then(|n| marked.binary_search(&n).ok())
                        .map_or(NO_CELL, |n| n as u32)
                };
                let expected = [at(y > 0, -40), at(x > 0, -1), at(x < 39, 1), at(y < 19, 40)];
                assert_eq!(links[k], expected, "{full}: cell {i}");
            }
        }
    }
}
