//! Finished runs as a page.

use std::collections::BTreeMap;
use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use image::{DynamicImage, RgbImage};
use serde_json::Value;
use sightline_checkpoint::manifest;
use sightline_eval::aggregate::{self, TaskScore};
use sightline_eval::rules::geometry;
use sightline_eval::scorer::Outcome;
use sightline_eval::stats::split_mix;
use sightline_eval::tasks::{self, DataPath, Image, Question, Select};
use sightline_vision::{Corners, Frame, Picture};
use sightline_vlm::Region;

use super::{Answer, Page, Shown, TaskRow};
use crate::comparison::CAVEAT;
use crate::error::EvaluationError;
use crate::finished::FinishedRun;

/// Longest side of a picture in the file, px.
const SIDE: u32 = 320;
/// The ground behind transparent parts, where a run does not say its model's: mid grey.
const GROUND: [u8; 3] = [127; 3];
/// Runs of one column, by task.
pub struct Column {
    /// Its name.
    pub name: String,
    /// The runs.
    pub runs: BTreeMap<String, FinishedRun>,
}

impl Column {
    /// Runs under the name of the first one's folder; `otherwise` where there is none.
    pub fn new(runs: BTreeMap<String, FinishedRun>, otherwise: &str) -> Self {
        let first = runs.values().next().map(FinishedRun::name);
        Self {
            name: first.unwrap_or_else(|| otherwise.to_owned()),
            runs,
        }
    }
}

/// What a report shows beside the scores.
#[derive(Clone, Debug, Default)]
pub struct Wanted<'a> {
    /// Its heading.
    pub title: &'a str,
    /// Number of questions of each task to look at.
    pub samples: usize,
    /// The benchmarks' files, for pictures beside the answers.
    pub data: Option<&'a DataPath>,
}

/// A page, and the files of the pictures that it shows.
pub struct Built {
    /// The page.
    pub page: Page,
    /// Files of pictures that were read.
    pub pictures: Vec<PathBuf>,
}

/// The page of runs, a column each. `showing` hears of every question to look at, with its task.
///
/// # Errors
/// Files of a benchmark that cannot be used.
pub fn build(columns: &[Column], wanted: &Wanted<'_>, showing: &mut dyn FnMut(&str)) -> Result<Built, EvaluationError> {
    let runs: Vec<&BTreeMap<String, FinishedRun>> = columns.iter().map(|column| &column.runs).collect();
    let mut page = Page {
        title: wanted.title.to_owned(),
        aggregates: aggregates(&runs),
        notes: vec![CAVEAT.to_owned(), tasks_method().to_owned()],
        runs: columns.iter().map(|column| column.name.clone()).collect(),
        ..Page::default()
    };
    let mut pictures = Vec::new();
    for task in tasks_of(columns) {
        let column: Vec<Option<&FinishedRun>> = runs.iter().map(|runs| runs.get(task)).collect();
        page.tasks.push(row(task, &column));
        page.samples
            .extend(samples(task, &column, wanted, &mut pictures, showing)?);
    }
    Ok(Built { page, pictures })
}

/// Ids of the tasks of all columns, each once.
pub fn tasks_of(columns: &[Column]) -> Vec<&str> {
    let mut names: Vec<&str> = columns
        .iter()
        .flat_map(|column| column.runs.keys().map(String::as_str))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn tasks_method() -> &'static str {
    "How an interval was made stands with its task: bootstrap over pictures, or Wilson where there is one question a picture."
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
fn aggregates(columns: &[&BTreeMap<String, FinishedRun>]) -> Vec<(String, Vec<String>)> {
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
fn samples(
    task: &str,
    column: &[Option<&FinishedRun>],
    wanted: &Wanted<'_>,
    files: &mut Vec<PathBuf>,
    showing: &mut dyn FnMut(&str),
) -> Result<Vec<Shown>, EvaluationError> {
    let Some(first) = column.iter().flatten().next() else {
        return Ok(Vec::new());
    };
    let count = first.records.len();
    let mut places: Vec<usize> = (0..count).collect();
    places.sort_by_key(|place| split_mix(1, *place as u64));
    places.truncate(wanted.samples);
    places.sort_unstable();
    let mut pictures = match wanted.data {
        Some(data) => images(task, data)?,
        None => BTreeMap::new(),
    };
    let ground = ground(&first.key.transform);
    let mut shown = Vec::new();
    for place in places {
        showing(task);
        let question = &first.loaded.questions[place];
        let picture = pictures.remove(&question.id);
        if let Some(Image::File(path)) = &picture {
            files.extend(path.on_disk());
        }
        let picture = picture.and_then(|image| thumbnail(&image, ground));
        let size = size(question).or(picture.as_ref().map(|(_, size)| *size));
        let gold_box = edges(question.gold.get("box"));
        let answers = column.iter().map(|run| {
            let mut answer = run.and_then(|run| answer(run, place, &question.id, size))?;
            // What was not scored, because its form is wrong, may still be a box.
            if let (None, Some(px), Some(gold)) = (answer.iou, answer.px, gold_box) {
                answer.iou = geometry::iou(px, gold);
            }
            Some(answer)
        });
        shown.push(Shown {
            task: task.to_owned(),
            id: question.id.clone(),
            prompt: question.prompt.clone(),
            gold: gold(question),
            gold_box,
            picture: picture.map(|(url, _)| url),
            size,
            answers: answers.collect(),
        });
    }
    Ok(shown)
}

/// Pictures of a task by question.
fn images(task: &str, data: &DataPath) -> Result<BTreeMap<String, Image>, EvaluationError> {
    let loaded = tasks::load(task, data.clone(), &Select::default())?;
    Ok(loaded
        .questions
        .into_iter()
        .map(|question| (question.id, question.image))
        .collect())
}

/// The ground that a run's model had behind transparent parts. The run's key holds the transform as
/// JSON behind the frame of boxes.
fn ground(transform: &str) -> [u8; 3] {
    let json = transform.find('{').map(|at| &transform[at..]);
    let read = json.and_then(|json| serde_json::from_str::<manifest::Transform>(json).ok());
    read.map_or(GROUND, |transform| transform.pad)
}

/// A small JPEG as a data URL, and the size of the picture itself, both upright and opaque as the
/// model saw it; none where it cannot be read, which the run says.
fn thumbnail(image: &Image, ground: [u8; 3]) -> Option<(String, [u32; 2])> {
    let picture = Picture::decode(&image.bytes().ok()?).ok()?;
    let size = [picture.width(), picture.height()];
    let decoded = DynamicImage::from(RgbImage::from_raw(size[0], size[1], picture.over(ground).into_owned())?);
    let small = if size[0].max(size[1]) > SIDE {
        decoded.thumbnail(SIDE, SIDE)
    } else {
        decoded
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    small.write_to(&mut bytes, image::ImageFormat::Jpeg).ok()?;
    Some((
        format!("data:image/jpeg;base64,{}", BASE64_STANDARD.encode(bytes.get_ref())),
        size,
    ))
}

/// The size that the gold is in, where it has one.
fn size(question: &Question) -> Option<[u32; 2]> {
    // Official files have them as fractions, too.
    let side = |name: &str| question.gold.get(name)?.as_f64().filter(|side| *side >= 1.0);
    Some([side("width")? as u32, side("height")? as u32])
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
    let choice = question.gold.get("choice").and_then(Value::as_u64);
    if let Some(option) = choice.and_then(|place| question.options.get(place as usize)) {
        return option.clone();
    }
    let names = ["answer", "label", "choice", "answers", "captions", "box"];
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
        // As it was scored: in the frame that the model saw, beyond the picture's edge as well.
        iou: score.iou,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// A thumbnail and the size beside it, of a file of the goldens.
    fn shown(file: &str) -> ([u32; 2], image::RgbImage) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../tests/goldens/pillow/inputs")
            .join(file);
        let ground = ground(
            r#"letterbox 16x16 {"policy":"letterbox","size":[16,16],"pad":[9,200,30],"filter":"bicubic","mean":[0.5,0.5,0.5],"std":[0.5,0.5,0.5]}"#,
        );
        let (url, size) = thumbnail(&Image::File((&path).into()), ground).expect("a picture");
        let base64 = url.strip_prefix("data:image/jpeg;base64,").expect("a JPEG");
        let bytes = BASE64_STANDARD.decode(base64).expect("base64");
        (size, image::load_from_memory(&bytes).expect("a picture").to_rgb8())
    }

    #[test]
    fn pictures_are_shown_as_the_model_saw_them() {
        // 28 x 20 px, to be turned by a quarter.
        let (size, shown_upright) = shown("exif6.jpg");
        assert_eq!((size, shown_upright.dimensions()), ([20, 28], (20, 28)));
        // The first rows are transparent.
        let (_, opaque) = shown("rgba.png");
        let [r, g, b] = opaque.get_pixel(15, 0).0;
        assert!(r < 60 && g > 150 && b < 80, "{r} {g} {b} is not the ground");
        assert_eq!(ground("resize-naive"), GROUND);
    }
}
