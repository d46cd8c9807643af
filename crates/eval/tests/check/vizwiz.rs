//! VizWiz against the fork.

use std::sync::OnceLock;

use serde_json::Value;
use sightline_eval::benchmarks::vizwiz::rule::{Sample, Totals, says_unanswerable, score};
use sightline_eval::score::Score;

use super::{Differences, golden, number, places, text, texts};

pub(crate) fn check() -> Differences {
    static LINES: OnceLock<Vec<Value>> = OnceLock::new();
    let lines = LINES.get_or_init(|| golden("vizwiz"));
    let mut differences = Differences::default();
    let (cases, totals): (Vec<_>, Vec<_>) = lines[1..].iter().partition(|line| line.get("p").is_some());
    let ours: Vec<Score> = cases
        .iter()
        .map(|case| score(text(case, "p"), &texts(case, "a")))
        .collect();
    for (case, ours) in cases.iter().zip(&ours) {
        let official = number(&case["s"]);
        differences.compare(|| case.to_string(), &(100.0 * ours.score), &official.unwrap_or(0.0));
        differences.compare(
            || format!("invalid {case}"),
            &(ours.valid == Some(false)),
            &official.is_none(),
        );
        let said = says_unanswerable(text(case, "p"));
        differences.compare(
            || format!("unanswerable {case}"),
            &i64::from(said),
            &case["u"].as_i64().expect("0 or 1"),
        );
    }
    let sample = |at: usize| Sample {
        score: ours[at].score,
        answerable: cases[at]["y"] == 1,
        says_unanswerable: says_unanswerable(text(cases[at], "p")),
    };
    for line in totals {
        let samples: Vec<Sample> = places(line).into_iter().map(sample).collect();
        let official = Totals {
            overall: number(&line["overall"]).expect("a total"),
            answerable: number(&line["answerable"]),
            unanswerable: number(&line["unanswerable"]),
            average_precision: number(&line["average_precision"]).expect("a total"),
            f1: number(&line["f1"]).expect("a total"),
        };
        differences.compare(|| format!("totals {line}"), &Totals::of(&samples), &Some(official));
    }
    differences
}
