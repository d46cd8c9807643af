use half::f16;

use crate::buffer::Buffer;
use crate::device::Device;
use crate::error::{KernelError, Result};

/// Number of values in a Q4_1 or Q8_0 block (ggml).
pub(crate) const BLOCK: usize = 32;
/// Number of bytes in a Q4_1 block: `f16 d, f16 m, u8[16]`.
const Q4_1_BYTES: usize = 20;
/// Number of bytes in a Q8_0 block: `f16 d, i8[32]`.
const Q8_0_BYTES: usize = 34;

/// A matrix `[rows, cols]` as it lies on a device. Quantized formats are never expanded there.
#[derive(Clone, Debug)]
pub enum Weight {
    /// `values[row * cols + col]`.
    F32 {
        /// `[rows, cols]` floats.
        values: Buffer,
    },
    /// `q * scale[row]`, symmetric, one scale per output row.
    Int8 {
        /// `[rows, cols / 4]` words, four signed bytes each, lowest byte first. `cols` is padded to
        /// a multiple of 4 with zeros.
        words: Buffer,
        /// `[rows]` floats.
        scale: Buffer,
    },
    /// ggml's Q4_1, `d * q + m` in blocks of 32: the file's bytes, nibbles and scales in two
    /// planes. Nibble order as in the file: byte `j` of a block holds value `j` (low) and `j + 16`
    /// (high).
    Q41 {
        /// `[rows, cols / 32 * 4]` words.
        words: Buffer,
        /// `[rows, cols / 32]` words: `d` in the low half, `m` in the high half (f16).
        scales: Buffer,
    },
    /// ggml's Q8_0, `d * q` in blocks of 32: the file's bytes in two planes.
    Q80 {
        /// `[rows, cols / 4]` words, four signed bytes each, lowest byte first.
        words: Buffer,
        /// `[rows, ceil(cols / 64)]` words: two f16 `d` each, lower block first.
        scales: Buffer,
    },
}

/// A linear map `y = W x + b` on a device.
#[derive(Clone, Debug)]
pub struct Linear {
    /// The matrix.
    pub weight: Weight,
    /// `[rows]` floats; absent in maps without bias.
    pub bias: Option<Buffer>,
    /// Number of outputs.
    pub rows: usize,
    /// Number of inputs as stored: a multiple of 4 for int8, of 32 for block types.
    pub cols: usize,
}

impl Linear {
    /// From `[rows, cols]` floats.
    ///
    /// # Errors
    /// [`KernelError::Shape`] if `values` or `bias` have another length.
    pub fn f32(device: &Device, values: &[f32], rows: usize, cols: usize, bias: Option<&[f32]>) -> Result<Self> {
        check("f32 weight", values.len(), rows * cols)?;
        let weight = Weight::F32 {
            values: device.upload_f32(values),
        };
        Self::new(device, weight, rows, cols, bias)
    }

    /// From `[rows, cols]` signed bytes and one scale per row. Columns are padded with zeros to a
    /// multiple of 4.
    ///
    /// # Errors
    /// [`KernelError::Shape`] if `q`, `scale` or `bias` have another length.
    pub fn int8(
        device: &Device,
        q: &[i8],
        scale: &[f32],
        rows: usize,
        cols: usize,
        bias: Option<&[f32]>,
    ) -> Result<Self> {
        check("int8 weight", q.len(), rows * cols)?;
        check("int8 scale", scale.len(), rows)?;
        let padded = cols.next_multiple_of(4);
        let mut words = Vec::with_capacity(rows * padded / 4);
        for row in q.chunks_exact(cols.max(1)) {
            words.extend(row.chunks(4).map(pack_bytes));
        }
        let weight = Weight::Int8 {
            words: device.upload_u32(&words),
            scale: device.upload_f32(scale),
        };
        Self::new(device, weight, rows, padded, bias)
    }

    /// From the bytes of one or more GGUF Q4_1 tensors of equal width, stacked by rows.
    ///
    /// # Errors
    /// [`KernelError`] if the bytes have another length, or if `cols` is not a multiple of 32.
    pub fn q4_1(device: &Device, tensors: &[&[u8]], rows: usize, cols: usize) -> Result<Self> {
        let bytes: usize = tensors.iter().map(|t| t.len()).sum();
        check_blocks("Q4_1 weight", cols)?;
        check("Q4_1 weight", bytes, rows * cols / BLOCK * Q4_1_BYTES)?;
        let blocks = rows * cols / BLOCK;
        let (mut words, mut scales) = (Vec::with_capacity(blocks * 4), Vec::with_capacity(blocks));
        for block in tensors.iter().flat_map(|t| t.chunks_exact(Q4_1_BYTES)) {
            scales.push(word(&block[..4]));
            words.extend(block[4..].chunks_exact(4).map(word));
        }
        let weight = Weight::Q41 {
            words: device.upload_u32(&words),
            scales: device.upload_u32(&scales),
        };
        Self::new(device, weight, rows, cols, None)
    }

    /// From the bytes of a GGUF Q8_0 tensor.
    ///
    /// # Errors
    /// [`KernelError`] if the bytes have another length, or if `cols` is not a multiple of 32.
    pub fn q8_0(device: &Device, bytes: &[u8], rows: usize, cols: usize) -> Result<Self> {
        check_blocks("Q8_0 weight", cols)?;
        check("Q8_0 weight", bytes.len(), rows * cols / BLOCK * Q8_0_BYTES)?;
        let per_row = cols / BLOCK;
        let mut words = Vec::with_capacity(rows * cols / 4);
        let mut scales = Vec::with_capacity(rows * per_row.div_ceil(2));
        for row in bytes.chunks_exact(per_row * Q8_0_BYTES) {
            for pair in row.chunks(2 * Q8_0_BYTES) {
                let high = pair.get(Q8_0_BYTES..Q8_0_BYTES + 2).unwrap_or(&[0, 0]);
                scales.push(u32::from_le_bytes([pair[0], pair[1], high[0], high[1]]));
            }
            for block in row.chunks_exact(Q8_0_BYTES) {
                words.extend(block[2..].chunks_exact(4).map(word));
            }
        }
        let weight = Weight::Q80 {
            words: device.upload_u32(&words),
            scales: device.upload_u32(&scales),
        };
        Self::new(device, weight, rows, cols, None)
    }

    fn new(device: &Device, weight: Weight, rows: usize, cols: usize, bias: Option<&[f32]>) -> Result<Self> {
        if let Some(bias) = bias {
            check("bias", bias.len(), rows)?;
        }
        Ok(Self {
            weight,
            bias: bias.map(|b| device.upload_f32(b)),
            rows,
            cols,
        })
    }

    /// Number of bytes of the matrix on the device.
    pub fn weight_bytes(&self) -> usize {
        match &self.weight {
            Weight::F32 { values } => values.bytes(),
            Weight::Int8 { words, scale } => words.bytes() + scale.bytes(),
            Weight::Q41 { words, scales } | Weight::Q80 { words, scales } => words.bytes() + scales.bytes(),
        }
    }

    /// Row `row` of the matrix as floats. Only on the CPU.
    pub(crate) fn cpu_row(&self, row: usize, out: &mut [f32]) -> Result<()> {
        let op = "linear";
        let cols = self.cols;
        match &self.weight {
            Weight::F32 { values } => out.copy_from_slice(&values.cpu_read(op)?.f32()[row * cols..][..cols]),
            Weight::Int8 { words, scale } => {
                let scale = scale.cpu_read(op)?.f32()[row];
                let words = words.cpu_read(op)?;
                unpack_bytes(&words.u32()[row * cols / 4..][..cols / 4], out);
                out.iter_mut().for_each(|v| *v *= scale);
            }
            Weight::Q41 { words, scales } => {
                let (words, scales) = (words.cpu_read(op)?, scales.cpu_read(op)?);
                let blocks = cols / BLOCK;
                let words = &words.u32()[row * blocks * 4..][..blocks * 4];
                q41_row(words, &scales.u32()[row * blocks..][..blocks], out);
            }
            Weight::Q80 { words, scales } => {
                let (words, scales) = (words.cpu_read(op)?, scales.cpu_read(op)?);
                let per_row = (cols / BLOCK).div_ceil(2);
                unpack_bytes(&words.u32()[row * cols / 4..][..cols / 4], out);
                let scales = &scales.u32()[row * per_row..][..per_row];
                for (block, values) in out.chunks_exact_mut(BLOCK).enumerate() {
                    let d = half_of(scales[block / 2], block % 2);
                    values.iter_mut().for_each(|v| *v *= d);
                }
            }
        }
        Ok(())
    }
}

/// `d * q + m` for one row of Q4_1 blocks.
pub(crate) fn q41_row(words: &[u32], scales: &[u32], out: &mut [f32]) {
    for ((block, words), &scale) in out.chunks_exact_mut(BLOCK).zip(words.chunks_exact(4)).zip(scales) {
        let (d, m) = (half_of(scale, 0), half_of(scale, 1));
        for (j, word) in words.iter().enumerate() {
            for (i, byte) in word.to_le_bytes().into_iter().enumerate() {
                block[j * 4 + i] = d * f32::from(byte & 15) + m;
                block[16 + j * 4 + i] = d * f32::from(byte >> 4) + m;
            }
        }
    }
}

/// The low (0) or high (1) half of a word, read as f16.
pub(crate) fn half_of(word: u32, which: usize) -> f32 {
    f16::from_bits((word >> (16 * which)) as u16).to_f32()
}

/// Four signed bytes of every word as floats.
pub(crate) fn unpack_bytes(words: &[u32], out: &mut [f32]) {
    for (word, values) in words.iter().zip(out.chunks_exact_mut(4)) {
        for (byte, value) in word.to_le_bytes().into_iter().zip(values) {
            *value = f32::from(byte as i8);
        }
    }
}

fn pack_bytes(bytes: &[i8]) -> u32 {
    let mut packed = [0u8; 4];
    for (to, from) in packed.iter_mut().zip(bytes) {
        *to = *from as u8;
    }
    u32::from_le_bytes(packed)
}

fn word(bytes: &[u8]) -> u32 {
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

fn check(name: &'static str, found: usize, expected: usize) -> Result<()> {
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

fn check_blocks(name: &'static str, cols: usize) -> Result<()> {
    if cols > 0 && cols.is_multiple_of(BLOCK) {
        return Ok(());
    }
    Err(KernelError::Unsupported {
        op: "upload",
        message: format!("{name}: {cols} columns are not a multiple of {BLOCK}"),
    })
}
