//! Weights of random numbers: speed and plumbing do not depend on what was learned.

use std::collections::BTreeMap;

use sightline_checkpoint::random::{matrix, seed_of, values};
use sightline_checkpoint::tensors::{Tensor, TensorData};

use super::schema::PREFIX;
use super::{EncoderError, Role, Schema, Source, TensorSpec};

/// Every tensor of an encoder, made when asked for.
pub struct RandomWeights {
    schema: Schema,
    int8: bool,
}

impl RandomWeights {
    /// Of an encoder with these tensors, its matrices as int8 or as f32.
    pub fn new(schema: Schema, int8: bool) -> Self {
        Self { schema, int8 }
    }

    /// Bytes of all tensors as stored.
    pub fn bytes(&self) -> usize {
        self.schema.bytes(self.int8)
    }

    /// Every tensor by its key in a model's file.
    pub fn all(&self) -> BTreeMap<String, Tensor> {
        let keyed = |(key, spec): (&str, &TensorSpec)| {
            let key = format!("{PREFIX}{key}");
            let tensor = self.made(&key, spec);
            (key, tensor)
        };
        self.schema.written().map(keyed).collect()
    }

    fn made(&self, key: &str, spec: &TensorSpec) -> Tensor {
        let (len, seed) = (spec.values(), seed_of(key));
        let data = match spec.role {
            Role::Matrix { rows } => matrix(rows, len / rows.max(1), seed, self.int8),
            Role::Values { middle, width } => TensorData::F32(values(len, seed, width, middle)),
        };
        let shape = spec.shape.clone();
        Tensor { shape, data }
    }
}

impl Source for RandomWeights {
    fn tensor(&self, key: &str) -> Result<Option<Tensor>, EncoderError> {
        let name = key.strip_prefix(PREFIX).unwrap_or(key);
        let found = self.schema.written().find(|(known, _)| *known == name);
        Ok(found.map(|(_, spec)| self.made(key, spec)))
    }
}
