//! What the manifest holds of the built-in picture is what the shipped encoders see in it.

use std::path::Path;

use sightline_checkpoint::tensors::Tensors;
use sightline_vision::{CHECKED, MIN_CHECK_COSINE, check_of, cosine, load_manifest};

/// The processor here and the one that wrote the manifest may add in another order.
const SAME: f64 = 0.999_999;

#[test]
fn the_manifest_holds_what_the_encoders_see() -> Result<(), Box<dyn std::error::Error>> {
    let weights = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../weights");
    let mut all = Vec::new();
    for row in load_manifest(&weights)?.models {
        let stored = row.check.clone().ok_or_else(|| {
            format!(
                "{} has no `check`: run the example check_features, then manifest.py",
                row.id
            )
        })?;
        let path = &row.files[0].path;
        let bytes = std::fs::read(weights.join(path))?;
        let seen = pollster::block_on(check_of(&row, &Tensors::parse(path, &bytes)?))?;
        assert_eq!((stored.len(), seen.len()), (CHECKED, CHECKED));
        let cosine = cosine(&seen, &stored);
        assert!(
            cosine > SAME,
            "{}: cosine {cosine}; the weights are others than those of `check`",
            row.id
        );
        all.push(seen);
    }
    // Another encoder's features would not pass for its own.
    assert!(cosine(&all[0], &all[1]) < MIN_CHECK_COSINE);
    Ok(())
}
