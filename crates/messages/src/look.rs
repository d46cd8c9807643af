//! A look inside the models: maps over the patches of a picture.

use serde::{Deserialize, Serialize};
use sightline_answer::{Map, MapQuery};

use crate::outside::kind_outside;

/// What the page asks for in [`crate::Command::Look`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum LookCommand {
    /// A map of every model. Answered by [`LookEvent::Found`] or [`LookEvent::Missing`] per model,
    /// and at the end by [`LookEvent::Done`].
    Map {
        /// The page's number of this look; later ones are larger.
        look: u32,
        /// The page's number of the picture.
        picture: u32,
        /// Which map. Without a side of what is covered at once, the engine chooses one that this
        /// device can do in some seconds.
        query: MapQuery,
    },
    /// Ends a look, and those before it. It overtakes.
    Stop {
        /// Its number.
        look: u32,
    },
}

kind_outside! {
    /// What the engine says in [`crate::Event::Look`].
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "what", rename_all = "snake_case")]
    pub enum LookEvent as "LookEvent" {
        /// How far a map is.
        Progress {
            /// The look's number.
            look: u32,
            /// Id of the model.
            model: String,
            /// Number of pictures encoded.
            done: u32,
            /// Number of pictures to encode.
            all: u32,
        },
        /// A map.
        Found {
            /// The look's number.
            look: u32,
            /// The map; it names its model.
            map: Map,
        },
        /// A model has no such map.
        Missing {
            /// The look's number.
            look: u32,
            /// Id of the model.
            model: String,
            /// Why, and what there is.
            sentence: String,
        },
        /// No more comes.
        Done {
            /// The look's number.
            look: u32,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Command, Event};

    /// Two enums stand in one object, each with a tag of its own.
    #[test]
    fn a_look_comes_back_as_it_went() {
        let command = Command::Look(LookCommand::Map {
            look: 3,
            picture: 1,
            query: MapQuery::default(),
        });
        let text = serde_json::to_string(&command).unwrap_or_default();
        assert!(text.starts_with(r#"{"kind":"look","what":"map","look":3"#), "{text}");
        assert_eq!(serde_json::from_str::<Command>(&text).ok(), Some(command));
        let event = Event::Look(LookEvent::Done { look: 3 });
        let text = serde_json::to_string(&event).unwrap_or_default();
        assert_eq!(text, r#"{"kind":"look","what":"done","look":3}"#);
        assert_eq!(serde_json::from_str::<Event>(&text).ok(), Some(event));
    }
}
