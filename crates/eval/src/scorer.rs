//! What a model answered, as a scorer is asked about it, and what a scorer is.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::score::Score;

/// Why an answerer or a scorer fails, in one sentence.
pub type Reason = Box<dyn std::error::Error + Send + Sync>;

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

/// The answer to one question of a task.
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

/// Scores a task. The same records must give the same bytes: no times, no folders, no random order.
pub trait Scorer {
    /// Score of an answer. It is not asked about a picture that could not be read: that is wrong.
    ///
    /// # Errors
    /// A record of another task, or of another kind than the task scores.
    fn score(&self, record: &Record) -> Result<Score, Reason>;

    /// Unit of a score.
    fn unit(&self) -> &'static str {
        "share of 1"
    }

    /// Totals of all samples in the task's order, as they go to `results.json`, and as a table.
    ///
    /// # Errors
    /// Records of another task, or of another kind than the task scores.
    fn totals(&self, samples: &[(&Record, Score)]) -> Result<(Value, Table), Reason>;
}

/// Rows of text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// As many cells as there are columns, each.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// As Markdown.
    pub fn markdown(&self) -> String {
        let row = |cells: &Vec<String>| {
            let cells: Vec<String> = cells.iter().map(|cell| markdown_cell(cell)).collect();
            format!("| {} |\n", cells.join(" | "))
        };
        let rule = format!("|{}\n", "---|".repeat(self.columns.len()));
        row(&self.columns) + &rule + &self.rows.iter().map(row).collect::<String>()
    }

    /// As comma-separated values (RFC 4180, but lines end as elsewhere here).
    pub fn csv(&self) -> String {
        let row = |cells: &Vec<String>| {
            let cells: Vec<String> = cells.iter().map(|cell| csv_cell(cell)).collect();
            cells.join(",") + "\n"
        };
        row(&self.columns) + &self.rows.iter().map(row).collect::<String>()
    }

    /// Aligned lines for people. Shares of 1 are shown in percent, as the percents of official code
    /// are.
    pub fn lines(&self) -> Vec<String> {
        let unit = self.columns.iter().position(|column| column == "unit");
        let mut rows = vec![self.columns.clone()];
        rows.extend(self.rows.iter().map(|row| match unit {
            Some(unit) => percent(row, unit),
            None => row.clone(),
        }));
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let is_number = |cell: &str| cell.parse::<f64>().is_ok();
        let line = |row: &Vec<String>| {
            let cells: Vec<String> = row
                .iter()
                .zip(&widths)
                .map(|(cell, &width)| match is_number(cell) {
                    true => format!("{cell:>width$}"),
                    false => format!("{cell:<width$}"),
                })
                .collect();
            cells.join("  ").trim_end().to_owned()
        };
        rows.iter().map(line).collect()
    }
}

/// A row whose shares are percents. The cells between the name and the unit are values.
fn percent(row: &[String], unit: usize) -> Vec<String> {
    let mut row = row.to_vec();
    match row[unit].as_str() {
        "share of 1" => {
            for cell in &mut row[1..unit] {
                if let Ok(share) = cell.parse::<f64>() {
                    *cell = format!("{:.2}", 100.0 * share);
                }
            }
            row[unit] = "%".to_owned();
        }
        "percent" => row[unit] = "%".to_owned(),
        _ => {}
    }
    row
}

fn markdown_cell(cell: &str) -> String {
    cell.replace('\\', "\\\\")
        .replace('|', "\\|")
        .replace(['\n', '\r'], " ")
}

fn csv_cell(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_cannot_break_a_table() {
        let table = Table {
            columns: vec!["a".to_owned(), "b|c".to_owned()],
            rows: vec![vec!["1,5".to_owned(), "say \"x\"\nthen".to_owned()]],
        };
        assert_eq!(table.markdown(), "| a | b\\|c |\n|---|---|\n| 1,5 | say \"x\" then |\n");
        assert_eq!(table.csv(), "a,b|c\n\"1,5\",\"say \"\"x\"\"\nthen\"\n");
    }

    #[test]
    fn one_unit_and_aligned_columns() {
        let row = |cells: [&str; 4]| cells.map(str::to_owned).to_vec();
        let table = Table {
            columns: row(["number", "value", "unit", "answers"]),
            rows: vec![
                row(["score", "0.5417", "share of 1", "12"]),
                row(["accuracy", "54.17", "percent", ""]),
                row(["CIDEr-D", "0.2380", "0 to 10", "500"]),
            ],
        };
        assert_eq!(
            table.lines(),
            [
                "number    value   unit     answers",
                "score      54.17  %             12",
                "accuracy   54.17  %",
                "CIDEr-D   0.2380  0 to 10      500",
            ]
        );
    }
}
