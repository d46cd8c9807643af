//! A small Llama-family language model that runs on the quantized weights as they were published.
//!
//! [`Llama`] holds the frozen weights on a device, and models share it. [`Adapters`] are the
//! low-rank maps of one model beside them. A [`Session`] is one conversation: KV cache, scratch
//! memory and the recorded step of one token. [`Chat`] turns a question into the token ids
//! that training used, as the model's row of the manifest and its file say. [`Session::generate`]
//! turns them into an answer.
//!
//! There is one path for every device: the operations of [`sightline_kernels`] run on the CPU,
//! WebGPU or CUDA.
//!
//! ```no_run
//! use std::ops::ControlFlow;
//! use std::sync::Arc;
//!
//! use sightline_checkpoint::gguf::Gguf;
//! use sightline_kernels::{Buffer, Device};
//! use sightline_checkpoint::manifest::LanguageModel;
//! use sightline_language::{Chat, LanguageError, Llama, Options, Session};
//!
//! # type Result<T> = std::result::Result<T, LanguageError>;
//! # async fn answer(
//! #     device: Device, row: &LanguageModel, bytes: &[u8], visual: Buffer, count: usize,
//! # ) -> Result<()> {
//! let gguf = Gguf::parse(&row.file, bytes)?;
//! let chat = Chat::new(&row.chat, &gguf)?;
//! let llama = Arc::new(Llama::load(&device, &gguf)?);
//! let mut session = Session::new(llama, None, chat.layout()).await?;
//!
//! // `visual` holds the visual tokens, `[count, width]`, on the same device.
//! session.prefill_prefix(&visual, count)?;
//! let prompt = chat.question("What is a teapot?", session.prefix_len())?;
//! let made = session
//!     .generate(chat.tokenizer(), &prompt, &Options::default(), async |text: &str| {
//!         print!("{text}");
//!         ControlFlow::Continue(())
//!     })
//!     .await?;
//! assert!(!made.ids.is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! A token may end inside a character. [`TextStream`] gives whole characters only:
//!
//! ```
//! let mut stream = sightline_language::TextStream::default();
//! let bytes = "é".as_bytes();
//! assert_eq!(stream.push(&bytes[..1]), "");
//! assert_eq!(stream.push(&bytes[1..]), "é");
//! ```

mod adapters;
mod batch;
mod cache;
mod chat;
mod config;
mod error;
mod generate;
mod llama;
mod runner;
mod sample;
mod session;
pub mod template;
mod tokenizer;

pub use adapters::Adapters;
pub use batch::{Batch, Prompt, Said};
pub use chat::{ANSWER_ROOM, Chat, ChatLayout};
pub use config::LlamaConfig;
pub use error::{LanguageError, Result};
pub use generate::{Finish, Generated, Options, Timings};
pub use llama::Llama;
pub use sample::Sampling;
pub use session::Session;
pub use template::{Role, Turn};
pub use tokenizer::{TextStream, Tokenizer};
