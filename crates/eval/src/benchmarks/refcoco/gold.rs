//! RefCOCO, RefCOCO+ and RefCOCOg: gold is a box, see [`crate::scoring::boxes`].

use super::rule;
use crate::answers::Response;
use crate::answers::fields::{Fields, InputError};
use crate::gold::Layout;
use crate::rules::boxes::Item;
use crate::score::Score;
use crate::scoring::{Origin, Sample, Scoring, Wanted, boxes};
use crate::summary::Total;

/// One of the three data sets, by the name that the metadata have for it.
pub(crate) struct RefCoco(pub &'static str);

impl Scoring for RefCoco {
    type Gold = Item;

    fn wanted(&self) -> Wanted {
        Wanted::Text
    }

    fn layouts(&self) -> &'static [Layout] {
        &[Layout::ById]
    }

    fn gold(&self, item: &Fields, origin: Origin) -> Result<Option<Item>, InputError> {
        if let Some(data_set) = item.maybe_text("refer_dataset")?
            && data_set != self.0
        {
            return Ok(None);
        }
        let transform = boxes::transform(item, origin)?;
        boxes::item(item, origin, transform).map(Some)
    }

    fn score(&self, response: &Response, gold: &Item) -> Score {
        rule::score(response.text(), gold)
    }

    fn totals(&self, samples: &[Sample<Item>]) -> (Vec<Total>, Vec<String>) {
        let counts = rule::totals(samples.iter().map(|sample| (self.0, sample.score)));
        let mut list: Vec<Total> = counts.values().flat_map(|counts| boxes::counted("", *counts)).collect();
        let answers: Vec<_> = samples
            .iter()
            .map(|sample| (sample.response.text(), sample.gold))
            .collect();
        list.extend(boxes::beside(&answers, rule::THRESHOLD));
        (list, vec![boxes::note()])
    }
}
