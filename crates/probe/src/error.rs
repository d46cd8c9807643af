use sightline_checkpoint::tensors::TensorsError;
use sightline_eval::answers::fields::InputError;
use sightline_kernels::KernelError;
use sightline_vision::{EncoderError, TransformError};
use thiserror::Error;

/// Why a probe cannot be made.
#[derive(Debug, Error)]
pub enum ProbeError {
    /// Pictures or classes that cannot be used.
    #[error("{place}: {problem}")]
    Data {
        /// The folder or file.
        place: String,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// A Parquet file, or a task, that cannot be used.
    #[error(transparent)]
    Input(#[from] InputError),
    /// Features of other numbers than were said.
    #[error("{values} values do not make {rows} rows of width {width} with classes below {classes}")]
    Shape {
        /// Number of values.
        values: usize,
        /// Number of rows.
        rows: usize,
        /// Values per row.
        width: usize,
        /// Number of classes.
        classes: usize,
    },
    /// A row of the manifest that cannot be used.
    #[error("model `{id}` of the manifest {problem}")]
    Row {
        /// The model's id.
        id: String,
        /// What is wrong.
        problem: String,
    },
    /// The cache of features cannot be read or written.
    #[error("the cache of features {path} cannot be used ({source}); name another folder with --cache DIR")]
    Cache {
        /// The file or folder.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// Burn could not read a tensor back from the device.
    #[error("training failed on the device ({0}); --device cpu trains on the host")]
    Training(String),
    /// The model's transform cannot work.
    #[error(transparent)]
    Transform(#[from] TransformError),
    /// The encoder cannot be loaded or run.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// The device failed.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// The model's file is unsound.
    #[error(transparent)]
    Tensors(#[from] TensorsError),
}

/// A result of this crate.
pub type Result<T> = std::result::Result<T, ProbeError>;

impl ProbeError {
    pub(crate) fn data(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Data {
            place: place.into(),
            problem: problem.into(),
        }
    }

    /// Whether the fault lies in what the user gave, and not in the program or the machine.
    pub fn is_input(&self) -> bool {
        matches!(self, Self::Data { .. } | Self::Input(_))
    }
}
