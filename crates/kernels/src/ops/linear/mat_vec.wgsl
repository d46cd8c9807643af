// A matrix times one row: dst = [dst +] W prologue(x) [+ low_scale * B t].
//
// LANES invocations share REPEAT outputs. A load is 16 bytes of a row of the matrix, kept as it is
// stored until it is in registers. `#import matrix` is the part of the storage format: see
// `Stored::SHADER`. Twin: twin.rs. The constants are replaced for each call by wgsl.rs of this
// crate.

const LOADS: u32 = 18u;   // loads per row
const STAGE: u32 = 18u;   // loads whose part of x is in shared memory at a time
const THREADS: u32 = 64u;
const LANES: u32 = 4u;
const REPEAT: u32 = 4u;
const RANK: u32 = 16u;

const GROUPS: u32 = THREADS / LANES;
const QUADS: u32 = LOADS * SPAN;
const STRIDE: u32 = SPAN + 1u; // so that neighbouring lanes read different banks

struct Info {
    rows: u32,
    second: u32,    // first row of the adapter's second segment, `rows` where there is none
    third: u32,
    low_scale: f32,
    eps: f32,
}

@group(0) @binding(0) var<storage, read_write> x: array<vec4<f32>>;     // [QUADS], or [2, QUADS] before SwiGLU
@group(0) @binding(1) var<storage, read_write> words: array<vec4<u32>>; // [rows, LOADS]
@group(0) @binding(2) var<storage, read_write> scales: array<u32>;      // by rows, as the format has them
@group(0) @binding(3) var<storage, read_write> dst: array<f32>;         // [rows]
#ifdef LOW_RANK
@group(0) @binding(4) var<storage, read_write> low_b: array<f32>;       // [rows, RANK]
@group(0) @binding(5) var<storage, read_write> low_t: array<f32>;       // [segments, RANK]
#endif
#ifdef NORM
@group(0) @binding(6) var<storage, read_write> norm: array<vec4<f32>>;  // [QUADS]
#endif
@group(0) @binding(7) var<storage, read> info: Info;

var<workgroup> staged: array<vec4<f32>, STAGE * STRIDE>;
var<workgroup> partial: array<f32, THREADS * REPEAT>;
var<workgroup> squares: array<f32, THREADS>;

// Four values of x after the prologue, but for the norm's factor, which waits until the products
// are summed.
fn input_at(i: u32) -> vec4<f32> {
#ifdef SWIGLU
    let gate = x[i];
    return gate / (1.0 + exp(min(-gate, vec4<f32>(80.0)))) * x[QUADS + i];
#else
    return x[i];
#endif
}

#import matrix

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
        for (var i = unit; i < count * SPAN; i += THREADS) {
            var v = input_at(start * SPAN + i);
#ifdef NORM
            square += v * v;
            v *= norm[start * SPAN + i];
#endif
            staged[i / SPAN * STRIDE + i % SPAN] = v;
        }
        workgroupBarrier();
        for (var load = lane; load < count; load += LANES) {
            add_load(load * STRIDE, start + load, first, &sums);
        }
    }
#ifdef NORM
    squares[unit] = dot(square, vec4<f32>(1.0));
#endif
    for (var r = 0u; r < REPEAT; r++) {
        partial[r * THREADS + unit] = sums[r];
    }
    workgroupBarrier();
    // One invocation per output finishes it.
    for (var index = unit; index < GROUPS * REPEAT; index += THREADS) {
        let row = cube.x * GROUPS * REPEAT + index;
        if (row >= info.rows) {
            break;
        }
        var y = 0.0;
        for (var i = 0u; i < LANES; i++) {
            y += partial[index / GROUPS * THREADS + index % GROUPS * LANES + i];
        }
#ifdef NORM
        var total = 0.0;
        for (var i = 0u; i < THREADS; i++) {
            total += squares[i];
        }
        y *= inverseSqrt(total / f32(4u * QUADS) + info.eps);
#endif
#ifdef LOW_RANK
        let segment = u32(info.second <= row) + u32(info.third <= row);
        for (var i = 0u; i < RANK; i++) {
            y += info.low_scale * low_b[row * RANK + i] * low_t[segment * RANK + i];
        }
#endif
#ifdef ADD
        y += dst[row];
#endif
        dst[row] = y;
    }
}
