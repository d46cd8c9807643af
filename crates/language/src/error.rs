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
    /// The file describes a model that this decoder cannot run.
    #[error(
        "{file}: {field} {problem}; the decoder runs Llama models with Q4_1 matrices, a Q8_0 embedding, and a head \
         in either"
    )]
    Model {
        /// File name.
        file: String,
        /// Metadata key or tensor name.
        field: String,
        /// What is wrong.
        problem: String,
    },
    /// The `chat` in the manifest's row of the file cannot be used.
    #[error("the manifest's row of {file}: chat.{field} {problem}")]
    Row {
        /// File name of the language model.
        file: String,
        /// Field of `chat`.
        field: String,
        /// What is wrong and what would be right.
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
    /// The tokenizer failed on a text.
    #[error("the text could not be split into tokens: {0}")]
    Encode(String),
    /// The question holds white space only.
    #[error("the question is empty; ask something")]
    EmptyQuestion,
    /// The question does not fit beside the picture.
    #[error("the question has {tokens} tokens, at most {limit} fit beside the picture; ask a shorter one")]
    TooLong {
        /// Number of tokens of the question, with its turn markers.
        tokens: usize,
        /// Number of tokens that fit.
        limit: usize,
    },
    /// The KV cache has too little room.
    #[error("{tokens} tokens do not fit into the cache of {capacity}")]
    CacheFull {
        /// Number of tokens in all.
        tokens: usize,
        /// Number of positions in the cache.
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
