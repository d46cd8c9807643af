//! How what belongs to one encoder looks, and what it is called.

use sightline_messages::{ModelInfo, Source};

/// Whose box it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Arm {
    /// Title of its encoder, for labels.
    pub(super) title: String,
    /// Its row of [`PALETTE`].
    place: usize,
}

/// How boxes of an encoder look.
pub(super) struct Look {
    /// On a picture, whatever the theme. `style.css` has the colours of text.
    pub(super) colour: &'static str,
    /// Lengths of a dash and of the gap after it, in widths of a line; no gap is a whole line.
    pub(super) dashes: [f64; 2],
    /// Distance of its lines from the edge of the picture, in widths of a line. It differs per
    /// look, so that all lines are seen where all encoders name the same edge.
    pub(super) inset: f64,
}

const PALETTE: [Look; 3] = [
    Look {
        colour: "#39a0ff",
        dashes: [1.0, 0.0],
        inset: 0.95,
    },
    Look {
        colour: "#ff8c1a",
        dashes: [4.0, 2.5],
        inset: 2.4,
    },
    Look {
        colour: "#3ecf6e",
        dashes: [1.2, 1.8],
        inset: 3.85,
    },
];

impl Arm {
    pub(super) fn of(model: &ModelInfo) -> Self {
        Self {
            title: model.title.clone(),
            place: model.palette as usize % PALETTE.len(),
        }
    }

    /// The model at that place of a result that came as a link.
    pub(super) fn linked(title: &str, place: usize) -> Self {
        Self {
            title: title.to_owned(),
            place: place % PALETTE.len(),
        }
    }

    /// Its row of the palette, as the style sheet knows it.
    pub(super) fn place(&self) -> String {
        self.place.to_string()
    }

    pub(super) fn look(&self) -> &'static Look {
        &PALETTE[self.place]
    }
}

/// Who found a box, in words.
pub(super) fn source(source: Source) -> &'static str {
    match source {
        Source::Llm => "Language model’s box",
        Source::Dense => "Encoder’s box",
    }
}
