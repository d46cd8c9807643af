// Selective scan in four directions without barriers: one invocation owns one channel of one split
// of the length and keeps its states in registers. The CubeCL version (kernels.rs) shares a split
// among segments instead, which needs workgroup memory. `ScanKernel::of` chooses: this file on GPUs
// in software, CubeCL on all others.
//
// Two passes share this file. `PASS` 0 finds every split's end state and decay from a zero state;
// `PASS` 1 scans the two directions of a pair (rows or columns), each starting from what the
// earlier splits leave. A position is a pixel in the pair's order; the second direction visits the
// same positions backwards, so an invocation adds only to its own pixels.

// Replaced by wgsl.rs.
const PASS: u32 = 1u;
const COLUMNS: bool = false; // PASS 1
const CARRIED: bool = false; // PASS 1: more than one split
const STATE: u32 = 1u;
const STEPS: u32 = 8u;
const THREADS: u32 = 64u;

struct Info {
    height: u32,
    width: u32,
    channels: u32,
    rank: u32,
    batch: u32,
    splits: u32,
    // Positions of a split, a multiple of STEPS.
    per_split: u32,
    unused: u32,
}

// Buffers of one memory page may not be bound as read-only and as writable at once, so all are
// read_write.
@group(0) @binding(0) var<storage, read_write> u: array<f32>;       // [batch, h*w, channels]
@group(0) @binding(1) var<storage, read_write> delta: array<f32>;   // [batch, h*w, 4, channels]
@group(0) @binding(2) var<storage, read_write> proj: array<f32>;    // [batch, h*w, 4, rank + 2 state]
@group(0) @binding(3) var<storage, read_write> rates: array<f32>;   // [4, channels, state]
@group(0) @binding(4) var<storage, read_write> skip: array<f32>;    // [4, channels], then the splits where CARRIED
@group(0) @binding(5) var<storage, read_write> dt_bias: array<f32>; // [4, channels]
@group(0) @binding(6) var<storage, read_write> dst: array<f32>;     // PASS 0: the workspace; PASS 1: [batch, h*w, channels]
@group(0) @binding(7) var<uniform> info: Info;

// One direction's walk over one split.
struct Walk {
    k: u32,
    columns: bool,
    reverse: bool,
    // First row of the picture.
    picture: u32,
    channel: u32,
    // Row of the parameters.
    row: u32,
    first: u32,
    last: u32, // one past the end
}

// ln(1 + exp(x)). ln(1 + t) / t for t in 0..1 is a polynomial (Chebyshev fit, 3e-8): small steps
// keep their precision.
fn softplus(x: f32) -> f32 {
    let t = exp(-abs(x));
    var p = t * 0.005253458 - 0.029588507;
    p = p * t + 0.07836167;
    p = p * t - 0.1367477;
    p = p * t + 0.19111431;
    p = p * t - 0.24844369;
    p = p * t + 0.33319271;
    p = p * t - 0.49999502;
    p = p * t + 1.0;
    return max(x, 0.0) + p * t;
}

fn pixel(position: u32, columns: bool) -> u32 {
    if (columns) {
        return (position % info.height) * info.width + position / info.height;
    }
    return position;
}

// The l-th position of the walk, counted in its direction.
fn position(walk: Walk, l: u32) -> u32 {
    return select(walk.first + l, walk.last - 1u - l, walk.reverse);
}

// Where the workspace keeps a split's end state; its decay is the next word.
fn split_word(sequence: u32, split: u32, n: u32, channel: u32) -> u32 {
    let index = ((sequence * info.splits + split) * STATE + n) * info.channels + channel;
    return 4u * info.channels + 2u * index;
}

// Scans the walk from `state`, adding outputs to `dst` (PASS 1) or only moving the state (PASS 0).
// Returns the sum of the step sizes. A tile of steps is loaded before any of it is stored: stores
// would hold back later loads.
fn scan(walk: Walk, state: ptr<function, array<f32, STATE>>, add: bool) -> f32 {
    let stride = info.rank + 2u * STATE;
    let bias = dt_bias[walk.row];
    let skipped = skip[walk.row];
    var total = 0.0;
    var rate: array<f32, STATE>;
    for (var n = 0u; n < STATE; n++) {
        rate[n] = rates[walk.row * STATE + n];
    }
    var us: array<f32, STEPS>;
    var dts: array<f32, STEPS>;
    var at: array<u32, STEPS>;
    let length = walk.last - walk.first;
    for (var l = 0u; l < length; l += STEPS) {
        for (var j = 0u; j < STEPS; j++) {
            // Past the end the last position is loaded again and left out below.
            let p = walk.picture + pixel(position(walk, min(l + j, length - 1u)), walk.columns);
            at[j] = p;
            us[j] = u[p * info.channels + walk.channel];
            dts[j] = delta[(p * 4u + walk.k) * info.channels + walk.channel];
        }
        for (var j = 0u; j < STEPS; j++) {
            let dt = select(0.0, softplus(dts[j] + bias), l + j < length);
            let b = (at[j] * 4u + walk.k) * stride + info.rank;
            let input = dt * us[j];
            var y = skipped * us[j];
            for (var n = 0u; n < STATE; n++) {
                let h = exp(dt * rate[n]) * (*state)[n] + input * proj[b + n];
                (*state)[n] = h;
                if (PASS == 1u) {
                    y += proj[b + STATE + n] * h;
                }
            }
            if (PASS == 0u) {
                total += dt;
            } else if (l + j < length) {
                let to = at[j] * info.channels + walk.channel;
                if (add) {
                    dst[to] = dst[to] + y;
                } else {
                    dst[to] = y;
                }
            }
        }
    }
    return total;
}

fn find_ends(index: u32) {
    let channel = index % info.channels;
    let split = index / info.channels % info.splits;
    let sequence = index / info.channels / info.splits;
    let k = sequence % 4u;
    let first = split * info.per_split;
    let length = info.height * info.width;
    let walk = Walk(
        k, k % 2u == 1u, k >= 2u, sequence / 4u * length, channel, k * info.channels + channel,
        first, min(first + info.per_split, length),
    );
    if (split == 0u && sequence < 4u) {
        dst[walk.row] = skip[walk.row];
    }
    var state = array<f32, STATE>();
    let total = scan(walk, &state, false);
    for (var n = 0u; n < STATE; n++) {
        let word = split_word(sequence, split, n, channel);
        dst[word] = state[n];
        dst[word + 1u] = exp(rates[walk.row * STATE + n] * total);
    }
}

fn scan_pair(index: u32) {
    let channel = index % info.channels;
    let split = index / info.channels % info.splits;
    let batch = index / info.channels / info.splits;
    let first = split * info.per_split;
    let length = info.height * info.width;
    for (var turn = 0u; turn < 2u; turn++) {
        let k = 2u * turn + select(0u, 1u, COLUMNS);
        let walk = Walk(
            k, COLUMNS, turn == 1u, batch * length, channel, k * info.channels + channel,
            first, min(first + info.per_split, length),
        );
        var state = array<f32, STATE>();
        if (CARRIED) {
            let before = select(split, info.splits - 1u - split, walk.reverse);
            for (var i = 0u; i < before; i++) {
                let other = select(i, info.splits - 1u - i, walk.reverse);
                for (var n = 0u; n < STATE; n++) {
                    let word = split_word(batch * 4u + k, other, n, channel);
                    state[n] = skip[word + 1u] * state[n] + skip[word];
                }
            }
        }
        scan(walk, &state, COLUMNS || turn == 1u);
    }
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) unit: u32) {
    let index = (group.y * groups.x + group.x) * THREADS + unit;
    if (PASS == 0u) {
        if (index < info.channels * info.splits * info.batch * 4u) {
            find_ends(index);
        }
    } else if (index < info.channels * info.splits * info.batch) {
        scan_pair(index);
    }
}
