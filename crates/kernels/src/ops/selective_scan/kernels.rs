//! The kernels of the scan. A cube owns `lanes` channels of one picture. It walks over a split of
//! the picture in chunks of `segments * steps` positions. A thread holds the `steps` positions of
//! one segment in registers. Segments exchange their end states and decays in shared memory, splits
//! exchange theirs in the workspace. So any length runs on any number of threads.
//!
//! A position is a pixel in the order of a pair of directions (rows or columns); The second
//! direction of a pair visits the same positions backwards. So a thread returns to its own pixels
//! and may add to them without a barrier.

use cubecl::prelude::*;

/// How a launch divides the work. Known when the kernel is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Geometry {
    /// Number of channels per cube.
    pub(super) lanes: usize,
    /// Number of segments in a chunk.
    pub(super) segments: usize,
    /// Number of positions in a segment.
    pub(super) steps: usize,
    /// State size N.
    pub(super) state: usize,
}

impl Geometry {
    /// Number of threads in a cube.
    pub(super) fn threads(&self) -> usize {
        self.lanes * self.segments
    }

    /// Number of positions in a chunk.
    pub(super) fn chunk(&self) -> usize {
        self.segments * self.steps
    }
}

/// The place of a thread.
#[derive(CubeType, Clone, Copy)]
struct Place {
    unit: usize,
    lane: usize,
    segment: usize,
    /// The thread's channel. Threads past the last channel repeat it without writing.
    channel: usize,
    active: bool,
    /// First row of its picture.
    picture: usize,
    height: usize,
    width: usize,
    channels: usize,
    /// Number of values of one direction in a row of `proj`.
    stride: usize,
    rank: usize,
}

#[cube]
fn place(batch: usize, height: usize, width: usize, channels: usize, rank: usize, #[comptime] g: Geometry) -> Place {
    let unit = UNIT_POS_X as usize;
    let lane = unit % comptime!(g.lanes);
    let channel = CUBE_POS_X as usize * comptime!(g.lanes) + lane;
    Place {
        unit,
        lane,
        segment: unit / comptime!(g.lanes),
        channel: min(channel, channels - 1),
        active: channel < channels,
        picture: batch * height * width,
        height,
        width,
        channels,
        stride: rank + comptime!(2 * g.state),
        rank,
    }
}

/// `ln(1 + exp(x))`. `ln(1 + t) / t` for t in 0..1 is a polynomial (Chebyshev fit, 3e-8), which has
/// no branches and keeps small steps exact to f32. The `ln` of a rounded sum would not.
#[cube]
fn softplus(x: f32) -> f32 {
    let t = (0.0f32 - x.abs()).exp();
    let mut p = t * 0.005_253_458f32 - 0.029_588_507f32;
    p = p * t + 0.078_361_67f32;
    p = p * t - 0.136_747_7f32;
    p = p * t + 0.191_114_3f32;
    p = p * t - 0.248_443_7f32;
    p = p * t + 0.333_192_7f32;
    p = p * t - 0.499_995_02f32;
    p = p * t + 1.0f32;
    max(x, 0.0f32) + p * t
}

/// The registers of a thread: one value for each of its positions.
#[derive(CubeType)]
struct Steps {
    /// Rows of `u`, `delta`, `proj` and `dst`.
    row: Array<usize>,
    u: Array<f32>,
    /// Step sizes. They are 0 past the end of the picture, which leaves the state unchanged.
    dt: Array<f32>,
}

#[cube]
fn steps(#[comptime] steps: usize) -> Steps {
    Steps {
        row: Array::new(steps),
        u: Array::new(steps),
        dt: Array::new(steps),
    }
}

/// Loads the positions from `first` on for direction `k`.
#[cube]
fn load(
    at: &Place,
    u: &[f32],
    delta: &[f32],
    bias: f32,
    k: usize,
    first: usize,
    s: &mut Steps,
    #[comptime] steps: usize,
    #[comptime] columns: bool,
) {
    let length = at.height * at.width;
    let mut line = 0usize;
    let mut pixel = first;
    if comptime!(columns) {
        line = first % at.height;
        pixel = line * at.width + first / at.height;
    }
    #[unroll]
    for j in 0..steps {
        let valid = first + j < length;
        let row = at.picture + select(valid, pixel, 0usize);
        s.row[j] = row;
        s.u[j] = u[row * at.channels + at.channel];
        s.dt[j] = delta[(row * 4 + k) * at.channels + at.channel];
        if comptime!(columns) {
            // Down the column, then to the head of the next one.
            line += 1;
            let wrap = line == at.height;
            pixel = select(wrap, pixel + 1 - (at.height - 1) * at.width, pixel + at.width);
            line = select(wrap, 0usize, line);
        } else {
            pixel += 1;
        }
    }
    #[unroll]
    for j in 0..steps {
        s.dt[j] = select(first + j < length, softplus(s.dt[j] + bias), 0.0f32);
    }
}

/// Scans one chunk in direction `k`, adds its outputs to `y`, and moves `carry` behind the chunk.
/// It has two barriers per state.
#[cube]
fn scan_chunk(
    at: &Place,
    s: &Steps,
    proj: &[f32],
    a: &[f32],
    k: usize,
    y: &mut Array<f32>,
    ends: &mut Shared<[f32]>,
    decays: &mut Shared<[f32]>,
    carry: &mut Shared<[f32]>,
    #[comptime] g: Geometry,
    #[comptime] reverse: bool,
) {
    let mut decay = Array::<f32>::new(comptime!(g.steps));
    let mut input = Array::<f32>::new(comptime!(g.steps));
    let mut output = Array::<f32>::new(comptime!(g.steps));
    for n in 0..comptime!(g.state) {
        let rate = a[(k * at.channels + at.channel) * comptime!(g.state) + n];
        #[unroll]
        for j in 0..comptime!(g.steps) {
            let from = (s.row[j] * 4 + k) * at.stride + at.rank + n;
            input[j] = proj[from];
            output[j] = proj[from + comptime!(g.state)];
        }
        let mut state = 0.0f32;
        let mut product = 1.0f32;
        #[unroll]
        for i in 0..comptime!(g.steps) {
            let j = comptime!(if reverse { g.steps - 1 - i } else { i });
            decay[j] = (s.dt[j] * rate).exp();
            input[j] = s.dt[j] * input[j] * s.u[j];
            state = decay[j] * state + input[j];
            product *= decay[j];
        }
        ends[at.unit] = state;
        decays[at.unit] = product;
        sync_cube();
        let kept = n * comptime!(g.lanes) + at.lane;
        let mut behind = carry[kept];
        state = behind;
        // Eight at a time: their loads overlap.
        for block in 0..comptime!(g.segments / 8) {
            #[unroll]
            for i in 0..8usize {
                let segment = select(reverse, comptime!(g.segments - 1 - i) - block * 8, block * 8 + i);
                let other = segment * comptime!(g.lanes) + at.lane;
                state = select(at.segment == segment, behind, state);
                behind = decays[other] * behind + ends[other];
            }
        }
        #[unroll]
        for i in 0..comptime!(g.steps) {
            let j = comptime!(if reverse { g.steps - 1 - i } else { i });
            state = decay[j] * state + input[j];
            y[j] += output[j] * state;
        }
        sync_cube();
        if at.segment == 0 {
            carry[kept] = behind;
        }
    }
}

/// Sets `carry` to the state before the split of this cube: zero, or the state that the earlier
/// splits of the direction leave.
#[cube]
fn start_carry(
    at: &Place,
    workspace: &[f32],
    sequence: usize,
    split: usize,
    splits: usize,
    ends: &mut Shared<[f32]>,
    decays: &mut Shared<[f32]>,
    carry: &mut Shared<[f32]>,
    #[comptime] g: Geometry,
    #[comptime] reverse: bool,
    #[comptime] carried: bool,
) {
    if comptime!(!carried) {
        if at.segment == 0 {
            for n in 0..comptime!(g.state) {
                carry[n * comptime!(g.lanes) + at.lane] = 0.0f32;
            }
        }
    } else {
        // The splits before this one, in the direction's order, a stripe for each segment's thread.
        let before = select(reverse, splits - 1 - split, split);
        let stripe = before.div_ceil(comptime!(g.segments));
        let from = at.segment * stripe;
        let to = min(from + stripe, before);
        for n in 0..comptime!(g.state) {
            let mut state = 0.0f32;
            let mut product = 1.0f32;
            let mut i = from;
            while i < to {
                let other = select(reverse, splits - 1 - i, i);
                let word = split_word(at, sequence, other, splits, n, g);
                state = workspace[word + 1] * state + workspace[word];
                product *= workspace[word + 1];
                i += 1;
            }
            ends[at.unit] = state;
            decays[at.unit] = product;
            sync_cube();
            state = 0.0f32;
            for segment in 0..comptime!(g.segments) {
                let other = segment * comptime!(g.lanes) + at.lane;
                state = decays[other] * state + ends[other];
            }
            sync_cube();
            if at.segment == 0 {
                carry[n * comptime!(g.lanes) + at.lane] = state;
            }
        }
    }
}

/// Where the workspace keeps a split's end state; its decay is the next word. The skips `[4,
/// channels]` come first.
#[cube]
fn split_word(at: &Place, sequence: usize, split: usize, splits: usize, n: usize, #[comptime] g: Geometry) -> usize {
    let index = ((sequence * splits + split) * comptime!(g.state) + n) * at.channels + at.channel;
    4 * at.channels + 2 * index
}

/// Both directions of a pair. Grid: tiles of channels, splits, pictures. If there are splits,
/// `skip` is the workspace.
#[cube(launch_unchecked)]
pub(super) fn scan_pair(
    u: &[f32],
    delta: &[f32],
    proj: &[f32],
    a: &[f32],
    skip: &[f32],
    bias: &[f32],
    dst: &mut [f32],
    height: usize,
    width: usize,
    channels: usize,
    rank: usize,
    chunks: usize,
    per_split: usize,
    #[comptime] g: Geometry,
    #[comptime] columns: bool,
    #[comptime] carried: bool,
    #[comptime] single: bool,
) {
    let (split, splits, batch) = (CUBE_POS_Y as usize, CUBE_COUNT_Y as usize, CUBE_POS_Z as usize);
    let at = place(batch, height, width, channels, rank, g);
    let first = split * per_split;
    let count = min(per_split, chunks - first);
    let mut ends = Shared::<[f32]>::new_slice(comptime!(g.threads()));
    let mut decays = Shared::<[f32]>::new_slice(comptime!(g.threads()));
    let mut carry = Shared::<[f32]>::new_slice(comptime!(g.lanes * g.state));
    let mut s = steps(comptime!(g.steps));
    let mut y = Array::<f32>::new(comptime!(g.steps));
    #[unroll]
    for turn in 0..2usize {
        let reverse = comptime!(turn == 1);
        let k = comptime!(2 * turn + if columns { 1 } else { 0 });
        let row = k * channels + at.channel;
        let (bias, skip_k) = (bias[row], skip[row]);
        start_carry(
            &at,
            skip,
            batch * 4 + k,
            split,
            splits,
            &mut ends,
            &mut decays,
            &mut carry,
            g,
            reverse,
            carried,
        );
        for i in 0..count {
            let chunk = first + select(reverse, count - 1 - i, i);
            let position = (chunk * comptime!(g.segments) + at.segment) * comptime!(g.steps);
            load(&at, u, delta, bias, k, position, &mut s, comptime!(g.steps), columns);
            skip_input(&s, skip_k, &mut y, comptime!(g.steps), comptime!(single && turn == 1));
            scan_chunk(
                &at,
                &s,
                proj,
                a,
                k,
                &mut y,
                &mut ends,
                &mut decays,
                &mut carry,
                g,
                reverse,
            );
            if comptime!(!single || turn == 1) {
                let add = comptime!(columns || (turn == 1 && !single));
                store(&at, &s, &y, dst, position, comptime!(g.steps), add);
            }
        }
    }
}

/// Starts the sums with `D u`, or adds it: with a single chunk the sums of the first direction stay
/// in registers.
#[cube]
fn skip_input(s: &Steps, skip: f32, y: &mut Array<f32>, #[comptime] steps: usize, #[comptime] add: bool) {
    #[unroll]
    for j in 0..steps {
        if comptime!(add) {
            y[j] += skip * s.u[j];
        } else {
            y[j] = skip * s.u[j];
        }
    }
}

/// Writes the sums of the positions from `first` on, or adds them to what is there.
#[cube]
fn store(
    at: &Place,
    s: &Steps,
    y: &Array<f32>,
    dst: &mut [f32],
    first: usize,
    #[comptime] steps: usize,
    #[comptime] add: bool,
) {
    let length = at.height * at.width;
    #[unroll]
    for j in 0..steps {
        if at.active && first + j < length {
            let to = s.row[j] * at.channels + at.channel;
            if comptime!(add) {
                dst[to] += y[j];
            } else {
                dst[to] = y[j];
            }
        }
    }
}

/// End state and decay of every split from a zero state, and a copy of the skips. Grid: tiles of
/// channels, splits, pictures x directions. Threads exchange nothing until the end: each walks over
/// its part of the split alone.
#[cube(launch_unchecked)]
pub(super) fn split_ends(
    u: &[f32],
    delta: &[f32],
    proj: &[f32],
    a: &[f32],
    d: &[f32],
    bias: &[f32],
    workspace: &mut [f32],
    height: usize,
    width: usize,
    channels: usize,
    rank: usize,
    per_split: usize,
    #[comptime] g: Geometry,
) {
    let (split, splits, sequence) = (CUBE_POS_Y as usize, CUBE_COUNT_Y as usize, CUBE_POS_Z as usize);
    let k = sequence % 4;
    let at = place(sequence / 4, height, width, channels, rank, g);
    let mut ends = Shared::<[f32]>::new_slice(comptime!(g.threads()));
    let mut decays = Shared::<[f32]>::new_slice(comptime!(g.threads()));
    let row = k * channels + at.channel;
    if split == 0 && sequence < 4 && at.segment == 0 && at.active {
        workspace[row] = d[row];
    }
    // As many states at once as registers hold in a short kernel. Further states walk over the
    // split again.
    let group = comptime!(if g.state.is_multiple_of(4) {
        4
    } else if g.state.is_multiple_of(2) {
        2
    } else {
        1
    });
    let mut state = Array::<f32>::new(group);
    let mut s = steps(comptime!(g.steps));
    for block in 0..comptime!(g.state / group) {
        #[unroll]
        for n in 0..group {
            state[n] = 0.0f32;
        }
        let mut total = 0.0f32;
        for i in 0..per_split {
            let part = select(k >= 2, per_split - 1 - i, i);
            let first = ((split * comptime!(g.segments) + at.segment) * per_split + part) * comptime!(g.steps);
            load_any(&at, u, delta, bias[row], k, first, &mut s, comptime!(g.steps));
            walk(&at, &s, proj, a, k, block * group, &mut state, g, group);
            #[unroll]
            for j in 0..comptime!(g.steps) {
                total += s.dt[j];
            }
        }
        #[unroll]
        for i in 0..group {
            let n = block * group + i;
            ends[at.unit] = state[i];
            decays[at.unit] = (a[row * comptime!(g.state) + n] * total).exp();
            sync_cube();
            if at.segment == 0 && at.active {
                let mut end = 0.0f32;
                let mut product = 1.0f32;
                for i in 0..comptime!(g.segments) {
                    let other = select(k >= 2, comptime!(g.segments - 1) - i, i) * comptime!(g.lanes) + at.lane;
                    end = decays[other] * end + ends[other];
                    product *= decays[other];
                }
                let word = split_word(&at, sequence, split, splits, n, g);
                workspace[word] = end;
                workspace[word + 1] = product;
            }
            sync_cube();
        }
    }
}

/// [`load`] for a direction known only at run time; the steps come in the direction's order.
#[cube]
fn load_any(
    at: &Place,
    u: &[f32],
    delta: &[f32],
    bias: f32,
    k: usize,
    first: usize,
    s: &mut Steps,
    #[comptime] steps: usize,
) {
    let length = at.height * at.width;
    #[unroll]
    for j in 0..steps {
        let position = min(first + select(k >= 2, steps - 1 - j, j), length - 1);
        let down = (position % at.height) * at.width + position / at.height;
        let row = at.picture + select(k % 2 == 1, down, position);
        s.row[j] = row;
        s.u[j] = u[row * at.channels + at.channel];
        s.dt[j] = delta[(row * 4 + k) * at.channels + at.channel];
    }
    #[unroll]
    for j in 0..steps {
        let position = first + select(k >= 2, steps - 1 - j, j);
        s.dt[j] = select(position < length, softplus(s.dt[j] + bias), 0.0f32);
    }
}

/// Moves a group of states, from number `first` on, over the steps.
#[cube]
fn walk(
    at: &Place,
    s: &Steps,
    proj: &[f32],
    a: &[f32],
    k: usize,
    first: usize,
    state: &mut Array<f32>,
    #[comptime] g: Geometry,
    #[comptime] group: usize,
) {
    #[unroll]
    for i in 0..group {
        let n = first + i;
        let rate = a[(k * at.channels + at.channel) * comptime!(g.state) + n];
        let mut h = state[i];
        #[unroll]
        for j in 0..comptime!(g.steps) {
            let input = proj[(s.row[j] * 4 + k) * at.stride + at.rank + n];
            h = (s.dt[j] * rate).exp() * h + s.dt[j] * input * s.u[j];
        }
        state[i] = h;
    }
}
