use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// SHA-256 of a picture's file as links hold it: 64 digits and letters a to f.
pub fn sha256_hex(file: &[u8]) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(file) {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The standard's own example.
    #[test]
    fn of_three_letters() {
        let wanted = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256_hex(b"abc"), wanted);
    }
}
