//! 32-bit floats: `values[row * cols + col]`. The words of the matrix are the floats' bits.

use cubecl::prelude::*;

use super::linear::Linear;
use super::planes::{Planes, check};
use super::rows::{HostRow, LANES, Vector as HostVector};
use super::stored::{Format, Stored, StoredOnGpu};
use crate::ops::lanes::Vec4;
use crate::{Device, Result};

pub(super) struct F32;

impl Format {
    /// 32-bit floats.
    pub const F32: Self = Self::of::<F32>();
}

impl Linear {
    /// From floats of this size, `[rows, cols]`.
    ///
    /// # Errors
    /// [`KernelError::Shape`](crate::KernelError::Shape) if `values` or `bias` have another length.
    pub fn f32(device: &Device, size: [usize; 2], values: &[f32], bias: Option<&[f32]>) -> Result<Self> {
        check("f32 weight", values.len(), size)?;
        let planes = Planes {
            words: bytemuck::cast_slice(values).into(),
            scales: Vec::new(),
            size,
        };
        planes.upload(device, Format::F32, bias)
    }
}

impl Stored for F32 {
    const NAME: &'static str = "f32";
    const PER_WORD: usize = 1;
    const FOR_ENCODERS: bool = true;
    // Not a multiple of four: no 16-byte loads.
    #[cfg(feature = "suite")]
    const ODD_SIZES: &'static [(usize, usize)] = &[(1, 35), (3, 3), (5, 99), (67, 19)];

    fn scale_words(_cols: usize) -> usize {
        0
    }

    #[inline(always)]
    fn expand(row: HostRow<'_>, out: &mut [f32]) {
        out.copy_from_slice(bytemuck::cast_slice(row.words));
    }

    #[inline(always)]
    fn dot(row: HostRow<'_>, vector: &HostVector<'_>) -> f32 {
        let (a, b): (&[f32], &[f32]) = (bytemuck::cast_slice(row.words), vector.x);
        let mut sums = [0.0f32; LANES];
        let (a_tail, b_tail) = (a.chunks_exact(LANES).remainder(), b.chunks_exact(LANES).remainder());
        for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
            for j in 0..LANES {
                sums[j] += a[j] * b[j];
            }
        }
        let tail: f32 = a_tail.iter().zip(b_tail).map(|(a, b)| a * b).sum();
        sums.iter().sum::<f32>() + tail
    }

    #[cfg(feature = "suite")]
    fn sample(size: [usize; 2], seed: u32) -> Result<Planes<'static>> {
        let [rows, cols] = size;
        let values = crate::hashed::hash_vec(rows * cols, seed, 4.0 / (cols as f32).sqrt());
        Ok(Planes {
            words: bytemuck::cast_vec(values).into(),
            scales: Vec::new(),
            size,
        })
    }
}

#[cube]
impl StoredOnGpu for F32 {
    fn load_scale(row: usize, _at: usize, #[comptime] _cols: usize) -> usize {
        row
    }

    fn load_dot<N: Size>(
        words: Vector<u32, N>,
        _scale: u32,
        staged: &Shared<[Vec4]>,
        from: usize,
        _at: usize,
        #[comptime] width: usize,
    ) -> f32 {
        let mut sum = 0.0f32;
        #[unroll]
        for j in 0..width {
            sum += f32::reinterpret(words.extract(j)) * staged[from].extract(j);
        }
        sum
    }

    fn quad<N: Size>(
        words: &[Vector<u32, N>],
        _scales: &ComptimeOption<&[u32]>,
        row: usize,
        at: usize,
        cols: usize,
        #[comptime] aligned: bool,
    ) -> Vec4 {
        let mut v = Vec4::new(0.0f32);
        if comptime!(aligned) {
            if at * 4 < cols {
                let loaded = words[row * (cols / 4) + at];
                #[unroll]
                for i in 0..4usize {
                    v.insert(i, f32::reinterpret(loaded.extract(i)));
                }
            }
        } else {
            #[unroll]
            for i in 0..4usize {
                if at * 4 + i < cols {
                    v.insert(i, f32::reinterpret(words[row * cols + at * 4 + i].extract(0usize)));
                }
            }
        }
        v
    }

    fn value(words: &[u32], _scales: &ComptimeOption<&[u32]>, row: usize, col: usize, cols: usize) -> f32 {
        f32::reinterpret(words[row * cols + col])
    }
}
