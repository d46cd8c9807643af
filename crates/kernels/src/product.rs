//! Matrix products on the CPU, by `gemm`.

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
        // SAFETY: the slices hold all that their strides and sizes reach, as was asserted, and
        // `dst` overlaps neither.
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
}
