use std::collections::HashMap;

use super::GgufError;
use super::read::Cursor;

/// A metadata value. Strings borrow the file.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Any unsigned type.
    Unsigned(u64),
    /// Any signed type.
    Signed(i64),
    /// Either float type.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// Text.
    Str(&'a str),
    /// A list of values of one type.
    Array(Array<'a>),
}

/// The items of a metadata array.
#[derive(Clone, Debug, PartialEq)]
pub enum Array<'a> {
    /// Any integer type, and booleans as 0 and 1. Numbers above `i64::MAX` wrap.
    Integers(Vec<i64>),
    /// Either float type.
    Floats(Vec<f64>),
    /// Texts.
    Strings(Vec<&'a str>),
}

impl<'a> Value<'a> {
    /// The number, if it is an integer that is not negative.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Unsigned(v) => Some(*v),
            Self::Signed(v) => u64::try_from(*v).ok(),
            _ => None,
        }
    }

    /// The number, if it is a float.
    pub fn as_f32(&self) -> Option<f32> {
        match self {
            Self::Float(v) => Some(*v as f32),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&'a str> {
        match self {
            Self::Str(v) => Some(v),
            _ => None,
        }
    }

    /// The truth value, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(v) => Some(*v),
            _ => None,
        }
    }
}

// Type numbers of the specification (`gguf_metadata_value_type`).
const U8: u32 = 0;
const I8: u32 = 1;
const U16: u32 = 2;
const I16: u32 = 3;
const U32: u32 = 4;
const I32: u32 = 5;
const F32: u32 = 6;
const BOOL: u32 = 7;
const STRING: u32 = 8;
const ARRAY: u32 = 9;
const U64: u32 = 10;
const I64: u32 = 11;
const F64: u32 = 12;

pub(super) fn read_all<'a>(
    cursor: &mut Cursor<'_, 'a>,
    count: usize,
) -> Result<HashMap<&'a str, Value<'a>>, GgufError> {
    let mut metadata = HashMap::new();
    for _ in 0..count {
        let key = cursor.string("a metadata key")?;
        let kind = cursor.u32(|| format!("the type of metadata `{key}`"))?;
        let value = match kind {
            STRING => Value::Str(cursor.string(|| format!("metadata `{key}`"))?),
            ARRAY => Value::Array(read_array(cursor, key)?),
            _ => read_scalar(cursor, key, kind)?,
        };
        if metadata.insert(key, value).is_some() {
            return Err(GgufError::Duplicate {
                file: cursor.file().into(),
                field: format!("metadata `{key}`"),
            });
        }
    }
    Ok(metadata)
}

fn read_array<'a>(cursor: &mut Cursor<'_, 'a>, key: &str) -> Result<Array<'a>, GgufError> {
    let field = || format!("the items of metadata `{key}`");
    let kind = cursor.u32(field)?;
    let least = match kind {
        U8 | I8 | BOOL => 1,
        U16 | I16 => 2,
        U32 | I32 | F32 => 4,
        STRING | U64 | I64 | F64 => 8,
        _ => return Err(value_type(cursor, key, kind)),
    };
    let count = cursor.count(|| format!("the length of metadata `{key}`"), least)?;
    if kind == STRING {
        let mut strings = Vec::with_capacity(count);
        for _ in 0..count {
            strings.push(cursor.string(field)?);
        }
        return Ok(Array::Strings(strings));
    }
    if kind == F32 || kind == F64 {
        let mut floats = Vec::with_capacity(count);
        for _ in 0..count {
            if let Value::Float(value) = read_scalar(cursor, key, kind)? {
                floats.push(value);
            }
        }
        return Ok(Array::Floats(floats));
    }
    let mut integers = Vec::with_capacity(count);
    for _ in 0..count {
        integers.push(match read_scalar(cursor, key, kind)? {
            Value::Unsigned(value) => value as i64,
            Value::Signed(value) => value,
            Value::Bool(value) => i64::from(value),
            _ => 0,
        });
    }
    Ok(Array::Integers(integers))
}

fn read_scalar<'a>(cursor: &mut Cursor<'_, 'a>, key: &str, kind: u32) -> Result<Value<'a>, GgufError> {
    let field = || format!("metadata `{key}`");
    Ok(match kind {
        U8 => Value::Unsigned(cursor.array::<1>(field)?[0].into()),
        I8 => Value::Signed(i8::from_le_bytes(cursor.array(field)?).into()),
        U16 => Value::Unsigned(u16::from_le_bytes(cursor.array(field)?).into()),
        I16 => Value::Signed(i16::from_le_bytes(cursor.array(field)?).into()),
        U32 => Value::Unsigned(u32::from_le_bytes(cursor.array(field)?).into()),
        I32 => Value::Signed(i32::from_le_bytes(cursor.array(field)?).into()),
        F32 => Value::Float(f32::from_le_bytes(cursor.array(field)?).into()),
        BOOL => Value::Bool(cursor.array::<1>(field)?[0] != 0),
        U64 => Value::Unsigned(u64::from_le_bytes(cursor.array(field)?)),
        I64 => Value::Signed(i64::from_le_bytes(cursor.array(field)?)),
        F64 => Value::Float(f64::from_le_bytes(cursor.array(field)?)),
        _ => return Err(value_type(cursor, key, kind)),
    })
}

fn value_type(cursor: &Cursor<'_, '_>, key: &str, found: u32) -> GgufError {
    GgufError::ValueType {
        file: cursor.file().into(),
        key: key.into(),
        found,
    }
}
