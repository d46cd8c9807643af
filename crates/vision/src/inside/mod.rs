//! How one block of an encoder mixes tokens, for one picture.
//!
//! [`Inside`] runs the same kernels as a [`Session`] up to the block, and reads what its attention
//! or its scan is about to take. What follows is exact arithmetic on the host: an attention row, or
//! what a scan carries from one place to another. The recorded graph of a session is not touched.

mod attention;
mod scan;

use sightline_kernels::Device;

pub(crate) use attention::AttentionBuffers;
pub use attention::AttentionInputs;
pub(crate) use scan::ScanBuffers;
pub use scan::ScanInputs;

use crate::encoder::{EncoderError, Grid, Session};

/// An encoder prepared to run up to the mixing of one block.
pub struct Inside {
    device: Device,
    session: Session,
    mixer: Mixer,
}

/// What a block mixes tokens by, on the device.
pub(crate) enum Mixer {
    Attention(AttentionBuffers),
    // Several times as large as the other.
    Scan(Box<ScanBuffers>),
}

/// What a block mixes tokens by, for one picture.
#[derive(Clone, Debug)]
pub enum Mixing {
    /// Every token attends to every other.
    Attention(AttentionInputs),
    /// Scans carry a state from token to token.
    Scan(ScanInputs),
}

impl Inside {
    /// `session` launches the kernels before the mixer. Its output is not written.
    pub(crate) fn new(device: &Device, session: Session, mixer: Mixer) -> Self {
        Self {
            device: device.clone(),
            session,
            mixer,
        }
    }

    /// Rows and columns of tokens.
    pub fn grid(&self) -> Grid {
        self.session.grid()
    }

    /// Runs on one picture up to the block, and reads what it mixes.
    ///
    /// # Shapes
    /// `picture` `[height, width, 3]`, normalised.
    ///
    /// # Errors
    /// [`EncoderError::Length`], or the device's failure.
    pub async fn read(&self, picture: &[f32]) -> Result<Mixing, EncoderError> {
        self.session.write(picture)?;
        self.session.launch()?;
        Ok(match &self.mixer {
            Mixer::Attention(buffers) => Mixing::Attention(buffers.read(&self.device).await?),
            Mixer::Scan(buffers) => Mixing::Scan(buffers.read(&self.device).await?),
        })
    }
}
