//! One layer of the network as data, whatever runs it.

/// How a layer ends, after `t = floor(acc / 2^shift)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `clip(t)`.
    Relu,
    /// `clip(skip + t)`.
    Res,
    /// `clip(skip + t doubled in both directions, nearest)`.
    Up,
    /// `clip(t)`: the answer.
    Head,
}

/// Where a layer reads from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The picture.
    Picture,
    /// The output of an earlier layer, by its place in the table.
    Layer(usize),
}

/// One layer, its shapes and values already validated by [`crate::detect::network::Network::parse`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Name in the weights file.
    pub name: String,
    /// Input.
    pub input: Source,
    /// The map added before clipping, for [`Kind::Res`] and [`Kind::Up`].
    pub skip: Option<usize>,
    /// End of the layer.
    pub kind: Kind,
    /// Channels read.
    pub inputs: usize,
    /// Channels written.
    pub outputs: usize,
    /// Side of the square kernel: 1, 3 or 5.
    pub kernel: usize,
    /// 1 or 2.
    pub stride: usize,
    /// Whether each output channel reads only the input channel of its number.
    pub depthwise: bool,
    /// Right shift of every output channel.
    pub shift: Vec<u32>,
    /// Bias of every output channel.
    pub bias: Vec<i32>,
    /// Weights: output channel, then input channel (one if depthwise), then row, then column of the kernel.
    pub weights: Vec<i8>,
}

impl Layer {
    /// Weights of one output channel.
    pub fn weights_per_output(&self) -> usize {
        let inputs = if self.depthwise { 1 } else { self.inputs };
        inputs * self.kernel * self.kernel
    }

    /// The weights of an output channel.
    pub fn channel(&self, output: usize) -> &[i8] {
        let n = self.weights_per_output();
        &self.weights[output * n..][..n]
    }
}
