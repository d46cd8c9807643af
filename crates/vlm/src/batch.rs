//! Many questions at once, as evaluations ask them. Pictures are encoded together, each once.
//! Prompts are prefilled together, and answers are decoded in step.

use std::collections::HashMap;

use sightline_answer::Region;
use sightline_kernels::{Buffer, ops};
use sightline_vision::{Session as EncoderSession, Size};

use crate::conversations::{Asked, BatchAnswer, Before, Conversations, Reply};
use crate::error::{Result, VlmError};
use crate::model::{Options, Vlm};
use crate::questions::recognise;

/// Number of pictures that are encoded at once. It is enough to fill a GPU, and keeps the buffers
/// of an encoder below the limits of devices.
const PICTURES: usize = 64;

/// One question about one picture.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The picture's normalised values, as the model's transform gives them.
    pub picture: &'a [f32],
    /// A key of the picture. Questions about one picture have the same key.
    pub key: &'a str,
    /// The whole turn of the user.
    pub question: &'a str,
    /// How it is answered.
    pub reply: Reply<'a>,
}

/// Encoders for so many pictures, and the conversations.
#[derive(Default)]
pub(crate) struct Batcher {
    encoders: HashMap<usize, EncoderSession>,
    conversations: Option<Conversations>,
}

impl Vlm {
    /// Answers questions greedily, in their order. All of them advance together. `slots`, which is
    /// at least their number, fixes the shapes of the arithmetic.
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
        let (pictures, places) = apart(batch);
        let visual = self.see_all(&pictures).await?;
        let Some(conversations) = self.batcher.conversations.as_mut() else {
            return Ok(Vec::new());
        };
        let asked: Vec<Asked<'_>> = batch
            .iter()
            .map(|ask| Asked {
                question: ask.question,
                reply: ask.reply,
            })
            .collect();
        let tokenizer = &self.language.tokenizer;
        conversations.answer(tokenizer, &visual, &asked, &places).await
    }

    /// Where the thing is that each question names, by the dense head: the place of the named class's most probable token, however sure. None
    /// for a question that names nothing, or nothing that the head knows.
    ///
    /// # Errors
    /// A model without a dense head, or a device that fails.
    pub async fn locate_batch(&mut self, batch: &[Ask<'_>]) -> Result<Vec<Option<Region>>> {
        let Some(dense) = &self.dense else {
            return Err(VlmError::NoDenseHead { id: self.id.clone() });
        };
        let class = |ask: &Ask<'_>| {
            let named = recognise(&self.kinds, ask.question)?;
            named.names.iter().find_map(|name| dense.class_of(name))
        };
        let classes: Vec<Option<usize>> = batch.iter().map(class).collect();
        let (pictures, places) = apart(batch);
        let grid = self.encoder.grid();
        let (tokens, grid) = (grid.tokens(), (grid.height, grid.width));
        let mut said: Vec<Vec<f32>> = Vec::with_capacity(pictures.len());
        for piece in pictures.chunks(PICTURES) {
            let features = self.encode_some(piece).await?;
            let Some(dense) = &self.dense else { break };
            let out = dense.outputs(&self.device, &features, piece.len() * tokens).await?;
            said.extend(out.chunks_exact(out.len() / piece.len()).map(<[f32]>::to_vec));
        }
        let Some(dense) = &self.dense else {
            return Ok(Vec::new());
        };
        let region =
            |(class, place): (Option<usize>, usize)| class.map(|class| dense.best(&said[place], grid, class).region);
        Ok(classes.into_iter().zip(places).map(region).collect())
    }

    /// Checks that a question fits beside a picture in [`Vlm::answer_batch`]. The error names its
    /// length.
    ///
    /// # Errors
    /// A question that is empty or too long.
    pub fn fits(&self, question: &str) -> Result<()> {
        self.before().prompt(&self.language.tokenizer, question).map(drop)
    }

    fn before(&self) -> Before {
        Before::Picture(self.encoder.grid().tokens())
    }

    /// Makes the conversations, unless there are enough of them.
    async fn prepare(&mut self, slots: usize, most: usize) -> Result<()> {
        let fit = |conversations: &Conversations| conversations.has_room(slots, most);
        if self.batcher.conversations.as_ref().is_some_and(fit) {
            return Ok(());
        }
        self.batcher = Batcher::default();
        let adapters = self.adapters.clone();
        let conversations = Conversations::new(&self.language, adapters, self.before(), slots, most).await?;
        self.batcher.conversations = Some(conversations);
        Ok(())
    }

    /// The visual tokens of pictures, one after the other.
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

    /// The same for as many as are encoded at once.
    async fn see_some(&mut self, pictures: &[&Ask<'_>]) -> Result<Buffer> {
        let features = self.encode_some(pictures).await?;
        let (count, grid) = (pictures.len().next_power_of_two(), self.encoder.grid());
        self.connector
            .apply(&self.device, &features, count, (grid.height, grid.width))
    }

    /// The encoder's tokens of as many pictures as are encoded at once, one after the other. Their number is padded to a power of two, so
    /// that few encoders are recorded.
    async fn encode_some(&mut self, pictures: &[&Ask<'_>]) -> Result<Buffer> {
        let count = pictures.len().next_power_of_two();
        let size = self.encoder.size();
        let size = Size { batch: count, ..size };
        let encoder = match self.batcher.encoders.entry(count) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => entry.insert(self.network.session(size)?),
        };
        let values: Vec<&[f32]> = pictures.iter().map(|ask| ask.picture).collect();
        Ok(encoder.encode_each(&values).await?.clone())
    }
}

/// The pictures that questions are about, each once, and of every question which one it is.
fn apart<'a, 'b>(batch: &'b [Ask<'a>]) -> (Vec<&'b Ask<'a>>, Vec<usize>) {
    let mut pictures: Vec<&Ask<'_>> = Vec::new();
    let mut known = HashMap::new();
    let mut places = Vec::with_capacity(batch.len());
    for ask in batch {
        places.push(*known.entry(ask.key).or_insert_with(|| {
            pictures.push(ask);
            pictures.len() - 1
        }));
    }
    (pictures, places)
}
