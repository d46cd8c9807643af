//! Named tensors of a file into the forms that the kernels take.

use sightline_checkpoint::tensors::{Tensor, TensorData, Tensors};
use sightline_kernels::ops::Patches;
use sightline_kernels::{Buffer, Device, Int8Matrix, Linear};

use super::schema::PREFIX;
use super::{EncoderError, Presence, Schema, TensorSpec};

/// Where an encoder's tensors come from. Keys are the contract's (`docs/model-format.md`), with the
/// prefix `encoder.`.
pub trait Source {
    /// The tensor of that key, `None` where there is none.
    ///
    /// # Errors
    /// A tensor that is there and cannot be read.
    fn tensor(&self, key: &str) -> Result<Option<Tensor>, EncoderError>;
}

impl Source for Tensors<'_> {
    fn tensor(&self, key: &str) -> Result<Option<Tensor>, EncoderError> {
        Ok(if self.contains(key) { Some(self.get(key)?) } else { None })
    }
}

/// Weight and bias of a layer normalisation, `[width]` each.
#[derive(Clone, Debug)]
pub(crate) struct Norm {
    pub(crate) weight: Buffer,
    pub(crate) bias: Buffer,
}

/// Reads tensors of one encoder and puts them on a device. Shapes and what is read as a matrix come
/// from the schema, so that a kind's `load` says keys alone.
pub(crate) struct Loader<'a> {
    pub(crate) device: &'a Device,
    source: &'a dyn Source,
    schema: Schema,
}

impl<'a> Loader<'a> {
    pub(crate) fn new(device: &'a Device, source: &'a dyn Source, schema: Schema) -> Self {
        Self { device, source, schema }
    }

    fn spec(&self, key: &str) -> Result<&TensorSpec, EncoderError> {
        self.schema.get(key).ok_or_else(|| missing(key))
    }

    /// A tensor of the schema, `None` where the file has none and need not have one.
    fn optional(&self, key: &str) -> Result<Option<Tensor>, EncoderError> {
        let spec = self.spec(key)?;
        let shape = &spec.shape;
        let Some(tensor) = self.source.tensor(&format!("{PREFIX}{key}"))? else {
            return match spec.presence {
                Presence::Required => Err(missing(key)),
                Presence::Usual | Presence::Rare => Ok(None),
            };
        };
        // Published files may carry trailing sides of 1.
        let fits = tensor.shape.starts_with(shape) && tensor.shape[shape.len()..].iter().all(|&n| n == 1);
        if fits && tensor.len() == spec.values() {
            return Ok(Some(tensor));
        }
        Err(EncoderError::Shape {
            key: format!("{PREFIX}{key}"),
            wanted: shape.clone(),
            found: tensor.shape,
        })
    }

    fn tensor(&self, key: &str) -> Result<Tensor, EncoderError> {
        self.optional(key)?.ok_or_else(|| missing(key))
    }

    /// Values of a tensor as floats.
    pub(crate) fn floats(&self, key: &str) -> Result<Vec<f32>, EncoderError> {
        Ok(self.tensor(key)?.into_f32())
    }

    /// `{key}.weight`, `{key}.bias`, `[width]` each. Where the file need not have them and does
    /// not, weight 1 and bias 0.
    pub(crate) fn norm(&self, key: &str) -> Result<Norm, EncoderError> {
        let (weight_key, bias_key) = (format!("{key}.weight"), format!("{key}.bias"));
        let (weight, bias) = match self.optional(&weight_key)? {
            Some(weight) => (weight.into_f32(), self.floats(&bias_key)?),
            None => {
                let width = self.spec(&weight_key)?.values();
                (vec![1.0; width], vec![0.0; width])
            }
        };
        Ok(Norm {
            weight: self.device.upload_f32(&weight),
            bias: self.device.upload_f32(&bias),
        })
    }

    /// `{key}.bias`, `None` where the schema or the file has none.
    fn bias(&self, key: &str) -> Result<Option<Vec<f32>>, EncoderError> {
        let key = format!("{key}.bias");
        match self.schema.get(&key) {
            Some(_) => Ok(self.optional(&key)?.map(Tensor::into_f32)),
            None => Ok(None),
        }
    }

    /// `{key}.weight` as a matrix, and `{key}.bias` where the schema has one. Convolutions whose
    /// patches do not overlap are such matrices too.
    pub(crate) fn linear(&self, key: &str) -> Result<Linear, EncoderError> {
        let bias = self.bias(key)?;
        self.read_matrix(&format!("{key}.weight"), bias.as_deref())
    }

    /// A tensor as a matrix without bias.
    pub(crate) fn matrix(&self, key: &str) -> Result<Linear, EncoderError> {
        self.read_matrix(key, None)
    }

    fn read_matrix(&self, key: &str, bias: Option<&[f32]>) -> Result<Linear, EncoderError> {
        let spec = self.spec(key)?;
        let rows = spec.int8_rows().unwrap_or(spec.shape[0]);
        let cols = spec.values() / rows;
        self.upload(self.tensor(key)?, rows, cols, bias)
    }

    /// A convolution `{key}.weight` `[out, in, side, side]` with bias, as the matrix that follows
    /// [`im2col`](sightline_kernels::ops::im2col()): columns `(ky * side + kx) * in + c`, zeros up
    /// to the width of `patches`, which are of that side.
    pub(crate) fn taps(&self, key: &str, patches: Patches) -> Result<Linear, EncoderError> {
        let weight = self.tensor(&format!("{key}.weight"))?;
        let bias = self.bias(key)?;
        let [out, channels] = [weight.shape[0], weight.shape[1]];
        let cols = patches.width(channels);
        let data = match weight.data {
            TensorData::I8 { q, scale } => TensorData::I8 {
                q: taps_first(&q, channels, patches.side, cols),
                scale,
            },
            TensorData::F32(values) => TensorData::F32(taps_first(&values, channels, patches.side, cols)),
        };
        let weight = Tensor {
            shape: vec![out, cols],
            data,
        };
        self.upload(weight, out, cols, bias.as_deref())
    }

    /// A depthwise convolution `{key}.weight` `[channels, 1, side, side]` as `[side * side,
    /// channels]`, and its bias where there is one.
    pub(crate) fn depthwise(&self, key: &str) -> Result<(Buffer, Option<Buffer>), EncoderError> {
        let weight = self.floats(&format!("{key}.weight"))?;
        let channels = self.spec(&format!("{key}.weight"))?.shape[0];
        let taps = weight.len() / channels;
        let by_tap: Vec<f32> = (0..weight.len())
            .map(|i| weight[i % channels * taps + i / channels])
            .collect();
        let bias = self.bias(key)?;
        let weight = self.device.upload_f32(&by_tap).reshape([taps, channels])?;
        Ok((weight, bias.map(|bias| self.device.upload_f32(&bias))))
    }

    fn upload(&self, tensor: Tensor, rows: usize, cols: usize, bias: Option<&[f32]>) -> Result<Linear, EncoderError> {
        // The int8 kernels read four columns per word and one scale per row; any other matrix is
        // kept as floats.
        let linear = match &tensor.data {
            TensorData::I8 { q, scale } if cols.is_multiple_of(4) && scale.len() == rows => {
                Linear::int8(self.device, [rows, cols], Int8Matrix { q, scale }, bias)?
            }
            _ => Linear::f32(self.device, [rows, cols], &tensor.into_f32(), bias)?,
        };
        Ok(linear)
    }
}

fn missing(key: &str) -> EncoderError {
    EncoderError::Missing {
        key: format!("{PREFIX}{key}"),
    }
}

/// `[out, in, side * side]` into `[out, side * side, in]`, each row padded with zeros to `cols`.
fn taps_first<T: Copy + Default>(values: &[T], channels: usize, side: usize, cols: usize) -> Vec<T> {
    let (taps, len) = (side * side, side * side * channels);
    let mut rows = Vec::with_capacity(values.len() / len.max(1) * cols);
    for row in values.chunks_exact(len.max(1)) {
        let start = rows.len();
        rows.extend((0..len).map(|i| row[i % channels * taps + i / channels]));
        rows.resize(start + cols, T::default());
    }
    rows
}
