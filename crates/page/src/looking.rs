//! The look inside as the page knows it: plain data of its own beside the page's state.

use serde::{Deserialize, Serialize};
use sightline_messages::{Map, MapKind};

/// Rows and columns of patches before any map has told them.
const GRID: [u32; 2] = [14, 14];

/// What the visitor looks at, and what has come of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Looking {
    /// Whether the part of the page is open.
    pub(crate) open: bool,
    /// Which map.
    pub(crate) kind: MapKind,
    /// The page's number of the last look: later ones are larger.
    pub(crate) number: u32,
    /// The picture that the maps are of.
    pub(crate) picture: u32,
    /// Row and column of the patch that was chosen.
    pub(crate) patch: Option<[u32; 2]>,
    /// The word that was chosen.
    pub(crate) word: String,
    /// More is to come.
    pub(crate) running: bool,
    /// Of the model that is being looked into: its id, pictures encoded, and pictures to encode.
    pub(crate) progress: Option<(String, u32, u32)>,
    /// One per model, in the order in which they came.
    pub(crate) found: Vec<Found>,
}

/// What has come of a look into one model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Found {
    /// A map.
    Map(Map),
    /// Why there is none.
    Missing {
        /// Id of the model.
        model: String,
        /// A sentence.
        sentence: String,
    },
}

/// What a visitor does in the look inside.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum LookInput {
    /// Opens it, or closes it.
    Open(bool),
    /// Chooses a map.
    Kind(MapKind),
    /// Chooses the patch at a point of the picture, in fractions of its width and height.
    Point([f32; 2]),
    /// Goes so many rows and columns on.
    Move([i32; 2]),
    /// Chooses a word.
    Word(String),
    /// Asks for the map that is chosen.
    Show,
    /// Ends what runs.
    Stop,
}

impl Looking {
    /// A map that was found.
    pub(crate) fn map(&self) -> Option<&Map> {
        self.found.iter().find_map(|found| match found {
            Found::Map(map) => Some(map),
            Found::Missing { .. } => None,
        })
    }

    /// Rows and columns of patches.
    pub(crate) fn grid(&self) -> [u32; 2] {
        self.map().map_or(GRID, |map| map.grid)
    }

    /// Row and column of the patch that is marked.
    pub(crate) fn marked(&self) -> [u32; 2] {
        self.patch.unwrap_or_else(|| self.grid().map(|side| side / 2))
    }
}
