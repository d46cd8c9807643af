//! Models of random numbers in the shipped layout, small enough that a page with them loads in seconds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sightline_checkpoint::file::write_whole;
use sightline_checkpoint::hash::sha256_hex;
use sightline_checkpoint::manifest::{
    Adapters, BlockTap, Connector, DenseHead, Encoder, LanguageModel, Manifest, Model, ModelFile, StageTap,
};
use sightline_checkpoint::random::{EncoderTensors, LanguageShape, matrix, seed_of, values};
use sightline_checkpoint::tensors::{self, Tensor, TensorData};

use crate::repo::root;

/// So small that every file has several.
pub(super) const PART_BYTES: u64 = 64 << 10;

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

/// What was written, and where.
pub(super) struct Made {
    /// A weights folder.
    pub(super) weights: PathBuf,
    /// The language model's file by its id.
    pub(super) language_models: BTreeMap<String, PathBuf>,
}

/// Writes a weights folder and a language model below `folder`. The same bytes every time.
pub(super) fn make(folder: &Path) -> Result<Made> {
    let weights = folder.join("weights");
    // Rows as shipped, but for the sizes: kinds of question, transform and licence are the real ones.
    let mut manifest = Manifest::load(&root().join("weights"))?;
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
    write(&weights.join("manifest.json"), &serde_json::to_vec_pretty(&manifest)?)?;
    let language_models = BTreeMap::from([(LANGUAGE_ID.to_owned(), language_file)]);
    Ok(Made {
        weights,
        language_models,
    })
}

/// Makes a row small, and writes its tensors.
fn model(row: &mut Model, weights: &Path) -> Result<()> {
    let width = match &mut row.encoder {
        Encoder::Vmamba { dims, depths, tap, .. } => {
            (*dims, *depths) = (vec![32, 64, 128], vec![1, 1, 1]);
            *tap = StageTap { block: 0, ..*tap };
            dims[2]
        }
        Encoder::Vit {
            width,
            depth,
            heads,
            image,
            tap,
            ..
        } => {
            (*width, *depth, *heads, *image) = (64, 2, 2, [SIDE, SIDE]);
            *tap = BlockTap { block: 1, ..*tap };
            *width
        }
    };
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
    let mut all = EncoderTensors::new(&row.encoder, true).all();
    all.extend(LANGUAGE.adapters(&ADAPTERS));
    connector(&mut all, width);
    linear(&mut all, "dense.0", width, width);
    linear(&mut all, "dense.2", CLASSES.len() + 9, width);
    let path = format!("{}/model.safetensors", row.id);
    let bytes = tensors::serialize(&path, &all)?;
    write(&weights.join(&path), &bytes)?;
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
    write_whole(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use sightline_checkpoint::bundle;
    use sightline_checkpoint::gguf::Gguf;

    use super::*;

    #[test]
    fn the_small_models_make_a_bundle_of_many_parts() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let made = make(dir.path())?;
        let out = dir.path().join("page");
        let bundle = bundle::write(&made.weights, &made.language_models, &out, PART_BYTES)?;
        assert_eq!(bundle.files.len(), 3);
        assert!(
            bundle.files.iter().all(|file| file.parts.len() > 2),
            "{:?}",
            bundle.files
        );
        let text = std::fs::read_to_string(out.join("bundle.json"))?;
        assert_eq!(bundle::Bundle::parse("bundle.json", &text)?, bundle);
        let gguf = std::fs::read(&made.language_models[LANGUAGE_ID])?;
        Gguf::parse("random.gguf", &gguf)?;
        Ok(())
    }
}
