use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};

use cubecl::prelude::BufferArg;
use cubecl::server::Handle;

use crate::error::{KernelError, Result};
use crate::shape::Shape;

/// What the 32-bit words of a [`Buffer`] mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// IEEE single precision.
    F32,
    /// Unsigned integers, or packed smaller numbers.
    U32,
}

/// A block of 32-bit words on one device, with a shape. Cloning shares the memory.
///
/// Operations write into buffers they are given, so that a recorded graph never allocates. They
/// compare shapes exactly: a longer buffer fails as a shorter one does. Memory that is larger than
/// one call needs is passed as a view ([`Buffer::view`], [`Buffer::first_rows`]) of the right
/// shape.
#[derive(Clone, Debug)]
pub struct Buffer {
    storage: Storage,
    shape: Shape,
    element: Element,
}

#[derive(Clone, Debug)]
pub(crate) enum Storage {
    Cpu(Arc<RwLock<Vec<u32>>>),
    Gpu(Handle),
}

impl Buffer {
    /// `storage` holds at least the values of `shape`.
    pub(crate) fn new(storage: Storage, shape: Shape, element: Element) -> Self {
        Self {
            storage,
            shape,
            element,
        }
    }

    /// The sides.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Number of 32-bit words.
    pub fn len(&self) -> usize {
        self.shape.len()
    }

    /// True for a buffer of no words.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Size in bytes.
    pub fn bytes(&self) -> usize {
        self.len() * 4
    }

    /// What the words mean.
    pub fn element(&self) -> Element {
        self.element
    }

    /// The same memory, all of it, with other sides.
    ///
    /// # Errors
    /// [`KernelError::Shape`] if the number of values differs.
    pub fn reshape(&self, shape: impl Into<Shape>) -> Result<Self> {
        let shape = shape.into();
        if shape.len() != self.len() {
            return Err(self.mismatch("reshape", "buffer", shape));
        }
        Ok(self.with(shape))
    }

    /// The beginning of the same memory, with a shape of its own. Nothing is copied or allocated,
    /// so a recorded graph may use views.
    ///
    /// # Errors
    /// [`KernelError::Shape`] if the buffer has fewer values.
    pub fn view(&self, shape: impl Into<Shape>) -> Result<Self> {
        let shape = shape.into();
        if shape.len() > self.len() {
            return Err(self.mismatch("view", "buffer", shape));
        }
        Ok(self.with(shape))
    }

    /// The view of the first `rows` rows.
    ///
    /// # Errors
    /// [`KernelError::Shape`] if the buffer has fewer rows.
    pub fn first_rows(&self, rows: usize) -> Result<Self> {
        self.view(self.shape.with_rows(rows))
    }

    fn with(&self, shape: Shape) -> Self {
        Self { shape, ..self.clone() }
    }

    fn mismatch(&self, op: &'static str, name: &'static str, expected: Shape) -> KernelError {
        KernelError::Shape {
            op,
            name,
            expected,
            found: self.shape,
        }
    }

    /// Fails unless the buffer has exactly this shape. Every operation asks this of every buffer.
    ///
    /// # Errors
    /// [`KernelError::Shape`] with the operation, the buffer's name and both shapes.
    pub fn expect(&self, op: &'static str, name: &'static str, shape: impl Into<Shape>) -> Result<()> {
        let shape = shape.into();
        if self.shape == shape {
            return Ok(());
        }
        Err(self.mismatch(op, name, shape))
    }

    /// The words on the host. Only for the CPU device.
    pub(crate) fn cpu_read(&self, op: &'static str) -> Result<CpuRead<'_>> {
        match &self.storage {
            Storage::Cpu(words) => Ok(CpuRead {
                words: words.read().unwrap_or_else(|e| e.into_inner()),
                len: self.len(),
            }),
            Storage::Gpu(_) => Err(KernelError::WrongDevice { op }),
        }
    }

    /// The words on the host, to write. Only for the CPU device.
    pub(crate) fn cpu_write(&self, op: &'static str) -> Result<CpuWrite<'_>> {
        match &self.storage {
            Storage::Cpu(words) => Ok(CpuWrite {
                words: words.write().unwrap_or_else(|e| e.into_inner()),
                len: self.len(),
            }),
            Storage::Gpu(_) => Err(KernelError::WrongDevice { op }),
        }
    }

    /// The handle of GPU memory.
    pub(crate) fn handle(&self, op: &'static str) -> Result<&Handle> {
        match &self.storage {
            Storage::Gpu(handle) => Ok(handle),
            Storage::Cpu(_) => Err(KernelError::WrongDevice { op }),
        }
    }

    /// The buffer as a CubeCL kernel argument.
    pub(crate) fn arg(&self, op: &'static str) -> Result<BufferArg> {
        let handle = self.handle(op)?.clone();
        // SAFETY: the handle was allocated with at least one word and at least as many as the shape
        // has, and lives as long as the argument.
        Ok(unsafe { BufferArg::from_raw_parts(handle, self.len().max(1)) })
    }
}

/// Read access to the words of a CPU buffer, as many as its shape has.
pub(crate) struct CpuRead<'a> {
    words: RwLockReadGuard<'a, Vec<u32>>,
    len: usize,
}

impl CpuRead<'_> {
    pub(crate) fn f32(&self) -> &[f32] {
        bytemuck::cast_slice(self.u32())
    }

    pub(crate) fn u32(&self) -> &[u32] {
        &self.words[..self.len]
    }
}

/// Write access to the words of a CPU buffer, as many as its shape has.
pub(crate) struct CpuWrite<'a> {
    words: RwLockWriteGuard<'a, Vec<u32>>,
    len: usize,
}

impl CpuWrite<'_> {
    pub(crate) fn f32(&mut self) -> &mut [f32] {
        bytemuck::cast_slice_mut(self.u32())
    }

    pub(crate) fn u32(&mut self) -> &mut [u32] {
        &mut self.words[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use crate::Device;

    #[test]
    fn views_share_memory_and_must_fit() {
        let device = Device::cpu();
        let scratch = device.empty_f32([3, 4]);
        let view = scratch.view([2, 5]).unwrap();
        device.write_f32(&view, &[1.0; 10]).unwrap();
        let all = pollster::block_on(device.read_f32(&scratch)).unwrap();
        assert_eq!(all, [[1.0; 10].as_slice(), &[0.0; 2]].concat());
        assert_eq!(pollster::block_on(device.read_f32(&view)).unwrap(), [1.0; 10]);
        assert_eq!(scratch.first_rows(2).unwrap().shape(), [2, 4].into());
        assert_eq!(scratch.reshape([12]).unwrap().shape(), 12.into());

        let error = scratch.view([13]).unwrap_err().to_string();
        assert_eq!(error, "view: `buffer` has the shape [3, 4], [13] is needed");
        assert!(scratch.first_rows(4).is_err());
        // A view does not grow back, and other sides are no other number of values.
        assert!(view.view([11]).is_err());
        assert!(scratch.reshape([11]).is_err());
        assert!(device.write_f32(&scratch, &[0.0; 11]).is_err());
    }
}
