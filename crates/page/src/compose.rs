//! Questions put together from what the models know: a kind of question and a name.

/// Kinds that can be put together, as they stand on the page: an id, what a button says, and how
/// many names it takes.
pub(crate) const KINDS: &[(&str, &str, usize)] = &[
    ("name", "What is it?", 0),
    ("presence", "Is there …?", 1),
    ("ground", "Where is …?", 1),
    ("count", "How many …?", 1),
    ("relation", "Left or right?", 2),
    ("colour", "What color …?", 1),
];

/// The question of a kind about these names; none for a kind that is not known, or a name that is
/// missing.
pub(crate) fn question(kind: &str, name: &str, other: &str) -> Option<String> {
    let (name, other) = (name.trim(), other.trim());
    let (_, _, names) = KINDS.iter().find(|(id, ..)| *id == kind)?;
    if (*names > 0 && name.is_empty()) || (*names > 1 && other.is_empty()) {
        return None;
    }
    let (are, capital) = if is_plural(name) { ("are", "Are") } else { ("is", "Is") };
    Some(match kind {
        "presence" if is_plural(name) => format!("Are there any {name}?"),
        "presence" => format!("Is there {} in the image?", with_article(name)),
        "ground" => format!("Where {are} the {name}?"),
        "count" => format!("How many {} are there?", plural(name)),
        "relation" => format!("{capital} the {name} to the left or to the right of the {other}?"),
        "colour" => format!("What color {are} the {name}?"),
        _ => "What is this?".into(),
    })
}

/// A name with `a` or `an`.
pub(crate) fn with_article(name: &str) -> String {
    let vowel = name.starts_with(|c: char| "aeiouAEIOU".contains(c));
    format!("{} {name}", if vowel { "an" } else { "a" })
}

fn is_plural(name: &str) -> bool {
    name.ends_with('s') && !["ss", "us"].iter().any(|ending| name.ends_with(ending))
}

fn plural(name: &str) -> String {
    let irregular = [
        ("person", "people"),
        ("man", "men"),
        ("woman", "women"),
        ("child", "children"),
        ("mouse", "mice"),
    ];
    if let Some((_, many)) = irregular.iter().find(|(one, _)| *one == name) {
        return (*many).to_owned();
    }
    let same = ["sheep", "fish", "goldfish", "starfish"];
    if is_plural(name) || same.contains(&name) {
        return name.to_owned();
    }
    let hissing = ["s", "x", "z", "ch", "sh"].iter().any(|ending| name.ends_with(ending));
    match name.strip_suffix('y') {
        Some(stem) if !stem.ends_with(|c: char| "aeiou".contains(c)) => format!("{stem}ies"),
        _ if hissing => format!("{name}es"),
        _ => format!("{name}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_english() {
        for (kind, name, other, expected) in [
            ("name", "", "", "What is this?"),
            ("presence", "airplane", "", "Is there an airplane in the image?"),
            ("presence", "scissors", "", "Are there any scissors?"),
            ("ground", "bus", "", "Where is the bus?"),
            ("ground", "flowers", "", "Where are the flowers?"),
            ("count", "person", "", "How many people are there?"),
            ("count", "butterfly", "", "How many butterflies are there?"),
            ("count", "bench", "", "How many benches are there?"),
            ("count", "monkey", "", "How many monkeys are there?"),
            ("count", "glasses", "", "How many glasses are there?"),
            (
                "relation",
                "dog",
                "cat",
                "Is the dog to the left or to the right of the cat?",
            ),
            (
                "relation",
                "skis",
                "cat",
                "Are the skis to the left or to the right of the cat?",
            ),
            ("colour", " car ", "", "What color is the car?"),
        ] {
            assert_eq!(question(kind, name, other).as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_missing_name_makes_no_question() {
        assert_eq!(question("ground", "  ", ""), None);
        assert_eq!(question("relation", "dog", ""), None);
        assert_eq!(question("poem", "dog", "cat"), None);
    }
}
