//! Many questions at once, as evaluations ask them.

use sightline_vision::Picture;

use crate::error::Result;
use crate::model::{Options, Vlm};

/// One question about one picture.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The picture.
    pub picture: &'a Picture,
    /// The same for all questions about one picture.
    pub key: &'a str,
    /// The user's whole turn.
    pub question: &'a str,
    /// Ids of tokens whose probabilities are the answer; none where it is written.
    pub choices: Option<&'a [u32]>,
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchAnswer {
    /// The written answer.
    pub text: String,
    /// Its tokens.
    pub ids: Vec<u32>,
    /// Smallest distance between the best and the second logit of its steps.
    pub margin: Option<f32>,
    /// Probabilities of the choices at the answer's first token: softmax in f32 over the whole vocabulary, then renormalised over them.
    pub probabilities: Option<Vec<f32>>,
}

impl Vlm {
    /// Answers questions, in their order.
    pub async fn answer_batch(&mut self, batch: &[Ask<'_>], options: &Options) -> Result<Vec<BatchAnswer>> {
        let mut answers = Vec::with_capacity(batch.len());
        for ask in batch {
            self.look(ask.picture).await?;
            let answer = match ask.choices {
                None => {
                    let answer = self.ask(ask.question, options, async |_: &str| true).await?;
                    BatchAnswer {
                        text: answer.answer,
                        ids: Vec::new(),
                        margin: None,
                        probabilities: None,
                    }
                }
                Some(choices) => BatchAnswer {
                    text: String::new(),
                    ids: Vec::new(),
                    margin: None,
                    probabilities: Some(self.probabilities(ask.question, choices).await?),
                },
            };
            answers.push(answer);
        }
        Ok(answers)
    }
}
