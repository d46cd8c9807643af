//! GQA: exact match, after the paper's evaluation code has cleaned the prediction.
//!
//! The fork removes all ASCII punctuation from the prediction, within words too, and lowers it
//! (`tasks/harnesses/gqa.py`, MIT). It leaves white space and articles as they are, and the gold
//! answer untouched: an answer with a hyphen can never be matched. What follows is the benchmark's
//! own script (`util/evaluation/gqa/eval.py`, Apache-2.0 by its header, (c) Hudson and Manning)
//! with the measures that need more than questions and predictions switched off by the fork.

use std::collections::BTreeMap;

use crate::mutant::branch;
use crate::python;

use crate::score::Score;

/// Operations that do not count as a step of reasoning. From `util/evaluation/gqa/eval.py`
/// (Apache-2.0, see above).
const NO_STEPS: [&str; 3] = ["exist", "query: name", "choose name"];

/// The prediction as it is compared.
pub fn normalise(prediction: &str) -> String {
    let text = branch!(
        "gqa.punctuation",
        prediction.replace(|c: char| c.is_ascii_punctuation(), ""),
        prediction.to_owned()
    );
    let text = branch!("gqa.lower", python::lower(&text), text);
    branch!("gqa.white_space_stays", text, python::strip(&text).to_owned())
}

/// Exact match of one prediction.
pub fn score(prediction: &str, answer: &str) -> Score {
    let answer = branch!("gqa.raw_answer", answer.to_owned(), normalise(answer));
    Score {
        score: if normalise(prediction) == answer { 1.0 } else { 0.0 },
        ..Score::default()
    }
}

/// What the totals need to know of a question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// `answer`.
    pub answer: String,
    /// `isBalanced`: only balanced questions count, and the split that the field reports has no
    /// others.
    pub balanced: bool,
    /// `types.structural`: query, verify, choose, logical, compare.
    pub structural: String,
    /// `types.semantic`: obj, attr, cat, rel, global.
    pub semantic: String,
    /// `groups.global`, where there is one.
    pub group: Option<String>,
    /// Words of the question ([`count_words`]).
    pub words: usize,
    /// Steps of reasoning ([`count_steps`]).
    pub steps: usize,
}

/// Number of words of a question.
pub fn count_words(question: &str) -> usize {
    branch!(
        "gqa.words",
        python::split(question).count(),
        question.split(' ').count()
    )
}

/// How many steps of reasoning a question takes, from the `operation` and `argument` pairs of its
/// `semantic` program.
pub fn count_steps<'a>(program: impl IntoIterator<Item = (&'a str, &'a str)>) -> usize {
    let is_step = |(operation, argument): &(&str, &str)| {
        let text = format!("{operation}: {argument}");
        branch!(
            "gqa.steps",
            !NO_STEPS.iter().any(|word| text.contains(word)),
            !NO_STEPS.contains(operation)
        )
    };
    program.into_iter().filter(is_step).count()
}

/// Percent with two decimals, and of how many questions.
pub type Part = (f64, usize);

/// The official totals. Percent with two decimals, but for `distribution`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    /// Mean accuracy.
    pub accuracy: f64,
    /// Mean accuracy of questions that ask for yes or no or name the choices; 0 without such
    /// questions, as officially.
    pub binary: f64,
    /// Mean accuracy of open questions (structural type "query"); 0 without such questions, as
    /// officially.
    pub open: f64,
    /// How far the predicted answers of a group are from the given ones: chi-square over 100, two
    /// decimals, less is better. Without any group the official script stops, and there is none.
    pub distribution: Option<f64>,
    /// Accuracy of each structural type.
    pub structural: BTreeMap<String, Part>,
    /// Accuracy of each semantic type.
    pub semantic: BTreeMap<String, Part>,
    /// Accuracy by steps of reasoning.
    pub steps: BTreeMap<usize, Part>,
    /// Accuracy by words of the question.
    pub words: BTreeMap<usize, Part>,
}

impl Totals {
    /// Totals of questions and raw predictions, in the order of the questions file.
    pub fn of<'a>(samples: impl IntoIterator<Item = (&'a Question, &'a str)>) -> Self {
        let (mut all, mut binary, mut open) = (Tally::default(), Tally::default(), Tally::default());
        let (mut structural, mut semantic) = (BTreeMap::<String, Tally>::new(), BTreeMap::<String, Tally>::new());
        let (mut steps, mut words) = (BTreeMap::<usize, Tally>::new(), BTreeMap::<usize, Tally>::new());
        let mut groups = Groups::default();
        for (question, prediction) in samples {
            if branch!("gqa.balanced_only", !question.balanced, false) {
                continue;
            }
            let right = score(prediction, &question.answer).score;
            let is_open = branch!(
                "gqa.open",
                question.structural == "query",
                question.structural != "verify"
            );
            all.add(right);
            (if is_open { &mut open } else { &mut binary }).add(right);
            structural.entry(question.structural.clone()).or_default().add(right);
            semantic.entry(question.semantic.clone()).or_default().add(right);
            steps.entry(question.steps).or_default().add(right);
            words.entry(question.words).or_default().add(right);
            let group = question.group.as_deref();
            if let Some(group) = branch!("gqa.without_group", group, group.or(Some(""))) {
                groups.add(group, &question.answer, normalise(prediction));
            }
        }
        Self {
            accuracy: all.part().0,
            binary: binary.part().0,
            open: open.part().0,
            distribution: groups.distance().map(|distance| python::round(distance / 100.0, 2)),
            structural: structural
                .into_iter()
                .map(|(kind, tally)| (kind, tally.part()))
                .collect(),
            semantic: semantic.into_iter().map(|(kind, tally)| (kind, tally.part())).collect(),
            steps: steps.into_iter().map(|(count, tally)| (count, tally.part())).collect(),
            words: words.into_iter().map(|(count, tally)| (count, tally.part())).collect(),
        }
    }
}

#[derive(Clone, Copy, Default)]
struct Tally {
    total: f64,
    count: usize,
}

impl Tally {
    fn add(&mut self, score: f64) {
        self.total += score;
        self.count += 1;
    }

    fn part(self) -> Part {
        let count = self.count as f64;
        let mean = if branch!("gqa.empty", self.count == 0, false) {
            0.0
        } else {
            self.total / count
        };
        let percent = branch!("gqa.percent", mean * 100.0, self.total * 100.0 / count);
        (python::round(percent, 2), self.count)
    }
}

/// Given and predicted answers of each group, in the order in which they were first seen: sums of
/// floats depend on it.
#[derive(Default)]
struct Groups {
    groups: Vec<Group>,
    place: BTreeMap<String, usize>,
}

#[derive(Default)]
struct Group {
    given: Vec<(String, f64)>,
    predicted: BTreeMap<String, f64>,
}

impl Groups {
    fn add(&mut self, group: &str, answer: &str, predicted: String) {
        let place = *self.place.entry(group.to_owned()).or_insert(self.groups.len());
        if place == self.groups.len() {
            self.groups.push(Group::default());
        }
        let group = &mut self.groups[place];
        match group.given.iter_mut().find(|(known, _)| known == answer) {
            Some((_, count)) => *count += 1.0,
            None => group.given.push((answer.to_owned(), 1.0)),
        }
        *group.predicted.entry(predicted).or_default() += 1.0;
    }

    /// Chi-square of the predicted answers, averaged over groups by their size. Predictions that
    /// nobody gave do not count.
    fn distance(&self) -> Option<f64> {
        let (mut total, mut overall) = (0.0, 0.0);
        for group in &self.groups {
            let (mut score, mut size) = (0.0, 0.0);
            for (answer, given) in &group.given {
                let predicted = group.predicted.get(answer).copied().unwrap_or(0.0);
                score += (predicted - given).powi(2) / given;
                size += given;
            }
            total += branch!("gqa.group_size", score * size, score);
            overall += branch!("gqa.group_size_overall", size, 1.0);
        }
        (overall > 0.0).then_some(total / overall)
    }
}
