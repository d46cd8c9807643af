//! A file in verified parts that lie outside wasm's memory.

use std::ops::Range;

use js_sys::Uint8Array;
use sightline_checkpoint::blob::Blob;

/// The parts of one file, each of which passed its hash.
pub(super) struct Parts {
    parts: Vec<Uint8Array>,
    size: u64,
}

impl Parts {
    pub(super) fn new(parts: Vec<Uint8Array>) -> Self {
        let size = parts.iter().map(|part| u64::from(part.length())).sum();
        Self { parts, size }
    }

    /// The whole file, copied into wasm's memory.
    pub(super) fn to_vec(&self) -> Result<Vec<u8>, String> {
        self.read(0..self.size)
    }
}

impl Blob for Parts {
    fn size(&self) -> u64 {
        self.size
    }

    fn read(&self, span: Range<u64>) -> Result<Vec<u8>, String> {
        if span.start > span.end || span.end > self.size {
            return Err(format!("bytes {}..{} lie beyond its end", span.start, span.end));
        }
        let mut out = vec![0; (span.end - span.start) as usize];
        let mut begin = 0;
        for part in &self.parts {
            let end = begin + u64::from(part.length());
            let (from, to) = (span.start.max(begin), span.end.min(end));
            if from < to {
                let view = part.subarray((from - begin) as u32, (to - begin) as u32);
                view.copy_to(&mut out[(from - span.start) as usize..(to - span.start) as usize]);
            }
            begin = end;
        }
        Ok(out)
    }
}
