//! Finding text: the network's maps, and the text lines in them.

mod cells;
pub mod cpu;
pub mod device;
mod ink;
mod lines;
pub mod network;
mod open;
mod seen;
mod shared;
#[cfg(test)]
pub(crate) mod testing;
mod tiles;

pub use lines::{Glyphs, LEVELS, find_lines, split_rows};
pub use open::{Examination, examine, open};
pub use seen::Seen;

use crate::error::Result;
use crate::frame::Gray;
use std::time::Duration;

/// Thresholds at which map values are packed. Two bits a map and cell are read back from the device: how many of the
/// three thresholds the value reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Levels {
    /// For the region map, ascending.
    pub region: [u8; 3],
    /// For the core map, ascending.
    pub core: [u8; 3],
}

/// The network's answer for one picture at half resolution, packed to levels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextMap {
    /// Cells across: `ceil16(picture width) / 2`.
    pub width: u32,
    /// Cells down: `ceil16(picture height) / 2`.
    pub height: u32,
    /// One byte a cell, row-major: bits 0–1 the region level, bits 2–3 the core level, 0–3 each.
    pub cells: Vec<u8>,
}

impl TextMap {
    /// Column and row of a cell.
    fn place(&self, cell: usize) -> (u32, u32) {
        (cell as u32 % self.width, cell as u32 / self.width)
    }
}

/// Something that runs the text-region network. Every implementation gives the same bits for the same picture.
pub trait Detector: Send + Sync {
    /// What ran, for reports: `cpu (avx2)`, or the adapter's name.
    fn device(&self) -> String;

    /// Maps of the pictures, in their order. Pictures may have any size from 1×1 up.
    fn maps(&self, pictures: &[&Gray], levels: Levels) -> Result<Vec<TextMap>>;

    /// What a user should know and has not been told yet; each warning is given once.
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }

    /// How long a graphics device has been at work so far; `None` on the processor.
    fn busy(&self) -> Option<Duration> {
        None
    }
}

/// That a picture has pixels, as many as its size says.
pub(crate) fn check_picture(picture: &Gray) -> Result<()> {
    let pixels = picture.width as usize * picture.height as usize;
    if pixels == 0 || picture.data.len() != pixels {
        return Err(crate::error::Error::Device(
            "a picture without pixels cannot be searched".into(),
        ));
    }
    Ok(())
}
