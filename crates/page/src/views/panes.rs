//! The two panes.

use sightline_messages::{Answer, AnswerBox, ModelInfo, Source};
use web_sys::HtmlElement;

use super::arm::{Arm, source};
use super::{Now, Seen, View};
use crate::dom::{by_id, clear, fact, make, on, put, set_text, show};
use crate::inbox::tell;
use crate::marks::BoxMark;
use crate::say::{headline, verdict};
use crate::state::{self, Phase, State};
use crate::update::Input;
use crate::words;

/// Characters of an answer that is still short.
const SHORT: usize = 60;

/// The panes, with the question that they answer.
#[derive(Default)]
pub(super) struct Panes {
    models: Seen<Vec<ModelInfo>>,
    asked: Seen<(String, bool)>,
    said: Seen<String>,
    verdict: Seen<String>,
    panes: Vec<Pane>,
}

impl View for Panes {
    fn show(&mut self, now: &Now<'_>) {
        let state = now.state;
        if self.models.is_new(state.models.clone())
            && let Some(parent) = by_id::<HtmlElement>("panes")
        {
            clear(&parent);
            self.panes = state
                .models
                .iter()
                .filter_map(|model| Pane::open(&parent, model))
                .collect();
        }
        if self.asked.is_new((state.turn.question.clone(), state.turn.outside)) {
            show("asked", !state.turn.question.is_empty());
            set_text("asked", &format!("To “{}”", state.turn.question));
            show("outside", state.turn.outside);
        }
        // Screen readers hear an answer once, when it is whole, and whose it is.
        if self.said.is_new(state.said.clone()) {
            set_text("said", &state.said);
        }
        for pane in &mut self.panes {
            pane.show(state);
        }
        let verdict = verdict(state);
        if self.verdict.is_new(verdict.clone()) {
            show("verdict", !verdict.is_empty());
            set_text("verdict", &verdict);
        }
    }
}

/// One model's pane.
struct Pane {
    /// How its encoder sees, which stands there until it is asked.
    about: String,
    seen: Seen<(state::Pane, bool, bool)>,
    root: HtmlElement,
    state: HtmlElement,
    badge: HtmlElement,
    text: HtmlElement,
    /// Numbers, for those who want them.
    numbers: HtmlElement,
    facts: HtmlElement,
    boxes: HtmlElement,
}

impl Pane {
    /// An empty pane for a model.
    fn open(parent: &HtmlElement, model: &ModelInfo) -> Option<Self> {
        let root = make("article", "pane", "")?;
        let _ = root.set_attribute("data-palette", &Arm::of(model).place());
        let _ = root.set_attribute("data-model", &model.id);
        let _ = root.set_attribute("aria-label", &model.name);
        let pane = Self {
            about: model.about.clone(),
            seen: Seen::default(),
            state: make("p", "state", "")?,
            badge: make("p", "reused", "picture already seen")?,
            text: make("p", "text about", "")?,
            numbers: make("details", "numbers", "")?,
            facts: make("dl", "", "")?,
            boxes: make("ul", "", "")?,
            root,
        };
        // A long answer scrolls, also by keyboard.
        let _ = pane.text.set_attribute("tabindex", "0");
        let _ = pane.text.set_attribute("role", "group");
        let _ = pane
            .text
            .set_attribute("aria-label", &format!("Answer of {}", model.name));
        put(&pane.root, make("h3", "", &model.name));
        put(&pane.numbers, make("summary", "", "Numbers and times"));
        for part in [&pane.boxes, &pane.facts] {
            put(&pane.numbers, Some(part.clone()));
        }
        for part in [&pane.state, &pane.badge, &pane.text, &pane.numbers] {
            put(&pane.root, Some(part.clone()));
        }
        put(parent, Some(pane.root.clone()));
        for (kind, looks) in [
            ("pointerenter", true),
            ("focusin", true),
            ("pointerleave", false),
            ("focusout", false),
        ] {
            let id = model.id.clone();
            on(&pane.root, kind, move |_| {
                tell(Input::Mark(BoxMark::Look(looks.then(|| id.clone()))));
            });
        }
        Some(pane)
    }

    fn show(&mut self, state: &State) {
        let model = self.root.get_attribute("data-model").unwrap_or_default();
        let Some(pane) = state.turn.panes.iter().find(|pane| pane.model == model) else {
            return;
        };
        let asked = !state.turn.question.is_empty();
        let boxed = is_boxed(state);
        if !self.seen.is_new((pane.clone(), asked, boxed)) {
            return;
        }
        let idle = pane.phase == Phase::Idle;
        let text = match idle {
            true => self.about.clone(),
            false => headline(pane, state.picture.shown.as_ref()),
        };
        if self.text.text_content().as_deref() != Some(&text) {
            self.text.set_text_content(Some(&text));
        }
        // By the letter, whatever stands there for people.
        let _ = self.root.set_attribute("data-answer", &pane.text);
        let _ = self.text.class_list().toggle_with_force("about", idle);
        // Short answers are written large.
        let long = !idle && text.chars().count() > SHORT;
        let _ = self.text.class_list().toggle_with_force("long", long);
        let (name, words) = phase(pane, asked);
        self.state.set_text_content(Some(&words));
        let _ = self.root.set_attribute("data-state", name);
        let _ = self
            .root
            .set_attribute("data-reused", if pane.reused { "true" } else { "false" });
        self.badge.set_hidden(!pane.reused);
        let _ = self.root.class_list().toggle_with_force("busy", name == "busy");
        clear(&self.boxes);
        clear(&self.facts);
        self.numbers.set_hidden(pane.answer.is_none());
        if let Some(answer) = &pane.answer {
            if !answer.boxes.is_empty()
                && let Some(item) = make("li", "", &format!("Answer: {}", answer.text))
            {
                put(&self.boxes, Some(item));
            }
            answer.boxes.iter().for_each(|found| self.list(found));
            if boxed && !answer.boxes.iter().any(|found| found.source == Source::Dense) {
                let none =
                    "No encoder’s box: its head is asked only about a thing that the question names and that it knows.";
                put(&self.boxes, make("li", "", none));
            }
            self.times(answer, pane.reused);
        }
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

    fn times(&self, answer: &Answer, reused: bool) {
        let t = &answer.timings;
        let encode = if reused {
            "already seen".to_owned()
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
}

/// Whether any answer of this turn has a box.
fn is_boxed(state: &State) -> bool {
    let mut answers = state.turn.panes.iter().filter_map(|pane| pane.answer.as_ref());
    answers.any(|answer| !answer.boxes.is_empty())
}

/// What a model does: a name for the document, and words.
fn phase(pane: &state::Pane, asked: bool) -> (&'static str, String) {
    match pane.phase {
        Phase::Idle if asked => ("idle", "Not asked".into()),
        Phase::Idle => ("idle", "Waiting for a question".into()),
        Phase::Waiting => ("waiting", "Next".into()),
        Phase::Looking => ("busy", "Looking…".into()),
        Phase::Answering => ("busy", "Answering…".into()),
        Phase::Stopped => ("stopped", "Stopped".into()),
        Phase::Recorded => ("recorded", "Recorded".into()),
        Phase::Done => {
            let answer = pane.answer.as_ref();
            let cut = answer.is_some_and(|answer| answer.cut);
            let mut text = if cut { "Cut at the longest answer" } else { "Done" }.to_owned();
            if let Some(why) = answer.and_then(|answer| answer.box_error.as_ref()) {
                text += &format!("; no box: {why}");
            }
            ("done", text)
        }
    }
}
