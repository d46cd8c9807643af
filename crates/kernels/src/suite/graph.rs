//! One decoder layer with adapters, recorded once and replayed over a growing KV cache, as decoding
//! does.

use super::{Case, TOLERANCE_F32, compare, hash_vec};
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
    rows: Buffer,
    attended: Buffer,
    hidden: Buffer,
    logits: Buffer,
}

impl Layer {
    fn new(device: &Device) -> Result<Self> {
        let q41 = |rows, cols, seed| Format::Q4_1.sample(device, rows, cols, seed, false);
        let adapter = |rows: usize, cols, segments, seed| {
            let a = Format::F32.sample(device, segments * RANK, cols, seed, false)?;
            Ok::<_, crate::KernelError>((a, device.upload_f32(&hash_vec(rows * RANK, seed + 7, 0.5))))
        };
        let norm = |seed| device.upload_f32(&hash_vec(WIDTH, seed, 1.0).iter().map(|v| v + 1.0).collect::<Vec<_>>());
        Ok(Self {
            embedding: Format::Q8_0.sample(device, VOCABULARY, WIDTH, 90, false)?,
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
            table: device.upload_f32(&ops::rope_table(CAPACITY, HEAD_DIM, 1e5)),
            keys: device.upload_f32(&vec![0.0; CAPACITY * KV_HEADS * HEAD_DIM]),
            values: device.upload_f32(&vec![0.0; CAPACITY * KV_HEADS * HEAD_DIM]),
            token: device.upload_u32(&[3]),
            position: device.upload_u32(&[0]),
            history: device.upload_u32(&[0; CAPACITY]),
            x: device.empty_f32(WIDTH),
            normed: device.empty_f32(WIDTH),
            t: device.empty_f32(3 * RANK),
            rows: device.empty_f32(2 * FFN),
            attended: device.empty_f32(WIDTH),
            hidden: device.empty_f32(FFN),
            logits: device.empty_f32(VOCABULARY),
        })
    }

    fn step(&self, device: &Device, fused: bool) -> Result<()> {
        ops::embed(device, &self.embedding, &self.token, 1, &self.x)?;
        let bounds = [HEADS * HEAD_DIM, (HEADS + KV_HEADS) * HEAD_DIM];
        self.normed_map(device, fused, 0, &self.qkv, bounds)?;
        self.attend(device)?;
        let output = Apply::new(&self.output, &self.attended, 1, &self.x);
        let epilogue = Epilogue::Add;
        self.adapted(device, 1, [WIDTH; 2], Apply { epilogue, ..output })?;
        self.normed_map(device, fused, 2, &self.gate_up, [FFN, 2 * FFN])?;
        let down = if fused {
            let input = Input::SwiGlu;
            let down = Apply::new(&self.down, &self.rows, 1, &self.x);
            Apply { input, ..down }
        } else {
            ops::swiglu(device, &self.rows, 1, FFN, &self.hidden)?;
            Apply::new(&self.down, &self.hidden, 1, &self.x)
        };
        self.adapted(device, 3, [WIDTH; 2], Apply { epilogue, ..down })?;
        ops::rms_norm(device, &self.x, &self.norms[2], EPS, 1, &self.normed)?;
        linear(device, Apply::new(&self.embedding, &self.normed, 1, &self.logits))?;
        ops::next_token(
            device,
            &self.logits,
            VOCABULARY,
            &self.token,
            &self.position,
            &self.history,
        )
    }

    /// Adapter `which` of the normed residual stream into `rows`.
    fn normed_map(&self, device: &Device, fused: bool, which: usize, w: &Linear, bounds: [usize; 2]) -> Result<()> {
        let weight = &self.norms[which / 2];
        let args = if fused {
            let input = Input::RmsNorm { weight, eps: EPS };
            let map = Apply::new(w, &self.x, 1, &self.rows);
            Apply { input, ..map }
        } else {
            ops::rms_norm(device, &self.x, weight, EPS, 1, &self.normed)?;
            Apply::new(w, &self.normed, 1, &self.rows)
        };
        self.adapted(device, which, bounds, args)
    }

    fn adapted(&self, device: &Device, which: usize, bounds: [usize; 2], args: Apply<'_>) -> Result<()> {
        let (a, b) = &self.adapters[which];
        let input = args.input;
        let down = Apply::new(a, args.x, 1, &self.t);
        linear(device, Apply { input, ..down })?;
        let low_rank = Some(LowRank {
            b,
            t: &self.t,
            rank: RANK,
            scale: 2.0,
            bounds,
        });
        linear(device, Apply { low_rank, ..args })
    }

    fn attend(&self, device: &Device) -> Result<()> {
        let rope = Rope {
            qkv: &self.rows,
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
            qkv: &self.rows,
            keys: &self.keys,
            values: &self.values,
            places: Places::From(&self.position),
            m: 1,
            heads: HEADS,
            kv_heads: KV_HEADS,
            head_dim: HEAD_DIM,
            capacity: CAPACITY,
        };
        ops::cached_attention(device, attention, &self.attended)
    }
}
