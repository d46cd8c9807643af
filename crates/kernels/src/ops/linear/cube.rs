//! Chooses the kernel for a linear map and launches it.

use cubecl::ir::features::MmaConfig;
use cubecl::ir::{ElemType, FloatKind};
use cubecl::prelude::*;
use cubecl::tf32;
use half::f16;

use super::plan::{MatMul, MatVec, MatrixUnits, Products};
use super::{Apply, Input, OP, Route};
use super::{mat_mul, mat_vec, wgsl};
use crate::device::{Backend, Gpu, GraphicsApi};
use crate::{Buffer, Result};

/// Number of rows of `x` from which tiles are worth their barriers.
const TILED_ROWS: usize = 8;

pub(super) fn linear(gpu: &Gpu, route: Route, call: &Apply<'_>) -> Result<()> {
    if call.rows >= TILED_ROWS || !call.map.cols.is_multiple_of(4) {
        let plan = MatMul::new(call, gpu.info());
        let plan = plan.with_products(call.rows, call.map.rows, gpu.half(), matrix_units(gpu));
        return match plan.products {
            Products::F32 => launch_mat_mul::<f32>(gpu, call, plan),
            Products::Half => launch_mat_mul::<f16>(gpu, call, plan),
            Products::HalfUnits => launch_units::<f16>(gpu, call, plan),
            Products::SplitUnits => launch_units::<tf32>(gpu, call, plan),
        };
    }
    let mut plan = MatVec::new(call, gpu.info());
    // On lavapipe the two differ by less than a tenth (CPU time for 960x576 in Q4_1: WGSL 690 us,
    // CubeCL 625 us).
    let by_wgsl = matches!(route, Route::Best | Route::Wgsl) && gpu.info().wgsl;
    if let Some(shader) = by_wgsl.then(|| wgsl::shader(call, &plan)).flatten() {
        return wgsl::launch(gpu, call, &plan, shader);
    }
    if route == Route::Plane {
        plan.lanes = plan.lanes.min(gpu.info().plane.0 as usize);
    }
    plan.plane = match route {
        // Browsers demand proof that every lane reaches a shuffle. CubeCL's WGSL does not give it.
        Route::Plane => gpu.info().api != GraphicsApi::BrowserWebGpu,
        Route::Best => gpu.info().backend == Backend::Cuda,
        Route::Cube | Route::Wgsl => false,
    } && plan.lanes <= gpu.info().plane.0 as usize;
    launch_mat_vec(gpu, call, plan)
}

/// The types that the GPU's matrix units take. So far CubeCL sees them through CUDA only.
fn matrix_units(gpu: &Gpu) -> MatrixUnits {
    if gpu.info().plane != (32, 32) {
        return MatrixUnits::default();
    }
    let has = |factor, k| {
        gpu.client.features().matmul.cmma.contains(&MmaConfig {
            a_type: ElemType::Float(factor),
            b_type: ElemType::Float(factor),
            cd_type: ElemType::Float(FloatKind::F32),
            m: 16,
            n: 16,
            k,
        })
    };
    MatrixUnits {
        half: has(FloatKind::F16, 16),
        tf32: has(FloatKind::TF32, 8),
    }
}

/// A call as arguments of a kernel.
struct Arguments {
    x: BufferArg,
    words: BufferArg,
    scales: Option<BufferArg>,
    bias: Option<BufferArg>,
    low_b: Option<BufferArg>,
    low_t: Option<BufferArg>,
    norm: Option<BufferArg>,
    dst: BufferArg,
    eps: f32,
    low_scale: f32,
    /// First rows of the second and third segment of the adapter.
    bounds: [usize; 2],
}

impl Arguments {
    fn of(call: &Apply<'_>) -> Result<Self> {
        let (w, low) = (call.map, call.low_rank);
        let arg = |buffer: Option<&Buffer>| buffer.map(|b| b.arg(OP)).transpose();
        let (norm, eps) = match call.input {
            Input::RmsNorm { weight, eps } => (Some(weight), eps),
            Input::Plain | Input::SwiGlu => (None, 0.0),
        };
        Ok(Self {
            x: call.x.arg(OP)?,
            words: w.words.arg(OP)?,
            scales: arg(w.scales.as_ref())?,
            bias: arg(w.bias.as_ref())?,
            low_b: arg(low.map(|low| low.b))?,
            low_t: arg(low.map(|low| low.t))?,
            norm: arg(norm)?,
            dst: call.dst.arg(OP)?,
            eps,
            low_scale: low.map_or(0.0, |low| low.scale),
            bounds: low.map_or([w.rows; 2], |low| low.bounds),
        })
    }
}

fn launch_mat_vec(gpu: &Gpu, call: &Apply<'_>, plan: MatVec) -> Result<()> {
    let rows = call.map.rows;
    let args = Arguments::of(call)?;
    let [second, third] = args.bounds;
    // SAFETY: shapes were checked by the caller; rows are clamped, and each output is written by
    // one unit.
    unsafe {
        mat_vec::kernel::launch_unchecked(
            gpu.launch(),
            CubeCount::Static(rows.div_ceil(plan.rows()) as u32, call.rows as u32, 1),
            CubeDim::new_1d(plan.threads as u32),
            plan.width,
            args.x,
            args.words,
            args.scales.into(),
            args.bias.into(),
            args.low_b.into(),
            args.low_t.into(),
            args.norm.into(),
            args.dst,
            rows,
            args.eps,
            args.low_scale,
            second,
            third,
            plan,
        );
    }
    Ok(())
}

/// Number of cubes that cover the outputs of a call with tiles.
fn tiles(call: &Apply<'_>, plan: &MatMul) -> CubeCount {
    let (across, down) = (4 * plan.tile_n, 4 * plan.tile_m);
    CubeCount::Static(
        call.map.rows.div_ceil(across) as u32,
        call.rows.div_ceil(down) as u32,
        1,
    )
}

fn launch_mat_mul<E: Float>(gpu: &Gpu, call: &Apply<'_>, plan: MatMul) -> Result<()> {
    let args = Arguments::of(call)?;
    let [second, third] = args.bounds;
    let (x_width, word_width) = plan.load_widths();
    // SAFETY: shapes were checked by the caller; rows and columns are clamped, and each output is
    // written by one unit.
    unsafe {
        mat_mul::kernel::launch_unchecked::<E>(
            gpu.launch(),
            tiles(call, &plan),
            CubeDim::new_1d(plan.threads() as u32),
            x_width,
            word_width,
            plan.width,
            args.x,
            args.words,
            args.scales.into(),
            args.bias.into(),
            args.low_b.into(),
            args.low_t.into(),
            args.norm.into(),
            args.dst,
            call.rows,
            call.map.rows,
            call.map.cols,
            args.eps,
            args.low_scale,
            second,
            third,
            plan,
        );
    }
    Ok(())
}

fn launch_units<E: Float>(gpu: &Gpu, call: &Apply<'_>, plan: MatMul) -> Result<()> {
    let args = Arguments::of(call)?;
    let [second, third] = args.bounds;
    let (x_width, word_width) = plan.load_widths();
    // SAFETY: shapes were checked by the caller; rows and columns are clamped, and each output is
    // written by one unit.
    unsafe {
        mat_mul::units::kernel::launch_unchecked::<E>(
            gpu.launch(),
            tiles(call, &plan),
            CubeDim::new_1d(plan.threads() as u32),
            x_width,
            word_width,
            plan.width,
            args.x,
            args.words,
            args.scales.into(),
            args.bias.into(),
            args.low_b.into(),
            args.low_t.into(),
            args.dst,
            call.rows,
            call.map.rows,
            call.map.cols,
            args.low_scale,
            second,
            third,
            plan,
        );
    }
    Ok(())
}
