use std::ops::Range;
use std::sync::Arc;

use sightline_kernels::ops::{self, CopyRows, NextToken};
use sightline_kernels::{Buffer, Graph, KernelError};

use crate::adapters::Adapters;
use crate::cache::CacheLayout;
use crate::chat::ChatLayout;
use crate::error::{LanguageError, Result};
use crate::llama::Llama;
use crate::runner::Runner;

/// Number of rows that a prefill runs at once. It bounds the scratch memory.
const ROWS: usize = 256;

/// A conversation with one model: KV cache, scratch memory, and the recorded step of one token.
///
/// The prefix (the start of the prompt and a picture) is computed once per picture and stays in the
/// cache. Every question is appended behind it and forgotten by [`Session::truncate`].
pub struct Session {
    run: Runner,
    layout: ChatLayout,
    graph: Option<Graph>,
    launches: usize,
    /// Number of filled positions.
    len: usize,
    prefix: usize,
}

impl Session {
    /// Allocates cache and scratch memory and records the token step. `adapters` and `layout` must
    /// be of the same language model.
    ///
    /// # Errors
    /// A device that fails.
    pub async fn new(llama: Arc<Llama>, adapters: Option<Arc<Adapters>>, layout: &ChatLayout) -> Result<Self> {
        let run = Runner::new(llama, adapters, CacheLayout::one(layout.capacity), ROWS)?;
        let device = &run.llama.device;
        // The recording runs the step once for real, at position 0 of an empty cache.
        device.write_u32(&run.position, &[0])?;
        device.write_u32(&run.token, &[run.llama.config.bos])?;
        let graph = device.record(|| step(&run)).await?;
        Ok(Self {
            launches: graph.as_ref().map_or(0, Graph::launches),
            graph,
            run,
            layout: layout.clone(),
            len: 0,
            prefix: 0,
        })
    }

    /// The frozen weights.
    pub fn llama(&self) -> &Arc<Llama> {
        &self.run.llama
    }

    /// Tokens before the visual ones, tokens that end an answer, and the number of positions.
    pub(crate) fn layout(&self) -> &ChatLayout {
        &self.layout
    }

    /// Number of filled positions.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is in the cache.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Number of positions that the prefix fills.
    pub fn prefix_len(&self) -> usize {
        self.prefix
    }

    /// Number of kernel launches in the recorded step; 0 on the CPU.
    pub fn launches_per_token(&self) -> usize {
        self.launches
    }

    /// Least number of bytes that the next step reads: all weights, the adapters, and the keys and
    /// values so far.
    pub fn bytes_per_token(&self) -> usize {
        let run = &self.run;
        let adapters = run.adapters.as_ref().map_or(0, |a| a.bytes());
        let cache = 2 * self.len * run.llama.config.kv_width() * 4 * run.llama.config.layers;
        run.llama.weight_bytes() + adapters + cache
    }

    /// Forgets everything from position `len` on. Later tokens overwrite it; nothing reads it.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
        self.prefix = self.prefix.min(self.len);
    }

    /// Fills the cache from the start with the tokens before a picture and `count` visual tokens.
    ///
    /// # Shapes
    /// `visual` `[count, width]` on the model's device.
    ///
    /// # Errors
    /// [`LanguageError::CacheFull`], another shape of `visual`, or a device that fails.
    pub fn prefill_prefix(&mut self, visual: &Buffer, count: usize) -> Result<()> {
        let layers = self.run.llama.config.layers;
        for piece in self.prefix_pieces(visual, count)? {
            self.prefix_piece(visual, &piece, layers)?;
        }
        self.len = self.layout.before.len() + count;
        self.prefix = self.len;
        Ok(())
    }

    /// Forgets everything, and cuts a prefix with `count` visual tokens into pieces of rows.
    fn prefix_pieces(&mut self, visual: &Buffer, count: usize) -> Result<Vec<Range<usize>>> {
        self.truncate(0);
        let all = self.layout.before.len() + count;
        self.room_for(all)?;
        visual.expect("prefill", "visual", [count, self.run.llama.config.width])?;
        Ok((0..all).step_by(ROWS).map(|from| from..all.min(from + ROWS)).collect())
    }

    /// Runs `layers` layers over one piece of the prefix.
    fn prefix_piece(&self, visual: &Buffer, piece: &Range<usize>, layers: usize) -> Result<()> {
        let (run, before) = (&self.run, &self.layout.before);
        let (done, rows) = (piece.start, piece.len());
        // The first rows may still be tokens before the picture.
        let ids: Vec<u32> = before.iter().skip(done).take(rows).copied().collect();
        let tokens = ids.len();
        if tokens > 0 {
            run.embed_ids(&ids)?;
        }
        if tokens < rows {
            let args = CopyRows {
                src: visual,
                from: done + tokens - before.len(),
                dst: run.x(),
                to: tokens,
                rows: rows - tokens,
            };
            ops::copy(&run.llama.device, args)?;
        }
        rows_at(run, done, rows, layers)
    }

    /// What the first `layers` layers make of a picture and of the tokens behind it: the hidden
    /// states (the residual stream) of all visual tokens, and of all tokens of `ids`. With 0 layers
    /// they are the visual tokens and the embeddings themselves.
    ///
    /// The prefix must be that of [`Session::prefill_prefix`] with the same visual tokens. It stays
    /// in the cache; what was behind it is forgotten.
    ///
    /// # Shapes
    /// `visual` `[count, width]`; the results are `[count, width]` and `[ids, width]`.
    ///
    /// # Errors
    /// As [`Session::prefill_prefix`] and [`Session::prefill_text`].
    pub async fn hidden_states(
        &mut self,
        visual: &Buffer,
        count: usize,
        ids: &[u32],
        layers: usize,
    ) -> Result<(Vec<f32>, Vec<f32>)> {
        let (width, start) = (self.run.llama.config.width, self.layout.before.len());
        self.known(ids)?;
        let mut states = Vec::new();
        // The same pieces as those of the prefill, so that the cache gets the same values again.
        for piece in self.prefix_pieces(visual, count)? {
            self.prefix_piece(visual, &piece, layers)?;
            states.extend(self.first_states(piece.len()).await?);
        }
        self.prefix = start + count;
        self.len = self.prefix;
        self.room_for(ids.len())?;
        for (piece, at) in ids.chunks(ROWS).zip((self.prefix..).step_by(ROWS)) {
            self.run.embed_ids(piece)?;
            rows_at(&self.run, at, piece.len(), layers)?;
            states.extend(self.first_states(piece.len()).await?);
        }
        let text = states.split_off((start + count) * width);
        Ok((states.split_off(start * width), text))
    }

    /// The first `rows` rows of the residual stream.
    async fn first_states(&self, rows: usize) -> Result<Vec<f32>> {
        Ok(self.run.llama.device.read_f32(&self.run.x().first_rows(rows)?).await?)
    }

    /// Refuses ids that are no tokens.
    fn known(&self, ids: &[u32]) -> Result<()> {
        let vocabulary = self.run.llama.config.vocabulary;
        match ids.iter().find(|&&id| id as usize >= vocabulary) {
            Some(&id) => Err(LanguageError::UnknownToken { id, vocabulary }),
            None => Ok(()),
        }
    }

    /// Appends token ids. Leaves the logits of the last one, and the most likely next token, on the
    /// device.
    ///
    /// # Errors
    /// [`LanguageError::CacheFull`], an unknown token, or a device that fails.
    pub fn prefill_text(&mut self, ids: &[u32]) -> Result<()> {
        self.room_for(ids.len())?;
        self.known(ids)?;
        let run = &self.run;
        for piece in ids.chunks(ROWS) {
            run.embed_ids(piece)?;
            rows_at(run, self.len, piece.len(), run.llama.config.layers)?;
            self.len += piece.len();
        }
        if let Some(last) = ids.chunks(ROWS).last() {
            choose_after(run, self.len, last.len())?;
        }
        Ok(())
    }

    /// Runs the recorded step: reads the token on the device, appends it, and chooses the next one.
    ///
    /// # Errors
    /// [`LanguageError::CacheFull`], or a device that fails.
    pub fn step(&mut self) -> Result<()> {
        self.room_for(1)?;
        match &self.graph {
            Some(graph) => graph.replay()?,
            None => step(&self.run)?,
        }
        self.len += 1;
        Ok(())
    }

    /// Appends this token instead of the chosen one, through the recorded step. [`Session::logits`]
    /// then reads its logits.
    ///
    /// # Errors
    /// As [`Session::step`], and an unknown token.
    pub fn step_with(&mut self, id: u32) -> Result<()> {
        self.room_for(1)?;
        let device = &self.run.llama.device;
        device.write_u32(&self.run.position, &[self.len as u32])?;
        self.choose(id)?;
        self.step()
    }

    /// Overrides the token that the next step reads.
    pub(crate) fn choose(&self, id: u32) -> Result<()> {
        Ok(self.run.llama.device.write_u32(&self.run.token, &[id])?)
    }

    /// Logits `[vocabulary]` of the last position, read back.
    ///
    /// # Errors
    /// A device that fails.
    pub async fn logits(&self) -> Result<Vec<f32>> {
        Ok(self.run.llama.device.read_f32(&self.run.logits).await?)
    }

    /// Tokens chosen on the device so far: entry `p` was chosen for position `p`.
    pub(crate) async fn history(&self) -> Result<Vec<u32>> {
        Ok(self.run.llama.device.read_u32(&self.run.history).await?)
    }

    /// Waits for the device.
    pub(crate) async fn sync(&self) -> Result<()> {
        Ok(self.run.llama.device.sync().await?)
    }

    fn room_for(&self, more: usize) -> Result<()> {
        let tokens = self.len + more;
        let capacity = self.layout.capacity;
        if tokens <= capacity {
            return Ok(());
        }
        Err(LanguageError::CacheFull { tokens, capacity })
    }
}

/// One token. This is the recorded step.
fn step(run: &Runner) -> std::result::Result<(), KernelError> {
    run.embed(&run.token)?;
    run.layers(1)?;
    choose(run, &run.x().first_rows(1)?)
}

/// The first `layers` layers over `rows` rows of `x` that start at `position`.
fn rows_at(run: &Runner, position: usize, rows: usize, layers: usize) -> Result<()> {
    run.llama.device.write_u32(&run.position, &[position as u32])?;
    Ok(run.first_layers(rows, layers)?)
}

/// Computes logits and the next token after a prefill up to `len` positions, whose last piece had
/// `rows` rows.
fn choose_after(run: &Runner, len: usize, rows: usize) -> Result<()> {
    let device = &run.llama.device;
    // Choosing advances the position by one, to `len`.
    device.write_u32(&run.position, &[(len - 1) as u32])?;
    let args = CopyRows {
        src: run.x(),
        from: rows - 1,
        dst: &run.last,
        to: 0,
        rows: 1,
    };
    ops::copy(device, args)?;
    Ok(choose(run, &run.last)?)
}

/// Logits and the greedy choice for one row.
fn choose(run: &Runner, row: &Buffer) -> std::result::Result<(), KernelError> {
    run.head(row)?;
    let args = NextToken {
        logits: &run.logits,
        token: &run.token,
        position: &run.position,
        history: &run.history,
        vocabulary: run.llama.config.vocabulary,
        capacity: run.layout.capacity,
    };
    ops::next_token(&run.llama.device, args)
}
