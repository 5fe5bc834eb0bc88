//! Two streams compared unit by unit.

use super::mask::{NO_QUANTIZER, level_of};
use super::{Block, Coefficients, Component};
use crate::codec::CodecError;
use crate::geometry::Rect;

/// What comparing one minimum coded unit gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Whether every coefficient of every component is the same.
    pub same: bool,
    /// The level of each component in the second stream, where each is one constant.
    pub levels: Option<[u16; 3]>,
}

/// The units of an image, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Units {
    across: usize,
    size: (u32, u32),
    image: Rect,
    units: Vec<Unit>,
}

impl Units {
    /// Each unit with the pixels it holds.
    pub fn iter(&self) -> impl Iterator<Item = (Rect, Unit)> {
        let (w, h) = self.size;
        self.units.iter().enumerate().map(move |(i, unit)| {
            let (x, y) = ((i % self.across) as u32, (i / self.across) as u32);
            let rect = Rect::new(x * w, y * h, w, h).intersect(&self.image);
            (rect, *unit)
        })
    }
}

impl Coefficients<'_> {
    /// Compares this stream with a later one.
    ///
    /// # Errors
    /// [`CodecError::Damaged`] if size, sampling or quantisers differ, so that equal coefficients would mean nothing.
    pub fn compare(&self, after: &Coefficients) -> Result<Units, CodecError> {
        let shape = |c: &Component| (c.h, c.v, c.stride, c.quantizer, c.blocks.len());
        fn frame(c: &Coefficients) -> (u32, u32, u16, usize) {
            (c.width, c.height, c.bits, c.components.len())
        }
        let same_shapes = self
            .components
            .iter()
            .map(shape)
            .eq(after.components.iter().map(shape));
        if frame(self) != frame(after) || !same_shapes {
            return Err(CodecError::Damaged("JPEG streams of different shape"));
        }
        let (across, down) = self.mcus();
        let mut units = Vec::with_capacity(across * down);
        for unit in 0..across * down {
            let (mut same, mut levels) = (true, Some([0; 3]));
            for (i, (before, after)) in self.components.iter().zip(&after.components).enumerate() {
                let step = after.quantizer.ok_or(NO_QUANTIZER)?[0];
                same &= after
                    .unit(unit % across, unit / across)
                    .all(|(at, _)| before.blocks[at] == after.blocks[at]);
                let level = after
                    .constant(unit % across, unit / across)
                    .map(|dc| level_of(dc, self.bits, step));
                levels = match (levels, level) {
                    (Some(mut levels), Some(level)) => {
                        levels[i] = level;
                        Some(levels)
                    }
                    _ => None,
                };
            }
            units.push(Unit { same, levels });
        }
        Ok(Units {
            across,
            size: self.mcu_size(),
            image: Rect::new(0, 0, self.width, self.height),
            units,
        })
    }
}

impl Component {
    /// Indices of the blocks of a unit, and whether they lie in the image.
    fn unit(&self, x: usize, y: usize) -> impl Iterator<Item = (usize, bool)> {
        (0..self.h * self.v).map(move |i| {
            let (x, y) = (x * self.h + i % self.h, y * self.v + i / self.h);
            let inside = x < self.width_blocks && y < self.height_blocks;
            (y * self.stride + x, inside)
        })
    }

    /// The first coefficient of all blocks of a unit, where it is one and all others are 0. Blocks beyond the image, which not
    /// every scan codes, may be empty instead.
    fn constant(&self, x: usize, y: usize) -> Option<i16> {
        const EMPTY: Block = [0; 64];
        let mut dc = None;
        for (at, inside) in self.unit(x, y) {
            let block = &self.blocks[at];
            if !inside && *block == EMPTY {
                continue;
            }
            if block[1..] != EMPTY[1..] || *dc.get_or_insert(block[0]) != block[0] {
                return None;
            }
        }
        dc
    }
}
