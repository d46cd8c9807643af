//! The model as the one who answers, and the blind control.

use std::fmt::Display;
use std::sync::Arc;

use sightline_checkpoint::manifest;
use sightline_eval::scorer::{Outcome, Reason};
use sightline_eval::tasks::{Loaded, Mode, Question};
use sightline_vlm::{Ask, Asked, BatchAnswer, Blind, FileSource, Language, Lineup, Region, Reply, VlmError};

use crate::coming::Coming;
use crate::error::EvaluationError;
use crate::gallery::{Batches, Gallery, Read};
use crate::request::OPTIONS;
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

/// A model of a lineup, and the pictures it will be shown.
pub(crate) struct ModelAnswerer<'a, S> {
    lineup: &'a mut Lineup<S>,
    id: &'a str,
    replies: Replies,
    gallery: Arc<Gallery>,
    batch_size: usize,
    coming: Option<Coming>,
}

impl<'a, S: FileSource<Error: Display>> ModelAnswerer<'a, S> {
    pub(crate) fn new(
        lineup: &'a mut Lineup<S>,
        id: &'a str,
        replies: Replies,
        gallery: Arc<Gallery>,
        batch_size: usize,
    ) -> Self {
        Self {
            lineup,
            id,
            replies,
            gallery,
            batch_size,
            coming: None,
        }
    }

    /// Asks what can be asked. The outer error is about the files of the model, the inner one about
    /// the model at work.
    async fn ask(&mut self, first: usize, read: &[Read]) -> Result<Result<Vec<BatchAnswer>, VlmError>, Reason> {
        let vlm = self.lineup.model(self.id).await.map_err(reason)?;
        let mut asks = Vec::with_capacity(read.len());
        for (at, read) in read.iter().enumerate() {
            if let Ok(shown) = read {
                asks.push(Ask {
                    picture: &shown.values,
                    canvas: shown.canvas,
                    key: &self.gallery.shown(first + at).image_key,
                    question: &self.gallery.questions[first + at].prompt,
                    reply: self.replies.of(first + at),
                });
            }
        }
        if matches!(self.replies, Replies::Dense) {
            let boxes = vlm.locate_batch(&asks).await;
            return Ok(boxes.map(|boxes| boxes.into_iter().map(pointed).collect()));
        }
        Ok(vlm.answer_batch(&asks, self.batch_size, &OPTIONS).await)
    }
}

impl<S: FileSource<Error: Display>> Answerer for ModelAnswerer<'_, S> {
    async fn answer(&mut self, first: usize, batch: &[Item]) -> Result<Vec<Answered>, Reason> {
        let next = self.coming.as_mut().and_then(Coming::next);
        let (number, read) = next.ok_or("the pictures ended before the questions")?;
        let vlm = self.lineup.model(self.id).await.map_err(reason)?;
        // A question that does not fit is wrong, and named; the run goes on.
        let fits = |(at, read): (usize, Read)| {
            let prompt = &self.gallery.questions[first + at].prompt;
            read.and_then(|shown| match vlm.fits(prompt, shown.canvas) {
                Ok(()) => Ok(shown),
                Err(error) if error.is_question() => Err(format!("{NOT_ASKED}{error}")),
                Err(error) => Err(error.to_string()),
            })
        };
        let read: Vec<Read> = read.into_iter().enumerate().map(fits).collect();
        if number != first / self.batch_size || read.len() != batch.len() {
            return Err(format!("the pictures of batch {number} came where others were wanted").into());
        }
        let answers = match self.ask(first, &read).await? {
            Err(error) if self.lineup.recover(&error).await.map_err(reason)? => self.ask(first, &read).await?,
            answers => answers,
        };
        let mut answers = answers?.into_iter();
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

/// The blind control in front of a language model of a lineup: nothing of a picture is read.
pub(crate) struct BlindAnswerer<'a, S> {
    lineup: &'a mut Lineup<S>,
    row: &'a manifest::Blind,
    weights: &'a [u8],
    blind: Blind,
    replies: Replies,
    questions: Vec<Question>,
    batch_size: usize,
}

impl<'a, S> BlindAnswerer<'a, S>
where
    S: FileSource,
    S::Error: From<EvaluationError> + Display,
{
    pub(crate) async fn new(
        lineup: &'a mut Lineup<S>,
        (row, weights): (&'a manifest::Blind, &'a [u8]),
        replies: Replies,
        questions: Vec<Question>,
        batch_size: usize,
    ) -> Result<Self, S::Error> {
        Ok(Self {
            blind: load_blind(lineup, row, weights).await?,
            lineup,
            row,
            weights,
            replies,
            questions,
            batch_size,
        })
    }
}

/// Puts the blind control behind its language model.
async fn load_blind<S>(lineup: &mut Lineup<S>, row: &manifest::Blind, weights: &[u8]) -> Result<Blind, S::Error>
where
    S: FileSource,
    S::Error: From<EvaluationError>,
{
    let language = lineup.language(&row.language_model).await?;
    Ok(Blind::load(row, weights, language).map_err(EvaluationError::from)?)
}

impl<S> Answerer for BlindAnswerer<'_, S>
where
    S: FileSource,
    S::Error: From<EvaluationError> + Display,
{
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
        let answers = match self.blind.answer_batch(&asked, self.batch_size, &OPTIONS).await {
            Err(error) if self.lineup.recover(&error).await.map_err(reason)? => {
                let blind = load_blind(self.lineup, self.row, self.weights).await;
                self.blind = blind.map_err(reason)?;
                self.blind.answer_batch(&asked, self.batch_size, &OPTIONS).await
            }
            answers => answers,
        };
        let mut answers = answers?.into_iter();
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

/// Why the files of a model cannot be used, as the reason why a run ends.
fn reason(error: impl Display) -> Reason {
    error.to_string().into()
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
