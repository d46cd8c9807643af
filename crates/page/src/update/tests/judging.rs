//! What the visitor finds true.

use sightline_messages::{AnswerBox, Source};

use super::*;
use crate::judged::Truth;
use crate::judging::{Judge, said};

fn answered(answers: [Answer; 2]) -> State {
    let mut state = asked_about_one();
    again(&mut state, answers);
    state
}

fn again(state: &mut State, answers: [Answer; 2]) {
    tell(state, Input::Ask("What?".into()));
    let turn = state.turn.number;
    for answer in answers {
        hear(state, Event::Answered { turn, answer });
    }
    hear(state, Event::Done { turn });
}

fn at(model: &str, px: [f32; 4]) -> Answer {
    let found = AnswerBox {
        source: Source::Llm,
        label: None,
        region: None,
        px: Some(px),
        score: None,
    };
    Answer {
        boxes: vec![found],
        ..answer_of(model, "[0.00, 0.00, 0.50, 0.50]")
    }
}

fn judge(state: &mut State, truth: Truth) -> [String; 2] {
    assert_eq!(tell(state, Input::Judge(Judge::Say(truth))), []);
    said(state)
}

#[test]
fn a_true_box_and_a_true_answer_are_counted_per_model() {
    let mut state = answered([at("a", [0.0, 0.0, 2.0, 2.0]), answer_of("b", "on the table")]);
    let truth = Truth::Box([0.0, 0.0, 2.0, 3.0]);
    assert_eq!(
        judge(&mut state, truth.clone()),
        [
            "A: right, IoU 0.67; B: wrong, IoU 0.00",
            "A 1 of 1 right, mean IoU 0.67; B 0 of 1 right, mean IoU 0.00"
        ]
    );
    assert_eq!(state.judging.true_box(state.turn.number), Some([0.0, 0.0, 2.0, 3.0]));
    // Another opinion about the same answers counts once.
    let all = judge(&mut state, Truth::Box([2.0, 2.0, 3.0, 3.0]));
    assert_eq!(all[1], "A 0 of 1 right, mean IoU 0.00; B 0 of 1 right, mean IoU 0.00");
    judge(&mut state, truth);
    again(&mut state, [answer_of("a", "Cat."), answer_of("b", "dog")]);
    assert_eq!(said(&state)[0], "");
    assert_eq!(
        judge(&mut state, Truth::Text("cat".into())),
        [
            "A: right; B: wrong",
            "A 2 of 2 right, mean IoU 0.67; B 0 of 2 right, mean IoU 0.00"
        ]
    );
}

#[test]
fn nothing_is_judged_before_an_answer() {
    let mut state = asked_about_one();
    tell(&mut state, Input::Judge(Judge::Draw(true)));
    assert!(!state.judging.drawing);
    assert_eq!(
        judge(&mut state, Truth::Text("cat".into())),
        [String::new(), String::new()]
    );
    let mut state = answered([answer_of("a", "cat"), answer_of("b", "dog")]);
    tell(&mut state, Input::Judge(Judge::Draw(true)));
    assert!(state.judging.drawing);
    // Another question ends it.
    tell(&mut state, Input::Ask("And?".into()));
    assert!(!state.judging.drawing);
}
