//! The forward pass in f64, written from the papers (Touvron et al. 2023, Su et al. 2021, Hu et al.
//! 2021) and nothing else.

use std::collections::BTreeMap;

use sightline_checkpoint::gguf::Gguf;
use sightline_checkpoint::tensors::Tensor;

use super::{ALPHA, EPS, HEAD_DIM, HEADS, KV_HEADS, LAYERS, MATRICES, RANK, ROPE_BASE, VOCABULARY, WIDTH};

type Matrix = Vec<Vec<f64>>;

/// All weights as f64, adapters merged in.
pub(crate) struct Reference {
    embedding: Matrix,
    /// The embedding again, unless the file has a head of its own.
    head: Matrix,
    norms: Vec<[Vec<f64>; 2]>,
    matrices: Vec<BTreeMap<&'static str, Matrix>>,
    last_norm: Vec<f64>,
}

impl Reference {
    pub(crate) fn new(gguf: &Gguf<'_>, adapters: Option<&BTreeMap<String, Tensor>>) -> Self {
        let floats = |name: &str| -> Vec<f64> {
            let tensor = gguf.tensor(name).expect("the file has it");
            gguf.values(tensor)
                .expect("it is in the file")
                .into_iter()
                .map(f64::from)
                .collect()
        };
        let rows = |values: Vec<f64>, cols: usize| -> Matrix { values.chunks(cols).map(<[f64]>::to_vec).collect() };
        let matrix = |layer: usize, (name, _, cols): (&'static str, usize, usize)| {
            let mut w = rows(floats(&format!("blk.{layer}.{name}.weight")), cols);
            if let Some(adapters) = adapters {
                let part = |which: &str, cols: usize| {
                    let tensor = adapters[&format!("adapters.blk.{layer}.{name}.lora_{which}")].clone();
                    rows(tensor.into_f32().into_iter().map(f64::from).collect(), cols)
                };
                let (a, b) = (part("a", cols), part("b", RANK));
                for (w, b) in w.iter_mut().zip(&b) {
                    for (col, w) in w.iter_mut().enumerate() {
                        *w += ALPHA / RANK as f64 * (0..RANK).map(|r| b[r] * a[r][col]).sum::<f64>();
                    }
                }
            }
            (name, w)
        };
        let head = match gguf.tensor("output.weight") {
            Ok(_) => "output.weight",
            Err(_) => "token_embd.weight",
        };
        Self {
            embedding: rows(floats("token_embd.weight"), WIDTH),
            head: rows(floats(head), WIDTH),
            norms: (0..LAYERS)
                .map(|i| ["attn_norm", "ffn_norm"].map(|name| floats(&format!("blk.{i}.{name}.weight"))))
                .collect(),
            matrices: (0..LAYERS)
                .map(|layer| MATRICES.into_iter().map(|m| matrix(layer, m)).collect())
                .collect(),
            last_norm: floats("output_norm.weight"),
        }
    }

    pub(crate) fn embed(&self, id: u32) -> Vec<f64> {
        self.embedding[id as usize].clone()
    }

    /// Logits `[vocabulary]` behind the last of these input vectors.
    pub(crate) fn logits(&self, inputs: &[Vec<f64>]) -> Vec<f64> {
        self.logits_from(inputs, 1)
    }

    /// As [`Self::logits`], where the first vector has position 0 and the second position `second`.
    pub(crate) fn logits_from(&self, inputs: &[Vec<f64>], second: usize) -> Vec<f64> {
        let position = |t: usize| if t == 0 { 0 } else { second + t - 1 };
        let mut x = inputs.to_vec();
        for (norms, w) in self.norms.iter().zip(&self.matrices) {
            let h: Matrix = x.iter().map(|x| rms_norm(x, &norms[0])).collect();
            let turn = |name: &str| -> Matrix {
                let y = h.iter().map(|h| times(&w[name], h)).enumerate();
                y.map(|(t, y)| rotate(&y, position(t))).collect()
            };
            let (q, k) = (turn("attn_q"), turn("attn_k"));
            let v: Matrix = h.iter().map(|h| times(&w["attn_v"], h)).collect();
            for (t, x) in x.iter_mut().enumerate() {
                add(x, &times(&w["attn_output"], &attend(&q[t], &k[..=t], &v[..=t])));
                let h = rms_norm(x, &norms[1]);
                let (gate, up) = (times(&w["ffn_gate"], &h), times(&w["ffn_up"], &h));
                let act: Vec<f64> = gate.iter().zip(&up).map(|(g, u)| g / (1.0 + (-g).exp()) * u).collect();
                add(x, &times(&w["ffn_down"], &act));
            }
        }
        let last = x.last().map(|x| rms_norm(x, &self.last_norm)).unwrap_or_default();
        let logits = times(&self.head, &last);
        assert_eq!(logits.len(), VOCABULARY);
        logits
    }
}

fn times(w: &Matrix, x: &[f64]) -> Vec<f64> {
    w.iter().map(|w| w.iter().zip(x).map(|(w, x)| w * x).sum()).collect()
}

fn add(x: &mut [f64], y: &[f64]) {
    x.iter_mut().zip(y).for_each(|(x, y)| *x += y);
}

fn rms_norm(x: &[f64], weight: &[f64]) -> Vec<f64> {
    let mean = x.iter().map(|x| x * x).sum::<f64>() / x.len() as f64;
    let scale = 1.0 / (mean + f64::from(EPS)).sqrt();
    x.iter().zip(weight).map(|(x, w)| x * scale * w).collect()
}

fn rotate(x: &[f64], t: usize) -> Vec<f64> {
    let mut out = x.to_vec();
    for (i, pair) in out.chunks_exact_mut(2).enumerate() {
        let i = i % (HEAD_DIM / 2);
        let angle = t as f64 * f64::from(ROPE_BASE).powf(-2.0 * i as f64 / HEAD_DIM as f64);
        let (sin, cos) = angle.sin_cos();
        (pair[0], pair[1]) = (pair[0] * cos - pair[1] * sin, pair[0] * sin + pair[1] * cos);
    }
    out
}

fn attend(q: &[f64], k: &[Vec<f64>], v: &[Vec<f64>]) -> Vec<f64> {
    let mut out = Vec::new();
    for head in 0..HEADS {
        let q = &q[head * HEAD_DIM..][..HEAD_DIM];
        let group = head / (HEADS / KV_HEADS) * HEAD_DIM;
        let score = |k: &Vec<f64>| -> f64 {
            let dot: f64 = q.iter().zip(&k[group..]).map(|(q, k)| q * k).sum();
            (dot / (HEAD_DIM as f64).sqrt()).exp()
        };
        let weights: Vec<f64> = k.iter().map(score).collect();
        let total: f64 = weights.iter().sum();
        let mean = |i: usize| weights.iter().zip(v).map(|(w, v)| w * v[group + i]).sum::<f64>() / total;
        out.extend((0..HEAD_DIM).map(mean));
    }
    out
}
