//! Official files of questions and answers, an item at a time: they have hundreds of megabytes.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use sightline_checkpoint::file::without_mark;

use crate::answers::fields::{At, Fields, InputError, Place};
use crate::answers::{lines, numbers};
use crate::sources::data::DataPath;

/// Largest file that is read, bytes after unpacking: more than twice the largest official one.
pub const MAX_FILE: u64 = 1 << 30;
/// Bytes that show whether a file is JSON at all, before the rest is read.
const FIRST: u64 = 64 << 10;

/// How the items of an official file are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One object per line.
    Lines,
    /// A list of objects.
    List,
    /// A list of objects in a field of one object.
    Under(&'static str),
    /// An object whose keys are ids and whose values are items.
    ById,
}

/// Hands every item of a file to `each`, with its key where the layout has ids for keys. `layouts`
/// are those that the task knows.
///
/// # Errors
/// [`InputError`] names the file: it cannot be read, is laid out otherwise, or `each` refuses an
/// item.
pub fn read(
    path: &DataPath,
    layouts: &[Layout],
    mut each: impl FnMut(Option<String>, Fields) -> Result<(), InputError>,
) -> Result<(), InputError> {
    let file = Place::file(&path.display().to_string());
    let cannot =
        |problem: std::io::Error| InputError::new(&file, format!("cannot be read ({problem}); is it the right file?"));
    let bytes = load(path).map_err(cannot)?;
    let bytes = without_mark(&bytes);
    let Some(layout) = layout_of(bytes, layouts) else {
        let problem = "not laid out as the official file of this task; is it the right file?";
        return Err(InputError::new(&file, problem));
    };
    if layout == Layout::Lines {
        return lines::objects(&file, bytes)?
            .into_iter()
            .try_for_each(|line| each(None, line));
    }
    let mut failed = None;
    let items = Items {
        layout,
        file: &file,
        count: 0,
        each: &mut each,
        failed: &mut failed,
    };
    let bytes = numbers::mark(bytes);
    let mut json = serde_json::Deserializer::from_slice(&bytes);
    let done = items.deserialize(&mut json).and_then(|()| json.end());
    match (failed, done) {
        (Some(error), _) => Err(error),
        (None, Err(error)) => Err(InputError::new(
            &file.at(At::Line(error.line())),
            format!("{error}; is the file whole, and the right one?"),
        )),
        (None, Ok(())) => Ok(()),
    }
}

/// The content of a file that may be packed with gzip. The limit holds while bytes come in: neither
/// a device nor a packed file says how many there will be.
fn load(path: &DataPath) -> io::Result<Vec<u8>> {
    let mut file = BufReader::new(path.stream()?);
    let is_packed = file.fill_buf()?.starts_with(b"\x1f\x8b");
    let mut text: Box<dyn Read> = match is_packed {
        true => Box::new(flate2::bufread::MultiGzDecoder::new(file)),
        false => Box::new(file),
    };
    let mut bytes = Vec::new();
    (&mut text).take(FIRST).read_to_end(&mut bytes)?;
    let begins = without_mark(&bytes).trim_ascii_start().first();
    if !begins.is_none_or(|first| b"[{".contains(first)) {
        // No layout begins so; what follows need not be read.
        return Ok(bytes);
    }
    text.take(MAX_FILE + 1 - FIRST).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > MAX_FILE {
        true => Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it has more than {} MiB; no official file has", MAX_FILE >> 20),
        )),
        false => Ok(bytes),
    }
}

/// Which of the layouts a file has, by how it begins.
fn layout_of(bytes: &[u8], layouts: &[Layout]) -> Option<Layout> {
    let has = |wanted: fn(&Layout) -> bool| layouts.iter().copied().find(wanted);
    let text = bytes.trim_ascii_start();
    match text.first()? {
        b'[' => has(|layout| *layout == Layout::List),
        b'{' => {
            let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
            // A whole object in the first line that is neither the document itself nor all of
            // items: a line of many.
            let is_line = |map: &Map<String, Value>| {
                let document = |layout: &Layout| matches!(layout, Layout::Under(name) if map.contains_key(*name));
                !layouts.iter().any(document) && !map.values().all(Value::is_object)
            };
            let lines = has(|layout| *layout == Layout::Lines).is_some();
            if lines && serde_json::from_slice(first).is_ok_and(|map| is_line(&map)) {
                return Some(Layout::Lines);
            }
            has(|layout| matches!(layout, Layout::Under(_) | Layout::ById))
        }
        _ => None,
    }
}

/// Walks a document.
struct Items<'a, F> {
    layout: Layout,
    file: &'a Place,
    count: usize,
    each: &'a mut F,
    /// What `each` complained about, beside which the deserializer's own error says nothing.
    failed: &'a mut Option<InputError>,
}

impl<F: FnMut(Option<String>, Fields) -> Result<(), InputError>> Items<'_, F> {
    fn item<E: Error>(&mut self, key: Option<String>, map: Map<String, Value>) -> Result<(), E> {
        self.count += 1;
        let place = self.file.at(At::Item(self.count));
        (self.each)(key, Fields { map, place }).map_err(|error| {
            *self.failed = Some(error);
            E::custom("refused")
        })
    }
}

impl<'de, F: FnMut(Option<String>, Fields) -> Result<(), InputError>> DeserializeSeed<'de> for Items<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de, F: FnMut(Option<String>, Fields) -> Result<(), InputError>> Visitor<'de> for Items<'_, F> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self.layout {
            Layout::Under(name) => write!(out, "an object with a list `{name}`"),
            Layout::ById => out.write_str("an object of items"),
            Layout::List | Layout::Lines => out.write_str("a list of items"),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(map) = list.next_element::<Map<String, Value>>()? {
            self.item(None, map)?;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut object: A) -> Result<(), A::Error> {
        let mut found = self.layout == Layout::ById;
        while let Some(key) = object.next_key::<String>()? {
            match self.layout {
                Layout::Under(name) if name == key => {
                    found = true;
                    object.next_value_seed(Items {
                        layout: Layout::List,
                        file: self.file,
                        count: 0,
                        each: &mut *self.each,
                        failed: &mut *self.failed,
                    })?;
                }
                Layout::ById => {
                    let map = object.next_value()?;
                    self.item(Some(key), map)?;
                }
                _ => {
                    object.next_value::<IgnoredAny>()?;
                }
            }
        }
        if found {
            Ok(())
        } else {
            Err(A::Error::invalid_type(serde::de::Unexpected::Map, &self))
        }
    }
}
