//! The true box while it is drawn: with a mouse, a finger or the keyboard.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlCanvasElement, HtmlElement, KeyboardEvent, MouseEvent, PointerEvent};

use crate::dom::{by_id, on_id, show};
use crate::inbox::tell;
use crate::judged::Truth;
use crate::judging::Judge;
use crate::state::Shown;
use crate::update::Input;

/// Shortest side of a box that counts as drawn, as a share of the picture's: less is a slip.
const LEAST: f64 = 0.02;
/// How far an arrow key goes, as a share of the picture's side.
const STEP: f64 = 0.02;

/// Left, top, right, bottom as shares of the picture's sides.
type Share = [f64; 4];

#[derive(Default)]
struct Drawn {
    /// None while nothing is drawn.
    shown: Option<Shown>,
    at: Share,
    /// Where the pointer went down.
    from: Option<[f64; 2]>,
}

/// The frame over the picture.
#[derive(Default)]
pub(super) struct Frame(Rc<RefCell<Drawn>>);

impl Frame {
    pub(super) fn open() -> Self {
        let frame = Self::default();
        for kind in ["pointerdown", "pointermove", "pointerup", "pointercancel"] {
            let drawn = Rc::clone(&frame.0);
            on_id("view", kind, move |event| pointed(&drawn, &event));
        }
        let drawn = Rc::clone(&frame.0);
        on_id("frame", "keydown", move |event| pressed(&drawn, &event));
        frame
    }

    /// Begins to draw on that picture, or ends.
    pub(super) fn set(&self, shown: Option<Shown>) {
        let drawing = shown.is_some();
        *self.0.borrow_mut() = Drawn {
            shown,
            at: [0.25, 0.25, 0.75, 0.75],
            from: None,
        };
        show("frame", drawing);
        show("frame-help", drawing);
        if let Some(canvas) = by_id::<HtmlElement>("view") {
            let _ = canvas.class_list().toggle_with_force("drawing", drawing);
        }
        if drawing {
            place(self.0.borrow().at);
            if let Some(frame) = by_id::<HtmlElement>("frame") {
                let _ = frame.focus();
            }
        }
    }
}

/// Lays the frame over the canvas.
fn place([x1, y1, x2, y2]: Share) {
    let (Some(canvas), Some(frame)) = (by_id::<HtmlCanvasElement>("view"), by_id::<HtmlElement>("frame")) else {
        return;
    };
    let (w, h) = (f64::from(canvas.offset_width()), f64::from(canvas.offset_height()));
    let (left, top) = (f64::from(canvas.offset_left()), f64::from(canvas.offset_top()));
    let style = frame.style();
    for (name, value) in [
        ("left", left + x1 * w),
        ("top", top + y1 * h),
        ("width", (x2 - x1) * w),
        ("height", (y2 - y1) * h),
    ] {
        let _ = style.set_property(name, &format!("{value:.1}px"));
    }
}

/// Where the pointer is, as shares of the picture's sides.
fn share(event: &MouseEvent) -> Option<[f64; 2]> {
    let canvas = by_id::<HtmlCanvasElement>("view")?;
    let part = |at: i32, all: i32| (f64::from(at) / f64::from(all.max(1))).clamp(0.0, 1.0);
    Some([
        part(event.offset_x(), canvas.offset_width()),
        part(event.offset_y(), canvas.offset_height()),
    ])
}

fn pointed(drawn: &RefCell<Drawn>, event: &Event) {
    let Some(pointer) = event.dyn_ref::<PointerEvent>() else {
        return;
    };
    let mut now = drawn.borrow_mut();
    let (Some(_), Some([x, y])) = (&now.shown, share(pointer)) else {
        return;
    };
    event.prevent_default();
    match (&event.type_()[..], now.from) {
        ("pointerdown", _) => {
            now.from = Some([x, y]);
            // What is drawn past the edge belongs to the picture, too.
            if let Some(canvas) = by_id::<HtmlCanvasElement>("view") {
                let _ = canvas.set_pointer_capture(pointer.pointer_id());
            }
        }
        ("pointermove", Some([x0, y0])) => {
            now.at = [x.min(x0), y.min(y0), x.max(x0), y.max(y0)];
            place(now.at);
        }
        ("pointerup", Some(_)) => {
            now.from = None;
            let [x1, y1, x2, y2] = now.at;
            if x2 - x1 >= LEAST && y2 - y1 >= LEAST {
                let truth = px(&now);
                drop(now);
                truth.into_iter().for_each(say);
            }
        }
        ("pointercancel", _) => now.from = None,
        _ => {}
    }
}

fn pressed(drawn: &RefCell<Drawn>, event: &Event) {
    let Some(key) = event.dyn_ref::<KeyboardEvent>() else {
        return;
    };
    let mut now = drawn.borrow_mut();
    let (dx, dy) = match &key.key()[..] {
        "ArrowLeft" => (-STEP, 0.0),
        "ArrowRight" => (STEP, 0.0),
        "ArrowUp" => (0.0, -STEP),
        "ArrowDown" => (0.0, STEP),
        "Enter" => {
            let truth = px(&now);
            drop(now);
            event.prevent_default();
            return truth.into_iter().for_each(say);
        }
        "Escape" => {
            drop(now);
            return tell(Input::Judge(Judge::Draw(false)));
        }
        _ => return,
    };
    event.prevent_default();
    let [x1, y1, x2, y2] = now.at;
    now.at = if key.shift_key() {
        [
            x1,
            y1,
            (x2 + dx).clamp(x1 + LEAST, 1.0),
            (y2 + dy).clamp(y1 + LEAST, 1.0),
        ]
    } else {
        let (dx, dy) = (dx.clamp(-x1, 1.0 - x2), dy.clamp(-y1, 1.0 - y2));
        [x1 + dx, y1 + dy, x2 + dx, y2 + dy]
    };
    place(now.at);
}

/// The box in px of the picture.
fn px(drawn: &Drawn) -> Option<[f32; 4]> {
    let shown = drawn.shown.as_ref()?;
    let sides = [shown.width, shown.height, shown.width, shown.height];
    let mut px = [0.0; 4];
    for (i, side) in sides.into_iter().enumerate() {
        px[i] = (drawn.at[i] * f64::from(side)) as f32;
    }
    Some(px)
}

fn say(truth: [f32; 4]) {
    tell(Input::Judge(Judge::Say(Truth::Box(truth))));
    if let Some(button) = by_id::<HtmlElement>("draw-truth") {
        let _ = button.focus();
    }
}
