use thiserror::Error;

use crate::device::Backend;
use crate::shape::Shape;

/// What can go wrong between a model and a device.
#[derive(Debug, Error)]
pub enum KernelError {
    /// A buffer has another shape than an operation needs for its sizes.
    #[error("{op}: `{name}` has the shape {found}, {expected} is needed")]
    Shape {
        /// The operation.
        op: &'static str,
        /// The argument's name.
        name: &'static str,
        /// The shape that the sizes need.
        expected: Shape,
        /// The shape that the buffer has.
        found: Shape,
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
