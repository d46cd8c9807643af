//! Products in a browser's 128-bit vectors, without fused multiply-adds.
//!
//! A tile is two rows of the result by sixteen columns: eight vectors of sums, four of `b` and one
//! of `a`. They fit the sixteen registers that engines have. `gemm` takes tiles of three by four
//! vectors, which do not, and is a third slower (docs/performance.md).

use super::{Product, View};
use lanes::Lanes;

/// Columns of a tile.
const COLS: usize = 16;
/// Vectors of a row of a tile.
const VECTORS: usize = COLS / 4;
/// Most values of the inner dimension at a time. A panel of `b` then fits the first-level cache.
const INNER: usize = 256;

/// `dst = product`, or `dst += product`. The caller has checked that the slices hold all that
/// strides and sizes reach.
pub(super) fn run(product: Product<'_>, dst: &mut [f32], stride: usize, add: bool) {
    let Product {
        rows,
        cols,
        inner,
        a,
        b,
        scale,
    } = product;
    if inner == 0 && !add {
        for row in 0..rows {
            dst[row * stride..][..cols].fill(0.0);
        }
    }
    let mut panel = vec![[0.0f32; COLS]; inner.min(INNER)];
    for above in (0..inner).step_by(INNER) {
        let panel = &mut panel[..INNER.min(inner - above)];
        for left in (0..cols).step_by(COLS) {
            let wide = COLS.min(cols - left);
            pack(b, above, left, wide, panel);
            let mut put = |row: usize, sums: [Lanes; VECTORS]| {
                let dst = &mut dst[row * stride + left..][..wide];
                store(sums, scale, add || above > 0, dst);
            };
            let mut row = 0;
            while row + 2 <= rows {
                let [first, second] = tile(a, [row, row + 1], above, panel);
                put(row, first);
                put(row + 1, second);
                row += 2;
            }
            if row < rows {
                let [last] = tile(a, [row], above, panel);
                put(row, last);
            }
        }
    }
}

/// Columns `left ..` of `b` from row `above` on, side by side; zeros past the last one.
fn pack(b: View<'_>, above: usize, left: usize, wide: usize, panel: &mut [[f32; COLS]]) {
    if b.col == 1 {
        for (p, to) in panel.iter_mut().enumerate() {
            let from = &b.values[(above + p) * b.row + left..][..wide];
            to[..wide].copy_from_slice(from);
            to[wide..].fill(0.0);
        }
        return;
    }
    for j in 0..COLS {
        if j >= wide {
            panel.iter_mut().for_each(|to| to[j] = 0.0);
        } else {
            let from = b.values[above * b.row + (left + j) * b.col..].iter().step_by(b.row);
            panel.iter_mut().zip(from).for_each(|(to, from)| to[j] = *from);
        }
    }
}

/// Sums over a panel of some rows of `a`.
#[inline(always)]
fn tile<const ROWS: usize>(
    a: View<'_>,
    rows: [usize; ROWS],
    above: usize,
    panel: &[[f32; COLS]],
) -> [[Lanes; VECTORS]; ROWS] {
    let mut sums = [[Lanes::zero(); VECTORS]; ROWS];
    let rows = rows.map(|row| &a.values[row * a.row + above * a.col..]);
    let last = (panel.len() - 1) * a.col;
    assert!(rows.iter().all(|row| row.len() > last));
    for (p, b) in panel.iter().enumerate() {
        let b = Lanes::four(b);
        for (row, sums) in rows.iter().zip(&mut sums) {
            // SAFETY: `p * a.col` is at most `last`, which every row was asserted to hold.
            let a = Lanes::splat(unsafe { *row.get_unchecked(p * a.col) });
            for (sum, b) in sums.iter_mut().zip(b) {
                *sum = sum.plus(a.times(b));
            }
        }
    }
    sums
}

/// Writes one row of a tile, as many values as `dst` holds.
#[inline(always)]
fn store(sums: [Lanes; VECTORS], scale: f32, add: bool, dst: &mut [f32]) {
    let scale = Lanes::splat(scale);
    let sums = sums.map(|sum| sum.times(scale));
    if let Ok(dst) = <&mut [f32; COLS]>::try_from(&mut *dst) {
        let old = if add {
            Lanes::four(dst)
        } else {
            [Lanes::zero(); VECTORS]
        };
        for ((to, old), sum) in dst.as_chunks_mut::<4>().0.iter_mut().zip(old).zip(sums) {
            *to = if add { old.plus(sum).get() } else { sum.get() };
        }
        return;
    }
    for (to, sum) in dst.chunks_mut(4).zip(sums) {
        for (to, value) in to.iter_mut().zip(sum.get()) {
            *to = if add { *to + value } else { value };
        }
    }
}

/// Four floats in one register.
#[cfg(target_arch = "wasm32")]
mod lanes {
    use core::arch::wasm32::{f32x4_add, f32x4_mul, f32x4_splat, v128, v128_load, v128_store};

    use super::{COLS, VECTORS};

    #[derive(Clone, Copy)]
    pub(super) struct Lanes(v128);

    impl Lanes {
        #[inline(always)]
        pub(super) fn zero() -> Self {
            Self(f32x4_splat(0.0))
        }

        #[inline(always)]
        pub(super) fn splat(value: f32) -> Self {
            Self(f32x4_splat(value))
        }

        #[inline(always)]
        pub(super) fn four(values: &[f32; COLS]) -> [Self; VECTORS] {
            // SAFETY: the array holds `VECTORS` vectors, and a load needs no alignment.
            [0, 1, 2, 3].map(|i| Self(unsafe { v128_load(values.as_ptr().add(4 * i).cast()) }))
        }

        #[inline(always)]
        pub(super) fn plus(self, other: Self) -> Self {
            Self(f32x4_add(self.0, other.0))
        }

        #[inline(always)]
        pub(super) fn times(self, other: Self) -> Self {
            Self(f32x4_mul(self.0, other.0))
        }

        #[inline(always)]
        pub(super) fn get(self) -> [f32; 4] {
            let mut values = [0.0; 4];
            // SAFETY: the array holds one vector, and a store needs no alignment.
            unsafe { v128_store(values.as_mut_ptr().cast(), self.0) };
            values
        }
    }
}

/// The same for tests on any other machine.
#[cfg(not(target_arch = "wasm32"))]
mod lanes {
    use super::{COLS, VECTORS};

    #[derive(Clone, Copy)]
    pub(super) struct Lanes([f32; 4]);

    impl Lanes {
        pub(super) fn zero() -> Self {
            Self::splat(0.0)
        }

        pub(super) fn splat(value: f32) -> Self {
            Self([value; 4])
        }

        pub(super) fn four(values: &[f32; COLS]) -> [Self; VECTORS] {
            [0, 1, 2, 3].map(|i| Self(std::array::from_fn(|j| values[4 * i + j])))
        }

        pub(super) fn plus(self, other: Self) -> Self {
            Self(std::array::from_fn(|j| self.0[j] + other.0[j]))
        }

        pub(super) fn times(self, other: Self) -> Self {
            Self(std::array::from_fn(|j| self.0[j] * other.0[j]))
        }

        pub(super) fn get(self) -> [f32; 4] {
            self.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hashed::hash_vec;

    /// Largest difference from sums in f64, over the largest of them.
    const TOLERANCE: f64 = 2e-6;

    /// `dst` before, scaled products added or stored, by sums in f64.
    fn expected(product: Product<'_>, dst: &[f32], stride: usize, add: bool) -> Vec<f32> {
        let (a, b) = (product.a, product.b);
        let mut all = dst.to_vec();
        for i in 0..product.rows {
            for j in 0..product.cols {
                let sum: f64 = (0..product.inner)
                    .map(|p| f64::from(a.values[i * a.row + p * a.col]) * f64::from(b.values[p * b.row + j * b.col]))
                    .sum();
                let to = &mut all[i * stride + j];
                let old = if add { f64::from(*to) } else { 0.0 };
                *to = (old + f64::from(product.scale) * sum) as f32;
            }
        }
        all
    }

    #[test]
    fn tiles_agree_with_sums_in_f64() {
        for [rows, cols, inner] in [
            [1, 1, 1],
            [2, 16, 256],
            [3, 17, 257],
            [5, 40, 31],
            [7, 15, 600],
            [64, 196, 64],
            [4, 5, 0],
            [0, 16, 8],
            [2, 0, 8],
        ] {
            let stride = cols + 3;
            let a = hash_vec(rows * (inner + 2) + 1, 1, 1.0);
            let b = hash_vec((inner + 1) * (cols + 1) + 1, 2, 1.0);
            let before = hash_vec(rows * stride, 3, 1.0);
            for (transposed, add) in [(false, false), (false, true), (true, false), (true, true)] {
                let (a, b) = if transposed {
                    (
                        View::rows(&a, rows.max(1)).transposed(),
                        View::rows(&b, inner + 1).transposed(),
                    )
                } else {
                    (View::rows(&a, inner + 2), View::rows(&b, cols + 1))
                };
                let scale = 0.5;
                let product = Product {
                    rows,
                    cols,
                    inner,
                    a,
                    b,
                    scale,
                };
                let wanted = expected(product, &before, stride, add);
                let mut found = before.clone();
                run(product, &mut found, stride, add);
                let largest = wanted.iter().fold(1.0f64, |most, v| most.max(f64::from(v.abs())));
                for (found, wanted) in found.iter().zip(&wanted) {
                    let error = f64::from((found - wanted).abs());
                    assert!(
                        error <= TOLERANCE * largest,
                        "{rows}x{inner}x{cols} {transposed} {add}: {found} {wanted}"
                    );
                }
            }
        }
    }
}
