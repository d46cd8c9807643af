//! What the visitor sets. Whatever the engine has to be started with begins another one.

use sightline_messages::Wish;

use super::effect::Effect;
use super::engine;
use super::turn::ask;
use crate::settings::{Kept, Setting, Settings};
use crate::state::State;

/// The visitor sets something.
pub(super) fn set(state: &mut State, setting: Setting) -> Vec<Effect> {
    state.settings_note.clear();
    let before = (state.settings.whole, state.wish);
    match setting {
        Setting::Kept(kept) => {
            state.settings = kept.settings;
            state.device = kept.device;
            return Vec::new();
        }
        Setting::Only(id) => state.settings.only = (!id.is_empty()).then_some(id),
        Setting::Whole(whole) => state.settings.whole = whole,
        Setting::Device(wish) => (state.device, state.wish) = (Some(wish), wish),
        Setting::Usual => state.settings = Settings::default(),
        number => state.settings.set(&number),
    }
    let mut effects = vec![Effect::KeepSettings(Kept {
        settings: state.settings.clone(),
        device: state.device,
    })];
    let other_device = state.wish != before.1;
    let other_bits = state.settings.whole != before.0;
    if other_device || (other_bits && state.computes_in_16()) {
        effects.extend(again(state, other_device));
    } else if other_bits && state.on_processor() {
        state.settings_note = "The processor computes in 32 bits either way.".into();
    }
    effects
}

/// Another engine, and what becomes of the models.
fn again(state: &mut State, device: bool) -> Vec<Effect> {
    let what = match state.wish {
        _ if !device => "The encoders change their arithmetic",
        Wish::Cpu => "The processor takes over",
        Wish::Gpu | Wish::Auto => "Another device takes over",
    };
    let models = match (state.loaded().is_some() || state.is_loading(), state.keeps()) {
        (false, _) => "",
        (true, true) => " The models are loaded again from this browser's own copies.",
        (true, false) => " This browser keeps no downloads: press the button above to load the models again.",
    };
    let effects = engine::start(state);
    state.settings_note = format!("{what}, so the engine starts again.{models}");
    effects
}

/// The visitor asks the same again. Where words are drawn, they are drawn anew.
pub(super) fn ask_again(state: &mut State) -> Vec<Effect> {
    let question = state.turn.question.clone();
    if question.is_empty() || state.loaded().is_none() || state.turn.answering || state.held.is_some() {
        return Vec::new();
    }
    let mut effects = Vec::new();
    if state.settings.temperature > 0.0 && state.turn.settings.seed == state.settings.seed {
        let next = Setting::Seed(state.settings.seed.wrapping_add(1) as f64);
        effects.extend(set(state, next));
    }
    effects.push(Effect::Fill(question.clone()));
    effects.extend(ask(state, question));
    effects
}
