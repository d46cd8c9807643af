//! Readers of the files that models consist of. They trust no input.
//!
//! Every reader takes bytes that a stranger may have written. It checks lengths, offsets, overlaps
//! and products before it allocates anything. Each fault has its own error, which names the file,
//! the field and the remedy. Readers work on bytes in memory and compile for the browser, as
//! does [`mod@file`]. [`cache`] and [`fetch`] are native only.
//!
//! - [`gguf`]: the language model's container; [`ggml`]: its block-quantized number formats.
//! - [`tensors`]: safetensors with the project's int8 convention.
//! - [`manifest`]: the models, and the parts of each; [`names`]: what they know, for people.
//! - [`bundle`]: the same in parts, as a browser downloads it; [`blob`]: bytes in several pieces of
//!   memory.
//! - [`hash`]: SHA-256 of bytes that arrive in pieces.
//! - [`json`]: texts as Python writes them.
//! - [`random`]: models of random numbers in the same layouts, for tests and benchmarks; native
//!   only.
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use sightline_checkpoint::tensors::{Tensor, TensorData, Tensors, serialize};
//!
//! # fn main() -> Result<(), sightline_checkpoint::tensors::TensorsError> {
//! // Two rows of int8, each with a scale of its own.
//! let data = TensorData::I8 { q: vec![1, 2, 3, 4], scale: vec![0.5, 2.0] };
//! let tensors = BTreeMap::from([("w".to_owned(), Tensor { shape: vec![2, 2], data })]);
//! let bytes = serialize("model.safetensors", &tensors)?;
//!
//! let read = Tensors::parse("model.safetensors", &bytes)?;
//! assert_eq!(read.f32("w", &[2, 2])?, [0.5, 1.0, 6.0, 8.0]);
//!
//! // A file that was cut off is refused, and the error names it.
//! let error = Tensors::parse("model.safetensors", &bytes[..bytes.len() - 1]).err().unwrap();
//! assert!(error.to_string().contains("model.safetensors"));
//! # Ok(())
//! # }
//! ```

pub mod blob;
pub mod bundle;
pub mod file;
pub mod ggml;
pub mod gguf;
pub mod hash;
pub mod json;
pub mod manifest;
pub mod names;
pub mod tensors;

#[cfg(not(target_arch = "wasm32"))]
pub mod cache;
#[cfg(not(target_arch = "wasm32"))]
pub mod fetch;
pub mod random;
