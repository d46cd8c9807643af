use sightline_checkpoint::ggml::{GgmlType, dequantize};
use sightline_checkpoint::gguf::{Gguf, Tensor};
use sightline_kernels::{Buffer, Device, Linear};

use crate::config::{LlamaConfig, refuse};
use crate::error::Result;

/// The frozen weights of a Llama-family decoder on a device, quantized as published.
///
/// Matrices that read the same vector are stacked (q, k, v; gate, up), which changes their order on
/// the device and no value.
pub struct Llama {
    pub(crate) device: Device,
    pub(crate) config: LlamaConfig,
    /// `[vocabulary, width]`, Q8_0: rows are token embeddings.
    pub(crate) embedding: Linear,
    /// `[vocabulary, width]`, Q8_0 or Q4_1: the head, if the file has one of its own.
    own_head: Option<Linear>,
    pub(crate) layers: Vec<Layer>,
    pub(crate) norm: Buffer,
}

/// One decoder layer.
pub(crate) struct Layer {
    pub(crate) attn_norm: Buffer,
    /// `[(heads + 2 kv_heads) * head_dim, width]`.
    pub(crate) qkv: Linear,
    /// `[width, width]`.
    pub(crate) output: Linear,
    pub(crate) ffn_norm: Buffer,
    /// `[2 * ffn, width]`.
    pub(crate) gate_up: Linear,
    /// `[width, ffn]`.
    pub(crate) down: Linear,
}

impl Llama {
    /// Uploads the weights of a GGUF file. Tensors are checked against the shape its metadata
    /// promises.
    ///
    /// # Errors
    /// [`LanguageError`](crate::LanguageError) names the metadata or tensor that is missing or that
    /// the decoder cannot run.
    pub fn load(device: &Device, gguf: &Gguf<'_>) -> Result<Self> {
        let config = LlamaConfig::from_gguf(gguf)?;
        let loader = Loader { device, gguf };
        let size = [config.vocabulary, config.width];
        let table = loader.tensor("token_embd.weight", GgmlType::Q8_0, &size)?;
        let embedding = Linear::q8_0(device, size, &gguf.finite_bytes(table)?)?;
        let layers = (0..config.layers)
            .map(|i| loader.layer(&config, i))
            .collect::<Result<_>>()?;
        let norm = loader.norm("output_norm.weight", config.width)?;
        let own_head = match gguf.tensor("output.weight") {
            Ok(_) => Some(loader.head("output.weight", &config)?),
            Err(_) => None,
        };
        loader.all_used(&config)?;
        Ok(Self {
            device: device.clone(),
            config,
            embedding,
            own_head,
            layers,
            norm,
        })
    }

    /// The matrix that gives logits: the file's head, or the embedding if it has none.
    pub(crate) fn head(&self) -> &Linear {
        self.own_head.as_ref().unwrap_or(&self.embedding)
    }

    /// The model's shape.
    pub fn config(&self) -> &LlamaConfig {
        &self.config
    }

    /// Where the weights lie.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Bytes of all weights on the device.
    pub fn weight_bytes(&self) -> usize {
        let layer = |l: &Layer| {
            let matrices = [&l.qkv, &l.output, &l.gate_up, &l.down];
            matrices.iter().map(|m| m.weight_bytes()).sum::<usize>() + l.attn_norm.bytes() + l.ffn_norm.bytes()
        };
        let head = self.own_head.as_ref().map_or(0, Linear::weight_bytes);
        self.embedding.weight_bytes() + head + self.norm.bytes() + self.layers.iter().map(layer).sum::<usize>()
    }
}

/// The tensors of a layer, behind `blk.{layer}.`.
const LAYER: &[&str] = &[
    "attn_norm.weight",
    "attn_q.weight",
    "attn_k.weight",
    "attn_v.weight",
    "attn_output.weight",
    "ffn_norm.weight",
    "ffn_gate.weight",
    "ffn_up.weight",
    "ffn_down.weight",
];
/// All other tensors.
const GLOBAL: &[&str] = &["token_embd.weight", "output_norm.weight", "output.weight"];

struct Loader<'a> {
    device: &'a Device,
    gguf: &'a Gguf<'a>,
}

impl<'a> Loader<'a> {
    fn layer(&self, config: &LlamaConfig, i: usize) -> Result<Layer> {
        let LlamaConfig { width, ffn, .. } = *config;
        let (q, kv) = (config.heads * config.head_dim, config.kv_width());
        let stacked = |parts: &[(&str, usize)], cols: usize| {
            let tensors = parts
                .iter()
                .map(|&(name, rows)| {
                    let tensor = self.tensor(&format!("blk.{i}.{name}.weight"), GgmlType::Q4_1, &[rows, cols])?;
                    Ok(self.gguf.finite_bytes(tensor)?)
                })
                .collect::<Result<Vec<_>>>()?;
            let tensors: Vec<&[u8]> = tensors.iter().map(AsRef::as_ref).collect();
            let rows = parts.iter().map(|(_, rows)| rows).sum();
            Ok::<_, crate::LanguageError>(Linear::q4_1(self.device, [rows, cols], &tensors)?)
        };
        Ok(Layer {
            attn_norm: self.norm(&format!("blk.{i}.attn_norm.weight"), width)?,
            qkv: stacked(&[("attn_q", q), ("attn_k", kv), ("attn_v", kv)], width)?,
            output: stacked(&[("attn_output", width)], q)?,
            ffn_norm: self.norm(&format!("blk.{i}.ffn_norm.weight"), width)?,
            gate_up: stacked(&[("ffn_gate", ffn), ("ffn_up", ffn)], width)?,
            down: stacked(&[("ffn_down", width)], ffn)?,
        })
    }

    /// The head `[vocabulary, width]`.
    fn head(&self, name: &str, config: &LlamaConfig) -> Result<Linear> {
        let size = [config.vocabulary, config.width];
        let kind = match self.gguf.tensor(name)?.kind {
            GgmlType::Q4_1 => GgmlType::Q4_1,
            _ => GgmlType::Q8_0,
        };
        let bytes = self.gguf.finite_bytes(self.tensor(name, kind, &size)?)?;
        Ok(match kind {
            GgmlType::Q4_1 => Linear::q4_1(self.device, size, &[bytes.as_ref()])?,
            _ => Linear::q8_0(self.device, size, &bytes)?,
        })
    }

    /// Fails on a tensor that no formula of the decoder reads, such as a bias.
    fn all_used(&self, config: &LlamaConfig) -> Result<()> {
        for tensor in self.gguf.tensors() {
            let known = match tensor.name.strip_prefix("blk.").and_then(|rest| rest.split_once('.')) {
                // The number as it is written, because `01` is another name.
                Some((layer, name)) => {
                    let layer = layer.parse().ok().filter(|i: &usize| i.to_string() == layer);
                    layer.is_some_and(|i| i < config.layers) && LAYER.contains(&name)
                }
                None => GLOBAL.contains(&tensor.name),
            };
            if !known {
                let problem = "is a tensor that the decoder does not use, as it adds no biases and no norms of heads";
                return Err(refuse(self.gguf, tensor.name, problem.into()));
            }
        }
        Ok(())
    }

    fn norm(&self, name: &str, width: usize) -> Result<Buffer> {
        let tensor = self.tensor(name, GgmlType::F32, &[width])?;
        let bytes = self.gguf.finite_bytes(tensor)?;
        Ok(self.device.upload_f32(&dequantize(tensor.kind, &bytes)))
    }

    fn tensor(&self, name: &str, kind: GgmlType, shape: &[usize]) -> Result<&'a Tensor<'a>> {
        let tensor = self.gguf.tensor(name)?;
        if tensor.kind != kind || tensor.shape != shape {
            let problem = format!("is {:?} {:?}, expected {kind:?} {shape:?}", tensor.kind, tensor.shape);
            return Err(refuse(self.gguf, name, problem));
        }
        Ok(tensor)
    }
}
