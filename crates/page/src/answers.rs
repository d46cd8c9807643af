//! The two panes.

use sightline_messages::{Answer, AnswerBox, ModelInfo, Source};
use web_sys::HtmlElement;

use crate::dom::{by_id, clear, fact, make, put};
use crate::picture::{Arm, legend, source};
use crate::words;

/// Characters of an answer that is still short.
const SHORT: usize = 60;

/// One model's pane.
pub(crate) struct Pane {
    pub(crate) model: String,
    pub(crate) arm: Arm,
    root: HtmlElement,
    state: HtmlElement,
    badge: HtmlElement,
    text: HtmlElement,
    facts: HtmlElement,
    boxes: HtmlElement,
    reused: bool,
}

/// An empty pane for every model.
pub(crate) fn panes(models: &[ModelInfo]) -> Vec<Pane> {
    let Some(parent) = by_id::<HtmlElement>("panes") else {
        return Vec::new();
    };
    clear(&parent);
    legend(models);
    models.iter().filter_map(|model| pane(&parent, model)).collect()
}

fn pane(parent: &HtmlElement, model: &ModelInfo) -> Option<Pane> {
    let arm = Arm::of(model);
    let root = make("article", "pane", "")?;
    let _ = root.set_attribute("data-palette", &arm.place());
    let _ = root.set_attribute("data-model", &model.id);
    let _ = root.set_attribute("aria-label", &model.name);
    let pane = Pane {
        model: model.id.clone(),
        state: make("p", "state", "waits for a question")?,
        badge: make("p", "reused", "features reused")?,
        text: make("p", "text about", &model.about)?,
        facts: make("dl", "", "")?,
        boxes: make("ul", "", "")?,
        reused: false,
        arm,
        root,
    };
    let _ = pane.text.set_attribute("aria-live", "polite");
    // A long answer scrolls, also by keyboard.
    let _ = pane.text.set_attribute("tabindex", "0");
    let _ = pane.text.set_attribute("role", "group");
    let _ = pane
        .text
        .set_attribute("aria-label", &format!("Answer of {}", model.name));
    pane.badge.set_hidden(true);
    put(&pane.root, make("h3", "", &model.name));
    for part in [&pane.state, &pane.badge, &pane.text, &pane.boxes, &pane.facts] {
        put(&pane.root, Some(part.clone()));
    }
    put(parent, Some(pane.root.clone()));
    Some(pane)
}

impl Pane {
    /// A question was asked.
    pub(crate) fn start(&mut self) {
        self.reused = false;
        self.text.set_text_content(None);
        self.text.set_class_name("text");
        clear(&self.facts);
        clear(&self.boxes);
        self.say("waits for its turn", "waiting");
    }

    pub(crate) fn looking(&self) {
        self.say("looks at the picture", "busy");
    }

    pub(crate) fn looked(&mut self, reused: bool) {
        self.reused = reused;
        self.say("answers", "busy");
    }

    pub(crate) fn append(&self, text: &str) {
        // A node for each piece: screen readers say what is new, not all of it again.
        let _ = self.text.append_with_str_1(text);
        self.sized();
    }

    /// Short answers are written large.
    fn sized(&self) {
        let length = self.text.text_content().map_or(0, |text| text.chars().count());
        let _ = self.text.class_list().toggle_with_force("long", length > SHORT);
    }

    /// The whole answer.
    pub(crate) fn answered(&self, answer: &Answer) {
        let text = if answer.text.is_empty() {
            "(nothing)"
        } else {
            &answer.text
        };
        if self.text.text_content().as_deref() != Some(text) {
            self.text.set_text_content(Some(text));
            self.sized();
        }
        let mut state = match (answer.stopped, answer.cut) {
            (true, _) => "stopped".to_owned(),
            (_, true) => "cut at the longest answer".into(),
            _ => "done".into(),
        };
        if let Some(why) = &answer.box_error {
            state += &format!("; no box: {why}");
        }
        self.say(&state, if answer.stopped { "stopped" } else { "done" });
        answer.boxes.iter().for_each(|found| self.list(found));
        self.times(answer);
    }

    fn list(&self, found: &AnswerBox) {
        let Some(item) = make("li", "", "") else { return };
        put(&item, make("b", "", source(found.source)));
        let label = found.label.as_deref().unwrap_or("box");
        let place = match found.px {
            Some([x1, y1, x2, y2]) => format!("x {x1:.0}–{x2:.0}, y {y1:.0}–{y2:.0} px"),
            None => "outside the picture".into(),
        };
        let score = found
            .score
            .map(|score| format!(", probability {score:.2}"))
            .unwrap_or_default();
        put(&item, make("span", "", &format!(" {label}: {place}{score}")));
        put(&self.boxes, Some(item));
    }

    fn times(&self, answer: &Answer) {
        let t = &answer.timings;
        let encode = if self.reused {
            "reused".to_owned()
        } else {
            words::ms(t.encode_ms)
        };
        fact(&self.facts, "Encoder", &encode);
        fact(&self.facts, "First token", &words::ms(t.first_token_ms));
        fact(&self.facts, "Tokens/s", &words::rate(t.tokens, t.decode_ms));
        fact(&self.facts, "Visual tokens", &t.visual_tokens.to_string());
        if answer.boxes.iter().any(|found| found.source == Source::Dense) {
            fact(&self.facts, "Dense head", &words::ms(t.dense_ms));
        }
    }

    /// Nothing more will come.
    pub(crate) fn ended(&self) {
        if ["waiting", "busy"].contains(&self.root.get_attribute("data-state").unwrap_or_default().as_str()) {
            self.say("stopped", "stopped");
        }
    }

    fn say(&self, text: &str, state: &str) {
        self.state.set_text_content(Some(text));
        let _ = self.root.set_attribute("data-state", state);
        let _ = self
            .root
            .set_attribute("data-reused", if self.reused { "true" } else { "false" });
        self.badge.set_hidden(!self.reused);
        let _ = self.root.class_list().toggle_with_force("busy", state == "busy");
    }
}
