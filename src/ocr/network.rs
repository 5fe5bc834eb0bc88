//! The reader's network as data: read, validated, its arithmetic proven exact; and its scalar integer reference.
//!
//! A weights file is one line of JSON (`format`, then `layers` in order) and the values behind it. A layer has `name`,
//! `input` (`in`: the line, or an earlier layer), `kind` (`relu` and `plain`: clipped; `res`: added to `skip` and clipped;
//! `logits`: the answer), `cin`, `cout`, `k` (rows, columns), `stride`, `pad`, `groups` (1, or `cin` for one channel each)
//! and `outside`, the value of what lies beyond the line in its input. Behind the line end come, layer by layer, a shift
//! (u8) for each output channel, a bias (i32, little-endian) for each, and the weights (i8): output channel, input channel,
//! row, column.
//!
//! A layer is `clip(floor((Σ w·a + b) / 2^s))` as in [`crate::exact`]; `Network::reference`, built for tests only, is the
//! definition that faster forms must equal. The answer is in steps of 1/[`LOGIT_STEPS`] nat.

use super::{INPUT_HEIGHT, STEP_PX};
use crate::error::{Error, Result};
use crate::exact::{EXACT, largest_sum};
use serde::Deserialize;

/// Name of the form; the file begins with it.
const FORMAT: &str = "unburn-exact-reader-1";
/// First bytes of a file in this form.
const MAGIC: &str = "{\"format\":\"unburn-exact-reader-1\"";
/// Steps of the answer that make one nat.
pub(super) const LOGIT_STEPS: u32 = 256;

/// More layers, channels or a larger kernel than these are a damaged file.
const MAX_LAYERS: usize = 64;
const MAX_CHANNELS: usize = 1024;
const MAX_KERNEL: usize = 15;
/// Most products of one sum: what the engine has room for.
pub(super) const MAX_TAPS: usize = 1536;

/// How a layer ends, after `t = floor(acc / 2^shift)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// `clip(t)` of a value that is never negative.
    Relu,
    /// `clip(t)` of a value with a zero of its own.
    Plain,
    /// `clip(skip + t)`.
    Res,
    /// `t`: the answer.
    Logits,
}

#[derive(Deserialize)]
struct File {
    format: String,
    layers: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    name: String,
    input: String,
    kind: Kind,
    cin: usize,
    cout: usize,
    k: [usize; 2],
    stride: [usize; 2],
    pad: [usize; 2],
    groups: usize,
    skip: Option<String>,
    outside: u8,
}

/// One layer, validated. Pairs are rows, columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layer {
    name: String,
    /// The layer that it reads, or the line.
    pub input: Option<usize>,
    /// The layer that is added, for [`Kind::Res`].
    pub skip: Option<usize>,
    pub kind: Kind,
    pub inputs: usize,
    pub outputs: usize,
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub pad: [usize; 2],
    /// Whether each output channel reads only the input channel of its number.
    pub depthwise: bool,
    /// Value of the input beyond its edges.
    pub outside: u8,
    pub shift: Vec<u32>,
    pub bias: Vec<i32>,
    weights: Vec<i8>,
    /// Rows of the output.
    pub height: usize,
    /// Columns of the line for one column of the output.
    pub scale: usize,
}

impl Layer {
    /// Products of one sum.
    pub fn taps(&self) -> usize {
        let inputs = if self.depthwise { 1 } else { self.inputs };
        inputs * self.kernel[0] * self.kernel[1]
    }

    /// The weights of an output channel.
    pub fn channel(&self, output: usize) -> &[i8] {
        &self.weights[output * self.taps()..][..self.taps()]
    }
}

/// A validated network.
#[derive(Clone, Debug)]
pub(super) struct Network {
    layers: Vec<Layer>,
}

impl Network {
    /// Whether bytes claim to be a network of this form.
    pub fn is_one(bytes: &[u8]) -> bool {
        bytes.starts_with(MAGIC.as_bytes())
    }

    /// Reads and validates a weights file for `classes` classes.
    ///
    /// # Errors
    /// [`Error::Model`] if it cannot be understood, shapes do not fit together, values lack or are left over, or the
    /// arithmetic is not exact for every input.
    pub fn parse(bytes: &[u8], classes: usize) -> Result<Network> {
        let wrong = |what: &str| Error::Model(format!("the reader network {what}"));
        let end = bytes.iter().position(|b| *b == b'\n');
        let (head, mut values) = bytes.split_at(end.ok_or_else(|| wrong("has no layers"))?);
        values = &values[1..];
        let file: File = serde_json::from_slice(head)
            .map_err(|e| wrong(&format!("cannot be read (column {})", e.column())))?;
        if file.format != FORMAT {
            return Err(wrong(&format!("is not in form `{FORMAT}`")));
        }
        if file.layers.is_empty() || file.layers.len() > MAX_LAYERS {
            return Err(wrong(&format!("has {} layers", file.layers.len())));
        }
        let mut layers: Vec<Layer> = Vec::with_capacity(file.layers.len());
        for (i, row) in file.layers.into_iter().enumerate() {
            let complain = |what: &str| wrong(&format!("is damaged: layer {i} {what}"));
            let layer = resolve(row, &layers).map_err(complain)?;
            let layer = filled(layer, &mut values).map_err(complain)?;
            layers.push(layer);
        }
        let logits = layers.iter().filter(|l| l.kind == Kind::Logits).count();
        let fits = layers.last().is_some_and(|l| {
            l.kind == Kind::Logits && l.outputs == classes && l.height == 1 && l.scale == STEP_PX
        });
        if !values.is_empty() || logits != 1 || !fits {
            return Err(wrong(&format!(
                "does not end in {classes} classes for every {STEP_PX} columns of a line {INPUT_HEIGHT} high"
            )));
        }
        Ok(Network { layers })
    }

    /// The layers in order; inputs come before their users.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The answer for a line of [`INPUT_HEIGHT`] × `width` grey values: class after class, a value for every
    /// [`STEP_PX`] columns. Plain integers, loop for loop; slow.
    #[cfg(test)]
    pub fn reference(&self, pixels: &[u8], width: usize) -> Vec<i32> {
        let mut maps: Vec<Map> = Vec::new();
        let line = Map {
            height: INPUT_HEIGHT,
            width,
            data: pixels.iter().map(|v| i32::from(*v)).collect(),
        };
        for layer in &self.layers {
            let input = layer.input.map_or(&line, |i| &maps[i]);
            let map = convolve(layer, input, layer.skip.map(|s| &maps[s]));
            maps.push(map);
        }
        maps.pop().map_or_else(Vec::new, |m| m.data)
    }
}

/// Planes of values.
#[cfg(test)]
struct Map {
    height: usize,
    width: usize,
    data: Vec<i32>,
}

#[cfg(test)]
fn convolve(l: &Layer, input: &Map, skip: Option<&Map>) -> Map {
    let (height, width) = (l.height, input.width / l.stride[1]);
    let mut data = Vec::with_capacity(l.outputs * height * width);
    let at = |c: usize, y: isize, x: isize| {
        let inside = y >= 0 && x >= 0 && (y as usize) < input.height && (x as usize) < input.width;
        if inside {
            input.data[(c * input.height + y as usize) * input.width + x as usize]
        } else {
            i32::from(l.outside)
        }
    };
    for o in 0..l.outputs {
        for y in 0..height {
            for x in 0..width {
                let mut acc = l.bias[o];
                let mut weights = l.channel(o).iter();
                let from = if l.depthwise { o..o + 1 } else { 0..l.inputs };
                for c in from {
                    for dy in 0..l.kernel[0] {
                        for dx in 0..l.kernel[1] {
                            let y = (y * l.stride[0] + dy) as isize - l.pad[0] as isize;
                            let x = (x * l.stride[1] + dx) as isize - l.pad[1] as isize;
                            acc += weights.next().map_or(0, |w| i32::from(*w)) * at(c, y, x);
                        }
                    }
                }
                let t = acc >> l.shift[o];
                let place = data.len();
                data.push(match l.kind {
                    Kind::Logits => t,
                    Kind::Relu | Kind::Plain => t.clamp(0, 255),
                    Kind::Res => (t + skip.map_or(0, |s| s.data[place])).clamp(0, 255),
                });
            }
        }
    }
    Map {
        height,
        width,
        data,
    }
}

/// Names to places, shapes checked against those before; the values are still missing.
fn resolve(row: Row, before: &[Layer]) -> Result<Layer, &'static str> {
    let place = |name: &str| {
        let found = before.iter().position(|l| l.name == name);
        found.ok_or("refers to a layer that does not come before it")
    };
    if row.name == "in" || before.iter().any(|l| l.name == row.name) {
        return Err("has a name that is taken");
    }
    let input = if row.input == "in" {
        None
    } else {
        Some(place(&row.input)?)
    };
    let skip = row.skip.as_deref().map(place).transpose()?;
    let of = |i: usize| (before[i].outputs, before[i].height, before[i].scale);
    let (channels, rows, scale) = input.map_or((1, INPUT_HEIGHT, 1), of);
    if row.cin != channels || row.cout == 0 || row.cout > MAX_CHANNELS {
        return Err("has an impossible number of channels");
    }
    let depthwise = row.groups > 1;
    let can_be_depthwise = row.cin == row.cout && row.skip.is_none() && row.kind != Kind::Logits;
    if row.groups != 1 && (row.groups != row.cin || !can_be_depthwise) {
        return Err("is grouped in a way that is not supported");
    }
    let [kernel, stride, pad] = [row.k, row.stride, row.pad];
    if kernel.iter().any(|k| !(1..=MAX_KERNEL).contains(k))
        || stride.iter().any(|s| !(1..=2).contains(s))
        || pad[0] >= kernel[0]
        // Along the line a kernel is centred, so that columns stay over their columns.
        || kernel[1] % 2 == 0
        || pad[1] != kernel[1] / 2
        || depthwise && (stride != [1, 1] || kernel[0] != 1)
        || rows + 2 * pad[0] < kernel[0]
    {
        return Err("has a kernel that is not supported");
    }
    let layer = Layer {
        name: row.name,
        input,
        skip,
        kind: row.kind,
        inputs: row.cin,
        outputs: row.cout,
        kernel,
        stride,
        pad,
        depthwise,
        outside: row.outside,
        shift: Vec::new(),
        bias: Vec::new(),
        weights: Vec::new(),
        height: (rows + 2 * pad[0] - kernel[0]) / stride[0] + 1,
        scale: scale * stride[1],
    };
    if layer.scale > STEP_PX || layer.taps() > MAX_TAPS {
        return Err("is too wide");
    }
    let shape = |l: &Layer| (l.outputs, l.height, l.scale);
    match (layer.kind, skip) {
        (Kind::Res, Some(s)) if shape(&before[s]) == shape(&layer) => Ok(layer),
        (Kind::Res, _) => Err("adds a layer of another shape"),
        (_, Some(_)) => Err("adds a layer, which its kind does not"),
        (_, None) if input.is_some_and(|i| before[i].kind == Kind::Logits) => {
            Err("reads the answer")
        }
        (_, None) => Ok(layer),
    }
}

/// The layer with its values, taken off the front of `values`.
fn filled(mut layer: Layer, values: &mut &[u8]) -> Result<Layer, &'static str> {
    let mut take = |n: usize| {
        let (taken, rest) = values.split_at_checked(n).ok_or("lacks values")?;
        *values = rest;
        Ok::<_, &'static str>(taken)
    };
    let n = layer.outputs;
    layer.shift = take(n)?.iter().map(|s| u32::from(*s)).collect();
    layer.bias = take(4 * n)?
        .as_chunks()
        .0
        .iter()
        .map(|b| i32::from_le_bytes(*b))
        .collect();
    layer.weights = take(n * layer.taps())?.iter().map(|w| *w as i8).collect();
    if layer.shift.iter().any(|s| *s > 23) {
        return Err("shifts by more than 23 bits");
    }
    if layer.weights.contains(&i8::MIN) {
        return Err("has a weight outside -127…127");
    }
    if (0..n).any(|o| largest_sum(layer.channel(o), layer.bias[o]) >= EXACT) {
        return Err("can reach sums of 2^24, so results would depend on the device");
    }
    Ok(layer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Models;

    const CLASSES: usize = 137;

    fn shipped() -> Vec<u8> {
        Models::embedded().unwrap().reader().to_vec()
    }

    fn refusal(bytes: &[u8]) -> String {
        Network::parse(bytes, CLASSES).unwrap_err().to_string()
    }

    /// The shipped file with its layers changed.
    fn with_head(change: impl Fn(&mut serde_json::Value)) -> Vec<u8> {
        let bytes = shipped();
        let end = bytes.iter().position(|b| *b == b'\n').unwrap();
        let mut head: serde_json::Value = serde_json::from_slice(&bytes[..end]).unwrap();
        change(&mut head);
        [head.to_string().as_bytes(), &bytes[end..]].concat()
    }

    #[test]
    fn files_that_are_cut_or_too_long_are_refused() {
        let bytes = shipped();
        assert!(Network::is_one(&bytes) && Network::parse(&bytes, CLASSES).is_ok());
        assert!(refusal(&bytes[..bytes.len() - 1]).contains("lacks values"));
        assert!(refusal(&[&bytes[..], &[0]].concat()).contains("does not end in 137 classes"));
        assert!(refusal(&bytes[..40]).contains("has no layers"));
        let e = Network::parse(&bytes, 136).unwrap_err().to_string();
        assert!(e.contains("136 classes"), "{e}");
    }

    #[test]
    fn layers_that_do_not_fit_together_are_refused() {
        type Change = fn(&mut serde_json::Value);
        let cases: [(Change, &str); 9] = [
            (|h| h["format"] = "other".into(), "form"),
            (|h| h["layers"][1]["cin"] = 31.into(), "channels"),
            (|h| h["layers"][1]["input"] = "out".into(), "come before"),
            (|h| h["layers"][2]["skip"] = "stem".into(), "another shape"),
            (
                |h| h["layers"][1]["skip"] = "stem".into(),
                "its kind does not",
            ),
            (|h| h["layers"][1]["name"] = "stem".into(), "taken"),
            (|h| h["layers"][6]["kind"] = "logits".into(), "grouped"),
            (
                |h| h["layers"][0]["pad"] = serde_json::json!([2, 1]),
                "kernel",
            ),
            (
                |h| h["layers"][0]["k"] = serde_json::json!([5, 400]),
                "kernel",
            ),
        ];
        for (change, says) in cases {
            let e = refusal(&with_head(change));
            assert!(e.contains(says), "`{e}` should say `{says}`");
        }
    }

    #[test]
    fn weights_that_are_not_exact_are_refused() {
        let bytes = shipped();
        let end = bytes.iter().position(|b| *b == b'\n').unwrap();
        let outputs = 32;
        let changed = |at: usize, value: u8| {
            let mut bytes = bytes.clone();
            bytes[end + 1 + at] = value;
            refusal(&bytes)
        };
        assert!(changed(0, 24).contains("23 bits"));
        assert!(changed(outputs + 3, 0x7f).contains("2^24"));
        assert!(changed(5 * outputs, 0x80).contains("-127"));
    }
}
