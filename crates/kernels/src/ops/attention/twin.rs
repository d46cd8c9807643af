use super::Attention;
use crate::parallel::for_each_chunk;

/// Plain-Rust reference of [`super::attention`]. A task owns one token.
pub(crate) fn attention(sizes: &Attention<'_>, qkv: &[f32], dst: &mut [f32]) {
    let Attention {
        tokens,
        heads,
        head_dim,
        ..
    } = *sizes;
    let width = heads * head_dim;
    for_each_chunk(dst, width, |row, dst| {
        let batch = row / tokens;
        for head in 0..heads {
            let q = &qkv[row * 3 * width + head * head_dim..][..head_dim];
            let at = |token: usize, part: usize| {
                let from = (batch * tokens + token) * 3 * width + part * width + head * head_dim;
                &qkv[from..][..head_dim]
            };
            let out = &mut dst[head * head_dim..][..head_dim];
            softmax_average(q, tokens, |t| at(t, 1), |t| at(t, 2), out);
        }
    });
}

/// `out = softmax over t of (q . key(t) / sqrt(len)) * value(t)`, in f64.
pub(crate) fn softmax_average<'a>(
    q: &[f32],
    tokens: usize,
    key: impl Fn(usize) -> &'a [f32],
    value: impl Fn(usize) -> &'a [f32],
    out: &mut [f32],
) {
    let scale = 1.0 / (q.len() as f64).sqrt();
    let scores: Vec<f64> = (0..tokens)
        .map(|t| {
            scale
                * q.iter()
                    .zip(key(t))
                    .map(|(&q, &k)| f64::from(q) * f64::from(k))
                    .sum::<f64>()
        })
        .collect();
    let max = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sums = vec![0.0f64; out.len()];
    let mut total = 0.0;
    for (t, score) in scores.iter().enumerate() {
        let p = (score - max).exp();
        total += p;
        for (sum, &v) in sums.iter_mut().zip(value(t)) {
            *sum += p * f64::from(v);
        }
    }
    for (out, sum) in out.iter_mut().zip(sums) {
        *out = (sum / total) as f32;
    }
}
