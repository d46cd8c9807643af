//! A result as a picture: the question, the picture with its boxes and the answers, as SVG or PNG.
//! And a link as a QR code.
//!
//! ```
//! use sightline_card::card;
//! # #[cfg(feature = "files")]
//! use sightline_card::qr;
//! use sightline_link::{Picture, Settings, Shared, SharedAnswer, Source};
//!
//! let shared = Shared {
//!     picture: Picture { source: Source::Gallery("elephant".to_owned()), size: [640, 480] },
//!     question: "What is this?".to_owned(),
//!     settings: Settings::default(),
//!     device: "CPU".to_owned(),
//!     answers: vec![SharedAnswer { text: "an elephant".to_owned(), ..SharedAnswer::default() }],
//! };
//! let svg = card(&shared, None);
//! assert!(svg.contains("an elephant"));
//! # #[cfg(feature = "files")]
//! assert!(qr("https://example.org/#AQAA").is_ok_and(|svg| svg.contains("<svg")));
//! ```

#[cfg(feature = "files")]
mod code;
#[cfg(feature = "files")]
mod drawn;
#[cfg(feature = "files")]
mod error;
mod layout;
mod text;

#[cfg(feature = "files")]
pub use code::{MOST_CODE, qr};
#[cfg(feature = "files")]
pub use drawn::png;
#[cfg(feature = "files")]
pub use error::CardError;
pub use layout::{HEIGHT, WIDTH, card};
