//! GGUF version 3, little endian: the container llama.cpp's models come in.
//!
//! Source: `docs/gguf.md` of ggml. Layout: magic, version, counts, metadata pairs, tensor
//! directory, padding, tensor data. [`Gguf::parse`] borrows the bytes of the file and copies only
//! the directory. It accepts a count only if the file is long enough for it. [`Gguf::parse_head`]
//! needs only the part before the tensors, and fetches each tensor from a [`Blob`] on request.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use crate::blob::Blob;
use crate::ggml::GgmlType;

mod error;
mod metadata;
mod read;
#[cfg(not(target_arch = "wasm32"))]
mod write;

pub use error::GgufError;
pub use metadata::{Array, Value};
use read::Cursor;
#[cfg(not(target_arch = "wasm32"))]
pub use write::Writer;

const MAGIC: u32 = u32::from_le_bytes(*b"GGUF");
const VERSION: u32 = 3;
/// ggml's `GGML_MAX_DIMS`.
const MAX_DIMS: u32 = 4;
const DEFAULT_ALIGNMENT: u64 = 32;
/// Shortest metadata pair: empty key, type, one byte. Bounds the count a file may claim.
const MIN_PAIR: u64 = 8 + 4 + 1;
/// Shortest directory entry: empty name, number of dimensions, one dimension, type, offset.
const MIN_ENTRY: u64 = 8 + 4 + 8 + 4 + 8;

/// One tensor of a GGUF file.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor<'a> {
    /// Name, as in the file.
    pub name: &'a str,
    /// How values are stored.
    pub kind: GgmlType,
    /// Row-major shape: slowest dimension first, so a matrix is `[rows, cols]` (the file has the
    /// reverse order).
    pub shape: Vec<usize>,
    /// Where its bytes lie in the file.
    pub span: Range<u64>,
}

impl Tensor<'_> {
    /// Number of values.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether the tensor holds no value (never true of a parsed tensor).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The source of the bytes of the tensors.
#[derive(Clone, Copy)]
enum Bytes<'a> {
    Whole(&'a [u8]),
    Blob(&'a dyn Blob),
}

impl Bytes<'_> {
    fn size(self) -> u64 {
        match self {
            Self::Whole(bytes) => bytes.len() as u64,
            Self::Blob(blob) => blob.size(),
        }
    }
}

impl std::fmt::Debug for Bytes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.size())
    }
}

/// Length of the first attempt to read the part before the tensors, in bytes.
const FIRST_HEAD: u64 = 4 << 20;

/// A parsed GGUF file that borrows its bytes.
#[derive(Clone, Debug)]
pub struct Gguf<'a> {
    file: String,
    bytes: Bytes<'a>,
    metadata: HashMap<&'a str, Value<'a>>,
    tensors: Vec<Tensor<'a>>,
    index: HashMap<&'a str, usize>,
}

/// A directory entry before its data is placed.
struct Entry<'a> {
    name: &'a str,
    kind: GgmlType,
    shape: Vec<usize>,
    offset: u64,
    bytes: u64,
}

impl<'a> Gguf<'a> {
    /// Reads metadata and tensor directory. `file` is only used in errors.
    ///
    /// # Errors
    /// Every inconsistency is a [`GgufError`]. No input makes this panic, or allocate more than a
    /// small multiple of its length.
    pub fn parse(file: &str, bytes: &'a [u8]) -> Result<Self, GgufError> {
        Self::parse_from(file, bytes, Bytes::Whole(bytes))
    }

    /// As [`Gguf::parse`], but only the part before the tensors is in memory. [`Gguf::head`]
    /// returns it.
    ///
    /// # Errors
    /// As there.
    pub fn parse_head(file: &str, head: &'a [u8], blob: &'a dyn Blob) -> Result<Self, GgufError> {
        Self::parse_from(file, head, Bytes::Blob(blob))
    }

    /// The beginning of a file with everything before its tensors, for [`Gguf::parse_head`].
    ///
    /// # Errors
    /// As [`Gguf::parse`], and [`GgufError::Read`].
    pub fn head(file: &str, blob: &dyn Blob) -> Result<Vec<u8>, GgufError> {
        let mut len = FIRST_HEAD;
        loop {
            let whole = len >= blob.size();
            let head = blob.read(0..len.min(blob.size())).map_err(|message| GgufError::Read {
                file: file.into(),
                tensor: "(directory)".into(),
                message,
            })?;
            match Gguf::parse_head(file, &head, blob) {
                // Both may just mean that this part was too short.
                Err(GgufError::Truncated { .. } | GgufError::Count { .. }) if !whole => len *= 4,
                Err(error) => return Err(error),
                Ok(_) => return Ok(head),
            }
        }
    }

    fn parse_from(file: &str, head: &'a [u8], bytes: Bytes<'a>) -> Result<Self, GgufError> {
        let mut cursor = Cursor::new(file, head);
        if cursor.u32("the magic number").ok() != Some(MAGIC) {
            return Err(GgufError::Magic { file: file.into() });
        }
        let version = cursor.u32("the version")?;
        if version != VERSION {
            return Err(GgufError::Version {
                file: file.into(),
                found: version,
            });
        }
        let tensor_count = cursor.count("the number of tensors", MIN_ENTRY)?;
        let pair_count = cursor.count("the number of metadata entries", MIN_PAIR)?;
        let metadata = metadata::read_all(&mut cursor, pair_count)?;
        let alignment = alignment(file, &metadata)?;
        // Entries are at least MIN_ENTRY bytes, so this allocates at most a few times the file's
        // own length.
        let mut entries = Vec::with_capacity(tensor_count);
        for _ in 0..tensor_count {
            entries.push(read_entry(&mut cursor)?);
        }
        let data_start = (cursor.position() as u64).next_multiple_of(alignment);
        let tensors = place(file, bytes.size(), entries, data_start, alignment)?;
        let mut index = HashMap::with_capacity(tensors.len());
        for (i, tensor) in tensors.iter().enumerate() {
            if index.insert(tensor.name, i).is_some() {
                return Err(GgufError::Duplicate {
                    file: file.into(),
                    field: format!("tensor `{}`", tensor.name),
                });
            }
        }
        Ok(Self {
            file: file.into(),
            bytes,
            metadata,
            tensors,
            index,
        })
    }

    /// The name given to [`Gguf::parse`].
    pub fn file(&self) -> &str {
        &self.file
    }

    /// All tensors in the order of the directory.
    pub fn tensors(&self) -> &[Tensor<'a>] {
        &self.tensors
    }

    /// The tensor of that name.
    ///
    /// # Errors
    /// [`GgufError::NoTensor`].
    pub fn tensor(&self, name: &str) -> Result<&Tensor<'a>, GgufError> {
        let index = self.index.get(name).ok_or_else(|| GgufError::NoTensor {
            file: self.file.clone(),
            tensor: name.into(),
        })?;
        Ok(&self.tensors[*index])
    }

    /// The stored bytes of a tensor of this file.
    ///
    /// # Errors
    /// [`GgufError::Read`] if they cannot be fetched.
    pub fn bytes(&self, tensor: &Tensor<'_>) -> Result<Cow<'a, [u8]>, GgufError> {
        let span = tensor.span.clone();
        match self.bytes {
            // `place` saw to it that the span lies inside the file, and so fits usize.
            Bytes::Whole(bytes) => bytes
                .get(span.start as usize..span.end as usize)
                .map(Cow::Borrowed)
                .ok_or_else(|| "the tensor is of another file".to_owned()),
            Bytes::Blob(blob) => blob.read(span).map(Cow::Owned),
        }
        .map_err(|message| GgufError::Read {
            file: self.file.clone(),
            tensor: tensor.name.into(),
            message,
        })
    }

    /// The stored bytes of a tensor that a model computes with: every value is finite.
    ///
    /// # Errors
    /// [`GgufError::NotFinite`], and as [`Gguf::bytes`].
    pub fn finite_bytes(&self, tensor: &Tensor<'_>) -> Result<Cow<'a, [u8]>, GgufError> {
        let bytes = self.bytes(tensor)?;
        if crate::ggml::is_finite(tensor.kind, &bytes) {
            return Ok(bytes);
        }
        Err(GgufError::NotFinite {
            file: self.file.clone(),
            tensor: tensor.name.into(),
        })
    }

    /// All values of a tensor as floats, expanded on the host.
    ///
    /// # Errors
    /// As [`Gguf::bytes`].
    pub fn values(&self, tensor: &Tensor<'_>) -> Result<Vec<f32>, GgufError> {
        Ok(crate::ggml::dequantize(tensor.kind, &self.bytes(tensor)?))
    }

    /// The metadata value of that key, if there is one.
    pub fn value(&self, key: &str) -> Option<&Value<'a>> {
        self.metadata.get(key)
    }

    /// Metadata as an unsigned number.
    ///
    /// # Errors
    /// [`GgufError::NoValue`] if the key is absent or has another type.
    pub fn u64(&self, key: &str) -> Result<u64, GgufError> {
        self.typed(key, "unsigned integer", Value::as_u64)
    }

    /// Metadata as a float.
    ///
    /// # Errors
    /// As [`Gguf::u64`].
    pub fn f32(&self, key: &str) -> Result<f32, GgufError> {
        self.typed(key, "float", Value::as_f32)
    }

    /// Metadata as text.
    ///
    /// # Errors
    /// As [`Gguf::u64`].
    pub fn str(&self, key: &str) -> Result<&'a str, GgufError> {
        self.typed(key, "string", Value::as_str)
    }

    /// Metadata as a list of strings.
    ///
    /// # Errors
    /// As [`Gguf::u64`].
    pub fn strings(&self, key: &str) -> Result<&[&'a str], GgufError> {
        match self.metadata.get(key) {
            Some(Value::Array(Array::Strings(strings))) => Ok(strings),
            _ => Err(self.no_value(key, "array of strings")),
        }
    }

    /// Metadata as a list of integers.
    ///
    /// # Errors
    /// As [`Gguf::u64`].
    pub fn integers(&self, key: &str) -> Result<&[i64], GgufError> {
        match self.metadata.get(key) {
            Some(Value::Array(Array::Integers(numbers))) => Ok(numbers),
            _ => Err(self.no_value(key, "array of integers")),
        }
    }

    fn typed<T>(
        &self,
        key: &str,
        wanted: &'static str,
        read: impl Fn(&Value<'a>) -> Option<T>,
    ) -> Result<T, GgufError> {
        self.metadata
            .get(key)
            .and_then(read)
            .ok_or_else(|| self.no_value(key, wanted))
    }

    fn no_value(&self, key: &str, wanted: &'static str) -> GgufError {
        GgufError::NoValue {
            file: self.file.clone(),
            key: key.into(),
            wanted,
        }
    }
}

fn alignment(file: &str, metadata: &HashMap<&str, Value<'_>>) -> Result<u64, GgufError> {
    let Some(value) = metadata.get("general.alignment") else {
        return Ok(DEFAULT_ALIGNMENT);
    };
    let found = value.as_u64().unwrap_or(0);
    if found.is_power_of_two() && (8..=65536).contains(&found) {
        return Ok(found);
    }
    Err(GgufError::Alignment {
        file: file.into(),
        found,
    })
}

fn read_entry<'a>(cursor: &mut Cursor<'_, 'a>) -> Result<Entry<'a>, GgufError> {
    let name = cursor.string("a tensor name")?;
    let field = || format!("the directory entry of tensor `{name}`");
    let dim_count = cursor.u32(field)?;
    if dim_count == 0 || dim_count > MAX_DIMS {
        return Err(GgufError::Shape {
            file: cursor.file().into(),
            tensor: name.into(),
            dims: Vec::new(),
        });
    }
    let mut dims = Vec::with_capacity(dim_count as usize);
    for _ in 0..dim_count {
        dims.push(cursor.u64(field)?);
    }
    let id = cursor.u32(field)?;
    let offset = cursor.u64(field)?;
    let kind = GgmlType::from_id(id).ok_or_else(|| GgufError::TensorType {
        file: cursor.file().into(),
        tensor: name.into(),
        found: id,
    })?;
    let shape: Option<Vec<usize>> = dims.iter().rev().map(|&d| usize::try_from(d).ok()).collect();
    match (shape, stored_bytes(kind, &dims)) {
        (Some(shape), Some(bytes)) => Ok(Entry {
            name,
            kind,
            shape,
            offset,
            bytes,
        }),
        _ => Err(GgufError::Shape {
            file: cursor.file().into(),
            tensor: name.into(),
            dims,
        }),
    }
}

/// Bytes of a tensor of these dimensions; `None` for zeros, overflow, or rows that end inside a
/// block.
fn stored_bytes(kind: GgmlType, dims: &[u64]) -> Option<u64> {
    let block = kind.block_len() as u64;
    if dims.contains(&0) || !dims.first()?.is_multiple_of(block) {
        return None;
    }
    let values = dims.iter().try_fold(1u64, |product, &d| product.checked_mul(d))?;
    (values / block).checked_mul(kind.block_bytes() as u64)
}

/// Checks every tensor's place in the data section of a file of `size` bytes.
fn place<'a>(
    file: &str,
    size: u64,
    entries: Vec<Entry<'a>>,
    data_start: u64,
    alignment: u64,
) -> Result<Vec<Tensor<'a>>, GgufError> {
    let mut tensors = Vec::with_capacity(entries.len());
    let mut spans: Vec<(u64, u64, &str)> = Vec::with_capacity(entries.len());
    for entry in entries {
        if !entry.offset.is_multiple_of(alignment) {
            return Err(GgufError::Misaligned {
                file: file.into(),
                tensor: entry.name.into(),
                offset: entry.offset,
                alignment,
            });
        }
        // Saturating: an end beyond u64 lies beyond the file as well.
        let start = data_start.saturating_add(entry.offset);
        let end = start.saturating_add(entry.bytes);
        if end > size {
            return Err(GgufError::OutOfFile {
                file: file.into(),
                tensor: entry.name.into(),
                missing: end - size,
            });
        }
        spans.push((start, end, entry.name));
        tensors.push(Tensor {
            name: entry.name,
            kind: entry.kind,
            shape: entry.shape,
            span: start..end,
        });
    }
    spans.sort_unstable();
    for pair in spans.windows(2) {
        if pair[1].0 < pair[0].1 {
            return Err(GgufError::Overlap {
                file: file.into(),
                first: pair[0].2.into(),
                second: pair[1].2.into(),
            });
        }
    }
    Ok(tensors)
}
