use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};

use cubecl::prelude::BufferArg;
use cubecl::server::Handle;

use crate::error::{KernelError, Result};

/// What the 32-bit words of a [`Buffer`] mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// IEEE single precision.
    F32,
    /// Unsigned integers, or packed smaller numbers.
    U32,
}

/// A block of 32-bit words on one device. Cloning shares the memory.
///
/// Operations write into buffers they are given, so that a recorded graph never allocates.
#[derive(Clone, Debug)]
pub struct Buffer {
    pub(crate) storage: Storage,
    len: usize,
    element: Element,
}

#[derive(Clone, Debug)]
pub(crate) enum Storage {
    Cpu(Arc<RwLock<Vec<u32>>>),
    Gpu(Handle),
}

impl Buffer {
    pub(crate) fn new(storage: Storage, len: usize, element: Element) -> Self {
        Self { storage, len, element }
    }

    /// Number of 32-bit words.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True for a buffer of no words.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Size in bytes.
    pub fn bytes(&self) -> usize {
        self.len * 4
    }

    /// What the words mean.
    pub fn element(&self) -> Element {
        self.element
    }

    /// Fails unless the buffer holds at least `expected` words.
    pub(crate) fn expect(&self, op: &'static str, name: &'static str, expected: usize) -> Result<()> {
        if self.len >= expected {
            return Ok(());
        }
        Err(KernelError::Shape {
            op,
            name,
            expected,
            found: self.len,
        })
    }

    /// Fails unless the buffer holds exactly `expected` words. For parameters, which are uploaded
    /// whole; scratch memory may be longer than a call needs.
    pub(crate) fn expect_all(&self, op: &'static str, name: &'static str, expected: usize) -> Result<()> {
        if self.len == expected.max(1) {
            return Ok(());
        }
        Err(KernelError::Shape {
            op,
            name,
            expected,
            found: self.len,
        })
    }

    /// The words on the host. Only for the CPU device.
    pub(crate) fn cpu_read(&self, op: &'static str) -> Result<CpuRead<'_>> {
        match &self.storage {
            Storage::Cpu(words) => Ok(CpuRead(words.read().unwrap_or_else(|e| e.into_inner()))),
            Storage::Gpu(_) => Err(KernelError::WrongDevice { op }),
        }
    }

    /// The words on the host, to write. Only for the CPU device.
    pub(crate) fn cpu_write(&self, op: &'static str) -> Result<CpuWrite<'_>> {
        match &self.storage {
            Storage::Cpu(words) => Ok(CpuWrite(words.write().unwrap_or_else(|e| e.into_inner()))),
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
        // SAFETY: the handle was allocated with `len` words and lives as long as the argument.
        Ok(unsafe { BufferArg::from_raw_parts(handle, self.len) })
    }
}

/// Read access to a CPU buffer.
pub(crate) struct CpuRead<'a>(RwLockReadGuard<'a, Vec<u32>>);

impl CpuRead<'_> {
    pub(crate) fn f32(&self) -> &[f32] {
        bytemuck::cast_slice(&self.0)
    }

    pub(crate) fn u32(&self) -> &[u32] {
        &self.0
    }
}

/// Write access to a CPU buffer.
pub(crate) struct CpuWrite<'a>(RwLockWriteGuard<'a, Vec<u32>>);

impl CpuWrite<'_> {
    pub(crate) fn f32(&mut self) -> &mut [f32] {
        bytemuck::cast_slice_mut(&mut self.0)
    }

    pub(crate) fn u32(&mut self) -> &mut [u32] {
        &mut self.0
    }
}
