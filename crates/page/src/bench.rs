//! `bench.html`: the engine's own measurement as a table.

use sightline_messages::Measured;
use web_sys::HtmlElement;

use crate::dom::{by_id, clear, make, put, set_disabled, set_text};
use crate::words;

/// Shows the rows.
pub(crate) fn measured(measured: &Measured) {
    set_text("step", &format!("Measured on {}.", measured.machine.adapter));
    set_disabled("measure", false);
    let Some(body) = by_id::<HtmlElement>("rows") else {
        return;
    };
    clear(&body);
    for row in &measured.rows {
        let Some(line) = make("tr", "", "") else { continue };
        put(&line, make("td", "", &format!("{} {}", row.model, row.what)));
        for cell in [
            words::ms(row.median_ms),
            row.runs.to_string(),
            row.launches.to_string(),
            words::bytes(row.bytes),
            format!("{:.2} GB/s", row.bytes as f64 / 1e6 / row.median_ms.max(1e-9)),
        ] {
            put(&line, make("td", "", &cell));
        }
        put(&body, Some(line));
    }
}
