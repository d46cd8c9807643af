//! `samples.jsonl`: what is kept of it after a crash.

use std::collections::BTreeSet;
use std::path::Path;

use sightline_eval::scorer::Record;

use super::error::RunError;
use super::item::Item;
use super::key::KeyFile;
use super::record;

/// What a file of samples holds.
pub(crate) struct Recovered {
    /// Complete batches.
    pub batches: BTreeSet<usize>,
    /// Their records, in the order of the file.
    pub records: Vec<Record>,
    /// Bytes of complete batches; what follows was not finished.
    pub keep: usize,
}

impl Recovered {
    /// Whether the records are in the task's order.
    pub(crate) fn is_canonical(&self) -> bool {
        self.records.is_sorted_by_key(|record| record.index)
    }
}

/// Reads the lines of a file one by one.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    number: usize,
}

impl<'a> Lines<'a> {
    /// The next line without its end; none where no complete line follows.
    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = &self.bytes[self.at..];
        let end = rest.iter().position(|&byte| byte == b'\n')?;
        self.at += end + 1;
        self.number += 1;
        Some(&rest[..end])
    }
}

/// Reads a file of samples. An unfinished line or batch at its end is left out; anything else that
/// does not belong there is an error. `items` are compared where they are known.
pub(crate) fn recover(path: &Path, bytes: &[u8], key: &KeyFile, items: Option<&[Item]>) -> Result<Recovered, RunError> {
    let mut lines = Lines {
        bytes,
        at: 0,
        number: 0,
    };
    let mut found = Recovered {
        batches: BTreeSet::new(),
        records: Vec::new(),
        keep: 0,
    };
    loop {
        match read_batch(&mut lines, key, items, &found.batches) {
            Ok(None) => return Ok(found),
            Ok(Some((batch, records))) => {
                found.batches.insert(batch);
                found.records.extend(records);
                found.keep = lines.at;
            }
            Err(_) if is_torn(&bytes[found.keep..], key.fields.batch_size) => return Ok(found),
            Err(problem) => return Err(RunError::damaged(path, lines.number, problem)),
        }
    }
}

/// The next complete batch; none where the file ends before.
fn read_batch(
    lines: &mut Lines,
    key: &KeyFile,
    items: Option<&[Item]>,
    seen: &BTreeSet<usize>,
) -> Result<Option<(usize, Vec<Record>)>, String> {
    let fields = &key.fields;
    let Some(line) = lines.next() else { return Ok(None) };
    let first = record::parse(line, &key.run_key)?;
    let batch = first.index / fields.batch_size;
    if first.index % fields.batch_size != 0 || first.index >= key.len() {
        return Err(format!("no batch begins with sample {}", first.index));
    }
    if !key.shard.is_none_or(|shard| shard.has(batch)) {
        return Err(format!("sample {} belongs to another shard", first.index));
    }
    if seen.contains(&batch) {
        return Err(format!("sample {} is there twice", first.index));
    }
    check_item(&first, items)?;
    let mut records = vec![first];
    while records.len() < key.batch_len(batch) {
        let Some(line) = lines.next() else { return Ok(None) };
        let record = record::parse(line, &key.run_key)?;
        let expected = batch * fields.batch_size + records.len();
        if record.index != expected {
            return Err(format!("sample {} where {expected} belongs", record.index));
        }
        check_item(&record, items)?;
        records.push(record);
    }
    Ok(Some((batch, records)))
}

fn check_item(record: &Record, items: Option<&[Item]>) -> Result<(), String> {
    let Some(item) = items.map(|items| &items[record.index]) else {
        return Ok(());
    };
    if item.id != record.id {
        return Err(format!(
            "sample {} has the id {}, not {}",
            record.index, record.id, item.id
        ));
    }
    match (&item.image_sha256, &record.image) {
        (Some(wanted), Some(found)) if wanted != found => Err(format!("the picture of {} was another one", record.id)),
        _ => Ok(()),
    }
}

/// Whether what follows the last complete batch is one that a power cut tore: file systems leave
/// zeros where bytes did not reach the disk, and no record holds any. At most one batch is ever
/// unsynced.
fn is_torn(rest: &[u8], batch_size: usize) -> bool {
    rest.contains(&0) && rest.iter().filter(|&&byte| byte == b'\n').count() <= batch_size
}
