//! Answers made elsewhere: how each format is joined with official files, and what is refused.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sightline_eval::benchmarks::row::Rule;
use sightline_eval::scoring::{Files, Scored};

/// What LLaVA's prompts end with.
const TAIL: &str = "Answer the question using a single word or phrase.";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("folder"))
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).expect("write");
        path
    }

    fn lines(&self, name: &str, lines: &[Value]) -> PathBuf {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        self.write(name, &text)
    }
}

fn score(task: &str, files: &Files) -> Result<Scored, String> {
    let rule = Rule::find(task).expect("a task");
    rule.score(files).map_err(|error| error.to_string())
}

fn files(answers: &Path, gold: &[&Path]) -> Files {
    Files {
        answers: answers.to_owned(),
        gold: gold.iter().map(|path| path.to_path_buf()).collect(),
        ..Files::default()
    }
}

/// Ids and scores.
fn samples(scored: &Scored) -> Vec<(&str, f64)> {
    scored
        .samples
        .iter()
        .map(|(id, score)| (id.as_str(), score.score))
        .collect()
}

fn value(scored: &Scored, name: &str) -> Option<f64> {
    let total = scored.summary.totals.iter().find(|total| total.name == name);
    total.unwrap_or_else(|| panic!("no total `{name}`")).value
}

fn assert_says(error: Result<Scored, String>, words: &[&str]) {
    let error = error.expect_err("refused");
    for word in words {
        assert!(error.contains(word), "`{word}` is missing in: {error}");
    }
}

/// What Python writes and reads is taken: half a surrogate pair, and whole numbers of any length.
#[test]
fn halves_of_pairs_and_long_ids() {
    let dir = Folder::new();
    let ten = vec!["yes"; 10];
    let lines = [
        format!(
            r#"{{"id": 18446744073709551617, "prediction": "yes", "answers": {}}}"#,
            json!(ten)
        ),
        format!(
            r#"{{"id": 2, "prediction": "y\ud83des", "answers": {}}}"#,
            json!(ten)
        ),
        format!(
            r#"{{"id": 3, "prediction": "yes", "answers": {}}}"#,
            json!(ten)
        ),
    ];
    let answers = dir.write("answers.jsonl", &lines.join("\n"));
    let scored = score("vqav2", &files(&answers, &[])).expect("scored");
    let found = samples(&scored);
    assert_eq!(found, [("18446744073709551617", 1.0), ("2", 0.0), ("3", 1.0)]);
}

#[test]
fn llava_textvqa_goes_by_picture_and_question() {
    let dir = Folder::new();
    let item = |id: u64, question: &str, answer: &str| json!({"question_id": id, "image_id": "im", "question": question, "answers": vec![answer; 10]});
    let gold = json!({"dataset_name": "val", "data": [item(7, "What brand?", "acme"), item(8, "What Year?", "1999")]});
    let gold = dir.write("gold.json", &gold.to_string());
    let line = |prompt: String, text: &str| json!({"question_id": "im", "prompt": prompt, "text": text});
    let answers = [
        line(format!("What year?\nReference OCR token: A\n{TAIL}"), "1999"),
        line(format!("What brand?\n{TAIL}"), "other"),
    ];
    let answers = dir.lines("answers.jsonl", &answers);
    let scored = score("textvqa", &files(&answers, &[&gold])).expect("scored");
    assert_eq!(samples(&scored), [("8", 1.0), ("7", 0.0)]);

    // lmms-eval's samples name the question in what a metric logged.
    let line = json!({"doc_id": 0, "target": "x", "filtered_resps": ["acme"], "submission": {"question_id": 7, "answer": "acme"}});
    let answers = dir.lines("samples.jsonl", &[line]);
    assert_says(
        score("textvqa", &files(&answers, &[&gold])),
        &["samples.jsonl", "1 of 2", "`8`"],
    );
    let partial = Files {
        partial: true,
        ..files(&answers, &[&gold])
    };
    let scored = score("textvqa", &partial).expect("scored");
    assert_eq!(
        (samples(&scored), scored.summary.partial.map(|partial| partial.missing)),
        (vec![("7", 1.0)], Some(1))
    );
}

#[test]
fn llava_pope_goes_through_its_questions() {
    let dir = Folder::new();
    let item = |text: &str, label: &str| json!({"question_id": 1, "image": "a.jpg", "text": text, "label": label});
    let random = dir.lines("coco_pope_random.json", &[item("Is there a dog?", "yes")]);
    let popular = dir.lines("coco_pope_popular.json", &[item("Is there a dog?", "no")]);
    let question = |id: u64, category: &str| json!({"question_id": id, "image": "a.jpg", "text": format!("Is there a dog?\n{TAIL}"), "category": category});
    let questions = dir.lines("questions.jsonl", &[question(0, "popular"), question(1, "random")]);
    let answers = [
        json!({"question_id": 1, "text": "Yes"}),
        json!({"question_id": 0, "text": "Yes"}),
    ];
    let answers = dir.lines("answers.jsonl", &answers);
    let bare = files(&answers, &[&random, &popular]);
    assert_says(
        score("pope", &bare),
        &["answers.jsonl line 1", "ambiguous", "--questions"],
    );
    let with = Files {
        questions: Some(questions),
        ..bare
    };
    let scored = score("pope", &with).expect("scored");
    assert_eq!(samples(&scored), [("random/1", 1.0), ("popular/1", 0.0)]);
    assert_eq!(
        (value(&scored, "accuracy"), value(&scored, "popular: precision")),
        (Some(0.5), Some(0.0))
    );

    let named = dir.lines(
        "own.jsonl",
        &[json!({"id": 1, "setting": "random", "probabilities": [0.6, 0.4]})],
    );
    let scored = score("pope", &files(&named, &[&random])).expect("scored");
    assert_eq!(samples(&scored), [("random/1", 1.0)]);
    let renamed = dir.lines("labels.json", &[item("Is there a dog?", "yes")]);
    assert_says(
        score("pope", &files(&answers, &[&renamed])),
        &["labels.json line 1", "`setting`"],
    );
}

#[test]
fn vizwiz_goes_by_picture() {
    let dir = Folder::new();
    let item = |image: &str, answer: &str, answerable: u8| json!({"image": image, "answers": vec![json!({"answer": answer}); 10], "answerable": answerable});
    let gold = json!([item("V_0.jpg", "soda", 1), item("V_1.jpg", "unanswerable", 0)]);
    let gold = dir.write("val.json", &gold.to_string());
    let questions = [
        json!({"question_id": 5, "image": "V_1.jpg"}),
        json!({"question_id": 6, "image": "V_0.jpg"}),
    ];
    let questions = dir.lines("questions.jsonl", &questions);
    let answers = [
        json!({"question_id": 5, "text": "Unanswerable"}),
        json!({"question_id": 6, "text": "beer"}),
    ];
    let answers = dir.lines("answers.jsonl", &answers);
    assert_says(
        score("vizwiz", &files(&answers, &[&gold])),
        &["answers.jsonl line 1", "extra", "`5`"],
    );
    let with = Files {
        questions: Some(questions),
        ..files(&answers, &[&gold])
    };
    let scored = score("vizwiz", &with).expect("scored");
    assert_eq!(samples(&scored), [("V_1", 1.0), ("V_0", 0.0)]);
    assert_eq!(
        (value(&scored, "accuracy"), value(&scored, "saying unanswerable: F1")),
        (Some(50.0), Some(100.0))
    );
}

#[test]
fn gqa_from_the_line_and_from_the_questions_file() {
    let dir = Folder::new();
    let lines = [
        json!({"doc_id": 0, "target": "red", "filtered_resps": "Red."}),
        json!({"doc_id": 1, "target": "no", "resps": [["yes"]]}),
    ];
    let answers = dir.lines("samples.jsonl", &lines);
    let scored = score("gqa", &files(&answers, &[])).expect("scored");
    assert_eq!(
        (samples(&scored), value(&scored, "accuracy")),
        (vec![("0", 1.0), ("1", 0.0)], Some(50.0))
    );

    let item = |answer: &str, kind: &str| json!({"question": "Is it so?", "answer": answer, "isBalanced": true, "types": {"structural": kind, "semantic": "attr"}, "groups": {"global": null}});
    let gold = json!({"201": item("yes", "verify"), "202": item("red", "query")});
    let gold = dir.write("questions.json", &gold.to_string());
    assert_says(
        score("gqa", &files(&answers, &[&gold])),
        &["samples.jsonl line 1", "`doc_id`", "without --gold"],
    );
    let answers = [
        json!({"question_id": "202", "text": "Red."}),
        json!({"question_id": "201", "text": "no"}),
    ];
    let answers = dir.lines("answers.jsonl", &answers);
    let scored = score("gqa", &files(&answers, &[&gold])).expect("scored");
    assert_eq!(samples(&scored), [("201", 0.0), ("202", 1.0)]);
    assert_eq!(
        (value(&scored, "open"), value(&scored, "distribution")),
        (Some(100.0), None)
    );
}

#[test]
fn boxes_from_the_line_and_from_the_metadata() {
    let dir = Folder::new();
    let line = |id: &str, prediction: &str, gold: Value| {
        let mut line = json!({"id": id, "prediction": prediction, "width": 640, "height": 480, "transform": {"policy": "resize-naive"}, "clutter": "medium"});
        line.as_object_mut()
            .expect("object")
            .extend(gold.as_object().expect("object").clone());
        line
    };
    let lines = [
        line("a", "[0.1, 0.2, 0.5, 0.6]", json!({"box": [64, 96, 320, 288]})),
        line("b", "(0.1, 0.2, 0.5, 0.6)", json!({"bbox": [0.1, 0.2, 0.5, 0.6]})),
        line("c", "[0.1, 0.2, 0.5, 0.6]", json!({"bbox": [0.1, 0.2, 0.2, 0.6]})),
    ];
    let answers = dir.lines("answers.jsonl", &lines);
    let scored = score("ocid-ref", &files(&answers, &[])).expect("scored");
    assert_eq!(samples(&scored), [("a", 1.0), ("b", 0.0), ("c", 1.0)]);
    assert_eq!(
        (scored.summary.invalid, value(&scored, "Medium Clutter: correct")),
        (1, Some(2.0))
    );
    assert_eq!(
        samples(&score("refcoco", &files(&answers, &[])).expect("scored"))[2],
        ("c", 0.0)
    );

    let item = |data_set: &str| json!({"bbox_xyxy": [64, 96, 320, 288], "image_width": 640, "image_height": 480, "refer_dataset": data_set});
    let gold = dir.write(
        "metadata.json",
        &json!({"-7": item("RefCOCO"), "8": item("RefCOCOg")}).to_string(),
    );
    let answers = dir.lines(
        "llava.jsonl",
        &[json!({"question_id": -7, "text": "[0.1, 0.2, 0.5, 0.6]"})],
    );
    let without = files(&answers, &[&gold]);
    assert_says(
        score("refcoco", &without),
        &["metadata.json item 1", "`transform`", "--transform"],
    );
    let with = Files {
        transform: Some(dir.write("image_transform.json", "{\"policy\": \"resize-naive\"}")),
        ..without
    };
    let scored = score("refcoco", &with).expect("scored");
    assert_eq!(
        (samples(&scored), scored.samples[0].1.iou),
        (vec![("-7", 1.0)], Some(1.0))
    );
}

#[test]
fn tallyqa_and_vsr() {
    let dir = Folder::new();
    let mut letters = vec![0.0; 16];
    letters[3] = 1.0;
    let gold =
        json!([{"question_id": 1, "answer": 3, "issimple": true}, {"question_id": 2, "answer": 4, "issimple": false}]);
    let gold = dir.write("test.json", &gold.to_string());
    let answers = [1, 2].map(|id| json!({"id": id, "probabilities": letters}));
    let answers = dir.lines("tally.jsonl", &answers);
    let scored = score("tallyqa", &files(&answers, &[&gold])).expect("scored");
    assert_eq!(
        (value(&scored, "accuracy"), value(&scored, "complex: accuracy")),
        (Some(0.5), Some(0.0))
    );

    let gold = dir.lines(
        "test.jsonl",
        &[json!({"caption": "a", "label": 1}), json!({"caption": "b", "label": 0})],
    );
    let answers = [
        json!({"id": 0, "probabilities": [0.5, 0.5]}),
        json!({"id": 1, "probabilities": [null, 0.5]}),
    ];
    let answers = dir.lines("vsr.jsonl", &answers);
    let scored = score("vsr", &files(&answers, &[&gold])).expect("scored");
    assert_eq!(
        (samples(&scored), scored.summary.invalid),
        (vec![("0", 1.0), ("1", 0.0)], 1)
    );
    let answers = [
        json!({"id": 0, "prediction": "False."}),
        json!({"id": 1, "prediction": "maybe"}),
    ];
    let answers = dir.lines("written.jsonl", &answers);
    let scored = score("vsr", &files(&answers, &[&gold])).expect("scored");
    assert_eq!((value(&scored, "accuracy"), scored.summary.invalid), (Some(0.0), 1));
}

#[test]
fn official_files_that_cannot_be_used() {
    let dir = Folder::new();
    let answers = dir.lines("answers.jsonl", &[json!({"question_id": 1, "text": "a"})]);
    let item = json!({"question_id": 1, "answers": [{"answer": "a"}]});
    let twice = json!({"annotations": [item, item]}).to_string();
    let cases = [
        ("cut.json", &twice[..40], "line 1"),
        ("twice.json", &twice, "item 2: id `1`"),
        ("other.json", "{\"data\": []}", "list `annotations`"),
        ("notes.txt", "notes", "official file"),
        (
            "answers.json",
            "{\"annotations\": [{\"question_id\": 1, \"answers\": [3]}]}",
            "item 1, field `answers`",
        ),
        ("deep.json", &"[".repeat(10_000), "official file"),
        (
            "deep.json",
            &format!("{{\"annotations\": {}", "[".repeat(10_000)),
            "line 1",
        ),
        ("packed.json", "\u{1f}\u{8b}", "official file"),
    ];
    for (name, text, words) in cases {
        let gold = dir.write(name, text);
        assert_says(score("vqav2", &files(&answers, &[&gold])), &[name, words]);
    }
    // A subset of the questions: the others need no answer.
    let other = json!({"question_id": 2, "answers": [{"answer": "b"}]});
    let gold = dir.write(
        "gold.json",
        &json!({"info": {}, "annotations": [item, other]}).to_string(),
    );
    let subset = Files {
        questions: Some(dir.write("questions.json", "{\"questions\": [{\"question_id\": 1}]}")),
        ..files(&answers, &[&gold])
    };
    assert_eq!(score("vqav2", &subset).expect("scored").summary.count, 1);
}
