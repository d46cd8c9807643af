//! Bytes that may be spread over several pieces of memory.

use std::ops::Range;

/// A file whose bytes are copied out piece by piece. The memory of wasm never shrinks, so a browser
/// keeps the parts of a file outside of it. Bytes that are read through this trait stay inside only
/// as long as they are needed.
pub trait Blob {
    /// Length, bytes.
    fn size(&self) -> u64;

    /// The bytes of a span.
    ///
    /// # Errors
    /// A sentence, if the span is outside the blob or cannot be read.
    fn read(&self, span: Range<u64>) -> Result<Vec<u8>, String>;
}

impl Blob for [u8] {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read(&self, span: Range<u64>) -> Result<Vec<u8>, String> {
        let range = usize::try_from(span.start).ok().zip(usize::try_from(span.end).ok());
        range
            .and_then(|(start, end)| self.get(start..end))
            .map(<[u8]>::to_vec)
            .ok_or_else(|| format!("bytes {}..{} lie beyond its end", span.start, span.end))
    }
}
