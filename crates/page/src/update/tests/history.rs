//! Questions of before.

use super::*;

fn ask(state: &mut State, question: &str, text: &str) {
    tell(state, Input::Ask(question.into()));
    let turn = state.turn.number;
    for model in ["a", "b"] {
        let answer = answer_of(model, text);
        hear(state, Event::Answered { turn, answer });
    }
    hear(state, Event::Done { turn });
}

fn seen(state: &State) -> (&str, &str, Option<u32>) {
    let shown = state.picture.shown.as_ref().map(|shown| shown.chosen.number);
    (&state.turn.question, &state.turn.panes[0].text, shown)
}

#[test]
fn a_question_of_before_comes_back_with_its_picture_and_its_answers() {
    let mut state = asked_about_one();
    ask(&mut state, "First?", "one");
    ask(&mut state, "Second?", "two");
    assert_eq!(tell(&mut state, Input::Revisit(0))[0], Effect::Fill("First?".into()));
    assert_eq!(seen(&state), ("First?", "one", Some(1)));
    give(&mut state, 2);
    hear(&mut state, decoded(2));
    ask(&mut state, "Third?", "three");
    assert_eq!(state.history.len(), 3);
    // The file of the other picture is given to the engine again.
    let effects = tell(&mut state, Input::Revisit(1));
    assert_eq!(effects, [Effect::Fill("Second?".into()), Effect::GiveAgain(1)]);
    hear(&mut state, decoded(1));
    assert_eq!(seen(&state), ("Second?", "two", Some(1)));
    assert_eq!(tell(&mut state, Input::Revisit(9)), []);
    // The same can be asked again.
    ask(&mut state, "Second?", "2");
    assert_eq!(seen(&state), ("Second?", "2", Some(1)));
}

#[test]
fn a_question_without_an_answer_is_no_history_and_old_ones_go() {
    let mut state = asked_about_one();
    tell(&mut state, Input::Ask("Never?".into()));
    let turn = state.turn.number;
    hear(&mut state, Event::Done { turn });
    assert!(state.history.is_empty());
    for n in 0..20 {
        ask(&mut state, &format!("{n}?"), "yes");
    }
    let questions: Vec<_> = state.history.iter().map(|past| &past.turn.question[..]).collect();
    assert_eq!((questions[0], questions[11], questions.len()), ("8?", "19?", 12));
}
