use sightline_checkpoint::gguf::GgufError;
use sightline_checkpoint::tensors::TensorsError;
use sightline_kernels::KernelError;
use thiserror::Error;

/// Why a language model could not be loaded, or a question not answered.
#[derive(Debug, Error)]
pub enum LanguageError {
    /// The language model's file is unsound, or lacks something.
    #[error(transparent)]
    Gguf(#[from] GgufError),
    /// The adapters' file is unsound, or lacks something.
    #[error(transparent)]
    Tensors(#[from] TensorsError),
    /// The device failed.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// The file describes a model that this decoder does not run.
    #[error("{file}: {field} {problem}; the decoder runs Llama models with Q4_1 matrices and a Q8_0 embedding")]
    Model {
        /// File name.
        file: String,
        /// Metadata key or tensor name.
        field: String,
        /// What is wrong.
        problem: String,
    },
    /// The vocabulary in the file cannot be used.
    #[error("{file}: the tokenizer in the file cannot be used: {problem}")]
    Tokenizer {
        /// File name.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// Text that the tokenizer failed on.
    #[error("the text could not be split into tokens: {0}")]
    Encode(String),
    /// A question of white space only.
    #[error("the question is empty; ask something")]
    EmptyQuestion,
    /// A question that does not fit beside the picture.
    #[error("the question has {tokens} tokens, at most {limit} fit beside the picture; ask a shorter one")]
    TooLong {
        /// Tokens of the question with its turn markers.
        tokens: usize,
        /// Tokens that fit.
        limit: usize,
    },
    /// More rows than the KV cache has room for.
    #[error("{tokens} tokens do not fit into the cache of {capacity}")]
    CacheFull {
        /// Tokens in all.
        tokens: usize,
        /// Positions of the cache.
        capacity: usize,
    },
    /// A token id outside the vocabulary.
    #[error("token id {id} is outside the vocabulary of {vocabulary}")]
    UnknownToken {
        /// The id.
        id: u32,
        /// Size of the vocabulary.
        vocabulary: usize,
    },
}

/// Result of every call in this crate.
pub type Result<T, E = LanguageError> = core::result::Result<T, E>;
