//! Encoders with random weights: speed does not depend on what was learned, so no file is needed.

use sightline_checkpoint::manifest::Encoder;
use sightline_checkpoint::random::EncoderTensors;
use sightline_checkpoint::tensors::Tensor;
use sightline_vision::{EncoderError, Source, VitConfig, VmambaConfig};

/// Tensors by key, made when asked for.
pub(super) struct RandomEncoder(EncoderTensors);

impl RandomEncoder {
    /// Every tensor of a ViT, matrices as int8 or f32.
    pub(super) fn vit(config: &VitConfig, int8: bool) -> Self {
        let encoder = Encoder::Vit {
            width: config.width,
            depth: config.depth,
            heads: config.heads,
            patch: config.patch,
            image: config.image,
            class_token: config.class_token,
            tap: config.tap,
        };
        Self(EncoderTensors::new(&encoder, int8))
    }

    /// Every tensor of a VMamba, matrices as int8 or f32.
    pub(super) fn vmamba(config: &VmambaConfig, int8: bool) -> Self {
        let encoder = Encoder::Vmamba {
            dims: config.dims.clone(),
            depths: config.depths.clone(),
            ssm_ratio: config.ssm_ratio,
            d_state: config.d_state,
            tap: config.tap,
        };
        Self(EncoderTensors::new(&encoder, int8))
    }

    /// Bytes of all tensors as stored.
    pub(super) fn bytes(&self) -> f64 {
        self.0.bytes()
    }
}

impl Source for RandomEncoder {
    fn tensor(&self, key: &str) -> Result<Option<Tensor>, EncoderError> {
        Ok(self.0.tensor(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_that_encoders_read() {
        let device = sightline_kernels::Device::cpu();
        let vit = VitConfig::sightline();
        let vmamba = VmambaConfig {
            dims: vec![32, 64, 128],
            depths: vec![1, 1, 1],
            ..VmambaConfig::tiny()
        };
        let vmamba = VmambaConfig {
            tap: sightline_checkpoint::manifest::StageTap { block: 0, ..vmamba.tap },
            ..vmamba
        };
        for int8 in [false, true] {
            let source = RandomEncoder::vit(&vit, int8);
            assert!(sightline_vision::Vit::load(&device, vit.clone(), &source).is_ok());
            let source = RandomEncoder::vmamba(&vmamba, int8);
            assert!(sightline_vision::Vmamba::load(&device, vmamba.clone(), &source).is_ok());
        }
    }
}
