//! What times at several sizes say together.

/// The exponent `b` of `time = a * tokens ^ b`, by least squares over the logarithms of both.
/// `None` for fewer than two numbers of tokens, and for a time or number that is not above 0.
///
/// ```
/// use sightline_bench::fit::exponent;
///
/// let squares = [(196.0, 2.0), (784.0, 32.0), (3136.0, 512.0)];
/// assert!((exponent(&squares).unwrap() - 2.0).abs() < 1e-9);
/// assert_eq!(exponent(&squares[..1]), None);
/// ```
pub fn exponent(points: &[(f64, f64)]) -> Option<f64> {
    if points.iter().any(|&(tokens, time)| !(tokens > 0.0 && time > 0.0)) {
        return None;
    }
    let logs: Vec<(f64, f64)> = points.iter().map(|(tokens, time)| (tokens.ln(), time.ln())).collect();
    let mean = |of: fn(&(f64, f64)) -> f64| logs.iter().map(of).sum::<f64>() / logs.len() as f64;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let spread: f64 = logs.iter().map(|p| (p.0 - x).powi(2)).sum();
    // Equal numbers of tokens differ by rounding alone.
    (logs.len() > 1 && spread > 1e-9)
        .then(|| logs.iter().map(|p| (p.0 - x) * (p.1 - y)).sum::<f64>() / spread)
        .filter(|exponent| exponent.is_finite())
}

/// The median of sorted values; 0 for none.
pub fn median(sorted: &[f64]) -> f64 {
    match (sorted.get(sorted.len() / 2), sorted.len() % 2) {
        (Some(&middle), 1) => middle,
        (Some(&upper), _) => (sorted[sorted.len() / 2 - 1] + upper) / 2.0,
        (None, _) => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_of_few() {
        assert_eq!(median(&[]), 0.0);
        assert_eq!(median(&[3.0]), 3.0);
        assert_eq!(median(&[1.0, 3.0]), 2.0);
        assert_eq!(median(&[1.0, 3.0, 9.0]), 3.0);
    }

    #[test]
    fn no_line_goes_through_one_place() {
        assert_eq!(exponent(&[]), None);
        assert_eq!(exponent(&[(4.0, 1.0), (4.0, 2.0)]), None);
        assert_eq!(exponent(&[(4.0, 1.0), (8.0, 0.0)]), None);
        assert_eq!(exponent(&[(4.0, 1.0), (8.0, f64::NAN)]), None);
    }

    #[test]
    fn a_line_goes_through_the_middle_of_what_scatters() {
        let points = [(10.0, 11.0), (100.0, 90.0), (1000.0, 1100.0)];
        let found = exponent(&points).expect("a fit");
        // By numpy.polyfit(log(x), log(y), 1).
        assert!((found - 1.0).abs() < 1e-9, "{found}");
    }
}
