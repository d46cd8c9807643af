//! How the models are asked: what a visitor sets, as plain data.

use serde::{Deserialize, Serialize};
use sightline_link::Settings as Linked;
use sightline_messages::{Ways, Wish};

/// Most tokens of an answer that can be chosen: what the engine takes.
pub(crate) const MOST_TOKENS: u32 = 256;
/// Randomness of words that are drawn, unless another one is chosen.
pub(crate) const USUAL_TEMPERATURE: f32 = 0.7;
/// Most randomness.
pub(crate) const MOST_TEMPERATURE: f32 = 2.0;
/// Largest seed that can be typed: numbers of browsers are exact up to here.
const MOST_SEED: u64 = (1 << 53) - 1;

/// What a visitor has set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Settings {
    /// Most tokens of an answer.
    pub(crate) max_tokens: u32,
    /// 0 takes the likeliest word every time.
    pub(crate) temperature: f32,
    /// Seed of the randomness.
    pub(crate) seed: u64,
    /// Id of the only model that is asked.
    pub(crate) only: Option<String>,
    /// Encoders compute in 32 bits also where the GPU can do 16.
    pub(crate) whole: bool,
}

impl Default for Settings {
    fn default() -> Self {
        let usual = Linked::default();
        Self {
            max_tokens: usual.max_tokens,
            temperature: usual.temperature,
            seed: usual.seed,
            only: None,
            whole: false,
        }
    }
}

/// What outlives a reload of the page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) settings: Settings,
    /// The device that was chosen, if one was.
    pub(crate) device: Option<Wish>,
}

/// What a visitor changes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Setting {
    /// What was kept before a reload.
    Kept(Kept),
    /// Most tokens of an answer.
    Tokens(f64),
    /// Randomness.
    Temperature(f64),
    /// Seed of the randomness.
    Seed(f64),
    /// Id of the only model that is asked; empty for all.
    Only(String),
    /// 32 bits.
    Whole(bool),
    /// The device.
    Device(Wish),
    /// All as it was at first, but for the device.
    Usual,
}

impl Settings {
    /// What the engine is told with a question.
    pub(crate) fn ways(&self) -> Ways {
        Ways {
            temperature: self.temperature,
            seed: self.seed,
            only: self.only.clone(),
        }
    }

    /// Those of a link. Which models are asked, and on what, is the visitor's choice alone.
    pub(crate) fn linked(&mut self, linked: &Linked) {
        self.max_tokens = linked.max_tokens.clamp(1, MOST_TOKENS);
        self.temperature = linked.temperature;
        self.seed = linked.seed;
        self.whole = !linked.half;
    }

    /// As a link holds them; `half`: encoders computed products in 16 bits.
    pub(crate) fn for_link(&self, half: bool) -> Linked {
        Linked {
            max_tokens: self.max_tokens,
            temperature: self.temperature,
            // A seed without randomness says nothing.
            seed: if self.temperature > 0.0 { self.seed } else { 0 },
            half,
        }
    }

    /// Takes a number as it was typed, within its bounds. What is no number changes nothing.
    pub(crate) fn set(&mut self, setting: &Setting) {
        match *setting {
            Setting::Tokens(typed) if typed.is_finite() => self.max_tokens = (typed as u32).clamp(1, MOST_TOKENS),
            Setting::Temperature(typed) if typed.is_finite() => {
                // Hundredths: what is shown is what is used.
                let hundredths = (typed * 100.0).round() / 100.0;
                self.temperature = (hundredths as f32).clamp(0.0, MOST_TEMPERATURE);
            }
            Setting::Seed(typed) if typed.is_finite() => self.seed = (typed as u64).min(MOST_SEED),
            _ => {}
        }
    }
}

/// Settings in words, as a link's are told.
pub(crate) fn said(settings: &Linked) -> String {
    let drawn = match settings.temperature {
        0.0 => "the likeliest word every time".to_owned(),
        temperature => format!("words drawn with temperature {temperature} and seed {}", settings.seed),
    };
    let bits = if settings.half { 16 } else { 32 };
    format!(
        "at most {} tokens, {drawn}, encoders in {bits} bits",
        settings.max_tokens
    )
}
