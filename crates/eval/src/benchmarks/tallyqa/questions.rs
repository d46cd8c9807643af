//! TallyQA: counting, simple and complex, as a choice of sixteen letters.

use serde_json::json;

use crate::answers::fields::InputError;
use crate::benchmarks::row::{Exposure, Family, Folder, PAPER, SHIPPED, Slim, Task, gold};
use crate::gold::{self as files, Layout};
use crate::sources::item::{Picture, Raw, id};
use crate::sources::official;
use crate::sources::prompts;

/// Choices 0 to 15.
const COUNTS: usize = 16;

pub(crate) const TASK: Task = Task {
    id: "tallyqa",
    aliases: &["tally-qa"],
    name: "TallyQA",
    split: "test, simple and complex",
    count: 38_589,
    metric: "accuracy, probabilities",
    files: &["tallyqa/test.json", "tallyqa/images/"],
    also: &["download/tally-qa/test.json", "download/tally-qa/"],
    scored_as: "tallyqa",
    choices: &[
        "A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O", "P",
    ],
    version: 1,
    exposure: &[
        Exposure {
            models: PAPER,
            seen: "VQAv2's and Visual Genome's training questions, which its training split is drawn from",
        },
        Exposure {
            models: SHIPPED,
            seen: "nothing of it",
        },
    ],
    family: Family::Paper,
    list: None,
    packable: true,
    questions: |folder| official::questions(folder, read, prompt),
    slim: Slim::Paper {
        slim: 1_024,
        subsampled: Some(8_192),
        part: Some("setting"),
    },
};

fn prompt(question: &str) -> String {
    let counts: Vec<String> = (0..COUNTS).map(|count| count.to_string()).collect();
    prompts::choose(question, &counts)
}

fn read(folder: &Folder) -> Result<Vec<Raw>, InputError> {
    let mut out = Vec::new();
    files::read(&folder.wanted(0)?, &[Layout::List], |_, item| {
        let simple = item
            .maybe_truth("issimple")?
            .ok_or_else(|| item.error("issimple", "missing; is it the right file?"))?;
        let answer = item
            .maybe_count("answer")?
            .ok_or_else(|| item.error("answer", "missing; is it the right file?"))?;
        out.push(Raw {
            id: id(&item, "question_id")?,
            text: item.text("question")?.to_owned(),
            picture: Picture::Named(item.text("image")?.to_owned()),
            gold: gold(json!({ "answer": answer, "setting": if simple { "simple" } else { "complex" } })),
        });
        Ok(())
    })?;
    Ok(out)
}
