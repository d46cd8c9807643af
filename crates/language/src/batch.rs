//! Many questions at once: their prompts are prefilled together and their answers decoded in step.

use std::ops::Range;
use std::sync::Arc;

use sightline_kernels::ops::{self, CopyRows, NextTokens};
use sightline_kernels::{Buffer, Graph, KernelError};

use crate::adapters::Adapters;
use crate::cache::CacheLayout;
use crate::chat::ChatLayout;
use crate::error::{LanguageError, Result};
use crate::llama::Llama;
use crate::runner::Runner;

/// Number of rows that a prefill runs at once on the CPU. It bounds the scratch memory.
const ROWS: usize = 1024;
/// The same on a GPU, which needs more rows to be busy. No buffer of the forward pass then exceeds
/// 100 MB.
const GPU_ROWS: usize = 8192;
/// The rows of a prefill are filled up to a multiple of this with copies of the last one. So few
/// shapes occur.
const BUCKET: usize = 64;
/// Number of steps that are enqueued before their tokens are read back.
const BURST: usize = 4;

/// A question: the tokens behind a picture, or behind the beginning of the sequence if there are no
/// pictures.
#[derive(Clone, Copy, Debug)]
pub struct Prompt<'a> {
    /// The index of its picture in the batch; 0 if there are no pictures.
    pub picture: usize,
    /// Its tokens.
    pub ids: &'a [u32],
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// Token ids, without the one that ends it.
    pub ids: Vec<u32>,
    /// Smallest distance between the best and the second logit of a step. The step that ends the
    /// answer counts.
    pub margin: f32,
}

/// A fixed number of conversations that advance in step. The keys and values of a picture are
/// computed once for all questions about it.
pub struct Batch {
    run: Runner,
    graph: Option<Graph>,
    /// `[slots, capacity]`.
    margins: Buffer,
    /// `[tokens before the visual ones, width]`.
    before: Buffer,
    /// Tokens before the visual ones, and tokens that end an answer.
    chat: ChatLayout,
    /// Number of positions of a picture, including the tokens before it.
    prefix: usize,
}

impl Batch {
    /// Allocates caches for `slots` questions behind pictures of `visual` tokens, and records the
    /// step. A question has at most `capacity` positions, whatever `chat` says.
    ///
    /// # Errors
    /// A device that fails.
    pub async fn new(
        llama: Arc<Llama>,
        adapters: Option<Arc<Adapters>>,
        chat: &ChatLayout,
        slots: usize,
        visual: usize,
        capacity: usize,
    ) -> Result<Self> {
        let prefix = chat.before.len() + visual;
        let useful = (slots * prefix).min(GPU_ROWS);
        let rows = llama.device.gpu_info().map_or(ROWS, |_| ROWS.max(useful));
        let layout = CacheLayout::many(slots, capacity, prefix);
        Self::of(llama, adapters, chat, layout, rows.max(prefix).max(slots)).await
    }

    /// As [`Batch::new`], but without pictures. The first token behind the place of the visual
    /// tokens has position `text_start`, at least the number of tokens before them. So positions
    /// are as behind visual tokens, which are not there. `capacity` does not count them.
    ///
    /// # Errors
    /// A device that fails.
    pub async fn blind(
        llama: Arc<Llama>,
        adapters: Option<Arc<Adapters>>,
        chat: &ChatLayout,
        slots: usize,
        text_start: usize,
        capacity: usize,
    ) -> Result<Self> {
        let prefix = chat.before.len();
        let layout = CacheLayout {
            text_start: text_start.max(prefix),
            ..CacheLayout::many(slots, capacity, prefix)
        };
        Self::of(llama, adapters, chat, layout, ROWS.max(prefix).max(slots)).await
    }

    async fn of(
        llama: Arc<Llama>,
        adapters: Option<Arc<Adapters>>,
        chat: &ChatLayout,
        layout: CacheLayout,
        rows: usize,
    ) -> Result<Self> {
        let CacheLayout { slots, capacity, .. } = layout;
        let run = Runner::new(llama, adapters, layout, rows)?;
        let device = run.llama.device.clone();
        let margins = device.empty_f32([slots, capacity]);
        // The recording runs the step once for real, at the first position of empty caches.
        write_rows(&run, (0..slots).map(|slot| [slot, 0, slot]))?;
        device.write_u32(&run.token, &vec![run.llama.config.bos; slots])?;
        let graph = device.record(|| step(&run, &margins)).await?;
        Ok(Self {
            graph,
            margins,
            before: device.empty_f32([chat.before.len(), run.llama.config.width]),
            chat: chat.clone(),
            prefix: layout.prefix(),
            run,
        })
    }

    /// Number of questions that it holds.
    pub fn slots(&self) -> usize {
        self.run.layout.slots
    }

    /// Takes pictures and prompts. Leaves the first token of every answer, and its logits, on the
    /// device.
    ///
    /// # Shapes
    /// `visual` `[pictures * visual tokens, width]`; after [`Batch::blind`] it may be any buffer.
    ///
    /// # Errors
    /// More prompts than slots, a prompt that does not fit the cache, an unknown token, or a device
    /// that fails.
    pub fn prefill(&mut self, visual: &Buffer, prompts: &[Prompt<'_>]) -> Result<()> {
        self.check(prompts)?;
        let owners = owners(prompts);
        self.prefill_pictures(visual, &owners)?;
        let shared = |prompt: &Prompt| owners[prompt.picture].unwrap_or(0);
        self.prefill_texts(prompts, &shared)?;
        let run = &self.run;
        let slots = self.slots();
        // Slots without a question take steps from the first position on. Nothing reads their
        // tokens.
        let place = |slot: usize| match prompts.get(slot) {
            Some(prompt) => [slot, self.prefix + prompt.ids.len() - 1, shared(prompt)],
            None => [slot, 0, slot],
        };
        write_rows(run, (0..slots).map(place))?;
        run.head(&run.last)?;
        Ok(choose(run, &self.margins)?)
    }

    /// Answers the prefilled prompts greedily, with at most `most` tokens each.
    ///
    /// # Errors
    /// A device that fails.
    pub async fn decode(&mut self, prompts: &[Prompt<'_>], most: usize) -> Result<Vec<Said>> {
        let (device, stops) = (self.run.llama.device.clone(), &self.chat.stops);
        let capacity = self.run.layout.capacity;
        let burst = device.gpu_info().map_or(1, |_| BURST);
        let longest = prompts.iter().map(|prompt| prompt.ids.len()).max().unwrap_or(0);
        let most = most.min(capacity.saturating_sub(self.prefix + longest));
        // The first token is there already.
        let mut known = 1;
        loop {
            let history = device.read_u32(&self.run.history).await?;
            let chosen = |slot: usize| -> &[u32] {
                let first = slot * capacity + self.prefix + prompts[slot].ids.len();
                &history[first..first + known]
            };
            let open = |slot: usize| !chosen(slot).iter().any(|id| stops.contains(id));
            if known >= most || !(0..prompts.len()).any(open) {
                let margins = device.read_f32(&self.margins).await?;
                let said = |slot: usize| {
                    let chosen = chosen(slot);
                    let end = chosen.iter().position(|id| stops.contains(id));
                    let first = slot * capacity + self.prefix + prompts[slot].ids.len();
                    let steps = end.map_or(known, |end| end + 1);
                    let margins = &margins[first..first + steps];
                    Said {
                        ids: chosen[..end.unwrap_or(known)].to_vec(),
                        margin: margins.iter().copied().fold(f32::INFINITY, f32::min),
                    }
                };
                return Ok((0..prompts.len()).map(said).collect());
            }
            let steps = burst.min(most - known);
            for _ in 0..steps {
                match &self.graph {
                    Some(graph) => graph.replay()?,
                    None => step(&self.run, &self.margins)?,
                }
            }
            known += steps;
        }
    }

    /// Logits `[slots, vocabulary]` of the last position of every question, read back.
    ///
    /// # Errors
    /// A device that fails.
    pub async fn logits(&self) -> Result<Vec<f32>> {
        Ok(self.run.llama.device.read_f32(&self.run.logits).await?)
    }

    /// How probable answers are to what was prefilled: of every prompt's answers the mean
    /// log-likelihood per token. The end of the turn counts as a token of each. Afterwards nothing
    /// can be decoded before the next prefill.
    ///
    /// `answers`: of every prompt its answers, as token ids without the one that ends the turn.
    ///
    /// # Errors
    /// An unknown token, an answer that does not fit behind its prompt, or a device that fails.
    pub async fn likelihoods(&mut self, prompts: &[Prompt<'_>], answers: &[&[Vec<u32>]]) -> Result<Vec<Vec<f32>>> {
        let (device, vocabulary) = (self.run.llama.device.clone(), self.run.llama.config.vocabulary);
        let all = || answers.iter().flat_map(|answers| answers.iter());
        if let Some(&id) = all().flatten().find(|&&id| id as usize >= vocabulary) {
            return Err(LanguageError::UnknownToken { id, vocabulary });
        }
        // All advance in step, so that the longest prompt is followed by as many tokens as the
        // longest answer has.
        let prompt = prompts.iter().map(|prompt| prompt.ids.len()).max().unwrap_or(0);
        let (tokens, capacity) = (
            self.prefix + prompt + all().map(Vec::len).max().unwrap_or(0),
            self.run.layout.capacity,
        );
        if tokens > capacity {
            return Err(LanguageError::CacheFull { tokens, capacity });
        }
        let stop = self.chat.stops.first().copied().unwrap_or(self.run.llama.config.bos);
        let owners = owners(prompts);
        let slots = self.slots();
        // Behind the prompt, each of its answers begins with the same distribution.
        let first = self.logits().await?;
        let ids = |slot: usize, nth: usize| answers.get(slot).and_then(|answers| answers.get(nth));
        let token = |ids: &[u32], at: usize| ids.get(at).copied().unwrap_or(stop);
        let mut means: Vec<Vec<f32>> = Vec::new();
        for (answers, logits) in answers.iter().zip(first.chunks_exact(vocabulary)) {
            let sums = answers.iter().map(|ids| log_likelihood(logits, token(ids, 0)));
            means.push(sums.collect());
        }
        let most = answers.iter().map(|answers| answers.len()).max().unwrap_or(0);
        for nth in 0..most {
            let longest = (0..prompts.len()).filter_map(|slot| ids(slot, nth)).map(Vec::len).max();
            let place = |slot: usize| match prompts.get(slot) {
                Some(prompt) => [
                    slot,
                    self.prefix + prompt.ids.len(),
                    owners[prompt.picture].unwrap_or(0),
                ],
                None => [slot, 0, slot],
            };
            write_rows(&self.run, (0..slots).map(place))?;
            for at in 0..longest.unwrap_or(0) {
                let fed: Vec<u32> = (0..slots)
                    .map(|slot| token(ids(slot, nth).map_or(&[], Vec::as_slice), at))
                    .collect();
                device.write_u32(&self.run.token, &fed)?;
                match &self.graph {
                    Some(graph) => graph.replay()?,
                    None => step(&self.run, &self.margins)?,
                }
                let logits = self.logits().await?;
                for (slot, logits) in logits.chunks_exact(vocabulary).enumerate() {
                    let fed = ids(slot, nth).filter(|ids| at < ids.len());
                    let mean = means.get_mut(slot).and_then(|means| means.get_mut(nth));
                    if let (Some(ids), Some(mean)) = (fed, mean) {
                        *mean += log_likelihood(logits, token(ids, at + 1));
                    }
                }
            }
        }
        for (means, answers) in means.iter_mut().zip(answers) {
            for (mean, ids) in means.iter_mut().zip(*answers) {
                *mean /= (ids.len() + 1) as f32;
            }
        }
        Ok(means)
    }

    fn check(&self, prompts: &[Prompt<'_>]) -> Result<()> {
        let (vocabulary, capacity) = (self.run.llama.config.vocabulary, self.run.layout.capacity);
        if prompts.len() > self.slots() {
            return Err(LanguageError::CacheFull {
                tokens: prompts.len(),
                capacity: self.slots(),
            });
        }
        for prompt in prompts {
            if let Some(&id) = prompt.ids.iter().find(|&&id| id as usize >= vocabulary) {
                return Err(LanguageError::UnknownToken { id, vocabulary });
            }
            let tokens = self.prefix + prompt.ids.len();
            if prompt.ids.is_empty() || tokens >= capacity {
                return Err(LanguageError::CacheFull { tokens, capacity });
            }
        }
        Ok(())
    }

    /// Computes the prefixes of as many pictures at once as the rows hold.
    fn prefill_pictures(&self, visual: &Buffer, owners: &[Option<usize>]) -> Result<()> {
        let run = &self.run;
        let (device, prefix) = (&run.llama.device, self.prefix);
        let before = self.chat.before.len();
        run.embed_ids(&self.chat.before)?;
        ops::copy(device, CopyRows::first(run.x(), &self.before, before))?;
        let used: Vec<(usize, usize)> = owners
            .iter()
            .enumerate()
            .filter_map(|(picture, owner)| Some((picture, (*owner)?)))
            .collect();
        for piece in used.chunks((run.rows / prefix).max(1)) {
            for (at, (picture, _)) in piece.iter().enumerate() {
                let to = at * prefix;
                let begin = CopyRows::first(&self.before, run.x(), before);
                ops::copy(device, CopyRows { to, ..begin })?;
                let rows = prefix - before;
                // Conversations without pictures have no visual tokens.
                if rows > 0 {
                    let picture = CopyRows {
                        src: visual,
                        from: picture * rows,
                        dst: run.x(),
                        to: to + before,
                        rows,
                    };
                    ops::copy(device, picture)?;
                }
            }
            let place = |(_, slot): &(usize, usize)| {
                let slot = *slot;
                (0..prefix).map(move |position| [slot, position, slot])
            };
            write_rows(run, piece.iter().flat_map(place))?;
            run.layers(piece.len() * prefix)?;
        }
        Ok(())
    }

    /// Computes all prompts behind their pictures, and keeps the last row of each.
    fn prefill_texts(&self, prompts: &[Prompt<'_>], shared: &dyn Fn(&Prompt) -> usize) -> Result<()> {
        let run = &self.run;
        let mut rows: Vec<(u32, [usize; 3])> = Vec::new();
        let mut ends: Vec<usize> = Vec::new();
        for (slot, prompt) in prompts.iter().enumerate() {
            let place = |(at, id): (usize, &u32)| (*id, [slot, self.prefix + at, shared(prompt)]);
            rows.extend(prompt.ids.iter().enumerate().map(place));
            ends.push(rows.len() - 1);
        }
        for (piece, start) in rows.chunks(run.rows).zip((0..).step_by(run.rows)) {
            // A copy of a row writes the same values to the same place of the cache.
            let count = piece.len().next_multiple_of(BUCKET).min(run.rows);
            let filled = || piece.iter().chain(piece.last().into_iter().cycle()).take(count);
            let ids: Vec<u32> = filled().map(|row| row.0).collect();
            run.embed_ids(&ids)?;
            write_rows(run, filled().map(|row| row.1))?;
            run.layers(count)?;
            let here: Range<usize> = start..start + piece.len();
            for (slot, end) in ends.iter().enumerate().filter(|end| here.contains(end.1)) {
                let args = CopyRows {
                    src: run.x(),
                    from: end - start,
                    dst: &run.last,
                    to: slot,
                    rows: 1,
                };
                ops::copy(&run.llama.device, args)?;
            }
        }
        Ok(())
    }
}

/// The slots that pictures lie in: each in that of the first question about it.
fn owners(prompts: &[Prompt<'_>]) -> Vec<Option<usize>> {
    let owner = |picture: usize| prompts.iter().position(|prompt| prompt.picture == picture);
    let pictures = prompts.iter().map(|prompt| prompt.picture + 1).max().unwrap_or(0);
    (0..pictures).map(owner).collect()
}

/// Logarithm of a token's probability: of the softmax, summed in f64.
fn log_likelihood(logits: &[f32], token: u32) -> f32 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|&logit| f64::from((logit - largest).exp())).sum();
    let own = logits.get(token as usize).copied().unwrap_or(f32::NEG_INFINITY);
    (f64::from(own - largest) - sum.ln()) as f32
}

/// Writes the places of rows: slot, position, slot of the shared positions.
fn write_rows(run: &Runner, rows: impl Iterator<Item = [usize; 3]>) -> Result<()> {
    let words: Vec<u32> = rows.flatten().map(|word| word as u32).collect();
    let position = run.position.first_rows(words.len() / 3)?;
    Ok(run.llama.device.write_u32(&position, &words)?)
}

/// One token of every slot. This is the recorded step.
fn step(run: &Runner, margins: &Buffer) -> std::result::Result<(), KernelError> {
    let slots = run.layout.slots;
    run.embed(&run.token)?;
    run.layers(slots)?;
    run.head(&run.x().first_rows(slots)?)?;
    choose(run, margins)
}

/// The greedy choice for every slot.
fn choose(run: &Runner, margins: &Buffer) -> std::result::Result<(), KernelError> {
    let slots = run.layout.slots;
    let args = NextTokens {
        logits: &run.logits,
        tokens: &run.token,
        rows: &run.position.first_rows(slots)?,
        history: &run.history,
        margins,
        m: slots,
        vocabulary: run.llama.config.vocabulary,
        capacity: run.layout.capacity,
    };
    ops::next_tokens(&run.llama.device, args)
}
