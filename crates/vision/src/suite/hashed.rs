//! Weights and pictures that Python and Rust compute alike: `tests/goldens/common.py` in Rust.

use std::collections::BTreeMap;

use sightline_checkpoint::tensors::{Tensor, TensorData};
use sightline_kernels::suite::{hash_vec, seed_of};

use crate::{EncoderError, Source, VitConfig, VmambaConfig};

/// Gain of weight matrices: a uniform value of width 3.5 has a variance of 1.02, so signals keep their size.
const GAIN: f64 = 3.5;

/// How an encoder's matrices are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// As they are.
    F32,
    /// Signed bytes with one scale per output row, where the contract allows it.
    Int8,
}

/// Changes a tensor before it is given out, to prove that a golden notices.
pub type Mutation = fn(&str, &mut Vec<f32>);

/// Every tensor of an encoder, computed from its key when asked for.
#[derive(Clone, Debug)]
pub struct Hashed {
    shapes: BTreeMap<String, Vec<usize>>,
    precision: Precision,
    mutation: Option<Mutation>,
}

impl Hashed {
    /// The tensors of a VMamba, the contract's keys and shapes.
    pub fn vmamba(config: &VmambaConfig, precision: Precision) -> Self {
        let mut shapes = Shapes::default();
        let [first, last] = [config.dims[0], config.dims[config.dims.len() - 1]];
        shapes.conv("patch_embed.0", first / 2, 3);
        shapes.pair("patch_embed.2", &[first / 2]);
        shapes.conv("patch_embed.5", first, first / 2);
        shapes.pair("patch_embed.7", &[first]);
        for (i, (&dim, &depth)) in config.dims.iter().zip(&config.depths).enumerate() {
            let (inner, n) = ((config.ssm_ratio * dim as f64) as usize, config.d_state);
            let rank = dim.div_ceil(16);
            for j in 0..depth {
                let key = format!("layers.{i}.blocks.{j}");
                shapes.pair(&format!("{key}.norm"), &[dim]);
                shapes.one(&format!("{key}.op.in_proj.weight"), &[inner, dim]);
                shapes.one(&format!("{key}.op.conv2d.weight"), &[inner, 1, 3, 3]);
                shapes.one(&format!("{key}.op.x_proj_weight"), &[4, rank + 2 * n, inner]);
                shapes.one(&format!("{key}.op.dt_projs_weight"), &[4, inner, rank]);
                shapes.one(&format!("{key}.op.dt_projs_bias"), &[4, inner]);
                shapes.one(&format!("{key}.op.A_logs"), &[4 * inner, n]);
                shapes.one(&format!("{key}.op.Ds"), &[4 * inner]);
                shapes.pair(&format!("{key}.op.out_norm"), &[inner]);
                shapes.one(&format!("{key}.op.out_proj.weight"), &[dim, inner]);
                shapes.pair(&format!("{key}.norm2"), &[dim]);
                shapes.pair(&format!("{key}.mlp.fc1"), &[4 * dim, dim]);
                shapes.pair(&format!("{key}.mlp.fc2"), &[dim, 4 * dim]);
            }
            if let Some(&next) = config.dims.get(i + 1) {
                shapes.conv(&format!("layers.{i}.downsample.1"), next, dim);
                shapes.pair(&format!("layers.{i}.downsample.3"), &[next]);
            }
        }
        shapes.pair(&format!("outnorm{}", config.dims.len() - 1), &[last]);
        Self::new(shapes, precision)
    }

    /// The tensors of a ViT, the contract's keys and shapes.
    pub fn vit(config: &VitConfig, precision: Precision) -> Self {
        let mut shapes = Shapes::default();
        let width = config.width;
        let tokens = config.image[0] / config.patch * (config.image[1] / config.patch);
        shapes.one("pos_embed", &[1, tokens + usize::from(config.class_token), width]);
        if config.class_token {
            shapes.one("cls_token", &[1, 1, width]);
        }
        shapes.pair("patch_embed.proj", &[width, 3, config.patch, config.patch]);
        for i in 0..config.depth {
            let key = format!("blocks.{i}");
            shapes.pair(&format!("{key}.norm1"), &[width]);
            shapes.pair(&format!("{key}.attn.qkv"), &[3 * width, width]);
            shapes.pair(&format!("{key}.attn.proj"), &[width, width]);
            shapes.pair(&format!("{key}.norm2"), &[width]);
            shapes.pair(&format!("{key}.mlp.fc1"), &[4 * width, width]);
            shapes.pair(&format!("{key}.mlp.fc2"), &[width, 4 * width]);
        }
        shapes.pair("norm", &[width]);
        Self::new(shapes, precision)
    }

    fn new(shapes: Shapes, precision: Precision) -> Self {
        Self {
            shapes: shapes.0,
            precision,
            mutation: None,
        }
    }

    /// The same with tensors changed.
    pub fn mutated(mut self, mutation: Mutation) -> Self {
        self.mutation = Some(mutation);
        self
    }

    /// The same without the tensor of that key.
    pub fn without(mut self, key: &str) -> Self {
        self.shapes.remove(key);
        self
    }

    /// The same with another shape for that key.
    pub fn reshaped(mut self, key: &str, shape: &[usize]) -> Self {
        self.shapes.insert(key.into(), shape.into());
        self
    }
}

impl Source for Hashed {
    fn tensor(&self, key: &str) -> Result<Option<Tensor>, EncoderError> {
        let Some(shape) = self.shapes.get(key) else {
            return Ok(None);
        };
        let mut values = golden_weight(key, shape);
        if let Some(mutation) = self.mutation {
            mutation(key, &mut values);
        }
        let data = match (self.precision, int8_rows(key, shape)) {
            (Precision::Int8, Some(rows)) => quantised(&values, rows),
            _ => TensorData::F32(values),
        };
        Ok(Some(Tensor {
            shape: shape.clone(),
            data,
        }))
    }
}

#[derive(Default)]
struct Shapes(BTreeMap<String, Vec<usize>>);

impl Shapes {
    fn one(&mut self, key: &str, shape: &[usize]) {
        self.0.insert(format!("encoder.{key}"), shape.into());
    }

    fn pair(&mut self, key: &str, shape: &[usize]) {
        self.one(&format!("{key}.weight"), shape);
        self.one(&format!("{key}.bias"), &shape[..1]);
    }

    fn conv(&mut self, key: &str, out: usize, channels: usize) {
        self.pair(key, &[out, channels, 3, 3]);
    }
}

/// The f32 values of one tensor by the README's rules.
pub fn golden_weight(key: &str, shape: &[usize]) -> Vec<f32> {
    let len = shape.iter().product();
    let hashed = |scale: f64| hash_vec(len, seed_of(key), scale as f32);
    let around = |base: f32, scale: f64| hashed(scale).into_iter().map(|v| base + v).collect();
    let fan_in: usize = shape.iter().skip(1).product();
    match key.rsplit('.').next().unwrap_or(key) {
        "cls_token" | "pos_embed" => hashed(1.0),
        "A_logs" => {
            let state = shape[1];
            let base = |i: usize| ((i % state + 1) as f64).ln() as f32;
            hashed(0.4).into_iter().enumerate().map(|(i, v)| base(i) + v).collect()
        }
        "Ds" => around(1.0, 0.5),
        // the inverse softplus of 0.001 .. 0.1 is -6.907 .. -2.252
        "dt_projs_bias" => around(-4.58, 4.64),
        "dt_projs_weight" => hashed(2.0 / (shape[2] as f64).sqrt()),
        "x_proj_weight" => hashed(GAIN / (shape[2] as f64).sqrt()),
        "bias" => hashed(0.1),
        _ if shape.len() == 1 => around(1.0, 0.2),
        _ => hashed(GAIN / (fan_in as f64).sqrt()),
    }
}

/// Rows of the matrix a tensor is read as, if the contract stores it as int8.
fn int8_rows(key: &str, shape: &[usize]) -> Option<usize> {
    if key.ends_with("x_proj_weight") {
        return Some(shape[0] * shape[1]);
    }
    (key.ends_with(".weight") && shape.len() >= 2 && !key.contains("conv2d")).then(|| shape[0])
}

fn quantised(values: &[f32], rows: usize) -> TensorData {
    let row_len = (values.len() / rows.max(1)).max(1);
    let (mut q, mut scale) = (Vec::with_capacity(values.len()), Vec::with_capacity(rows));
    for row in values.chunks(row_len) {
        let step = row.iter().fold(0.0f32, |m, v| m.max(v.abs())).max(f32::MIN_POSITIVE) / 127.0;
        scale.push(step);
        q.extend(row.iter().map(|v| (v / step).round() as i8));
    }
    TensorData::I8 { q, scale }
}

/// Smooth synthetic RGB picture, bytes `[height, width, 3]`, integer arithmetic only: two octaves of value noise with corners
/// every 32 and every 8 px, bilinear between, weighted 3 to 1.
pub fn picture(name: &str, height: usize, width: usize) -> Vec<u8> {
    let seed = seed_of(name);
    let octave = |number: usize, cell: usize, y: usize, x: usize, c: usize| {
        let corner = |row: usize, col: usize| {
            let index = ((number * 3 + c) * 1024 + row) * 1024 + col;
            u64::from(hash_u32(index as u32, seed) >> 24)
        };
        let (row, col, fy, fx) = (y / cell, x / cell, (y % cell) as u64, (x % cell) as u64);
        let side = cell as u64;
        let total = (side - fy) * (side - fx) * corner(row, col)
            + (side - fy) * fx * corner(row, col + 1)
            + fy * (side - fx) * corner(row + 1, col)
            + fy * fx * corner(row + 1, col + 1);
        total / (side * side)
    };
    let value = |i: usize| {
        let (y, x, c) = (i / (width * 3), i / 3 % width, i % 3);
        ((3 * octave(0, 32, y, x, c) + octave(1, 8, y, x, c)) / 4) as u8
    };
    (0..height * width * 3).map(value).collect()
}

/// The integer part of `hash_vec`.
fn hash_u32(index: u32, seed: u32) -> u32 {
    let mut x = index
        .wrapping_mul(2_654_435_761)
        .wrapping_add(seed.wrapping_mul(0x9E37_79B9));
    x ^= x >> 16;
    x = x.wrapping_mul(0x85EB_CA6B);
    x ^= x >> 13;
    x = x.wrapping_mul(0xC2B2_AE35);
    x ^ (x >> 16)
}
