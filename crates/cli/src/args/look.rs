//! `sightline look`.

use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use sightline_vlm::MapKind;

/// `sightline look`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    sightline look dog.jpg --map receptive-field --patch 7,5 --out field.png\n  \
    sightline look dog.jpg --map scan-directions --patch 7,5 --block 3 --out scans.svg\n  \
    sightline look dog.jpg --map attention --model sightline-vit-tiny --out attention.json\n  \
    sightline look dog.jpg --map word --question \"Is there a dog in the image?\" \\\n    --word dog --out word.svg\n\n\
    A model that has no such map is named with the reason, and the others are drawn.")]
pub(crate) struct Look {
    /// A picture: PNG, JPEG, WebP, GIF, BMP or TIFF.
    pub image: PathBuf,
    /// Which map.
    #[arg(long, value_enum, value_name = "MAP")]
    pub map: Map,
    /// Where the map is written. The ending decides: .png, .svg, or .json for the numbers.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// The patch that the map is about, its row and column from 0 [default: the one in the middle
    /// of the picture].
    #[arg(long, value_name = "ROW,COLUMN", value_parser = patch)]
    pub patch: Option<[u32; 2]>,
    /// For scan-directions and attention: the block, from 0 [default: the last one].
    #[arg(long, value_name = "N")]
    pub block: Option<u32>,
    /// For receptive-field: side of what is covered at once, in patches. 2 takes a quarter of the
    /// time.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=8))]
    pub cover: Option<u32>,
    /// For word: the question that the models answer first.
    #[arg(long, value_name = "TEXT")]
    pub question: Option<String>,
    /// For word: a word of the answer, or else of the question.
    #[arg(long, value_name = "WORD")]
    pub word: Option<String>,
    /// For word: number of layers of the language model before the comparison; 0 compares what goes
    /// in [default: a third of them].
    #[arg(long, value_name = "N")]
    pub layer: Option<u32>,
    /// A model id; may be given more than once [default: every model, side by side].
    #[arg(long, value_name = "ID")]
    pub model: Vec<String>,
}

/// Names of maps on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Map(pub(crate) MapKind);

impl ValueEnum for Map {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self(MapKind::ReceptiveField),
            Self(MapKind::ScanDirections),
            Self(MapKind::Attention),
            Self(MapKind::Word),
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self.0 {
            MapKind::ReceptiveField => "Which patches change the marked one when they are covered",
            MapKind::ScanDirections => "What each of the four scans carries to the marked patch",
            MapKind::Attention => "What the marked patch attends to",
            MapKind::Word => "How alike a word and every patch are inside the language model",
        };
        Some(PossibleValue::new(self.0.name()).help(help))
    }
}

/// `ROW,COLUMN`.
fn patch(text: &str) -> Result<[u32; 2], String> {
    let parsed = text
        .split_once(',')
        .and_then(|(row, column)| Some([row.trim().parse().ok()?, column.trim().parse().ok()?]));
    parsed.ok_or_else(|| "give a row and a column, whole numbers from 0, such as 7,5".into())
}
