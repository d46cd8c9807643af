//! Lists of items that are frozen: parts of this crate, whose hash is in the task's version.

use sha2::{Digest, Sha256};

/// A frozen list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List {
    /// Its name.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
    /// The compositions that its items name.
    pub mosaics: Option<&'static str>,
    /// The fields of its items that are gold.
    pub gold: &'static [&'static str],
}

/// A list of this crate, over pictures or over mosaics of them, and the fields of its items that are gold.
macro_rules! list {
    ($name:literal, $gold:expr) => {
        $crate::sources::frozen::List {
            name: $name,
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/lists/", $name, ".jsonl")),
            mosaics: None,
            gold: $gold,
        }
    };
    ($name:literal, $gold:expr, mosaics) => {
        $crate::sources::frozen::List {
            mosaics: Some(include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/lists/mosaics.jsonl"
            ))),
            ..list!($name, $gold)
        }
    };
}
pub(crate) use list;

impl List {
    /// Twelve digits of the hash over all that the list fixes.
    pub(crate) fn hash(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.text);
        hash.update(self.mosaics.unwrap_or_default());
        let mut text = hex(&hash.finalize());
        text.truncate(12);
        text
    }
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
