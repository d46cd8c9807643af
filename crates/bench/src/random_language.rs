//! SmolLM2-135M with random weights, as the bytes of its files: nothing is fetched, and the files'
//! own readers are used.

use anyhow::Result;
use sightline_checkpoint::random::LanguageShape;
use sightline_checkpoint::{manifest, tensors};

const SHAPE: LanguageShape = LanguageShape::SMOLLM2_135M;
pub(crate) const WIDTH: usize = SHAPE.width;
pub(crate) const HEADS: usize = SHAPE.heads;
pub(crate) const HEAD: usize = WIDTH / HEADS;
pub(crate) const KV: usize = SHAPE.kv_heads * HEAD;
pub(crate) const VOCABULARY: usize = SHAPE.vocabulary;
/// The published number of layers.
pub(crate) const LAYERS: usize = SHAPE.layers;
/// The shipped adapters.
pub(crate) const ADAPTERS: manifest::Adapters = manifest::Adapters { rank: 16, alpha: 32.0 };

/// Matrices of a layer: name, rows, columns.
pub(crate) const MATRICES: [(&str, usize, usize); 7] = SHAPE.matrices();

/// A GGUF file of this many layers.
pub(crate) fn gguf(layers: usize) -> Vec<u8> {
    LanguageShape { layers, ..SHAPE }.gguf()
}

/// The adapters of so many layers as a safetensors file.
pub(crate) fn adapters(layers: usize) -> Result<Vec<u8>> {
    let all = LanguageShape { layers, ..SHAPE }.adapters(&ADAPTERS);
    Ok(tensors::serialize("random adapters", &all)?)
}

#[cfg(test)]
mod tests {
    use sightline_checkpoint::gguf::Gguf;
    use sightline_checkpoint::tensors::Tensors;
    use sightline_kernels::Device;
    use sightline_language::{Adapters, Llama, Tokenizer};

    use super::*;

    #[test]
    fn the_files_readers_take_it() -> Result<()> {
        let device = Device::cpu();
        let bytes = gguf(1);
        let file = Gguf::parse("random", &bytes)?;
        let llama = Llama::load(&device, &file)?;
        assert_eq!(Tokenizer::from_gguf(&file)?.control("<|im_end|>"), Some(2));
        let bytes = adapters(1)?;
        let tensors = Tensors::parse("random", &bytes)?;
        Adapters::load(&device, &tensors, &ADAPTERS, llama.config())?;
        Ok(())
    }
}
