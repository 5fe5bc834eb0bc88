// Purpose: depthwise layer, 3x3 or 5x5, stride 1 or 2: every channel by itself.
// Inputs: 4 channels a word, 0-255 each, at [picture][quad][row][column]; weights, biases and shifts in `constants`.
// Outputs: the same form at the layer's resolution.
// Invariants: integers only, |sums| < 2^24 proven at load; cells outside the map are 0; result clipped to 0-255.
// Does not handle: mixing channels; skip maps.

struct Params {
    in_width: u32,
    in_height: u32,
    out_width: u32,
    out_height: u32,
    quads: u32,
    kernel: u32,
    stride: u32,
    weights_at: u32,
    ends_at: u32,
    pad0: u32,
    pad1: u32,
    pad2: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<u32>;
@group(0) @binding(2) var<storage, read> constants: array<u32>;
@group(0) @binding(3) var<storage, read_write> output: array<u32>;

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= params.out_width || id.y >= params.out_height) {
        return;
    }
    let quad = id.z % params.quads;
    let plane = id.z * params.in_height;
    let half = i32(params.kernel / 2u);
    let ends = params.ends_at + 4u * quad;
    var acc = bitcast<vec4<i32>>(vec4<u32>(constants[ends], constants[ends + 1u], constants[ends + 2u], constants[ends + 3u]));
    var w = params.weights_at + quad * params.kernel * params.kernel;
    for (var ky = 0u; ky < params.kernel; ky++) {
        let y = i32(id.y * params.stride + ky) - half;
        if (y < 0 || y >= i32(params.in_height)) {
            w += params.kernel;
            continue;
        }
        let row = (plane + u32(y)) * params.in_width;
        for (var kx = 0u; kx < params.kernel; kx++) {
            let x = i32(id.x * params.stride + kx) - half;
            if (x >= 0 && x < i32(params.in_width)) {
                acc += vec4<i32>(unpack4xU8(input[row + u32(x)])) * unpack4xI8(constants[w]);
            }
            w++;
        }
    }
    let shifts = ends + 4u * params.quads;
    let shift = vec4<u32>(constants[shifts], constants[shifts + 1u], constants[shifts + 2u], constants[shifts + 3u]);
    let t = clamp(acc >> shift, vec4<i32>(0), vec4<i32>(255));
    output[(id.z * params.out_height + id.y) * params.out_width + id.x] = pack4xU8(vec4<u32>(t));
}
