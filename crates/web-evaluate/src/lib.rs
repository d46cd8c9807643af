//! What the worker of `evaluate.html` loads: the engine with evaluations.
//! Everything is in `sightline-web`.

// Its exports become those of this module.
use sightline_web as _;
