//! Whole encoders, from the normalised picture on the device to the visual tokens, as a replayed graph.

use std::time::Instant;

use anyhow::Result;
use pollster::block_on;
use sightline_kernels::Device;
use sightline_vision::{Encoder, Size, Vit, VitConfig, Vmamba, VmambaConfig};

use super::bencher::{Bencher, Work};
use super::counts;
use super::inputs;
use super::random_encoder::RandomEncoder;

/// An encoder of the table.
enum Net {
    Vit(VitConfig),
    Vmamba(VmambaConfig),
}

/// A line of the table of encoders.
struct Entry {
    name: &'static str,
    net: Net,
    int8: bool,
    /// Whether the chart shows it.
    shipped: bool,
}

fn entries() -> Vec<Entry> {
    let entry = |name, net, int8, shipped| Entry {
        name,
        net,
        int8,
        shipped,
    };
    vec![
        entry("sightline-vmamba-tiny", Net::Vmamba(VmambaConfig::tiny()), true, true),
        entry("sightline-vit-tiny", Net::Vit(VitConfig::sightline()), true, true),
        entry("VMamba-T (s1l8)", Net::Vmamba(VmambaConfig::tiny()), false, false),
        entry("ViT-S/16", Net::Vit(VitConfig::small()), false, false),
        entry("VMamba-S (s2l15)", Net::Vmamba(VmambaConfig::small()), false, false),
    ]
}

/// Every encoder at every size, one picture; and a batch at 224 px.
pub(super) fn run(b: &mut Bencher) {
    for entry in entries() {
        if b.scale.quick && !entry.shipped {
            continue;
        }
        // In 16 bits only where that is meant to be quicker: a GPU in software is tested with it, not measured.
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

fn one(b: &mut Bencher, entry: &Entry, side: usize, batch: usize, half: bool) {
    let stored = if entry.int8 { "int8" } else { "f32" };
    let stored = if half {
        format!("{stored}+f16")
    } else {
        stored.to_owned()
    };
    let id = format!("{} {stored} {side}px b{batch}", entry.name);
    if !b.wants(&id) {
        return;
    }
    let (source, flops) = match &entry.net {
        Net::Vit(config) => {
            let config = at(config, side);
            (RandomEncoder::vit(&config, entry.int8), counts::vit(&config, batch))
        }
        Net::Vmamba(config) => (
            RandomEncoder::vmamba(config, entry.int8),
            counts::vmamba(config, batch, side),
        ),
    };
    let tokens = side.div_ceil(16).pow(2);
    // At the least the weights and the picture are read and the tokens, 384 wide in every encoder here, are written.
    let moved = source.bytes() + 4.0 * (batch * (side * side * 3 + tokens * 384)) as f64;
    let work = Work {
        part: "encoders",
        id,
        bytes: moved,
        flops,
    };
    let mut launches = None;
    let row = b.case(work, |bencher, _| {
        let encoder = load(&bencher.device.with_half(half)?, &entry.net, side, &source)?;
        let mut session = encoder.session(Size {
            batch,
            height: side,
            width: side,
        })?;
        session.write(&inputs::values(batch * side * side * 3, 11, 2.0, 0.0))?;
        let mut timed = || -> Result<f64> {
            let start = Instant::now();
            block_on(session.run())?;
            block_on(bencher.device.sync())?;
            Ok(start.elapsed().as_secs_f64())
        };
        // The first records, the second is the first replay.
        timed()?;
        timed()?;
        let sample = bencher.collect(1, &mut timed)?;
        launches = session.recorded_launches();
        Ok(sample)
    });
    if let Some(row) = row {
        row.launches = launches;
        row.tokens = Some(batch * tokens);
        row.series = (entry.shipped && batch == 1 && !half).then(|| entry.name.to_owned());
    }
}

fn at(config: &VitConfig, side: usize) -> VitConfig {
    VitConfig {
        image: [side, side],
        ..config.clone()
    }
}

fn load(device: &Device, net: &Net, side: usize, source: &RandomEncoder) -> Result<Box<dyn Encoder>> {
    Ok(match net {
        Net::Vit(config) => Box::new(Vit::load(device, at(config, side), source)?),
        Net::Vmamba(config) => Box::new(Vmamba::load(device, config.clone(), source)?),
    })
}
