//! Many questions at once, as evaluations ask them: pictures are encoded together, each once, prompts are prefilled together, and answers
//! decoded in step.

use std::collections::HashMap;

use sightline_kernels::{Buffer, ops};
use sightline_language::{Batch, LanguageError, Prompt, chat};
use sightline_vision::{Session as EncoderSession, Size};

use crate::error::Result;
use crate::model::{Options, Vlm};

/// Positions kept for a question; longer ones are refused.
const QUESTION_ROOM: usize = 320;

/// Pictures that are encoded at once: enough to fill a GPU, and no buffer of an encoder becomes larger than devices allow.
const PICTURES: usize = 64;

/// One question about one picture.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The picture's normalised values, as the model's transform gives them.
    pub picture: &'a [f32],
    /// The same for all questions about one picture.
    pub key: &'a str,
    /// The user's whole turn.
    pub question: &'a str,
    /// Ids of tokens whose probabilities are the answer; none where it is written.
    pub choices: Option<&'a [u32]>,
}

/// What came of a question.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BatchAnswer {
    /// The written answer.
    pub text: String,
    /// Its tokens.
    pub ids: Vec<u32>,
    /// Smallest distance between the best and the second logit of its steps.
    pub margin: f32,
    /// Probabilities of the choices at the answer's first token: softmax in f32, renormalised over them.
    pub probabilities: Option<Vec<f32>>,
}

/// Encoders for so many pictures, and the conversations.
pub(crate) struct Batcher {
    encoders: HashMap<usize, EncoderSession>,
    conversations: Batch,
    /// Longest answer that fits behind the longest question.
    most: usize,
}

impl Vlm {
    /// Answers questions in their order, greedily. All that are asked at once advance together, and `slots`, at least their number, decides
    /// the shapes of the arithmetic.
    ///
    /// # Errors
    /// A question that does not fit, see [`Vlm::fits`], or a device that fails.
    pub async fn answer_batch(
        &mut self,
        batch: &[Ask<'_>],
        slots: usize,
        options: &Options,
    ) -> Result<Vec<BatchAnswer>> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        self.prepare(slots.max(batch.len()), options.max_tokens).await?;
        let mut pictures: Vec<&Ask<'_>> = Vec::new();
        let mut places = HashMap::new();
        for ask in batch {
            places.entry(ask.key).or_insert_with(|| {
                pictures.push(ask);
                pictures.len() - 1
            });
        }
        let visual = self.see_all(&pictures).await?;
        let tokenizer = &self.language.tokenizer;
        let prefix = self.encoder.grid().tokens() + 1;
        let mut ids = Vec::with_capacity(batch.len());
        for ask in batch {
            ids.push(fitting(chat::question(tokenizer, ask.question, prefix)?)?);
        }
        let prompts: Vec<Prompt<'_>> = batch
            .iter()
            .zip(&ids)
            .map(|(ask, ids)| Prompt {
                picture: places[ask.key],
                ids,
            })
            .collect();
        let Some(batcher) = &mut self.batcher else {
            return Ok(Vec::new());
        };
        batcher.conversations.prefill(&visual, &prompts)?;
        let choices = batch.iter().map(|ask| ask.choices);
        let mut answers: Vec<Option<BatchAnswer>> = vec![None; batch.len()];
        if choices.clone().any(|choices| choices.is_some()) {
            let logits = batcher.conversations.logits().await?;
            let rows = logits.chunks_exact(tokenizer.vocabulary());
            answers = choices
                .clone()
                .zip(rows)
                .map(|(choices, logits)| Some(chosen(choices?, logits)))
                .collect();
        }
        if choices.clone().any(|choices| choices.is_none()) {
            let said = batcher.conversations.decode(&prompts, batcher.most).await?;
            for (answer, said) in answers.iter_mut().zip(said) {
                answer.get_or_insert_with(|| BatchAnswer {
                    text: tokenizer.decode(&said.ids),
                    ids: said.ids,
                    margin: said.margin,
                    probabilities: None,
                });
            }
        }
        Ok(answers.into_iter().flatten().collect())
    }

    /// Whether a question fits beside a picture in [`Vlm::answer_batch`]; the error says how long it is.
    pub fn fits(&self, question: &str) -> Result<()> {
        let prefix = self.encoder.grid().tokens() + 1;
        fitting(chat::question(&self.language.tokenizer, question, prefix)?).map(drop)
    }

    /// Makes the conversations, if they are not there in this number.
    async fn prepare(&mut self, slots: usize, most: usize) -> Result<()> {
        let fit = |batcher: &Batcher| batcher.conversations.slots() == slots && batcher.most == most;
        if self.batcher.as_ref().is_some_and(fit) {
            return Ok(());
        }
        self.batcher = None;
        let visual = self.encoder.grid().tokens();
        let capacity = visual + 1 + QUESTION_ROOM + most;
        let (llama, adapters) = (self.language.llama.clone(), self.adapters.clone());
        self.batcher = Some(Batcher {
            encoders: HashMap::new(),
            conversations: Batch::new(llama, adapters, slots, visual, capacity).await?,
            most,
        });
        Ok(())
    }

    /// Visual tokens of pictures, one after the other.
    async fn see_all(&mut self, pictures: &[&Ask<'_>]) -> Result<Buffer> {
        if pictures.len() <= PICTURES {
            return self.see_some(pictures).await;
        }
        let each = self.encoder.grid().tokens() * self.connector.width();
        let all = self.device.empty_f32(pictures.len() * each);
        for (piece, first) in pictures.chunks(PICTURES).zip((0..).step_by(PICTURES)) {
            let some = self.see_some(piece).await?;
            ops::copy(&self.device, &some, 0, &all, first * each, piece.len() * each)?;
        }
        Ok(all)
    }

    /// The same for as many as are encoded at once. Their number is padded to a power of two, so that few encoders are recorded.
    async fn see_some(&mut self, pictures: &[&Ask<'_>]) -> Result<Buffer> {
        let count = pictures.len().next_power_of_two();
        let size = self.encoder.size();
        let size = Size { batch: count, ..size };
        let Some(batcher) = &mut self.batcher else {
            return Ok(self.encoder.output().clone());
        };
        let encoder = match batcher.encoders.entry(count) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => entry.insert(self.network.session(size)?),
        };
        let values: Vec<&[f32]> = pictures.iter().map(|ask| ask.picture).collect();
        let features = encoder.encode_each(&values).await?.clone();
        let grid = encoder.grid();
        self.connector
            .apply(&self.device, &features, count, (grid.height, grid.width))
    }
}

/// A question's tokens, if there is room for them.
fn fitting(ids: Vec<u32>) -> Result<Vec<u32>> {
    let (tokens, limit) = (ids.len(), QUESTION_ROOM);
    if tokens > limit {
        return Err(LanguageError::TooLong { tokens, limit }.into());
    }
    Ok(ids)
}

/// The probabilities of choices.
fn chosen(choices: &[u32], logits: &[f32]) -> BatchAnswer {
    let logit = |token: &u32| logits.get(*token as usize).copied().unwrap_or(f32::NEG_INFINITY);
    // What all have in common falls out of the quotient.
    let best = choices.iter().map(logit).fold(f32::NEG_INFINITY, f32::max);
    let shares: Vec<f32> = choices.iter().map(|token| (logit(token) - best).exp()).collect();
    let sum: f32 = shares.iter().sum();
    let mut sorted: Vec<f32> = choices.iter().map(logit).collect();
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
