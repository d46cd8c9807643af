//! SHA-256 of bytes that arrive in pieces.

use std::fmt::Write as _;
use std::io::{self, Read};

use sha2::{Digest, Sha256};
use thiserror::Error;

/// The reason why bytes differ from the expected ones.
#[derive(Debug, Error)]
pub enum HashError {
    /// The hash differs.
    #[error(
        "{name} has sha256 {found}, expected {expected}: it is damaged or another version; delete it and fetch it again"
    )]
    Mismatch {
        /// The name of the hashed file.
        name: String,
        /// Expected hash, in lower-case hex.
        expected: String,
        /// Hash found, in lower-case hex.
        found: String,
    },
    /// The length differs.
    #[error(
        "{name} has {found} bytes, expected {expected}: it is truncated or another version; delete it and fetch it again"
    )]
    Length {
        /// The name of the hashed file.
        name: String,
        /// Expected number of bytes.
        expected: u64,
        /// Number of bytes found. Counting stops soon after the expected number.
        found: u64,
    },
    /// Reading failed.
    #[error("cannot read {name}: {source}")]
    Read {
        /// The name of the hashed file.
        name: String,
        /// The operating system's message.
        source: io::Error,
    },
}

/// The expected file: its name for errors, its length and its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected<'a> {
    /// Name for errors.
    pub name: &'a str,
    /// Length, bytes.
    pub bytes: u64,
    /// Lower-case hex SHA-256.
    pub sha256: &'a str,
}

/// Checks bytes that arrive in pieces (a download in the browser, a file being read).
pub struct Verifier<'a> {
    expected: Expected<'a>,
    hasher: Sha256,
    seen: u64,
}

impl<'a> Verifier<'a> {
    /// Nothing seen yet.
    pub fn new(expected: Expected<'a>) -> Self {
        Self {
            expected,
            hasher: Sha256::new(),
            seen: 0,
        }
    }

    /// Takes the next piece. Fails as soon as there are more bytes than expected, so that an
    /// endless stream ends.
    ///
    /// # Errors
    /// [`HashError::Length`].
    pub fn update(&mut self, piece: &[u8]) -> Result<(), HashError> {
        self.seen += piece.len() as u64;
        if self.seen > self.expected.bytes {
            return Err(self.length());
        }
        self.hasher.update(piece);
        Ok(())
    }

    /// Bytes seen so far.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// Fails unless exactly the expected bytes were seen.
    ///
    /// # Errors
    /// [`HashError::Length`] or [`HashError::Mismatch`].
    pub fn finish(self) -> Result<(), HashError> {
        if self.seen != self.expected.bytes {
            return Err(self.length());
        }
        let found = hex(&self.hasher.finalize());
        if found == self.expected.sha256 {
            return Ok(());
        }
        Err(HashError::Mismatch {
            name: self.expected.name.into(),
            expected: self.expected.sha256.into(),
            found,
        })
    }

    fn length(&self) -> HashError {
        HashError::Length {
            name: self.expected.name.into(),
            expected: self.expected.bytes,
            found: self.seen,
        }
    }
}

/// Reads everything, passes each piece to `sink`, and fails unless the bytes are the expected ones.
///
/// # Errors
/// The inner result is the check, the outer one an error of `sink`.
pub fn verify_into<E>(
    mut reader: impl Read,
    expected: Expected<'_>,
    mut sink: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<Result<(), HashError>, E> {
    let name = expected.name;
    let mut verifier = Verifier::new(expected);
    let mut piece = vec![0; 1 << 16];
    loop {
        let len = match reader.read(&mut piece) {
            Ok(0) => return Ok(verifier.finish()),
            Ok(len) => len,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(source) => {
                return Ok(Err(HashError::Read {
                    name: name.into(),
                    source,
                }));
            }
        };
        if let Err(error) = verifier.update(&piece[..len]) {
            return Ok(Err(error));
        }
        sink(&piece[..len])?;
    }
}

/// Reads everything into memory and fails unless the bytes are the expected ones. Never holds more
/// than that number.
///
/// # Errors
/// [`HashError`] names the file.
pub fn read_verified(reader: impl Read, expected: Expected<'_>) -> Result<Vec<u8>, HashError> {
    let mut bytes = Vec::new();
    let result = verify_into(reader, expected, |piece| {
        bytes.extend_from_slice(piece);
        Ok::<(), std::convert::Infallible>(())
    });
    match result {
        Ok(checked) => checked.map(|()| bytes),
        Err(never) => match never {},
    }
}

/// Fails unless `bytes` are the expected ones.
///
/// # Errors
/// [`HashError::Length`] or [`HashError::Mismatch`].
pub fn verify(bytes: &[u8], expected: Expected<'_>) -> Result<(), HashError> {
    let mut verifier = Verifier::new(expected);
    verifier.update(bytes)?;
    verifier.finish()
}

/// SHA-256 as lower-case hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn abc(bytes: u64) -> Expected<'static> {
        Expected {
            name: "abc",
            bytes,
            sha256: ABC,
        }
    }

    #[test]
    fn the_right_bytes_pass() {
        assert_eq!(sha256_hex(b"abc"), ABC);
        assert_eq!(read_verified(&b"abc"[..], abc(3)).unwrap(), b"abc");
    }

    #[test]
    fn wrong_bytes_name_the_file_and_the_remedy() {
        let error = verify(b"abd", abc(3)).unwrap_err().to_string();
        assert!(
            error.starts_with("abc has sha256 ") && error.ends_with("fetch it again"),
            "{error}"
        );
    }

    #[test]
    fn an_endless_stream_is_cut_off() {
        let error = read_verified(io::repeat(0), abc(3)).unwrap_err();
        assert!(matches!(error, HashError::Length { expected: 3, .. }));
        assert!(matches!(
            verify(b"ab", abc(3)).unwrap_err(),
            HashError::Length { found: 2, .. }
        ));
    }
}
