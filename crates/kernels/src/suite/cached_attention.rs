use super::{Case, TOLERANCE_F32, compare, hash_vec, uploaded};
use crate::ops::cached_attention::twin;
use crate::ops::{CachedAttention, Places, cached_attention};

pub(super) fn cases(cases: &mut Vec<Case>) {
    ragged(cases);
    let smollm = |m, position| (m, position, 9, 3, 64, 1024, 2.0);
    for (m, position, heads, kv_heads, head_dim, capacity, scale) in [
        smollm(1, 0),
        smollm(1, 1),
        smollm(1, 127),
        smollm(1, 128),
        smollm(1, 300),
        smollm(1, 1023),
        smollm(2, 62),
        smollm(7, 250),
        smollm(64, 0),
        smollm(213, 0),
        smollm(40, 600),
        // Scores of +-100: a softmax without its maximum would overflow.
        (3, 200, 2, 2, 64, 256, 14.0),
        (5, 11, 4, 1, 32, 16, 2.0),
        (4, 130, 2, 1, 128, 140, 2.0),
    ] {
        let name = format!("cached_attention/{m}at{position}x{heads}x{head_dim}");
        cases.push(Case::new(name, TOLERANCE_F32, move |device| async move {
            let (cache, row) = ([capacity, kv_heads * head_dim], (heads + 2 * kv_heads) * head_dim);
            let kv = capacity * kv_heads * head_dim;
            let qkv = hash_vec(m * row, 1, scale);
            let (keys, values) = (hash_vec(kv, 2, scale), hash_vec(kv, 3, 2.0));
            let dst = device.empty_f32([m, heads * head_dim]);
            let at = device.upload_u32(&[position as u32]);
            let args = CachedAttention {
                qkv: &uploaded(&device, &qkv, [m, row])?,
                keys: &uploaded(&device, &keys, cache)?,
                values: &uploaded(&device, &values, cache)?,
                places: Places::From(&at),
                m,
                heads,
                kv_heads,
                head_dim,
                capacity,
                dst: &dst,
            };
            let mut expected = vec![0.0; m * heads * head_dim];
            let rows: Vec<[usize; 3]> = (0..m).map(|row| [0, position + row, 0]).collect();
            twin::cached_attention(&args, &qkv, &keys, &values, &rows, &mut expected);
            cached_attention(&device, args)?;
            Ok(compare(&device.read_f32(&dst).await?, &expected))
        }));
    }
}

/// Rows of many sequences, some of which share the keys of a picture.
fn ragged(cases: &mut Vec<Case>) {
    let (heads, kv_heads, head_dim, capacity, slots, prefix) = (9, 3, 64, 300, 5, 130);
    for (name, rows) in [
        ("decode", vec![[0, 150, 0], [1, 131, 0], [2, 299, 2], [4, 200, 2]]),
        (
            "prefill",
            (0..140)
                .map(|t| [3, t, 3])
                .chain((130..170).map(|t| [1, t, 3]))
                .collect(),
        ),
    ] {
        let name = format!("cached_attention/ragged_{name}");
        cases.push(Case::new(name, TOLERANCE_F32, move |device| {
            let rows = rows.clone();
            async move {
                let (m, row) = (rows.len(), (heads + 2 * kv_heads) * head_dim);
                let cache = [slots * capacity, kv_heads * head_dim];
                let kv = slots * capacity * kv_heads * head_dim;
                let qkv = hash_vec(m * row, 1, 2.0);
                let (keys, values) = (hash_vec(kv, 2, 2.0), hash_vec(kv, 3, 2.0));
                let dst = device.empty_f32([m, heads * head_dim]);
                let words: Vec<u32> = rows.iter().flatten().map(|&word: &usize| word as u32).collect();
                let places = device.upload_u32(&words).reshape([m, 3])?;
                let args = CachedAttention {
                    qkv: &uploaded(&device, &qkv, [m, row])?,
                    keys: &uploaded(&device, &keys, cache)?,
                    values: &uploaded(&device, &values, cache)?,
                    places: Places::Rows {
                        rows: &places,
                        slots,
                        prefix,
                    },
                    m,
                    heads,
                    kv_heads,
                    head_dim,
                    capacity,
                    dst: &dst,
                };
                let mut expected = vec![0.0; m * heads * head_dim];
                twin::cached_attention(&args, &qkv, &keys, &values, &rows, &mut expected);
                cached_attention(&device, args)?;
                Ok(compare(&device.read_f32(&dst).await?, &expected))
            }
        }));
    }
}
