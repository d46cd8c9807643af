// A Q4_1 matrix times one row: dst = [dst +] W prologue(x) [+ low_scale * B t].
//
// LANES invocations share REPEAT outputs; a load is one block of 32 values, kept as ggml stores it until it is in registers.
// Twin: crates/kernels/src/ops/linear/twin.rs. The host replaces the constants, drops the parts between `// if X` and `// end X`
// that a call does not need, and numbers the bindings again (crates/kernels/src/ops/linear/wgsl.rs).

const LOADS: u32 = 18u;   // blocks a row
const STAGE: u32 = 18u;   // blocks of x in shared memory at a time
const THREADS: u32 = 64u;
const LANES: u32 = 4u;
const REPEAT: u32 = 4u;
const RANK: u32 = 16u;
const PROLOGUE: u32 = 0u; // 0: x as it is, 1: RMS norm, 2: silu(x[..cols]) * x[cols..]
const ADD: u32 = 0u;      // 1: add to dst

const GROUPS: u32 = THREADS / LANES;
const QUADS: u32 = LOADS * 8u;
const STRIDE: u32 = 9u;   // eight fours of x a block, and one so that neighbouring lanes read different banks

struct Info {
    rows: u32,
    second: u32,    // first row of the adapter's second segment, `rows` where there is none
    third: u32,
    low_scale: f32,
    eps: f32,
}

@group(0) @binding(0) var<storage, read_write> x: array<vec4<f32>>;     // [QUADS], or [2, QUADS] before SwiGLU
@group(0) @binding(1) var<storage, read_write> words: array<vec4<u32>>; // [rows, LOADS]
@group(0) @binding(2) var<storage, read_write> scales: array<u32>;      // [rows, LOADS], d low, m high
@group(0) @binding(3) var<storage, read_write> dst: array<f32>;         // [rows]
// if LOW_RANK
@group(0) @binding(4) var<storage, read_write> low_b: array<f32>;       // [rows, RANK]
@group(0) @binding(5) var<storage, read_write> low_t: array<f32>;       // [segments, RANK]
// end LOW_RANK
// if NORM
@group(0) @binding(6) var<storage, read_write> norm: array<vec4<f32>>;  // [QUADS]
// end NORM
@group(0) @binding(7) var<storage, read> info: Info;

var<workgroup> staged: array<vec4<f32>, STAGE * STRIDE>;
var<workgroup> partial: array<f32, THREADS * REPEAT>;

// if NORM
// One over the root mean square of x.
fn row_scale(unit: u32) -> f32 {
    var squares = vec4<f32>();
    for (var i = unit; i < QUADS; i += THREADS) {
        squares += x[i] * x[i];
    }
    partial[unit] = dot(squares, vec4<f32>(1.0));
    workgroupBarrier();
    var total = 0.0;
    for (var i = 0u; i < THREADS; i++) {
        total += partial[i];
    }
    workgroupBarrier();
    return inverseSqrt(total / f32(4u * QUADS) + info.eps);
}
// end NORM

// Four values of x after the prologue.
fn input_at(i: u32, scale: f32) -> vec4<f32> {
    if (PROLOGUE == 2u) {
        let gate = x[i];
        return gate / (1.0 + exp(min(-gate, vec4<f32>(80.0)))) * x[QUADS + i];
    }
    var v = x[i] * scale;
// if NORM
    v *= norm[i];
// end NORM
    return v;
}

fn nibbles(word: u32) -> vec4<f32> {
    return vec4<f32>(vec4<i32>((vec4<u32>(word) >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<u32>(15u)));
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) cube: vec3<u32>, @builtin(local_invocation_index) unit: u32) {
    let lane = unit % LANES;
    let first = cube.x * GROUPS * REPEAT + unit / LANES;
    var scale = 1.0;
// if NORM
    scale = row_scale(unit);
// end NORM
    var sums: array<f32, REPEAT>;
    for (var start = 0u; start < LOADS; start += STAGE) {
        let count = min(STAGE, LOADS - start);
        if (start > 0u) {
            workgroupBarrier();
        }
        for (var i = unit; i < count * 8u; i += THREADS) {
            staged[i / 8u * STRIDE + i % 8u] = input_at(start * 8u + i, scale);
        }
        workgroupBarrier();
        for (var load = lane; load < count; load += LANES) {
            let at = load * STRIDE;
            let l0 = staged[at];
            let l1 = staged[at + 1u];
            let l2 = staged[at + 2u];
            let l3 = staged[at + 3u];
            let h0 = staged[at + 4u];
            let h1 = staged[at + 5u];
            let h2 = staged[at + 6u];
            let h3 = staged[at + 7u];
            let plain = dot(l0 + l1 + l2 + l3 + h0 + h1 + h2 + h3, vec4<f32>(1.0));
            for (var r = 0u; r < REPEAT; r++) {
                let block = min(first + r * GROUPS, info.rows - 1u) * LOADS + start + load;
                let w = words[block];
                let dm = unpack2x16float(scales[block]);
                let low = dot(nibbles(w.x), l0) + dot(nibbles(w.y), l1) + dot(nibbles(w.z), l2) + dot(nibbles(w.w), l3);
                let high = dot(nibbles(w.x >> 4u), h0) + dot(nibbles(w.y >> 4u), h1)
                    + dot(nibbles(w.z >> 4u), h2) + dot(nibbles(w.w >> 4u), h3);
                sums[r] += dm.x * (low + high) + dm.y * plain;
            }
        }
    }
// if LOW_RANK
    for (var r = 0u; r < REPEAT; r++) {
        let row = min(first + r * GROUPS, info.rows - 1u);
        let segment = u32(info.second <= row) + u32(info.third <= row);
        for (var i = lane; i < RANK; i += LANES) {
            sums[r] += info.low_scale * low_b[row * RANK + i] * low_t[segment * RANK + i];
        }
    }
// end LOW_RANK
    for (var r = 0u; r < REPEAT; r++) {
        partial[r * THREADS + unit] = sums[r];
    }
    workgroupBarrier();
    if (lane == 0u) {
        for (var r = 0u; r < REPEAT; r++) {
            let row = first + r * GROUPS;
            if (row < info.rows) {
                var y = 0.0;
                for (var i = 0u; i < LANES; i++) {
                    y += partial[r * THREADS + unit + i];
                }
                if (ADD == 1u) {
                    y += dst[row];
                }
                dst[row] = y;
            }
        }
    }
}
