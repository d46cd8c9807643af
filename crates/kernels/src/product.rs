//! Matrix products on the host, by `gemm`.

/// A matrix in a slice.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    values: &'a [f32],
    row: usize,
    col: usize,
}

impl<'a> View<'a> {
    /// Rows that start every `stride` values.
    pub(crate) fn rows(values: &'a [f32], stride: usize) -> Self {
        Self {
            values,
            row: stride,
            col: 1,
        }
    }

    /// Rows as columns.
    pub(crate) fn transposed(self) -> Self {
        Self {
            row: self.col,
            col: self.row,
            ..self
        }
    }

    /// Values up to the last of `[rows, cols]`.
    fn needs(&self, rows: usize, cols: usize) -> usize {
        match (rows, cols) {
            (0, _) | (_, 0) => 0,
            _ => (rows - 1) * self.row + (cols - 1) * self.col + 1,
        }
    }
}

/// `dst[i * stride + j] = scale * (a b)[i, j]` for `a` `[rows, inner]` and `b` `[inner, cols]`.
#[allow(clippy::too_many_arguments)]
pub(crate) fn product(
    rows: usize,
    cols: usize,
    inner: usize,
    a: View<'_>,
    b: View<'_>,
    scale: f32,
    dst: &mut [f32],
    stride: usize,
) {
    run([rows, cols, inner], a, b, scale, dst, stride, false);
}

/// As [`product`], but added to `dst`.
#[allow(clippy::too_many_arguments)]
pub(crate) fn add_product(
    rows: usize,
    cols: usize,
    inner: usize,
    a: View<'_>,
    b: View<'_>,
    scale: f32,
    dst: &mut [f32],
    stride: usize,
) {
    run([rows, cols, inner], a, b, scale, dst, stride, true);
}

fn run(
    [rows, cols, inner]: [usize; 3],
    a: View<'_>,
    b: View<'_>,
    scale: f32,
    dst: &mut [f32],
    stride: usize,
    add: bool,
) {
    let to = View::rows(dst, stride).needs(rows, cols);
    assert!(a.needs(rows, inner) <= a.values.len() && b.needs(inner, cols) <= b.values.len() && to <= dst.len());
    // SAFETY: the slices hold all that their strides and sizes reach, as was asserted, and `dst` overlaps neither.
    unsafe {
        gemm::gemm(
            rows,
            cols,
            inner,
            dst.as_mut_ptr(),
            1,
            stride as isize,
            add,
            a.values.as_ptr(),
            a.col as isize,
            a.row as isize,
            b.values.as_ptr(),
            b.col as isize,
            b.row as isize,
            if add { 1.0f32 } else { 0.0 },
            scale,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}
