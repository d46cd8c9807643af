//! `sightline report`: runs as one HTML file.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use sightline_eval::aggregate::{self, TaskScore};
use sightline_eval::comparison::CAVEAT;
use sightline_eval::report::{Answer, Page, Shown, TaskRow};
use sightline_eval::run::Outcome;
use sightline_eval::score::geometry;
use sightline_eval::stats::split_mix;
use sightline_eval::tasks::{self, Image, Question, Select};
use sightline_vision::{Corners, Frame};
use sightline_vlm::Region;

use crate::args::Report;
use crate::commands::runs::{FinishedRun, by_task};
use crate::failure::{Failure, INPUT, OrFail, RUNNING};
use crate::output;

/// Longest side of a picture in the file, px.
const SIDE: u32 = 320;

/// Runs the command.
pub(crate) fn run(args: &Report) -> Result<(), Failure> {
    let mut columns = Vec::new();
    for path in &args.runs {
        columns.push(by_task(path)?);
    }
    let runs: Vec<String> = args
        .runs
        .iter()
        .zip(&columns)
        .map(|(path, runs)| name(path, runs))
        .collect();
    let mut names: Vec<&String> = columns.iter().flat_map(BTreeMap::keys).collect();
    names.sort();
    names.dedup();
    let mut page = Page {
        title: args.title.clone(),
        aggregates: aggregates(&columns),
        notes: vec![CAVEAT.to_owned(), tasks_method().to_owned()],
        runs,
        ..Page::default()
    };
    for task in names {
        let column: Vec<Option<&FinishedRun>> = columns.iter().map(|runs| runs.get(task)).collect();
        page.tasks.push(row(task, &column));
        page.samples.extend(samples(task, &column, args)?);
    }
    let html = page.html().or_fail(RUNNING)?;
    let write = |path: &Path, text: &str| {
        sightline_checkpoint::file::write_whole(path, text.as_bytes())
            .map_err(|error| Failure::new(RUNNING, format!("cannot write {}: {error}", path.display())))
    };
    write(&args.out, &html)?;
    if let Some(path) = &args.table {
        write(path, &page.markdown())?;
    }
    output::line(&format!(
        "{} tasks, {} answers to look at: {}",
        page.tasks.len(),
        page.samples.len(),
        args.out.display()
    ))
}

fn tasks_method() -> &'static str {
    "How an interval was made stands with its task: bootstrap over pictures, or Wilson where there is one question a picture."
}

/// A run's name: its folder's, or its path where that has a star.
fn name(path: &Path, runs: &BTreeMap<String, FinishedRun>) -> String {
    let first = runs.values().next().map(FinishedRun::name);
    first.unwrap_or_else(|| path.display().to_string())
}

fn row(task: &str, column: &[Option<&FinishedRun>]) -> TaskRow {
    let headlines: Vec<_> = column.iter().map(|run| run.and_then(FinishedRun::headline)).collect();
    let first = headlines.iter().flatten().next();
    TaskRow {
        task: task.to_owned(),
        count: first.map_or(0, |headline| headline.count),
        method: first.map_or_else(String::new, |headline| headline.method.clone()),
        scores: headlines
            .iter()
            .map(|headline| {
                headline
                    .as_ref()
                    .map(|h| [h.interval.estimate, h.interval.low, h.interval.high])
            })
            .collect(),
        invalid: headlines
            .iter()
            .map(|headline| headline.as_ref().map(|h| h.invalid as f64 / h.count as f64))
            .collect(),
    }
}

/// The paper's aggregates of every run, where any of their members ran.
fn aggregates(columns: &[BTreeMap<String, FinishedRun>]) -> Vec<(String, Vec<String>)> {
    let mut members = aggregate::VQA.iter().chain(&aggregate::LOC);
    if !members.any(|member| columns.iter().any(|runs| runs.contains_key(member.task))) {
        return Vec::new();
    }
    let all: Vec<_> = columns
        .iter()
        .map(|runs| {
            let score = |(task, run): (&'static str, &FinishedRun)| {
                run.headline().map(|headline| TaskScore {
                    task,
                    score: 100.0 * headline.interval.estimate,
                    count: headline.count,
                })
            };
            let there = aggregate::VQA.iter().chain(&aggregate::LOC);
            let there = there.filter_map(|member| Some((member.task, runs.get(member.task)?)));
            let found = aggregate::Aggregates::of(&there.filter_map(score).collect::<Vec<_>>());
            [found.vqa, found.loc, found.overall]
        })
        .collect();
    ["W-VQA", "W-Loc", "Overall"]
        .into_iter()
        .enumerate()
        .map(|(at, name)| {
            let values = all.iter().map(|values| values[at].to_string()).collect();
            (format!("{name} ({})", aggregate::LABEL), values)
        })
        .collect()
}

/// Questions to look at, chosen by their place alone.
fn samples(task: &str, column: &[Option<&FinishedRun>], args: &Report) -> Result<Vec<Shown>, Failure> {
    let Some(first) = column.iter().flatten().next() else {
        return Ok(Vec::new());
    };
    let count = first.records.len();
    let mut places: Vec<usize> = (0..count).collect();
    places.sort_by_key(|place| split_mix(1, *place as u64));
    places.truncate(args.samples);
    places.sort_unstable();
    let mut pictures = match &args.data {
        Some(data) => images(task, data)?,
        None => BTreeMap::new(),
    };
    let mut shown = Vec::new();
    for place in places {
        let question = &first.loaded.questions[place];
        let picture = pictures.remove(&question.id).and_then(|image| thumbnail(&image));
        let size = size(question).or(picture.as_ref().map(|(_, size)| *size));
        let answers = column
            .iter()
            .map(|run| run.and_then(|run| answer(run, place, &question.id, size)));
        shown.push(Shown {
            task: task.to_owned(),
            id: question.id.clone(),
            prompt: question.prompt.clone(),
            gold: gold(question),
            gold_box: edges(question.gold.get("box")),
            picture: picture.map(|(url, _)| url),
            size,
            answers: answers.collect(),
        });
    }
    Ok(shown)
}

/// Pictures of a task by question.
fn images(task: &str, data: &Path) -> Result<BTreeMap<String, Image>, Failure> {
    let loaded = tasks::load(task, data, &Select::default()).or_fail(INPUT)?;
    Ok(loaded
        .questions
        .into_iter()
        .map(|question| (question.id, question.image))
        .collect())
}

/// A small JPEG as a data URL, and the size of the picture itself; none where it cannot be read, which the run says.
fn thumbnail(image: &Image) -> Option<(String, [u32; 2])> {
    let decoded = image::load_from_memory(&image.bytes().ok()?).ok()?;
    let size = [decoded.width(), decoded.height()];
    let small = if size[0].max(size[1]) > SIDE {
        decoded.thumbnail(SIDE, SIDE)
    } else {
        decoded
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    small.to_rgb8().write_to(&mut bytes, image::ImageFormat::Jpeg).ok()?;
    Some((
        format!("data:image/jpeg;base64,{}", BASE64_STANDARD.encode(bytes.get_ref())),
        size,
    ))
}

/// The size that the gold is in, where it has one.
fn size(question: &Question) -> Option<[u32; 2]> {
    let side = |name: &str| question.gold.get(name)?.as_u64()?.try_into().ok();
    Some([side("width")?, side("height")?])
}

fn edges(value: Option<&Value>) -> Option<[f64; 4]> {
    let list: Vec<f64> = value?.as_array()?.iter().filter_map(Value::as_f64).collect();
    list.try_into().ok()
}

/// The right answer in words.
fn gold(question: &Question) -> String {
    let shown = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let names = ["answer", "label", "choice", "answers", "box"];
    let found = names.iter().find_map(|name| question.gold.get(*name));
    match found {
        Some(Value::Array(list)) => {
            let mut texts: Vec<String> = list.iter().map(shown).collect();
            texts.dedup();
            texts.join(", ")
        }
        Some(value) => shown(value),
        None => String::new(),
    }
}

fn answer(run: &FinishedRun, place: usize, id: &str, size: Option<[u32; 2]>) -> Option<Answer> {
    let record = run.records.get(place).filter(|record| record.id == id)?;
    let score = run.scores.get(place)?;
    let text = match &record.outcome {
        Outcome::Text(text) => text.clone(),
        Outcome::Probabilities(list) => list
            .iter()
            .map(|share| format!("{share:.2}"))
            .collect::<Vec<_>>()
            .join(" / "),
        Outcome::Unreadable(reason) => format!("(not read: {reason})"),
    };
    let px = size.and_then(|[width, height]| {
        let region = Region::parse(&text).ok()?;
        let corners = [region.x1, region.y1, region.x2, region.y2].map(f64::from);
        let sides = [width, height].map(f64::from);
        let px = match run.loaded.transform.frame(sides) {
            // To the pixel as the picture was padded.
            geometry::Frame::CentredSquare => {
                let [x1, y1, x2, y2] = corners;
                Frame::padded_square(width, height).to_px(Corners::new(x1, y1, x2, y2))
            }
            other => {
                let [x1, y1, x2, y2] = other.unproject(corners, sides);
                Corners::new(x1, y1, x2, y2)
            }
        };
        let px = px.clipped(sides[0], sides[1])?;
        Some([px.x1, px.y1, px.x2, px.y2])
    });
    Some(Answer {
        score: score.score,
        valid: score.valid.unwrap_or(true),
        text,
        px,
    })
}
