use std::collections::BTreeMap;

use crate::manifest::Encoder;
use crate::tensors::{Tensor, TensorData};

use super::{matrix, seed_of, values};

/// Directions of the scan.
const DIRECTIONS: usize = 4;
/// Channels a rank of the step sizes' projection.
const CHANNELS_A_RANK: usize = 16;

/// What a tensor's values look like.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fill {
    /// A matrix whose rows have this many columns, int8 where asked; outputs about as large as inputs.
    Matrix(usize),
    /// Around a value, in f32.
    Around(f32, f32),
}

/// Every tensor of an encoder by its published key, made when asked for.
pub struct EncoderTensors {
    int8: bool,
    tensors: BTreeMap<String, (Vec<usize>, Fill)>,
}

impl EncoderTensors {
    /// Of this encoder, matrices as int8 or f32.
    pub fn new(encoder: &Encoder, int8: bool) -> Self {
        let mut all = Self {
            int8,
            tensors: BTreeMap::new(),
        };
        match encoder {
            Encoder::Vit { .. } => all.vit(encoder),
            Encoder::Vmamba { .. } => all.vmamba(encoder),
        }
        all
    }

    /// The tensor of that key, with `encoder.` before the published name.
    pub fn tensor(&self, key: &str) -> Option<Tensor> {
        let (shape, fill) = self.tensors.get(key)?;
        let seed = seed_of(key);
        let len: usize = shape.iter().product();
        let data = match *fill {
            Fill::Matrix(cols) => matrix(len / cols, cols, seed, self.int8),
            Fill::Around(middle, width) => TensorData::F32(values(len, seed, width, middle)),
        };
        let shape = shape.clone();
        Some(Tensor { shape, data })
    }

    /// Every tensor.
    pub fn all(&self) -> BTreeMap<String, Tensor> {
        let made = self
            .tensors
            .keys()
            .filter_map(|key| Some((key.clone(), self.tensor(key)?)));
        made.collect()
    }

    /// Bytes of all tensors as stored.
    pub fn bytes(&self) -> f64 {
        let one = |(shape, fill): &(Vec<usize>, Fill)| {
            let len = shape.iter().product::<usize>();
            match fill {
                Fill::Matrix(cols) if self.int8 => len + 4 * len / cols,
                _ => 4 * len,
            }
        };
        self.tensors.values().map(one).sum::<usize>() as f64
    }

    fn vit(&mut self, encoder: &Encoder) {
        let &Encoder::Vit {
            width,
            patch,
            image,
            class_token,
            tap,
            ..
        } = encoder
        else {
            return;
        };
        let values = 3 * patch * patch;
        self.add(
            "patch_embed.proj.weight",
            &[width, 3, patch, patch],
            Fill::Matrix(values),
        );
        self.bias("patch_embed.proj", width);
        let tokens = image[0] / patch * (image[1] / patch) + usize::from(class_token);
        self.add("pos_embed", &[1, tokens, width], Fill::Around(0.0, 0.1));
        if class_token {
            self.add("cls_token", &[1, 1, width], Fill::Around(0.0, 0.1));
        }
        for i in 0..=tap.block {
            let key = format!("blocks.{i}");
            self.norm(&format!("{key}.norm1"), width);
            self.linear(&format!("{key}.attn.qkv"), 3 * width, width);
            self.linear(&format!("{key}.attn.proj"), width, width);
            self.norm(&format!("{key}.norm2"), width);
            self.linear(&format!("{key}.mlp.fc1"), 4 * width, width);
            self.linear(&format!("{key}.mlp.fc2"), width, 4 * width);
        }
        self.norm("norm", width);
    }

    fn vmamba(&mut self, encoder: &Encoder) {
        let Encoder::Vmamba {
            dims,
            depths,
            ssm_ratio,
            d_state,
            ..
        } = encoder
        else {
            return;
        };
        let stem = dims[0] / 2;
        self.convolution("patch_embed.0", "patch_embed.2", 3, stem);
        self.convolution("patch_embed.5", "patch_embed.7", stem, dims[0]);
        for (i, (&dim, &depth)) in dims.iter().zip(depths).enumerate() {
            if let Some(&next) = dims.get(i + 1) {
                let key = format!("layers.{i}.downsample");
                self.convolution(&format!("{key}.1"), &format!("{key}.3"), dim, next);
            }
            let inner = (ssm_ratio * dim as f64) as usize;
            for j in 0..depth {
                self.block(&format!("layers.{i}.blocks.{j}"), dim, inner, *d_state);
            }
        }
        if let Some(&last) = dims.last() {
            self.norm(&format!("outnorm{}", dims.len() - 1), last);
        }
    }

    fn block(&mut self, key: &str, dim: usize, inner: usize, state: usize) {
        let (op, rank) = (format!("{key}.op"), dim.div_ceil(CHANNELS_A_RANK));
        let proj = rank + 2 * state;
        let around = Fill::Around;
        self.norm(&format!("{key}.norm"), dim);
        self.add(&format!("{op}.in_proj.weight"), &[inner, dim], Fill::Matrix(dim));
        self.add(&format!("{op}.conv2d.weight"), &[inner, 1, 3, 3], around(0.0, 1.0));
        let x_proj = [DIRECTIONS, proj, inner];
        self.add(&format!("{op}.x_proj_weight"), &x_proj, Fill::Matrix(inner));
        let dt_projs = [DIRECTIONS, inner, rank];
        self.add(&format!("{op}.dt_projs_weight"), &dt_projs, around(0.0, 0.5));
        // softplus of -6.9..-2.3 is the published start, steps of 0.001 to 0.1
        self.add(&format!("{op}.dt_projs_bias"), &[DIRECTIONS, inner], around(-4.6, 4.6));
        self.add(&format!("{op}.A_logs"), &[DIRECTIONS * inner, state], around(0.0, 0.2));
        self.add(&format!("{op}.Ds"), &[DIRECTIONS * inner], around(1.0, 0.2));
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
}
