//! Models other than the page's own.

use sightline_messages::{Models, Remedy as Told};

use super::*;
use crate::own::{Foreign, OwnInput};
use crate::state::Remedy;

fn starts(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::StartEngine(_)))
}

fn folder() -> OwnInput {
    OwnInput::Opened {
        name: "mine".into(),
        paths: vec!["bundle.json".into()],
    }
}

#[test]
fn models_of_another_host_wait_for_a_press() {
    let mut state = State::default();
    let foreign = Foreign {
        address: "https://example.org/m/bundle.json".into(),
        host: "example.org".into(),
    };
    assert_eq!(
        tell(&mut state, Input::Own(OwnInput::NamedElsewhere(foreign.clone()))),
        []
    );
    assert!(starts(&tell(&mut state, Input::Opened(None))));
    assert_eq!(state.own.models, Models::Page, "the page's own, until then");
    hear(&mut state, ready(Backend::Cpu));
    let effects = tell(&mut state, Input::Own(OwnInput::Agree));
    assert!(starts(&effects) && state.own.address == foreign.address);
    // Its list has come: its bytes wait for another press.
    assert_eq!(hear(&mut state, ready(Backend::Cpu)), [Effect::KeepPage]);
    assert!(tell(&mut state, Input::Load).contains(&Effect::Send(Command::Load)));
    assert_eq!(tell(&mut state, Input::Own(OwnInput::Agree)), []);
}

#[test]
fn a_folder_takes_over_and_gives_way() {
    let mut state = asked_about_one();
    tell(&mut state, Input::Ask("What?".into()));
    let effects = tell(&mut state, Input::Own(folder()));
    assert!(starts(&effects), "{effects:?}");
    assert!(state.own.is_other() && state.own.name() == "the folder mine");
    // Nobody has pressed for these models, though all of them are here.
    assert_eq!(hear(&mut state, ready_with(Backend::Cpu, 100)), [Effect::KeepPage]);
    tell(&mut state, Input::Load);
    let sentence = "parts/a.part is missing.".to_owned();
    hear(&mut state, Event::LoadFailed { sentence });
    let problem = state.problem.clone().expect("it is said");
    assert_eq!(problem.remedy, Some(Remedy::PageModels));
    assert!(starts(&tell(&mut state, Input::Remedy(Remedy::PageModels))));
    assert!(!state.own.is_other());
    assert_eq!(tell(&mut state, Input::Own(OwnInput::Page)), []);
}

#[test]
fn a_list_that_cannot_be_used_offers_the_page_s_own() {
    let mut state = State::default();
    tell(
        &mut state,
        Input::Own(OwnInput::Named("http://here/m/bundle.json".into())),
    );
    tell(&mut state, Input::Opened(None));
    assert_eq!(state.own.models, Models::Address);
    let broken = |sentence: &str| Event::Broken {
        sentence: sentence.into(),
        remedy: Told::Reload,
    };
    hear(&mut state, broken("The models cannot be used."));
    let problem = state.problem.clone().expect("it is said");
    assert_eq!(problem.sentence, "The models cannot be used.");
    assert_eq!(
        (problem.remedy, problem.other),
        (Some(Remedy::PageModels), Some(Remedy::Restart))
    );
    state.own.host = "example.org".into();
    tell(&mut state, Input::Remedy(Remedy::Restart));
    hear(&mut state, broken("Failed."));
    let sentence = state.problem.clone().expect("it is said").sentence;
    assert!(
        sentence.contains("Content-Security-Policy") && sentence.contains("example.org"),
        "{sentence}"
    );
}
