//! `sightline bench`: what this device does, as a table, as JSON and as a chart.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use indicatif::ProgressBar;
use sightline_bench::{BenchError, Listener, Part, Report, Request, draw, measure};
use sightline_checkpoint::file::Pending;

use crate::args::{Bench, Global};
use crate::failure::{Failure, OrFail, RUNNING, USAGE};
use crate::{device, output};

/// Shows what is measured, and writes what was measured so far.
struct Screen {
    json: Option<PathBuf>,
    svg: Option<PathBuf>,
    bar: RefCell<Option<ProgressBar>>,
}

impl Listener for Screen {
    fn begins(&self, what: &str) {
        *self.bar.borrow_mut() = Some(output::spinner(what));
    }

    fn ended(&self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn measured(&self, report: &Report) {
        // A disk that is full now is told at the end, not in every case.
        let _ = save(self.json.as_deref(), self.svg.as_deref(), report);
    }
}

/// Runs the command.
pub(crate) fn run(args: &Bench, global: &Global) -> Result<(), Failure> {
    let choice = pollster::block_on(device::open(global.device))?;
    check_outputs(args)?;
    let again = |path: &Option<PathBuf>| path.clone().filter(|path| output::is_replaceable(path));
    let screen = Screen {
        json: again(&args.json),
        svg: again(&args.svg),
        bar: RefCell::default(),
    };
    let parts = match args.only.is_empty() {
        true => Part::value_variants(),
        false => &args.only,
    };
    let request = Request {
        parts: parts.to_vec(),
        filter: args.filter.clone(),
        runs: args.runs as usize,
        quick: args.quick,
        name: device::name(&choice.device),
    };
    let report = measure(choice.device, &request, Box::new(screen)).map_err(|error| {
        let code = match error {
            BenchError::NoCase(_) => USAGE,
            BenchError::Device(_) => RUNNING,
        };
        Failure::new(code, error)
    })?;
    save(args.json.as_deref(), args.svg.as_deref(), &report)?;
    output::print(&report.table(&output::bold))
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

fn save(json: Option<&Path>, svg: Option<&Path>, report: &Report) -> Result<(), Failure> {
    if let Some(path) = json {
        let text = serde_json::to_string_pretty(report).or_fail(RUNNING)?;
        output::write(path, text.as_bytes())?;
    }
    if let Some((path, svg)) = svg.zip(draw(report)) {
        output::write(path, svg.as_bytes())?;
    }
    Ok(())
}
