//! A plain vision transformer (Dosovitskiy et al. 2020) as timm writes it, tapped at any block.
//!
//! Reference: timm `models/vision_transformer.py`, `VisionTransformer` with `qkv_bias`, learned
//! positions, pre-norm, no layer scale; its key names.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sightline_checkpoint::manifest;
use sightline_kernels::ops::{
    Activation, Apply, Attention, CopyRows, Epilogue, LayerNorm, attention, copy, layer_norm, linear,
};
use sightline_kernels::{Buffer, Device, KernelError, Linear};

#[cfg(feature = "suite")]
use crate::encoder::{Check, Golden, golden};
use crate::encoder::{
    Encoder, EncoderConfig, EncoderError, EncoderKind, Grid, Launch, Loader, Norm, Preset, Schema, Session, Size,
    Source, read, within, write,
};

use crate::inside::{AttentionBuffers, Inside, Mixer};

/// timm's norm of a VisionTransformer.
const EPS: f32 = 1e-6;
/// Hidden width of the MLP over the width.
const MLP_RATIO: usize = 4;

/// The kind.
pub(crate) struct Kind;

impl EncoderKind for Kind {
    fn id(&self) -> &'static str {
        "vit"
    }

    fn title(&self) -> &'static str {
        "ViT"
    }

    fn mixer(&self) -> &'static str {
        "attention"
    }

    fn about(&self) -> &'static str {
        "Compares every patch with every other: its work grows with the square of their number."
    }

    fn parse(&self, row: &manifest::Encoder) -> Result<Box<dyn EncoderConfig>, EncoderError> {
        let config: VitConfig = read(row)?;
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
            preset("sightline-vit-tiny", VitConfig::sightline(), true),
            preset("ViT-S/16", VitConfig::small(), false),
        ]
    }

    fn tiny(&self, side: usize) -> Box<dyn EncoderConfig> {
        Box::new(VitConfig {
            width: 64,
            depth: 2,
            heads: 2,
            image: [side; 2],
            tap: Tap { block: 1, norm: true },
            ..VitConfig::sightline()
        })
    }

    #[cfg(feature = "suite")]
    fn goldens(&self) -> Vec<Golden> {
        const SQUARE: [usize; 2] = [224, 224];
        const OBLONG: [usize; 2] = [208, 176];
        vec![
            golden!(
                "vit",
                "ours",
                VitConfig::sightline(),
                [
                    Check::new(SQUARE, 2),
                    Check::new(OBLONG, 2),
                    Check::new(SQUARE, 1).int8(),
                    Check::new(SQUARE, 2).half(),
                    Check::new(SQUARE, 1).int8().half(),
                ]
            ),
            golden!(
                "vit",
                "s",
                VitConfig::small(),
                [
                    Check::new(SQUARE, 1),
                    Check::new(OBLONG, 2),
                    Check::new(OBLONG, 2).half(),
                ]
            ),
            golden!(
                "vit",
                "b",
                VitConfig::base(),
                [Check::new(SQUARE, 1), Check::new(OBLONG, 1)]
            ),
        ]
    }
}

/// A ViT's shape. Fields are the manifest's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct VitConfig {
    /// Width of a token.
    width: usize,
    /// Number of blocks of the whole network; those after the tap are never loaded.
    depth: usize,
    /// Number of heads, each `width / heads` wide.
    heads: usize,
    /// Side of a patch, px.
    patch: usize,
    /// `[height, width]` in px that the position vectors belong to, the only size the encoder
    /// takes.
    image: [usize; 2],
    /// Whether a class token stands first; it is never given out.
    class_token: bool,
    /// Where features leave.
    tap: Tap,
}

/// Where features leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tap {
    /// Block, from 0.
    block: usize,
    /// Whether the final norm follows.
    norm: bool,
}

impl VitConfig {
    fn preset(width: usize, heads: usize) -> Self {
        Self {
            width,
            depth: 12,
            heads,
            patch: 16,
            image: [224, 224],
            class_token: true,
            tap: Tap { block: 10, norm: false },
        }
    }

    /// ViT-S/16 at 224 px, tapped as in the paper: penultimate block, no norm.
    fn small() -> Self {
        Self::preset(384, 6)
    }

    /// ViT-B/16 at 224 px, tapped as in the paper.
    #[cfg(feature = "suite")]
    fn base() -> Self {
        Self::preset(768, 12)
    }

    /// `sightline-vit-tiny`: ViT-S of 8 blocks without class token, last block with norm.
    fn sightline() -> Self {
        Self {
            depth: 8,
            class_token: false,
            tap: Tap { block: 7, norm: true },
            ..Self::small()
        }
    }

    fn check(&self) -> Result<(), EncoderError> {
        let &Self {
            width,
            depth,
            heads,
            patch,
            ..
        } = self;
        within((1..=8192).contains(&width), "width", || {
            format!("is {width}, must be 1 to 8192")
        })?;
        within((1..=128).contains(&depth), "depth", || {
            format!("is {depth}, must be 1 to 128")
        })?;
        within(heads > 0 && width.is_multiple_of(heads.max(1)), "heads", || {
            format!("is {heads}, must divide the width {width}")
        })?;
        within((1..=64).contains(&patch), "patch", || {
            format!("is {patch}, must be 1 to 64 px")
        })?;
        for side in self.image {
            within(
                (1..=8192).contains(&side) && side.is_multiple_of(patch),
                "image",
                || format!("has a side of {side} px, must be a multiple of the patch of {patch} px, at most 8192 px"),
            )?;
        }
        let block = self.tap.block;
        within(block < depth, "tap.block", || {
            format!("is {block}, the last block is {}", depth - 1)
        })
    }

    fn tiles(&self) -> Grid {
        Grid {
            height: self.image[0] / self.patch,
            width: self.image[1] / self.patch,
        }
    }

    /// Number of tokens inside the network, class token included.
    fn tokens(&self) -> usize {
        self.tiles().tokens() + usize::from(self.class_token)
    }

    fn patch_values(&self) -> usize {
        3 * self.patch * self.patch
    }
}

impl EncoderConfig for VitConfig {
    fn row(&self) -> manifest::Encoder {
        write(Kind.id(), self)
    }

    fn width(&self) -> usize {
        self.width
    }

    fn grid(&self, size: Size) -> Result<Grid, EncoderError> {
        let [height, width] = self.image;
        if size.batch == 0 || (size.height, size.width) != (height, width) {
            return Err(size.refused(format!(
                "this encoder takes one or more pictures of {height} x {width} px, its position vectors fit no other size"
            )));
        }
        Ok(self.tiles())
    }

    fn resized(&self, size: [usize; 2]) -> Box<dyn EncoderConfig> {
        Box::new(Self {
            image: size,
            ..self.clone()
        })
    }

    /// timm's keys.
    fn schema(&self) -> Schema {
        let (width, patch) = (self.width, self.patch);
        let mut schema = Schema::default();
        schema.convolution("patch_embed.proj", width, 3, patch);
        schema.values("pos_embed", &[1, self.tokens(), width], 0.0, 0.1);
        if self.class_token {
            schema.values("cls_token", &[1, 1, width], 0.0, 0.1);
        }
        for i in 0..=self.tap.block {
            let key = format!("blocks.{i}");
            schema.norm(&format!("{key}.norm1"), width);
            schema.linear(&format!("{key}.attn.qkv"), 3 * width, width);
            schema.linear(&format!("{key}.attn.proj"), width, width);
            schema.norm(&format!("{key}.norm2"), width);
            schema.linear(&format!("{key}.mlp.fc1"), MLP_RATIO * width, width);
            schema.linear(&format!("{key}.mlp.fc2"), width, MLP_RATIO * width);
        }
        if self.tap.norm {
            schema.norm("norm", width);
        }
        schema
    }

    /// Matrix products and attention.
    fn flops(&self, size: Size) -> f64 {
        let (patches, tokens, width) = (self.tiles().tokens() as f64, self.tokens() as f64, self.width as f64);
        let embed = 2.0 * patches * width * self.patch_values() as f64;
        let block = 24.0 * tokens * width * width + 4.0 * tokens * tokens * width;
        size.batch as f64 * (embed + (self.tap.block + 1) as f64 * block)
    }

    fn load(&self, device: &Device, source: &dyn Source) -> Result<Box<dyn Encoder>, EncoderError> {
        Ok(Box::new(Vit::load(device, self.clone(), source)?))
    }
}

/// A ViT on a device.
struct Vit {
    device: Device,
    net: Arc<Net>,
}

struct Net {
    config: VitConfig,
    /// `[width, 3 * patch * patch]`, columns `(channel, y, x)`.
    patches: Linear,
    /// What a token starts from, `[tokens, width]`: its position vector, and for the class token
    /// the token itself less the bias that the patch projection adds to its row of zeros.
    start: Vec<f32>,
    blocks: Vec<Block>,
    norm: Option<Norm>,
}

struct Block {
    norm1: Norm,
    qkv: Linear,
    proj: Linear,
    norm2: Norm,
    fc1: Linear,
    fc2: Linear,
}

impl Vit {
    fn load(device: &Device, config: VitConfig, source: &dyn Source) -> Result<Self, EncoderError> {
        let loader = Loader::new(device, source, config.schema());
        let bias = loader.floats("patch_embed.proj.bias")?;
        let patches = loader.linear("patch_embed.proj")?;
        let mut start = loader.floats("pos_embed")?;
        if config.class_token {
            let class = loader.floats("cls_token")?;
            for ((start, class), bias) in start.iter_mut().zip(class).zip(bias) {
                *start += class - bias;
            }
        }
        let blocks = (0..=config.tap.block).map(|i| Block::load(&loader, &format!("blocks.{i}")));
        let blocks = blocks.collect::<Result<Vec<_>, _>>()?;
        let norm = config.tap.norm.then(|| loader.norm("norm")).transpose()?;
        Ok(Self {
            device: device.clone(),
            net: Arc::new(Net {
                config,
                patches,
                start,
                blocks,
                norm,
            }),
        })
    }
}

impl Block {
    fn load(loader: &Loader<'_>, key: &str) -> Result<Self, EncoderError> {
        Ok(Self {
            norm1: loader.norm(&format!("{key}.norm1"))?,
            qkv: loader.linear(&format!("{key}.attn.qkv"))?,
            proj: loader.linear(&format!("{key}.attn.proj"))?,
            norm2: loader.norm(&format!("{key}.norm2"))?,
            fc1: loader.linear(&format!("{key}.mlp.fc1"))?,
            fc2: loader.linear(&format!("{key}.mlp.fc2"))?,
        })
    }
}

impl Encoder for Vit {
    fn width(&self) -> usize {
        self.net.config.width
    }

    fn session(&self, size: Size) -> Result<Session, EncoderError> {
        let run = self.prepare(size)?;
        self.wrap(size, &run.ends(), Box::new(move || run.launch()))
    }

    fn mixers(&self) -> usize {
        self.net.blocks.len()
    }

    fn inside(&self, size: Size, block: usize) -> Result<Option<Inside>, EncoderError> {
        if block >= self.mixers() {
            return Ok(None);
        }
        let (run, config) = (self.prepare(size)?, &self.net.config);
        let mixer = Mixer::Attention(AttentionBuffers {
            qkv: run.qkv.clone(),
            tokens: config.tokens(),
            first: usize::from(config.class_token),
            heads: config.heads,
        });
        let session = self.wrap(size, &run.ends(), Box::new(move || run.launch_to(block)))?;
        Ok(Some(Inside::new(&self.device, session, mixer)))
    }
}

impl Vit {
    /// Memory for a pass over pictures of this size.
    fn prepare(&self, size: Size) -> Result<Run, EncoderError> {
        let (device, config) = (&self.device, &self.net.config);
        let grid = config.grid(size)?;
        let empty = |tokens: usize, width: usize| -> Result<Buffer, EncoderError> {
            Ok(device.empty_f32(size.sides(&[size.batch, tokens], width)?))
        };
        let tokens = config.tokens();
        let rows = size.batch * tokens;
        let wide = empty(tokens, MLP_RATIO * config.width)?;
        let start = device.upload_f32(&self.net.start.repeat(size.batch));
        Ok(Run {
            device: device.clone(),
            net: self.net.clone(),
            batch: size.batch,
            start: start.reshape([rows, config.width])?,
            x: empty(tokens, config.width)?,
            n: empty(tokens, config.width)?,
            qkv: wide.view([rows, 3 * config.width])?,
            wide,
            input: empty(tokens, config.patch_values())?,
            output: empty(grid.tokens(), config.width)?,
        })
    }

    /// A session whose kernels `launch` enqueues between these two buffers.
    fn wrap(&self, size: Size, ends: &[Buffer; 2], launch: Launch) -> Result<Session, EncoderError> {
        let net = self.net.clone();
        let arrange = Box::new(move |pictures: &[f32]| to_patches(pictures, &net.config));
        let [input, output] = ends.clone();
        let grid = self.net.config.grid(size)?;
        Ok(Session::new(
            &self.device,
            size,
            grid,
            (input, output),
            Some(arrange),
            launch,
        ))
    }
}

/// `[batch, height, width, 3]` into `[batch, tokens, 3, patch, patch]`, a row of zeros where the
/// class token stands.
fn to_patches(pictures: &[f32], config: &VitConfig) -> Vec<f32> {
    let [height, width] = config.image;
    let (grid, side) = (config.tiles(), config.patch);
    let skipped = usize::from(config.class_token) * config.patch_values();
    let mut out = Vec::with_capacity(pictures.len() + skipped);
    for picture in pictures.chunks_exact(height * width * 3) {
        out.resize(out.len() + skipped, 0.0);
        for patch in 0..grid.tokens() {
            let (top, left) = (patch / grid.width * side, patch % grid.width * side);
            for (channel, y) in (0..3).flat_map(|channel| (0..side).map(move |y| (channel, y))) {
                let first = ((top + y) * width + left) * 3;
                out.extend(picture[first..first + side * 3].iter().skip(channel).step_by(3));
            }
        }
    }
    out
}

/// One prepared pass from `input` to `output`.
struct Run {
    device: Device,
    net: Arc<Net>,
    batch: usize,
    /// `[batch * tokens, width]`.
    start: Buffer,
    /// The residual stream `[batch * tokens, width]`.
    x: Buffer,
    /// Normed, or the heads' outputs `[batch * tokens, width]`.
    n: Buffer,
    /// Queries, keys and values `[batch * tokens, 3 width]`, in the memory of `wide`.
    qkv: Buffer,
    /// The MLP's hidden layer `[batch * tokens, 4 width]`.
    wide: Buffer,
    input: Buffer,
    output: Buffer,
}

impl Run {
    fn ends(&self) -> [Buffer; 2] {
        [self.input.clone(), self.output.clone()]
    }

    /// Enqueues every kernel.
    fn launch(&self) -> Result<(), KernelError> {
        self.blocks(None)?;
        self.tap(self.batch * self.net.config.tokens())
    }

    /// Enqueues every kernel before the attention of a block, whose queries, keys and values then
    /// stay in the scratch memory.
    fn launch_to(&self, block: usize) -> Result<(), KernelError> {
        self.blocks(Some(block))
    }

    /// Patches and blocks. With `until`, up to the queries, keys and values of that block.
    fn blocks(&self, until: Option<usize>) -> Result<(), KernelError> {
        let config = &self.net.config;
        let (device, rows) = (&self.device, self.batch * config.tokens());
        copy(device, CopyRows::first(&self.start, &self.x, rows))?;
        linear(
            device,
            Apply {
                epilogue: Epilogue::Add,
                ..Apply::new(&self.net.patches, &self.input, rows, &self.x)
            },
        )?;
        let heads = Attention {
            qkv: &self.qkv,
            batch: self.batch,
            tokens: config.tokens(),
            heads: config.heads,
            head_dim: config.width / config.heads,
            dst: &self.n,
        };
        for (i, block) in self.net.blocks.iter().enumerate() {
            self.norm(&block.norm1, rows, &self.n)?;
            linear(device, Apply::new(&block.qkv, &self.n, rows, &self.qkv))?;
            if until == Some(i) {
                return Ok(());
            }
            attention(device, heads)?;
            linear(
                device,
                Apply {
                    epilogue: Epilogue::Add,
                    ..Apply::new(&block.proj, &self.n, rows, &self.x)
                },
            )?;
            self.norm(&block.norm2, rows, &self.n)?;
            linear(
                device,
                Apply {
                    epilogue: Epilogue::Gelu,
                    ..Apply::new(&block.fc1, &self.n, rows, &self.wide)
                },
            )?;
            linear(
                device,
                Apply {
                    epilogue: Epilogue::Add,
                    ..Apply::new(&block.fc2, &self.wide, rows, &self.x)
                },
            )?;
        }
        Ok(())
    }

    /// Final norm if wanted, class token left out.
    fn tap(&self, rows: usize) -> Result<(), KernelError> {
        let config = &self.net.config;
        let tapped = match &self.net.norm {
            Some(norm) if !config.class_token => return self.norm(norm, rows, &self.output),
            Some(norm) => {
                self.norm(norm, rows, &self.n)?;
                &self.n
            }
            None => &self.x,
        };
        let kept = config.tiles().tokens();
        for picture in 0..self.batch {
            let args = CopyRows {
                src: tapped,
                from: (picture + 1) * config.tokens() - kept,
                dst: &self.output,
                to: picture * kept,
                rows: kept,
            };
            copy(&self.device, args)?;
        }
        Ok(())
    }

    fn norm(&self, norm: &Norm, rows: usize, dst: &Buffer) -> Result<(), KernelError> {
        layer_norm(
            &self.device,
            LayerNorm {
                x: &self.x,
                weight: &norm.weight,
                bias: &norm.bias,
                eps: EPS,
                rows,
                activation: Activation::None,
                dst,
            },
        )
    }
}
