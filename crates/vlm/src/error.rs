use sightline_checkpoint::manifest::ManifestError;
use sightline_checkpoint::tensors::TensorsError;
use sightline_kernels::KernelError;
use thiserror::Error;

/// Why a model could not be loaded or a question not answered.
#[derive(Debug, Error)]
pub enum VlmError {
    /// The manifest is unsound, or has no such model.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The model file is unsound or belongs to another model.
    #[error(transparent)]
    Tensors(#[from] TensorsError),
    /// The device failed.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// The picture cannot be used.
    #[error(transparent)]
    Picture(#[from] sightline_vision::PictureError),
    /// The encoder cannot be built or run.
    #[error(transparent)]
    Encoder(#[from] sightline_vision::EncoderError),
    /// The language model, its tokenizer, or the question cannot be used.
    #[error(transparent)]
    Language(#[from] sightline_language::LanguageError),
    /// Boxes of the dense head were asked for, and there is none.
    #[error("{id} has no dense head; leave out --by dense, or take a model that has one")]
    NoDenseHead {
        /// The model's id.
        id: String,
    },
    /// The grid of tokens differs from that of the trained positions.
    #[error("the encoder gives {}x{} tokens, the connector was trained for {}x{}", found[0], found[1], trained[0], trained[1])]
    Grid {
        /// Rows and columns found.
        found: [usize; 2],
        /// Rows and columns trained.
        trained: [usize; 2],
    },
    /// The canvas that the manifest asks for cannot be made.
    #[error(transparent)]
    Transform(#[from] sightline_vision::TransformError),
    /// A file of the model is missing, cut or changed.
    #[cfg(not(target_arch = "wasm32"))]
    #[error(transparent)]
    File(#[from] sightline_checkpoint::cache::CacheError),
    /// A row of the manifest lacks something.
    #[error("model `{id}` of the manifest {problem}")]
    Row {
        /// The model's id.
        id: String,
        /// What is wrong.
        problem: String,
    },
    /// A question came before any picture.
    #[error("no picture was looked at yet")]
    NoPicture,
    /// A map was asked for that this model does not have.
    #[error("{id}: {why}")]
    NoMap {
        /// The model's id.
        id: String,
        /// Why there is none, and what there is.
        why: String,
    },
    /// A map was asked for a word that was not said.
    #[error("the word `{word}` is neither in the answer nor in the question; the answer is `{answer}`")]
    NoWord {
        /// The word.
        word: String,
        /// The answer.
        answer: String,
    },
    /// Whoever asked for the work ended it.
    #[error("the work was stopped")]
    Stopped,
    /// The class list is unsound.
    #[error("{file} is not a JSON list of class names: {message}")]
    Classes {
        /// The file.
        file: String,
        /// What is wrong.
        message: String,
    },
}

impl VlmError {
    /// Whether the device failed while it ran. It may be lost then, and nothing works on it any
    /// more.
    pub fn is_device(&self) -> bool {
        use sightline_kernels::KernelError as K;
        use sightline_language::LanguageError as L;
        use sightline_vision::EncoderError as E;
        matches!(
            self,
            Self::Kernel(K::Device { .. })
                | Self::Language(L::Kernel(K::Device { .. }))
                | Self::Encoder(E::Kernel(K::Device { .. }))
        )
    }

    /// Whether the question is at fault, not the model or the device.
    pub fn is_question(&self) -> bool {
        use sightline_language::LanguageError as L;
        matches!(
            self,
            Self::Language(L::EmptyQuestion | L::TooLong { .. } | L::Encode(_) | L::CacheFull { .. })
        )
    }
}

/// Result of every call in this crate.
pub type Result<T, E = VlmError> = core::result::Result<T, E>;
