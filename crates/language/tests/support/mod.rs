//! A Llama of a few thousand weights: its GGUF file, its adapters, and a plain f64 forward pass of
//! it.

pub(crate) mod reference;

use half::f16;
use sightline_checkpoint::tensors::{Tensor, TensorData};
use std::collections::BTreeMap;

pub(crate) const LAYERS: usize = 2;
pub(crate) const WIDTH: usize = 64;
pub(crate) const HEADS: usize = 4;
pub(crate) const KV_HEADS: usize = 2;
pub(crate) const HEAD_DIM: usize = WIDTH / HEADS;
pub(crate) const FFN: usize = 96;
pub(crate) const VOCABULARY: usize = 300;
pub(crate) const RANK: usize = 4;
pub(crate) const ALPHA: f64 = 6.0;
pub(crate) const EPS: f32 = 1e-5;
pub(crate) const ROPE_BASE: f32 = 10_000.0;

/// The matrices of a layer: name, rows, columns.
pub(crate) const MATRICES: [(&str, usize, usize); 7] = [
    ("attn_q", WIDTH, WIDTH),
    ("attn_k", KV_HEADS * HEAD_DIM, WIDTH),
    ("attn_v", KV_HEADS * HEAD_DIM, WIDTH),
    ("attn_output", WIDTH, WIDTH),
    ("ffn_gate", FFN, WIDTH),
    ("ffn_up", FFN, WIDTH),
    ("ffn_down", WIDTH, FFN),
];

/// Metadata values that a file may hold.
#[derive(Clone)]
pub(crate) enum Meta {
    U32(u32),
    F32(f32),
    Str(String),
    Strings(Vec<String>),
    I32s(Vec<i32>),
}

/// What a GGUF file is made of. Tests spoil it before it is written.
#[derive(Clone)]
pub(crate) struct File {
    pub(crate) metadata: BTreeMap<String, Meta>,
    /// Name, dimensions in the file's order, type number, bytes.
    pub(crate) tensors: Vec<(String, Vec<u64>, u32, Vec<u8>)>,
}

/// Deterministic noise in [-0.5, 0.5).
pub(crate) fn noise(seed: u32, i: usize) -> f32 {
    let mut x = (i as u32)
        .wrapping_mul(2_654_435_761)
        .wrapping_add(seed.wrapping_mul(0x9E37_79B9));
    x = (x ^ (x >> 16)).wrapping_mul(0x85EB_CA6B);
    x = (x ^ (x >> 13)).wrapping_mul(0xC2B2_AE35);
    x ^= x >> 16;
    (x >> 8) as f32 / (1 << 24) as f32 - 0.5
}

fn byte(seed: u32, i: usize) -> u8 {
    ((noise(seed, i) + 0.5) * 256.0) as u8
}

/// Q4_1 blocks whose values have a standard deviation of about `1 / sqrt(cols)`.
fn q4_1(seed: u32, rows: usize, cols: usize) -> Vec<u8> {
    let d = 3.0 / (15.0 * (cols as f32).sqrt());
    let mut out = Vec::new();
    for block in 0..rows * cols / 32 {
        let d = d * (1.0 + 0.3 * noise(seed ^ 1, block));
        out.extend(f16::from_f32(d).to_le_bytes());
        out.extend(f16::from_f32(-7.5 * d).to_le_bytes());
        out.extend((0..16).map(|j| byte(seed, block * 16 + j)));
    }
    out
}

fn q8_0(seed: u32, rows: usize, cols: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for block in 0..rows * cols / 32 {
        out.extend(f16::from_f32(0.01 * (1.0 + 0.3 * noise(seed ^ 1, block))).to_le_bytes());
        out.extend((0..32).map(|j| byte(seed, block * 32 + j)));
    }
    out
}

fn norm(seed: u32) -> Vec<u8> {
    (0..WIDTH)
        .flat_map(|i| (1.0 + 0.4 * noise(seed, i)).to_le_bytes())
        .collect()
}

/// A sound file.
pub(crate) fn file() -> File {
    let text = |s: &str| Meta::Str(s.into());
    let metadata = [
        ("general.architecture", text("llama")),
        ("llama.block_count", Meta::U32(LAYERS as u32)),
        ("llama.embedding_length", Meta::U32(WIDTH as u32)),
        ("llama.feed_forward_length", Meta::U32(FFN as u32)),
        ("llama.attention.head_count", Meta::U32(HEADS as u32)),
        ("llama.attention.head_count_kv", Meta::U32(KV_HEADS as u32)),
        ("llama.attention.layer_norm_rms_epsilon", Meta::F32(EPS)),
        ("llama.rope.freq_base", Meta::F32(ROPE_BASE)),
        ("llama.rope.dimension_count", Meta::U32(HEAD_DIM as u32)),
        ("tokenizer.ggml.model", text("gpt2")),
        ("tokenizer.ggml.pre", text("smollm")),
        ("tokenizer.ggml.bos_token_id", Meta::U32(1)),
        ("tokenizer.ggml.eos_token_id", Meta::U32(2)),
        ("tokenizer.ggml.tokens", Meta::Strings(tokens())),
        (
            "tokenizer.ggml.token_type",
            Meta::I32s((0..VOCABULARY).map(|i| if i < 3 { 3 } else { 1 }).collect()),
        ),
        (
            "tokenizer.ggml.merges",
            Meta::Strings(vec!["a b".into(), "ab c".into()]),
        ),
    ];
    let mut tensors = vec![(
        "token_embd.weight".to_string(),
        vec![WIDTH as u64, VOCABULARY as u64],
        8,
        q8_0(1, VOCABULARY, WIDTH),
    )];
    for layer in 0..LAYERS {
        for (i, name) in ["attn_norm", "ffn_norm"].iter().enumerate() {
            let seed = (100 * layer + 50 + i) as u32;
            tensors.push((format!("blk.{layer}.{name}.weight"), vec![WIDTH as u64], 0, norm(seed)));
        }
        for (i, (name, rows, cols)) in MATRICES.iter().enumerate() {
            let data = q4_1((100 * layer + 10 + 2 * i) as u32, *rows, *cols);
            let name = format!("blk.{layer}.{name}.weight");
            tensors.push((name, vec![*cols as u64, *rows as u64], 3, data));
        }
    }
    tensors.push(("output_norm.weight".into(), vec![WIDTH as u64], 0, norm(7)));
    File {
        metadata: metadata.map(|(key, value)| (key.to_string(), value)).into(),
        tensors,
    }
}

/// A head of its own beside the embedding, as Q4_1 (3) or Q8_0 (8).
#[allow(dead_code, reason = "other tests use the rest")]
pub(crate) fn with_head(kind: u32) -> File {
    let mut file = file();
    let data = match kind {
        3 => q4_1(91, VOCABULARY, WIDTH),
        _ => q8_0(91, VOCABULARY, WIDTH),
    };
    let shape = vec![WIDTH as u64, VOCABULARY as u64];
    file.tensors.push(("output.weight".into(), shape, kind, data));
    file
}

/// Three control tokens, the printable ASCII alphabet, two merges, fillers.
fn tokens() -> Vec<String> {
    let mut tokens: Vec<String> = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"].map(String::from).into();
    tokens.extend((b'!'..=b'~').map(|b| char::from(b).to_string()));
    tokens.extend(["Ġ", "Ċ", "ab", "abc"].map(String::from));
    while tokens.len() < VOCABULARY {
        tokens.push(format!("filler{}", tokens.len()));
    }
    tokens
}

fn string(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

impl File {
    /// The bytes of the file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = b"GGUF".to_vec();
        out.extend(3u32.to_le_bytes());
        out.extend((self.tensors.len() as u64).to_le_bytes());
        out.extend((self.metadata.len() as u64).to_le_bytes());
        for (key, value) in &self.metadata {
            string(&mut out, key);
            write_value(&mut out, value);
        }
        let mut offset = 0u64;
        for (name, dims, kind, data) in &self.tensors {
            string(&mut out, name);
            out.extend((dims.len() as u32).to_le_bytes());
            dims.iter().for_each(|d| out.extend(d.to_le_bytes()));
            out.extend(kind.to_le_bytes());
            out.extend(offset.to_le_bytes());
            offset += (data.len() as u64).next_multiple_of(32);
        }
        for (_, _, _, data) in &self.tensors {
            out.resize(out.len().next_multiple_of(32), 0);
            out.extend(data);
        }
        out
    }
}

fn write_value(out: &mut Vec<u8>, value: &Meta) {
    match value {
        Meta::U32(v) => {
            out.extend(4u32.to_le_bytes());
            out.extend(v.to_le_bytes());
        }
        Meta::F32(v) => {
            out.extend(6u32.to_le_bytes());
            out.extend(v.to_le_bytes());
        }
        Meta::Str(v) => {
            out.extend(8u32.to_le_bytes());
            string(out, v);
        }
        Meta::Strings(items) => {
            out.extend(9u32.to_le_bytes());
            out.extend(8u32.to_le_bytes());
            out.extend((items.len() as u64).to_le_bytes());
            items.iter().for_each(|item| string(out, item));
        }
        Meta::I32s(items) => {
            out.extend(9u32.to_le_bytes());
            out.extend(5u32.to_le_bytes());
            out.extend((items.len() as u64).to_le_bytes());
            items.iter().for_each(|item| out.extend(item.to_le_bytes()));
        }
    }
}

/// Adapters for every matrix: `A` int8 in the first layer and f32 in the second, `B` the other way
/// round.
pub(crate) fn adapters() -> BTreeMap<String, Tensor> {
    let mut tensors = BTreeMap::new();
    for layer in 0..LAYERS {
        for (i, (name, rows, cols)) in MATRICES.iter().enumerate() {
            let seed = (1000 + 100 * layer + 2 * i) as u32;
            let key = format!("adapters.blk.{layer}.{name}");
            tensors.insert(format!("{key}.lora_a"), adapter(seed, RANK, *cols, layer == 0));
            tensors.insert(format!("{key}.lora_b"), adapter(seed + 1, *rows, RANK, layer == 1));
        }
    }
    tensors
}

fn adapter(seed: u32, rows: usize, cols: usize, int8: bool) -> Tensor {
    let size = 1.5 / (cols as f32).sqrt();
    let data = if int8 {
        TensorData::I8 {
            q: (0..rows * cols).map(|i| (noise(seed, i) * 254.0) as i8).collect(),
            scale: (0..rows).map(|i| size / 127.0 * (1.0 + noise(seed ^ 7, i))).collect(),
        }
    } else {
        TensorData::F32((0..rows * cols).map(|i| 2.0 * size * noise(seed, i)).collect())
    };
    Tensor {
        shape: vec![rows, cols],
        data,
    }
}
