//! What the visitor sets. Whatever the engine has to be started with begins another one.

use sightline_messages::{Backend, Wish};

use super::effect::Effect;
use super::engine;
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
    if other_device || (other_bits && computes_in_16(state)) {
        effects.extend(again(state, other_device));
    } else if other_bits && state.on_processor() {
        state.settings_note = "The processor computes in 32 bits either way.".into();
    }
    effects
}

/// Whether the number of bits matters: the processor has 32 alone.
fn computes_in_16(state: &State) -> bool {
    let machine = state.machine.as_ref();
    machine.is_none_or(|machine| machine.backend == Backend::WebGpu)
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

/// What a link says of settings, before its question is asked here: whether another engine is
/// needed for it.
pub(super) fn needs_another(state: &State) -> bool {
    state.engines > 0 && state.settings.whole != state.started_whole && computes_in_16(state)
}
