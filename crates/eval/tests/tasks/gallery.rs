//! Mosaics of the page's own pictures: what follows from their seed.

use std::path::PathBuf;

use sightline_checkpoint::hash::sha256_hex;
use sightline_eval::benchmarks::gallery;
use sightline_eval::tasks::{self, Loaded, Select, Task};

use super::help::counted;

fn www() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../www")
}

fn load(id: &str) -> Loaded {
    tasks::load(id, &www(), &Select::default()).unwrap_or_else(|error| panic!("{id}: {error}"))
}

#[test]
fn answers_are_balanced_and_questions_as_many_as_said() {
    for (id, each) in [
        ("presence-gallery", &[120, 120][..]),
        ("relation-gallery", &[30, 30, 30, 30]),
    ] {
        let loaded = load(id);
        assert_eq!(loaded.questions.len(), Task::find(id).unwrap().0.count, "{id}");
        let counts = counted(
            loaded
                .questions
                .iter()
                .map(|question| question.gold["answer"].to_string()),
        );
        assert_eq!(counts.len(), each.len(), "{counts:?}");
        assert!(
            counts.values().zip(each).all(|(found, wanted)| found == wanted),
            "{counts:?}"
        );
    }
    let loaded = load("ground-gallery");
    assert_eq!(loaded.questions.len(), Task::find("ground-gallery").unwrap().0.count);
    for question in &loaded.questions {
        let place: Vec<f64> = serde_json::from_value(question.gold["box"].clone()).unwrap();
        let [x1, y1, x2, y2] = place[..] else {
            panic!("{}", question.id)
        };
        assert!(0.0 <= x1 && x1 + 8.0 < x2 && x2 <= 224.0, "{place:?}");
        assert!(0.0 <= y1 && y1 + 8.0 < y2 && y2 <= 224.0, "{place:?}");
    }
}

/// The version of the tasks stays 1 as long as these do.
#[test]
fn a_seed_makes_the_same_mosaics_everywhere() {
    let hash = |id: &str, what: fn(&tasks::Question) -> String| {
        let texts: String = load(id).questions.iter().map(what).collect();
        sha256_hex(texts.as_bytes())[..16].to_owned()
    };
    let asked = |question: &tasks::Question| {
        let gold = serde_json::to_string(&question.gold).unwrap();
        format!("{} {} {gold} {}\n", question.id, question.prompt, question.image_key)
    };
    let seen = |question: &tasks::Question| sha256_hex(&question.image.bytes().unwrap());
    let found = [
        hash("presence-gallery", asked),
        hash("relation-gallery", asked),
        hash("ground-gallery", asked),
        hash("relation-gallery", seen),
    ];
    assert_eq!(
        found,
        [
            "6d2878a9a0c0b189",
            "3cf83fdcabae4f29",
            "f4d475af8465ab58",
            "c5312caf57b5b440"
        ]
    );
}

#[test]
fn another_picture_under_the_same_name_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("pictures")).unwrap();
    for file in gallery::files() {
        std::fs::copy(www().join(&file), folder.path().join(&file)).unwrap();
    }
    let first = folder.path().join(gallery::files().next().unwrap());
    std::fs::write(&first, "another").unwrap();
    let error = tasks::load("presence-gallery", folder.path(), &Select::default()).unwrap_err();
    assert!(error.to_string().contains("frozen"), "{error}");
    std::fs::remove_file(first).unwrap();
    let error = tasks::load("presence-gallery", folder.path(), &Select::default()).unwrap_err();
    assert!(
        error.to_string().contains("missing; presence-gallery wants pictures/"),
        "{error}"
    );
}
