//! What benchmarks of boxes have in common: `box` in px or `bbox` as in the v2 metadata, `width`, `height`, `transform`; gold is the metadata
//! that the paper's code writes.

use std::path::Path;

use sightline_checkpoint::file::read_text;

use super::rule::{FORK, Origin};
use crate::answers::fields::{At, Fields, InputError, Place};
use crate::rules::boxes::{Collapse, Counts, Item, LENIENT, first_four_numbers, true_iou};
use crate::rules::geometry::{Frame, Gold, Transform};
use crate::summary::Total;

/// Largest `image_transform.json` that is read, bytes; it has some hundred.
const MAX_TRANSFORM: u64 = 1 << 20;

/// Reads `image_transform.json` of a run.
pub(crate) fn read_transform(path: &Path) -> Result<Transform, InputError> {
    let file = Place::file(&path.display().to_string());
    let text = read_text(path, MAX_TRANSFORM)
        .map_err(|error| InputError::new(&file, format!("cannot be read ({error}); is it the right file?")))?;
    let map = serde_json::from_str(&text)
        .map_err(|error| InputError::new(&file.at(At::Line(error.line())), format!("no JSON object ({error})")))?;
    transform_of(&Fields { map, place: file })
}

/// The transform that an object says.
fn transform_of(object: &Fields) -> Result<Transform, InputError> {
    Ok(Transform {
        policy: object.maybe_text("policy")?.map(str::to_owned),
        target_resolution: object.maybe_array("target_resolution")?,
    })
}

/// The transform that an item's own fields name, or that of the run.
pub(crate) fn transform(item: &Fields, origin: Origin) -> Result<Transform, InputError> {
    let own = item
        .maybe_object("transform")?
        .map(|object| transform_of(&object))
        .transpose()?;
    own.or_else(|| origin.transform.cloned()).ok_or_else(|| {
        let remedy = "write {\"policy\": .., \"target_resolution\": [h, w]} there, or name image_transform.json with --transform";
        item.error("transform", format!("missing; {remedy}"))
    })
}

/// Gold of an item.
pub(crate) fn item(item: &Fields, origin: Origin, transform: Transform) -> Result<Item, InputError> {
    let size = |long: &str, short: &str| item.size(if item.has(long) { long } else { short });
    Ok(Item {
        gold: box_of(item, origin)?,
        size: [size("image_width", "width")?, size("image_height", "height")?],
        transform,
    })
}

/// The gold box, by the fields that are there.
fn box_of(item: &Fields, origin: Origin) -> Result<Gold, InputError> {
    if let Some(bounds) = item.maybe_array("box")? {
        return Ok(Gold::Pixels(bounds));
    }
    if let Some(bounds) = item.maybe_array("bbox_xyxy")? {
        return Ok(Gold::Pixels(bounds));
    }
    let bounds = item.maybe_array("bbox")?;
    let form = if origin.file.is_some() {
        Gold::Normalised
    } else {
        Gold::V2
    };
    bounds.map(form).ok_or_else(|| {
        item.error(
            "box",
            "missing; write the gold box there (px), or name the metadata with --gold",
        )
    })
}

/// Accuracy, and how many answers are right, wrong and invalid.
pub(crate) fn counted(name: &str, counts: Counts) -> [Total; 4] {
    [
        Total::share(FORK, format!("{name}accuracy"), counts.accuracy()).of(counts.total()),
        Total::count(FORK, format!("{name}correct"), counts.correct),
        Total::count(FORK, format!("{name}incorrect"), counts.incorrect),
        Total::count(FORK, format!("{name}invalid"), counts.invalid),
    ]
}

/// What must be known beside the totals.
pub(crate) fn note() -> String {
    let frame = "overlap in the true geometry takes answers to be in LLaVA's frame, the picture centred on a square";
    format!("lenient parse is {LENIENT}; {frame}")
}

/// What stands beside the strict score: the lenient parse in the true geometry, and the signals of a collapsed model.
pub(crate) fn beside(samples: &[(&str, &Item)], threshold: f64) -> Vec<Total> {
    const OURS: &str = "ours";
    let overlap = |(answer, item): &(&str, &Item)| {
        let Item { gold, size, .. } = item;
        first_four_numbers(answer).map_or(0.0, |found| {
            true_iou(found, Frame::CentredSquare, gold.pixels(*size), *size)
        })
    };
    let overlaps: Vec<f64> = samples.iter().map(overlap).collect();
    let count = overlaps.len() as f64;
    let right = overlaps.iter().filter(|overlap| **overlap >= threshold).count() as f64;
    let collapse = Collapse::of(samples.iter().map(|(answer, _)| *answer));
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
