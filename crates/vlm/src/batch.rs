//! Many questions at once, as evaluations ask them: pictures are encoded together, each once, prompts are prefilled together, and answers
//! decoded in step.

use std::collections::HashMap;

use sightline_kernels::{Buffer, ops};
use sightline_vision::{Session as EncoderSession, Size};

use crate::conversations::{Asked, BatchAnswer, Before, Conversations};
use crate::error::{Result, VlmError};
use crate::model::{Options, Vlm};

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

/// Encoders for so many pictures, and the conversations.
pub(crate) struct Batcher {
    encoders: HashMap<usize, EncoderSession>,
    conversations: Conversations,
}

impl Vlm {
    /// Answers questions in their order, greedily. All that are asked at once advance together, and `slots`, at least their number, decides
    /// the shapes of the arithmetic.
    ///
    /// # Errors
    /// A question that does not fit, see [`Vlm::fits`], a policy without a canvas of one size, or a device that fails.
    pub async fn answer_batch(
        &mut self,
        batch: &[Ask<'_>],
        slots: usize,
        options: &Options,
    ) -> Result<Vec<BatchAnswer>> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        if !self.transform.is_fixed() {
            return Err(VlmError::Row {
                id: self.id().to_owned(),
                problem: "gives pictures of other shapes canvases of other sizes (transform.policy); such a model answers one \
                          question at a time"
                    .into(),
            });
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
        let Some(batcher) = &mut self.batcher else {
            return Ok(Vec::new());
        };
        let asked: Vec<Asked<'_>> = batch
            .iter()
            .map(|ask| Asked {
                question: ask.question,
                choices: ask.choices,
            })
            .collect();
        let pictures: Vec<usize> = batch.iter().map(|ask| places[ask.key]).collect();
        let tokenizer = &self.language.tokenizer;
        batcher
            .conversations
            .answer(tokenizer, &visual, &asked, &pictures)
            .await
    }

    /// Whether a question fits beside a picture in [`Vlm::answer_batch`]; the error says how long it is.
    pub fn fits(&self, question: &str) -> Result<()> {
        self.before().prompt(&self.language.tokenizer, question).map(drop)
    }

    fn before(&self) -> Before {
        Before::Picture(self.encoder.grid().tokens())
    }

    /// Makes the conversations, if they are not there in this number.
    async fn prepare(&mut self, slots: usize, most: usize) -> Result<()> {
        let fit = |batcher: &Batcher| batcher.conversations.has_room(slots, most);
        if self.batcher.as_ref().is_some_and(fit) {
            return Ok(());
        }
        self.batcher = None;
        let adapters = self.adapters.clone();
        self.batcher = Some(Batcher {
            encoders: HashMap::new(),
            conversations: Conversations::new(&self.language, adapters, self.before(), slots, most).await?,
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
