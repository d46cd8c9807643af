use super::Image;

/// Plain-Rust reference of [`super::add_positions`].
pub(crate) fn add_positions(x: &mut [f32], row: &[f32], col: &[f32], grid: Image) {
    let c = grid.channels;
    for (i, x) in x.chunks_exact_mut(c).enumerate().take(grid.len() / c.max(1)) {
        let (y, z) = (i / grid.width % grid.height, i % grid.width);
        for (j, x) in x.iter_mut().enumerate() {
            *x += row[y * c + j] + col[z * c + j];
        }
    }
}
