use super::{Case, TOLERANCE_F32, compare, hash_vec, uploaded};
use crate::ops;
use crate::ops::swiglu::twin;

pub(super) fn cases(cases: &mut Vec<Case>) {
    for (rows, width) in [(1, 1536), (213, 1536), (3, 7)] {
        let name = format!("swiglu/{rows}x{width}");
        cases.push(Case::new(name, TOLERANCE_F32, move |device| async move {
            // Wide enough that exp overflows f32 on one side.
            let gate_up = hash_vec(2 * rows * width, 1, 220.0);
            let mut expected = vec![0.0; rows * width];
            twin::swiglu(&gate_up, width, &mut expected);
            let dst = device.empty_f32([rows, width]);
            let args = ops::SwiGlu {
                gate_up: &uploaded(&device, &gate_up, [rows, 2 * width])?,
                rows,
                width,
                dst: &dst,
            };
            ops::swiglu(&device, args)?;
            Ok(compare(&device.read_f32(&dst).await?, &expected))
        }));
    }
}
