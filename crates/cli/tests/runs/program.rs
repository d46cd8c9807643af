//! The real program, and what it leaves.

use std::path::Path;
use std::process::{Command, Stdio};

/// Files that hold nothing of time or machine.
const COMPARED: [&str; 8] = [
    "key.json",
    "samples.jsonl",
    "results.json",
    "table.md",
    "table.csv",
    "scores.jsonl",
    "task.json",
    "questions.jsonl",
];

/// The program, on the CPU, with the tiny bundle and nothing of the caller's environment.
pub(crate) fn sightline(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sightline"));
    command
        .args(args)
        .args(["--device", "cpu", "--weights"])
        .arg(folder.join("weights"))
        .env("SIGHTLINE_CACHE", folder.join("cache"))
        .env("SIGHTLINE_DATA", folder.join("data"))
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for name in [
        "RANK",
        "WORLD_SIZE",
        "LOCAL_RANK",
        "SLURM_PROCID",
        "SLURM_NTASKS",
        "JOB_COMPLETION_INDEX",
    ] {
        command.env_remove(name);
    }
    command
}

/// What a finished run holds that does not depend on time and machine.
pub(crate) fn files(run: &Path) -> Vec<(String, String)> {
    let read = |name: &&str| {
        let text = std::fs::read_to_string(run.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name.to_string(), text)
    };
    COMPARED.iter().map(read).collect()
}
