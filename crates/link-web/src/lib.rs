//! Links for JavaScript: `sightline-link` with values of JavaScript on either side.
//!
//! The page loads this module for a link alone, opened or copied, so that no other visit waits for
//! it. The npm package has it, too.

#[cfg(target_arch = "wasm32")]
mod exports;
