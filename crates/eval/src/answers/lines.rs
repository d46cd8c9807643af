//! JSON lines, one object each.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde::de::IgnoredAny;
use serde_json::Value;

use super::fields::{At, Fields, InputError, Place};
use super::numbers;

/// Longest line that is read, bytes. Answers have some hundred; what is longer is another kind of
/// file.
pub const MAX_LINE: u64 = 16 << 20;
/// Most bytes of all lines together: a device or a pipe may have no end.
pub const MAX_FILE: u64 = 1 << 30;

/// Reads all objects of a file of answers; empty lines are passed over, and a file without any
/// object is an error.
///
/// # Errors
/// A file that cannot be read, holds no object, or has a line that is no object.
pub fn read(path: &Path) -> Result<Vec<Fields>, InputError> {
    let file = Place::answers(&path.display().to_string());
    let cannot =
        |problem: std::io::Error| InputError::new(&file, format!("cannot be read ({problem}); is it the right file?"));
    objects(&file, BufReader::new(File::open(path).map_err(cannot)?))
}

/// All objects of a text; the same rules.
pub(crate) fn objects(file: &Place, mut reader: impl BufRead) -> Result<Vec<Fields>, InputError> {
    let cannot =
        |problem: std::io::Error| InputError::new(file, format!("cannot be read ({problem}); is it the right file?"));
    let mut objects = Vec::new();
    let mut total = 0;
    for line in 1.. {
        let place = file.at(At::Line(line));
        let mut bytes = Vec::new();
        let read = (&mut reader)
            .take(MAX_LINE + 1)
            .read_until(b'\n', &mut bytes)
            .map_err(cannot)?;
        if read == 0 {
            break;
        }
        if bytes.len() as u64 > MAX_LINE {
            let problem = format!("longer than {} MiB; one JSON object a line is wanted", MAX_LINE >> 20);
            return Err(InputError::new(&place, problem));
        }
        total += read as u64;
        if total > MAX_FILE {
            let problem = format!("more than {} MiB up to here; is it the right file?", MAX_FILE >> 20);
            return Err(InputError::new(&place, problem));
        }
        // A byte order mark, which some editors put before the first line.
        let text = if line == 1 {
            bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes)
        } else {
            &bytes
        };
        if !text.trim_ascii().is_empty() {
            objects.push(object(text, place)?);
        }
    }
    if objects.is_empty() {
        return Err(InputError::new(file, "holds no line; one JSON object a line is wanted"));
    }
    Ok(objects)
}

fn object(text: &[u8], place: Place) -> Result<Fields, InputError> {
    match serde_json::from_slice(&numbers::mark(text)) {
        Ok(Value::Object(map)) => Ok(Fields { map, place }),
        Ok(_) => Err(InputError::new(&place, "no JSON object; one a line is wanted")),
        Err(error) => {
            // Columns of the line as it stands.
            let error = serde_json::from_slice::<IgnoredAny>(text).err().unwrap_or(error);
            Err(InputError::new(&place, json_problem(&error)))
        }
    }
}

/// What is wrong with a JSON text of one line.
fn json_problem(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let said = said.split(" at line ").next().unwrap_or(&said);
    if error.is_eof() {
        return format!("the JSON object is cut off ({said}); was the file written to its end?");
    }
    let remedy = "JSON has no NaN and no Infinity, write null";
    format!("not JSON at column {} ({said}); {remedy}", error.column())
}
