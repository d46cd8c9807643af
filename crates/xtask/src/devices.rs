//! `cargo xtask device FILE`: adds what a visitor measured to the table of devices in
//! `docs/performance.md`.

use std::fs;

use anyhow::{Context, Result, bail};
use sightline_messages::{Backend, Export, Fit, SIDES, SweepPoint, Work};

use crate::cli::DeviceArgs;
use crate::repo::root;
use crate::shell::say;

/// The document, from the repository's root.
const DOCUMENT: &str = "docs/performance.md";
/// The lines around the table.
const BEGIN: &str = "<!-- devices: rows by `cargo xtask device` -->";
const END: &str = "<!-- end of devices -->";
/// The head of the table.
const HEAD: [&str; 2] = [
    "| device | backend | measured | model | bits | 224 px | 448 px | 672 px | 896 px | 1,344 px | exponent | prefill | token |",
    "|---|---|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|",
];
/// Largest file that is read, bytes.
const MOST: u64 = 1 << 20;
/// Longest name of a device or a model that is written, characters.
const NAME: usize = 60;

/// Runs the command.
pub(crate) fn run(args: &DeviceArgs) -> Result<bool> {
    let name = args.file.display();
    let long = fs::metadata(&args.file)
        .with_context(|| format!("cannot read {name}"))?
        .len();
    if long > MOST {
        bail!("{name} has {long} bytes, an export has at most {MOST}; is it another file?");
    }
    let text = fs::read_to_string(&args.file).with_context(|| format!("cannot read {name}"))?;
    let mut export = checked(&text).with_context(|| format!("{name} is no measurement of a device"))?;
    if let Some(name) = &args.name {
        export.machine.adapter.clone_from(name);
    }
    let rows = rows(&export);
    let path = root().join(DOCUMENT);
    let document = fs::read_to_string(&path).with_context(|| format!("cannot read {DOCUMENT}"))?;
    let changed = with_rows(&document, &rows)?;
    if changed == document {
        say("these rows are there already");
        return Ok(true);
    }
    sightline_checkpoint::file::write_whole(&path, changed.as_bytes())
        .with_context(|| format!("cannot write {DOCUMENT}"))?;
    for row in &rows {
        println!("{row}");
    }
    say(format!("{} rows are in {DOCUMENT}", rows.len()));
    Ok(true)
}

/// An export whose numbers can be.
fn checked(text: &str) -> Result<Export> {
    let export: Export = serde_json::from_str(text).context("its fields are not those of an export")?;
    if export.version != Export::VERSION {
        bail!(
            "it has version {}, this program reads {}",
            export.version,
            Export::VERSION
        );
    }
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if export.date.len() != 10 || !digits(&export.date) {
        bail!("date is `{}`, must be YYYY-MM-DD", export.date);
    }
    if export.points.is_empty() && export.rows.is_empty() {
        bail!("points and rows are both empty: nothing was measured");
    }
    for point in &export.points {
        let times = [point.first_ms, point.median_ms, point.least_ms];
        if !SIDES.contains(&point.side) || point.runs == 0 || times.iter().any(|ms| !(*ms > 0.0 && ms.is_finite())) {
            bail!(
                "points: {} at {} px has numbers that cannot be",
                point.model,
                point.side
            );
        }
    }
    if let Some(row) = export
        .rows
        .iter()
        .find(|row| !(row.median_ms > 0.0 && row.median_ms.is_finite()))
    {
        bail!("rows: a median of {} ms cannot be", row.median_ms);
    }
    Ok(export)
}

/// A row per model and width of products.
fn rows(export: &Export) -> Vec<String> {
    let mut series: Vec<(&str, bool)> = Vec::new();
    let swept = export.points.iter().map(|point| (point.model.as_str(), point.half));
    let asked = export.rows.iter().map(|row| (row.model.as_str(), false));
    for key in swept.chain(asked) {
        // A model that was asked in any width stands there already.
        let known =
            series.contains(&key) || (export.points.is_empty() && series.iter().any(|(model, _)| *model == key.0));
        if !known {
            series.push(key);
        }
    }
    series
        .into_iter()
        .map(|(model, half)| row(export, model, half))
        .collect()
}

fn row(export: &Export, model: &str, half: bool) -> String {
    let is = |point: &&SweepPoint| point.model == model && point.half == half;
    let at = |side: u32| export.points.iter().filter(is).find(|point| point.side == side);
    let times = SIDES.map(|side| at(side).map_or_else(String::new, |point| ms(point.median_ms)));
    let fit = |fit: &&Fit| fit.model == model && fit.half == half;
    let exponent = export
        .fits
        .iter()
        .find(fit)
        .map_or_else(String::new, |fit| format!("{:.2}", fit.exponent));
    let work = |work: Work| {
        let row = export.rows.iter().find(|row| row.model == model && row.what == work);
        row.map_or_else(String::new, |row| ms(row.median_ms))
    };
    let cells = [
        plain(&export.machine.adapter),
        match export.machine.backend {
            Backend::WebGpu => "WebGPU",
            Backend::Cpu => "processor",
        }
        .to_owned(),
        export.date.clone(),
        plain(model),
        if half { "16" } else { "32" }.to_owned(),
    ];
    let last = [exponent, work(Work::Prefill), work(Work::Decode)];
    let cells: Vec<String> = cells.into_iter().chain(times).chain(last).collect();
    format!("| {} |", cells.join(" | "))
}

/// A name as plain text of one cell.
fn plain(name: &str) -> String {
    let kept = name.chars().filter(|c| !c.is_control() && !"|<>`[]*_\\".contains(*c));
    kept.take(NAME).collect::<String>().trim().to_owned()
}

/// Milliseconds with three digits that count.
fn ms(ms: f64) -> String {
    match ms {
        ms if ms < 1.0 => format!("{ms:.3}"),
        ms if ms < 10.0 => format!("{ms:.2}"),
        ms if ms < 100.0 => format!("{ms:.1}"),
        ms => format!("{ms:.0}"),
    }
}

/// The document with these rows in its table, once each, in the order of the alphabet.
fn with_rows(document: &str, rows: &[String]) -> Result<String> {
    let lost = || format!("{DOCUMENT} has no lines `{BEGIN}` and `{END}` in this order");
    let (before, rest) = document.split_once(BEGIN).with_context(lost)?;
    let (table, after) = rest.split_once(END).with_context(lost)?;
    let is_row = |line: &&str| line.starts_with("| ") && *line != HEAD[0];
    let mut all: Vec<String> = table.lines().filter(is_row).map(str::to_owned).collect();
    all.extend(rows.iter().cloned());
    all.sort();
    all.dedup();
    let lines: Vec<&str> = HEAD.into_iter().chain(all.iter().map(String::as_str)).collect();
    Ok(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", lines.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPORT: &str = r#"{
      "kind": "sightline-device", "version": 1, "sightline": "0.1.0", "date": "2026-11-30", "browser": "a browser",
      "machine": { "backend": "webgpu", "adapter": "a | card", "software": false, "dtype": "f16", "why": null, "other": null },
      "scan": "CubeCL's.", "loaded": null,
      "rows": [{ "model": "a", "what": "decode", "median_ms": 2.5, "runs": 10, "launches": 3, "bytes": 4 }],
      "points": [
        { "model": "a", "side": 224, "half": false, "tokens": 196, "first_ms": 90.0, "median_ms": 1.234, "least_ms": 1.1,
          "runs": 10, "own_ms": null, "launches": 5, "bytes": 6 },
        { "model": "a", "side": 448, "half": true, "tokens": 784, "first_ms": 90.0, "median_ms": 123.4, "least_ms": 1.1,
          "runs": 10, "own_ms": 1.0, "launches": 5, "bytes": 6 }
      ],
      "fits": [{ "model": "a", "half": false, "exponent": 1.014 }], "skipped": []
    }"#;

    fn refused(from: &str, to: &str) -> String {
        assert!(EXPORT.contains(from), "{from}");
        match checked(&EXPORT.replace(from, to)) {
            Ok(_) => panic!("{to} was taken"),
            Err(error) => format!("{error:#}"),
        }
    }

    #[test]
    fn an_export_becomes_a_row_per_width() -> Result<()> {
        let rows = rows(&checked(EXPORT)?);
        assert_eq!(
            rows,
            [
                "| a  card | WebGPU | 2026-11-30 | a | 32 | 1.23 |  |  |  |  | 1.01 |  | 2.50 |",
                "| a  card | WebGPU | 2026-11-30 | a | 16 |  | 123 |  |  |  |  |  | 2.50 |",
            ]
        );
        let columns = |line: &str| line.matches('|').count();
        assert!(rows.iter().all(|row| columns(row) == columns(HEAD[0])));
        Ok(())
    }

    #[test]
    fn what_cannot_be_is_refused() {
        assert!(refused("\"version\": 1", "\"version\": 2").contains("version 2"));
        assert!(refused("2026-11-30", "| hello").contains("YYYY-MM-DD"));
        assert!(refused("\"side\": 224", "\"side\": 225").contains("225 px"));
        assert!(refused("\"median_ms\": 1.234", "\"median_ms\": -1").contains("cannot be"));
        assert!(refused("\"scan\"", "\"more\": 1, \"scan\"").contains("more"));
        assert!(refused("sightline-device", "another").contains("another"));
    }

    #[test]
    fn a_row_is_added_once() -> Result<()> {
        let document = format!(
            "# Performance\n\n{BEGIN}\n\n{}\n{}\n\n{END}\n\nMore.\n",
            HEAD[0], HEAD[1]
        );
        let rows = rows(&checked(EXPORT)?);
        let once = with_rows(&document, &rows)?;
        assert_eq!(with_rows(&once, &rows)?, once);
        assert!(rows.iter().all(|row| once.matches(row.as_str()).count() == 1));
        assert!(once.starts_with("# Performance\n") && once.ends_with("\nMore.\n"));
        assert!(with_rows("no table", &rows).is_err());
        Ok(())
    }

    #[test]
    fn the_document_has_the_table() -> Result<()> {
        let document = fs::read_to_string(root().join(DOCUMENT))?;
        assert_eq!(with_rows(&document, &[])?, document);
        Ok(())
    }
}
