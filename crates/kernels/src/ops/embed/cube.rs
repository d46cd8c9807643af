use cubecl::prelude::*;

use super::Embed;
use crate::device::Gpu;
use crate::ops::lanes::elementwise;
use crate::weight;
use crate::{Format, Result};

pub(super) fn embed(gpu: &Gpu, args: Embed<'_>) -> Result<()> {
    const OP: &str = "embed";
    let Embed { table, ids, m, dst } = args;
    let (count, dim) = elementwise(m * table.cols);
    let scales = table.scales.as_ref().map(|scales| scales.arg(OP)).transpose()?;
    // SAFETY: the caller checked `ids` and `dst`; rows are clamped to the table.
    unsafe {
        kernel::launch_unchecked(
            gpu.launch(),
            count,
            dim,
            table.words.arg(OP)?,
            scales.into(),
            ids.arg(OP)?,
            dst.arg(OP)?,
            m * table.cols,
            table.cols,
            table.rows,
            table.format,
        );
    }
    Ok(())
}

/// One unit per value.
#[cube(launch_unchecked)]
fn kernel(
    words: &[u32],
    scales: ComptimeOption<&[u32]>,
    ids: &[u32],
    dst: &mut [f32],
    len: usize,
    cols: usize,
    rows: usize,
    #[comptime] format: Format,
) {
    let i = ABSOLUTE_POS;
    if i >= len {
        terminate!();
    }
    let row = usize::min(ids[i / cols] as usize, rows - 1);
    dst[i] = weight::value(words, &scales, row, i % cols, cols, format);
}
