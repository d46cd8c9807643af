//! `sightline ask`: one picture and question, or a file of them.

mod batch;

use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use sightline_answer::{Answer, AnswerLine};
use sightline_checkpoint::file;
use sightline_checkpoint::manifest::Manifest;
use sightline_vision::{Picture, load_manifest};
use sightline_vlm::{Lineup, Listener, Look, Options, QuestionFile, Turn, VlmError, drawn};

use crate::args::{Ask, Asking, Global};
use crate::failure::{DEVICE, Failure, INPUT, OrFail, RUNNING, USAGE, WEIGHTS};
use crate::weights::{self, Weights};
use crate::{device, output};

/// Largest picture file that is read, bytes.
const MAX_FILE: u64 = 256 << 20;

/// The models that are asked.
type Models<'a> = Lineup<Weights<'a>>;

/// Runs the command.
pub(crate) fn run(args: &Ask, global: &Global) -> Result<(), Failure> {
    let folder = weights::folder(global.weights.as_deref())?;
    let manifest = load_manifest(&folder).or_fail(WEIGHTS)?;
    let ids = chosen(&manifest, &args.asking.model)?;
    // The cheap checks come before anything is fetched or loaded.
    let inputs = inputs(args, &folder, &manifest);
    output::check(&[("--draw", args.draw.as_deref())], inputs.iter().map(PathBuf::as_path))?;
    let single = match (&args.image, &args.question) {
        (Some(image), Some(question)) => Some((read_picture(image)?, question.as_str())),
        _ => None,
    };
    let questions = args
        .batch
        .as_deref()
        .map(QuestionFile::read)
        .transpose()
        .or_fail(INPUT)?;
    pollster::block_on(async {
        let choice = device::open(global.device).await?;
        if global.verbose {
            output::note(&format!("device: {} ({})", device::name(&choice.device), choice.why));
        }
        let source = Weights::new(&folder, &manifest, global.verbose);
        let mut models = Lineup::new(choice.device, source, ids);
        match (single, &questions) {
            (Some((picture, question)), _) => one(&mut models, args, global.verbose, &picture, question).await,
            (None, Some(questions)) => batch::ask(questions, &mut models, &options(&args.asking)).await,
            (None, None) => Err(Failure::new(
                USAGE,
                "a picture and a question, or --batch FILE, are needed",
            )),
        }
    })
}

/// Every file that is read.
fn inputs(args: &Ask, folder: &Path, manifest: &Manifest) -> Vec<PathBuf> {
    let files = manifest.models.iter().flat_map(|model| &model.files);
    let weights = files.map(|file| folder.join(&file.path));
    let named = args.image.iter().chain(&args.batch).cloned();
    named.chain([folder.join("manifest.json")]).chain(weights).collect()
}

pub(super) fn chosen(manifest: &Manifest, asked: &[String]) -> Result<Vec<String>, Failure> {
    for id in asked {
        manifest.model(id).or_fail(WEIGHTS)?;
    }
    if asked.is_empty() {
        return Ok(manifest.models.iter().map(|m| m.id.clone()).collect());
    }
    Ok(asked.to_vec())
}

async fn one(
    models: &mut Models<'_>,
    args: &Ask,
    verbose: bool,
    picture: &Picture,
    question: &str,
) -> Result<(), Failure> {
    let turn = Turn {
        picture,
        question,
        options: options(&args.asking),
        number: question.bytes().map(usize::from).sum::<usize>() + picture.pixels().len() / 3,
    };
    let mut printer = Printer {
        live: !args.json,
        verbose,
        bar: None,
        named: false,
        answers: Vec::new(),
    };
    models.answer(&turn, &mut printer).await?;
    if let Some(path) = &args.draw {
        let png = drawn(picture, &printer.answers, models.ids()).or_fail(RUNNING)?;
        output::write(path, &png)?;
        if !args.json {
            output::line(&format!("Drawn: {}", output::name(path)))?;
        }
    }
    Ok(())
}

/// Prints answers while they come.
struct Printer {
    /// Text for people, not lines for programs.
    live: bool,
    verbose: bool,
    bar: Option<ProgressBar>,
    /// Whether the model's name stands on the line. It stands before the first text, so that a
    /// question that is refused leaves no half line.
    named: bool,
    answers: Vec<Answer>,
}

impl Listener<Failure> for Printer {
    async fn looking(&mut self, id: &str) -> bool {
        self.bar = Some(output::spinner(&format!("loading {id} and looking at the picture")));
        self.named = false;
        true
    }

    async fn looked(&mut self, _id: &str, _look: &Look) -> bool {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        true
    }

    async fn text(&mut self, id: &str, text: &str) -> bool {
        if !self.live {
            return true;
        }
        let name = if self.named {
            String::new()
        } else {
            format!("{}: ", output::bold(id))
        };
        self.named = true;
        output::print(&format!("{name}{text}")).is_ok()
    }

    async fn answered(&mut self, answer: Answer) -> Result<(), Failure> {
        if self.live {
            let name = if answer.text.is_empty() {
                format!("{}: (nothing)", output::bold(&answer.model))
            } else {
                String::new()
            };
            output::line(&name)?;
            tell(&answer, self.verbose)?;
        } else {
            output::line(&serde_json::to_string(&AnswerLine::of(&answer)).or_fail(RUNNING)?)?;
        }
        self.answers.push(answer);
        Ok(())
    }
}

/// What follows an answer's text.
pub(super) fn tell(answer: &Answer, verbose: bool) -> Result<(), Failure> {
    if answer.outside_training {
        output::line("  (outside training: this model was not trained on questions of this kind)")?;
    }
    if let Some(why) = &answer.box_error {
        output::line(&format!("  (no box: {why})"))?;
    }
    for found in &answer.boxes {
        let label = found.label.as_deref().unwrap_or("box");
        let score = found.score.map(|s| format!(", probability {s:.2}")).unwrap_or_default();
        let px = match found.px {
            Some([x1, y1, x2, y2]) => format!("x {x1:.0}-{x2:.0}, y {y1:.0}-{y2:.0} px"),
            None => "outside the picture".into(),
        };
        output::line(&format!("  {label}: {px} (source: {}{score})", found.source.as_str()))?;
    }
    if verbose {
        let t = &answer.timings;
        let rate = f64::from(t.tokens) / (t.decode_ms / 1e3).max(1e-9);
        output::note(&format!(
            "  encode {:.0} ms ({} visual tokens), prefix {:.0} ms, first token {:.0} ms, {} tokens at {rate:.1}/s, dense head {:.0} ms",
            t.encode_ms, t.visual_tokens, t.prefix_ms, t.first_token_ms, t.tokens, t.dense_ms
        ));
    }
    Ok(())
}

pub(super) fn options(args: &Asking) -> Options {
    Options {
        max_tokens: args.max_tokens as usize,
        temperature: args.temperature,
        seed: args.seed,
    }
}

/// Reads a picture file; errors name the file.
pub(super) fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    file::read(path, MAX_FILE).map_err(|error| {
        let remedy = match error.kind() {
            std::io::ErrorKind::FileTooLarge => "; make it smaller",
            _ => "",
        };
        Failure::new(INPUT, format!("cannot read {}: {error}{remedy}", path.display()))
    })
}

/// Decodes a picture file; errors name the file.
pub(super) fn decode(path: &Path, bytes: &[u8]) -> Result<Picture, Failure> {
    Picture::decode(bytes).map_err(|e| Failure::new(INPUT, format!("{}: {e}", path.display())))
}

fn read_picture(path: &Path) -> Result<Picture, Failure> {
    decode(path, &read_file(path)?)
}

impl From<VlmError> for Failure {
    fn from(error: VlmError) -> Self {
        Self::new(code(&error), error)
    }
}

fn code(error: &VlmError) -> u8 {
    match error {
        VlmError::Kernel(sightline_kernels::KernelError::NoDevice { .. }) => DEVICE,
        VlmError::Kernel(_) => RUNNING,
        VlmError::Picture(_) | VlmError::NoMap { .. } => INPUT,
        error if error.is_question() => INPUT,
        _ => WEIGHTS,
    }
}
