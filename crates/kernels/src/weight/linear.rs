//! A linear map on a device.

use super::{BLOCK, Format};
use crate::buffer::Buffer;
use crate::device::Device;
use crate::error::{KernelError, Result};

/// A linear map `y = W x + b` on a device.
#[derive(Clone, Debug)]
pub struct Linear {
    /// How the matrix is stored.
    pub(crate) format: Format,
    /// `[rows, cols / values per word]` words of packed values.
    pub(crate) words: Buffer,
    /// `[rows, words of scales per row]` words; absent if the format has none.
    pub(crate) scales: Option<Buffer>,
    /// `[rows]` floats; absent in maps without bias.
    pub(crate) bias: Option<Buffer>,
    /// Number of outputs.
    pub rows: usize,
    /// Number of inputs as stored: a multiple of 4 for int8, of 32 for block types.
    pub cols: usize,
}

/// The planes of a matrix on a device, with its size.
pub(super) struct Planes {
    pub(super) format: Format,
    pub(super) words: Buffer,
    pub(super) scales: Option<Buffer>,
    pub(super) rows: usize,
    pub(super) cols: usize,
}

impl Planes {
    /// The linear map of the matrix.
    pub(super) fn with_bias(self, device: &Device, bias: Option<&[f32]>) -> Result<Linear> {
        let Self {
            format,
            words,
            scales,
            rows,
            cols,
        } = self;
        if let Some(bias) = bias {
            check("bias", bias.len(), rows)?;
        }
        Ok(Linear {
            format,
            words,
            scales,
            bias: bias.map(|b| device.upload_f32(b)),
            rows,
            cols,
        })
    }
}

impl Linear {
    /// How the matrix is stored.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Number of bytes of the matrix on the device, without the bias.
    pub fn weight_bytes(&self) -> usize {
        self.words.bytes() + self.scales.as_ref().map_or(0, Buffer::bytes)
    }
}

/// Fails unless an upload has the length that its sizes need.
pub(super) fn check(name: &'static str, found: usize, expected: usize) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(KernelError::Shape {
        op: "upload",
        name,
        expected,
        found,
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
