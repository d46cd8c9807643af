//! The path for the CPU, in f32 vectors.

use crate::elementary::silu;
use crate::parallel::for_each_chunk;

/// Number of values per task, in whole rows.
const TASK: usize = 1 << 13;

/// A task owns some rows.
pub(crate) fn swiglu(gate_up: &[f32], width: usize, dst: &mut [f32]) {
    let rows = TASK.div_ceil(width.max(1));
    for_each_chunk(dst, (rows * width).max(1), |task, dst| {
        pulp::Arch::new().dispatch(Rows {
            gate_up: &gate_up[task * rows * 2 * width..][..2 * dst.len()],
            width,
            dst,
        });
    });
}

struct Rows<'a> {
    gate_up: &'a [f32],
    width: usize,
    dst: &'a mut [f32],
}

impl pulp::NullaryFnOnce for Rows<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let rows = self.gate_up.chunks_exact(2 * self.width);
        for (x, dst) in rows.zip(self.dst.chunks_exact_mut(self.width)) {
            let (gate, up) = x.split_at(self.width);
            for ((dst, gate), up) in dst.iter_mut().zip(gate).zip(up) {
                *dst = silu(*gate) * up;
            }
        }
    }
}
