use std::sync::Arc;

use sightline_kernels::ops::{self, CachedAttention, Epilogue, Input, Rope};
use sightline_kernels::{Buffer, Device, Graph, KernelError, Linear};

use crate::adapters::{Adapter, Adapters};
use crate::error::{LanguageError, Result};
use crate::llama::{Layer, Llama};

/// Positions of the KV cache.
pub const CAPACITY: usize = 1024;
/// Rows that a prefill runs at once; bounds the scratch memory.
const ROWS: usize = 256;

/// One model's conversation: KV cache, scratch memory, and the token step recorded once.
///
/// The prefix (beginning of sequence and a picture) is computed once per picture and stays in the cache; every question is
/// appended behind it and forgotten with [`Session::truncate`].
pub struct Session {
    run: Runner,
    graph: Option<Graph>,
    launches: usize,
    /// Positions filled.
    len: usize,
    prefix: usize,
}

/// Everything a forward pass touches. Nothing in here is allocated after [`Session::new`].
struct Runner {
    llama: Arc<Llama>,
    adapters: Option<Arc<Adapters>>,
    /// Keys and values `[CAPACITY, kv_heads, head_dim]` of every layer.
    cache: Vec<(Buffer, Buffer)>,
    /// `[CAPACITY, head_dim / 2, 2]`.
    rope: Buffer,
    /// `[ROWS, width]`: the residual stream.
    x: Buffer,
    /// `[ROWS, width]`: its norm.
    normed: Buffer,
    /// `[ROWS, (heads + 2 kv_heads) * head_dim]`.
    qkv: Buffer,
    /// `[ROWS, heads * head_dim]`.
    attended: Buffer,
    /// `[ROWS, 2 * ffn]`.
    gate_up: Buffer,
    /// `[ROWS, ffn]`.
    activated: Buffer,
    /// `[ROWS, 3 * rank]`: `A x` of the adapters.
    low: Buffer,
    /// `[width]`: the last row of a prefill.
    last: Buffer,
    /// `[vocabulary]`.
    logits: Buffer,
    /// `[ROWS]` token ids of a prefill.
    ids: Buffer,
    /// `[1]`: position of row 0.
    position: Buffer,
    /// `[1]`: the token that the next step reads.
    token: Buffer,
    /// `[CAPACITY]`: the token chosen for every position.
    history: Buffer,
}

impl Session {
    /// Allocates cache and scratch memory and records the token step. `adapters` must be of the same language model.
    pub async fn new(llama: Arc<Llama>, adapters: Option<Arc<Adapters>>) -> Result<Self> {
        let run = Runner::new(llama, adapters);
        let device = &run.llama.device;
        // The recording runs once for real, at position 0 of an empty cache.
        device.write_u32(&run.position, &[0])?;
        device.write_u32(&run.token, &[run.llama.config.bos])?;
        let graph = device.record(|| run.step()).await?;
        Ok(Self {
            launches: graph.as_ref().map_or(0, Graph::launches),
            graph,
            run,
            len: 0,
            prefix: 0,
        })
    }

    /// The frozen weights.
    pub fn llama(&self) -> &Arc<Llama> {
        &self.run.llama
    }

    /// Positions filled.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is in the cache.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Positions that the prefix fills.
    pub fn prefix_len(&self) -> usize {
        self.prefix
    }

    /// Kernel launches in the recorded token step (0 on the CPU).
    pub fn launches_per_token(&self) -> usize {
        self.launches
    }

    /// Bytes that the next step reads at least: every weight, the adapters, and the keys and values so far.
    pub fn bytes_per_token(&self) -> usize {
        let run = &self.run;
        let adapters = run.adapters.as_ref().map_or(0, |a| a.bytes());
        let cache = 2 * self.len * run.llama.config.kv_width() * 4 * run.llama.config.layers;
        run.llama.weight_bytes() + adapters + cache
    }

    /// Forgets everything from position `len` on. What lies behind is overwritten, never read.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
        self.prefix = self.prefix.min(self.len);
    }

    /// Fills the cache from the start with the beginning-of-sequence token and `count` visual tokens.
    ///
    /// # Shapes
    /// `visual` `[count, width]` on the model's device.
    pub fn prefill_prefix(&mut self, visual: &Buffer, count: usize) -> Result<()> {
        self.truncate(0);
        self.room_for(count + 1)?;
        let (run, width) = (&self.run, self.run.llama.config.width);
        let device = &run.llama.device;
        let mut done = 0;
        while done < count + 1 {
            let rows = (count + 1 - done).min(ROWS);
            // Row 0 of the whole is the token, row r is visual token r - 1.
            let tokens = usize::from(done == 0);
            if tokens == 1 {
                device.write_u32(&run.ids, &[run.llama.config.bos])?;
                ops::embed(device, &run.llama.embedding, &run.ids, 1, &run.x)?;
            }
            let from = (done + tokens - 1) * width;
            ops::copy(device, visual, from, &run.x, tokens * width, (rows - tokens) * width)?;
            run.rows_at(done, rows)?;
            done += rows;
        }
        self.len = done;
        self.prefix = done;
        Ok(())
    }

    /// Appends token ids and leaves the logits behind the last one, and the most likely next token, on the device.
    pub fn prefill_text(&mut self, ids: &[u32]) -> Result<()> {
        self.room_for(ids.len())?;
        let vocabulary = self.run.llama.config.vocabulary;
        if let Some(&id) = ids.iter().find(|&&id| id as usize >= vocabulary) {
            return Err(LanguageError::UnknownToken { id, vocabulary });
        }
        let run = &self.run;
        let device = &run.llama.device;
        for piece in ids.chunks(ROWS) {
            device.write_u32(&run.ids, piece)?;
            ops::embed(device, &run.llama.embedding, &run.ids, piece.len(), &run.x)?;
            run.rows_at(self.len, piece.len())?;
            self.len += piece.len();
        }
        if let Some(last) = ids.chunks(ROWS).last() {
            run.choose_after(self.len, last.len())?;
        }
        Ok(())
    }

    /// Runs the recorded step: reads the token on the device, appends it, and chooses the next one.
    pub fn step(&mut self) -> Result<()> {
        self.room_for(1)?;
        match &self.graph {
            Some(graph) => graph.replay()?,
            None => self.run.step()?,
        }
        self.len += 1;
        Ok(())
    }

    /// Appends one token whatever the model would have chosen, through the recorded step. The logits behind it are then read with
    /// [`Session::logits`].
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
        if tokens <= CAPACITY {
            return Ok(());
        }
        Err(LanguageError::CacheFull {
            tokens,
            capacity: CAPACITY,
        })
    }
}

impl Runner {
    fn new(llama: Arc<Llama>, adapters: Option<Arc<Adapters>>) -> Self {
        let (device, config) = (&llama.device, &llama.config);
        let floats = |len: usize| device.empty_f32(len);
        let words = |len: usize| device.upload_u32(&vec![0; len]);
        let kv = CAPACITY * config.kv_width();
        let rank = adapters.as_ref().map_or(0, |a| a.rank());
        Self {
            cache: empty_cache(device, config.layers, kv),
            rope: device.upload_f32(&ops::rope_table(CAPACITY, config.head_dim, config.rope_base)),
            x: floats(ROWS * config.width),
            normed: floats(ROWS * config.width),
            qkv: floats(ROWS * config.qkv_width()),
            attended: floats(ROWS * config.width),
            gate_up: floats(ROWS * 2 * config.ffn),
            activated: floats(ROWS * config.ffn),
            low: floats(ROWS * 3 * rank),
            last: floats(config.width),
            logits: floats(config.vocabulary),
            ids: words(ROWS),
            position: words(1),
            token: words(1),
            history: words(CAPACITY),
            adapters,
            llama,
        }
    }

    /// One token: what is recorded.
    fn step(&self) -> Result<(), KernelError> {
        let llama = &*self.llama;
        ops::embed(&llama.device, &llama.embedding, &self.token, 1, &self.x)?;
        self.layers(1)?;
        self.head(&self.x)
    }

    /// All layers over `rows` rows of `x` that start at `position`.
    fn rows_at(&self, position: usize, rows: usize) -> Result<()> {
        self.llama.device.write_u32(&self.position, &[position as u32])?;
        Ok(self.layers(rows)?)
    }

    /// After a prefill up to `len` positions whose last piece had `rows` rows: logits and the next token.
    fn choose_after(&self, len: usize, rows: usize) -> Result<()> {
        let width = self.llama.config.width;
        let device = &self.llama.device;
        // The choice advances the position by one, to `len`.
        device.write_u32(&self.position, &[(len - 1) as u32])?;
        ops::copy(device, &self.x, (rows - 1) * width, &self.last, 0, width)?;
        Ok(self.head(&self.last)?)
    }

    /// Final norm, logits, and the greedy choice for one row.
    fn head(&self, row: &Buffer) -> Result<(), KernelError> {
        let llama = &*self.llama;
        let norm = self.norm(&llama.norm);
        self.linear(&llama.embedding, None, row, norm, 1, Epilogue::Store, &self.logits)?;
        ops::next_token(
            &llama.device,
            &self.logits,
            llama.config.vocabulary,
            &self.token,
            &self.position,
            &self.history,
        )
    }

    fn layers(&self, rows: usize) -> Result<(), KernelError> {
        for (i, layer) in self.llama.layers.iter().enumerate() {
            self.layer(i, layer, rows)?;
        }
        Ok(())
    }

    fn layer(&self, i: usize, layer: &Layer, m: usize) -> Result<(), KernelError> {
        let (device, config) = (&self.llama.device, &self.llama.config);
        let adapters = self.adapters.as_ref().and_then(|a| a.layers.get(i));
        let (keys, values) = &self.cache[i];
        let (norm, qkv) = (self.norm(&layer.attn_norm), adapters.map(|a| &a.qkv));
        self.linear(&layer.qkv, qkv, &self.x, norm, m, Epilogue::Store, &self.qkv)?;
        ops::rope_append(
            device,
            Rope {
                qkv: &self.qkv,
                keys,
                values,
                position: &self.position,
                table: &self.rope,
                m,
                heads: config.heads,
                kv_heads: config.kv_heads,
                head_dim: config.head_dim,
                capacity: CAPACITY,
            },
        )?;
        let attention = CachedAttention {
            qkv: &self.qkv,
            keys,
            values,
            position: &self.position,
            m,
            heads: config.heads,
            kv_heads: config.kv_heads,
            head_dim: config.head_dim,
            capacity: CAPACITY,
        };
        ops::cached_attention(device, attention, &self.attended)?;
        let (plain, output) = (Input::Plain, adapters.map(|a| &a.output));
        self.linear(&layer.output, output, &self.attended, plain, m, Epilogue::Add, &self.x)?;
        let (norm, gate_up) = (self.norm(&layer.ffn_norm), adapters.map(|a| &a.gate_up));
        self.linear(
            &layer.gate_up,
            gate_up,
            &self.x,
            norm,
            m,
            Epilogue::Store,
            &self.gate_up,
        )?;
        let (gated, down) = (Input::SwiGlu, adapters.map(|a| &a.down));
        self.linear(&layer.down, down, &self.gate_up, gated, m, Epilogue::Add, &self.x)
    }

    fn norm<'a>(&self, weight: &'a Buffer) -> Input<'a> {
        Input::RmsNorm {
            weight,
            eps: self.llama.config.eps,
        }
    }

    /// A frozen matrix of `input(x)`, and the adapter beside it.
    #[allow(clippy::too_many_arguments)]
    fn linear(
        &self,
        matrix: &Linear,
        adapter: Option<&Adapter>,
        x: &Buffer,
        input: Input<'_>,
        m: usize,
        epilogue: Epilogue,
        dst: &Buffer,
    ) -> Result<(), KernelError> {
        let device = &self.llama.device;
        // Fused for a single row, where a launch counts; with many rows every cube would repeat the work.
        let (x, input) = match input {
            Input::RmsNorm { weight, eps } if m > 1 => {
                ops::rms_norm(device, x, weight, eps, m, &self.normed)?;
                (&self.normed, Input::Plain)
            }
            Input::SwiGlu if m > 1 => {
                ops::swiglu(device, x, m, matrix.cols, &self.activated)?;
                (&self.activated, Input::Plain)
            }
            input => (x, input),
        };
        if let Some(adapter) = adapter {
            ops::linear_from(device, &adapter.a, x, input, m, None, Epilogue::Store, &self.low)?;
        }
        let low = adapter.map(|a| a.low_rank(&self.low));
        ops::linear_from(device, matrix, x, input, m, low, epilogue, dst)
    }
}

fn empty_cache(device: &Device, layers: usize, len: usize) -> Vec<(Buffer, Buffer)> {
    (0..layers)
        .map(|_| (device.empty_f32(len), device.empty_f32(len)))
        .collect()
}
