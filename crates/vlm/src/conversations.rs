//! Answers many questions at once, behind pictures or behind nothing.

use std::rc::Rc;
use std::sync::Arc;

use sightline_kernels::Buffer;
use sightline_language::{Adapters, Batch, Chat, LanguageError, Prompt};

use crate::error::Result;
use crate::language::Language;

/// Number of positions kept for a question. Longer questions are refused.
const QUESTION_ROOM: usize = 320;

/// How a question is answered.
#[derive(Clone, Copy, Debug, Default)]
pub enum Reply<'a> {
    /// In words.
    #[default]
    Written,
    /// By the probabilities of these tokens at the answer's first place.
    Tokens(&'a [u32]),
    /// By how probable each of these answers is as a whole: token ids of each, without the end of
    /// the turn.
    Answers(&'a [Vec<u32>]),
}

/// A question, and how it is answered.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The whole turn of the user.
    pub question: &'a str,
    /// How it is answered.
    pub reply: Reply<'a>,
}

/// The answer to a question in a batch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BatchAnswer {
    /// The written answer.
    pub text: String,
    /// Its tokens.
    pub ids: Vec<u32>,
    /// How sure the answer is. Written: the smallest distance between the best and the second logit
    /// of its steps. Chosen among tokens: that distance among them. Chosen among whole answers: the
    /// distance between the best two mean log-likelihoods. Infinite where there is no second one.
    pub margin: f32,
    /// One probability per [`Reply::Tokens`] or [`Reply::Answers`], in their order. They sum to 1.
    /// Of tokens it is the softmax of their logits in f32. Of whole answers it is the softmax of
    /// their mean log-likelihoods per token, the end of the turn included.
    pub probabilities: Option<Vec<f32>>,
}

/// What the cache holds before every question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Before {
    /// A picture with this number of visual tokens.
    Picture(usize),
    /// Nothing. The question has this position all the same.
    Nothing(usize),
}

impl Before {
    /// Position of a question's first token.
    fn text_start(self, chat: &Chat) -> usize {
        match self {
            Self::Picture(tokens) => chat.layout().before.len() + tokens,
            Self::Nothing(start) => start,
        }
    }

    /// The tokens of a question, if there is room for them. The error names their number.
    fn prompt(self, chat: &Chat, question: &str) -> Result<Vec<u32>> {
        let ids = chat.question(question, self.text_start(chat))?;
        let (tokens, limit) = (ids.len(), QUESTION_ROOM);
        if tokens > limit {
            return Err(LanguageError::TooLong { tokens, limit }.into());
        }
        Ok(ids)
    }
}

/// Conversations of one model that advance together. They are made when they are first needed.
pub(crate) struct Group {
    language: Rc<Language>,
    adapters: Option<Arc<Adapters>>,
    open: Option<Conversations>,
}

impl Group {
    pub(crate) fn new(language: Rc<Language>, adapters: Option<Arc<Adapters>>) -> Self {
        Self {
            language,
            adapters,
            open: None,
        }
    }

    /// Checks that a question fits behind what comes before it.
    pub(crate) fn fits(&self, question: &str, before: Before) -> Result<()> {
        before.prompt(&self.language.chat, question).map(drop)
    }

    /// Makes room for `slots` questions and answers of at most `most` tokens. Returns whether there
    /// was none.
    pub(crate) async fn prepare(&mut self, before: Before, slots: usize, most: usize) -> Result<bool> {
        if self
            .open
            .as_ref()
            .is_some_and(|open| open.has_room(before, slots, most))
        {
            return Ok(false);
        }
        // Both at once would double the memory.
        self.open = None;
        let adapters = self.adapters.clone();
        self.open = Some(Conversations::new(&self.language, adapters, before, slots, most).await?);
        Ok(true)
    }

    /// As [`Conversations::answer`]. Without room there is no answer.
    pub(crate) async fn answer(
        &mut self,
        visual: &Buffer,
        batch: &[Asked<'_>],
        pictures: &[usize],
    ) -> Result<Vec<BatchAnswer>> {
        match &mut self.open {
            Some(open) => open.answer(&self.language.chat, visual, batch, pictures).await,
            None => Ok(Vec::new()),
        }
    }
}

/// Conversations that advance together.
struct Conversations {
    batch: Batch,
    before: Before,
    /// Number of tokens that an answer may have behind the longest question.
    most: usize,
}

impl Conversations {
    /// Room for `slots` questions and answers of at most `most` tokens.
    async fn new(
        language: &Language,
        adapters: Option<Arc<Adapters>>,
        before: Before,
        slots: usize,
        most: usize,
    ) -> Result<Self> {
        let (llama, chat, room) = (language.llama.clone(), language.chat.layout(), QUESTION_ROOM + most);
        let start = chat.before.len();
        let batch = match before {
            Before::Picture(visual) => Batch::new(llama, adapters, chat, slots, visual, start + visual + room).await?,
            Before::Nothing(text) => Batch::blind(llama, adapters, chat, slots, text, start + room).await?,
        };
        Ok(Self { batch, before, most })
    }

    /// Whether [`Conversations::new`] would make the same for these sizes.
    fn has_room(&self, before: Before, slots: usize, most: usize) -> bool {
        self.before == before && self.batch.slots() == slots && self.most == most
    }

    /// Answers questions greedily, in their order. `pictures` holds the index into `visual` for
    /// every question.
    ///
    /// # Shapes
    /// `visual` `[pictures, visual tokens, width]`; any buffer if nothing comes before a question.
    async fn answer(
        &mut self,
        chat: &Chat,
        visual: &Buffer,
        batch: &[Asked<'_>],
        pictures: &[usize],
    ) -> Result<Vec<BatchAnswer>> {
        let mut ids = Vec::with_capacity(batch.len());
        for asked in batch {
            ids.push(self.before.prompt(chat, asked.question)?);
        }
        let prompts: Vec<Prompt<'_>> = pictures
            .iter()
            .zip(&ids)
            .map(|(&picture, ids)| Prompt { picture, ids })
            .collect();
        self.batch.prefill(visual, &prompts)?;
        let mut answers: Vec<Option<BatchAnswer>> = vec![None; batch.len()];
        if batch.iter().any(|asked| matches!(asked.reply, Reply::Tokens(_))) {
            let logits = self.batch.logits().await?;
            let rows = logits.chunks_exact(chat.tokenizer().vocabulary());
            for ((answer, asked), logits) in answers.iter_mut().zip(batch).zip(rows) {
                if let Reply::Tokens(choices) = asked.reply {
                    *answer = Some(chosen(choices, logits));
                }
            }
        }
        if batch.iter().any(|asked| matches!(asked.reply, Reply::Answers(_))) {
            let wholes: Vec<&[Vec<u32>]> = batch
                .iter()
                .map(|asked| match asked.reply {
                    Reply::Answers(answers) => answers,
                    Reply::Written | Reply::Tokens(_) => &[],
                })
                .collect();
            let found = self.batch.likelihoods(&prompts, &wholes).await?;
            for ((answer, asked), means) in answers.iter_mut().zip(batch).zip(found) {
                if let Reply::Answers(_) = asked.reply {
                    *answer = Some(softmax(&means));
                }
            }
        }
        if answers.iter().any(Option::is_none) {
            if answers.iter().any(Option::is_some) {
                // Forced answers stand where the written ones begin.
                self.batch.prefill(visual, &prompts)?;
            }
            let said = self.batch.decode(&prompts, self.most).await?;
            for (answer, said) in answers.iter_mut().zip(said) {
                answer.get_or_insert_with(|| BatchAnswer {
                    text: chat.tokenizer().decode(&said.ids),
                    ids: said.ids,
                    margin: said.margin,
                    probabilities: None,
                });
            }
        }
        Ok(answers.into_iter().flatten().collect())
    }
}

/// The probabilities of choices.
fn chosen(choices: &[u32], logits: &[f32]) -> BatchAnswer {
    let logit = |token: &u32| logits.get(*token as usize).copied().unwrap_or(f32::NEG_INFINITY);
    softmax(&choices.iter().map(logit).collect::<Vec<f32>>())
}

/// The probabilities of what has these logits.
fn softmax(logits: &[f32]) -> BatchAnswer {
    // What all have in common falls out of the quotient.
    let best = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let shares: Vec<f32> = logits.iter().map(|logit| (logit - best).exp()).collect();
    let sum: f32 = shares.iter().sum();
    let mut sorted = logits.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    BatchAnswer {
        margin: sorted.get(1).map_or(f32::INFINITY, |second| sorted[0] - second),
        probabilities: Some(shares.iter().map(|share| share / sum).collect()),
        ..BatchAnswer::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_of_the_choices_alone() {
        let answer = chosen(&[2, 0], &[1.0, 50.0, 1.0 + 3.0f32.ln()]);
        let found = answer.probabilities.unwrap_or_default();
        assert!(
            (found[0] - 0.75).abs() < 1e-6 && (found[1] - 0.25).abs() < 1e-6,
            "{found:?}"
        );
        assert!((answer.margin - 3.0f32.ln()).abs() < 1e-6);
    }
}
