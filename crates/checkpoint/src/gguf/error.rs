//! What can be wrong with a file.

use thiserror::Error;

/// The reason why a file is not a GGUF model that this project can read. `file` is the name given
/// to [`Gguf::parse`](super::Gguf::parse).
#[derive(Debug, Error, PartialEq)]
pub enum GgufError {
    /// The first four bytes are not `GGUF`.
    #[error("{file} is not a GGUF file: it does not start with `GGUF`; give the path of a .gguf model")]
    Magic {
        /// File name.
        file: String,
    },
    /// A version other than 3, or a big-endian file.
    #[error("{file}: GGUF version {found} is not supported, only version 3 (little endian)")]
    Version {
        /// File name.
        file: String,
        /// Version in the file.
        found: u32,
    },
    /// The file ends inside something.
    #[error("{file} is truncated: it ends at byte {size} inside {field}; fetch it again")]
    Truncated {
        /// File name.
        file: String,
        /// What was being read.
        field: String,
        /// Length of the file, bytes.
        size: usize,
    },
    /// A count or a product of counts that the file is too small for.
    #[error("{file} is corrupt: {field} claims {found}, more than a file of {size} bytes can hold; fetch it again")]
    Count {
        /// File name.
        file: String,
        /// What is counted.
        field: String,
        /// The number claimed.
        found: u64,
        /// Length of the file, bytes.
        size: usize,
    },
    /// A name or string that is not UTF-8.
    #[error("{file} is corrupt: {field} is not valid UTF-8; fetch it again")]
    Utf8 {
        /// File name.
        file: String,
        /// Which string.
        field: String,
    },
    /// A metadata value of a type that GGUF 3 does not have, or an array of arrays.
    #[error("{file}: metadata `{key}` has value type {found}, which this reader does not know")]
    ValueType {
        /// File name.
        file: String,
        /// Metadata key.
        key: String,
        /// Type number in the file.
        found: u32,
    },
    /// The same metadata key or tensor name twice.
    #[error("{file} is corrupt: {field} appears twice")]
    Duplicate {
        /// File name.
        file: String,
        /// Which key or tensor.
        field: String,
    },
    /// `general.alignment` is not a power of two in 8..=65536.
    #[error("{file} is corrupt: general.alignment is {found}, not a power of two from 8 to 65536")]
    Alignment {
        /// File name.
        file: String,
        /// The number in the file.
        found: u64,
    },
    /// A tensor stored in a format other than F32, F16, Q4_1, Q8_0.
    #[error("{file}: tensor `{tensor}` has ggml type {found}; supported are F32, F16, Q4_1 and Q8_0")]
    TensorType {
        /// File name.
        file: String,
        /// Tensor name.
        tensor: String,
        /// Type number in the file.
        found: u32,
    },
    /// No dimensions, more than four, a zero, or rows that are no whole number of blocks.
    #[error("{file} is corrupt: tensor `{tensor}` has an impossible shape {dims:?}")]
    Shape {
        /// File name.
        file: String,
        /// Tensor name.
        tensor: String,
        /// Dimensions in the file's order.
        dims: Vec<u64>,
    },
    /// A tensor that does not start on the alignment.
    #[error("{file} is corrupt: tensor `{tensor}` starts at offset {offset}, not a multiple of {alignment}")]
    Misaligned {
        /// File name.
        file: String,
        /// Tensor name.
        tensor: String,
        /// Offset in the data section, bytes.
        offset: u64,
        /// Required alignment, bytes.
        alignment: u64,
    },
    /// A tensor that ends after the file.
    #[error("{file} is truncated: tensor `{tensor}` ends {missing} bytes after the file; fetch it again")]
    OutOfFile {
        /// File name.
        file: String,
        /// Tensor name.
        tensor: String,
        /// Bytes missing.
        missing: u64,
    },
    /// Two tensors that share bytes.
    #[error("{file} is corrupt: tensors `{first}` and `{second}` overlap")]
    Overlap {
        /// File name.
        file: String,
        /// The tensor that starts first.
        first: String,
        /// The tensor that starts inside it.
        second: String,
    },
    /// The bytes of a tensor could not be fetched.
    #[error("{file}: cannot read tensor `{tensor}`: {message}")]
    Read {
        /// File name.
        file: String,
        /// Tensor name.
        tensor: String,
        /// What went wrong.
        message: String,
    },
    /// A value that is infinite or not a number.
    #[error("{file}: tensor `{tensor}` holds a value that is not finite; fetch the file again")]
    NotFinite {
        /// File name.
        file: String,
        /// Tensor name.
        tensor: String,
    },
    /// A tensor that the model needs is not in the file.
    #[error("{file} has no tensor `{tensor}`; it is another model than expected")]
    NoTensor {
        /// File name.
        file: String,
        /// Tensor name.
        tensor: String,
    },
    /// A metadata entry that the model needs is absent or has another type.
    #[error("{file} has no metadata `{key}` of type {wanted}; it is another model than expected")]
    NoValue {
        /// File name.
        file: String,
        /// Metadata key.
        key: String,
        /// Type wanted.
        wanted: &'static str,
    },
}
