//! Chat templates: the strings that stand around the turns of a conversation. A template is data;
//! this module only joins its strings.

mod table;

use sightline_checkpoint::manifest::{Around, Template};
use table::TEMPLATES;

/// Who says a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Says how to answer. Only the first turn may be of this role.
    System,
    /// Asks.
    User,
    /// Answered.
    Assistant,
}

/// One turn of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn<'a> {
    /// Who says it.
    pub role: Role,
    /// What is said.
    pub text: &'a str,
}

/// A piece of a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    /// A string of the template, whose names of control tokens stand for these tokens.
    Template(&'a str),
    /// What somebody says: plain text, whatever it spells.
    Said(&'a str),
}

/// The template of that name.
pub fn named(name: &str) -> Option<&'static Template> {
    TEMPLATES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, template)| template)
}

/// The names of all templates, comma-separated.
pub(crate) fn names() -> String {
    let names: Vec<&str> = TEMPLATES.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

/// The text of a conversation up to the opening of the next answer, with the names of its control
/// tokens. Its start is part of it.
pub fn text(template: &Template, turns: &[Turn<'_>]) -> String {
    let mut text = template.start.to_string();
    for part in parts(template, &template.default_system, turns) {
        let (Part::Template(piece) | Part::Said(piece)) = part;
        text.push_str(piece);
    }
    text
}

/// The pieces of a conversation behind its start. `system` is the text of the system turn if the
/// conversation does not begin with one; empty for no such turn.
pub(crate) fn parts<'a>(template: &'a Template, system: &'a str, turns: &[Turn<'a>]) -> Vec<Part<'a>> {
    let mut parts = Vec::with_capacity(3 * turns.len() + 4);
    let mut say = |around: &'a Around, text: &'a str| {
        let text = if template.trim { text.trim() } else { text };
        parts.extend([
            Part::Template(&around.before),
            Part::Said(text),
            Part::Template(&around.after),
        ]);
    };
    let given = turns.first().is_some_and(|turn| turn.role == Role::System);
    if !given && !system.is_empty() {
        say(&template.system, system);
    }
    for turn in turns {
        let around = match turn.role {
            Role::System => &template.system,
            Role::User => &template.user,
            Role::Assistant => &template.assistant,
        };
        say(around, turn.text);
    }
    parts.push(Part::Template(&template.answer));
    parts
}

/// Splits a string of a template at the names of control tokens. Every piece is followed by the
/// token whose name ended it, but for the last one.
pub(crate) fn split<'a, T: Copy>(mut text: &'a str, control: &[(String, T)]) -> Vec<(&'a str, Option<T>)> {
    let mut pieces = Vec::new();
    loop {
        // The earliest name; of two that begin at one place, the longer.
        let found = control
            .iter()
            .filter_map(|(name, token)| Some((text.find(name.as_str())?, name.len(), *token)))
            .min_by_key(|&(at, len, _)| (at, usize::MAX - len));
        let Some((at, len, token)) = found else {
            pieces.push((text, None));
            return pieces;
        };
        pieces.push((&text[..at], Some(token)));
        text = &text[at + len..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_split_at_the_longest_name() {
        let control = [("<a>".to_owned(), 1), ("<a>b".to_owned(), 2), ("</a>".to_owned(), 3)];
        let found = split("x<a>by<a>c</a>", &control);
        assert_eq!(found, [("x", Some(2)), ("y", Some(1)), ("c", Some(3)), ("", None)]);
        assert_eq!(split("", &control), [("", None)]);
    }

    /// Otherwise a token of the template would be written as plain text.
    #[test]
    fn every_template_lists_its_control_tokens() {
        let all = TEMPLATES.iter().map(|(_, template)| template);
        for template in all {
            let control: Vec<_> = template.control.iter().map(|name| (name.to_string(), ())).collect();
            for string in [
                &template.start,
                &template.system.before,
                &template.system.after,
                &template.user.before,
                &template.user.after,
                &template.assistant.before,
                &template.assistant.after,
                &template.answer,
            ] {
                let plain: String = split(string, &control).into_iter().map(|(text, _)| text).collect();
                assert!(!plain.contains(['<', '>', '|']), "{string:?}");
            }
        }
    }
}
