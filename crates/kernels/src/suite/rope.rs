use super::{Case, TOLERANCE_F32, compare, hash_vec, uploaded};
use crate::ops::rope::twin;
use crate::ops::{Places, Rope, rope_append, rope_table};

pub(super) fn cases(cases: &mut Vec<Case>) {
    for (m, position, heads, kv_heads, head_dim, capacity, slots) in [
        (1, 0, 9, 3, 64, 1024, 0),
        (1, 1023, 9, 3, 64, 1024, 0),
        (213, 7, 9, 3, 64, 256, 0),
        (5, 3, 3, 1, 6, 8, 0),
        // Rows of many sequences.
        (7, 20, 9, 3, 64, 30, 4),
    ] {
        let ragged = if slots > 0 { "ragged" } else { "" };
        let name = format!("rope_append/{m}at{position}x{head_dim}{ragged}");
        cases.push(Case::new(name, TOLERANCE_F32, move |device| async move {
            let table = rope_table(capacity, head_dim, 1e5);
            let kv = slots.max(1) * capacity * kv_heads * head_dim;
            let mut qkv = hash_vec(m * (heads + 2 * kv_heads) * head_dim, 1, 2.0);
            let (mut keys, mut values) = (hash_vec(kv, 2, 2.0), hash_vec(kv, 3, 2.0));
            let (width, cache) = ((heads + 2 * kv_heads) * head_dim, kv / (kv_heads * head_dim));
            let cache = [cache, kv_heads * head_dim];
            let on_device = [
                uploaded(&device, &qkv, [m, width])?,
                uploaded(&device, &keys, cache)?,
                uploaded(&device, &values, cache)?,
                uploaded(&device, &table, [capacity, head_dim / 2, 2])?,
            ];
            let row = |row: usize| match slots {
                0 => [0, position + row, 0],
                slots => [row % slots, position + row / slots, 0],
            };
            let rows: Vec<[usize; 3]> = (0..m).map(row).collect();
            let words: Vec<u32> = rows.iter().flatten().map(|&word| word as u32).collect();
            let at = match slots {
                0 => device.upload_u32(&words[1..2]),
                _ => device.upload_u32(&words).reshape([m, 3])?,
            };
            let args = Rope {
                qkv: &on_device[0],
                keys: &on_device[1],
                values: &on_device[2],
                places: match slots {
                    0 => Places::From(&at),
                    slots => Places::Rows {
                        rows: &at,
                        slots,
                        prefix: 0,
                    },
                },
                table: &on_device[3],
                m,
                heads,
                kv_heads,
                head_dim,
                capacity,
            };
            rope_append(&device, args)?;
            twin::rope_append(&args, &table, &rows, &mut qkv, &mut keys, &mut values);
            let mut found = device.read_f32(&on_device[1]).await?;
            found.extend(device.read_f32(&on_device[2]).await?);
            let mut expected = [keys, values].concat();
            // Only q is kept in `qkv`; what is left of k there is not defined.
            let (q, row) = (heads * head_dim, (heads + 2 * kv_heads) * head_dim);
            let found_qkv = device.read_f32(&on_device[0]).await?;
            for (found_row, expected_row) in found_qkv.chunks_exact(row).zip(qkv.chunks_exact(row)) {
                found.extend(&found_row[..q]);
                expected.extend(&expected_row[..q]);
            }
            Ok(compare(&found, &expected))
        }));
    }
}
