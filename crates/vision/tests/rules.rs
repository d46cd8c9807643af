//! The rules that rebuild golden weights are the ones Python used, and a golden notices what goes
//! wrong with an encoder.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use sightline_checkpoint::hash::sha256_hex;
use sightline_checkpoint::manifest;
use sightline_kernels::Device;
use sightline_vision::suite::{Hashed, Precision, Subject, cosine, golden_weight, picture};
use sightline_vision::{EncoderError, Size, config, load};

#[test]
fn weights_have_pythons_bits() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/goldens/rules/rules.json");
    let rules: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    for rule in rules.as_array().unwrap() {
        if let Some(name) = rule["picture"].as_str() {
            let side = |i: usize| rule["shape"][i].as_u64().unwrap() as usize;
            let bytes = picture(name, side(0), side(1));
            assert_eq!(sha256_hex(&bytes), rule["sha256"].as_str().unwrap(), "{name}");
            continue;
        }
        let Some(key) = rule["key"].as_str().filter(|key| key.starts_with("encoder.")) else {
            continue;
        };
        let shape: Vec<usize> = rule["shape"]
            .as_array()
            .unwrap()
            .iter()
            .map(|n| n.as_u64().unwrap() as usize)
            .collect();
        let values = golden_weight(key, &shape);
        for (value, bits) in values.iter().zip(rule["first_bits"].as_array().unwrap()) {
            let expected = bits.as_u64().unwrap() as u32;
            assert!(
                value.to_bits().abs_diff(expected) <= u32::from(key.ends_with("A_logs")),
                "{key}"
            );
        }
        if !key.ends_with("A_logs") {
            let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
            assert_eq!(sha256_hex(&bytes), rule["sha256"].as_str().unwrap(), "{key}");
        }
    }
}

/// The smallest VMamba golden, 16 states a channel, on the CPU.
const SIZE: [usize; 2] = [203, 157];
const SUBJECT: Subject = Subject {
    kind: "vmamba",
    name: "n16",
};
const VIT: Subject = Subject {
    kind: "vit",
    name: "ours",
};

/// The subject's row with other values for some fields.
fn row_with(changes: &[(&str, Value)]) -> manifest::Encoder {
    let mut row = SUBJECT.config(SIZE).unwrap().row();
    for (field, value) in changes {
        row.fields.insert((*field).to_owned(), value.clone());
    }
    row
}

fn error_of(weights: &Hashed) -> f64 {
    let features = pollster::block_on(SUBJECT.features(&Device::cpu(), weights, SIZE, 1)).unwrap();
    SUBJECT.compare(&features, SIZE, Precision::F32).unwrap().error
}

fn exchange_directions(values: &mut [f32], one: usize, other: usize) {
    let len = values.len() / 4;
    for i in 0..len {
        values.swap(one * len + i, other * len + i);
    }
}

fn is_directional(key: &str) -> bool {
    ["x_proj_weight", "dt_projs_weight", "dt_projs_bias", "A_logs", "Ds"]
        .iter()
        .any(|name| key.ends_with(name))
}

#[test]
fn the_golden_notices_exchanged_directions_and_a_missing_skip() {
    let weights = SUBJECT.weights(SIZE, Precision::F32).unwrap();
    assert!(error_of(&weights) < 1e-4);
    let rows_and_columns = weights.clone().mutated(|key, values| {
        if is_directional(key) {
            exchange_directions(values, 0, 1);
        }
    });
    assert!(error_of(&rows_and_columns) > 2e-3);
    let forth_and_back = weights.clone().mutated(|key, values| {
        if is_directional(key) && key.contains("layers.2.blocks.1.") {
            exchange_directions(values, 0, 2);
        }
    });
    assert!(error_of(&forth_and_back) > 2e-3);
    let no_skip = weights.mutated(|key, values| {
        if key.ends_with(".Ds") {
            values.fill(0.0);
        }
    });
    assert!(error_of(&no_skip) > 2e-3);
}

#[test]
fn two_pictures_differ() {
    for (subject, size) in [(SUBJECT, SIZE), (VIT, [208, 176])] {
        let weights = subject.weights(size, Precision::F32).unwrap();
        let features = pollster::block_on(subject.features(&Device::cpu(), &weights, size, 2)).unwrap();
        let cosine = cosine(&features.pictures[0], &features.pictures[1]);
        assert!(cosine < 0.99, "{subject:?}: cosine {cosine}");
    }
}

#[test]
fn taps_inside_the_network_agree_with_the_golden() {
    use sightline_checkpoint::tensors::Tensors;
    let weights = SUBJECT.weights(SIZE, Precision::F32).unwrap();
    let file = Tensors::parse("golden", SUBJECT.bytes().unwrap()).unwrap();
    let pixels = picture("picture.a", SIZE[0], SIZE[1]);
    let values: Vec<f32> = pixels.iter().map(|&p| (f32::from(p) - 127.0) / 128.0).collect();
    for stage in 1..=3 {
        let block = [0, 0, 1][stage - 1];
        let row = row_with(&[("tap", json!({"stage": stage, "block": block, "norm": false}))]);
        let device = Device::cpu();
        let encoder = load(&device, &row, &weights).unwrap();
        let mut session = encoder.session(Size::one(SIZE[0], SIZE[1])).unwrap();
        pollster::block_on(session.encode(&values)).unwrap();
        let found = pollster::block_on(device.read_f32(session.output())).unwrap();
        let expected = file
            .get(&format!("203x157.picture.a.stage{stage}.mean"))
            .unwrap()
            .into_f32();
        assert_eq!(expected.len(), encoder.width());
        let tokens = session.grid().tokens() as f64;
        for (c, expected) in expected.iter().enumerate() {
            let mean: f64 = found
                .iter()
                .skip(c)
                .step_by(encoder.width())
                .map(|&v| f64::from(v))
                .sum::<f64>()
                / tokens;
            assert!(
                (mean - f64::from(*expected)).abs() < 1e-4,
                "stage {stage} channel {c}: {mean} instead of {expected}"
            );
        }
    }
}

#[test]
fn an_absent_output_norm_is_the_identity() {
    let weights = SUBJECT.weights(SIZE, Precision::F32).unwrap();
    let without = weights
        .without("encoder.outnorm2.weight")
        .without("encoder.outnorm2.bias");
    let features = pollster::block_on(SUBJECT.features(&Device::cpu(), &without, SIZE, 1)).unwrap();
    for token in features.pictures[0].chunks_exact(features.width) {
        let mean = token.iter().sum::<f32>() / features.width as f32;
        let square = token.iter().map(|v| v * v).sum::<f32>() / features.width as f32;
        assert!(
            mean.abs() < 1e-4 && (square - 1.0).abs() < 1e-2,
            "mean {mean}, mean square {square}"
        );
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let device = Device::cpu();
    let weights = SUBJECT.weights(SIZE, Precision::F32).unwrap();
    let key = "encoder.layers.1.blocks.0.op.Ds";
    let row = row_with(&[]);
    let error = load(&device, &row, &weights.clone().without(key)).err().unwrap();
    assert!(
        matches!(&error, EncoderError::Missing { key: found } if found == key),
        "{error}"
    );
    let error = load(&device, &row, &weights.clone().reshaped(key, &[3])).err().unwrap();
    assert!(
        matches!(&error, EncoderError::Shape { key: found, .. } if found == key),
        "{error}"
    );
    let bad = [
        ("d_state", json!(17)),
        ("ssm_ratio", json!(null)),
        ("dims", json!([])),
        ("dims", json!([u64::MAX, u64::MAX, u64::MAX])),
        ("depths", json!([1, 1, 1])),
    ];
    for change in bad {
        let error = load(&device, &row_with(&[change]), &weights).err().unwrap();
        assert!(matches!(error, EncoderError::Config { .. }), "{error}");
    }
    let encoder = load(&device, &row, &weights).unwrap();
    assert!(
        encoder
            .session(Size {
                batch: 0,
                height: 8,
                width: 8
            })
            .is_err()
    );
    assert!(encoder.session(Size::one(1 << 20, 1 << 20)).is_err());
    let mut one = encoder.session(Size::one(1, 1)).unwrap();
    assert!(pollster::block_on(one.encode(&[0.1; 3])).is_ok());
    assert!(matches!(
        one.write(&[0.0; 4]),
        Err(EncoderError::Length { expected: 3, found: 4 })
    ));
    let mut vit = VIT.config(SIZE).unwrap().row();
    vit.fields.insert("heads".into(), json!(5));
    let error = config(&vit).unwrap_err();
    assert!(error.to_string().contains("encoder.heads"), "{error}");
}

#[test]
fn pictures_one_by_one_are_the_pictures_at_once() {
    let device = Device::cpu();
    let weights = SUBJECT.weights(SIZE, Precision::F32).unwrap();
    let encoder = load(&device, &row_with(&[]), &weights).unwrap();
    let size = Size {
        batch: 3,
        height: 33,
        width: 20,
    };
    let values: Vec<f32> = (0..3 * 33 * 20 * 3).map(|at| (at as f32 * 0.37).sin()).collect();
    let mut session = encoder.session(size).unwrap();
    pollster::block_on(session.encode(&values)).unwrap();
    let all = pollster::block_on(device.read_f32(session.output())).unwrap();
    let mut session = encoder.session(size).unwrap();
    let each: Vec<&[f32]> = values.chunks(33 * 20 * 3).collect();
    pollster::block_on(session.encode_each(&each)).unwrap();
    assert_eq!(pollster::block_on(device.read_f32(session.output())).unwrap(), all);
    // One picture less leaves the last place what it was, and the others are in theirs.
    pollster::block_on(session.encode_each(&[each[1], each[0]])).unwrap();
    let swapped = pollster::block_on(device.read_f32(session.output())).unwrap();
    let one = all.len() / 3;
    assert_eq!(swapped, [&all[one..2 * one], &all[..one], &all[2 * one..]].concat());
    assert!(matches!(
        session.write_each(&[each[0], &each[1][1..]]),
        Err(EncoderError::Length {
            expected: 1980,
            found: 1979
        })
    ));
    assert!(session.write_each(&[each[0]; 4]).is_err(), "more pictures than places");
}
