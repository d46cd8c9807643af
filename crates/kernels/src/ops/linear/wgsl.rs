//! Matrix times one row, as decoding needs it, in hand-written WGSL. For devices that take it
//! (browsers, wgpu).

use cubecl::prelude::*;
use cubecl::server::{KernelArguments, MetadataBindingInfo};

use super::cube::OP;
use super::plan::{MatVec, Prologue};
use super::{Call, Epilogue, Input};
use crate::device::Gpu;
use crate::source_kernel::{KernelSource, SourceKernel};
use crate::{Buffer, Result};

/// Whether a shader exists for the call: one row, a format that has one, no bias, no GELU.
pub(super) fn supports(call: &Call<'_>, plan: &MatVec) -> bool {
    call.m == 1 && plan.format.shader().is_some() && call.w.bias.is_none() && plan.epilogue != Epilogue::Gelu
}

pub(super) fn launch(gpu: &Gpu, call: &Call<'_>, plan: MatVec) -> Result<()> {
    let w = call.w;
    let low = call.low_rank;
    let (norm, eps) = match call.input {
        Input::RmsNorm { weight, eps } => (Some(weight), eps),
        Input::Plain | Input::SwiGlu => (None, 0.0f32),
    };
    let buffers = [
        Some(call.x),
        Some(&w.words),
        w.scales.as_ref(),
        Some(call.dst),
        low.map(|low| low.b),
        low.map(|low| low.t),
        norm,
    ];
    let mut arguments = KernelArguments::new();
    for buffer in buffers.into_iter().flatten() {
        arguments = arguments.with_buffer(binding(buffer)?);
    }
    let [second, third] = low.map_or([w.rows; 2], |low| low.bounds);
    let info = [
        w.rows as u32,
        second as u32,
        third as u32,
        low.map_or(0.0, |low| low.scale).to_bits(),
        eps.to_bits(),
        0,
    ];
    let info = info
        .chunks_exact(2)
        .map(|pair| u64::from(pair[0]) | u64::from(pair[1]) << 32)
        .collect();
    let kernel = SourceKernel::new(MatVecSource(plan), CubeDim::new_1d(plan.threads as u32));
    let count = CubeCount::Static(w.rows.div_ceil(plan.rows()) as u32, 1, 1);
    gpu.launch().launch(
        Box::new(kernel),
        count,
        arguments.with_info(MetadataBindingInfo::custom(info)),
    );
    Ok(())
}

fn binding(buffer: &Buffer) -> Result<cubecl::server::BufferBinding> {
    Ok(buffer.handle(OP)?.clone().binding())
}

/// The shader for one plan.
struct MatVecSource(MatVec);

impl KernelSource for MatVecSource {
    fn source(&self) -> String {
        let plan = &self.0;
        let source = plan.format.shader().unwrap_or_default();
        let prologue = match plan.prologue {
            Prologue::Plain => 0,
            Prologue::RmsNorm => 1,
            Prologue::SwiGlu => 2,
        };
        let constants = [
            ("LOADS", plan.loads),
            ("STAGE", plan.stage),
            ("THREADS", plan.threads),
            ("LANES", plan.lanes),
            ("REPEAT", plan.repeat),
            ("RANK", plan.rank),
            ("PROLOGUE", prologue),
            ("ADD", usize::from(plan.epilogue == Epilogue::Add)),
        ];
        let parts = [
            ("LOW_RANK", plan.rank > 0),
            ("NORM", plan.prologue == Prologue::RmsNorm),
        ];
        specialise(source, &constants, &parts)
    }

    fn id(&self) -> KernelId {
        KernelId::new::<Self>().info(self.0)
    }

    fn lang(&self) -> &'static str {
        "wgsl"
    }
}

/// A shader with other constants and without the parts that are switched off. Its bindings are
/// numbered from 0 again.
fn specialise(source: &str, constants: &[(&str, usize)], parts: &[(&str, bool)]) -> String {
    let mut out = String::with_capacity(source.len());
    let (mut kept, mut bindings) = (true, 0);
    for line in source.lines() {
        if let Some(name) = line.strip_prefix("// if ") {
            kept = parts.iter().any(|&(part, on)| part == name && on);
            continue;
        }
        if line.starts_with("// end ") {
            kept = true;
            continue;
        }
        if !kept {
            continue;
        }
        let constant = constants
            .iter()
            .find(|(name, _)| line.starts_with(&format!("const {name}:")));
        if let Some((name, value)) = constant {
            out += &format!("const {name}: u32 = {value}u;\n");
        } else if let Some((_, declaration)) = line.strip_prefix("@group(0) @binding(").and_then(|l| l.split_once(')'))
        {
            out += &format!("@group(0) @binding({bindings}){declaration}\n");
            bindings += 1;
        } else {
            out += line;
            out.push('\n');
        }
    }
    out
}
