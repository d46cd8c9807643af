//! What a storage format has to say.

use std::fmt;
use std::hash::{Hash, Hasher};

use cubecl::prelude::*;

#[cfg(feature = "suite")]
use super::planes::Planes;
use super::rows::{HostRow, Rows, Vector as HostVector};
use crate::ops::lanes::{Vec4, signed_byte};

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

    /// The values of a row, in the plainest way: what everything else is compared with. A format
    /// whose [`Stored::expand`] is as plain as can be needs no other.
    fn plain(row: HostRow<'_>, out: &mut [f32]) {
        Self::expand(row, out);
    }

    /// The values of a row, over arrays that become vector instructions. Marked `inline(always)`.
    fn expand(row: HostRow<'_>, out: &mut [f32]);

    /// The dot product of a row with a vector, as quick as the CPU allows. Marked `inline(always)`.
    fn dot(row: HostRow<'_>, vector: &HostVector<'_>) -> f32;

    /// A matrix `[rows, cols]` for comparisons, see [`super::Format::sample`].
    #[cfg(feature = "suite")]
    fn sample(size: [usize; 2], seed: u32) -> crate::Result<Planes<'static>>;
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

/// A word of scales; 0 in a matrix without any.
#[cube]
pub(crate) fn scale_word(scales: &ComptimeOption<&[u32]>, index: usize) -> u32 {
    #[comptime]
    match scales {
        ComptimeOption::Some(scales) => scales[index],
        ComptimeOption::None => 0u32,
    }
}

/// `width` words of four signed bytes, times as many fours of `x` from `from` on.
#[cube]
pub(super) fn bytes_dot<N: Size>(
    words: Vector<u32, N>,
    staged: &Shared<[Vec4]>,
    from: usize,
    #[comptime] width: usize,
) -> f32 {
    let mut sum = 0.0f32;
    #[unroll]
    for j in 0..width {
        let word = words.extract(j);
        let x = staged[from + j];
        #[unroll]
        for i in 0..4usize {
            sum += f32::cast_from(signed_byte(word, comptime!(i as u32))) * x.extract(i);
        }
    }
    sum
}

/// The four signed bytes of a word, times a scale.
#[cube]
pub(super) fn bytes_quad(word: u32, scale: f32) -> Vec4 {
    let mut v = Vec4::new(0.0f32);
    #[unroll]
    for i in 0..4usize {
        v.insert(i, scale * f32::cast_from(signed_byte(word, comptime!(i as u32))));
    }
    v
}

/// How a matrix is stored. Quantised formats are never expanded on the device. The constants are in
/// the files of the formats.
#[derive(Clone, Copy)]
pub struct Format(&'static Facts);

impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for Format {}

impl Hash for Format {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.name.hash(state);
    }
}

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

impl Format {
    /// The format of a file in this folder.
    pub(super) const fn of<S: Stored>() -> Self {
        Self(const { &Facts::of::<S>() })
    }

    /// The name in lower case, for example `q4_1`.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// Number of values in one 32-bit word.
    pub(crate) fn per_word(self) -> usize {
        self.0.per_word
    }

    /// Number of words of scales per row of `cols` values.
    pub(crate) fn scale_words(self, cols: usize) -> usize {
        (self.0.scale_words)(cols)
    }

    /// Whether encoders store matrices so. Their maps have a bias, and their products may be
    /// rounded to 16 bits ([`crate::Device::with_half`]).
    pub fn is_for_encoders(self) -> bool {
        self.0.for_encoders
    }

    /// The part of the WGSL for products with one row, if there is one.
    pub(crate) fn shader(self) -> Option<&'static str> {
        self.0.shader
    }

    /// Number of bytes of a matrix on a device, scales included. `cols` is a multiple of the
    /// number that the format asks for.
    pub fn bytes(self, rows: usize, cols: usize) -> usize {
        4 * rows * (cols / self.per_word() + self.scale_words(cols))
    }

    /// Sizes `(rows, cols)` of matrices that do not fill a tile, for comparisons.
    #[cfg(feature = "suite")]
    pub(crate) fn odd_sizes(self) -> &'static [(usize, usize)] {
        self.0.odd_sizes
    }

    /// See [`Stored::plain`].
    pub(super) fn plain(self, row: HostRow<'_>, out: &mut [f32]) {
        (self.0.plain)(row, out);
    }

    /// Rows as floats, as many as `out` holds.
    pub(super) fn expand(self, rows: Rows<'_>, out: &mut [f32]) {
        (self.0.expand)(rows, out);
    }

    /// Dot products of rows with a vector, one per value of `out`.
    pub(super) fn dots(self, rows: Rows<'_>, vector: &HostVector<'_>, out: &mut [f32]) {
        (self.0.dots)(rows, vector, out);
    }

    /// The planes of [`Format::sample`].
    #[cfg(feature = "suite")]
    pub(super) fn planes(self, size: [usize; 2], seed: u32) -> crate::Result<Planes<'static>> {
        (self.0.sample)(size, seed)
    }
}

/// [`Stored`] as plain data.
struct Facts {
    name: &'static str,
    per_word: usize,
    for_encoders: bool,
    shader: Option<&'static str>,
    scale_words: fn(usize) -> usize,
    plain: fn(HostRow<'_>, &mut [f32]),
    expand: fn(Rows<'_>, &mut [f32]),
    dots: fn(Rows<'_>, &HostVector<'_>, &mut [f32]),
    #[cfg(feature = "suite")]
    odd_sizes: &'static [(usize, usize)],
    #[cfg(feature = "suite")]
    sample: fn([usize; 2], u32) -> crate::Result<Planes<'static>>,
}

impl Facts {
    const fn of<S: Stored>() -> Self {
        Self {
            name: S::NAME,
            per_word: S::PER_WORD,
            for_encoders: S::FOR_ENCODERS,
            shader: S::SHADER,
            scale_words: S::scale_words,
            plain: S::plain,
            expand: expand::<S>,
            dots: dots::<S>,
            #[cfg(feature = "suite")]
            odd_sizes: S::ODD_SIZES,
            #[cfg(feature = "suite")]
            sample: S::sample,
        }
    }
}

/// Dot products of rows, one per value of `out`.
fn dots<S: Stored>(rows: Rows<'_>, vector: &HostVector<'_>, out: &mut [f32]) {
    pulp::Arch::new().dispatch(Dots::<S> {
        rows,
        vector,
        out,
        format: core::marker::PhantomData,
    });
}

struct Dots<'a, S> {
    rows: Rows<'a>,
    vector: &'a HostVector<'a>,
    out: &'a mut [f32],
    format: core::marker::PhantomData<S>,
}

impl<S: Stored> pulp::NullaryFnOnce for Dots<'_, S> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (row, out) in self.out.iter_mut().enumerate() {
            *out = S::dot(self.rows.at(row), self.vector);
        }
    }
}

/// Rows as floats, as many as `out` holds.
fn expand<S: Stored>(rows: Rows<'_>, out: &mut [f32]) {
    pulp::Arch::new().dispatch(Expand::<S> {
        rows,
        out,
        format: core::marker::PhantomData,
    });
}

struct Expand<'a, S> {
    rows: Rows<'a>,
    out: &'a mut [f32],
    format: core::marker::PhantomData<S>,
}

impl<S: Stored> pulp::NullaryFnOnce for Expand<'_, S> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (row, out) in self.out.chunks_exact_mut(self.rows.cols).enumerate() {
            S::expand(self.rows.at(row), out);
        }
    }
}
