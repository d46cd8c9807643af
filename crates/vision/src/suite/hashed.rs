//! Weights and pictures that Python and Rust compute alike: `tests/goldens/common.py` in Rust.

use std::collections::BTreeMap;

use sightline_checkpoint::tensors::{Tensor, TensorData};
use sightline_kernels::suite::{hash_vec, seed_of};

use crate::{EncoderError, Schema, Source, TensorSpec};

/// Gain of weight matrices: a uniform value of width 3.5 has a variance of 1.02, so signals keep
/// their size.
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
    tensors: BTreeMap<String, TensorSpec>,
    precision: Precision,
    mutation: Option<Mutation>,
}

impl Hashed {
    /// The tensors of an encoder.
    pub fn new(schema: &Schema, precision: Precision) -> Self {
        let keyed = |(key, spec): (&str, &TensorSpec)| (format!("encoder.{key}"), spec.clone());
        Self {
            tensors: schema.written().map(keyed).collect(),
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
        self.tensors.remove(key);
        self
    }

    /// The same with another shape for that key.
    pub fn reshaped(mut self, key: &str, shape: &[usize]) -> Self {
        if let Some(spec) = self.tensors.get_mut(key) {
            spec.shape = shape.into();
        }
        self
    }
}

impl Source for Hashed {
    fn tensor(&self, key: &str) -> Result<Option<Tensor>, EncoderError> {
        let Some(spec) = self.tensors.get(key) else {
            return Ok(None);
        };
        let shape = &spec.shape;
        let mut values = golden_weight(key, shape);
        if let Some(mutation) = self.mutation {
            mutation(key, &mut values);
        }
        let data = match (self.precision, spec.int8_rows()) {
            (Precision::Int8, Some(rows)) => quantised(&values, rows),
            _ => TensorData::F32(values),
        };
        Ok(Some(Tensor {
            shape: shape.clone(),
            data,
        }))
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

/// Smooth synthetic RGB picture, bytes `[height, width, 3]`, integer arithmetic only: two octaves
/// of value noise with corners every 32 and every 8 px, bilinear between, weighted 3 to 1.
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
