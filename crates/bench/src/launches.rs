//! What a launch costs: a kernel of 64 floats, one at a time and from a recorded graph.

use std::time::Instant;

use anyhow::Result;
use pollster::block_on;
use sightline_kernels::KernelError;
use sightline_kernels::ops::{CopyRows, copy};

use crate::bencher::Bencher;
use crate::case::{Sample, Work};

/// Launches of a sample; the graph has a quarter of them and is replayed four times.
const LAUNCHES: usize = 1024;
const REPLAYS: usize = 4;

/// Enqueueing alone, and until the device is done, a kernel.
pub(crate) fn run(b: &mut Bencher) {
    if !b.scale.graphs {
        b.skip("launch overhead", "the CPU launches nothing");
        return;
    }
    for replayed in [false, true] {
        for waited in [false, true] {
            let how = if replayed { "replayed in a graph" } else { "launched" };
            let until = if waited {
                "until the device is done"
            } else {
                "enqueue only"
            };
            let work = Work {
                part: "launches, a kernel",
                id: format!("{how}, {until}"),
                bytes: 0.0,
                flops: 0.0,
            };
            b.case(work, |bencher, _| sample(bencher, replayed, waited));
        }
    }
}

fn sample(b: &Bencher, replayed: bool, waited: bool) -> Result<Sample> {
    let device = &b.device;
    let (src, dst) = (device.upload_f32(&[0.5; 64]), device.empty_f32(64));
    let one = || copy(device, CopyRows::first(&src, &dst, 64));
    let many = |n: usize| -> Result<(), KernelError> { (0..n).try_for_each(|_| one()) };
    let graph = if replayed {
        block_on(device.record(|| many(LAUNCHES / REPLAYS)))?
    } else {
        None
    };
    let timed = || -> Result<f64> {
        let start = Instant::now();
        match &graph {
            Some(graph) => (0..REPLAYS).try_for_each(|_| graph.replay())?,
            None => many(LAUNCHES)?,
        }
        let enqueued = start.elapsed().as_secs_f64();
        block_on(device.sync())?;
        Ok(if waited {
            start.elapsed().as_secs_f64()
        } else {
            enqueued
        })
    };
    timed()?;
    timed()?;
    b.collect(LAUNCHES, timed)
}
