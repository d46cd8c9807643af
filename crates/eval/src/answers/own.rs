//! Self-contained lines: `id`, `prediction` or `probabilities`, and the gold fields of the task
//! beside them.

use super::fields::{Fields, InputError};
use super::{Answer, Response};

/// Whether a line looks like this.
pub(super) fn is(line: &Fields) -> bool {
    line.has("id") && (line.has("prediction") || line.has("probabilities"))
}

/// Reads a line.
pub(super) fn answer(line: Fields) -> Result<Answer, InputError> {
    let id = line
        .maybe_id(&["id"])?
        .ok_or_else(|| line.error("id", "missing; every line needs one"))?;
    let response = match (line.maybe_text("prediction")?, line.maybe_numbers("probabilities")?) {
        (Some(text), None) => Response::Text(text.to_owned()),
        (None, Some(probabilities)) => Response::Probabilities(probabilities),
        (None, None) => return Err(line.error("prediction", "missing; write the model's answer there")),
        (Some(_), Some(_)) => {
            return Err(line.error(
                "probabilities",
                "beside `prediction`; leave out the one that is not to be scored",
            ));
        }
    };
    Ok(Answer {
        gold_id: Some(id.clone()),
        id,
        response,
        prompt: None,
        fields: line,
    })
}
