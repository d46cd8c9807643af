//! Captions against what `pycocoevalcap` said (`tests/goldens/score/captions.py`): the same words, and the same numbers to 1e-6.

use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use serde_json::Value;
use sightline_eval::benchmarks::flickr8k::rule::{Corpus, bleu};
use sightline_eval::benchmarks::flickr8k::tokens::words;

const TOLERANCE: f64 = 1e-6;

struct Picture {
    caption: Vec<String>,
    references: Vec<Vec<String>>,
}

fn golden() -> (Vec<Value>, Vec<Value>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/goldens/score/captions.jsonl.gz");
    let mut text = String::new();
    let mut packed = GzDecoder::new(std::fs::File::open(path).unwrap());
    packed.read_to_string(&mut text).unwrap();
    let lines = text
        .lines()
        .skip(1)
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.partition(|line| line.get("captions").is_some())
}

fn texts(line: &Value, name: &str) -> Vec<String> {
    let list = line[name].as_array().unwrap().iter();
    list.map(|text| text.as_str().unwrap().to_owned()).collect()
}

fn number(value: &Value) -> f64 {
    value.as_str().unwrap().parse().unwrap()
}

fn near(ours: f64, official: f64, what: &str) {
    assert!(
        (ours - official).abs() < TOLERANCE,
        "{what}: {ours}, official {official}"
    );
}

#[test]
fn captions_are_scored_as_pycocoevalcap_scores_them() {
    let (pictures, totals) = golden();
    assert_eq!((pictures.len(), totals.len()), (300, 5));
    let mut read = Vec::new();
    for line in &pictures {
        let caption = words(line["prediction"].as_str().unwrap());
        assert_eq!(
            caption.join(" "),
            line["words"].as_str().unwrap(),
            "{}",
            line["prediction"]
        );
        let references: Vec<Vec<String>> = texts(line, "captions").iter().map(|text| words(text)).collect();
        let joined: Vec<String> = references.iter().map(|words| words.join(" ")).collect();
        assert_eq!(joined, texts(line, "references"));
        read.push(Picture { caption, references });
    }
    let corpus = Corpus::of(read.iter().map(|picture| picture.references.as_slice()));
    for (picture, line) in read.iter().zip(&pictures) {
        let ours = corpus.cider(&picture.caption, &picture.references);
        near(ours, number(&line["cider"]), &picture.caption.join(" "));
    }
    for line in &totals {
        let of: Vec<&Picture> = line["of"]
            .as_array()
            .unwrap()
            .iter()
            .map(|at| &read[at.as_u64().unwrap() as usize])
            .collect();
        let corpus = Corpus::of(of.iter().map(|picture| picture.references.as_slice()));
        let cider: f64 = of
            .iter()
            .map(|picture| corpus.cider(&picture.caption, &picture.references))
            .sum();
        near(cider / of.len() as f64, number(&line["cider"]), "CIDEr-D");
        let ours = bleu(
            of.iter()
                .map(|picture| (picture.caption.as_slice(), picture.references.as_slice())),
        );
        for (at, (ours, official)) in ours.into_iter().zip(line["bleu"].as_array().unwrap()).enumerate() {
            near(ours, number(official), &format!("BLEU-{}", at + 1));
        }
    }
}
