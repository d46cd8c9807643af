//! What was measured, as a table and as JSON.

use serde::Serialize;
use sightline_kernels::Peak;

use crate::case::{Sample, Work};

/// Everything of one run.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// The device and its limits.
    pub machine: Option<Machine>,
    /// What ran.
    pub rows: Vec<Row>,
    /// `[id, why]` of what did not.
    pub skipped: Vec<(String, String)>,
}

/// The device and its limits.
#[derive(Debug, Serialize)]
pub struct Machine {
    /// Version of this program.
    pub sightline: &'static str,
    /// `debug` or `release`.
    pub build: &'static str,
    /// Name for people.
    pub device: String,
    /// `cpu`, `wgpu` or `cuda`.
    pub backend: &'static str,
    /// True for the CPU and for a GPU in software.
    pub software: bool,
    /// Threads of the host.
    pub cpu_threads: usize,
    /// Measured: bytes read plus bytes written by a large copy.
    pub bytes_per_second: f64,
    /// Measured: f32 multiply-adds, two operations each.
    pub flops_per_second: f64,
    /// Samples asked for.
    pub runs: usize,
    /// Whether sizes were shrunk for a test.
    pub quick: bool,
}

/// One case.
#[derive(Debug, Serialize)]
pub struct Row {
    /// Section of the table.
    pub part: &'static str,
    /// Name, the same on every device.
    pub id: String,
    /// Median of the samples.
    pub seconds: f64,
    /// Shortest sample.
    pub best_seconds: f64,
    /// Samples.
    pub runs: usize,
    /// Calls timed together as one sample.
    pub calls: usize,
    /// Least bytes moved.
    pub bytes: f64,
    /// Operations.
    pub flops: f64,
    /// Least time on this device; absent where nothing is moved or computed.
    pub limit_seconds: Option<f64>,
    /// Limit over median.
    pub share: Option<f64>,
    /// Kernels in the recorded graph.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub launches: Option<usize>,
    /// Tokens that the call gives or reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<usize>,
    /// Line of the chart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub series: Option<String>,
}

impl Row {
    pub(crate) fn new(work: &Work, sample: Sample, peak: &Peak) -> Self {
        let limit = peak.floor_seconds(work.bytes, work.flops);
        let limit = (limit > 0.0).then_some(limit);
        Self {
            part: work.part,
            id: work.id.clone(),
            seconds: sample.median,
            best_seconds: sample.best,
            runs: sample.runs,
            calls: sample.calls,
            bytes: work.bytes,
            flops: work.flops,
            limit_seconds: limit,
            share: limit.map(|limit| limit / sample.median.max(1e-12)),
            launches: None,
            tokens: None,
            series: None,
        }
    }

    fn cells(&self) -> [String; 8] {
        [
            self.id.clone(),
            time(self.seconds),
            time(self.best_seconds),
            self.runs.to_string(),
            amount(self.bytes, "B"),
            amount(self.flops, "FLOP"),
            self.limit_seconds.map(time).unwrap_or_default(),
            self.share.map(percent).unwrap_or_default(),
        ]
    }
}

const HEADER: [&str; 8] = ["what", "median", "best", "runs", "moves", "computes", "limit", "share"];

impl Report {
    /// The table, one section per part, then what was not run. `head`: how a section's title is
    /// shown.
    pub fn table(&self, head: &dyn Fn(&str) -> String) -> String {
        let mut out = String::new();
        if let Some(m) = &self.machine {
            out += &format!(
                "sightline {} ({} build) on {}, {} CPU threads\nlimits measured in this run: {}/s copied (read + written), {}/s in f32\n",
                m.sightline,
                m.build,
                m.device,
                m.cpu_threads,
                amount(m.bytes_per_second, "B"),
                amount(m.flops_per_second, "FLOP"),
            );
            if m.quick {
                out += "quick: small sizes, and a language model of one layer; a test, not a measurement\n";
            }
            if m.build == "debug" {
                out += "this is a debug build: build with --release before reading anything into it\n";
            }
        }
        let mut parts: Vec<&str> = Vec::new();
        for row in &self.rows {
            if !parts.contains(&row.part) {
                parts.push(row.part);
            }
        }
        for part in parts {
            out += &format!("\n{}\n", head(part));
            out += &section(self.rows.iter().filter(|row| row.part == part));
        }
        if !self.skipped.is_empty() {
            out += &format!("\n{}\n", head("not run"));
            for (id, why) in &self.skipped {
                out += &format!("  {id}: {why}\n");
            }
        }
        out
    }
}

fn section<'a>(rows: impl Iterator<Item = &'a Row>) -> String {
    let mut lines = vec![HEADER.map(str::to_owned)];
    let mut notes = Vec::new();
    for row in rows {
        lines.push(row.cells());
        notes.push(row.launches.map(|n| format!("  {n} launches")).unwrap_or_default());
    }
    let mut widths = [0; HEADER.len()];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut out = String::new();
    for (i, line) in lines.iter().enumerate() {
        out += &format!("  {:<w$}", line[0], w = widths[0]);
        for (cell, width) in line.iter().zip(widths).skip(1) {
            out += &format!("  {cell:>width$}");
        }
        out += i.checked_sub(1).map_or("", |i| notes[i].as_str());
        out.push('\n');
    }
    out
}

/// Seconds in the unit that reads best.
pub(crate) fn time(seconds: f64) -> String {
    match seconds {
        s if s < 1e-3 => format!("{:.2} us", s * 1e6),
        s if s < 1.0 => format!("{:.3} ms", s * 1e3),
        s => format!("{s:.2} s"),
    }
}

fn amount(value: f64, unit: &str) -> String {
    match value {
        v if v <= 0.0 => String::new(),
        v if v < 1e3 => format!("{v:.0} {unit}"),
        v if v < 1e6 => format!("{:.1} k{unit}", v / 1e3),
        v if v < 1e9 => format!("{:.1} M{unit}", v / 1e6),
        v if v < 1e12 => format!("{:.1} G{unit}", v / 1e9),
        v => format!("{:.2} T{unit}", v / 1e12),
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units() {
        assert_eq!(time(2.5e-6), "2.50 us");
        assert_eq!(time(0.0125), "12.500 ms");
        assert_eq!(time(3.0), "3.00 s");
        assert_eq!(amount(98.4e6, "B"), "98.4 MB");
        assert_eq!(amount(0.0, "B"), "");
    }

    #[test]
    fn share_is_limit_over_median() {
        let work = Work {
            part: "kernels",
            id: "x".into(),
            bytes: 1e9,
            flops: 1.0,
        };
        let sample = Sample {
            median: 0.004,
            best: 0.003,
            runs: 20,
            calls: 1,
        };
        let peak = Peak {
            bytes_per_second: 1e12,
            flops_per_second: 1e12,
        };
        let row = Row::new(&work, sample, &peak);
        assert_eq!(row.limit_seconds, Some(1e-3));
        assert_eq!(row.share, Some(0.25));
        let report = Report {
            rows: vec![row],
            skipped: vec![("y".into(), "no device".into())],
            ..Report::default()
        };
        let table = report.table(&str::to_owned);
        assert!(table.contains("25.0 %") && table.contains("y: no device"), "{table}");
    }
}
