//! Areas under curves, equal to scikit-learn's `roc_auc_score` and `average_precision_score` to the last bit.
//!
//! Sums are numpy's pairwise ones. Scores must be numbers: where one is NaN or infinite scikit-learn raises, and ours is none.

use crate::mutant::branch;

/// `numpy.sum` of contiguous doubles.
pub(crate) fn numpy_sum(values: &[f64]) -> f64 {
    /// Sums up to this length are kept in eight parts, longer ones halved.
    const BLOCK: usize = 128;
    let count = values.len();
    if count < 8 {
        values.iter().fold(0.0, |sum, value| sum + value)
    } else if branch!("ranking.pairwise", count <= BLOCK, true) {
        let mut parts: [f64; 8] = values[..8].try_into().expect("eight");
        let mut chunks = values[8..].chunks_exact(8);
        for chunk in &mut chunks {
            for (part, value) in parts.iter_mut().zip(chunk) {
                *part += value;
            }
        }
        let [a, b, c, d, e, f, g, h] = parts;
        let sum = ((a + b) + (c + d)) + ((e + f) + (g + h));
        chunks.remainder().iter().fold(sum, |sum, value| sum + value)
    } else {
        let half = count / 2 - count / 2 % 8;
        numpy_sum(&values[..half]) + numpy_sum(&values[half..])
    }
}

/// `numpy.argmax` of doubles: the first of the largest, and the first NaN before all; none of no values.
pub fn argmax(values: &[f64]) -> Option<usize> {
    let nan = values.iter().position(|value| value.is_nan());
    if branch!("ranking.argmax_nan", nan.is_some(), false) {
        return nan;
    }
    let mut best = 0;
    for (at, value) in values.iter().enumerate() {
        let better = branch!("ranking.argmax_first", *value > values[best], *value >= values[best]);
        if better {
            best = at;
        }
    }
    (!values.is_empty()).then_some(best)
}

/// Negatives and positives at or above each distinct score, from the highest down.
fn at_thresholds(samples: &[(bool, f64)]) -> Vec<[f64; 2]> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut counts = Vec::new();
    let mut now = [0.0; 2];
    for (at, &(positive, score)) in sorted.iter().enumerate() {
        now[usize::from(positive)] += 1.0;
        let last_of_equals = sorted.get(at + 1).is_none_or(|next| next.1 != score);
        if branch!("ranking.ties_together", last_of_equals, true) {
            counts.push(now);
        }
    }
    counts
}

/// The choice that an official scorer makes of probabilities of which it hands `ranked` to scikit-learn, which stops at those that are not
/// finite; none then.
pub(crate) fn choice(probabilities: &[f64], ranked: &[f64]) -> Option<usize> {
    let finite = branch!("ranking.finite", ranked.iter().all(|value| value.is_finite()), true);
    if finite { argmax(probabilities) } else { None }
}

/// Whether scikit-learn takes the scores.
fn is_usable(samples: &[(bool, f64)]) -> bool {
    !samples.is_empty() && samples.iter().all(|(_, score)| score.is_finite())
}

/// `roc_auc_score` of (is positive, score) pairs. None where one class alone is there: NaN with a warning in scikit-learn 1.6 and later, an
/// error before.
pub fn roc_auc(samples: &[(bool, f64)]) -> Option<f64> {
    let both = samples.iter().any(|sample| sample.0) && samples.iter().any(|sample| !sample.0);
    if !is_usable(samples) || !both {
        return None;
    }
    let counts = at_thresholds(samples);
    let is_bend = |at: usize| {
        let step = |of: usize| counts[at + 1][of] - 2.0 * counts[at][of] + counts[at - 1][of];
        step(0) != 0.0 || step(1) != 0.0
    };
    let mut points = vec![[0.0; 2]];
    for (at, &point) in counts.iter().enumerate() {
        // Points on a straight line are left out, which shows in the last bit.
        let inner = at > 0 && at + 1 < counts.len();
        if branch!("ranking.drop_straight", !inner || is_bend(at), true) {
            points.push(point);
        }
    }
    let [negatives, positives] = counts[counts.len() - 1];
    let areas: Vec<f64> = points
        .windows(2)
        .map(|pair| {
            let [x0, y0] = [pair[0][0] / negatives, pair[0][1] / positives];
            let [x1, y1] = [pair[1][0] / negatives, pair[1][1] / positives];
            (x1 - x0) * branch!("ranking.trapezoid", y1 + y0, y1 + y1) / 2.0
        })
        .collect();
    Some(numpy_sum(&areas))
}

/// `average_precision_score` of (is positive, score) pairs; 0 without positives, as in scikit-learn, none without samples.
pub fn average_precision(samples: &[(bool, f64)]) -> Option<f64> {
    if !is_usable(samples) {
        return None;
    }
    let counts = at_thresholds(samples);
    let positives = counts[counts.len() - 1][1];
    // Without positives recall is 1 everywhere and every precision 0.
    let recall = |[_, found]: [f64; 2]| if positives == 0.0 { 1.0 } else { found / positives };
    let precision = |[wrong, found]: [f64; 2]| found / (found + wrong);
    let steps: Vec<f64> = (0..counts.len())
        .rev()
        .map(|at| {
            let below = if at == 0 { 0.0 } else { recall(counts[at - 1]) };
            (below - recall(counts[at])) * branch!("ranking.precision", precision(counts[at]), 1.0)
        })
        .collect();
    Some((-numpy_sum(&steps)).max(0.0))
}
