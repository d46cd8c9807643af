//! The small operations of the encoders and the connector: normalisation, convolutions, step sizes,
//! positions.

use super::{Case, TOLERANCE_F32, compare, hash_vec, unwritten, uploaded};
use crate::ops::{self, Activation, AddPositions, DIRECTIONS, Depthwise, DtProject, Im2col, Image, LayerNorm, Patches};

pub(super) fn cases(cases: &mut Vec<Case>) {
    layer_norm(cases);
    im2col(cases);
    depthwise(cases);
    dt_project(cases);
    add_positions(cases);
}

fn layer_norm(cases: &mut Vec<Case>) {
    // rows, width: stem, stages of T, S and B, ViT, and rows that do not fill a cube.
    let shapes = [
        (12_544, 48),
        (3136, 96),
        (784, 192),
        (196, 384),
        (3136, 128),
        (784, 256),
        (196, 512),
        (196, 768),
        (196, 1024),
        (49, 2048),
        (5, 7),
        (1, 1),
    ];
    for (rows, width) in shapes {
        for activation in [Activation::None, Activation::Gelu] {
            let name = format!("layer_norm/{rows}x{width},{activation:?}");
            cases.push(Case::new(name, TOLERANCE_F32, move |device| async move {
                // A mean far from zero: the variance must not be a difference of large sums.
                let x: Vec<f32> = hash_vec(rows * width, 1, 2.0).iter().map(|v| v + 20.0).collect();
                let (weight, bias) = (hash_vec(width, 2, 4.0), hash_vec(width, 3, 2.0));
                let mut expected = vec![0.0; rows * width];
                ops::layer_norm::twin::layer_norm(&x, &weight, &bias, 1e-5, activation, &mut expected);
                let dst = unwritten(&device, [rows, width])?;
                let args = LayerNorm {
                    x: &uploaded(&device, &x, [rows, width])?,
                    weight: &device.upload_f32(&weight),
                    bias: &device.upload_f32(&bias),
                    eps: 1e-5,
                    rows,
                    activation,
                    dst: &dst,
                };
                ops::layer_norm(&device, args)?;
                Ok(compare(&device.read_f32(&dst).await?, &expected))
            }));
        }
    }
}

fn im2col(cases: &mut Vec<Case>) {
    // batch, height, width, channels: both stem convolutions, the two downsamplings of T and B, odd
    // sides.
    let halved = [
        [1, 224, 224, 3],
        [1, 112, 112, 48],
        [1, 56, 56, 96],
        [1, 28, 28, 192],
        [1, 56, 56, 128],
        [1, 28, 28, 256],
        [2, 13, 7, 3],
        [2, 9, 12, 4],
        [1, 1, 1, 5],
    ];
    cases.extend(halved.map(|shape| patches_case(shape, Patches::HALVING, "")));
    // Patches side by side: stem and downsamplings of a ConvNeXt, and rests that are left out.
    let tiled = [
        ([1, 224, 224, 3], 4),
        ([1, 56, 56, 96], 2),
        ([1, 28, 28, 192], 2),
        ([2, 203, 157, 3], 4),
        ([2, 13, 7, 5], 2),
        ([1, 6, 9, 4], 4),
    ];
    cases.extend(tiled.map(|(shape, side)| patches_case(shape, Patches::tiles(side), &format!(",tiles{side}"))));
    let wide = Patches {
        side: 7,
        stride: 3,
        pad: 3,
    };
    cases.push(patches_case([2, 11, 8, 3], wide, ",7/3"));
}

fn patches_case(shape: [usize; 4], patches: Patches, what: &str) -> Case {
    let image = image(shape);
    Case::new(
        format!("im2col/{}{what}", label(shape)),
        0.0,
        move |device| async move {
            let rows = image.batch * patches.along(image.height) * patches.along(image.width);
            let width = patches.width(image.channels);
            let x = hash_vec(image.len(), 1, 2.0);
            let mut expected = vec![f32::NAN; rows * width];
            ops::im2col::twin::im2col(&x, image, patches, &mut expected);
            let dst = unwritten(&device, [rows, width])?;
            let args = Im2col {
                x: &uploaded(&device, &x, image.shape())?,
                image,
                patches,
                dst: &dst,
            };
            ops::im2col(&device, args)?;
            Ok(compare(&device.read_f32(&dst).await?, &expected))
        },
    )
}

fn depthwise(cases: &mut Vec<Case>) {
    // batch, height, width, channels: T, S, B, odd sides; the batch of 14 makes several pixels a
    // thread.
    let shapes = [
        [1, 56, 56, 96],
        [1, 28, 28, 192],
        [1, 14, 14, 384],
        [1, 56, 56, 192],
        [1, 28, 28, 384],
        [1, 14, 14, 768],
        [1, 56, 56, 256],
        [1, 28, 28, 512],
        [1, 14, 14, 1024],
        [14, 57, 55, 96],
        [2, 13, 7, 24],
        [1, 51, 40, 7],
        [3, 1, 1, 5],
    ];
    for shape in shapes {
        for with_bias in [false, true] {
            let bias = if with_bias { ",bias" } else { "" };
            let name = format!("depthwise/{}{bias}", label(shape));
            cases.push(depthwise_case(name, image(shape), 3, with_bias));
        }
    }
    // Filters of 5 and 7 px without an activation: a ConvNeXt's stages, pictures smaller than the
    // filter, several pixels a thread.
    let wide = [
        [1, 56, 56, 96],
        [1, 28, 28, 192],
        [1, 14, 14, 384],
        [14, 57, 55, 96],
        [2, 13, 7, 24],
        [1, 5, 3, 7],
        [3, 1, 1, 5],
    ];
    for (shape, side) in wide
        .map(|shape| (shape, 7))
        .into_iter()
        .chain([([2, 13, 7, 24], 5), ([1, 2, 9, 3], 5)])
    {
        let name = format!("depthwise/{},side{side}", label(shape));
        cases.push(depthwise_case(name, image(shape), side, true));
    }
}

/// SiLU follows filters of 3 px, as in VMamba, and nothing follows wider ones.
fn depthwise_case(name: String, image: Image, side: usize, with_bias: bool) -> Case {
    Case::new(name, TOLERANCE_F32, move |device| async move {
        let filters = [side * side, image.channels];
        let (x, weight) = (hash_vec(image.len(), 1, 4.0), hash_vec(filters[0] * filters[1], 2, 2.0));
        let bias = with_bias.then(|| hash_vec(image.channels, 3, 2.0));
        let on_device = bias.as_ref().map(|v| device.upload_f32(v));
        let dst = unwritten(&device, image.shape())?;
        let args = Depthwise {
            x: &uploaded(&device, &x, image.shape())?,
            weight: &uploaded(&device, &weight, filters)?,
            bias: on_device.as_ref(),
            image,
            side,
            silu: side == 3,
            dst: &dst,
        };
        let mut expected = vec![0.0; image.len()];
        ops::depthwise::twin::depthwise(&args, &x, &weight, bias.as_deref(), &mut expected);
        ops::depthwise(&device, args)?;
        Ok(compare(&device.read_f32(&dst).await?, &expected))
    })
}

fn dt_project(cases: &mut Vec<Case>) {
    // pixels, channels, rank, state: T, S, B, several pixels a thread, odd sizes.
    let shapes = [
        [3136, 96, 6, 1],
        [784, 192, 12, 1],
        [196, 384, 24, 1],
        [3136, 192, 6, 1],
        [784, 384, 12, 1],
        [196, 768, 24, 1],
        [3136, 256, 8, 1],
        [784, 512, 16, 1],
        [196, 1024, 32, 1],
        [11_003, 96, 6, 1],
        [91, 24, 3, 16],
        [7, 5, 1, 2],
    ];
    for [pixels, channels, rank, state] in shapes {
        let name = format!("dt_project/{pixels}x{channels},r{rank},n{state}");
        cases.push(Case::new(name, TOLERANCE_F32, move |device| async move {
            let stride = DIRECTIONS * (rank + 2 * state);
            let proj = hash_vec(pixels * stride, 1, 2.0);
            let weight = hash_vec(DIRECTIONS * channels * rank, 2, 2.0);
            let dst = unwritten(&device, [pixels, DIRECTIONS * channels])?;
            let args = DtProject {
                proj: &uploaded(&device, &proj, [pixels, stride])?,
                weight: &uploaded(&device, &weight, [DIRECTIONS, channels, rank])?,
                pixels,
                channels,
                rank,
                state,
                dst: &dst,
            };
            let mut expected = vec![0.0; pixels * DIRECTIONS * channels];
            ops::dt_project::twin::dt_project(&args, &proj, &weight, &mut expected);
            ops::dt_project(&device, args)?;
            Ok(compare(&device.read_f32(&dst).await?, &expected))
        }));
    }
}

fn add_positions(cases: &mut Vec<Case>) {
    for shape in [[1, 14, 14, 576], [2, 3, 5, 7]] {
        let grid = image(shape);
        let name = format!("add_positions/{}", label(shape));
        cases.push(Case::new(name, TOLERANCE_F32, move |device| async move {
            let mut x = hash_vec(grid.len(), 1, 2.0);
            let row = hash_vec(grid.height * grid.channels, 2, 2.0);
            let col = hash_vec(grid.width * grid.channels, 3, 2.0);
            let dst = uploaded(&device, &x, grid.shape())?;
            let args = AddPositions {
                x: &dst,
                row: &uploaded(&device, &row, [grid.height, grid.channels])?,
                col: &uploaded(&device, &col, [grid.width, grid.channels])?,
                grid,
            };
            ops::add_positions::twin::add_positions(&mut x, &row, &col, grid);
            ops::add_positions(&device, args)?;
            Ok(compare(&device.read_f32(&dst).await?, &x))
        }));
    }
}

fn image([batch, height, width, channels]: [usize; 4]) -> Image {
    Image {
        batch,
        height,
        width,
        channels,
    }
}

fn label([batch, height, width, channels]: [usize; 4]) -> String {
    format!("{batch}x{height}x{width}x{channels}")
}
