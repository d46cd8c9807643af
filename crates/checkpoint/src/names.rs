//! `weights/names.json`: the names of things that the models were trained to know.
//!
//! The list is for people. No answer depends on it, so a weights folder may be without.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The file's name in the weights folder.
pub const FILE: &str = "names.json";

/// Largest list that is read, bytes: about a hundred times the shipped one.
#[cfg(not(target_arch = "wasm32"))]
const MAX_FILE: u64 = 8 << 20;

/// Why a list cannot be used.
#[derive(Debug, Error)]
pub enum NamesError {
    /// The file could not be read.
    #[error("cannot read {file}: {source}; only lists of names need it")]
    Read {
        /// File name.
        file: String,
        /// The operating system's message.
        source: std::io::Error,
    },
    /// Not JSON, a missing or unknown field, or a value of the wrong type.
    #[error("{file} is not a sound list of names: {source}; take the file that came with the weights")]
    Json {
        /// File name.
        file: String,
        /// Where and what.
        source: serde_json::Error,
    },
    /// A name that cannot be shown, or that stands in the list twice.
    #[error("{file}: names[{row}].{field}: {problem}")]
    Field {
        /// File name.
        file: String,
        /// Its place, from 0.
        row: usize,
        /// The field of the row.
        field: &'static str,
        /// What is wrong and what would be right.
        problem: String,
    },
}

/// All names, in the file's order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Names {
    /// One row per thing.
    pub names: Vec<Name>,
}

/// A thing that the models know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Name {
    /// What the models call it.
    pub name: String,
    /// Other words for the same thing, which a question may use.
    pub synonyms: Vec<String>,
    /// What it is a kind of, from the nearest to the widest.
    pub kind_of: Vec<String>,
    /// Sets of pictures that taught it, for example `coco`.
    pub from: Vec<String>,
}

impl Names {
    /// From the file's text. `file` is only used in errors.
    ///
    /// # Errors
    /// [`NamesError`] names the field that is wrong.
    pub fn parse(file: &str, json: &str) -> Result<Self, NamesError> {
        let names: Self = serde_json::from_str(json).map_err(|source| NamesError::Json {
            file: file.into(),
            source,
        })?;
        let mut seen = std::collections::HashSet::new();
        for (row, name) in names.names.iter().enumerate() {
            name.check().map_err(|(field, problem)| NamesError::Field {
                file: file.into(),
                row,
                field,
                problem,
            })?;
            if !seen.insert(&name.name) {
                return Err(NamesError::Field {
                    file: file.into(),
                    row,
                    field: "name",
                    problem: format!("{:?} stands in the list twice; keep one row", name.name),
                });
            }
        }
        Ok(names)
    }

    /// Reads [`FILE`] in the weights folder.
    ///
    /// # Errors
    /// As [`Names::parse`], and [`NamesError::Read`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn load(folder: &std::path::Path) -> Result<Self, NamesError> {
        let path = folder.join(FILE);
        let file = path.display().to_string();
        match crate::file::read_text(&path, MAX_FILE) {
            Ok(json) => Self::parse(&file, &json),
            Err(source) => Err(NamesError::Read { file, source }),
        }
    }
}

impl Name {
    /// Whether the name, a synonym or a kind has `text` in it, whatever the case. Every name has an
    /// empty text.
    pub fn has(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.words().any(|(_, word)| word.to_lowercase().contains(&text))
    }

    fn words(&self) -> impl Iterator<Item = (&'static str, &String)> {
        let of = |field, words| std::iter::repeat(field).zip(words);
        std::iter::once(("name", &self.name))
            .chain(of("synonyms", &self.synonyms))
            .chain(of("kind_of", &self.kind_of))
            .chain(of("from", &self.from))
    }

    /// Words go to terminals and pages as they are, so they must be plain text.
    fn check(&self) -> Result<(), (&'static str, String)> {
        for (field, word) in self.words() {
            if word.trim().is_empty() || word.chars().any(char::is_control) {
                return Err((field, format!("{word:?} is no plain text; write one or more words")));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(name: &str) -> String {
        format!(
            r#"{{"names": [{{"name": "{name}", "synonyms": ["kitty"], "kind_of": ["pet", "animal"], "from": ["coco"]}},
            {{"name": "dog", "synonyms": [], "kind_of": [], "from": []}}]}}"#
        )
    }

    #[test]
    fn a_name_is_found_by_its_synonyms_and_kinds() -> Result<(), NamesError> {
        let names = Names::parse("names.json", &list("cat"))?;
        for text in ["", "cat", "CAT", "kit", "animal"] {
            assert!(names.names[0].has(text), "{text}");
        }
        assert!(!names.names[0].has("dog"));
        assert!(!names.names[1].has("animal"));
        Ok(())
    }

    #[test]
    fn errors_name_the_file_and_the_field() {
        for (json, parts) in [
            (list("dog"), ["names.json", "names[1].name", "twice"]),
            (list("\\u001b[2J"), ["names.json", "names[0].name", "plain text"]),
            (list(" "), ["names.json", "names[0].name", "plain text"]),
            ("{}".to_owned(), ["names.json", "missing field", "names"]),
            (
                list("cat").replace("kind_of", "kinds"),
                ["names.json", "unknown field", "kinds"],
            ),
            (list("cat")[..60].to_owned(), ["names.json", "EOF", "line 1"]),
        ] {
            let error = Names::parse("names.json", &json).expect_err(&json).to_string();
            for part in parts {
                assert!(error.contains(part), "{part} is missing in: {error}");
            }
        }
    }
}
