//! The models of a bundle on the device; on a GPU compiled and warm.

use std::rc::Rc;

use sightline_checkpoint::bundle::Bundle;
use sightline_checkpoint::manifest::Model;
use sightline_kernels::Device;
use sightline_messages::{Backend, Dtype, Event, Loaded, Machine};
use sightline_vision::{MIN_CHECK_COSINE, built_in};
use sightline_vlm::{FileSource, Files, Language, Lineup, MIN_HALF_COSINE, Options, Vlm, VlmError};
use web_time::Instant;

use super::browser::{heap_bytes, pause};
use super::download::{Downloader, Missing};
use super::outbox::Outbox;
use super::parts::Parts;

/// A question that runs every kernel of an answer once.
const WARM_QUESTION: &str = "What is the main object in the image?";
/// Its tokens: the first comes from the prefill, the others from the recorded step.
const WARM_TOKENS: usize = 6;

/// All models of a bundle.
pub(super) struct Arms {
    /// In the manifest's order.
    pub(super) models: Lineup<Fetched>,
    pub(super) machine: Machine,
}

impl Arms {
    /// Fetches what is missing, file by file, and compiles. A file's bytes are let go as soon as
    /// they are on the device. `whole`: encoders stay in 32 bits.
    pub(super) async fn load(
        bundle: &Rc<Bundle>,
        device: &Device,
        (machine, whole): (Machine, bool),
        mut downloader: Downloader<'_>,
        outbox: &Outbox,
    ) -> Result<(Self, Loaded), Missing> {
        let start = Instant::now();
        // Everything is fetched first: compiling on a busy machine would stall the download.
        let mut files = Vec::new();
        for (index, file) in bundle.files.iter().enumerate() {
            files.push(Some(downloader.file(index as u32, file).await?));
        }
        // What has come is here, and nothing else should hold it while it goes to the device.
        downloader.store.let_go();
        let ids = bundle.manifest.models.iter().map(|row| row.id.clone()).collect();
        let source = Fetched {
            bundle: Rc::clone(bundle),
            files,
            outbox: outbox.clone(),
            on_gpu: device.gpu_info().is_some(),
            half: !whole && device.gpu_info().is_some_and(|info| info.f16),
            machine,
            begun: start,
            compile_ms: Vec::new(),
            check: None,
        };
        let mut models = Lineup::new(device.clone(), source, ids);
        models.load().await?;
        // Either all arms or none: they are compared with each other.
        let half = models.source().half;
        for model in models.loaded() {
            model.settle_half(half);
        }
        let machine = models.source().machine.clone();
        let loaded = Loaded {
            total_ms: ms(start),
            compile_ms: std::mem::take(&mut models.source().compile_ms),
            device_bytes: device.allocated_bytes() as u64,
            heap_bytes: heap_bytes(),
            machine: machine.clone(),
            check: models.source().check,
        };
        Ok((Self { models, machine }, loaded))
    }
}

/// Files that were fetched and verified. Each is given away once.
pub(super) struct Fetched {
    bundle: Rc<Bundle>,
    /// By their number in the bundle.
    files: Vec<Option<Parts>>,
    outbox: Outbox,
    on_gpu: bool,
    /// Whether the next encoder may try 16-bit products.
    half: bool,
    machine: Machine,
    /// When the model that is being loaded began.
    begun: Instant,
    /// Ids, each with the time from its files to its first answer, ms.
    compile_ms: Vec<(String, f64)>,
    /// Lowest cosine of features with those that came with the weights.
    check: Option<f64>,
}

impl FileSource for Fetched {
    type Error = Missing;

    async fn row(&mut self, id: &str) -> Result<Model, Missing> {
        Ok(self.bundle.manifest.model(id).map_err(VlmError::from)?.clone())
    }

    async fn language(&mut self, id: &str, device: &Device) -> Result<Language, Missing> {
        let begun = compiling(&self.outbox, id).await;
        let bundle = Rc::clone(&self.bundle);
        let row = bundle.manifest.language_model(id).map_err(VlmError::from)?;
        let parts = self.take(&row.file)?;
        let language = Language::load_blob(device, &row.chat, &row.file, &parts)?;
        self.compile_ms.push((id.to_owned(), ms(begun)));
        Ok(language)
    }

    async fn files(&mut self, id: &str) -> Result<Files, Missing> {
        self.begun = compiling(&self.outbox, id).await;
        let row = self.row(id).await?;
        let file = row.files.first().ok_or_else(|| {
            format!(
                "The model {} names no file. Whoever keeps this page must build it again.",
                row.id
            )
        })?;
        let classes = match &row.dense_head {
            Some(head) => self.bundle.classes.get(&head.classes).cloned().unwrap_or_default(),
            None => Vec::new(),
        };
        Ok(Files {
            weights: self.take(&file.path)?.to_vec()?,
            row,
            classes,
        })
    }

    async fn prepare(&mut self, model: &mut Vlm, files: Files) -> Result<(), Missing> {
        self.check(model, &files.row).await?;
        if self.half {
            self.half = try_half(model, &files, &mut self.machine).await?;
        }
        drop(files);
        // On a GPU in software it would take as long as the first answer, which compiles as well.
        if self.on_gpu && !self.machine.software {
            warm(model).await?;
        }
        self.compile_ms.push((model.id().to_owned(), ms(self.begun)));
        Ok(())
    }
}

impl Fetched {
    /// Whether the device computes what came with the weights.
    async fn check(&mut self, model: &mut Vlm, row: &Model) -> Result<(), Missing> {
        let Some(cosine) = model.check(row).await? else {
            return Ok(());
        };
        // NaN is no agreement.
        if cosine >= MIN_CHECK_COSINE {
            self.check = Some(self.check.map_or(cosine, |lowest| lowest.min(cosine)));
            return Ok(());
        }
        let what = format!(
            "the features of {} differ from those that came with it (cosine {cosine:.5}, at least {MIN_CHECK_COSINE} is needed)",
            row.id
        );
        Err(match self.machine.backend {
            Backend::Cpu => Missing::Failed(format!(
                "This browser computes wrongly: {what}. A current version of it may help."
            )),
            _ => Missing::WrongDevice(what),
        })
    }

    /// The parts of a file, given away.
    fn take(&mut self, name: &str) -> Result<Parts, String> {
        let index = self.bundle.files.iter().position(|file| file.name == name);
        index.and_then(|index| self.files[index].take()).ok_or_else(|| {
            format!("The file {name} is missing from the list of files. Whoever keeps this page must build it again.")
        })
    }
}

/// Tells the page, and lets the message out before a long computation.
async fn compiling(outbox: &Outbox, model: &str) -> Instant {
    outbox.send(&Event::Compiling { model: model.into() });
    pause().await;
    Instant::now()
}

/// Has the encoder multiply in 16 bits if a comparison on this machine allows it, and says so in
/// `machine`. The answer is whether the next one may try too.
async fn try_half(model: &mut Vlm, files: &Files, machine: &mut Machine) -> Result<bool, Missing> {
    let cosine = model.try_half(files, &built_in(0)).await?;
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
async fn warm(model: &mut Vlm) -> Result<(), Missing> {
    let options = Options {
        max_tokens: WARM_TOKENS,
        ..Options::default()
    };
    // The first picture records the encoder and compiles its kernels, the second runs the
    // recording.
    for seed in 0..2 {
        model.look(&built_in(seed)).await?;
    }
    let ignored = async |_: &str| true;
    model.ask(WARM_QUESTION, &options, ignored).await?;
    Ok(())
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
