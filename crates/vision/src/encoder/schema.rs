//! Which tensors an encoder has. Loader, random weights, goldens and the int8 rule all read it.

use std::collections::BTreeMap;

/// Stands before the published key of every tensor of an encoder.
pub(crate) const PREFIX: &str = "encoder.";

/// What a tensor is, as far as storing and inventing it goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Role {
    /// A matrix of this many rows, all other sides taken as its columns. The only role that is
    /// stored as int8.
    Matrix {
        /// Rows: outputs.
        rows: usize,
    },
    /// Factors, offsets and vectors, which stay floats.
    Values {
        /// Middle of the range in which random values keep a network's signals at their size.
        middle: f32,
        /// Width of that range.
        width: f32,
    },
}

/// Whether a file must have a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// A file without it is refused.
    Required,
    /// This project's files have it; some published files do not.
    Usual,
    /// Some published files have it; this project's files do not.
    Rare,
}

/// One tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorSpec {
    /// Shape, row-major. Published files may carry trailing sides of 1.
    pub shape: Vec<usize>,
    /// What it is.
    pub role: Role,
    /// Whether a file must have it.
    pub presence: Presence,
}

impl TensorSpec {
    /// Number of values.
    pub fn values(&self) -> usize {
        self.shape.iter().product()
    }

    /// Rows that have an int8 scale each, `None` for what is not stored as int8.
    pub fn int8_rows(&self) -> Option<usize> {
        match self.role {
            Role::Matrix { rows } => Some(rows),
            Role::Values { .. } => None,
        }
    }
}

/// Every tensor of an encoder, by its published key without the prefix `encoder.`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema(BTreeMap<String, TensorSpec>);

impl Schema {
    /// The tensor of that key, with or without the prefix.
    pub fn get(&self, key: &str) -> Option<&TensorSpec> {
        self.0.get(key.strip_prefix(PREFIX).unwrap_or(key))
    }

    /// Keys and tensors, keys without the prefix, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &TensorSpec)> {
        self.0.iter().map(|(key, spec)| (key.as_str(), spec))
    }

    /// As [`Schema::iter`], without the tensors that this project's files do not have.
    pub fn written(&self) -> impl Iterator<Item = (&str, &TensorSpec)> {
        self.iter().filter(|(_, spec)| spec.presence != Presence::Rare)
    }

    /// Number of values in this project's files.
    pub fn parameters(&self) -> usize {
        self.written().map(|(_, spec)| spec.values()).sum()
    }

    /// Bytes of this project's files: matrices as int8 with an f32 scale per row, or as f32; the
    /// rest as f32.
    pub fn bytes(&self, int8: bool) -> usize {
        let one = |spec: &TensorSpec| match spec.int8_rows() {
            Some(rows) if int8 => spec.values() + 4 * rows,
            _ => 4 * spec.values(),
        };
        self.written().map(|(_, spec)| one(spec)).sum()
    }

    fn add(&mut self, key: String, shape: &[usize], role: Role, presence: Presence) {
        let shape = shape.to_vec();
        self.0.insert(key, TensorSpec { shape, role, presence });
    }

    /// A tensor that is read as a matrix of `rows` rows.
    pub(crate) fn matrix(&mut self, key: impl Into<String>, shape: &[usize], rows: usize) {
        self.add(key.into(), shape, Role::Matrix { rows }, Presence::Required);
    }

    /// A tensor of floats, with the range of its random values.
    pub(crate) fn values(&mut self, key: impl Into<String>, shape: &[usize], middle: f32, width: f32) {
        self.add(key.into(), shape, Role::Values { middle, width }, Presence::Required);
    }

    /// `{key}.bias` `[len]`.
    pub(crate) fn bias(&mut self, key: &str, len: usize) {
        self.values(format!("{key}.bias"), &[len], 0.0, 0.1);
    }

    /// `{key}.bias` `[len]`, which this project's files do not have.
    pub(crate) fn rare_bias(&mut self, key: &str, len: usize) {
        self.bias(key, len);
        self.present(&format!("{key}.bias"), Presence::Rare);
    }

    /// `{key}.weight` and `{key}.bias` of a layer normalisation, `[width]` each.
    pub(crate) fn norm(&mut self, key: &str, width: usize) {
        self.values(format!("{key}.weight"), &[width], 1.0, 0.2);
        self.bias(key, width);
    }

    /// As [`Schema::norm`]; a file without it means weight 1 and bias 0.
    pub(crate) fn usual_norm(&mut self, key: &str, width: usize) {
        self.norm(key, width);
        for part in ["weight", "bias"] {
            self.present(&format!("{key}.{part}"), Presence::Usual);
        }
    }

    /// `{key}.weight` `[rows, cols]` and `{key}.bias` `[rows]`.
    pub(crate) fn linear(&mut self, key: &str, rows: usize, cols: usize) {
        self.matrix(format!("{key}.weight"), &[rows, cols], rows);
        self.bias(key, rows);
    }

    /// `{key}.weight` `[out, channels, side, side]` and `{key}.bias` `[out]` of a convolution.
    pub(crate) fn convolution(&mut self, key: &str, out: usize, channels: usize, side: usize) {
        self.matrix(format!("{key}.weight"), &[out, channels, side, side], out);
        self.bias(key, out);
    }

    fn present(&mut self, key: &str, presence: Presence) {
        if let Some(spec) = self.0.get_mut(key) {
            spec.presence = presence;
        }
    }
}
