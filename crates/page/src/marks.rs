//! Which boxes are drawn over the picture, and which of them stand out.

use serde::{Deserialize, Serialize};
use sightline_messages::Source;

/// What the visitor has switched off, and looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Marks {
    /// Ids of models whose boxes are not drawn.
    models: Vec<String>,
    /// Boxes of the language model are not drawn.
    llm: bool,
    /// Boxes of the encoder's head are not drawn.
    dense: bool,
    /// Id of the model whose boxes stand out.
    lit: Option<String>,
}

/// What a visitor does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BoxMark {
    /// Switches the boxes of a model off, or on again.
    Model(String),
    /// Switches the boxes of a source off, or on again.
    Source(Source),
    /// Looks at the answer of a model, or at none.
    Look(Option<String>),
}

impl Marks {
    /// Changes them.
    pub(crate) fn set(&mut self, mark: BoxMark) {
        match mark {
            BoxMark::Model(id) => match self.models.iter().position(|other| *other == id) {
                Some(at) => drop(self.models.remove(at)),
                None => self.models.push(id),
            },
            BoxMark::Source(Source::Llm) => self.llm = !self.llm,
            BoxMark::Source(Source::Dense) => self.dense = !self.dense,
            BoxMark::Look(id) => self.lit = id,
        }
    }

    /// Whether boxes of a source are drawn.
    pub(crate) fn has_source(&self, source: Source) -> bool {
        match source {
            Source::Llm => !self.llm,
            Source::Dense => !self.dense,
        }
    }

    /// Whether boxes of a model are drawn.
    pub(crate) fn has_model(&self, id: &str) -> bool {
        !self.models.iter().any(|other| other == id)
    }

    /// Whether a model's boxes stand back, because the visitor looks at another one.
    pub(crate) fn stands_back(&self, id: &str) -> bool {
        self.lit.as_ref().is_some_and(|lit| lit != id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_are_switched_by_model_and_by_source() {
        let mut marks = Marks::default();
        let drawn = |marks: &Marks| {
            ["a", "b"]
                .map(|id| [Source::Llm, Source::Dense].map(|source| marks.has_model(id) && marks.has_source(source)))
        };
        assert_eq!(drawn(&marks), [[true, true], [true, true]]);
        marks.set(BoxMark::Model("a".into()));
        marks.set(BoxMark::Source(Source::Dense));
        assert_eq!(drawn(&marks), [[false, false], [true, false]]);
        marks.set(BoxMark::Model("a".into()));
        assert_eq!(drawn(&marks), [[true, false], [true, false]]);
        marks.set(BoxMark::Source(Source::Dense));
        assert_eq!(marks, Marks::default());
        marks.set(BoxMark::Look(Some("b".into())));
        assert!(marks.stands_back("a") && !marks.stands_back("b"));
        marks.set(BoxMark::Look(None));
        assert_eq!(marks, Marks::default());
    }
}
