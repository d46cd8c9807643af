//! The forward pass of the decoder over rows at any places of a cache: one sequence, or many.

use std::sync::Arc;

use sightline_kernels::ops::{self, Apply, CachedAttention, Epilogue, Input, Places, Rope};
use sightline_kernels::{Buffer, Device, KernelError};

use crate::adapters::{Adapter, Adapters};
use crate::cache::CacheLayout;
use crate::llama::{Layer, Llama};

/// All memory that a forward pass uses. Nothing is allocated after [`Runner::new`].
pub(crate) struct Runner {
    pub(crate) llama: Arc<Llama>,
    pub(crate) adapters: Option<Arc<Adapters>>,
    pub(crate) layout: CacheLayout,
    /// Largest number of rows that a pass runs at once. It bounds the scratch memory.
    pub(crate) rows: usize,
    /// Keys and values `[slots, capacity, kv_heads, head_dim]` of every layer.
    cache: Vec<(Buffer, Buffer)>,
    /// `[capacity, head_dim / 2, 2]`.
    rope: Buffer,
    /// `[rows, width]`: the residual stream.
    pub(crate) x: Buffer,
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
    /// `[slots, width]`: the last row of every prompt.
    pub(crate) last: Buffer,
    /// `[slots, vocabulary]`.
    pub(crate) logits: Buffer,
    /// `[rows]` token ids of a prefill.
    pub(crate) ids: Buffer,
    /// `[1]`: position of row 0. For many sequences `[rows, 3]`, see [`Places::Rows`].
    pub(crate) position: Buffer,
    /// `[slots]`: the token that the next step reads.
    pub(crate) token: Buffer,
    /// `[slots, capacity]`: the token chosen for every position.
    pub(crate) history: Buffer,
}

impl Runner {
    pub(crate) fn new(llama: Arc<Llama>, adapters: Option<Arc<Adapters>>, layout: CacheLayout, rows: usize) -> Self {
        let (device, config) = (&llama.device, &llama.config);
        let CacheLayout { slots, capacity, .. } = layout;
        let floats = |len: usize| device.empty_f32(len);
        let words = |len: usize| device.upload_u32(&vec![0; len]);
        let kv = slots * capacity * config.kv_width();
        let rank = adapters.as_ref().map_or(0, |a| a.rank());
        Self {
            cache: empty_cache(device, config.layers, kv),
            rope: device.upload_f32(&layout.rope(config)),
            x: floats(rows * config.width),
            normed: floats(rows * config.width),
            qkv: floats(rows * config.qkv_width()),
            attended: floats(rows * config.width),
            gate_up: floats(rows * 2 * config.ffn),
            activated: floats(rows * config.ffn),
            low: floats(rows * 3 * rank),
            last: floats(slots * config.width),
            logits: floats(slots * config.vocabulary),
            ids: words(rows),
            position: words(layout.shared_prefix.map_or(1, |_| 3 * rows)),
            token: words(slots),
            history: words(slots * capacity),
            layout,
            rows,
            adapters,
            llama,
        }
    }

    fn places(&self) -> Places<'_> {
        match self.layout.shared_prefix {
            None => Places::From(&self.position),
            Some(prefix) => Places::Rows {
                rows: &self.position,
                slots: self.layout.slots,
                prefix,
            },
        }
    }

    /// Embeds `m` token ids into `x`.
    pub(crate) fn embed(&self, ids: &Buffer, m: usize) -> Result<(), KernelError> {
        ops::embed(&self.llama.device, &self.llama.embedding, ids, m, &self.x)
    }

    /// Final norm and logits of `m` rows.
    pub(crate) fn head(&self, rows: &Buffer, m: usize) -> Result<(), KernelError> {
        let norm = self.norm(&self.llama.norm);
        let logits = Apply::new(self.llama.head(), rows, m, &self.logits);
        self.linear(None, Apply { input: norm, ..logits })
    }

    /// All layers over `rows` rows of `x`.
    pub(crate) fn layers(&self, rows: usize) -> Result<(), KernelError> {
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
        let map = Apply::new(&layer.qkv, &self.x, m, &self.qkv);
        self.linear(qkv, Apply { input: norm, ..map })?;
        ops::rope_append(
            device,
            Rope {
                qkv: &self.qkv,
                keys,
                values,
                places: self.places(),
                table: &self.rope,
                m,
                heads: config.heads,
                kv_heads: config.kv_heads,
                head_dim: config.head_dim,
                capacity: self.layout.capacity,
            },
        )?;
        let attention = CachedAttention {
            qkv: &self.qkv,
            keys,
            values,
            places: self.places(),
            m,
            heads: config.heads,
            kv_heads: config.kv_heads,
            head_dim: config.head_dim,
            capacity: self.layout.capacity,
        };
        ops::cached_attention(device, attention, &self.attended)?;
        let (epilogue, output) = (Epilogue::Add, adapters.map(|a| &a.output));
        let map = Apply::new(&layer.output, &self.attended, m, &self.x);
        self.linear(output, Apply { epilogue, ..map })?;
        let (norm, gate_up) = (self.norm(&layer.ffn_norm), adapters.map(|a| &a.gate_up));
        let map = Apply::new(&layer.gate_up, &self.x, m, &self.gate_up);
        self.linear(gate_up, Apply { input: norm, ..map })?;
        let (input, down) = (Input::SwiGlu, adapters.map(|a| &a.down));
        let map = Apply::new(&layer.down, &self.gate_up, m, &self.x);
        self.linear(down, Apply { input, epilogue, ..map })
    }

    fn norm<'a>(&self, weight: &'a Buffer) -> Input<'a> {
        Input::RmsNorm {
            weight,
            eps: self.llama.config.eps,
        }
    }

    /// Multiplies a frozen matrix, and the adapter beside it, with `input(x)`.
    fn linear(&self, adapter: Option<&Adapter>, args: Apply<'_>) -> Result<(), KernelError> {
        let device = &self.llama.device;
        let Apply { map, rows, .. } = args;
        // Fused for a single row, because there a launch counts. With many rows every cube would
        // repeat the work.
        let (x, input) = match args.input {
            Input::RmsNorm { weight, eps } if rows > 1 => {
                ops::rms_norm(device, args.x, weight, eps, rows, &self.normed)?;
                (&self.normed, Input::Plain)
            }
            Input::SwiGlu if rows > 1 => {
                ops::swiglu(device, args.x, rows, map.cols, &self.activated)?;
                (&self.activated, Input::Plain)
            }
            input => (args.x, input),
        };
        if let Some(adapter) = adapter {
            let down = Apply::new(&adapter.a, x, rows, &self.low);
            ops::linear(device, Apply { input, ..down })?;
        }
        let low_rank = adapter.map(|a| a.low_rank(&self.low));
        let x_and_adapter = Apply {
            x,
            input,
            low_rank,
            ..args
        };
        ops::linear(device, x_and_adapter)
    }
}

fn empty_cache(device: &Device, layers: usize, len: usize) -> Vec<(Buffer, Buffer)> {
    (0..layers)
        .map(|_| (device.empty_f32(len), device.empty_f32(len)))
        .collect()
}
