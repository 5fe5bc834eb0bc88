//! The text-region network as data: read, validated, its arithmetic proven exact; and its scalar integer reference.
//!
//! Takes the weights file (JSON: `format`, then `layers` in order, each with `name`, `input` (`in` or an earlier layer),
//! `kind` (`relu`, `res`, `up`, `head`), `cin`, `cout`, `k`, `stride`, `groups`, `skip`, `shift`, `bias` per output
//! channel, `weight` as one row of integers per output channel). Gives the layer table, how far a cell sees, and
//! [`Network::reference`], the definition that every faster form must equal.
//!
//! Why f32 and integer forms agree: a layer is `floor((Σ w·a + b) / 2^s)` over integers with |w| ≤ 127 and
//! 0 ≤ a ≤ 255; if Σ|w|·255 + |b| < 2^24 for every output channel, every partial sum in any order is an integer that
//! f32 holds exactly. [`Network::parse`] refuses a network for which that is not so.

use crate::error::{Error, Result};
use crate::exact::{EXACT, largest_sum};
use crate::frame::Gray;
use crate::stage::{Kind, Layer, Map, Source, depthwise, pointwise, stem};
use serde::Deserialize;

const FORMAT: &str = "unburn-exact-detector-1";
/// More layers or channels than this are a damaged file.
const MAX_LAYERS: usize = 256;
const MAX_CHANNELS: usize = 512;
/// The deepest map is the picture divided by this; pictures are padded to multiples of it.
pub const GRID: usize = 16;

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
    k: usize,
    stride: usize,
    groups: usize,
    skip: Option<String>,
    shift: Vec<u32>,
    bias: Vec<i32>,
    weight: Vec<Vec<i32>>,
}

/// A validated network.
#[derive(Clone, Debug)]
pub struct Network {
    layers: Vec<Layer>,
    reach_px: usize,
    bound: i64,
}

/// Shape of a layer's output: channels, and picture pixels per cell.
#[derive(Clone, Copy)]
struct Shape {
    channels: usize,
    scale: usize,
    /// The cell at `i` depends on pixels `i·scale - before ..= i·scale + after`.
    before: usize,
    after: usize,
}

impl Network {
    /// Reads and validates a weights file.
    ///
    /// # Errors
    /// [`Error::Model`] if it cannot be understood, shapes do not fit together, a value is out of range, or the
    /// arithmetic is not exact for every input.
    pub fn parse(json: &[u8]) -> Result<Network> {
        let file: File = serde_json::from_slice(json).map_err(|e| {
            Error::Model(format!(
                "the text-region network cannot be read (line {}, column {})",
                e.line(),
                e.column()
            ))
        })?;
        if file.format != FORMAT {
            return Err(Error::Model(format!(
                "the text-region network is not in form `{FORMAT}`"
            )));
        }
        if file.layers.is_empty() || file.layers.len() > MAX_LAYERS {
            return Err(Error::Model(format!(
                "the text-region network has {} layers",
                file.layers.len()
            )));
        }
        let mut layers: Vec<Layer> = Vec::with_capacity(file.layers.len());
        let mut shapes: Vec<Shape> = Vec::with_capacity(file.layers.len());
        let mut bound = 0;
        for (i, row) in file.layers.into_iter().enumerate() {
            let complain =
                |what: &str| Error::Model(format!("layer {i} of the text-region network: {what}"));
            let layer = resolve(row, &layers).map_err(complain)?;
            let shape = check_shape(&layer, &shapes).map_err(complain)?;
            bound = bound.max(prove_exact(&layer).map_err(complain)?);
            layers.push(layer);
            shapes.push(shape);
        }
        check_pairs(&layers)?;
        let (last, shape) = (&layers[layers.len() - 1], shapes[shapes.len() - 1]);
        let heads = layers.iter().filter(|l| l.kind == Kind::Head).count();
        if last.kind != Kind::Head || heads != 1 || shape.channels != 2 || shape.scale != 2 {
            return Err(Error::Model(
                "the text-region network does not end in two maps at half resolution".into(),
            ));
        }
        Ok(Network {
            layers,
            reach_px: shape.before.max(shape.after),
            bound,
        })
    }

    /// The layers in order; inputs come before their users.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// How far an answer cell sees, px: pixels further away in any direction cannot change it.
    pub fn reach_px(&self) -> usize {
        self.reach_px
    }

    /// The largest |partial sum| that any picture can cause; below 2^24.
    pub fn bound(&self) -> i64 {
        self.bound
    }

    /// The answer maps (region, core) of a picture at half the padded resolution: plain integers, loop for loop.
    /// This defines the result; it is slow. The picture must hold at least one pixel.
    pub fn reference(&self, picture: &Gray) -> Map {
        let mut maps: Vec<Map> = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            let map = match layer.input {
                Source::Picture => stem::cpu(layer, picture),
                Source::Layer(i) if layer.depthwise => depthwise::cpu(layer, &maps[i]),
                Source::Layer(i) => pointwise::cpu(layer, &maps[i], layer.skip.map(|s| &maps[s])),
            };
            maps.push(map);
        }
        maps.pop().unwrap_or_default()
    }
}

/// Names to places, weights to bytes.
fn resolve(row: Row, before: &[Layer]) -> Result<Layer, &'static str> {
    let place = |name: &str| {
        before
            .iter()
            .position(|l| l.name == name)
            .ok_or("refers to a layer that does not come before it")
    };
    if row.name == "in" || before.iter().any(|l| l.name == row.name) {
        return Err("its name is taken");
    }
    let input = match row.input.as_str() {
        "in" => Source::Picture,
        name => Source::Layer(place(name)?),
    };
    let skip = row.skip.as_deref().map(place).transpose()?;
    let sane = 1..=MAX_CHANNELS;
    if !sane.contains(&row.cin) || !sane.contains(&row.cout) {
        return Err("has an impossible number of channels");
    }
    let depthwise = row.groups > 1;
    if row.groups != 1 && (row.groups != row.cin || row.cin != row.cout) {
        return Err("is grouped in a way that is not supported");
    }
    let per_output = if depthwise { 1 } else { row.cin } * row.k.min(8) * row.k.min(8);
    if row.shift.len() != row.cout
        || row.bias.len() != row.cout
        || row.weight.len() != row.cout
        || row.weight.iter().any(|w| w.len() != per_output)
    {
        return Err("its lists do not have the lengths that its shape asks for");
    }
    if row.shift.iter().any(|s| *s > 23) {
        return Err("shifts by more than 23 bits");
    }
    let weights = row
        .weight
        .iter()
        .flatten()
        .map(|w| i8::try_from(*w).ok().filter(|w| *w != i8::MIN))
        .collect::<Option<Vec<i8>>>()
        .ok_or("has a weight outside -127…127")?;
    Ok(Layer {
        name: row.name,
        input,
        skip,
        kind: row.kind,
        inputs: row.cin,
        outputs: row.cout,
        kernel: row.k,
        stride: row.stride,
        depthwise,
        shift: row.shift,
        bias: row.bias,
        weights,
    })
}

/// The forms of layer that the stages know, and that maps meet in channels and scale.
fn check_shape(l: &Layer, shapes: &[Shape]) -> Result<Shape, &'static str> {
    let input = match l.input {
        Source::Picture => Shape {
            channels: 1,
            scale: 1,
            before: 0,
            after: 0,
        },
        Source::Layer(i) => shapes[i],
    };
    if input.channels != l.inputs {
        return Err("reads another number of channels than its input has");
    }
    let form = (
        matches!(l.input, Source::Picture),
        l.depthwise,
        l.kernel,
        l.stride,
        l.kind,
    );
    match form {
        (true, false, 3, 2, Kind::Relu)
        | (false, true, 3 | 5, 1, Kind::Relu)
        | (false, true, 3, 2, Kind::Relu)
        | (false, false, 1, 1, _) => {}
        _ => return Err("has a form that no stage computes"),
    }
    if l.skip.is_some() != matches!(l.kind, Kind::Res | Kind::Up) {
        return Err("has a skip map and no use for it, or the reverse");
    }
    if l.kind != Kind::Head && !l.outputs.is_multiple_of(4) {
        return Err("has a number of channels that is not a multiple of 4");
    }
    let half = l.kernel / 2 * input.scale;
    let mut shape = Shape {
        channels: l.outputs,
        scale: input.scale * l.stride,
        before: input.before + half,
        after: input.after + half,
    };
    if l.kind == Kind::Up {
        if shape.scale < 2 {
            return Err("doubles a map that is already at full resolution");
        }
        shape.scale /= 2;
        // The odd one of two doubled cells takes its value from a cell that starts one fine cell earlier.
        shape.before += shape.scale;
    }
    if shape.scale > GRID {
        return Err("works at a coarser scale than 1/16");
    }
    if let Some(s) = l.skip {
        let skip = shapes[s];
        if skip.channels != shape.channels || skip.scale != shape.scale {
            return Err("adds a skip map of another shape");
        }
        shape.before = shape.before.max(skip.before);
        shape.after = shape.after.max(skip.after);
    }
    Ok(shape)
}

/// That every depthwise layer is followed by the pointwise layer that alone reads it, so that the two can be fused.
fn check_pairs(layers: &[Layer]) -> Result<()> {
    for (i, l) in layers.iter().enumerate().filter(|(_, l)| l.depthwise) {
        let reads = |r: &Layer| r.input == Source::Layer(i) || r.skip == Some(i);
        let next = layers.get(i + 1);
        if !next.is_some_and(|n| n.kernel == 1 && n.input == Source::Layer(i))
            || layers.iter().filter(|r| reads(r)).count() != 1
            || next.is_some_and(|n| l.stride == 2 && n.kind == Kind::Up)
        {
            return Err(Error::Model(format!(
                "layer {i} of the text-region network: is not followed by the one layer that reads it"
            )));
        }
    }
    Ok(())
}

/// The largest |partial sum| of the layer, or the reason why its arithmetic is not exact.
fn prove_exact(l: &Layer) -> Result<i64, &'static str> {
    let mut worst = 0;
    for o in 0..l.outputs {
        worst = worst.max(largest_sum(l.channel(o), l.bias[o]));
    }
    if worst >= EXACT {
        return Err("its sums can reach 2^24, so results would depend on the device");
    }
    Ok(worst)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{network, vector};
    use super::*;
    use serde_json::{Value, json};

    fn shipped() -> Value {
        serde_json::from_slice(include_bytes!("../../models/detector.json")).unwrap()
    }

    fn refused(change: impl FnOnce(&mut Value)) -> String {
        let mut v = shipped();
        change(&mut v);
        match Network::parse(v.to_string().as_bytes()) {
            Err(Error::Model(m)) => m,
            other => panic!("not refused: {:?}", other.map(|n| n.bound)),
        }
    }

    #[test]
    fn the_shipped_network_is_exact_and_its_reach_is_known() {
        let n = network();
        assert_eq!(n.layers().len(), 45);
        assert_eq!(n.bound(), 918_410);
        // 363 px to the right and down; doubling adds 2 + 4 + 8 to the left and up.
        assert_eq!(n.reach_px(), 377);
    }

    #[test]
    fn the_reference_reproduces_the_conformance_vectors() {
        for name in ["noise", "page0", "page1"] {
            let (picture, want) = vector(name);
            let got = network().reference(&picture);
            assert_eq!(
                (got.channels, got.height, got.width),
                (2, want.height, want.width)
            );
            let differing = got
                .data
                .iter()
                .zip(&want.data)
                .filter(|(a, b)| a != b)
                .count();
            assert_eq!(
                differing,
                0,
                "{name}: {differing} of {} differ",
                want.data.len()
            );
        }
    }

    #[test]
    fn a_network_whose_sums_can_overflow_is_refused() {
        let m = refused(|v| v["layers"][2]["bias"][3] = json!((1 << 24) - 1));
        assert!(m.contains("layer 2") && m.contains("2^24"), "{m}");
        let m = refused(|v| v["layers"][2]["bias"][3] = json!(-(1 << 24)));
        assert!(m.contains("2^24"), "{m}");
        // Exactly at the bound is refused, one below is not.
        let sum: i64 = network().layers()[0]
            .channel(0)
            .iter()
            .map(|w| i64::from(w.unsigned_abs()))
            .sum();
        let edge = EXACT - sum * 255;
        assert!(refused(|v| v["layers"][0]["bias"][0] = json!(edge)).contains("2^24"));
        let mut v = shipped();
        v["layers"][0]["bias"][0] = json!(edge - 1);
        assert_eq!(
            Network::parse(v.to_string().as_bytes()).unwrap().bound(),
            EXACT - 1
        );
    }

    #[test]
    fn wrong_shapes_and_values_are_refused_by_name() {
        type Change = fn(&mut Value);
        let cases: [(&str, Change); 15] = [
            ("followed by the one", |v| {
                v["layers"][3]["input"] = json!("e1.0.dw");
            }),
            ("is not in form", |v| v["format"] = json!("other")),
            ("layers", |v| v["layers"] = json!([])),
            ("does not come before", |v| {
                v["layers"][1]["input"] = json!("head")
            }),
            ("does not come before", |v| {
                v["layers"][2]["skip"] = json!("e1.0.pw")
            }),
            ("name is taken", |v| v["layers"][1]["name"] = json!("stem")),
            ("outside -127", |v| {
                v["layers"][0]["weight"][0][0] = json!(-128)
            }),
            ("lengths", |v| v["layers"][0]["weight"][0] = json!([1])),
            ("lengths", |v| v["layers"][0]["shift"] = json!([])),
            ("23 bits", |v| v["layers"][0]["shift"][0] = json!(24)),
            ("channels", |v| v["layers"][0]["cout"] = json!(1u64 << 40)),
            ("no stage", |v| v["layers"][1]["stride"] = json!(3)),
            ("grouped", |v| v["layers"][1]["groups"] = json!(3)),
            ("skip map", |v| v["layers"][2]["skip"] = json!(null)),
            ("does not end", |v| {
                v["layers"].as_array_mut().unwrap().pop();
            }),
        ];
        for (expected, change) in cases {
            let m = refused(change);
            assert!(m.contains(expected), "{expected}: {m}");
        }
    }

    #[test]
    fn truncated_and_foreign_files_are_errors_not_panics() {
        let whole = include_bytes!("../../models/detector.json");
        for n in [0, 1, 100, 5_000, whole.len() - 1] {
            assert!(matches!(Network::parse(&whole[..n]), Err(Error::Model(_))));
        }
        assert!(matches!(Network::parse(&[0xff; 64]), Err(Error::Model(_))));
    }
}
