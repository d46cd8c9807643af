//! Maps over the patches of a picture: what is asked, what comes back, and how it is coloured.

use serde::{Deserialize, Serialize};

/// Which map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MapKind {
    /// Which patches change the token of one patch when they are covered.
    #[default]
    ReceptiveField,
    /// What the four scans of a state space block bring to one patch.
    ScanDirections,
    /// What one patch attends to in a block of a vision transformer.
    Attention,
    /// How alike a word and every patch are inside the language model.
    Word,
}

impl MapKind {
    /// All of them, in the order in which people are shown them.
    pub const ALL: [Self; 4] = [Self::ReceptiveField, Self::ScanDirections, Self::Attention, Self::Word];

    /// The name on command lines and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReceptiveField => "receptive-field",
            Self::ScanDirections => "scan-directions",
            Self::Attention => "attention",
            Self::Word => "word",
        }
    }

    /// What it shows and what it does not, in one sentence.
    pub fn about(self) -> &'static str {
        match self {
            Self::ReceptiveField => {
                "Each patch was covered with the mean colour (occlusion, no gradients): the stronger the colour, the more \
                 the token of the marked patch changed; it does not show what two patches do together, nor what the \
                 language model uses."
            }
            Self::ScanDirections => {
                "What each of the four scans of one block carries from every patch to the marked one, exactly; it does not \
                 show the blocks before and after, nor what the rest of this block makes of it."
            }
            Self::Attention => {
                "The attention of the marked patch in one block, as the mean over its heads; it shows where values are \
                 taken from, not what is in them, nor what other blocks do."
            }
            Self::Word => {
                "The cosine between the word and every visual token inside the language model; a similar patch need not \
                 be one that the answer rests on."
            }
        }
    }

    /// Whether it belongs to a patch, and not to a word.
    pub fn wants_patch(self) -> bool {
        self != Self::Word
    }
}

/// A place that a map is about.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spot {
    /// Row and column of a patch, from 0.
    Patch([u32; 2]),
    /// A point of the picture: fractions of its width and height.
    Point([f32; 2]),
}

impl Default for Spot {
    fn default() -> Self {
        Self::Point([0.5; 2])
    }
}

/// What is asked of a model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MapQuery {
    /// Which map.
    pub kind: MapKind,
    /// The patch that it is about.
    pub spot: Spot,
    /// For a map of a block: its number from 0; the last one without it.
    pub block: Option<u32>,
    /// For a receptive field: side of what is covered at once, in patches. 0 stands for 1.
    pub cell: u32,
    /// For a word: the word, as it stands in the answer or in the question.
    pub word: String,
    /// For a word: number of layers of the language model before the comparison; a usual one
    /// without it.
    pub layer: Option<u32>,
}

/// A map over the patches of a picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Map {
    /// Which map.
    pub kind: MapKind,
    /// Id of the model.
    pub model: String,
    /// Rows and columns of patches.
    pub grid: [u32; 2],
    /// Left, top, right and bottom of the picture, in fractions of what the patches cover.
    pub picture: [f32; 4],
    /// Row and column of the patch that it is about.
    pub patch: Option<[u32; 2]>,
    /// The word that it is about, with the number of its tokens.
    pub word: Option<(String, u32)>,
    /// Whether the word stands in the question, and not in the answer.
    pub in_question: bool,
    /// Number of the block from 0, or number of layers of the language model.
    pub layer: Option<u32>,
    /// Side of what was covered at once, in patches; 0 for other maps.
    pub cell: u32,
    /// One map, or one per direction.
    pub heats: Vec<Heat>,
    /// How sharply tokens of the encoder cluster: mean cosine of neighbours, less that of tokens at
    /// least half the grid apart.
    pub sharpness: f32,
}

/// Values over patches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Heat {
    /// What sets it apart from the other ones; empty for a single one.
    pub name: String,
    /// `[rows * columns]`, row-major.
    pub values: Vec<f32>,
}

impl Map {
    /// What stands for models, by their place in the palette: blue, orange and green.
    pub const COLOURS: [[u8; 3]; 3] = [[0, 92, 230], [230, 97, 0], [0, 138, 80]];

    /// What is said below one of its maps.
    pub fn lines(&self, heat: &Heat) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(half) = self.half(heat) {
            lines.push(format!("half of it in {half} of {} patches", heat.values.len()));
        }
        if let Some(marked) = self.marked().and_then(|at| heat.values.get(at)) {
            lines.push(format!("the patch itself: {}", Self::number(*marked)));
        }
        match (self.layer, &self.word) {
            (Some(layers), Some((word, _))) => {
                let whose = if self.in_question { "question" } else { "answer" };
                lines.push(format!("\"{word}\" of the {whose}, after {layers} layers"));
            }
            (Some(block), None) => lines.push(format!("block {block}")),
            (None, _) => {}
        }
        if self.cell > 1 {
            lines.push(format!("covered {0} x {0} patches at once", self.cell));
        }
        lines.push(format!("tokens cluster by {}", Self::number(self.sharpness)));
        lines
    }

    /// A value for people: three digits that count.
    pub fn number(value: f32) -> String {
        match value.abs() {
            0.0 => "0".into(),
            small if small < 0.001 => format!("{value:.1e}"),
            small if small < 1.0 => format!("{value:.3}"),
            _ => format!("{value:.2}"),
        }
    }

    /// Index of the marked patch.
    pub fn marked(&self) -> Option<usize> {
        self.patch.map(|[row, column]| (row * self.grid[1] + column) as usize)
    }

    /// Whether a patch shows some of the picture, and not padding alone.
    fn is_seen(&self, index: usize) -> bool {
        let (row, column) = (index as u32 / self.grid[1], index as u32 % self.grid[1]);
        let [left, top, right, bottom] = self.cell_of(row, column);
        // A sliver is rounding.
        left < 0.99 && top < 0.99 && right > 0.01 && bottom > 0.01
    }

    /// The values that no colour and full colour stand for, shared by all [`Map::heats`]. Padding
    /// is left out, and the marked patch, which would outshine the others.
    pub fn scale(&self) -> [f32; 2] {
        let marked = self.marked();
        let values = self.heats.iter().flat_map(|heat| heat.values.iter().enumerate());
        let counted = values.filter(|(at, _)| Some(*at) != marked && self.is_seen(*at));
        let counted = counted.map(|(_, value)| *value);
        let most = counted.clone().fold(f32::NEG_INFINITY, f32::max);
        let least = match self.kind {
            MapKind::Word => counted.fold(f32::INFINITY, f32::min),
            _ => 0.0,
        };
        if most > least {
            [least, most]
        } else {
            [least, least + 1.0]
        }
    }

    /// Fewest patches that hold half of everything, the marked one left out. `None` for values that
    /// are no amounts.
    pub fn half(&self, heat: &Heat) -> Option<usize> {
        if self.kind == MapKind::Word {
            return None;
        }
        let marked = self.marked();
        let others = heat.values.iter().enumerate().filter(|(at, _)| Some(*at) != marked);
        let mut values: Vec<f32> = others.map(|(_, value)| *value).collect();
        values.sort_unstable_by(|a, b| b.total_cmp(a));
        let total: f32 = values.iter().sum();
        let mut sum = 0.0;
        let reached = values.iter().position(|value| {
            sum += value;
            sum >= total / 2.0
        });
        Some(reached.map_or(0, |at| at + 1))
    }

    /// Index of the patch at a point of the picture, in fractions of its width and height.
    pub fn index(&self, x: f32, y: f32) -> usize {
        let [left, top, right, bottom] = self.picture;
        let place = |at: f32, from: f32, to: f32, cells: u32| {
            let cell = (from + at * (to - from)) * cells as f32;
            (cell.max(0.0) as u32).min(cells.saturating_sub(1))
        };
        let (row, column) = (place(y, top, bottom, self.grid[0]), place(x, left, right, self.grid[1]));
        (row * self.grid[1] + column) as usize
    }

    /// Left, top, right and bottom of a patch in fractions of the picture. Patches may reach beyond
    /// it.
    pub fn cell_of(&self, row: u32, column: u32) -> [f32; 4] {
        let [left, top, right, bottom] = self.picture;
        let x = |column: u32| (column as f32 / self.grid[1] as f32 - left) / (right - left);
        let y = |row: u32| (row as f32 / self.grid[0] as f32 - top) / (bottom - top);
        [x(column), y(row), x(column + 1), y(row + 1)]
    }

    /// A pixel of the picture as a map shows it: pale and grey, with as much of `colour` as the
    /// value asks for. `scale` is [`Map::scale`].
    pub fn tint(value: f32, scale: [f32; 2], pixel: [u8; 3], colour: [u8; 3]) -> [u8; 3] {
        let share = ((value - scale[0]) / (scale[1] - scale[0])).clamp(0.0, 1.0);
        let [r, g, b] = pixel.map(f32::from);
        // Half of the way to white, so that colour is seen on dark pictures as well.
        let pale = 127.0 + (0.299 * r + 0.587 * g + 0.114 * b) / 2.0;
        colour.map(|c| {
            // Some of the picture shines through full colour.
            let full = 0.8 * f32::from(c) + 0.2 * pale;
            (pale + share * (full - pale)).round() as u8
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture twice as wide as high, in the middle of a square of 4 x 4 patches.
    fn map(kind: MapKind, values: Vec<f32>) -> Map {
        Map {
            kind,
            model: "m".into(),
            grid: [4, 4],
            picture: [0.0, 0.25, 1.0, 0.75],
            patch: kind.wants_patch().then_some([1, 0]),
            word: None,
            in_question: false,
            layer: None,
            cell: 1,
            heats: vec![Heat {
                name: String::new(),
                values,
            }],
            sharpness: 0.0,
        }
    }

    #[test]
    fn points_of_the_picture_are_in_patches_of_the_square() {
        let map = map(MapKind::Attention, vec![0.0; 16]);
        assert_eq!(map.index(0.0, 0.0), 4);
        assert_eq!(map.index(0.99, 0.0), 7);
        assert_eq!(map.index(1.0, 1.0), 15);
        assert_eq!(map.cell_of(1, 0), [0.0, 0.0, 0.25, 0.5]);
        assert_eq!(map.cell_of(0, 3), [0.75, -0.5, 1.0, 0.0]);
        for (row, column) in [(1, 0), (2, 3)] {
            let [left, top, right, bottom] = map.cell_of(row, column);
            assert_eq!(
                map.index((left + right) / 2.0, (top + bottom) / 2.0),
                (row * 4 + column) as usize
            );
        }
    }

    #[test]
    fn the_marked_patch_does_not_outshine_the_others() {
        let mut values = vec![0.5; 16];
        values[4] = 100.0;
        values[9] = 2.0;
        let map = map(MapKind::ReceptiveField, values);
        assert_eq!(map.scale(), [0.0, 2.0]);
        // Half of 2 + 14 / 2 is reached with the largest and five of the others.
        assert_eq!(map.half(&map.heats[0]), Some(6));
    }

    #[test]
    fn cosines_reach_from_the_least_to_the_most() {
        let map = map(MapKind::Word, (0..16).map(|i| i as f32 / 4.0 - 2.0).collect());
        // The first and the last row of patches are padding.
        assert_eq!(map.scale(), [-1.0, 0.75]);
        assert_eq!(map.half(&map.heats[0]), None);
        let grey = Map::tint(-1.0, map.scale(), [255, 0, 0], [0, 92, 230]);
        assert_eq!(grey[0], grey[1]);
        let blue = Map::tint(1.0, map.scale(), [255, 0, 0], [0, 92, 230]);
        assert!(blue[2] > blue[1] && blue[1] > blue[0], "{blue:?}");
    }

    #[test]
    fn numbers_are_short() {
        let cases = [(0.0, "0"), (0.000_123, "1.2e-4"), (0.0567, "0.057"), (12.345, "12.35")];
        for (value, text) in cases {
            assert_eq!(Map::number(value), text);
        }
    }

    #[test]
    fn names_are_those_of_files() {
        for kind in MapKind::ALL {
            let word = serde_json::to_string(&kind).unwrap_or_default();
            assert_eq!(word, format!("\"{}\"", kind.name()));
            assert!(kind.about().ends_with('.') && kind.about().matches(". ").count() == 0);
        }
    }
}
