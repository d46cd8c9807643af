//! OCID-Ref: a box, see [`crate::scoring::boxes`], and `clutter`, by which totals are given as well.

use super::rule::{self, Clutter};
use crate::answers::Response;
use crate::answers::fields::{Fields, InputError};
use crate::gold::Layout;
use crate::rules::boxes::Item;
use crate::score::Score;
use crate::scoring::{FORK, Origin, Sample, Scoring, Wanted, boxes};
use crate::summary::Total;

pub(crate) struct OcidRef;

/// A question's gold.
pub(crate) struct Gold {
    item: Item,
    clutter: Clutter,
}

fn clutter(item: &Fields) -> Result<Clutter, InputError> {
    let name = if item.has("clutter_split") {
        "clutter_split"
    } else {
        "clutter"
    };
    let text = item.text(name)?;
    // The metadata's names, or their first words.
    let is = |clutter: &Clutter| {
        let full = clutter.name();
        text.eq_ignore_ascii_case(full)
            || full
                .split(' ')
                .next()
                .is_some_and(|word| text.eq_ignore_ascii_case(word))
    };
    let known = Clutter::ALL.into_iter().find(is);
    let problem = format!("`{text}`; minimum, medium or maximum is wanted");
    known.ok_or_else(|| item.error(name, problem))
}

impl Scoring for OcidRef {
    type Gold = Gold;

    fn wanted(&self) -> Wanted {
        Wanted::Text
    }

    fn layouts(&self) -> &'static [Layout] {
        &[Layout::ById]
    }

    fn gold(&self, item: &Fields, origin: Origin) -> Result<Option<Gold>, InputError> {
        let transform = boxes::transform(item, origin)?;
        Ok(Some(Gold {
            clutter: clutter(item)?,
            item: boxes::item(item, origin, transform)?,
        }))
    }

    fn score(&self, response: &Response, gold: &Gold) -> Score {
        rule::score(response.text(), &gold.item)
    }

    fn totals(&self, samples: &[Sample<Gold>]) -> (Vec<Total>, Vec<String>) {
        let mut list = by_clutter(samples);
        let answers: Vec<_> = samples
            .iter()
            .map(|sample| (sample.response.text(), &sample.gold.item))
            .collect();
        list.extend(boxes::beside(&answers, rule::THRESHOLD));
        (list, vec![boxes::note()])
    }
}

fn by_clutter(samples: &[Sample<Gold>]) -> Vec<Total> {
    let known = samples.iter().map(|sample| (sample.gold.clutter, sample.score));
    let totals = rule::Totals::of(known);
    let mut list = vec![Total::share(FORK, "accuracy", totals.pooled()).of(samples.len())];
    for (clutter, counts) in Clutter::ALL.into_iter().zip(totals.clutter) {
        list.extend(boxes::counted(&format!("{}: ", clutter.name()), counts));
    }
    list
}
