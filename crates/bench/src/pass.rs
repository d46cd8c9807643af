//! One pass of an encoder, from the normalised picture on the device to the tokens, until the
//! device is done.

use sightline_checkpoint::random::values;
use sightline_kernels::{Buffer, Device};
use sightline_vision::{EncoderConfig, EncoderError, RandomWeights, Session, Size};
use web_time::Instant;

/// An encoder with random weights of the true shapes, prepared for pictures of one size. Speed does
/// not depend on what was learned; position vectors have the size of the picture.
pub struct Pass {
    device: Device,
    session: Session,
    tokens: usize,
    bytes: usize,
}

impl Pass {
    /// Puts the encoder and a picture of noise on a device. `int8`: how matrices are stored.
    ///
    /// # Errors
    /// A size that this encoder cannot take, or a device that fails.
    pub fn new(device: &Device, config: &dyn EncoderConfig, size: Size, int8: bool) -> Result<Self, EncoderError> {
        let before = device.allocated_bytes();
        let source = RandomWeights::new(config.schema(), int8);
        let session = config.load(device, &source)?.session(size)?;
        session.write(&values(size.batch * size.height * size.width * 3, 11, 2.0, 0.0))?;
        Ok(Self {
            device: device.clone(),
            tokens: size.batch * session.grid().tokens(),
            session,
            bytes: device.allocated_bytes() - before,
        })
    }

    /// Runs once, and returns how many seconds it took until the device was done. On a GPU the
    /// first call compiles and records, and later ones replay.
    ///
    /// # Errors
    /// A device that fails.
    pub async fn run(&mut self) -> Result<f64, EncoderError> {
        let start = Instant::now();
        self.session.run().await?;
        self.device.sync().await?;
        Ok(start.elapsed().as_secs_f64())
    }

    /// Runs once without the recording, and returns how many seconds the device's own clock saw.
    /// `None` where it gives no time stamps.
    ///
    /// # Errors
    /// A device that fails.
    pub async fn own_time(&self) -> Result<Option<f64>, EncoderError> {
        Ok(self.device.own_time(|| self.session.launch()).await?)
    }

    /// Number of tokens.
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// Number of bytes on the device: weights and scratch memory.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Number of kernel launches; `None` before the first run and on the CPU.
    pub fn launches(&self) -> Option<usize> {
        self.session.recorded_launches()
    }

    /// The tokens of the last run.
    pub fn output(&self) -> &Buffer {
        self.session.output()
    }
}

/// Bytes that a pass reads and writes at the least: weights, picture and tokens.
///
/// # Errors
/// A size that the encoder cannot take.
pub fn least_bytes(config: &dyn EncoderConfig, size: Size, int8: bool) -> Result<usize, EncoderError> {
    let tokens = size.batch * config.grid(size)?.tokens();
    let picture = size.batch * size.height * size.width * 3;
    let weights = RandomWeights::new(config.schema(), int8).bytes();
    Ok(weights + 4 * (picture + tokens * config.width()))
}

#[cfg(test)]
mod tests {
    use sightline_vision::KINDS;

    use super::*;

    #[test]
    fn a_pass_of_every_kind_runs_at_two_sizes() {
        for kind in KINDS {
            for (side, tokens) in [(32, 4), (64, 16)] {
                let config = kind.tiny(32).resized([side, side]);
                let size = Size::one(side, side);
                let mut pass = Pass::new(&Device::cpu(), config.as_ref(), size, true).expect("a pass");
                let seconds = pollster::block_on(pass.run()).expect("a run");
                assert!(seconds > 0.0 && pass.tokens() == tokens, "{}", kind.id());
                assert!(pass.bytes() > least_bytes(config.as_ref(), size, true).expect("bytes") / 2);
                assert_eq!(pass.launches(), None);
                assert_eq!(pollster::block_on(pass.own_time()).expect("a run"), None);
                assert_eq!(pass.output().shape().rows(), tokens);
            }
        }
    }
}
