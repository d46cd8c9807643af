//! A line of `samples.jsonl`: one answer, with a check that damage does not pass.

use serde::{Deserialize, Serialize};

use super::key::{sample_key, sha256_hex};

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A written answer.
    Text(String),
    /// Probabilities of the choices, in the task's order. Single precision: its shortest decimals
    /// are read back to the last bit.
    Probabilities(Vec<f32>),
    /// The picture cannot be read, and why, in words that hold no folder and no name of a machine.
    Unreadable(String),
}

/// One sample of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Place in the task's order, from 0.
    pub index: usize,
    /// Id of the item.
    pub id: String,
    /// Hash over run key, id and picture.
    pub key: String,
    /// SHA-256 of the picture's file; none where there is no file.
    pub image: Option<String>,
    /// What came of it.
    pub outcome: Outcome,
    /// Smallest distance between the best and the second logit of a step, where it was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<f32>,
}

/// Hex digits of the check at the end of a line.
const CHECK: usize = 16;
const CHECK_NAME: &str = ",\"check\":\"";

impl Record {
    /// The line, without its end.
    pub(crate) fn line(&self) -> String {
        let mut line = serde_json::to_string(self).expect("texts and numbers become JSON");
        line.pop();
        let check = sha256_hex(line.as_bytes());
        line + CHECK_NAME + &check[..CHECK] + "\"}"
    }

    /// The record of a line of the run with this key, or what is wrong with it.
    pub(crate) fn parse(line: &[u8], run: &str) -> Result<Self, String> {
        let text = std::str::from_utf8(line).map_err(|_| "not UTF-8".to_owned())?;
        let (text, check) = text
            .strip_suffix("\"}")
            .and_then(|text| text.rsplit_once(CHECK_NAME))
            .ok_or("no answer of a run")?;
        if sha256_hex(text.as_bytes())[..CHECK] != *check {
            return Err("damaged, its check differs".to_owned());
        }
        let record: Self = serde_json::from_str(&format!("{text}}}")).map_err(|error| error.to_string())?;
        if record.key != sample_key(run, &record.id, record.image.as_deref()) {
            return Err(format!("the sample {} belongs to another run", record.id));
        }
        Ok(record)
    }

    /// Whether all numbers are finite: others have no place in JSON.
    pub(crate) fn is_finite(&self) -> bool {
        let margin = self.margin.is_none_or(f32::is_finite);
        match &self.outcome {
            Outcome::Probabilities(list) => margin && list.iter().all(|value| value.is_finite()),
            _ => margin,
        }
    }
}
