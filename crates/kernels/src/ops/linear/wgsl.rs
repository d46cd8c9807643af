//! Matrix times one row, as decoding needs it, in hand-written WGSL. For devices that take it
//! (browsers, wgpu).

use cubecl::prelude::ExecutionMode;

use super::plan::{MatVec, Prologue};
use super::{Apply, Epilogue, Input, OP};
use crate::Result;
use crate::device::Gpu;
use crate::wgsl::{Constant, Shader};

const SOURCE: &str = include_str!("mat_vec.wgsl");

/// The shader for a call, if there is one: one row, a format that has a shader, no bias, no GELU.
pub(super) fn shader(call: &Apply<'_>, plan: &MatVec) -> Option<Shader> {
    if call.rows != 1 || call.map.bias.is_some() {
        return None;
    }
    variant(plan)
}

fn variant(plan: &MatVec) -> Option<Shader> {
    let matrix = plan.format.shader()?;
    if plan.epilogue == Epilogue::Gelu {
        return None;
    }
    let defines = [
        ("LOW_RANK", plan.rank > 0),
        ("NORM", plan.prologue == Prologue::RmsNorm),
        ("SWIGLU", plan.prologue == Prologue::SwiGlu),
        ("ADD", plan.epilogue == Epilogue::Add),
    ];
    Some(Shader {
        op: OP,
        source: SOURCE,
        imports: vec![("matrix", matrix)],
        defines: defines.iter().filter(|(_, on)| *on).map(|(name, _)| *name).collect(),
        constants: vec![
            ("LOADS", Constant::U32(plan.loads)),
            ("STAGE", Constant::U32(plan.stage)),
            ("LANES", Constant::U32(plan.lanes)),
            ("REPEAT", Constant::U32(plan.repeat)),
            ("RANK", Constant::U32(plan.rank)),
        ],
        threads: plan.threads,
        mode: ExecutionMode::Checked,
    })
}

pub(super) fn launch(gpu: &Gpu, call: &Apply<'_>, plan: &MatVec, shader: Shader) -> Result<()> {
    let w = call.map;
    let low = call.low_rank;
    let (norm, eps) = match call.input {
        Input::RmsNorm { weight, eps } => (Some(weight), eps),
        Input::Plain | Input::SwiGlu => (None, 0.0f32),
    };
    let buffers: Vec<_> = [
        Some(call.x),
        Some(&w.words),
        w.scales.as_ref(),
        Some(call.dst),
        low.map(|low| low.b),
        low.map(|low| low.t),
        norm,
    ]
    .into_iter()
    .flatten()
    .collect();
    let [second, third] = low.map_or([w.rows; 2], |low| low.bounds);
    let info = [
        w.rows as u32,
        second as u32,
        third as u32,
        low.map_or(0.0, |low| low.scale).to_bits(),
        eps.to_bits(),
    ];
    shader.launch(gpu, w.rows.div_ceil(plan.rows()), &buffers, &info)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Format;

    #[test]
    fn every_variant_is_valid_wgsl() {
        let mut count = 0;
        for &format in Format::ALL {
            for prologue in [Prologue::Plain, Prologue::RmsNorm, Prologue::SwiGlu] {
                for epilogue in [Epilogue::Store, Epilogue::Add] {
                    for (rank, lanes, repeat, stage) in [(0, 1, 1, 18), (16, 4, 4, 18), (5, 16, 1, 7)] {
                        let plan = MatVec {
                            format,
                            prologue,
                            epilogue,
                            rank,
                            quads: 144,
                            width: 4,
                            loads: 18,
                            span: 8,
                            stride: 9,
                            stage,
                            threads: 64,
                            lanes,
                            repeat,
                            plane: false,
                            prefetch: false,
                        };
                        if let Some(shader) = variant(&plan) {
                            shader.validate();
                            count += 1;
                        }
                    }
                }
            }
        }
        assert!(count >= 36, "{count} variants");
    }
}
