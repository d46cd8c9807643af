//! Memory between the kernels of a VMamba, and what each stage takes of it.

use sightline_kernels::ops::{DIRECTIONS, Patches, ScanSizes};
use sightline_kernels::{Buffer, Device, KernelError};

use super::shape::{MLP_RATIO, Shape, VmambaConfig};
use crate::encoder::{EncoderError, Grid, Size};

/// Memory between kernels, as large as the largest stage needs. Every stage takes [`Views`] of it.
pub(super) struct Scratch {
    /// The residual stream `[pixels, dim]`.
    pub(super) x: Buffer,
    /// Normed or reduced `[pixels, dim]`.
    pub(super) n: Buffer,
    /// `[pixels, inner]`: before the depthwise convolution, then the scan's sum; the stem's first
    /// half.
    pub(super) a: Buffer,
    /// `[pixels, inner]`: the scan's input, then its norm; the stem's first half.
    pub(super) b: Buffer,
    /// Patches of a convolution, step sizes `[pixels, 4, inner]`, or the MLP's hidden layer
    /// `[pixels, 4 dim]`.
    pub(super) wide: Buffer,
    /// `[pixels, 4 * (rank + 2 state)]`.
    pub(super) proj: Buffer,
    /// What the scan asks for.
    pub(super) scan: Buffer,
}

impl Scratch {
    pub(super) fn new(
        device: &Device,
        config: &VmambaConfig,
        size: Size,
        grids: &[Grid],
    ) -> Result<Self, EncoderError> {
        let half = size.height.div_ceil(2) * size.width.div_ceil(2);
        let quarter = grids[0].tokens();
        let dims = &config.dims;
        let stem = dims[0] / 2;
        let inner = size.words(&[size.batch, half, stem])?;
        let wide = size
            .words(&[size.batch, half, Patches::HALVING.width(3)])?
            .max(size.words(&[size.batch, quarter, Patches::HALVING.width(stem)])?);
        // words of x and n; a and b; wide; proj; scan
        let mut most = [0, inner, wide, 0, 1];
        for (i, (stage, grid)) in config.stages().zip(grids).enumerate() {
            let pixels = size.words(&[size.batch, grid.tokens()])?;
            let patches = match i.checked_sub(1) {
                Some(before) => size.words(&[pixels, Patches::HALVING.width(dims[before])])?,
                None => 0,
            };
            let steps = size.words(&[pixels, DIRECTIONS, stage.inner])?;
            let hidden = size.words(&[pixels, MLP_RATIO, stage.dim])?;
            let needed = [
                size.words(&[pixels, stage.dim])?,
                size.words(&[pixels, stage.inner])?,
                patches.max(steps).max(hidden),
                size.words(&[pixels, stage.x_proj_rows()])?,
                scan_sizes(size.batch, *grid, stage).workspace(),
            ];
            for (most, needed) in most.iter_mut().zip(needed) {
                *most = (*most).max(needed);
            }
        }
        let [dim, inner, wide, proj, scan] = most;
        Ok(Self {
            x: device.empty_f32(dim),
            n: device.empty_f32(dim),
            a: device.empty_f32(inner),
            b: device.empty_f32(inner),
            wide: device.empty_f32(wide),
            proj: device.empty_f32(proj),
            scan: device.empty_f32(scan),
        })
    }

    /// The memory as a stage uses it.
    pub(super) fn views(&self, batch: usize, grid: Grid, stage: Shape) -> Result<Views, KernelError> {
        let sizes = scan_sizes(batch, grid, stage);
        let pixels = sizes.pixels();
        Ok(Views {
            sizes,
            x: self.x.view([pixels, stage.dim])?,
            n: self.n.view([pixels, stage.dim])?,
            a: self.a.view([pixels, stage.inner])?,
            b: self.b.view([pixels, stage.inner])?,
            steps: self.wide.view([pixels, DIRECTIONS * stage.inner])?,
            hidden: self.wide.view([pixels, MLP_RATIO * stage.dim])?,
            proj: self.proj.view([pixels, stage.x_proj_rows()])?,
            scan: self.scan.view(sizes.workspace())?,
        })
    }
}

fn scan_sizes(batch: usize, grid: Grid, stage: Shape) -> ScanSizes {
    ScanSizes {
        batch,
        height: grid.height,
        width: grid.width,
        channels: stage.inner,
        rank: stage.rank,
        state: stage.state,
    }
}

/// The scratch memory as one stage uses it.
pub(super) struct Views {
    pub(super) sizes: ScanSizes,
    pub(super) x: Buffer,
    pub(super) n: Buffer,
    pub(super) a: Buffer,
    pub(super) b: Buffer,
    /// Step sizes.
    pub(super) steps: Buffer,
    /// The MLP's hidden layer.
    pub(super) hidden: Buffer,
    pub(super) proj: Buffer,
    pub(super) scan: Buffer,
}
