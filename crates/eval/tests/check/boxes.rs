//! RefCOCO and OCID-Ref against the fork.

use std::sync::OnceLock;

use serde_json::Value;
use sightline_eval::benchmarks::ocid_ref::rule::{self as ocid_ref, Clutter};
use sightline_eval::benchmarks::refcoco::rule as of_refcoco;
use sightline_eval::rules::boxes::{Counts, Item};
use sightline_eval::rules::geometry::{Gold, Transform, two_decimals};
use sightline_eval::score::Score;

use super::{Differences, golden, number, places, text};

/// Both, for what both share.
pub(crate) fn check() -> Differences {
    let (mut both, second) = (refcoco(), ocid_ref());
    both.count += second.count;
    both.first.extend(second.first);
    both
}

pub(crate) fn refcoco() -> Differences {
    static LINES: OnceLock<Vec<Value>> = OnceLock::new();
    let lines = &LINES.get_or_init(|| golden("refcoco"))[1..];
    let mut differences = Differences::default();
    let (cases, scores) = compare(lines, of_refcoco::score, &mut differences);
    for line in lines.iter().filter(|line| line.get("totals").is_some()) {
        let of = places(line);
        let totals = of_refcoco::totals(of.into_iter().map(|at| (text(cases[at], "in"), scores[at])));
        for name in ["RefCOCO", "RefCOCO+", "RefCOCOg"] {
            let ours = totals.get(name).and_then(Counts::accuracy);
            let official = number(&line["totals"][format!("accuracy__{name}")]);
            differences.compare(|| format!("{name} {line}"), &ours, &official);
        }
    }
    differences
}

pub(crate) fn ocid_ref() -> Differences {
    static LINES: OnceLock<Vec<Value>> = OnceLock::new();
    let lines = &LINES.get_or_init(|| golden("ocid_ref"))[1..];
    let mut differences = Differences::default();
    let (cases, scores) = compare(lines, ocid_ref::score, &mut differences);
    let clutter = |name: &str| {
        Clutter::ALL
            .into_iter()
            .find(|class| class.name() == name)
            .expect("a class")
    };
    for line in lines.iter().filter(|line| line.get("totals").is_some()) {
        let of = places(line);
        let totals = of.into_iter().map(|at| (clutter(text(cases[at], "in")), scores[at]));
        let totals = ocid_ref::Totals::of(totals);
        let mut ours: Vec<Option<f64>> = totals.clutter.iter().map(Counts::accuracy).collect();
        ours.push(totals.pooled());
        let names = ["Minimum", "Medium", "Maximum", "All"];
        let official = names.map(|name| number(&line["totals"][format!("accuracy__OCIDRef-{name}")]));
        differences.compare(|| line.to_string(), &ours.as_slice(), &official.as_slice());
    }
    let takes = lines.iter().find_map(|line| line.get("takes")).expect("takes");
    for (take, name) in takes.as_object().expect("takes") {
        let ours = Clutter::of_take(take.parse().expect("a number")).map(Clutter::name);
        differences.compare(|| format!("take {take}"), &ours, &name.as_str());
    }
    differences
}

/// Compares each case's validity, gold box and overlap, and the builders' rounding.
fn compare<'a>(
    lines: &'a [Value],
    score: fn(&str, &Item) -> Score,
    differences: &mut Differences,
) -> (Vec<&'a Value>, Vec<Score>) {
    let cases: Vec<&Value> = lines.iter().filter(|line| line.get("p").is_some()).collect();
    let mut scores = Vec::new();
    for case in &cases {
        let item = item(case);
        let ours = score(text(case, "p"), &item);
        if let Some(valid) = case.get("valid") {
            let valid = valid.as_bool();
            differences.compare(|| format!("valid {case}"), &ours.valid, &valid);
            let official = number(&case["iou"]).or(valid.filter(|&valid| valid).map(|_| 0.0));
            differences.compare(|| format!("iou {case}"), &ours.iou, &official);
        } else {
            differences.compare(|| format!("valid {case}"), &ours.valid, &Some(false));
        }
        if case.get("gold").is_some() {
            differences.compare(|| format!("gold {case}"), &item.gold_box(), &Some(four(&case["gold"])));
        } else {
            let stops_there = case["stops"] == "ZeroDivisionError" && item.gold_box().is_some();
            differences.compare(|| format!("stops {case}"), &stops_there, &false);
        }
        scores.push(ours);
    }
    for line in lines.iter().filter(|line| line.get("two").is_some()) {
        let ours = two_decimals(four(&line["from"]), size(line));
        differences.compare(|| line.to_string(), &ours, &Some(four(&line["two"])));
    }
    (cases, scores)
}

fn item(case: &Value) -> Item {
    let transform = &case["transform"];
    let target = &transform["target_resolution"];
    Item {
        gold: match text(case, "form") {
            "pixels" => Gold::Pixels(four(&case["px"])),
            "v2" => Gold::V2(four(&case["bbox"])),
            _ => Gold::Normalised(four(&case["bbox"])),
        },
        size: size(case),
        transform: Transform {
            policy: transform["policy"].as_str().map(str::to_owned),
            target_resolution: target
                .as_array()
                .map(|_| [0, 1].map(|at| target[at].as_f64().expect("px"))),
        },
    }
}

fn size(line: &Value) -> [f64; 2] {
    [0, 1].map(|at| line["size"][at].as_f64().expect("px"))
}

fn four(value: &Value) -> [f64; 4] {
    [0, 1, 2, 3].map(|at| number(&value[at]).expect("a number"))
}
