//! Intervals and tests: bootstrap over images, Wilson, Holm.
//!
//! Questions about one picture are not independent, so pictures are drawn, each with all its
//! questions, jointly over a benchmark's settings (POPE asks about the same pictures in all three).
//! Draws come from a counter, not from a state: replicate and draw number alone decide them, and
//! the same seed gives the same bits on every platform.
//!
//! - Draw `d` of replicate `r` is output `d` of a SplitMix64 generator (Steele, Lea and Flood 2014)
//!   whose seed is output `r` of the one that was seeded with the user's seed.
//! - A 64-bit draw becomes one of `n` pictures by the upper half of its product with `n`.
//! - Pictures are in the order of their names, so the order of the samples does not matter.
//!
//! Intervals say how far the choice of pictures moves a number. They do not cover other training
//! seeds.

use std::collections::{BTreeMap, BTreeSet};

use crate::mutant::branch;

/// Seed that is taken where none is given.
pub const SEED: u64 = 21;

/// Replicates that are taken where no number is given.
pub const REPLICATES: usize = 2000;

/// Output `at` (from 0) of a SplitMix64 generator.
pub fn split_mix(seed: u64, at: u64) -> u64 {
    let state = seed.wrapping_add(at.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    state ^ (state >> 31)
}

/// Draw number `at` of a replicate: 0 to `count` - 1.
fn draw(replicate_seed: u64, at: usize, count: usize) -> usize {
    ((u128::from(split_mix(replicate_seed, at as u64)) * count as u128) >> 64) as usize
}

/// Differences up to this count as equality: sums of equal scores may differ in their last bits.
const ZERO: f64 = 1e-9;

/// How a benchmark's number comes out of its settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Combine {
    /// Each question counts the same.
    Pooled,
    /// Each setting counts the same: the mean of their means (POPE).
    MeanOfSettings,
}

/// Scores of one question in one run, or in each of two.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample<'a, const RUNS: usize> {
    /// Name of the picture.
    pub image: &'a str,
    /// Which of the benchmark's settings; 0 where there is one.
    pub setting: usize,
    /// 0 to 1.
    pub scores: [f64; RUNS],
}

/// A number and where it lies with 95 % confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The number itself.
    pub estimate: f64,
    /// The 2.5 % quantile.
    pub low: f64,
    /// The 97.5 % quantile.
    pub high: f64,
}

/// The difference of two runs on the same questions, first minus second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The difference.
    pub interval: Interval,
    /// Two-sided: twice the smaller share of replicates on the wrong side of 0 (0 itself is on
    /// both), at least 1 / (replicates + 1).
    pub p: f64,
}

/// Sum of scores of each run and number of questions, by setting.
type Sums<const RUNS: usize> = Vec<([f64; RUNS], usize)>;

/// A benchmark's questions by picture.
struct Pictures<const RUNS: usize> {
    pictures: Vec<Sums<RUNS>>,
    combine: Combine,
    settings: usize,
}

impl<const RUNS: usize> Pictures<RUNS> {
    fn of(samples: &[Sample<RUNS>], combine: Combine) -> Self {
        Self::among(samples.iter().map(|sample| sample.image), samples, combine)
    }

    /// Among these pictures, of which some may have no question here.
    fn among<'a>(names: impl Iterator<Item = &'a str>, samples: &[Sample<'a, RUNS>], combine: Combine) -> Self {
        let settings = samples.iter().map(|sample| sample.setting + 1).max().unwrap_or(0);
        let none = || vec![([0.0; RUNS], 0); settings];
        let mut pictures: BTreeMap<&str, Sums<RUNS>> = names.map(|name| (name, none())).collect();
        for sample in samples {
            let sums = pictures.entry(sample.image).or_insert_with(none);
            add(&mut sums[sample.setting], &(sample.scores, 1));
        }
        Self {
            pictures: pictures.into_values().collect(),
            combine,
            settings,
        }
    }

    /// The benchmark's number in each run for pictures given by place; none where no question is
    /// among them.
    fn number(&self, places: impl Iterator<Item = usize>) -> Option<[f64; RUNS]> {
        let mut sums = vec![([0.0; RUNS], 0); self.settings];
        for place in places {
            for (sum, part) in sums.iter_mut().zip(&self.pictures[place]) {
                add(sum, part);
            }
        }
        if self.combine == Combine::Pooled {
            let mut whole = ([0.0; RUNS], 0);
            sums.iter().for_each(|sum| add(&mut whole, sum));
            sums = vec![whole];
        }
        // A setting that none of the drawn pictures is asked about says nothing about this draw.
        sums.retain(|sum| sum.1 > 0);
        let settings = sums.len() as f64;
        let mean = |run: usize| {
            sums.iter()
                .map(|(scores, count)| scores[run] / *count as f64)
                .sum::<f64>()
                / settings
        };
        (!sums.is_empty()).then(|| std::array::from_fn(mean))
    }

    /// The number on all pictures, and on each replicate's.
    fn replicates(&self, seed: u64, replicates: usize) -> Option<([f64; RUNS], Vec<[f64; RUNS]>)> {
        let count = self.pictures.len();
        let whole = self.number(0..count)?;
        let replicate = |at: usize| {
            let seed = split_mix(seed, at as u64);
            self.number((0..count).map(|number| draw(seed, number, count)))
        };
        Some((whole, (0..replicates).filter_map(replicate).collect()))
    }
}

fn add<const RUNS: usize>(to: &mut ([f64; RUNS], usize), part: &([f64; RUNS], usize)) {
    for (to, part) in to.0.iter_mut().zip(part.0) {
        *to += part;
    }
    to.1 += part.1;
}

impl Interval {
    fn of(estimate: f64, mut replicates: Vec<f64>) -> Self {
        replicates.sort_by(f64::total_cmp);
        Self {
            estimate,
            low: quantile(&replicates, 0.025).unwrap_or(estimate),
            high: quantile(&replicates, 0.975).unwrap_or(estimate),
        }
    }
}

/// The 95 % bootstrap interval over pictures of one run; none of no samples.
pub fn bootstrap(samples: &[Sample<1>], combine: Combine, seed: u64, replicates: usize) -> Option<Interval> {
    let (whole, found) = Pictures::of(samples, combine).replicates(seed, replicates)?;
    Some(Interval::of(whole[0], found.into_iter().map(|[score]| score).collect()))
}

/// The paired bootstrap over pictures of two runs: both are scored on the same drawn pictures. None
/// of no samples.
pub fn compare(samples: &[Sample<2>], combine: Combine, seed: u64, replicates: usize) -> Option<Difference> {
    let (whole, found) = Pictures::of(samples, combine).replicates(seed, replicates)?;
    Some(Difference::of(
        whole[0] - whole[1],
        found.into_iter().map(|[a, b]| a - b).collect(),
    ))
}

/// The same for the mean over several benchmarks, each of which counts the same. Pictures are drawn
/// from all that any of them asks about, each with all its questions in all of them: benchmarks
/// that share pictures are not independent. None without a benchmark, or where one has no samples.
pub fn compare_mean(benchmarks: &[(Vec<Sample<2>>, Combine)], seed: u64, replicates: usize) -> Option<Difference> {
    let names: BTreeSet<&str> = benchmarks
        .iter()
        .flat_map(|one| &one.0)
        .map(|sample| sample.image)
        .collect();
    let all: Vec<Pictures<2>> = benchmarks
        .iter()
        .map(|(samples, combine)| Pictures::among(names.iter().copied(), samples, *combine))
        .collect();
    let mean = |places: &[usize]| {
        // As with settings: a benchmark that none of the drawn pictures is in says nothing about
        // this draw.
        let numbers = all.iter().filter_map(|one| one.number(places.iter().copied()));
        let differences: Vec<f64> = numbers.map(|[a, b]| a - b).collect();
        (!differences.is_empty()).then(|| differences.iter().sum::<f64>() / differences.len() as f64)
    };
    if benchmarks.iter().any(|one| one.0.is_empty()) {
        return None;
    }
    let count = names.len();
    let whole = mean(&(0..count).collect::<Vec<_>>())?;
    let replicate = |at: usize| {
        let seed = split_mix(seed, at as u64);
        mean(&(0..count).map(|number| draw(seed, number, count)).collect::<Vec<_>>())
    };
    Some(Difference::of(whole, (0..replicates).filter_map(replicate).collect()))
}

impl Difference {
    /// Scores of the difference: on all pictures, and on each replicate.
    fn of(whole: f64, differences: Vec<f64>) -> Self {
        let beyond = |is: fn(f64) -> bool| differences.iter().filter(|&&difference| is(difference)).count();
        let below = beyond(|difference| branch!("stats.zero_below", difference <= ZERO, difference < -ZERO));
        let above = beyond(|difference| branch!("stats.zero_above", difference >= -ZERO, difference > ZERO));
        let p = 2.0 * (below.min(above) + 1) as f64 / (differences.len() + 1) as f64;
        Self {
            interval: Interval::of(whole, differences),
            p: p.min(1.0),
        }
    }
}

/// `numpy.quantile` of sorted numbers: between the two nearest, in proportion. None of no numbers.
pub fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = (sorted.len().checked_sub(1)?) as f64 * share;
    let (below, part) = (place.floor(), place.fract());
    let low = sorted[below as usize];
    let high = sorted[(below as usize + 1).min(sorted.len() - 1)];
    // As numpy interpolates: from the nearer end.
    Some(if branch!("stats.nearer_end", part < 0.5, true) {
        low + (high - low) * part
    } else {
        high - (high - low) * (1.0 - part)
    })
}

/// The 95 % Wilson interval of `right` among `count`, without continuity correction: for one
/// question a picture. None of none.
pub fn wilson(right: usize, count: usize) -> Option<Interval> {
    /// 97.5 % quantile of the normal distribution.
    const Z: f64 = 1.959_963_984_540_054;
    if count == 0 {
        return None;
    }
    let (n, share) = (count as f64, right as f64 / count as f64);
    let middle = share + Z * Z / (2.0 * n);
    let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    Some(Interval {
        estimate: share,
        // The ends are exact where nothing or all is right; rounding would miss them.
        low: branch!("stats.wilson_none", right == 0, false)
            .then_some(0.0)
            .unwrap_or((middle - half) / scale),
        high: branch!("stats.wilson_all", right == count, false)
            .then_some(1.0)
            .unwrap_or((middle + half) / scale),
    })
}

/// The smallest two-sided p that so many pictures can show: with every one of them on the same
/// side, a test of their signs gives it. A bootstrap of few pictures would say less.
pub fn least_p(pictures: usize) -> f64 {
    2.0_f64.powi(1 - i32::try_from(pictures).unwrap_or(i32::MAX)).min(1.0)
}

/// Holm's adjustment of p values over several tasks, in their order.
///
/// ```
/// // The smallest of three counts three times, the next one twice.
/// assert_eq!(sightline_eval::stats::holm(&[0.25, 0.01, 0.02]), [0.25, 0.03, 0.04]);
/// ```
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut adjusted = vec![0.0; p.len()];
    let mut largest = 0.0_f64;
    for (rank, at) in order.into_iter().enumerate() {
        let scaled = p[at] * (p.len() - branch!("stats.holm_rank", rank, 0)) as f64;
        largest = branch!("stats.holm_monotone", largest.max(scaled), scaled);
        adjusted[at] = branch!("stats.holm_one", largest.min(1.0), largest);
    }
    adjusted
}
