//! Loads tensors of a model file onto a device.

use sightline_checkpoint::tensors::{TensorData, Tensors};
use sightline_kernels::{Device, Int8Matrix, Linear};

use crate::error::Result;

/// `<key>.weight` `[rows, cols]` (f32, f16 or int8) and `<key>.bias` `[rows]`.
pub(crate) fn linear(device: &Device, tensors: &Tensors<'_>, key: &str, rows: usize, cols: usize) -> Result<Linear> {
    let bias = tensors.f32(&format!("{key}.bias"), &[rows])?;
    let weight = tensors.get_shaped(&format!("{key}.weight"), &[rows, cols])?;
    Ok(match weight.data {
        TensorData::F32(values) => Linear::f32(device, [rows, cols], &values, Some(&bias))?,
        TensorData::I8 { q, scale } => {
            let matrix = Int8Matrix { q: &q, scale: &scale };
            Linear::int8(device, [rows, cols], matrix, Some(&bias))?
        }
    })
}
