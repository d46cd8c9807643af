//! Typed access to a JSON object of a file, with errors that say where and what to do.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::numbers::{is_number, number, whole};

/// Where in a file an object stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// The file as a whole.
    File,
    /// A line, from 1.
    Line(usize),
    /// An item of a JSON document that may have one line only, from 1.
    Item(usize),
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file's name, as it was given.
    pub file: Arc<str>,
    /// Where in it.
    pub at: At,
    /// Whether it is a file of answers. Its lines may hold their own gold.
    of_answers: bool,
}

impl Place {
    /// The file as a whole.
    pub fn file(name: &str) -> Self {
        Self {
            file: name.into(),
            at: At::File,
            of_answers: false,
        }
    }

    /// A file of answers as a whole.
    pub fn answers(name: &str) -> Self {
        Self {
            of_answers: true,
            ..Self::file(name)
        }
    }

    /// Another place in the same file.
    pub fn at(&self, at: At) -> Self {
        Self {
            file: Arc::clone(&self.file),
            at,
            of_answers: self.of_answers,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self.at {
            At::File => write!(out, "{}", self.file),
            At::Line(line) => write!(out, "{} line {line}", self.file),
            At::Item(item) => write!(out, "{} item {item}", self.file),
        }
    }
}

/// A file that cannot be used: where, which field, and what to do. One sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputError {
    /// Where.
    pub place: Place,
    /// Which field, where it is about one.
    pub field: Option<String>,
    /// What is wrong, and the remedy.
    pub problem: String,
}

impl InputError {
    /// An error about an object or a whole file.
    pub fn new(place: &Place, problem: impl fmt::Display) -> Self {
        Self {
            place: place.clone(),
            field: None,
            problem: problem.to_string(),
        }
    }

    /// An error about one field.
    pub fn field(place: &Place, field: &str, problem: impl fmt::Display) -> Self {
        Self {
            field: Some(field.to_owned()),
            ..Self::new(place, problem)
        }
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{}", self.place)?;
        if let Some(field) = &self.field {
            write!(out, ", field `{field}`")?;
        }
        write!(out, ": {}", self.problem)
    }
}

impl std::error::Error for InputError {}

/// What a value is, for messages.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        number if is_number(number) => "a number",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// A JSON object and where it stands. A field that is null counts as missing.
#[derive(Clone, Debug)]
pub struct Fields {
    /// The object.
    pub map: Map<String, Value>,
    /// Where it stands.
    pub place: Place,
}

impl Fields {
    /// A field's value, if it is there.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    /// Whether a field is there.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// An error about one of the fields.
    pub fn error(&self, name: &str, problem: impl fmt::Display) -> InputError {
        InputError::field(&self.place, name, problem)
    }

    fn wrong(&self, name: &str, value: &Value, wanted: &str) -> InputError {
        self.error(name, format!("{} where {wanted} is wanted", kind(value)))
    }

    /// A field's value; an error where it is missing.
    ///
    /// # Errors
    /// A field that is missing or null.
    pub fn need(&self, name: &str, wanted: &str) -> Result<&Value, InputError> {
        self.get(name).ok_or_else(|| {
            let problem = match self.place.of_answers {
                true => format!("missing; write {wanted} there, or name the official file with --gold"),
                false => format!("missing, where {wanted} is wanted; is it the right file?"),
            };
            self.error(name, problem)
        })
    }

    /// A text, if the field is there.
    ///
    /// # Errors
    /// A value of another kind.
    pub fn maybe_text(&self, name: &str) -> Result<Option<&str>, InputError> {
        match self.get(name) {
            None => Ok(None),
            Some(value @ Value::String(text)) if !is_number(value) => Ok(Some(text)),
            Some(other) => Err(self.wrong(name, other, "a text")),
        }
    }

    /// A text.
    ///
    /// # Errors
    /// A field that is missing, or of another kind.
    pub fn text(&self, name: &str) -> Result<&str, InputError> {
        self.need(name, "a text")?;
        Ok(self.maybe_text(name)?.unwrap_or_default())
    }

    /// An object, if the field is there.
    ///
    /// # Errors
    /// A value of another kind.
    pub fn maybe_object(&self, name: &str) -> Result<Option<Self>, InputError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(Self {
                map: map.clone(),
                place: self.place.clone(),
            })),
            Some(other) => Err(self.wrong(name, other, "an object")),
        }
    }

    /// A list, if the field is there.
    ///
    /// # Errors
    /// A value of another kind.
    pub fn maybe_list(&self, name: &str) -> Result<Option<&[Value]>, InputError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Array(list)) => Ok(Some(list)),
            Some(other) => Err(self.wrong(name, other, "a list")),
        }
    }

    /// A list.
    ///
    /// # Errors
    /// A field that is missing, or of another kind.
    pub fn list(&self, name: &str, wanted: &str) -> Result<&[Value], InputError> {
        self.need(name, wanted)?;
        Ok(self.maybe_list(name)?.unwrap_or_default())
    }

    /// A list of objects. Errors about them name this object.
    ///
    /// # Errors
    /// A field that is missing, or a list of anything else.
    pub fn records(&self, name: &str, wanted: &str) -> Result<Vec<Self>, InputError> {
        let record = |value: &Value| match value {
            Value::Object(map) => Ok(Self {
                map: map.clone(),
                place: self.place.clone(),
            }),
            other => Err(self.error(name, format!("{} among its objects", kind(other)))),
        };
        self.list(name, wanted)?.iter().map(record).collect()
    }

    /// True or false: a truth value, or 1 or 0.
    ///
    /// # Errors
    /// A value that is neither a truth value nor 1 or 0.
    pub fn maybe_truth(&self, name: &str) -> Result<Option<bool>, InputError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(other) if number(other) == Some(1.0) => Ok(Some(true)),
            Some(other) if number(other) == Some(0.0) => Ok(Some(false)),
            Some(other) => Err(self.wrong(name, other, "true, false, 1 or 0")),
        }
    }

    /// A whole number from 0, if the field is there.
    ///
    /// # Errors
    /// A value that is no whole number from 0.
    pub fn maybe_count(&self, name: &str) -> Result<Option<usize>, InputError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let whole = value.as_u64().and_then(|count| usize::try_from(count).ok());
        whole
            .map(Some)
            .ok_or_else(|| self.wrong(name, value, "a whole number from 0"))
    }

    /// A finite number above 0.
    ///
    /// # Errors
    /// A field that is missing, or no finite number above 0.
    pub fn size(&self, name: &str) -> Result<f64, InputError> {
        let value = self.need(name, "the picture's size in px")?;
        let size = number(value).filter(|size| *size > 0.0 && size.is_finite());
        size.ok_or_else(|| self.wrong(name, value, "a number above 0 (px)"))
    }

    /// Numbers, if the field is there. Null is not a number: what a program that cannot write NaN
    /// puts in its place.
    ///
    /// # Errors
    /// A value that is no list, or holds anything but numbers and null.
    pub fn maybe_numbers(&self, name: &str) -> Result<Option<Vec<f64>>, InputError> {
        let Some(list) = self.maybe_list(name)? else {
            return Ok(None);
        };
        let read = |value: &Value| match value {
            Value::Null => Ok(f64::NAN),
            other => number(other).ok_or_else(|| self.error(name, format!("{} among its numbers", kind(other)))),
        };
        list.iter().map(read).collect::<Result<_, _>>().map(Some)
    }

    /// A list of `N` finite numbers, if the field is there.
    ///
    /// # Errors
    /// A list of another length, or with a number that is not finite.
    pub fn maybe_array<const N: usize>(&self, name: &str) -> Result<Option<[f64; N]>, InputError> {
        let Some(numbers) = self.maybe_numbers(name)? else {
            return Ok(None);
        };
        let found = numbers.len();
        let array = numbers
            .try_into()
            .ok()
            .filter(|array: &[f64; N]| array.iter().all(|n| n.is_finite()));
        array
            .map(Some)
            .ok_or_else(|| self.error(name, format!("a list of {found} where {N} finite numbers are wanted")))
    }

    /// Texts, each bare or as the field `answer` of a record.
    ///
    /// # Errors
    /// A field that is missing, or holds anything but texts.
    pub fn texts(&self, name: &str) -> Result<Vec<String>, InputError> {
        let wanted = "the list of given answers";
        let text = |value: &Value| {
            let bare = match value {
                Value::Object(record) => record.get("answer").unwrap_or(value),
                other => other,
            };
            bare.as_str()
                .filter(|_| !is_number(bare))
                .map(str::to_owned)
                .ok_or_else(|| self.error(name, format!("{} among the answers, which are texts", kind(bare))))
        };
        self.list(name, wanted)?.iter().map(text).collect()
    }

    /// The first of some fields that is there, as an id: a text or a whole number, which mean the
    /// same.
    ///
    /// # Errors
    /// A value that is neither a text nor a whole number.
    pub fn maybe_id(&self, names: &[&str]) -> Result<Option<String>, InputError> {
        let Some((name, value)) = names.iter().find_map(|name| Some((name, self.get(name)?))) else {
            return Ok(None);
        };
        match value {
            Value::String(id) if !id.is_empty() && !is_number(value) => Ok(Some(id.clone())),
            Value::Number(number) if number.is_i64() || number.is_u64() => Ok(Some(number.to_string())),
            long if whole(long).is_some() => Ok(whole(long).map(str::to_owned)),
            other => Err(self.wrong(name, other, "an id (a text or a whole number)")),
        }
    }
}
