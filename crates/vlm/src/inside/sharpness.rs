//! How sharply tokens cluster, as one number.

use sightline_vision::Grid;

/// Mean cosine of the tokens of neighbouring patches, less the mean cosine of tokens at least half
/// the grid apart ("local versus distant similarity" of Singh et al. 2025, "What matters for
/// representation alignment", with neighbours as near and half the grid as far). 0 where a grid has
/// no such pairs.
///
/// # Shapes
/// `features` `[grid.height * grid.width, width]`.
pub(super) fn of(features: &[f32], grid: Grid) -> f32 {
    let width = features.len() / grid.tokens().max(1);
    let far = grid.height.max(grid.width).div_ceil(2);
    // Unit vectors, so that a cosine is a product.
    let unit: Vec<Vec<f32>> = features
        .chunks_exact(width.max(1))
        .map(|token| {
            let length = token.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
            token
                .iter()
                .map(|&v| (f64::from(v) / length.max(1e-30)) as f32)
                .collect()
        })
        .collect();
    let place = |at: usize| (at / grid.width, at % grid.width);
    let (mut near, mut apart) = (Mean::default(), Mean::default());
    for (i, a) in unit.iter().enumerate() {
        for (j, b) in unit.iter().enumerate().skip(i + 1) {
            let ((y, x), (v, u)) = (place(i), place(j));
            let (dy, dx) = (y.abs_diff(v), x.abs_diff(u));
            let kind = match (dy + dx, dy.max(dx)) {
                (1, _) => &mut near,
                (_, most) if most >= far => &mut apart,
                _ => continue,
            };
            kind.add(a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum());
        }
    }
    match (near.value(), apart.value()) {
        (Some(near), Some(apart)) => (near - apart) as f32,
        _ => 0.0,
    }
}

#[derive(Default)]
struct Mean {
    sum: f64,
    count: usize,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1;
    }

    fn value(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRID: Grid = Grid { height: 4, width: 4 };

    #[test]
    fn tokens_that_are_all_alike_do_not_cluster() {
        assert!(of(&[1.0, 2.0].repeat(16), GRID).abs() < 1e-6);
    }

    #[test]
    fn a_picture_of_two_halves_clusters() {
        // The left two columns are one vector, the right two another at right angles.
        let row = [1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0];
        // 20 of 24 neighbours are alike. Of the pairs two or more apart, counted by hand below.
        let far = |i: usize, j: usize| (i / 4).abs_diff(j / 4).max((i % 4).abs_diff(j % 4)) >= 2;
        let pairs = (0..16).flat_map(|i| (i + 1..16).map(move |j| (i, j)));
        let pairs: Vec<_> = pairs.filter(|&(i, j)| far(i, j)).collect();
        let alike = pairs.iter().filter(|(i, j)| i % 4 / 2 == j % 4 / 2).count();
        let expected = 20.0 / 24.0 - alike as f32 / pairs.len() as f32;
        assert!((of(&row.repeat(4), GRID) - expected).abs() < 1e-6);
    }
}
