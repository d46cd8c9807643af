//! What decides the answers of a run.

use std::collections::BTreeMap;

use sightline_checkpoint::manifest::{Blind, Chat, LanguageModel, Model, ModelFile};
use sightline_eval::rules::geometry::{CANVAS, Transform};
use sightline_eval::tasks::{Loaded, Mode};
use sightline_kernels::Device;

use crate::answerers::Replies;
use crate::gallery::Gallery;
use crate::request::{Control, MAX_TOKENS};
use crate::run::error::RunError;
use crate::run::{Item, Items, RunKey, questions_sha256};

/// Name and version of the prompt that stands around a question.
const PROMPT: &str = "chat/1: beginning of text, visual tokens, one user turn, the assistant's opening; no system turn";

/// The paper's evaluation code's name for pictures that are padded to a square.
const LETTERBOX: &str = "letterbox";

/// Number formats of the arithmetic: of all, and of all but the encoder.
const DTYPES: [&str; 2] = [
    "f32, weights as stored",
    "f32, weights as stored; products of the encoder in f16",
];

/// Who answers, as far as a key holds it.
pub(crate) struct Who {
    /// Hashes of all files by their names.
    files: BTreeMap<String, String>,
    /// What is done to a picture, behind the frame of boxes.
    transform: String,
    prompt: String,
    /// Which pictures are shown.
    pictures: &'static str,
    dtype: &'static str,
}

impl Who {
    /// A model with every question's own picture, or another one's. `half`: whether its encoder
    /// multiplies in 16 bits.
    pub(crate) fn model(row: &Model, language: &LanguageModel, control: Option<Control>, half: bool) -> Self {
        let transform = serde_json::to_string(&row.transform).expect("texts and numbers become JSON");
        Self {
            files: files(&row.files, language),
            transform: format!(" {transform}"),
            prompt: PROMPT.to_owned() + &chat(language),
            pictures: match control {
                Some(Control::Shuffled) => "shuffled/1: of the question half of all pictures further",
                _ => "own",
            },
            dtype: DTYPES[usize::from(half)],
        }
    }

    /// The blind control.
    pub(crate) fn blind(row: &Blind, language: &LanguageModel) -> Self {
        Self {
            files: files(&row.files, language),
            transform: String::new(),
            prompt: format!(
                "blind/1: beginning of text, one user turn from position {} on, the assistant's opening; no system turn",
                row.text_start
            ) + &chat(language),
            pictures: "none",
            dtype: DTYPES[0],
        }
    }
}

/// How the language model is talked to, if it differs from ChatML as the shipped models have it.
fn chat(language: &LanguageModel) -> String {
    if language.chat == Chat::default() {
        return String::new();
    }
    let chat = serde_json::to_string(&language.chat).expect("texts and numbers become JSON");
    format!("; {chat}")
}

fn files(files: &[ModelFile], language: &LanguageModel) -> BTreeMap<String, String> {
    let language = (language.id.clone(), language.sha256.clone());
    let files = files.iter().map(|file| (file.path.clone(), file.sha256.clone()));
    files.chain([language]).collect()
}

/// What is asked, with the hashes of the pictures that are shown.
pub(crate) fn items(loaded: &Loaded, gallery: Option<&Gallery>) -> Vec<Item> {
    let item = |(at, question): (usize, &sightline_eval::tasks::Question)| Item {
        id: question.id.clone(),
        image_sha256: gallery.and_then(|gallery| gallery.shown(at).image_sha256.clone()),
    };
    loaded.questions.iter().enumerate().map(item).collect()
}

fn texts<const N: usize>(pairs: [(&str, String); N]) -> BTreeMap<String, String> {
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// Key of a run without a model.
pub(crate) fn of_control(loaded: &Loaded, who: &str, batch_size: usize) -> Result<RunKey, RunError> {
    Ok(RunKey {
        model: texts([("control", format!("{who}/2"))]),
        transform: transform_text(&loaded.transform),
        task: loaded.id.clone(),
        task_version: loaded.version.clone(),
        prompt: "none".to_owned(),
        generation: BTreeMap::new(),
        scoring: scoring(&loaded.mode, None),
        dtype: "none".to_owned(),
        backend: "none".to_owned(),
        kernels: "none".to_owned(),
        batch_size,
        items: Items::of(&items(loaded, None))?,
        order: loaded.order.clone(),
        questions: Some(questions_sha256(loaded)),
    })
}

/// Key of a run of a model, or of the blind control.
pub(crate) fn of_model(
    loaded: &Loaded,
    who: Who,
    device: &Device,
    batch_size: usize,
    replies: &Replies,
    items: &[Item],
) -> Result<RunKey, RunError> {
    Ok(RunKey {
        model: who.files,
        transform: transform_text(&loaded.transform) + &who.transform,
        task: loaded.id.clone(),
        task_version: loaded.version.clone(),
        prompt: who.prompt,
        generation: match replies {
            Replies::Dense => texts([
                (
                    "boxes",
                    "dense head/1: the named class's most probable token".to_owned(),
                ),
                ("pictures", who.pictures.to_owned()),
            ]),
            _ => texts([
                ("max_tokens", MAX_TOKENS.to_string()),
                ("sampling", "greedy".to_owned()),
                ("pictures", who.pictures.to_owned()),
            ]),
        },
        scoring: scoring(&loaded.mode, Some(replies)),
        dtype: who.dtype.to_owned(),
        backend: backend(device),
        kernels: sightline_kernels::VERSION.to_owned(),
        batch_size,
        items: Items::of(items)?,
        order: loaded.order.clone(),
        questions: Some(questions_sha256(loaded)),
    })
}

/// How answers are taken.
fn scoring(mode: &Mode, replies: Option<&Replies>) -> String {
    match mode {
        Mode::Text => "text".to_owned(),
        Mode::Choices(choices) => {
            let tokens = match replies {
                Some(Replies::Tokens(ids)) => ids.as_slice(),
                _ => &[],
            };
            format!(
                "probabilities of the first token of {} (ids {tokens:?}, without a leading space), softmax in f32, renormalised over them",
                choices.join(", "),
            )
        }
        Mode::Options(count) => format!(
            "mean log-likelihood per token of each of a question's {count} options, the end of the turn included; softmax over them"
        ),
    }
}

/// What computes, as far as it decides the arithmetic.
fn backend(device: &Device) -> String {
    match device.gpu_info() {
        // A browser's processor has no fused products and other vectors.
        None if cfg!(target_arch = "wasm32") => format!("{} wasm", device.backend()),
        None => device.backend().to_string(),
        Some(info) => format!("{} {} {}", info.backend, info.api, info.adapter),
    }
}

/// The frame of the blind control, as of all models here: boxes are of the padded square, whatever
/// its size in px.
pub(crate) fn blind_transform() -> Transform {
    Transform {
        policy: Some(LETTERBOX.to_owned()),
        target_resolution: None,
    }
}

/// The name under which boxes are compared where a policy puts them. The paper's evaluation code
/// goes by names alone: what it would take for something else has our own prefix.
fn frame_of(policy: &str) -> String {
    match policy {
        LETTERBOX | "resize-naive" | "resize-crop" => policy.to_owned(),
        other => format!("{CANVAS}{other}"),
    }
}

/// A model's frame.
pub(crate) fn transform(row: &Model) -> Transform {
    Transform {
        policy: Some(frame_of(&row.transform.policy)),
        target_resolution: Some(row.transform.size.map(|side| side as f64)),
    }
}

fn transform_text(transform: &Transform) -> String {
    let policy = transform.policy.as_deref().unwrap_or("resize-naive");
    match transform.target_resolution {
        Some([height, width]) => format!("{policy} {height}x{width}"),
        None => policy.to_owned(),
    }
}
