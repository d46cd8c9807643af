//! One decoder layer with adapters, recorded once and replayed over a growing KV cache, as decoding
//! does.

use super::{Case, TOLERANCE_F32, compare, hash_vec, uploaded};
use crate::ops::{self, Apply, CachedAttention, Epilogue, Input, LowRank, Places, Rope, linear};
use crate::{Buffer, Device, Format, Linear, Result};

const WIDTH: usize = 576;
const HEADS: usize = 9;
const KV_HEADS: usize = 3;
const HEAD_DIM: usize = 64;
const QKV: usize = (HEADS + 2 * KV_HEADS) * HEAD_DIM;
const FFN: usize = 1536;
const VOCABULARY: usize = 512;
const CAPACITY: usize = 64;
const RANK: usize = 16;
const EPS: f32 = 1e-5;
const TOKENS: usize = 40;

pub(super) fn cases(cases: &mut Vec<Case>) {
    for fused in [false, true] {
        let name = if fused {
            "graph/decoder_layer_fused"
        } else {
            "graph/decoder_layer"
        };
        cases.push(Case::new(name, TOLERANCE_F32, move |device| async move {
            let expected = decode(&Device::cpu(), fused).await?;
            let found = decode(&device, fused).await?;
            Ok(compare(&found, &expected))
        }));
    }
}

/// Logits and choices of [`TOKENS`] steps.
async fn decode(device: &Device, fused: bool) -> Result<Vec<f32>> {
    let layer = Layer::new(device)?;
    let graph = device.record(|| layer.step(device, fused)).await?;
    // The first run of a recording has chosen a token and advanced the position.
    device.write_u32(&layer.token, &[3])?;
    device.write_u32(&layer.position, &[0])?;
    let mut found = Vec::new();
    for _ in 0..TOKENS {
        match &graph {
            Some(graph) => graph.replay()?,
            None => layer.step(device, fused)?,
        }
        found.extend(device.read_f32(&layer.logits).await?);
    }
    // Tokens and positions are compared as numbers: an error of one is far above the tolerance.
    found.extend(
        device.read_u32(&layer.history).await?[1..=TOKENS]
            .iter()
            .map(|&t| t as f32),
    );
    found.push(device.read_u32(&layer.position).await?[0] as f32);
    Ok(found)
}

struct Layer {
    embedding: Linear,
    norms: [Buffer; 3],
    qkv: Linear,
    output: Linear,
    gate_up: Linear,
    down: Linear,
    // A and B of each of the four maps above.
    adapters: [(Linear, Buffer); 4],
    table: Buffer,
    keys: Buffer,
    values: Buffer,
    token: Buffer,
    position: Buffer,
    history: Buffer,
    // Activations.
    x: Buffer,
    normed: Buffer,
    t: Buffer,
    qkv_row: Buffer,
    wide: Buffer,
    attended: Buffer,
    hidden: Buffer,
    logits: Buffer,
}

impl Layer {
    fn new(device: &Device) -> Result<Self> {
        let q41 = |rows, cols, seed| Format::Q4_1.sample(device, [rows, cols], seed, false);
        let adapter = |rows: usize, cols, segments, seed| {
            let a = Format::F32.sample(device, [segments * RANK, cols], seed, false)?;
            let b = uploaded(device, &hash_vec(rows * RANK, seed + 7, 0.5), [rows, RANK])?;
            Ok::<_, crate::KernelError>((a, b))
        };
        let norm = |seed| device.upload_f32(&hash_vec(WIDTH, seed, 1.0).iter().map(|v| v + 1.0).collect::<Vec<_>>());
        let kv = KV_HEADS * HEAD_DIM;
        let cache = || uploaded(device, &vec![0.0; CAPACITY * kv], [CAPACITY, kv]);
        Ok(Self {
            embedding: Format::Q8_0.sample(device, [VOCABULARY, WIDTH], 90, false)?,
            norms: [norm(1), norm(2), norm(3)],
            qkv: q41(QKV, WIDTH, 10)?,
            output: q41(WIDTH, WIDTH, 20)?,
            gate_up: q41(2 * FFN, WIDTH, 30)?,
            down: q41(WIDTH, FFN, 40)?,
            adapters: [
                adapter(QKV, WIDTH, 3, 50)?,
                adapter(WIDTH, WIDTH, 1, 60)?,
                adapter(2 * FFN, WIDTH, 2, 70)?,
                adapter(WIDTH, FFN, 1, 80)?,
            ],
            table: uploaded(
                device,
                &ops::rope_table(CAPACITY, HEAD_DIM, 1e5),
                [CAPACITY, HEAD_DIM / 2, 2],
            )?,
            keys: cache()?,
            values: cache()?,
            token: device.upload_u32(&[3]),
            position: device.upload_u32(&[0]),
            history: device.upload_u32(&[0; CAPACITY]).reshape([1, CAPACITY])?,
            x: device.empty_f32([1, WIDTH]),
            normed: device.empty_f32([1, WIDTH]),
            t: device.empty_f32([1, 3 * RANK]),
            qkv_row: device.empty_f32([1, QKV]),
            wide: device.empty_f32([1, 2 * FFN]),
            attended: device.empty_f32([1, WIDTH]),
            hidden: device.empty_f32([1, FFN]),
            logits: device.empty_f32([1, VOCABULARY]),
        })
    }

    fn step(&self, device: &Device, fused: bool) -> Result<()> {
        let embed = ops::Embed {
            table: &self.embedding,
            ids: &self.token,
            m: 1,
            dst: &self.x,
        };
        ops::embed(device, embed)?;
        let bounds = [HEADS * HEAD_DIM, (HEADS + KV_HEADS) * HEAD_DIM];
        self.normed_map(device, fused, 0, bounds)?;
        self.attend(device)?;
        let output = Apply::new(&self.output, &self.attended, 1, &self.x);
        let epilogue = Epilogue::Add;
        self.adapted(device, 1, [WIDTH; 2], Apply { epilogue, ..output })?;
        self.normed_map(device, fused, 2, [FFN, 2 * FFN])?;
        let down = if fused {
            let input = Input::SwiGlu;
            let down = Apply::new(&self.down, &self.wide, 1, &self.x);
            Apply { input, ..down }
        } else {
            let swiglu = ops::SwiGlu {
                gate_up: &self.wide,
                rows: 1,
                width: FFN,
                dst: &self.hidden,
            };
            ops::swiglu(device, swiglu)?;
            Apply::new(&self.down, &self.hidden, 1, &self.x)
        };
        self.adapted(device, 3, [WIDTH; 2], Apply { epilogue, ..down })?;
        self.norm(device, &self.norms[2])?;
        linear(device, Apply::new(&self.embedding, &self.normed, 1, &self.logits))?;
        let choice = ops::NextToken {
            logits: &self.logits,
            token: &self.token,
            position: &self.position,
            history: &self.history,
            vocabulary: VOCABULARY,
            capacity: CAPACITY,
        };
        ops::next_token(device, choice)
    }

    /// The norm of the residual stream into `normed`.
    fn norm(&self, device: &Device, weight: &Buffer) -> Result<()> {
        let norm = ops::RmsNorm {
            x: &self.x,
            weight,
            eps: EPS,
            rows: 1,
            dst: &self.normed,
        };
        ops::rms_norm(device, norm)
    }

    /// Map and adapter `which`, 0 or 2, of the normed residual stream.
    fn normed_map(&self, device: &Device, fused: bool, which: usize, bounds: [usize; 2]) -> Result<()> {
        let weight = &self.norms[which / 2];
        let (w, rows) = match which {
            0 => (&self.qkv, &self.qkv_row),
            _ => (&self.gate_up, &self.wide),
        };
        let args = if fused {
            let input = Input::RmsNorm { weight, eps: EPS };
            let map = Apply::new(w, &self.x, 1, rows);
            Apply { input, ..map }
        } else {
            self.norm(device, weight)?;
            Apply::new(w, &self.normed, 1, rows)
        };
        self.adapted(device, which, bounds, args)
    }

    fn adapted(&self, device: &Device, which: usize, bounds: [usize; 2], args: Apply<'_>) -> Result<()> {
        let (a, b) = &self.adapters[which];
        let input = args.input;
        // Stacked matrices have several `A x`, single ones have one.
        let t = &self.t.view([1, a.rows])?;
        let down = Apply::new(a, args.x, 1, t);
        linear(device, Apply { input, ..down })?;
        let low_rank = Some(LowRank {
            b,
            t,
            rank: RANK,
            scale: 2.0,
            bounds,
        });
        linear(device, Apply { low_rank, ..args })
    }

    fn attend(&self, device: &Device) -> Result<()> {
        let rope = Rope {
            qkv: &self.qkv_row,
            keys: &self.keys,
            values: &self.values,
            places: Places::From(&self.position),
            table: &self.table,
            m: 1,
            heads: HEADS,
            kv_heads: KV_HEADS,
            head_dim: HEAD_DIM,
            capacity: CAPACITY,
        };
        ops::rope_append(device, rope)?;
        let attention = CachedAttention {
            qkv: &self.qkv_row,
            keys: &self.keys,
            values: &self.values,
            places: Places::From(&self.position),
            m: 1,
            heads: HEADS,
            kv_heads: KV_HEADS,
            head_dim: HEAD_DIM,
            capacity: CAPACITY,
            dst: &self.attended,
        };
        ops::cached_attention(device, attention)
    }
}
