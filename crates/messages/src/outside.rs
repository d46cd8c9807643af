//! Kinds outside of their fields.

/// Defines an enum with a second way to be read: by the kind outside of the fields. What names its
/// kind among its fields has to be kept whole until the kind is found, and the code for that is a
/// fifth of the page's module.
macro_rules! kind_outside {
    ($(#[$meta:meta])* pub enum $name:ident as $text:literal { $($body:tt)* }) => {
        $(#[$meta])*
        pub enum $name { $($body)* }

        #[derive(Deserialize)]
        #[serde(remote = $text, rename_all = "snake_case")]
        #[allow(dead_code, missing_docs, reason = "serde reads the other enum through it")]
        enum Outside { $($body)* }

        impl $name {
            /// Reads `{kind: {fields}}`. Fields that are not known are ignored.
            pub(crate) fn with_kind_outside<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                Outside::deserialize(from)
            }
        }
    };
}

pub(crate) use kind_outside;
