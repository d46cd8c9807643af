//! A linear map on a device.

use super::planes::{Planes, check};
use super::stored::Format;
use crate::buffer::Buffer;
use crate::device::Device;
use crate::error::Result;

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

impl Planes<'_> {
    /// The linear map of the matrix, on a device.
    pub(super) fn upload(self, device: &Device, format: Format, bias: Option<&[f32]>) -> Result<Linear> {
        let [rows, cols] = self.size;
        if let Some(bias) = bias {
            check("bias", bias.len(), rows)?;
        }
        let words = device.upload_u32(&self.words);
        let scales = match format.scale_words(cols) {
            0 => None,
            per_row => Some(device.upload_u32(&self.scales).reshape([rows, per_row])?),
        };
        Ok(Linear {
            format,
            words: words.reshape([rows, cols / format.per_word()])?,
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

#[cfg(feature = "suite")]
impl Format {
    /// A deterministic matrix of this size, `[rows, cols]`, the same on each device. Its product
    /// with values in (-1, 1) stays near 1. Formats of language models take no bias.
    ///
    /// # Errors
    /// [`crate::KernelError`] if the format cannot have so many columns.
    pub fn sample(self, device: &Device, size: [usize; 2], seed: u32, bias: bool) -> Result<Linear> {
        let bias = (bias && self.is_for_encoders()).then(|| crate::hashed::hash_vec(size[0], seed + 1, 2.0));
        self.planes(size, seed)?.upload(device, self, bias.as_deref())
    }
}
