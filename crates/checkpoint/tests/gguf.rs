//! Hostile GGUF files: every truncation, every claimed count, every overlap is refused with its own
//! error, and nothing panics.

use sightline_checkpoint::blob::Blob;
use sightline_checkpoint::ggml::GgmlType;
use sightline_checkpoint::gguf::{Gguf, GgufError};

/// A small GGUF file, written field by field so that each can be spoilt.
struct File {
    magic: [u8; 4],
    version: u32,
    tensor_count: Option<u64>,
    pair_count: Option<u64>,
    pairs: Vec<Vec<u8>>,
    entries: Vec<Vec<u8>>,
    data: usize,
}

fn string(text: &[u8]) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes()[..], text].concat()
}

fn pair(key: &str, kind: u32, value: &[u8]) -> Vec<u8> {
    [&string(key.as_bytes())[..], &kind.to_le_bytes(), value].concat()
}

fn entry(name: &str, dims: &[u64], kind: u32, offset: u64) -> Vec<u8> {
    let mut out = string(name.as_bytes());
    out.extend((dims.len() as u32).to_le_bytes());
    dims.iter().for_each(|d| out.extend(d.to_le_bytes()));
    out.extend(kind.to_le_bytes());
    out.extend(offset.to_le_bytes());
    out
}

fn strings(items: &[&str]) -> Vec<u8> {
    let mut out = 8u32.to_le_bytes().to_vec();
    out.extend((items.len() as u64).to_le_bytes());
    items.iter().for_each(|s| out.extend(string(s.as_bytes())));
    out
}

impl File {
    fn good() -> Self {
        Self {
            magic: *b"GGUF",
            version: 3,
            tensor_count: None,
            pair_count: None,
            pairs: vec![
                pair("general.architecture", 8, &string(b"llama")),
                pair("llama.block_count", 4, &2u32.to_le_bytes()),
                pair("eps", 6, &1e-5f32.to_le_bytes()),
                pair("tokens", 9, &strings(&["a", "bc", "é"])),
                pair("flag", 7, &[1]),
            ],
            entries: vec![
                entry("norm", &[32], 0, 0),
                entry("matrix", &[64, 3], 3, 128),
                entry("head", &[32, 2], 8, 256),
            ],
            data: 256 + 68,
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut out = self.magic.to_vec();
        out.extend(self.version.to_le_bytes());
        out.extend(self.tensor_count.unwrap_or(self.entries.len() as u64).to_le_bytes());
        out.extend(self.pair_count.unwrap_or(self.pairs.len() as u64).to_le_bytes());
        out.extend(self.pairs.concat());
        out.extend(self.entries.concat());
        out.resize(out.len().next_multiple_of(32), 0);
        out.extend((0..self.data).map(|i| i as u8));
        out
    }

    fn error(&self) -> GgufError {
        Gguf::parse("a.gguf", &self.bytes()).expect_err("the file is spoilt")
    }
}

#[test]
fn a_sound_file_is_read() {
    let bytes = File::good().bytes();
    let gguf = Gguf::parse("a.gguf", &bytes).unwrap();
    assert_eq!(gguf.str("general.architecture"), Ok("llama"));
    assert_eq!(gguf.u64("llama.block_count"), Ok(2));
    assert_eq!(gguf.f32("eps"), Ok(1e-5));
    assert_eq!(gguf.strings("tokens").unwrap(), ["a", "bc", "é"]);
    assert_eq!(gguf.value("flag").and_then(|v| v.as_bool()), Some(true));
    let matrix = gguf.tensor("matrix").unwrap();
    assert_eq!(
        (matrix.kind, &matrix.shape[..], gguf.bytes(matrix).unwrap().len()),
        (GgmlType::Q4_1, &[3, 64][..], 120)
    );
    assert_eq!(gguf.values(matrix).unwrap().len(), 192);
    assert_eq!(gguf.tensors().len(), 3);
}

#[test]
fn every_truncation_is_refused() {
    let bytes = File::good().bytes();
    for len in 0..bytes.len() {
        let error = Gguf::parse("a.gguf", &bytes[..len]).expect_err("truncated").to_string();
        assert!(error.contains("a.gguf"), "{error}");
    }
}

#[test]
fn no_single_wrong_byte_panics() {
    let good = File::good().bytes();
    for at in 0..good.len() - 300 {
        for flip in [0x01, 0x80, 0xff] {
            let mut bytes = good.clone();
            bytes[at] ^= flip;
            if let Ok(gguf) = Gguf::parse("a.gguf", &bytes) {
                gguf.tensors()
                    .iter()
                    .for_each(|t| assert_eq!(gguf.values(t).unwrap().len(), t.len()));
            }
        }
    }
}

#[test]
fn magic_and_version() {
    let mut file = File::good();
    file.magic = *b"GGML";
    assert!(matches!(file.error(), GgufError::Magic { .. }));
    assert!(matches!(
        Gguf::parse("a.gguf", b"").unwrap_err(),
        GgufError::Magic { .. }
    ));
    let mut file = File::good();
    file.version = 2;
    assert!(matches!(file.error(), GgufError::Version { found: 2, .. }));
}

#[test]
fn huge_counts_allocate_nothing() {
    for count in [1 << 20, 1 << 40, u64::MAX] {
        let mut file = File::good();
        file.tensor_count = Some(count);
        assert!(matches!(file.error(), GgufError::Count { found, .. } if found == count));
        let mut file = File::good();
        file.pair_count = Some(count);
        assert!(matches!(file.error(), GgufError::Count { found, .. } if found == count));
        let mut file = File::good();
        file.pairs[0] = pair("k", 8, &count.to_le_bytes());
        assert!(matches!(file.error(), GgufError::Count { found, .. } if found == count));
        for kind in [0u32, 5, 8, 12] {
            let array = [&kind.to_le_bytes()[..], &count.to_le_bytes()].concat();
            file.pairs[0] = pair("k", 9, &array);
            assert!(matches!(file.error(), GgufError::Count { found, .. } if found == count));
        }
    }
}

#[test]
fn text_must_be_utf8() {
    let mut file = File::good();
    file.pairs[0] = pair("general.architecture", 8, &string(&[0xff, 0xfe]));
    let error = file.error().to_string();
    assert!(
        error.contains("general.architecture") && error.contains("UTF-8"),
        "{error}"
    );
}

#[test]
fn names_are_unique() {
    let mut file = File::good();
    file.pairs[1] = file.pairs[0].clone();
    assert!(matches!(file.error(), GgufError::Duplicate { .. }));
    let mut file = File::good();
    file.entries[1] = entry("norm", &[64, 3], 3, 128);
    assert!(matches!(file.error(), GgufError::Duplicate { .. }));
}

#[test]
fn value_types_are_known() {
    let mut file = File::good();
    file.pairs[0] = pair("k", 13, &[0; 8]);
    assert!(matches!(file.error(), GgufError::ValueType { found: 13, .. }));
    file.pairs[0] = pair("k", 9, &[&9u32.to_le_bytes()[..], &[0; 16]].concat());
    assert!(matches!(file.error(), GgufError::ValueType { found: 9, .. }));
}

#[test]
fn alignment_is_a_power_of_two() {
    for found in [0u32, 1, 24, 1 << 20] {
        let mut file = File::good();
        file.pairs[0] = pair("general.alignment", 4, &found.to_le_bytes());
        assert!(matches!(file.error(), GgufError::Alignment { .. }));
    }
}

#[test]
fn shapes_are_possible() {
    for dims in [
        &[][..],
        &[0],
        &[32, 0],
        &[1, 1, 1, 1, 1],
        &[33, 2],
        &[1 << 32, 1 << 32],
        &[u64::MAX - 31],
    ] {
        let mut file = File::good();
        file.entries[1] = entry("matrix", dims, 3, 128);
        let error = file.error();
        assert!(
            matches!(error, GgufError::Shape { .. } | GgufError::OutOfFile { .. }),
            "{dims:?}: {error}"
        );
    }
    let mut file = File::good();
    file.entries[1] = entry("matrix", &[64, 3], 2, 128);
    assert!(matches!(file.error(), GgufError::TensorType { found: 2, .. }));
}

#[test]
fn tensors_lie_inside_and_apart() {
    let spoilt = |offset| {
        let mut file = File::good();
        file.entries[1] = entry("matrix", &[64, 3], 3, offset);
        file.error()
    };
    assert!(matches!(spoilt(96), GgufError::Overlap { .. }));
    assert!(matches!(spoilt(160), GgufError::Overlap { .. }));
    assert!(matches!(spoilt(129), GgufError::Misaligned { offset: 129, .. }));
    assert!(matches!(spoilt(1 << 20), GgufError::OutOfFile { .. }));
    assert!(matches!(spoilt(u64::MAX - 31), GgufError::OutOfFile { .. }));
}

#[test]
fn what_is_missing_is_named() {
    let bytes = File::good().bytes();
    let gguf = Gguf::parse("a.gguf", &bytes).unwrap();
    let error = gguf.tensor("output.weight").unwrap_err().to_string();
    assert_eq!(
        error,
        "a.gguf has no tensor `output.weight`; it is another model than expected"
    );
    assert!(gguf.u64("eps").is_err() && gguf.strings("flag").is_err());
}

/// A file that is read piece by piece gives what the whole one does.
#[test]
fn a_blob_gives_the_same_tensors() {
    let bytes = File::good().bytes();
    let whole = Gguf::parse("a.gguf", &bytes).unwrap();
    let pieces = Pieces(bytes.clone());
    let head = Gguf::head("a.gguf", &pieces).unwrap();
    let blob = Gguf::parse_head("a.gguf", &head, &pieces).unwrap();
    for (a, b) in whole.tensors().iter().zip(blob.tensors()) {
        assert_eq!(a, b);
        assert_eq!(whole.bytes(a).unwrap(), blob.bytes(b).unwrap());
    }
    let short = Pieces(bytes[..bytes.len() - 1].to_vec());
    let error = Gguf::parse_head("a.gguf", &head, &short).expect_err("cut").to_string();
    assert!(error.contains("ends 1 bytes after the file"), "{error}");
}

struct Pieces(Vec<u8>);

impl Blob for Pieces {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&self, span: std::ops::Range<u64>) -> Result<Vec<u8>, String> {
        self.0[..].read(span)
    }
}
