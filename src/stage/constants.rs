//! The network's weights as the shaders read them: one block of words for all layers.

use super::Layer;

/// Where a layer's constants are, in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Weights: four signed bytes a word.
    pub weights_at: u32,
    /// Biases, padded to whole quads of channels, then as many shifts.
    pub ends_at: u32,
}

/// Words for all layers, and where each begins.
///
/// Layers with a kernel hold one word for each quad of output channels and tap, a byte for each channel. Pointwise
/// layers hold one word for each output channel and quad of input channels, four output channels side by side; their
/// bias also holds 128 times the sum of the weights, because the shader's dot product takes activations less 128.
pub fn pack(layers: &[Layer]) -> (Vec<u32>, Vec<Place>) {
    let mut words = Vec::new();
    let mut places = Vec::with_capacity(layers.len());
    for l in layers {
        let padded = l.outputs.next_multiple_of(4);
        let weight = |o: usize, i: usize| -> u8 {
            if o < l.outputs {
                l.channel(o).get(i).map_or(0, |w| *w as u8)
            } else {
                0
            }
        };
        let weights_at = words.len() as u32;
        for quad in (0..padded).step_by(4) {
            if l.kernel > 1 {
                for tap in 0..l.kernel * l.kernel {
                    let bytes = std::array::from_fn(|i| weight(quad + i, tap));
                    words.push(u32::from_le_bytes(bytes));
                }
            } else {
                for input in (0..l.inputs).step_by(4) {
                    for o in quad..quad + 4 {
                        let bytes = std::array::from_fn(|i| weight(o, input + i));
                        words.push(u32::from_le_bytes(bytes));
                    }
                }
            }
        }
        let ends_at = words.len() as u32;
        for o in 0..padded {
            let bias = if o >= l.outputs {
                0
            } else if l.kernel > 1 {
                l.bias[o]
            } else {
                let sum: i32 = l.channel(o).iter().map(|w| i32::from(*w)).sum();
                l.bias[o] + 128 * sum
            };
            words.push(bias as u32);
        }
        words.extend((0..padded).map(|o| l.shift.get(o).copied().unwrap_or(0)));
        places.push(Place {
            weights_at,
            ends_at,
        });
    }
    (words, places)
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, Source};
    use super::*;

    fn layer(kernel: usize, inputs: usize, outputs: usize, depthwise: bool) -> Layer {
        let per_output = kernel * kernel * if depthwise { 1 } else { inputs };
        Layer {
            name: "l".into(),
            input: Source::Picture,
            skip: None,
            kind: Kind::Relu,
            inputs,
            outputs,
            kernel,
            stride: 1,
            depthwise,
            shift: (1..=outputs as u32).collect(),
            bias: (0..outputs as i32).map(|o| -10 * o).collect(),
            weights: (0..per_output * outputs).map(|i| i as i8 - 2).collect(),
        }
    }

    #[test]
    fn taps_are_side_by_side_for_four_channels() {
        let (words, places) = pack(&[layer(3, 4, 4, true)]);
        assert_eq!(places[0].ends_at, 9);
        assert_eq!(words[0].to_le_bytes().map(|b| b as i8), [-2, 7, 16, 25]);
        assert_eq!(
            words[9..13].iter().map(|w| *w as i32).collect::<Vec<_>>(),
            [0, -10, -20, -30]
        );
        assert_eq!(words[13..], [1, 2, 3, 4]);
    }

    #[test]
    fn pointwise_biases_make_up_for_shifted_activations_and_missing_channels_are_zero() {
        let (words, places) = pack(&[layer(3, 1, 4, false), layer(1, 4, 2, false)]);
        let at = places[1].weights_at as usize;
        assert_eq!(words[at].to_le_bytes().map(|b| b as i8), [-2, -1, 0, 1]);
        assert_eq!(words[at + 2..at + 4], [0, 0]);
        let ends = places[1].ends_at as usize;
        assert_eq!(words[ends] as i32, -2 * 128);
        assert_eq!(words[ends + 1] as i32, -10 + 14 * 128);
        assert_eq!(words[ends + 2..ends + 4], [0, 0]);
        assert_eq!(words[ends + 4..], [1, 2, 0, 0]);
    }
}
