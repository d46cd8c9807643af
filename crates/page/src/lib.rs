//! The page: what a visitor sees and touches. It holds no model and never touches WebGPU: it tells
//! the engine in its worker what to do ([`sightline_messages::Command`]) and shows what the engine
//! answers ([`sightline_messages::Event`]).
//!
//! Whatever happens is an `update::Input`. `update::update` changes the `state::State` and says
//! what has to be done; `app` does it, then has every view of `views` show the new state. State and
//! update know nothing of the browser, and are tested natively.

#![cfg_attr(
    not(target_arch = "wasm32"),
    allow(dead_code, reason = "only a page uses it; natively it is tested")
)]

mod compose;
mod format;
mod judging;
mod recorded;
mod say;
mod state;
mod update;
mod words;

#[cfg(target_arch = "wasm32")]
mod address;
#[cfg(target_arch = "wasm32")]
mod app;
#[cfg(target_arch = "wasm32")]
mod dom;
#[cfg(target_arch = "wasm32")]
mod engine;
#[cfg(target_arch = "wasm32")]
mod fetch;
#[cfg(target_arch = "wasm32")]
mod inbox;
#[cfg(target_arch = "wasm32")]
mod input;
#[cfg(target_arch = "wasm32")]
mod memory;
#[cfg(target_arch = "wasm32")]
mod read;
#[cfg(target_arch = "wasm32")]
mod views;
