use super::{Case, TOLERANCE_F32, compare, hash_vec, uploaded};
use crate::ops;
use crate::ops::rms_norm::twin;

pub(super) fn cases(cases: &mut Vec<Case>) {
    for (rows, width) in [(1, 576), (213, 576), (7, 96)] {
        let name = format!("rms_norm/{rows}x{width}");
        cases.push(Case::new(name, TOLERANCE_F32, move |device| async move {
            let x = hash_vec(rows * width, 1, 4.0);
            let weight = hash_vec(width, 2, 2.0);
            let mut expected = vec![0.0; rows * width];
            twin::rms_norm(&x, &weight, 1e-5, &mut expected);
            let dst = device.empty_f32([rows, width]);
            let args = ops::RmsNorm {
                x: &uploaded(&device, &x, [rows, width])?,
                weight: &device.upload_f32(&weight),
                eps: 1e-5,
                rows,
                dst: &dst,
            };
            ops::rms_norm(&device, args)?;
            Ok(compare(&device.read_f32(&dst).await?, &expected))
        }));
    }
}
