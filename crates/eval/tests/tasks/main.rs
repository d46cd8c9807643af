//! The task table, the frozen lists, and every task whose files are at hand.
//!
//! Tests that need the data folder are ignored unless asked for: `SIGHTLINE_DATA=DIR cargo test -p
//! sightline-eval --test tasks -- --ignored`.

mod at_hand;
mod gallery;
mod help;
mod layouts;
mod lists;
mod photographs;

use std::collections::BTreeSet;

use serde_json::Value;
use sightline_eval::tasks::{self, Select, Subset, TASKS};

use help::text;

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
