//! The report of all finished runs, in a frame that can do nothing but show it.

use wasm_bindgen::prelude::JsCast;
use web_sys::{HtmlElement, HtmlIFrameElement};

use super::tell;
use crate::dom::{by_id, focus, make, on, on_id, show};
use crate::lab::evaluating::Input;
use crate::views::{Now, Seen, View};

#[derive(Default)]
pub(in crate::views) struct ReportFrame {
    seen: Seen<u32>,
}

impl ReportFrame {
    pub(in crate::views) fn open() -> Self {
        on_id("save-report", "click", |_| tell(Input::SaveReport));
        Self::default()
    }
}

impl View for ReportFrame {
    fn show(&mut self, now: &Now<'_>) {
        let (number, report) = &now.lab.evaluating.report;
        if !self.seen.is_new(*number) {
            return;
        }
        show("report", report.is_some());
        if let Some(report) = report {
            frame(&report.data);
            focus("report");
        }
    }
}

/// A new frame that gets the data once it is there.
fn frame(data: &str) {
    let Some(place) = by_id::<HtmlElement>("report-place") else {
        return;
    };
    let Some(frame) = make("iframe", "", "").and_then(|made| made.dyn_into::<HtmlIFrameElement>().ok()) else {
        return;
    };
    // Neither this page nor anything else is within its reach.
    for (name, value) in [
        ("title", "Report"),
        ("sandbox", "allow-scripts"),
        ("src", "report.html"),
    ] {
        let _ = frame.set_attribute(name, value);
    }
    let (shown, data) = (frame.clone(), data.to_owned());
    on(&frame, "load", move |_| {
        if let Some(window) = shown.content_window() {
            let _ = window.post_message(&data.as_str().into(), "*");
        }
    });
    place.replace_children_with_node_1(&frame);
}
