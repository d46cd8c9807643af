//! The language model against transformers and its tokenizer, on the published file. Goldens and
//! tolerances: `tests/goldens/README.md`.
//!
//! Without the file all tests show as ignored. Without a backend its tests do.
//! `SIGHTLINE_REQUIRE=llm,wgpu,cuda` turns absence into failure.

use std::collections::HashMap;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;
use sightline_checkpoint::cache::{self, Cache};
use sightline_checkpoint::gguf::Gguf;
use sightline_checkpoint::manifest::{LanguageModel, Manifest};
use sightline_kernels::suite::{hash_vec, seed_of};
use sightline_kernels::{Device, KernelError};
use sightline_language::{Chat, Finish, Llama, Options, Sampling, Session};

/// Share of positions whose most likely token must be the reference's.
const TOP1: f64 = 0.995;
/// Least cosine between our logits and the reference's, per position.
const COSINE: f64 = 0.9995;
/// Numbers of positions and answers that a GPU in software is asked for. A row takes it up to a
/// second.
const SOFTWARE: (usize, usize) = (24, 1);

type Check = Result<(), Failed>;
type FileTest = (&'static str, fn(&Published) -> Check);
type DeviceTest = (&'static str, fn(&Model) -> Check);

const FILE_TESTS: [FileTest; 6] = [
    ("tokenizer_examples", tokenizer_examples),
    ("tokenizer_ten_thousand_lines", tokenizer_lines),
    ("decoding_gives_the_text_back", decoding),
    ("prompts_of_the_contract", prompts),
    ("prompts_of_the_benchmarks", benchmark_prompts),
    ("questions_that_cannot_be_asked", refused_questions),
];
const DEVICE_TESTS: [DeviceTest; 6] = [
    ("forced_decoding", forced_decoding),
    ("prefill_equals_decoding", prefill_equals_decoding),
    ("greedy_answers", greedy_answers),
    ("sampling_and_stopping", sampling_and_stopping),
    ("a_full_cache", a_full_cache),
    ("hidden_states", hidden_states),
];

/// The published file, and how it is talked to.
struct Published {
    row: LanguageModel,
    bytes: Vec<u8>,
    chat: Chat,
}

/// The published model on a device.
struct Model {
    file: Arc<Published>,
    llama: Arc<Llama>,
}

fn main() {
    let arguments = Arguments::from_args();
    let required = std::env::var("SIGHTLINE_REQUIRE").unwrap_or_default();
    let requires = |name: &str| required.split(',').any(|item| item == name);
    let file = match arguments.list {
        true => Err("only listing".into()),
        false => open().map(Arc::new),
    };
    if let Err(reason) = &file {
        eprintln!("ignored: {reason}");
    }
    let mut trials = Vec::new();
    for (name, test) in FILE_TESTS {
        let file = file.clone();
        let ignored = file.is_err() && !requires("llm");
        trials.push(Trial::test(name, move || test(&*file?)).with_ignored_flag(ignored));
    }
    let mut backend = |name: &str, device: Result<Device, KernelError>| {
        let device = device.map_err(|e| e.to_string());
        let info = device.as_ref().ok().and_then(Device::gpu_info);
        let software = info.is_some_and(|info| info.software);
        for (test, run) in DEVICE_TESTS {
            // A thousand rows take a GPU in software a quarter of an hour. The CPU covers this
            // case.
            if software && test == "a_full_cache" {
                continue;
            }
            let ignored = (file.is_err() && !requires("llm")) || (device.is_err() && !requires(name));
            let (file, device) = (file.clone(), device.clone());
            let trial = Trial::test(format!("{name}::{test}"), move || run(&load(file?, device?)?));
            trials.push(trial.with_ignored_flag(ignored));
        }
    };
    backend("cpu", Ok(Device::cpu()));
    backend("wgpu", wgpu());
    #[cfg(feature = "cuda")]
    backend("cuda", Device::cuda(0));
    libtest_mimic::run(&arguments, trials).exit();
}

/// A real adapter if there is one, otherwise the one in software.
fn wgpu() -> Result<Device, KernelError> {
    pollster::block_on(Device::wgpu(false)).or_else(|_| pollster::block_on(Device::wgpu(true)))
}

fn open() -> Result<Published, String> {
    let row = row()?;
    let path = Cache::from_env()
        .and_then(|cache| cache.find(&row, None))
        .map_err(|e| e.to_string())?;
    let bytes = cache::read_language_model(&path, &row).map_err(|e| e.to_string())?;
    let gguf = Gguf::parse(&row.file, &bytes).map_err(|e| e.to_string())?;
    let chat = Chat::new(&row.chat, &gguf).map_err(|e| e.to_string())?;
    Ok(Published { row, bytes, chat })
}

fn load(file: Arc<Published>, device: Device) -> Result<Model, Failed> {
    let gguf = Gguf::parse(&file.row.file, &file.bytes)?;
    let llama = Arc::new(Llama::load(&device, &gguf)?);
    Ok(Model { file, llama })
}

impl Model {
    fn session(&self) -> Result<Session, Failed> {
        Ok(pollster::block_on(Session::new(
            self.llama.clone(),
            None,
            self.file.chat.layout(),
        ))?)
    }

    /// Positions and answers to ask this device for.
    fn effort(&self) -> (usize, usize) {
        match self.llama.device().gpu_info() {
            Some(info) if info.software => SOFTWARE,
            _ => (usize::MAX, usize::MAX),
        }
    }
}

/// The language model of the shipped manifest.
fn row() -> Result<LanguageModel, String> {
    let manifest = Manifest::load(&tests_folder().join("../weights")).map_err(|e| e.to_string())?;
    let row = manifest.language_model("smollm2-135m-instruct-q4_1");
    Ok(row.map_err(|e| e.to_string())?.clone())
}

fn tests_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests")
}

fn json(path: &str) -> Result<Value, Failed> {
    Ok(serde_json::from_slice(&std::fs::read(tests_folder().join(path))?)?)
}

fn ids(value: &Value) -> Vec<u32> {
    let items = value.as_array().into_iter().flatten();
    items.filter_map(|id| id.as_u64().map(|id| id as u32)).collect()
}

/// Integer and float tensors of a golden file, as floats of double width (exact for all that is
/// stored).
fn golden(path: &str) -> Result<HashMap<String, Vec<f64>>, Failed> {
    let bytes = std::fs::read(tests_folder().join(path))?;
    let file = SafeTensors::deserialize(&bytes)?;
    let read = |(name, view): (String, safetensors::tensor::TensorView<'_>)| {
        let word = |b: &[u8]| [b[0], b[1], b[2], b[3]];
        let data = view.data();
        let values = match view.dtype() {
            Dtype::F32 => data
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes(word(b)).into())
                .collect(),
            Dtype::I32 => data
                .chunks_exact(4)
                .map(|b| i32::from_le_bytes(word(b)).into())
                .collect(),
            Dtype::U32 => data
                .chunks_exact(4)
                .map(|b| u32::from_le_bytes(word(b)).into())
                .collect(),
            Dtype::F16 => data
                .chunks_exact(2)
                .map(|b| half::f16::from_le_bytes([b[0], b[1]]).into())
                .collect(),
            _ => Vec::new(),
        };
        (name, values)
    };
    Ok(file.tensors().into_iter().map(read).collect())
}

fn tokenizer_examples(file: &Published) -> Check {
    for row in json("goldens/tokenizer/examples.json")?
        .as_array()
        .into_iter()
        .flatten()
    {
        let text = row["text"].as_str().unwrap_or_default();
        let found = file.chat.tokenizer().encode(text)?;
        if found != ids(&row["plain"]) {
            return Err(format!("{text:?} gives {found:?}, expected {}", row["plain"]).into());
        }
    }
    Ok(())
}

fn lines() -> Result<Vec<String>, Failed> {
    let packed = std::fs::read(tests_folder().join("goldens/tokenizer/lines.json.gz"))?;
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut text)?;
    Ok(serde_json::from_str(&text)?)
}

/// FNV-1a (32 bit) over each id's four little-endian bytes.
fn fnv(ids: &[u32]) -> u32 {
    let bytes = ids.iter().flat_map(|id| id.to_le_bytes());
    bytes.fold(0x811C_9DC5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

fn tokenizer_lines(file: &Published) -> Check {
    let golden = golden("goldens/tokenizer/ids.safetensors")?;
    let lines = lines()?;
    if lines.len() != 10_000 {
        return Err(format!("{} lines", lines.len()).into());
    }
    let mut wrong = 0;
    for (i, line) in lines.iter().enumerate() {
        let found = file.chat.tokenizer().encode(line)?;
        if found.len() as f64 != golden["count"][i] || f64::from(fnv(&found)) != golden["fnv"][i] {
            wrong += 1;
            if wrong <= 5 {
                println!("line {i} differs: {line:?} gives {found:?}");
            }
        }
    }
    if wrong == 0 {
        Ok(())
    } else {
        Err(format!("{wrong} of {} lines differ", lines.len()).into())
    }
}

/// Byte-level tokens lose nothing, except for the few bytes without a token in this vocabulary.
fn decoding(file: &Published) -> Check {
    let (mut equal, lines) = (0, lines()?);
    for line in &lines {
        equal += usize::from(file.chat.tokenizer().decode(&file.chat.tokenizer().encode(line)?) == *line);
    }
    let share = equal as f64 / lines.len() as f64;
    println!("{equal} of {} lines come back unchanged", lines.len());
    if share >= 0.9 {
        Ok(())
    } else {
        Err(format!("only {share} of the lines come back").into())
    }
}

fn prompts(file: &Published) -> Check {
    let contract = json("contract/prompt.json")?;
    let prefix = 1 + contract["visual_tokens"].as_u64().unwrap_or_default() as usize;
    let layout = file.chat.layout();
    if (&*layout.before, &*layout.stops, layout.capacity, prefix) != (&[1], &[2], 1024, 197) {
        return Err(format!("{layout:?}, prefix {prefix}").into());
    }
    for prompt in contract["prompts"].as_array().into_iter().flatten() {
        let question = prompt["question"].as_str().unwrap_or_default();
        let found = file.chat.question(question, prefix)?;
        if found != ids(&prompt["ids"]) {
            return Err(format!("{question:?} gives {found:?}, expected {}", prompt["ids"]).into());
        }
    }
    Ok(())
}

/// The turns of every benchmark, as the paper's code words them.
fn benchmark_prompts(file: &Published) -> Check {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/goldens/tasks/prompts.jsonl");
    let text = std::fs::read_to_string(path)?;
    for line in text.lines().skip(1) {
        let case: Value = serde_json::from_str(line)?;
        let prompt = case["prompt"].as_str().unwrap_or_default();
        let found = file.chat.question(prompt, 197)?;
        if found != ids(&case["ids"]) {
            return Err(format!("{prompt:?} gives {found:?}, expected {}", case["ids"]).into());
        }
    }
    Ok(())
}

fn refused_questions(file: &Published) -> Check {
    for empty in ["", " \n\t "] {
        let error = file.chat.question(empty, 197).map(|_| ()).unwrap_err().to_string();
        if error != "the question is empty; ask something" {
            return Err(error.into());
        }
    }
    let long: String = "why is it so? ".chars().cycle().take(10_000).collect();
    let error = file.chat.question(&long, 197).map(|_| ()).unwrap_err().to_string();
    println!("{error}");
    if !(error.starts_with("the question has ") && error.contains("at most 763 fit")) {
        return Err(error.into());
    }
    Ok(())
}

/// Cosine and most likely token of logits against what is stored of a position.
struct Score {
    right: usize,
    positions: usize,
    cosine: f64,
}

fn cosine(a: impl Iterator<Item = f64>, b: impl Iterator<Item = f64>) -> f64 {
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in a.zip(b) {
        ab += a * b;
        aa += a * a;
        bb += b * b;
    }
    ab / (aa * bb).sqrt()
}

fn forced_decoding(model: &Model) -> Check {
    let golden = golden("goldens/language/forced.safetensors")?;
    let vocabulary = model.llama.config().vocabulary;
    let mut session = model.session()?;
    let mut score = Score {
        right: 0,
        positions: golden["ids"].len().min(model.effort().0),
        cosine: 1.0,
    };
    let columns = golden["columns"].len();
    for (i, &id) in golden["ids"].iter().enumerate().take(score.positions) {
        session.step_with(id as u32)?;
        let logits = pollster::block_on(session.logits())?;
        let best = (0..logits.len()).fold(0, |best, j| if logits[j] > logits[best] { j } else { best });
        score.right += usize::from(best as f64 == golden["top1"][i]);
        let ours = golden["columns"].iter().map(|&c| logits[c as usize].into());
        let theirs = golden["logits"][i * columns..][..columns].iter().copied();
        score.cosine = score.cosine.min(cosine(ours, theirs));
        if let Some(row) = golden["full.rows"].iter().position(|&row| row == i as f64) {
            let theirs = golden["full"][row * vocabulary..][..vocabulary].iter().copied();
            score.cosine = score.cosine.min(cosine(logits.iter().map(|&v| v.into()), theirs));
        }
        let l2 = logits.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
        if (l2 / golden["l2"][i] - 1.0).abs() > 1e-2 {
            return Err(format!("position {i}: norm {l2}, expected {}", golden["l2"][i]).into());
        }
    }
    let share = score.right as f64 / score.positions as f64;
    println!(
        "top-1 equal at {share:.4} of {} positions, least cosine {:.7}",
        score.positions, score.cosine
    );
    if golden["ids"].len() != 512 || share < TOP1 || score.cosine < COSINE {
        return Err(format!("top-1 {share}, cosine {}", score.cosine).into());
    }
    Ok(())
}

/// Many rows at once, in one or two pieces, give the logits that single steps give.
fn prefill_equals_decoding(model: &Model) -> Check {
    let golden = golden("goldens/language/forced.safetensors")?;
    let ids: Vec<u32> = golden["ids"].iter().map(|&id| id as u32).collect();
    let mut session = model.session()?;
    for len in [1, 21, 256, 300].into_iter().filter(|&len| len <= model.effort().0) {
        session.truncate(0);
        session.prefill_text(&ids[..len])?;
        let logits = pollster::block_on(session.logits())?;
        let columns = golden["columns"].len();
        let ours = golden["columns"].iter().map(|&c| logits[c as usize].into());
        let theirs = golden["logits"][(len - 1) * columns..][..columns].iter().copied();
        let cosine = cosine(ours, theirs);
        println!("prefill of {len}: cosine {cosine:.7}");
        if cosine < COSINE || session.len() != len {
            return Err(format!("prefill of {len}: cosine {cosine}").into());
        }
    }
    Ok(())
}

fn greedy_answers(model: &Model) -> Check {
    let mut session = model.session()?;
    let options = Options {
        max_tokens: 40,
        sampling: Sampling::Greedy,
    };
    for chat in json("goldens/language/chats.json")?
        .as_array()
        .into_iter()
        .flatten()
        .take(model.effort().1)
    {
        let question = chat["question"].as_str().unwrap_or_default();
        let prompt = model.file.chat.question(question, 0)?;
        if prompt != ids(&chat["prompt"]) {
            return Err(format!("{question}: prompt {prompt:?}").into());
        }
        let mut streamed = String::new();
        let answer = pollster::block_on(session.generate(
            model.file.chat.tokenizer(),
            &prompt,
            &options,
            async |text: &str| {
                streamed.push_str(text);
                ControlFlow::Continue(())
            },
        ))?;
        let mut expected = ids(&chat["answer"]);
        let stopped = expected.last() == Some(&2);
        expected.truncate(expected.len() - usize::from(stopped));
        println!(
            "{question} -> {} ({:.0} ms prefill, {:.1} ms a token)",
            answer.text,
            answer.timings.prefill_ms,
            answer.timings.ms_per_token()
        );
        let finish = if stopped { Finish::Stop } else { Finish::Length };
        if answer.ids != expected || answer.finish != finish || streamed != answer.text {
            return Err(format!("{question}: {:?}, expected {}", answer.text, chat["text"]).into());
        }
    }
    Ok(())
}

fn sampling_and_stopping(model: &Model) -> Check {
    let mut session = model.session()?;
    let prompt = model.file.chat.question("Write one sentence about the sea.", 0)?;
    let mut ask = |seed, most, stop_after: usize| {
        let options = Options {
            max_tokens: most,
            sampling: Sampling::Temperature { temperature: 1.5, seed },
        };
        let mut pieces = 0;
        pollster::block_on(
            session.generate(model.file.chat.tokenizer(), &prompt, &options, async |_: &str| {
                pieces += 1;
                if pieces == stop_after {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            }),
        )
    };
    let (one, again, other) = (ask(1, 12, 0)?, ask(1, 12, 0)?, ask(2, 12, 0)?);
    if one.ids != again.ids || one.ids == other.ids {
        return Err(format!("seeds: {:?}, {:?}, {:?}", one.text, again.text, other.text).into());
    }
    let stopped = ask(1, 12, 3)?;
    if stopped.finish != Finish::Cancelled || stopped.ids.len() > 4 || !one.ids.starts_with(&stopped.ids) {
        return Err(format!("stopping: {:?} {:?}", stopped.finish, stopped.text).into());
    }
    if model.file.bytes.len() as u64 != model.file.row.bytes || model.llama.weight_bytes() > model.file.bytes.len() {
        return Err(format!("{} bytes of weights on the device", model.llama.weight_bytes()).into());
    }
    Ok(())
}

/// A prompt that fills the cache but for two positions leaves room for two tokens.
fn a_full_cache(model: &Model) -> Check {
    let mut session = model.session()?;
    let filling = vec![198; 1022];
    let none = async |_: &str| ControlFlow::Continue(());
    let full = pollster::block_on(session.generate(model.file.chat.tokenizer(), &filling, &Options::default(), none))?;
    if full.ids.len() > 2 || session.len() > 1024 {
        return Err(format!("{} tokens behind 1022 of 1024", full.ids.len()).into());
    }
    Ok(())
}

/// Cosines between words of a prompt and the visual tokens inside the model, and the cache
/// afterwards: the same logits follow the same question.
fn hidden_states(model: &Model) -> Check {
    const VISUAL: usize = 196;
    // Measured: 5e-6 on the CPU, 1.4e-5 on a GPU in software.
    const SAME: f64 = 2e-4;
    let golden = golden("goldens/language/inside.safetensors")?;
    let words: Vec<usize> = golden["words"].iter().map(|&word| word as usize).collect();
    let (mut session, width) = (model.session()?, model.llama.config().width);
    let device = model.llama.device();
    let values = hash_vec(VISUAL * width, seed_of("multimodal.visual"), 0.47);
    let visual = device.upload_f32(&values).reshape([VISUAL, width])?;
    let ids = model
        .file
        .chat
        .question("Is there a goldfish in the image?", VISUAL + 1)?;
    let logits = |session: &mut Session| -> Result<Vec<f32>, Failed> {
        session.prefill_text(&ids)?;
        Ok(pollster::block_on(session.logits())?)
    };
    session.prefill_prefix(&visual, VISUAL)?;
    let before = logits(&mut session)?;
    let as_f64 = |row: &[f32]| row.iter().map(|&v| f64::from(v)).collect::<Vec<_>>();
    for layers in [0, 10, 20] {
        let states = pollster::block_on(session.hidden_states(&visual, VISUAL, &ids, layers))?;
        let (patches, text) = states;
        let mut worst = 0.0f64;
        for (at, &word) in words.iter().enumerate() {
            let said = as_f64(&text[word * width..(word + 1) * width]);
            for (patch, state) in patches.chunks_exact(width).enumerate() {
                let found = cosine(said.iter().copied(), as_f64(state).into_iter());
                let expected = golden[&format!("{layers}.cosines")][at * VISUAL + patch];
                worst = worst.max((found - expected).abs());
            }
        }
        println!("after {layers} layers: cosines within {worst:.1e}");
        if worst > SAME {
            return Err(format!("after {layers} layers a cosine is off by {worst}").into());
        }
        if session.len() != VISUAL + 1 || session.prefix_len() != VISUAL + 1 {
            return Err(format!("{} positions are filled", session.len()).into());
        }
        if logits(&mut session)? != before {
            return Err("other logits follow the same question".into());
        }
    }
    Ok(())
}
