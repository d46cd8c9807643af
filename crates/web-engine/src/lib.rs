//! What the workers of pages without evaluations load.
//! Everything is in `sightline-web`.

// Its exports become those of this module.
use sightline_web as _;
