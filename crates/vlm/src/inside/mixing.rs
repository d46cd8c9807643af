//! How a block mixes tokens: attention rows, and what the four scans carry.

use std::collections::hash_map::Entry;

use sightline_answer::{Map, MapKind, MapQuery};
use sightline_vision::{Input, Mixing, ScanInputs, Size};

use super::heat;
use super::seen::{Kept, Seen};
use crate::error::Result;

/// Names of the scan directions.
const DIRECTIONS: [&str; ScanInputs::DIRECTIONS] = [
    "along rows, forwards",
    "down columns, forwards",
    "along rows, backwards",
    "down columns, backwards",
];

/// Fills in a map of a block.
pub(super) async fn map(
    seen: &Seen<'_>,
    kept: &mut Kept,
    input: &Input,
    mut map: Map,
    query: &MapQuery,
) -> Result<Map> {
    let blocks = seen.network.mixers();
    let last = blocks.saturating_sub(1) as u32;
    let block = query.block.unwrap_or(last);
    if blocks > 0 && block > last {
        return Err(seen.refuse(&format!("there is no block {block}: they go from 0 to {last}")));
    }
    let mixing = match kept.mixing.entry(block as usize) {
        Entry::Occupied(entry) => entry.into_mut(),
        Entry::Vacant(entry) => {
            let size = Size::one(input.height, input.width);
            let Some(inside) = seen.network.inside(size, block as usize)? else {
                return Err(seen.refuse("its blocks have neither attention nor a scan"));
            };
            entry.insert(inside.read(&input.values).await?)
        }
    };
    let marked = map.marked().unwrap_or(0);
    map.layer = Some(block);
    map.heats = match (query.kind, &*mixing) {
        (MapKind::Attention, Mixing::Attention(attention)) => attention
            .mean_row(marked)
            .map(|row| heat("", row))
            .into_iter()
            .collect(),
        (MapKind::ScanDirections, Mixing::Scan(scan)) => DIRECTIONS
            .iter()
            .enumerate()
            .map(|(direction, name)| heat(name, scan.strengths(direction, marked)))
            .collect(),
        (_, Mixing::Attention(_)) => {
            return Err(seen.refuse("it has no scan; its blocks attend to all patches: ask for attention"));
        }
        (_, Mixing::Scan(_)) => {
            return Err(seen.refuse("it has no attention; its blocks scan the picture: ask for scan-directions"));
        }
    };
    Ok(map)
}
