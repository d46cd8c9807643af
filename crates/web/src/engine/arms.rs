//! The models of a bundle on the device; on a GPU compiled and warm.

use std::rc::Rc;

use sightline_checkpoint::bundle::{Bundle, BundleFile};
use sightline_checkpoint::manifest::Model;
use sightline_kernels::Device;
use sightline_messages::{Dtype, Event, Loaded, Machine};
use sightline_vlm::{Files, Language, MIN_HALF_COSINE, Options, Vlm};
use web_time::Instant;

use super::browser::{heap_bytes, pause};
use super::download::{Downloader, Missing};
use super::failure::sentence;
use super::outbox::Outbox;
use super::parts::Parts;
use super::picture::built_in;

/// A question that runs every kernel of an answer once.
const WARM_QUESTION: &str = "What is the main object in the image?";
/// Its tokens: the first comes from the prefill, the others from the recorded step.
const WARM_TOKENS: usize = 6;

/// All models of a bundle.
pub(super) struct Arms {
    /// In the manifest's order.
    pub(super) models: Vec<Vlm>,
    pub(super) machine: Machine,
}

impl Arms {
    /// Fetches what is missing, file by file, and compiles. A file's bytes are let go as soon as
    /// they are on the device.
    pub(super) async fn load(
        bundle: &Bundle,
        device: &Device,
        mut machine: Machine,
        mut downloader: Downloader<'_>,
        outbox: &Outbox,
    ) -> Result<(Self, Loaded), Missing> {
        let start = Instant::now();
        // Everything is fetched first: compiling on a busy machine would stall the download.
        let mut files = Vec::new();
        for (index, file) in bundle.files.iter().enumerate() {
            files.push(Some(downloader.file(index as u32, file).await?));
        }
        let mut take = |name: &str| take(&bundle.files, &mut files, name);
        let mut half = device.gpu_info().is_some_and(|info| info.f16);
        let mut compile_ms = Vec::new();
        let mut models = Vec::new();
        let mut languages: Vec<(String, Rc<Language>)> = Vec::new();
        for row in &bundle.manifest.models {
            if !languages.iter().any(|(id, _)| *id == row.language_model) {
                let begun = compiling(outbox, &row.language_model).await;
                let language = load_language(bundle, device, &row.language_model, &mut take)?;
                compile_ms.push((row.language_model.clone(), ms(begun)));
                languages.push((row.language_model.clone(), language));
            }
            let begun = compiling(outbox, &row.id).await;
            let language = languages
                .iter()
                .find(|(id, _)| *id == row.language_model)
                .map(|(_, language)| Rc::clone(language))
                .ok_or_else(|| "The language model vanished.".to_owned())?;
            let files = read_files(bundle, row, &mut take)?;
            let mut model = Vlm::load(device, &files, language).await.map_err(|e| sentence(&e))?;
            if half {
                half = try_half(&mut model, &files, &mut machine).await?;
            }
            drop(files);
            if device.gpu_info().is_some() {
                warm(&mut model, machine.software).await?;
            }
            compile_ms.push((row.id.clone(), ms(begun)));
            models.push(model);
        }
        // Either all arms or none: they are compared with each other.
        for model in &mut models {
            model.settle_half(half);
        }
        let loaded = Loaded {
            total_ms: ms(start),
            compile_ms,
            device_bytes: device.allocated_bytes() as u64,
            heap_bytes: heap_bytes(),
            machine: machine.clone(),
        };
        Ok((Self { models, machine }, loaded))
    }
}

/// Tells the page, and lets the message out before a long computation.
async fn compiling(outbox: &Outbox, model: &str) -> Instant {
    outbox.send(&Event::Compiling { model: model.into() });
    pause().await;
    Instant::now()
}

/// The parts of a file, given away.
fn take(files: &[BundleFile], parts: &mut [Option<Parts>], name: &str) -> Result<Parts, String> {
    let index = files.iter().position(|file| file.name == name);
    index.and_then(|index| parts[index].take()).ok_or_else(|| {
        format!("The file {name} is missing from the list of files. Whoever keeps this page must build it again.")
    })
}

fn load_language(
    bundle: &Bundle,
    device: &Device,
    id: &str,
    take: &mut impl FnMut(&str) -> Result<Parts, String>,
) -> Result<Rc<Language>, String> {
    let row = bundle.manifest.language_model(id).map_err(|e| sentence(&e))?;
    let parts = take(&row.file)?;
    let language = Language::load_blob(device, &row.chat, &row.file, &parts).map_err(|e| sentence(&e))?;
    Ok(Rc::new(language))
}

fn read_files(
    bundle: &Bundle,
    row: &Model,
    take: &mut impl FnMut(&str) -> Result<Parts, String>,
) -> Result<Files, String> {
    let file = row.files.first().ok_or_else(|| {
        format!(
            "The model {} names no file. Whoever keeps this page must build it again.",
            row.id
        )
    })?;
    let classes = match &row.dense_head {
        Some(head) => bundle.classes.get(&head.classes).cloned().unwrap_or_default(),
        None => Vec::new(),
    };
    Ok(Files {
        weights: take(&file.path)?.to_vec()?,
        row: row.clone(),
        classes,
    })
}

/// Has the encoder multiply in 16 bits if a comparison on this machine allows it, and says so in
/// `machine`. The answer is whether the next one may try too.
async fn try_half(model: &mut Vlm, files: &Files, machine: &mut Machine) -> Result<bool, String> {
    let cosine = model.try_half(files, &built_in(0)?).await.map_err(|e| sentence(&e))?;
    let passed = cosine >= MIN_HALF_COSINE;
    machine.dtype = if passed { Dtype::F16 } else { Dtype::F32 };
    if !passed {
        machine.why = Some(format!(
            "The encoders compute in 32 bits: in 16 bits the features of {} differ from them (cosine {cosine:.5}, at least \
             {MIN_HALF_COSINE} is needed).",
            model.id()
        ));
    }
    Ok(passed)
}

/// Runs everything that an answer runs, so that no visitor's question waits for a GPU's compiler.
/// The processor has none.
async fn warm(model: &mut Vlm, software: bool) -> Result<(), String> {
    let options = Options {
        max_tokens: WARM_TOKENS,
        ..Options::default()
    };
    // The first picture records the encoder and compiles its kernels, the second runs the
    // recording. A GPU in software needs a minute for a picture: there the second is the visitor's.
    let pictures = if software { 1 } else { 2 };
    for seed in 0..pictures {
        model.look(&built_in(seed)?).await.map_err(|e| sentence(&e))?;
    }
    let ignored = async |_: &str| true;
    model
        .ask(WARM_QUESTION, &options, ignored)
        .await
        .map_err(|e| sentence(&e))?;
    Ok(())
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
