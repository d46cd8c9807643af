//! Greedy choice of the next token on the device, so that decoding needs no round trip.

mod cube;
pub(crate) mod twin;

use crate::{Buffer, Device, Result};

/// `token[0] = argmax(logits)` (lowest index on ties), `position[0] += 1`, `history[position] =
/// token` after the increment.
///
/// # Shapes
/// `logits` `[vocabulary]`; `token`, `position` `[1]`; `history` `[capacity]` words. A position
/// past the history is not stored.
///
/// # Errors
/// [`KernelError`](crate::KernelError) if a buffer is too short or on another device.
pub fn next_token(
    device: &Device,
    logits: &Buffer,
    vocabulary: usize,
    token: &Buffer,
    position: &Buffer,
    history: &Buffer,
) -> Result<()> {
    const OP: &str = "next_token";
    logits.expect(OP, "logits", vocabulary.max(1))?;
    token.expect(OP, "token", 1)?;
    position.expect(OP, "position", 1)?;
    match device {
        Device::Cpu(_) => {
            let id = twin::argmax(&logits.cpu_read(OP)?.f32()[..vocabulary]);
            let mut at = position.cpu_write(OP)?;
            at.u32()[0] += 1;
            token.cpu_write(OP)?.u32()[0] = id;
            if let Some(slot) = history.cpu_write(OP)?.u32().get_mut(at.u32()[0] as usize) {
                *slot = id;
            }
            Ok(())
        }
        Device::Gpu(gpu) => cube::next_token(gpu, logits, vocabulary, token, position, history),
    }
}
