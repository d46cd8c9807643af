use std::fmt::Debug;

use sightline_checkpoint::manifest;
use sightline_kernels::Device;

use super::{Encoder, EncoderError, Grid, Schema, Size, Source};

/// A kind of encoder: all that the rest of the program asks about it.
///
/// An implementation is one file of `encoders/`, and one row of [`KINDS`](crate::KINDS).
pub trait EncoderKind: Sync {
    /// The `kind` of a manifest's row. Stable: lower-case letters and digits.
    fn id(&self) -> &'static str;

    /// The name on labels, for example `ViT`.
    fn title(&self) -> &'static str;

    /// What mixes the tokens, in two or three words, for example `attention`.
    fn mixer(&self) -> &'static str;

    /// How it sees and what that costs: one sentence for people.
    fn about(&self) -> &'static str;

    /// Reads a manifest's row and checks every bound.
    ///
    /// # Errors
    /// [`EncoderError::Config`] names the field and what would be right.
    fn parse(&self, row: &manifest::Encoder) -> Result<Box<dyn EncoderConfig>, EncoderError>;

    /// Shapes with a name, this project's own first. Benchmarks run them.
    fn presets(&self) -> Vec<Preset>;

    /// A small shape that runs every kernel of the kind on pictures of `side` x `side` px, and
    /// gives a token per 16 x 16 px. `side` is a multiple of 16.
    fn tiny(&self, side: usize) -> Box<dyn EncoderConfig>;

    /// The kind against its authors' own code.
    #[cfg(feature = "suite")]
    fn goldens(&self) -> Vec<Golden>;

    /// Title and mixer: `ViT (attention)`.
    fn name(&self) -> String {
        format!("{} ({})", self.title(), self.mixer())
    }
}

/// One shape of a kind, within the kind's bounds.
pub trait EncoderConfig: Debug + Send + Sync {
    /// The manifest's row that [`EncoderKind::parse`] reads as this shape.
    fn row(&self) -> manifest::Encoder;

    /// Width of a token.
    fn width(&self) -> usize;

    /// Rows and columns of tokens that a picture of this size gives.
    ///
    /// # Errors
    /// [`EncoderError::Size`] for a size this encoder cannot take.
    fn grid(&self, size: Size) -> Result<Grid, EncoderError>;

    /// The same shape for pictures of `[height, width]` px: with other position vectors, where it
    /// has some.
    fn resized(&self, size: [usize; 2]) -> Box<dyn EncoderConfig>;

    /// Every tensor up to the tap. Nothing beyond it is ever read.
    fn schema(&self) -> Schema;

    /// Number of operations up to the tap. A multiply-add is two, an exponential or a division is
    /// one; norms and activations, which are under 1 %, are left out.
    fn flops(&self, size: Size) -> f64;

    /// Puts the encoder on a device.
    ///
    /// # Errors
    /// [`EncoderError`] names the tensor that is missing or of another shape.
    fn load(&self, device: &Device, source: &dyn Source) -> Result<Box<dyn Encoder>, EncoderError>;
}

/// A shape with a name.
#[derive(Debug)]
pub struct Preset {
    /// The name that tables show.
    pub name: &'static str,
    /// The shape.
    pub config: Box<dyn EncoderConfig>,
    /// Whether it is this project's own shape, whose files hold int8. Others are published in f32.
    pub ours: bool,
}

/// Features that the authors' own code computed, and the comparisons with them.
#[cfg(feature = "suite")]
pub struct Golden {
    /// File name in the kind's folder of `tests/goldens`, without its ending.
    pub name: &'static str,
    /// The file.
    pub bytes: &'static [u8],
    /// The shape for pictures of 224 x 224 px.
    pub config: Box<dyn EncoderConfig>,
    /// What is compared.
    pub checks: &'static [Check],
}

/// One comparison with a golden.
#[cfg(feature = "suite")]
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// `[height, width]` in px; the golden has features of this size.
    pub size: [usize; 2],
    /// How many of the golden's two pictures are encoded in one batch.
    pub pictures: usize,
    /// Matrices as int8, as shipped.
    pub int8: bool,
    /// Products 16 bits wide, on devices that have them.
    pub half: bool,
}

#[cfg(feature = "suite")]
impl Check {
    /// In f32.
    pub(crate) const fn new(size: [usize; 2], pictures: usize) -> Self {
        Self {
            size,
            pictures,
            int8: false,
            half: false,
        }
    }

    /// With matrices as int8.
    pub(crate) const fn int8(self) -> Self {
        Self { int8: true, ..self }
    }

    /// With 16-bit products.
    pub(crate) const fn half(self) -> Self {
        Self { half: true, ..self }
    }
}

/// A golden by its folder and file in `tests/goldens`, with its shape and its checks.
#[cfg(feature = "suite")]
macro_rules! golden {
    ($folder:literal, $name:literal, $config:expr, [$($check:expr),+ $(,)?]) => {
        $crate::encoder::Golden {
            name: $name,
            bytes: include_bytes!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../tests/goldens/",
                $folder,
                "/",
                $name,
                ".safetensors"
            )),
            config: Box::new($config),
            checks: const { &[$($check),+] },
        }
    };
}
#[cfg(feature = "suite")]
pub(crate) use golden;
