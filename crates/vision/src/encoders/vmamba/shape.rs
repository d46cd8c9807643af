//! The shape of a VMamba: what a manifest says of it, and what follows for each stage.

use serde::{Deserialize, Serialize};
use sightline_kernels::ops::DIRECTIONS;

use crate::encoder::{EncoderError, Grid, Schema, Size, StageTap, within};

/// Hidden width of the block's MLP over its width.
pub(super) const MLP_RATIO: usize = 4;
/// Number of channels per rank of the step sizes (`dt_rank="auto"`).
const CHANNELS_PER_RANK: usize = 16;

/// A VMamba's shape. Fields are the manifest's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VmambaConfig {
    /// Width of each stage; stages after the tap are never loaded.
    pub(super) dims: Vec<usize>,
    /// Number of blocks of each stage.
    pub(super) depths: Vec<usize>,
    /// d_inner over width.
    pub(super) ssm_ratio: f64,
    /// State size N, 1 to 16.
    pub(super) d_state: usize,
    /// Where features leave; `outnorm{stage - 1}` is the norm that may follow.
    pub(super) tap: StageTap,
}

impl VmambaConfig {
    pub(super) fn preset(dims: [usize; 3], depths: [usize; 3], ssm_ratio: f64) -> Self {
        Self {
            dims: dims.to_vec(),
            depths: depths.to_vec(),
            ssm_ratio,
            d_state: 1,
            tap: StageTap {
                stage: 3,
                block: depths[2] - 1,
                norm: true,
            },
        }
    }

    /// VMamba-T (s1l8), tapped as in the paper; `sightline-vmamba-tiny` has the same shape.
    pub(super) fn tiny() -> Self {
        Self::preset([96, 192, 384], [2, 2, 8], 1.0)
    }

    /// VMamba-S (s2l15), tapped as in the paper.
    pub(super) fn small() -> Self {
        Self::preset([96, 192, 384], [2, 2, 15], 2.0)
    }

    /// VMamba-B (s2l15), tapped as in the paper.
    #[cfg(feature = "suite")]
    pub(super) fn base() -> Self {
        Self::preset([128, 256, 512], [2, 2, 15], 2.0)
    }

    pub(super) fn check(&self) -> Result<(), EncoderError> {
        self.tap.check(&self.dims, &self.depths)?;
        let even = |n: &usize| n.is_multiple_of(2);
        within(self.dims.iter().all(even), "dims", || "each width must be even".into())?;
        let ratio = self.ssm_ratio;
        within(ratio > 0.0 && ratio <= 8.0, "ssm_ratio", || {
            format!("is {ratio}, must be above 0 and at most 8")
        })?;
        within((1..=16).contains(&self.d_state), "d_state", || {
            format!("is {}, must be from 1 to 16", self.d_state)
        })
    }

    /// Stages that run.
    pub(super) fn stages(&self) -> impl Iterator<Item = Shape> {
        self.tap.stages(&self.dims, &self.depths).map(|(dim, depth)| Shape {
            dim,
            depth,
            // the reference's int(ssm_ratio * d_model)
            inner: ((self.ssm_ratio * dim as f64) as usize).max(1),
            rank: dim.div_ceil(CHANNELS_PER_RANK),
            state: self.d_state,
        })
    }

    /// Grid of every stage that runs, after two halvings in the stem; every stride 2 rounds up.
    pub(super) fn grids(&self, size: Size) -> Result<Vec<Grid>, EncoderError> {
        if size.batch == 0 || size.height == 0 || size.width == 0 {
            return Err(size.refused("every side and the number of pictures must be at least 1"));
        }
        let grid = |i: usize| Grid {
            height: size.height.div_ceil(4 << i),
            width: size.width.div_ceil(4 << i),
        };
        Ok((0..self.tap.stage).map(grid).collect())
    }
}

/// Shape of one stage.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    /// Width.
    pub(super) dim: usize,
    /// Number of blocks.
    pub(super) depth: usize,
    /// Width inside SS2D.
    pub(super) inner: usize,
    /// Rank of the step sizes.
    pub(super) rank: usize,
    /// State size.
    pub(super) state: usize,
}

impl Shape {
    /// Rows of `x_proj` per direction: step sizes, B, C.
    fn proj(self) -> usize {
        self.rank + 2 * self.state
    }

    pub(super) fn x_proj_rows(self) -> usize {
        DIRECTIONS * self.proj()
    }

    /// Tensors of a block.
    pub(super) fn block(self, schema: &mut Schema, key: &str) {
        let Self {
            dim,
            inner,
            rank,
            state,
            ..
        } = self;
        let op = format!("{key}.op");
        schema.norm(&format!("{key}.norm"), dim);
        schema.matrix(format!("{op}.in_proj.weight"), &[inner, dim], inner);
        schema.values(format!("{op}.conv2d.weight"), &[inner, 1, 3, 3], 0.0, 1.0);
        schema.rare_bias(&format!("{op}.conv2d"), inner);
        let x_proj = [DIRECTIONS, self.proj(), inner];
        schema.matrix(format!("{op}.x_proj_weight"), &x_proj, self.x_proj_rows());
        schema.values(format!("{op}.dt_projs_weight"), &[DIRECTIONS, inner, rank], 0.0, 0.5);
        // softplus of -6.9..-2.3 is the published start, steps of 0.001 to 0.1
        schema.values(format!("{op}.dt_projs_bias"), &[DIRECTIONS, inner], -4.6, 4.6);
        schema.values(format!("{op}.A_logs"), &[DIRECTIONS * inner, state], 0.0, 0.2);
        schema.values(format!("{op}.Ds"), &[DIRECTIONS * inner], 1.0, 0.2);
        schema.norm(&format!("{op}.out_norm"), inner);
        schema.matrix(format!("{op}.out_proj.weight"), &[dim, inner], dim);
        schema.norm(&format!("{key}.norm2"), dim);
        schema.linear(&format!("{key}.mlp.fc1"), MLP_RATIO * dim, dim);
        schema.linear(&format!("{key}.mlp.fc2"), dim, MLP_RATIO * dim);
    }
}
