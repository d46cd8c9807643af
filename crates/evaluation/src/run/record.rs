//! A line of `samples.jsonl`: one answer, with a check that damage does not pass.

use sightline_checkpoint::hash::sha256_hex;
use sightline_eval::scorer::{Outcome, Record};

use super::key::sample_key;

/// Hex digits of the check at the end of a line.
const CHECK: usize = 16;
const CHECK_NAME: &str = ",\"check\":\"";

/// The line of a record, without its end.
pub(super) fn line(record: &Record) -> String {
    let mut line = serde_json::to_string(record).expect("texts and numbers become JSON");
    line.pop();
    let check = sha256_hex(line.as_bytes());
    line + CHECK_NAME + &check[..CHECK] + "\"}"
}

/// The text of records.
pub(crate) fn lines(records: &[Record]) -> String {
    records.iter().map(|record| line(record) + "\n").collect()
}

/// The record of a line of the run with this key, or what is wrong with it.
pub(super) fn parse(line: &[u8], run: &str) -> Result<Record, String> {
    let record = read(line)?;
    if record.key != sample_key(run, &record.id, record.image.as_deref()) {
        return Err(format!("the sample {} belongs to another run", record.id));
    }
    Ok(record)
}

/// The record of a line of any run, or what is wrong with it.
pub(crate) fn read(line: &[u8]) -> Result<Record, String> {
    let text = std::str::from_utf8(line).map_err(|_| "not UTF-8".to_owned())?;
    let (text, check) = text
        .strip_suffix("\"}")
        .and_then(|text| text.rsplit_once(CHECK_NAME))
        .ok_or("no answer of a run")?;
    if sha256_hex(text.as_bytes())[..CHECK] != *check {
        return Err("damaged, its check differs".to_owned());
    }
    serde_json::from_str(&format!("{text}}}")).map_err(|error| error.to_string())
}

/// Whether all numbers of a record are finite: others have no place in JSON.
pub(super) fn is_finite(record: &Record) -> bool {
    let margin = record.margin.is_none_or(f32::is_finite);
    match &record.outcome {
        Outcome::Probabilities(list) => margin && list.iter().all(|value| value.is_finite()),
        _ => margin,
    }
}
