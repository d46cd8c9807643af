//! The settings: how the models are asked, on what, and whose models they are.

use sightline_messages::{ModelInfo, Wish};
use web_sys::{HtmlInputElement, HtmlSelectElement};

use super::{Now, Seen, View};
use crate::attached;
use crate::dom::{by_id, clear, make, on_id, put, set_attribute, set_disabled, set_text, show};
use crate::inbox::tell;
use crate::own::{Own, OwnInput};
use crate::settings::{Setting, USUAL_TEMPERATURE};
use crate::state::State;
use crate::update::Input;

/// Id of a field with a number, and what it sets.
type Number = (&'static str, fn(f64) -> Setting);

const NUMBERS: [Number; 3] = [
    ("tokens", Setting::Tokens),
    ("temperature", Setting::Temperature),
    ("seed", Setting::Seed),
];

#[derive(Default)]
pub(super) struct Settings {
    models: Seen<Vec<ModelInfo>>,
    set: Seen<(crate::settings::Settings, Wish)>,
    note: Seen<String>,
    own: Seen<Own>,
}

impl Settings {
    pub(super) fn open() -> Self {
        for (id, setting) in NUMBERS {
            on_id(id, "change", move |_| {
                if let Some(input) = by_id::<HtmlInputElement>(id) {
                    tell(Input::Set(setting(input.value_as_number())));
                }
            });
        }
        chosen("sampling", |value| match value {
            "drawn" => Setting::Temperature(f64::from(USUAL_TEMPERATURE)),
            _ => Setting::Temperature(0.0),
        });
        chosen("only", |value| Setting::Only(value.into()));
        chosen("bits", |value| Setting::Whole(value == "32"));
        chosen("device", |value| {
            Setting::Device(match value {
                "gpu" => Wish::Gpu,
                "cpu" => Wish::Cpu,
                _ => Wish::Auto,
            })
        });
        on_id("usual", "click", |_| tell(Input::Set(Setting::Usual)));
        on_id("own-page", "click", |_| tell(Input::Own(OwnInput::Page)));
        on_id("foreign-ask", "click", |_| tell(Input::Own(OwnInput::Agree)));
        on_id("own-folder", "change", |_| {
            let Some(input) = by_id::<HtmlInputElement>("own-folder") else {
                return;
            };
            if let Some(files) = input.files().filter(|files| files.length() > 0) {
                let (name, paths) = attached::hold(&files);
                tell(Input::Own(OwnInput::Opened { name, paths }));
            }
            // The same folder may be opened again.
            input.set_value("");
        });
        Self::default()
    }
}

/// Says what was chosen in the select of that id.
fn chosen(id: &'static str, setting: fn(&str) -> Setting) {
    on_id(id, "change", move |_| {
        if let Some(select) = by_id::<HtmlSelectElement>(id) {
            tell(Input::Set(setting(&select.value())));
        }
    });
}

impl View for Settings {
    fn show(&mut self, now: &Now<'_>) {
        let state = now.state;
        let other_models = self.models.is_new(state.models.clone());
        if other_models {
            list(&state.models);
        }
        if self.set.is_new((state.settings.clone(), state.wish)) || other_models {
            fields(state);
        }
        if self.note.is_new(state.settings_note.clone()) {
            set_text("settings-note", &state.settings_note);
        }
        if self.own.is_new(state.own.clone()) {
            own(&state.own);
        }
    }
}

/// The models that can be asked alone.
fn list(models: &[ModelInfo]) {
    let Some(select) = by_id::<HtmlSelectElement>("only") else {
        return;
    };
    clear(&select);
    let one = |value: &str, text: &str| {
        let Some(option) = make("option", "", text) else {
            return;
        };
        let _ = option.set_attribute("value", value);
        put(&select, Some(option));
    };
    one("", "All models");
    models
        .iter()
        .for_each(|model| one(&model.id, &format!("{} alone", model.name)));
}

fn fields(state: &State) {
    let settings = &state.settings;
    let number = |id: &str, value: String| {
        if let Some(input) = by_id::<HtmlInputElement>(id) {
            input.set_value(&value);
        }
    };
    let choice = |id: &str, value: &str| {
        if let Some(select) = by_id::<HtmlSelectElement>(id) {
            select.set_value(value);
        }
    };
    let drawn = settings.temperature > 0.0;
    number("tokens", settings.max_tokens.to_string());
    number("temperature", settings.temperature.to_string());
    number("seed", settings.seed.to_string());
    show("drawn", drawn);
    choice("sampling", if drawn { "drawn" } else { "likeliest" });
    choice("only", settings.only.as_deref().unwrap_or_default());
    choice("bits", if settings.whole { "32" } else { "16" });
    let device = match state.wish {
        Wish::Auto => "auto",
        Wish::Gpu => "gpu",
        Wish::Cpu => "cpu",
    };
    choice("device", device);
    set_disabled("usual", *settings == crate::settings::Settings::default());
}

fn own(own: &Own) {
    set_text("own-name", &format!("Models in use: {}.", own.name()));
    show("own-page", own.is_other());
    show("foreign", own.foreign.is_some());
    if let Some(foreign) = &own.foreign {
        let text = format!(
            "The address of this page names models on another host, {}. Nothing was asked of it. A press asks it for the list of its files; \
             then you see how many bytes they have.",
            foreign.host
        );
        set_text("foreign-text", &text);
        set_text("foreign-ask", &format!("Ask {} for the list", foreign.host));
    }
    set_attribute("settings", "data-models", own.is_other().then_some("other"));
}
