//! TextVQA against the fork.

use std::sync::OnceLock;

use serde_json::Value;
use sightline_eval::benchmarks::textvqa::rule::{score, total};
use sightline_eval::score::Score;

use super::{Differences, golden, number, places, text, texts};

pub(crate) fn check() -> Differences {
    static LINES: OnceLock<Vec<Value>> = OnceLock::new();
    let lines = LINES.get_or_init(|| golden("textvqa"));
    let mut differences = Differences::default();
    let (cases, totals): (Vec<_>, Vec<_>) = lines[1..].iter().partition(|line| line.get("p").is_some());
    let ours: Vec<Score> = cases
        .iter()
        .map(|case| score(text(case, "p"), &texts(case, "a")))
        .collect();
    for (case, ours) in cases.iter().zip(&ours) {
        let official = number(&case["s"]);
        differences.compare(|| case.to_string(), &ours.score, &official.unwrap_or(0.0));
        differences.compare(
            || format!("invalid {case}"),
            &(ours.valid == Some(false)),
            &official.is_none(),
        );
    }
    for line in totals {
        let scores: Vec<f64> = places(line).into_iter().map(|at| ours[at].score).collect();
        differences.compare(|| format!("total {line}"), &total(&scores), &number(&line["total"]));
    }
    differences
}
