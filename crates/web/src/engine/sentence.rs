//! Errors as sentences for people.

/// The text with a capital: it begins a sentence.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    first + letters.as_str()
}

/// An error's text with a capital and a full stop.
pub(super) fn sentence(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    capital(text.trim_end_matches('.')) + "."
}

/// The same for an error that may begin with the name of a file, and end with a question.
#[cfg(feature = "evaluate")]
pub(super) fn spoken(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    let first = text.split_whitespace().next().unwrap_or_default();
    let text = match first.contains(['/', '.', '_']) {
        true => text,
        false => capital(&text),
    };
    match text.ends_with(['.', '?', '!']) {
        true => text,
        false => text + ".",
    }
}
