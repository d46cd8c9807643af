//! How one linear map is cut into cubes: the compile-time constants of its kernel.

use super::{Apply, Epilogue, Input};
use crate::device::{Backend, GpuInfo};
use crate::{Format, Linear};

/// What happens to a row of `x` on its way into shared memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Prologue {
    Plain,
    RmsNorm,
    SwiGlu,
}

impl Prologue {
    pub(super) fn of(input: Input<'_>) -> Self {
        match input {
            Input::Plain => Self::Plain,
            Input::RmsNorm { .. } => Self::RmsNorm,
            Input::SwiGlu => Self::SwiGlu,
        }
    }
}

/// Compile-time sizes of [`super::mat_vec`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct MatVec {
    /// How the matrix is stored.
    pub format: Format,
    pub prologue: Prologue,
    pub epilogue: Epilogue,
    /// Rank of the adapter, 0 without one.
    pub rank: usize,
    /// Length of a row of `x`, in groups of four values.
    pub quads: usize,
    /// Number of words that a lane loads at a time: 4, or 1 if a row is not a multiple of 16 bytes.
    pub width: usize,
    /// Number of loads per row of the matrix.
    pub loads: usize,
    /// Number of groups of four values of `x` that one load is multiplied with.
    pub span: usize,
    /// `span` made odd, so that neighbouring lanes read different banks of shared memory.
    pub stride: usize,
    /// Number of loads staged at a time.
    pub stage: usize,
    /// Number of units in a cube.
    pub threads: usize,
    /// Number of units that share an output.
    pub lanes: usize,
    /// Number of outputs per group of lanes.
    pub repeat: usize,
    /// Whether lanes add up by plane shuffles instead of through shared memory.
    pub plane: bool,
    /// Whether a lane requests its part of the matrix before anything else.
    pub prefetch: bool,
}

/// Largest number of matrix words that a lane holds in registers.
const HELD_WORDS: usize = 32;
/// Number of groups of four values of `x` in shared memory: 8 KiB beside the partial sums.
const STAGED_QUADS: usize = 512;

impl MatVec {
    /// A plan for a matrix whose columns are a multiple of four.
    pub(super) fn new(call: &Apply<'_>, info: &GpuInfo) -> Self {
        let w = call.map;
        let words = w.cols / w.format.per_word();
        let width = if words.is_multiple_of(4) { 4 } else { 1 };
        let (loads, span) = (words / width, width * w.format.per_word() / 4);
        let stride = span | 1;
        let (threads, lanes, repeat) = Self::shape(w, loads, info);
        let stage = loads.min(STAGED_QUADS / stride);
        let held = loads.div_ceil(lanes) * repeat * width;
        Self {
            format: w.format,
            prologue: Prologue::of(call.input),
            epilogue: call.epilogue,
            rank: call.low_rank.map_or(0, |low| low.rank),
            quads: w.cols / 4,
            width,
            loads,
            span,
            stride,
            stage,
            threads,
            lanes,
            repeat,
            plane: false,
            prefetch: stage == loads && held <= HELD_WORDS && !info.software,
        }
    }

    /// `(threads, lanes, repeat)`. Few rows get wide groups, which keep a GPU's memory busy.
    /// Software gets narrow ones, because there a lane without a load still costs its time.
    fn shape(w: &Linear, loads: usize, info: &GpuInfo) -> (usize, usize, usize) {
        if info.software {
            return (64, if w.rows >= 512 { 1 } else { 4 }, 1);
        }
        if w.rows >= 16_384 {
            return (256, 4, 1);
        }
        // Wider groups only where plane shuffles add them up.
        let widest = if info.backend == Backend::Cuda { 32 } else { 16 };
        let lanes = loads.next_power_of_two().clamp(4, widest);
        (if w.rows * lanes >= 65_536 { 256 } else { 128 }, lanes, 1)
    }

    /// Number of loads of each row that a lane holds.
    pub(super) fn held(&self) -> usize {
        if self.prefetch {
            self.loads.div_ceil(self.lanes)
        } else {
            0
        }
    }

    /// Number of rows per cube.
    pub(super) fn rows(&self) -> usize {
        self.threads / self.lanes * self.repeat
    }
}

/// Compile-time sizes of [`super::mat_mul`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct MatMul {
    /// How the matrix is stored.
    pub format: Format,
    pub prologue: Prologue,
    pub epilogue: Epilogue,
    /// Rank of the adapter, 0 without one.
    pub rank: usize,
    /// Whether rows of `x` and of an f32 matrix are whole 16 bytes.
    pub aligned: bool,
    /// Number of outputs stored at a time: 4, or 1 if a row of outputs is not a multiple of 16
    /// bytes.
    pub width: usize,
    /// Number of groups of four rows of `x` in a tile.
    pub tile_m: usize,
    /// Number of groups of four outputs in a tile.
    pub tile_n: usize,
    /// Number of groups of four columns in a tile.
    pub depth: usize,
    /// Number of groups of four rows of `x` that a unit keeps in registers.
    pub block_m: usize,
    /// Number of groups of four outputs that a unit keeps in registers.
    pub block_n: usize,
    /// Number of groups of units that divide the columns of a tile among them; divides `4 * depth`.
    pub groups: usize,
    /// Precision of the products.
    pub products: Products,
}

/// How tiles are multiplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Products {
    /// f32 throughout.
    F32,
    /// Tiles of 16-bit floats, whose products are added in 16 bits over [`HALF_RUN`] columns and in
    /// 32 beyond.
    Half,
    /// Tiles of 16-bit floats on matrix units, whose products are added in 32 bits.
    HalfUnits,
    /// Tiles of TF32 in two parts on matrix units: as exact as f32, and faster.
    SplitUnits,
}

/// The types that the matrix units of a GPU multiply: 16 x 16 outputs by planes of 32 lanes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MatrixUnits {
    /// 16 columns of f16 into f32.
    pub half: bool,
    /// 8 columns of TF32 into f32.
    pub tf32: bool,
}

/// Number of columns over which 16-bit products are added in 16 bits.
pub(super) const HALF_RUN: usize = 8;

/// Number of cubes below which a product takes smaller tiles: twice the multiprocessors of the
/// largest GPUs.
const FEW_CUBES: usize = 264;

impl MatMul {
    /// A plan for `m` rows.
    pub(super) fn new(call: &Apply<'_>, info: &GpuInfo) -> Self {
        let (w, m) = (call.map, call.rows);
        let large = w.rows.div_ceil(64) * m.div_ceil(64) >= FEW_CUBES || info.software;
        let (tile, depth, block, groups) = if large { (16, 4, 2, 1) } else { (8, 8, 1, 4) };
        Self {
            format: w.format,
            prologue: Prologue::of(call.input),
            epilogue: call.epilogue,
            rank: call.low_rank.map_or(0, |low| low.rank),
            aligned: w.cols.is_multiple_of(4),
            width: if w.rows.is_multiple_of(4) { 4 } else { 1 },
            tile_m: tile,
            tile_n: tile,
            depth,
            block_m: block,
            block_n: block,
            groups,
            products: Products::F32,
        }
    }

    /// The same plan on matrix units if there are any, and with 16-bit tiles if `half` allows them.
    /// Those are for encoders only, so the formats of language models and adapters stay as they
    /// are.
    pub(super) fn with_products(self, m: usize, rows: usize, half: bool, units: MatrixUnits) -> Self {
        let half = half && self.format.is_for_encoders() && self.rank == 0;
        let products = match self.prologue {
            Prologue::Plain if half && units.half => Products::HalfUnits,
            Prologue::Plain if half => Products::Half,
            Prologue::Plain if units.tf32 => Products::SplitUnits,
            _ => Products::F32,
        };
        if matches!(products, Products::F32 | Products::Half) {
            return Self { products, ..self };
        }
        // Four planes of 32 lanes. They lie side by side in a tile of 64 x 64, or divide the
        // columns of a tile of 32 x 32 if there are few tiles.
        let many = rows.div_ceil(64) * m.div_ceil(64) >= FEW_CUBES;
        let (tile, depth, groups) = if many { (16, 8, 1) } else { (8, 16, 4) };
        Self {
            tile_m: tile,
            tile_n: tile,
            depth,
            // makes `group` one plane per 32 x 32 outputs
            block_m: 1,
            block_n: 2,
            groups,
            products,
            ..self
        }
    }

    /// Number of parts of a factor on matrix units.
    pub(super) fn parts(&self) -> usize {
        if self.products == Products::SplitUnits { 2 } else { 1 }
    }

    /// Number of groups of four columns that matrix units take at a time.
    pub(super) fn step(&self) -> usize {
        if self.products == Products::SplitUnits { 2 } else { 4 }
    }

    /// Distance between neighbouring rows of a matrix unit's tile, in groups of four columns. It
    /// puts them into different banks.
    pub(super) fn padded(&self) -> usize {
        // eight halves, or four floats
        self.depth + if self.products == Products::HalfUnits { 2 } else { 1 }
    }

    /// Number of groups of four values in one part of the tile of `x`.
    pub(super) fn part_m(&self) -> usize {
        4 * self.tile_m * self.padded()
    }

    /// Number of groups of four values in one part of the tile of the matrix.
    pub(super) fn part_n(&self) -> usize {
        4 * self.tile_n * self.padded()
    }

    /// Numbers of groups of four values of `x` and of the matrix that a unit loads into a matrix
    /// unit's tiles.
    pub(super) fn unit_loads(&self) -> (usize, usize) {
        let loads = |tile: usize| 4 * tile * self.depth / self.threads();
        (loads(self.tile_m), loads(self.tile_n))
    }

    /// Number of blocks of four by four values that a unit loads into the tiles.
    pub(super) fn tasks(&self) -> usize {
        (self.depth * (self.tile_m + self.tile_n)).div_ceil(self.threads())
    }

    /// Numbers of values of `x` and of words of the matrix per load.
    pub(super) fn load_widths(&self) -> (usize, usize) {
        let x = if self.aligned { 4 } else { 1 };
        // Words that are whole values are as aligned as those of `x`.
        (x, if self.format.per_word() == 1 { x } else { 1 })
    }

    /// Number of units in a group.
    pub(super) fn group(&self) -> usize {
        self.tile_m / self.block_m * (self.tile_n / self.block_n)
    }

    /// Number of units in a cube.
    pub(super) fn threads(&self) -> usize {
        self.group() * self.groups
    }
}
