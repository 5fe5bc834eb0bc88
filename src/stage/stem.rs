//! First layer: 3×3, stride 2, from the packed grey picture to the first maps.
//!
//! The picture is replicated at its right and bottom edge up to multiples of 16 while it is read; left of and above it
//! is zero.

use super::{Declaration, Layer, Map, clip};
use crate::frame::Gray;

/// Threads of a workgroup: one thread, one cell, four channels.
pub const WORKGROUP: [u32; 3] = [8, 8, 1];

/// Parameter block of the shader.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct Params {
    /// Columns of the picture, px.
    pub width: u32,
    /// Rows of the picture, px.
    pub height: u32,
    /// Words of a picture row (4 px each, rows start on words).
    pub row_words: u32,
    /// Columns of the output map: `ceil16(width) / 2`.
    pub out_width: u32,
    /// Rows of the output map.
    pub out_height: u32,
    /// Groups of four output channels.
    pub out_quads: u32,
    /// First word of the layer's weights in the constants.
    pub weights_at: u32,
    /// First word of the layer's biases; its shifts follow them.
    pub ends_at: u32,
}

/// The shader.
pub const SHADER: Declaration = Declaration {
    name: "stem",
    source: include_str!("../../shaders/stem.wgsl"),
    workgroup: WORKGROUP,
    params_bytes: size_of::<Params>(),
    bindings: &[("picture", false), ("constants", false), ("output", true)],
};

/// The picture's size rounded up to multiples of 16: what the network works on.
pub fn padded_size(width: u32, height: u32) -> (usize, usize) {
    (
        (width as usize).next_multiple_of(16),
        (height as usize).next_multiple_of(16),
    )
}

/// Scalar reference. The picture must hold at least one pixel.
pub fn cpu(layer: &Layer, picture: &Gray) -> Map {
    let (pw, ph) = padded_size(picture.width, picture.height);
    let mut out = Map::new(layer.outputs, ph / 2, pw / 2);
    let pixel = |y: isize, x: isize| -> i32 {
        if y < 0 || x < 0 {
            return 0;
        }
        let (x, y) = (
            (x as u32).min(picture.width - 1),
            (y as u32).min(picture.height - 1),
        );
        i32::from(picture.at(x, y))
    };
    for o in 0..layer.outputs {
        let w = layer.channel(o);
        for y in 0..out.height {
            for x in 0..out.width {
                let mut acc = layer.bias[o];
                for ky in 0..3 {
                    for kx in 0..3 {
                        let p = pixel((2 * y + ky) as isize - 1, (2 * x + kx) as isize - 1);
                        acc += i32::from(w[ky * 3 + kx]) * p;
                    }
                }
                out.set(o, y, x, clip(acc >> layer.shift[o]));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, Source};
    use super::*;

    fn layer(weights: [i8; 9]) -> Layer {
        Layer {
            name: "stem".into(),
            input: Source::Picture,
            skip: None,
            kind: Kind::Relu,
            inputs: 1,
            outputs: 1,
            kernel: 3,
            stride: 2,
            depthwise: false,
            shift: vec![0],
            bias: vec![0],
            weights: weights.to_vec(),
        }
    }

    #[test]
    fn one_pixel_is_replicated_right_and_down_but_not_left_or_up() {
        let one = Gray::new(1, 1, 7);
        let sum = cpu(&layer([1; 9]), &one);
        assert_eq!((sum.width, sum.height), (8, 8));
        assert_eq!(sum.at(0, 0, 0), 4 * 7);
        assert_eq!(sum.at(0, 0, 1), 6 * 7);
        assert_eq!(sum.at(0, 7, 7), 9 * 7);
    }

    #[test]
    fn the_kernel_is_centred_on_even_pixels() {
        let mut g = Gray::new(16, 16, 0);
        g.row_mut(2)[4] = 9;
        let centre = cpu(&layer([0, 0, 0, 0, 1, 0, 0, 0, 0]), &g);
        assert_eq!(centre.at(0, 1, 2), 9);
        assert_eq!(centre.data.iter().filter(|v| **v > 0).count(), 1);
        let left = cpu(&layer([0, 0, 0, 1, 0, 0, 0, 0, 0]), &g);
        assert_eq!(left.data.iter().filter(|v| **v > 0).count(), 0);
    }

    #[test]
    fn results_floor_and_clip() {
        let mut l = layer([0, 0, 0, 0, -1, 0, 0, 0, 0]);
        let g = Gray::new(16, 16, 3);
        assert_eq!(cpu(&l, &g).at(0, 0, 0), 0);
        l.bias = vec![6];
        l.shift = vec![1];
        assert_eq!(cpu(&l, &g).at(0, 0, 0), 1);
        l.bias = vec![100_000];
        assert_eq!(cpu(&l, &g).at(0, 0, 0), 255);
    }
}
