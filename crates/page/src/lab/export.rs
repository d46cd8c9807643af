//! What is measured, as files.

use sightline_messages::{Export, ExportKind, Machine, Measure, Work};

use super::Lab;
use super::measuring::Measuring;
use crate::state::State;

/// Longest text of a report that goes into a link, characters: addresses past 8,000 are refused.
const MOST_BODY: usize = 5_000;

/// Everything that was measured; none before anything was.
pub(crate) fn export(lab: &Lab, state: &State, date: &str, browser: &str) -> Option<Export> {
    let machine: &Machine = state.machine.as_ref()?;
    let rows: Vec<Measure> = match &lab.measuring {
        Measuring::Done(measured) => measured.rows.clone(),
        _ => Vec::new(),
    };
    let sweeping = &lab.sweeping;
    if rows.is_empty() && sweeping.points.is_empty() {
        return None;
    }
    Some(Export {
        kind: ExportKind::Device,
        version: Export::VERSION,
        sightline: env!("CARGO_PKG_VERSION").to_owned(),
        date: date.to_owned(),
        browser: browser.to_owned(),
        machine: machine.clone(),
        scan: sweeping.scan.clone(),
        loaded: state.loaded().cloned(),
        download: lab.download,
        rows,
        points: sweeping.points.clone(),
        fits: sweeping.fits.clone(),
        skipped: sweeping.skipped.clone(),
    })
}

/// One line per measurement.
pub(crate) fn csv(export: &Export) -> String {
    let mut csv =
        String::from("model,work,side_px,bits,tokens,first_ms,median_ms,least_ms,own_ms,runs,launches,bytes\n");
    if let Some(download) = &export.download {
        csv += &format!("all,download,,,,,{:.4},,,1,,{}\n", download.ms, download.bytes);
    }
    for (model, ms) in export.loaded.iter().flat_map(|loaded| &loaded.compile_ms) {
        csv += &format!("{model},compile,,,,,{ms:.4},,,1,,\n");
    }
    for row in &export.rows {
        let work = match row.what {
            Work::Encode => "encode",
            Work::Prefill => "prefill",
            Work::Decode => "decode",
        };
        csv += &format!(
            "{},{work},,,,,{:.4},,,{},{},{}\n",
            row.model, row.median_ms, row.runs, row.launches, row.bytes
        );
    }
    for point in &export.points {
        let bits = if point.half { 16 } else { 32 };
        let own = point.own_ms.map_or_else(String::new, |ms| format!("{ms:.4}"));
        csv += &format!(
            "{},encoder,{},{bits},{},{:.4},{:.4},{:.4},{own},{},{},{}\n",
            point.model,
            point.side,
            point.tokens,
            point.first_ms,
            point.median_ms,
            point.least_ms,
            point.runs,
            point.launches,
            point.bytes
        );
    }
    csv
}

/// Title and text of a report, for whoever wants to publish it.
pub(crate) fn report(export: &Export) -> (String, String) {
    let title = format!("Measured: {}", export.machine.adapter);
    let mut body = format!(
        "Measured on {} with {}.\n\n{}\n\n```\n{}```\n",
        export.date,
        export.browser,
        export.scan,
        csv(export)
    );
    if body.len() > MOST_BODY {
        let cut = (0..=MOST_BODY).rev().find(|at| body.is_char_boundary(*at)).unwrap_or(0);
        body.truncate(cut);
        body += "\n```\nCut here: please attach the exported JSON.\n";
    }
    (title, body)
}

#[cfg(test)]
mod tests {
    use sightline_messages::{Download, Loaded};

    use super::super::sweeping::{Sweeping, tests::point};
    use super::*;

    #[test]
    fn an_export_holds_all_and_comes_back() {
        let state = State {
            machine: Some(crate::lab::tests::machine()),
            ..State::default()
        };
        assert_eq!(export(&Lab::default(), &state, "2026-01-02", "a browser"), None);
        let lab = Lab {
            sweeping: Sweeping {
                points: vec![point("a", 224, 1.5), point("b", 448, 2.5)],
                ..Sweeping::default()
            },
            ..Lab::default()
        };
        let export = export(&lab, &state, "2026-01-02", "a browser").expect("an export");
        let text = serde_json::to_string(&export).expect("JSON");
        assert!(text.starts_with(r#"{"kind":"sightline-device","version":1,"#), "{text}");
        assert_eq!(serde_json::from_str::<Export>(&text).expect("an export"), export);
        let csv = csv(&export);
        let columns = |csv: &str| csv.lines().map(|line| line.split(',').count()).collect::<Vec<_>>();
        assert_eq!(columns(&csv), [12, 12, 12], "{csv}");
        let mut loaded = export.clone();
        loaded.download = Some(Download {
            ms: 2.0,
            bytes: 3,
            kept: 0,
        });
        loaded.loaded = crate::lab::measuring::tests::loaded()
            .loaded()
            .cloned()
            .map(|loaded| Loaded {
                compile_ms: vec![("a".into(), 4.0)],
                ..loaded
            });
        let with = super::csv(&loaded);
        assert_eq!(columns(&with), [12; 5], "{with}");
        assert!(
            with.contains("all,download,,,,,2.0000,,,1,,3\na,compile,,,,,4.0000,"),
            "{with}"
        );
        assert!(csv.contains("b,encoder,448,32,784,"), "{csv}");
        let (title, body) = report(&export);
        assert!(title.contains("processor") && body.contains("a browser") && body.contains("b,encoder"));
    }

    #[test]
    fn a_long_report_is_cut_and_says_so() {
        let state = State {
            machine: Some(crate::lab::tests::machine()),
            ..State::default()
        };
        let lab = Lab {
            sweeping: Sweeping {
                points: vec![point("a", 224, 1.5); 200],
                ..Sweeping::default()
            },
            ..Lab::default()
        };
        let export = export(&lab, &state, "2026-01-02", "a browser").expect("an export");
        let (_, body) = report(&export);
        assert!(body.len() < MOST_BODY + 100 && body.ends_with("JSON.\n"));
    }
}
