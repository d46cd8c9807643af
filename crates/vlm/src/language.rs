//! The language model that models share.

use std::sync::Arc;

use sightline_checkpoint::blob::Blob;
use sightline_checkpoint::gguf::Gguf;
use sightline_checkpoint::manifest;
use sightline_kernels::Device;
use sightline_language::{Chat, Llama, Tokenizer};

use crate::error::Result;

/// A frozen language model and how it is talked to, shared by all models before it.
pub struct Language {
    pub(crate) llama: Arc<Llama>,
    pub(crate) chat: Chat,
}

impl Language {
    /// Reads a GGUF file's bytes. `chat` is that of the model's row. `file` is only used in errors.
    ///
    /// # Errors
    /// A file that is unsound, describes a model that the decoder cannot run, or does not fit
    /// `chat`.
    pub fn load(device: &Device, chat: &manifest::Chat, file: &str, bytes: &[u8]) -> Result<Self> {
        let gguf = Gguf::parse(file, bytes).map_err(sightline_language::LanguageError::from)?;
        Self::from_gguf(device, chat, &gguf)
    }

    /// As [`Language::load`], tensor by tensor: the file is never in memory as a whole.
    ///
    /// # Errors
    /// As [`Language::load`], and a span that cannot be read.
    pub fn load_blob(device: &Device, chat: &manifest::Chat, file: &str, blob: &dyn Blob) -> Result<Self> {
        let head = Gguf::head(file, blob).map_err(sightline_language::LanguageError::from)?;
        let gguf = Gguf::parse_head(file, &head, blob).map_err(sightline_language::LanguageError::from)?;
        Self::from_gguf(device, chat, &gguf)
    }

    fn from_gguf(device: &Device, chat: &manifest::Chat, gguf: &Gguf<'_>) -> Result<Self> {
        Ok(Self {
            chat: Chat::new(chat, gguf)?,
            llama: Arc::new(Llama::load(device, gguf)?),
        })
    }

    /// The decoder's weights.
    pub fn llama(&self) -> &Arc<Llama> {
        &self.llama
    }

    /// How it is talked to.
    pub fn chat(&self) -> &Chat {
        &self.chat
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        self.chat.tokenizer()
    }

    /// Token ids of these texts, as answers consist of them: without a leading space and without
    /// the end of the turn.
    ///
    /// # Errors
    /// A text that the tokenizer refuses.
    pub fn answers(&self, texts: &[String]) -> Result<Vec<Vec<u32>>> {
        texts.iter().map(|text| Ok(self.tokenizer().encode(text)?)).collect()
    }

    /// Ids of the first tokens of these texts, as an answer begins with them: without a leading
    /// space. One per text, in their order.
    ///
    /// # Errors
    /// A text that the tokenizer refuses, or that has no token.
    pub fn first_tokens(&self, texts: &[String]) -> Result<Vec<u32>> {
        let first = |text: &String| {
            let ids = self.tokenizer().encode(text)?;
            ids.first()
                .copied()
                .ok_or(sightline_language::LanguageError::EmptyQuestion.into())
        };
        texts.iter().map(first).collect()
    }
}
