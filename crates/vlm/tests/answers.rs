//! The shipped pair's answers in Rust against PyTorch's (`tests/goldens/pair/answers.json`): from
//! picture file to text, greedy. The same for the blind control (`blind.json`), which has no
//! pictures.
//!
//! It also checks the memory of the weights on a device. They take little more than their files,
//! because nothing is expanded there.
//!
//! Without the language model's file all tests show as ignored. Without a GPU its tests do.
//! `SIGHTLINE_REQUIRE=llm,wgpu` turns absence into failure.

mod common;

use std::fs;
use std::rc::Rc;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use serde::Deserialize;
use sightline_checkpoint::tensors::Tensors;
use sightline_kernels::{Device, KernelError};
use sightline_language::Adapters;
use sightline_vision::{Picture, Transform};
use sightline_vlm::{Ask, Asked, Blind, Connector, Files, Language, Options, Reply, Vlm};

use common::{ARMS, Inputs, open, root, weights, wgpu};

/// Number of answers that a GPU in software is asked for. One takes it many seconds.
const SOFTWARE: usize = 1;

/// Longest answer in the golden of the blind control, tokens.
const MOST_TOKENS: usize = 28;

/// Largest share of the files' bytes that the weights may take on a device.
const BYTES: f64 = 1.2;

/// One row of the blind control's golden.
#[derive(Deserialize)]
struct BlindRow {
    question: String,
    answer: String,
    ids: Vec<u32>,
}

/// One row of the golden.
#[derive(Deserialize)]
struct Row {
    model: String,
    image: String,
    question: String,
    answer: String,
}

fn main() {
    let arguments = Arguments::from_args();
    let required = std::env::var("SIGHTLINE_REQUIRE").unwrap_or_default();
    let requires = |name: &str| required.split(',').any(|item| item == name);
    let inputs = match arguments.list {
        true => Err("only listing".into()),
        false => open().map(Arc::new),
    };
    if let Err(reason) = &inputs {
        eprintln!("ignored: {reason}");
    }
    let mut trials = Vec::new();
    for id in ARMS {
        let (ignored, inputs) = (inputs.is_err() && !requires("llm"), inputs.clone());
        let trial = Trial::test(format!("weights_stay_quantized::{id}"), move || bytes(&*inputs?, id));
        trials.push(trial.with_ignored_flag(ignored));
    }
    let mut backend = |name: &str, device: Result<Device, KernelError>| {
        let device = device.map_err(|e| e.to_string());
        for id in ARMS {
            let ignored = (inputs.is_err() && !requires("llm")) || (device.is_err() && !requires(name));
            let (here, there) = (inputs.clone(), device.clone());
            let trial = Trial::test(format!("{name}::{id}"), move || answers(&*here?, &there?, id));
            trials.push(trial.with_ignored_flag(ignored));
            let (here, there) = (inputs.clone(), device.clone());
            // In software this takes minutes, and the tests of the decoder show the same.
            let software = device
                .as_ref()
                .is_ok_and(|device| device.gpu_info().is_some_and(|info| info.software));
            let trial = Trial::test(format!("{name}::batch::{id}"), move || batch(&*here?, &there?, id));
            trials.push(trial.with_ignored_flag(ignored || software));
        }
        let ignored = (inputs.is_err() && !requires("llm")) || (device.is_err() && !requires(name));
        let (here, there) = (inputs.clone(), device);
        let trial = Trial::test(format!("{name}::blind"), move || blind(&*here?, &there?));
        trials.push(trial.with_ignored_flag(ignored));
    };
    backend("cpu", Ok(Device::cpu()));
    backend("wgpu", wgpu());
    libtest_mimic::run(&arguments, trials).exit();
}

/// All devices count buffers alike, so the CPU stands for all. Scratch memory and the KV cache are
/// not weights.
fn bytes(inputs: &Inputs, id: &str) -> Result<(), Failed> {
    let device = Device::cpu();
    let files = Files::read(&weights(), &inputs.manifest, id)?;
    let tensors = Tensors::parse(id, &files.weights)?;
    let language = Language::load(&device, &inputs.chat(), "language model", &inputs.language)?;
    let config = language.llama().config();
    let encoder = sightline_vision::load(&device, &files.row.encoder, &tensors)?;
    let connector = Connector::load(&device, &tensors, &files.row.connector, encoder.width(), config.width)?;
    let row = files.row.adapters.ok_or("the model has no adapters")?;
    let adapters = Adapters::load(&device, &tensors, &row, config)?;
    let stored = inputs.language.len() + files.weights.len();
    let share = device.allocated_bytes() as f64 / stored as f64;
    println!(
        "{id}: {share:.3} of the files' bytes, {} wide, rank {}",
        connector.width(),
        adapters.rank()
    );
    if share <= BYTES {
        Ok(())
    } else {
        Err(format!("{share:.3} of the files' bytes").into())
    }
}

fn answers(inputs: &Inputs, device: &Device, id: &str) -> Result<(), Failed> {
    let folder = root().join("tests/goldens/pair");
    let rows: Vec<Row> = serde_json::from_slice(&fs::read(folder.join("answers.json"))?)?;
    let files = Files::read(&weights(), &inputs.manifest, id)?;
    let language = Rc::new(Language::load(
        device,
        &inputs.chat(),
        "language model",
        &inputs.language,
    )?);
    let mut model = pollster::block_on(Vlm::load(device, &files, language))?;
    let software = device.gpu_info().is_some_and(|info| info.software);
    let most = if software { SOFTWARE } else { usize::MAX };
    let (mut asked, mut wrong) = (0, Vec::new());
    for row in rows.iter().filter(|row| row.model == id).take(most) {
        let picture = Picture::decode(&fs::read(folder.join(&row.image))?)?;
        pollster::block_on(model.look(&picture))?;
        let answer = pollster::block_on(model.ask(&row.question, &Options::default(), async |_: &str| true))?;
        asked += 1;
        if answer.text != row.answer {
            wrong.push(format!(
                "{}: {:?}, PyTorch says {:?}",
                row.image, answer.text, row.answer
            ));
        }
    }
    println!("{id}: {} of {asked} answers equal", asked - wrong.len());
    if asked > 0 && wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("; ").into())
    }
}

/// The same questions all at once. A choice among the first letters of two answers stands between
/// them, and one among the two as a whole: they must not disturb the others, and pick what is
/// answered.
fn batch(inputs: &Inputs, device: &Device, id: &str) -> Result<(), Failed> {
    let folder = root().join("tests/goldens/pair");
    let rows: Vec<Row> = serde_json::from_slice(&fs::read(folder.join("answers.json"))?)?;
    let rows: Vec<&Row> = rows.iter().filter(|row| row.model == id).collect();
    let files = Files::read(&weights(), &inputs.manifest, id)?;
    let language = Rc::new(Language::load(
        device,
        &inputs.chat(),
        "language model",
        &inputs.language,
    )?);
    let transform = Transform::read(&files.row.transform)?;
    let mut model = pollster::block_on(Vlm::load(device, &files, Rc::clone(&language)))?;
    let other = rows.iter().find(|row| !row.answer.starts_with(&rows[0].answer[..1]));
    let other = other.map_or("zebra", |row| row.answer.as_str());
    let choices = model.first_tokens(&[rows[0].answer.clone(), other.to_owned()])?;
    let mut pictures = Vec::new();
    for row in &rows {
        let picture = Picture::decode(&fs::read(folder.join(&row.image))?)?;
        pictures.push(transform.apply(&picture)?);
    }
    let mut asks: Vec<Ask<'_>> = rows
        .iter()
        .zip(&pictures)
        .map(|(row, picture)| Ask {
            picture: &picture.values,
            canvas: [picture.height, picture.width],
            key: &row.image,
            question: &row.question,
            reply: Reply::Written,
        })
        .collect();
    asks.insert(
        1,
        Ask {
            reply: Reply::Tokens(&choices),
            ..asks[0]
        },
    );
    let wholes = language.answers(&[other.to_owned(), rows[0].answer.clone()])?;
    asks.insert(
        1,
        Ask {
            reply: Reply::Answers(&wholes),
            ..asks[0]
        },
    );
    let mut answers = pollster::block_on(model.answer_batch(&asks, asks.len(), &Options::default()))?;
    let whole = answers
        .remove(1)
        .probabilities
        .ok_or("no probabilities of whole answers")?;
    if whole[0] >= whole[1] {
        return Err(format!("{:?} is written, and of {wholes:?} it has {whole:?}", rows[0].answer).into());
    }
    let probabilities = answers.remove(1).probabilities.ok_or("no probabilities")?;
    if probabilities[0] <= probabilities[1] {
        return Err(format!(
            "{:?} is answered, and {choices:?} have {probabilities:?}",
            rows[0].answer
        )
        .into());
    }
    let wrong: Vec<String> = rows
        .iter()
        .zip(&answers)
        .filter(|(row, answer)| row.answer != answer.text)
        .map(|(row, answer)| format!("{}: {:?}, PyTorch says {:?}", row.image, answer.text, row.answer))
        .collect();
    println!("{id}: {} of {} answers equal", rows.len() - wrong.len(), rows.len());
    if !wrong.is_empty() {
        return Err(wrong.join("; ").into());
    }
    // The dense head finds the same in a batch as for a single question.
    let located = pollster::block_on(model.locate_batch(&asks))?;
    let found: Vec<usize> = (0..asks.len()).filter(|at| located[*at].is_some()).collect();
    for at in &found {
        let alone = pollster::block_on(model.locate_batch(&asks[*at..=*at]))?;
        match (&located[*at], &alone[0]) {
            (Some(region), Some(alone)) if alone.iou(region) > 0.99 => {}
            (region, alone) => {
                return Err(format!("{}: {region:?} in a batch, {alone:?} alone", asks[*at].question).into());
            }
        }
    }
    println!(
        "{id}: the dense head answers {} of {} questions",
        found.len(),
        asks.len()
    );
    match found.is_empty() {
        true => Err("no question names a thing that the dense head knows".into()),
        false => Ok(()),
    }
}

/// All questions without a picture, at once.
fn blind(inputs: &Inputs, device: &Device) -> Result<(), Failed> {
    let file = root().join("tests/goldens/pair/blind.json");
    let rows: Vec<BlindRow> = serde_json::from_slice(&fs::read(file)?)?;
    let row = inputs.manifest.blind("weights/manifest.json")?;
    let bytes = fs::read(weights().join(&row.files[0].path))?;
    let language = Rc::new(Language::load(
        device,
        &inputs.chat(),
        "language model",
        &inputs.language,
    )?);
    let mut blind = Blind::load(row, &bytes, language)?;
    let asked: Vec<Asked<'_>> = rows
        .iter()
        .map(|row| Asked {
            question: &row.question,
            reply: Reply::Written,
        })
        .collect();
    let options = Options {
        max_tokens: MOST_TOKENS,
        ..Options::default()
    };
    let answers = pollster::block_on(blind.answer_batch(&asked, asked.len(), &options))?;
    let wrong: Vec<String> = rows
        .iter()
        .zip(&answers)
        .filter(|(row, answer)| row.answer != answer.text || row.ids != answer.ids)
        .map(|(row, answer)| format!("{}: {:?}, PyTorch says {:?}", row.question, answer.text, row.answer))
        .collect();
    println!("{} of {} answers equal", rows.len() - wrong.len(), rows.len());
    if answers.len() == rows.len() && !rows.is_empty() && wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("; ").into())
    }
}
