//! Sightline in a browser: the engine that a dedicated worker loads. Today it holds the tests that run there, every kernel
//! against its twin and both encoders against their goldens; the page's engine grows beside them.

pub mod message;

#[cfg(target_arch = "wasm32")]
mod clock;
#[cfg(target_arch = "wasm32")]
mod start;
#[cfg(target_arch = "wasm32")]
mod tests;
