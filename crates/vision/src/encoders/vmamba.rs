//! VMamba (Liu et al. 2024, "VMamba: Visual State Space Model"), the v05_noz family up to stage 3.
//!
//! Reference: MzeroMiko/VMamba `classification/models/vmamba.py` with patch-embed v2, downsample
//! v3, `ln2d`; published key names. Feature maps lie channels last, so the reference's 1x1
//! convolutions are linear maps and its `ln2d` is a layer norm.
//!
//! All four directions share one `x_proj` product, on pixels in place: directions are index maps
//! inside the scan. The low-rank step sizes stay two products. Merged into one matrix they would
//! need 8 times the multiplications (115 against 14.5 million at 14 x 14 x 384) and 16 times the
//! bytes per block, and save no launch, because B and C need `x_proj` all the same; on the CPU both
//! took 4 to 5 ms per block.

mod scratch;
mod shape;

use std::sync::Arc;

use sightline_checkpoint::manifest;
use sightline_kernels::ops::{
    Activation, Apply, CopyRows, DIRECTIONS, Depthwise, DtProject, Epilogue, Im2col, Image, LayerNorm, Patches,
    SelectiveScan, copy, depthwise, dt_project, im2col, layer_norm, linear, selective_scan,
};
use sightline_kernels::{Buffer, Device, KernelError, Linear};

#[cfg(feature = "suite")]
use crate::encoder::{Check, Golden, golden};
use crate::encoder::{
    Encoder, EncoderConfig, EncoderError, EncoderKind, Grid, Loader, Norm, Preset, Schema, Session, Size, Source, read,
    write,
};

use scratch::{Scratch, Views};
use shape::{Shape, VmambaConfig};

use crate::inside::{Inside, Mixer, ScanBuffers};

/// `norm_layer` of the reference leaves PyTorch's default.
const EPS: f32 = 1e-5;

/// The kind.
pub(crate) struct Kind;

impl EncoderKind for Kind {
    fn id(&self) -> &'static str {
        "vmamba"
    }

    fn title(&self) -> &'static str {
        "VMamba"
    }

    fn mixer(&self) -> &'static str {
        "state space"
    }

    fn about(&self) -> &'static str {
        "Scans the picture along four paths: its work grows in line with the number of patches."
    }

    fn parse(&self, row: &manifest::Encoder) -> Result<Box<dyn EncoderConfig>, EncoderError> {
        let config: VmambaConfig = read(row)?;
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
            preset("sightline-vmamba-tiny", VmambaConfig::tiny(), true),
            preset("VMamba-T (s1l8)", VmambaConfig::tiny(), false),
            preset("VMamba-S (s2l15)", VmambaConfig::small(), false),
        ]
    }

    fn tiny(&self, _side: usize) -> Box<dyn EncoderConfig> {
        Box::new(VmambaConfig::preset([32, 64, 128], [1, 1, 1], 1.0))
    }

    #[cfg(feature = "suite")]
    fn goldens(&self) -> Vec<Golden> {
        const SQUARE: [usize; 2] = [224, 224];
        const ODD: [usize; 2] = [203, 157];
        let n16 = VmambaConfig {
            d_state: 16,
            ..VmambaConfig::preset([32, 64, 128], [1, 1, 2], 2.0)
        };
        vec![
            golden!(
                "vmamba",
                "ours",
                VmambaConfig::tiny(),
                [
                    Check::new(SQUARE, 2),
                    Check::new(ODD, 2),
                    Check::new(SQUARE, 1).int8(),
                    Check::new(SQUARE, 2).half(),
                    Check::new(SQUARE, 1).int8().half(),
                ]
            ),
            golden!("vmamba", "n16", n16, [Check::new(SQUARE, 1), Check::new(ODD, 2)]),
            golden!(
                "vmamba",
                "s",
                VmambaConfig::small(),
                [Check::new(SQUARE, 1), Check::new(ODD, 1), Check::new(ODD, 1).half(),]
            ),
            golden!(
                "vmamba",
                "b",
                VmambaConfig::base(),
                [Check::new(SQUARE, 1), Check::new(ODD, 1)]
            ),
        ]
    }
}

impl EncoderConfig for VmambaConfig {
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

    /// The published keys.
    fn schema(&self) -> Schema {
        let mut schema = Schema::default();
        let stem = self.dims[0] / 2;
        schema.convolution("patch_embed.0", stem, 3, 3);
        schema.norm("patch_embed.2", stem);
        schema.convolution("patch_embed.5", self.dims[0], stem, 3);
        schema.norm("patch_embed.7", self.dims[0]);
        for (i, shape) in self.stages().enumerate() {
            if let Some(before) = i.checked_sub(1) {
                let key = format!("layers.{before}.downsample");
                schema.convolution(&format!("{key}.1"), shape.dim, self.dims[before], 3);
                schema.norm(&format!("{key}.3"), shape.dim);
            }
            for j in 0..shape.depth {
                shape.block(&mut schema, &format!("layers.{i}.blocks.{j}"));
            }
        }
        if self.tap.norm {
            // Classification files have no such norm, and the paper's encoders normalise all the
            // same.
            schema.usual_norm(&format!("outnorm{}", self.tap.stage - 1), self.width());
        }
        schema
    }

    /// Convolutions, matrix products and scans.
    fn flops(&self, size: Size) -> f64 {
        let area = |reduced: usize| (size.height.div_ceil(reduced) * size.width.div_ceil(reduced)) as f64;
        let stem = self.dims[0] as f64 / 2.0;
        let mut flops = 2.0 * area(2) * 27.0 * stem + 2.0 * area(4) * 9.0 * stem * 2.0 * stem;
        for (i, shape) in self.stages().enumerate() {
            let pixels = area(4 << i);
            if let Some(before) = i.checked_sub(1) {
                flops += 2.0 * pixels * 9.0 * (self.dims[before] * shape.dim) as f64;
            }
            let (inner, dim) = (shape.inner as f64, shape.dim as f64);
            let (rank, state, directions) = (shape.rank as f64, shape.state as f64, DIRECTIONS as f64);
            let mixing = 4.0 * inner * dim
                + 18.0 * inner
                + 2.0 * inner * directions * (rank + 2.0 * state)
                + 2.0 * directions * inner * rank
                + directions * inner * (8.0 + 7.0 * state);
            flops += shape.depth as f64 * pixels * (mixing + 16.0 * dim * dim);
        }
        size.batch as f64 * flops
    }

    fn load(&self, device: &Device, source: &dyn Source) -> Result<Box<dyn Encoder>, EncoderError> {
        Ok(Box::new(Vmamba::load(device, self.clone(), source)?))
    }
}

/// A VMamba on a device.
struct Vmamba {
    device: Device,
    net: Arc<Net>,
}

/// Everything with weights.
struct Net {
    config: VmambaConfig,
    stem: [Reduce; 2],
    stages: Vec<Stage>,
    /// `outnorm{i}` of the tapped stage, if the tap wants it.
    out_norm: Option<Norm>,
}

/// A 3x3 convolution with stride 2 and the norm after it.
struct Reduce {
    conv: Linear,
    norm: Norm,
}

struct Stage {
    shape: Shape,
    /// From the stage before; the first stage has the stem.
    reduce: Option<Reduce>,
    blocks: Vec<Block>,
}

/// A VSS block: pre-norm SS2D and pre-norm MLP, both residual.
struct Block {
    norm: Norm,
    in_proj: Linear,
    /// `[9, inner]`, and a bias where the file has one.
    conv: (Buffer, Option<Buffer>),
    x_proj: Linear,
    /// `[4, inner, rank]`.
    dt_proj: Buffer,
    dt_bias: Buffer,
    /// `-exp(A_logs)`, `[4, inner, state]`.
    a: Buffer,
    d: Buffer,
    scan_norm: Norm,
    out_proj: Linear,
    mlp_norm: Norm,
    fc1: Linear,
    fc2: Linear,
}

impl Vmamba {
    /// Reads the tensors up to the tap and puts them on the device.
    fn load(device: &Device, config: VmambaConfig, source: &dyn Source) -> Result<Self, EncoderError> {
        let loader = Loader::new(device, source, config.schema());
        let reduce = |conv: &str, norm: &str| -> Result<Reduce, EncoderError> {
            Ok(Reduce {
                conv: loader.taps(conv, Patches::HALVING)?,
                norm: loader.norm(norm)?,
            })
        };
        let stem = [
            reduce("patch_embed.0", "patch_embed.2")?,
            reduce("patch_embed.5", "patch_embed.7")?,
        ];
        let mut stages = Vec::new();
        for (i, shape) in config.stages().enumerate() {
            let reduce = i.checked_sub(1).map(|before| {
                let key = format!("layers.{before}.downsample");
                reduce(&format!("{key}.1"), &format!("{key}.3"))
            });
            let blocks = (0..shape.depth).map(|j| Block::load(&loader, shape, &format!("layers.{i}.blocks.{j}")));
            stages.push(Stage {
                shape,
                reduce: reduce.transpose()?,
                blocks: blocks.collect::<Result<_, _>>()?,
            });
        }
        let out_norm = config
            .tap
            .norm
            .then(|| loader.norm(&format!("outnorm{}", config.tap.stage - 1)));
        Ok(Self {
            device: device.clone(),
            net: Arc::new(Net {
                stem,
                stages,
                out_norm: out_norm.transpose()?,
                config,
            }),
        })
    }
}

impl Block {
    fn load(loader: &Loader<'_>, shape: Shape, key: &str) -> Result<Self, EncoderError> {
        let op = format!("{key}.op");
        let Shape { inner, rank, state, .. } = shape;
        let logs = loader.floats(&format!("{op}.A_logs"))?;
        let a: Vec<f32> = logs.iter().map(|&v| (-f64::from(v).exp()) as f32).collect();
        let upload = |name: &str| -> Result<Buffer, EncoderError> {
            Ok(loader.device.upload_f32(&loader.floats(&format!("{op}.{name}"))?))
        };
        Ok(Self {
            norm: loader.norm(&format!("{key}.norm"))?,
            in_proj: loader.linear(&format!("{op}.in_proj"))?,
            conv: loader.depthwise(&format!("{op}.conv2d"))?,
            x_proj: loader.matrix(&format!("{op}.x_proj_weight"))?,
            dt_proj: upload("dt_projs_weight")?.reshape([DIRECTIONS, inner, rank])?,
            dt_bias: upload("dt_projs_bias")?.reshape([DIRECTIONS, inner])?,
            a: loader.device.upload_f32(&a).reshape([DIRECTIONS, inner, state])?,
            d: upload("Ds")?.reshape([DIRECTIONS, inner])?,
            scan_norm: loader.norm(&format!("{op}.out_norm"))?,
            out_proj: loader.linear(&format!("{op}.out_proj"))?,
            mlp_norm: loader.norm(&format!("{key}.norm2"))?,
            fc1: loader.linear(&format!("{key}.mlp.fc1"))?,
            fc2: loader.linear(&format!("{key}.mlp.fc2"))?,
        })
    }
}

impl Encoder for Vmamba {
    fn width(&self) -> usize {
        self.net.config.width()
    }

    fn session(&self, size: Size) -> Result<Session, EncoderError> {
        let run = self.prepare(size)?;
        let grid = self.net.config.grid(size)?;
        let ends = (run.input.clone(), run.output.clone());
        Ok(Session::new(
            &self.device,
            size,
            grid,
            ends,
            None,
            Box::new(move || run.launch()),
        ))
    }

    /// The blocks of the tapped stage: their pixels are the tokens.
    fn mixers(&self) -> usize {
        self.net.stages.last().map_or(0, |stage| stage.blocks.len())
    }

    fn inside(&self, size: Size, block: usize) -> Result<Option<Inside>, EncoderError> {
        let Some((stage, found)) = self
            .net
            .stages
            .last()
            .and_then(|stage| Some((stage, stage.blocks.get(block)?)))
        else {
            return Ok(None);
        };
        let run = self.prepare(size)?;
        let grid = self.net.config.grid(size)?;
        let views = run.scratch.views(size.batch, grid, stage.shape)?;
        let mixer = Mixer::Scan(Box::new(ScanBuffers {
            u: views.b,
            delta: views.steps,
            proj: views.proj,
            a: found.a.clone(),
            d: found.d.clone(),
            dt_bias: found.dt_bias.clone(),
            sizes: views.sizes,
        }));
        let ends = (run.input.clone(), run.output.clone());
        let launch = Box::new(move || run.launch_to(block));
        let session = Session::new(&self.device, size, grid, ends, None, launch);
        Ok(Some(Inside::new(&self.device, session, mixer)))
    }
}

impl Vmamba {
    /// Memory for a pass over pictures of this size.
    fn prepare(&self, size: Size) -> Result<Run, EncoderError> {
        let grids = self.net.config.grids(size)?;
        let grid = self.net.config.grid(size)?;
        let empty = |rows: &[usize], width: usize| -> Result<Buffer, EncoderError> {
            Ok(self.device.empty_f32(size.sides(rows, width)?))
        };
        Ok(Run {
            device: self.device.clone(),
            net: self.net.clone(),
            size,
            scratch: Scratch::new(&self.device, &self.net.config, size, &grids)?,
            grids,
            input: empty(&[size.batch, size.height, size.width], 3)?,
            output: empty(&[size.batch, grid.tokens()], self.width())?,
        })
    }
}

/// One prepared pass from `input` to `output`.
struct Run {
    device: Device,
    net: Arc<Net>,
    size: Size,
    grids: Vec<Grid>,
    scratch: Scratch,
    input: Buffer,
    output: Buffer,
}

impl Run {
    fn image(&self, height: usize, width: usize, channels: usize) -> Image {
        Image {
            batch: self.size.batch,
            height,
            width,
            channels,
        }
    }

    /// Enqueues every kernel.
    fn launch(&self) -> Result<(), KernelError> {
        self.stages(None)?;
        self.tap()
    }

    /// Enqueues every kernel before the scan of a block of the last stage, whose inputs then stay
    /// in the scratch memory.
    fn launch_to(&self, block: usize) -> Result<(), KernelError> {
        self.stages(Some(block))
    }

    /// Stem and stages. With `until`, up to the inputs of the scan of that block of the last stage.
    fn stages(&self, until: Option<usize>) -> Result<(), KernelError> {
        let s = &self.scratch;
        let [first, second] = &self.net.stem;
        let half = (self.size.height.div_ceil(2), self.size.width.div_ceil(2));
        let whole = self.image(self.size.height, self.size.width, 3);
        self.reduce(first, &self.input, whole, Activation::Gelu, &s.a, &s.b)?;
        let halved = self.image(half.0, half.1, first.conv.rows);
        self.reduce(second, &s.b, halved, Activation::None, &s.n, &s.x)?;
        for (i, stage) in self.net.stages.iter().enumerate() {
            if let (Some(reduce), Some(before)) = (&stage.reduce, i.checked_sub(1)) {
                let grid = self.grids[before];
                let image = self.image(grid.height, grid.width, self.net.config.dims[before]);
                self.reduce(reduce, &s.x, image, Activation::None, &s.n, &s.x)?;
            }
            let views = s.views(self.size.batch, self.grids[i], stage.shape)?;
            let is_last = i + 1 == self.net.stages.len();
            for (j, block) in stage.blocks.iter().enumerate() {
                self.scan_inputs(block, &views)?;
                if is_last && until == Some(j) {
                    return Ok(());
                }
                self.mix(block, &views)?;
                self.mlp(block, &views)?;
            }
        }
        Ok(())
    }

    /// 3x3 convolution with stride 2 from `from` through `between`, then its norm into `to`.
    fn reduce(
        &self,
        reduce: &Reduce,
        from: &Buffer,
        image: Image,
        activation: Activation,
        between: &Buffer,
        to: &Buffer,
    ) -> Result<(), KernelError> {
        let pixels = image.batch * image.height.div_ceil(2) * image.width.div_ceil(2);
        let patches = &self.scratch.wide.view([pixels, reduce.conv.cols])?;
        let args = Im2col {
            x: &from.view(image.shape())?,
            image,
            patches: Patches::HALVING,
            dst: patches,
        };
        im2col(&self.device, args)?;
        let between = &between.view([pixels, reduce.conv.rows])?;
        linear(&self.device, Apply::new(&reduce.conv, patches, pixels, between))?;
        let Norm { weight, bias } = &reduce.norm;
        layer_norm(
            &self.device,
            LayerNorm {
                x: between,
                weight,
                bias,
                eps: EPS,
                rows: pixels,
                activation,
                dst: &to.view([pixels, reduce.conv.rows])?,
            },
        )
    }

    /// The first half of SS2D: `silu(conv(in_proj(norm(x))))`, and what the scan takes beside it.
    fn scan_inputs(&self, block: &Block, s: &Views) -> Result<(), KernelError> {
        let (device, sizes) = (&self.device, s.sizes);
        let pixels = sizes.pixels();
        self.norm(&block.norm, &s.x, &s.n)?;
        linear(device, Apply::new(&block.in_proj, &s.n, pixels, &s.a))?;
        let conv = Depthwise {
            x: &s.a,
            weight: &block.conv.0,
            bias: block.conv.1.as_ref(),
            image: self.image(sizes.height, sizes.width, sizes.channels),
            side: 3,
            silu: true,
            dst: &s.b,
        };
        depthwise(device, conv)?;
        linear(device, Apply::new(&block.x_proj, &s.b, pixels, &s.proj))?;
        let steps = DtProject {
            proj: &s.proj,
            weight: &block.dt_proj,
            pixels,
            channels: sizes.channels,
            rank: sizes.rank,
            state: sizes.state,
            dst: &s.steps,
        };
        dt_project(device, steps)
    }

    /// The second half of SS2D: `x += out_proj(norm(scan(..)))`.
    fn mix(&self, block: &Block, s: &Views) -> Result<(), KernelError> {
        let (device, sizes) = (&self.device, s.sizes);
        let pixels = sizes.pixels();
        let scan = SelectiveScan {
            u: &s.b,
            delta: &s.steps,
            proj: &s.proj,
            a: &block.a,
            d: &block.d,
            dt_bias: &block.dt_bias,
            sizes,
            workspace: &s.scan,
            dst: &s.a,
        };
        selective_scan(device, scan)?;
        self.norm(&block.scan_norm, &s.a, &s.b)?;
        linear(
            device,
            Apply {
                epilogue: Epilogue::Add,
                ..Apply::new(&block.out_proj, &s.b, pixels, &s.x)
            },
        )
    }

    /// `x += fc2(gelu(fc1(norm(x))))`.
    fn mlp(&self, block: &Block, s: &Views) -> Result<(), KernelError> {
        let (device, pixels) = (&self.device, s.sizes.pixels());
        self.norm(&block.mlp_norm, &s.x, &s.n)?;
        linear(
            device,
            Apply {
                epilogue: Epilogue::Gelu,
                ..Apply::new(&block.fc1, &s.n, pixels, &s.hidden)
            },
        )?;
        linear(
            device,
            Apply {
                epilogue: Epilogue::Add,
                ..Apply::new(&block.fc2, &s.hidden, pixels, &s.x)
            },
        )
    }

    fn tap(&self) -> Result<(), KernelError> {
        let x = &self.scratch.x.view(self.output.shape())?;
        match &self.net.out_norm {
            Some(norm) => self.norm(norm, x, &self.output),
            None => copy(&self.device, CopyRows::first(x, &self.output, x.shape().rows())),
        }
    }

    fn norm(&self, norm: &Norm, x: &Buffer, dst: &Buffer) -> Result<(), KernelError> {
        layer_norm(
            &self.device,
            LayerNorm {
                x,
                weight: &norm.weight,
                bias: &norm.bias,
                eps: EPS,
                rows: x.shape().rows(),
                activation: Activation::None,
                dst,
            },
        )
    }
}
