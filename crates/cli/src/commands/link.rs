//! `sightline link`: results as addresses.

mod card;
mod check;

use std::path::Path;

use sightline_answer::Answer;
use sightline_checkpoint::hash::sha256_hex;
use sightline_checkpoint::manifest::Manifest;
use sightline_link::{Address, LinkError, MOST_PICTURE, Picture, Settings, Shared, SharedAnswer, Source};
use sightline_vision::load_manifest;
use sightline_vlm::{Lineup, Listener, Options, Turn};

use super::ask;
use crate::args::Global;
use crate::args::link::{Kind, Link, LinkCommand, Make, Show};
use crate::failure::{Failure, INPUT, OrFail, RUNNING, USAGE, WEIGHTS};
use crate::weights::{self, Weights};
use crate::{device, output};

/// Characters of a device's name that a link keeps.
const DEVICE: usize = 120;

/// Runs the command.
pub(crate) fn run(args: &Link, global: &Global) -> Result<(), Failure> {
    match &args.command {
        LinkCommand::Make(args) => make(args, global),
        LinkCommand::Show(args) => show(args),
        LinkCommand::Check(args) => check::run(args, global),
        LinkCommand::Card(args) => card::run(args),
        LinkCommand::Qr(args) => card::qr(args),
    }
}

impl From<LinkError> for Failure {
    fn from(error: LinkError) -> Self {
        Self::new(INPUT, error)
    }
}

fn make(args: &Make, global: &Global) -> Result<(), Failure> {
    // The cheap check comes before anything is loaded.
    Address::new(&args.page, "").or_fail(USAGE)?;
    let folder = weights::folder(global.weights.as_deref())?;
    let manifest = load_manifest(&folder).or_fail(WEIGHTS)?;
    let ids = ask::chosen(&manifest, &args.asking.model)?;
    let mut bytes = ask::read_file(&args.image)?;
    let mut picture = ask::decode(&args.image, &bytes)?;
    if args.include_picture {
        let too_large = || format!("{}: cannot be made small enough for a link", args.image.display());
        bytes = picture
            .to_jpeg(MOST_PICTURE)
            .ok_or_else(|| Failure::new(INPUT, too_large()))?;
        picture = ask::decode(&args.image, &bytes)?;
    }
    let options = ask::options(&args.asking);
    let asked = Asked {
        folder: &folder,
        manifest: &manifest,
        global,
        picture: &picture,
        question: &args.question,
        options,
    };
    let (answers, device) = asked.answers(ids)?;
    let shared = Shared {
        picture: Picture {
            source: match &args.gallery {
                Some(id) => Source::Gallery(id.clone()),
                None if args.include_picture => Source::File(bytes),
                None => Source::Hash(sha256_hex(&bytes)),
            },
            size: [picture.width(), picture.height()],
        },
        question: args.question.clone(),
        settings: Settings {
            max_tokens: args.asking.max_tokens,
            temperature: args.asking.temperature,
            seed: args.asking.seed,
            half: false,
        },
        device,
        answers: answers
            .iter()
            .map(|answer| Ok(SharedAnswer::new(answer, weights_of(&manifest, &answer.model)?)))
            .collect::<Result<_, Failure>>()?,
    };
    let address = Address::new(&args.page, &sightline_link::encode(&shared)?)?;
    output::line(&match args.kind {
        Kind::Link => address.link(),
        Kind::Html => address.frame(&args.question),
        Kind::Markdown => address.markdown(&args.question),
        Kind::Bibtex => address.bibtex(),
    })
}

fn show(args: &Show) -> Result<(), Failure> {
    let shared = sightline_link::decode(&args.link)?;
    if let Some(path) = &args.picture_out {
        let Source::File(bytes) = &shared.picture.source else {
            return Err(Failure::new(INPUT, "the link holds no picture to write"));
        };
        output::write(path, bytes)?;
    }
    if args.json {
        return output::line(&serde_json::to_string(&shared).or_fail(RUNNING)?);
    }
    let [width, height] = shared.picture.size;
    let picture = match &shared.picture.source {
        Source::Gallery(id) => format!("picture {id} of the page's gallery"),
        Source::Hash(hash) => format!("a picture that is not in the link, SHA-256 {hash}"),
        Source::File(bytes) => format!("the picture in the link, {} bytes", bytes.len()),
    };
    output::line(&format!("Question: {}", shared.question))?;
    output::line(&format!("Picture:  {picture}, {width} x {height} px"))?;
    output::line(&format!("Device:   {}", shared.device))?;
    for shared in &shared.answers {
        output::line(&format!("{}: {}", output::bold(&shared.model), shared.text))?;
        ask::tell(&shared.to_answer(), false)?;
        let (ms, tokens) = (shared.times, shared.tokens);
        let first = ms.first_token;
        output::line(&format!(
            "  first token {first} ms, {tokens} tokens in {} ms, weights {}",
            first + ms.decode,
            shared.weights
        ))?;
    }
    Ok(())
}

/// A question to some models.
struct Asked<'a> {
    folder: &'a Path,
    manifest: &'a Manifest,
    global: &'a Global,
    picture: &'a sightline_vision::Picture,
    question: &'a str,
    options: Options,
}

impl Asked<'_> {
    /// The models' answers, in the order of `ids`, and the device's name.
    fn answers(&self, ids: Vec<String>) -> Result<(Vec<Answer>, String), Failure> {
        pollster::block_on(async {
            let choice = device::open(self.global.device).await?;
            let name: String = device::name(&choice.device).chars().take(DEVICE).collect();
            let source = Weights::new(self.folder, self.manifest, self.global.verbose);
            let mut models = Lineup::new(choice.device, source, ids.clone());
            let turn = Turn {
                picture: self.picture,
                question: self.question,
                options: self.options,
                number: 0,
            };
            let bar = output::spinner("asking the models");
            let mut kept = Kept(Vec::new());
            let done = models.answer(&turn, &mut kept).await;
            bar.finish_and_clear();
            done?;
            let place = |answer: &Answer| ids.iter().position(|id| *id == answer.model);
            kept.0.sort_by_key(place);
            Ok((kept.0, name))
        })
    }
}

/// Keeps the answers.
struct Kept(Vec<Answer>);

impl Listener<Failure> for Kept {
    async fn answered(&mut self, answer: Answer) -> Result<(), Failure> {
        self.0.push(answer);
        Ok(())
    }
}

/// The hash of a model's weight file.
fn weights_of<'a>(manifest: &'a Manifest, id: &str) -> Result<&'a str, Failure> {
    let files = &manifest.model(id).or_fail(WEIGHTS)?.files;
    let none = || Failure::new(WEIGHTS, format!("the manifest names no weight file of {id}"));
    Ok(&files.first().ok_or_else(none)?.sha256)
}
