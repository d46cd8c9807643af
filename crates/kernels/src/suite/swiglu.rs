use super::{Case, TOLERANCE_F32, compare, hash_vec};
use crate::ops;
use crate::ops::swiglu::twin;

pub(super) fn cases(cases: &mut Vec<Case>) {
    for (m, width) in [(1, 1536), (213, 1536), (3, 7)] {
        let name = format!("swiglu/{m}x{width}");
        cases.push(Case::new(name, TOLERANCE_F32, move |device| async move {
            // Wide enough that exp overflows f32 on one side.
            let gate_up = hash_vec(2 * m * width, 1, 220.0);
            let mut expected = vec![0.0; m * width];
            twin::swiglu(&gate_up, width, &mut expected);
            let dst = device.empty_f32(m * width);
            ops::swiglu(&device, &device.upload_f32(&gate_up), m, width, &dst)?;
            Ok(compare(&device.read_f32(&dst).await?, &expected))
        }));
    }
}
