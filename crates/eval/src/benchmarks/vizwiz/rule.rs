//! VizWiz: soft accuracy against answers as they were given, and how well a model knows what cannot be answered.
//!
//! The rules are the paper's evaluation code's (`util/evaluation/vizwiz/eval.py`, `tasks/harnesses/vizwiz.py`, MIT): the prediction is
//! normalised, the given answers are not, so an answer with a capital, an article or a hyphen can never be matched. Its contractions
//! carry a backtick in place of most apostrophes, so that "dont" becomes "don`t", which nobody answers.
//!
//! An item without answers stops the official code. Here it is invalid and scores 0.

use crate::mutant::branch;
use crate::python;

use crate::rules::words::{Contractions, has_digit_comma, plain, punctuation, soft_accuracy, words};
use crate::score::Score;

/// The answer that says so when a question cannot be answered.
const UNANSWERABLE: &str = "unanswerable";

/// Contractions, as the VizWiz code has them. From `util/evaluation/vizwiz/eval.py` of the paper's evaluation code (MIT), after
/// GT-Vision-Lab/VQA (BSD-2-Clause). Normalisation has removed all backticks, so those that start from one never occur.
#[rustfmt::skip]
const CONTRACTIONS: Contractions = [
    ("aint", "ain't"), ("arent", "aren't"), ("cant", "can't"), ("couldve", "could've"), ("couldnt", "couldn't"),
    ("couldn'tve", "couldn`t`ve"), ("couldnt`ve", "couldn`t`ve"), ("didnt", "didn`t"), ("doesnt", "doesn`t"),
    ("dont", "don`t"), ("hadnt", "hadn`t"), ("hadnt`ve", "hadn`t`ve"), ("hadn'tve", "hadn`t`ve"), ("hasnt", "hasn`t"),
    ("havent", "haven`t"), ("hed", "he`d"), ("hed`ve", "he`d`ve"), ("he`dve", "he`d`ve"), ("hes", "he`s"),
    ("howd", "how`d"), ("howll", "how`ll"), ("hows", "how`s"), ("Id`ve", "I`d`ve"), ("I`dve", "I`d`ve"),
    ("Im", "I`m"), ("Ive", "I`ve"), ("isnt", "isn`t"), ("itd", "it`d"), ("itd`ve", "it`d`ve"), ("it`dve", "it`d`ve"),
    ("itll", "it`ll"), ("let`s", "let`s"), ("maam", "ma`am"), ("mightnt", "mightn`t"), ("mightnt`ve", "mightn`t`ve"),
    ("mightn`tve", "mightn`t`ve"), ("mightve", "might`ve"), ("mustnt", "mustn`t"), ("mustve", "must`ve"),
    ("neednt", "needn`t"), ("notve", "not`ve"), ("oclock", "o`clock"), ("oughtnt", "oughtn`t"),
    ("ow`s`at", "`ow`s`at"), ("`ows`at", "`ow`s`at"), ("`ow`sat", "`ow`s`at"), ("shant", "shan`t"),
    ("shed`ve", "she`d`ve"), ("she`dve", "she`d`ve"), ("she`s", "she`s"), ("shouldve", "should`ve"),
    ("shouldnt", "shouldn`t"), ("shouldnt`ve", "shouldn`t`ve"), ("shouldn`tve", "shouldn`t`ve"),
    ("somebody`d", "somebodyd"), ("somebodyd`ve", "somebody`d`ve"), ("somebody`dve", "somebody`d`ve"),
    ("somebodyll", "somebody`ll"), ("somebodys", "somebody`s"), ("someoned", "someone`d"),
    ("someoned`ve", "someone`d`ve"), ("someone`dve", "someone`d`ve"), ("someonell", "someone`ll"),
    ("someones", "someone`s"), ("somethingd", "something`d"), ("somethingd`ve", "something`d`ve"),
    ("something`dve", "something`d`ve"), ("somethingll", "something`ll"), ("thats", "that`s"), ("thered", "there`d"),
    ("thered`ve", "there`d`ve"), ("there`dve", "there`d`ve"), ("therere", "there`re"), ("theres", "there`s"),
    ("theyd", "they`d"), ("theyd`ve", "they`d`ve"), ("they`dve", "they`d`ve"), ("theyll", "they`ll"),
    ("theyre", "they`re"), ("theyve", "they`ve"), ("twas", "`twas"), ("wasnt", "wasn`t"), ("wed`ve", "we`d`ve"),
    ("we`dve", "we`d`ve"), ("weve", "we've"), ("werent", "weren`t"), ("whatll", "what`ll"), ("whatre", "what`re"),
    ("whats", "what`s"), ("whatve", "what`ve"), ("whens", "when`s"), ("whered", "where`d"), ("wheres", "where's"),
    ("whereve", "where`ve"), ("whod", "who`d"), ("whod`ve", "who`d`ve"), ("who`dve", "who`d`ve"), ("wholl", "who`ll"),
    ("whos", "who`s"), ("whove", "who've"), ("whyll", "why`ll"), ("whyre", "why`re"), ("whys", "why`s"),
    ("wont", "won`t"), ("wouldve", "would`ve"), ("wouldnt", "wouldn`t"), ("wouldnt`ve", "wouldn`t`ve"),
    ("wouldn`tve", "wouldn`t`ve"), ("yall", "y`all"), ("yall`ll", "y`all`ll"), ("y`allll", "y`all`ll"),
    ("yall`d`ve", "y`all`d`ve"), ("y`alld`ve", "y`all`d`ve"), ("y`all`dve", "y`all`d`ve"), ("youd", "you`d"),
    ("youd`ve", "you`d`ve"), ("you`dve", "you`d`ve"), ("youll", "you`ll"), ("youre", "you`re"), ("youve", "you`ve"),
];

/// The prediction as it is compared.
pub fn normalise(prediction: &str) -> String {
    let text = branch!("vizwiz.plain", plain(prediction), prediction.to_owned());
    let comma = branch!("vizwiz.comma", has_digit_comma(&text), false);
    let text = punctuation(&text, comma);
    let text = branch!("vizwiz.lower", python::lower(&text), text);
    words(&text, &CONTRACTIONS)
}

/// Soft accuracy of one prediction against the answers given, usually ten.
pub fn score<T: AsRef<str>>(prediction: &str, answers: &[T]) -> Score {
    let ours = normalise(prediction);
    let given = |answer: &T| {
        branch!(
            "vizwiz.raw_answers",
            answer.as_ref().to_owned(),
            normalise(answer.as_ref())
        )
    };
    let given: Vec<String> = answers.iter().map(given).collect();
    let same = |a: usize, b: usize| branch!("vizwiz.left_out_by_place", a == b, given[a] == given[b]);
    Score::or_invalid(soft_accuracy(given.len(), same, |at| given[at] == ours))
}

/// Whether the prediction says that the question cannot be answered.
pub fn says_unanswerable(prediction: &str) -> bool {
    let text = branch!(
        "vizwiz.unanswerable_normalised",
        normalise(prediction),
        prediction.to_owned()
    );
    text == UNANSWERABLE
}

/// What the totals need to know of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Its soft accuracy.
    pub score: f64,
    /// Whether the people asked could answer it.
    pub answerable: bool,
    /// Whether the prediction says that it cannot be answered.
    pub says_unanswerable: bool,
}

/// The official totals, in percent with two decimals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Totals {
    /// Mean accuracy.
    pub overall: f64,
    /// Mean accuracy over what can be answered. Without any such sample the official code stops, and there is none.
    pub answerable: Option<f64>,
    /// Mean accuracy over what cannot be answered. Without any such sample the official code stops, and there is none.
    pub unanswerable: Option<f64>,
    /// Average precision of saying "unanswerable", as scikit-learn computes it from scores of 0 and 1.
    pub average_precision: f64,
    /// F1 of saying "unanswerable".
    pub f1: f64,
}

impl Totals {
    /// Totals of samples in the order of the results; none of no samples.
    pub fn of(samples: &[Sample]) -> Option<Self> {
        let part = |wanted: bool| {
            let wanted = branch!("vizwiz.parts", wanted, !wanted);
            let part: Vec<f64> = samples
                .iter()
                .filter(|s| s.answerable == wanted)
                .map(|s| s.score)
                .collect();
            percent(&part)
        };
        let all: Vec<f64> = samples.iter().map(|sample| sample.score).collect();
        let counts = Counts::of(samples);
        Some(Self {
            overall: percent(&all)?,
            answerable: part(true),
            unanswerable: part(false),
            average_precision: python::round(100.0 * counts.average_precision(), 2),
            f1: python::round(100.0 * counts.f1(), 2),
        })
    }
}

/// The mean in percent, as the official code rounds it.
fn percent(scores: &[f64]) -> Option<f64> {
    let (total, count) = (python::sum(scores.iter().copied()), scores.len() as f64);
    let mean = branch!("vizwiz.percent", 100.0 * total / count, 100.0 * (total / count));
    (!scores.is_empty()).then(|| python::round(mean, 2))
}

/// Counts of samples, all that the two measures of unanswerability depend on.
struct Counts {
    /// Samples.
    all: f64,
    /// Samples that cannot be answered.
    unanswerable: f64,
    /// Predictions that say so.
    said: f64,
    /// Those of them that are right.
    hits: f64,
}

impl Counts {
    fn of(samples: &[Sample]) -> Self {
        let count = |wanted: fn(&Sample) -> bool| samples.iter().filter(|sample| wanted(sample)).count() as f64;
        Self {
            all: samples.len() as f64,
            unanswerable: count(|sample| !sample.answerable),
            said: count(|sample| sample.says_unanswerable),
            hits: count(|sample| sample.says_unanswerable && !sample.answerable),
        }
    }

    /// The step integral of the precision-recall curve, which has a step for each score that occurs: 1, and 0.
    ///
    /// Without a sample that cannot be answered scikit-learn takes the recall for 1 and the precision is 0.
    fn average_precision(&self) -> f64 {
        if branch!("vizwiz.none_unanswerable", self.unanswerable == 0.0, false) {
            return 0.0;
        }
        let recall = self.hits / self.unanswerable;
        let rest = branch!("vizwiz.all_step", (recall - 1.0) * (self.unanswerable / self.all), 0.0);
        let first = if branch!("vizwiz.none_said", self.said == 0.0, false) {
            0.0
        } else {
            -recall * (self.hits / self.said)
        };
        -(rest + first)
    }

    fn f1(&self) -> f64 {
        let sizes = self.unanswerable + self.said;
        if branch!("vizwiz.no_f1", sizes == 0.0, false) {
            0.0
        } else {
            2.0 * self.hits / sizes
        }
    }
}
