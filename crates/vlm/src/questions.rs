//! Recognises the kind of a question and the things that it names.
//!
//! The kinds and their wordings come from the manifest: the model was trained on them. Other
//! questions are answered as well, under the note "outside training".

use sightline_checkpoint::manifest::QuestionType;

/// A question recognised as one of the trained kinds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognised {
    /// Id of the kind, for example `presence`.
    pub kind: String,
    /// The texts in the gaps (`{}`) of the wording, in lower case and without articles.
    pub names: Vec<String>,
}

/// Finds the kind whose wordings fit `question`. Among several, the wording with the most literal
/// text wins.
pub fn recognise(kinds: &[QuestionType], question: &str) -> Option<Recognised> {
    let question = normalise(question);
    let mut best: Option<(usize, Recognised)> = None;
    for kind in kinds {
        for wording in &kind.wordings {
            let pattern = normalise(wording);
            let literal = pattern.replace("{}", "").len();
            if best.as_ref().is_some_and(|(len, _)| *len >= literal) {
                continue;
            }
            if let Some(names) = fill(&pattern, &question) {
                let names = names.into_iter().map(|name| bare(&name)).collect();
                let kind = kind.id.clone();
                best = Some((literal, Recognised { kind, names }));
            }
        }
    }
    best.map(|(_, recognised)| recognised)
}

/// Lower case, single spaces, no closing punctuation.
fn normalise(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words
        .join(" ")
        .to_lowercase()
        .trim_end_matches(['?', '.', '!', ' '])
        .to_owned()
}

/// The texts in the gaps of `pattern`, or `None` if `text` does not fit it.
fn fill(pattern: &str, text: &str) -> Option<Vec<String>> {
    let mut parts = pattern.split("{}");
    let mut rest = text.strip_prefix(parts.next()?)?;
    let mut gaps = Vec::new();
    let parts: Vec<&str> = parts.collect();
    for (i, part) in parts.iter().enumerate() {
        let end = if i + 1 == parts.len() {
            rest.len()
                .checked_sub(part.len())
                .filter(|&end| rest.ends_with(part) && rest.is_char_boundary(end))?
        } else {
            rest.find(part).filter(|_| !part.is_empty())?
        };
        if end == 0 {
            return None;
        }
        gaps.push(rest[..end].to_owned());
        rest = &rest[end + part.len()..];
    }
    (rest.is_empty() || !gaps.is_empty()).then_some(gaps)
}

/// The name without its article.
fn bare(name: &str) -> String {
    let name = name.trim();
    ["a ", "an ", "the "]
        .iter()
        .find_map(|article| name.strip_prefix(article))
        .unwrap_or(name)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds() -> Vec<QuestionType> {
        let kind = |id: &str, wordings: &[&str]| QuestionType {
            id: id.into(),
            example: wordings[0].into(),
            wordings: wordings.iter().map(|w| w.to_string()).collect(),
        };
        vec![
            kind("name", &["What is the main object in the image?"]),
            kind("presence", &["Is there {} in the image?", "Can you see {}?"]),
            kind("relation", &["Is the {} to the left or to the right of the {}?"]),
            kind(
                "ground",
                &["Please provide the bounding box coordinate of the region this sentence describes: {}"],
            ),
        ]
    }

    #[test]
    fn trained_wordings_are_recognised_with_their_names() {
        let of = |question| recognise(&kinds(), question).map(|r| (r.kind, r.names));
        let found = |kind: &str, names: &[&str]| Some((kind.to_owned(), names.iter().map(|n| n.to_string()).collect()));
        assert_eq!(
            of("Is there a Goldfish  in the image?"),
            found("presence", &["goldfish"])
        );
        assert_eq!(of("can you see an umbrella"), found("presence", &["umbrella"]));
        assert_eq!(
            of("Is the teapot to the left or to the right of the bell pepper?"),
            found("relation", &["teapot", "bell pepper"])
        );
        assert_eq!(of("What is the main object in the image?"), found("name", &[]));
        assert_eq!(
            of("Please provide the bounding box coordinate of the region this sentence describes: tabby"),
            found("ground", &["tabby"])
        );
    }

    #[test]
    fn other_questions_are_not() {
        for question in [
            "",
            "{}",
            "Why is the sky blue?",
            "Is there in the image?",
            "Is there",
            "Can you see",
        ] {
            assert_eq!(recognise(&kinds(), question), None, "{question}");
        }
    }
}
