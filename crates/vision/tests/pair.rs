//! The shipped weights in Rust against PyTorch (`tests/goldens/pair`): features of ten held-out
//! pictures, from file to tokens.

use std::fs;
use std::path::{Path, PathBuf};

use sightline_checkpoint::manifest::Manifest;
use sightline_checkpoint::tensors::Tensors;
use sightline_kernels::Device;
use sightline_vision::suite::cosine;
use sightline_vision::{Picture, Size, Transform, load};

/// Tokens of every picture that the golden holds whole.
const FIRST: usize = 8;
const MIN_COSINE: f64 = 0.9999;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Names of the pictures, in the golden's order.
fn images(golden: &[u8]) -> Vec<String> {
    let len = u64::from_le_bytes(golden[..8].try_into().unwrap()) as usize;
    let header: serde_json::Value = serde_json::from_slice(&golden[8..8 + len]).unwrap();
    serde_json::from_str(header["__metadata__"]["images"].as_str().unwrap()).unwrap()
}

#[test]
fn shipped_features_are_pytorchs() {
    let folder = root().join("tests/goldens/pair");
    let bytes = read(&folder.join("features.safetensors"));
    let golden = Tensors::parse("features.safetensors", &bytes).unwrap();
    let manifest = Manifest::load(&root().join("weights")).unwrap();
    let device = Device::cpu();
    for (arm, id) in [("vmamba", "sightline-vmamba-tiny"), ("vit", "sightline-vit-tiny")] {
        let row = manifest.model(id).unwrap();
        let file = read(&root().join("weights").join(&row.files[0].path));
        let encoder = load(&device, &row.encoder, &Tensors::parse(id, &file).unwrap()).unwrap();
        let transform = Transform::read(&row.transform).unwrap();
        let mut session = encoder.session(Size::one(224, 224)).unwrap();
        let width = encoder.width();
        let part = |name: &str| golden.get(&format!("{arm}.{name}")).unwrap().into_f32();
        let (first, norms, mean) = (part("first_tokens"), part("token_norms"), part("mean"));
        for (i, name) in images(&bytes).iter().enumerate() {
            let image = format!("{name}.png");
            let picture = Picture::decode(&read(&folder.join(&image))).unwrap();
            let input = transform.apply(&picture).unwrap();
            pollster::block_on(session.encode(&input.values)).unwrap();
            let found = pollster::block_on(device.read_f32(session.output())).unwrap();
            let tokens = session.grid().tokens();

            let near = |name: &str, found: &[f32], expected: &[f32]| {
                let cosine = cosine(found, expected);
                assert!(cosine >= MIN_COSINE, "{id} {image}: {name} has a cosine of {cosine}");
            };
            near(
                "first_tokens",
                &found[..FIRST * width],
                &first[i * FIRST * width..][..FIRST * width],
            );
            let length = |token: &[f32]| token.iter().map(|v| v * v).sum::<f32>().sqrt();
            let lengths: Vec<f32> = found.chunks_exact(width).map(length).collect();
            near("token_norms", &lengths, &norms[i * tokens..][..tokens]);
            let channel = |c: usize| found.iter().skip(c).step_by(width).sum::<f32>() / tokens as f32;
            let means: Vec<f32> = (0..width).map(channel).collect();
            near("mean", &means, &mean[i * width..][..width]);
        }
    }
}
