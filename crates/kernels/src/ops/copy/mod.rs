//! Copies of rows between buffers of one device.

mod cube;

use crate::{Buffer, Device, KernelError, Result};

/// Arguments of [`copy`].
#[derive(Clone, Copy, Debug)]
pub struct CopyRows<'a> {
    /// `[at least from + rows, ..]`.
    pub src: &'a Buffer,
    /// First row that is read.
    pub from: usize,
    /// `[at least to + rows, ..]`; another buffer than `src`, with rows of the same width.
    pub dst: &'a Buffer,
    /// First row that is written.
    pub to: usize,
    /// Number of rows. A row of a buffer with one side is one word.
    pub rows: usize,
}

impl<'a> CopyRows<'a> {
    /// The first rows of both buffers.
    pub fn first(src: &'a Buffer, dst: &'a Buffer, rows: usize) -> Self {
        Self {
            src,
            from: 0,
            dst,
            to: 0,
            rows,
        }
    }
}

/// `dst[to .. to + rows] = src[from .. from + rows]`.
///
/// # Errors
/// [`KernelError`] if the rows differ in width, if a buffer has fewer rows, or if one is on another
/// device.
pub fn copy(device: &Device, args: CopyRows<'_>) -> Result<()> {
    const OP: &str = "copy";
    let CopyRows {
        src,
        from,
        dst,
        to,
        rows,
    } = args;
    let width = dst.shape().width();
    if src.shape().width() != width {
        return Err(KernelError::Shape {
            op: OP,
            name: "src",
            expected: dst.shape().with_rows(from + rows),
            found: src.shape(),
        });
    }
    for (name, buffer, end) in [("src", src, from + rows), ("dst", dst, to + rows)] {
        if end > buffer.shape().rows() {
            return Err(KernelError::Shape {
                op: OP,
                name,
                expected: buffer.shape().with_rows(end),
                found: buffer.shape(),
            });
        }
    }
    let words = Words {
        from: from * width,
        to: to * width,
        len: rows * width,
    };
    if words.len == 0 {
        return Ok(());
    }
    match device {
        Device::Cpu(_) => {
            let Words { from, to, len } = words;
            let src = src.cpu_read(OP)?;
            dst.cpu_write(OP)?.u32()[to..to + len].copy_from_slice(&src.u32()[from..from + len]);
            Ok(())
        }
        Device::Gpu(gpu) => cube::copy(gpu, src, dst, words),
    }
}

/// The same in words.
#[derive(Clone, Copy, Debug)]
struct Words {
    from: usize,
    to: usize,
    len: usize,
}
