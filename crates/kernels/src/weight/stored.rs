//! What a storage format has to say.

use cubecl::prelude::*;

use super::host::{self, HostRow, Rows, Vector as HostVector};
use crate::ops::lanes::Vec4;

/// Number of values in a block of ggml's block types.
pub(crate) const BLOCK: usize = 32;

/// A storage format. A matrix lies on a device as two planes of 32-bit words, by rows: packed
/// values, and scales if the format has any. The planes are the file's bytes in another order, so
/// that loads are aligned.
pub(crate) trait Stored: StoredOnGpu {
    /// The name in lower case.
    const NAME: &'static str;
    /// Number of values in one word.
    const PER_WORD: usize;
    /// Whether encoders store matrices so, see [`super::Format::is_for_encoders`].
    const FOR_ENCODERS: bool;
    /// Hand-written WGSL for products with one row: what `ops/linear/mat_vec.wgsl` imports as
    /// `matrix`. It says how many fours of `x` a load is multiplied with (`SPAN`) and adds a load
    /// (`add_load`). Block types only, whose rows are whole loads of 16 bytes.
    const SHADER: Option<&'static str> = None;
    /// Sizes `(rows, cols)` that do not fill a tile, for comparisons.
    #[cfg(feature = "suite")]
    const ODD_SIZES: &'static [(usize, usize)];

    /// Number of words of scales per row of `cols` values.
    fn scale_words(cols: usize) -> usize;

    /// The values of a row, in the plainest way: what everything else is compared with.
    fn plain(row: HostRow<'_>, out: &mut [f32]);

    /// The values of a row, over arrays that become vector instructions. Marked `inline(always)`.
    fn expand(row: HostRow<'_>, out: &mut [f32]);

    /// The dot product of a row with a vector, as quick as the CPU allows. Marked `inline(always)`.
    fn dot(row: HostRow<'_>, vector: &HostVector<'_>) -> f32;

    /// A matrix for comparisons, see [`super::Format::sample`].
    #[cfg(feature = "suite")]
    fn sample(
        device: &crate::Device,
        rows: usize,
        cols: usize,
        seed: u32,
        bias: Option<&[f32]>,
    ) -> crate::Result<super::Linear>;
}

/// The part of [`Stored`] that CubeCL compiles into kernels. It is a trait of its own because
/// `#[cube]` translates every function of a trait.
#[cube]
pub(crate) trait StoredOnGpu: 'static {
    /// Index of the word of scales for load `at` of a row. A load is the words that
    /// [`StoredOnGpu::load_dot`] takes at a time.
    fn load_scale(row: usize, at: usize, #[comptime] cols: usize) -> usize;

    /// One load, `width` words, times its part of `x`, which starts at `from` in shared memory.
    /// `at` is the number of the load in its row, `scale` the word of [`StoredOnGpu::load_scale`].
    fn load_dot<N: Size>(
        words: Vector<u32, N>,
        scale: u32,
        staged: &Shared<[Vec4]>,
        from: usize,
        at: usize,
        #[comptime] width: usize,
    ) -> f32;

    /// Four columns `4 * at ..` of a row, zeros past its end. `aligned`: rows are whole fours.
    fn quad<N: Size>(
        words: &[Vector<u32, N>],
        scales: &ComptimeOption<&[u32]>,
        row: usize,
        at: usize,
        cols: usize,
        #[comptime] aligned: bool,
    ) -> Vec4;

    /// One value of a row.
    fn value(words: &[u32], scales: &ComptimeOption<&[u32]>, row: usize, col: usize, cols: usize) -> f32;
}

/// [`Stored::sample`].
#[cfg(feature = "suite")]
type Sample = fn(&crate::Device, usize, usize, u32, Option<&[f32]>) -> crate::Result<super::Linear>;

/// [`Stored`] as plain data, which a table holds.
pub(super) struct Facts {
    pub(super) name: &'static str,
    pub(super) per_word: usize,
    pub(super) for_encoders: bool,
    pub(super) shader: Option<&'static str>,
    pub(super) scale_words: fn(usize) -> usize,
    pub(super) plain: fn(HostRow<'_>, &mut [f32]),
    pub(super) expand: fn(Rows<'_>, &mut [f32]),
    pub(super) dots: fn(Rows<'_>, &HostVector<'_>, &mut [f32]),
    #[cfg(feature = "suite")]
    pub(super) odd_sizes: &'static [(usize, usize)],
    #[cfg(feature = "suite")]
    pub(super) sample: Sample,
}

impl Facts {
    pub(super) const fn of<S: Stored>() -> Self {
        Self {
            name: S::NAME,
            per_word: S::PER_WORD,
            for_encoders: S::FOR_ENCODERS,
            shader: S::SHADER,
            scale_words: S::scale_words,
            plain: S::plain,
            expand: host::expand::<S>,
            dots: host::dots::<S>,
            #[cfg(feature = "suite")]
            odd_sizes: S::ODD_SIZES,
            #[cfg(feature = "suite")]
            sample: S::sample,
        }
    }
}
