//! Exponential and friends in f32 without branches or tables: loops over them become vector
//! instructions, in wasm too.

/// `e^x` within 2 units in the last place; 0 below -87 and capped above 88.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    // Adding 1.5 * 2^23 rounds to a whole number, which then lies in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let (low, x) = (x, x.clamp(-87.3, 88.3));
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    // x - n ln 2, whose high part is exact
    let r = (x - n * 0.693_359_4) + n * 2.121_944_4e-4;
    let tail = r * 1.984_127e-4 + 1.388_888_9e-3;
    let tail = r * (r * (r * (r * (r * tail + 8.333_333e-3) + 4.166_666_8e-2) + 0.166_666_67) + 0.5);
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23));
    let y = (1.0 + r * (1.0 + tail)) * power;
    if low < -87.3 { 0.0 } else { y }
}

/// `ln(1 + e^x)`.
#[inline(always)]
pub(crate) fn softplus(x: f32) -> f32 {
    let e = exp(-x.abs());
    // ln(1 + e) = 2 artanh(e / (2 + e)), whose argument is at most 1/3
    let s = e / (2.0 + e);
    let q = s * s;
    let series =
        1.0 + q * (1.0 / 3.0 + q * (0.2 + q * (1.0 / 7.0 + q * (1.0 / 9.0 + q * (1.0 / 11.0 + q * (1.0 / 13.0))))));
    x.max(0.0) + 2.0 * s * series
}

/// `x / (1 + e^-x)`.
#[inline(always)]
pub(crate) fn silu(x: f32) -> f32 {
    x / (1.0 + exp(-x))
}

/// Exact GELU. `erf` after Abramowitz and Stegun 7.1.26, whose error stays below 1.5e-7; the GPU's
/// is the same.
#[inline(always)]
pub(crate) fn gelu(x: f32) -> f32 {
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let poly = ((((1.061_405_4 * t - 1.453_152) * t + 1.421_413_7) * t - 0.284_496_74) * t + 0.254_829_6) * t;
    let tail = poly * exp(-z * z);
    let erf = if x < 0.0 { tail - 1.0 } else { 1.0 - tail };
    0.5 * x * (1.0 + erf)
}

#[cfg(test)]
mod tests {
    fn worst(low: f32, high: f32, found: impl Fn(f32) -> f32, expected: impl Fn(f64) -> f64, least: f64) -> f64 {
        (0..=200_000)
            .map(|i| {
                let x = low + (high - low) * i as f32 / 200_000.0;
                let expected = expected(f64::from(x));
                (f64::from(found(x)) - expected).abs() / expected.abs().max(least)
            })
            .fold(0.0, f64::max)
    }

    #[test]
    fn as_exact_as_f32() {
        assert!(worst(-87.0, 88.0, super::exp, f64::exp, 0.0) < 1.5e-7);
        assert!(
            worst(
                -80.0,
                80.0,
                super::softplus,
                |x| x.max(0.0) + (-x.abs()).exp().ln_1p(),
                0.0
            ) < 3e-7
        );
        assert!(worst(-80.0, 80.0, super::silu, |x| x / (1.0 + (-x).exp()), 1e-30) < 4e-7);
        let gelu = |x: f64| 0.5 * x * (1.0 + libm::erf(x / std::f64::consts::SQRT_2));
        assert!(worst(-10.0, 10.0, super::gelu, gelu, 1.0) < 5e-7);
    }

    #[test]
    fn far_out() {
        assert_eq!(super::exp(-1e4), 0.0);
        assert_eq!(super::exp(f32::NEG_INFINITY), 0.0);
        assert!(super::exp(1e4).is_finite());
        assert_eq!(super::softplus(100.0), 100.0);
        assert!(super::silu(-1e4).abs() < 1e-30);
    }
}
