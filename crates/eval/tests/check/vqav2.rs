//! VQAv2 against the fork and GT-Vision-Lab's code.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::Value;
use sightline_eval::benchmarks::vqav2::rule::{Answer, Sample, Totals, score};
use sightline_eval::score::Score;

use super::{Differences, golden, number, places, text, texts};

pub(crate) fn check() -> Differences {
    static LINES: OnceLock<Vec<Value>> = OnceLock::new();
    let lines = LINES.get_or_init(|| golden("vqav2"));
    let mut differences = Differences::default();
    let (cases, totals): (Vec<_>, Vec<_>) = lines[1..].iter().partition(|line| line.get("p").is_some());
    let ours: Vec<Score> = cases
        .iter()
        .map(|case| score(text(case, "p"), &answers(case)))
        .collect();
    for (case, ours) in cases.iter().zip(&ours) {
        let official = number(&case["s"]);
        differences.compare(|| format!("fork {case}"), &ours.score, &official.unwrap_or(0.0));
        differences.compare(
            || format!("invalid {case}"),
            &(ours.valid == Some(false)),
            &official.is_none(),
        );
        let benchmark = number(&case["o"]).unwrap_or(0.0);
        differences.compare(
            || format!("official {case}"),
            &ours.official.map(|score| 100.0 * score),
            &Some(benchmark),
        );
    }
    for line in totals {
        let of = places(line);
        let samples = |by: fn(&Score) -> f64| -> Vec<Sample> {
            let sample = |&at: &usize| Sample {
                score: by(&ours[at]),
                answer_type: text(cases[at], "t"),
                question_type: text(cases[at], "q"),
            };
            of.iter().map(sample).collect()
        };
        let fork = Totals::by_fork(&samples(|ours| ours.score));
        differences.compare(|| format!("totals of the fork {line}"), &fork, &recorded(&line["fork"]));
        let benchmark = Totals::by_benchmark(&samples(|ours| ours.official.unwrap_or(f64::NAN)));
        differences.compare(
            || format!("official totals {line}"),
            &benchmark,
            &recorded(&line["official"]),
        );
    }
    differences
}

fn answers(case: &Value) -> Vec<Answer> {
    let mut answers = Answer::numbered(texts(case, "a"));
    for (at, answer) in answers.iter_mut().enumerate() {
        if let Some(ids) = case.get("i") {
            answer.id = ids[at].as_i64().expect("an id");
            answer.confidence = case["c"][at].as_str().expect("a confidence").to_owned();
        }
    }
    answers
}

fn recorded(line: &Value) -> Option<Totals> {
    let by = |key: &str| -> BTreeMap<String, f64> {
        let parts = line[key].as_object().expect("an object").iter();
        parts
            .map(|(kind, mean)| (kind.clone(), number(mean).expect("a number")))
            .collect()
    };
    Some(Totals {
        overall: number(&line["overall"])?,
        answer_types: by("t"),
        question_types: by("q"),
    })
}
