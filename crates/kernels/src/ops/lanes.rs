//! What several kernels share: launch sizes, sums over a cube, and numbers packed into words.

use cubecl::prelude::*;

/// Four neighbouring floats: one 16-byte load.
pub(crate) type Vec4 = Vector<f32, Const<4>>;
/// Four neighbouring values of a tile: f32, or f16 where 16-bit products are on.
pub(crate) type Quad<E> = Vector<E, Const<4>>;

/// Number of units in a cube that works value by value.
const THREADS: u32 = 256;
/// Number of cubes per dimension that WebGPU guarantees.
const MAX_CUBES: usize = 65_535;

/// Launch size for one unit per value. The index is `ABSOLUTE_POS`.
pub(crate) fn elementwise(len: usize) -> (CubeCount, CubeDim) {
    let cubes = len.div_ceil(THREADS as usize).max(1);
    let y = cubes.div_ceil(MAX_CUBES);
    let count = CubeCount::Static(cubes.div_ceil(y) as u32, y as u32, 1);
    (count, CubeDim::new_1d(THREADS))
}

/// The widest vector of floats, 4 or 1, that divides rows of `channels`.
pub(crate) fn vector_width(channels: usize) -> usize {
    if channels.is_multiple_of(4) { 4 } else { 1 }
}

/// `x * sigmoid(x)`. The exponent is capped, because WGSL does not define infinities.
#[cube]
pub(crate) fn silu(x: f32) -> f32 {
    x / (1.0f32 + f32::min(-x, 80.0f32).exp())
}

/// The low 16 bits of a word, read as an IEEE half. Adapters in software have no f16.
#[cube]
pub(crate) fn half(bits: u32) -> f32 {
    let exponent = (bits >> 10) & 31;
    let mantissa = bits & 1023;
    let rebased = select(exponent == 31, 255, exponent + 112);
    let normal = f32::reinterpret((rebased << 23) | (mantissa << 13));
    // Subnormal halves are mantissa * 2^-24.
    let subnormal = f32::cast_from(mantissa) * 5.960_464_5e-8f32;
    let magnitude = select(exponent == 0, subnormal, normal);
    select((bits & 0x8000) == 0, magnitude, -magnitude)
}

/// Byte `which` of a word, sign-extended.
#[cube]
pub(crate) fn signed_byte(word: u32, which: u32) -> i32 {
    (i32::cast_from(word) << (24 - 8 * which) as i32) >> 24i32
}

/// Sum of `value` over all units of the cube; each unit gets it. `scratch` holds `threads + 16`
/// floats and is free again after the next `sync_cube`.
#[cube]
pub(crate) fn cube_sum(value: f32, scratch: &mut Shared<[f32]>, #[comptime] threads: usize) -> f32 {
    let unit = UNIT_POS_X as usize;
    scratch[unit] = value;
    sync_cube();
    if unit < 16 {
        let mut sum = 0.0f32;
        #[unroll]
        for i in 0..threads / 16 {
            sum += scratch[i * 16 + unit];
        }
        scratch[threads + unit] = sum;
    }
    sync_cube();
    let mut total = 0.0f32;
    #[unroll]
    for i in 0..16 {
        total += scratch[threads + i];
    }
    total
}

/// Largest `value` of the cube; each unit gets it. `scratch` as for [`cube_sum`].
#[cube]
pub(crate) fn cube_max(value: f32, scratch: &mut Shared<[f32]>, #[comptime] threads: usize) -> f32 {
    let unit = UNIT_POS_X as usize;
    scratch[unit] = value;
    sync_cube();
    if unit < 16 {
        let mut largest = scratch[unit];
        #[unroll]
        for i in 1..threads / 16 {
            largest = f32::max(largest, scratch[i * 16 + unit]);
        }
        scratch[threads + unit] = largest;
    }
    sync_cube();
    let mut total = scratch[threads];
    #[unroll]
    for i in 1..16 {
        total = f32::max(total, scratch[threads + i]);
    }
    total
}

/// Exact GELU. `erf` after Abramowitz and Stegun 7.1.26, whose error stays below 1.5e-7.
#[cube]
pub(crate) fn gelu(x: f32) -> f32 {
    let z = f32::abs(x) * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0f32 / (1.0f32 + 0.327_591_1f32 * z);
    let poly =
        ((((1.061_405_4f32 * t - 1.453_152_f32) * t + 1.421_413_7f32) * t - 0.284_496_74f32) * t + 0.254_829_6f32) * t;
    let tail = poly * f32::exp(f32::max(-z * z, -80.0f32));
    let erf = select(x < 0.0f32, tail - 1.0f32, 1.0f32 - tail);
    0.5f32 * x * (1.0f32 + erf)
}

/// Sum of the four components.
#[cube]
pub(crate) fn sum4(v: Vec4) -> f32 {
    (v.extract(0usize) + v.extract(1usize)) + (v.extract(2usize) + v.extract(3usize))
}
