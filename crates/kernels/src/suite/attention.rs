use super::{Case, Report, TOLERANCE_F32, TOLERANCE_HALF_ATTENTION, compare, hash_vec, unwritten, uploaded};
use crate::ops::attention as run;
use crate::ops::attention::{Attention, twin};
use crate::{Device, Result};

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
        // Enough queries for one thread each, and for four threads each, as batches use them.
        [47, 70, 40, 16],
        [12, 70, 40, 16],
        // 1,024 px with patches of 16 px, and more. One head, so that GPUs in software finish.
        [1, 4200, 1, 64],
    ];
    for shape in shapes {
        let [batch, tokens, heads, head_dim] = shape;
        let name = format!("attention/{batch}x{tokens}x{heads}x{head_dim}");
        // Scores with a standard deviation of 3: a few keys get most of the weight.
        cases.push(Case::new(name.clone(), TOLERANCE_F32, move |device| {
            check(device, shape, 6.0)
        }));
        // In 16 bits the error of a score is its size times 2^-11. So the deviation here is 1,
        // which is usual.
        let half = Case::new(format!("{name}+f16"), TOLERANCE_HALF_ATTENTION, move |device| {
            check(device, shape, 3.5)
        });
        cases.push(half.half());
    }
}

async fn check(device: Device, [batch, tokens, heads, head_dim]: [usize; 4], spread: f32) -> Result<Report> {
    let (rows, width) = (batch * tokens, heads * head_dim);
    let qkv = hash_vec(3 * rows * width, 1, spread);
    let dst = unwritten(&device, [rows, width])?;
    let args = Attention {
        qkv: &uploaded(&device, &qkv, [rows, 3 * width])?,
        batch,
        tokens,
        heads,
        head_dim,
        dst: &dst,
    };
    let mut expected = vec![0.0; rows * width];
    twin::attention(&args, &qkv, &mut expected);
    run(&device, args)?;
    Ok(compare(&device.read_f32(&dst).await?, &expected))
}
