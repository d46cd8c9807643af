//! Python's pickles, read as data: numbers, texts, lists, tuples and dictionaries with keys that are texts. Nothing is run; a pickle that
//! asks to import or call something is refused.

use serde_json::{Map, Number, Value};

/// Most values that a pickle may unfold into. RefCOCO's have some million.
const MOST: usize = 50_000_000;

/// Deepest nesting.
const DEEPEST: usize = 64;

/// A value, whose parts are places in the list of all values: they may be shared.
#[derive(Clone, Debug)]
enum Node {
    Plain(Value),
    List(Vec<usize>),
    Dict(Vec<(usize, usize)>),
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    nodes: Vec<Node>,
    stack: Vec<usize>,
    marks: Vec<usize>,
    memo: std::collections::HashMap<u64, usize>,
}

/// The value of a pickle.
pub fn read(bytes: &[u8]) -> Result<Value, String> {
    let mut reader = Reader {
        bytes,
        at: 0,
        nodes: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: Default::default(),
    };
    loop {
        let code = reader.byte()?;
        if code == b'.' {
            let top = reader.pop()?;
            return reader.unfold(top, 0, &mut 0);
        }
        let at = reader.at - 1;
        reader.step(code).map_err(|problem| format!("{problem} (byte {at})"))?;
    }
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: u64) -> Result<&'a [u8], String> {
        let end = usize::try_from(count).ok().and_then(|count| self.at.checked_add(count));
        let found = end.and_then(|end| Some((end, self.bytes.get(self.at..end)?)));
        let (end, found) = found.ok_or("cut off")?;
        self.at = end;
        Ok(found)
    }

    fn byte(&mut self) -> Result<u8, String> {
        Ok(self.take(1)?[0])
    }

    /// A number without sign of so many bytes, the least first.
    fn number(&mut self, bytes: u64) -> Result<u64, String> {
        let bytes = self.take(bytes)?;
        Ok(bytes.iter().rev().fold(0, |sum, &byte| sum << 8 | u64::from(byte)))
    }

    /// A line, without its end.
    fn raw_line(&mut self) -> Result<&'a [u8], String> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|byte| *byte == b'\n').ok_or("cut off")?;
        Ok(&self.take(length as u64 + 1)?[..length])
    }

    fn line(&mut self) -> Result<&'a str, String> {
        std::str::from_utf8(self.raw_line()?).map_err(|_| "a line that is no text".to_owned())
    }

    fn push(&mut self, node: Node) -> Result<(), String> {
        if self.nodes.len() >= MOST {
            return Err("more values than any known file has".to_owned());
        }
        self.stack.push(self.nodes.len());
        self.nodes.push(node);
        Ok(())
    }

    fn plain(&mut self, value: impl Into<Value>) -> Result<(), String> {
        self.push(Node::Plain(value.into()))
    }

    fn pop(&mut self) -> Result<usize, String> {
        let floor = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= floor {
            return Err("takes a value where there is none".to_owned());
        }
        self.stack.pop().ok_or_else(|| "empty".to_owned())
    }

    fn top(&self) -> Result<usize, String> {
        self.stack.last().copied().ok_or_else(|| "no value to fill".to_owned())
    }

    /// Values since the last mark.
    fn marked(&mut self) -> Result<Vec<usize>, String> {
        let mark = self.marks.pop().ok_or("no mark")?;
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }

    fn text(&mut self, bytes: &[u8]) -> Result<(), String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "a text that is not UTF-8")?;
        self.plain(text)
    }

    fn append(&mut self, items: Vec<usize>) -> Result<(), String> {
        let list = self.top()?;
        match &mut self.nodes[list] {
            Node::List(known) => known.extend(items),
            _ => return Err("appends to what is no list".to_owned()),
        }
        Ok(())
    }

    fn set(&mut self, items: &[usize]) -> Result<(), String> {
        let dict = self.top()?;
        match &mut self.nodes[dict] {
            Node::Dict(known) => known.extend(pairs(items)?),
            _ => return Err("sets an item of what is no dictionary".to_owned()),
        }
        Ok(())
    }

    fn remember(&mut self, key: u64) -> Result<(), String> {
        let top = self.top()?;
        self.memo.insert(key, top);
        Ok(())
    }

    fn recall(&mut self, key: u64) -> Result<(), String> {
        let known = self.memo.get(&key).copied();
        self.stack.push(known.ok_or("names a value that is not there")?);
        Ok(())
    }

    fn step(&mut self, code: u8) -> Result<(), String> {
        match code {
            0x80 => self.take(1).map(drop),
            0x95 => self.take(8).map(drop),
            b'(' => {
                self.marks.push(self.stack.len());
                Ok(())
            }
            b'0' => self.pop().map(drop),
            b'1' => self.marked().map(drop),
            b'p' | b'q' | b'r' | 0x94 => {
                let key = self.key(code)?;
                self.remember(key)
            }
            b'g' | b'h' | b'j' => {
                let key = self.key(code)?;
                self.recall(key)
            }
            b'l' | b't' | b'd' | b']' | b')' | b'}' | 0x85..=0x87 => self.container(code),
            b'a' | b'e' | b's' | b'u' => self.fill(code),
            b'N' => self.plain(Value::Null),
            0x88 => self.plain(true),
            0x89 => self.plain(false),
            b'S' | b'T' | b'U' | b'V' | b'X' | 0x8c | 0x8d => self.string(code),
            b'c' | b'R' | b'i' | b'o' | b'b' | b'P' | b'Q' | 0x81 | 0x82..=0x84 | 0x92 | 0x93 => {
                Err("asks to import or call something, which is never done".to_owned())
            }
            _ => self.numeral(code),
        }
    }

    fn key(&mut self, code: u8) -> Result<u64, String> {
        match code {
            b'p' | b'g' => self
                .line()?
                .trim()
                .parse()
                .map_err(|_| "a place that is no number".to_owned()),
            b'q' | b'h' => self.number(1),
            b'r' | b'j' => self.number(4),
            _ => Ok(self.memo.len() as u64),
        }
    }

    fn container(&mut self, code: u8) -> Result<(), String> {
        let node = match code {
            b']' | b')' => Node::List(Vec::new()),
            b'}' => Node::Dict(Vec::new()),
            b'l' | b't' => Node::List(self.marked()?),
            b'd' => Node::Dict(pairs(&self.marked()?)?),
            few => {
                let mut items = Vec::new();
                for _ in 0x85..=few {
                    items.insert(0, self.pop()?);
                }
                Node::List(items)
            }
        };
        self.push(node)
    }

    fn fill(&mut self, code: u8) -> Result<(), String> {
        match code {
            b'a' => {
                let item = self.pop()?;
                self.append(vec![item])
            }
            b'e' => {
                let items = self.marked()?;
                self.append(items)
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set(&[key, value])
            }
            _ => {
                let items = self.marked()?;
                self.set(&items)
            }
        }
    }

    fn string(&mut self, code: u8) -> Result<(), String> {
        let length = match code {
            b'S' => {
                let text = quoted(self.line()?)?;
                return self.plain(text);
            }
            b'V' => {
                let text = raw_escapes(self.raw_line()?)?;
                return self.plain(text);
            }
            b'U' | 0x8c => self.number(1)?,
            0x8d => self.number(8)?,
            _ => self.number(4)?,
        };
        let bytes = self.take(length)?;
        self.text(bytes)
    }

    fn numeral(&mut self, code: u8) -> Result<(), String> {
        match code {
            b'I' => match self.line()? {
                "00" => self.plain(false),
                "01" => self.plain(true),
                digits => self.plain(whole(digits)?),
            },
            b'L' => {
                let digits = self.line()?;
                self.plain(whole(digits.trim_end_matches('L'))?)
            }
            b'J' => {
                let number = self.number(4)? as u32 as i32;
                self.plain(number)
            }
            b'K' | b'M' => {
                let number = self.number(if code == b'K' { 1 } else { 2 })?;
                self.plain(number)
            }
            0x8a | 0x8b => {
                let length = self.number(if code == 0x8a { 1 } else { 4 })?;
                let bytes = self.take(length)?;
                self.plain(signed(bytes)?)
            }
            b'F' => {
                let digits = self.line()?;
                self.decimal(digits.parse().map_err(|_| format!("`{digits}` is no number"))?)
            }
            b'G' => {
                let bits = self.take(8)?.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte));
                self.decimal(f64::from_bits(bits))
            }
            other => Err(format!("an instruction 0x{other:02x} that is not known")),
        }
    }

    fn decimal(&mut self, number: f64) -> Result<(), String> {
        let number = Number::from_f64(number).ok_or("a number that is not finite")?;
        self.plain(Value::Number(number))
    }

    /// A value with all its parts. `count`: values so far.
    fn unfold(&self, node: usize, depth: usize, count: &mut usize) -> Result<Value, String> {
        *count += 1;
        if depth > DEEPEST || *count > MOST {
            return Err("nested deeper, or larger, than any known file".to_owned());
        }
        match &self.nodes[node] {
            Node::Plain(value) => Ok(value.clone()),
            Node::List(items) => {
                let items = items.iter().map(|&item| self.unfold(item, depth + 1, count));
                items.collect::<Result<Vec<_>, _>>().map(Value::Array)
            }
            Node::Dict(items) => {
                let mut map = Map::new();
                for &(key, value) in items {
                    let key = match &self.nodes[key] {
                        Node::Plain(Value::String(text)) => text.clone(),
                        Node::Plain(Value::Number(number)) => number.to_string(),
                        _ => return Err("a key that is neither text nor number".to_owned()),
                    };
                    map.insert(key, self.unfold(value, depth + 1, count)?);
                }
                Ok(Value::Object(map))
            }
        }
    }
}

fn pairs(items: &[usize]) -> Result<Vec<(usize, usize)>, String> {
    if items.len() % 2 == 1 {
        return Err("a key without a value".to_owned());
    }
    Ok(items.chunks(2).map(|pair| (pair[0], pair[1])).collect())
}

fn whole(digits: &str) -> Result<i64, String> {
    digits
        .trim()
        .parse()
        .map_err(|_| format!("`{digits}` is no whole number"))
}

/// A whole number in two's complement, the least byte first.
fn signed(bytes: &[u8]) -> Result<i64, String> {
    if bytes.len() > 8 {
        return Err("a whole number of more than eight bytes".to_owned());
    }
    let negative = bytes.last().is_some_and(|byte| *byte & 0x80 != 0);
    let mut full = [if negative { 0xff } else { 0 }; 8];
    full[..bytes.len()].copy_from_slice(bytes);
    Ok(i64::from_le_bytes(full))
}

/// A text in quotes, with Python's escapes, as Python 2 writes it.
fn quoted(line: &str) -> Result<String, String> {
    let wrong = || "a text without its quotes".to_owned();
    let quote = line.chars().next().filter(|c| "'\"".contains(*c)).ok_or_else(wrong)?;
    let inner = line[1..].strip_suffix(quote).ok_or_else(wrong)?;
    let mut bytes = Vec::new();
    let mut rest = inner.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next().ok_or_else(wrong)? {
                b'n' => b'\n',
                b't' => b'\t',
                b'r' => b'\r',
                b'x' => {
                    let digits = [rest.next().ok_or_else(wrong)?, rest.next().ok_or_else(wrong)?];
                    let digits = std::str::from_utf8(&digits).map_err(|_| wrong())?;
                    u8::from_str_radix(digits, 16).map_err(|_| wrong())?
                }
                other @ (b'\\' | b'\'' | b'"') => other,
                _ => return Err("an escape that is not known".to_owned()),
            },
            other => other,
        });
    }
    String::from_utf8(bytes).map_err(|_| "a text that is not UTF-8".to_owned())
}

/// A text of Latin-1 with `\uXXXX` and `\UXXXXXXXX` for other characters.
fn raw_escapes(line: &[u8]) -> Result<String, String> {
    let mut out = String::new();
    let mut at = 0;
    while let Some(&byte) = line.get(at) {
        let digits = match (byte, line.get(at + 1)) {
            (b'\\', Some(b'u')) => 4,
            (b'\\', Some(b'U')) => 8,
            _ => {
                out.push(char::from(byte));
                at += 1;
                continue;
            }
        };
        let found = line
            .get(at + 2..at + 2 + digits)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let code = u32::from_str_radix(found.ok_or("an escape that is cut off")?, 16);
        let code = code.map_err(|_| "an escape that is not known")?;
        out.push(char::from_u32(code).ok_or("an escape that is no character")?);
        at += 2 + digits;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_protocol_is_read() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/goldens/tasks");
        let text = std::fs::read_to_string(format!("{folder}/refs.json")).unwrap();
        let expected: Value = serde_json::from_str(&text).unwrap();
        for protocol in 0..6 {
            let bytes = std::fs::read(format!("{folder}/refs{protocol}.p")).unwrap();
            assert_eq!(read(&bytes).unwrap(), expected, "protocol {protocol}");
            for end in 0..bytes.len() {
                assert!(read(&bytes[..end]).is_err(), "protocol {protocol} cut off at {end}");
            }
        }
    }

    #[test]
    fn nothing_is_run() {
        // os.system("true"), in two protocols.
        for bytes in [
            &b"cos\nsystem\n(S'true'\ntR."[..],
            b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",
        ] {
            let error = read(bytes).unwrap_err();
            assert!(error.contains("asks to import or call"), "{error}");
        }
    }

    #[test]
    fn nonsense_is_an_error() {
        // A value of itself, and lists that double eighty times: neither may take for ever.
        assert!(read(b"]q\x00h\x00a.").is_err());
        let mut doubled = b"]".to_vec();
        for place in 0..80 {
            doubled.extend([b'q', place, b'0', b'h', place, b'h', place, 0x86]);
        }
        doubled.push(b'.');
        assert!(read(&doubled).is_err());
        // Every short run of bytes ends, one way or the other.
        let mut state = 1u32;
        for _ in 0..200_000 {
            let bytes: Vec<u8> = (0..12)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 24) as u8
                })
                .collect();
            let _ = read(&bytes);
        }
    }
}
