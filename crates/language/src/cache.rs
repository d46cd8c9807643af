//! How the cache of keys and values is laid out.

use sightline_kernels::ops;

use crate::config::LlamaConfig;

/// Sequences, positions, and what sequences share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CacheLayout {
    /// Number of sequences.
    pub slots: usize,
    /// Number of places per sequence.
    pub capacity: usize,
    /// Number of first positions that sequences may share. `None` for a single sequence, whose rows
    /// always follow each other.
    pub shared_prefix: Option<usize>,
    /// Position of the first token behind the shared ones. Positions between stay empty and take no
    /// place.
    pub text_start: usize,
}

impl CacheLayout {
    /// A single sequence.
    pub(crate) fn one(capacity: usize) -> Self {
        Self {
            slots: 1,
            capacity,
            shared_prefix: None,
            text_start: 0,
        }
    }

    /// Many sequences that may share their first `prefix` positions.
    pub(crate) fn many(slots: usize, capacity: usize, prefix: usize) -> Self {
        Self {
            slots,
            capacity,
            shared_prefix: Some(prefix),
            text_start: prefix,
        }
    }

    /// Number of positions that sequences share; of a single sequence, none.
    pub(crate) fn prefix(&self) -> usize {
        self.shared_prefix.unwrap_or(0)
    }

    /// Cosines and sines `[capacity, head_dim / 2, 2]` of the true positions, by place in the
    /// cache.
    pub(crate) fn rope(&self, config: &LlamaConfig) -> Vec<f32> {
        let prefix = self.prefix();
        let gap = self.text_start - prefix;
        let mut table = ops::rope_table(self.capacity + gap, config.head_dim, config.rope_base);
        table.drain(prefix * config.head_dim..(prefix + gap) * config.head_dim);
        table
    }
}
