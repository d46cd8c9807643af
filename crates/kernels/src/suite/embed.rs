use super::matrices::{Kind, dequantised, matrix};
use super::{Case, TOLERANCE_F32, compare};
use crate::{Device, ops};

pub(super) fn cases(cases: &mut Vec<Case>) {
    // The last shape has an odd number of blocks in a row, whose scales share words in pairs.
    for (kind, rows, cols, m) in [
        (Kind::Q80, 49_152, 576, 1),
        (Kind::Q80, 300, 576, 213),
        (Kind::F32, 49, 100, 7),
        (Kind::Q80, 70, 96, 9),
    ] {
        let name = format!("embed/{}/{m}x{cols}", kind.name());
        cases.push(Case::new(name, TOLERANCE_F32, move |device| async move {
            // Some ids lie past the table; those give its last row.
            let ids: Vec<u32> = (0..m as u32).map(|i| (i * 7919 + 30_011) % (rows as u32 + 5)).collect();
            let values = dequantised(&matrix(&Device::cpu(), kind, rows, cols, 1, false)?)?;
            let row = |id: u32| &values[(id as usize).min(rows - 1) * cols..][..cols];
            let expected: Vec<f32> = ids.iter().flat_map(|&id| row(id).to_vec()).collect();
            let table = matrix(&device, kind, rows, cols, 1, false)?;
            let dst = device.empty_f32(m * cols);
            ops::embed(&device, &table, &device.upload_u32(&ids), m, &dst)?;
            Ok(compare(&device.read_f32(&dst).await?, &expected))
        }));
    }
}
