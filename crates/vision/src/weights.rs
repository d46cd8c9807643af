//! Named tensors of a file into the forms that the kernels take.

use sightline_checkpoint::tensors::{Tensor, TensorData, Tensors};
use sightline_kernels::ops::Patches;
use sightline_kernels::{Buffer, Device, Linear};

use crate::encoder::EncoderError;

/// Where an encoder's tensors come from. Keys are the contract's (`docs/model-format.md`), with the prefix `encoder.`.
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

/// Reads tensors of one encoder and puts them on a device.
pub(crate) struct Loader<'a> {
    pub(crate) device: &'a Device,
    source: &'a dyn Source,
}

impl<'a> Loader<'a> {
    pub(crate) fn new(device: &'a Device, source: &'a dyn Source) -> Self {
        Self { device, source }
    }

    /// A tensor of this shape, `None` where the file has none. Published files may carry trailing sides of 1.
    fn optional(&self, key: &str, shape: &[usize]) -> Result<Option<Tensor>, EncoderError> {
        let key = format!("encoder.{key}");
        let Some(tensor) = self.source.tensor(&key)? else {
            return Ok(None);
        };
        let fits = tensor.shape.starts_with(shape) && tensor.shape[shape.len()..].iter().all(|&n| n == 1);
        let len: usize = shape.iter().product();
        if fits && tensor.len() == len {
            return Ok(Some(tensor));
        }
        Err(EncoderError::Shape {
            key,
            wanted: shape.to_vec(),
            found: tensor.shape,
        })
    }

    fn tensor(&self, key: &str, shape: &[usize]) -> Result<Tensor, EncoderError> {
        self.optional(key, shape)?.ok_or_else(|| EncoderError::Missing {
            key: format!("encoder.{key}"),
        })
    }

    /// Values of a tensor as floats.
    pub(crate) fn floats(&self, key: &str, shape: &[usize]) -> Result<Vec<f32>, EncoderError> {
        Ok(self.tensor(key, shape)?.into_f32())
    }

    /// As [`Loader::floats`], `None` where the file has no such tensor.
    pub(crate) fn optional_floats(&self, key: &str, shape: &[usize]) -> Result<Option<Vec<f32>>, EncoderError> {
        Ok(self.optional(key, shape)?.map(Tensor::into_f32))
    }

    /// `{key}.weight`, `{key}.bias`, `[width]` each.
    pub(crate) fn norm(&self, key: &str, width: usize) -> Result<Norm, EncoderError> {
        let weight = self.floats(&format!("{key}.weight"), &[width])?;
        let bias = self.floats(&format!("{key}.bias"), &[width])?;
        Ok(self.upload_norm(&weight, &bias))
    }

    /// As [`Loader::norm`]; a file without these tensors means weight 1 and bias 0. VMamba's classification files have no
    /// `outnorm2`, and the paper's encoders normalise all the same (paper facts, 5.1).
    pub(crate) fn norm_or_identity(&self, key: &str, width: usize) -> Result<Norm, EncoderError> {
        if self.optional(&format!("{key}.weight"), &[width])?.is_some() {
            return self.norm(key, width);
        }
        Ok(self.upload_norm(&vec![1.0; width], &vec![0.0; width]))
    }

    fn upload_norm(&self, weight: &[f32], bias: &[f32]) -> Norm {
        Norm {
            weight: self.device.upload_f32(weight),
            bias: self.device.upload_f32(bias),
        }
    }

    /// `{key}.weight` `[rows, cols]` and, if wanted, `{key}.bias` `[rows]`.
    pub(crate) fn linear(&self, key: &str, rows: usize, cols: usize, bias: bool) -> Result<Linear, EncoderError> {
        let weight = self.tensor(&format!("{key}.weight"), &[rows, cols])?;
        let bias = self.bias(key, rows, bias)?;
        self.matrix(weight, rows, cols, bias.as_deref())
    }

    /// A tensor of any shape, read as a matrix `[rows, cols]` without bias.
    pub(crate) fn projection(
        &self,
        key: &str,
        shape: &[usize],
        rows: usize,
        cols: usize,
    ) -> Result<Linear, EncoderError> {
        self.matrix(self.tensor(key, shape)?, rows, cols, None)
    }

    /// A convolution whose patches do not overlap, `{key}.weight`, as the matrix `[rows, cols]` it is, with the bias given.
    pub(crate) fn patches(
        &self,
        key: &str,
        shape: &[usize],
        rows: usize,
        cols: usize,
        bias: &[f32],
    ) -> Result<Linear, EncoderError> {
        self.matrix(self.tensor(&format!("{key}.weight"), shape)?, rows, cols, Some(bias))
    }

    /// A 3x3 convolution `{key}.weight` `[out, in, 3, 3]` with bias, as the matrix that follows
    /// [`im2col`](sightline_kernels::ops::im2col()): columns `(ky * 3 + kx) * in + c`, zeros up to the width of
    /// [`Patches::HALVING`].
    pub(crate) fn conv3x3(&self, key: &str, out: usize, channels: usize) -> Result<Linear, EncoderError> {
        let weight = self.tensor(&format!("{key}.weight"), &[out, channels, 3, 3])?;
        let bias = self.bias(key, out, true)?;
        let cols = Patches::HALVING.width(channels);
        let data = match weight.data {
            TensorData::I8 { q, scale } => TensorData::I8 {
                q: taps_first(&q, channels, cols),
                scale,
            },
            TensorData::F32(values) => TensorData::F32(taps_first(&values, channels, cols)),
        };
        let weight = Tensor {
            shape: vec![out, cols],
            data,
        };
        self.matrix(weight, out, cols, bias.as_deref())
    }

    fn bias(&self, key: &str, rows: usize, wanted: bool) -> Result<Option<Vec<f32>>, EncoderError> {
        wanted.then(|| self.floats(&format!("{key}.bias"), &[rows])).transpose()
    }

    fn matrix(&self, tensor: Tensor, rows: usize, cols: usize, bias: Option<&[f32]>) -> Result<Linear, EncoderError> {
        // The int8 kernels read four columns a word and one scale a row; anything else is kept as floats.
        let linear = match &tensor.data {
            TensorData::I8 { q, scale } if cols.is_multiple_of(4) && scale.len() == rows => {
                Linear::int8(self.device, q, scale, rows, cols, bias)?
            }
            _ => Linear::f32(self.device, &tensor.into_f32(), rows, cols, bias)?,
        };
        Ok(linear)
    }
}

/// `[out, in, 9]` into `[out, 9, in]`, each row padded with zeros to `cols`.
fn taps_first<T: Copy + Default>(values: &[T], channels: usize, cols: usize) -> Vec<T> {
    let mut rows = Vec::with_capacity(values.len() / (9 * channels).max(1) * cols);
    for row in values.chunks_exact((9 * channels).max(1)) {
        let start = rows.len();
        rows.extend((0..9 * channels).map(|i| row[i % channels * 9 + i / channels]));
        rows.resize(start + cols, T::default());
    }
    rows
}
