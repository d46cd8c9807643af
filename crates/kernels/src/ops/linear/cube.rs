//! Chooses the kernel for a linear map and launches it.

use cubecl::prelude::*;

use super::plan::{MatMul, MatVec};
use super::{Epilogue, Input, LowRank};
use super::{mat_mul, mat_vec};
use crate::device::Gpu;
use crate::{Buffer, Linear, Result, Weight};

const OP: &str = "linear";

/// Everything one call names.
pub(super) struct Call<'a> {
    pub w: &'a Linear,
    pub x: &'a Buffer,
    pub input: Input<'a>,
    pub m: usize,
    pub low_rank: Option<LowRank<'a>>,
    pub epilogue: Epilogue,
    pub dst: &'a Buffer,
}

/// Rows of `x` from which tiles are worth their barriers.
const TILED_ROWS: usize = 8;

pub(super) fn linear(gpu: &Gpu, call: &Call<'_>) -> Result<()> {
    let Call {
        w,
        input,
        m,
        low_rank,
        epilogue,
        ..
    } = *call;
    if m < TILED_ROWS && w.cols.is_multiple_of(4) {
        let plan = MatVec::new(w, input, low_rank, epilogue, gpu.info());
        return launch_mat_vec(gpu, call, plan);
    }
    let plan = MatMul::new(w, input, m, low_rank, epilogue, gpu.info());
    launch_mat_mul(gpu, call, plan)
}

/// The matrix's words and, for quantized kinds, its scales.
fn matrix(w: &Linear) -> (&Buffer, Option<&Buffer>) {
    match &w.weight {
        Weight::F32 { values } => (values, None),
        Weight::Int8 { words, scale } => (words, Some(scale)),
        Weight::Q41 { words, scales } | Weight::Q80 { words, scales } => (words, Some(scales)),
    }
}

fn launch_mat_vec(gpu: &Gpu, call: &Call<'_>, plan: MatVec) -> Result<()> {
    let w = call.w;
    let (words, scales) = matrix(w);
    let arg = |buffer: Option<&Buffer>| buffer.map(|b| b.arg(OP)).transpose();
    let (norm, eps) = match call.input {
        Input::RmsNorm { weight, eps } => (Some(weight), eps),
        Input::Plain | Input::SwiGlu => (None, 0.0),
    };
    let low = call.low_rank;
    let [second, third] = low.map_or([w.rows; 2], |low| low.bounds);
    // SAFETY: lengths were checked by the caller; rows are clamped, and each output is written by one unit.
    unsafe {
        mat_vec::kernel::launch_unchecked(
            gpu.launch(),
            CubeCount::Static(w.rows.div_ceil(plan.rows()) as u32, call.m as u32, 1),
            CubeDim::new_1d(plan.threads as u32),
            plan.width,
            call.x.arg(OP)?,
            words.arg(OP)?,
            arg(scales)?.into(),
            arg(w.bias.as_ref())?.into(),
            arg(low.map(|low| low.b))?.into(),
            arg(low.map(|low| low.t))?.into(),
            arg(norm)?.into(),
            call.dst.arg(OP)?,
            w.rows,
            eps,
            low.map_or(0.0, |low| low.scale),
            second,
            third,
            plan,
        );
    }
    Ok(())
}

fn launch_mat_mul(gpu: &Gpu, call: &Call<'_>, plan: MatMul) -> Result<()> {
    let w = call.w;
    let (words, scales) = matrix(w);
    let arg = |buffer: Option<&Buffer>| buffer.map(|b| b.arg(OP)).transpose();
    let (norm, eps) = match call.input {
        Input::RmsNorm { weight, eps } => (Some(weight), eps),
        Input::Plain | Input::SwiGlu => (None, 0.0),
    };
    let low = call.low_rank;
    let [second, third] = low.map_or([w.rows; 2], |low| low.bounds);
    let (x_width, word_width) = plan.load_widths();
    // SAFETY: lengths were checked by the caller; rows and columns are clamped, and each output is written by one unit.
    unsafe {
        mat_mul::kernel::launch_unchecked(
            gpu.launch(),
            CubeCount::Static(
                w.rows.div_ceil(4 * plan.tile_n) as u32,
                call.m.div_ceil(4 * plan.tile_m) as u32,
                1,
            ),
            CubeDim::new_1d(plan.threads() as u32),
            x_width,
            word_width,
            plan.width,
            call.x.arg(OP)?,
            words.arg(OP)?,
            arg(scales)?.into(),
            arg(w.bias.as_ref())?.into(),
            arg(low.map(|low| low.b))?.into(),
            arg(low.map(|low| low.t))?.into(),
            arg(norm)?.into(),
            call.dst.arg(OP)?,
            call.m,
            w.rows,
            w.cols,
            eps,
            low.map_or(0.0, |low| low.scale),
            second,
            third,
            plan,
        );
    }
    Ok(())
}
