//! Adds an operation made of existing ones, the way operations look here: buffers in, a `dst`
//! buffer out, a twin beside it.
//!
//! ```text
//! cargo run --release -p sightline-kernels --example add_an_operation -- [cpu|wgpu]
//! ```
//!
//! The operation is the feed-forward layer of Llama: `dst += W_down swiglu(W_up rms_norm(x))`. An
//! operation with a kernel of its own is a folder in `crates/kernels/src/ops`; CONTRIBUTING.md has
//! the steps.

use sightline_kernels::ops::{Apply, Epilogue, Input, linear};
use sightline_kernels::{Buffer, Device, Linear, Result};

const ROWS: usize = 7;
const WIDTH: usize = 64;
const HIDDEN: usize = 96;
const EPS: f32 = 1e-5;

/// Weights and scratch memory. Everything is allocated once, so that a graph can record the
/// operation.
struct FeedForward {
    norm: Buffer,
    /// Gate rows, then up rows: `[2 * HIDDEN, WIDTH]`.
    gate_up: Linear,
    /// `[WIDTH, HIDDEN]`.
    down: Linear,
    /// `[ROWS, 2 * HIDDEN]`.
    wide: Buffer,
}

impl FeedForward {
    /// `dst += W_down swiglu(W_up rms_norm(x))`, in two launches.
    ///
    /// # Shapes
    /// `x`, `dst` `[ROWS, WIDTH]`; different buffers.
    ///
    /// # Errors
    /// A buffer of another shape, or the device's failure.
    fn run(&self, device: &Device, x: &Buffer, dst: &Buffer) -> Result<()> {
        let norm = Input::RmsNorm {
            weight: &self.norm,
            eps: EPS,
        };
        linear(
            device,
            Apply {
                input: norm,
                ..Apply::new(&self.gate_up, x, ROWS, &self.wide)
            },
        )?;
        linear(
            device,
            Apply {
                input: Input::SwiGlu,
                epilogue: Epilogue::Add,
                ..Apply::new(&self.down, &self.wide, ROWS, dst)
            },
        )
    }
}

/// The same in plain Rust, in `f64`: easy to read, and what the operation is compared with.
fn twin(norm: &[f32], gate_up: &[f32], down: &[f32], x: &[f32], dst: &mut [f32]) {
    for (x, dst) in x.chunks_exact(WIDTH).zip(dst.chunks_exact_mut(WIDTH)) {
        let square = x.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / WIDTH as f64;
        let root = (square + f64::from(EPS)).sqrt();
        let normed: Vec<f64> = x
            .iter()
            .zip(norm)
            .map(|(&x, &w)| f64::from(x) / root * f64::from(w))
            .collect();
        let wide = product(gate_up, &normed);
        let (gate, up) = wide.split_at(HIDDEN);
        let inner: Vec<f64> = gate.iter().zip(up).map(|(g, u)| g / (1.0 + (-g).exp()) * u).collect();
        for (dst, value) in dst.iter_mut().zip(product(down, &inner)) {
            *dst = (f64::from(*dst) + value) as f32;
        }
    }
}

/// A matrix `[rows, x.len()]` times a vector.
fn product(matrix: &[f32], x: &[f64]) -> Vec<f64> {
    let row = |row: &[f32]| row.iter().zip(x).map(|(&w, x)| f64::from(w) * x).sum();
    matrix.chunks_exact(x.len()).map(row).collect()
}

/// Values between -0.5 and 0.5 that look random.
fn values(len: usize, seed: u32) -> Vec<f32> {
    let mix = |i: u32| i.wrapping_add(seed).wrapping_mul(2_654_435_761).rotate_left(13);
    (0..len as u32)
        .map(|i| (mix(mix(i)) >> 8) as f32 / 16_777_216.0 - 0.5)
        .collect()
}

fn main() -> Result<()> {
    pollster::block_on(async {
        let device = match std::env::args().nth(1).as_deref() {
            Some("wgpu") => Device::wgpu(false).await?,
            _ => Device::cpu(),
        };
        check(&device).await
    })
}

async fn check(device: &Device) -> Result<()> {
    let (norm, x, start) = (values(WIDTH, 1), values(ROWS * WIDTH, 2), values(ROWS * WIDTH, 3));
    let (gate_up, down) = (values(2 * HIDDEN * WIDTH, 4), values(WIDTH * HIDDEN, 5));
    let mut expected = start.clone();
    twin(&norm, &gate_up, &down, &x, &mut expected);

    let operation = FeedForward {
        norm: device.upload_f32(&norm),
        gate_up: Linear::f32(device, [2 * HIDDEN, WIDTH], &gate_up, None)?,
        down: Linear::f32(device, [WIDTH, HIDDEN], &down, None)?,
        wide: device.empty_f32([ROWS, 2 * HIDDEN]),
    };
    let x = device.upload_f32(&x).reshape([ROWS, WIDTH])?;
    let dst = device.upload_f32(&start).reshape([ROWS, WIDTH])?;
    // Recording runs the operation once for real. The CPU records nothing.
    let graph = device.record(|| operation.run(device, &x, &dst)).await?;
    device.write_f32(&dst, &start)?;
    match &graph {
        Some(graph) => graph.replay()?,
        None => operation.run(device, &x, &dst)?,
    }
    let found = device.read_f32(&dst).await?;

    let scale = expected.iter().fold(0.0f32, |most, v| most.max(v.abs()));
    let error = found
        .iter()
        .zip(&expected)
        .fold(0.0f32, |most, (a, b)| most.max((a - b).abs()));
    println!(
        "largest difference from the twin: {:.1e} of the largest value",
        error / scale
    );
    assert!(error / scale < 2e-5, "the operation differs from its twin");
    Ok(())
}
