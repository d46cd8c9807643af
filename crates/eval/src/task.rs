//! Tasks that answers made elsewhere can be scored as: one file a benchmark (`task/`), one line here.

mod boxes;
pub(crate) mod bridge;
mod choice;
mod exact;
mod gqa;
mod pope;
mod tallyqa;
mod textvqa;
mod vizwiz;
mod vqav2;
mod vsr;

use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;

use crate::answers::fields::{Fields, InputError, Place};
use crate::answers::{self, Answer, Response};
use crate::gold::{self, Layout};
use crate::join::{self, Index, Joined};
use crate::run::Scorer;
use crate::score::Score;
use crate::score::geometry::Transform;
use crate::summary::{Summary, Total};

/// Whose rule a total is: the paper's evaluation code.
pub(crate) const FORK: &str = "paper's code";

/// A line of the table: the same benchmark for files of answers and for runs.
macro_rules! task {
    ($id:literal, $name:literal, $benchmark:expr) => {
        Task {
            id: $id,
            name: $name,
            run: |files| run(&$benchmark, files),
            bridge: |items| bridge::bridge($benchmark, items),
        }
    };
}

/// Every task.
pub const TASKS: &[Task] = &[
    task!("vqav2", "VQAv2", vqav2::Vqav2),
    task!("gqa", "GQA", gqa::Gqa),
    task!("vizwiz", "VizWiz", vizwiz::VizWiz),
    task!("textvqa", "TextVQA", textvqa::TextVqa),
    task!("textvqa-ocr", "TextVQA with OCR tokens in the prompt", textvqa::TextVqa),
    task!("pope", "POPE", pope::Pope),
    task!("tallyqa", "TallyQA", tallyqa::TallyQa),
    task!("vsr", "VSR", vsr::Vsr),
    task!("refcoco", "RefCOCO", boxes::Boxes::RefCoco("RefCOCO")),
    task!("refcoco+", "RefCOCO+", boxes::Boxes::RefCoco("RefCOCO+")),
    task!("refcocog", "RefCOCOg", boxes::Boxes::RefCoco("RefCOCOg")),
    task!("ocid-ref", "OCID-Ref", boxes::Boxes::OcidRef),
    task!("exact", "Our own tasks with one right answer", exact::Exact),
    task!("choice", "Our own tasks that ask for A or B", choice::Choice),
    task!(
        "boxes",
        "Our own tasks that ask for a box",
        boxes::Boxes::RefCoco("boxes")
    ),
];

/// A task of the table.
#[derive(Clone, Copy, Debug)]
pub struct Task {
    /// Its id.
    pub id: &'static str,
    /// The benchmark's own name.
    pub name: &'static str,
    run: fn(&Files) -> Result<Scored, InputError>,
    bridge: fn(&bridge::Items) -> Result<Box<dyn Scorer>, InputError>,
}

impl Task {
    /// The task with this id.
    pub fn find(id: &str) -> Option<Self> {
        TASKS.iter().copied().find(|task| task.id == id)
    }

    /// Scores a file of answers.
    pub fn score(self, files: &Files) -> Result<Scored, InputError> {
        let mut scored = (self.run)(files)?;
        scored.summary.task = self.id;
        Ok(scored)
    }

    /// A scorer for runs.
    pub(crate) fn scorer(self, items: &bridge::Items) -> Result<Box<dyn Scorer>, InputError> {
        (self.bridge)(items)
    }
}

/// What is scored, and against what.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// Answers.
    pub answers: PathBuf,
    /// Official files with gold; none where the answers hold their own. Several for POPE, a setting each.
    pub gold: Vec<PathBuf>,
    /// Questions: what the answers' ids mean, and which questions are wanted.
    pub questions: Option<PathBuf>,
    /// `image_transform.json` of the run, for boxes whose lines do not hold it.
    pub transform: Option<PathBuf>,
    /// Lets missing, extra and repeated answers pass.
    pub partial: bool,
}

/// A scored file.
#[derive(Clone, Debug)]
pub struct Scored {
    /// Totals and counts.
    pub summary: Summary,
    /// Id and score of every answer.
    pub samples: Vec<(String, Score)>,
}

impl Scored {
    /// Writes a JSON line per sample.
    ///
    /// # Errors
    /// What `out` says.
    pub fn write_samples(&self, mut out: impl Write) -> std::io::Result<()> {
        #[derive(Serialize)]
        struct Line<'a> {
            id: &'a str,
            score: f64,
            #[serde(skip_serializing_if = "Option::is_none")]
            score_official: Option<f64>,
            valid: bool,
            #[serde(skip_serializing_if = "Option::is_none")]
            iou: Option<f64>,
        }
        for (id, score) in &self.samples {
            let line = Line {
                id,
                score: score.score,
                score_official: score.official,
                valid: score.valid.unwrap_or(true),
                iou: score.iou,
            };
            serde_json::to_writer(&mut out, &line)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }
}

/// What a task scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// Written answers.
    Text,
    /// So many probabilities.
    Probabilities(usize),
    /// Either.
    Either(usize),
}

impl Wanted {
    /// Whether a response is of this kind.
    fn accepts(self, response: &Response) -> bool {
        match (response, self) {
            (Response::Text(_), wanted) => !matches!(wanted, Self::Probabilities(_)),
            (Response::Probabilities(_), Self::Text) => false,
            (Response::Probabilities(found), Self::Probabilities(count) | Self::Either(count)) => found.len() == count,
        }
    }

    /// Whether probabilities are what is scored, as far as can be told.
    fn is_probable(self) -> bool {
        !matches!(self, Self::Text)
    }
}

/// The wrong answer of two, for pictures that cannot be read: written, or as probabilities.
fn wrong_of_two(words: [&str; 2], right: usize, probable: bool) -> Response {
    if probable {
        Response::Probabilities(vec![right as f64, 1.0 - right as f64])
    } else {
        Response::Text(words[1 - right].to_owned())
    }
}

/// Where an item comes from.
#[derive(Clone, Copy, Debug)]
struct Source<'a> {
    /// Name of the gold file without its folder; none for a line of answers.
    file: Option<&'a str>,
    /// The transform of the run, where one is named.
    transform: Option<&'a Transform>,
}

/// A question of `--questions`.
struct Question {
    id: String,
    fields: Fields,
}

/// One answer with its gold and its score.
struct Sample<'a, G> {
    response: &'a Response,
    gold: &'a G,
    score: Score,
}

/// What is special about a benchmark.
trait Benchmark {
    /// What an answer is compared with.
    type Gold;

    /// What it scores.
    fn wanted(&self) -> Wanted;

    /// Layouts of its official files.
    fn layouts(&self) -> &'static [Layout];

    /// Gold of an item: of an official file, or of a line of answers. None for an item that belongs to another task.
    fn gold(&self, item: &Fields, source: Source) -> Result<Option<Self::Gold>, InputError>;

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
    fn question_keys(&self, question: &Question) -> Result<Vec<String>, InputError> {
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
fn item_id(item: &Fields, key: Option<&str>) -> Result<String, InputError> {
    if let Some(key) = key {
        return Ok(key.to_owned());
    }
    let id = item.maybe_id(&["question_id", "questionId", "example_id", "id"])?;
    id.ok_or_else(|| item.error("question_id", "missing; is it the right file?"))
}

/// Scores a file as one benchmark.
fn run<B: Benchmark>(benchmark: &B, files: &Files) -> Result<Scored, InputError> {
    let (format, answers) = answers::read(&files.answers)?;
    check_responses(benchmark.wanted(), &answers)?;
    let transform = files.transform.as_deref().map(boxes::read_transform).transpose()?;
    let transform = transform.as_ref();
    let mut ids = Vec::new();
    let (golds, mut joined) = if files.gold.is_empty() {
        if let Some(questions) = &files.questions {
            let place = Place::file(&questions.display().to_string());
            return Err(InputError::new(
                &place,
                "--questions without --gold; name the official file, too",
            ));
        }
        let source = Source { file: None, transform };
        let of_line = |answer: &Answer| {
            let other = || InputError::new(&answer.fields.place, "belongs to another task; is --task right?");
            benchmark.gold(&answer.fields, source)?.ok_or_else(other)
        };
        let golds: Vec<B::Gold> = answers.iter().map(of_line).collect::<Result<_, _>>()?;
        ids.extend(answers.iter().map(|answer| answer.id.clone()));
        (golds, join::last_of_each(&answers, files.partial)?)
    } else {
        let (golds, index) = read_gold(benchmark, files, transform)?;
        let joined = join_gold(benchmark, files, &answers, &index)?;
        ids.extend(index.ids);
        (golds, joined)
    };
    if benchmark.in_gold_order() {
        joined.pairs.sort_unstable_by_key(|pair| pair.1);
    }
    let samples: Vec<Sample<B::Gold>> = joined
        .pairs
        .iter()
        .map(|&(answer, item)| {
            let (response, gold) = (&answers[answer].response, &golds[item]);
            Sample {
                response,
                gold,
                score: benchmark.score(response, gold),
            }
        })
        .collect();
    if samples.is_empty() {
        let place = Place::file(&files.answers.display().to_string());
        return Err(InputError::new(
            &place,
            "no answer is to a question of the gold file; are both of one benchmark?",
        ));
    }
    let (totals, notes) = benchmark.totals(&samples);
    let summary = Summary {
        task: "",
        answers: files.answers.display().to_string(),
        format: format.to_string(),
        count: samples.len(),
        invalid: samples
            .iter()
            .filter(|sample| sample.score.valid == Some(false))
            .count(),
        partial: files.partial.then_some(joined.partial),
        totals,
        notes,
    };
    let samples = joined.pairs.iter().zip(&samples);
    let samples = samples
        .map(|(pair, sample)| (ids[pair.1].clone(), sample.score))
        .collect();
    Ok(Scored { summary, samples })
}

/// Whether the answers are what a task scores.
fn check_responses(wanted: Wanted, answers: &[Answer]) -> Result<(), InputError> {
    for answer in answers {
        let fields = &answer.fields;
        match (&answer.response, wanted) {
            (Response::Text(_), Wanted::Probabilities(count)) => {
                let problem = format!("this task scores `probabilities`, a list of {count} numbers a line");
                return Err(fields.error("probabilities", problem));
            }
            (Response::Probabilities(_), Wanted::Text) => {
                return Err(fields.error("prediction", "this task scores written answers, not probabilities"));
            }
            (Response::Probabilities(found), Wanted::Probabilities(count) | Wanted::Either(count))
                if found.len() != count =>
            {
                let problem = format!("{} numbers where the task has {count} choices", found.len());
                return Err(fields.error("probabilities", problem));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Reads the gold files.
fn read_gold<B: Benchmark>(
    benchmark: &B,
    files: &Files,
    transform: Option<&Transform>,
) -> Result<(Vec<B::Gold>, Index), InputError> {
    let (mut golds, mut index) = (Vec::new(), Index::default());
    for path in &files.gold {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let source = Source {
            file: Some(&name),
            transform,
        };
        let mut at = 0;
        gold::read(path, benchmark.layouts(), |key, item| {
            if let Some(gold) = benchmark.gold(&item, source)? {
                index.add(benchmark.item_keys(&item, key.as_deref(), at, &gold)?, &item.place)?;
                golds.push(gold);
            }
            at += 1;
            Ok(())
        })?;
    }
    Ok((golds, index))
}

/// Joins answers to a gold file, through the questions file where there is one.
fn join_gold<B: Benchmark>(
    benchmark: &B,
    files: &Files,
    answers: &[Answer],
    index: &Index,
) -> Result<Joined, InputError> {
    let without = |answer: &Answer| {
        let problem = "holds no official id, only a count of rows; log the `doc` as well, or score without --gold";
        InputError::field(&answer.fields.place, "doc_id", problem)
    };
    if let Some(answer) = answers.iter().find(|answer| answer.gold_id.is_none()) {
        return Err(without(answer));
    }
    let Some(path) = &files.questions else {
        let find = |answer: &Answer| index.find(&benchmark.answer_keys(answer)?, &answer.fields.place);
        let targets: Vec<_> = answers.iter().map(find).collect::<Result<_, _>>()?;
        let wanted: Vec<usize> = (0..index.ids.len()).collect();
        return join::join(answers, &targets, &wanted, index, files.partial);
    };
    let mut by_id = HashMap::new();
    let layouts = [Layout::Lines, Layout::List, Layout::Under("questions")];
    gold::read(path, &layouts, |_, fields| {
        let id = item_id(&fields, None)?;
        let place = fields.place.clone();
        let question = Question { id: id.clone(), fields };
        let item = index.find(&benchmark.question_keys(&question)?, &place)?;
        let item = item.ok_or_else(|| {
            InputError::new(
                &place,
                format!("question `{id}` is not in the gold file; is it the right one?"),
            )
        })?;
        match by_id.insert(id, item) {
            None => Ok(()),
            Some(_) => {
                let problem = format!("ambiguous: the id `{}` stands for a question before", question.id);
                Err(InputError::new(&place, problem))
            }
        }
    })?;
    let mut wanted: Vec<usize> = by_id.values().copied().collect();
    wanted.sort_unstable();
    wanted.dedup();
    let target = |answer: &Answer| by_id.get(answer.gold_id.as_ref()?).copied();
    let targets: Vec<_> = answers.iter().map(target).collect();
    join::join(answers, &targets, &wanted, index, files.partial)
}
