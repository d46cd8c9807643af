//! What every encoder is to the rest of the program, and the table of kinds.

use sightline_checkpoint::manifest::Encoder as Config;
use sightline_checkpoint::tensors::TensorsError;
use sightline_kernels::{Buffer, Device, Graph, KernelError, ops};
use thiserror::Error;

use crate::vit::{Vit, VitConfig};
use crate::vmamba::{Vmamba, VmambaConfig};
use crate::weights::Source;

/// 32-bit words that one scratch buffer may have: 1 GiB, more than any picture of [`MAX_CANVAS`](crate::MAX_CANVAS) needs in
/// the shipped models.
const MAX_SCRATCH: u64 = 1 << 28;

/// Why an encoder cannot be loaded or run.
#[derive(Debug, Error)]
pub enum EncoderError {
    /// A tensor that the configuration needs is not in the file.
    #[error("tensor `{key}` is missing from the weights; the file belongs to another encoder than the manifest says")]
    Missing {
        /// The key.
        key: String,
    },
    /// A tensor of another shape than the configuration needs.
    #[error(
        "tensor `{key}` has shape {found:?}, the manifest's encoder needs {wanted:?}; use the file that belongs to it"
    )]
    Shape {
        /// The key.
        key: String,
        /// Shape needed.
        wanted: Vec<usize>,
        /// Shape in the file.
        found: Vec<usize>,
    },
    /// A field of the manifest's `encoder` that cannot work.
    #[error("encoder.{field} of the manifest: {message}")]
    Config {
        /// The field.
        field: &'static str,
        /// What is wrong and what would be right.
        message: String,
    },
    /// A picture size, or a number of pictures, that this encoder cannot take.
    #[error("{batch} picture(s) of {height} x {width} px: {message}")]
    Size {
        /// Pictures.
        batch: usize,
        /// Height in px.
        height: usize,
        /// Width in px.
        width: usize,
        /// What would be right.
        message: String,
    },
    /// Pictures of another length than the session was prepared for.
    #[error("the encoder was prepared for {expected} values (pictures x height x width x 3), {found} were given")]
    Length {
        /// Values the session takes.
        expected: usize,
        /// Values given.
        found: usize,
    },
    /// The weights could not be read.
    #[error(transparent)]
    Tensors(#[from] TensorsError),
    /// A kernel or the device failed.
    #[error(transparent)]
    Kernel(#[from] KernelError),
}

/// How many pictures of which size an encoder runs on at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Pictures, at least 1.
    pub batch: usize,
    /// Height in px.
    pub height: usize,
    /// Width in px.
    pub width: usize,
}

impl Size {
    /// One picture.
    pub fn one(height: usize, width: usize) -> Self {
        Self {
            batch: 1,
            height,
            width,
        }
    }

    pub(crate) fn refused(self, message: impl Into<String>) -> EncoderError {
        EncoderError::Size {
            batch: self.batch,
            height: self.height,
            width: self.width,
            message: message.into(),
        }
    }

    /// A product of sizes as words of scratch memory, or the sentence that it is too much.
    pub(crate) fn words(self, factors: &[usize]) -> Result<usize, EncoderError> {
        let words = factors
            .iter()
            .fold(1u64, |product, &n| product.saturating_mul(n as u64));
        if words > MAX_SCRATCH {
            return Err(self.refused(format!(
                "a buffer would need {words} values, at most {MAX_SCRATCH} are allowed"
            )));
        }
        Ok(words as usize)
    }
}

/// Rows and columns of visual tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl Grid {
    /// Tokens of one picture.
    pub fn tokens(self) -> usize {
        self.height * self.width
    }
}

/// A vision encoder whose weights are on a device.
pub trait Encoder {
    /// Width of a token.
    fn width(&self) -> usize;

    /// Grid of tokens that a picture of this size gives.
    ///
    /// # Errors
    /// [`EncoderError::Size`] for a size this encoder cannot take.
    fn grid(&self, size: Size) -> Result<Grid, EncoderError>;

    /// Allocates everything that running on pictures of this size needs. Weights are shared between sessions.
    ///
    /// # Errors
    /// [`EncoderError::Size`] for a size this encoder cannot take.
    fn session(&self, size: Size) -> Result<Session, EncoderError>;
}

/// Puts an encoder on a device: the one table of kinds. A new encoder is its file and a line here.
///
/// # Errors
/// [`EncoderError`] names the manifest's field or the tensor that does not fit.
pub fn load(device: &Device, config: &Config, source: &dyn Source) -> Result<Box<dyn Encoder>, EncoderError> {
    Ok(match config {
        Config::Vmamba { .. } => Box::new(Vmamba::load(device, VmambaConfig::try_from(config)?, source)?),
        Config::Vit { .. } => Box::new(Vit::load(device, VitConfig::try_from(config)?, source)?),
    })
}

type Launch = Box<dyn Fn() -> Result<(), KernelError> + Send + Sync>;
type Arrange = Box<dyn Fn(&[f32]) -> Vec<f32> + Send + Sync>;

/// An encoder prepared for one [`Size`]: buffers, and on a GPU the recorded graph.
pub struct Session {
    device: Device,
    size: Size,
    grid: Grid,
    input: Buffer,
    output: Buffer,
    arrange: Option<Arrange>,
    /// One picture on its way into `input`.
    staging: Option<Buffer>,
    launch: Launch,
    graph: Option<Graph>,
}

impl Session {
    /// `launch` enqueues every kernel from `input` to `output`; `arrange` turns `[batch, height, width, 3]` into what `input`
    /// holds, where that is something else.
    pub(crate) fn new(
        device: &Device,
        size: Size,
        grid: Grid,
        (input, output): (Buffer, Buffer),
        arrange: Option<Arrange>,
        launch: Launch,
    ) -> Self {
        Self {
            device: device.clone(),
            size,
            grid,
            input,
            output,
            arrange,
            staging: None,
            launch,
            graph: None,
        }
    }

    /// Writes the pictures' normalised values.
    ///
    /// # Shapes
    /// `pictures` `[batch, height, width, 3]`.
    ///
    /// # Errors
    /// [`EncoderError::Length`], or the device's failure.
    pub fn write(&self, pictures: &[f32]) -> Result<(), EncoderError> {
        let expected = self.size.batch * self.size.height * self.size.width * 3;
        if pictures.len() != expected {
            return Err(EncoderError::Length {
                expected,
                found: pictures.len(),
            });
        }
        match &self.arrange {
            Some(arrange) => self.device.write_f32(&self.input, &arrange(pictures))?,
            None => self.device.write_f32(&self.input, pictures)?,
        }
        Ok(())
    }

    /// The same, every picture from a slice of its own `[height, width, 3]`. Places that are left over keep what they hold.
    ///
    /// Pictures go one by one: a host copy of all of them is so large that allocators give its pages back every time, and taking
    /// them again costs more than the transfer.
    ///
    /// # Errors
    /// [`EncoderError::Length`], also for more pictures than the session has places, or the device's failure.
    pub fn write_each(&mut self, pictures: &[&[f32]]) -> Result<(), EncoderError> {
        let one = self.size.height * self.size.width * 3;
        let length = |expected, found| Err(EncoderError::Length { expected, found });
        if pictures.len() > self.size.batch {
            return length(self.size.batch * one, pictures.len() * one);
        }
        let held = self.input.len() / self.size.batch;
        let staging = self.staging.get_or_insert_with(|| self.device.empty_f32(held));
        for (at, picture) in pictures.iter().enumerate() {
            if picture.len() != one {
                return length(one, picture.len());
            }
            match &self.arrange {
                Some(arrange) => self.device.write_f32(staging, &arrange(picture))?,
                None => self.device.write_f32(staging, picture)?,
            }
            ops::copy(&self.device, staging, 0, &self.input, at * held, held)?;
        }
        Ok(())
    }

    /// Enqueues every kernel, without the graph: for a caller that records more than the encoder.
    ///
    /// # Errors
    /// The device's failure.
    pub fn launch(&self) -> Result<(), KernelError> {
        (self.launch)()
    }

    /// Runs on what was written: recorded at the first call on a GPU, replayed afterwards.
    ///
    /// # Errors
    /// The device's failure.
    pub async fn run(&mut self) -> Result<(), EncoderError> {
        if let Some(graph) = &self.graph {
            graph.replay()?;
            return Ok(());
        }
        // Recording runs the kernels once for real, which is this call's result.
        self.graph = self.device.record(|| (self.launch)()).await?;
        if self.graph.is_none() {
            (self.launch)()?;
        }
        Ok(())
    }

    /// [`Session::write`], then [`Session::run`].
    ///
    /// # Errors
    /// As those.
    pub async fn encode(&mut self, pictures: &[f32]) -> Result<&Buffer, EncoderError> {
        self.write(pictures)?;
        self.run().await?;
        Ok(&self.output)
    }

    /// [`Session::write_each`], then [`Session::run`].
    ///
    /// # Errors
    /// As those.
    pub async fn encode_each(&mut self, pictures: &[&[f32]]) -> Result<&Buffer, EncoderError> {
        self.write_each(pictures)?;
        self.run().await?;
        Ok(&self.output)
    }

    /// Visual tokens `[batch, grid.height * grid.width, width]`, row-major over the grid. Stays in place between runs.
    pub fn output(&self) -> &Buffer {
        &self.output
    }

    /// Rows and columns of tokens.
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// What the session was prepared for.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Kernels in the recorded graph, `None` before the first run and on the CPU.
    pub fn recorded_launches(&self) -> Option<usize> {
        self.graph.as_ref().map(Graph::launches)
    }
}
