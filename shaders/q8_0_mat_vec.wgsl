// A Q8_0 matrix times one row: dst = [dst +] W prologue(x) [+ low_scale * B t].
//
// LANES invocations share REPEAT outputs; a load is half a block, 16 values, kept as ggml stores it until it is in registers.
// Twin: crates/kernels/src/ops/linear/twin.rs. The host replaces the constants, drops the parts between `// if X` and `// end X`
// that a call does not need, and numbers the bindings again (crates/kernels/src/ops/linear/wgsl.rs).

const LOADS: u32 = 36u;   // half blocks a row
const STAGE: u32 = 36u;   // half blocks of x in shared memory at a time
const THREADS: u32 = 64u;
const LANES: u32 = 4u;
const REPEAT: u32 = 4u;
const RANK: u32 = 16u;
const PROLOGUE: u32 = 0u; // 2: silu(x[..cols]) * x[cols..] in place of x
const ADD: u32 = 0u;      // 1: add to dst

const GROUPS: u32 = THREADS / LANES;
const QUADS: u32 = LOADS * 4u;
const PAIRS: u32 = (LOADS + 3u) / 4u; // words of scales a row
const STRIDE: u32 = 5u;   // four fours of x a load, and one so that neighbouring lanes read different banks

struct Info {
    rows: u32,
    second: u32,    // first row of the adapter's second segment, `rows` where there is none
    third: u32,
    low_scale: f32,
    eps: f32,
}

@group(0) @binding(0) var<storage, read_write> x: array<vec4<f32>>;     // [QUADS], or [2, QUADS] before SwiGLU
@group(0) @binding(1) var<storage, read_write> words: array<vec4<u32>>; // [rows, LOADS]
@group(0) @binding(2) var<storage, read_write> scales: array<u32>;      // [rows, PAIRS], two d each
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

fn bytes(word: u32) -> vec4<f32> {
    return vec4<f32>((vec4<i32>(bitcast<i32>(word)) << vec4<u32>(24u, 16u, 8u, 0u)) >> vec4<u32>(24u));
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
        for (var i = unit; i < count * 4u; i += THREADS) {
            var v = input_at(start * 4u + i);
// if NORM
            square += v * v;
            v *= norm[start * 4u + i];
// end NORM
            staged[i / 4u * STRIDE + i % 4u] = v;
        }
        workgroupBarrier();
        for (var load = lane; load < count; load += LANES) {
            let at = load * STRIDE;
            let x0 = staged[at];
            let x1 = staged[at + 1u];
            let x2 = staged[at + 2u];
            let x3 = staged[at + 3u];
            for (var r = 0u; r < REPEAT; r++) {
                let row = min(first + r * GROUPS, info.rows - 1u);
                let w = words[row * LOADS + start + load];
                let pair = unpack2x16float(scales[row * PAIRS + (start + load) / 4u]);
                let d = select(pair.x, pair.y, (start + load) / 2u % 2u == 1u);
                sums[r] += d * (dot(bytes(w.x), x0) + dot(bytes(w.y), x1) + dot(bytes(w.z), x2) + dot(bytes(w.w), x3));
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
