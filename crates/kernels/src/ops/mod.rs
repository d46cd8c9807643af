//! One folder per operation. A new one needs a folder and two lines here, and its cases in the
//! suite. CONTRIBUTING.md has the steps.

pub(crate) mod add_positions;
pub(crate) mod attention;
pub(crate) mod cached_attention;
pub(crate) mod copy;
pub(crate) mod depthwise;
pub(crate) mod dt_project;
pub(crate) mod embed;
pub(crate) mod im2col;
pub(crate) mod lanes;
pub(crate) mod layer_norm;
pub(crate) mod linear;
pub(crate) mod next_token;
pub(crate) mod next_tokens;
pub(crate) mod rms_norm;
pub(crate) mod rope;
pub(crate) mod selective_scan;
pub(crate) mod swiglu;

pub use add_positions::{AddPositions, add_positions};
pub use attention::{Attention, attention};
pub use cached_attention::{CachedAttention, Places, cached_attention};
pub use copy::{CopyRows, copy};
pub use depthwise::{Depthwise, Image, depthwise};
pub use dt_project::{DtProject, dt_project};
pub use embed::{Embed, embed};
pub use im2col::{Im2col, Patches, im2col};
pub use layer_norm::{Activation, LayerNorm, layer_norm};
pub use linear::{Apply, Epilogue, Input, LowRank, linear};
pub use next_token::{NextToken, next_token};
pub use next_tokens::{NextTokens, next_tokens};
pub use rms_norm::{RmsNorm, rms_norm};
pub use rope::{Rope, rope_append, rope_table};
pub use selective_scan::{ScanKernel, ScanSizes, SelectiveScan, scan_pixel, selective_scan, selective_scan_with};
pub use swiglu::{SwiGlu, swiglu};

/// Number of scan directions: rows, columns, and both reversed.
pub const DIRECTIONS: usize = 4;
