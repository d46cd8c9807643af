//! Where questions and pictures come from: layouts of files that several benchmarks share.
//!
//! Nothing is downloaded: `--data` names a folder, and every task says which files it wants there.

pub(crate) mod coco256;
pub mod data;
pub mod error;
pub(crate) mod frozen;
pub(crate) mod hub;
pub mod image;
pub(crate) mod item;
pub mod lists;
pub mod mosaic;
pub(crate) mod official;
pub(crate) mod packed;
pub mod parquet;
pub(crate) mod photographs;
pub mod pickle;
pub mod prompts;
mod unpacking;
