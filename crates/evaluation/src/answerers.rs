//! The model as the one who answers, and the blind control.

use std::sync::Arc;

use sightline_eval::scorer::{Outcome, Reason};
use sightline_eval::tasks::{Loaded, Mode, Question};
use sightline_vlm::{Ask, Asked, BatchAnswer, Blind, Language, Options, Region, Reply, Vlm, VlmError};

use crate::gallery::{Batches, Coming, Gallery, Read};
use crate::run::{Answered, Answerer, Item};

/// How the reason begins why a question, and not its picture, could not be taken.
pub(crate) const NOT_ASKED: &str = "not asked: ";

/// How the questions of a task are answered.
pub(crate) enum Replies {
    /// In words.
    Written,
    /// By the probabilities of these first tokens.
    Tokens(Vec<u32>),
    /// By how probable each option of a question is: token ids by question and option.
    Answers(Vec<Vec<Vec<u32>>>),
    /// By the dense head, with a box.
    Dense,
}

impl Replies {
    /// How a task's questions are answered, in the language model's tokens.
    pub(crate) fn to(loaded: &Loaded, language: &Language) -> Result<Self, VlmError> {
        Ok(match &loaded.mode {
            Mode::Text => Self::Written,
            Mode::Choices(texts) => Self::Tokens(language.first_tokens(texts)?),
            Mode::Options(_) => {
                let options = |question: &Question| language.answers(&question.options);
                Self::Answers(loaded.questions.iter().map(options).collect::<Result<_, _>>()?)
            }
        })
    }

    /// How the question at a place is answered.
    fn of(&self, at: usize) -> Reply<'_> {
        match self {
            Self::Written | Self::Dense => Reply::Written,
            Self::Tokens(ids) => Reply::Tokens(ids),
            Self::Answers(all) => Reply::Answers(&all[at]),
        }
    }
}

/// A model, and the pictures it will be shown.
pub(crate) struct ModelAnswerer {
    pub vlm: Vlm,
    pub options: Options,
    pub replies: Replies,
    pub gallery: Arc<Gallery>,
    pub batch_size: usize,
    coming: Option<Coming>,
}

impl ModelAnswerer {
    pub(crate) fn new(vlm: Vlm, options: Options, replies: Replies, gallery: Arc<Gallery>, batch_size: usize) -> Self {
        Self {
            vlm,
            options,
            replies,
            gallery,
            batch_size,
            coming: None,
        }
    }

    async fn ask(&mut self, first: usize, read: &[Read]) -> Result<Vec<BatchAnswer>, Reason> {
        let mut asks = Vec::with_capacity(read.len());
        for (at, read) in read.iter().enumerate() {
            if let Ok(shown) = read {
                asks.push(Ask {
                    picture: &shown.values,
                    key: &self.gallery.shown(first + at).image_key,
                    question: &self.gallery.questions[first + at].prompt,
                    reply: self.replies.of(first + at),
                });
            }
        }
        if matches!(self.replies, Replies::Dense) {
            let boxes = self.vlm.locate_batch(&asks).await?;
            return Ok(boxes.into_iter().map(pointed).collect());
        }
        let answers = self.vlm.answer_batch(&asks, self.batch_size, &self.options);
        Ok(answers.await?)
    }
}

impl Answerer for ModelAnswerer {
    async fn answer(&mut self, first: usize, batch: &[Item]) -> Result<Vec<Answered>, Reason> {
        let next = self.coming.as_mut().and_then(Coming::next);
        let (number, read) = next.ok_or("the pictures ended before the questions")?;
        // A question that does not fit is wrong, and named; the run goes on.
        let fits = |(at, read): (usize, Read)| {
            let fits = self.vlm.fits(&self.gallery.questions[first + at].prompt);
            read.and_then(|shown| fits.map(|()| shown).map_err(|error| format!("{NOT_ASKED}{error}")))
        };
        let read: Vec<Read> = read.into_iter().enumerate().map(fits).collect();
        if number != first / self.batch_size || read.len() != batch.len() {
            return Err(format!("the pictures of batch {number} came where others were wanted").into());
        }
        let mut answers = self.ask(first, &read).await?.into_iter();
        let mut answered = Vec::with_capacity(read.len());
        for read in read {
            answered.push(match read {
                Err(reason) => unanswered(reason),
                Ok(shown) => {
                    let answer = answers.next().ok_or("fewer answers than questions")?;
                    answered_by(answer, Some(shown.sha256.clone()))
                }
            });
        }
        Ok(answered)
    }

    fn order(&mut self, batches: &mut [usize]) {
        let coming = Batches::new(Arc::clone(&self.gallery), batches.to_vec(), self.batch_size);
        self.coming = Some(Coming::start(coming));
    }
}

/// The blind control: nothing of a picture is read.
pub(crate) struct BlindAnswerer {
    pub blind: Blind,
    pub options: Options,
    pub replies: Replies,
    pub questions: Vec<Question>,
    pub batch_size: usize,
}

impl Answerer for BlindAnswerer {
    async fn answer(&mut self, first: usize, batch: &[Item]) -> Result<Vec<Answered>, Reason> {
        let questions = &self.questions[first..first + batch.len()];
        // What does not fit beside a picture is refused here, too: all who are compared answer the
        // same questions.
        let fits: Vec<Result<(), String>> = questions
            .iter()
            .map(|question| {
                self.blind
                    .fits(&question.prompt)
                    .map_err(|error| format!("{NOT_ASKED}{error}"))
            })
            .collect();
        let asked: Vec<Asked<'_>> = questions
            .iter()
            .zip(&fits)
            .enumerate()
            .filter(|(_, (_, fits))| fits.is_ok())
            .map(|(at, (question, _))| Asked {
                question: &question.prompt,
                reply: self.replies.of(first + at),
            })
            .collect();
        let answers = self.blind.answer_batch(&asked, self.batch_size, &self.options);
        let mut answers = answers.await?.into_iter();
        let mut answered = Vec::with_capacity(batch.len());
        for fits in fits {
            answered.push(match fits {
                Err(reason) => unanswered(reason),
                Ok(()) => answered_by(answers.next().ok_or("fewer answers than questions")?, None),
            });
        }
        Ok(answered)
    }
}

/// A box as an answer; nothing for a thing that the dense head does not know.
fn pointed(region: Option<Region>) -> BatchAnswer {
    let text = |Region { x1, y1, x2, y2 }| format!("[{x1:.4}, {y1:.4}, {x2:.4}, {y2:.4}]");
    BatchAnswer {
        text: region.map(text).unwrap_or_default(),
        margin: f32::INFINITY,
        ..BatchAnswer::default()
    }
}

/// A question that was not asked, and why.
fn unanswered(reason: String) -> Answered {
    Answered {
        image: None,
        outcome: Outcome::Unreadable(reason),
        margin: None,
    }
}

/// An answer. `image`: hash of the picture that was shown.
fn answered_by(answer: BatchAnswer, image: Option<String>) -> Answered {
    Answered {
        image,
        outcome: match answer.probabilities {
            Some(probabilities) => Outcome::Probabilities(probabilities),
            None => Outcome::Text(answer.text),
        },
        margin: answer.margin.is_finite().then_some(answer.margin),
    }
}
