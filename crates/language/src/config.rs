use sightline_checkpoint::gguf::Gguf;

use crate::error::{LanguageError, Result};

/// Largest size that is accepted. It keeps every product far from overflow.
const LARGEST: u64 = 1 << 20;

/// Shape of a Llama-family decoder.
#[derive(Clone, Debug, PartialEq)]
pub struct LlamaConfig {
    /// Number of decoder layers.
    pub layers: usize,
    /// Width of the residual stream.
    pub width: usize,
    /// Number of query heads.
    pub heads: usize,
    /// Number of key and value heads.
    pub kv_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Width of the feed-forward layer.
    pub ffn: usize,
    /// Base of the rotary angles.
    pub rope_base: f64,
    /// Epsilon of RMSNorm.
    pub eps: f32,
    /// Number of token ids.
    pub vocabulary: usize,
    /// Token that opens every prompt.
    pub bos: u32,
    /// Token that ends an answer.
    pub stop: u32,
}

impl LlamaConfig {
    /// From a file's metadata.
    ///
    /// # Errors
    /// [`LanguageError`] names the metadata that is missing or that the decoder cannot run.
    pub fn from_gguf(gguf: &Gguf<'_>) -> Result<Self> {
        let architecture = gguf.str("general.architecture")?;
        if architecture != "llama" {
            return Err(refuse(
                gguf,
                "general.architecture",
                format!("is `{architecture}`, not `llama`"),
            ));
        }
        let size = |key: &str| -> Result<usize> {
            let found = gguf.u64(key)?;
            match usize::try_from(found) {
                Ok(value) if found > 0 && found <= LARGEST => Ok(value),
                _ => Err(refuse(gguf, key, format!("is {found}, must be from 1 to {LARGEST}"))),
            }
        };
        let (width, heads) = (size("llama.embedding_length")?, size("llama.attention.head_count")?);
        let config = Self {
            layers: size("llama.block_count")?,
            width,
            heads,
            kv_heads: size("llama.attention.head_count_kv")?,
            head_dim: width / heads,
            ffn: size("llama.feed_forward_length")?,
            rope_base: f64::from(gguf.f32("llama.rope.freq_base")?),
            eps: gguf.f32("llama.attention.layer_norm_rms_epsilon")?,
            vocabulary: gguf.strings("tokenizer.ggml.tokens")?.len(),
            bos: token(gguf, "tokenizer.ggml.bos_token_id")?,
            stop: token(gguf, "tokenizer.ggml.eos_token_id")?,
        };
        config.check(gguf)?;
        Ok(config)
    }

    /// Width of q, k and v of one token together.
    pub fn qkv_width(&self) -> usize {
        (self.heads + 2 * self.kv_heads) * self.head_dim
    }

    /// Width of the keys of one token.
    pub fn kv_width(&self) -> usize {
        self.kv_heads * self.head_dim
    }

    fn check(&self, gguf: &Gguf<'_>) -> Result<()> {
        let Self {
            width,
            heads,
            kv_heads,
            head_dim,
            ..
        } = *self;
        if heads * head_dim != width || !head_dim.is_multiple_of(2) {
            let problem = format!("is {heads}, which does not split a width of {width} into even heads");
            return Err(refuse(gguf, "llama.attention.head_count", problem));
        }
        if !heads.is_multiple_of(kv_heads) {
            let problem = format!("is {kv_heads}, which does not divide {heads} heads");
            return Err(refuse(gguf, "llama.attention.head_count_kv", problem));
        }
        // An absent value means the whole head. A part of a head would be another model.
        if let Ok(rotated) = gguf.u64("llama.rope.dimension_count")
            && rotated != head_dim as u64
        {
            let problem = format!("is {rotated}, only whole heads of {head_dim} are rotated");
            return Err(refuse(gguf, "llama.rope.dimension_count", problem));
        }
        if !(self.rope_base.is_finite() && self.rope_base > 1.0) {
            let problem = format!("is {}, must be above 1", self.rope_base);
            return Err(refuse(gguf, "llama.rope.freq_base", problem));
        }
        if !(self.eps.is_finite() && self.eps > 0.0) {
            let problem = format!("is {}, must be above 0", self.eps);
            return Err(refuse(gguf, "llama.attention.layer_norm_rms_epsilon", problem));
        }
        for (key, id) in [
            ("tokenizer.ggml.bos_token_id", self.bos),
            ("tokenizer.ggml.eos_token_id", self.stop),
        ] {
            if id as usize >= self.vocabulary {
                return Err(refuse(
                    gguf,
                    key,
                    format!("is {id}, the vocabulary has {} tokens", self.vocabulary),
                ));
            }
        }
        Ok(())
    }
}

fn token(gguf: &Gguf<'_>, key: &str) -> Result<u32> {
    let found = gguf.u64(key)?;
    u32::try_from(found).map_err(|_| refuse(gguf, key, format!("is {found}, no token id")))
}

pub(crate) fn refuse(gguf: &Gguf<'_>, field: &str, problem: String) -> LanguageError {
    LanguageError::Model {
        file: gguf.file().into(),
        field: field.into(),
        problem,
    }
}
