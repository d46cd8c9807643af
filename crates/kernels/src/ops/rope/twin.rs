use super::Rope;

/// Plain-Rust reference of [`super::rope_append`].
pub(crate) fn rope_append(
    args: &Rope<'_>,
    table: &[f32],
    rows: &[[usize; 3]],
    qkv: &mut [f32],
    keys: &mut [f32],
    values: &mut [f32],
) {
    let (heads, kv_heads, dim) = (args.heads, args.kv_heads, args.head_dim);
    let row_width = (heads + 2 * kv_heads) * dim;
    for (row, qkv) in qkv.chunks_exact_mut(row_width).enumerate() {
        let [slot, position, _] = rows[row];
        let at = slot * args.capacity + position;
        let table = &table[position * dim..][..dim];
        for head in qkv[..(heads + kv_heads) * dim].chunks_exact_mut(dim) {
            for (pair, cs) in head.chunks_exact_mut(2).zip(table.chunks_exact(2)) {
                let (a, b) = (f64::from(pair[0]), f64::from(pair[1]));
                let (cos, sin) = (f64::from(cs[0]), f64::from(cs[1]));
                pair[0] = (a * cos - b * sin) as f32;
                pair[1] = (a * sin + b * cos) as f32;
            }
        }
        let kv = kv_heads * dim;
        keys[at * kv..][..kv].copy_from_slice(&qkv[heads * dim..][..kv]);
        values[at * kv..][..kv].copy_from_slice(&qkv[heads * dim + kv..][..kv]);
    }
}
