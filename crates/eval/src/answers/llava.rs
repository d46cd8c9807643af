//! Answers as LLaVA's evaluation writes them: `question_id`, `prompt`, `text`, one object per line.

use super::fields::{Fields, InputError};
use super::{Answer, Response};

/// Whether a line looks like this.
pub(super) fn is(line: &Fields) -> bool {
    line.has("question_id") && line.has("text")
}

/// Reads a line.
pub(super) fn answer(line: Fields) -> Result<Answer, InputError> {
    let id = line
        .maybe_id(&["question_id"])?
        .ok_or_else(|| line.error("question_id", "missing; every line needs one"))?;
    let Some(text) = line.maybe_text("text")? else {
        return Err(line.error("text", "missing; the model's answer belongs there"));
    };
    Ok(Answer {
        response: Response::Text(text.to_owned()),
        gold_id: Some(id.clone()),
        id,
        prompt: line.maybe_text("prompt")?.map(str::to_owned),
        fields: line,
    })
}
