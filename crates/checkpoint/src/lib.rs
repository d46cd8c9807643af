//! Reads what models are made of, and trusts none of it.
//!
//! Every reader takes bytes that a stranger may have written. Lengths, offsets, overlaps and products are checked before
//! anything is allocated, and each thing that does not add up has its own error, which names the file, the field and what to do.
//! Readers work on bytes in memory and compile for the browser, as does [`mod@file`]; [`cache`] and [`fetch`] are native only.
//!
//! - [`gguf`]: the language model's container; [`ggml`]: its block-quantized number formats.
//! - [`tensors`]: safetensors with the project's int8 convention.
//! - [`manifest`]: which models exist, and what each is made of.
//! - [`bundle`]: the same in parts, as a browser downloads it; [`blob`]: bytes that need not lie in one piece of memory.
//! - [`hash`]: SHA-256 while bytes stream by.
//! - [`random`]: models of random numbers in the same layouts, for tests and benchmarks; native only.

pub mod blob;
pub mod bundle;
pub mod file;
pub mod ggml;
pub mod gguf;
pub mod hash;
pub mod manifest;
pub mod tensors;

#[cfg(not(target_arch = "wasm32"))]
pub mod cache;
#[cfg(not(target_arch = "wasm32"))]
pub mod fetch;
#[cfg(not(target_arch = "wasm32"))]
pub mod random;
