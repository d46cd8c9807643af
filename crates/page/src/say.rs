//! Answers as people say them: where a box is, how two answers compare, what to ask next.

use sightline_messages::{Answer, Source};

use crate::compose::question;
use crate::state::{Pane, Phase, Shown, State};
use crate::words;

/// Left, top, right, bottom in px of the upright picture.
type Px = [f32; 4];

/// Characters of an answer that are said in a sentence about it.
const SHORT: usize = 40;
/// Boxes that cover this share of the picture are said to be all of it.
const ALL: f32 = 0.8;

/// Intersection over union of two boxes.
pub(crate) fn iou(a: Px, b: Px) -> f32 {
    let side = |low: usize, high: usize| (a[high].min(b[high]) - a[low].max(b[low])).max(0.0);
    let shared = side(0, 2) * side(1, 3);
    let area = |[x1, y1, x2, y2]: Px| (x2 - x1).max(0.0) * (y2 - y1).max(0.0);
    let all = area(a) + area(b) - shared;
    if all > 0.0 { shared / all } else { 0.0 }
}

/// Where a box is, in words.
pub(crate) fn place([x1, y1, x2, y2]: Px, shown: &Shown) -> String {
    let (w, h) = (shown.width.max(1) as f32, shown.height.max(1) as f32);
    let share = (x2 - x1) / w * (y2 - y1) / h;
    if share >= ALL {
        return "almost all of the picture".into();
    }
    let third = |middle: f32, names: [&'static str; 3]| names[((middle * 3.0) as usize).min(2)];
    let across = third((x1 + x2) / 2.0 / w, ["left", "center", "right"]);
    let down = third((y1 + y2) / 2.0 / h, ["top", "middle", "bottom"]);
    let size = match share {
        share if share < 0.05 => ", small",
        share if share >= 0.4 => ", large",
        _ => "",
    };
    match (across, down) {
        ("center", "middle") => format!("in the middle{size}"),
        _ => format!("{across}, {down}{size}"),
    }
}

/// The box that the language model wrote, if it lies in the picture.
pub(crate) fn written(answer: &Answer) -> Option<Px> {
    let mut boxes = answer.boxes.iter();
    boxes.find(|found| found.source == Source::Llm)?.px
}

/// What stands large in a pane: the place instead of its numbers.
pub(crate) fn headline(pane: &Pane, shown: Option<&Shown>) -> String {
    let found = pane.answer.as_ref().and_then(written).zip(shown);
    match found {
        Some((px, shown)) => {
            let place = place(px, shown);
            let mut letters = place.chars();
            let first = letters.next().map(|c| c.to_ascii_uppercase()).unwrap_or_default();
            format!("{first}{}", letters.as_str())
        }
        None => pane.text.clone(),
    }
}

/// An answer without what does not count: case, spaces, a last point.
pub(crate) fn plain(text: &str) -> String {
    text.trim().trim_end_matches('.').to_ascii_lowercase()
}

fn quoted(text: &str) -> String {
    match text.chars().count() > SHORT {
        true => format!("“{}…”", text.chars().take(SHORT).collect::<String>().trim_end()),
        false => format!("“{}”", text.trim()),
    }
}

/// One line that compares the answers of a turn; empty before there are two.
pub(crate) fn verdict(state: &State) -> String {
    let whole = |pane: &&Pane| matches!(pane.phase, Phase::Done | Phase::Recorded);
    let panes: Vec<_> = state.turn.panes.iter().filter(whole).collect();
    let [first, second] = panes[..] else {
        return String::new();
    };
    let (Some(a), Some(b)) = (&first.answer, &second.answer) else {
        return String::new();
    };
    let title = |pane: &Pane| {
        let found = state.models.iter().find(|model| model.id == pane.model);
        found.map_or_else(|| pane.model.clone(), |model| model.title.clone())
    };
    let said = |pane: &Pane, answer: &Answer| match written(answer) {
        Some(_) => format!("{} draws a box", title(pane)),
        None => format!("{} says {}", title(pane), quoted(&pane.text)),
    };
    let compared = match (written(a), written(b)) {
        (Some(x), Some(y)) => match iou(x, y) {
            overlap if overlap >= 0.5 => format!("Nearly the same place: the boxes overlap by {overlap:.2} (IoU)."),
            overlap => format!("Different places: the boxes overlap by {overlap:.2} (IoU)."),
        },
        (None, None) if plain(&first.text) == plain(&second.text) => format!("Both say {}.", quoted(&first.text)),
        _ => format!("They differ: {}, {}.", said(first, a), said(second, b)),
    };
    // Times of another machine are no comparison with this one's.
    if state.turn.made.is_some() || first.phase == Phase::Recorded {
        return compared;
    }
    let took = |answer: &Answer| words::ms(answer.timings.first_token_ms + answer.timings.decode_ms);
    let seen = if first.reused && second.reused {
        ", the picture already seen"
    } else {
        ""
    };
    format!(
        "{compared} {} took {}, {} {}{seen}.",
        title(first),
        took(a),
        title(second),
        took(b)
    )
}

/// Questions about a visitor's own picture, from what the models took it for; none if they named
/// nothing.
pub(crate) fn next_questions(state: &State) -> Vec<String> {
    const OTHER: [&str; 9] = [
        "is ",
        "are ",
        "how ",
        "where",
        "what color",
        "what colour",
        "does ",
        "do ",
        "describe",
    ];
    let asked = state.turn.question.to_ascii_lowercase();
    let is_name = |text: &String| {
        let letters = text
            .chars()
            .all(|c| c.is_alphabetic() || c == ' ' || c == '-' || c == '\'');
        letters && !text.is_empty() && text.split(' ').count() <= 3 && !["yes", "no"].contains(&&text[..])
    };
    if OTHER.iter().any(|start| asked.starts_with(start)) {
        return Vec::new();
    }
    let mut names: Vec<String> = state
        .turn
        .panes
        .iter()
        .map(|pane| plain(&pane.text))
        .filter(is_name)
        .collect();
    names.dedup();
    let Some(first) = names.first() else {
        return Vec::new();
    };
    let of = |kind: &str, name: &str| question(kind, name, "");
    let mut questions: Vec<_> = names.iter().filter_map(|name| of("presence", name)).collect();
    questions.extend(of("ground", first));
    questions.extend(of("colour", first));
    questions.push("What is this?".into());
    questions
}

#[cfg(test)]
mod tests {
    use sightline_messages::{AnswerBox, ModelInfo, Timings};

    use super::*;
    use crate::state::{Chosen, Turn};

    fn shown() -> Shown {
        Shown {
            chosen: Chosen {
                number: 1,
                name: "one".into(),
                gallery: None,
                questions: Vec::new(),
            },
            width: 300,
            height: 200,
        }
    }

    fn pane(model: &str, text: &str, px: Option<Px>) -> Pane {
        let found = px.map(|px| AnswerBox {
            source: Source::Llm,
            label: None,
            region: None,
            px: Some(px),
            score: None,
        });
        let timings = Timings {
            first_token_ms: 200.0,
            decode_ms: 50.0,
            ..Timings::default()
        };
        Pane {
            model: model.into(),
            phase: Phase::Done,
            text: text.into(),
            answer: Some(Answer {
                text: text.into(),
                boxes: found.into_iter().collect(),
                timings,
                ..Answer::default()
            }),
            ..Pane::default()
        }
    }

    fn answered(panes: Vec<Pane>) -> State {
        let model = |id: &str| ModelInfo {
            id: id.into(),
            encoder: id.into(),
            weights: String::new(),
            title: id.to_uppercase(),
            name: id.into(),
            about: String::new(),
            palette: 0,
            kinds: Vec::new(),
        };
        State {
            models: vec![model("a"), model("b")],
            turn: Turn {
                question: "What is this?".into(),
                panes,
                ..Turn::default()
            },
            ..State::default()
        }
    }

    #[test]
    fn places_are_said_in_words() {
        for (px, words) in [
            ([0.0, 0.0, 300.0, 200.0], "almost all of the picture"),
            ([0.0, 60.0, 90.0, 140.0], "left, middle"),
            ([110.0, 80.0, 190.0, 120.0], "in the middle"),
            ([280.0, 190.0, 300.0, 200.0], "right, bottom, small"),
            ([0.0, 0.0, 250.0, 110.0], "center, top, large"),
        ] {
            assert_eq!(place(px, &shown()), words);
        }
        let with = pane("a", "[0.1, 0.2, 0.3, 0.4]", Some([0.0, 60.0, 90.0, 140.0]));
        assert_eq!(headline(&with, Some(&shown())), "Left, middle");
        assert_eq!(headline(&pane("a", "cat", None), Some(&shown())), "cat");
    }

    #[test]
    fn two_answers_are_compared_in_one_line() {
        let line = |a, b| verdict(&answered(vec![a, b]));
        let times = "A took 250 ms, B 250 ms.";
        assert_eq!(
            line(pane("a", "Ferry.", None), pane("b", "ferry", None)),
            format!("Both say “Ferry.”. {times}")
        );
        assert_eq!(
            line(pane("a", "cat", None), pane("b", "dog", None)),
            format!("They differ: A says “cat”, B says “dog”. {times}")
        );
        let left = Some([0.0, 0.0, 100.0, 100.0]);
        assert_eq!(
            line(pane("a", "[]", left), pane("b", "[]", Some([0.0, 0.0, 100.0, 80.0]))),
            format!("Nearly the same place: the boxes overlap by 0.80 (IoU). {times}")
        );
        assert_eq!(
            line(pane("a", "[]", left), pane("b", "on the table", None)),
            format!("They differ: A draws a box, B says “on the table”. {times}")
        );
        let mut recorded = [pane("a", "yes", None), pane("b", "yes", None)];
        recorded.iter_mut().for_each(|pane| pane.phase = Phase::Recorded);
        assert_eq!(verdict(&answered(recorded.to_vec())), "Both say “yes”.");
        assert_eq!(verdict(&answered(vec![pane("a", "yes", None)])), "");
    }

    #[test]
    fn what_to_ask_next_follows_the_models_own_guess() {
        let state = answered(vec![pane("a", "cat", None), pane("b", "Egyptian cat", None)]);
        assert_eq!(
            next_questions(&state),
            [
                "Is there a cat in the image?",
                "Is there an egyptian cat in the image?",
                "Where is the cat?",
                "What color is the cat?",
                "What is this?"
            ]
        );
        let mut other = answered(vec![pane("a", "yes", None), pane("b", "2", None)]);
        assert_eq!(next_questions(&other), Vec::<String>::new());
        other.turn.question = "Is there a cat?".into();
        other.turn.panes = vec![pane("a", "cat", None)];
        assert_eq!(next_questions(&other), Vec::<String>::new());
    }

    #[test]
    fn overlap_of_boxes() {
        assert_eq!(iou([0.0, 0.0, 2.0, 2.0], [0.0, 0.0, 2.0, 2.0]), 1.0);
        assert_eq!(iou([0.0, 0.0, 2.0, 2.0], [1.0, 0.0, 3.0, 2.0]), 1.0 / 3.0);
        assert_eq!(iou([0.0, 0.0, 1.0, 1.0], [2.0, 2.0, 3.0, 3.0]), 0.0);
        assert_eq!(iou([1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]), 0.0);
    }
}
