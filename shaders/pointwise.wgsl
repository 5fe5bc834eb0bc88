// Purpose: pointwise layer over all channels, then clipped alone (mode 0), onto a skip map (1), or doubled onto a skip map (2).
// Inputs: 4 channels a word, 0-255 each, at [picture][quad][cell]; weights, biases (plus 128 times the sum of weights) and shifts in `constants`; skip map of the output's form.
// Outputs: 4 channels a word, 0-255 each, at [picture][quad][row][column], twice as large in mode 2.
// Invariants: integers only; the dot product is signed by signed bytes, so activations enter as a - 128 and the bias makes up for it.
// Does not handle: kernels above 1x1; channels that are not whole quads (the host pads with zero weights).

struct Params {
    width: u32,
    height: u32,
    in_quads: u32,
    out_quads: u32,
    mode: u32,
    weights_at: u32,
    ends_at: u32,
    pad0: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<u32>;
@group(0) @binding(2) var<storage, read> constants: array<u32>;
@group(0) @binding(3) var<storage, read> skip: array<u32>;
@group(0) @binding(4) var<storage, read_write> output: array<u32>;

fn finish(at: u32, t: vec4<i32>) {
    let sum = vec4<i32>(unpack4xU8(skip[at])) + t;
    output[at] = pack4xU8(vec4<u32>(clamp(sum, vec4<i32>(0), vec4<i32>(255))));
}

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let cells = params.width * params.height;
    if (id.x >= cells) {
        return;
    }
    let quad = id.z % params.out_quads;
    let ends = params.ends_at + 4u * quad;
    var acc = bitcast<vec4<i32>>(vec4<u32>(constants[ends], constants[ends + 1u], constants[ends + 2u], constants[ends + 3u]));
    var at = id.z / params.out_quads * params.in_quads * cells + id.x;
    var w = params.weights_at + quad * params.in_quads * 4u;
    for (var c = 0u; c < params.in_quads; c++) {
        let a = input[at] ^ 0x80808080u;
        acc += vec4<i32>(
            dot4I8Packed(a, constants[w]),
            dot4I8Packed(a, constants[w + 1u]),
            dot4I8Packed(a, constants[w + 2u]),
            dot4I8Packed(a, constants[w + 3u]),
        );
        at += cells;
        w += 4u;
    }
    let shifts = ends + 4u * params.out_quads;
    let shift = vec4<u32>(constants[shifts], constants[shifts + 1u], constants[shifts + 2u], constants[shifts + 3u]);
    let t = acc >> shift;
    if (params.mode == 2u) {
        let row = 2u * params.width;
        let y = id.x / params.width;
        let x = id.x % params.width;
        let first = (id.z * 2u * params.height + 2u * y) * row + 2u * x;
        finish(first, t);
        finish(first + 1u, t);
        finish(first + row, t);
        finish(first + row + 1u, t);
    } else if (params.mode == 1u) {
        finish(id.z * cells + id.x, t);
    } else {
        output[id.z * cells + id.x] = pack4xU8(vec4<u32>(clamp(t, vec4<i32>(0), vec4<i32>(255))));
    }
}
