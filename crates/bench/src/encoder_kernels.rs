//! The encoders' kernels at the shapes of the shipped pair.

use sightline_kernels::ops::{
    Activation, Apply, Attention, CopyRows, DIRECTIONS, Depthwise, DtProject, Im2col, Image, LayerNorm, Patches,
    ScanSizes, SelectiveScan, attention, copy, depthwise, dt_project, im2col, layer_norm, linear, selective_scan,
};
use sightline_kernels::{Device, Format};

use crate::bencher::Bencher;
use crate::case::Work;
use crate::counts;
use crate::inputs::{empty, floats};

/// `(side, channels)` of VMamba's three stages at 224 px.
const STAGES: [(usize, usize); 3] = [(56, 96), (28, 192), (14, 384)];
/// Width and heads of the ViT.
const WIDTH: usize = 384;
const HEADS: usize = 6;

/// Every case.
pub(crate) fn run(b: &mut Bencher) {
    let batches: &[usize] = if b.scale.quick { &[1] } else { &[1, b.scale.batch] };
    for &batch in batches {
        for (side, channels) in STAGES {
            scan(b, batch, side, channels);
        }
    }
    for (side, channels) in STAGES {
        step_sizes(b, side, channels);
        local(b, side, channels);
    }
    patches(b, 224, 3);
    patches(b, 56, 96);
    for (rows, width) in [(56 * 56, 96), (28 * 28, 192), (14 * 14, 384)] {
        norm(b, rows, width);
    }
    for &batch in batches {
        let rows = 196 * batch;
        for (outputs, inputs) in [
            (3 * WIDTH, WIDTH),
            (WIDTH, WIDTH),
            (4 * WIDTH, WIDTH),
            (WIDTH, 4 * WIDTH),
        ] {
            matrix(b, "kernels: encoders", Format::INT8, rows, outputs, inputs);
        }
    }
    matrix(b, "kernels: encoders", Format::F32, 196, 4 * WIDTH, WIDTH);
    for &batch in batches {
        full_attention(b, batch, 196);
    }
    if b.scale.hardware && !b.scale.quick {
        full_attention(b, 1, 784);
        full_attention(b, 1, 3136);
    }
    if !b.scale.quick {
        large_copy(b);
    }
}

fn work(id: String, bytes: f64, flops: f64) -> Work {
    Work {
        part: "kernels: encoders",
        id,
        bytes,
        flops,
    }
}

fn scan(b: &mut Bencher, batch: usize, side: usize, channels: usize) {
    let (rank, state) = (channels.div_ceil(16), 1);
    let pixels = batch * side * side;
    let stride = DIRECTIONS * (rank + 2 * state);
    let words = pixels * (channels + DIRECTIONS * channels + stride + channels) + 3 * DIRECTIONS * channels;
    let flops = counts::scan(pixels, channels, state);
    let work = work(
        format!("scan {side}x{side}x{channels} b{batch}"),
        4.0 * words as f64,
        flops,
    );
    b.kernel(work, |device, set| {
        let seed = 16 * set;
        let u = floats(device, [pixels, channels], seed, 2.0, 0.0)?;
        let delta = floats(device, [pixels, DIRECTIONS * channels], seed + 1, 2.0, 0.0)?;
        let proj = floats(device, [pixels, stride], seed + 2, 2.0, 0.0)?;
        let a = floats(device, [DIRECTIONS, channels, state], seed + 3, 1.0, -1.0)?;
        let d = floats(device, [DIRECTIONS, channels], seed + 4, 0.2, 1.0)?;
        let dt_bias = floats(device, [DIRECTIONS, channels], seed + 5, 2.0, -4.0)?;
        let sizes = ScanSizes {
            batch,
            height: side,
            width: side,
            channels,
            rank,
            state,
        };
        let (workspace, dst) = (empty(device, sizes.workspace())?, empty(device, [pixels, channels])?);
        let device = device.clone();
        Ok(Box::new(move || {
            let scan = SelectiveScan {
                u: &u,
                delta: &delta,
                proj: &proj,
                a: &a,
                d: &d,
                dt_bias: &dt_bias,
                sizes,
                workspace: &workspace,
                dst: &dst,
            };
            selective_scan(&device, scan)
        }))
    });
}

fn step_sizes(b: &mut Bencher, side: usize, channels: usize) {
    let (pixels, rank, state) = (side * side, channels.div_ceil(16), 1);
    let stride = DIRECTIONS * (rank + 2 * state);
    let out = pixels * DIRECTIONS * channels;
    let words = pixels * stride + DIRECTIONS * channels * rank + out;
    let flops = (2 * out * rank) as f64;
    let work = work(
        format!("step sizes {side}x{side}x{channels} b1"),
        4.0 * words as f64,
        flops,
    );
    b.kernel(work, |device, set| {
        let proj = floats(device, [pixels, stride], 2 * set, 2.0, 0.0)?;
        let weight = floats(device, [DIRECTIONS, channels, rank], 2 * set + 1, 0.5, 0.0)?;
        let dst = empty(device, [pixels, DIRECTIONS * channels])?;
        let device = device.clone();
        Ok(Box::new(move || {
            let steps = DtProject {
                proj: &proj,
                weight: &weight,
                pixels,
                channels,
                rank,
                state,
                dst: &dst,
            };
            dt_project(&device, steps)
        }))
    });
}

fn local(b: &mut Bencher, side: usize, channels: usize) {
    let image = Image {
        batch: 1,
        height: side,
        width: side,
        channels,
    };
    let words = 2 * image.len() + 9 * channels;
    // nine multiply-adds and a SiLU of four
    let flops = (22 * image.len()) as f64;
    let work = work(
        format!("depthwise {side}x{side}x{channels} b1"),
        4.0 * words as f64,
        flops,
    );
    b.kernel(work, |device, set| {
        let x = floats(device, image.shape(), 2 * set, 2.0, 0.0)?;
        let weight = floats(device, [9, channels], 2 * set + 1, 1.0, 0.0)?;
        let dst = empty(device, image.shape())?;
        let device = device.clone();
        Ok(Box::new(move || {
            let conv = Depthwise {
                x: &x,
                weight: &weight,
                bias: None,
                image,
                side: 3,
                silu: true,
                dst: &dst,
            };
            depthwise(&device, conv)
        }))
    });
}

fn patches(b: &mut Bencher, side: usize, channels: usize) {
    let image = Image {
        batch: 1,
        height: side,
        width: side,
        channels,
    };
    let halving = Patches::HALVING;
    let out = [halving.along(side).pow(2), halving.width(channels)];
    let work = work(
        format!("im2col {side}x{side}x{channels} b1"),
        4.0 * (image.len() + out[0] * out[1]) as f64,
        0.0,
    );
    b.kernel(work, |device, set| {
        let x = floats(device, image.shape(), set, 2.0, 0.0)?;
        let dst = empty(device, out)?;
        let device = device.clone();
        Ok(Box::new(move || {
            let args = Im2col {
                x: &x,
                image,
                patches: halving,
                dst: &dst,
            };
            im2col(&device, args)
        }))
    });
}

fn norm(b: &mut Bencher, rows: usize, width: usize) {
    let words = 2 * rows * width + 2 * width;
    let work = work(
        format!("layer norm {rows}x{width}"),
        4.0 * words as f64,
        (7 * rows * width) as f64,
    );
    b.kernel(work, |device, set| {
        let x = floats(device, [rows, width], 3 * set, 2.0, 0.1)?;
        let weight = floats(device, width, 3 * set + 1, 0.2, 1.0)?;
        let bias = floats(device, width, 3 * set + 2, 0.2, 0.0)?;
        let dst = empty(device, [rows, width])?;
        let device = device.clone();
        Ok(Box::new(move || {
            layer_norm(
                &device,
                LayerNorm {
                    x: &x,
                    weight: &weight,
                    bias: &bias,
                    eps: 1e-5,
                    rows,
                    activation: Activation::None,
                    dst: &dst,
                },
            )
        }))
    });
}

/// `rows` times a matrix `[outputs, inputs]`; a bias where encoders have one.
pub(crate) fn matrix(b: &mut Bencher, part: &'static str, format: Format, rows: usize, outputs: usize, inputs: usize) {
    let bytes = format.bytes(outputs, inputs) as f64 + 4.0 * (rows * (inputs + outputs)) as f64;
    let work = Work {
        part,
        id: format!("{} {rows}: {inputs} -> {outputs}", format.name()),
        bytes,
        flops: (2 * rows * inputs * outputs) as f64,
    };
    b.kernel(work, |device, set| {
        let w = format.sample(device, [outputs, inputs], 2 * set, format.is_for_encoders())?;
        let x = floats(device, [rows, inputs], 2 * set + 1, 2.0, 0.0)?;
        let dst = empty(device, [rows, outputs])?;
        let device = device.clone();
        Ok(Box::new(move || linear(&device, Apply::new(&w, &x, rows, &dst))))
    });
}

fn full_attention(b: &mut Bencher, batch: usize, tokens: usize) {
    let rows = batch * tokens;
    let flops = 4.0 * (batch * tokens * tokens * WIDTH) as f64;
    let work = work(
        format!("attention {tokens}x{WIDTH} b{batch}"),
        16.0 * (rows * WIDTH) as f64,
        flops,
    );
    b.kernel(work, |device, set| {
        let qkv = floats(device, [rows, 3 * WIDTH], set, 2.0, 0.0)?;
        let dst = empty(device, [rows, WIDTH])?;
        let device = device.clone();
        Ok(Box::new(move || {
            let args = Attention {
                qkv: &qkv,
                batch,
                tokens,
                heads: HEADS,
                head_dim: WIDTH / HEADS,
                dst: &dst,
            };
            attention(&device, args)
        }))
    });
}

/// How the memory limit was measured; its share is near 100 %.
fn large_copy(b: &mut Bencher) {
    let megabytes = b.scale.peak_megabytes.min(512);
    let words = megabytes << 18;
    let work = work(format!("copy {megabytes} MiB"), 8.0 * words as f64, 0.0);
    b.kernel(work, |device: &Device, set| {
        let (src, dst) = (floats(device, words, set, 1.0, 0.0)?, empty(device, words)?);
        let device = device.clone();
        Ok(Box::new(move || copy(&device, CopyRows::first(&src, &dst, words))))
    });
}
