//! Samples as lmms-eval logs them (`*_samples_*.jsonl`): `doc_id`, `target`, `filtered_resps`, and
//! in some versions `doc`.
//!
//! `doc_id` counts the rows of lmms-eval's own data set, which is no official id. So gold comes
//! from `doc` or `target` in the line itself, or from a gold file by an official id that the line
//! holds: in `doc`, or in what a metric logged.

use serde_json::{Map, Value};

use super::fields::{Fields, InputError};
use super::{Answer, Response};

/// Names of the official id in the rows of the data sets.
const IDS: [&str; 4] = ["question_id", "questionId", "example_id", "id"];

/// Whether a line looks like this.
pub(super) fn is(line: &Fields) -> bool {
    line.has("doc_id") && (line.has("filtered_resps") || line.has("resps"))
}

/// Reads a line.
pub(super) fn answer(line: Fields) -> Result<Answer, InputError> {
    let id = line
        .maybe_id(&["doc_id"])?
        .ok_or_else(|| line.error("doc_id", "missing; every line needs one"))?;
    // Where both are the same, it leaves out the raw one.
    let name = if line.has("filtered_resps") {
        "filtered_resps"
    } else {
        "resps"
    };
    let text = single(line.get(name)).ok_or_else(|| {
        line.error(
            name,
            "not one text; only tasks whose answers are written (generate_until) can be scored",
        )
    })?;
    let response = Response::Text(text.to_owned());
    let doc = line.maybe_object("doc")?;
    let gold_id = match &doc {
        Some(doc) => doc.maybe_id(&IDS)?,
        None => logged_id(&line)?,
    };
    let fields = Fields {
        map: gold_fields(&line, doc),
        place: line.place.clone(),
    };
    Ok(Answer {
        id,
        gold_id,
        response,
        prompt: None,
        fields,
    })
}

/// One text, however many lists of one are around it.
fn single(mut value: Option<&Value>) -> Option<&str> {
    while let Some(Value::Array(list)) = value {
        value = if list.len() == 1 { list.first() } else { None };
    }
    value?.as_str()
}

/// An official id in what the metrics logged, such as `submission.question_id`.
fn logged_id(line: &Fields) -> Result<Option<String>, InputError> {
    let names: Vec<String> = line
        .map
        .iter()
        .filter(|(_, value)| value.get("question_id").is_some())
        .map(|(name, _)| name.clone())
        .collect();
    for name in names {
        if let Some(id) = line
            .maybe_object(&name)?
            .and_then(|metric| metric.maybe_id(&IDS).transpose())
        {
            return id.map(Some);
        }
    }
    Ok(None)
}

/// The row itself, and `target` under the names that one-answer tasks look for.
fn gold_fields(line: &Fields, doc: Option<Fields>) -> Map<String, Value> {
    let mut map = doc.map(|doc| doc.map).unwrap_or_default();
    // `target` went through Python's `str`: only a bare text comes back from that.
    if let Some(target @ Value::String(_)) = line.get("target") {
        map.entry("answer").or_insert_with(|| target.clone());
        map.entry("label").or_insert_with(|| target.clone());
    }
    if let Some(transform) = line.get("transform") {
        map.entry("transform").or_insert_with(|| transform.clone());
    }
    map
}
