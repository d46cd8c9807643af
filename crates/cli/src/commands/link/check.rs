//! `sightline link check`: is it so here, too?

use std::path::Path;

use sightline_checkpoint::hash::sha256_hex;
use sightline_checkpoint::manifest::Manifest;
use sightline_link::{Shared, SharedAnswer, Source};
use sightline_vision::{Picture, load_manifest};
use sightline_vlm::Options;

use super::{Asked, weights_of};
use crate::args::Global;
use crate::args::link::Check;
use crate::commands::ask;
use crate::failure::{Failure, INPUT, OrFail, RUNNING, WEIGHTS};
use crate::{output, weights};

/// Runs the command.
pub(super) fn run(args: &Check, global: &Global) -> Result<(), Failure> {
    let shared = sightline_link::decode(&args.link)?;
    let folder = weights::folder(global.weights.as_deref())?;
    let manifest = load_manifest(&folder).or_fail(WEIGHTS)?;
    let picture = picture(args.image.as_deref(), &shared)?;
    let (mut here, mut differ) = (Vec::new(), 0);
    for answer in &shared.answers {
        match other_weights(&manifest, answer) {
            None => here.push(answer),
            Some(why) => {
                differ += 1;
                output::line(&format!("{}: {why}", output::bold(&answer.model)))?;
            }
        }
    }
    match picture {
        Some(picture) if !here.is_empty() => {
            let asked = Asked {
                folder: &folder,
                manifest: &manifest,
                global,
                picture: &picture,
                question: &shared.question,
                options: Options {
                    max_tokens: shared.settings.max_tokens as usize,
                    temperature: shared.settings.temperature,
                    seed: shared.settings.seed,
                },
            };
            let ids = here.iter().map(|answer| answer.model.clone()).collect();
            let (answers, device) = asked.answers(ids)?;
            for (old, new) in here.iter().zip(&answers) {
                let new = SharedAnswer::new(new, &old.weights);
                let same = old.text == new.text && old.boxes == new.boxes;
                differ += usize::from(!same);
                let said = match same {
                    true => "the same weights and the same answer".to_owned(),
                    false => format!("the same weights, another answer on {device}: {}", new.text),
                };
                output::line(&format!("{}: {said}", output::bold(&old.model)))?;
            }
        }
        _ => {
            for answer in here {
                output::line(&format!("{}: the same weights", output::bold(&answer.model)))?;
            }
            output::note("nothing was asked again: the link holds no picture; give it with --image FILE");
        }
    }
    match differ {
        0 => Ok(()),
        _ => {
            let all = shared.answers.len();
            Err(Failure::new(
                RUNNING,
                format!("{differ} of {all} answers are not as the link says"),
            ))
        }
    }
}

/// The picture of a link, where it is at hand: in the link, or in the file `image`.
pub(super) fn picture(image: Option<&Path>, shared: &Shared) -> Result<Option<Picture>, Failure> {
    let found = match (image, &shared.picture.source) {
        (Some(path), source) => {
            let bytes = ask::read_file(path)?;
            if matches!(source, Source::Hash(hash) if *hash != sha256_hex(&bytes)) {
                let why = format!(
                    "{} is another file than the link's: its SHA-256 differs",
                    path.display()
                );
                return Err(Failure::new(INPUT, why));
            }
            ask::decode(path, &bytes)?
        }
        (None, Source::File(bytes)) => {
            Picture::decode(bytes).map_err(|error| Failure::new(INPUT, format!("the link's picture: {error}")))?
        }
        (None, _) => return Ok(None),
    };
    if [found.width(), found.height()] != shared.picture.size {
        let ([width, height], [w, h]) = (shared.picture.size, [found.width(), found.height()]);
        let why = format!("the picture has {w} x {h} px, the link's {width} x {height}");
        return Err(Failure::new(INPUT, why));
    }
    Ok(Some(found))
}

/// Why an answer cannot come from the weights at hand.
fn other_weights(manifest: &Manifest, answer: &SharedAnswer) -> Option<String> {
    match weights_of(manifest, &answer.model) {
        Err(error) => Some(error.to_string()),
        Ok(hash) if hash != answer.weights => {
            Some(format!("other weights: here {hash}, in the link {}", answer.weights))
        }
        Ok(_) => None,
    }
}
