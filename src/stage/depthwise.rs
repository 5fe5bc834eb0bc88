//! Depthwise layer: every channel by itself, 3×3 or 5×5, stride 1 or 2, zero outside the map.

use super::{Declaration, Layer, Map, clip};

/// Threads of a workgroup: one thread, one cell, four channels.
pub const WORKGROUP: [u32; 3] = [8, 8, 1];

/// Parameter block of the shader.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct Params {
    /// Columns of the input map.
    pub in_width: u32,
    /// Rows of the input map.
    pub in_height: u32,
    /// Columns of the output map.
    pub out_width: u32,
    /// Rows of the output map.
    pub out_height: u32,
    /// Groups of four channels.
    pub quads: u32,
    /// Side of the kernel, 3 or 5.
    pub kernel: u32,
    /// 1 or 2.
    pub stride: u32,
    /// First word of the layer's weights in the constants.
    pub weights_at: u32,
    /// First word of the layer's biases; its shifts follow them.
    pub ends_at: u32,
    /// Keeps the block a multiple of 16 bytes.
    pub pad: [u32; 3],
}

/// The shader.
pub const SHADER: Declaration = Declaration {
    name: "depthwise",
    source: include_str!("../../shaders/depthwise.wgsl"),
    workgroup: WORKGROUP,
    params_bytes: size_of::<Params>(),
    bindings: &[("input", false), ("constants", false), ("output", true)],
};

/// Scalar reference. The map has as many channels as the layer; its sides are multiples of the stride.
pub fn cpu(layer: &Layer, input: &Map) -> Map {
    let (k, s) = (layer.kernel, layer.stride);
    let mut out = Map::new(layer.outputs, input.height / s, input.width / s);
    let half = (k / 2) as isize;
    for o in 0..layer.outputs {
        let w = layer.channel(o);
        for y in 0..out.height {
            for x in 0..out.width {
                let mut acc = layer.bias[o];
                for ky in 0..k {
                    for kx in 0..k {
                        let v = input.padded(
                            o,
                            (y * s + ky) as isize - half,
                            (x * s + kx) as isize - half,
                        );
                        acc += i32::from(w[ky * k + kx]) * v;
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

    fn layer(kernel: usize, stride: usize) -> Layer {
        Layer {
            name: "dw".into(),
            input: Source::Picture,
            skip: None,
            kind: Kind::Relu,
            inputs: 2,
            outputs: 2,
            kernel,
            stride,
            depthwise: true,
            shift: vec![0, 1],
            bias: vec![0, 1],
            weights: vec![1; 2 * kernel * kernel],
        }
    }

    #[test]
    fn outside_is_zero_and_channels_do_not_mix() {
        let mut m = Map::new(2, 2, 2);
        m.data = vec![1, 2, 3, 4, 10, 10, 10, 10];
        let out = cpu(&layer(3, 1), &m);
        assert_eq!(out.data[..4], [10, 10, 10, 10]);
        assert_eq!(out.data[4..], [20, 20, 20, 20]);
        assert_eq!(cpu(&layer(5, 1), &m), out);
    }

    #[test]
    fn stride_two_takes_even_centres() {
        let mut m = Map::new(2, 4, 4);
        m.set(0, 2, 3, 5);
        let out = cpu(&layer(3, 2), &m);
        assert_eq!((out.width, out.height), (2, 2));
        assert_eq!(out.data[..4], [0, 0, 0, 5]);
    }
}
