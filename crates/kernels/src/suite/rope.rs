use super::{Case, TOLERANCE_F32, compare, hash_vec};
use crate::ops::rope::twin;
use crate::ops::{Rope, rope_append, rope_table};

pub(super) fn cases(cases: &mut Vec<Case>) {
    for (m, position, heads, kv_heads, head_dim, capacity) in [
        (1, 0, 9, 3, 64, 1024),
        (1, 1023, 9, 3, 64, 1024),
        (213, 7, 9, 3, 64, 256),
        (5, 3, 3, 1, 6, 8),
    ] {
        let name = format!("rope_append/{m}at{position}x{head_dim}");
        cases.push(Case::new(name, TOLERANCE_F32, move |device| async move {
            let table = rope_table(capacity, head_dim, 1e5);
            let kv = capacity * kv_heads * head_dim;
            let mut qkv = hash_vec(m * (heads + 2 * kv_heads) * head_dim, 1, 2.0);
            let (mut keys, mut values) = (hash_vec(kv, 2, 2.0), hash_vec(kv, 3, 2.0));
            let buffers = [&qkv, &keys, &values, &table].map(|v| device.upload_f32(v));
            let at = device.upload_u32(&[position as u32]);
            let args = Rope {
                qkv: &buffers[0],
                keys: &buffers[1],
                values: &buffers[2],
                position: &at,
                table: &buffers[3],
                m,
                heads,
                kv_heads,
                head_dim,
                capacity,
            };
            rope_append(&device, args)?;
            twin::rope_append(&args, &table, position, &mut qkv, &mut keys, &mut values);
            let mut found = device.read_f32(&buffers[1]).await?;
            found.extend(device.read_f32(&buffers[2]).await?);
            let mut expected = [keys, values].concat();
            // Only q is kept in `qkv`; what is left of k there is not defined.
            let (q, row) = (heads * head_dim, (heads + 2 * kv_heads) * head_dim);
            let found_qkv = device.read_f32(&buffers[0]).await?;
            for (found_row, expected_row) in found_qkv.chunks_exact(row).zip(qkv.chunks_exact(row)) {
                found.extend(&found_row[..q]);
                expected.extend(&expected_row[..q]);
            }
            Ok(compare(&found, &expected))
        }));
    }
}
