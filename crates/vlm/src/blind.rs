//! The blind control: the language model with adapters of the models' training, which never saw a visual token. What it gets right can be
//! known without looking.

use std::rc::Rc;
use std::sync::Arc;

use sightline_checkpoint::manifest;
use sightline_checkpoint::tensors::Tensors;
use sightline_kernels::Buffer;
use sightline_language::Adapters;

use crate::conversations::{Asked, BatchAnswer, Before, Conversations};
use crate::error::Result;
use crate::model::{Language, Options};

/// The control on the device of its language model.
pub struct Blind {
    language: Rc<Language>,
    adapters: Arc<Adapters>,
    before: Before,
    conversations: Option<Conversations>,
    /// Stands where visual tokens would.
    nothing: Buffer,
}

impl Blind {
    /// Puts the adapters beside their language model. `weights`: the bytes of the row's first file.
    ///
    /// # Errors
    /// A file that is unsound or of another language model.
    pub fn load(row: &manifest::Blind, weights: &[u8], language: Rc<Language>) -> Result<Self> {
        let name = row.files.first().map_or("model.safetensors", |file| &file.path);
        let tensors = Tensors::parse(name, weights)?;
        let device = language.llama.device();
        let adapters = Adapters::load(device, &tensors, &row.adapters, language.llama.config())?;
        Ok(Self {
            adapters: Arc::new(adapters),
            before: Before::Nothing(row.text_start),
            conversations: None,
            nothing: device.upload_f32(&[]),
            language,
        })
    }

    /// Answers questions as [`Vlm::answer_batch`](crate::Vlm::answer_batch) does, but for the pictures.
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
        // All are about the same picture, which is none.
        let pictures = vec![0; batch.len()];
        let answers = conversations
            .answer(&self.language.tokenizer, &self.nothing, batch, &pictures)
            .await?;
        self.conversations = Some(conversations);
        Ok(answers)
    }

    /// Whether a question fits; the same ones do as beside a picture of `text_start - 1` visual tokens. The error says how long it is.
    pub fn fits(&self, question: &str) -> Result<()> {
        self.before.prompt(&self.language.tokenizer, question).map(drop)
    }
}
