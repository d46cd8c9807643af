//! What is asked about the mosaics.

use std::sync::Arc;

use serde_json::{Value, json};

use super::make::{Draws, Layout, MOSAICS, Mosaic};
use super::pictures::{FOLDER, PICTURES};
use crate::answers::fields::InputError;
use crate::benchmarks::row::{Exposure, Family, Folder, Question, SHIPPED, Slim, Task, gold};
use crate::sources::data::DataPath;
use crate::sources::image::{Image, Pictures};
use crate::sources::lists::verify;
use crate::sources::mosaic::CANVAS;

/// Least share of a thing's box that is seen where it is asked for.
const LEAST_SEEN: f64 = 0.7;

/// What the three have in common.
const fn task(
    id: &'static str,
    name: &'static str,
    count: usize,
    read: fn(&Folder) -> Result<Vec<Question>, InputError>,
) -> Task {
    Task {
        id,
        aliases: &[],
        name,
        split: "120 mosaics of 12 pictures",
        count,
        metric: "exact match",
        files: &[FOLDER],
        also: &[],
        scored_as: "exact",
        choices: &[],
        version: 1,
        exposure: &[Exposure {
            models: SHIPPED,
            seen: "such questions about mosaics of other pictures; none of these pictures",
        }],
        family: Family::Other,
        list: None,
        packable: false,
        questions: read,
        slim: Slim::None,
    }
}

pub(super) const PRESENCE: Task = task(
    "presence-gallery",
    "Presence, mosaics of the page's pictures",
    2 * MOSAICS,
    presence,
);

pub(super) const RELATION: Task = task(
    "relation-gallery",
    "Left, right, above, below, mosaics of the page's pictures",
    MOSAICS,
    relation,
);

pub(super) const GROUND: Task = Task {
    metric: "accuracy at IoU 0.5",
    scored_as: "boxes",
    ..task(
        "ground-gallery",
        "Grounding, mosaics of the page's pictures",
        GROUNDED,
        ground,
    )
};

/// Mosaics in which something is seen well enough to be asked for.
const GROUNDED: usize = 90;

/// Reads the questions of every mosaic, in the order of the mosaics. `ask` gives prompts and gold.
fn questions(
    folder: &Folder,
    ask: impl Fn(usize, &Mosaic) -> Vec<(String, Value)>,
) -> Result<Vec<Question>, InputError> {
    let mut files: Vec<DataPath> = Vec::new();
    for shown in &PICTURES {
        let file = folder.file(&shown.path())?;
        verify(&file, shown.sha256)?;
        files.push(file);
    }
    let pictures = Pictures::Files(files.into());
    let mut out = Vec::new();
    for number in 0..MOSAICS {
        let mosaic = Mosaic::make(number);
        for (prompt, right) in ask(number, &mosaic) {
            out.push(Question {
                id: format!("{}-{:03}", folder.task.id, out.len() + 1),
                image: Image::Mosaic {
                    pictures: pictures.clone(),
                    composition: Arc::clone(&mosaic.composition),
                },
                image_key: format!("gallery#{number}"),
                image_sha256: None,
                options: Vec::new(),
                prompt,
                gold: gold(right),
            });
        }
    }
    Ok(out)
}

/// Of every mosaic one thing that is there and one that is not.
fn presence(folder: &Folder) -> Result<Vec<Question>, InputError> {
    questions(folder, |number, mosaic| {
        let mut draws = Draws::of(number, 1);
        let there = draws.below(mosaic.len());
        let absent = mosaic.len() + draws.below(PICTURES.len() - mosaic.len());
        let wording = number % 2;
        let ask = |picture: usize, answer: &str| {
            let name = with_article(mosaic.name(picture));
            let prompt = match wording {
                0 => format!("Is there {name} in the image?"),
                _ => format!("Does the image show {name}?"),
            };
            (prompt, json!({ "answer": answer }))
        };
        let mut pair = vec![ask(there, "yes"), ask(absent, "no")];
        if draws.below(2) == 1 {
            pair.reverse();
        }
        pair
    })
}

/// How two neighbours of every mosaic lie to each other.
fn relation(folder: &Folder) -> Result<Vec<Question>, InputError> {
    questions(folder, |number, mosaic| {
        // Layouts take turns, and within each the answers.
        let turn = number / 3;
        let (across, swapped) = match mosaic.layout {
            Layout::Beside => (true, turn % 2 == 1),
            Layout::Stacked => (false, turn % 2 == 1),
            Layout::Cross => (turn % 2 == 0, turn / 2 % 2 == 1),
        };
        let second_pair = Draws::of(number, 2).below(2) == 1;
        let (one, other) = match (across, mosaic.len() > 2, second_pair) {
            (_, false, _) | (true, true, false) => (0, 1),
            (true, true, true) => (2, 3),
            (false, true, false) => (0, 2),
            (false, true, true) => (1, 3),
        };
        let (one, other) = if swapped { (other, one) } else { (one, other) };
        let (one, other) = (mosaic.name(one), mosaic.name(other));
        let prompt = match across {
            true => format!("Is the {one} to the left or to the right of the {other}?"),
            false => format!("Is the {one} above or below the {other}?"),
        };
        let answer = match (across, swapped) {
            (true, false) => "left",
            (true, true) => "right",
            (false, false) => "above",
            (false, true) => "below",
        };
        vec![(prompt, json!({ "answer": answer }))]
    })
}

/// Where one thing of every mosaic is.
fn ground(folder: &Folder) -> Result<Vec<Question>, InputError> {
    questions(folder, |number, mosaic| {
        let seen: Vec<usize> = (0..mosaic.len())
            .filter(|&tile| mosaic.place(tile).1 >= LEAST_SEEN)
            .collect();
        if seen.is_empty() {
            return Vec::new();
        }
        let tile = seen[Draws::of(number, 3).below(seen.len())];
        let right = json!({ "box": mosaic.place(tile).0, "width": CANVAS, "height": CANVAS });
        vec![(format!("Where is the {}?", mosaic.name(tile)), right)]
    })
}

/// A name behind its indefinite article.
fn with_article(name: &str) -> String {
    match name.starts_with(['a', 'e', 'i', 'o', 'u']) {
        true => format!("an {name}"),
        false => format!("a {name}"),
    }
}
