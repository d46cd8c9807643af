//! The visitor says what is true: a box on the picture, or one of the answers.

use web_sys::HtmlElement;

use super::frame::Frame;
use super::{Now, Seen, View};
use crate::dom::{by_id, clear, make, on, on_id, put, set_attribute, set_text, show};
use crate::inbox::tell;
use crate::judged::Truth;
use crate::judging::{Judge, said};
use crate::say::{plain, written};
use crate::state::{Phase, Shown, State};
use crate::update::Input;

#[derive(Default)]
pub(super) struct JudgeAnswers {
    choices: Seen<(u32, Option<Vec<String>>)>,
    said: Seen<[String; 2]>,
    drawing: Seen<Option<Shown>>,
    frame: Frame,
}

impl JudgeAnswers {
    pub(super) fn open() -> Self {
        on_id("draw-truth", "click", |_| {
            let drawing = by_id::<HtmlElement>("draw-truth").and_then(|button| button.get_attribute("aria-pressed"));
            tell(Input::Judge(Judge::Draw(drawing.as_deref() != Some("true"))));
        });
        Self {
            frame: Frame::open(),
            ..Self::default()
        }
    }
}

impl View for JudgeAnswers {
    fn show(&mut self, now: &Now<'_>) {
        let state = now.state;
        let choices = choices(state);
        if self.choices.is_new((state.turn.number, choices.clone())) {
            show("judge", choices.is_some());
            list(&choices.unwrap_or_default());
        }
        let said = said(state);
        if self.said.is_new(said.clone()) {
            set_text("judged", &said[0]);
            let all = match said[1].is_empty() {
                true => String::new(),
                false => format!("In this visit: {}.", said[1]),
            };
            set_text("tally", &all);
        }
        let shown = state.picture.shown.clone().filter(|_| state.judging.drawing);
        if self.drawing.is_new(shown.clone()) {
            set_attribute(
                "draw-truth",
                "aria-pressed",
                Some(if shown.is_some() { "true" } else { "false" }),
            );
            self.frame.set(shown);
        }
    }
}

/// Answers to choose from, none of them where a box is asked for; `None` where nothing can be
/// judged.
fn choices(state: &State) -> Option<Vec<String>> {
    let whole = |phase: Phase| matches!(phase, Phase::Done | Phase::Recorded | Phase::Stopped);
    let panes = state.turn.panes.iter().filter(|pane| whole(pane.phase));
    let answers: Vec<_> = panes.filter_map(|pane| pane.answer.as_ref()).collect();
    if answers.is_empty() || state.turn.answering {
        return None;
    }
    let mut texts: Vec<String> = Vec::new();
    for answer in answers.iter().filter(|answer| written(answer).is_none()) {
        if !texts.iter().any(|text| plain(text) == plain(&answer.text)) {
            texts.push(answer.text.clone());
        }
    }
    Some(
        if texts.len() == answers.len() || answers.iter().all(|answer| written(answer).is_none()) {
            texts
        } else {
            Vec::new()
        },
    )
}

fn list(choices: &[String]) {
    let Some(list) = by_id::<HtmlElement>("truths") else {
        return;
    };
    clear(&list);
    show("draw-truth", choices.is_empty());
    let neither = (!choices.is_empty()).then(|| "None of these".to_owned());
    for (i, text) in choices.iter().chain(&neither).enumerate() {
        let Some(button) = make("button", "", text) else {
            continue;
        };
        let _ = button.set_attribute("type", "button");
        // What no model has said is nobody's answer.
        let truth = if i < choices.len() { text.clone() } else { String::new() };
        on(&button, "click", move |_| {
            tell(Input::Judge(Judge::Say(Truth::Text(truth.clone()))))
        });
        put(&list, Some(button));
    }
}
