//! A model of a few thousand weights in front of a language model of a few thousand, and a
//! benchmark of a few questions.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;
use sightline_checkpoint::hash::sha256_hex;
use sightline_checkpoint::tensors::{Tensor, TensorData, serialize};

use crate::support;

const WIDTH: usize = support::WIDTH;

/// Questions of the benchmark.
pub(crate) const QUESTIONS: usize = 12;

/// Writes `weights/`, `cache/` and `data/` into a folder. `seed`: of the encoder's weights.
pub(crate) fn write(folder: &Path, seed: u32) {
    write_questions(folder, seed, QUESTIONS);
}

/// The same with so many questions, each about a picture of its own, as VizWiz has them.
pub(crate) fn write_questions(folder: &Path, seed: u32, count: usize) {
    let gguf = support::file().bytes();
    let weights = serialize("model.safetensors", &tensors(seed)).expect("a model file");
    let blind = serialize("blind.safetensors", &support::adapters()).expect("a model file");
    let manifest = json!({
        "version": 1,
        "language_models": [{
            "id": "tiny", "file": "tiny.gguf", "bytes": gguf.len(), "sha256": sha256_hex(&gguf), "licence": "none",
            "pypi": { "package": "none", "version": "0", "member": "none/tiny.gguf" },
        }],
        "models": [{
            "id": "model",
            "encoder": {
                "kind": "vit", "width": WIDTH, "depth": 1, "heads": 2, "patch": 16, "image": [224, 224], "class_token": false,
                "tap": { "block": 0, "norm": true },
            },
            "transform": {
                "policy": "letterbox", "size": [224, 224], "pad": [127, 127, 127], "filter": "bicubic",
                "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5],
            },
            "connector": { "layers": 1, "hidden": WIDTH, "positions": [14, 14] },
            "language_model": "tiny",
            "files": [{ "path": "model.safetensors", "bytes": weights.len(), "sha256": sha256_hex(&weights) }],
            "question_types": [{ "id": "name", "example": "What is this?", "wordings": ["What is this?"] }],
            "licence": "LICENSE", "card": "card.md",
        }],
        "blind": {
            "id": "sightline-blind", "language_model": "tiny", "text_start": 197,
            "adapters": { "rank": support::RANK, "alpha": support::ALPHA },
            "files": [{ "path": "sightline-blind/model.safetensors", "bytes": blind.len(), "sha256": sha256_hex(&blind) }],
        },
    });
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, bytes).expect("a file");
    };
    put("cache/tiny.gguf", &gguf);
    put("weights/model.safetensors", &weights);
    put("weights/sightline-blind/model.safetensors", &blind);
    put("weights/manifest.json", manifest.to_string().as_bytes());
    let questions: Vec<_> = (0..count)
        .map(|at| {
            let answers = vec![json!({ "answer": "a b", "answer_confidence": "yes" }); 10];
            json!({
                "image": format!("VizWiz_val_{at:08}.jpg"), "question": format!("What is {at}?"), "answers": answers,
                "answer_type": "other", "answerable": 1,
            })
        })
        .collect();
    put("data/vizwiz/val.json", json!(questions).to_string().as_bytes());
    for picture in 0..count {
        put(
            &format!("data/vizwiz/val/VizWiz_val_{picture:08}.jpg"),
            &png(picture as u8),
        );
    }
}

/// A small picture, another one for every number.
fn png(number: u8) -> Vec<u8> {
    let image = image::RgbImage::from_fn(40, 30, |x, y| {
        image::Rgb([(6 * x) as u8, (8 * y) as u8 ^ (number * 31), number.wrapping_mul(37)])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, image::ImageFormat::Png).expect("a picture");
    bytes.into_inner()
}

fn tensors(seed: u32) -> BTreeMap<String, Tensor> {
    let mut tensors = BTreeMap::new();
    let mut add = |key: &str, shape: &[usize], middle: f32| {
        let seed = seed + tensors.len() as u32;
        let size = shape.iter().product::<usize>();
        let fan = shape[1..].iter().product::<usize>().max(1) as f32;
        let data = (0..size)
            .map(|i| middle + support::noise(seed, i) * 3.0 / fan.sqrt())
            .collect();
        let tensor = Tensor {
            shape: shape.to_vec(),
            data: TensorData::F32(data),
        };
        tensors.insert(key.to_owned(), tensor);
    };
    add("encoder.patch_embed.proj.weight", &[WIDTH, 3, 16, 16], 0.0);
    add("encoder.patch_embed.proj.bias", &[WIDTH], 0.0);
    add("encoder.pos_embed", &[1, 196, WIDTH], 0.0);
    for norm in ["blocks.0.norm1", "blocks.0.norm2", "norm"] {
        add(&format!("encoder.{norm}.weight"), &[WIDTH], 1.0);
        add(&format!("encoder.{norm}.bias"), &[WIDTH], 0.0);
    }
    for (key, rows, cols) in [
        ("encoder.blocks.0.attn.qkv", 3 * WIDTH, WIDTH),
        ("encoder.blocks.0.attn.proj", WIDTH, WIDTH),
        ("encoder.blocks.0.mlp.fc1", 4 * WIDTH, WIDTH),
        ("encoder.blocks.0.mlp.fc2", WIDTH, 4 * WIDTH),
        ("projector", WIDTH, WIDTH),
    ] {
        add(&format!("{key}.weight"), &[rows, cols], 0.0);
        add(&format!("{key}.bias"), &[rows], 0.0);
    }
    add("projector.row", &[14, WIDTH], 0.0);
    add("projector.col", &[14, WIDTH], 0.0);
    tensors
}
