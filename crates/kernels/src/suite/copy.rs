use super::{Case, compare, hash_vec};
use crate::ops;

pub(super) fn cases(cases: &mut Vec<Case>) {
    for (from, to, len) in [(0, 0, 1), (3, 70, 577), (196, 0, 196 * 576)] {
        let name = format!("copy/{len}");
        cases.push(Case::new(name, 0.0, move |device| async move {
            let (src, mut expected) = (hash_vec(from + len + 5, 1, 2.0), hash_vec(to + len + 9, 2, 2.0));
            let dst = device.upload_f32(&expected);
            let args = ops::CopyRows {
                src: &device.upload_f32(&src),
                from,
                dst: &dst,
                to,
                rows: len,
            };
            ops::copy(&device, args)?;
            expected[to..to + len].copy_from_slice(&src[from..from + len]);
            Ok(compare(&device.read_f32(&dst).await?, &expected))
        }));
    }
}
