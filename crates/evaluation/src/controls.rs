//! What a model must beat: answers made without looking, from the task's own gold.

use std::collections::HashMap;

use serde_json::Value;
use sightline_eval::rules::geometry::{self, Transform};
use sightline_eval::scorer::{Outcome, Reason};
use sightline_eval::stats::{SEED, split_mix};
use sightline_eval::tasks::{Loaded, Mode, Question};
use sightline_vision::{Corners, Frame};

use crate::run::{Answered, Answerer, Item};

/// Answers without a model.
pub struct Blindfold {
    answers: Vec<Outcome>,
}

impl Blindfold {
    /// Every question gets the answer that is most often right; for boxes the one with the median
    /// edges.
    pub fn majority(loaded: &Loaded) -> Self {
        let golds: Vec<Gold> = Gold::all(loaded);
        let best = Gold::most_frequent(&golds);
        Self {
            answers: vec![best.outcome(&loaded.mode); golds.len()],
        }
    }

    /// Every question gets the answer of a random one: seeded, with their frequencies.
    pub fn chance(loaded: &Loaded) -> Self {
        let golds: Vec<Gold> = Gold::all(loaded);
        let drawn = |at: usize| {
            let place = split_mix(SEED, at as u64) % golds.len() as u64;
            golds[place as usize].outcome(&loaded.mode)
        };
        Self {
            answers: (0..golds.len()).map(drawn).collect(),
        }
    }
}

impl Answerer for Blindfold {
    async fn answer(&mut self, first: usize, batch: &[Item]) -> Result<Vec<Answered>, Reason> {
        let answer = |at: usize| Answered {
            image: None,
            outcome: self.answers[first + at].clone(),
            margin: None,
        };
        Ok((0..batch.len()).map(answer).collect())
    }
}

/// A right answer.
#[derive(Clone, Debug, PartialEq)]
enum Gold {
    Text(String),
    /// Place of the right choice.
    Choice(usize),
    /// Edges as fractions of the frame that the run's boxes are compared in.
    Box([f64; 4]),
}

impl Gold {
    fn all(loaded: &Loaded) -> Vec<Self> {
        let gold = |question| Self::of(question, &loaded.transform);
        loaded.questions.iter().map(gold).collect()
    }

    fn of(question: &Question, transform: &Transform) -> Self {
        let gold = &question.gold;
        let number = |name: &str| gold.get(name).and_then(Value::as_f64);
        if let (Some(Value::Array(edges)), Some(width), Some(height)) =
            (gold.get("box"), number("width"), number("height"))
        {
            let px: Vec<f64> = edges.iter().filter_map(Value::as_f64).collect();
            if let [x1, y1, x2, y2] = px[..] {
                let edges = match transform.frame([width, height]) {
                    // To the pixel, as the picture is padded.
                    geometry::Frame::CentredSquare => {
                        let square = Frame::padded_square(width as u32, height as u32);
                        let edges = square.to_fractions(Corners::new(x1, y1, x2, y2));
                        Some([edges.x1, edges.y1, edges.x2, edges.y2])
                    }
                    other => other.project([x1, y1, x2, y2], [width, height]),
                };
                if let Some(edges) = edges {
                    return Self::Box(edges);
                }
            }
        }
        if let Some(place) = gold.get("choice").and_then(Value::as_u64) {
            return Self::Choice(place as usize);
        }
        match gold.get("label").or_else(|| gold.get("answer")) {
            Some(Value::Bool(label)) => Self::Choice(usize::from(!label)),
            Some(Value::String(text)) => Self::Text(text.clone()),
            Some(other) => Self::Text(other.to_string()),
            None => Self::Text(most_frequent_text(gold.get("answers").or_else(|| gold.get("captions")))),
        }
    }

    fn outcome(&self, mode: &Mode) -> Outcome {
        match (self, mode) {
            (Self::Choice(place), Mode::Choices(choices)) => {
                Outcome::Probabilities((0..choices.len()).map(|at| f32::from(u8::from(at == *place))).collect())
            }
            (Self::Choice(place), Mode::Options(count)) => {
                Outcome::Probabilities((0..*count).map(|at| f32::from(u8::from(at == *place))).collect())
            }
            (Self::Text(text), Mode::Choices(choices)) => {
                let is = |choice: &String| f32::from(u8::from(choice.eq_ignore_ascii_case(text)));
                Outcome::Probabilities(choices.iter().map(is).collect())
            }
            (Self::Choice(place), Mode::Text) => {
                Outcome::Text(["true", "false"].get(*place).unwrap_or(&"").to_string())
            }
            (Self::Text(text), Mode::Text | Mode::Options(_)) => Outcome::Text(text.clone()),
            (Self::Box([x1, y1, x2, y2]), _) => Outcome::Text(format!("[{x1:.2}, {y1:.2}, {x2:.2}, {y2:.2}]")),
        }
    }

    /// The most frequent one, the first of equals; of boxes the one with the median of every edge.
    fn most_frequent(golds: &[Self]) -> Self {
        let edges: Vec<[f64; 4]> = golds
            .iter()
            .filter_map(|gold| match gold {
                Self::Box(edges) => Some(*edges),
                _ => None,
            })
            .collect();
        if !edges.is_empty() {
            let median = |side: usize| {
                let mut all: Vec<f64> = edges.iter().map(|edges| edges[side]).collect();
                all.sort_by(f64::total_cmp);
                all[all.len() / 2]
            };
            return Self::Box([0, 1, 2, 3].map(median));
        }
        let mut counts: Vec<(&Self, usize)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for gold in golds {
            let place = *places.entry(format!("{gold:?}")).or_insert_with(|| {
                counts.push((gold, 0));
                counts.len() - 1
            });
            counts[place].1 += 1;
        }
        let most = counts.iter().map(|count| count.1).max().unwrap_or(0);
        let first = counts.iter().find(|count| count.1 == most);
        first.map_or(Self::Text(String::new()), |count| count.0.clone())
    }
}

/// The text that stands most often in a list of texts or of VQAv2's answers, the first of equals.
fn most_frequent_text(list: Option<&Value>) -> String {
    let text = |value: &Value| {
        value
            .as_str()
            .or_else(|| value.get("answer")?.as_str())
            .map(str::to_owned)
    };
    let texts: Vec<String> = list
        .and_then(Value::as_array)
        .map(|list| list.iter().filter_map(text).collect())
        .unwrap_or_default();
    let count = |text: &str| texts.iter().filter(|other| *other == text).count();
    let most = texts.iter().map(|text| count(text)).max().unwrap_or(0);
    texts
        .iter()
        .find(|text| count(text) == most)
        .cloned()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gold(text: &str) -> Gold {
        Gold::Text(text.to_owned())
    }

    fn question(gold: &Value) -> Question {
        Question {
            id: "1".to_owned(),
            image: sightline_eval::tasks::Image::File(Default::default()),
            image_key: "1".to_owned(),
            image_sha256: None,
            options: Vec::new(),
            prompt: String::new(),
            gold: gold.as_object().expect("fields").clone(),
        }
    }

    #[test]
    fn the_most_frequent_answer() {
        assert_eq!(
            Gold::most_frequent(&[gold("a"), gold("b"), gold("b"), gold("a")]),
            gold("a")
        );
        assert_eq!(Gold::most_frequent(&[gold("a"), gold("b"), gold("b")]), gold("b"));
        let boxes = [[0.0, 0.1, 0.5, 0.9], [0.2, 0.0, 0.4, 1.0], [0.1, 0.3, 0.9, 0.8]].map(Gold::Box);
        assert_eq!(Gold::most_frequent(&boxes), Gold::Box([0.1, 0.1, 0.5, 0.9]));
    }

    #[test]
    fn one_answer_of_ten() {
        let texts = serde_json::json!(["a", "b", "b"]);
        assert_eq!(most_frequent_text(Some(&texts)), "b");
        let answers = serde_json::json!([{ "answer": "a", "answer_id": 1 }, { "answer": "c" }, { "answer": "c" }]);
        assert_eq!(most_frequent_text(Some(&answers)), "c");
        assert_eq!(most_frequent_text(None), "");
    }

    #[test]
    fn a_caption_of_a_picture() {
        let question = question(&serde_json::json!({ "captions": ["a dog", "a cat", "a cat"] }));
        assert_eq!(
            Gold::of(&question, &Transform::default()),
            Gold::Text("a cat".to_owned())
        );
    }

    #[test]
    fn a_box_is_in_the_frame_of_the_run() {
        let gold = serde_json::json!({ "box": [0.0, 0.0, 20.0, 10.0], "width": 40, "height": 20 });
        let question = question(&gold);
        let policy = |name: &str| Transform {
            policy: Some(name.to_owned()),
            target_resolution: Some([20.0, 20.0]),
        };
        let square = Gold::of(&question, &policy("letterbox"));
        assert_eq!(square, Gold::Box([0.0, 0.25, 0.5, 0.5]));
        assert_eq!(
            Gold::of(&question, &policy("resize-naive")),
            Gold::Box([0.0, 0.0, 0.5, 0.5])
        );
        // The middle 20 px of 40 are seen, so the box begins at the crop's edge and ends in its
        // middle.
        assert_eq!(
            Gold::of(&question, &policy("resize-crop")),
            Gold::Box([0.0, 0.0, 0.5, 0.5])
        );
    }

    #[test]
    fn answers_have_the_task_s_form() {
        let choices = Mode::Choices(vec!["True".to_owned(), "False".to_owned()]);
        assert_eq!(
            Gold::Choice(1).outcome(&choices),
            Outcome::Probabilities(vec![0.0, 1.0])
        );
        assert_eq!(gold("true").outcome(&choices), Outcome::Probabilities(vec![1.0, 0.0]));
        let text = Outcome::Text("[0.00, 0.25, 1.00, 0.75]".to_owned());
        assert_eq!(Gold::Box([0.0, 0.25, 1.0, 0.75]).outcome(&Mode::Text), text);
    }
}
