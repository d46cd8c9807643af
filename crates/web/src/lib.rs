//! Sightline in a browser: the engine that the page's dedicated worker loads. With the feature
//! `tests` it is instead the module that compares every kernel with its twin and both encoders with
//! their goldens.

// Clippy reads both modules at once.
#[cfg(all(target_arch = "wasm32", any(clippy, not(feature = "tests"))))]
mod engine;
#[cfg(target_arch = "wasm32")]
mod start;

#[cfg(all(target_arch = "wasm32", feature = "tests"))]
mod clock;
#[cfg(all(target_arch = "wasm32", feature = "tests"))]
mod tests;

#[cfg(all(target_arch = "wasm32", any(clippy, not(feature = "tests"))))]
pub use engine::Engine;
