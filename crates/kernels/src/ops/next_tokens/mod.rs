//! Greedy choice of the next token of many sequences on the device.

mod cube;
pub(crate) mod twin;

use crate::{Buffer, Device, KernelError, Result};

/// Arguments of [`next_tokens`].
#[derive(Clone, Copy, Debug)]
pub struct NextTokens<'a> {
    /// `[m, vocabulary]`.
    pub logits: &'a Buffer,
    /// `[m]` words: the token of every row is written here.
    pub tokens: &'a Buffer,
    /// `[m, 3]` words, see [`crate::ops::Places::Rows`]: every row's position grows by one.
    pub rows: &'a Buffer,
    /// `[m, capacity]` words: the token is written at the row's new position as well.
    pub history: &'a Buffer,
    /// `[m, capacity]`: the difference between the best and the second logit.
    pub margins: &'a Buffer,
    /// Number of rows.
    pub m: usize,
    /// Number of logits per row, at least 2.
    pub vocabulary: usize,
    /// Number of positions per row.
    pub capacity: usize,
}

/// `token = argmax(logits)` of every row, with the lowest index on ties. Every position grows by
/// one. A position past the capacity is not stored.
///
/// # Errors
/// [`KernelError`] if a buffer has another shape or is on another device, or
/// if there are fewer than two logits.
pub fn next_tokens(device: &Device, args: NextTokens<'_>) -> Result<()> {
    const OP: &str = "next_tokens";
    let NextTokens {
        m,
        vocabulary,
        capacity,
        ..
    } = args;
    if vocabulary < 2 {
        return Err(KernelError::Unsupported {
            op: OP,
            message: format!("a margin needs two logits, there are {vocabulary}"),
        });
    }
    args.logits.expect(OP, "logits", [m, vocabulary])?;
    args.tokens.expect(OP, "tokens", m)?;
    args.rows.expect(OP, "rows", [m, 3])?;
    args.history.expect(OP, "history", [m, capacity])?;
    args.margins.expect(OP, "margins", [m, capacity])?;
    match device {
        Device::Cpu(_) => {
            let logits = args.logits.cpu_read(OP)?;
            let (mut tokens, mut rows) = (args.tokens.cpu_write(OP)?, args.rows.cpu_write(OP)?);
            let (mut history, mut margins) = (args.history.cpu_write(OP)?, args.margins.cpu_write(OP)?);
            for (row, logits) in logits.f32().chunks_exact(vocabulary).enumerate() {
                let (id, margin) = twin::best_two(logits);
                let at = &mut rows.u32()[3 * row + 1];
                *at += 1;
                let at = *at as usize;
                tokens.u32()[row] = id;
                if at < capacity {
                    history.u32()[row * capacity + at] = id;
                    margins.f32()[row * capacity + at] = margin;
                }
            }
            Ok(())
        }
        Device::Gpu(gpu) => cube::next_tokens(gpu, args),
    }
}
