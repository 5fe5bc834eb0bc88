// Purpose: answer maps to levels, so that four bits a cell are read back instead of 16.
// Inputs: the answer, one word a cell (byte 0 region, byte 1 core), at [picture][cell]; three ascending thresholds for each.
// Outputs: 8 cells a word from the low bits up, at [picture][word]; bits 0-1 of a cell the region level, bits 2-3 the core level.
// Invariants: a level is the number of thresholds that the value reaches; cells beyond the last are 0.
// Does not handle: more than two maps.

struct Params {
    cells: u32,
    words: u32,
    pad0: u32,
    pad1: u32,
    region: vec4<u32>,
    core: vec4<u32>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> answer: array<u32>;
@group(0) @binding(2) var<storage, read_write> packed: array<u32>;

fn level(value: u32, thresholds: vec4<u32>) -> u32 {
    return u32(value >= thresholds.x) + u32(value >= thresholds.y) + u32(value >= thresholds.z);
}

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= params.words) {
        return;
    }
    var word = 0u;
    for (var i = 0u; i < 8u; i++) {
        let cell = id.x * 8u + i;
        if (cell < params.cells) {
            let v = answer[id.z * params.cells + cell];
            let bits = level(v & 255u, params.region) | (level((v >> 8u) & 255u, params.core) << 2u);
            word |= bits << (4u * i);
        }
    }
    packed[id.z * params.words + id.x] = word;
}
