use thiserror::Error;

use crate::device::Backend;

/// What can go wrong between a model and a device.
#[derive(Debug, Error)]
pub enum KernelError {
    /// A buffer's length does not fit the shape an operation was given.
    #[error("{op}: buffer `{name}` holds {found} values, the shape needs {expected}")]
    Shape {
        /// The operation.
        op: &'static str,
        /// The argument's name.
        name: &'static str,
        /// Values the shape needs.
        expected: usize,
        /// Values the buffer holds.
        found: usize,
    },
    /// An argument lies outside what the operation supports.
    #[error("{op}: {message}")]
    Unsupported {
        /// The operation.
        op: &'static str,
        /// The unsupported value, and the limit.
        message: String,
    },
    /// The two buffers of one call live on different devices.
    #[error("{op}: a buffer lives on another device than the one asked to run")]
    WrongDevice {
        /// The operation.
        op: &'static str,
    },
    /// No such device, or it could not be opened.
    #[error("no usable {backend} device: {message}")]
    NoDevice {
        /// The family of kernels that was asked for.
        backend: Backend,
        /// The driver's message.
        message: String,
    },
    /// 16-bit products were asked for on a device without 16-bit floats.
    #[error("{device} has no 16-bit floats (shader-f16); use the encoder in f32")]
    NoHalf {
        /// The adapter's name.
        device: String,
    },
    /// The device failed while running, reading or recording.
    #[error("the device failed while {doing}: {message}")]
    Device {
        /// What the program was doing, for example "reading a buffer".
        doing: &'static str,
        /// The driver's message.
        message: String,
    },
}

/// Result of every call in this crate.
pub type Result<T> = core::result::Result<T, KernelError>;
