use cubecl::prelude::ExecutionMode;

use super::{DIRECTIONS, ScanSizes, SelectiveScan};
use crate::Result;
use crate::device::Gpu;
use crate::wgsl::{Constant, Shader};

const SOURCE: &str = include_str!("selective_scan.wgsl");

/// Number of invocations in a workgroup.
const THREADS: usize = 64;
/// Number of positions that an invocation loads before it computes.
const STEPS: usize = 8;

/// How the length is split: the positions per split, a multiple of [`STEPS`], and the number of
/// splits.
fn plan(software: bool, sizes: &ScanSizes) -> (usize, usize) {
    let length = sizes.length();
    // A GPU in software gains nothing from threads beyond its few cores, and every split costs a
    // second reading.
    let threads = if software { 64 } else { 16_384 };
    let wanted = threads / (sizes.batch * sizes.channels).max(1);
    let splits = wanted.clamp(1, length.div_ceil(2 * STEPS));
    let positions = length.div_ceil(splits).next_multiple_of(STEPS);
    (positions, length.div_ceil(positions))
}

/// The shader of a pass over rows or columns. `carried`: the length has more than one split.
fn shader(pass: usize, columns: bool, carried: bool, state: usize) -> Shader {
    Shader {
        op: "selective_scan",
        source: SOURCE,
        imports: Vec::new(),
        defines: Vec::new(),
        constants: vec![
            ("PASS", Constant::U32(pass)),
            ("COLUMNS", Constant::Bool(columns)),
            ("CARRIED", Constant::Bool(carried)),
            ("STATE", Constant::U32(state)),
            ("STEPS", Constant::U32(STEPS)),
        ],
        threads: THREADS,
        // Loops are bounded by sizes that the caller checked.
        mode: ExecutionMode::Unchecked,
    }
}

pub(super) fn selective_scan(gpu: &Gpu, args: SelectiveScan<'_>) -> Result<()> {
    let SelectiveScan {
        sizes, workspace, dst, ..
    } = args;
    let (per_split, splits) = plan(gpu.info().software, &sizes);
    let carried = splits > 1;
    let info = [
        sizes.height,
        sizes.width,
        sizes.channels,
        sizes.rank,
        sizes.batch,
        splits,
        per_split,
    ]
    .map(|v| v as u32);
    let invocations = sizes.batch * splits * sizes.channels;
    let groups = |invocations: usize| invocations.div_ceil(THREADS);
    let buffers = |skip, dst| [args.u, args.delta, args.proj, args.a, skip, args.dt_bias, dst];
    if carried {
        shader(0, false, carried, sizes.state).launch(
            gpu,
            groups(invocations * DIRECTIONS),
            &buffers(args.d, workspace),
            &info,
        )?;
    }
    let skip = if carried { workspace } else { args.d };
    shader(1, false, carried, sizes.state).launch(gpu, groups(invocations), &buffers(skip, dst), &info)?;
    shader(1, true, carried, sizes.state).launch(gpu, groups(invocations), &buffers(skip, dst), &info)
}

/// Number of words of scratch memory that suffice on every GPU.
pub(super) fn workspace(sizes: &ScanSizes) -> usize {
    match plan(false, sizes).1 {
        ..=1 => 1,
        splits => DIRECTIONS * sizes.channels * (1 + 2 * sizes.batch * splits * sizes.state),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variant_is_valid_wgsl() {
        for pass in [0, 1] {
            for [columns, carried] in [[false, false], [false, true], [true, false], [true, true]] {
                for state in [1, 2, 16] {
                    shader(pass, columns, carried, state).validate();
                }
            }
        }
    }
}
