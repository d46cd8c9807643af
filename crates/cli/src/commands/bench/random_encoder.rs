//! Encoders with random weights: speed does not depend on what was learned, so no file is needed.

use std::collections::HashMap;

use sightline_checkpoint::tensors::{Tensor, TensorData};
use sightline_vision::{EncoderError, Source, VitConfig, VmambaConfig};

use super::inputs;

/// Directions of the scan.
const DIRECTIONS: usize = 4;

/// What a tensor's values look like.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fill {
    /// A matrix whose rows have this many columns, int8 where asked; outputs about as large as inputs.
    Matrix(usize),
    /// Around a value, in f32.
    Around(f32, f32),
}

/// Tensors by key, made when asked for.
pub(super) struct RandomEncoder {
    int8: bool,
    tensors: HashMap<String, (Vec<usize>, Fill)>,
}

impl RandomEncoder {
    fn new(int8: bool) -> Self {
        Self {
            int8,
            tensors: HashMap::new(),
        }
    }

    /// Every tensor of a ViT, matrices as int8 or f32.
    pub(super) fn vit(config: &VitConfig, int8: bool) -> Self {
        let (width, patch) = (config.width, config.patch);
        let patches = config.image[0] / patch * (config.image[1] / patch);
        let mut all = Self::new(int8);
        all.add(
            "patch_embed.proj.weight",
            &[width, 3, patch, patch],
            Fill::Matrix(3 * patch * patch),
        );
        all.bias("patch_embed.proj", width);
        let tokens = patches + usize::from(config.class_token);
        all.add("pos_embed", &[1, tokens, width], Fill::Around(0.0, 0.1));
        if config.class_token {
            all.add("cls_token", &[1, 1, width], Fill::Around(0.0, 0.1));
        }
        for i in 0..=config.tap.block {
            let key = format!("blocks.{i}");
            all.norm(&format!("{key}.norm1"), width);
            all.linear(&format!("{key}.attn.qkv"), 3 * width, width);
            all.linear(&format!("{key}.attn.proj"), width, width);
            all.norm(&format!("{key}.norm2"), width);
            all.linear(&format!("{key}.mlp.fc1"), 4 * width, width);
            all.linear(&format!("{key}.mlp.fc2"), width, 4 * width);
        }
        all.norm("norm", width);
        all
    }

    /// Every tensor of a VMamba, matrices as int8 or f32.
    pub(super) fn vmamba(config: &VmambaConfig, int8: bool) -> Self {
        let mut all = Self::new(int8);
        let stem = config.dims[0] / 2;
        all.convolution("patch_embed.0", "patch_embed.2", 3, stem);
        all.convolution("patch_embed.5", "patch_embed.7", stem, config.dims[0]);
        for (i, (&dim, &depth)) in config.dims.iter().zip(&config.depths).enumerate() {
            if let Some(&next) = config.dims.get(i + 1) {
                let key = format!("layers.{i}.downsample");
                all.convolution(&format!("{key}.1"), &format!("{key}.3"), dim, next);
            }
            let inner = (config.ssm_ratio * dim as f64) as usize;
            for j in 0..depth {
                all.block(&format!("layers.{i}.blocks.{j}"), dim, inner, config.d_state);
            }
        }
        if let Some(&last) = config.dims.last() {
            all.norm(&format!("outnorm{}", config.dims.len() - 1), last);
        }
        all
    }

    fn block(&mut self, key: &str, dim: usize, inner: usize, state: usize) {
        let (op, rank) = (format!("{key}.op"), dim.div_ceil(16));
        let proj = rank + 2 * state;
        self.norm(&format!("{key}.norm"), dim);
        self.add(&format!("{op}.in_proj.weight"), &[inner, dim], Fill::Matrix(dim));
        self.add(
            &format!("{op}.conv2d.weight"),
            &[inner, 1, 3, 3],
            Fill::Around(0.0, 1.0),
        );
        self.add(
            &format!("{op}.x_proj_weight"),
            &[DIRECTIONS, proj, inner],
            Fill::Matrix(inner),
        );
        self.add(
            &format!("{op}.dt_projs_weight"),
            &[DIRECTIONS, inner, rank],
            Fill::Around(0.0, 0.5),
        );
        // softplus of -6.9..-2.3 is the published start, steps of 0.001 to 0.1
        self.add(
            &format!("{op}.dt_projs_bias"),
            &[DIRECTIONS, inner],
            Fill::Around(-4.6, 4.6),
        );
        self.add(
            &format!("{op}.A_logs"),
            &[DIRECTIONS * inner, state],
            Fill::Around(0.0, 0.2),
        );
        self.add(&format!("{op}.Ds"), &[DIRECTIONS * inner], Fill::Around(1.0, 0.2));
        self.norm(&format!("{op}.out_norm"), inner);
        self.add(&format!("{op}.out_proj.weight"), &[dim, inner], Fill::Matrix(inner));
        self.norm(&format!("{key}.norm2"), dim);
        self.linear(&format!("{key}.mlp.fc1"), 4 * dim, dim);
        self.linear(&format!("{key}.mlp.fc2"), dim, 4 * dim);
    }

    fn add(&mut self, key: &str, shape: &[usize], fill: Fill) {
        self.tensors.insert(format!("encoder.{key}"), (shape.to_vec(), fill));
    }

    fn bias(&mut self, key: &str, len: usize) {
        self.add(&format!("{key}.bias"), &[len], Fill::Around(0.0, 0.1));
    }

    fn norm(&mut self, key: &str, len: usize) {
        self.add(&format!("{key}.weight"), &[len], Fill::Around(1.0, 0.2));
        self.bias(key, len);
    }

    fn linear(&mut self, key: &str, rows: usize, cols: usize) {
        self.add(&format!("{key}.weight"), &[rows, cols], Fill::Matrix(cols));
        self.bias(key, rows);
    }

    fn convolution(&mut self, key: &str, norm: &str, from: usize, to: usize) {
        self.add(&format!("{key}.weight"), &[to, from, 3, 3], Fill::Matrix(9 * from));
        self.bias(key, to);
        self.norm(norm, to);
    }

    /// Bytes of all tensors as stored.
    pub(super) fn bytes(&self) -> f64 {
        let one = |(shape, fill): &(Vec<usize>, Fill)| {
            let len = shape.iter().product::<usize>();
            match fill {
                Fill::Matrix(cols) if self.int8 => len + 4 * len / cols,
                _ => 4 * len,
            }
        };
        self.tensors.values().map(one).sum::<usize>() as f64
    }
}

impl Source for RandomEncoder {
    fn tensor(&self, key: &str) -> Result<Option<Tensor>, EncoderError> {
        let Some((shape, fill)) = self.tensors.get(key) else {
            return Ok(None);
        };
        // FNV-1a of the key, as the goldens seed theirs
        let seed = key
            .bytes()
            .fold(0x811C_9DC5_u32, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
        let len = shape.iter().product();
        let data = match *fill {
            Fill::Matrix(cols) if self.int8 => TensorData::I8 {
                q: inputs::bytes(len, seed),
                scale: vec![(12.0 / cols as f32).sqrt() / 254.0; len / cols],
            },
            Fill::Matrix(cols) => TensorData::F32(inputs::values(len, seed, (12.0 / cols as f32).sqrt(), 0.0)),
            Fill::Around(middle, width) => TensorData::F32(inputs::values(len, seed, width, middle)),
        };
        Ok(Some(Tensor {
            shape: shape.clone(),
            data,
        }))
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
