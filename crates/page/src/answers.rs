//! The two panes.

use sightline_messages::{Answer, AnswerBox, ModelInfo};
use web_sys::HtmlElement;

use crate::dom::{by_id, clear, fact, make, put};
use crate::picture::{Arm, source};
use crate::words;

/// One model's pane.
pub(crate) struct Pane {
    pub(crate) model: String,
    pub(crate) arm: Arm,
    root: HtmlElement,
    state: HtmlElement,
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
    models.iter().filter_map(|model| pane(&parent, model)).collect()
}

fn pane(parent: &HtmlElement, model: &ModelInfo) -> Option<Pane> {
    let arm = Arm::of(&model.encoder);
    let root = make("article", "pane", "")?;
    let _ = root.set_attribute("data-arm", arm.name());
    let _ = root.set_attribute("data-model", &model.id);
    let _ = root.set_attribute("aria-label", &model.name);
    let pane = Pane {
        model: model.id.clone(),
        arm,
        state: make("p", "state", "waits for a question")?,
        text: make("p", "text", "")?,
        facts: make("dl", "", "")?,
        boxes: make("ul", "", "")?,
        reused: false,
        root,
    };
    let _ = pane.text.set_attribute("aria-live", "polite");
    put(&pane.root, make("h3", "", &model.name));
    for part in [&pane.text, &pane.state, &pane.boxes, &pane.facts] {
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
        clear(&self.facts);
        clear(&self.boxes);
        self.say("waits for its turn", "waiting");
    }

    pub(crate) fn looking(&self) {
        self.say("looks at the picture", "busy");
    }

    pub(crate) fn looked(&mut self, reused: bool) {
        self.reused = reused;
        self.say(
            if reused {
                "has seen this picture already: features reused"
            } else {
                "answers"
            },
            "busy",
        );
    }

    pub(crate) fn append(&self, text: &str) {
        let before = self.text.text_content().unwrap_or_default();
        self.text.set_text_content(Some(&format!("{before}{text}")));
    }

    /// The whole answer.
    pub(crate) fn answered(&self, answer: &Answer) {
        let text = if answer.text.is_empty() {
            "(nothing)"
        } else {
            &answer.text
        };
        self.text.set_text_content(Some(text));
        let mut state = match (answer.stopped, answer.cut, self.reused) {
            (true, ..) => "stopped".to_owned(),
            (_, true, _) => "cut at the longest answer".into(),
            (.., true) => "done, features reused".into(),
            _ => "done".into(),
        };
        if self.reused && (answer.stopped || answer.cut) {
            state += ", features reused";
        }
        if let Some(why) = &answer.box_error {
            state += &format!("; no box: {why}");
        }
        self.say(&state, if answer.stopped { "stopped" } else { "done" });
        answer.boxes.iter().for_each(|found| self.list(found));
        self.times(answer);
    }

    fn list(&self, found: &AnswerBox) {
        let label = found.label.as_deref().unwrap_or("box");
        let score = found
            .score
            .map(|score| format!(", probability {score:.2}"))
            .unwrap_or_default();
        let place = match found.px {
            Some([x1, y1, x2, y2]) => format!("x {x1:.0}–{x2:.0}, y {y1:.0}–{y2:.0} px"),
            None => "outside the picture".into(),
        };
        put(
            &self.boxes,
            make(
                "li",
                "",
                &format!("{} box of {label}: {place}{score}", source(found.source)),
            ),
        );
    }

    fn times(&self, answer: &Answer) {
        let t = &answer.timings;
        let encode = if self.reused {
            "reused".to_owned()
        } else {
            words::ms(t.encode_ms)
        };
        fact(&self.facts, "Encode", &encode);
        fact(&self.facts, "Visual tokens", &t.visual_tokens.to_string());
        fact(&self.facts, "First token after", &words::ms(t.first_token_ms));
        fact(&self.facts, "Then", &words::rate(t.tokens, t.decode_ms));
        if t.dense_ms > 0.0 {
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
        let _ = self.root.class_list().toggle_with_force("busy", state == "busy");
    }
}
