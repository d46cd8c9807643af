//! Matrix products on the CPU, by the part of `gemm` that multiplies floats. The crate `gemm`
//! itself would compile the same kernels for four other types of numbers.

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

    /// The same matrix with rows and columns exchanged.
    pub(crate) fn transposed(self) -> Self {
        Self {
            row: self.col,
            col: self.row,
            ..self
        }
    }

    /// Number of values up to the last one of `[rows, cols]`.
    fn needs(&self, rows: usize, cols: usize) -> usize {
        match (rows, cols) {
            (0, _) | (_, 0) => 0,
            _ => (rows - 1) * self.row + (cols - 1) * self.col + 1,
        }
    }
}

/// `scale * (a b)` of `a` `[rows, inner]` and `b` `[inner, cols]`.
#[derive(Clone, Copy)]
pub(crate) struct Product<'a> {
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    pub(crate) inner: usize,
    pub(crate) a: View<'a>,
    pub(crate) b: View<'a>,
    pub(crate) scale: f32,
}

impl Product<'_> {
    /// `dst[i * stride + j] = ` element `[i, j]`.
    pub(crate) fn store(self, dst: &mut [f32], stride: usize) {
        self.run(dst, stride, false);
    }

    /// `dst[i * stride + j] += ` element `[i, j]`.
    pub(crate) fn add(self, dst: &mut [f32], stride: usize) {
        self.run(dst, stride, true);
    }

    fn run(self, dst: &mut [f32], stride: usize, add: bool) {
        let Self {
            rows,
            cols,
            inner,
            a,
            b,
            scale,
        } = self;
        let to = View::rows(dst, stride).needs(rows, cols);
        assert!(a.needs(rows, inner) <= a.values.len() && b.needs(inner, cols) <= b.values.len() && to <= dst.len());
        // The kernels want a result whose columns lie in one piece: they make the transposed one.
        let (m, n, to_col, to_row, lhs, rhs) = if stride > 1 {
            (cols, rows, stride, 1, b.transposed(), a.transposed())
        } else {
            (rows, cols, 1, stride, a, b)
        };
        // SAFETY: the slices hold all that their strides and sizes reach, as was asserted, and
        // `dst` overlaps neither.
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
}
