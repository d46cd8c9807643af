//! The language model's kernels at the shapes of SmolLM2-135M: one row (decode) and 256 rows
//! (prefill).

use sightline_kernels::Format;
use sightline_kernels::ops::{
    Apply, CachedAttention, Embed, LowRank, NextToken, Places, RmsNorm, Rope, SwiGlu, cached_attention, embed, linear,
    next_token, rms_norm, rope_append, rope_table, swiglu,
};

use crate::bencher::Bencher;
use crate::case::Work;
use crate::encoder_kernels::matrix;
use crate::inputs::{empty, floats};

const PART: &str = "kernels: language model";
const WIDTH: usize = 576;
const HEADS: usize = 9;
const KV_HEADS: usize = 3;
const HEAD: usize = 64;
const HIDDEN: usize = 1536;
const VOCABULARY: usize = 49_152;
/// Positions of the KV cache.
const CAPACITY: usize = 1024;
/// Shape of its keys, and of its values.
const CACHE: [usize; 2] = [CAPACITY, KV_HEADS * HEAD];
/// q, k and v of a token.
const QKV: usize = (HEADS + 2 * KV_HEADS) * HEAD;
/// The adapters' rank.
const RANK: usize = 16;
/// Rows of prefill.
const PREFILL: usize = 256;

/// Every case.
pub(crate) fn run(b: &mut Bencher) {
    let rows: &[usize] = if b.scale.quick { &[1] } else { &[1, PREFILL] };
    for &m in rows {
        for (outputs, inputs) in [(QKV, WIDTH), (WIDTH, WIDTH), (2 * HIDDEN, WIDTH), (WIDTH, HIDDEN)] {
            matrix(b, PART, Format::Q4_1, m, outputs, inputs);
        }
        adapted(b, m);
        norm(b, m);
        rotate(b, m);
        gate(b, m);
    }
    matrix(b, PART, Format::Q8_0, 1, VOCABULARY, WIDTH);
    attend(b, 1, 256);
    attend(b, 1, CAPACITY - 1);
    if !b.scale.quick {
        attend(b, PREFILL, 0);
        lookup(b);
    }
    choose(b);
}

fn work(id: String, words: usize, flops: usize) -> Work {
    Work {
        part: PART,
        id,
        bytes: 4.0 * words as f64,
        flops: flops as f64,
    }
}

/// q, k and v with their adapters, as a token of the shipped pair takes them: `A x` and then `W x +
/// B (A x)`.
fn adapted(b: &mut Bencher, m: usize) {
    let bounds = [HEADS * HEAD, (HEADS + KV_HEADS) * HEAD];
    let matrices = (Format::Q4_1.bytes(QKV, WIDTH) + Format::F32.bytes(3 * RANK, WIDTH)) as f64;
    let work = Work {
        part: PART,
        id: format!("q4_1 + rank {RANK} adapters {m}: {WIDTH} -> {QKV}"),
        bytes: matrices + 4.0 * (QKV * RANK + m * (WIDTH + QKV)) as f64,
        flops: (2 * m * (QKV * WIDTH + 3 * RANK * WIDTH + QKV * RANK)) as f64,
    };
    b.kernel(work, |device, set| {
        let w = Format::Q4_1.sample(device, [QKV, WIDTH], 4 * set, false)?;
        let down = Format::F32.sample(device, [3 * RANK, WIDTH], 4 * set + 1, false)?;
        let up = floats(device, [QKV, RANK], 4 * set + 2, 0.1, 0.0)?;
        let x = floats(device, [m, WIDTH], 4 * set + 3, 2.0, 0.0)?;
        let (t, dst) = (empty(device, [m, 3 * RANK])?, empty(device, [m, QKV])?);
        let device = device.clone();
        Ok(Box::new(move || {
            linear(&device, Apply::new(&down, &x, m, &t))?;
            let low_rank = LowRank {
                b: &up,
                t: &t,
                rank: RANK,
                scale: 2.0,
                bounds,
            };
            linear(
                &device,
                Apply {
                    low_rank: Some(low_rank),
                    ..Apply::new(&w, &x, m, &dst)
                },
            )
        }))
    });
}

fn norm(b: &mut Bencher, m: usize) {
    let work = work(format!("rms norm {m}x{WIDTH}"), 2 * m * WIDTH + WIDTH, 4 * m * WIDTH);
    b.kernel(work, |device, set| {
        let x = floats(device, [m, WIDTH], 2 * set, 2.0, 0.0)?;
        let weight = floats(device, WIDTH, 2 * set + 1, 0.2, 1.0)?;
        let dst = empty(device, [m, WIDTH])?;
        let device = device.clone();
        Ok(Box::new(move || {
            let args = RmsNorm {
                x: &x,
                weight: &weight,
                eps: 1e-5,
                rows: m,
                dst: &dst,
            };
            rms_norm(&device, args)
        }))
    });
}

fn rotate(b: &mut Bencher, m: usize) {
    // q is read and written; k and v are read, and written to the cache.
    let work = work(
        format!("rotary and cache append {m}"),
        2 * m * QKV + m * HEAD,
        3 * m * (HEADS + KV_HEADS) * HEAD,
    );
    b.kernel(work, |device, set| {
        let qkv = floats(device, [m, QKV], set, 2.0, 0.0)?;
        let (keys, values) = (empty(device, CACHE)?, empty(device, CACHE)?);
        let table = device.upload_f32(&rope_table(CAPACITY, HEAD, 100_000.0));
        let table = table.reshape([CAPACITY, HEAD / 2, 2])?;
        let position = device.upload_u32(&[if m == 1 { 256 } else { 0 }]);
        let device = device.clone();
        Ok(Box::new(move || {
            let rope = Rope {
                qkv: &qkv,
                keys: &keys,
                values: &values,
                places: Places::From(&position),
                table: &table,
                m,
                heads: HEADS,
                kv_heads: KV_HEADS,
                head_dim: HEAD,
                capacity: CAPACITY,
            };
            rope_append(&device, rope)
        }))
    });
}

fn attend(b: &mut Bencher, m: usize, position: usize) {
    // Row i sees position + i + 1 keys.
    let seen = m * position + m * (m + 1) / 2;
    let words = 2 * (position + m) * KV_HEADS * HEAD + 2 * m * HEADS * HEAD;
    let id = format!("cached attention {m} at {position}");
    b.kernel(work(id, words, 4 * seen * HEADS * HEAD), |device, set| {
        let qkv = floats(device, [m, QKV], 3 * set, 2.0, 0.0)?;
        let keys = floats(device, CACHE, 3 * set + 1, 2.0, 0.0)?;
        let values = floats(device, CACHE, 3 * set + 2, 2.0, 0.0)?;
        let at = device.upload_u32(&[position as u32]);
        let dst = empty(device, [m, HEADS * HEAD])?;
        let device = device.clone();
        Ok(Box::new(move || {
            let args = CachedAttention {
                qkv: &qkv,
                keys: &keys,
                values: &values,
                places: Places::From(&at),
                m,
                heads: HEADS,
                kv_heads: KV_HEADS,
                head_dim: HEAD,
                capacity: CAPACITY,
                dst: &dst,
            };
            cached_attention(&device, args)
        }))
    });
}

fn gate(b: &mut Bencher, m: usize) {
    let work = work(format!("swiglu {m}x{HIDDEN}"), 3 * m * HIDDEN, 5 * m * HIDDEN);
    b.kernel(work, |device, set| {
        let gate_up = floats(device, [m, 2 * HIDDEN], set, 2.0, 0.0)?;
        let dst = empty(device, [m, HIDDEN])?;
        let device = device.clone();
        Ok(Box::new(move || {
            let args = SwiGlu {
                gate_up: &gate_up,
                rows: m,
                width: HIDDEN,
                dst: &dst,
            };
            swiglu(&device, args)
        }))
    });
}

fn lookup(b: &mut Bencher) {
    let row = Format::Q8_0.bytes(PREFILL, WIDTH) as f64;
    let mut work = work(
        format!("embedding of {PREFILL} tokens"),
        PREFILL * (WIDTH + 1),
        PREFILL * WIDTH,
    );
    work.bytes += row;
    b.kernel(work, |device, set| {
        // Larger than what a call reads of it.
        let table = Format::Q8_0.sample(device, [1024, WIDTH], set, false)?;
        let ids: Vec<u32> = (0..PREFILL as u32)
            .map(|i| i.wrapping_mul(2_654_435_761) % 1024)
            .collect();
        let (ids, dst) = (device.upload_u32(&ids), empty(device, [PREFILL, WIDTH])?);
        let device = device.clone();
        Ok(Box::new(move || {
            let args = Embed {
                table: &table,
                ids: &ids,
                m: PREFILL,
                dst: &dst,
            };
            embed(&device, args)
        }))
    });
}

fn choose(b: &mut Bencher) {
    b.kernel(
        work(format!("next token of {VOCABULARY}"), VOCABULARY, VOCABULARY),
        |device, set| {
            let logits = floats(device, [1, VOCABULARY], set, 20.0, 0.0)?;
            let (token, position) = (device.upload_u32(&[1]), device.upload_u32(&[0]));
            let history = device.upload_u32(&[0; CAPACITY]).reshape([1, CAPACITY])?;
            let device = device.clone();
            Ok(Box::new(move || {
                let args = NextToken {
                    logits: &logits,
                    token: &token,
                    position: &position,
                    history: &history,
                    vocabulary: VOCABULARY,
                    capacity: CAPACITY,
                };
                next_token(&device, args)
            }))
        },
    );
}
