//! What is special about a benchmark.

use crate::answers::fields::{Fields, InputError};
use crate::answers::{Answer, Response};
use crate::gold::Layout;
use crate::rules::geometry::Transform;
use crate::score::Score;
use crate::summary::Total;

/// Whose rule a total is: the paper's evaluation code.
pub(crate) const FORK: &str = "paper's code";

/// What a task scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Written answers.
    Text,
    /// So many probabilities.
    Probabilities(usize),
    /// Either.
    Either(usize),
}

impl Wanted {
    /// Whether a response is of this kind.
    pub(crate) fn accepts(self, response: &Response) -> bool {
        match (response, self) {
            (Response::Text(_), wanted) => !matches!(wanted, Self::Probabilities(_)),
            (Response::Probabilities(_), Self::Text) => false,
            (Response::Probabilities(found), Self::Probabilities(count) | Self::Either(count)) => found.len() == count,
        }
    }

    /// Whether probabilities are what is scored, as far as can be told.
    pub(crate) fn is_probable(self) -> bool {
        !matches!(self, Self::Text)
    }
}

/// The wrong answer of two, for pictures that cannot be read: written, or as probabilities.
pub(crate) fn wrong_of_two(words: [&str; 2], right: usize, probable: bool) -> Response {
    if probable {
        Response::Probabilities(vec![right as f64, 1.0 - right as f64])
    } else {
        Response::Text(words[1 - right].to_owned())
    }
}

/// Where an item comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    /// Name of the gold file without its folder; none for a line of answers.
    pub file: Option<&'a str>,
    /// The transform of the run, where one is named.
    pub transform: Option<&'a Transform>,
}

/// A question of `--questions`.
pub(crate) struct QuestionLine {
    pub id: String,
    pub fields: Fields,
}

/// One answer with its gold and its score.
pub(crate) struct Sample<'a, G> {
    pub response: &'a Response,
    pub gold: &'a G,
    pub score: Score,
}

/// What is special about a benchmark.
pub(crate) trait Scoring {
    /// What an answer is compared with.
    type Gold;

    /// What it scores.
    fn wanted(&self) -> Wanted;

    /// Layouts of its official files.
    fn layouts(&self) -> &'static [Layout];

    /// Gold of an item: of an official file, or of a line of answers. None for an item that belongs to another task.
    fn gold(&self, item: &Fields, source: Origin) -> Result<Option<Self::Gold>, InputError>;

    /// Takes in the gold of all items, for rules that compare an item with the others.
    fn learn(&mut self, _golds: &[&Self::Gold]) {}

    /// Unit of a score.
    fn unit(&self) -> &'static str {
        "share of 1"
    }

    /// Keys by which answers find an item of an official file, its id first. `at`: its place in the file, from 0; `key`: its key there.
    fn item_keys(
        &self,
        item: &Fields,
        key: Option<&str>,
        _at: usize,
        _gold: &Self::Gold,
    ) -> Result<Vec<String>, InputError> {
        item_id(item, key).map(|id| vec![id])
    }

    /// Keys of an answer, the best first.
    fn answer_keys(&self, answer: &Answer) -> Result<Vec<String>, InputError> {
        Ok(answer.gold_id.iter().cloned().collect())
    }

    /// Keys of a question of `--questions`, the best first.
    fn question_keys(&self, question: &QuestionLine) -> Result<Vec<String>, InputError> {
        Ok(vec![question.id.clone()])
    }

    /// Whether totals are taken in the order of the gold file rather than of the answers, which may move their last bit.
    fn in_gold_order(&self) -> bool {
        false
    }

    /// An answer that is wrong, for a picture that cannot be read. `probable`: as probabilities, where the task scores either.
    fn wrong(&self, _gold: &Self::Gold, _probable: bool) -> Response {
        Response::Text(String::new())
    }

    /// Score of one answer.
    fn score(&self, response: &Response, gold: &Self::Gold) -> Score;

    /// Every official total of all samples, of which there is at least one, and notes.
    fn totals(&self, samples: &[Sample<Self::Gold>]) -> (Vec<Total>, Vec<String>);
}

/// The id of an item: the key it has, or one of its fields.
pub(crate) fn item_id(item: &Fields, key: Option<&str>) -> Result<String, InputError> {
    if let Some(key) = key {
        return Ok(key.to_owned());
    }
    let id = item.maybe_id(&["question_id", "questionId", "example_id", "id"])?;
    id.ok_or_else(|| item.error("question_id", "missing; is it the right file?"))
}
