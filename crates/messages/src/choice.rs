//! What a visitor may choose of models and device, beyond what the page has itself.

use serde::{Deserialize, Serialize};

/// Where the models of [`crate::Command::Hello`] come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Models {
    /// They are the page's own. What this browser keeps of other ones is removed.
    #[default]
    Page,
    /// Someone else's, at the address of the list. What this browser keeps stays.
    Address,
    /// A folder that the visitor opened. Its files come beside the message, in this order, and
    /// nothing is fetched.
    Folder {
        /// Its name.
        name: String,
        /// Path of every file below it.
        paths: Vec<String>,
    },
}

/// How the models of [`crate::Command::Ask`] choose their words, and which of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ways {
    /// 0 takes the most probable token every time; at most 2.
    #[serde(default)]
    pub temperature: f32,
    /// Seed of the randomness.
    #[serde(default)]
    pub seed: u64,
    /// Id of the only model that is asked; all of them without it.
    #[serde(default)]
    pub only: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Command;

    /// The npm package and older pages leave out what they do not choose.
    #[test]
    fn what_is_not_chosen_need_not_be_said() {
        let text = r#"{"kind":"ask","turn":1,"picture":2,"question":"q","max_tokens":3}"#;
        let Ok(Command::Ask { ways, .. }) = serde_json::from_str(text) else {
            panic!("it is a question");
        };
        assert_eq!(ways, Ways::default());
        let text = r#"{"kind":"hello","version":1,"bundle":"b","device":"cpu"}"#;
        let Ok(Command::Hello { models, whole, .. }) = serde_json::from_str(text) else {
            panic!("it is a greeting");
        };
        assert_eq!((models, whole), (Models::Page, false));
    }
}
