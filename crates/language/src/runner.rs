//! The forward pass of the decoder over rows at any places of a cache: one sequence, or many.

use std::sync::Arc;

use sightline_kernels::ops::{self, Apply, CachedAttention, Embed, Epilogue, Input, Places, RmsNorm, Rope, SwiGlu};
use sightline_kernels::{Buffer, Device, KernelError};

use crate::adapters::{Adapter, Adapters};
use crate::cache::CacheLayout;
use crate::config::LlamaConfig;
use crate::llama::{Layer, Llama};

/// All memory that a forward pass uses. Nothing is allocated after [`Runner::new`]: a pass over
/// fewer rows takes views.
pub(crate) struct Runner {
    pub(crate) llama: Arc<Llama>,
    pub(crate) adapters: Option<Arc<Adapters>>,
    pub(crate) layout: CacheLayout,
    /// Largest number of rows that a pass runs at once. It bounds the scratch memory.
    pub(crate) rows: usize,
    /// Keys and values `[slots * capacity, kv_heads * head_dim]` of every layer.
    cache: Vec<(Buffer, Buffer)>,
    /// `[capacity, head_dim / 2, 2]`.
    rope: Buffer,
    /// Activations of `rows` rows.
    scratch: Scratch,
    /// `[slots, width]`: the last row of every prompt.
    pub(crate) last: Buffer,
    /// `[slots, vocabulary]`.
    pub(crate) logits: Buffer,
    /// `[rows]` token ids of a prefill.
    ids: Buffer,
    /// `[1]`: position of row 0. For many sequences `[rows, 3]`, see [`Places::Rows`].
    pub(crate) position: Buffer,
    /// `[slots]`: the token that the next step reads.
    pub(crate) token: Buffer,
    /// `[slots, capacity]`: the token chosen for every position.
    pub(crate) history: Buffer,
}

/// Activations, one row per token.
struct Scratch {
    /// `[rows, width]`: the residual stream.
    x: Buffer,
    /// `[rows, width]`: its norm.
    normed: Buffer,
    /// `[rows, (heads + 2 kv_heads) * head_dim]`.
    qkv: Buffer,
    /// `[rows, heads * head_dim]`.
    attended: Buffer,
    /// `[rows, 2 * ffn]`.
    gate_up: Buffer,
    /// `[rows, ffn]`.
    activated: Buffer,
    /// `[rows, 3 * rank]`: `A x` of the adapters.
    low: Buffer,
}

impl Scratch {
    fn new(device: &Device, config: &LlamaConfig, rows: usize, rank: usize) -> Self {
        let floats = |width: usize| device.empty_f32([rows, width]);
        Self {
            x: floats(config.width),
            normed: floats(config.width),
            qkv: floats(config.qkv_width()),
            attended: floats(config.heads * config.head_dim),
            gate_up: floats(2 * config.ffn),
            activated: floats(config.ffn),
            low: floats(3 * rank),
        }
    }

    /// The same memory for the first `rows` rows.
    fn first_rows(&self, rows: usize) -> Result<Self, KernelError> {
        Ok(Self {
            x: self.x.first_rows(rows)?,
            normed: self.normed.first_rows(rows)?,
            qkv: self.qkv.first_rows(rows)?,
            attended: self.attended.first_rows(rows)?,
            gate_up: self.gate_up.first_rows(rows)?,
            activated: self.activated.first_rows(rows)?,
            low: self.low.first_rows(rows)?,
        })
    }
}

impl Runner {
    pub(crate) fn new(
        llama: Arc<Llama>,
        adapters: Option<Arc<Adapters>>,
        layout: CacheLayout,
        rows: usize,
    ) -> Result<Self, KernelError> {
        let (device, config) = (&llama.device, &llama.config);
        let CacheLayout { slots, capacity, .. } = layout;
        let words = |len: usize| device.upload_u32(&vec![0; len]);
        let floats = |rows: usize, width: usize| device.empty_f32([rows, width]);
        let kv = || floats(slots * capacity, config.kv_width());
        let rank = adapters.as_ref().map_or(0, |a| a.rank());
        let rope = device.upload_f32(&layout.rope(config));
        Ok(Self {
            cache: (0..config.layers).map(|_| (kv(), kv())).collect(),
            rope: rope.reshape([capacity, config.head_dim / 2, 2])?,
            scratch: Scratch::new(device, config, rows, rank),
            last: floats(slots, config.width),
            logits: floats(slots, config.vocabulary),
            ids: words(rows),
            position: match layout.shared_prefix {
                None => words(1),
                Some(_) => words(3 * rows).reshape([rows, 3])?,
            },
            token: words(slots),
            history: words(slots * capacity).reshape([slots, capacity])?,
            layout,
            rows,
            adapters,
            llama,
        })
    }

    /// The residual stream `[rows, width]`, of which a pass takes the first rows.
    pub(crate) fn x(&self) -> &Buffer {
        &self.scratch.x
    }

    /// Embeds the token ids that a buffer `[m]` holds into the first rows of the residual stream.
    pub(crate) fn embed(&self, ids: &Buffer) -> Result<(), KernelError> {
        let m = ids.len();
        let args = Embed {
            table: &self.llama.embedding,
            ids,
            m,
            dst: &self.scratch.x.first_rows(m)?,
        };
        ops::embed(&self.llama.device, args)
    }

    /// The same for token ids of the host, at most `rows`.
    pub(crate) fn embed_ids(&self, ids: &[u32]) -> Result<(), KernelError> {
        let to = self.ids.first_rows(ids.len())?;
        self.llama.device.write_u32(&to, ids)?;
        self.embed(&to)
    }

    /// Final norm and logits of rows `[m, width]`.
    pub(crate) fn head(&self, rows: &Buffer) -> Result<(), KernelError> {
        let m = rows.shape().rows();
        let scratch = self.scratch.first_rows(m)?;
        let (norm, logits) = (self.norm(&self.llama.norm), self.logits.first_rows(m)?);
        let logits = Apply::new(self.llama.head(), rows, m, &logits);
        self.linear(&scratch, None, Apply { input: norm, ..logits })
    }

    /// All layers over the first `rows` rows of the residual stream.
    pub(crate) fn layers(&self, rows: usize) -> Result<(), KernelError> {
        self.first_layers(rows, self.llama.layers.len())
    }

    /// The first `count` layers over the first `rows` rows of the residual stream.
    pub(crate) fn first_layers(&self, rows: usize, count: usize) -> Result<(), KernelError> {
        let scratch = self.scratch.first_rows(rows)?;
        let position = match self.layout.shared_prefix {
            None => self.position.clone(),
            Some(_) => self.position.first_rows(rows)?,
        };
        let places = match self.layout.shared_prefix {
            None => Places::From(&position),
            Some(prefix) => Places::Rows {
                rows: &position,
                slots: self.layout.slots,
                prefix,
            },
        };
        for (i, layer) in self.llama.layers.iter().enumerate().take(count) {
            self.layer(i, layer, &scratch, places)?;
        }
        Ok(())
    }

    fn layer(&self, i: usize, layer: &Layer, s: &Scratch, places: Places<'_>) -> Result<(), KernelError> {
        let (device, config) = (&self.llama.device, &self.llama.config);
        let m = s.x.shape().rows();
        let adapters = self.adapters.as_ref().and_then(|a| a.layers.get(i));
        let (keys, values) = &self.cache[i];
        let (norm, qkv) = (self.norm(&layer.attn_norm), adapters.map(|a| &a.qkv));
        let map = Apply::new(&layer.qkv, &s.x, m, &s.qkv);
        self.linear(s, qkv, Apply { input: norm, ..map })?;
        let rope = Rope {
            qkv: &s.qkv,
            keys,
            values,
            places,
            table: &self.rope,
            m,
            heads: config.heads,
            kv_heads: config.kv_heads,
            head_dim: config.head_dim,
            capacity: self.layout.capacity,
        };
        ops::rope_append(device, rope)?;
        let attention = CachedAttention {
            qkv: &s.qkv,
            keys,
            values,
            places,
            m,
            heads: config.heads,
            kv_heads: config.kv_heads,
            head_dim: config.head_dim,
            capacity: self.layout.capacity,
            dst: &s.attended,
        };
        ops::cached_attention(device, attention)?;
        let (epilogue, output) = (Epilogue::Add, adapters.map(|a| &a.output));
        let map = Apply::new(&layer.output, &s.attended, m, &s.x);
        self.linear(s, output, Apply { epilogue, ..map })?;
        let (norm, gate_up) = (self.norm(&layer.ffn_norm), adapters.map(|a| &a.gate_up));
        let map = Apply::new(&layer.gate_up, &s.x, m, &s.gate_up);
        self.linear(s, gate_up, Apply { input: norm, ..map })?;
        let (input, down) = (Input::SwiGlu, adapters.map(|a| &a.down));
        let map = Apply::new(&layer.down, &s.gate_up, m, &s.x);
        self.linear(s, down, Apply { input, epilogue, ..map })
    }

    fn norm<'a>(&self, weight: &'a Buffer) -> Input<'a> {
        Input::RmsNorm {
            weight,
            eps: self.llama.config.eps,
        }
    }

    /// Multiplies a frozen matrix, and the adapter beside it, with `input(x)`.
    fn linear(&self, s: &Scratch, adapter: Option<&Adapter>, args: Apply<'_>) -> Result<(), KernelError> {
        let device = &self.llama.device;
        let Apply { map, rows, .. } = args;
        // Fused for a single row, because there a launch counts. With many rows every cube would
        // repeat the work.
        let (x, input) = match args.input {
            Input::RmsNorm { weight, eps } if rows > 1 => {
                let norm = RmsNorm {
                    x: args.x,
                    weight,
                    eps,
                    rows,
                    dst: &s.normed,
                };
                ops::rms_norm(device, norm)?;
                (&s.normed, Input::Plain)
            }
            Input::SwiGlu if rows > 1 => {
                let gate = SwiGlu {
                    gate_up: args.x,
                    rows,
                    width: map.cols,
                    dst: &s.activated,
                };
                ops::swiglu(device, gate)?;
                (&s.activated, Input::Plain)
            }
            input => (args.x, input),
        };
        let plain = Apply { x, input, ..args };
        let Some(adapter) = adapter else {
            return ops::linear(device, plain);
        };
        // Stacked matrices have several `A x` side by side, single ones have one.
        let low = s.low.view([rows, adapter.a.rows])?;
        let down = Apply::new(&adapter.a, x, rows, &low);
        ops::linear(device, Apply { input, ..down })?;
        let low_rank = Some(adapter.low_rank(&low));
        ops::linear(device, Apply { low_rank, ..plain })
    }
}
