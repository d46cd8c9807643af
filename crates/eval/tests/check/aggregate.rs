//! Aggregates against the eight rows that were released with the paper.

use sightline_eval::aggregate::{Aggregate, Aggregates, LOC, TaskScore, VQA};

use super::Differences;

/// W-VQA, W-Loc and Overall of the released models (raykuo18's `results/dense_objective.csv` and
/// its neighbours).
const RELEASED: [(&str, f64, f64, f64); 8] = [
    ("vit-s-in1k-224", 57.25, 17.82, 51.95),
    ("maxvit-t-in1k-224-s3", 58.75, 15.79, 52.98),
    ("mambavision-b-in1k-224-s3", 56.53, 31.17, 53.12),
    ("vmamba-s-in1k-224-s3", 62.39, 39.17, 59.27),
    ("vitdet-b-coco-1024", 63.00, 43.74, 60.42),
    ("vit-adapter-deit-b-ade20k-512", 60.69, 33.77, 57.07),
    ("vmamba-s-coco-1333x800", 62.78, 47.94, 60.78),
    ("vmamba-s-ade20k-512", 63.21, 44.98, 60.76),
];

pub(crate) fn check() -> Differences {
    let mut differences = Differences::default();
    for (model, vqa, loc, overall) in RELEASED {
        let of = |score: f64| {
            move |member: &sightline_eval::aggregate::Member| TaskScore {
                task: member.task,
                score,
                count: member.count,
            }
        };
        let mut scores: Vec<TaskScore> = VQA.iter().map(of(vqa)).chain(LOC.iter().map(of(loc))).collect();
        let ours = Aggregates::of(&scores);
        differences.compare(|| format!("{model} VQA"), &ours.vqa.to_string(), &format!("{vqa:.2}"));
        differences.compare(|| format!("{model} Loc"), &ours.loc.to_string(), &format!("{loc:.2}"));
        let Aggregate::Full(ours) = ours.overall else {
            panic!("every member is there");
        };
        // The three numbers are rounded each: half a hundredth on the left, as much on the right.
        let is_near = (ours - overall).abs() <= 0.01;
        differences.compare(|| format!("{model} Overall {ours} {overall}"), &is_near, &true);

        scores[2].count -= 1;
        scores.remove(5);
        scores.remove(0);
        let partial = Aggregates::of(&scores);
        let shown = [partial.vqa, partial.loc, partial.overall].map(|aggregate| aggregate.to_string());
        let expected = ["n/a, 4 of 7".to_owned(), format!("{loc:.2}"), "n/a, 8 of 11".to_owned()];
        differences.compare(|| format!("{model} in part"), &shown, &expected);
    }
    differences
}
