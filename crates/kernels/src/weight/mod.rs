//! Matrices as they lie on a device.
//!
//! A storage format is one file here and one row in `table.rs`. The file implements `Stored`: how
//! the bytes of a model file become two planes of words, and how the CPU, CubeCL and WGSL read
//! those planes. Nothing else names a format to decide something.
//!
//! Each file stands on those before it: `rows` and `planes`, `stored`, `linear`, then the formats,
//! then their table, and `host`.

mod f32;
mod host;
mod int8;
mod linear;
mod planes;
mod q4_1;
mod q8_0;
mod rows;
mod stored;
mod table;

pub(crate) use host::Host;
pub use int8::Int8Matrix;
pub use linear::Linear;
pub(crate) use rows::Vector as HostVector;
pub use stored::Format;
pub(crate) use stored::scale_word;
pub(crate) use table::{load_dot, load_scale, quad, value};
