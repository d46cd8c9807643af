//! The language model as the program runs it: prefill of 256 tokens, and tokens one by one behind
//! them.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use pollster::block_on;
use sightline_checkpoint::gguf::Gguf;
use sightline_checkpoint::manifest;
use sightline_checkpoint::tensors::Tensors;
use sightline_kernels::Device;
use sightline_language::{Adapters, Chat, Llama, Options, Sampling, Session};

use crate::bencher::Bencher;
use crate::case::{Sample, Work};
use crate::inputs;
use crate::random_language::{self as random, ADAPTERS, HEAD, HEADS, KV, LAYERS, MATRICES, VOCABULARY, WIDTH};

/// Positions before the first token that is timed.
const PREFIX: usize = 256;

/// A model ready to run, adapters on.
struct Model {
    session: Session,
    chat: Chat,
    /// Bytes that every pass reads: frozen weights and adapters as they lie on the device.
    bytes: f64,
}

impl Model {
    fn load(device: &Device, layers: usize) -> Result<Self> {
        let bytes = random::gguf(layers);
        let gguf = Gguf::parse("random weights", &bytes)?;
        let llama = Llama::load(device, &gguf)?;
        let chat = Chat::new(&manifest::Chat::default(), &gguf)?;
        let file = random::adapters(layers)?;
        let tensors = Tensors::parse("random adapters", &file)?;
        let adapters = Adapters::load(device, &tensors, &ADAPTERS, llama.config())?;
        let bytes = llama.weight_bytes() as f64 + layers as f64 * adapter_bytes();
        let session = block_on(Session::new(Arc::new(llama), Some(Arc::new(adapters)), chat.layout()))?;
        Ok(Self { session, chat, bytes })
    }
}

/// `A` in int8 and `B` in f32, of one layer.
fn adapter_bytes() -> f64 {
    let one = |(_, rows, cols): (&str, usize, usize)| ADAPTERS.rank * (cols + 4 * rows);
    MATRICES.into_iter().map(one).sum::<usize>() as f64
}

/// Operations of `m` tokens whose keys are `seen` in all, and of one row of logits.
fn flops(m: usize, seen: usize, layers: usize) -> f64 {
    let one = |(_, rows, cols): (&str, usize, usize)| rows * cols + ADAPTERS.rank * (rows + cols);
    let matrices = MATRICES.into_iter().map(one).sum::<usize>();
    let layer = 2.0 * (m * matrices) as f64 + 4.0 * (seen * HEADS * HEAD) as f64;
    layers as f64 * layer + 2.0 * (VOCABULARY * WIDTH) as f64
}

/// Bytes of the keys and values of so many positions.
fn cache_bytes(positions: usize, layers: usize) -> f64 {
    (layers * positions * 2 * KV * 4) as f64
}

fn layers(b: &Bencher) -> usize {
    if b.scale.quick { 1 } else { LAYERS }
}

/// The name of a case, which says so where it is not the whole model that runs.
fn named(id: String, layers: usize) -> String {
    match layers {
        LAYERS => id,
        layers => format!("{id}, {layers} of {LAYERS} layers"),
    }
}

/// 256 tokens of text from an empty cache, until the device is done.
pub(crate) fn prefill(b: &mut Bencher) {
    let layers = layers(b);
    let id = named(format!("prefill {PREFIX} tokens"), layers);
    if !b.wants(&id) {
        return;
    }
    let model = Model::load(&b.device, layers);
    let bytes = model.as_ref().map_or(0.0, |m| m.bytes) + cache_bytes(PREFIX, layers);
    let work = Work {
        part: "language model",
        id,
        bytes,
        flops: flops(PREFIX, PREFIX * (PREFIX + 1) / 2, layers),
    };
    let mut launches = None;
    let row = b.case(work, |bencher, _| {
        let mut model = model?;
        let ids: Vec<u32> = (0..PREFIX as u32).map(|i| i * 191 % 49_000 + 3).collect();
        let mut timed = || -> Result<f64> {
            let before = bencher.device.launches();
            let start = Instant::now();
            model.session.truncate(0);
            model.session.prefill_text(&ids)?;
            block_on(bencher.device.sync())?;
            let seconds = start.elapsed().as_secs_f64();
            launches = Some(bencher.device.launches() - before).filter(|&n| n > 0);
            Ok(seconds)
        };
        timed()?;
        timed()?;
        bencher.collect(1, timed)
    });
    if let Some(row) = row {
        row.launches = launches;
        row.tokens = Some(PREFIX);
    }
}

/// A token behind 256 positions, choice and read-back included, greedy and drawn.
pub(crate) fn decode(b: &mut Bencher) {
    let drawn = Sampling::Temperature {
        temperature: 0.7,
        seed: 1,
    };
    for (name, sampling) in [("greedy", Sampling::Greedy), ("temperature 0.7", drawn)] {
        let layers = layers(b);
        let tokens = match (b.scale.quick, b.scale.hardware) {
            (true, _) => 5,
            (false, true) => 65,
            (false, false) => 9,
        };
        let id = named(format!("decode a token at {PREFIX}, {name}"), layers);
        if !b.wants(&id) {
            continue;
        }
        let seen = PREFIX + tokens / 2;
        let model = Model::load(&b.device, layers);
        let work = Work {
            part: "language model",
            id,
            bytes: model.as_ref().map_or(0.0, |m| m.bytes) + cache_bytes(seen, layers),
            flops: flops(1, seen, layers),
        };
        let mut launches = None;
        let row = b.case(work, |bencher, _| {
            let mut model = model?;
            launches = Some(model.session.launches_per_token()).filter(|&n| n > 0);
            sample(bencher, &mut model, tokens, sampling)
        });
        if let Some(row) = row {
            row.launches = launches;
            row.tokens = Some(1);
        }
    }
}

/// Whole answers of `tokens` tokens; what counts is the mean time of a token after the first.
fn sample(b: &Bencher, model: &mut Model, tokens: usize, sampling: Sampling) -> Result<Sample> {
    let count = PREFIX - 1;
    let visual = inputs::floats(&b.device, [count, WIDTH], 3, 2.0, 0.0)?;
    model.session.prefill_prefix(&visual, count)?;
    let options = Options {
        max_tokens: tokens,
        sampling,
    };
    let mut timed = || -> Result<f64> {
        let go = async |_: &str| ControlFlow::Continue(());
        let made = block_on(model.session.generate(model.chat.tokenizer(), &[5], &options, go))?;
        (made.timings.steps > 0)
            .then(|| made.timings.ms_per_token() / 1e3)
            .context("the answer ended before its second token")
    };
    timed()?;
    timed()?;
    let mut sample = b.collect(1, &mut timed)?;
    sample.calls = tokens - 1;
    Ok(sample)
}
