//! What every kind of encoder promises the rest of the program, and what a bad row of a manifest
//! says.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use sightline_checkpoint::manifest::{self, Manifest};
use sightline_checkpoint::tensors::Tensor;
use sightline_kernels::Device;
use sightline_vision::{
    EncoderConfig, EncoderError, EncoderKind, KINDS, Policy, Presence, RandomWeights, Size, Source, check_manifest,
    config, kind, load_manifest, palette,
};

const SIDE: usize = 64;

/// Every shape that a kind names.
fn shapes(kind: &dyn EncoderKind) -> Vec<Box<dyn EncoderConfig>> {
    let presets = kind.presets().into_iter().map(|preset| preset.config);
    let goldens = kind.goldens().into_iter().map(|golden| golden.config);
    presets.chain(goldens).chain([kind.tiny(SIDE)]).collect()
}

#[test]
fn kinds_introduce_themselves() {
    let mut ids = BTreeSet::new();
    for (place, kind) in KINDS.iter().enumerate() {
        let id = kind.id();
        assert!(ids.insert(id), "{id} stands twice in the table");
        assert!(id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()), "{id}");
        assert_eq!(kind.name(), format!("{} ({})", kind.title(), kind.mixer()));
        let about = kind.about();
        assert!(
            about.ends_with('.') && about.matches(". ").count() == 0,
            "{id}: {about}"
        );
        assert_eq!(palette(&kind.tiny(SIDE).row()).unwrap(), place);
        let presets = kind.presets();
        assert!(presets[0].ours, "{id}: our own preset comes first");
        assert_eq!(presets.iter().filter(|preset| preset.ours).count(), 1, "{id}");
    }
}

#[test]
fn rows_come_back_as_the_shape_they_are() {
    for kind in KINDS {
        for shape in shapes(*kind) {
            let row = shape.row();
            assert_eq!(row.kind, kind.id());
            assert_eq!(config(&row).unwrap().row(), row);
            let text = serde_json::to_string(&row).unwrap();
            assert_eq!(serde_json::from_str::<manifest::Encoder>(&text).unwrap(), row);
        }
    }
}

/// Notes which tensors are asked for.
struct Noting {
    weights: RandomWeights,
    asked: RefCell<BTreeSet<String>>,
}

impl Source for Noting {
    fn tensor(&self, key: &str) -> Result<Option<Tensor>, EncoderError> {
        self.asked.borrow_mut().insert(key.to_owned());
        self.weights.tensor(key)
    }
}

#[test]
fn a_schema_holds_what_is_read_and_nothing_else() {
    for kind in KINDS {
        for int8 in [false, true] {
            let shape = kind.tiny(SIDE);
            let schema = shape.schema();
            let source = Noting {
                weights: RandomWeights::new(schema.clone(), int8),
                asked: RefCell::default(),
            };
            let encoder = shape.load(&Device::cpu(), &source).unwrap();
            assert_eq!(encoder.width(), shape.width());
            let keys: BTreeSet<String> = schema.iter().map(|(key, _)| format!("encoder.{key}")).collect();
            assert_eq!(*source.asked.borrow(), keys, "{}", kind.id());
            let size: usize = source.weights.all().values().map(stored_bytes).sum();
            assert_eq!(size, schema.bytes(int8), "{}", kind.id());
        }
    }
}

fn stored_bytes(tensor: &Tensor) -> usize {
    use sightline_checkpoint::tensors::TensorData;
    match &tensor.data {
        TensorData::F32(values) => 4 * values.len(),
        TensorData::I8 { q, scale } => q.len() + 4 * scale.len(),
    }
}

#[test]
fn tiny_instances_run_and_give_a_token_per_16_px() {
    for kind in KINDS {
        let shape = kind.tiny(SIDE);
        let size = Size::one(SIDE, SIDE);
        let grid = shape.grid(size).unwrap();
        assert_eq!((grid.height, grid.width), (SIDE / 16, SIDE / 16), "{}", kind.id());
        let device = Device::cpu();
        let source = RandomWeights::new(shape.schema(), true);
        let encoder = shape.load(&device, &source).unwrap();
        let mut session = encoder.session(size).unwrap();
        let values: Vec<f32> = (0..SIDE * SIDE * 3).map(|at| (at as f32 * 0.37).sin()).collect();
        let found = pollster::block_on(session.encode(&values)).cloned().unwrap();
        let found = pollster::block_on(device.read_f32(&found)).unwrap();
        assert_eq!(found.len(), grid.tokens() * shape.width());
        assert!(
            found.iter().all(|v| v.is_finite()) && found.iter().any(|v| v.abs() > 0.1),
            "{}",
            kind.id()
        );
    }
}

#[test]
fn files_without_what_they_need_not_have_are_read() {
    for kind in KINDS {
        let shape = kind.tiny(SIDE);
        for (key, spec) in shape.schema().iter() {
            let source = Without {
                weights: RandomWeights::new(shape.schema(), false),
                key: format!("encoder.{key}"),
            };
            let loaded = shape.load(&Device::cpu(), &source);
            // A norm is there with weight and bias, or not at all.
            let half_a_norm = spec.presence == Presence::Usual && key.ends_with(".bias");
            let fine = spec.presence != Presence::Required && !half_a_norm;
            assert_eq!(loaded.is_ok(), fine, "{} {key}", kind.id());
        }
    }
}

/// A file that lacks one tensor.
struct Without {
    weights: RandomWeights,
    key: String,
}

impl Source for Without {
    fn tensor(&self, key: &str) -> Result<Option<Tensor>, EncoderError> {
        if key == self.key {
            Ok(None)
        } else {
            self.weights.tensor(key)
        }
    }
}

#[test]
fn operations_are_those_that_are_published() {
    let preset = |name: &str| {
        let presets = KINDS.iter().flat_map(|kind| kind.presets());
        presets.into_iter().find(|preset| preset.name == name).unwrap().config
    };
    let size = Size::one(224, 224);
    // ViT-S/16 at 224 px is published with 4.6 G multiply-adds over 12 blocks; 11 are run here, at
    // 9.2 GFLOP for 12.
    let vit_s = preset("ViT-S/16").flops(size);
    assert!((8.0e9..9.2e9).contains(&vit_s), "{vit_s}");
    // VMamba-T (s1l8) is published with 4.9 G multiply-adds, stage 4 and head included.
    let tiny = preset("VMamba-T (s1l8)").flops(size);
    assert!((7.0e9..9.8e9).contains(&tiny), "{tiny}");
}

fn weights() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../weights")
}

#[test]
fn the_shipped_manifest_is_sound() {
    let manifest = load_manifest(&weights()).unwrap();
    for model in &manifest.models {
        let shape = config(&model.encoder).unwrap();
        let presets = kind(&model.encoder).unwrap().presets();
        assert_eq!(presets[0].name, model.id);
        assert_eq!(presets[0].config.row(), shape.row(), "{}", model.id);
    }
}

/// The error after the value at a JSON pointer of the shipped manifest is replaced.
fn spoilt(pointer: &str, value: Value) -> String {
    let text = std::fs::read_to_string(weights().join("manifest.json")).unwrap();
    let mut manifest: Value = serde_json::from_str(&text).unwrap();
    *manifest.pointer_mut(pointer).expect("the pointer leads somewhere") = value;
    let manifest = Manifest::parse("manifest.json", &manifest.to_string()).expect(pointer);
    check_manifest("manifest.json", &manifest)
        .expect_err(pointer)
        .to_string()
}

#[test]
fn each_spoilt_field_is_named() {
    for (pointer, value, field) in [
        (
            "/models/0/encoder/kind",
            json!("resnet"),
            "models[0].encoder.kind: `resnet` is unknown; known are vmamba, vit",
        ),
        ("/models/0/encoder/depths", json!([2, 2]), "models[0].encoder.depths"),
        ("/models/0/encoder/depths", json!("2"), "models[0].encoder.depths"),
        (
            "/models/0/encoder/dims",
            json!([96, 191, 384]),
            "models[0].encoder.dims",
        ),
        ("/models/0/encoder/d_state", json!(0), "models[0].encoder.d_state"),
        ("/models/0/encoder/d_state", json!(-1), "models[0].encoder.d_state"),
        ("/models/0/encoder/tap/stage", json!(0), "models[0].encoder.tap.stage"),
        ("/models/0/encoder/tap/block", json!(8), "models[0].encoder.tap.block"),
        (
            "/models/0/encoder/tap",
            json!({"stage": 3, "block": 7}),
            "models[0].encoder.tap: missing field `norm`",
        ),
        (
            "/models/0/encoder/ssm_ratio",
            json!(-1.0),
            "models[0].encoder.ssm_ratio",
        ),
        ("/models/1/encoder/heads", json!(7), "models[1].encoder.heads"),
        ("/models/1/encoder/heads", json!("6"), "models[1].encoder.heads"),
        ("/models/1/encoder/patch", json!(0), "models[1].encoder.patch"),
        ("/models/1/encoder/image", json!([224, 225]), "models[1].encoder.image"),
        ("/models/1/encoder/image", json!([224]), "models[1].encoder.image"),
        ("/models/1/encoder/tap/block", json!(8), "models[1].encoder.tap.block"),
        (
            "/models/1/encoder",
            json!({"kind": "vit", "depth": 8}),
            "models[1].encoder.width: missing field",
        ),
        (
            "/models/1/transform/size",
            json!([224, 200]),
            "models[1].transform.size",
        ),
        (
            "/models/1/transform/size",
            json!([224, 4096]),
            "models[1].transform.size",
        ),
        ("/models/0/check", json!([0.5]), "models[0].check: 256 finite numbers"),
        ("/models/0/check", json!(vec![1e300; 256]), "models[0].check: 256 finite"),
    ] {
        let error = spoilt(pointer, value);
        assert!(
            error.contains("manifest.json") && error.contains(field),
            "{pointer}: {error}"
        );
    }
    let mut row = KINDS[1].tiny(SIDE).row();
    row.fields.insert("wide".into(), json!(64));
    let error = config(&row).unwrap_err().to_string();
    assert!(
        error.starts_with("encoder.wide of the manifest: unknown field"),
        "{error}"
    );
}

#[test]
fn every_policy_can_be_named() {
    let text = std::fs::read_to_string(weights().join("manifest.json")).unwrap();
    for (name, _) in Policy::NAMES {
        let mut manifest: Value = serde_json::from_str(&text).unwrap();
        manifest["models"][0]["transform"]["policy"] = json!(name);
        let manifest = Manifest::parse("manifest.json", &manifest.to_string()).unwrap();
        check_manifest("manifest.json", &manifest).unwrap();
        assert_eq!(
            serde_json::to_value(&manifest.models[0].transform).unwrap()["policy"],
            name
        );
    }
}
