//! Unsound models and vocabularies are refused in one sentence that names the field.

#[allow(dead_code, reason = "other tests use the rest")]
mod support;

use sightline_checkpoint::gguf::Gguf;
use sightline_checkpoint::manifest;
use sightline_checkpoint::tensors::{self, Tensors};
use sightline_kernels::Device;
use sightline_language::{Adapters, Chat, LanguageError, Llama, LlamaConfig, Tokenizer};
use support::{File, Meta};

fn load(file: &File) -> Result<(), LanguageError> {
    let bytes = file.bytes();
    let gguf = Gguf::parse("bad.gguf", &bytes)?;
    Chat::new(&manifest::Chat::default(), &gguf)?;
    Llama::load(&Device::cpu(), &gguf).map(|_| ())
}

/// The error after one metadata value is replaced, or removed.
fn spoilt(key: &str, value: Option<Meta>) -> String {
    let mut file = support::file();
    file.metadata.remove(key).expect("the key exists");
    if let Some(value) = value {
        file.metadata.insert(key.into(), value);
    }
    load(&file).expect_err(key).to_string()
}

#[test]
fn the_tiny_model_is_sound() {
    load(&support::file()).unwrap();
}

#[test]
fn every_metadata_value_is_checked() {
    for (key, value) in [
        ("general.architecture", Meta::Str("mamba".into())),
        ("llama.block_count", Meta::U32(0)),
        ("llama.block_count", Meta::U32(u32::MAX)),
        ("llama.embedding_length", Meta::U32(63)),
        ("llama.attention.head_count", Meta::U32(5)),
        ("llama.attention.head_count_kv", Meta::U32(3)),
        ("llama.attention.layer_norm_rms_epsilon", Meta::F32(f32::NAN)),
        ("llama.rope.freq_base", Meta::F32(0.0)),
        ("llama.rope.dimension_count", Meta::U32(8)),
        ("tokenizer.ggml.model", Meta::Str("llama".into())),
        ("tokenizer.ggml.pre", Meta::Str("qwen2".into())),
        ("tokenizer.ggml.bos_token_id", Meta::U32(300)),
        ("tokenizer.ggml.eos_token_id", Meta::U32(u32::MAX)),
        ("llama.rope.dimension_count", Meta::Str("all".into())),
    ] {
        let error = spoilt(key, Some(value));
        let field = if key.ends_with("embedding_length") {
            "head_count"
        } else {
            key
        };
        assert!(error.contains("bad.gguf") && error.contains(field), "{key}: {error}");
    }
    for key in support::file().metadata.keys() {
        if key != "llama.rope.dimension_count" {
            let error = spoilt(key, None);
            assert!(error.contains(key), "{key}: {error}");
        }
    }
}

/// What the decoder does not do is refused, and never left out in silence.
#[test]
fn every_setting_is_obeyed_or_refused() {
    for (key, value) in [
        ("llama.rope.scaling.type", Meta::Str("yarn".into())),
        ("llama.rope.scaling.factor", Meta::F32(8.0)),
        ("llama.expert_count", Meta::U32(8)),
        ("llama.attention.sliding_window", Meta::U32(512)),
        ("llama.attention.key_length", Meta::U32(32)),
        ("llama.attention.value_length", Meta::U32(32)),
        ("llama.vocab_size", Meta::U32(299)),
        ("llama.context_length", Meta::U32(0)),
        ("tokenizer.ggml.eot_token_id", Meta::U32(300)),
        ("tokenizer.ggml.eom_token_id", Meta::Str("end".into())),
        ("tokenizer.ggml.add_space_prefix", Meta::U32(1)),
        ("tokenizer.ggml.remove_extra_whitespaces", Meta::U32(1)),
        ("tokenizer.ggml.precompiled_charsmap", Meta::Str("x".into())),
    ] {
        let mut file = support::file();
        file.metadata.insert(key.into(), value);
        let error = load(&file).expect_err(key).to_string();
        assert!(error.contains("bad.gguf") && error.contains(key), "{key}: {error}");
    }
    for name in [
        "blk.0.attn_q.bias",
        "blk.2.attn_q.weight",
        "blk.00.attn_q.weight",
        "rope_freqs.weight",
    ] {
        let mut file = support::file();
        file.tensors.push((name.into(), vec![32], 0, vec![0; 128]));
        let error = load(&file).expect_err(name).to_string();
        assert!(error.contains("bad.gguf") && error.contains(name), "{name}: {error}");
    }
    for (key, value) in [
        ("llama.attention.key_length", support::HEAD_DIM),
        ("llama.vocab_size", support::VOCABULARY),
        ("llama.context_length", 2048),
    ] {
        let mut file = support::file();
        file.metadata.insert(key.into(), Meta::U32(value as u32));
        load(&file).unwrap();
    }
}

#[test]
fn unknown_families_name_the_known() {
    let error = spoilt("tokenizer.ggml.model", Some(Meta::Str("llama".into())));
    assert!(
        error.contains("bad.gguf")
            && error.contains(
                "tokenizer.ggml.model: the tokenizer family `llama` is not supported yet: supported are gpt2"
            ),
        "{error}"
    );
    let types = Meta::I32s((0..support::VOCABULARY).map(|i| if i == 50 { 4 } else { 1 }).collect());
    assert!(spoilt("tokenizer.ggml.token_type", Some(types)).contains("has type 4; supported are"));
}

#[test]
fn the_vocabulary_must_add_up() {
    let mut tokens = match &support::file().metadata["tokenizer.ggml.tokens"] {
        Meta::Strings(tokens) => tokens.clone(),
        _ => Vec::new(),
    };
    tokens[10] = tokens[11].clone();
    let key = "tokenizer.ggml.tokens";
    assert!(spoilt(key, Some(Meta::Strings(tokens.clone()))).contains("appears twice"));
    tokens[10] = "unique".into();
    tokens[2] = "no end".into();
    assert!(spoilt(key, Some(Meta::Strings(tokens.clone()))).contains("<|im_end|>"));
    assert!(spoilt(key, Some(Meta::Strings(Vec::new()))).contains("token types"));
    for rule in ["ab", "a zz", "zz a", "b a", "filler200 filler201"] {
        let error = spoilt("tokenizer.ggml.merges", Some(Meta::Strings(vec![rule.into()])));
        assert!(error.contains(&format!("merge `{rule}`")), "{error}");
    }
}

#[test]
fn tensors_must_fit_the_metadata() {
    for i in 0..support::file().tensors.len() {
        let mut file = support::file();
        let name = file.tensors.remove(i).0;
        let error = load(&file).expect_err(&name).to_string();
        assert!(error.contains(&name), "{name}: {error}");
        let mut file = support::file();
        file.tensors[i].1.push(2);
        let data = file.tensors[i].3.clone();
        file.tensors[i].3.extend(data);
        let error = load(&file).expect_err(&name).to_string();
        assert!(error.contains(&name), "{name}: {error}");
    }
    let mut file = support::file();
    let head = ("output.weight".to_string(), vec![32], 0, vec![0; 128]);
    file.tensors.push(head);
    assert!(load(&file).unwrap_err().to_string().contains("output.weight"));
}

#[test]
fn weights_must_be_finite() {
    for i in 0..support::with_head(8).tensors.len() {
        let mut file = support::with_head(8);
        let (name, _, kind, bytes) = &mut file.tensors[i];
        let name = name.clone();
        // The last value of floats; the last block's scale of Q4_1 (kind 3) and Q8_0 (kind 8).
        let at = bytes.len() - [4, 0, 0, 20, 0, 0, 0, 0, 34][*kind as usize];
        match kind {
            0 => bytes[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes()),
            _ => bytes[at..at + 2].copy_from_slice(&half::f16::INFINITY.to_le_bytes()),
        }
        let error = load(&file).expect_err(&name).to_string();
        let words = ["bad.gguf", &name, "not finite"];
        assert!(words.iter().all(|word| error.contains(word)), "{name}: {error}");
    }
}

#[test]
fn adapters_must_fit_the_model() {
    let bytes = support::file().bytes();
    let gguf = Gguf::parse("tiny.gguf", &bytes).unwrap();
    let config = LlamaConfig::from_gguf(&gguf).unwrap();
    let load = |tensors: &std::collections::BTreeMap<String, tensors::Tensor>, rank: usize| {
        let file = tensors::serialize("a", tensors).unwrap();
        let file = Tensors::parse("bad.safetensors", &file).unwrap();
        let row = manifest::Adapters { rank, alpha: 1.0 };
        Adapters::load(&Device::cpu(), &file, &row, &config).map(|_| ())
    };
    let good = support::adapters();
    load(&good, support::RANK).unwrap();
    assert!(load(&good, 8).unwrap_err().to_string().contains("lora_a"));
    for key in good.keys() {
        let mut bad = good.clone();
        bad.remove(key);
        let error = load(&bad, support::RANK).unwrap_err().to_string();
        assert!(
            error.contains("bad.safetensors") && error.contains(key.as_str()),
            "{error}"
        );
    }
}

#[test]
fn small_texts_are_split_as_the_file_says() {
    let bytes = support::file().bytes();
    let tokenizer = Tokenizer::from_gguf(&Gguf::parse("tiny.gguf", &bytes).unwrap()).unwrap();
    let id = |token: &str| tokenizer.encode(token).unwrap()[0];
    assert_eq!(tokenizer.encode("abcab").unwrap(), [id("abc"), id("ab")]);
    assert_eq!(tokenizer.encode("12").unwrap(), [id("1"), id("2")]);
    assert_eq!(tokenizer.decode(&tokenizer.encode("abc 12\n").unwrap()), "abc 12\n");
    // A control token that is spelled out is plain text. The token itself has no text.
    assert!(!tokenizer.encode("<|im_end|>").unwrap().contains(&2));
    assert_eq!(tokenizer.decode(&[1, 2, id("a")]), "a");
    assert!(tokenizer.token_bytes(u32::MAX).is_empty());
}
