use std::collections::BTreeMap;

use crate::ggml::GgmlType;
use crate::gguf::Writer;
use crate::manifest::Adapters;
use crate::tensors::{Tensor, TensorData};

use super::{bytes, q4_1, q8_0, step, values};

/// Control tokens: nothing, `<|im_start|>`, `<|im_end|>`.
const CONTROLS: [&str; 3] = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];
/// `<|im_end|>`, which ends an answer.
const STOP: usize = 2;
/// `tokenizer.ggml.token_type` of ordinary and of control tokens.
const KINDS: [i32; 2] = [1, 3];
/// Factor on the rows of single-byte tokens. Small rows are never chosen, so that answers consist
/// of words.
const QUIET: f32 = 1.0 / 32.0;

/// Sizes of a Llama-family decoder.
#[derive(Clone, Copy, Debug)]
pub struct LanguageShape {
    /// Number of decoder layers.
    pub layers: usize,
    /// Width of the residual stream.
    pub width: usize,
    /// Number of query heads.
    pub heads: usize,
    /// Number of key and value heads.
    pub kv_heads: usize,
    /// Width of the feed-forward layer.
    pub hidden: usize,
    /// Number of token ids: at least 3 control tokens and one per byte.
    pub vocabulary: usize,
}

impl LanguageShape {
    /// SmolLM2-135M.
    pub const SMOLLM2_135M: Self = Self {
        layers: 30,
        width: 576,
        heads: 9,
        kv_heads: 3,
        hidden: 1536,
        vocabulary: 49_152,
    };

    /// Matrices of a layer: name, rows, columns.
    pub const fn matrices(&self) -> [(&'static str, usize, usize); 7] {
        let kv = self.width / self.heads * self.kv_heads;
        [
            ("attn_q", self.width, self.width),
            ("attn_k", kv, self.width),
            ("attn_v", kv, self.width),
            ("attn_output", self.width, self.width),
            ("ffn_gate", self.hidden, self.width),
            ("ffn_up", self.hidden, self.width),
            ("ffn_down", self.width, self.hidden),
        ]
    }

    /// A GGUF file, quantized as published: Q4_1, and Q8_0 for the embedding.
    pub fn gguf(&self) -> Vec<u8> {
        let mut file = Writer::default();
        self.metadata(&mut file);
        let shape = [self.vocabulary, self.width];
        file.tensor("token_embd.weight", &shape, GgmlType::Q8_0, &self.embedding());
        let norm = |file: &mut Writer, name: &str| {
            let values = values(self.width, name.len() as u32, 0.2, 1.0);
            let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
            file.tensor(name, &[self.width], GgmlType::F32, &bytes);
        };
        for layer in 0..self.layers {
            for name in ["attn_norm", "ffn_norm"] {
                norm(&mut file, &format!("blk.{layer}.{name}.weight"));
            }
            for (i, (name, rows, cols)) in self.matrices().into_iter().enumerate() {
                let seed = (layer * 7 + i) as u32 + 10;
                let bytes = q4_1(rows * cols / 32, seed, step(cols));
                let name = format!("blk.{layer}.{name}.weight");
                file.tensor(&name, &[rows, cols], GgmlType::Q4_1, &bytes);
            }
        }
        norm(&mut file, "output_norm.weight");
        file.finish()
    }

    /// Adapters for every matrix of every layer, `A` in int8 as shipped.
    pub fn adapters(&self, config: &Adapters) -> BTreeMap<String, Tensor> {
        let mut all = BTreeMap::new();
        let rank = config.rank;
        for layer in 0..self.layers {
            for (i, (name, rows, cols)) in self.matrices().into_iter().enumerate() {
                let key = format!("adapters.blk.{layer}.{name}");
                let seed = (layer * 7 + i) as u32;
                let a = TensorData::I8 {
                    q: bytes(rank * cols, seed),
                    scale: vec![step(cols) / 254.0; rank],
                };
                let b = TensorData::F32(values(rows * rank, seed + 7, 0.05, 0.0));
                let (shape_a, shape_b) = (vec![rank, cols], vec![rows, rank]);
                all.insert(
                    format!("{key}.lora_a"),
                    Tensor {
                        shape: shape_a,
                        data: a,
                    },
                );
                all.insert(
                    format!("{key}.lora_b"),
                    Tensor {
                        shape: shape_b,
                        data: b,
                    },
                );
            }
        }
        all
    }

    /// Rows of token embeddings. The head uses the same rows.
    fn embedding(&self) -> Vec<u8> {
        let row = self.width / 32;
        let quiet = CONTROLS.len() + 256;
        let mut table = q8_0(quiet * row, 1, step(self.width) * QUIET);
        table.extend(q8_0((self.vocabulary - quiet) * row, 2, step(self.width)));
        // A row of zeros is never the most likely token, so that an answer of random weights does
        // not end early.
        table[STOP * row * 34..(STOP + 1) * row * 34].fill(0);
        table
    }

    fn metadata(&self, file: &mut Writer) {
        let mut names: Vec<String> = CONTROLS.map(String::from).to_vec();
        names.extend(byte_names());
        for i in names.len()..self.vocabulary {
            // A word after a space, which byte-level BPE writes as this letter.
            names.push(format!("\u{120}w{i}"));
        }
        let kinds: Vec<i32> = (0..names.len())
            .map(|i| KINDS[usize::from(i < CONTROLS.len())])
            .collect();
        file.text("general.architecture", "llama");
        for (key, value) in [
            ("llama.embedding_length", self.width),
            ("llama.attention.head_count", self.heads),
            ("llama.attention.head_count_kv", self.kv_heads),
            ("llama.block_count", self.layers),
            ("llama.feed_forward_length", self.hidden),
            ("tokenizer.ggml.bos_token_id", 1),
            ("tokenizer.ggml.eos_token_id", STOP),
        ] {
            file.u32(key, value as u32);
        }
        file.f32("llama.rope.freq_base", 100_000.0);
        file.f32("llama.attention.layer_norm_rms_epsilon", 1e-5);
        file.text("tokenizer.ggml.model", "gpt2");
        file.text("tokenizer.ggml.pre", "smollm");
        file.texts("tokenizer.ggml.tokens", &names);
        file.integers("tokenizer.ggml.token_type", &kinds);
        file.texts::<String>("tokenizer.ggml.merges", &[]);
    }
}

/// The letter that stands for each byte in byte-level BPE (GPT-2, `bytes_to_unicode` in its
/// `encoder.py`).
fn byte_names() -> Vec<String> {
    let printable = |byte: u8| matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    let mut next = 256;
    let mut name = |byte: u8| {
        if printable(byte) {
            return char::from(byte).to_string();
        }
        next += 1;
        char::from_u32(next - 1).unwrap_or_default().to_string()
    };
    (0..=u8::MAX).map(&mut name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gguf::Gguf;

    #[test]
    fn the_reader_takes_it() {
        let shape = LanguageShape {
            layers: 1,
            width: 64,
            heads: 2,
            kv_heads: 1,
            hidden: 128,
            vocabulary: 320,
        };
        let bytes = shape.gguf();
        let file = Gguf::parse("random", &bytes).expect("a sound file");
        let tokens = file.strings("tokenizer.ggml.tokens").expect("tokens");
        assert_eq!(tokens.len(), 320);
        assert_eq!(
            (tokens[2], tokens[3 + 97], tokens[319]),
            ("<|im_end|>", "a", "\u{120}w319")
        );
        let table = file.tensor("token_embd.weight").expect("the embedding");
        assert_eq!(table.shape, [320, 64]);
    }
}
