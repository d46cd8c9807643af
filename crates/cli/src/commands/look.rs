//! `sightline look`: maps over the patches of a picture, both models side by side.

use std::path::{Path, PathBuf};

use serde::Serialize;
use sightline_checkpoint::manifest::Manifest;
use sightline_vision::{Picture, load_manifest};
use sightline_vlm::{Figure, Files, Lineup, Map, MapKind, MapQuery, Options, PENS, Panel, Seer, Spot, VlmError, info};

use super::ask;
use crate::args::Global;
use crate::args::look::Look;
use crate::failure::{Failure, INPUT, OrFail, RUNNING, USAGE, WEIGHTS};
use crate::weights::{self, Weights};
use crate::{device, output};

/// What a file holds, by its ending.
#[derive(Clone, Copy)]
enum Form {
    Png,
    Svg,
    Json,
}

/// A map as a file of numbers.
#[derive(Serialize)]
struct Numbers<'a> {
    about: &'a str,
    maps: Vec<&'a Map>,
    /// Models without such a map, each with the reason.
    missing: Vec<(&'a str, &'a str)>,
}

/// A model's map, or the sentence that says why there is none.
type Found = (String, Result<Map, String>);

/// Runs the command.
pub(crate) fn run(args: &Look, global: &Global) -> Result<(), Failure> {
    let form = form(&args.out)?;
    let query = query(args)?;
    let folder = weights::folder(global.weights.as_deref())?;
    let manifest = load_manifest(&folder).or_fail(WEIGHTS)?;
    let ids = ask::chosen(&manifest, &args.model)?;
    let files = manifest.models.iter().flat_map(|model| &model.files);
    let read = files
        .map(|file| folder.join(&file.path))
        .chain([folder.join("manifest.json")]);
    let read: Vec<PathBuf> = read.chain([args.image.clone()]).collect();
    output::check(&[("--out", Some(&args.out))], read.iter().map(PathBuf::as_path))?;
    let picture = ask::decode(&args.image, &ask::read_file(&args.image)?)?;
    let found = pollster::block_on(async {
        let choice = device::open(global.device).await?;
        if global.verbose {
            output::note(&format!("device: {} ({})", device::name(&choice.device), choice.why));
        }
        let looking = Looking {
            folder: &folder,
            manifest: &manifest,
            global,
            picture: &picture,
            query: &query,
        };
        match query.kind {
            MapKind::Word => looking.words(choice.device, &ids, args.question.as_deref()).await,
            _ => looking.patches(&choice.device, &ids).await,
        }
    })?;
    written(args, form, &manifest, &picture, &found)
}

fn form(out: &Path) -> Result<Form, Failure> {
    let ending = out.extension().map(|e| e.to_string_lossy().to_lowercase());
    match ending.as_deref() {
        Some("png") => Ok(Form::Png),
        Some("svg") => Ok(Form::Svg),
        Some("json") => Ok(Form::Json),
        _ => Err(Failure::new(
            USAGE,
            format!("--out {}: name a file that ends in .png, .svg or .json", out.display()),
        )),
    }
}

/// What is asked. Options that do not belong to the map are refused.
fn query(args: &Look) -> Result<MapQuery, Failure> {
    let kind = args.map.0;
    let is_block = matches!(kind, MapKind::ScanDirections | MapKind::Attention);
    let is_word = kind == MapKind::Word;
    let given = [
        ("--patch", args.patch.is_some(), kind.wants_patch()),
        ("--block", args.block.is_some(), is_block),
        ("--cover", args.cover.is_some(), kind == MapKind::ReceptiveField),
        ("--question", args.question.is_some(), is_word),
        ("--word", args.word.is_some(), is_word),
        ("--layer", args.layer.is_some(), is_word),
    ];
    if let Some((option, ..)) = given.iter().find(|(_, given, fits)| *given && !fits) {
        let problem = format!("{option} says nothing about --map {}; leave it out", kind.name());
        return Err(Failure::new(USAGE, problem));
    }
    if is_word && (args.question.is_none() || args.word.is_none()) {
        return Err(Failure::new(
            USAGE,
            "--map word wants --question, which the models answer first, and --word, a word of it or of the answer",
        ));
    }
    Ok(MapQuery {
        kind,
        spot: args.patch.map_or_else(Spot::default, Spot::Patch),
        block: args.block,
        cell: args.cover.unwrap_or(1),
        word: args.word.clone().unwrap_or_default(),
        layer: args.layer,
    })
}

/// What is looked into, and how.
struct Looking<'a> {
    folder: &'a Path,
    manifest: &'a Manifest,
    global: &'a Global,
    picture: &'a Picture,
    query: &'a MapQuery,
}

impl Looking<'_> {
    /// Maps of encoders. No language model is loaded.
    async fn patches(&self, device: &sightline_kernels::Device, ids: &[String]) -> Result<Vec<Found>, Failure> {
        let mut found = Vec::new();
        for id in ids {
            let files = Files::read(self.folder, self.manifest, id)?;
            let mut seer = Seer::load(device, &files)?;
            let bar = output::count_bar(1, &format!("covering patches, {id}"));
            let steps = async |done: usize, all: usize| {
                bar.set_length(all as u64);
                bar.set_position(done as u64);
                true
            };
            let map = seer.map(self.picture, self.query, steps).await;
            bar.finish_and_clear();
            found.push((id.clone(), told(map)?));
        }
        Ok(found)
    }

    /// Maps of a word: every model answers the question first.
    async fn words(
        &self,
        device: sightline_kernels::Device,
        ids: &[String],
        question: Option<&str>,
    ) -> Result<Vec<Found>, Failure> {
        let source = Weights::new(self.folder, self.manifest, self.global.verbose);
        let mut models = Lineup::new(device, source, ids.to_vec());
        let mut found = Vec::new();
        for id in ids {
            let bar = output::spinner(&format!("asking {id}"));
            let model = models.model(id).await?;
            model.look(self.picture).await?;
            let options = Options::default();
            let answer = model.ask(question.unwrap_or_default(), &options, async |_: &str| true);
            let answer = answer.await?;
            let map = model.map(self.picture, self.query, async |_, _| true).await;
            bar.finish_and_clear();
            output::line(&format!("{}: {}", output::bold(id), answer.text))?;
            found.push((id.clone(), told(map)?));
        }
        Ok(found)
    }
}

/// A map that a model does not have is a sentence; other errors end the command.
fn told(map: Result<Map, VlmError>) -> Result<Result<Map, String>, Failure> {
    match map {
        Ok(map) => Ok(Ok(map)),
        Err(VlmError::NoMap { why, .. }) => Ok(Err(why)),
        Err(error @ VlmError::NoWord { .. }) => Ok(Err(error.to_string())),
        Err(error) => Err(error.into()),
    }
}

/// Writes the file, and says what it shows.
fn written(args: &Look, form: Form, manifest: &Manifest, picture: &Picture, found: &[Found]) -> Result<(), Failure> {
    let about = args.map.0.about();
    let reasons = found
        .iter()
        .filter_map(|(id, map)| Some((id.as_str(), map.as_ref().err()?.as_str())));
    let missing: Vec<(&str, &str)> = reasons.collect();
    if missing.len() == found.len() {
        let all: Vec<String> = missing.iter().map(|(id, why)| format!("{id}: {why}")).collect();
        return Err(Failure::new(INPUT, format!("there is no such map: {}", all.join("; "))));
    }
    let bytes = match form {
        Form::Json => {
            let maps = found.iter().filter_map(|(_, map)| map.as_ref().ok()).collect();
            let numbers = Numbers { about, maps, missing };
            serde_json::to_vec_pretty(&numbers).or_fail(RUNNING)?
        }
        Form::Png | Form::Svg => {
            let figure = Figure {
                picture,
                panels: found
                    .iter()
                    .map(|found| panel(manifest, found))
                    .collect::<Result<_, _>>()?,
                about,
            };
            match form {
                Form::Svg => figure.svg().or_fail(RUNNING)?.into_bytes(),
                _ => figure.png().or_fail(RUNNING)?,
            }
        }
    };
    output::write(&args.out, &bytes)?;
    for (id, map) in found {
        output::line(&format!("{}: {}", output::bold(id), summary(map)))?;
    }
    output::line(about)?;
    output::line(&format!("Written: {}", output::name(&args.out)))
}

fn panel(manifest: &Manifest, (id, map): &Found) -> Result<Panel, Failure> {
    let info = info(manifest.model(id).or_fail(WEIGHTS)?).or_fail(WEIGHTS)?;
    Ok(Panel {
        title: info.name,
        pen: PENS[info.palette as usize % PENS.len()],
        map: map.clone(),
    })
}

fn summary(map: &Result<Map, String>) -> String {
    let map = match map {
        Ok(map) => map,
        Err(why) => return why.clone(),
    };
    let place = match (map.patch, &map.word) {
        (Some([row, column]), _) => format!("patch {row},{column}"),
        (_, Some((word, tokens))) => {
            let whose = if map.in_question { "question" } else { "answer" };
            format!("\"{word}\" of the {whose} ({tokens} tokens)")
        }
        _ => String::new(),
    };
    let [low, high] = map.scale();
    let halves: Vec<String> = map
        .heats
        .iter()
        .filter_map(|heat| Some(map.half(heat)?.to_string()))
        .collect();
    let half = match halves.is_empty() {
        true => String::new(),
        false => format!(
            ", half of it in {} of {} patches",
            halves.join(" / "),
            map.grid[0] * map.grid[1]
        ),
    };
    format!(
        "{place} of {} x {}, {low:.4} to {high:.4}{half}, tokens cluster by {:.3}",
        map.grid[0], map.grid[1], map.sharpness
    )
}
