//! Matrices as they lie on a device.
//!
//! A storage format is one file here and one row in the table below. The file implements
//! [`Stored`]: how the bytes of a model file become two planes of words, and how the CPU, CubeCL
//! and WGSL read those planes. Nothing else names a format to decide something.

mod f32;
mod host;
mod int8;
mod linear;
mod q4_1;
mod q8_0;
mod stored;

use core::primitive::f32 as Single;

use cubecl::prelude::*;

pub(crate) use self::host::{Host, Vector as HostVector};
pub use self::linear::Linear;
use self::stored::Facts;
pub(crate) use self::stored::{BLOCK, Stored, StoredOnGpu};
use crate::ops::lanes::Vec4;

/// Makes [`Format`] from the rows of the table, and the functions that pass a kernel's call on to
/// the format's file. A kernel is compiled for one format, so only one arm of each is left in it.
macro_rules! formats {
    ($($(#[$about:meta])* $name:ident = $file:ident;)*) => {
        /// How a matrix is stored. Quantised formats are never expanded on the device.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Format {
            $($(#[$about])* $name),*
        }

        impl Format {
            /// Every format.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            fn facts(self) -> &'static Facts {
                const TABLE: &[Facts] = &[$(Facts::of::<$file::$name>()),*];
                &TABLE[self as usize]
            }
        }

        /// See [`StoredOnGpu::load_scale`].
        #[cube]
        pub(crate) fn load_scale(
            row: usize,
            at: usize,
            #[comptime] cols: usize,
            #[comptime] format: Format,
        ) -> usize {
            #[comptime]
            match format {
                $(Format::$name => $file::$name::load_scale(row, at, cols)),*
            }
        }

        /// See [`StoredOnGpu::load_dot`].
        #[cube]
        pub(crate) fn load_dot<N: Size>(
            words: Vector<u32, N>,
            scale: u32,
            staged: &Shared<[Vec4]>,
            from: usize,
            at: usize,
            #[comptime] width: usize,
            #[comptime] format: Format,
        ) -> Single {
            #[comptime]
            match format {
                $(Format::$name => $file::$name::load_dot::<N>(words, scale, staged, from, at, width)),*
            }
        }

        /// See [`StoredOnGpu::quad`].
        #[cube]
        pub(crate) fn quad<N: Size>(
            words: &[Vector<u32, N>],
            scales: &ComptimeOption<&[u32]>,
            row: usize,
            at: usize,
            cols: usize,
            #[comptime] aligned: bool,
            #[comptime] format: Format,
        ) -> Vec4 {
            #[comptime]
            match format {
                $(Format::$name => $file::$name::quad::<N>(words, scales, row, at, cols, aligned)),*
            }
        }

        /// See [`StoredOnGpu::value`].
        #[cube]
        pub(crate) fn value(
            words: &[u32],
            scales: &ComptimeOption<&[u32]>,
            row: usize,
            col: usize,
            cols: usize,
            #[comptime] format: Format,
        ) -> Single {
            #[comptime]
            match format {
                $(Format::$name => $file::$name::value(words, scales, row, col, cols)),*
            }
        }
    };
}

formats! {
    /// 32-bit floats.
    F32 = f32;
    /// Signed bytes and one scale per row: the encoders, the connector and the adapters.
    Int8 = int8;
    /// ggml's Q4_1, `d * q + m` in blocks of 32 values.
    Q4_1 = q4_1;
    /// ggml's Q8_0, `d * q` in blocks of 32 values.
    Q8_0 = q8_0;
}

impl Format {
    /// The name in lower case, for example `q4_1`.
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// Number of values in one 32-bit word.
    pub(crate) fn per_word(self) -> usize {
        self.facts().per_word
    }

    /// Number of words of scales per row of `cols` values.
    pub(crate) fn scale_words(self, cols: usize) -> usize {
        (self.facts().scale_words)(cols)
    }

    /// Whether encoders store matrices so. Their maps have a bias, and their products may be
    /// rounded to 16 bits ([`crate::Device::with_half`]).
    pub fn is_for_encoders(self) -> bool {
        self.facts().for_encoders
    }

    /// The part of the WGSL for products with one row, if there is one.
    pub(crate) fn shader(self) -> Option<&'static str> {
        self.facts().shader
    }

    /// Number of bytes of a matrix on a device, scales included. `cols` is a multiple of the
    /// number that the format asks for.
    pub fn bytes(self, rows: usize, cols: usize) -> usize {
        4 * rows * (cols / self.per_word() + self.scale_words(cols))
    }

    /// Sizes `(rows, cols)` of matrices that do not fill a tile, for comparisons.
    #[cfg(feature = "suite")]
    pub(crate) fn odd_sizes(self) -> &'static [(usize, usize)] {
        self.facts().odd_sizes
    }

    /// A deterministic matrix, the same on each device. Its product with values in (-1, 1) stays
    /// near 1. Formats of language models take no bias.
    ///
    /// # Errors
    /// [`crate::KernelError`] if the format cannot have `cols` columns.
    #[cfg(feature = "suite")]
    pub fn sample(
        self,
        device: &crate::Device,
        rows: usize,
        cols: usize,
        seed: u32,
        bias: bool,
    ) -> crate::Result<Linear> {
        let bias = bias.then(|| crate::suite::hash_vec(rows, seed + 1, 2.0));
        (self.facts().sample)(device, rows, cols, seed, bias.as_deref())
    }
}

/// A word of scales; 0 in a matrix without any.
#[cube]
pub(crate) fn scale_word(scales: &ComptimeOption<&[u32]>, index: usize) -> u32 {
    #[comptime]
    match scales {
        ComptimeOption::Some(scales) => scales[index],
        ComptimeOption::None => 0u32,
    }
}
