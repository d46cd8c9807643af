//! Statistics against scipy, statsmodels and numpy, and the bootstrap against its second writing.

use std::sync::OnceLock;

use serde_json::Value;
use sightline_eval::stats::{Combine, Sample, bootstrap, compare, holm, quantile, split_mix, wilson};

use super::{Differences, golden, number};

/// Two computations of one number may add up in another order.
const BUDGET: f64 = 1e-12;

fn numbers(values: &Value) -> Vec<f64> {
    let values = values.as_array().expect("numbers").iter();
    values.map(|value| number(value).expect("a number")).collect()
}

/// Notes numbers that differ by more than `budget`, or a bound that is exactly 0 or 1 in one alone.
fn near(differences: &mut Differences, line: &Value, ours: &[f64], official: &[f64], budget: f64) {
    let is_near = |(a, b): (&f64, &f64)| {
        let ends = [0.0, 1.0].iter().all(|end| (a == end) == (b == end));
        (a - b).abs() <= budget && (ends || budget > BUDGET)
    };
    let all = ours.len() == official.len() && ours.iter().zip(official).all(is_near);
    differences.compare(|| format!("{ours:?} {official:?} {line}"), &all, &true);
}

pub(crate) fn check() -> Differences {
    static LINES: OnceLock<Vec<Value>> = OnceLock::new();
    let lines = &LINES.get_or_init(|| golden("stats"))[1..];
    let mut differences = Differences::default();
    for line in lines {
        let official = |names: &[&str]| -> Vec<f64> {
            names
                .iter()
                .map(|name| number(&line[*name]).expect("a number"))
                .collect()
        };
        if let Some(seed) = line["split_mix"].as_str() {
            let seed = seed.parse().expect("a seed");
            for (at, value) in line["first"].as_array().expect("outputs").iter().enumerate() {
                let ours = split_mix(seed, at as u64).to_string();
                differences.compare(|| line.to_string(), &Some(ours.as_str()), &value.as_str());
            }
        } else if let Some(pair) = line["wilson"].as_array() {
            let [right, count] = [0, 1].map(|at| pair[at].as_u64().expect("a count") as usize);
            let ours = wilson(right, count).expect("a count");
            near(
                &mut differences,
                line,
                &[ours.low, ours.high],
                &official(&["low", "high"]),
                BUDGET,
            );
        } else if line.get("holm").is_some() {
            let ours = holm(&numbers(&line["holm"]));
            differences.compare(|| line.to_string(), &ours, &numbers(&line["adjusted"]));
        } else if line.get("quantile").is_some() {
            let ours = quantile(&numbers(&line["quantile"]), official(&["share"])[0]);
            differences.compare(|| line.to_string(), &ours, &number(&line["value"]));
        } else if line.get("samples").is_some() {
            resampled(&mut differences, line, &official(&["estimate", "low", "high", "p"]));
        } else {
            let names: Vec<String> = (0..numbers_plain(&line["scores"]).len())
                .map(|at| at.to_string())
                .collect();
            let samples = samples(&names, &numbers_plain(&line["scores"]));
            let ours = bootstrap(&samples, Combine::Pooled, 1, 20_000).expect("samples");
            // Both are random; the interval is about 0.09 wide.
            near(
                &mut differences,
                line,
                &[ours.low, ours.high],
                &numbers(&line["scipy"]),
                0.002,
            );
        }
    }
    differences
}

fn numbers_plain(values: &Value) -> Vec<f64> {
    let values = values.as_array().expect("numbers").iter();
    values.map(|value| value.as_f64().expect("a number")).collect()
}

fn samples<'a>(names: &'a [String], scores: &[f64]) -> Vec<Sample<'a, 1>> {
    let of = |(image, score): (&'a String, &f64)| Sample {
        image,
        setting: 0,
        scores: [*score],
    };
    names.iter().zip(scores).map(of).collect()
}

fn resampled(differences: &mut Differences, line: &Value, official: &[f64]) {
    let rows = line["samples"].as_array().expect("samples");
    let combine = if line["settings"] == true {
        Combine::MeanOfSettings
    } else {
        Combine::Pooled
    };
    let seed = line["seed"].as_u64().expect("a seed");
    let replicates = line["replicates"].as_u64().expect("a count") as usize;
    let ours = if rows[0].as_array().expect("a row").len() == 4 {
        let found = compare(&of_rows::<2>(rows), combine, seed, replicates).expect("samples");
        vec![
            found.interval.estimate,
            found.interval.low,
            found.interval.high,
            found.p,
        ]
    } else {
        let found = bootstrap(&of_rows::<1>(rows), combine, seed, replicates).expect("samples");
        vec![found.estimate, found.low, found.high]
    };
    let all = ours.iter().zip(official).all(|(a, b)| (a - b).abs() <= BUDGET);
    differences.compare(|| format!("{ours:?} {official:?} {line}"), &all, &true);
}

fn of_rows<const RUNS: usize>(rows: &[Value]) -> Vec<Sample<'_, RUNS>> {
    let of = |row| {
        let row: &Value = row;
        Sample {
            image: row[0].as_str().expect("a picture"),
            setting: row[1].as_u64().expect("a setting") as usize,
            scores: std::array::from_fn(|run| row[2 + run].as_f64().expect("a score")),
        }
    };
    rows.iter().map(of).collect()
}
