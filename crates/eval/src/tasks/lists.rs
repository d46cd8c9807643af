//! Tasks whose questions are a list of the program: pictures are rows of Parquet files, `tests/goldens/tasks/make_lists.py` made the lists.

use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::pictures::Pictures;
use super::{Answers, Picture, Question, Source, Task, TaskError};

/// A picture in a mosaic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tile {
    /// Row of the file.
    pub row: usize,
    /// What is shown of it: left, top, right, bottom, px.
    pub crop: [u32; 4],
    /// Where: left, top, right, bottom, px of the mosaic.
    pub place: [u32; 4],
}

/// A list of questions.
#[derive(Debug)]
pub(super) struct List {
    lines: &'static [u8],
    count: usize,
    sha256: &'static str,
}

macro_rules! lists {
    ($($name:ident, $file:literal, $count:literal, $sha256:literal;)*) => {
        $(pub(super) static $name: List = List {
            lines: include_bytes!(concat!("../../lists/", $file, ".jsonl.gz")),
            count: $count,
            sha256: $sha256,
        };)*

        #[cfg(test)]
        const LISTS: &[(&str, &List)] = &[$(($file, &$name)),*];
    };
}

lists! {
    IMAGENETTE, "imagenette", 1000, "d978bccbd88a5aeb45980439169e1e82d9b7692b01102cca49df4206d9913557";
    TINY_IMAGENET, "tiny-imagenet", 2000, "fa91840bc05a63d62a69b4aeb134331d52d021c691b9201eca4d0dfa9177c255";
    CALTECH101, "caltech101", 1726, "9f57c85558167a58c1f47c2c7aa675df88e187e343ee53467d2f40eb42fbe779";
    DAQUAR, "daquar", 5673, "d074730b3590b92c888a21860cfba16c868a4909d6c349c08139d95be50fe690";
    NLVR, "nlvr", 1979, "5969a492cb165d84c3beaf6e853e30b3e00544e3acd33eb39ee3c879ad30ca6b";
    MOSAIC_PRESENCE, "mosaic-presence", 2000, "eb08dd9747dab7057d7530447ec5dd2d0b2466fc366dad6a241fb1bf6aa6d5e2";
    MOSAIC_COUNT, "mosaic-count", 1000, "3fc8f1fd7b99ae4b7af1d04fc952f6e63b229dfba55d57c641619378b96cf198";
    MOSAIC_RELATION, "mosaic-relation", 1600, "81860beb13ff07986a9e0a9086f6fc86b605f262d77487e2c55a0d3fbedec8bd";
    MOSAIC_REGION, "mosaic-region", 1000, "b4b9fa079fb488f33dcd27b56dd91044785c5d420c34de8a274720850b13b70f";
    MOSAIC_GROUND, "mosaic-ground", 2000, "a0c534bc5ac2decab3fc958e26586c8fdcd91391c5182e75470249a95544e430";
    COCO_PRESENCE, "coco-presence", 470, "1e413401e80aac53e024d4bde593bc5e1c3cd58ec318aeb4134e095d40f7ccfa";
    COCO_COUNT, "coco-count", 50, "058f4b4da3d10cb175cbd9bedbc95c7ec5997008c9a9717e36d4dfb36202f266";
    COCO_GROUND, "coco-ground", 120, "4a381e52a2f087a996cd5712d59950a2bcbe176863628abe542bd07993217da4";
    POPE_PARTIAL, "pope-partial", 36, "f4941464be3b9ce85b873bc04aeec9ecf2fa5d4f49ecce208a012e90d64be8a0";
    VSR_PARTIAL, "vsr-partial", 9, "22a59572632071f5425b7eba0e2386b089e679cca039fc9d0f63be5d0bc94680";
    SUGARCREPE_PARTIAL, "sugarcrepe-partial", 454, "46679e398fac6fa0f9ee2f544d5d0fd824d97f358ed9065c296c17f2e266ddcc";
}

/// A task whose questions are a list.
pub(super) const fn task(
    id: &'static str,
    title: &'static str,
    scored_as: &'static str,
    answers: Answers,
    list: &'static List,
) -> Task {
    Task {
        id,
        aliases: &[],
        title,
        scored_as,
        answers,
        count: list.count,
        version: list.sha256,
        source: Source::List(list),
    }
}

/// A line of a list.
#[derive(Deserialize)]
struct Line {
    id: String,
    picture: Picture,
    sha256: Option<String>,
    /// None where the picture's row holds questions, for text that is not ours to give away.
    prompt: Option<String>,
    question_at: Option<usize>,
    #[serde(flatten)]
    gold: Map<String, Value>,
}

impl List {
    fn lines(&self) -> Vec<Line> {
        let mut text = String::new();
        GzDecoder::new(self.lines)
            .read_to_string(&mut text)
            .expect("lists of the program are whole: a test reads them");
        let parse = |line| serde_json::from_str(line).expect("lists of the program are valid: a test reads them");
        text.lines().map(parse).collect()
    }

    /// Files that its pictures are in.
    pub(super) fn files(&self) -> Vec<String> {
        let mut files: Vec<String> = self.lines().iter().map(|line| line.picture.file().to_owned()).collect();
        files.sort();
        files.dedup();
        files
    }

    /// Its questions.
    pub(super) fn questions(&self, data: &Path) -> Result<Vec<Question>, TaskError> {
        let mut pictures = Pictures::new(data);
        let question = |line: Line| {
            let Line {
                id,
                picture,
                sha256,
                mut gold,
                ..
            } = line;
            let prompt = match (line.prompt, line.question_at, &picture) {
                (Some(prompt), ..) => prompt,
                (None, Some(at), Picture::Row { file, row }) => {
                    let (question, answers) = pictures.question(file, *row, at)?;
                    gold.insert("answers".to_owned(), json!([answers.join(", ").replace('_', " ")]));
                    tidy(&question)
                }
                _ => unreachable!("a test reads every list"),
            };
            Ok(Question {
                id,
                picture,
                sha256,
                prompt,
                gold,
            })
        };
        self.lines().into_iter().map(question).collect()
    }
}

/// A question of DAQUAR as the models were trained on it: a capital first, no space before the mark.
fn tidy(question: &str) -> String {
    let text = question.replace(" ?", "?").replace('_', " ");
    let text = text.trim().to_lowercase();
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::sha256_hex;

    #[test]
    fn lists_are_whole() {
        for (name, list) in LISTS {
            let mut text = Vec::new();
            GzDecoder::new(list.lines).read_to_end(&mut text).expect("gzip");
            assert_eq!(sha256_hex(&text), list.sha256, "{name}");
            let lines = list.lines();
            assert_eq!(lines.len(), list.count, "{name}");
            for line in lines {
                assert!(
                    line.prompt.is_some() != line.question_at.is_some(),
                    "{name} {}",
                    line.id
                );
                assert!(line.prompt.is_some() || matches!(line.picture, Picture::Row { .. }));
            }
        }
    }

    #[test]
    fn presence_leans_to_no_answer() {
        for (name, list) in LISTS.iter().filter(|entry| entry.0.ends_with("-presence")) {
            let mut balance = std::collections::HashMap::new();
            for line in list.lines() {
                let yes = line.gold["label"] == json!("yes");
                // The category is what is left of the six wordings.
                let prompt = line.prompt.expect("a prompt");
                let words = [
                    "Is there ",
                    "Does the image show ",
                    "Can you see ",
                    "Does the picture contain ",
                    "Is ",
                    " visible in the image?",
                    " in the image?",
                    " in the picture?",
                    " in this picture?",
                    "?",
                ];
                let category = words.iter().fold(prompt, |text, word| text.replace(word, ""));
                *balance.entry(category).or_insert(0) += if yes { 1 } else { -1 };
            }
            assert!(balance.values().all(|sum| *sum == 0), "{name}: {balance:?}");
        }
    }

    #[test]
    fn questions_are_tidy() {
        assert_eq!(
            tidy("what is on the right of the black_telephone ?"),
            "What is on the right of the black telephone?"
        );
    }
}
