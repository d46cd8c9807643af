//! Models of random numbers in the shipped layout, small enough that a page with them loads in
//! seconds: a model of every row of the shipped manifest, each encoder as its kind's tiny instance.
//!
//! ```sh
//! cargo run --release -p sightline-vision --example tiny_models -- FOLDER
//! ```
//!
//! writes `FOLDER/weights` and the language model's file beside it, the same bytes every time.
//! `cargo xtask page --tiny` runs it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sightline_checkpoint::file::write_whole;
use sightline_checkpoint::hash::sha256_hex;
use sightline_checkpoint::manifest::{Adapters, Connector, DenseHead, LanguageModel, Model, ModelFile};
use sightline_checkpoint::random::{LanguageShape, matrix, seed_of, values};
use sightline_checkpoint::tensors::{self, Tensor, TensorData, Tensors};
use sightline_vision::{RandomWeights, check_of, kind, load_manifest};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const LANGUAGE: LanguageShape = LanguageShape {
    layers: 16,
    width: 64,
    heads: 2,
    kv_heads: 1,
    hidden: 256,
    vocabulary: 320,
};
const ADAPTERS: Adapters = Adapters { rank: 4, alpha: 8.0 };
/// Side of the picture that the encoders see, px.
const SIDE: usize = 64;
/// Side of the grid of visual tokens.
const GRID: usize = SIDE / 16;
/// Few, so that the most likely one is likely enough to be shown.
const CLASSES: &[&str] = &["goldfish", "teapot", "pizza", "bee"];
const LANGUAGE_FILE: &str = "random.gguf";
const LANGUAGE_ID: &str = "random-language";

fn main() -> Result<()> {
    let mut words = std::env::args_os().skip(1);
    let (Some(folder), None) = (words.next(), words.next()) else {
        return Err("name one folder to write to".into());
    };
    make(&PathBuf::from(folder))
}

/// Writes a weights folder and a language model below `folder`.
fn make(folder: &Path) -> Result<()> {
    let weights = folder.join("weights");
    // Rows as shipped, but for the sizes: kinds of question, transform and licence are the real
    // ones.
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../weights");
    let mut manifest = load_manifest(&shipped)?;
    let gguf = LANGUAGE.gguf();
    let language_file = folder.join(LANGUAGE_FILE);
    write(&language_file, &gguf)?;
    manifest.language_models.truncate(1);
    manifest.blind = None;
    for row in &mut manifest.language_models {
        *row = LanguageModel {
            id: LANGUAGE_ID.into(),
            file: LANGUAGE_FILE.into(),
            bytes: gguf.len() as u64,
            sha256: sha256_hex(&gguf),
            ..row.clone()
        };
    }
    for row in &mut manifest.models {
        model(row, &weights)?;
    }
    write(&weights.join("classes.json"), &serde_json::to_vec(CLASSES)?)?;
    write(&weights.join("manifest.json"), &serde_json::to_vec_pretty(&manifest)?)
}

/// Makes a row small, and writes its tensors.
fn model(row: &mut Model, weights: &Path) -> Result<()> {
    let encoder = kind(&row.encoder)?.tiny(SIDE);
    row.encoder = encoder.row();
    let width = encoder.width();
    row.transform.size = [SIDE, SIDE];
    row.connector = Connector {
        layers: 2,
        hidden: LANGUAGE.width,
        positions: Some([GRID, GRID]),
    };
    row.language_model = LANGUAGE_ID.into();
    row.adapters = Some(ADAPTERS);
    row.dense_head = Some(DenseHead {
        classes: "classes.json".into(),
    });
    let mut all = RandomWeights::new(encoder.schema(), true).all();
    all.extend(LANGUAGE.adapters(&ADAPTERS));
    connector(&mut all, width);
    linear(&mut all, "dense.0", width, width);
    linear(&mut all, "dense.2", CLASSES.len() + 9, width);
    let path = format!("{}/model.safetensors", row.id);
    let bytes = tensors::serialize(&path, &all)?;
    write(&weights.join(&path), &bytes)?;
    row.check = Some(pollster::block_on(check_of(row, &Tensors::parse(&path, &bytes)?))?);
    row.files = vec![ModelFile {
        path,
        bytes: bytes.len() as u64,
        sha256: sha256_hex(&bytes),
    }];
    Ok(())
}

fn connector(all: &mut BTreeMap<String, Tensor>, width: usize) {
    linear(all, "projector.0", LANGUAGE.width, width);
    linear(all, "projector.2", LANGUAGE.width, LANGUAGE.width);
    for key in ["projector.row", "projector.col"] {
        let data = TensorData::F32(values(GRID * LANGUAGE.width, seed_of(key), 0.1, 0.0));
        let shape = vec![GRID, LANGUAGE.width];
        all.insert(key.into(), Tensor { shape, data });
    }
}

fn linear(all: &mut BTreeMap<String, Tensor>, key: &str, rows: usize, cols: usize) {
    let (weight, bias) = (format!("{key}.weight"), format!("{key}.bias"));
    let data = matrix(rows, cols, seed_of(&weight), true);
    let shape = vec![rows, cols];
    all.insert(weight, Tensor { shape, data });
    let data = TensorData::F32(values(rows, seed_of(&bias), 0.1, 0.0));
    all.insert(
        bias,
        Tensor {
            shape: vec![rows],
            data,
        },
    );
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    write_whole(path, bytes).map_err(|error| format!("cannot write {}: {error}", path.display()).into())
}

#[cfg(test)]
mod tests {
    use sightline_checkpoint::bundle;
    use sightline_checkpoint::gguf::Gguf;

    use super::*;

    /// As the page of the tests is cut: so small that every file has several parts.
    const PART_BYTES: u64 = 64 << 10;

    #[test]
    fn the_small_models_make_a_bundle_of_many_parts() -> Result<()> {
        let dir = tempfile::tempdir()?;
        make(dir.path())?;
        let (weights, out) = (dir.path().join("weights"), dir.path().join("page"));
        let language_file = dir.path().join(LANGUAGE_FILE);
        let language_models = BTreeMap::from([(LANGUAGE_ID.to_owned(), language_file.clone())]);
        let bundle = bundle::write(&weights, &language_models, &out, PART_BYTES)?;
        assert_eq!(bundle.files.len(), 3);
        assert!(
            bundle.files.iter().all(|file| file.parts.len() > 2),
            "{:?}",
            bundle.files
        );
        let text = std::fs::read_to_string(out.join("bundle.json"))?;
        assert_eq!(bundle::Bundle::parse("bundle.json", &text)?, bundle);
        let gguf = std::fs::read(&language_file)?;
        Gguf::parse("random.gguf", &gguf)?;
        Ok(())
    }
}
