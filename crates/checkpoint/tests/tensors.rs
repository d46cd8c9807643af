//! safetensors: a written file is read again, and each fault is refused by name.

use std::collections::BTreeMap;

use sightline_checkpoint::tensors::{Tensor, TensorData, Tensors, TensorsError, serialize, write};

fn f32_tensor(shape: &[usize]) -> Tensor {
    let len: usize = shape.iter().product();
    Tensor {
        shape: shape.to_vec(),
        data: TensorData::F32((0..len).map(|i| i as f32 * 0.5).collect()),
    }
}

fn i8_tensor(shape: &[usize], rows: usize) -> Tensor {
    let len: usize = shape.iter().product();
    Tensor {
        shape: shape.to_vec(),
        data: TensorData::I8 {
            q: (0..len).map(|i| (i % 255) as i8).collect(),
            scale: (0..rows).map(|i| 0.25 + i as f32).collect(),
        },
    }
}

fn bundle() -> BTreeMap<String, Tensor> {
    BTreeMap::from([
        ("norm.weight".to_string(), f32_tensor(&[5])),
        ("conv.weight".to_string(), i8_tensor(&[2, 3, 3, 3], 2)),
        ("x_proj_weight".to_string(), i8_tensor(&[4, 6, 8], 24)),
    ])
}

/// A file with this header and `data` zero bytes behind it.
fn raw(header: &str, data: usize) -> Vec<u8> {
    [
        &(header.len() as u64).to_le_bytes()[..],
        header.as_bytes(),
        &vec![0; data],
    ]
    .concat()
}

#[test]
fn what_is_written_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    write(&path, &bundle()).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let tensors = Tensors::parse("model.safetensors", &bytes).unwrap();
    assert_eq!(tensors.keys(), ["conv.weight", "norm.weight", "x_proj_weight"]);
    for (key, tensor) in bundle() {
        assert_eq!(tensors.get(&key).unwrap(), tensor, "{key}");
    }
    let x_proj = tensors.f32("x_proj_weight", &[4, 6, 8]).unwrap();
    assert_eq!(x_proj[8 + 3], 11.0 * 1.25);
}

#[test]
fn half_precision_becomes_single() {
    let header = r#"{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}"#;
    let mut bytes = raw(header, 0);
    bytes.extend([0x00, 0x3c, 0x00, 0xc0]);
    let tensors = Tensors::parse("a", &bytes).unwrap();
    assert_eq!(tensors.f32("a", &[2]).unwrap(), [1.0, -2.0]);
}

#[test]
fn every_truncation_is_refused() {
    let bytes = serialize("a", &bundle()).unwrap();
    for len in 0..bytes.len() {
        assert!(matches!(
            Tensors::parse("a", &bytes[..len]),
            Err(TensorsError::Container { .. })
        ));
    }
}

#[test]
fn what_does_not_add_up_is_refused() {
    for header in [
        r#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,8]}}"#,
        r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}"#,
        r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
        r#"{"a":{"dtype":"F32","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,8]}}"#,
    ] {
        assert!(matches!(
            Tensors::parse("a", &raw(header, 16)),
            Err(TensorsError::Container { .. })
        ));
    }
    let huge = [&u64::MAX.to_le_bytes()[..], b"{}"].concat();
    assert!(Tensors::parse("a", &huge).is_err());
}

#[test]
fn errors_name_file_and_key() {
    let bytes = serialize("a", &bundle()).unwrap();
    let tensors = Tensors::parse("m.safetensors", &bytes).unwrap();
    let error = tensors.get("nothing").unwrap_err().to_string();
    assert!(error.starts_with("m.safetensors has no tensor `nothing`"), "{error}");
    let error = tensors.f32("norm.weight", &[6]).unwrap_err().to_string();
    assert_eq!(
        error,
        "m.safetensors: tensor `norm.weight` has shape [5], the model needs [6]"
    );
}

#[test]
fn int8_takes_a_half_precision_scale() {
    let header = r#"{"a":{"dtype":"I8","shape":[2,2],"data_offsets":[4,8]},"a.scale":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}"#;
    let mut bytes = raw(header, 0);
    bytes.extend([0x00, 0x3c, 0x00, 0xc0, 1, 2, 3, 0xff]);
    let tensors = Tensors::parse("a", &bytes).unwrap();
    assert_eq!(tensors.f32("a", &[2, 2]).unwrap(), [1.0, 2.0, -6.0, 2.0]);
}

#[test]
fn int8_needs_its_scale() {
    let header = r#"{"a":{"dtype":"I8","shape":[2,4],"data_offsets":[0,8]}}"#;
    let bytes = raw(header, 8);
    let tensors = Tensors::parse("a", &bytes).unwrap();
    assert!(matches!(tensors.get("a"), Err(TensorsError::Scale { .. })));
    let header = r#"{"a":{"dtype":"I8","shape":[2,4],"data_offsets":[0,8]},"a.scale":{"dtype":"F32","shape":[4],"data_offsets":[8,24]}}"#;
    let bytes = raw(header, 24);
    let tensors = Tensors::parse("a", &bytes).unwrap();
    assert!(matches!(tensors.get("a"), Err(TensorsError::Scale { .. })));
}

#[test]
fn other_types_and_infinities_are_refused() {
    let bytes = raw(r#"{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}"#, 8);
    assert!(matches!(
        Tensors::parse("a", &bytes).unwrap().get("a"),
        Err(TensorsError::Type { .. })
    ));
    let mut bytes = raw(r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 0);
    bytes.extend(f32::NAN.to_le_bytes());
    assert!(matches!(
        Tensors::parse("a", &bytes).unwrap().get("a"),
        Err(TensorsError::NotFinite { .. })
    ));
}
