//! RefCOCO, RefCOCO+ and RefCOCOg: accuracy at an overlap of at least 0.5, as the paper's fork scores it (`refcoco.py`, MIT).
//!
//! The fork reports the three data sets apart and divides by zero where one of them has no sample; each of ours stands for itself.

use std::collections::BTreeMap;

use crate::mutant::branch;

use crate::rules::boxes::{Counts, Item};
use crate::score::Score;

/// The least overlap of a right box.
pub const THRESHOLD: f64 = 0.5;

/// Score of one answer.
pub fn score(prediction: &str, item: &Item) -> Score {
    item.score(prediction, branch!("refcoco.threshold", THRESHOLD, 0.25))
}

/// Counts of each data set (`RefCOCO`, `RefCOCO+`, `RefCOCOg`).
pub fn totals<'a>(scores: impl IntoIterator<Item = (&'a str, Score)>) -> BTreeMap<String, Counts> {
    let mut counts = BTreeMap::<String, Counts>::new();
    for (data_set, score) in scores {
        let data_set = branch!("refcoco.apart", data_set, "RefCOCO");
        counts.entry(data_set.to_owned()).or_default().add(&score);
    }
    counts
}
