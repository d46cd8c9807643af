//! Tasks about photographs, on miniature files.

use sightline_eval::tasks::{self, Mode, Select};

use super::help::{named, padded_box, photos, text_of, totals};

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
