//! What the tests of the scorers share: the golden sets, and one check for each scorer.
//!
//! A check compares our scorer with everything that its golden set recorded from the official code.
//! `scores.rs` demands zero differences; `mutants.rs` demands at least one for every wrong variant.

mod aggregate;
mod boxes;
mod choices;
mod gqa;
pub(crate) mod literal;
mod stats;
mod strings;
mod textvqa;
mod vizwiz;
mod vqav2;

use std::fmt::Debug;
use std::io::Read;
use std::path::PathBuf;

use flate2::read::GzDecoder;
use serde_json::Value;

/// The differences between our results and the recorded ones: how many, and the first few in words.
#[derive(Default)]
pub(crate) struct Differences {
    /// How many results differ.
    pub(crate) count: usize,
    /// The first of them, for people.
    pub(crate) first: Vec<String>,
}

impl Differences {
    const SHOWN: usize = 8;

    /// Notes a difference between what we say (`ours`) and what the official code said
    /// (`official`), if there is one.
    pub(crate) fn compare<T: PartialEq + Debug>(&mut self, what: impl FnOnce() -> String, ours: &T, official: &T) {
        if ours != official {
            self.count += 1;
            if self.first.len() < Self::SHOWN {
                self.first
                    .push(format!("{}: ours {ours:?}, official {official:?}", what()));
            }
        }
    }
}

/// A check: runs every case of a golden set through our scorer, in the calling thread (mutants are
/// switched per thread).
pub(crate) type Check = fn() -> Differences;

/// Prefix of the mutants' names (the part before the first full stop), and a check that must notice
/// them. A scorer is one line here; where several scorers share branches, the shared prefix has a
/// line for each, and each must notice.
pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("comma", vqav2::check),
    ("comma", vizwiz::check),
    ("aggregate", aggregate::check),
    ("boxes", boxes::refcoco),
    ("boxes", boxes::ocid_ref),
    ("geometry", boxes::check),
    ("gqa", gqa::check),
    ("literal", literal::check),
    ("ocid_ref", boxes::ocid_ref),
    ("pope", choices::pope),
    ("ranking", choices::check),
    ("refcoco", boxes::refcoco),
    ("stats", stats::check),
    ("tallyqa", choices::tallyqa),
    ("vsr", choices::vsr),
    ("textvqa", textvqa::check),
    ("vizwiz", vizwiz::check),
    ("vqav2", vqav2::check),
    ("words", vqav2::check),
    ("words", vizwiz::check),
    ("words", textvqa::check),
    ("strings", strings::check),
];

/// Where the golden sets lie.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/goldens/score")
}

/// The lines of `tests/goldens/score/<name>.jsonl.gz`, header first. Parse once: a check runs again
/// for each mutant.
pub(crate) fn golden(name: &str) -> Vec<Value> {
    let path = folder().join(format!("{name}.jsonl.gz"));
    let packed = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut text = String::new();
    GzDecoder::new(packed.as_slice())
        .read_to_string(&mut text)
        .expect("gzip of UTF-8");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("one JSON value a line"))
        .collect()
}

/// A number that was recorded as Python writes it, in a string: read to the same bits, as
/// serde_json need not. None of null.
pub(crate) fn number(value: &Value) -> Option<f64> {
    value.as_str().map(|text| text.parse().expect("a number"))
}

/// A text field.
pub(crate) fn text<'a>(line: &'a Value, key: &str) -> &'a str {
    line[key].as_str().unwrap_or_else(|| panic!("no text {key} in {line}"))
}

/// A field of several texts.
pub(crate) fn texts<'a>(line: &'a Value, key: &str) -> Vec<&'a str> {
    line[key]
        .as_array()
        .expect("texts")
        .iter()
        .map(|text| text.as_str().expect("a text"))
        .collect()
}

/// The cases that a line of totals is taken of.
pub(crate) fn places(line: &Value) -> Vec<usize> {
    line["of"]
        .as_array()
        .expect("places")
        .iter()
        .map(|at| at.as_u64().expect("a place") as usize)
        .collect()
}
