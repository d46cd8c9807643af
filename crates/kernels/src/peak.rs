//! The measured limits of a device, which every benchmark is compared with.

use cubecl::prelude::*;
use web_time::Instant;

use crate::device::Gpu;
use crate::parallel::for_each_chunk;
use crate::{Device, Result, ops};

/// Measured ceilings of a device.
#[derive(Clone, Copy, Debug)]
pub struct Peak {
    /// Bytes read plus bytes written by a large copy, per second.
    pub bytes_per_second: f64,
    /// Multiply-adds in f32 without memory traffic, two operations each, per second.
    pub flops_per_second: f64,
}

/// Number of independent chains of multiply-adds per unit, enough to hide their latency.
const CHAINS: usize = 16;

impl Peak {
    /// Measures both; the best of `runs` counts. It moves `megabytes` MiB: take several times the
    /// size of the last cache.
    ///
    /// # Errors
    /// A device that fails.
    pub async fn measure(device: &Device, megabytes: usize, runs: usize) -> Result<Self> {
        let words = megabytes << 18;
        let (src, dst) = (device.upload_f32(&noise(words)), device.empty_f32(words));
        let mut bytes_per_second = 0.0f64;
        for _ in 0..=runs {
            let start = Instant::now();
            ops::copy(device, ops::CopyRows::first(&src, &dst, words))?;
            device.sync().await?;
            bytes_per_second = bytes_per_second.max(8.0 * words as f64 / start.elapsed().as_secs_f64());
        }
        let mut flops_per_second = 0.0f64;
        for _ in 0..=runs {
            flops_per_second = flops_per_second.max(multiply_adds(device).await?);
        }
        Ok(Self {
            bytes_per_second,
            flops_per_second,
        })
    }

    /// The least time for these numbers of bytes and operations, in seconds: the larger of the two
    /// limits.
    pub fn floor_seconds(&self, bytes: f64, flops: f64) -> f64 {
        (bytes / self.bytes_per_second).max(flops / self.flops_per_second)
    }
}

/// Values that no hardware shortcut applies to.
fn noise(words: usize) -> Vec<f32> {
    (0..words as u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 8) as f32 * 1e-7)
        .collect()
}

async fn multiply_adds(device: &Device) -> Result<f64> {
    let (units, steps) = match device {
        Device::Cpu(_) => (64, 1 << 18),
        Device::Gpu(gpu) if gpu.info().software => (1 << 12, 1 << 9),
        Device::Gpu(_) => (1 << 20, 1 << 12),
    };
    let out = device.empty_f32(units);
    let start = Instant::now();
    match device {
        Device::Cpu(_) => for_each_chunk(out.cpu_write("peak")?.f32(), 1, |i, out| out[0] = chains(i, steps)),
        Device::Gpu(gpu) => launch(gpu, &out, units, steps)?,
    }
    device.sync().await?;
    Ok(2.0 * (CHAINS * units * steps) as f64 / start.elapsed().as_secs_f64())
}

fn chains(seed: usize, steps: usize) -> f32 {
    let mut x: [f32; CHAINS] = std::array::from_fn(|i| (seed + i) as f32 * 1e-3);
    for _ in 0..steps {
        for v in &mut x {
            *v = *v * 0.999 + 0.001;
        }
    }
    x.iter().sum()
}

fn launch(gpu: &Gpu, out: &crate::Buffer, units: usize, steps: usize) -> Result<()> {
    // SAFETY: one unit per value of `out`.
    unsafe {
        kernel::launch_unchecked(
            gpu.launch(),
            CubeCount::Static((units / 256) as u32, 1, 1),
            CubeDim::new_1d(256),
            out.arg("peak")?,
            steps,
            CHAINS,
        );
    }
    Ok(())
}

#[cube(launch_unchecked)]
fn kernel(out: &mut [f32], steps: usize, #[comptime] chains: usize) {
    let mut x = Array::<f32>::new(chains);
    #[unroll]
    for i in 0..chains {
        x[i] = (ABSOLUTE_POS + i) as f32 * 1e-3f32;
    }
    for _ in 0..steps {
        #[unroll]
        for i in 0..chains {
            x[i] = x[i] * 0.999f32 + 0.001f32;
        }
    }
    let mut sum = 0.0f32;
    #[unroll]
    for i in 0..chains {
        sum += x[i];
    }
    out[ABSOLUTE_POS] = sum;
}
