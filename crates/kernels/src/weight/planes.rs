//! A matrix in the memory of the host, as it will lie on a device.

use std::borrow::Cow;

use super::rows::BLOCK;
use crate::Shape;
use crate::error::{KernelError, Result};

/// The two planes of a matrix, by rows.
pub(crate) struct Planes<'a> {
    /// Packed values.
    pub(super) words: Cow<'a, [u32]>,
    /// Scales; none if the format has none.
    pub(super) scales: Vec<u32>,
    /// `[rows, cols]` as stored.
    pub(super) size: [usize; 2],
}

/// Fails unless so many values of a file fit a shape.
pub(super) fn check(name: &'static str, found: usize, expected: impl Into<Shape>) -> Result<()> {
    let expected = expected.into();
    if found == expected.len() {
        return Ok(());
    }
    Err(KernelError::Shape {
        op: "upload",
        name,
        expected,
        found: found.into(),
    })
}

/// Fails unless rows are whole blocks of ggml.
pub(super) fn check_blocks(name: &'static str, cols: usize) -> Result<()> {
    if cols > 0 && cols.is_multiple_of(BLOCK) {
        return Ok(());
    }
    Err(KernelError::Unsupported {
        op: "upload",
        message: format!("{name}: {cols} columns are not a multiple of {BLOCK}"),
    })
}

/// Four bytes of a file as a word.
pub(super) fn word(bytes: &[u8]) -> u32 {
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}
