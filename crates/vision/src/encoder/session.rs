use sightline_kernels::ops::{CopyRows, copy};
use sightline_kernels::{Buffer, Device, Graph, KernelError};

use super::EncoderError;

/// Most 32-bit words of one scratch buffer: 1 GiB, more than any picture of
/// [`MAX_CANVAS`](crate::MAX_CANVAS) needs in the shipped models.
const MAX_SCRATCH: u64 = 1 << 28;

/// How many pictures of which size an encoder runs on at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Number of pictures, at least 1.
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

    /// The sides `[rows, width]` of scratch memory, with the number of rows as factors, or the
    /// sentence that it is too much.
    pub(crate) fn sides(self, rows: &[usize], width: usize) -> Result<[usize; 2], EncoderError> {
        let rows = self.words(rows)?;
        self.words(&[rows, width])?;
        Ok([rows, width])
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

pub(crate) type Launch = Box<dyn Fn() -> Result<(), KernelError> + Send + Sync>;
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
    /// `launch` enqueues every kernel from `input` to `output`; `arrange` turns `[batch, height,
    /// width, 3]` into what `input` holds, where that is something else.
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

    /// The same, every picture from a slice of its own `[height, width, 3]`. Places that are left
    /// over keep what they hold.
    ///
    /// Pictures go one by one: a host copy of all of them is so large that allocators give its
    /// pages back every time, and taking them again costs more than the transfer.
    ///
    /// # Errors
    /// [`EncoderError::Length`], also for more pictures than the session has places, or the
    /// device's failure.
    pub fn write_each(&mut self, pictures: &[&[f32]]) -> Result<(), EncoderError> {
        let one = self.size.height * self.size.width * 3;
        let length = |expected, found| Err(EncoderError::Length { expected, found });
        if pictures.len() > self.size.batch {
            return length(self.size.batch * one, pictures.len() * one);
        }
        let shape = self.input.shape();
        let rows = shape.rows() / self.size.batch;
        let staging = self
            .staging
            .get_or_insert_with(|| self.device.empty_f32([rows, shape.width()]));
        for (at, picture) in pictures.iter().enumerate() {
            if picture.len() != one {
                return length(one, picture.len());
            }
            match &self.arrange {
                Some(arrange) => self.device.write_f32(staging, &arrange(picture))?,
                None => self.device.write_f32(staging, picture)?,
            }
            let args = CopyRows {
                src: staging,
                from: 0,
                dst: &self.input,
                to: at * rows,
                rows,
            };
            copy(&self.device, args)?;
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

    /// Visual tokens `[batch * grid.height * grid.width, width]`, row-major over the grid. Stays in
    /// place between runs.
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
