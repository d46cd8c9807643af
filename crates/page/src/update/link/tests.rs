use sightline_link::{SharedBox, encode, sha256_hex};
use sightline_messages::{Answer, Event};

use super::super::tests::{answer_of, asked_about_one, decoded, hear, loaded, ready, tell};
use super::super::{Command, Input};
use super::*;

fn shared(source: Source) -> Shared {
    let answer = |model: &str, text: &str| SharedAnswer {
        model: model.into(),
        weights: model.repeat(64),
        text: text.into(),
        boxes: vec![SharedBox {
            dense: false,
            label: None,
            px: [0, 0, 2, 2],
            per_mille: None,
        }],
        ..SharedAnswer::default()
    };
    Shared {
        picture: Picture { source, size: [4, 3] },
        question: "Where?".into(),
        settings: LinkSettings::default(),
        device: "another machine".into(),
        answers: vec![answer("a", "left"), answer("b", "right")],
    }
}

fn opened(source: Source) -> (State, Vec<Effect>) {
    let mut state = State::default();
    tell(&mut state, Input::Opened(None));
    let shared = Box::new(shared(source));
    let effects = tell(&mut state, Input::Linked { number: 1, shared });
    (state, effects)
}

fn found(state: &State) -> Vec<Here> {
    here(state, state.linked.as_ref().expect("a link"))
}

fn is_download(effect: &Effect) -> bool {
    matches!(effect, Effect::Send(Command::Load))
}

#[test]
fn a_link_shows_its_result_and_downloads_no_model() {
    let (mut state, effects) = opened(Source::Gallery("cat".into()));
    assert_eq!(
        effects,
        [
            Effect::Fill("Where?".into()),
            Effect::Fetch {
                number: 1,
                id: "cat".into()
            }
        ]
    );
    let mut all = hear(&mut state, ready(Backend::Cpu));
    all.extend(tell(
        &mut state,
        Input::Bytes {
            number: 1,
            bytes: vec![7],
        },
    ));
    all.extend(hear(&mut state, decoded(1)));
    assert!(!all.iter().any(is_download), "{all:?}");
    let panes: Vec<_> = state
        .turn
        .panes
        .iter()
        .map(|pane| (pane.text.as_str(), pane.phase))
        .collect();
    assert_eq!(panes, [("left", Phase::Recorded), ("right", Phase::Recorded)]);
    assert_eq!(found(&state), [Here::NotAsked, Here::NotAsked]);
    // The same link can be passed on, with the machine that it names.
    let effects = tell(&mut state, Input::Share { picture: true });
    let gallery = Box::new(shared(Source::Gallery("cat".into())));
    assert_eq!(
        effects,
        [Effect::Link {
            shared: gallery,
            number: 1,
            picture: false
        }]
    );
}

#[test]
fn a_picture_of_the_gallery_brings_its_own_questions() {
    let (mut state, _) = opened(Source::Gallery("cat".into()));
    hear(&mut state, ready(Backend::Cpu));
    let listed = |number, question: &str| Chosen {
        number,
        name: "a cat".into(),
        gallery: Some("cat".into()),
        questions: vec![question.into()],
    };
    tell(&mut state, Input::Listed(listed(1, "Is it asleep?")));
    // What is said of another picture comes too late.
    tell(&mut state, Input::Listed(listed(7, "Is it old?")));
    let bytes = vec![7];
    tell(&mut state, Input::Bytes { number: 1, bytes });
    hear(&mut state, decoded(1));
    assert_eq!(state.suggestions, ["Is it asleep?"]);
    assert_eq!(state.turn.question, "Where?");
}

#[test]
fn a_run_here_is_compared_with_the_link() {
    let (mut state, _) = opened(Source::Gallery("cat".into()));
    hear(&mut state, ready(Backend::Cpu));
    tell(
        &mut state,
        Input::Bytes {
            number: 1,
            bytes: vec![7],
        },
    );
    hear(&mut state, decoded(1));
    tell(&mut state, Input::Load);
    hear(&mut state, loaded(Backend::Cpu));
    tell(&mut state, Input::Ask("Where?".into()));
    assert_eq!(found(&state), [Here::NotAsked, Here::NotAsked]);
    let turn = state.turn.number;
    let same = shared(Source::Gallery("cat".into())).answers[0].to_answer();
    hear(&mut state, Event::Answered { turn, answer: same });
    let answer = answer_of("b", "below");
    hear(&mut state, Event::Answered { turn, answer });
    assert_eq!(found(&state), [Here::Same, Here::Other("below".into())]);
    // Another question is no repetition.
    hear(&mut state, Event::Done { turn });
    tell(&mut state, Input::Ask("What?".into()));
    assert_eq!(found(&state), [Here::NotAsked, Here::NotAsked]);
}

#[test]
fn other_weights_and_unknown_models_are_named() {
    let (mut state, _) = opened(Source::Gallery("cat".into()));
    hear(&mut state, ready(Backend::Cpu));
    state.models[0].weights = "0".repeat(64);
    state.models[1].id = "c".into();
    assert_eq!(found(&state), [Here::OtherWeights, Here::NoModel]);
}

#[test]
fn a_picture_in_the_link_goes_to_the_engine_and_leaves_the_state() {
    let bytes = b"\xFF\xD8\xFF".to_vec();
    let (state, effects) = opened(Source::File(bytes.clone()));
    assert_eq!(effects[1], Effect::Give { number: 1, bytes });
    let linked = state.linked.expect("a link");
    assert_eq!(linked.shared.picture.source, Source::File(Vec::new()));
    assert_eq!(linked.picture, Some(1));
}

#[test]
fn a_picture_that_is_elsewhere_is_not_waited_for() {
    let (state, effects) = opened(Source::Hash("a".repeat(64)));
    assert_eq!(effects, [Effect::Fill("Where?".into())]);
    assert_eq!((state.picture.coming, state.restored), (None, None));
}

#[test]
fn an_own_picture_is_named_by_its_hash() {
    let mut state = asked_about_one();
    assert!(!is_shareable(&state));
    assert_eq!(tell(&mut state, Input::Share { picture: false }), []);
    tell(&mut state, Input::Ask("What?".into()));
    let turn = state.turn.number;
    for model in ["a", "b"] {
        let answer = Answer {
            timings: sightline_messages::Timings {
                tokens: 2,
                ..Default::default()
            },
            ..answer_of(model, "a cat")
        };
        hear(&mut state, Event::Answered { turn, answer });
    }
    assert!(!is_shareable(&state), "more may come");
    hear(&mut state, Event::Done { turn });
    for asked in [false, true] {
        let effects = tell(&mut state, Input::Share { picture: asked });
        let [
            Effect::Link {
                shared,
                number: 1,
                picture,
            },
        ] = &effects[..]
        else {
            panic!("{effects:?}: {:?}", state.sharing)
        };
        // The hash is found out when it is needed.
        assert_eq!(shared.picture.source, Source::Hash(String::new()));
        assert_eq!(*picture, asked);
        assert_eq!((shared.question.as_str(), shared.device.as_str()), ("What?", "one"));
        assert_eq!(shared.answers.len(), 2);
        let mut whole = shared.clone();
        whole.picture.source = Source::Hash(sha256_hex(&[7]));
        encode(&whole).expect("a link");
    }
    for (holds, words) in [
        (Holds::Hash, "does not hold your picture"),
        (Holds::Copy { smaller: false }, "contains your picture"),
        (Holds::Copy { smaller: true }, "contains a smaller copy of your picture"),
    ] {
        let fragment = "AQ".to_owned();
        let effects = tell(&mut state, Input::Made(MadeLink { fragment, holds }));
        assert_eq!(effects, [Effect::Copy("AQ".into())]);
        tell(&mut state, Input::Copied(true));
        let note = &state.sharing.note;
        assert!(
            note.starts_with("The link was copied.") && note.contains(words),
            "{note}"
        );
    }
    // The text to paste needs a link as well, and copies nothing by itself.
    assert_eq!(tell(&mut state, Input::Cite), []);
    tell(&mut state, Input::Share { picture: false });
    assert!(matches!(tell(&mut state, Input::Cite)[..], [Effect::Link { .. }]));
    let made = MadeLink {
        fragment: "AQ".to_owned(),
        holds: Holds::Hash,
    };
    assert_eq!(tell(&mut state, Input::Made(made)), []);
    let sentence = "There is no link to this: it is too long.";
    tell(&mut state, Input::NotMade(sentence.into()));
    assert_eq!(state.sharing.note, sentence);
    // What was said of a link goes when something else is shown.
    tell(&mut state, Input::Ask("And now?".into()));
    assert_eq!(state.sharing, Sharing::default());
}

#[test]
fn a_visitor_who_has_the_picture_of_the_link_is_compared() {
    let hash = sha256_hex(&[7]);
    let (mut state, _) = opened(Source::Hash(hash.clone()));
    hear(&mut state, ready(Backend::Cpu));
    tell(&mut state, Input::Load);
    hear(&mut state, loaded(Backend::Cpu));
    let chosen = Chosen {
        number: 2,
        name: "mine.png".into(),
        gallery: None,
        questions: Vec::new(),
    };
    tell(&mut state, Input::Chosen(chosen));
    let bytes = vec![7];
    let effects = tell(&mut state, Input::Bytes { number: 2, bytes });
    assert_eq!(effects.last(), Some(&Effect::Hash(2)));
    hear(&mut state, decoded(2));
    let other = "b".repeat(64);
    for (sha256, picture) in [(other, None), (hash, Some(2))] {
        tell(&mut state, Input::Hashed { number: 2, sha256 });
        assert_eq!(state.linked.as_ref().expect("a link").picture, picture);
    }
    tell(&mut state, Input::Ask("Where?".into()));
    let turn = state.turn.number;
    let answer = answer_of("a", "above");
    hear(&mut state, Event::Answered { turn, answer });
    assert_eq!(found(&state), [Here::Other("above".into()), Here::NotAsked]);
}

#[test]
fn a_link_that_is_opened_later_takes_the_place_of_what_is_shown() {
    let mut state = asked_about_one();
    tell(&mut state, Input::Ask("What?".into()));
    let shared = Box::new(shared(Source::Gallery("cat".into())));
    tell(&mut state, Input::Linked { number: 2, shared });
    let bytes = vec![7];
    tell(&mut state, Input::Bytes { number: 2, bytes });
    let effects = hear(&mut state, decoded(2));
    let stops = |effect: &Effect| matches!(effect, Effect::Send(Command::Stop { .. }));
    assert!(effects.iter().any(stops), "{effects:?}");
    assert_eq!(state.turn.question, "Where?");
    assert!(state.turn.panes.iter().all(|pane| pane.phase == Phase::Recorded));
    let sentence = "The address of this page holds no result: it is damaged.";
    tell(&mut state, Input::NotLinked(sentence.into()));
    assert_eq!(
        (state.linked.clone(), state.notices.as_slice()),
        (None, &[sentence.to_owned()][..])
    );
}
