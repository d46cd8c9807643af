//! Many questions at once, as evaluations ask them. Pictures are encoded together, each once.
//! Prompts are prefilled together, and answers are decoded in step.

use std::collections::HashMap;

use sightline_answer::Region;

use crate::conversations::{Asked, BatchAnswer, Reply};
use crate::error::{Result, VlmError};
use crate::model::Vlm;
use crate::questions::recognise;
use crate::talk::Options;

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

impl Vlm {
    /// Answers questions greedily, in their order. All of them advance together. `slots`, which is
    /// at least their number, fixes the shapes of the arithmetic.
    ///
    /// # Errors
    /// A question that does not fit, see [`Vlm::fits`], a policy without a canvas of one size, or a
    /// device that fails.
    pub async fn answer_batch(
        &mut self,
        batch: &[Ask<'_>],
        slots: usize,
        options: &Options,
    ) -> Result<Vec<BatchAnswer>> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        if !self.eye.is_fixed() {
            return Err(VlmError::Row {
                id: self.id().to_owned(),
                problem: "gives pictures of other shapes canvases of other sizes (transform.policy); such a model answers one \
                          question at a time"
                    .into(),
            });
        }
        if self.talk.prepare(slots.max(batch.len()), options.max_tokens).await? {
            // Batches of another size follow.
            self.eye.drop_batches();
        }
        let (pictures, places) = apart(batch);
        let visual = self.eye.see_each(&pictures).await?;
        let asked: Vec<Asked<'_>> = batch
            .iter()
            .map(|ask| Asked {
                question: ask.question,
                reply: ask.reply,
            })
            .collect();
        self.talk.answer(&visual, &asked, &places).await
    }

    /// Where the thing is that each question names, by the dense head: the place of the named
    /// class's most probable token, however sure. None for a question that names nothing, or
    /// nothing that the head knows.
    ///
    /// # Errors
    /// A model without a dense head, or a device that fails.
    pub async fn locate_batch(&mut self, batch: &[Ask<'_>]) -> Result<Vec<Option<Region>>> {
        if !self.eye.has_dense_head() {
            return Err(VlmError::NoDenseHead {
                id: self.id().to_owned(),
            });
        }
        let (pictures, places) = apart(batch);
        let names = |ask: &Ask<'_>| recognise(&self.kinds, ask.question).map_or_else(Vec::new, |named| named.names);
        let asked: Vec<(usize, Vec<String>)> = places.into_iter().zip(batch.iter().map(names)).collect();
        self.eye.find_each(&pictures, &asked).await
    }

    /// Checks that a question fits beside a picture in [`Vlm::answer_batch`]. The error names its
    /// length.
    ///
    /// # Errors
    /// A question that is empty or too long.
    pub fn fits(&self, question: &str) -> Result<()> {
        self.talk.fits(question)
    }
}

/// The values of the pictures that questions are about, each once, and of every question which one
/// it is.
fn apart<'a>(batch: &[Ask<'a>]) -> (Vec<&'a [f32]>, Vec<usize>) {
    let mut pictures = Vec::new();
    let mut known = HashMap::new();
    let mut places = Vec::with_capacity(batch.len());
    for ask in batch {
        places.push(*known.entry(ask.key).or_insert_with(|| {
            pictures.push(ask.picture);
            pictures.len() - 1
        }));
    }
    (pictures, places)
}
