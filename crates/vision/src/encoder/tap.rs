use serde::{Deserialize, Serialize};

use super::{EncoderError, within};

/// Where features leave an encoder of stages. The manifest's `tap`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StageTap {
    /// Stage, from 1.
    pub(crate) stage: usize,
    /// Block in the stage, from 0.
    pub(crate) block: usize,
    /// Whether an output norm follows.
    pub(crate) norm: bool,
}

impl StageTap {
    /// Refuses stages that cannot be, and a tap outside them. `dims` are the widths, `depths` the
    /// numbers of blocks.
    pub(crate) fn check(&self, dims: &[usize], depths: &[usize]) -> Result<(), EncoderError> {
        let stages = dims.len();
        within((1..=4).contains(&stages), "dims", || {
            "must name one to four stages".into()
        })?;
        within(stages == depths.len(), "depths", || {
            format!("names {} stages, dims names {stages}", depths.len())
        })?;
        for (dim, depth) in dims.iter().zip(depths) {
            within((2..=4096).contains(dim), "dims", || {
                format!("is {dim}, must be 2 to 4096")
            })?;
            within((1..=128).contains(depth), "depths", || {
                format!("is {depth}, must be 1 to 128")
            })?;
        }
        within((1..=stages).contains(&self.stage), "tap.stage", || {
            format!("is {}, the encoder has stages 1 to {stages}", self.stage)
        })?;
        let depth = depths[self.stage - 1];
        within(self.block < depth, "tap.block", || {
            format!("is {}, the last block is {}", self.block, depth - 1)
        })
    }

    /// `(width, blocks)` of the stages that run; the last one ends with the tapped block. Only for
    /// what passed [`StageTap::check`].
    pub(crate) fn stages(self, dims: &[usize], depths: &[usize]) -> impl Iterator<Item = (usize, usize)> {
        let pairs = dims.iter().copied().zip(depths.iter().copied());
        pairs.take(self.stage).enumerate().map(move |(i, (dim, depth))| {
            let last = i + 1 == self.stage;
            (dim, if last { self.block + 1 } else { depth })
        })
    }
}
