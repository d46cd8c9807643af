//! What talks: the conversation behind a picture, and many of them at once.

use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::Arc;

use sightline_kernels::Buffer;
use sightline_language::{Adapters, Generated, Sampling, Session as Conversation};

use crate::conversations::{Asked, BatchAnswer, Before, Group};
use crate::error::Result;
use crate::inside::said::Said;
use crate::language::Language;

/// How an answer is made.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Largest number of tokens in an answer.
    pub max_tokens: usize,
    /// 0 takes the most probable token every time.
    pub temperature: f32,
    /// Seed of the randomness.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_tokens: 64,
            temperature: 0.0,
            seed: 0,
        }
    }
}

/// The part of a model that talks: chat layout, KV cache, generation. It knows a picture by its
/// visual tokens alone.
pub(crate) struct Talk {
    language: Rc<Language>,
    /// Behind the picture of the last look.
    conversation: Conversation,
    /// The last question behind it, and its answer.
    said: Option<Said>,
    /// Behind several pictures.
    group: Group,
}

impl Talk {
    /// Records the step of one token.
    pub(crate) async fn new(language: Rc<Language>, adapters: Option<Arc<Adapters>>) -> Result<Self> {
        Ok(Self {
            conversation: Conversation::new(language.llama.clone(), adapters.clone(), language.chat.layout()).await?,
            said: None,
            group: Group::new(Rc::clone(&language), adapters),
            language,
        })
    }

    /// The shared language model.
    pub(crate) fn language(&self) -> &Language {
        &self.language
    }

    /// Puts the prefix of the prompt into the KV cache: the beginning of the sequence and `count`
    /// visual tokens.
    ///
    /// # Shapes
    /// `visual` `[count, width]`.
    pub(crate) fn hear(&mut self, visual: &Buffer, count: usize) -> Result<()> {
        self.said = None;
        Ok(self.conversation.prefill_prefix(visual, count)?)
    }

    /// Answers a question behind the prefix. If `on_text` returns `false`, the answer stops.
    pub(crate) async fn say(
        &mut self,
        question: &str,
        options: &Options,
        mut on_text: impl AsyncFnMut(&str) -> bool,
    ) -> Result<Generated> {
        let tokenizer = self.language.tokenizer();
        let prompt = self.language.chat.question(question, self.conversation.prefix_len())?;
        let sampling = if options.temperature > 0.0 {
            Sampling::Temperature {
                temperature: options.temperature,
                seed: options.seed,
            }
        } else {
            Sampling::Greedy
        };
        let generation = sightline_language::Options {
            max_tokens: options.max_tokens,
            sampling,
        };
        let streamed = async |text: &str| match on_text(text).await {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        };
        let generated = self.conversation.generate(tokenizer, &prompt, &generation, streamed);
        let generated = generated.await?;
        self.said = Some(Said {
            question: question.trim().to_owned(),
            prompt: prompt.len(),
            ids: prompt.into_iter().chain(generated.ids.iter().copied()).collect(),
        });
        Ok(generated)
    }

    /// The last question about the picture, and its answer.
    pub(crate) fn said(&self) -> Option<&Said> {
        self.said.as_ref()
    }

    /// Hidden states of the visual tokens and of text behind them, see
    /// [`Conversation::hidden_states`].
    pub(crate) async fn hidden_states(
        &mut self,
        visual: &Buffer,
        count: usize,
        ids: &[u32],
        layers: usize,
    ) -> Result<(Vec<f32>, Vec<f32>)> {
        Ok(self.conversation.hidden_states(visual, count, ids, layers).await?)
    }

    /// Mean time of one decoding step behind the prefix, ms.
    pub(crate) async fn time_steps(&mut self, steps: usize) -> Result<f64> {
        Ok(self.conversation.time_steps(steps).await?)
    }

    /// Number of kernel launches of one decoding step, and the least number of bytes that it reads.
    pub(crate) fn cost_per_token(&self) -> (usize, usize) {
        (
            self.conversation.launches_per_token(),
            self.conversation.bytes_per_token(),
        )
    }

    /// Checks that a question fits behind a picture of `visual` tokens in [`Talk::answer`].
    pub(crate) fn fits(&self, question: &str, visual: usize) -> Result<()> {
        self.group.fits(question, Before::Picture(visual))
    }

    /// Makes room for `slots` answers of at most `most` tokens, behind pictures of `visual` tokens.
    /// Returns whether there was none.
    pub(crate) async fn prepare(&mut self, visual: usize, slots: usize, most: usize) -> Result<bool> {
        self.group.prepare(Before::Picture(visual), slots, most).await
    }

    /// Answers questions greedily, in their order. `pictures` holds the index into `visual` for
    /// every question.
    ///
    /// # Shapes
    /// `visual` `[pictures, visual tokens, width]`.
    pub(crate) async fn answer(
        &mut self,
        visual: &Buffer,
        asked: &[Asked<'_>],
        pictures: &[usize],
    ) -> Result<Vec<BatchAnswer>> {
        self.group.answer(visual, asked, pictures).await
    }
}
