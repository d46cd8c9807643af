//! POPE: `label` and `setting`; gold is the official JSON lines, a file a setting, which its name says.
//!
//! Question ids start from 1 in every setting, so a bare id is ambiguous where several gold files are named. LLaVA's answers are joined
//! through its questions file (`category`, `image`, `text`). Its own script goes by the order of the answers; ours by picture and question,
//! which is the same wherever that order is right.

use super::rule::{self, Part, Setting, Totals, Written};
use crate::answers::fields::{Fields, InputError};
use crate::answers::{Answer, Response};
use crate::gold::Layout;
use crate::rules::ranking::{average_precision, roc_auc};
use crate::score::Score;
use crate::scoring::{self, FORK, Origin, QuestionLine, Sample, Scoring, Wanted};
use crate::summary::Total;

/// The benchmark's own code.
const OFFICIAL: &str = "POPE's script";

pub(crate) struct Pope;

/// A question's gold.
pub(crate) struct Gold {
    /// Whether yes is right.
    label: bool,
    setting: Option<Setting>,
}

/// The setting that an item names.
fn setting_of(item: &Fields) -> Result<Option<Setting>, InputError> {
    for name in ["setting", "category", "split"] {
        if let Some(text) = item.maybe_text(name)? {
            let known = Setting::ALL.into_iter().find(|setting| setting.name() == text);
            let problem = format!("`{text}`; adversarial, popular or random is wanted");
            return known.map(Some).ok_or_else(|| item.error(name, problem));
        }
    }
    Ok(None)
}

/// `yes`, `no`, or a truth value.
fn label_of(item: &Fields) -> Result<bool, InputError> {
    let name = if item.has("label") { "label" } else { "answer" };
    if !item.has(name) {
        item.need("label", "yes or no")?;
    }
    match item.get(name).and_then(serde_json::Value::as_str) {
        Some("yes") => Ok(true),
        Some("no") => Ok(false),
        Some(other) => Err(item.error(name, format!("`{other}`; yes or no is wanted"))),
        None => Ok(item.maybe_truth(name)?.unwrap_or_default()),
    }
}

fn by_id(setting: Option<Setting>, id: &str) -> String {
    setting.map_or_else(|| id.to_owned(), |setting| format!("{}/{id}", setting.name()))
}

/// Key of a question by its picture. LLaVA's text has a line of instruction after the question.
fn by_picture(setting: Option<Setting>, image: &str, text: &str) -> String {
    let question = text.split('\n').next().unwrap_or(text);
    by_id(setting, &format!("{image}\n{question}"))
}

impl Scoring for Pope {
    type Gold = Gold;

    fn wanted(&self) -> Wanted {
        Wanted::Either(2)
    }

    fn layouts(&self) -> &'static [Layout] {
        // The second is the metadata that the paper's code writes.
        &[Layout::Lines, Layout::ById]
    }

    fn gold(&self, item: &Fields, source: Origin) -> Result<Option<Gold>, InputError> {
        let named = |file: &str| Setting::ALL.into_iter().find(|setting| file.contains(setting.name()));
        let setting = setting_of(item)?.or_else(|| source.file.and_then(named));
        if let (None, Some(file)) = (setting, source.file) {
            let problem =
                format!("missing, and the name `{file}` does not say adversarial, popular or random; rename the file");
            return Err(item.error("setting", problem));
        }
        let label = label_of(item)?;
        Ok(Some(Gold { label, setting }))
    }

    fn item_keys(&self, item: &Fields, key: Option<&str>, _: usize, gold: &Gold) -> Result<Vec<String>, InputError> {
        // The paper's code makes ids by Python's salted hash, which no other run shares; the question's own is beside them.
        let own = item.maybe_id(&["split_question_id"])?;
        let id = own.clone().map_or_else(|| scoring::item_id(item, key), Ok)?;
        let mut keys = vec![by_id(gold.setting, &id), id];
        keys.extend(key.map(str::to_owned));
        if let (Some(image), Some(text)) = (item.maybe_text("image")?, item.maybe_text("text")?) {
            keys.push(by_picture(gold.setting, image, text));
            keys.push(by_picture(None, image, text));
        }
        Ok(keys)
    }

    fn answer_keys(&self, answer: &Answer) -> Result<Vec<String>, InputError> {
        let Some(id) = &answer.gold_id else {
            return Ok(Vec::new());
        };
        let setting = setting_of(&answer.fields)?;
        Ok(vec![by_id(setting, id)])
    }

    fn question_keys(&self, question: &QuestionLine) -> Result<Vec<String>, InputError> {
        let setting = setting_of(&question.fields)?;
        let (image, text) = (question.fields.text("image")?, question.fields.text("text")?);
        Ok(vec![by_picture(setting, image, text)])
    }

    fn wrong(&self, gold: &Gold, probable: bool) -> Response {
        scoring::wrong_of_two(["yes", "no"], usize::from(!gold.label), probable)
    }

    fn score(&self, response: &Response, gold: &Gold) -> Score {
        match response {
            Response::Text(text) => rule::score(text, gold.label),
            Response::Probabilities(probabilities) => {
                rule::score_probabilities([probabilities[0], probabilities[1]], gold.label)
            }
        }
    }

    fn totals(&self, samples: &[Sample<Gold>]) -> (Vec<Total>, Vec<String>) {
        match samples[0].response {
            Response::Text(_) => (written(samples), Vec::new()),
            Response::Probabilities(_) => probable(samples),
        }
    }
}

/// Samples of each setting that occurs, by its name; those without one under `all`.
fn parts<'a, 'b>(samples: &'a [Sample<'b, Gold>]) -> Vec<(&'static str, Vec<&'a Sample<'b, Gold>>)> {
    let settings = Setting::ALL.into_iter().map(Some).chain([None]);
    let part = |setting: Option<Setting>| {
        let name = setting.map_or("no setting", Setting::name);
        let part: Vec<_> = samples.iter().filter(|sample| sample.gold.setting == setting).collect();
        (name, part)
    };
    settings.map(part).filter(|(_, part)| !part.is_empty()).collect()
}

fn written(samples: &[Sample<Gold>]) -> Vec<Total> {
    let mut list = Vec::new();
    let parts = parts(samples);
    let accuracies: Vec<f64> = parts
        .iter()
        .flat_map(|(name, part)| {
            let says = |sample: &&Sample<Gold>| (rule::says_yes(sample.response.text()), sample.gold.label);
            let counts = Written::of(part.iter().map(says));
            list.extend([
                Total::share(OFFICIAL, format!("{name}: accuracy"), counts.accuracy()).of(part.len()),
                Total::share(OFFICIAL, format!("{name}: precision"), counts.precision()),
                Total::share(OFFICIAL, format!("{name}: recall"), counts.recall()),
                Total::share(OFFICIAL, format!("{name}: F1"), counts.f1()),
                Total::share(OFFICIAL, format!("{name}: yes ratio"), counts.yes_ratio()),
                Total::count(OFFICIAL, format!("{name}: true positives"), counts.true_positives),
                Total::count(OFFICIAL, format!("{name}: false positives"), counts.false_positives),
                Total::count(OFFICIAL, format!("{name}: true negatives"), counts.true_negatives),
                Total::count(OFFICIAL, format!("{name}: false negatives"), counts.false_negatives),
            ]);
            counts.accuracy()
        })
        .collect();
    if parts.len() > 1 {
        let mean = accuracies.iter().sum::<f64>() / accuracies.len() as f64;
        list.insert(0, Total::share("mean of the settings, ours", "accuracy", mean));
    }
    list
}

fn probable(samples: &[Sample<Gold>]) -> (Vec<Total>, Vec<String>) {
    let pair = |sample: &Sample<Gold>| {
        let probabilities = sample.response.probabilities();
        [probabilities[0], probabilities[1]]
    };
    let listed = |name: &str, part: Part| {
        [
            Total::share(FORK, format!("{name}accuracy"), part.accuracy),
            Total::share(FORK, format!("{name}area under ROC"), part.auc_roc),
            Total::share(FORK, format!("{name}area under precision-recall"), part.auc_pr),
        ]
    };
    let with_setting = |sample: &Sample<Gold>| Some((sample.gold.setting?, pair(sample), sample.gold.label));
    let all: Option<Vec<rule::Sample>> = samples.iter().map(with_setting).collect();
    if let Some(totals) = all.and_then(|all| Totals::of(&all)) {
        let mut list: Vec<Total> = listed("", totals.all).into();
        for (setting, part) in Setting::ALL.into_iter().zip(totals.settings) {
            list.extend(listed(&format!("{}: ", setting.name()), part));
        }
        return (list, Vec::new());
    }
    let mut list = Vec::new();
    for (name, part) in parts(samples) {
        let ranked: Vec<(bool, f64)> = part.iter().map(|sample| (sample.gold.label, pair(sample)[0])).collect();
        let right: f64 = part.iter().map(|sample| sample.score.score).sum();
        let numbers = Part {
            accuracy: right / part.len() as f64,
            auc_roc: roc_auc(&ranked),
            auc_pr: average_precision(&ranked),
        };
        list.extend(listed(&format!("{name}: "), numbers).map(|total| total.of(part.len())));
    }
    let note = "the paper's code stops where one of the three settings has no question: no number over all";
    (list, vec![note.to_owned()])
}
