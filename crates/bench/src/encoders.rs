//! Whole encoders, from the normalised picture on the device to the visual tokens, as a replayed
//! graph.

use anyhow::Result;
use pollster::block_on;
use sightline_vision::{KINDS, Preset, Size};

use crate::bencher::Bencher;
use crate::case::Work;
use crate::pass::{Pass, least_bytes};

/// Lines of the table: every kind's first preset, then every kind's second, and so on.
fn entries() -> Vec<Preset> {
    let mut kinds: Vec<_> = KINDS.iter().map(|kind| kind.presets().into_iter()).collect();
    let mut entries = Vec::new();
    loop {
        let row: Vec<Preset> = kinds.iter_mut().filter_map(Iterator::next).collect();
        if row.is_empty() {
            return entries;
        }
        entries.extend(row);
    }
}

/// Every encoder at every size, one picture; and a batch at 224 px.
pub(crate) fn run(b: &mut Bencher) {
    for entry in entries() {
        if b.scale.quick && !entry.ours {
            continue;
        }
        // In 16 bits only where that is meant to be quicker: a GPU in software is tested with it,
        // not measured.
        let halves: &[bool] = match b.device.gpu_info() {
            Some(info) if info.f16 && !info.software => &[false, true],
            _ => &[false],
        };
        for &half in halves {
            for &side in b.scale.sides {
                one(b, &entry, side, 1, half);
            }
            if b.scale.hardware && !b.scale.quick {
                one(b, &entry, 224, b.scale.batch, half);
            }
        }
    }
    if b.scale.sides.len() < 3 {
        b.skip(
            "encoders at 896 px, and in batches",
            "left out on a device without a GPU's speed",
        );
    }
}

fn one(b: &mut Bencher, entry: &Preset, side: usize, batch: usize, half: bool) {
    // Our own files hold int8.
    let stored = if entry.ours { "int8" } else { "f32" };
    let stored = if half {
        format!("{stored}+f16")
    } else {
        stored.to_owned()
    };
    let id = format!("{} {stored} {side}px b{batch}", entry.name);
    if !b.wants(&id) {
        return;
    }
    let config = entry.config.resized([side, side]);
    let size = Size {
        batch,
        height: side,
        width: side,
    };
    let tokens = match config.grid(size) {
        Ok(grid) => batch * grid.tokens(),
        Err(error) => return b.skip(&id, error.to_string()),
    };
    let moved = match least_bytes(config.as_ref(), size, entry.ours) {
        Ok(bytes) => bytes,
        Err(error) => return b.skip(&id, error.to_string()),
    };
    let work = Work {
        part: "encoders",
        id,
        bytes: moved as f64,
        flops: config.flops(size),
    };
    let mut launches = None;
    let row = b.case(work, |bencher, _| {
        let mut pass = Pass::new(&bencher.device.with_half(half)?, config.as_ref(), size, entry.ours)?;
        let mut timed = || -> Result<f64> { Ok(block_on(pass.run())?) };
        // The first records, the second is the first replay.
        timed()?;
        timed()?;
        let sample = bencher.collect(1, &mut timed)?;
        launches = pass.launches();
        Ok(sample)
    });
    if let Some(row) = row {
        row.launches = launches;
        row.tokens = Some(tokens);
        row.series = (entry.ours && batch == 1 && !half).then(|| entry.name.to_owned());
    }
}
