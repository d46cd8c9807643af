//! The picture on its canvas, and the boxes over it.

use std::cell::RefCell;
use std::rc::Rc;

use sightline_messages::{ModelInfo, Source};
use web_sys::{HtmlCanvasElement, HtmlElement};

use super::arm::{Arm, source};
use super::drawing::{Boxes, Shown};
use super::{Now, Seen, View};
use crate::dom::{by_id, clear, make, on_id, put, show};
use crate::state::State;

/// The canvas.
#[derive(Default)]
pub(super) struct Canvas {
    seen: Seen<(u32, Boxes, Option<[f32; 4]>)>,
    models: Seen<Vec<ModelInfo>>,
    /// What was drawn last.
    drawn: Rc<RefCell<Option<Shown>>>,
}

impl Canvas {
    pub(super) fn open() -> Self {
        let canvas = Self::default();
        // A browser whose GPU was lost hands the canvas back empty.
        let drawn = Rc::clone(&canvas.drawn);
        on_id("view", "contextrestored", move |_| {
            if let Some(shown) = drawn.borrow().as_ref() {
                draw(shown);
            }
        });
        canvas
    }
}

/// Draws on the page's canvas.
fn draw(shown: &Shown) {
    if let Some(canvas) = by_id::<HtmlCanvasElement>("view") {
        // Nothing can be done about a canvas that cannot be drawn on.
        let _ = shown.draw_on(&canvas);
    }
}

impl View for Canvas {
    fn show(&mut self, now: &Now<'_>) {
        if self.models.is_new(now.state.models.clone()) {
            legend(&now.state.models);
        }
        let (Some((number, pixels)), Some(shown)) = (now.pixels, &now.state.picture.shown) else {
            return;
        };
        let boxes = boxes(now.state);
        let truth = now.state.judging.true_box(now.state.turn.number);
        if *number != shown.chosen.number || !self.seen.is_new((*number, boxes.clone(), truth)) {
            return;
        }
        let Some(canvas) = by_id::<HtmlCanvasElement>("view") else {
            return;
        };
        describe(&canvas, boxes.len());
        let drawn = Shown {
            width: shown.width,
            pixels: pixels.clone(),
            boxes,
            truth,
        };
        draw(&drawn);
        self.drawn.replace(Some(drawn));
        let _ = canvas.set_attribute("data-picture", &number.to_string());
    }
}

/// The boxes of all answers that lie in the picture.
fn boxes(state: &State) -> Boxes {
    let mut boxes = Vec::new();
    for pane in &state.turn.panes {
        let (Some(answer), Some(model)) = (&pane.answer, state.models.iter().find(|model| model.id == pane.model))
        else {
            continue;
        };
        let arm = Arm::of(model);
        let inside = answer.boxes.iter().filter(|found| found.px.is_some());
        boxes.extend(inside.map(|found| (arm.clone(), found.clone())));
    }
    boxes
}

fn describe(canvas: &HtmlCanvasElement, boxes: usize) {
    let label = match boxes {
        0 => "The picture asked about".to_owned(),
        n => format!("The picture asked about, with {n} boxes; they are listed with the answers"),
    };
    let _ = canvas.set_attribute("aria-label", &label);
    let _ = canvas.set_attribute("data-boxes", &boxes.to_string());
    show("legend", boxes > 0);
}

/// What the boxes mean.
fn legend(models: &[ModelInfo]) {
    let Some(list) = by_id::<HtmlElement>("legend") else {
        return;
    };
    clear(&list);
    for model in models {
        let Some(item) = make("li", "arm", &model.title) else {
            continue;
        };
        let _ = item.set_attribute("data-palette", &Arm::of(model).place());
        put(&list, Some(item));
    }
    for (source, what) in [
        (Source::Llm, "written by the language model"),
        (Source::Dense, "found by the encoder's own head"),
    ] {
        let Some(item) = make("li", "", "") else { continue };
        put(&item, make("b", "", self::source(source)));
        put(&item, make("span", "", &format!(" {what}")));
        put(&list, Some(item));
    }
}
