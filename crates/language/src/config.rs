use sightline_checkpoint::gguf::Gguf;

use crate::error::{LanguageError, Result};

/// Metadata of the architecture that is obeyed, or that only describes the file.
const KNOWN: &[&str] = &[
    "block_count",
    "context_length",
    "embedding_length",
    "feed_forward_length",
    "vocab_size",
    "attention.head_count",
    "attention.head_count_kv",
    "attention.key_length",
    "attention.value_length",
    "attention.layer_norm_rms_epsilon",
    "rope.dimension_count",
    "rope.freq_base",
];

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
    /// Tokens that end an answer, as the file names them: end of the sequence, then, if the file
    /// has them, end of a turn and of a message.
    pub stops: Vec<u32>,
    /// Number of positions that the model was made for, if the file says so.
    pub context: Option<usize>,
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
        obeyed(gguf)?;
        let size = |key: &str| -> Result<usize> {
            let found = gguf.u64(key)?;
            match usize::try_from(found) {
                Ok(value) if found > 0 && found <= LARGEST => Ok(value),
                _ => Err(refuse(gguf, key, format!("is {found}, must be from 1 to {LARGEST}"))),
            }
        };
        let (width, heads) = (size("llama.embedding_length")?, size("llama.attention.head_count")?);
        let mut config = Self {
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
            stops: vec![token(gguf, "tokenizer.ggml.eos_token_id")?],
            context: None,
        };
        for key in ["tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"] {
            if gguf.value(key).is_some() {
                config.stops.push(token(gguf, key)?);
            }
        }
        if gguf.value("llama.context_length").is_some() {
            config.context = Some(size("llama.context_length")?);
        }
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
        // Absent values mean what the others imply.
        for (key, wanted) in [
            ("llama.attention.key_length", head_dim),
            ("llama.attention.value_length", head_dim),
            ("llama.vocab_size", self.vocabulary),
        ] {
            if gguf.value(key).is_some() && gguf.u64(key)? != wanted as u64 {
                return Err(refuse(
                    gguf,
                    key,
                    format!("is {}, must be {wanted} here", gguf.u64(key)?),
                ));
            }
        }
        if heads * head_dim != width || !head_dim.is_multiple_of(2) {
            let problem = format!("is {heads}, which does not split a width of {width} into even heads");
            return Err(refuse(gguf, "llama.attention.head_count", problem));
        }
        if !heads.is_multiple_of(kv_heads) {
            let problem = format!("is {kv_heads}, which does not divide {heads} heads");
            return Err(refuse(gguf, "llama.attention.head_count_kv", problem));
        }
        // An absent value means the whole head. A part of a head would be another model.
        if gguf.value("llama.rope.dimension_count").is_some()
            && let rotated = gguf.u64("llama.rope.dimension_count")?
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
        Ok(())
    }
}

/// Fails on a setting of the architecture that the decoder does not know.
fn obeyed(gguf: &Gguf<'_>) -> Result<()> {
    for key in gguf.keys() {
        let Some(name) = key.strip_prefix("llama.") else {
            continue;
        };
        if !KNOWN.contains(&name) {
            return Err(refuse(gguf, key, "is a setting that the decoder does not know".into()));
        }
    }
    Ok(())
}

/// Metadata that is a token of the vocabulary.
fn token(gguf: &Gguf<'_>, key: &str) -> Result<u32> {
    let (found, vocabulary) = (gguf.u64(key)?, gguf.strings("tokenizer.ggml.tokens")?.len());
    match u32::try_from(found) {
        Ok(id) if (id as usize) < vocabulary => Ok(id),
        _ => Err(refuse(
            gguf,
            key,
            format!("is {found}, the vocabulary has {vocabulary} tokens"),
        )),
    }
}

/// Of the `chat` in the manifest's row of this file.
pub(crate) fn refuse_row(gguf: &Gguf<'_>, field: &str, problem: String) -> LanguageError {
    LanguageError::Row {
        file: gguf.file().into(),
        field: field.into(),
        problem,
    }
}

pub(crate) fn refuse(gguf: &Gguf<'_>, field: &str, problem: String) -> LanguageError {
    LanguageError::Model {
        file: gguf.file().into(),
        field: field.into(),
        problem,
    }
}
