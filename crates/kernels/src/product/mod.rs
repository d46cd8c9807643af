//! Matrix products on the CPU: by `gemm` natively, by tiles of our own in a browser.

#[cfg(not(target_arch = "wasm32"))]
mod gemm;
#[cfg(any(target_arch = "wasm32", test))]
mod tiles;

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
        let to = View::rows(dst, stride).needs(self.rows, self.cols);
        let a = self.a.needs(self.rows, self.inner);
        let b = self.b.needs(self.inner, self.cols);
        assert!(a <= self.a.values.len() && b <= self.b.values.len() && to <= dst.len());
        #[cfg(not(target_arch = "wasm32"))]
        gemm::run(self, dst, stride, add);
        #[cfg(target_arch = "wasm32")]
        tiles::run(self, dst, stride, add);
    }
}
