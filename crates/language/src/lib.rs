//! A small Llama-family language model that runs on the quantized weights as they were published.
//!
//! [`Llama`] holds the frozen weights on a device and is shared; [`Adapters`] are one vision model's low-rank maps beside them; a
//! [`Session`] is one conversation's KV cache, scratch memory and recorded token step. [`Tokenizer`] and [`chat`] turn a question
//! into the token ids that training used, [`Session::generate`] turns them into an answer.
//!
//! One path for every device: the operations of [`sightline_kernels`] run on the CPU, WebGPU or CUDA.

mod adapters;
mod batch;
pub mod chat;
mod config;
mod error;
mod generate;
mod llama;
mod runner;
mod sample;
mod session;
mod tokenizer;

pub use adapters::Adapters;
pub use batch::{Batch, Prompt, Said};
pub use config::LlamaConfig;
pub use error::{LanguageError, Result};
pub use generate::{Finish, Generated, Options, Timings};
pub use llama::Llama;
pub use sample::Sampling;
pub use session::{CAPACITY, Session};
pub use tokenizer::{TextStream, Tokenizer};
