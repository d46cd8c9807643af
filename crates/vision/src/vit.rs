//! A plain vision transformer (Dosovitskiy et al. 2020) as timm writes it, tapped at any block.
//!
//! Reference: timm `models/vision_transformer.py`, `VisionTransformer` with `qkv_bias`, learned positions, pre-norm, no layer
//! scale; its key names.

use std::sync::Arc;

use sightline_checkpoint::manifest::{BlockTap, Encoder as Config};
use sightline_kernels::ops::{Activation, Attention, Epilogue, attention, copy, layer_norm, linear};
use sightline_kernels::{Buffer, Device, KernelError, Linear};

use crate::encoder::{Encoder, EncoderError, Grid, Session, Size};
use crate::weights::{Loader, Norm, Source};

/// timm's norm of a VisionTransformer.
const EPS: f32 = 1e-6;
/// Hidden width of the MLP over the width.
const MLP_RATIO: usize = 4;

/// A ViT's shape. Fields are the manifest's.
#[derive(Clone, Debug, PartialEq)]
pub struct VitConfig {
    /// Width of a token.
    pub width: usize,
    /// Blocks of the whole network; those after the tap are never loaded.
    pub depth: usize,
    /// Heads, each `width / heads` wide.
    pub heads: usize,
    /// Side of a patch, px.
    pub patch: usize,
    /// `[height, width]` in px that the position vectors belong to, the only size the encoder takes.
    pub image: [usize; 2],
    /// Whether a class token stands first; it is never given out.
    pub class_token: bool,
    /// Where features leave: block from 0, whether the final norm follows.
    pub tap: BlockTap,
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
            tap: BlockTap { block: 10, norm: false },
        }
    }

    /// ViT-S/16 at 224 px, tapped as in the paper: penultimate block, no norm.
    pub fn small() -> Self {
        Self::preset(384, 6)
    }

    /// ViT-B/16 at 224 px, tapped as in the paper.
    pub fn base() -> Self {
        Self::preset(768, 12)
    }

    /// `sightline-vit-tiny`: ViT-S of 8 blocks without class token, last block with norm.
    pub fn sightline() -> Self {
        Self {
            depth: 8,
            class_token: false,
            tap: BlockTap { block: 7, norm: true },
            ..Self::small()
        }
    }

    fn check(&self) -> Result<(), EncoderError> {
        let checks = [
            ("width", (1..=8192).contains(&self.width), "must be 1 to 8192"),
            ("depth", (1..=128).contains(&self.depth), "must be 1 to 128"),
            (
                "heads",
                self.heads > 0 && self.width.is_multiple_of(self.heads.max(1)),
                "must divide the width",
            ),
            ("patch", (1..=64).contains(&self.patch), "must be 1 to 64 px"),
            ("tap.block", self.tap.block < self.depth, "must be below the depth"),
            (
                "image",
                self.image
                    .iter()
                    .all(|&n| (1..=8192).contains(&n) && n.is_multiple_of(self.patch.max(1))),
                "each side must be a multiple of the patch, at most 8192 px",
            ),
        ];
        match checks.into_iter().find(|(_, fine, _)| !fine) {
            None => Ok(()),
            Some((field, _, message)) => Err(EncoderError::Config {
                field,
                message: message.into(),
            }),
        }
    }

    fn grid(&self) -> Grid {
        Grid {
            height: self.image[0] / self.patch,
            width: self.image[1] / self.patch,
        }
    }

    /// Tokens inside the network, class token included.
    fn tokens(&self) -> usize {
        self.grid().tokens() + usize::from(self.class_token)
    }

    fn patch_values(&self) -> usize {
        3 * self.patch * self.patch
    }
}

impl TryFrom<&Config> for VitConfig {
    type Error = EncoderError;

    fn try_from(config: &Config) -> Result<Self, EncoderError> {
        match config {
            Config::Vit {
                width,
                depth,
                heads,
                patch,
                image,
                class_token,
                tap,
            } => Ok(Self {
                width: *width,
                depth: *depth,
                heads: *heads,
                patch: *patch,
                image: *image,
                class_token: *class_token,
                tap: *tap,
            }),
            _ => Err(EncoderError::Config {
                field: "kind",
                message: "must be `vit` for this encoder".into(),
            }),
        }
    }
}

/// A ViT on a device.
#[derive(Clone)]
pub struct Vit {
    device: Device,
    net: Arc<Net>,
}

struct Net {
    config: VitConfig,
    /// `[width, 3 * patch * patch]`, columns `(channel, y, x)`.
    patches: Linear,
    /// What a token starts from, `[tokens, width]`: its position vector, and for the class token the token itself less the
    /// bias that the patch projection adds to its row of zeros.
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
    /// Reads the tensors up to the tap and puts them on the device. Nothing beyond the tap is looked for.
    ///
    /// # Errors
    /// [`EncoderError`] names the field or tensor that does not fit.
    pub fn load(device: &Device, config: VitConfig, source: &dyn Source) -> Result<Self, EncoderError> {
        config.check()?;
        let loader = Loader::new(device, source);
        let VitConfig { width, patch, .. } = config;
        let tokens = config.tokens();
        let bias = loader.floats("patch_embed.proj.bias", &[width])?;
        let patches = loader.patches(
            "patch_embed.proj",
            &[width, 3, patch, patch],
            width,
            config.patch_values(),
            &bias,
        )?;
        let mut start = loader.floats("pos_embed", &[1, tokens, width])?;
        if config.class_token {
            let class = loader.floats("cls_token", &[1, 1, width])?;
            for ((start, class), bias) in start.iter_mut().zip(class).zip(bias) {
                *start += class - bias;
            }
        }
        let blocks = (0..=config.tap.block).map(|i| Block::load(&loader, &format!("blocks.{i}"), width));
        let blocks = blocks.collect::<Result<Vec<_>, _>>()?;
        let norm = config.tap.norm.then(|| loader.norm("norm", width)).transpose()?;
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
    fn load(loader: &Loader<'_>, key: &str, width: usize) -> Result<Self, EncoderError> {
        Ok(Self {
            norm1: loader.norm(&format!("{key}.norm1"), width)?,
            qkv: loader.linear(&format!("{key}.attn.qkv"), 3 * width, width, true)?,
            proj: loader.linear(&format!("{key}.attn.proj"), width, width, true)?,
            norm2: loader.norm(&format!("{key}.norm2"), width)?,
            fc1: loader.linear(&format!("{key}.mlp.fc1"), MLP_RATIO * width, width, true)?,
            fc2: loader.linear(&format!("{key}.mlp.fc2"), width, MLP_RATIO * width, true)?,
        })
    }
}

impl Encoder for Vit {
    fn width(&self) -> usize {
        self.net.config.width
    }

    fn grid(&self, size: Size) -> Result<Grid, EncoderError> {
        let config = &self.net.config;
        let [height, width] = config.image;
        if size.batch == 0 || (size.height, size.width) != (height, width) {
            return Err(size.refused(format!(
                "this encoder takes one or more pictures of {height} x {width} px, its position vectors fit no other size"
            )));
        }
        Ok(config.grid())
    }

    fn session(&self, size: Size) -> Result<Session, EncoderError> {
        let grid = self.grid(size)?;
        let (device, config) = (&self.device, &self.net.config);
        let rows = size.words(&[size.batch, config.tokens()])?;
        let empty = |width: usize| Ok::<_, EncoderError>(device.empty_f32(size.words(&[rows, width])?));
        let input = empty(config.patch_values())?;
        let output = device.empty_f32(size.words(&[size.batch, grid.tokens(), config.width])?);
        let run = Run {
            device: device.clone(),
            net: self.net.clone(),
            batch: size.batch,
            start: device.upload_f32(&self.net.start.repeat(size.batch)),
            x: empty(config.width)?,
            n: empty(config.width)?,
            wide: empty(MLP_RATIO * config.width)?,
            input: input.clone(),
            output: output.clone(),
        };
        let net = self.net.clone();
        let arrange = Box::new(move |pictures: &[f32]| to_patches(pictures, &net.config));
        Ok(Session::new(
            device,
            size,
            grid,
            (input, output),
            Some(arrange),
            Box::new(move || run.launch()),
        ))
    }
}

/// `[batch, height, width, 3]` into `[batch, tokens, 3, patch, patch]`, a row of zeros where the class token stands.
fn to_patches(pictures: &[f32], config: &VitConfig) -> Vec<f32> {
    let [height, width] = config.image;
    let (grid, side) = (config.grid(), config.patch);
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
    /// `[batch, tokens, width]`.
    start: Buffer,
    /// The residual stream `[batch, tokens, width]`.
    x: Buffer,
    /// Normed, or the heads' outputs `[batch, tokens, width]`.
    n: Buffer,
    /// Queries, keys and values `[batch, tokens, 3 width]`, or the MLP's hidden layer `[batch, tokens, 4 width]`.
    wide: Buffer,
    input: Buffer,
    output: Buffer,
}

impl Run {
    /// Enqueues every kernel.
    fn launch(&self) -> Result<(), KernelError> {
        let config = &self.net.config;
        let (device, rows) = (&self.device, self.batch * config.tokens());
        copy(device, &self.start, 0, &self.x, 0, rows * config.width)?;
        linear(
            device,
            &self.net.patches,
            &self.input,
            rows,
            None,
            Epilogue::Add,
            &self.x,
        )?;
        let sizes = Attention {
            batch: self.batch,
            tokens: config.tokens(),
            heads: config.heads,
            head_dim: config.width / config.heads,
        };
        for block in &self.net.blocks {
            self.norm(&block.norm1, rows, &self.n)?;
            linear(device, &block.qkv, &self.n, rows, None, Epilogue::Store, &self.wide)?;
            attention(device, &self.wide, sizes, &self.n)?;
            linear(device, &block.proj, &self.n, rows, None, Epilogue::Add, &self.x)?;
            self.norm(&block.norm2, rows, &self.n)?;
            linear(device, &block.fc1, &self.n, rows, None, Epilogue::Gelu, &self.wide)?;
            linear(device, &block.fc2, &self.wide, rows, None, Epilogue::Add, &self.x)?;
        }
        self.tap(rows)
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
        let (with_class, kept) = (config.tokens() * config.width, config.grid().tokens() * config.width);
        for picture in 0..self.batch {
            let from = (picture + 1) * with_class - kept;
            copy(&self.device, tapped, from, &self.output, picture * kept, kept)?;
        }
        Ok(())
    }

    fn norm(&self, norm: &Norm, rows: usize, dst: &Buffer) -> Result<(), KernelError> {
        layer_norm(
            &self.device,
            &self.x,
            &norm.weight,
            &norm.bias,
            EPS,
            rows,
            Activation::None,
            dst,
        )
    }
}
