//! The language model that models share.

use std::sync::Arc;

use sightline_checkpoint::blob::Blob;
use sightline_checkpoint::gguf::Gguf;
use sightline_kernels::Device;
use sightline_language::{Llama, Tokenizer};

use crate::error::Result;

/// A frozen language model and its tokenizer, shared by all models before it.
pub struct Language {
    pub(crate) llama: Arc<Llama>,
    pub(crate) tokenizer: Tokenizer,
}

impl Language {
    /// Reads a GGUF file's bytes. `file` is only used in errors.
    ///
    /// # Errors
    /// A file that is unsound or describes a model that the decoder cannot run.
    pub fn load(device: &Device, file: &str, bytes: &[u8]) -> Result<Self> {
        let gguf = Gguf::parse(file, bytes).map_err(sightline_language::LanguageError::from)?;
        Self::from_gguf(device, &gguf)
    }

    /// As [`Language::load`], tensor by tensor: the file is never in memory as a whole.
    ///
    /// # Errors
    /// As [`Language::load`], and a span that cannot be read.
    pub fn load_blob(device: &Device, file: &str, blob: &dyn Blob) -> Result<Self> {
        let head = Gguf::head(file, blob).map_err(sightline_language::LanguageError::from)?;
        let gguf = Gguf::parse_head(file, &head, blob).map_err(sightline_language::LanguageError::from)?;
        Self::from_gguf(device, &gguf)
    }

    fn from_gguf(device: &Device, gguf: &Gguf<'_>) -> Result<Self> {
        Ok(Self {
            llama: Arc::new(Llama::load(device, gguf)?),
            tokenizer: Tokenizer::from_gguf(gguf)?,
        })
    }

    /// The decoder's weights.
    pub fn llama(&self) -> &Arc<Llama> {
        &self.llama
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Token ids of these texts, as answers consist of them: without a leading space and without
    /// the end of the turn.
    ///
    /// # Errors
    /// A text that the tokenizer refuses.
    pub fn answers(&self, texts: &[String]) -> Result<Vec<Vec<u32>>> {
        texts.iter().map(|text| Ok(self.tokenizer.encode(text)?)).collect()
    }

    /// Ids of the first tokens of these texts, as an answer begins with them: without a leading space.
    pub fn first_tokens(&self, texts: &[String]) -> Result<Vec<u32>> {
        let first = |text: &String| {
            let ids = self.tokenizer.encode(text)?;
            ids.first()
                .copied()
                .ok_or(sightline_language::LanguageError::EmptyQuestion.into())
        };
        texts.iter().map(first).collect()
    }
}
