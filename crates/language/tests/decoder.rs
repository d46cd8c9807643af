//! The decoder against a plain f64 forward pass of a tiny model, on every backend that is present.
//! Covers prefix, prefill, recorded steps and adapters. An absent backend shows as ignored, or
//! fails if `SIGHTLINE_REQUIRE` names it.

#[path = "decoder/batch.rs"]
mod batch;
mod support;

use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use sightline_checkpoint::gguf::Gguf;
use sightline_checkpoint::manifest;
use sightline_checkpoint::tensors::{self, Tensors};
use sightline_kernels::{Device, KernelError};
use sightline_language::{Adapters, Batch, ChatLayout, LanguageError, Llama, Prompt, Session};
use support::reference::Reference;

/// Largest difference of a logit, as a share of the largest logit.
const TOLERANCE: f64 = 5e-5;

type Check = Result<(), Failed>;
type Test = (&'static str, fn(&Device) -> Check);

const TESTS: [Test; 12] = [
    ("text", text),
    ("picture_text_and_adapters", picture_text_and_adapters),
    ("questions_after_one_prefix", questions_after_one_prefix),
    ("long_prefill", long_prefill),
    ("a_head_of_its_own", a_head_of_its_own),
    ("many_tokens_before_a_picture", many_tokens_before_a_picture),
    ("batch_of_questions", batch::questions),
    ("batch_longer_than_its_rows", batch::longer_than_its_rows),
    ("batch_whose_answers_end_apart", batch::answers_end_apart),
    ("batch_of_forced_answers", batch::likelihoods),
    ("batch_that_does_not_fit", batch::does_not_fit),
    ("batch_without_pictures", batch::without_pictures),
];

fn main() {
    let required = std::env::var("SIGHTLINE_REQUIRE").unwrap_or_default();
    let mut trials = Vec::new();
    backend(&mut trials, "cpu", &required, Ok(Device::cpu()));
    backend(&mut trials, "wgpu", &required, wgpu());
    #[cfg(feature = "cuda")]
    backend(&mut trials, "cuda", &required, Device::cuda(0));
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// A real adapter if there is one, otherwise the one in software.
fn wgpu() -> Result<Device, KernelError> {
    pollster::block_on(Device::wgpu(false)).or_else(|_| pollster::block_on(Device::wgpu(true)))
}

fn backend(trials: &mut Vec<Trial>, name: &str, required: &str, device: Result<Device, KernelError>) {
    let required = required.split(',').any(|r| r == name);
    for (test, run) in TESTS {
        let title = format!("{name}::{test}");
        trials.push(match &device {
            Ok(device) => {
                let device = device.clone();
                Trial::test(title, move || run(&device))
            }
            Err(error) => {
                let message = error.to_string();
                Trial::test(title, move || Err(message.into())).with_ignored_flag(!required)
            }
        });
    }
}

/// The tiny model, its adapters, and the reference of both.
type Tiny = (Arc<Llama>, Option<Arc<Adapters>>, Reference);

fn model(device: &Device, adapted: bool) -> Result<Tiny, Failed> {
    model_of(device, &support::file(), adapted)
}

fn model_of(device: &Device, file: &support::File, adapted: bool) -> Result<Tiny, Failed> {
    let bytes = file.bytes();
    let gguf = Gguf::parse("tiny.gguf", &bytes)?;
    let llama = Arc::new(Llama::load(device, &gguf)?);
    let stored = support::adapters();
    let adapters = match adapted {
        true => {
            let file = tensors::serialize("tiny.safetensors", &stored)?;
            let file = Tensors::parse("tiny.safetensors", &file)?;
            let row = manifest::Adapters {
                rank: support::RANK,
                alpha: support::ALPHA,
            };
            Some(Arc::new(Adapters::load(device, &file, &row, llama.config())?))
        }
        false => None,
    };
    Ok((llama, adapters, Reference::new(&gguf, adapted.then_some(&stored))))
}

/// Prompts begin with token 1, answers end with token 2.
fn layout() -> ChatLayout {
    ChatLayout {
        before: vec![1],
        stops: vec![2],
        capacity: 1024,
    }
}

/// A session of the tiny model and the reference of it.
fn tiny(device: &Device, adapted: bool) -> Result<(Session, Reference), Failed> {
    let (llama, adapters, reference) = model(device, adapted)?;
    Ok((pollster::block_on(Session::new(llama, adapters, &layout()))?, reference))
}

fn compare(session: &Session, reference: &Reference, inputs: &[Vec<f64>], what: &str) -> Check {
    let found = pollster::block_on(session.logits())?;
    let expected = reference.logits(inputs);
    let largest = expected.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    let worst = found
        .iter()
        .zip(&expected)
        .fold(0.0f64, |m, (&a, b)| m.max((f64::from(a) - b).abs()));
    println!("{what}: {:.1e} of {largest:.2}", worst / largest);
    if worst <= TOLERANCE * largest {
        Ok(())
    } else {
        Err(format!("{what}: off by {worst} of {largest}").into())
    }
}

fn text(device: &Device) -> Check {
    let (mut session, reference) = tiny(device, false)?;
    let ids = [1, 17, 99, 5, 299, 42];
    let mut inputs: Vec<Vec<f64>> = ids.iter().map(|&id| reference.embed(id)).collect();
    session.prefill_text(&ids)?;
    compare(&session, &reference, &inputs, "prefill")?;
    // Greedy steps, each of which must append the token that the logits before it name.
    for step in 0..3 {
        let logits = reference.logits(&inputs);
        let best = (0..logits.len()).fold(0, |b, i| if logits[i] > logits[b] { i } else { b });
        inputs.push(reference.embed(best as u32));
        session.step()?;
        compare(&session, &reference, &inputs, &format!("step {step}"))?;
    }
    for id in [7, 250] {
        inputs.push(reference.embed(id));
        session.step_with(id)?;
        compare(&session, &reference, &inputs, "forced step")?;
    }
    if session.len() != 11 {
        Err(format!("{} positions", session.len()).into())
    } else {
        Ok(())
    }
}

/// Visual tokens on the device, and as the reference takes them.
fn visual(device: &Device, count: usize) -> (sightline_kernels::Buffer, Vec<Vec<f64>>) {
    let values: Vec<f32> = (0..count * support::WIDTH)
        .map(|i| 4.0 * support::noise(77, i))
        .collect();
    let rows = values.chunks(support::WIDTH);
    let rows = rows.map(|row| row.iter().copied().map(f64::from).collect()).collect();
    let buffer = device.upload_f32(&values).reshape([count, support::WIDTH]);
    (buffer.expect("so many values"), rows)
}

fn picture_text_and_adapters(device: &Device) -> Check {
    let (mut session, reference) = tiny(device, true)?;
    let (buffer, mut rows) = visual(device, 9);
    let mut inputs = vec![reference.embed(1)];
    inputs.append(&mut rows);
    session.prefill_prefix(&buffer, 9)?;
    let ids = [1, 50, 60, 70];
    inputs.extend(ids.iter().map(|&id| reference.embed(id)));
    session.prefill_text(&ids)?;
    compare(&session, &reference, &inputs, "prefill")?;
    for id in [33, 44] {
        inputs.push(reference.embed(id));
        session.step_with(id)?;
        compare(&session, &reference, &inputs, "step")?;
    }
    // The same weights without adapters give another answer.
    let plain = Reference::new(&Gguf::parse("tiny.gguf", &support::file().bytes())?, None);
    if compare(&session, &plain, &inputs, "without adapters").is_ok() {
        return Err("the adapters change nothing".into());
    }
    Ok(())
}

/// A second question sees the picture and nothing of the first question.
fn questions_after_one_prefix(device: &Device) -> Check {
    let (mut session, reference) = tiny(device, true)?;
    let (buffer, rows) = visual(device, 5);
    for count in [4, 6] {
        if session.prefill_prefix(&buffer, count).is_ok() {
            return Err(format!("5 visual tokens passed as {count}").into());
        }
    }
    session.prefill_prefix(&buffer, 5)?;
    for ids in [&[1, 20, 30, 40, 50][..], &[9, 8], &[100, 101, 102]] {
        session.truncate(session.prefix_len());
        session.prefill_text(ids)?;
        let mut inputs = vec![reference.embed(1)];
        inputs.extend(rows.iter().cloned());
        inputs.extend(ids.iter().map(|&id| reference.embed(id)));
        compare(&session, &reference, &inputs, "question")?;
        session.step()?;
    }
    Ok(())
}

/// A file whose head is not the embedding, in either format.
fn a_head_of_its_own(device: &Device) -> Check {
    for kind in [3, 8] {
        let (llama, _, reference) = model_of(device, &support::with_head(kind), false)?;
        let tied = Reference::new(&Gguf::parse("tiny.gguf", &support::file().bytes())?, None);
        let mut session = pollster::block_on(Session::new(llama, None, &layout()))?;
        let ids = [1, 17, 99, 5];
        let mut inputs: Vec<Vec<f64>> = ids.iter().map(|&id| reference.embed(id)).collect();
        session.prefill_text(&ids)?;
        compare(&session, &reference, &inputs, "own head")?;
        inputs.push(reference.embed(7));
        session.step_with(7)?;
        compare(&session, &reference, &inputs, "own head, step")?;
        if compare(&session, &tied, &inputs, "tied head").is_ok() {
            return Err("the file's head changes nothing".into());
        }
    }
    Ok(())
}

/// A prompt that begins with several tokens, and with more than a prefill runs at once; alone and
/// in a batch.
fn many_tokens_before_a_picture(device: &Device) -> Check {
    for count in [3, 260] {
        let (llama, _, reference) = model(device, false)?;
        let (buffer, rows) = visual(device, 9);
        let layout = ChatLayout {
            before: (0..count).map(|i| 1 + i * 7 % 290).collect(),
            ..layout()
        };
        let mut inputs: Vec<Vec<f64>> = layout.before.iter().map(|&id| reference.embed(id)).collect();
        inputs.extend(rows);
        let ids = [50, 60];
        inputs.extend(ids.iter().map(|&id| reference.embed(id)));
        let mut session = pollster::block_on(Session::new(llama.clone(), None, &layout))?;
        session.prefill_prefix(&buffer, 9)?;
        session.prefill_text(&ids)?;
        compare(&session, &reference, &inputs, "alone")?;
        let capacity = inputs.len() + 4;
        let mut batch = pollster::block_on(Batch::new(llama, None, &layout, 2, 9, capacity))?;
        let prompts = [Prompt { picture: 0, ids: &ids }; 2];
        batch.prefill(&buffer, &prompts)?;
        let logits = pollster::block_on(batch.logits())?;
        for found in logits.chunks_exact(support::VOCABULARY) {
            batch::near(found, &reference.logits(&inputs), "in a batch")?;
        }
    }
    Ok(())
}

/// Longer than the rows that a prefill runs at once, and then longer than the cache.
fn long_prefill(device: &Device) -> Check {
    let (mut session, reference) = tiny(device, false)?;
    let (buffer, mut rows) = visual(device, 270);
    let mut inputs = vec![reference.embed(1)];
    inputs.append(&mut rows);
    session.prefill_prefix(&buffer, 270)?;
    let ids: Vec<u32> = (0..260).map(|i| i % 300).collect();
    inputs.extend(ids.iter().map(|&id| reference.embed(id)));
    session.prefill_text(&ids)?;
    compare(&session, &reference, &inputs, "531 rows")?;
    let full = session.prefill_text(&vec![3; 600]);
    let unknown = session.prefill_text(&[300]);
    match (full, unknown) {
        (Err(LanguageError::CacheFull { tokens: 1131, .. }), Err(LanguageError::UnknownToken { id: 300, .. })) => {
            Ok(())
        }
        other => Err(format!("{other:?}").into()),
    }
}
