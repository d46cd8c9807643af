use std::fmt::Display;

use super::GgufError;

/// The name of the field that is being read. It is formatted only for an error.
pub(super) trait Field {
    type Name: Display;
    fn name(&self) -> Self::Name;
}

impl Field for &'static str {
    type Name = &'static str;
    fn name(&self) -> Self::Name {
        self
    }
}

impl<F: Fn() -> String> Field for F {
    type Name = String;
    fn name(&self) -> Self::Name {
        self()
    }
}

/// A position in the file that never runs past its end.
pub(super) struct Cursor<'f, 'a> {
    file: &'f str,
    bytes: &'a [u8],
    at: usize,
}

impl<'f, 'a> Cursor<'f, 'a> {
    pub(super) fn new(file: &'f str, bytes: &'a [u8]) -> Self {
        Self { file, bytes, at: 0 }
    }

    pub(super) fn file(&self) -> &'f str {
        self.file
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// The next `len` bytes.
    pub(super) fn take(&mut self, len: usize, field: impl Field) -> Result<&'a [u8], GgufError> {
        let end = self.at.checked_add(len);
        match end.and_then(|end| self.bytes.get(self.at..end)) {
            Some(bytes) => {
                self.at += len;
                Ok(bytes)
            }
            None => Err(GgufError::Truncated {
                file: self.file.into(),
                field: field.name().to_string(),
                size: self.bytes.len(),
            }),
        }
    }

    pub(super) fn array<const N: usize>(&mut self, field: impl Field) -> Result<[u8; N], GgufError> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N, field)?);
        Ok(out)
    }

    pub(super) fn u32(&mut self, field: impl Field) -> Result<u32, GgufError> {
        self.array(field).map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self, field: impl Field) -> Result<u64, GgufError> {
        self.array(field).map(u64::from_le_bytes)
    }

    /// A number of items of at least `least` bytes each. It is refused if the rest of the file is
    /// too short for them.
    pub(super) fn count(&mut self, field: impl Field, least: u64) -> Result<usize, GgufError> {
        let found = self.u64(|| field.name().to_string())?;
        let rest = (self.bytes.len() - self.at) as u64;
        match usize::try_from(found) {
            Ok(count) if found.checked_mul(least).is_some_and(|bytes| bytes <= rest) => Ok(count),
            _ => Err(GgufError::Count {
                file: self.file.into(),
                field: field.name().to_string(),
                found,
                size: self.bytes.len(),
            }),
        }
    }

    /// A length and that many bytes of UTF-8.
    pub(super) fn string(&mut self, field: impl Field) -> Result<&'a str, GgufError> {
        let len = self.count(|| format!("the length of {}", field.name()), 1)?;
        let bytes = self.take(len, || field.name().to_string())?;
        std::str::from_utf8(bytes).map_err(|_| GgufError::Utf8 {
            file: self.file.into(),
            field: field.name().to_string(),
        })
    }
}
