#![allow(
    clippy::manual_div_ceil,
    reason = "kernels are written in the subset of Rust that CubeCL expands"
)]

use cubecl::prelude::*;

use crate::device::Gpu;
use crate::ops::lanes::{elementwise, half, signed_byte};
use crate::{Buffer, Linear, Result, Weight};

pub(super) fn embed(gpu: &Gpu, table: &Linear, ids: &Buffer, m: usize, dst: &Buffer) -> Result<()> {
    const OP: &str = "embed";
    let (count, dim) = elementwise(m * table.cols);
    let (ids, dst, len) = (ids.arg(OP)?, dst.arg(OP)?, m * table.cols);
    match &table.weight {
        Weight::F32 { values } => {
            // SAFETY: the caller checked `ids` and `dst`; rows are clamped to the table.
            unsafe {
                plain::launch_unchecked(
                    gpu.launch(),
                    count,
                    dim,
                    values.arg(OP)?,
                    ids,
                    dst,
                    len,
                    table.cols,
                    table.rows,
                );
            }
        }
        Weight::Q80 { words, scales } => {
            let (words, scales) = (words.arg(OP)?, scales.arg(OP)?);
            // SAFETY: as above.
            unsafe {
                q8_0::launch_unchecked(
                    gpu.launch(),
                    count,
                    dim,
                    words,
                    scales,
                    ids,
                    dst,
                    len,
                    table.cols,
                    table.rows,
                );
            }
        }
        Weight::Int8 { .. } | Weight::Q41 { .. } => {
            return Err(crate::KernelError::Unsupported {
                op: OP,
                message: "a table that is neither Q8_0 nor f32".into(),
            });
        }
    }
    Ok(())
}

/// One unit per value of an f32 table.
#[cube(launch_unchecked)]
fn plain(values: &[f32], ids: &[u32], dst: &mut [f32], len: usize, cols: usize, rows: usize) {
    let i = ABSOLUTE_POS;
    if i >= len {
        terminate!();
    }
    let row = usize::min(ids[i / cols] as usize, rows - 1);
    dst[i] = values[row * cols + i % cols];
}

/// One unit per value of a Q8_0 table.
#[cube(launch_unchecked)]
fn q8_0(words: &[u32], scales: &[u32], ids: &[u32], dst: &mut [f32], len: usize, cols: usize, rows: usize) {
    let i = ABSOLUTE_POS;
    if i >= len {
        terminate!();
    }
    let row = usize::min(ids[i / cols] as usize, rows - 1);
    let col = i % cols;
    let block = col / 32;
    let pair = scales[row * ((cols / 32 + 1) / 2) + block / 2];
    let d = half((pair >> (block as u32 % 2 * 16)) & 0xFFFF);
    let word = words[(row * cols + col) / 4];
    dst[i] = d * f32::cast_from(signed_byte(word, col as u32 % 4));
}
