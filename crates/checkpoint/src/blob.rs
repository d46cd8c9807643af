//! Bytes that need not lie in one piece of memory.

use std::ops::Range;

/// A file whose bytes are copied out piece by piece. A browser keeps the parts of a file outside the memory of wasm, which never
/// shrinks: what is read through this trait is in there only for as long as it is needed.
pub trait Blob {
    /// Length, bytes.
    fn size(&self) -> u64;

    /// The bytes of a span.
    ///
    /// # Errors
    /// A sentence, if the span is not inside the blob or cannot be read.
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
