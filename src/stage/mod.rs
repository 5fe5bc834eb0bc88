//! The compute stages of the text-region network: one name each for a shader (`shaders/NAME.wgsl`) and for its
//! parameters, scalar integer reference and declaration (`stage/NAME.rs`).
//!
//! A stage's `cpu()` is written loop for loop like its shader and is what every faster form is measured against. No
//! wgpu here: [`crate::gpu`] runs what is declared here, [`crate::detect`] strings the stages together.
//!
//! To add a stage: the two files, a line in [`SHADERS`], its place in [`crate::gpu`]'s recorder, and in
//! [`crate::detect::network::Network::reference`].

pub mod constants;
pub mod depthwise;
pub mod layer;
pub mod levels;
pub mod pointwise;
pub mod stem;

pub use layer::{Kind, Layer, Source};

/// What the Rust side assumes about a shader; a test compares it with the parsed shader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// Base name of the shader and of the Rust file.
    pub name: &'static str,
    /// The shader.
    pub source: &'static str,
    /// Threads of a workgroup.
    pub workgroup: [u32; 3],
    /// Bytes of the parameter block at binding 0.
    pub params_bytes: usize,
    /// Bindings after the parameters, in order, and whether the stage writes them.
    pub bindings: &'static [(&'static str, bool)],
}

/// Every shader.
pub const SHADERS: [Declaration; 4] = [
    stem::SHADER,
    depthwise::SHADER,
    pointwise::SHADER,
    levels::SHADER,
];

/// Activations of one picture: `channels` planes of `height` × `width` cells, 0–255, row-major, no padding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Map {
    /// Planes.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// The cells, plane after plane.
    pub data: Vec<u8>,
}

impl Map {
    /// A map of zeros.
    pub fn new(channels: usize, height: usize, width: usize) -> Map {
        Map {
            channels,
            height,
            width,
            data: vec![0; channels * height * width],
        }
    }

    /// The cell `x`, `y` of plane `c`; zero outside the map, as convolutions see it.
    pub fn padded(&self, c: usize, y: isize, x: isize) -> i32 {
        if y < 0 || x < 0 || y >= self.height as isize || x >= self.width as isize {
            0
        } else {
            i32::from(self.at(c, y as usize, x as usize))
        }
    }

    /// The cell `x`, `y` of plane `c`, which must exist.
    pub fn at(&self, c: usize, y: usize, x: usize) -> u8 {
        self.data[(c * self.height + y) * self.width + x]
    }

    /// Writes a cell that must exist.
    pub fn set(&mut self, c: usize, y: usize, x: usize, value: u8) {
        self.data[(c * self.height + y) * self.width + x] = value;
    }
}

/// `clamp(v, 0, 255)`.
pub fn clip(v: i32) -> u8 {
    v.clamp(0, 255) as u8
}
