//! Greedy choice of the next token on the device, so that decoding needs no round trip.

mod cube;
pub(crate) mod twin;

use crate::{Buffer, Device, KernelError, Result};

/// Arguments of [`next_token`].
#[derive(Clone, Copy, Debug)]
pub struct NextToken<'a> {
    /// `[1, vocabulary]`.
    pub logits: &'a Buffer,
    /// `[1]` word: the token is written here.
    pub token: &'a Buffer,
    /// `[1]` word: it grows by one.
    pub position: &'a Buffer,
    /// `[1, capacity]` words: the token is written at the new position as well.
    pub history: &'a Buffer,
    /// Number of logits, at least 1.
    pub vocabulary: usize,
    /// Number of positions. One past them is not stored.
    pub capacity: usize,
}

/// `token[0] = argmax(logits)` (lowest index on ties), `position[0] += 1`, `history[position] =
/// token` after the increment.
///
/// # Errors
/// [`KernelError`] if a buffer has another shape or is on another device, or if there are no
/// logits.
pub fn next_token(device: &Device, args: NextToken<'_>) -> Result<()> {
    const OP: &str = "next_token";
    let NextToken {
        logits,
        token,
        position,
        history,
        vocabulary,
        capacity,
    } = args;
    if vocabulary == 0 {
        return Err(KernelError::Unsupported {
            op: OP,
            message: "there are no logits to choose from".into(),
        });
    }
    logits.expect(OP, "logits", [1, vocabulary])?;
    token.expect(OP, "token", 1)?;
    position.expect(OP, "position", 1)?;
    history.expect(OP, "history", [1, capacity])?;
    match device {
        Device::Cpu(_) => {
            let id = twin::argmax(logits.cpu_read(OP)?.f32());
            let mut at = position.cpu_write(OP)?;
            at.u32()[0] += 1;
            token.cpu_write(OP)?.u32()[0] = id;
            if let Some(slot) = history.cpu_write(OP)?.u32().get_mut(at.u32()[0] as usize) {
                *slot = id;
            }
            Ok(())
        }
        Device::Gpu(gpu) => cube::next_token(gpu, args),
    }
}
