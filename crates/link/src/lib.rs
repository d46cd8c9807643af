//! A result as the fragment of an address, so that a link shows what was asked and answered.
//!
//! The page and the program read and write links with this crate alone. A link is data: it names a
//! picture, models and settings, and it can load none of them. Every field is checked before anyone
//! sees it. `docs/link-format.md` describes the bytes.
//!
//! The feature `codec` has the functions that read and write links. Without it there are the types
//! alone: the page loads the functions as a module of their own, and only for a link.
//!
//! ```
//! # #[cfg(feature = "codec")] {
//! use sightline_link::{Picture, Settings, Shared, SharedAnswer, Source, decode, encode};
//!
//! let shared = Shared {
//!     picture: Picture { source: Source::Gallery("elephant".to_owned()), size: [640, 480] },
//!     question: "Where is the elephant?".to_owned(),
//!     settings: Settings::default(),
//!     device: "NVIDIA H200".to_owned(),
//!     answers: vec![SharedAnswer {
//!         model: "sightline-vmamba-tiny".to_owned(),
//!         weights: "9f".repeat(32),
//!         text: "[0.10, 0.20, 0.80, 0.90]".to_owned(),
//!         ..SharedAnswer::default()
//!     }],
//! };
//! let fragment = encode(&shared)?;
//! assert!(fragment.len() < 400);
//! assert_eq!(decode(&format!("https://example.org/page/#{fragment}"))?, shared);
//! # }
//! # Ok::<(), sightline_link::LinkError>(())
//! ```

#[cfg(feature = "codec")]
mod check;
#[cfg(feature = "codec")]
mod codec;
mod content;
mod embed;
mod error;
#[cfg(feature = "codec")]
mod hash;

#[cfg(feature = "codec")]
pub use codec::{MOST_CHARACTERS, decode, encode};
pub use content::{MOST_PICTURE, Milliseconds, Picture, Settings, Shared, SharedAnswer, SharedBox, Source};
pub use embed::Address;
pub use error::LinkError;
#[cfg(feature = "codec")]
pub use hash::sha256_hex;
