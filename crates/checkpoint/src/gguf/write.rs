use crate::ggml::GgmlType;

/// The bytes of a tensor start at a multiple of this number of bytes.
const ALIGNMENT: usize = 32;

/// A writer of GGUF 3 files (ggml, `docs/gguf.md`), for the random models of tests and benchmarks.
#[derive(Default)]
pub struct Writer {
    pairs: Vec<Vec<u8>>,
    entries: Vec<Vec<u8>>,
    data: Vec<u8>,
}

impl Writer {
    /// A whole number.
    pub fn u32(&mut self, key: &str, value: u32) {
        self.pair(key, 4, &value.to_le_bytes());
    }

    /// A real number.
    pub fn f32(&mut self, key: &str, value: f32) {
        self.pair(key, 6, &value.to_le_bytes());
    }

    /// A text.
    pub fn text(&mut self, key: &str, value: &str) {
        self.pair(key, 8, &string(value));
    }

    /// A list of whole numbers.
    pub fn integers(&mut self, key: &str, values: &[i32]) {
        let items = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.list(key, 5, values.len(), items);
    }

    /// A list of texts.
    pub fn texts<T: AsRef<str>>(&mut self, key: &str, values: &[T]) {
        let items = values.iter().flat_map(|v| string(v.as_ref())).collect();
        self.list(key, 8, values.len(), items);
    }

    /// A tensor whose row-major shape is `shape`, slowest dimension first (the file has the reverse
    /// order).
    pub fn tensor(&mut self, name: &str, shape: &[usize], kind: GgmlType, bytes: &[u8]) {
        let mut entry = string(name);
        entry.extend((shape.len() as u32).to_le_bytes());
        shape.iter().rev().for_each(|&n| entry.extend((n as u64).to_le_bytes()));
        entry.extend(kind.id().to_le_bytes());
        entry.extend((self.data.len() as u64).to_le_bytes());
        self.entries.push(entry);
        self.data.extend(bytes);
        self.data.resize(self.data.len().next_multiple_of(ALIGNMENT), 0);
    }

    /// The file's bytes.
    pub fn finish(self) -> Vec<u8> {
        let mut out = b"GGUF".to_vec();
        out.extend(3u32.to_le_bytes());
        out.extend((self.entries.len() as u64).to_le_bytes());
        out.extend((self.pairs.len() as u64).to_le_bytes());
        self.pairs.iter().chain(&self.entries).for_each(|part| out.extend(part));
        out.resize(out.len().next_multiple_of(ALIGNMENT), 0);
        out.extend(self.data);
        out
    }

    fn pair(&mut self, key: &str, kind: u32, value: &[u8]) {
        self.pairs.push([&string(key)[..], &kind.to_le_bytes(), value].concat());
    }

    fn list(&mut self, key: &str, kind: u32, count: usize, items: Vec<u8>) {
        let head = [&kind.to_le_bytes()[..], &(count as u64).to_le_bytes()].concat();
        self.pair(key, 9, &[head, items].concat());
    }
}

fn string(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat()
}
