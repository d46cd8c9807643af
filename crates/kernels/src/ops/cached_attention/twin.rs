use super::CachedAttention;
use crate::ops::attention::twin::softmax_average;
use crate::parallel::for_each_chunk;

/// Plain-Rust reference of [`super::cached_attention`]. A task owns one row and head.
pub(crate) fn cached_attention(
    args: &CachedAttention<'_>,
    qkv: &[f32],
    keys: &[f32],
    values: &[f32],
    rows: &[[usize; 3]],
    dst: &mut [f32],
) {
    let (heads, kv_heads, dim) = (args.heads, args.kv_heads, args.head_dim);
    let row_width = (heads + 2 * kv_heads) * dim;
    for_each_chunk(dst, dim, |task, dst| {
        let (row, head) = (task / heads, task % heads);
        let group = head / (heads / kv_heads);
        let q = &qkv[row * row_width + head * dim..][..dim];
        let ([slot, position, shared], prefix) = (rows[row], args.places.prefix());
        let at = |t: usize| {
            let slot = if t < prefix { shared } else { slot };
            ((slot * args.capacity + t) * kv_heads + group) * dim
        };
        softmax_average(
            q,
            position + 1,
            |t| &keys[at(t)..][..dim],
            |t| &values[at(t)..][..dim],
            dst,
        );
    });
}
