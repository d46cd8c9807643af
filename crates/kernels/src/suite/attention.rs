use super::{Case, TOLERANCE_F32, compare, hash_vec, unwritten};
use crate::ops::attention as run;
use crate::ops::attention::{Attention, twin};

pub(super) fn cases(cases: &mut Vec<Case>) {
    // batch, tokens, heads, head_dim
    let shapes = [
        [1, 196, 6, 64],
        [1, 197, 6, 64],
        [1, 49, 12, 64],
        [2, 197, 12, 64],
        [1, 785, 2, 64],
        [3, 50, 3, 32],
        [1, 130, 2, 128],
        [1, 1, 1, 64],
        // Enough queries for one thread each, and for four threads each: what batches use.
        [47, 70, 40, 16],
        [12, 70, 40, 16],
        // 1,024 px with patches of 16 and more; one head so that software GPUs finish.
        [1, 4200, 1, 64],
    ];
    for [batch, tokens, heads, head_dim] in shapes {
        let name = format!("attention/{batch}x{tokens}x{heads}x{head_dim}");
        cases.push(Case::new(name, TOLERANCE_F32, move |device| async move {
            let sizes = Attention {
                batch,
                tokens,
                heads,
                head_dim,
            };
            let len = batch * tokens * heads * head_dim;
            // Scores of a standard deviation of 3: a few keys have most of the weight.
            let qkv = hash_vec(3 * len, 1, 6.0);
            let mut expected = vec![0.0; len];
            twin::attention(&qkv, sizes, &mut expected);
            let dst = unwritten(&device, len);
            run(&device, &device.upload_f32(&qkv), sizes, &dst)?;
            Ok(compare(&device.read_f32(&dst).await?, &expected))
        }));
    }
}
