//! The pages: what a visitor sees and touches. They hold no model and never touch WebGPU: they tell
//! the engine in its worker what to do ([`sightline_messages::Command`]) and show what the engine
//! answers ([`sightline_messages::Event`]).
//!
//! Whatever happens is an `update::Input`. `update::update` changes the `state::State` and says
//! what has to be done; `app` does it, then has every view of `views` show the new state. State and
//! update know nothing of the browser, and are tested natively.
//!
//! Two modules are built from this crate, each with its own views: `page-ask` for the first page,
//! `page-lab` for the pages that measure and evaluate (`lab`).

#![cfg_attr(
    not(target_arch = "wasm32"),
    allow(dead_code, reason = "only a page uses it; natively it is tested")
)]

mod camera;
mod compose;
mod first;
mod format;
mod judged;
mod judging;
mod lab;
mod looking;
mod mark;
mod marks;
mod own;
mod recorded;
mod say;
mod settings;
mod state;
mod update;
mod words;

#[cfg(target_arch = "wasm32")]
mod address;
#[cfg(target_arch = "wasm32")]
mod app;
#[cfg(target_arch = "wasm32")]
mod attached;
#[cfg(target_arch = "wasm32")]
mod card;
#[cfg(target_arch = "wasm32")]
mod codec;
#[cfg(target_arch = "wasm32")]
mod dom;
#[cfg(target_arch = "wasm32")]
mod embed;
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
mod parts;
#[cfg(target_arch = "wasm32")]
mod read;
#[cfg(target_arch = "wasm32")]
mod save;
#[cfg(target_arch = "wasm32")]
mod shrink;
#[cfg(target_arch = "wasm32")]
mod views;

#[cfg(target_arch = "wasm32")]
pub use app::{Script, open_ask, open_embed, open_lab};
