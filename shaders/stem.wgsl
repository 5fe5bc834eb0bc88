// Purpose: first layer, 3x3 with stride 2, from grey pictures to maps.
// Inputs: pictures as 4 px a word (low byte left, rows start on words, picture after picture); weights, biases and shifts in `constants`.
// Outputs: 4 channels a word, 0-255 each, at [picture][quad][row][column].
// Invariants: integers only, |sums| < 2^24 proven at load; the right and bottom edge is replicated up to multiples of 16, left and top are 0.
// Does not handle: other kernels or strides; colour.

struct Params {
    width: u32,
    height: u32,
    row_words: u32,
    out_width: u32,
    out_height: u32,
    out_quads: u32,
    weights_at: u32,
    ends_at: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> picture: array<u32>;
@group(0) @binding(2) var<storage, read> constants: array<u32>;
@group(0) @binding(3) var<storage, read_write> output: array<u32>;

fn pixel(first: u32, y: i32, x: i32) -> i32 {
    if (y < 0 || x < 0) {
        return 0;
    }
    let cx = min(u32(x), params.width - 1u);
    let cy = min(u32(y), params.height - 1u);
    let word = picture[first + cy * params.row_words + cx / 4u];
    return i32((word >> (8u * (cx & 3u))) & 255u);
}

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= params.out_width || id.y >= params.out_height) {
        return;
    }
    let quad = id.z % params.out_quads;
    let first = id.z / params.out_quads * params.height * params.row_words;
    let ends = params.ends_at + 4u * quad;
    var acc = bitcast<vec4<i32>>(vec4<u32>(constants[ends], constants[ends + 1u], constants[ends + 2u], constants[ends + 3u]));
    for (var ky = 0u; ky < 3u; ky++) {
        for (var kx = 0u; kx < 3u; kx++) {
            let p = pixel(first, i32(2u * id.y + ky) - 1, i32(2u * id.x + kx) - 1);
            acc += unpack4xI8(constants[params.weights_at + (quad * 3u + ky) * 3u + kx]) * p;
        }
    }
    let shifts = ends + 4u * params.out_quads;
    let shift = vec4<u32>(constants[shifts], constants[shifts + 1u], constants[shifts + 2u], constants[shifts + 3u]);
    let t = clamp(acc >> shift, vec4<i32>(0), vec4<i32>(255));
    output[(id.z * params.out_height + id.y) * params.out_width + id.x] = pack4xU8(vec4<u32>(t));
}
