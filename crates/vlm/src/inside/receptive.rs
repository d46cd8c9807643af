//! The effective receptive field of an encoder, by occlusion: which patches change the token of one
//! patch when they are covered.
//!
//! One pass over all patches answers for every token, so it is kept: the next patch costs nothing.

use std::collections::hash_map::Entry;

use sightline_answer::{Map, MapQuery};
use sightline_vision::{Grid, Input, Size};

use super::seen::{Kept, Seen};
use super::{Steps, heat, span};
use crate::error::{Result, VlmError};

/// Number of pictures that are encoded at once on a GPU of real hardware.
const BATCH: usize = 16;
/// The same elsewhere, where a picture takes long and a batch saves nothing.
const SLOW_BATCH: usize = 2;
/// Most patches that may be covered at once, per side.
const MAX_CELL: u32 = 8;

/// Fills in how much the token of the map's patch changes when a patch is covered: the length of
/// the change over the length of the token.
pub(super) async fn map(
    seen: &Seen<'_>,
    kept: &mut Kept,
    input: &Input,
    mut map: Map,
    query: &MapQuery,
    steps: impl Steps,
) -> Result<Map> {
    if query.cell > MAX_CELL {
        return Err(seen.refuse(&format!(
            "{} patches per side cannot be covered at once, at most {MAX_CELL}",
            query.cell
        )));
    }
    let cell = query.cell.max(1) as usize;
    let known = kept.changes.entry(cell);
    let changes = match known {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(place) => place.insert(changes(seen, input, cell, steps).await?),
    };
    let tokens = map.grid[0] as usize * map.grid[1] as usize;
    let cells = map.grid.map(|side| (side as usize).div_ceil(cell));
    let marked = map.marked().unwrap_or(0);
    let columns = map.grid[1] as usize;
    let value = |patch: usize| {
        let covered = patch / columns / cell * cells[1] + patch % columns / cell;
        f64::from(changes[covered * tokens + marked])
    };
    map.cell = cell as u32;
    map.heats = vec![heat("", (0..tokens).map(value))];
    Ok(map)
}

/// `[cells, tokens]`: the change of every token for every cell of `cell` x `cell` patches.
async fn changes(seen: &Seen<'_>, input: &Input, cell: usize, mut steps: impl Steps) -> Result<Vec<f32>> {
    let info = seen.device.gpu_info();
    let batch = match info.is_some_and(|info| !info.software) {
        true => BATCH,
        false => SLOW_BATCH,
    };
    let size = Size::one(input.height, input.width);
    let mut session = seen.network.session(Size { batch, ..size })?;
    let (grid, width) = (session.grid(), seen.network.width());
    let covered = covered(input, grid, cell);
    let all = covered.len();
    // The picture as it is goes first, beside the first covered ones.
    let pictures: Vec<Vec<f32>> = std::iter::once(input.values.clone()).chain(covered).collect();
    let (mut plain, mut changes) = (Vec::new(), Vec::with_capacity(all * grid.tokens()));
    for (at, pictures) in pictures.chunks(batch).enumerate() {
        if !steps((at * batch).min(all), all).await {
            return Err(VlmError::Stopped);
        }
        let slices: Vec<&[f32]> = pictures.iter().map(Vec::as_slice).collect();
        let features = session.encode_each(&slices).await?;
        let features = seen.device.read_f32(features).await?;
        let one = grid.tokens() * width;
        for features in features.chunks_exact(one).take(pictures.len()) {
            if plain.is_empty() {
                plain = features.to_vec();
                continue;
            }
            let tokens = features.chunks_exact(width).zip(plain.chunks_exact(width));
            changes.extend(tokens.map(|(now, before)| change(now, before)));
        }
    }
    Ok(changes)
}

/// The length of the change of a token, over its length.
fn change(now: &[f32], before: &[f32]) -> f32 {
    let (mut moved, mut length) = (0.0, 0.0);
    for (&now, &before) in now.iter().zip(before) {
        moved += (f64::from(now) - f64::from(before)).powi(2);
        length += f64::from(before).powi(2);
    }
    (moved / length.max(f64::MIN_POSITIVE)).sqrt() as f32
}

/// The picture once per cell, which has the mean colour there: 0 after normalisation.
fn covered(input: &Input, grid: Grid, cell: usize) -> impl ExactSizeIterator<Item = Vec<f32>> {
    let cells = [grid.height.div_ceil(cell), grid.width.div_ceil(cell)];
    (0..cells[0] * cells[1]).map(move |at| {
        let mut values = input.values.clone();
        let part = |first: usize, side: usize| first * cell..((first + 1) * cell).min(side);
        for row in part(at / cells[1], grid.height) {
            for column in part(at % cells[1], grid.width) {
                let [ys, xs] = span(input, grid, row, column);
                for y in ys {
                    values[(y * input.width + xs.start) * 3..(y * input.width + xs.end) * 3].fill(0.0);
                }
            }
        }
        values
    })
}
