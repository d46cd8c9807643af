//! POPE, TallyQA and VSR against POPE's script and the fork.

use std::sync::OnceLock;

use serde_json::Value;
use sightline_eval::benchmarks::pope::rule::{self as pope, Setting, Written, says_yes};
use sightline_eval::benchmarks::tallyqa::rule as tallyqa;
use sightline_eval::benchmarks::vsr::rule as of_vsr;

use super::{Differences, golden, number, places, text};

/// All, for what they share.
pub(crate) fn check() -> Differences {
    let mut all = Differences::default();
    for part in [pope(), tallyqa(), vsr()] {
        all.count += part.count;
        all.first.extend(part.first);
    }
    all
}

fn numbers(values: &Value) -> Vec<f64> {
    let values = values.as_array().expect("numbers").iter();
    values.map(|value| number(value).expect("a number")).collect()
}

fn pair(case: &Value) -> [f64; 2] {
    numbers(&case["q"]).try_into().expect("two")
}

/// A number of scikit-learn's, which says NaN where there is none.
fn some(value: f64) -> Option<f64> {
    (!value.is_nan()).then_some(value)
}

/// Accuracy and the two areas of each part.
fn parts(line: &Value) -> Vec<(f64, Option<f64>, Option<f64>)> {
    let parts = line["parts"].as_array().expect("parts").iter().map(numbers);
    parts.map(|part| (part[0], some(part[1]), some(part[2]))).collect()
}

pub(crate) fn pope() -> Differences {
    let mut differences = Differences::default();
    written(&mut differences);
    static LINES: OnceLock<Vec<Value>> = OnceLock::new();
    let lines = &LINES.get_or_init(|| golden("pope"))[1..];
    let (cases, totals): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line.get("q").is_some());
    for case in &cases {
        let ours = pope::score_probabilities(pair(case), case["a"] == "yes");
        let ours = (ours.valid != Some(false)).then_some(ours.score);
        differences.compare(|| case.to_string(), &ours, &number(&case["s"]));
    }
    let setting = |name: &str| {
        Setting::ALL
            .into_iter()
            .find(|one| one.name() == name)
            .expect("a setting")
    };
    let sample = |at: usize| (setting(text(cases[at], "in")), pair(cases[at]), cases[at]["a"] == "yes");
    for line in totals {
        let samples: Vec<_> = places(line).into_iter().map(sample).collect();
        let ours = pope::Totals::of(&samples).map(|totals| {
            let parts = totals.settings.into_iter().chain([totals.all]);
            parts
                .map(|part| (part.accuracy, part.auc_roc, part.auc_pr))
                .collect::<Vec<_>>()
        });
        let official = line.get("parts").map(|_| parts(line));
        differences.compare(|| line.to_string(), &ours, &official);
    }
    differences
}

fn written(differences: &mut Differences) {
    static LINES: OnceLock<Vec<Value>> = OnceLock::new();
    let lines = &LINES.get_or_init(|| golden("pope_text"))[1..];
    let (cases, totals): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line.get("p").is_some());
    for case in &cases {
        let ours = says_yes(text(case, "p"));
        differences.compare(|| case.to_string(), &ours, &(case["said"] == "yes"));
        let right = f64::from(case["said"] == case["a"]);
        let ours = pope::score(text(case, "p"), case["a"] == "yes");
        differences.compare(|| format!("score {case}"), &ours.score, &right);
    }
    for line in totals {
        let of = places(line);
        let ours = Written::of(
            of.into_iter()
                .map(|at| (says_yes(text(cases[at], "p")), cases[at]["a"] == "yes")),
        );
        let counts = [
            ours.true_positives,
            ours.false_positives,
            ours.true_negatives,
            ours.false_negatives,
        ];
        let official = [0, 1, 2, 3].map(|at| line["counts"][at].as_u64().expect("a count") as usize);
        differences.compare(|| format!("counts {line}"), &counts, &official);
        for (name, ours) in [
            ("precision", ours.precision()),
            ("recall", ours.recall()),
            ("f1", ours.f1()),
            ("acc", ours.accuracy()),
            ("yes_ratio", ours.yes_ratio()),
        ] {
            if let Some(official) = line.get(name) {
                differences.compare(|| format!("{name} {line}"), &ours, &number(official));
            } else if line.get("stops").is_some() && name == "f1" {
                differences.compare(|| format!("{name} {line}"), &ours, &None);
            }
        }
    }
}

pub(crate) fn tallyqa() -> Differences {
    static LINES: OnceLock<Vec<Value>> = OnceLock::new();
    let lines = &LINES.get_or_init(|| golden("tallyqa"))[1..];
    let mut differences = Differences::default();
    let (cases, totals): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line.get("q").is_some());
    let samples: Vec<tallyqa::Sample> = cases
        .iter()
        .map(|case| tallyqa::Sample {
            probabilities: numbers(&case["q"]),
            answer: case["a"].as_u64().expect("a count") as usize,
            simple: case["in"] == "simple",
        })
        .collect();
    for (case, sample) in cases.iter().zip(&samples) {
        let ours = tallyqa::score(&sample.probabilities, sample.answer);
        if let Some(official) = number(&case["s"]) {
            differences.compare(|| case.to_string(), &ours.score, &official);
        } else {
            let finite = sample.probabilities.iter().all(|value| value.is_finite());
            differences.compare(|| case.to_string(), &ours.valid, &(!finite).then_some(false));
        }
    }
    for line in totals {
        let samples: Vec<_> = places(line).into_iter().map(|at| samples[at].clone()).collect();
        let ours = tallyqa::Totals::of(&samples);
        let ours = ours.map(|totals| {
            let parts = [totals.simple, totals.complex, totals.all].into_iter();
            parts
                .map(|part| (part.accuracy, part.auc_roc, part.auc_pr))
                .collect::<Vec<_>>()
        });
        if line["stops"] == "ValueError" {
            // Probabilities that do not add up: ours has no area of all samples.
            let area = ours.and_then(|parts| parts[2].1);
            differences.compare(|| line.to_string(), &area, &None);
        } else {
            let official = line.get("parts").map(|_| parts(line));
            differences.compare(|| line.to_string(), &ours, &official);
        }
    }
    differences
}

pub(crate) fn vsr() -> Differences {
    static LINES: OnceLock<Vec<Value>> = OnceLock::new();
    let lines = &LINES.get_or_init(|| golden("vsr"))[1..];
    let mut differences = Differences::default();
    let (cases, totals): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line.get("q").is_some());
    for case in &cases {
        let ours = of_vsr::score(pair(case), case["a"] == true);
        let ours = (ours.valid != Some(false)).then_some(ours.score);
        differences.compare(|| case.to_string(), &ours, &number(&case["s"]));
    }
    for line in totals {
        let samples: Vec<_> = places(line)
            .into_iter()
            .map(|at| (pair(cases[at]), cases[at]["a"] == true))
            .collect();
        let ours = of_vsr::Totals::of(&samples).map(|totals| vec![(totals.accuracy, totals.auc_roc, totals.auc_pr)]);
        differences.compare(|| line.to_string(), &ours, &Some(parts(line)));
    }
    differences
}
