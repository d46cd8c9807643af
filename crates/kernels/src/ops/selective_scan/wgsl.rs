use cubecl::prelude::ExecutionMode;

use super::{DIRECTIONS, SelectiveScan};
use crate::device::Gpu;
use crate::wgsl::{Constant, Shader};
use crate::{Buffer, Result};

const SOURCE: &str = include_str!("selective_scan.wgsl");

/// Number of invocations in a workgroup.
const THREADS: usize = 64;
/// Number of positions that an invocation loads before it computes.
const STEPS: usize = 8;

/// How the length is split: the positions per split, a multiple of [`STEPS`], and the number of
/// splits.
fn plan(software: bool, batch: usize, length: usize, channels: usize) -> (usize, usize) {
    // A GPU in software gains nothing from threads beyond its few cores, and every split costs a
    // second reading.
    let threads = if software { 64 } else { 16_384 };
    let wanted = threads / (batch * channels).max(1);
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

pub(super) fn selective_scan(gpu: &Gpu, scan: SelectiveScan<'_>, workspace: &Buffer, dst: &Buffer) -> Result<()> {
    let (per_split, splits) = plan(gpu.info().software, scan.batch, scan.length(), scan.channels);
    let carried = splits > 1;
    let sizes = [
        scan.height,
        scan.width,
        scan.channels,
        scan.rank,
        scan.batch,
        splits,
        per_split,
    ]
    .map(|v| v as u32);
    let invocations = scan.batch * splits * scan.channels;
    let groups = |invocations: usize| invocations.div_ceil(THREADS);
    let buffers = |skip, dst| [scan.u, scan.delta, scan.proj, scan.a, skip, scan.dt_bias, dst];
    if carried {
        shader(0, false, carried, scan.state).launch(
            gpu,
            groups(invocations * DIRECTIONS),
            &buffers(scan.d, workspace),
            &sizes,
        )?;
    }
    let skip = if carried { workspace } else { scan.d };
    shader(1, false, carried, scan.state).launch(gpu, groups(invocations), &buffers(skip, dst), &sizes)?;
    shader(1, true, carried, scan.state).launch(gpu, groups(invocations), &buffers(skip, dst), &sizes)
}

/// Number of words of scratch memory that suffice on every GPU.
pub(super) fn workspace(batch: usize, length: usize, channels: usize, state: usize) -> usize {
    match plan(false, batch, length, channels).1 {
        ..=1 => 1,
        splits => DIRECTIONS * channels * (1 + 2 * batch * splits * state),
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
