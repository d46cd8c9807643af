//! RefCOCO, RefCOCO+, RefCOCOg and OCID-Ref: `box` in px or `bbox` as in the v2 metadata, `width`, `height`, `transform`, `clutter`; gold is the
//! metadata that the paper's code writes.

use std::path::Path;

use sightline_checkpoint::file::read_text;

use super::{Benchmark, FORK, Sample, Source, Wanted};
use crate::answers::Response;
use crate::answers::fields::{At, Fields, InputError, Place};
use crate::gold::Layout;
use crate::score::Score;
use crate::score::boxes::{Collapse, Counts, Item, LENIENT, first_four_numbers, true_iou};
use crate::score::geometry::{Frame, Gold as GoldBox, Transform};
use crate::score::ocid_ref::{self, Clutter};
use crate::score::refcoco;
use crate::summary::Total;

/// A benchmark of boxes.
pub(super) enum Boxes {
    /// One of the three data sets, by the name that the metadata have for it.
    RefCoco(&'static str),
    /// OCID-Ref.
    OcidRef,
}

/// A question's gold.
pub(super) struct Gold {
    item: Item,
    clutter: Option<Clutter>,
}

/// Largest `image_transform.json` that is read, bytes; it has some hundred.
const MAX_TRANSFORM: u64 = 1 << 20;

/// Reads `image_transform.json` of a run.
pub(super) fn read_transform(path: &Path) -> Result<Transform, InputError> {
    let file = Place::file(&path.display().to_string());
    let text = read_text(path, MAX_TRANSFORM)
        .map_err(|error| InputError::new(&file, format!("cannot be read ({error}); is it the right file?")))?;
    let map = serde_json::from_str(&text)
        .map_err(|error| InputError::new(&file.at(At::Line(error.line())), format!("no JSON object ({error})")))?;
    transform_of(&Fields { map, place: file })
}

fn transform_of(object: &Fields) -> Result<Transform, InputError> {
    Ok(Transform {
        policy: object.maybe_text("policy")?.map(str::to_owned),
        target_resolution: object.maybe_array("target_resolution")?,
    })
}

impl Boxes {
    fn threshold(&self) -> f64 {
        match self {
            Self::RefCoco(_) => refcoco::THRESHOLD,
            Self::OcidRef => ocid_ref::THRESHOLD,
        }
    }

    fn clutter(&self, item: &Fields) -> Result<Option<Clutter>, InputError> {
        if !matches!(self, Self::OcidRef) {
            return Ok(None);
        }
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
        known.map(Some).ok_or_else(|| item.error(name, problem))
    }
}

/// The gold box, by the fields that are there.
fn box_of(item: &Fields, source: Source) -> Result<GoldBox, InputError> {
    if let Some(bounds) = item.maybe_array("box")? {
        return Ok(GoldBox::Pixels(bounds));
    }
    if let Some(bounds) = item.maybe_array("bbox_xyxy")? {
        return Ok(GoldBox::Pixels(bounds));
    }
    let bounds = item.maybe_array("bbox")?;
    let form = if source.file.is_some() {
        GoldBox::Normalised
    } else {
        GoldBox::V2
    };
    bounds.map(form).ok_or_else(|| {
        item.error(
            "box",
            "missing; write the gold box there (px), or name the metadata with --gold",
        )
    })
}

impl Benchmark for Boxes {
    type Gold = Gold;

    fn wanted(&self) -> Wanted {
        Wanted::Text
    }

    fn layouts(&self) -> &'static [Layout] {
        &[Layout::ById]
    }

    fn gold(&self, item: &Fields, source: Source) -> Result<Option<Gold>, InputError> {
        if let (Self::RefCoco(name), Some(data_set)) = (self, item.maybe_text("refer_dataset")?)
            && data_set != *name
        {
            return Ok(None);
        }
        let own = item
            .maybe_object("transform")?
            .map(|object| transform_of(&object))
            .transpose()?;
        let transform = own.or_else(|| source.transform.cloned()).ok_or_else(|| {
            let remedy = "write {\"policy\": .., \"target_resolution\": [h, w]} there, or name image_transform.json with --transform";
            item.error("transform", format!("missing; {remedy}"))
        })?;
        let size = |long: &str, short: &str| item.size(if item.has(long) { long } else { short });
        Ok(Some(Gold {
            clutter: self.clutter(item)?,
            item: Item {
                gold: box_of(item, source)?,
                size: [size("image_width", "width")?, size("image_height", "height")?],
                transform,
            },
        }))
    }

    fn score(&self, response: &Response, gold: &Gold) -> Score {
        gold.item.score(response.text(), self.threshold())
    }

    fn totals(&self, samples: &[Sample<Gold>]) -> (Vec<Total>, Vec<String>) {
        let mut list = match self {
            Self::RefCoco(name) => {
                let counts = refcoco::totals(samples.iter().map(|sample| (*name, sample.score)));
                counts.values().flat_map(|counts| counted("", *counts)).collect()
            }
            Self::OcidRef => by_clutter(samples),
        };
        list.extend(beside(samples, self.threshold()));
        let frame =
            "overlap in the true geometry takes answers to be in LLaVA's frame, the picture centred on a square";
        (list, vec![format!("lenient parse is {LENIENT}; {frame}")])
    }
}

fn counted(name: &str, counts: Counts) -> [Total; 4] {
    [
        Total::share(FORK, format!("{name}accuracy"), counts.accuracy()).of(counts.total()),
        Total::count(FORK, format!("{name}correct"), counts.correct),
        Total::count(FORK, format!("{name}incorrect"), counts.incorrect),
        Total::count(FORK, format!("{name}invalid"), counts.invalid),
    ]
}

fn by_clutter(samples: &[Sample<Gold>]) -> Vec<Total> {
    let known = samples
        .iter()
        .filter_map(|sample| Some((sample.gold.clutter?, sample.score)));
    let totals = ocid_ref::Totals::of(known);
    let mut list = vec![Total::share(FORK, "accuracy", totals.pooled()).of(samples.len())];
    for (clutter, counts) in Clutter::ALL.into_iter().zip(totals.clutter) {
        list.extend(counted(&format!("{}: ", clutter.name()), counts));
    }
    list
}

/// What stands beside the strict score: the lenient parse in the true geometry, and the signals of a collapsed model.
fn beside(samples: &[Sample<Gold>], threshold: f64) -> Vec<Total> {
    const OURS: &str = "ours";
    let overlap = |sample: &Sample<Gold>| {
        let Item { gold, size, .. } = &sample.gold.item;
        first_four_numbers(sample.response.text()).map_or(0.0, |found| {
            true_iou(found, Frame::CentredSquare, gold.pixels(*size), *size)
        })
    };
    let overlaps: Vec<f64> = samples.iter().map(overlap).collect();
    let count = overlaps.len() as f64;
    let right = overlaps.iter().filter(|overlap| **overlap >= threshold).count() as f64;
    let collapse = Collapse::of(samples.iter().map(|sample| sample.response.text()));
    let modal = collapse.modal.map_or_else(String::new, |modal| format!(" {modal:?}"));
    vec![
        Total::share(OURS, "lenient parse, true geometry: accuracy", right / count),
        Total::share(
            OURS,
            "lenient parse, true geometry: mean overlap",
            overlaps.iter().sum::<f64>() / count,
        ),
        Total::share(OURS, "answers that the strict parse accepts", collapse.strict_rate),
        Total::share(OURS, "answers that the lenient parse accepts", collapse.lenient_rate),
        Total::share(
            OURS,
            format!("answers that are the most frequent box{modal}"),
            collapse.modal_share,
        ),
    ]
}
