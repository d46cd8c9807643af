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
const PROLOGUE: u32 = 0u; // 2: silu(x[..cols]) * x[cols..] in place of x
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
var<workgroup> squares: array<f32, THREADS>;

// Four values of x after the prologue, but for the norm's factor, which waits until the products are summed.
fn input_at(i: u32) -> vec4<f32> {
    if (PROLOGUE == 2u) {
        let gate = x[i];
        return gate / (1.0 + exp(min(-gate, vec4<f32>(80.0)))) * x[QUADS + i];
    }
    return x[i];
}

fn nibbles(word: u32) -> vec4<f32> {
    return vec4<f32>(vec4<i32>((vec4<u32>(word) >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<u32>(15u)));
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) cube: vec3<u32>, @builtin(local_invocation_index) unit: u32) {
    let lane = unit % LANES;
    let first = cube.x * GROUPS * REPEAT + unit / LANES;
    var square = vec4<f32>();
    var sums: array<f32, REPEAT>;
    for (var start = 0u; start < LOADS; start += STAGE) {
        let count = min(STAGE, LOADS - start);
        if (start > 0u) {
            workgroupBarrier();
        }
        for (var i = unit; i < count * 8u; i += THREADS) {
            var v = input_at(start * 8u + i);
// if NORM
            square += v * v;
            v *= norm[start * 8u + i];
// end NORM
            staged[i / 8u * STRIDE + i % 8u] = v;
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
// if NORM
    squares[unit] = dot(square, vec4<f32>(1.0));
// end NORM
    for (var r = 0u; r < REPEAT; r++) {
        partial[r * THREADS + unit] = sums[r];
    }
    workgroupBarrier();
    // One invocation an output finishes it.
    for (var index = unit; index < GROUPS * REPEAT; index += THREADS) {
        let row = cube.x * GROUPS * REPEAT + index;
        if (row >= info.rows) {
            break;
        }
        var y = 0.0;
        for (var i = 0u; i < LANES; i++) {
            y += partial[index / GROUPS * THREADS + index % GROUPS * LANES + i];
        }
// if NORM
        var total = 0.0;
        for (var i = 0u; i < THREADS; i++) {
            total += squares[i];
        }
        y *= inverseSqrt(total / f32(4u * QUADS) + info.eps);
// end NORM
// if LOW_RANK
        let segment = u32(info.second <= row) + u32(info.third <= row);
        for (var i = 0u; i < RANK; i++) {
            y += info.low_scale * low_b[row * RANK + i] * low_t[segment * RANK + i];
        }
// end LOW_RANK
        if (ADD == 1u) {
            y += dst[row];
        }
        dst[row] = y;
    }
}
