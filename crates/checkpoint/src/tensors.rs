//! safetensors files, with the project's int8 convention on top.
//!
//! A tensor `key` of type `I8` has a companion `key.scale` (`F16` or `F32`): one symmetric scale
//! per output row, whose shape is a prefix of the tensor's shape. Value = `q * scale[row]`. `F32`
//! and `F16` tensors have no companion. See `docs/model-format.md`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use half::f16;
use safetensors::{Dtype, SafeTensorError, SafeTensors, View};
use thiserror::Error;

/// Suffix of the companion tensor that holds an int8 tensor's scales.
const SCALE: &str = ".scale";

/// The reason why a safetensors file cannot be used. `file` is the name given to
/// [`Tensors::parse`].
#[derive(Debug, Error)]
pub enum TensorsError {
    /// Header, lengths or offsets contradict each other.
    #[error("{file} is not a sound safetensors file ({source}); fetch it again")]
    Container {
        /// File name.
        file: String,
        /// The contradiction.
        source: SafeTensorError,
    },
    /// A tensor that the model needs is absent.
    #[error("{file} has no tensor `{key}`; it belongs to another model than its manifest row says")]
    Missing {
        /// File name.
        file: String,
        /// Tensor key.
        key: String,
    },
    /// A type other than F32, F16, I8.
    #[error("{file}: tensor `{key}` has type {found}; supported are F32, F16 and I8 with a scale")]
    Type {
        /// File name.
        file: String,
        /// Tensor key.
        key: String,
        /// Type in the file.
        found: String,
    },
    /// An int8 tensor without a usable scale tensor.
    #[error(
        "{file}: int8 tensor `{key}` of shape {shape:?} needs `{key}.scale` (F16 or F32) whose shape is a prefix of it; found {found}"
    )]
    Scale {
        /// File name.
        file: String,
        /// Tensor key.
        key: String,
        /// Shape of the int8 tensor.
        shape: Vec<usize>,
        /// What was found instead.
        found: String,
    },
    /// A tensor of another shape than the model needs.
    #[error("{file}: tensor `{key}` has shape {found:?}, the model needs {wanted:?}")]
    Shape {
        /// File name.
        file: String,
        /// Tensor key.
        key: String,
        /// Shape needed.
        wanted: Vec<usize>,
        /// Shape in the file.
        found: Vec<usize>,
    },
    /// A value that is infinite or not a number.
    #[error("{file}: tensor `{key}` holds a value that is not finite; fetch it again")]
    NotFinite {
        /// File name.
        file: String,
        /// Tensor key.
        key: String,
    },
    /// The file could not be written.
    #[error("cannot write {file}: {message}")]
    Write {
        /// File name.
        file: String,
        /// What went wrong.
        message: String,
    },
}

/// A tensor on the host.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Row-major shape.
    pub shape: Vec<usize>,
    /// The values.
    pub data: TensorData,
}

/// Values of a [`Tensor`].
#[derive(Clone, Debug, PartialEq)]
pub enum TensorData {
    /// From `F32` or `F16`.
    F32(Vec<f32>),
    /// Value `q * scale[row]`, where a row is `q.len() / scale.len()` consecutive values.
    I8 {
        /// Signed bytes, -127..=127.
        q: Vec<i8>,
        /// One scale per row.
        scale: Vec<f32>,
    },
}

impl Tensor {
    /// Number of values.
    pub fn len(&self) -> usize {
        match &self.data {
            TensorData::F32(values) => values.len(),
            TensorData::I8 { q, .. } => q.len(),
        }
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All values as floats.
    pub fn into_f32(self) -> Vec<f32> {
        self.data.into_f32()
    }
}

impl TensorData {
    /// All values as floats.
    pub fn into_f32(self) -> Vec<f32> {
        match self {
            Self::F32(values) => values,
            Self::I8 { q, scale } => {
                let row = (q.len() / scale.len().max(1)).max(1);
                q.chunks(row)
                    .zip(scale)
                    .flat_map(|(row, scale)| row.iter().map(move |&q| f32::from(q) * scale))
                    .collect()
            }
        }
    }
}

/// A parsed safetensors file that borrows its bytes.
pub struct Tensors<'a> {
    file: String,
    inner: SafeTensors<'a>,
}

impl<'a> Tensors<'a> {
    /// Reads and checks the header. `file` is only used in errors.
    ///
    /// # Errors
    /// [`TensorsError::Container`] if header, lengths or offsets contradict each other;
    /// [`TensorsError::Type`] and [`TensorsError::Scale`] name the tensor.
    pub fn parse(file: &str, bytes: &'a [u8]) -> Result<Self, TensorsError> {
        match SafeTensors::deserialize(bytes) {
            Ok(inner) => Ok(Self {
                file: file.into(),
                inner,
            }),
            Err(source) => Err(TensorsError::Container {
                file: file.into(),
                source,
            }),
        }
    }

    /// The name given to [`Tensors::parse`].
    pub fn file(&self) -> &str {
        &self.file
    }

    /// All keys, sorted, without the scales of int8 tensors.
    pub fn keys(&self) -> Vec<&str> {
        let mut keys = self.inner.names();
        keys.retain(|key| !key.strip_suffix(SCALE).is_some_and(|of| self.contains(of)));
        keys.sort_unstable();
        keys
    }

    /// Whether the file has this tensor.
    pub fn contains(&self, key: &str) -> bool {
        self.inner.tensor(key).is_ok()
    }

    /// Shape of a tensor.
    ///
    /// # Errors
    /// [`TensorsError::Missing`].
    pub fn shape(&self, key: &str) -> Result<Vec<usize>, TensorsError> {
        Ok(self.view(key)?.shape().to_vec())
    }

    /// One tensor, whatever its shape. Every float is checked to be finite.
    ///
    /// # Errors
    /// [`TensorsError`] names the tensor, which is missing, of an unknown type or not finite.
    pub fn get(&self, key: &str) -> Result<Tensor, TensorsError> {
        let view = self.view(key)?;
        let shape = view.shape().to_vec();
        let data = match view.dtype() {
            Dtype::F32 | Dtype::F16 => TensorData::F32(self.floats(key)?),
            Dtype::I8 => {
                let scale = self.scale(key, &shape)?;
                let q = view.data().iter().map(|&byte| byte as i8).collect();
                TensorData::I8 { q, scale }
            }
            other => return Err(self.type_error(key, other)),
        };
        Ok(Tensor { shape, data })
    }

    /// One tensor of exactly this shape.
    ///
    /// # Errors
    /// As [`Tensors::get`], and [`TensorsError::Shape`].
    pub fn get_shaped(&self, key: &str, shape: &[usize]) -> Result<Tensor, TensorsError> {
        let found = self.shape(key)?;
        if found == shape {
            return self.get(key);
        }
        Err(TensorsError::Shape {
            file: self.file.clone(),
            key: key.into(),
            wanted: shape.to_vec(),
            found,
        })
    }

    /// One tensor of exactly this shape as floats.
    ///
    /// # Errors
    /// As [`Tensors::get_shaped`].
    pub fn f32(&self, key: &str, shape: &[usize]) -> Result<Vec<f32>, TensorsError> {
        Ok(self.get_shaped(key, shape)?.into_f32())
    }

    fn view(&self, key: &str) -> Result<safetensors::tensor::TensorView<'a>, TensorsError> {
        self.inner.tensor(key).map_err(|_| TensorsError::Missing {
            file: self.file.clone(),
            key: key.into(),
        })
    }

    fn floats(&self, key: &str) -> Result<Vec<f32>, TensorsError> {
        let view = self.view(key)?;
        let values: Vec<f32> = match view.dtype() {
            Dtype::F32 => view
                .data()
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect(),
            Dtype::F16 => view
                .data()
                .chunks_exact(2)
                .map(|b| f16::from_le_bytes([b[0], b[1]]).to_f32())
                .collect(),
            other => return Err(self.type_error(key, other)),
        };
        if values.iter().all(|v| v.is_finite()) {
            return Ok(values);
        }
        Err(TensorsError::NotFinite {
            file: self.file.clone(),
            key: key.into(),
        })
    }

    fn scale(&self, key: &str, shape: &[usize]) -> Result<Vec<f32>, TensorsError> {
        let name = format!("{key}{SCALE}");
        let error = |found: String| TensorsError::Scale {
            file: self.file.clone(),
            key: key.into(),
            shape: shape.to_vec(),
            found,
        };
        let view = self.view(&name).map_err(|_| error("none".into()))?;
        let found = view.shape();
        let is_prefix = !found.is_empty() && found.len() < shape.len() && shape.starts_with(found);
        if !matches!(view.dtype(), Dtype::F32 | Dtype::F16) || !is_prefix {
            return Err(error(format!("{:?} of shape {found:?}", view.dtype())));
        }
        self.floats(&name)
    }

    fn type_error(&self, key: &str, found: Dtype) -> TensorsError {
        TensorsError::Type {
            file: self.file.clone(),
            key: key.into(),
            found: format!("{found:?}"),
        }
    }
}

/// A tensor to be written, borrowed as raw little-endian bytes.
struct Raw<'a> {
    dtype: Dtype,
    shape: &'a [usize],
    bytes: Cow<'a, [u8]>,
}

impl View for Raw<'_> {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// The bytes of a safetensors file with these tensors; int8 tensors get their `key.scale` beside
/// them.
///
/// # Errors
/// Shape and number of values that differ, or scales that do not divide the rows.
pub fn serialize(file: &str, tensors: &BTreeMap<String, Tensor>) -> Result<Vec<u8>, TensorsError> {
    let write_error = |message: String| TensorsError::Write {
        file: file.into(),
        message,
    };
    let scale_shapes: BTreeMap<&str, Vec<usize>> = tensors
        .iter()
        .filter_map(|(key, tensor)| match &tensor.data {
            TensorData::I8 { scale, .. } => Some((key.as_str(), scale_shape(&tensor.shape, scale.len())?)),
            TensorData::F32(_) => None,
        })
        .collect();
    let mut views = Vec::new();
    for (key, tensor) in tensors {
        if tensor.shape.iter().product::<usize>() != tensor.len() {
            return Err(write_error(format!(
                "tensor `{key}` has {} values for shape {:?}",
                tensor.len(),
                tensor.shape
            )));
        }
        let (dtype, bytes) = match &tensor.data {
            TensorData::F32(values) => (Dtype::F32, float_bytes(values)),
            TensorData::I8 { q, scale } => {
                let shape = scale_shapes
                    .get(key.as_str())
                    .ok_or_else(|| write_error(format!("{} scales do not fit the rows of `{key}`", scale.len())))?;
                views.push((
                    format!("{key}{SCALE}"),
                    Raw {
                        dtype: Dtype::F32,
                        shape,
                        bytes: float_bytes(scale),
                    },
                ));
                (Dtype::I8, q.iter().map(|&q| q as u8).collect())
            }
        };
        views.push((
            key.clone(),
            Raw {
                dtype,
                shape: &tensor.shape,
                bytes,
            },
        ));
    }
    safetensors::serialize(views, None).map_err(|e| write_error(e.to_string()))
}

/// [`serialize`] into a file, under a temporary name until it is whole.
///
/// # Errors
/// As [`serialize`], and [`TensorsError::Write`] if the file cannot be written.
#[cfg(not(target_arch = "wasm32"))]
pub fn write(path: &std::path::Path, tensors: &BTreeMap<String, Tensor>) -> Result<(), TensorsError> {
    let file = path.display().to_string();
    let bytes = serialize(&file, tensors)?;
    crate::file::write_whole(path, &bytes).map_err(|e| TensorsError::Write {
        file,
        message: e.to_string(),
    })
}

fn float_bytes(values: &[f32]) -> Cow<'static, [u8]> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// The shortest prefix of `shape` that has `rows` values.
fn scale_shape(shape: &[usize], rows: usize) -> Option<Vec<usize>> {
    (1..shape.len())
        .map(|n| &shape[..n])
        .find(|prefix| prefix.iter().product::<usize>() == rows)
        .map(<[usize]>::to_vec)
}
