use sightline_checkpoint::manifest;
use sightline_checkpoint::tensors::{TensorData, Tensors};
use sightline_kernels::ops::LowRank;
use sightline_kernels::{Buffer, Device, Int8Matrix, Linear};

use crate::config::LlamaConfig;
use crate::error::Result;

/// The low-rank adapters (Hu et al. 2021) of one model, beside the frozen matrices: `y = W x +
/// scale * B (A x)`.
///
/// Their names and row order are those of the GGUF file (`docs/model-format.md`).
pub struct Adapters {
    pub(crate) layers: Vec<LayerAdapters>,
    rank: usize,
}

/// The adapters of one layer, stacked as its matrices are.
pub(crate) struct LayerAdapters {
    pub(crate) qkv: Adapter,
    pub(crate) output: Adapter,
    pub(crate) gate_up: Adapter,
    pub(crate) down: Adapter,
}

/// The adapter of one stacked matrix.
pub(crate) struct Adapter {
    /// `[segments * rank, cols]`.
    pub(crate) a: Linear,
    /// `[rows, rank]`.
    b: Buffer,
    rank: usize,
    scale: f32,
    bounds: [usize; 2],
}

impl Adapter {
    /// What [`sightline_kernels::ops::linear`] adds, given `t = A x`.
    pub(crate) fn low_rank<'a>(&'a self, t: &'a Buffer) -> LowRank<'a> {
        LowRank {
            b: &self.b,
            t,
            rank: self.rank,
            scale: self.scale,
            bounds: self.bounds,
        }
    }
}

impl Adapters {
    /// Reads `adapters.blk.*` for a language model of this shape. Int8 `A` stays int8 on the
    /// device, the rest becomes f32.
    ///
    /// # Errors
    /// [`LanguageError::Tensors`](crate::LanguageError::Tensors) names the tensor that is missing
    /// or of another shape.
    pub fn load(
        device: &Device,
        tensors: &Tensors<'_>,
        adapters: &manifest::Adapters,
        config: &LlamaConfig,
    ) -> Result<Self> {
        let loader = Loader {
            device,
            tensors,
            rank: adapters.rank,
            scale: (adapters.alpha / adapters.rank as f64) as f32,
        };
        let (q, kv, width, ffn) = (
            config.heads * config.head_dim,
            config.kv_width(),
            config.width,
            config.ffn,
        );
        let layers = (0..config.layers)
            .map(|i| {
                Ok(LayerAdapters {
                    qkv: loader.stacked(i, &[("attn_q", q), ("attn_k", kv), ("attn_v", kv)], width)?,
                    output: loader.stacked(i, &[("attn_output", width)], q)?,
                    gate_up: loader.stacked(i, &[("ffn_gate", ffn), ("ffn_up", ffn)], width)?,
                    down: loader.stacked(i, &[("ffn_down", width)], ffn)?,
                })
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            layers,
            rank: adapters.rank,
        })
    }

    /// Rank.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// Number of bytes on the device.
    pub fn bytes(&self) -> usize {
        let adapters = |l: &LayerAdapters| {
            let adapters = [&l.qkv, &l.output, &l.gate_up, &l.down];
            adapters.iter().map(|a| a.a.weight_bytes() + a.b.bytes()).sum::<usize>()
        };
        self.layers.iter().map(adapters).sum()
    }
}

struct Loader<'a> {
    device: &'a Device,
    tensors: &'a Tensors<'a>,
    rank: usize,
    scale: f32,
}

impl Loader<'_> {
    /// The adapters of matrices that are stacked by rows. `A` is stacked by rows as well, so each
    /// matrix has its own `A x`.
    fn stacked(&self, layer: usize, parts: &[(&str, usize)], cols: usize) -> Result<Adapter> {
        let rank = self.rank;
        let rows: usize = parts.iter().map(|(_, rows)| rows).sum();
        let mut a = Vec::with_capacity(parts.len());
        let mut b = Vec::with_capacity(rows * rank);
        let mut bounds = [rows; 2];
        let mut end = 0;
        for (i, &(name, part)) in parts.iter().enumerate() {
            let key = format!("adapters.blk.{layer}.{name}");
            a.push(self.tensors.get_shaped(&format!("{key}.lora_a"), &[rank, cols])?.data);
            b.extend(self.tensors.f32(&format!("{key}.lora_b"), &[part, rank])?);
            end += part;
            if i + 1 < parts.len() {
                bounds[i] = end;
            }
        }
        Ok(Adapter {
            a: self.upload(a, parts.len() * rank, cols)?,
            b: self.device.upload_f32(&b).reshape([rows, rank])?,
            rank,
            scale: self.scale,
            bounds,
        })
    }

    fn upload(&self, parts: Vec<TensorData>, rows: usize, cols: usize) -> Result<Linear> {
        let int8 = parts.iter().all(|part| matches!(part, TensorData::I8 { .. }));
        let (mut bytes, mut scales, mut floats) = (Vec::new(), Vec::new(), Vec::new());
        for part in parts {
            match part {
                TensorData::I8 { q, scale } if int8 => {
                    bytes.extend(q);
                    scales.extend(scale);
                }
                data => floats.extend(data.into_f32()),
            }
        }
        Ok(match int8 {
            true => {
                let matrix = Int8Matrix {
                    q: &bytes,
                    scale: &scales,
                };
                Linear::int8(self.device, [rows, cols], matrix, None)?
            }
            false => Linear::f32(self.device, [rows, cols], &floats, None)?,
        })
    }
}
