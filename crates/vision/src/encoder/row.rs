//! Rows of a manifest into shapes and back.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sightline_checkpoint::manifest;

use super::EncoderError;

/// A row's fields as a kind's own type. An error names the field.
pub(crate) fn read<T: DeserializeOwned>(row: &manifest::Encoder) -> Result<T, EncoderError> {
    parsed(&row.fields).map_err(|error| {
        let message = error.to_string();
        EncoderError::config(culprit::<T>(&row.fields, &message), message)
    })
}

/// The field that serde's message is about: serde says what is wrong with a value, not where it
/// stands.
fn culprit<T: DeserializeOwned>(fields: &Map<String, Value>, message: &str) -> String {
    let says = |fields: &Map<String, Value>| parsed::<T>(fields).err().map(|error| error.to_string());
    let missing = message
        .strip_prefix("missing field `")
        .and_then(|rest| rest.strip_suffix('`'));
    if let Some(missing) = missing {
        let mut with = fields.clone();
        with.insert(missing.to_owned(), Value::Null);
        // A field that is missing further inside is unknown here.
        let unknown = |now: &String| now == message || now.starts_with("unknown field");
        if !says(&with).as_ref().is_some_and(unknown) {
            return missing.to_owned();
        }
    }
    let decides = |key: &&String| {
        let mut others = fields.clone();
        others.remove(*key);
        says(&others).as_deref() != Some(message)
    };
    fields.keys().find(decides).cloned().unwrap_or_default()
}

fn parsed<T: DeserializeOwned>(fields: &Map<String, Value>) -> Result<T, serde_json::Error> {
    serde_json::from_value(Value::Object(fields.clone()))
}

/// The row of a kind whose fields are those of `config`.
pub(crate) fn write(kind: &str, config: &impl Serialize) -> manifest::Encoder {
    let fields = match serde_json::to_value(config) {
        Ok(Value::Object(fields)) => fields,
        // A kind's fields are numbers, flags and lists, which all become JSON.
        _ => Map::new(),
    };
    manifest::Encoder {
        kind: kind.to_owned(),
        fields,
    }
}

/// Refuses a field whose value does not pass.
pub(crate) fn within(passes: bool, field: &str, message: impl FnOnce() -> String) -> Result<(), EncoderError> {
    if passes {
        return Ok(());
    }
    Err(EncoderError::config(field, message()))
}
