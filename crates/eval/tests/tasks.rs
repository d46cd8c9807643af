//! The task table, the frozen lists, and every task whose files are at hand.
//!
//! Tests that need the data folder are ignored unless asked for: `SIGHTLINE_DATA=DIR cargo test -p
//! sightline-eval --test tasks -- --ignored`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use serde_json::Value;
use sightline_eval::scorer::{Outcome, Record};
use sightline_eval::tasks::{self, Image, Loaded, Mode, Question, Select, Subset, TASKS};

fn data() -> PathBuf {
    std::env::var_os("SIGHTLINE_DATA")
        .expect("SIGHTLINE_DATA names the data folder")
        .into()
}

fn load(id: &str, select: &Select) -> Loaded {
    tasks::load(id, &data(), select).unwrap_or_else(|error| panic!("{id}: {error}"))
}

/// Lines of a list, without its head.
fn items(name: &str) -> Vec<Value> {
    let path = format!("{}/lists/{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .skip(1)
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn text<'a>(item: &'a Value, field: &str) -> &'a str {
    item[field].as_str().unwrap_or_default()
}

fn counted<T: Ord>(all: impl Iterator<Item = T>) -> BTreeMap<T, usize> {
    let mut counts = BTreeMap::new();
    for one in all {
        *counts.entry(one).or_default() += 1;
    }
    counts
}

#[test]
fn names_mean_one_task_each() {
    let mut names = BTreeSet::new();
    for task in TASKS.iter() {
        for name in std::iter::once(&task.id).chain(task.aliases) {
            assert!(names.insert(*name), "{name} twice");
            for suffix in ["-slim", "-full", "-subsampled"] {
                assert!(!name.ends_with(suffix), "{name} ends like a subset");
            }
        }
        assert!(
            sightline_eval::benchmarks::row::Rule::find(task.scored_as).is_some(),
            "{}",
            task.id
        );
        assert!(task.count > 0 && !task.files.is_empty() && !task.metric.is_empty());
    }
    let (task, subset) = tasks::Task::find("imagenette-slim").unwrap();
    assert_eq!((task.id, subset), ("naming10", Some(Subset::Slim)));
    assert!(tasks::Task::find("nothing").is_none());
}

#[test]
fn presence_is_balanced_per_category() {
    for name in ["presence-coco", "presence-mosaic"] {
        let said = counted(
            items(name)
                .iter()
                .map(|item| (text(item, "category").to_owned(), text(item, "answer").to_owned())),
        );
        for ((category, answer), count) in &said {
            let other = if answer == "yes" { "no" } else { "yes" };
            assert_eq!(
                said.get(&(category.clone(), other.to_owned())),
                Some(count),
                "{name}: {category}"
            );
        }
    }
}

#[test]
fn answers_are_balanced() {
    for name in ["count-coco", "count-mosaic", "relation-mosaic"] {
        let counts = counted(items(name).iter().map(|item| text(item, "answer").to_owned()));
        let sizes: BTreeSet<usize> = counts.values().copied().collect();
        assert!(counts.len() >= 4 && sizes.len() == 1, "{name}: {counts:?}");
    }
}

#[test]
fn six_wordings_take_turns() {
    for (name, wordings) in [
        ("presence-coco", 6),
        ("presence-mosaic", 6),
        ("count-mosaic", 6),
        ("ground-coco", 6),
        ("ground-mosaic", 6),
        ("relation-mosaic", 12),
        ("naming10", 6),
        ("naming200", 6),
        ("naming101", 6),
    ] {
        let list = items(name);
        let frame = |item: &Value| {
            let mut question = text(item, "question").to_owned();
            let names = item["names"].as_array().into_iter().flatten().filter_map(Value::as_str);
            for gap in names.chain([text(item, "category")]).filter(|gap| !gap.is_empty()) {
                // The last place: a short name may stand within the wording as well.
                let at = question.rfind(gap).unwrap_or(question.len());
                let end = (at + gap.len()).min(question.len());
                question.replace_range(at..end, "{}");
            }
            question
                .replace("an {}", "{}")
                .replace("a {}", "{}")
                .replace("people", "{}s")
        };
        let counts = counted(list.iter().map(frame));
        // A name may be part of another, so a few questions look like none of the wordings.
        let even = list.len() / wordings;
        let often: Vec<usize> = counts.into_values().filter(|count| count * 10 >= even * 7).collect();
        assert_eq!(often.len(), wordings, "{name}: {often:?}");
        assert!(
            often.iter().sum::<usize>() * 100 >= list.len() * 97,
            "{name}: {often:?}"
        );
    }
}

#[test]
fn mosaics_cover_the_canvas_with_held_out_pictures() {
    let excluded = [1288, 3529, 4486, 5439, 6601, 7014];
    for mosaic in items("mosaics") {
        let mut area = 0;
        for tile in mosaic["tiles"].as_array().unwrap() {
            let numbers: Vec<f64> = tile
                .as_array()
                .unwrap()
                .iter()
                .map(|value| value.as_f64().unwrap())
                .collect();
            assert!(!excluded.contains(&(numbers[0] as usize)));
            area += ((numbers[3] - numbers[1]) * (numbers[4] - numbers[2])) as usize;
            assert!(numbers[5] >= 0.0 && numbers[5] + numbers[7] <= 64.001 && numbers[6] + numbers[8] <= 64.001);
        }
        assert_eq!(area, 224 * 224);
    }
    for item in items("naming200") {
        assert!(!excluded.contains(&(item["row"].as_u64().unwrap() as usize)));
    }
}

#[test]
fn prompts_are_those_of_the_papers_code() {
    use sightline_eval::sources::prompts;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/goldens/tasks/prompts.jsonl");
    let golden = std::fs::read_to_string(path).unwrap();
    let counts: Vec<String> = (0..16).map(|count| count.to_string()).collect();
    let mut seen = BTreeSet::new();
    for line in golden.lines().skip(1) {
        let case: Value = serde_json::from_str(line).unwrap();
        let said = text(&case, "text");
        let found = match text(&case, "task") {
            "vqav2" | "gqa" | "textvqa" | "pope" => prompts::short(said),
            "vizwiz" => prompts::short_or_unanswerable(said),
            "vsr" => prompts::true_or_false(said),
            "tallyqa" => prompts::choose(said, &counts),
            "refcoco" | "ocid-ref" => prompts::locate(said),
            _ => said.to_owned(),
        };
        assert_eq!(found, text(&case, "prompt"));
        seen.insert(text(&case, "task").to_owned());
    }
    assert!(seen.len() >= 14, "{seen:?}");
}

#[test]
fn a_missing_file_is_named_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let error = tasks::load("naming10", folder.path(), &Select::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("imagenette_val.parquet: missing; naming10 wants"),
        "{error}"
    );
    std::fs::write(folder.path().join("imagenette_val.parquet"), "another").unwrap();
    let error = tasks::load("naming10", folder.path(), &Select::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("not the file that the task was frozen on"), "{error}");
    std::fs::write(folder.path().join("daquar_test.parquet"), "another").unwrap();
    let error = tasks::load("daquar", folder.path(), &Select::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("cannot be read as Parquet"), "{error}");
    let error = tasks::load("nothing", folder.path(), &Select::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("`sightline tasks` lists them"), "{error}");
}

/// The miniature files of photographs.
fn photos() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/goldens/tasks/photos")
}

/// Totals of a task whose questions get these answers.
fn totals(loaded: &Loaded, answers: &[&str]) -> Value {
    let scorer = tasks::scorer(loaded).unwrap();
    let records: Vec<Record> = answers
        .iter()
        .enumerate()
        .map(|(index, answer)| Record {
            outcome: Outcome::Text((*answer).to_owned()),
            ..record(loaded, index, true)
        })
        .collect();
    let scored: Vec<_> = records
        .iter()
        .map(|record| (record, scorer.score(record).unwrap()))
        .collect();
    scorer.totals(&scored).unwrap().0
}

fn named(totals: &Value, name: &str) -> f64 {
    let numbers = totals["numbers"].as_array().unwrap();
    let found = numbers.iter().find(|total| total["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {numbers:?}"))["value"]
        .as_f64()
        .unwrap()
}

#[test]
fn vqav2_and_presence_on_photographs() {
    let loaded = tasks::load("vqav2-coco40k", &photos(), &Select::default()).unwrap();
    let asked: Vec<(&str, &str)> = loaded
        .questions
        .iter()
        .map(|question| (question.id.as_str(), question.prompt.as_str()))
        .collect();
    assert_eq!(
        asked,
        [
            ("9001", "What color is the dog?"),
            ("9002", "How many dogs?"),
            ("30000", "Is it day?")
        ]
    );
    assert!(loaded.questions.iter().all(|question| question.image.bytes().is_ok()));
    // One right answer of ten that are not all alike counts 1, one that nobody gave 0.
    let found = totals(&loaded, &["brown", "three", "yes"]);
    assert_eq!(named(&found, "slice: what color"), 100.0);
    assert_eq!(named(&found, "slice: how many"), 0.0);
    assert_eq!(named(&found, "answer type: yes/no"), 100.0);
    assert!((found["headline"]["score"].as_f64().unwrap() - 2.0 / 3.0).abs() < 1e-9);

    let loaded = tasks::load("presence-coco40k", &photos(), &Select::default()).unwrap();
    let asked: Vec<&str> = loaded
        .questions
        .iter()
        .map(|question| question.prompt.as_str())
        .collect();
    assert_eq!(
        asked,
        [
            "Is there a dog in the image?",
            "Is there an umbrella in the image?",
            "Is there a traffic light in the image?",
            "Is there a cow in the image?"
        ]
    );
    let found = totals(&loaded, &["yes", "yes", "Yes.", "no"]);
    assert_eq!(
        (named(&found, "yes: accuracy"), named(&found, "no: accuracy")),
        (1.0, 0.5)
    );
}

#[test]
fn visual7w_captions_and_grounding_on_photographs() {
    let loaded = tasks::load("visual7w-photos", &photos(), &Select::default()).unwrap();
    let parts: Vec<&str> = loaded
        .questions
        .iter()
        .map(|question| text_of(question, "part"))
        .collect();
    assert_eq!((parts, &loaded.mode), (vec!["where", "who"], &Mode::Options(4)));

    let loaded = tasks::load("flickr8k-captions", &photos(), &Select::default()).unwrap();
    assert_eq!(loaded.questions[0].prompt, "Describe the image in one sentence.");
    let found = totals(&loaded, &["A brown dog is running.", "a cow"]);
    assert_eq!(named(&found, "different captions"), 2.0);
    let cider = named(&found, "CIDEr-D");
    assert!(
        cider > 0.5 && (found["headline"]["score"].as_f64().unwrap() - cider).abs() < 1e-12,
        "{found}"
    );
    assert_eq!(totals(&loaded, &["", ""])["headline"]["score"], 0.0);

    let loaded = tasks::load("vg500-grounding", &photos(), &Select::default()).unwrap();
    let asked: Vec<&str> = loaded
        .questions
        .iter()
        .map(|question| question.prompt.as_str())
        .collect();
    assert_eq!(asked, ["Where is the hat?"]);
    let gold = &loaded.questions[0].gold;
    assert_eq!(gold["box"], serde_json::json!([4.0, 2.0, 8.0, 5.0]));
    assert_eq!(totals(&loaded, &[padded_box(gold).as_str()])["headline"]["score"], 1.0);
}

fn text_of<'a>(question: &'a Question, field: &str) -> &'a str {
    question.gold[field].as_str().unwrap_or_default()
}

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

/// The right answer to a question, or the answer `wrong` to all.
fn record(loaded: &Loaded, index: usize, unreadable: bool) -> Record {
    let question = &loaded.questions[index];
    let gold = &question.gold;
    let choice = |right: usize, count: usize| {
        let share = |at: usize| if at == right { 1.0 } else { 0.0 };
        Outcome::Probabilities((0..count).map(share).collect())
    };
    let outcome = match (&loaded.mode, loaded.scored_as) {
        _ if unreadable => Outcome::Unreadable("gone".to_owned()),
        (Mode::Options(count), _) => choice(gold["choice"].as_u64().unwrap() as usize, *count),
        (Mode::Choices(_), "vsr") => choice(usize::from(gold["label"] != Value::Bool(true)), 2),
        (Mode::Choices(choices), _) => {
            let right = choices
                .iter()
                .position(|choice| gold["answer"] == choice.as_str())
                .unwrap();
            choice(right, choices.len())
        }
        (Mode::Text, "boxes") => Outcome::Text(padded_box(gold)),
        (Mode::Text, "vqav2") => Outcome::Text(gold["answers"][0]["answer"].as_str().unwrap().to_owned()),
        (Mode::Text, "pope") => Outcome::Text(gold["label"].as_str().unwrap().to_owned()),
        (Mode::Text, _) => Outcome::Text(gold["answer"].as_str().unwrap().to_owned()),
    };
    Record {
        index,
        id: question.id.clone(),
        key: String::new(),
        image: None,
        outcome,
        margin: None,
    }
}

/// A gold box as a model says it that sees the picture centred on a square.
fn padded_box(gold: &serde_json::Map<String, Value>) -> String {
    let number = |value: &Value| value.as_f64().unwrap();
    let (width, height) = (number(&gold["width"]), number(&gold["height"]));
    let side = width.max(height);
    let edges: Vec<String> = gold["box"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
        .map(|(at, edge)| {
            let length = if at % 2 == 0 { width } else { height };
            format!("{:.4}", (number(edge) + (side - length) / 2.0) / side)
        })
        .collect();
    format!("[{}]", edges.join(", "))
}

#[test]
#[ignore = "needs SIGHTLINE_DATA"]
fn tasks_at_hand_load_and_score() {
    for task in TASKS.iter().filter(|task| task.missing(&data()).is_empty()) {
        let loaded = load(task.id, &Select::default());
        assert_eq!(loaded.questions.len(), task.count, "{}", task.id);
        let scorer = tasks::scorer(&loaded).unwrap();
        let records: Vec<Record> = (0..task.count)
            .map(|index| record(&loaded, index, index % 10 == 9))
            .collect();
        let score = |record| match record {
            Record {
                outcome: Outcome::Unreadable(_),
                ..
            } => Default::default(),
            record => scorer.score(&record).unwrap(),
        };
        let scored: Vec<_> = records.iter().map(|record| (record, score(record.clone()))).collect();
        let (totals, table) = scorer.totals(&scored).unwrap();
        let unreadable = (task.count / 10) as f64 / task.count as f64;
        let value = totals["numbers"][0]["value"].as_f64().unwrap();
        let value = if totals["numbers"][0]["unit"] == "percent" {
            value / 100.0
        } else {
            value
        };
        println!("{}: {} {value} of {}", task.id, table.rows.len(), loaded.version);
        let floor = if task.scored_as == "vqav2" {
            0.3
        } else {
            1.0 - unreadable - 1e-9
        };
        let above = if task.scored_as == "pope" {
            1.0
        } else {
            1.0 - unreadable + 1e-9
        };
        assert!(
            value >= floor - 0.05 * f64::from(task.scored_as == "pope") && value <= above,
            "{}: {value}",
            task.id
        );
    }
}

#[test]
#[ignore = "needs SIGHTLINE_DATA"]
fn pictures_can_be_decoded_and_are_the_same_again() {
    for task in TASKS.iter().filter(|task| task.missing(&data()).is_empty()) {
        let loaded = load(
            task.id,
            &Select {
                limit: Some(40),
                ..Select::default()
            },
        );
        let mut known = HashMap::new();
        for question in &loaded.questions {
            let bytes = question
                .image
                .bytes()
                .unwrap_or_else(|error| panic!("{}: {error}", question.id));
            assert!(image::load_from_memory(&bytes).is_ok(), "{}", question.id);
            let before = known.insert(question.image_key.clone(), bytes.clone());
            assert!(
                before.is_none_or(|before| before == bytes),
                "{}: another picture",
                question.id
            );
            assert!(
                !question.prompt.is_empty() && question.prompt.trim() == question.prompt,
                "{:?}",
                question.prompt
            );
        }
    }
}

#[test]
#[ignore = "needs SIGHTLINE_DATA"]
fn parts_of_tasks() {
    let all = load("presence-mosaic", &Select::default());
    let slim = load("presence-mosaic-slim", &Select::default());
    assert_eq!((slim.id.as_str(), slim.questions.len()), ("presence-mosaic-slim", 256));
    let yes = slim
        .questions
        .iter()
        .filter(|question| question.gold["answer"] == "yes")
        .count();
    assert_eq!(yes, 128);
    assert!(matches!(slim.questions[0].image, Image::Mosaic { .. }));
    let some = load(
        "presence-mosaic",
        &Select {
            offset: 3,
            limit: Some(2),
            ..Select::default()
        },
    );
    let ids: Vec<&str> = some.questions.iter().map(|question| question.id.as_str()).collect();
    assert_eq!(ids, [all.questions[3].id.as_str(), all.questions[4].id.as_str()]);
    let ids = Some(vec![all.questions[7].id.clone(), all.questions[5].id.clone()]);
    let named = load(
        "presence-mosaic",
        &Select {
            ids,
            ..Select::default()
        },
    );
    assert_eq!(named.questions[0].id, all.questions[5].id);
    let nothing = Select {
        ids: Some(vec!["x".to_owned()]),
        ..Select::default()
    };
    let error = tasks::load("presence-mosaic", &data(), &nothing)
        .unwrap_err()
        .to_string();
    assert!(error.contains("no question has the id `x`"), "{error}");
    let error = tasks::load("vsr-coco256-slim", &data(), &Select::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("has no subset `slim`"), "{error}");
}

fn goldens(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/goldens/tasks")).join(name)
}

/// The first colour of a question's picture.
fn red(image: &Image) -> u8 {
    let bytes = image.bytes().unwrap();
    image::load_from_memory(&bytes).unwrap().to_rgb8().get_pixel(0, 0).0[0]
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
