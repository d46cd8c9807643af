use super::{Case, TOLERANCE_F32, compare, dequantised};
use crate::{Device, Format, ops};

pub(super) fn cases(cases: &mut Vec<Case>) {
    let mut shapes = vec![
        (Format::Q8_0, 49_152, 576, 1),
        (Format::Q8_0, 300, 576, 213),
        (Format::F32, 49, 100, 7),
    ];
    // An odd number of blocks in a row, whose scales may share words in pairs.
    shapes.extend(Format::ALL.iter().map(|&format| (format, 70, 96, 9)));
    for (format, rows, cols, m) in shapes {
        let name = format!("embed/{}/{m}x{cols}", format.name());
        cases.push(Case::new(name, TOLERANCE_F32, move |device| async move {
            // Some ids lie past the table; those give its last row.
            let ids: Vec<u32> = (0..m as u32).map(|i| (i * 7919 + 30_011) % (rows as u32 + 5)).collect();
            let values = dequantised(&format.sample(&Device::cpu(), [rows, cols], 1, false)?)?;
            let row = |id: u32| &values[(id as usize).min(rows - 1) * cols..][..cols];
            let expected: Vec<f32> = ids.iter().flat_map(|&id| row(id).to_vec()).collect();
            let table = format.sample(&device, [rows, cols], 1, false)?;
            let dst = device.empty_f32([m, cols]);
            let args = ops::Embed {
                table: &table,
                ids: &device.upload_u32(&ids),
                m,
                dst: &dst,
            };
            ops::embed(&device, args)?;
            Ok(compare(&device.read_f32(&dst).await?, &expected))
        }));
    }
}
