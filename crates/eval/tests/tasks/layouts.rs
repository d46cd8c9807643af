//! Layouts of the files: official, packed, of the hub, and those that are refused.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;
use sightline_eval::scorer::Record;
use sightline_eval::tasks::{self, Mode, Select};

use super::help::{goldens, record, red};

#[test]
fn visual7w_in_its_official_layout() {
    let folder = tempfile::tempdir().unwrap();
    let write = |text: &str| {
        std::fs::create_dir_all(folder.path().join("visual7w/images")).unwrap();
        std::fs::write(folder.path().join("visual7w/dataset_v7w_telling.json"), text).unwrap();
    };
    let pair = |id: u32, question: &str| {
        serde_json::json!({
            "qa_id": id, "image_id": 1, "question": question, "answer": "In the Kitchen.", "type": "where",
            "multiple_choices": ["On a road.", "At sea.", "In a tree."],
        })
    };
    let image = |id: u32, split: &str, pairs: Vec<Value>| {
        serde_json::json!({
            "image_id": id, "filename": format!("v7w_{id}.jpg"), "split": split, "qa_pairs": pairs,
        })
    };
    let pairs: Vec<Value> = (10..50).map(|id| pair(id, "Where is it? ")).collect();
    let file = |images: Vec<Value>| serde_json::json!({ "dataset": "visual7w-telling", "images": images }).to_string();
    write(&file(vec![
        image(1, "train", vec![pair(1, "Where?")]),
        image(2, "test", pairs),
    ]));
    let loaded = tasks::load("visual7w", folder.path(), &Select::default()).unwrap();
    assert_eq!((loaded.questions.len(), &loaded.mode), (40, &Mode::Options(4)));
    let mut places = BTreeSet::new();
    for question in &loaded.questions {
        let right = question.gold["choice"].as_u64().unwrap() as usize;
        assert_eq!(question.options[right], "in the kitchen");
        assert_eq!(question.prompt, "Where is it?");
        assert_eq!(question.gold["part"], "where");
        places.insert(right);
    }
    assert_eq!(places.len(), 4, "the right option stands at every place");
    let scorer = tasks::scorer(&loaded).unwrap();
    let records: Vec<Record> = (0..40).map(|index| record(&loaded, index, index % 4 == 0)).collect();
    let scored: Vec<_> = records
        .iter()
        .map(|record| (record, scorer.score(record).unwrap()))
        .collect();
    let (totals, _) = scorer.totals(&scored).unwrap();
    assert_eq!(totals["headline"]["score"], 0.75);
    assert_eq!(totals["numbers"][1]["name"], "where: accuracy");

    for (pairs, remedy) in [
        (
            vec![serde_json::json!({ "qa_id": 1, "question": "?", "answer": "a", "multiple_choices": ["b"] })],
            "1 wrong answers where 3 are wanted",
        ),
        (
            vec![serde_json::json!({ "question": "?", "answer": "a", "multiple_choices": ["b", "c", "d"] })],
            "field `qa_id`: missing",
        ),
        (vec![], "holds no question of the test split"),
    ] {
        write(&file(vec![image(2, "test", pairs)]));
        let error = tasks::load("visual7w", folder.path(), &Select::default()).unwrap_err();
        assert!(error.to_string().contains(remedy), "{error}");
    }
}

/// Parquet files that lie, are packed otherwise, or lack something, end with a sentence that can be
/// followed.
#[test]
fn parquet_files_that_cannot_be_used() {
    let goldens = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/goldens/tasks/refused");
    for (name, sentence) in [
        (
            "rows_abort",
            "damaged (1000000000 rows are claimed, 3 are there); get it again",
        ),
        (
            "rows_panic",
            "damaged (2305843009213693952 rows are claimed, 3 are there)",
        ),
        (
            "gzip",
            "is packed with gzip, which is not read; write the file again with zstd or snappy",
        ),
        ("lz4", "is packed with lz4"),
        ("grows", "grows from"),
        ("no_answers", "field `answers`: missing"),
        ("empty", "no questions in textvqa/data/"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("textvqa/data");
        std::fs::create_dir_all(&data).unwrap();
        let file = goldens.join(format!("{name}.parquet"));
        std::fs::copy(file, data.join("validation-00000-of-00001.parquet")).unwrap();
        let error = tasks::load("textvqa-lmms", folder.path(), &Select::default()).unwrap_err();
        let error = error.to_string();
        assert!(error.contains(sentence) && !error.contains("--gold"), "{name}: {error}");
    }
}

#[test]
fn repacked_files_come_in_the_official_order() {
    let loaded = tasks::load("vsr", &goldens("packed"), &Select::default()).unwrap();
    let ids: Vec<&str> = loaded.questions.iter().map(|question| question.id.as_str()).collect();
    assert_eq!(ids, ["0", "1", "2", "3", "4"]);
    for (at, question) in loaded.questions.iter().enumerate() {
        assert_eq!(usize::from(red(&question.image)), 40 * (at % 3));
        assert_eq!(question.gold["label"], Value::Bool(at % 2 == 1));
        assert!(question.prompt.contains(&format!("Statement {at}.")));
    }
    assert!(
        tasks::Task::find("vsr")
            .unwrap()
            .0
            .missing(&goldens("packed"))
            .is_empty()
    );
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(goldens("packed/vsr.parquet"), folder.path().join("vsr.parquet")).unwrap();
    let error = tasks::load("vsr", folder.path(), &Select::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("vsr-pictures.parquet: missing"), "{error}");
    std::fs::copy(
        goldens("packed/vsr-pictures.parquet"),
        folder.path().join("vsr.parquet"),
    )
    .unwrap();
    std::fs::copy(
        goldens("packed/vsr-pictures.parquet"),
        folder.path().join("vsr-pictures.parquet"),
    )
    .unwrap();
    let error = tasks::load("vsr", folder.path(), &Select::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("field `order`: missing; make the file again"), "{error}");
}

#[test]
fn layouts_of_the_hub() {
    let load = |id: &str| tasks::load(id, &goldens("hub"), &Select::default()).unwrap();
    let vqa = load("vqav2-lmms");
    assert_eq!(vqa.questions.len(), 4);
    assert_eq!(
        vqa.questions[3].prompt,
        "What is it?\nAnswer the question using a single word or phrase."
    );
    assert_eq!((red(&vqa.questions[2].image), red(&vqa.questions[3].image)), (20, 200));
    assert_eq!(vqa.questions[0].gold["answers"][9]["answer"], "blue");
    let vizwiz = load("vizwiz-lmms");
    assert!(
        vizwiz.questions[0]
            .prompt
            .starts_with("What's this can?\nWhen the provided")
    );
    assert!(
        load("textvqa-lmms").questions[0]
            .prompt
            .starts_with("What does it say?\nAnswer")
    );
    let pope = load("pope-lmms");
    assert_eq!(pope.questions[2].id, "random/1");
    assert!(pope.questions[0].prompt.starts_with("Is there a dog?\n"));
    let gqa = load("gqa-lmms");
    assert_eq!((red(&gqa.questions[0].image), red(&gqa.questions[1].image)), (100, 0));
    assert_eq!(gqa.questions[0].gold["types"]["structural"], "query");
    for loaded in [vqa, vizwiz, pope, gqa] {
        assert!(loaded.aggregate.is_none());
        let error = tasks::load(&format!("{}-slim", loaded.id), &goldens("hub"), &Select::default()).unwrap_err();
        assert!(error.to_string().contains("has no subset `slim`"), "{error}");
    }
}
