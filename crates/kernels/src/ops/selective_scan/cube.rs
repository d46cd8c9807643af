use cubecl::prelude::*;

use super::kernels::{self, Geometry};
use super::{DIRECTIONS, ScanSizes, SelectiveScan};
use crate::Result;
use crate::device::Gpu;

/// Number of threads in a cube.
const THREADS: usize = 256;

/// Number of cubes that keep a large GPU busy; an H200 has 132 multiprocessors. With fewer, the
/// length is split over more cubes. A split reads everything once more, so it is made for several
/// cubes per multiprocessor.
const BUSY: usize = 128;
const SPLIT_CUBES: usize = 2048;

/// Largest number of splits. Every cube gathers the states that the earlier ones leave.
const MAX_SPLITS: usize = 64;

/// How one call is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    geometry: Geometry,
    /// Number of chunks in the whole length.
    chunks: usize,
    /// Number of chunks in a split.
    per_split: usize,
    /// Number of splits of the length. One split needs no workspace.
    splits: usize,
}

impl Plan {
    fn new(sizes: &ScanSizes) -> Self {
        let &ScanSizes {
            batch, channels, state, ..
        } = sizes;
        let length = sizes.length();
        // Small pictures get few channels per cube (32 bytes, the least that a GPU fetches) and the
        // whole length in one chunk.
        let lanes = match length {
            ..=256 => 8,
            257..=512 => 16,
            _ => 32,
        };
        let segments = THREADS / lanes;
        // The number of steps that leaves the fewest threads idle in the last chunk.
        let steps = (4..=8)
            .min_by_key(|steps| (length.div_ceil(segments * steps) * steps, 8 - steps))
            .unwrap_or(8);
        let geometry = Geometry {
            lanes,
            segments,
            steps,
            state,
        };
        let chunks = length.div_ceil(geometry.chunk());
        let cubes = channels.div_ceil(lanes) * batch;
        let wanted = match cubes {
            BUSY.. => 1,
            _ => SPLIT_CUBES.div_ceil(cubes).min(MAX_SPLITS).min(chunks),
        };
        let per_split = chunks.div_ceil(wanted);
        Self {
            geometry,
            chunks,
            per_split,
            splits: chunks.div_ceil(per_split),
        }
    }
}

pub(super) fn selective_scan(gpu: &Gpu, args: SelectiveScan<'_>) -> Result<()> {
    const OP: &str = "selective_scan";
    let SelectiveScan {
        sizes, workspace, dst, ..
    } = args;
    let plan = Plan::new(&sizes);
    let tiles = sizes.channels.div_ceil(plan.geometry.lanes) as u32;
    let dim = CubeDim::new_1d(THREADS as u32);
    let carried = plan.splits > 1;
    if carried {
        // SAFETY: shapes were checked by the caller; positions past the end are clamped, channels
        // past the last not written.
        unsafe {
            kernels::split_ends::launch_unchecked(
                gpu.launch(),
                CubeCount::Static(tiles, plan.splits as u32, (sizes.batch * DIRECTIONS) as u32),
                dim,
                args.u.arg(OP)?,
                args.delta.arg(OP)?,
                args.proj.arg(OP)?,
                args.a.arg(OP)?,
                args.d.arg(OP)?,
                args.dt_bias.arg(OP)?,
                workspace.arg(OP)?,
                sizes.height,
                sizes.width,
                sizes.channels,
                sizes.rank,
                plan.per_split,
                plan.geometry,
            );
        }
    }
    for columns in [false, true] {
        // SAFETY: as above; the second launch adds to what the first one wrote.
        unsafe {
            kernels::scan_pair::launch_unchecked(
                gpu.launch(),
                CubeCount::Static(tiles, plan.splits as u32, sizes.batch as u32),
                dim,
                args.u.arg(OP)?,
                args.delta.arg(OP)?,
                args.proj.arg(OP)?,
                args.a.arg(OP)?,
                if carried { workspace } else { args.d }.arg(OP)?,
                args.dt_bias.arg(OP)?,
                dst.arg(OP)?,
                sizes.height,
                sizes.width,
                sizes.channels,
                sizes.rank,
                plan.chunks,
                plan.per_split,
                plan.geometry,
                columns,
                carried,
                plan.per_split == 1,
            );
        }
    }
    Ok(())
}

/// Number of words of scratch memory.
pub(super) fn workspace(sizes: &ScanSizes) -> usize {
    match Plan::new(sizes).splits {
        ..=1 => 1,
        splits => DIRECTIONS * sizes.channels * (1 + 2 * sizes.batch * splits * sizes.state),
    }
}
