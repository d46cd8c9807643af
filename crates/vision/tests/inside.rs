//! How blocks mix tokens, against the encoders' authors' own code and against the encoders
//! themselves.

use std::path::Path;

use sightline_checkpoint::tensors::Tensors;
use sightline_kernels::{Device, KernelError};
use sightline_vision::suite::{Hashed, PICTURES, Precision, Subject, picture};
use sightline_vision::{Encoder, KINDS, Mixing, Size};

const SIDE: usize = 224;
/// Largest difference from timm's attention weights, which are up to 0.24.
const SAME: f64 = 2e-5;
/// The head that the golden holds.
const HEAD: usize = 2;
/// Rows that the golden holds: as `kept_tokens` of `tests/goldens/common.py`.
const KEPT: usize = 16;

/// The CPU, and a GPU where there is one.
fn devices() -> Vec<Device> {
    let gpu = pollster::block_on(Device::wgpu(false)).or_else(|_: KernelError| pollster::block_on(Device::wgpu(true)));
    [Device::cpu()].into_iter().chain(gpu).collect()
}

fn encoder(device: &Device, kind: &'static str, name: &'static str) -> Box<dyn Encoder> {
    let subject = Subject { kind, name };
    let config = subject.config([SIDE, SIDE]).unwrap();
    let weights: Hashed = subject.weights([SIDE, SIDE], Precision::F32).unwrap();
    config.load(device, &weights).unwrap()
}

/// The golden's first picture, normalised as the goldens are.
fn values() -> Vec<f32> {
    let bytes = picture(PICTURES[0], SIDE, SIDE);
    bytes.iter().map(|&p| (f32::from(p) - 127.0) / 128.0).collect()
}

fn mixing(encoder: &dyn Encoder, block: usize) -> Mixing {
    let inside = encoder.inside(Size::one(SIDE, SIDE), block).unwrap().unwrap();
    assert_eq!((inside.grid().height, inside.grid().width), (14, 14));
    pollster::block_on(inside.read(&values())).unwrap()
}

#[test]
fn attention_rows_are_those_of_timm() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/goldens/vit/inside.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    let golden = Tensors::parse("inside.safetensors", &bytes).unwrap();
    for device in devices() {
        for (name, block) in [("ours", 0), ("ours", 7), ("s", 10)] {
            let encoder = encoder(&device, "vit", name);
            let Mixing::Attention(attention) = mixing(encoder.as_ref(), block) else {
                panic!("a ViT attends");
            };
            let mut worst = 0.0f64;
            for (what, head) in [("mean", None), ("head", Some(HEAD))] {
                let expected = golden.f32(&format!("{name}.{block}.{what}"), &[KEPT, 196]).unwrap();
                for (k, expected) in expected.chunks_exact(196).enumerate() {
                    let patch = (2 * k + 1) * 196 / (2 * KEPT);
                    let row = match head {
                        None => attention.mean_row(patch),
                        Some(head) => attention.row(patch, head),
                    };
                    for (found, expected) in row.unwrap().iter().zip(expected) {
                        worst = worst.max((found - f64::from(*expected)).abs());
                    }
                }
            }
            println!("{} {name} block {block}: {worst:.1e}", device.backend().name());
            assert!(worst <= SAME, "{name} {block}: {worst}");
            assert!(attention.row(196, 0).is_none() && attention.row(0, attention.heads()).is_none());
        }
    }
}

/// The four scans differ, a patch gives itself something in each, and every path begins where it
/// should: the first patch of a path has no other source.
#[test]
fn scans_go_their_four_ways() {
    for device in devices() {
        let encoder = encoder(&device, "vmamba", "ours");
        assert_eq!(encoder.mixers(), 8);
        let Mixing::Scan(scan) = mixing(encoder.as_ref(), 7) else {
            panic!("a VMamba scans");
        };
        let sources = |direction: usize, patch: usize| -> Vec<usize> {
            let strengths = scan.strengths(direction, patch);
            (0..196).filter(|&at| strengths[at] > 0.0).collect()
        };
        for (direction, first) in [(0, 0), (1, 0), (2, 195), (3, 195)] {
            assert_eq!(sources(direction, first), [first]);
        }
        // Row 1, column 2: forwards come row 0 and the start of row 1, or columns 0 and 1.
        let patch = 14 + 2;
        assert_eq!(sources(0, patch), (0..=patch).collect::<Vec<_>>());
        let columns: Vec<usize> = (0..196)
            .filter(|at| at % 14 < 2 || at % 14 == 2 && at / 14 <= 1)
            .collect();
        assert_eq!(sources(1, patch), columns);
        assert_eq!(sources(2, patch), (patch..196).collect::<Vec<_>>());
    }
}

/// Reading what a block mixes leaves the encoder as it was.
#[test]
fn a_look_inside_changes_no_features() {
    let device = Device::cpu();
    for (kind, name) in [("vit", "ours"), ("vmamba", "ours")] {
        let encoder = encoder(&device, kind, name);
        let mut session = encoder.session(Size::one(SIDE, SIDE)).unwrap();
        let features = |session: &mut sightline_vision::Session| {
            let output = pollster::block_on(session.encode(&values())).unwrap().clone();
            pollster::block_on(device.read_f32(&output)).unwrap()
        };
        let before = features(&mut session);
        mixing(encoder.as_ref(), 3);
        assert_eq!(features(&mut session), before);
    }
}

#[test]
fn blocks_past_the_last_cannot_be_looked_into() {
    let device = Device::cpu();
    for kind in KINDS {
        let config = kind.tiny(32);
        let weights = sightline_vision::RandomWeights::new(config.schema(), false);
        let encoder = config.load(&device, &weights).unwrap();
        let last = encoder.mixers();
        assert!(
            encoder.inside(Size::one(32, 32), last).unwrap().is_none(),
            "{}",
            kind.id()
        );
        if let Some(block) = last.checked_sub(1) {
            assert!(encoder.inside(Size::one(32, 32), block).unwrap().is_some());
        }
    }
}
