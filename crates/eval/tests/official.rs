//! Official layouts, on made-up files of the official counts: the subsets are those of the paper's
//! own builders (`tests/goldens/tasks`).

use std::fmt::Write;
use std::path::Path;

use serde_json::{Value, json};
use sightline_checkpoint::hash::sha256_hex;
use sightline_eval::tasks::{self, Image, Loaded, Select};

fn write(root: &Path, name: &str, text: &str) {
    let path = root.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn pictures(root: &Path, name: &str) {
    std::fs::create_dir_all(root.join(name)).unwrap();
}

fn load(root: &Path, id: &str) -> Loaded {
    tasks::load(id, root, &Select::default()).unwrap_or_else(|error| panic!("{id}: {error}"))
}

/// Whether a subset is the official one.
fn check(root: &Path, id: &str) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/goldens/tasks/slim.json");
    let golden: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let golden = &golden["subsets"][id];
    let loaded = load(root, id);
    let ids: Vec<&str> = loaded.questions.iter().map(|question| question.id.as_str()).collect();
    assert_eq!(loaded.id, id);
    assert_eq!(json!(ids.len()), golden["count"], "{id}");
    assert_eq!(json!(ids[..3]), golden["first"], "{id}");
    assert_eq!(json!(sha256_hex(ids.join("\n").as_bytes())), golden["sha256"], "{id}");
    assert!(loaded.aggregate.is_none());
}

/// A question of a task, by its place.
fn prompt(loaded: &Loaded, at: usize) -> &str {
    &loaded.questions[at].prompt
}

fn file(loaded: &Loaded, at: usize) -> String {
    match &loaded.questions[at].image {
        Image::File(path) => path.display().to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn vqav2() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let every = 0..214_354;
    let questions: Vec<Value> = every
        .clone()
        .map(|n| json!({ "question_id": 10 * n + 3, "image_id": 1 + n % 40_504, "question": format!("q{n}") }))
        .collect();
    let note = |n: usize| {
        json!({ "question_id": 10 * n + 3, "image_id": 1 + n % 40_504, "question_type": "t", "answer_type": "other",
                "answers": [{ "answer": "a", "answer_confidence": "yes", "answer_id": 1 }] })
    };
    let notes: Vec<Value> = every.rev().map(note).collect();
    let base = "download/vqa-v2/v2_val2014";
    write(
        root,
        &format!("{base}_questions.json"),
        &json!({ "questions": questions }).to_string(),
    );
    write(
        root,
        &format!("{base}_annotations.json"),
        &json!({ "annotations": notes }).to_string(),
    );
    pictures(root, "download/vqa-v2/images_val2014");
    check(root, "vqav2-slim");
    check(root, "vqav2-subsampled");
    let all = load(root, "vqa-v2-full");
    assert_eq!(all.aggregate.unwrap().count, 214_354);
    assert_eq!(all.id, "vqav2");
    assert_eq!(
        prompt(&all, 0),
        "q214353\nAnswer the question using a single word or phrase."
    );
    assert!(file(&all, 214_353).ends_with("images_val2014/COCO_val2014_000000000001.jpg"));
    let some = Select {
        limit: Some(9),
        ..Select::default()
    };
    assert!(tasks::load("vqav2", root, &some).unwrap().aggregate.is_none());
    // One question fewer, and there is no subset of all.
    write(
        root,
        &format!("{base}_annotations.json"),
        &json!({ "annotations": notes[1..] }).to_string(),
    );
    let error = tasks::load("vqav2-slim", root, &Select::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("214353 questions where the official files have 214354"),
        "{error}"
    );
    assert!(load(root, "vqav2").aggregate.is_none());
}

#[test]
fn gqa_vizwiz_and_textvqa() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let mut text = String::from("{");
    for n in 0..12_578 {
        let comma = if n == 0 { "" } else { "," };
        write!(text, "{comma}\"{}\":", 20_000_000 + n).unwrap();
        let item = json!({ "imageId": format!("n{}", n % 398), "question": format!("q{n}"), "answer": "a",
                           "types": { "structural": "query", "semantic": "rel" }, "isBalanced": true });
        write!(text, "{item}").unwrap();
    }
    write(root, "gqa/testdev_balanced_questions.json", &(text + "}"));
    pictures(root, "gqa/images");
    check(root, "gqa-slim");
    let all = load(root, "gqa");
    assert!(file(&all, 400).ends_with("gqa/images/n2.jpg"));
    assert_eq!(all.questions[0].gold["types"]["structural"], "query");

    let item = |n: usize| json!({ "image": format!("VizWiz_val_{n:08}.jpg"), "question": "q", "answers": [{ "answer": "a" }], "answerable": n % 2 });
    write(
        root,
        "vizwiz/val.json",
        &(0..4_319).map(item).collect::<Value>().to_string(),
    );
    pictures(root, "vizwiz/val");
    check(root, "vizwiz-slim");
    let all = load(root, "vizwiz");
    let expected = "q\nWhen the provided information is insufficient, respond with 'Unanswerable'.\n\
                    Answer the question using a single word or phrase.";
    assert_eq!(prompt(&all, 0), expected);

    let lines: String = (0..5_000)
        .map(|n| json!({ "text": format!("q{n}\nReference OCR token: x") }).to_string() + "\n")
        .collect();
    write(root, "textvqa/textvqa_val_v051_ocr.jsonl", &lines);
    let item = |n: usize| json!({ "question_id": 34_602 + n, "image_id": format!("i{}", n % 3_166), "answers": vec!["a"; 10] });
    let data: Value = (0..5_000).map(item).collect();
    write(
        root,
        "textvqa/TextVQA_0.5.1_val.json",
        &json!({ "data": data }).to_string(),
    );
    pictures(root, "textvqa/train_images");
    check(root, "textvqa-slim");
    let (pure, ocr) = (load(root, "text-vqa"), load(root, "text-vqa-ocr"));
    assert_eq!(
        prompt(&pure, 7),
        "q7\nAnswer the question using a single word or phrase."
    );
    assert_eq!(
        prompt(&ocr, 7),
        "q7\nReference OCR token: x\nAnswer the question using a single word or phrase."
    );
    let llava = "{\"text\": \"q\\nAnswer the question using a single word or phrase.\"}\n";
    write(root, "textvqa/textvqa_val_v051_ocr.jsonl", llava);
    let error = tasks::load("textvqa", root, &Select::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("field `text`: ends with LLaVA's instruction"), "{error}");
}

#[test]
fn pope_tallyqa_and_vsr() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for (setting, count) in [("adversarial", 3_000), ("popular", 3_000), ("random", 2_910)] {
        let line = |n: usize| {
            let label = ["yes", "no"][n % 2];
            let item = json!({ "question_id": n + 1, "image": format!("{}.jpg", n / 6), "text": format!("q{n}"), "label": label });
            item.to_string() + "\n"
        };
        write(
            root,
            &format!("pope/coco_pope_{setting}.json"),
            &(0..count).map(line).collect::<String>(),
        );
    }
    pictures(root, "pope/val2014");
    check(root, "pope-slim");
    assert_eq!(load(root, "pope").aggregate.unwrap().count, 8_910);

    let item = |n: usize| {
        json!({ "question_id": 30_000_000 + n, "image": format!("VG_100K/{}.jpg", n % 100), "question": format!("q{n}"),
                "answer": n % 16, "issimple": !n.is_multiple_of(3) })
    };
    write(
        root,
        "tallyqa/test.json",
        &(0..38_589).map(item).collect::<Value>().to_string(),
    );
    pictures(root, "tallyqa/images");
    check(root, "tallyqa-slim");
    check(root, "tally-qa-subsampled".replace("tally-qa", "tallyqa").as_str());
    let all = load(root, "tally-qa");
    assert!(prompt(&all, 3).starts_with("q3\nA. 0\nB. 1\n"));
    assert!(prompt(&all, 3).ends_with("\nP. 15\nAnswer with the option's letter from the given choices directly."));

    let line = json!({ "image": "1.jpg", "caption": "The cat is on the mat.", "label": 1 }).to_string() + "\n";
    write(root, "vsr/test.jsonl", &line.repeat(1_222));
    pictures(root, "vsr/images");
    let all = load(root, "vsr");
    let expected = "Based on the image, is this statement \"True\" or \"False\"? The cat is on the mat.\n\
                    Respond with \"True\" or \"False\" directly.";
    assert_eq!((prompt(&all, 0), all.questions.len()), (expected, 1_222));
    let outside = json!({ "image": "../1.jpg", "caption": "c", "label": 1 }).to_string();
    write(root, "vsr/test.jsonl", &outside);
    let error = tasks::load("vsr", root, &Select::default()).unwrap_err().to_string();
    assert!(error.contains("outside the folder"), "{error}");
}

/// References as a pickle of protocol 0, which is text.
fn refs(refs: usize, sentences: usize) -> String {
    let mut out = String::from("(l");
    let mut at = 0;
    let mut add = |n: usize, split: &str, said: &mut dyn Iterator<Item = usize>| {
        write!(
            out,
            "(dS'ref_id'\nI{n}\nsS'ann_id'\nI{}\nsS'image_id'\nI{}\nsS'split'\nS'{split}'\ns",
            1 + n % 50,
            1 + n % 50
        )
        .unwrap();
        out.push_str("S'sentences'\n(l");
        for sentence in said {
            write!(out, "(dS'sent_id'\nI{sentence}\nsS'sent'\nS's{sentence}'\nsa").unwrap();
        }
        out.push_str("sa");
    };
    for n in 0..refs {
        if n % 5 == 0 {
            add(100_000 + n, "train", &mut std::iter::once(1_000_000 + n));
        }
        let count = sentences / refs + usize::from(n < sentences % refs);
        add(n, "val", &mut (at..at + count));
        at += count;
    }
    out + "."
}

#[test]
fn refcoco_and_ocid_ref() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let images: Value = (1..51)
        .map(|n| json!({ "id": n, "width": 640, "height": 480 }))
        .collect();
    let notes: Value = (1..51)
        .map(|n| json!({ "id": n, "image_id": n, "bbox": [1.5, 2, 30 + n, 40] }))
        .collect();
    let instances = json!({ "images": images, "annotations": notes, "categories": [] }).to_string();
    let sets = [
        ("refcoco", "unc", 3_811, 10_834),
        ("refcoco+", "unc", 3_805, 10_758),
        ("refcocog", "umd", 2_573, 4_896),
    ];
    for (set, by, count, sentences) in sets {
        write(root, &format!("refcoco/{set}/instances.json"), &instances);
        write(root, &format!("refcoco/{set}/refs({by}).p"), &refs(count, sentences));
    }
    pictures(root, "refcoco/train2014");
    for id in ["refcoco-slim", "refcoco+-slim", "refcocog-slim"] {
        check(root, id);
    }
    let all = load(root, "refcoco");
    assert_eq!(all.aggregate.unwrap().count, 10_834);
    assert_eq!(all.questions[0].gold["box"], json!([1.5, 2.0, 32.5, 42.0]));
    assert_eq!(
        prompt(&all, 1),
        "Please provide the bounding box coordinate of the region this sentence describes: \"s1\""
    );
    assert!(file(&all, 0).ends_with("COCO_train2014_000000000001.jpg"));
    let error = tasks::load("refcoco-testA", root, &Select::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("no question"), "{error}");
    write(root, "refcoco/refcoco/refs(unc).p", "cos\nsystem\n(S'true'\ntR.");
    let error = tasks::load("refcoco", root, &Select::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("refs(unc).p: no pickle of data: asks to import or call something"),
        "{error}"
    );

    let mut items = String::from("{");
    for n in 0..18_342 {
        let comma = if n == 0 { "" } else { "," };
        let item = json!({ "scene_path": format!("s/{}.png", n % 20), "bbox": "[1, 2, 30, 40]", "take_id": n % 21, "sentence": format!("s{n}") });
        write!(items, "{comma}\"{n}\":{item}").unwrap();
    }
    write(root, "ocid-ref/val_expressions.json", &(items + "}"));
    pictures(root, "ocid-ref/OCID-dataset");
    check(root, "ocid-ref-slim");
    assert_eq!(load(root, "ocid-ref").questions[20].gold["clutter"], "maximum");
}
