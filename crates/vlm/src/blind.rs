//! The blind control: the language model with adapters from the same training, but without visual
//! tokens. Its right answers need no picture.

use std::rc::Rc;
use std::sync::Arc;

use sightline_checkpoint::manifest;
use sightline_checkpoint::tensors::Tensors;
use sightline_kernels::Buffer;
use sightline_language::Adapters;

use crate::conversations::{Asked, BatchAnswer, Before, Conversations};
use crate::error::{Result, VlmError};
use crate::model::{Language, Options};

/// The control on the device of its language model.
pub struct Blind {
    language: Rc<Language>,
    adapters: Arc<Adapters>,
    before: Before,
    conversations: Option<Conversations>,
    /// Takes the place of the visual tokens.
    nothing: Buffer,
}

impl Blind {
    /// Loads the adapters beside their language model. `weights` holds the bytes of the row's first
    /// file.
    ///
    /// # Errors
    /// A file that is unsound or belongs to another language model.
    pub fn load(row: &manifest::Blind, weights: &[u8], language: Rc<Language>) -> Result<Self> {
        let name = row.files.first().map_or("model.safetensors", |file| &file.path);
        let tensors = Tensors::parse(name, weights)?;
        let device = language.llama.device();
        let first = language.chat.layout().before.len();
        if row.text_start < first {
            return Err(VlmError::Row {
                id: row.id.clone(),
                problem: format!(
                    "has text_start {}, but the prompts of its language model begin with {first} tokens; give the \
                     position in training",
                    row.text_start
                ),
            });
        }
        let adapters = Adapters::load(device, &tensors, &row.adapters, language.llama.config())?;
        Ok(Self {
            adapters: Arc::new(adapters),
            before: Before::Nothing(row.text_start),
            conversations: None,
            nothing: device.upload_f32(&[]),
            language,
        })
    }

    /// Answers questions as [`Vlm::answer_batch`](crate::Vlm::answer_batch) does, without pictures.
    ///
    /// # Errors
    /// A question that does not fit, see [`Blind::fits`], or a device that fails.
    pub async fn answer_batch(
        &mut self,
        batch: &[Asked<'_>],
        slots: usize,
        options: &Options,
    ) -> Result<Vec<BatchAnswer>> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let (slots, most) = (slots.max(batch.len()), options.max_tokens);
        let mut conversations = match self.conversations.take() {
            Some(conversations) if conversations.has_room(slots, most) => conversations,
            _ => Conversations::new(&self.language, Some(self.adapters.clone()), self.before, slots, most).await?,
        };
        // All questions share picture 0, which is empty.
        let pictures = vec![0; batch.len()];
        let answers = conversations
            .answer(&self.language.chat, &self.nothing, batch, &pictures)
            .await?;
        self.conversations = Some(conversations);
        Ok(answers)
    }

    /// Checks that a question fits. The limit is that of a model whose text starts at
    /// `text_start`. The error names its length.
    ///
    /// # Errors
    /// A question that is empty or too long.
    pub fn fits(&self, question: &str) -> Result<()> {
        self.before.prompt(&self.language.chat, question).map(drop)
    }
}
