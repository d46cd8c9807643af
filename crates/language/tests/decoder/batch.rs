//! Many questions at once against the same reference, which takes each question alone.

use sightline_kernels::Device;
use sightline_language::{Batch, ChatLayout, LanguageError, Prompt, Said};

use super::support::{self, VOCABULARY, reference::Reference};
use super::{Check, Failed, TOLERANCE, layout, model, model_of, visual};

/// Visual tokens of a picture.
const VISUAL: usize = 6;
/// The token that ends an answer of the tiny model.
const STOP: u32 = 2;

/// What one question is, for the device and for the reference.
struct Question {
    picture: usize,
    ids: Vec<u32>,
}

impl Question {
    fn new(picture: usize, seed: u32, tokens: usize) -> Self {
        let id = |i: u32| 3 + (seed * 37 + i * i * 11 + i * 5) % (VOCABULARY as u32 - 3);
        Self {
            picture,
            ids: (0..tokens as u32).map(id).collect(),
        }
    }

    fn inputs(&self, reference: &Reference, pictures: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let mut inputs = vec![reference.embed(1)];
        inputs.extend_from_slice(&pictures[self.picture * VISUAL..][..VISUAL]);
        inputs.extend(self.ids.iter().map(|&id| reference.embed(id)));
        inputs
    }
}

/// The greedy answer in f64, and the largest logit met on the way.
fn greedy(reference: &Reference, inputs: Vec<Vec<f64>>, stop: u32, most: usize) -> (Said, f64) {
    greedy_from(reference, inputs, 1, (stop, most))
}

/// As [`greedy`], where the second input has the position `second`.
fn greedy_from(
    reference: &Reference,
    mut inputs: Vec<Vec<f64>>,
    second: usize,
    (stop, most): (u32, usize),
) -> (Said, f64) {
    let (mut ids, mut margin, mut largest) = (Vec::new(), f64::INFINITY, 0.0f64);
    while ids.len() < most {
        let logits = reference.logits_from(&inputs, second);
        let mut order: Vec<usize> = (0..logits.len()).collect();
        order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]));
        margin = margin.min(logits[order[0]] - logits[order[1]]);
        largest = logits.iter().fold(largest, |m, v| m.max(v.abs()));
        let id = order[0] as u32;
        if id == stop {
            break;
        }
        ids.push(id);
        inputs.push(reference.embed(id));
    }
    let margin = margin as f32;
    (Said { ids, margin }, largest)
}

/// Answers end with this token.
fn until(stop: u32) -> ChatLayout {
    ChatLayout {
        stops: vec![stop],
        ..layout()
    }
}

/// Asks in a batch of so many slots and compares logits, answers and margins with the reference's.
fn check(device: &Device, questions: &[Question], sizes: (usize, usize)) -> Check {
    check_until(device, questions, sizes, STOP)
}

/// As [`check`], of a model whose answers end with this token.
fn check_until(device: &Device, questions: &[Question], (slots, most): (usize, usize), stop: u32) -> Check {
    let mut file = support::file();
    file.metadata
        .insert("tokenizer.ggml.eos_token_id".into(), support::Meta::U32(stop));
    let (llama, adapters, reference) = model_of(device, &file, true)?;
    let pictures = questions.iter().map(|q| q.picture + 1).max().unwrap_or(0);
    let (buffer, rows) = visual(device, pictures * VISUAL);
    let longest = questions.iter().map(|q| q.ids.len()).max().unwrap_or(0);
    let capacity = VISUAL + 1 + longest + most;
    let mut batch = pollster::block_on(Batch::new(llama, adapters, &until(stop), slots, VISUAL, capacity))?;
    let expected: Vec<_> = questions.iter().map(|q| q.inputs(&reference, &rows)).collect();
    // The second round finds caches that the first one filled; in it the questions stand in the
    // opposite order.
    for reversed in [false, true] {
        let order: Vec<usize> = match reversed {
            false => (0..questions.len()).collect(),
            true => (0..questions.len()).rev().collect(),
        };
        let prompt = |&i: &usize| Prompt {
            picture: questions[i].picture,
            ids: &questions[i].ids,
        };
        let prompts: Vec<Prompt<'_>> = order.iter().map(prompt).collect();
        batch.prefill(&buffer, &prompts)?;
        let logits = pollster::block_on(batch.logits())?;
        for (found, &i) in logits.chunks_exact(VOCABULARY).zip(&order) {
            near(found, &reference.logits(&expected[i]), &format!("question {i}"))?;
        }
        let said = pollster::block_on(batch.decode(&prompts, most))?;
        for (found, &i) in said.iter().zip(&order) {
            same(found, &greedy(&reference, expected[i].clone(), stop, most), i)?;
        }
    }
    Ok(())
}

pub(super) fn near(found: &[f32], expected: &[f64], what: &str) -> Check {
    let largest = expected.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    let off = |(&a, &b): (&f32, &f64)| (f64::from(a) - b).abs();
    let worst = found.iter().zip(expected).map(off).fold(0.0f64, f64::max);
    if worst <= TOLERANCE * largest {
        return Ok(());
    }
    Err(format!("{what}: off by {worst} of {largest}").into())
}

fn same(found: &Said, (expected, largest): &(Said, f64), question: usize) -> Check {
    let off = f64::from((found.margin - expected.margin).abs());
    if found.ids == expected.ids && off <= 2.0 * TOLERANCE * largest {
        return Ok(());
    }
    Err(format!("question {question}: {found:?} instead of {expected:?}").into())
}

/// Shared and separate pictures, prompts of many lengths, unused slots. The numbers of slots reach
/// the kernels for few rows and those for many.
pub(super) fn questions(device: &Device) -> Check {
    let question = |i: usize| Question::new([1, 0, 1, 2, 0][i % 5], i as u32, 1 + i * i % 13);
    for (count, slots) in [(1, 1), (5, 7), (11, 12)] {
        let questions: Vec<Question> = (0..count).map(question).collect();
        check(device, &questions, (slots, 6)).map_err(|e| with(e, &format!("{count} in {slots} slots")))?;
    }
    Ok(())
}

/// Prompts that are cut where the scratch memory ends.
pub(super) fn longer_than_its_rows(device: &Device) -> Check {
    let questions: Vec<Question> = (0..9).map(|i| Question::new(i % 2, i as u32, 117 + i)).collect();
    check(device, &questions, (9, 3))
}

/// The token that ends an answer is one that the first question's answer has at once, in the middle
/// of a burst, and after it.
pub(super) fn answers_end_apart(device: &Device) -> Check {
    let questions = [3, 1, 2].map(|i| Question::new(0, i, 2 + i as usize));
    let (_, _, reference) = model(device, true)?;
    let (_, rows) = visual(device, VISUAL);
    let (said, _) = greedy(&reference, questions[0].inputs(&reference, &rows), STOP, 7);
    for &stop in &said.ids {
        check_until(device, &questions, (3, 8), stop).map_err(|e| with(e, &format!("up to {stop}")))?;
    }
    Ok(())
}

/// The mean log-likelihood of answers in f64, the end of the turn among their tokens.
fn likelihood(reference: &Reference, mut inputs: Vec<Vec<f64>>, ids: &[u32]) -> f64 {
    let mut sum = 0.0;
    for &id in ids.iter().chain([&STOP]) {
        let logits = reference.logits(&inputs);
        let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let all: f64 = logits.iter().map(|logit| (logit - largest).exp()).sum();
        sum += logits[id as usize] - largest - all.ln();
        inputs.push(reference.embed(id));
    }
    sum / (ids.len() + 1) as f64
}

/// How probable answers are: none, one and several a question, of many lengths, one of them without
/// a token, slots left over.
pub(super) fn likelihoods(device: &Device) -> Check {
    const MOST: usize = 5;
    let (llama, adapters, reference) = model(device, true)?;
    let questions: Vec<Question> = (0..4).map(|i| Question::new(i % 2, i as u32, 2 + i * i % 7)).collect();
    let (buffer, rows) = visual(device, 2 * VISUAL);
    let longest = questions.iter().map(|question| question.ids.len()).max().unwrap_or(0);
    let capacity = VISUAL + 1 + longest + MOST;
    let mut batch = pollster::block_on(Batch::new(llama, adapters, &until(STOP), 6, VISUAL, capacity))?;
    let prompt = |question: &'_ Question| (question.picture, question.ids.clone());
    let owned: Vec<(usize, Vec<u32>)> = questions.iter().map(prompt).collect();
    let prompts: Vec<Prompt<'_>> = owned
        .iter()
        .map(|(picture, ids)| Prompt { picture: *picture, ids })
        .collect();
    let answers: Vec<Vec<Vec<u32>>> = vec![
        vec![vec![7], vec![9, 8, 250, 31, MOST as u32], vec![]],
        vec![],
        vec![vec![40, 41]],
        vec![vec![5, 6, 7], vec![5, 6, 8], vec![5, 6], vec![299]],
    ];
    let wanted: Vec<&[Vec<u32>]> = answers.iter().map(Vec::as_slice).collect();
    for _ in 0..2 {
        batch.prefill(&buffer, &prompts)?;
        let found = pollster::block_on(batch.likelihoods(&prompts, &wanted))?;
        for (i, (found, answers)) in found.iter().zip(&answers).enumerate() {
            if found.len() != answers.len() {
                return Err(format!("question {i}: {} of {} answers", found.len(), answers.len()).into());
            }
            for (found, ids) in found.iter().zip(answers) {
                let expected = likelihood(&reference, questions[i].inputs(&reference, &rows), ids);
                if (f64::from(*found) - expected).abs() > 10.0 * TOLERANCE * expected.abs() {
                    return Err(format!("question {i}, {ids:?}: {found} instead of {expected}").into());
                }
            }
        }
        // What was forced leaves no trace in what is written afterwards.
        batch.prefill(&buffer, &prompts)?;
        let said = pollster::block_on(batch.decode(&prompts, MOST))?;
        for (i, found) in said.iter().enumerate() {
            same(
                found,
                &greedy(&reference, questions[i].inputs(&reference, &rows), STOP, MOST),
                i,
            )?;
        }
    }
    let long: Vec<Vec<u32>> = vec![vec![3; MOST + 1]];
    let unknown: Vec<Vec<u32>> = vec![vec![VOCABULARY as u32]];
    batch.prefill(&buffer, &prompts)?;
    let refused = [long, unknown].map(|answers| {
        let wanted: Vec<&[Vec<u32>]> = prompts.iter().map(|_| answers.as_slice()).collect();
        pollster::block_on(batch.likelihoods(&prompts, &wanted))
    });
    match refused {
        [
            Err(LanguageError::CacheFull { .. }),
            Err(LanguageError::UnknownToken { id: 300, .. }),
        ] => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}

/// More questions than slots, questions longer than the cache, and unknown tokens.
pub(super) fn does_not_fit(device: &Device) -> Check {
    let (llama, adapters, _) = model(device, false)?;
    let (buffer, _) = visual(device, VISUAL);
    let mut batch = pollster::block_on(Batch::new(llama, adapters, &until(STOP), 2, VISUAL, 16))?;
    let ask = |ids| Prompt { picture: 0, ids };
    let long = [5; 9];
    let errors = [
        batch.prefill(&buffer, &[ask(&[5]); 3]),
        batch.prefill(&buffer, &[ask(&long)]),
        batch.prefill(&buffer, &[ask(&[])]),
        batch.prefill(&buffer, &[ask(&[VOCABULARY as u32])]),
    ];
    match errors {
        [
            Err(LanguageError::CacheFull { .. }),
            Err(LanguageError::CacheFull {
                tokens: 16,
                capacity: 16,
            }),
            Err(LanguageError::CacheFull { .. }),
            Err(LanguageError::UnknownToken { id: 300, .. }),
        ] => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}

/// Prompts far behind the beginning of the sequence with nothing between, at their true positions
/// in the reference.
pub(super) fn without_pictures(device: &Device) -> Check {
    const TEXT_START: usize = 45;
    const MOST: usize = 6;
    let questions: Vec<Question> = (0..7).map(|i| Question::new(0, i as u32, 1 + i * i % 13)).collect();
    let (llama, adapters, reference) = model(device, true)?;
    // One slot is left over.
    let slots = questions.len() + 1;
    let mut batch = pollster::block_on(Batch::blind(
        llama,
        adapters,
        &until(STOP),
        slots,
        TEXT_START,
        1 + 13 + MOST,
    ))?;
    let nothing = device.upload_f32(&[]);
    let prompts = questions.iter().map(|question| Prompt {
        picture: 0,
        ids: &question.ids,
    });
    let mut prompts: Vec<Prompt<'_>> = prompts.collect();
    for _ in 0..2 {
        batch.prefill(&nothing, &prompts)?;
        let logits = pollster::block_on(batch.logits())?;
        let said = pollster::block_on(batch.decode(&prompts, MOST))?;
        for (i, (prompt, (found, said))) in prompts
            .iter()
            .zip(logits.chunks_exact(VOCABULARY).zip(&said))
            .enumerate()
        {
            let mut inputs = vec![reference.embed(1)];
            inputs.extend(prompt.ids.iter().map(|&id| reference.embed(id)));
            near(
                found,
                &reference.logits_from(&inputs, TEXT_START),
                &format!("question {i}"),
            )?;
            for wrong in [1, TEXT_START - 1, TEXT_START + 1] {
                if near(found, &reference.logits_from(&inputs, wrong), "").is_ok() {
                    return Err(format!("question {i}: no difference to a prompt from {wrong} on").into());
                }
            }
            same(said, &greedy_from(&reference, inputs, TEXT_START, (STOP, MOST)), i)?;
        }
        // The second round has another order and fewer questions. Its free slots take steps over
        // the contents that the first round left.
        prompts.reverse();
        prompts.pop();
    }
    Ok(())
}

fn with(error: Failed, what: &str) -> Failed {
    format!("{what}: {}", error.message().unwrap_or("failed")).into()
}
