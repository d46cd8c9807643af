//! The frozen lists: balanced, in all wordings, and of held-out pictures.

use std::collections::BTreeSet;

use serde_json::Value;

use super::help::{counted, items, text};

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
