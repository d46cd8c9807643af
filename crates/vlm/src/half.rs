//! 16-bit products in an encoder, if a comparison allows them.

use sightline_checkpoint::tensors::Tensors;
use sightline_vision::{Picture, Size};

use crate::error::Result;
use crate::model::{Files, Vlm};

/// Least cosine with the features in f32 for an encoder to multiply in 16 bits.
pub const MIN_HALF_COSINE: f64 = 0.999;

impl Vlm {
    /// Tries 16-bit products in the encoder. Compares the features of `picture` with those in f32
    /// and returns their cosine. The encoder stays in f32 if the cosine is below
    /// [`MIN_HALF_COSINE`]. It also does if the cosine is not a number, because a value left the
    /// range of 16 bits. [`Vlm::settle_half`] ends the trial.
    ///
    /// # Errors
    /// A device without 16-bit floats, or one that fails.
    pub async fn try_half(&mut self, files: &Files, picture: &Picture) -> Result<f64> {
        let device = self.device.with_half(true)?;
        let row = &files.row;
        let name = row.files.first().map_or("model.safetensors", |f| &f.path);
        let tensors = Tensors::parse(name, &files.weights)?;
        let encoder = sightline_vision::load(&device, &row.encoder, &tensors)?;
        let input = self.transform.apply(picture)?;
        let size = Size::one(input.height, input.width);
        let mut session = encoder.session(size)?;
        if self.encoder.size() != size {
            self.encoder = self.network.session(size)?;
        }
        let half = device.read_f32(session.encode(&input.values).await?).await?;
        let whole = device.read_f32(self.encoder.encode(&input.values).await?).await?;
        let cosine = cosine(&half, &whole);
        if agree(cosine) {
            let whole = std::mem::replace(&mut self.encoder, session);
            self.whole = Some((whole, std::mem::replace(&mut self.network, encoder)));
        }
        // The outputs of both sessions are of another picture now.
        self.seen = None;
        Ok(cosine)
    }

    /// Ends the trial of [`Vlm::try_half`]. Either keeps 16-bit products, if they passed, and drops
    /// the f32 session, or goes back to f32.
    pub fn settle_half(&mut self, keep: bool) {
        if let Some((whole, network)) = self.whole.take()
            && !keep
        {
            (self.encoder, self.network) = (whole, network);
            self.seen = None;
        }
    }
}

/// Whether features in 16 bits may replace those in f32. NaN may not.
fn agree(cosine: f64) -> bool {
    cosine >= MIN_HALF_COSINE
}

/// Cosine of two vectors; NaN if a value is NaN.
fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum() };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn infinities_are_no_agreement() {
        assert!((cosine(&[1.0, 2.0], &[2.0, 4.0]) - 1.0).abs() < 1e-12);
        assert!(cosine(&[1.0, 0.0], &[0.0, 1.0]).abs() < 1e-12);
        for bad in [f32::INFINITY, f32::NAN] {
            assert!(!agree(cosine(&[1.0, bad], &[1.0, 1.0])));
        }
        assert!(agree(MIN_HALF_COSINE) && !agree(MIN_HALF_COSINE - 1e-6));
    }
}
