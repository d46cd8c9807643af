use sightline_answer::{Kind, ModelInfo};
use sightline_checkpoint::manifest::Model;
use sightline_vision::{EncoderError, kind, palette};

/// What people are told of a model.
///
/// # Errors
/// A row whose encoder is of no known kind.
pub fn info(row: &Model) -> Result<ModelInfo, EncoderError> {
    let encoder = kind(&row.encoder)?;
    let kinds = row.question_types.iter().map(|kind| Kind {
        id: kind.id.clone(),
        example: kind.example.clone(),
    });
    Ok(ModelInfo {
        id: row.id.clone(),
        encoder: encoder.id().into(),
        weights: row.files.first().map(|file| file.sha256.clone()).unwrap_or_default(),
        title: encoder.title().into(),
        name: encoder.name(),
        about: encoder.about().into(),
        palette: palette(&row.encoder)? as u32,
        kinds: kinds.collect(),
    })
}
