//! The blind control: the language model with adapters from the same training, but without visual
//! tokens. Its right answers need no picture.

use std::rc::Rc;
use std::sync::Arc;

use sightline_checkpoint::manifest;
use sightline_checkpoint::tensors::Tensors;
use sightline_kernels::Buffer;
use sightline_language::Adapters;

use crate::conversations::{Asked, BatchAnswer, Before, Group};
use crate::error::{Result, VlmError};
use crate::language::Language;
use crate::talk::Options;

/// The control on the device of its language model.
pub struct Blind {
    group: Group,
    /// What stands in the place of a picture.
    before: Before,
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
        let device = language.llama.device().clone();
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
        let adapters = Adapters::load(&device, &tensors, &row.adapters, language.llama.config())?;
        Ok(Self {
            group: Group::new(language, Some(Arc::new(adapters))),
            before: Before::Nothing(row.text_start),
            nothing: device.upload_f32(&[]),
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
        let slots = slots.max(batch.len());
        self.group.prepare(self.before, slots, options.max_tokens).await?;
        // All questions share picture 0, which is empty.
        let pictures = vec![0; batch.len()];
        self.group.answer(&self.nothing, batch, &pictures).await
    }

    /// Checks that a question fits. The limit is that of a model whose text starts at
    /// `text_start`. The error names its length.
    ///
    /// # Errors
    /// A question that is empty or too long.
    pub fn fits(&self, question: &str) -> Result<()> {
        self.group.fits(question, self.before)
    }
}
