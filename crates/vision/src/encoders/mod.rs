//! One file per kind of encoder. `docs/model-format.md` lists what a manifest's row of each kind
//! holds.

pub(crate) mod convnext;
pub(crate) mod vit;
pub(crate) mod vmamba;
