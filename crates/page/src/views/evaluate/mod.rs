//! `evaluate.html`: what to evaluate, how far it is, and what came of it.

pub(super) mod agreement;
pub(super) mod form;
pub(super) mod report;
pub(super) mod running;
pub(super) mod runs;
pub(super) mod tasks;

use web_sys::Element;

use crate::dom::{make, put};
use crate::inbox;
use crate::lab::evaluating::Input;
use crate::lab::input as lab;
use crate::update;

fn tell(input: Input) {
    inbox::tell(update::Input::Lab(lab::Input::Evaluate(input)));
}

/// A row of a table: the first cell is its head. `labels` stand beside the cells where the table is
/// too narrow for columns.
fn row(body: &Element, labels: &[&str], cells: &[String]) -> Option<web_sys::HtmlElement> {
    let line = make("tr", "", "")?;
    for (at, (cell, label)) in cells.iter().zip(labels).enumerate() {
        let made = make(if at == 0 { "th" } else { "td" }, "", cell)?;
        let _ = match at {
            0 => made.set_attribute("scope", "row"),
            _ => made.set_attribute("data-label", label),
        };
        put(&line, Some(made));
    }
    put(body, Some(line.clone()));
    Some(line)
}

/// A score and its interval in percent.
fn score([score, low, high]: [f64; 3]) -> String {
    format!("{:.1} % [{:.1}, {:.1}]", 100.0 * score, 100.0 * low, 100.0 * high)
}
