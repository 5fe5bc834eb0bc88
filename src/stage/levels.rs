//! Last stage: the two answer maps to levels, four bits a cell.
//!
//! Only these leave the device: a level says how many of the three thresholds a value reaches.

use super::{Declaration, Map};

/// Threads of a workgroup: one thread, one output word of eight cells.
pub const WORKGROUP: [u32; 3] = [64, 1, 1];
/// Cells in one packed word.
pub const CELLS_PER_WORD: usize = 8;

/// Parameter block of the shader.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct Params {
    /// Cells of a picture's map.
    pub cells: u32,
    /// Output words of a picture.
    pub words: u32,
    /// Keeps the thresholds on a 16-byte boundary.
    pub pad: [u32; 2],
    /// Thresholds of the region map, ascending; the fourth is not used.
    pub region: [u32; 4],
    /// Thresholds of the core map, ascending; the fourth is not used.
    pub core: [u32; 4],
}

/// The shader.
pub const SHADER: Declaration = Declaration {
    name: "levels",
    source: include_str!("../../shaders/levels.wgsl"),
    workgroup: WORKGROUP,
    params_bytes: size_of::<Params>(),
    bindings: &[("answer", false), ("packed", true)],
};

/// How many of the thresholds a value reaches.
pub fn level(value: u8, thresholds: &[u8; 3]) -> u8 {
    thresholds.iter().map(|t| u8::from(value >= *t)).sum()
}

/// Levels of a row of cells: bits 0–1 region, bits 2–3 core.
pub fn row(region: &[u8], core: &[u8], region_at: &[u8; 3], core_at: &[u8; 3], out: &mut [u8]) {
    for ((cell, r), c) in out.iter_mut().zip(region).zip(core) {
        *cell = level(*r, region_at) | level(*c, core_at) << 2;
    }
}

/// Scalar reference: one byte a cell, row-major. The map has two channels: region, core.
pub fn cpu(answer: &Map, region_at: &[u8; 3], core_at: &[u8; 3]) -> Vec<u8> {
    let cells = answer.height * answer.width;
    let mut out = vec![0; cells];
    let (region, core) = answer.data.split_at(cells);
    row(region, core, region_at, core_at, &mut out);
    out
}

/// Words, eight cells each from the low bits up, to one byte a cell.
pub fn unpack(words: &[u32], cells: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(words.len() * CELLS_PER_WORD);
    for word in words {
        out.extend((0..8).map(|i| (word >> (4 * i) & 15) as u8));
    }
    out.truncate(cells);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_counts_the_thresholds_reached() {
        let t = [96, 128, 144];
        assert_eq!(
            [0, 95, 96, 128, 143, 144, 255].map(|v| level(v, &t)),
            [0, 0, 1, 2, 2, 3, 3]
        );
        assert_eq!(level(0, &[0, 0, 0]), 3);
    }

    #[test]
    fn cells_hold_region_low_and_core_high() {
        let m = Map {
            channels: 2,
            height: 1,
            width: 2,
            data: vec![200, 0, 0, 200],
        };
        assert_eq!(cpu(&m, &[1, 2, 3], &[1, 2, 250]), [3, 2 << 2]);
    }

    #[test]
    fn words_unpack_from_the_low_bits_and_lose_the_tail() {
        assert_eq!(unpack(&[0x8765_4321, 0xF], 9), [1, 2, 3, 4, 5, 6, 7, 8, 15]);
    }
}
