//! From an encoder's features to visual tokens: one to three linear maps with exact GELU between,
//! then row and column vectors.

use sightline_checkpoint::manifest;
use sightline_checkpoint::tensors::Tensors;
use sightline_kernels::{Buffer, Device, Linear, ops};

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
        let positions = config
            .positions
            .map(|[rows, cols]| {
                Ok::<_, VlmError>(Positions {
                    grid: [rows, cols],
                    row: device.upload_f32(&tensors.f32("projector.row", &[rows, to])?),
                    col: device.upload_f32(&tensors.f32("projector.col", &[cols, to])?),
                })
            })
            .transpose()?;
        Ok(Self { layers, positions })
    }

    /// Width of a visual token.
    pub fn width(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.rows)
    }

    /// Visual tokens `[batch, rows * cols, width]` of features `[batch, rows * cols, encoder
    /// width]`.
    ///
    /// # Errors
    /// [`VlmError::Grid`] if the grid differs from that of the positions, or a device that fails.
    pub fn apply(
        &self,
        device: &Device,
        features: &Buffer,
        batch: usize,
        (rows, cols): (usize, usize),
    ) -> Result<Buffer> {
        let count = batch * rows * cols;
        let mut x = features.clone();
        for (i, layer) in self.layers.iter().enumerate() {
            let last = i + 1 == self.layers.len();
            let epilogue = if last {
                ops::Epilogue::Store
            } else {
                ops::Epilogue::Gelu
            };
            let y = device.empty_f32(count * layer.rows);
            ops::linear(
                device,
                ops::Apply {
                    epilogue,
                    ..ops::Apply::new(layer, &x, count, &y)
                },
            )?;
            x = y;
        }
        if let Some(positions) = &self.positions {
            if positions.grid != [rows, cols] {
                return Err(VlmError::Grid {
                    found: [rows, cols],
                    trained: positions.grid,
                });
            }
            let grid = ops::Image {
                batch,
                height: rows,
                width: cols,
                channels: self.width(),
            };
            ops::add_positions(device, &x, &positions.row, &positions.col, grid)?;
        }
        Ok(x)
    }
}
