//! `sightline bench`: what this device does with the kernels, the encoders and the language model, held against what it could
//! do at most.

mod bencher;
mod case;
mod chart;
mod counts;
mod encoder_kernels;
mod encoders;
mod inputs;
mod language;
mod language_kernels;
mod launches;
mod random_language;
mod report;
mod scale;

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use sightline_checkpoint::file::Pending;
use sightline_kernels::{Device, Peak};

use crate::args::{Bench, BenchPart, Global};
use crate::commands::doctor;
use crate::failure::{Failure, OrFail, RUNNING, USAGE};
use crate::{device, output};
use bencher::Bencher;
use report::{Machine, Report};
use scale::Scale;

/// Runs the command.
pub(crate) fn run(args: &Bench, global: &Global) -> Result<(), Failure> {
    let choice = pollster::block_on(device::open(global.device))?;
    let scale = Scale::of(&choice.device, args);
    check_outputs(args)?;
    let (json, svg) = (args.json.clone(), args.svg.clone());
    let keep = move |report: &Report| {
        let again = |path: &Option<PathBuf>| path.clone().filter(|path| output::is_replaceable(path));
        save(again(&json).as_deref(), again(&svg).as_deref(), report)
    };
    let mut bencher = Bencher::new(choice.device, scale, args.filter.clone(), Box::new(keep))?;
    bencher.report.machine = Some(machine(&bencher.device, &bencher.scale, &bencher.peak));
    for part in parts(args) {
        match part {
            BenchPart::Kernels => {
                encoder_kernels::run(&mut bencher);
                language_kernels::run(&mut bencher);
            }
            BenchPart::Encoder => encoders::run(&mut bencher),
            BenchPart::Prefill => language::prefill(&mut bencher),
            BenchPart::Decode => language::decode(&mut bencher),
            BenchPart::Launch => launches::run(&mut bencher),
        }
    }
    if !bencher.has_found() {
        let problem = format!(
            "no case has one of these texts in its name: {}; `sightline bench` without --filter shows the names",
            args.filter.join(", ")
        );
        return Err(Failure::new(USAGE, problem));
    }
    save(args.json.as_deref(), args.svg.as_deref(), &bencher.report)?;
    output::print(&bencher.report.table())
}

/// A file that cannot be written should be known before minutes of measuring, not after.
fn check_outputs(args: &Bench) -> Result<(), Failure> {
    output::check(&[("--json", args.json.as_deref()), ("--svg", args.svg.as_deref())], [])?;
    for path in [&args.json, &args.svg].into_iter().flatten() {
        let parent = path.parent().filter(|p| !p.as_os_str().is_empty());
        if let Some(missing) = parent.filter(|p| !p.is_dir()) {
            return Err(Failure::new(
                RUNNING,
                format!("there is no folder {}", missing.display()),
            ));
        }
        if output::is_replaceable(path) {
            // Dropped at once: what the file held stays until there is something to write.
            Pending::create(path).map_err(|error| output::cannot_write(path, &error))?;
        }
    }
    Ok(())
}

fn parts(args: &Bench) -> Vec<BenchPart> {
    if args.only.is_empty() {
        return BenchPart::value_variants().to_vec();
    }
    args.only.clone()
}

fn save(json: Option<&Path>, svg: Option<&Path>, report: &Report) -> Result<(), Failure> {
    if let Some(path) = json {
        let text = serde_json::to_string_pretty(report).or_fail(RUNNING)?;
        output::write(path, text.as_bytes())?;
    }
    if let Some((path, svg)) = svg.zip(chart::draw(report)) {
        output::write(path, svg.as_bytes())?;
    }
    Ok(())
}

/// Facts about the device that every row is read against.
fn machine(device: &Device, scale: &Scale, peak: &Peak) -> Machine {
    Machine {
        sightline: env!("CARGO_PKG_VERSION"),
        build: if cfg!(debug_assertions) { "debug" } else { "release" },
        device: doctor::name(device),
        backend: device.backend().name(),
        software: device.gpu_info().is_none_or(|info| info.software),
        cpu_threads: std::thread::available_parallelism().map_or(1, usize::from),
        bytes_per_second: peak.bytes_per_second,
        flops_per_second: peak.flops_per_second,
        runs: scale.runs,
        quick: scale.quick,
    }
}
