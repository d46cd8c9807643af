//! Many questions at once, as evaluations ask them. Pictures are encoded together, each once.
//! Prompts are prefilled together, and answers are decoded in step.
//!
//! All of that wants canvases of one size, which give pictures the same number of visual tokens.
//! Where a model's policy gives pictures of other shapes other canvases, the questions of a batch
//! are grouped by canvas, and the groups follow each other.

use std::collections::{BTreeMap, HashMap};

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
    /// Height and width of its canvas, px.
    pub canvas: [usize; 2],
    /// A key of the picture. Questions about one picture have the same key.
    pub key: &'a str,
    /// The whole turn of the user.
    pub question: &'a str,
    /// How it is answered.
    pub reply: Reply<'a>,
}

/// Questions of a batch whose pictures have canvases of one size.
struct Alike<'a> {
    canvas: [usize; 2],
    asks: Vec<Ask<'a>>,
    /// The place of each in the batch.
    places: Vec<usize>,
}

impl Vlm {
    /// Answers questions greedily, in their order. All questions with canvases of one size advance
    /// together. `slots`, which is at least the number of questions, fixes the shapes of the
    /// arithmetic.
    ///
    /// # Errors
    /// A question that does not fit, see [`Vlm::fits`], a canvas that the encoder cannot take, or a
    /// device that fails.
    pub async fn answer_batch(
        &mut self,
        batch: &[Ask<'_>],
        slots: usize,
        options: &Options,
    ) -> Result<Vec<BatchAnswer>> {
        let slots = slots.max(batch.len());
        let mut answers = vec![BatchAnswer::default(); batch.len()];
        for alike in self.alike(batch)? {
            // A slot without a question costs as much as one with a question. Where canvases
            // differ, groups are small.
            let slots = match self.eye.is_fixed() {
                true => slots,
                false => alike.asks.len().next_power_of_two().min(slots),
            };
            let found = self.answer_alike(&alike, slots, options).await?;
            for (place, answer) in alike.places.into_iter().zip(found) {
                answers[place] = answer;
            }
        }
        Ok(answers)
    }

    async fn answer_alike(&mut self, alike: &Alike<'_>, slots: usize, options: &Options) -> Result<Vec<BatchAnswer>> {
        let visual = self.eye.grid(alike.canvas)?.tokens();
        if self.talk.prepare(visual, slots, options.max_tokens).await? {
            // Batches of another size follow.
            self.eye.drop_batches();
        }
        let (pictures, places) = apart(&alike.asks);
        let visual = self.eye.see_each(&pictures, alike.canvas).await?;
        let asked = alike.asks.iter().map(|ask| Asked {
            question: ask.question,
            reply: ask.reply,
        });
        let asked: Vec<Asked<'_>> = asked.collect();
        self.talk.answer(&visual, &asked, &places).await
    }

    /// Where the thing is that each question names, by the dense head: the place of the named
    /// class's most probable token, however sure. None for a question that names nothing, or
    /// nothing that the head knows.
    ///
    /// # Errors
    /// A model without a dense head, a canvas that the encoder cannot take, or a device that fails.
    pub async fn locate_batch(&mut self, batch: &[Ask<'_>]) -> Result<Vec<Option<Region>>> {
        if !self.eye.has_dense_head() {
            return Err(VlmError::NoDenseHead {
                id: self.id().to_owned(),
            });
        }
        let mut regions = vec![None; batch.len()];
        for Alike { canvas, asks, places } in self.alike(batch)? {
            let (pictures, shown) = apart(&asks);
            let names = |ask: &Ask<'_>| recognise(&self.kinds, ask.question).map_or_else(Vec::new, |named| named.names);
            let asked: Vec<(usize, Vec<String>)> = shown.into_iter().zip(asks.iter().map(names)).collect();
            let found = self.eye.find_each(&pictures, canvas, &asked).await?;
            for (place, region) in places.into_iter().zip(found) {
                regions[place] = region;
            }
        }
        Ok(regions)
    }

    /// Checks that a question fits beside a picture in [`Vlm::answer_batch`]. The error names its
    /// length. `canvas` is the height and width of the picture's canvas, px.
    ///
    /// # Errors
    /// A question that is empty or too long, or a canvas that the encoder cannot take.
    pub fn fits(&self, question: &str, canvas: [usize; 2]) -> Result<()> {
        self.talk.fits(question, self.eye.grid(canvas)?.tokens())
    }

    /// The questions of a batch by canvas. Groups of one prompt length follow each other, so that
    /// the room for conversations is made anew as seldom as possible.
    fn alike<'a>(&self, batch: &[Ask<'a>]) -> Result<Vec<Alike<'a>>> {
        let mut groups: BTreeMap<(usize, [usize; 2]), Alike<'a>> = BTreeMap::new();
        for (place, ask) in batch.iter().enumerate() {
            let tokens = self.eye.grid(ask.canvas)?.tokens();
            let alike = groups.entry((tokens, ask.canvas)).or_insert_with(|| Alike {
                canvas: ask.canvas,
                asks: Vec::new(),
                places: Vec::new(),
            });
            alike.asks.push(*ask);
            alike.places.push(place);
        }
        Ok(groups.into_values().collect())
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
