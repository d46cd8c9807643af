//! Against scikit-learn, on features of a shipped encoder (`tests/goldens/probe`).

use std::path::Path;

use serde_json::Value;
use sightline_checkpoint::tensors::Tensors;
use sightline_kernels::Device;
use sightline_probe::{Features, linear, neighbours};

/// Largest distance of the mean accuracies, points.
const POINTS: f64 = 0.5;

fn file(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/goldens/probe")
        .join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn part(tensors: &Tensors<'_>, part: &str) -> Features {
    let get = |key: &str| tensors.get(&format!("{part}.{key}")).expect("the tensor is there");
    let features = get("features");
    let width = features.shape[1];
    let labels: Vec<usize> = get("labels")
        .into_f32()
        .into_iter()
        .map(|label| label as usize)
        .collect();
    let classes = labels.iter().max().expect("there are rows") + 1;
    Features::new(width, classes, features.into_f32(), labels).expect("they fit")
}

#[test]
fn accuracies_are_those_of_scikit_learn() {
    let bytes = file("features.safetensors");
    let tensors = Tensors::parse("features.safetensors", &bytes).expect("a sound file");
    let (train, val) = (part(&tensors, "train"), part(&tensors, "val"));
    let golden: Value = serde_json::from_slice(&file("sklearn.json")).expect("JSON");
    let number = |key: &str| golden[key].as_u64().expect("a number") as usize;
    assert_eq!((train.len(), val.len()), (number("train"), number("val")));

    let theirs: Vec<f64> = golden["linear_right"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|right| right.as_f64().expect("a number"))
        .collect();
    let device = Device::cpu();
    let right = |seed| linear(&device, &train, &val, seed, || {}).expect("trains").right as f64;
    let ours: Vec<f64> = (0..theirs.len() as u64).map(right).collect();
    let mean = |right: &[f64]| 100.0 * right.iter().sum::<f64>() / (right.len() * val.len()) as f64;
    assert!(
        (mean(&ours) - mean(&theirs)).abs() <= POINTS,
        "ours {:.2} % ({ours:?}), scikit-learn {:.2} % ({theirs:?})",
        mean(&ours),
        mean(&theirs)
    );

    let voted = neighbours(&device, &train, &val, number("neighbours")).expect("votes");
    assert_eq!(voted, number("neighbours_right"));
}
