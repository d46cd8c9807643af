//! ConvNeXt (Liu et al. 2022, "A ConvNet for the 2020s") as timm writes it, up to stage 3:
//! convolutions alone, which makes it the control of encoders that mix tokens over the whole
//! picture.
//!
//! Reference: timm `models/convnext.py`, `ConvNeXt` with the patch stem, 7x7 depthwise convolutions
//! and linear MLPs; its key names. Feature maps lie channels last, so the reference's `LayerNorm2d`
//! is a layer norm. Sides that a stride does not divide lose their rest, as in PyTorch.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sightline_checkpoint::manifest;
use sightline_kernels::ops::{
    Activation, Apply, CopyRows, Depthwise, Epilogue, Im2col, Image, LayerNorm, Patches, copy, depthwise, im2col,
    layer_norm, linear,
};
use sightline_kernels::{Buffer, Device, KernelError, Linear};

#[cfg(feature = "suite")]
use crate::encoder::{Check, Golden, golden};
use crate::encoder::{
    Encoder, EncoderConfig, EncoderError, EncoderKind, Grid, Loader, Norm, Preset, Schema, Session, Size, Source,
    StageTap, read, write,
};

/// timm's norms, all of them.
const EPS: f32 = 1e-6;
/// Hidden width of a block's MLP over its width.
const MLP_RATIO: usize = 4;
/// Side of the depthwise filters.
const KERNEL: usize = 7;
/// The stem's patches.
const STEM: Patches = Patches::tiles(4);
/// Patches between stages.
const REDUCE: Patches = Patches::tiles(2);

/// The kind.
pub(crate) struct Kind;

impl EncoderKind for Kind {
    fn id(&self) -> &'static str {
        "convnext"
    }

    fn title(&self) -> &'static str {
        "ConvNeXt"
    }

    fn mixer(&self) -> &'static str {
        "convolution"
    }

    fn about(&self) -> &'static str {
        "Looks at every patch with its neighbours only: its work grows in line with the number of patches."
    }

    fn parse(&self, row: &manifest::Encoder) -> Result<Box<dyn EncoderConfig>, EncoderError> {
        let config: ConvNextConfig = read(row)?;
        config.check()?;
        Ok(Box::new(config))
    }

    fn presets(&self) -> Vec<Preset> {
        let preset = |name, config, ours| Preset {
            name,
            config: Box::new(config),
            ours,
        };
        vec![
            preset("sightline-convnext-tiny", ConvNextConfig::sightline(), true),
            preset("ConvNeXt-T", ConvNextConfig::tiny(), false),
        ]
    }

    fn tiny(&self, _side: usize) -> Box<dyn EncoderConfig> {
        Box::new(ConvNextConfig {
            layer_scale: true,
            ..ConvNextConfig::preset([32, 64, 128], [1, 1, 1])
        })
    }

    #[cfg(feature = "suite")]
    fn goldens(&self) -> Vec<Golden> {
        const SQUARE: [usize; 2] = [224, 224];
        const ODD: [usize; 2] = [203, 157];
        vec![
            golden!(
                "convnext",
                "ours",
                ConvNextConfig::sightline(),
                [
                    Check::new(SQUARE, 2),
                    Check::new(ODD, 2),
                    Check::new(SQUARE, 1).int8(),
                    Check::new(SQUARE, 2).half(),
                    Check::new(SQUARE, 1).int8().half(),
                ]
            ),
            golden!(
                "convnext",
                "t",
                ConvNextConfig::tiny(),
                [
                    Check::new(SQUARE, 1),
                    Check::new(ODD, 1),
                    Check::new(SQUARE, 1).int8(),
                    Check::new(ODD, 1).half(),
                ]
            ),
        ]
    }
}

/// A ConvNeXt's shape. Fields are the manifest's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConvNextConfig {
    /// Width of each stage; stages after the tap are never loaded.
    dims: Vec<usize>,
    /// Number of blocks of each stage.
    depths: Vec<usize>,
    /// Whether the blocks scale what they add, channel by channel.
    layer_scale: bool,
    /// Where features leave; `norm_pre` is the norm that may follow.
    tap: StageTap,
}

impl ConvNextConfig {
    fn preset(dims: [usize; 3], depths: [usize; 3]) -> Self {
        Self {
            dims: dims.to_vec(),
            depths: depths.to_vec(),
            layer_scale: false,
            tap: StageTap {
                stage: 3,
                block: depths[2] - 1,
                norm: true,
            },
        }
    }

    /// `sightline-convnext-tiny`: 14.7 M parameters, as many as the state space model and the
    /// transformer beside it.
    fn sightline() -> Self {
        Self::preset([96, 192, 384], [3, 3, 11])
    }

    /// ConvNeXt-T, tapped before its last stage, without a norm of its own there.
    fn tiny() -> Self {
        let config = Self::preset([96, 192, 384], [3, 3, 9]);
        Self {
            layer_scale: true,
            tap: StageTap {
                norm: false,
                ..config.tap
            },
            ..config
        }
    }

    fn check(&self) -> Result<(), EncoderError> {
        self.tap.check(&self.dims, &self.depths)
    }

    /// `(width, blocks)` of the stages that run.
    fn stages(&self) -> impl Iterator<Item = (usize, usize)> {
        self.tap.stages(&self.dims, &self.depths)
    }

    /// Grid of every stage that runs.
    fn grids(&self, size: Size) -> Result<Vec<Grid>, EncoderError> {
        let mut grid = Grid {
            height: STEM.along(size.height),
            width: STEM.along(size.width),
        };
        let mut grids = vec![grid];
        for _ in 1..self.tap.stage {
            grid = Grid {
                height: REDUCE.along(grid.height),
                width: REDUCE.along(grid.width),
            };
            grids.push(grid);
        }
        if size.batch == 0 || grid.tokens() == 0 {
            let side = STEM.side << (self.tap.stage - 1);
            return Err(size.refused(format!(
                "this encoder takes one or more pictures of at least {side} x {side} px"
            )));
        }
        Ok(grids)
    }
}

impl EncoderConfig for ConvNextConfig {
    fn row(&self) -> manifest::Encoder {
        write(Kind.id(), self)
    }

    fn width(&self) -> usize {
        self.dims[self.tap.stage - 1]
    }

    fn grid(&self, size: Size) -> Result<Grid, EncoderError> {
        let grids = self.grids(size)?;
        Ok(grids[grids.len() - 1])
    }

    fn resized(&self, _size: [usize; 2]) -> Box<dyn EncoderConfig> {
        Box::new(self.clone())
    }

    /// timm's keys.
    fn schema(&self) -> Schema {
        let mut schema = Schema::default();
        schema.convolution("stem.0", self.dims[0], 3, STEM.side);
        schema.norm("stem.1", self.dims[0]);
        for (i, (dim, depth)) in self.stages().enumerate() {
            if let Some(before) = i.checked_sub(1) {
                let key = format!("stages.{i}.downsample");
                schema.norm(&format!("{key}.0"), self.dims[before]);
                schema.convolution(&format!("{key}.1"), dim, self.dims[before], REDUCE.side);
            }
            for j in 0..depth {
                let key = format!("stages.{i}.blocks.{j}");
                // as wide as keeps a signal's size over 49 taps
                schema.values(format!("{key}.conv_dw.weight"), &[dim, 1, KERNEL, KERNEL], 0.0, 0.5);
                schema.bias(&format!("{key}.conv_dw"), dim);
                schema.norm(&format!("{key}.norm"), dim);
                schema.linear(&format!("{key}.mlp.fc1"), MLP_RATIO * dim, dim);
                schema.linear(&format!("{key}.mlp.fc2"), dim, MLP_RATIO * dim);
                if self.layer_scale {
                    schema.values(format!("{key}.gamma"), &[dim], 1.0, 0.2);
                }
            }
        }
        if self.tap.norm {
            schema.norm("norm_pre", self.width());
        }
        schema
    }

    /// Convolutions and matrix products.
    fn flops(&self, size: Size) -> f64 {
        let Ok(grids) = self.grids(size) else {
            return 0.0;
        };
        let mut flops = 2.0 * (grids[0].tokens() * STEM.width(3) * self.dims[0]) as f64;
        for (i, ((dim, depth), grid)) in self.stages().zip(&grids).enumerate() {
            if let Some(before) = i.checked_sub(1) {
                flops += 2.0 * (grid.tokens() * REDUCE.width(self.dims[before]) * dim) as f64;
            }
            let block = dim * (2 * KERNEL * KERNEL + 4 * MLP_RATIO * dim);
            flops += (depth * grid.tokens() * block) as f64;
        }
        size.batch as f64 * flops
    }

    fn load(&self, device: &Device, source: &dyn Source) -> Result<Box<dyn Encoder>, EncoderError> {
        Ok(Box::new(ConvNext::load(device, self.clone(), source)?))
    }
}

/// A ConvNeXt on a device.
struct ConvNext {
    device: Device,
    net: Arc<Net>,
}

/// Everything with weights.
struct Net {
    config: ConvNextConfig,
    stem: (Linear, Norm),
    stages: Vec<Stage>,
    /// `norm_pre`, if the tap wants it.
    norm: Option<Norm>,
}

struct Stage {
    dim: usize,
    /// From the stage before: its norm, and the map of 2x2 patches. The first stage has the stem.
    reduce: Option<(Norm, Linear)>,
    blocks: Vec<Block>,
}

struct Block {
    /// `[49, dim]`, and its bias.
    conv: (Buffer, Option<Buffer>),
    norm: Norm,
    fc1: Linear,
    /// With the layer scale in it.
    fc2: Linear,
}

impl ConvNext {
    /// Reads the tensors up to the tap and puts them on the device.
    fn load(device: &Device, config: ConvNextConfig, source: &dyn Source) -> Result<Self, EncoderError> {
        let loader = Loader::new(device, source, config.schema());
        let stem = (loader.taps("stem.0", STEM)?, loader.norm("stem.1")?);
        let mut stages = Vec::new();
        for (i, (dim, depth)) in config.stages().enumerate() {
            let key = format!("stages.{i}");
            let reduce = |key: &str| -> Result<(Norm, Linear), EncoderError> {
                let norm = loader.norm(&format!("{key}.downsample.0"))?;
                Ok((norm, loader.taps(&format!("{key}.downsample.1"), REDUCE)?))
            };
            let reduce = (i > 0).then(|| reduce(&key)).transpose()?;
            let blocks = (0..depth).map(|j| Block::load(&loader, &format!("{key}.blocks.{j}"), config.layer_scale));
            let blocks = blocks.collect::<Result<_, _>>()?;
            stages.push(Stage { dim, reduce, blocks });
        }
        let norm = config.tap.norm.then(|| loader.norm("norm_pre")).transpose()?;
        Ok(Self {
            device: device.clone(),
            net: Arc::new(Net {
                config,
                stem,
                stages,
                norm,
            }),
        })
    }
}

impl Block {
    fn load(loader: &Loader<'_>, key: &str, layer_scale: bool) -> Result<Self, EncoderError> {
        let fc2 = format!("{key}.mlp.fc2");
        Ok(Self {
            conv: loader.depthwise(&format!("{key}.conv_dw"))?,
            norm: loader.norm(&format!("{key}.norm"))?,
            fc1: loader.linear(&format!("{key}.mlp.fc1"))?,
            fc2: match layer_scale {
                true => scaled(loader, &fc2, &format!("{key}.gamma"))?,
                false => loader.linear(&fc2)?,
            },
        })
    }
}

/// A linear map with its outputs times a vector, as one matrix of floats.
fn scaled(loader: &Loader<'_>, key: &str, scale: &str) -> Result<Linear, EncoderError> {
    let (mut weight, mut bias) = (
        loader.floats(&format!("{key}.weight"))?,
        loader.floats(&format!("{key}.bias"))?,
    );
    let scale = loader.floats(scale)?;
    let (rows, cols) = (scale.len(), weight.len() / scale.len());
    for ((row, bias), scale) in weight.chunks_exact_mut(cols).zip(&mut bias).zip(scale) {
        row.iter_mut().for_each(|v| *v *= scale);
        *bias *= scale;
    }
    Ok(Linear::f32(loader.device, [rows, cols], &weight, Some(&bias))?)
}

impl Encoder for ConvNext {
    fn width(&self) -> usize {
        self.net.config.width()
    }

    fn session(&self, size: Size) -> Result<Session, EncoderError> {
        let config = &self.net.config;
        let grids = config.grids(size)?;
        let grid = config.grid(size)?;
        let device = &self.device;
        let input = device.empty_f32(size.sides(&[size.batch, size.height, size.width], 3)?);
        let output = device.empty_f32(size.sides(&[size.batch, grid.tokens()], config.width())?);
        // words of x, n and a; and of wide
        let first = size.words(&[size.batch, grids[0].tokens()])?;
        let mut most = [0, size.words(&[first, STEM.width(3)])?];
        for (i, ((dim, _), grid)) in config.stages().zip(&grids).enumerate() {
            let pixels = size.words(&[size.batch, grid.tokens()])?;
            let patches = match i.checked_sub(1) {
                Some(before) => size.words(&[pixels, REDUCE.width(config.dims[before])])?,
                None => 0,
            };
            let hidden = size.words(&[pixels, MLP_RATIO, dim])?;
            most = [
                most[0].max(size.words(&[pixels, dim])?),
                most[1].max(patches).max(hidden),
            ];
        }
        let run = Run {
            device: device.clone(),
            net: self.net.clone(),
            size,
            grids,
            x: device.empty_f32(most[0]),
            n: device.empty_f32(most[0]),
            a: device.empty_f32(most[0]),
            wide: device.empty_f32(most[1]),
            input: input.clone(),
            output: output.clone(),
        };
        Ok(Session::new(
            device,
            size,
            grid,
            (input, output),
            None,
            Box::new(move || run.launch()),
        ))
    }
}

/// One prepared pass from `input` to `output`.
struct Run {
    device: Device,
    net: Arc<Net>,
    size: Size,
    grids: Vec<Grid>,
    /// As large as the largest stage needs; stages take views. The residual stream `[pixels, dim]`.
    x: Buffer,
    /// Behind the depthwise convolution, or normed before a stage `[pixels, dim]`.
    n: Buffer,
    /// Normed in a block `[pixels, dim]`.
    a: Buffer,
    /// Patches of a convolution, or the MLP's hidden layer `[pixels, 4 dim]`.
    wide: Buffer,
    input: Buffer,
    output: Buffer,
}

/// Views of the memory for a stage.
struct Views {
    image: Image,
    x: Buffer,
    n: Buffer,
    a: Buffer,
    /// The MLP's hidden layer.
    hidden: Buffer,
}

impl Run {
    fn image(&self, grid: Grid, channels: usize) -> Image {
        Image {
            batch: self.size.batch,
            height: grid.height,
            width: grid.width,
            channels,
        }
    }

    /// Enqueues every kernel.
    fn launch(&self) -> Result<(), KernelError> {
        let device = &self.device;
        let (stem, norm) = &self.net.stem;
        let whole = Grid {
            height: self.size.height,
            width: self.size.width,
        };
        let mut views = self.views(0)?;
        self.patches(STEM, &self.input, self.image(whole, 3), (stem, &views.n))?;
        self.norm(norm, &views.n, &views.x)?;
        for (i, stage) in self.net.stages.iter().enumerate() {
            if let Some((norm, reduce)) = &stage.reduce {
                let before = std::mem::replace(&mut views, self.views(i)?);
                self.norm(norm, &before.x, &before.n)?;
                self.patches(REDUCE, &before.n, before.image, (reduce, &views.x))?;
            }
            for block in &stage.blocks {
                self.block(block, &views)?;
            }
        }
        match &self.net.norm {
            Some(norm) => self.norm(norm, &views.x, &self.output),
            None => copy(device, CopyRows::first(&views.x, &self.output, views.x.shape().rows())),
        }
    }

    /// The memory as stage `i` uses it.
    fn views(&self, i: usize) -> Result<Views, KernelError> {
        let image = self.image(self.grids[i], self.net.stages[i].dim);
        let shape = image.shape();
        Ok(Views {
            image,
            x: self.x.view(shape)?,
            n: self.n.view(shape)?,
            a: self.a.view(shape)?,
            hidden: self.wide.view([shape.rows(), MLP_RATIO * shape.width()])?,
        })
    }

    /// A convolution of patches of `x`, as one product into a buffer.
    fn patches(
        &self,
        patches: Patches,
        x: &Buffer,
        image: Image,
        (map, dst): (&Linear, &Buffer),
    ) -> Result<(), KernelError> {
        let rows = dst.shape().rows();
        let between = &self.wide.view([rows, map.cols])?;
        let args = Im2col {
            x,
            image,
            patches,
            dst: between,
        };
        im2col(&self.device, args)?;
        linear(&self.device, Apply::new(map, between, rows, dst))
    }

    /// `x += gamma * fc2(gelu(fc1(norm(conv(x)))))`.
    fn block(&self, block: &Block, views: &Views) -> Result<(), KernelError> {
        let device = &self.device;
        let Views { image, x, n, a, hidden } = views;
        let rows = x.shape().rows();
        let conv = Depthwise {
            x,
            weight: &block.conv.0,
            bias: block.conv.1.as_ref(),
            image: *image,
            side: KERNEL,
            silu: false,
            dst: n,
        };
        depthwise(device, conv)?;
        self.norm(&block.norm, n, a)?;
        linear(
            device,
            Apply {
                epilogue: Epilogue::Gelu,
                ..Apply::new(&block.fc1, a, rows, hidden)
            },
        )?;
        linear(
            device,
            Apply {
                epilogue: Epilogue::Add,
                ..Apply::new(&block.fc2, hidden, rows, x)
            },
        )
    }

    fn norm(&self, norm: &Norm, x: &Buffer, dst: &Buffer) -> Result<(), KernelError> {
        let Norm { weight, bias } = norm;
        layer_norm(
            &self.device,
            LayerNorm {
                x,
                weight,
                bias,
                eps: EPS,
                rows: x.shape().rows(),
                activation: Activation::None,
                dst,
            },
        )
    }
}
