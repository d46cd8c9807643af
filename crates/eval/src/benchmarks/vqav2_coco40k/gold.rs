//! Gold and totals of VQAv2, and the totals of two slices of its questions: `slice` says which one a question is in.

use crate::answers::Response;
use crate::answers::fields::{Fields, InputError};
use crate::benchmarks::vqav2::gold::{self as official, Vqav2};
use crate::gold::Layout;
use crate::score::Score;
use crate::scoring::{FORK, Origin, Sample, Scoring, Wanted};
use crate::summary::Total;

/// Beginnings of questions that are scored by themselves as well.
pub(super) const SLICES: [&str; 2] = ["what color", "how many"];

pub(crate) struct Sliced;

/// A question's gold.
pub(crate) struct Gold {
    official: official::Gold,
    slice: Option<String>,
}

impl Scoring for Sliced {
    type Gold = Gold;

    fn wanted(&self) -> Wanted {
        Wanted::Text
    }

    fn layouts(&self) -> &'static [Layout] {
        Vqav2.layouts()
    }

    fn gold(&self, item: &Fields, origin: Origin) -> Result<Option<Gold>, InputError> {
        let slice = item.maybe_text("slice")?.map(str::to_owned);
        let official = Vqav2.gold(item, origin)?;
        Ok(official.map(|official| Gold { official, slice }))
    }

    fn in_gold_order(&self) -> bool {
        true
    }

    fn score(&self, response: &Response, gold: &Gold) -> Score {
        Vqav2.score(response, &gold.official)
    }

    fn totals(&self, samples: &[Sample<Gold>]) -> (Vec<Total>, Vec<String>) {
        let official: Vec<Sample<official::Gold>> = samples
            .iter()
            .map(|sample| Sample {
                response: sample.response,
                gold: &sample.gold.official,
                score: sample.score,
            })
            .collect();
        let (mut totals, notes) = Vqav2.totals(&official);
        for slice in SLICES {
            let scores: Vec<f64> = samples
                .iter()
                .filter(|sample| sample.gold.slice.as_deref() == Some(slice))
                .map(|sample| sample.score.score)
                .collect();
            if !scores.is_empty() {
                let mean = 100.0 * scores.iter().sum::<f64>() / scores.len() as f64;
                totals.push(Total::percent(FORK, format!("slice: {slice}"), mean).of(scores.len()));
            }
        }
        (totals, notes)
    }
}
