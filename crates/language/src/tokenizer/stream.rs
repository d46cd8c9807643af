//! Text of tokens, piece by piece.

/// Turns tokens into text, although a token may end inside a character.
#[derive(Debug, Default)]
pub struct TextStream {
    /// The start of an incomplete character: at most three bytes.
    pending: Vec<u8>,
}

impl TextStream {
    /// Takes the bytes of the next token and returns the characters that are complete. Bytes that
    /// belong to no character become U+FFFD.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        self.pending.extend(bytes);
        let mut text = String::new();
        let mut rest = self.pending.as_slice();
        loop {
            match std::str::from_utf8(rest) {
                Ok(valid) => {
                    text.push_str(valid);
                    rest = &[];
                    break;
                }
                Err(error) => {
                    let (valid, after) = rest.split_at(error.valid_up_to());
                    text.push_str(&String::from_utf8_lossy(valid));
                    rest = after;
                    match error.error_len() {
                        Some(len) => {
                            text.push(char::REPLACEMENT_CHARACTER);
                            rest = &rest[len..];
                        }
                        None => break,
                    }
                }
            }
        }
        self.pending = rest.to_vec();
        text
    }

    /// The rest after the last token: U+FFFD for the start of a character, otherwise nothing.
    pub fn finish(&mut self) -> String {
        let text = String::from_utf8_lossy(&self.pending).into_owned();
        self.pending.clear();
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_come_out_whole() {
        let mut stream = TextStream::default();
        let bytes = "a🫖é".as_bytes();
        let pieces: Vec<String> = bytes.iter().map(|b| stream.push(&[*b])).collect();
        assert_eq!(pieces, ["a", "", "", "", "🫖", "", "é"]);
        assert_eq!(stream.finish(), "");
    }

    #[test]
    fn broken_characters_are_replaced() {
        let mut stream = TextStream::default();
        assert_eq!(stream.push(b"a\xff\xe2\x82b"), "a\u{fffd}\u{fffd}b");
        assert_eq!(stream.push(b"\xf0\x9f"), "");
        assert_eq!(stream.finish(), "\u{fffd}");
        assert_eq!(stream.push(b"c"), "c");
    }
}
