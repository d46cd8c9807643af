use std::ops::ControlFlow;

use web_time::Instant;

use crate::error::Result;
use crate::sample::{Random, Sampling};
use crate::session::Session;
use crate::tokenizer::{TextStream, Tokenizer};

/// Number of steps that are enqueued before their tokens are read back. On a GPU a read-back costs
/// more than a step. Steps past the end of an answer are forgotten.
const BURST: usize = 4;

/// How an answer is made.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Largest number of tokens in an answer.
    pub max_tokens: usize,
    /// How tokens are chosen.
    pub sampling: Sampling,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_tokens: 128,
            sampling: Sampling::Greedy,
        }
    }
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// The model ended it.
    Stop,
    /// It has [`Options::max_tokens`] tokens, or the cache is full.
    Length,
    /// The callback ended it.
    Cancelled,
}

/// The times of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Timings {
    /// Number of tokens in the question.
    pub prefill_tokens: usize,
    /// From the start to the end of the question's prefill, ms.
    pub prefill_ms: f64,
    /// From the start to the first token in hand, ms.
    pub first_token_ms: f64,
    /// From the first token in hand to the end, ms.
    pub decode_ms: f64,
    /// Number of steps after the first token, including those past the end of the answer.
    pub steps: usize,
    /// Number of kernel launches in one recorded step; 0 on the CPU.
    pub launches_per_token: usize,
}

impl Timings {
    /// Mean time of one decoding step, ms.
    pub fn ms_per_token(&self) -> f64 {
        self.decode_ms / self.steps.max(1) as f64
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Generated {
    /// Token ids, without the one that ends an answer.
    pub ids: Vec<u32>,
    /// Their text.
    pub text: String,
    /// Why it ended.
    pub finish: Finish,
    /// Its times.
    pub timings: Timings,
}

impl Session {
    /// Answers a prompt behind the cached prefix. An earlier question is forgotten first.
    ///
    /// `on_text` gets the text in pieces of whole characters and may stop the answer at any token.
    /// It is awaited, so that a program with one thread can look there whether the user wants to
    /// stop.
    ///
    /// # Errors
    /// A prompt that does not fit the cache, or a device that fails. Use [`crate::Chat::question`]
    /// for a prompt that fits.
    pub async fn generate(
        &mut self,
        tokenizer: &Tokenizer,
        prompt: &[u32],
        options: &Options,
        mut on_text: impl AsyncFnMut(&str) -> ControlFlow<()>,
    ) -> Result<Generated> {
        let start = Instant::now();
        self.truncate(self.prefix_len());
        self.prefill_text(prompt)?;
        self.sync().await?;
        let mut timings = Timings {
            prefill_tokens: prompt.len(),
            prefill_ms: ms(start),
            launches_per_token: self.launches_per_token(),
            ..Timings::default()
        };
        let mut answer = Answer {
            stream: TextStream::default(),
            ids: Vec::new(),
            text: String::new(),
            most: options.max_tokens.min(self.layout().capacity - self.len()),
            stops: self.layout().stops.clone(),
        };
        let mut chooser = Chooser::new(options.sampling);
        let prompt_len = self.len();
        let mut first = None;
        let finish = loop {
            if answer.ids.len() >= answer.most {
                break Finish::Length;
            }
            let known = answer.ids.len();
            let chosen = chooser.next(self, prompt_len + known, answer.most - known).await?;
            first.get_or_insert_with(Instant::now);
            if let Some(finish) = answer.take(tokenizer, &chosen, &mut on_text).await {
                break finish;
            }
        };
        let rest = answer.stream.finish();
        if !rest.is_empty() {
            answer.text.push_str(&rest);
            // The answer has ended anyway.
            let _ = on_text(&rest).await;
        }
        let first = first.unwrap_or(start);
        timings.first_token_ms = (first - start).as_secs_f64() * 1e3;
        timings.decode_ms = ms(first);
        timings.steps = self.len() - prompt_len;
        Ok(Generated {
            ids: answer.ids,
            text: answer.text,
            finish,
            timings,
        })
    }
}

impl Session {
    /// Runs `steps` steps behind the contents of the cache and returns the mean time of one step in
    /// ms. They are read back as often as the steps of an answer, and forgotten afterwards.
    ///
    /// # Errors
    /// A full cache, or a device that fails.
    pub async fn time_steps(&mut self, steps: usize) -> Result<f64> {
        let len = self.len();
        self.prefill_text(&[self.llama().config().bos])?;
        self.sync().await?;
        let start = Instant::now();
        let mut left = steps;
        while left > 0 {
            let burst = left.min(self.burst());
            for _ in 0..burst {
                self.step()?;
            }
            self.history().await?;
            left -= burst;
        }
        let spent = ms(start);
        self.truncate(len);
        Ok(spent / steps.max(1) as f64)
    }

    /// Number of steps between two read-backs.
    fn burst(&self) -> usize {
        // The CPU chooses at once: there is nothing to wait for.
        match self.llama().device().gpu_info() {
            Some(_) => BURST,
            None => 1,
        }
    }
}

/// The answer so far.
struct Answer {
    stream: TextStream,
    ids: Vec<u32>,
    text: String,
    most: usize,
    stops: Vec<u32>,
}

impl Answer {
    /// Takes tokens until one of them ends the answer.
    async fn take(
        &mut self,
        tokenizer: &Tokenizer,
        chosen: &[u32],
        on_text: &mut impl AsyncFnMut(&str) -> ControlFlow<()>,
    ) -> Option<Finish> {
        for &id in chosen {
            if self.stops.contains(&id) {
                return Some(Finish::Stop);
            }
            self.ids.push(id);
            let piece = self.stream.push(tokenizer.token_bytes(id));
            if !piece.is_empty() {
                self.text.push_str(&piece);
                if on_text(&piece).await.is_break() {
                    return Some(Finish::Cancelled);
                }
            }
        }
        None
    }
}

/// Runs steps and reads their tokens back.
struct Chooser {
    random: Option<(Random, f32)>,
    /// Whether the first token, which the prefill chose, was returned already.
    started: bool,
}

impl Chooser {
    fn new(sampling: Sampling) -> Self {
        let random = match sampling {
            Sampling::Greedy => None,
            Sampling::Temperature { temperature, seed } => Some((Random::new(seed), temperature)),
        };
        Self { random, started: false }
    }

    /// The tokens for `position` and some after it, at most `most`.
    async fn next(&mut self, session: &mut Session, position: usize, most: usize) -> Result<Vec<u32>> {
        let first = !std::mem::replace(&mut self.started, true);
        if let Some((random, temperature)) = &mut self.random {
            if !first {
                session.step()?;
            }
            let id = random.draw(&session.logits().await?, *temperature);
            session.choose(id)?;
            return Ok(vec![id]);
        }
        let burst = if first { 1 } else { session.burst().min(most) };
        // The prefill already chose the first token.
        for _ in usize::from(first)..burst {
            session.step()?;
        }
        let history = session.history().await?;
        Ok(history[position..position + burst].to_vec())
    }
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
