//! A row of attention.

use sightline_kernels::{Buffer, Device, KernelError};

/// Queries, keys and values of one block on the device.
pub(crate) struct AttentionBuffers {
    /// `[tokens, 3 * width]`.
    pub(crate) qkv: Buffer,
    /// Number of tokens, those before the picture's included.
    pub(crate) tokens: usize,
    /// Number of tokens before the picture's.
    pub(crate) first: usize,
    /// Number of heads.
    pub(crate) heads: usize,
}

impl AttentionBuffers {
    pub(super) async fn read(&self, device: &Device) -> Result<AttentionInputs, KernelError> {
        Ok(AttentionInputs {
            qkv: device.read_f32(&self.qkv).await?,
            tokens: self.tokens,
            first: self.first,
            heads: self.heads,
        })
    }
}

/// Queries, keys and values of one block for one picture.
#[derive(Clone, Debug)]
pub struct AttentionInputs {
    /// `[tokens, 3 * width]`: q, k and v of every token.
    qkv: Vec<f32>,
    tokens: usize,
    first: usize,
    heads: usize,
}

impl AttentionInputs {
    /// Number of heads.
    pub fn heads(&self) -> usize {
        self.heads
    }

    /// What one patch takes from every patch in one head: `softmax(q k^T / sqrt(head_dim))`, of
    /// which the columns of the picture's patches are given. They sum to 1 less what a class token
    /// takes. `None` for a patch or a head that is not there.
    ///
    /// # Shapes
    /// The result is `[patches]`.
    pub fn row(&self, patch: usize, head: usize) -> Option<Vec<f64>> {
        let token = self.first + patch;
        if token >= self.tokens || head >= self.heads {
            return None;
        }
        let width = self.qkv.len() / self.tokens / 3;
        let head_dim = width / self.heads;
        let part = |token: usize, part: usize| &self.qkv[(token * 3 + part) * width + head * head_dim..][..head_dim];
        let (query, scale) = (part(token, 0), 1.0 / (head_dim as f64).sqrt());
        let score = |token: usize| {
            let products = query.iter().zip(part(token, 1));
            scale * products.map(|(&q, &k)| f64::from(q) * f64::from(k)).sum::<f64>()
        };
        let scores: Vec<f64> = (0..self.tokens).map(score).collect();
        let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = scores.iter().map(|score| (score - most).exp()).collect();
        let total: f64 = weights.iter().sum();
        Some(weights[self.first..].iter().map(|weight| weight / total).collect())
    }

    /// The mean of [`AttentionInputs::row`] over all heads.
    ///
    /// # Shapes
    /// The result is `[patches]`.
    pub fn mean_row(&self, patch: usize) -> Option<Vec<f64>> {
        let mut mean = vec![0.0; self.tokens - self.first];
        for head in 0..self.heads {
            for (mean, weight) in mean.iter_mut().zip(self.row(patch, head)?) {
                *mean += weight / self.heads as f64;
            }
        }
        Some(mean)
    }
}
