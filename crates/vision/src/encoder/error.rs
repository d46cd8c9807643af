use sightline_checkpoint::tensors::TensorsError;
use sightline_kernels::KernelError;
use thiserror::Error;

/// Why an encoder cannot be loaded or run.
#[derive(Debug, Error)]
pub enum EncoderError {
    /// A tensor that the configuration needs is not in the file.
    #[error("tensor `{key}` is missing from the weights; the file belongs to another encoder than the manifest says")]
    Missing {
        /// The key.
        key: String,
    },
    /// A tensor of another shape than the configuration needs.
    #[error(
        "tensor `{key}` has shape {found:?}, the manifest's encoder needs {wanted:?}; use the file that belongs to it"
    )]
    Shape {
        /// The key.
        key: String,
        /// Shape needed.
        wanted: Vec<usize>,
        /// Shape in the file.
        found: Vec<usize>,
    },
    /// A field of the manifest's `encoder` that cannot work.
    #[error("{} of the manifest: {message}", path(field))]
    Config {
        /// Path of the field inside `encoder`, for example `tap.block`; empty for the whole row.
        field: String,
        /// What is wrong and what would be right.
        message: String,
    },
    /// A picture size, or a number of pictures, that this encoder cannot take.
    #[error("{batch} picture(s) of {height} x {width} px: {message}")]
    Size {
        /// Number of pictures.
        batch: usize,
        /// Height in px.
        height: usize,
        /// Width in px.
        width: usize,
        /// What would be right.
        message: String,
    },
    /// Pictures of another length than the session was prepared for.
    #[error("the encoder was prepared for {expected} values (pictures x height x width x 3), {found} were given")]
    Length {
        /// Number of values the session takes.
        expected: usize,
        /// Number of values given.
        found: usize,
    },
    /// The weights could not be read.
    #[error(transparent)]
    Tensors(#[from] TensorsError),
    /// A kernel or the device failed.
    #[error(transparent)]
    Kernel(#[from] KernelError),
}

impl EncoderError {
    pub(crate) fn config(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Config {
            field: field.into(),
            message: message.into(),
        }
    }
}

/// Path of a field of the `encoder` row, from the model's row.
pub(crate) fn path(field: &str) -> String {
    match field {
        "" => "encoder".to_owned(),
        field => format!("encoder.{field}"),
    }
}
