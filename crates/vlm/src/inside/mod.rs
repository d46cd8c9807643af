//! A look inside: maps over the patches of a picture.
//!
//! [`Vlm::map`] makes any of them, [`Seer::map`] those that need no language model. Work on one
//! picture is kept, so that the next patch costs little. One file per map:
//!
//! - `receptive`: which patches change a token when they are covered,
//! - `mixing`: attention rows, and what scans carry,
//! - `word`: how alike a word and the visual tokens are,
//! - `sharpness`: how sharply tokens cluster, one number.
//!
//! `figure` draws them.

#[cfg(not(target_arch = "wasm32"))]
mod figure;
mod mixing;
mod receptive;
pub(crate) mod said;
pub(crate) mod seen;
mod sharpness;
mod word;

use sightline_answer::{Heat, Map, MapKind, MapQuery, Spot};
use sightline_kernels::Device;
use sightline_vision::{Encoder, Grid, Input, Picture, Size, Transform};

#[cfg(not(target_arch = "wasm32"))]
pub use figure::{Figure, Panel};

use crate::error::{Result, VlmError};
use crate::files::Files;
use crate::model::Vlm;
use seen::{Kept, Seen, key};

/// Hears how far a map is, in pictures encoded of all that have to be; `false` ends the work.
pub trait Steps: AsyncFnMut(usize, usize) -> bool {}

impl<F: AsyncFnMut(usize, usize) -> bool> Steps for F {}

/// An encoder with its transform, for maps that need no language model.
pub struct Seer {
    id: String,
    device: Device,
    transform: Transform,
    network: Box<dyn Encoder>,
    kept: Kept,
}

impl Seer {
    /// Puts the encoder of a model on a device.
    ///
    /// # Errors
    /// A file that is unsound or does not belong to the row, or a device that fails.
    pub fn load(device: &Device, files: &Files) -> Result<Self> {
        Ok(Self {
            id: files.row.id.clone(),
            device: device.clone(),
            transform: Transform::read(&files.row.transform)?,
            network: sightline_vision::load(device, &files.row.encoder, &files.tensors()?)?,
            kept: Kept::default(),
        })
    }

    /// Makes a map of a picture. Those of words are refused.
    ///
    /// # Errors
    /// [`VlmError::NoMap`] where this encoder has no such map, [`VlmError::Stopped`], a patch that
    /// is not there, a picture that cannot be taken, or a device that fails.
    pub async fn map(&mut self, picture: &Picture, query: &MapQuery, steps: impl Steps) -> Result<Map> {
        let encoder = Seen {
            id: &self.id,
            device: &self.device,
            transform: &self.transform,
            network: self.network.as_ref(),
        };
        encoder.map(&mut self.kept, picture, query, steps).await
    }
}

impl Vlm {
    /// Makes a map of a picture. For a word, [`Vlm::ask`] must have answered a question about that
    /// picture, and no other since.
    ///
    /// # Errors
    /// As [`Seer::map`], and [`VlmError::NoPicture`] or [`VlmError::NoWord`] for a word.
    pub async fn map(&mut self, picture: &Picture, query: &MapQuery, steps: impl Steps) -> Result<Map> {
        let kept = &mut self.kept;
        if query.kind == MapKind::Word {
            let encoder = self.eye.seen(&self.id);
            let map = encoder.blank(kept, picture, query).await?;
            if self.seen.as_deref() != Some(kept.key.as_str()) {
                return Err(VlmError::NoPicture);
            }
            return word::map(&mut self.talk, self.eye.visual(), map, query).await;
        }
        self.eye.seen(&self.id).map(kept, picture, query, steps).await
    }
}

impl Seen<'_> {
    async fn map(&self, kept: &mut Kept, picture: &Picture, query: &MapQuery, steps: impl Steps) -> Result<Map> {
        let map = self.blank(kept, picture, query).await?;
        let input = self.transform.apply(picture)?;
        match query.kind {
            MapKind::ReceptiveField => receptive::map(self, kept, &input, map, query, steps).await,
            MapKind::ScanDirections | MapKind::Attention => mixing::map(self, kept, &input, map, query).await,
            MapKind::Word => Err(self.refuse("a word needs the language model, and only an encoder is loaded")),
        }
    }

    /// A map without values. What is kept of another picture is dropped.
    async fn blank(&self, kept: &mut Kept, picture: &Picture, query: &MapQuery) -> Result<Map> {
        let key = key(picture);
        if kept.key != key {
            *kept = Kept { key, ..Kept::default() };
        }
        let input = self.transform.apply(picture)?;
        let mut session = self.network.session(Size::one(input.height, input.width))?;
        let grid = session.grid();
        if kept.sharpness.is_none() {
            let features = self.device.read_f32(session.encode(&input.values).await?).await?;
            kept.sharpness = Some(sharpness::of(&features, grid));
        }
        let within = input.frame.picture();
        let mut map = Map {
            kind: query.kind,
            model: self.id.to_owned(),
            grid: [grid.height as u32, grid.width as u32],
            picture: [within.x1, within.y1, within.x2, within.y2].map(|v| v as f32),
            patch: None,
            word: None,
            in_question: false,
            layer: None,
            cell: 0,
            heats: Vec::new(),
            sharpness: kept.sharpness.unwrap_or(0.0),
        };
        if query.kind.wants_patch() {
            map.patch = Some(self.patch(&map, query.spot)?);
        }
        Ok(map)
    }

    /// The patch at a spot.
    fn patch(&self, map: &Map, spot: Spot) -> Result<[u32; 2]> {
        let [rows, columns] = map.grid;
        match spot {
            Spot::Point([x, y]) => {
                let index = map.index(x, y) as u32;
                Ok([index / columns, index % columns])
            }
            Spot::Patch([row, column]) if row < rows && column < columns => Ok([row, column]),
            Spot::Patch([row, column]) => Err(self.refuse(&format!(
                "there is no patch {row},{column}: rows go from 0 to {}, columns from 0 to {}",
                rows - 1,
                columns - 1
            ))),
        }
    }

    fn refuse(&self, why: &str) -> VlmError {
        VlmError::NoMap {
            id: self.id.to_owned(),
            why: why.to_owned(),
        }
    }
}

fn heat(name: &str, values: impl IntoIterator<Item = f64>) -> Heat {
    Heat {
        name: name.to_owned(),
        values: values.into_iter().map(|value| value as f32).collect(),
    }
}

/// Cosine of two vectors, 0 for one without length.
fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum() };
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    if lengths > 0.0 { dot(a, b) / lengths } else { 0.0 }
}

/// Where a picture's values are, for one patch of a grid.
fn span(input: &Input, grid: Grid, row: usize, column: usize) -> [std::ops::Range<usize>; 2] {
    let part = |at: usize, side: usize, cells: usize| at * side / cells..(at + 1) * side / cells;
    [
        part(row, input.height, grid.height),
        part(column, input.width, grid.width),
    ]
}
