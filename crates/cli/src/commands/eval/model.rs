//! The model as the one who answers.

use std::sync::Arc;

use sightline_eval::run::error::Reason;
use sightline_eval::run::{Answered, Answerer, Item, Outcome};
use sightline_vlm::{Ask, BatchAnswer, Options, Vlm};

use super::pictures::{Coming, Gallery, Read};

/// A model, and the pictures it will be shown.
pub(super) struct ModelAnswerer {
    pub vlm: Vlm,
    pub options: Options,
    /// First tokens of the choices, for tasks that take probabilities.
    pub choices: Option<Vec<u32>>,
    pub gallery: Arc<Gallery>,
    pub batch_size: usize,
    coming: Option<Coming>,
}

impl ModelAnswerer {
    pub(super) fn new(
        vlm: Vlm,
        options: Options,
        choices: Option<Vec<u32>>,
        gallery: Arc<Gallery>,
        batch_size: usize,
    ) -> Self {
        Self {
            vlm,
            options,
            choices,
            gallery,
            batch_size,
            coming: None,
        }
    }

    fn ask(&mut self, first: usize, read: &[Read]) -> Result<Vec<BatchAnswer>, Reason> {
        let mut asks = Vec::with_capacity(read.len());
        for (at, read) in read.iter().enumerate() {
            if let Ok(shown) = read {
                asks.push(Ask {
                    picture: &shown.values,
                    key: &self.gallery.shown(first + at).image_key,
                    question: &self.gallery.questions[first + at].prompt,
                    choices: self.choices.as_deref(),
                });
            }
        }
        Ok(pollster::block_on(self.vlm.answer_batch(
            &asks,
            self.batch_size,
            &self.options,
        ))?)
    }
}

impl Answerer for ModelAnswerer {
    fn answer(&mut self, first: usize, batch: &[Item]) -> Result<Vec<Answered>, Reason> {
        let next = self.coming.as_ref().and_then(Coming::next);
        let (number, read) = next.ok_or("the pictures ended before the questions")?;
        // A question that does not fit is wrong, and named; the run goes on.
        let fits = |(at, read): (usize, Read)| {
            let fits = self.vlm.fits(&self.gallery.questions[first + at].prompt);
            read.and_then(|shown| fits.map(|()| shown).map_err(|error| error.to_string()))
        };
        let read: Vec<Read> = read.into_iter().enumerate().map(fits).collect();
        if number != first / self.batch_size || read.len() != batch.len() {
            return Err(format!("the pictures of batch {number} came where others were wanted").into());
        }
        let mut answers = self.ask(first, &read)?.into_iter();
        let mut answered = Vec::with_capacity(read.len());
        for read in read {
            answered.push(match read {
                Err(reason) => Answered {
                    image: None,
                    outcome: Outcome::Unreadable(reason),
                    margin: None,
                },
                Ok(shown) => {
                    let answer = answers.next().ok_or("fewer answers than questions")?;
                    Answered {
                        image: Some(shown.sha256.clone()),
                        outcome: match answer.probabilities {
                            Some(probabilities) => Outcome::Probabilities(probabilities),
                            None => Outcome::Text(answer.text),
                        },
                        margin: answer.margin.is_finite().then_some(answer.margin),
                    }
                }
            });
        }
        Ok(answered)
    }

    fn order(&mut self, batches: &mut [usize]) {
        self.coming = Some(Coming::start(
            Arc::clone(&self.gallery),
            batches.to_vec(),
            self.batch_size,
        ));
    }
}
