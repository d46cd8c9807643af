//! How a language model is talked to: the `chat` of its row. All of it is data; `language` renders
//! it.

use std::borrow::Cow;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// A string of a template. Built-in templates borrow it.
pub type Text = Cow<'static, str>;

/// How a language model is talked to.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Chat {
    /// The strings around the turns.
    pub template: TemplateChoice,
    /// Text of the system turn of every conversation, instead of the template's own. An empty text
    /// stands for no system turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Where the visual tokens stand.
    pub visual: VisualPlace,
    /// Names of tokens that end an answer, beside those that the file and the template name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// Number of positions of a conversation: prefix, question and answer.
    pub capacity: usize,
}

impl Default for Chat {
    /// What a row without a `chat` means.
    fn default() -> Self {
        Self {
            template: TemplateChoice::Named("chatml".into()),
            system: None,
            visual: VisualPlace::default(),
            stop: Vec::new(),
            capacity: 1024,
        }
    }
}

/// A template: the name of one that `language` knows, or its strings.
#[derive(Clone, Debug, Serialize, PartialEq)]
#[serde(untagged)]
pub enum TemplateChoice {
    /// A name.
    Named(String),
    /// The strings.
    Own(Box<Template>),
}

/// A chat template: the strings that stand around the turns of a conversation.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Names of the control tokens in the strings below. Everything else in them is plain text, and
    /// so is every turn.
    #[serde(default)]
    pub control: Cow<'static, [Text]>,
    /// Stands once, before everything. If it is empty, a prompt with visual tokens begins with the
    /// file's beginning-of-sequence token.
    #[serde(default)]
    pub start: Text,
    /// Around the text of the system turn.
    pub system: Around,
    /// Around what the user says.
    pub user: Around,
    /// Around what the model said before.
    pub assistant: Around,
    /// Opens the answer.
    pub answer: Text,
    /// Text of the system turn of a conversation that has none. Empty for no such turn.
    #[serde(default)]
    pub default_system: Text,
    /// Whether white space at both ends of a turn's text is stripped.
    #[serde(default)]
    pub trim: bool,
}

/// The strings around a turn's text.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Around {
    /// Before the text.
    pub before: Text,
    /// Behind the text.
    pub after: Text,
}

/// Where the visual tokens stand in a prompt, and the strings around them.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct VisualPlace {
    /// The place.
    pub place: Place,
    /// Names of the control tokens in the strings below.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub control: Vec<String>,
    /// Directly before the visual tokens.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub before: String,
    /// Directly behind the visual tokens.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub after: String,
}

/// A place in a prompt.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// Behind the start of the prompt, before all turns.
    #[default]
    Start,
    /// In the user's turn, before the question.
    Question,
}

impl<'de> Deserialize<'de> for TemplateChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Choice;

        impl<'de> Visitor<'de> for Choice {
            type Value = TemplateChoice;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("the name of a chat template, or an object with its strings")
            }

            fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
                Ok(TemplateChoice::Named(name.into()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let template = Template::deserialize(MapAccessDeserializer::new(map))?;
                Ok(TemplateChoice::Own(Box::new(template)))
            }
        }

        deserializer.deserialize_any(Choice)
    }
}
