//! VMamba (Liu et al. 2024, "VMamba: Visual State Space Model"), the v05_noz family up to stage 3.
//!
//! Reference: MzeroMiko/VMamba `classification/models/vmamba.py` with patch-embed v2, downsample v3, `ln2d`; published key names.
//! Feature maps lie channels last, so the reference's 1x1 convolutions are linear maps and its `ln2d` is a layer norm.
//!
//! All four directions share one `x_proj` product, on pixels in place: directions are index maps inside the scan. The low-rank
//! step sizes stay two products. Merged into one matrix they would need 8 times the multiplications (115 against 14.5 million
//! at 14 x 14 x 384) and 16 times the bytes a block, and save no launch, because B and C need `x_proj` all the same; on the
//! CPU both took 4 to 5 ms a block.

use std::sync::Arc;

use sightline_checkpoint::manifest::{Encoder as Config, StageTap};
use sightline_kernels::ops::{
    Activation, DIRECTIONS, Depthwise, DtProject, Epilogue, Image, Patches, SelectiveScan, copy, depthwise, dt_project,
    im2col, layer_norm, linear, selective_scan, selective_scan_workspace,
};
use sightline_kernels::{Buffer, Device, KernelError, Linear};

use crate::encoder::{Encoder, EncoderError, Grid, Session, Size};
use crate::weights::{Loader, Norm, Source};

/// `norm_layer` of the reference leaves PyTorch's default.
const EPS: f32 = 1e-5;
/// Hidden width of the block's MLP over its width.
const MLP_RATIO: usize = 4;
/// Channels of a token a rank of the step sizes stands for (`dt_rank="auto"`).
const CHANNELS_A_RANK: usize = 16;

/// A VMamba's shape. Fields are the manifest's.
#[derive(Clone, Debug, PartialEq)]
pub struct VmambaConfig {
    /// Width of each stage that is read; stages after the tap are never loaded.
    pub dims: Vec<usize>,
    /// Blocks of each stage.
    pub depths: Vec<usize>,
    /// d_inner over width.
    pub ssm_ratio: f64,
    /// State size N, 1 to 16.
    pub d_state: usize,
    /// Where features leave: stage from 1, block from 0, whether `outnorm{stage - 1}` follows.
    pub tap: StageTap,
}

impl VmambaConfig {
    fn preset(dims: [usize; 3], depths: [usize; 3], ssm_ratio: f64) -> Self {
        Self {
            dims: dims.to_vec(),
            depths: depths.to_vec(),
            ssm_ratio,
            d_state: 1,
            tap: StageTap {
                stage: 3,
                block: depths[2] - 1,
                norm: true,
            },
        }
    }

    /// VMamba-T (s1l8), tapped as in the paper; `sightline-vmamba-tiny` has the same shape.
    pub fn tiny() -> Self {
        Self::preset([96, 192, 384], [2, 2, 8], 1.0)
    }

    /// VMamba-S (s2l15), tapped as in the paper.
    pub fn small() -> Self {
        Self::preset([96, 192, 384], [2, 2, 15], 2.0)
    }

    /// VMamba-B (s2l15), tapped as in the paper.
    pub fn base() -> Self {
        Self::preset([128, 256, 512], [2, 2, 15], 2.0)
    }

    /// Stages that run: `(width, blocks)`; the last ends with the tapped block.
    fn stages(&self) -> Result<Vec<(usize, usize)>, EncoderError> {
        let bad = |field, message: &str| EncoderError::Config {
            field,
            message: message.into(),
        };
        let stage = self.tap.stage;
        if stage == 0 || stage > self.dims.len().min(self.depths.len()) {
            return Err(bad("tap.stage", "must be 1 to the number of stages in dims and depths"));
        }
        if self.tap.block >= self.depths[stage - 1] {
            return Err(bad("tap.block", "must be below the stage's depth"));
        }
        if self.dims.iter().any(|&n| !(2..=4096).contains(&n) || n % 2 != 0) {
            return Err(bad("dims", "each width must be even, 2 to 4096"));
        }
        if self.depths.iter().any(|&n| !(1..=128).contains(&n)) {
            return Err(bad("depths", "each depth must be 1 to 128"));
        }
        if !(self.ssm_ratio > 0.0 && self.ssm_ratio <= 8.0) {
            return Err(bad("ssm_ratio", "must be above 0 and at most 8"));
        }
        if !(1..=16).contains(&self.d_state) {
            return Err(bad("d_state", "must be 1 to 16"));
        }
        let mut stages: Vec<_> = self
            .dims
            .iter()
            .copied()
            .zip(self.depths.iter().copied())
            .take(stage)
            .collect();
        stages[stage - 1].1 = self.tap.block + 1;
        Ok(stages)
    }

    fn inner(&self, dim: usize) -> usize {
        // the reference's int(ssm_ratio * d_model)
        ((self.ssm_ratio * dim as f64) as usize).max(1)
    }
}

impl TryFrom<&Config> for VmambaConfig {
    type Error = EncoderError;

    fn try_from(config: &Config) -> Result<Self, EncoderError> {
        match config {
            Config::Vmamba {
                dims,
                depths,
                ssm_ratio,
                d_state,
                tap,
            } => Ok(Self {
                dims: dims.clone(),
                depths: depths.clone(),
                ssm_ratio: *ssm_ratio,
                d_state: *d_state,
                tap: *tap,
            }),
            _ => Err(EncoderError::Config {
                field: "kind",
                message: "must be `vmamba` for this encoder".into(),
            }),
        }
    }
}

/// A VMamba on a device.
#[derive(Clone)]
pub struct Vmamba {
    device: Device,
    net: Arc<Net>,
}

/// Everything with weights.
struct Net {
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
    dim: usize,
    inner: usize,
    rank: usize,
    state: usize,
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
    /// Reads the tensors up to the tap and puts them on the device. Nothing beyond the tap is looked for.
    ///
    /// # Errors
    /// [`EncoderError`] names the field or tensor that does not fit.
    pub fn load(device: &Device, config: VmambaConfig, source: &dyn Source) -> Result<Self, EncoderError> {
        let stages = config.stages()?;
        let loader = Loader::new(device, source);
        let (first, _) = stages[0];
        let (last, _) = stages[stages.len() - 1];
        let reduce = |conv: &str, norm: &str, from, to| -> Result<Reduce, EncoderError> {
            Ok(Reduce {
                conv: loader.conv3x3(conv, to, from)?,
                norm: loader.norm(norm, to)?,
            })
        };
        let stem = [
            reduce("patch_embed.0", "patch_embed.2", 3, first / 2)?,
            reduce("patch_embed.5", "patch_embed.7", first / 2, first)?,
        ];
        let mut loaded = Vec::with_capacity(stages.len());
        for (i, &(dim, depth)) in stages.iter().enumerate() {
            let mut stage = Stage {
                dim,
                inner: config.inner(dim),
                rank: dim.div_ceil(CHANNELS_A_RANK),
                state: config.d_state,
                reduce: None,
                blocks: Vec::with_capacity(depth),
            };
            if let Some(before) = i.checked_sub(1) {
                let key = format!("layers.{before}.downsample");
                stage.reduce = Some(reduce(&format!("{key}.1"), &format!("{key}.3"), stages[before].0, dim)?);
            }
            for j in 0..depth {
                let block = Block::load(&loader, &format!("layers.{i}.blocks.{j}"), &stage)?;
                stage.blocks.push(block);
            }
            loaded.push(stage);
        }
        let out_norm = config
            .tap
            .norm
            .then(|| loader.norm_or_identity(&format!("outnorm{}", stages.len() - 1), last));
        Ok(Self {
            device: device.clone(),
            net: Arc::new(Net {
                stem,
                stages: loaded,
                out_norm: out_norm.transpose()?,
            }),
        })
    }

    /// Grid of every stage that runs, after two halvings in the stem; every stride 2 rounds up.
    fn grids(&self, size: Size) -> Result<Vec<Grid>, EncoderError> {
        if size.batch == 0 || size.height == 0 || size.width == 0 {
            return Err(size.refused("every side and the number of pictures must be at least 1"));
        }
        let grid = |i: usize| Grid {
            height: size.height.div_ceil(4 << i),
            width: size.width.div_ceil(4 << i),
        };
        Ok((0..self.net.stages.len()).map(grid).collect())
    }
}

impl Block {
    fn load(loader: &Loader<'_>, key: &str, stage: &Stage) -> Result<Self, EncoderError> {
        let &Stage {
            dim,
            inner,
            rank,
            state,
            ..
        } = stage;
        let op = format!("{key}.op");
        let proj = rank + 2 * state;
        // [inner, 1, 3, 3] -> [9, inner]
        let taps = loader.floats(&format!("{op}.conv2d.weight"), &[inner, 1, 3, 3])?;
        let taps: Vec<f32> = (0..9 * inner).map(|i| taps[i % inner * 9 + i / inner]).collect();
        let conv_bias = loader.optional_floats(&format!("{op}.conv2d.bias"), &[inner])?;
        let logs = loader.floats(&format!("{op}.A_logs"), &[DIRECTIONS * inner, state])?;
        let a: Vec<f32> = logs.iter().map(|&v| (-f64::from(v).exp()) as f32).collect();
        let upload = |key: String, shape: &[usize]| -> Result<Buffer, EncoderError> {
            Ok(loader.device.upload_f32(&loader.floats(&key, shape)?))
        };
        Ok(Self {
            norm: loader.norm(&format!("{key}.norm"), dim)?,
            in_proj: loader.linear(&format!("{op}.in_proj"), inner, dim, false)?,
            conv: (
                loader.device.upload_f32(&taps),
                conv_bias.map(|bias| loader.device.upload_f32(&bias)),
            ),
            x_proj: loader.projection(
                &format!("{op}.x_proj_weight"),
                &[DIRECTIONS, proj, inner],
                DIRECTIONS * proj,
                inner,
            )?,
            dt_proj: upload(format!("{op}.dt_projs_weight"), &[DIRECTIONS, inner, rank])?,
            dt_bias: upload(format!("{op}.dt_projs_bias"), &[DIRECTIONS, inner])?,
            a: loader.device.upload_f32(&a),
            d: upload(format!("{op}.Ds"), &[DIRECTIONS * inner])?,
            scan_norm: loader.norm(&format!("{op}.out_norm"), inner)?,
            out_proj: loader.linear(&format!("{op}.out_proj"), dim, inner, false)?,
            mlp_norm: loader.norm(&format!("{key}.norm2"), dim)?,
            fc1: loader.linear(&format!("{key}.mlp.fc1"), MLP_RATIO * dim, dim, true)?,
            fc2: loader.linear(&format!("{key}.mlp.fc2"), dim, MLP_RATIO * dim, true)?,
        })
    }
}

impl Encoder for Vmamba {
    fn width(&self) -> usize {
        self.net.stages.last().map_or(0, |stage| stage.dim)
    }

    fn grid(&self, size: Size) -> Result<Grid, EncoderError> {
        self.grids(size)?
            .pop()
            .ok_or_else(|| size.refused("the encoder has no stage"))
    }

    fn session(&self, size: Size) -> Result<Session, EncoderError> {
        let grids = self.grids(size)?;
        let grid = self.grid(size)?;
        let scratch = Scratch::new(&self.device, &self.net, size, &grids)?;
        let input = self
            .device
            .empty_f32(size.words(&[size.batch, size.height, size.width, 3])?);
        let output = self
            .device
            .empty_f32(size.words(&[size.batch, grid.tokens(), self.width()])?);
        let run = Run {
            device: self.device.clone(),
            net: self.net.clone(),
            size,
            grids,
            scratch,
            input: input.clone(),
            output: output.clone(),
        };
        Ok(Session::new(
            &self.device,
            size,
            grid,
            (input, output),
            None,
            Box::new(move || run.launch()),
        ))
    }
}

/// Memory between kernels, as large as the largest stage needs, used by every stage in turn.
struct Scratch {
    /// The residual stream `[pixels, dim]`.
    x: Buffer,
    /// Normed or reduced `[pixels, dim]`.
    n: Buffer,
    /// `[pixels, inner]`: before the depthwise convolution, then the scan's sum; the stem's first half.
    a: Buffer,
    /// `[pixels, inner]`: the scan's input, then its norm; the stem's first half.
    b: Buffer,
    /// Patches of a convolution, step sizes `[pixels, 4, inner]`, or the MLP's hidden layer `[pixels, 4 dim]`.
    wide: Buffer,
    /// `[pixels, 4 * (rank + 2 state)]`.
    proj: Buffer,
    /// What the scan asks for.
    scan: Buffer,
}

impl Scratch {
    fn new(device: &Device, net: &Net, size: Size, grids: &[Grid]) -> Result<Self, EncoderError> {
        let half = size.height.div_ceil(2) * size.width.div_ceil(2);
        let quarter = grids[0].tokens();
        let stem = net.stages[0].dim / 2;
        let inner = size.words(&[size.batch, half, stem])?;
        let wide = size
            .words(&[size.batch, half, Patches::HALVING.width(3)])?
            .max(size.words(&[size.batch, quarter, Patches::HALVING.width(stem)])?);
        // words of x and n; a and b; wide; proj; scan
        let mut most = [0, inner, wide, 0, 1];
        for (i, (stage, grid)) in net.stages.iter().zip(grids).enumerate() {
            let pixels = size.words(&[size.batch, grid.tokens()])?;
            let patches = match i.checked_sub(1) {
                Some(before) => size.words(&[pixels, Patches::HALVING.width(net.stages[before].dim)])?,
                None => 0,
            };
            let steps = size.words(&[pixels, DIRECTIONS, stage.inner])?;
            let hidden = size.words(&[pixels, MLP_RATIO, stage.dim])?;
            let needed = [
                size.words(&[pixels, stage.dim])?,
                size.words(&[pixels, stage.inner])?,
                patches.max(steps).max(hidden),
                size.words(&[pixels, stage.x_proj_rows()])?,
                selective_scan_workspace(size.batch, grid.height, grid.width, stage.inner, stage.state),
            ];
            for (most, needed) in most.iter_mut().zip(needed) {
                *most = (*most).max(needed);
            }
        }
        let [dim, inner, wide, proj, scan] = most;
        Ok(Self {
            x: device.empty_f32(dim),
            n: device.empty_f32(dim),
            a: device.empty_f32(inner),
            b: device.empty_f32(inner),
            wide: device.empty_f32(wide),
            proj: device.empty_f32(proj),
            scan: device.empty_f32(scan),
        })
    }
}

impl Stage {
    fn x_proj_rows(&self) -> usize {
        DIRECTIONS * (self.rank + 2 * self.state)
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
                let image = self.image(grid.height, grid.width, self.net.stages[before].dim);
                self.reduce(reduce, &s.x, image, Activation::None, &s.n, &s.x)?;
            }
            for block in &stage.blocks {
                self.mix(stage, block, self.grids[i])?;
                self.mlp(block, self.size.batch * self.grids[i].tokens())?;
            }
        }
        self.tap()
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
        let patches = &self.scratch.wide;
        im2col(&self.device, from, image, Patches::HALVING, patches)?;
        linear(
            &self.device,
            &reduce.conv,
            patches,
            pixels,
            None,
            Epilogue::Store,
            between,
        )?;
        let Norm { weight, bias } = &reduce.norm;
        layer_norm(&self.device, between, weight, bias, EPS, pixels, activation, to)
    }

    /// `x += out_proj(norm(scan(silu(conv(in_proj(norm(x)))))))`: SS2D.
    fn mix(&self, stage: &Stage, block: &Block, grid: Grid) -> Result<(), KernelError> {
        let (s, device) = (&self.scratch, &self.device);
        let pixels = self.size.batch * grid.tokens();
        self.norm(&block.norm, &s.x, pixels, &s.n)?;
        linear(device, &block.in_proj, &s.n, pixels, None, Epilogue::Store, &s.a)?;
        let image = self.image(grid.height, grid.width, stage.inner);
        depthwise(
            device,
            &s.a,
            &block.conv.0,
            block.conv.1.as_ref(),
            Depthwise::silu3(image),
            &s.b,
        )?;
        linear(device, &block.x_proj, &s.b, pixels, None, Epilogue::Store, &s.proj)?;
        let sizes = DtProject {
            pixels,
            channels: stage.inner,
            rank: stage.rank,
            state: stage.state,
        };
        dt_project(device, &s.proj, &block.dt_proj, sizes, &s.wide)?;
        let scan = SelectiveScan {
            u: &s.b,
            delta: &s.wide,
            proj: &s.proj,
            a: &block.a,
            d: &block.d,
            dt_bias: &block.dt_bias,
            batch: self.size.batch,
            height: grid.height,
            width: grid.width,
            channels: stage.inner,
            rank: stage.rank,
            state: stage.state,
        };
        selective_scan(device, scan, &s.scan, &s.a)?;
        self.norm(&block.scan_norm, &s.a, pixels, &s.b)?;
        linear(device, &block.out_proj, &s.b, pixels, None, Epilogue::Add, &s.x)
    }

    /// `x += fc2(gelu(fc1(norm(x))))`.
    fn mlp(&self, block: &Block, pixels: usize) -> Result<(), KernelError> {
        let (s, device) = (&self.scratch, &self.device);
        self.norm(&block.mlp_norm, &s.x, pixels, &s.n)?;
        linear(device, &block.fc1, &s.n, pixels, None, Epilogue::Gelu, &s.wide)?;
        linear(device, &block.fc2, &s.wide, pixels, None, Epilogue::Add, &s.x)
    }

    fn tap(&self) -> Result<(), KernelError> {
        let len = self.output.len();
        match (&self.net.out_norm, self.net.stages.last()) {
            (Some(norm), Some(stage)) => self.norm(norm, &self.scratch.x, len / stage.dim, &self.output),
            _ => copy(&self.device, &self.scratch.x, 0, &self.output, 0, len),
        }
    }

    fn norm(&self, norm: &Norm, x: &Buffer, rows: usize, dst: &Buffer) -> Result<(), KernelError> {
        layer_norm(
            &self.device,
            x,
            &norm.weight,
            &norm.bias,
            EPS,
            rows,
            Activation::None,
            dst,
        )
    }
}
