//! From an encoder's features to visual tokens: one to three linear maps with exact GELU between,
//! then row and column vectors.

use sightline_checkpoint::manifest;
use sightline_checkpoint::tensors::Tensors;
use sightline_kernels::{Buffer, Device, KernelError, Linear, ops};
use sightline_vision::Grid;

use crate::error::{Result, VlmError};
use crate::load;

/// The connector of one model.
pub struct Connector {
    layers: Vec<Linear>,
    positions: Option<Positions>,
}

/// Learned vectors of a grid's rows and columns.
struct Positions {
    grid: [usize; 2],
    row: Buffer,
    col: Buffer,
}

impl Connector {
    /// Reads `projector.*` between these widths. The keys are those of the code of the paper
    /// (docs/paper.md).
    ///
    /// # Shapes
    /// One layer: `projector` `[to, from]`. More: `projector.0` `[hidden, from]`, `projector.2` and
    /// so on, the last one `[to, hidden]`. Positions: `projector.row` `[rows, to]` and
    /// `projector.col` `[columns, to]`.
    ///
    /// # Errors
    /// A tensor that is missing or of another shape.
    pub fn load(
        device: &Device,
        tensors: &Tensors<'_>,
        config: &manifest::Connector,
        from: usize,
        to: usize,
    ) -> Result<Self> {
        let last = config.layers.saturating_sub(1);
        let layers = (0..config.layers)
            .map(|i| {
                let key = if last == 0 {
                    "projector".to_owned()
                } else {
                    format!("projector.{}", 2 * i)
                };
                let cols = if i == 0 { from } else { config.hidden };
                let rows = if i == last { to } else { config.hidden };
                load::linear(device, tensors, &key, rows, cols)
            })
            .collect::<Result<_>>()?;
        let vectors = |key: &str, count: usize| -> Result<Buffer> {
            let values = tensors.f32(key, &[count, to])?;
            Ok(device.upload_f32(&values).reshape([count, to])?)
        };
        let positions = config
            .positions
            .map(|[rows, cols]| {
                Ok::<_, VlmError>(Positions {
                    grid: [rows, cols],
                    row: vectors("projector.row", rows)?,
                    col: vectors("projector.col", cols)?,
                })
            })
            .transpose()?;
        Ok(Self { layers, positions })
    }

    /// Width of a visual token.
    pub fn width(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.rows)
    }

    /// Allocates what `batch` pictures with a grid of tokens need.
    ///
    /// # Errors
    /// [`VlmError::Grid`] if the grid differs from that of the positions.
    pub(crate) fn prepare(&self, device: &Device, batch: usize, grid: Grid) -> Result<Prepared> {
        if let Some(positions) = &self.positions
            && positions.grid != [grid.height, grid.width]
        {
            return Err(VlmError::Grid {
                found: [grid.height, grid.width],
                trained: positions.grid,
            });
        }
        let count = batch * grid.tokens();
        let inner = self.layers.split_last().map_or(&[][..], |(_, inner)| inner);
        Ok(Prepared {
            image: ops::Image {
                batch,
                height: grid.height,
                width: grid.width,
                channels: self.width(),
            },
            hidden: inner
                .iter()
                .map(|layer| device.empty_f32([count, layer.rows]))
                .collect(),
            visual: device.empty_f32([count, self.width()]),
        })
    }

    /// Enqueues the kernels from features to visual tokens. Nothing is allocated, so that they can
    /// be recorded.
    ///
    /// # Shapes
    /// `features` `[batch * rows * cols, encoder width]`, of what `to` was prepared for.
    ///
    /// # Errors
    /// A device that fails.
    pub(crate) fn launch(&self, device: &Device, features: &Buffer, to: &Prepared) -> Result<(), KernelError> {
        let count = to.image.batch * to.image.height * to.image.width;
        let mut x = features;
        for (i, layer) in self.layers.iter().enumerate() {
            let (y, epilogue) = match to.hidden.get(i) {
                Some(hidden) => (hidden, ops::Epilogue::Gelu),
                None => (&to.visual, ops::Epilogue::Store),
            };
            let map = ops::Apply::new(layer, x, count, y);
            ops::linear(device, ops::Apply { epilogue, ..map })?;
            x = y;
        }
        if let Some(positions) = &self.positions {
            let args = ops::AddPositions {
                x: &to.visual,
                row: &positions.row,
                col: &positions.col,
                grid: to.image,
            };
            ops::add_positions(device, args)?;
        }
        Ok(())
    }
}

/// Memory of a connector for some pictures.
pub(crate) struct Prepared {
    image: ops::Image,
    /// Outputs of all layers but the last.
    hidden: Vec<Buffer>,
    /// Visual tokens `[batch * rows * cols, width]`.
    pub(crate) visual: Buffer,
}
