//! SmolLM2-135M with random weights, as the bytes of a GGUF file: speed does not depend on what was learned, so nothing is
//! fetched, and the files' own readers are used.

use std::collections::BTreeMap;

use anyhow::Result;
use sightline_checkpoint::manifest;
use sightline_checkpoint::tensors::{self, Tensor, TensorData};

use super::inputs;

pub(super) const WIDTH: usize = 576;
pub(super) const HEADS: usize = 9;
pub(super) const KV: usize = 3 * HEAD;
pub(super) const HEAD: usize = 64;
pub(super) const HIDDEN: usize = 1536;
pub(super) const VOCABULARY: usize = 49_152;
/// The published number of layers.
pub(super) const LAYERS: usize = 30;
/// The shipped adapters.
pub(super) const ADAPTERS: manifest::Adapters = manifest::Adapters { rank: 16, alpha: 32.0 };
/// `<|im_end|>`, which ends an answer.
const STOP: usize = 2;

/// Matrices of a layer: name, rows, columns.
pub(super) const MATRICES: [(&str, usize, usize); 7] = [
    ("attn_q", HEADS * HEAD, WIDTH),
    ("attn_k", KV, WIDTH),
    ("attn_v", KV, WIDTH),
    ("attn_output", WIDTH, HEADS * HEAD),
    ("ffn_gate", HIDDEN, WIDTH),
    ("ffn_up", HIDDEN, WIDTH),
    ("ffn_down", WIDTH, HIDDEN),
];

/// ggml's numbers of tensor types.
const F32: u32 = 0;
const Q4_1: u32 = 3;
const Q8_0: u32 = 8;

/// A GGUF file of this many layers.
pub(super) fn gguf(layers: usize) -> Vec<u8> {
    let mut file = File::default();
    file.metadata(layers);
    let step = |cols: usize| (12.0 / cols as f32).sqrt();
    let mut table = inputs::q8_0(VOCABULARY * WIDTH / 32, 1, step(WIDTH));
    // A row of zeros is never the most likely token: an answer of random weights must not end early.
    let row = WIDTH / 32 * 34;
    table[STOP * row..(STOP + 1) * row].fill(0);
    file.tensor("token_embd.weight", &[VOCABULARY, WIDTH], Q8_0, table);
    for layer in 0..layers {
        for norm in ["attn_norm", "ffn_norm"] {
            file.norm(&format!("blk.{layer}.{norm}.weight"));
        }
        for (i, (name, rows, cols)) in MATRICES.into_iter().enumerate() {
            let seed = (layer * MATRICES.len() + i) as u32 + 10;
            let bytes = inputs::q4_1(rows * cols / 32, seed, step(cols));
            file.tensor(&format!("blk.{layer}.{name}.weight"), &[rows, cols], Q4_1, bytes);
        }
    }
    file.norm("output_norm.weight");
    file.bytes()
}

/// The adapters of so many layers as a safetensors file, `A` in int8 as shipped.
pub(super) fn adapters(layers: usize) -> Result<Vec<u8>> {
    let mut all = BTreeMap::new();
    let rank = ADAPTERS.rank;
    for layer in 0..layers {
        for (i, (name, rows, cols)) in MATRICES.into_iter().enumerate() {
            let key = format!("adapters.blk.{layer}.{name}");
            let seed = (layer * MATRICES.len() + i) as u32;
            let a = TensorData::I8 {
                q: inputs::bytes(rank * cols, seed),
                scale: vec![(12.0 / cols as f32).sqrt() / 254.0; rank],
            };
            let b = TensorData::F32(inputs::values(rows * rank, seed + 7, 0.05, 0.0));
            let shape = vec![rank, cols];
            all.insert(format!("{key}.lora_a"), Tensor { shape, data: a });
            let shape = vec![rows, rank];
            all.insert(format!("{key}.lora_b"), Tensor { shape, data: b });
        }
    }
    Ok(tensors::serialize("random adapters", &all)?)
}

/// A GGUF 3 file being put together (ggml, `docs/gguf.md`).
#[derive(Default)]
struct File {
    pairs: Vec<Vec<u8>>,
    entries: Vec<Vec<u8>>,
    data: Vec<u8>,
}

impl File {
    fn metadata(&mut self, layers: usize) {
        let mut names: Vec<String> = (0..VOCABULARY).map(|i| format!("t{i}")).collect();
        names[1] = "<|im_start|>".into();
        names[STOP] = "<|im_end|>".into();
        let kinds: Vec<u8> = (0..VOCABULARY)
            .flat_map(|i| {
                i32::from([1, STOP].contains(&i))
                    .wrapping_mul(2)
                    .wrapping_add(1)
                    .to_le_bytes()
            })
            .collect();
        let number = |n: usize| (4, (n as u32).to_le_bytes().to_vec());
        let float = |v: f32| (6, v.to_le_bytes().to_vec());
        let text = |t: &str| (8, string(t));
        let list = |kind: u32, count: usize, items: Vec<u8>| {
            let head = [&kind.to_le_bytes()[..], &(count as u64).to_le_bytes()];
            (9, [&head.concat()[..], &items].concat())
        };
        let names: Vec<u8> = names.iter().flat_map(|name| string(name)).collect();
        for (key, (kind, value)) in [
            ("general.architecture", text("llama")),
            ("llama.embedding_length", number(WIDTH)),
            ("llama.attention.head_count", number(HEADS)),
            ("llama.attention.head_count_kv", number(KV / HEAD)),
            ("llama.block_count", number(layers)),
            ("llama.feed_forward_length", number(HIDDEN)),
            ("llama.rope.freq_base", float(100_000.0)),
            ("llama.attention.layer_norm_rms_epsilon", float(1e-5)),
            ("tokenizer.ggml.model", text("gpt2")),
            ("tokenizer.ggml.pre", text("smollm")),
            ("tokenizer.ggml.tokens", list(8, VOCABULARY, names)),
            ("tokenizer.ggml.token_type", list(5, VOCABULARY, kinds)),
            ("tokenizer.ggml.merges", list(8, 0, vec![])),
            ("tokenizer.ggml.bos_token_id", number(1)),
            ("tokenizer.ggml.eos_token_id", number(STOP)),
        ] {
            self.pairs
                .push([&string(key)[..], &u32::to_le_bytes(kind), &value].concat());
        }
    }

    fn norm(&mut self, name: &str) {
        let values = inputs::values(WIDTH, name.len() as u32, 0.2, 1.0);
        self.tensor(
            name,
            &[WIDTH],
            F32,
            values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        );
    }

    /// Dimensions stand in the file fastest first.
    fn tensor(&mut self, name: &str, shape: &[usize], kind: u32, bytes: Vec<u8>) {
        let mut entry = string(name);
        entry.extend((shape.len() as u32).to_le_bytes());
        shape.iter().rev().for_each(|&n| entry.extend((n as u64).to_le_bytes()));
        entry.extend(kind.to_le_bytes());
        entry.extend((self.data.len() as u64).to_le_bytes());
        self.entries.push(entry);
        self.data.extend(bytes);
        self.data.resize(self.data.len().next_multiple_of(32), 0);
    }

    fn bytes(self) -> Vec<u8> {
        let mut out = b"GGUF".to_vec();
        out.extend(3u32.to_le_bytes());
        out.extend((self.entries.len() as u64).to_le_bytes());
        out.extend((self.pairs.len() as u64).to_le_bytes());
        self.pairs.iter().chain(&self.entries).for_each(|part| out.extend(part));
        out.resize(out.len().next_multiple_of(32), 0);
        out.extend(self.data);
        out
    }
}

fn string(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use sightline_checkpoint::gguf::Gguf;
    use sightline_checkpoint::tensors::Tensors;
    use sightline_kernels::Device;
    use sightline_language::{Adapters, Llama, Tokenizer};

    use super::*;

    #[test]
    fn the_files_readers_take_it() -> Result<()> {
        let device = Device::cpu();
        let bytes = gguf(1);
        let file = Gguf::parse("random", &bytes)?;
        let llama = Llama::load(&device, &file)?;
        assert_eq!(Tokenizer::from_gguf(&file)?.turn_end(), STOP as u32);
        let bytes = adapters(1)?;
        let tensors = Tensors::parse("random", &bytes)?;
        Adapters::load(&device, &tensors, &ADAPTERS, llama.config())?;
        Ok(())
    }
}
