//! The part of `gemm` that multiplies floats. The crate `gemm` itself would compile the same
//! kernels for four other types of numbers.

use super::Product;

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
    // The kernels want a result whose columns lie in one piece: they make the transposed one.
    let (m, n, to_col, to_row, lhs, rhs) = if stride > 1 {
        (cols, rows, stride, 1, b.transposed(), a.transposed())
    } else {
        (rows, cols, 1, stride, a, b)
    };
    // SAFETY: the slices hold all that their strides and sizes reach, as `Product::run` asserts,
    // and `dst` overlaps neither.
    unsafe {
        gemm_f32::gemm::f32::get_gemm_fn()(
            m,
            n,
            inner,
            dst.as_mut_ptr(),
            to_col as isize,
            to_row as isize,
            add,
            lhs.values.as_ptr(),
            lhs.col as isize,
            lhs.row as isize,
            rhs.values.as_ptr(),
            rhs.col as isize,
            rhs.row as isize,
            if add { 1.0f32 } else { 0.0 },
            scale,
            false,
            false,
            false,
            gemm_common::Parallelism::None,
        );
    }
}
