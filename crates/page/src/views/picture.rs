//! The picture on its canvas, and the boxes over it.

use std::cell::RefCell;
use std::rc::Rc;

use sightline_messages::{ModelInfo, Source};
use web_sys::{HtmlCanvasElement, HtmlElement};

use super::arm::Arm;
use super::drawing::{Boxes, Shown};
use super::{Now, Seen, View};
use crate::dom::{by_id, clear, focus, focused, make, on_id, put, show};
use crate::inbox::tell;
use crate::marks::{BoxMark, Marks};
use crate::state::State;
use crate::update::Input;

/// The canvas.
#[derive(Default)]
pub(super) struct Canvas {
    seen: Seen<(u32, Boxes, Option<[f32; 4]>)>,
    legend: Seen<(Vec<ModelInfo>, Marks, bool)>,
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
        let all = every(now.state);
        show("legend", all > 0);
        if self
            .legend
            .is_new((now.state.models.clone(), now.state.marks.clone(), all > 0))
        {
            legend(&now.state.models, &now.state.marks);
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
        describe(&canvas, all, boxes.len());
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

/// The boxes of all answers that lie in the picture and are switched on.
fn boxes(state: &State) -> Boxes {
    let mut boxes = Vec::new();
    for pane in &state.turn.panes {
        let (Some(answer), Some(model)) = (&pane.answer, state.models.iter().find(|model| model.id == pane.model))
        else {
            continue;
        };
        let (arm, marks) = (Arm::of(model), &state.marks);
        if !marks.has_model(&model.id) {
            continue;
        }
        let inside = answer.boxes.iter().filter(|found| found.px.is_some());
        let on = inside.filter(|found| marks.has_source(found.source));
        boxes.extend(on.map(|found| (arm.clone(), found.clone(), marks.stands_back(&model.id))));
    }
    boxes
}

/// How many boxes lie in the picture, drawn or not.
fn every(state: &State) -> usize {
    let answers = state.turn.panes.iter().filter_map(|pane| pane.answer.as_ref());
    answers
        .flat_map(|answer| &answer.boxes)
        .filter(|found| found.px.is_some())
        .count()
}

fn describe(canvas: &HtmlCanvasElement, all: usize, drawn: usize) {
    let label = match (all, drawn) {
        (0, _) => "The picture asked about".to_owned(),
        (all, drawn) if all == drawn => {
            format!("The picture asked about, with {all} boxes; they are listed with the answers")
        }
        (all, drawn) => {
            format!("The picture asked about, with {drawn} of {all} boxes; they are listed with the answers")
        }
    };
    let _ = canvas.set_attribute("aria-label", &label);
    let _ = canvas.set_attribute("data-boxes", &drawn.to_string());
}

/// What the boxes mean: buttons that switch them.
fn legend(models: &[ModelInfo], marks: &Marks) {
    let Some(list) = by_id::<HtmlElement>("legend") else {
        return;
    };
    let focused = focused();
    clear(&list);
    for model in models {
        let mark = BoxMark::Model(model.id.clone());
        let item = switch(
            &model.title,
            &format!("boxes-of-{}", model.id),
            marks.has_model(&model.id),
            mark,
        );
        if let Some(item) = &item {
            item.set_class_name("arm");
            let _ = item.set_attribute("data-palette", &Arm::of(model).place());
        }
        put(&list, item);
    }
    for (of, text) in [
        (Source::Llm, "Language model’s boxes"),
        (Source::Dense, "Encoder’s boxes, filled"),
    ] {
        let id = format!("boxes-{}", if of == Source::Llm { "llm" } else { "dense" });
        put(&list, switch(text, &id, marks.has_source(of), BoxMark::Source(of)));
    }
    // The button that was pressed is another one now.
    if let Some(id) = focused.filter(|id| id.starts_with("boxes-")) {
        focus(&id);
    }
}

/// A button that switches boxes.
fn switch(text: &str, id: &str, on: bool, mark: BoxMark) -> Option<HtmlElement> {
    let (item, button) = (make("li", "", "")?, make("button", "", text)?);
    let _ = button.set_attribute("type", "button");
    let _ = button.set_attribute("id", id);
    let _ = button.set_attribute("aria-pressed", if on { "true" } else { "false" });
    crate::dom::on(&button, "click", move |_| tell(Input::Mark(mark.clone())));
    put(&item, Some(button));
    Some(item)
}
