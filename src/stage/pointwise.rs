//! Pointwise layer: 1×1 over all channels, then clipped alone, onto a skip map, or doubled onto a skip map.

use super::{Declaration, Kind, Layer, Map, clip};

/// Threads of a workgroup: one thread, one cell, four channels.
pub const WORKGROUP: [u32; 3] = [64, 1, 1];

/// Parameter block of the shader.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct Params {
    /// Columns of the input map.
    pub width: u32,
    /// Rows of the input map.
    pub height: u32,
    /// Groups of four input channels.
    pub in_quads: u32,
    /// Groups of four output channels.
    pub out_quads: u32,
    /// 0: clip; 1: add the skip map; 2: double, then add the skip map.
    pub mode: u32,
    /// First word of the layer's weights in the constants.
    pub weights_at: u32,
    /// First word of the layer's biases; its shifts follow them.
    pub ends_at: u32,
    /// Keeps the block a multiple of 16 bytes.
    pub pad: u32,
}

/// The shader's `mode` for a layer.
pub fn mode(kind: Kind) -> u32 {
    match kind {
        Kind::Relu | Kind::Head => 0,
        Kind::Res => 1,
        Kind::Up => 2,
    }
}

/// The shader.
pub const SHADER: Declaration = Declaration {
    name: "pointwise",
    source: include_str!("../../shaders/pointwise.wgsl"),
    workgroup: WORKGROUP,
    params_bytes: size_of::<Params>(),
    bindings: &[
        ("input", false),
        ("constants", false),
        ("skip", false),
        ("output", true),
    ],
};

/// Scalar reference. `skip` has the output's shape where the layer's kind uses one.
pub fn cpu(layer: &Layer, input: &Map, skip: Option<&Map>) -> Map {
    let z = if layer.kind == Kind::Up { 2 } else { 1 };
    let mut out = Map::new(layer.outputs, input.height * z, input.width * z);
    for o in 0..layer.outputs {
        let w = layer.channel(o);
        for y in 0..input.height {
            for x in 0..input.width {
                let mut acc = layer.bias[o];
                for (c, w) in w.iter().enumerate() {
                    acc += i32::from(*w) * i32::from(input.at(c, y, x));
                }
                let t = acc >> layer.shift[o];
                for dy in 0..z {
                    for dx in 0..z {
                        let (y, x) = (y * z + dy, x * z + dx);
                        let s = skip.map_or(0, |m| i32::from(m.at(o, y, x)));
                        out.set(o, y, x, clip(s + t));
                    }
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::Source;
    use super::*;

    fn layer(kind: Kind) -> Layer {
        Layer {
            name: "pw".into(),
            input: Source::Picture,
            skip: None,
            kind,
            inputs: 2,
            outputs: 1,
            kernel: 1,
            stride: 1,
            depthwise: false,
            shift: vec![1],
            bias: vec![-3],
            weights: vec![2, -1],
        }
    }

    #[test]
    fn channels_are_summed_and_the_shift_floors_towards_minus_infinity() {
        let m = Map {
            channels: 2,
            height: 1,
            width: 2,
            data: vec![5, 1, 1, 2],
        };
        // (10 - 1 - 3) >> 1 = 3; (2 - 2 - 3) >> 1 = -2
        assert_eq!(cpu(&layer(Kind::Relu), &m, None).data, [3, 0]);
        let skip = Map {
            channels: 1,
            height: 1,
            width: 2,
            data: vec![254, 9],
        };
        assert_eq!(cpu(&layer(Kind::Res), &m, Some(&skip)).data, [255, 7]);
    }

    #[test]
    fn doubling_repeats_each_cell_before_the_skip_is_added() {
        let m = Map {
            channels: 2,
            height: 1,
            width: 1,
            data: vec![5, 1],
        };
        let skip = Map {
            channels: 1,
            height: 2,
            width: 2,
            data: vec![0, 1, 2, 255],
        };
        assert_eq!(cpu(&layer(Kind::Up), &m, Some(&skip)).data, [3, 4, 5, 255]);
    }
}
