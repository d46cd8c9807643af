//! GQA against the fork and the benchmark's script.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::OnceLock;

use serde_json::Value;
use sightline_eval::benchmarks::gqa::rule::{Part, Question, Totals, count_steps, count_words, normalise, score};

use super::{Differences, golden, number, places, text};

pub(crate) fn check() -> Differences {
    static LINES: OnceLock<Vec<Value>> = OnceLock::new();
    let lines = LINES.get_or_init(|| golden("gqa"));
    let mut differences = Differences::default();
    let (cases, totals): (Vec<_>, Vec<_>) = lines[1..].iter().partition(|line| line.get("p").is_some());
    for case in &cases {
        let prediction = text(case, "p");
        differences.compare(
            || format!("normalised {case}"),
            &normalise(prediction).as_str(),
            &text(case, "n"),
        );
        let ours = score(prediction, text(case, "a"));
        differences.compare(|| case.to_string(), &Some(ours.score), &number(&case["s"]));
    }
    let questions: Vec<Question> = cases.iter().map(|case| question(case)).collect();
    for line in totals {
        let ours = Totals::of(
            places(line)
                .into_iter()
                .map(|at| (&questions[at], text(cases[at], "p"))),
        );
        if line.get("stops").is_some() {
            differences.compare(|| format!("stops {line}"), &ours.distribution, &None);
        } else {
            differences.compare(|| format!("totals {line}"), &ours, &recorded(line));
        }
    }
    differences
}

fn question(case: &Value) -> Question {
    let program = case["program"].as_array().expect("a program").iter();
    let program = program.map(|step| {
        (
            step[0].as_str().expect("operation"),
            step[1].as_str().expect("argument"),
        )
    });
    Question {
        answer: text(case, "a").to_owned(),
        balanced: case["balanced"] == true,
        structural: text(case, "structural").to_owned(),
        semantic: text(case, "semantic").to_owned(),
        group: case["group"].as_str().map(str::to_owned),
        words: count_words(text(case, "question")),
        steps: count_steps(program),
    }
}

fn recorded(line: &Value) -> Totals {
    let total = |key: &str| number(&line[key]).expect("a total");
    Totals {
        accuracy: total("accuracy"),
        binary: total("binary"),
        open: total("open"),
        distribution: number(&line["distribution"]),
        structural: parts(&line["structural"]),
        semantic: parts(&line["semantic"]),
        steps: parts(&line["steps"]),
        words: parts(&line["words"]),
    }
}

fn parts<K: FromStr<Err: std::fmt::Debug> + Ord>(line: &Value) -> BTreeMap<K, Part> {
    let parts = line.as_object().expect("parts").iter();
    let part = |part: &Value| {
        (
            number(&part[0]).expect("percent"),
            part[1].as_u64().expect("a count") as usize,
        )
    };
    parts
        .map(|(title, value)| (title.parse().expect("a title"), part(value)))
        .collect()
}
