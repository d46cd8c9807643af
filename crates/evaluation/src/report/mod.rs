//! `report.html`: runs as one file that needs nothing else, to look at and to send.

mod build;

use serde::Serialize;

pub use build::{Built, Column, Wanted, build, tasks_of};

const PAGE: &str = include_str!("page.html");
/// What belongs into the page, and where. The data are the last, because they may hold anything.
const PARTS: [(&str, &str); 2] = [
    ("/*STYLE*/", include_str!("report.css")),
    ("/*SCRIPT*/", include_str!("report.js")),
];
const PLACE: &str = "/*DATA*/";

/// What the page shows.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Page {
    /// Its title.
    pub title: String,
    /// Names of the runs, in the order of all lists below.
    pub runs: Vec<String>,
    /// Scores per task.
    pub tasks: Vec<TaskRow>,
    /// Aggregates, and that they are reconstructed.
    pub aggregates: Vec<(String, Vec<String>)>,
    /// What the numbers do not say.
    pub notes: Vec<String>,
    /// Questions to look at.
    pub samples: Vec<Shown>,
}

/// A task's scores.
#[derive(Clone, Debug, Default, Serialize)]
pub struct TaskRow {
    /// Id of the task.
    pub task: String,
    /// Questions.
    pub count: usize,
    /// Score, low and high end of every run; none where the run lacks the task.
    pub scores: Vec<Option<[f64; 3]>>,
    /// Invalid answers of every run, a share.
    pub invalid: Vec<Option<f64>>,
    /// How the intervals were made.
    pub method: String,
}

/// A question with the answers of all runs.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Shown {
    /// Id of the task.
    pub task: String,
    /// Id of the question.
    pub id: String,
    /// What was asked.
    pub prompt: String,
    /// The right answer, in words.
    pub gold: String,
    /// The right box, px of the picture.
    pub gold_box: Option<[f64; 4]>,
    /// The picture as a data URL; none where it is not shown.
    pub picture: Option<String>,
    /// Width and height of the picture, px.
    pub size: Option<[u32; 2]>,
    /// What every run said.
    pub answers: Vec<Option<Answer>>,
}

/// An answer.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Answer {
    /// What was said.
    pub text: String,
    /// 0 to 1.
    pub score: f64,
    /// Whether it had the form that the benchmark wants.
    pub valid: bool,
    /// The box that was said, px of the picture.
    pub px: Option<[f64; 4]>,
    /// How far it covers the right one; none without a box, or where none is right.
    pub iou: Option<f64>,
}

impl Page {
    /// The file. Whatever models and benchmarks say stays text: the data stand in a script element
    /// that is not executed, with every `<` written as an escape, and the page puts them in as
    /// text.
    ///
    /// # Errors
    /// If the data cannot be written as JSON.
    pub fn html(&self) -> serde_json::Result<String> {
        let page = PARTS
            .iter()
            .fold(PAGE.to_owned(), |page, (place, part)| page.replacen(place, part, 1));
        Ok(page.replacen(PLACE, &self.json()?, 1))
    }

    /// What the page shows, as it stands in the file.
    ///
    /// # Errors
    /// If the data cannot be written as JSON.
    pub fn json(&self) -> serde_json::Result<String> {
        let data = serde_json::to_string(self)?;
        Ok(data
            .replace('<', "\\u003c")
            .replace('\u{2028}', "\\u2028")
            .replace('\u{2029}', "\\u2029"))
    }

    /// Its scores in percent, a task a line: score and ends of the 95 % interval of every run.
    pub fn markdown(&self) -> String {
        let mut text = format!("| task | n | {} |\n|---|---:|", self.runs.join(" | "));
        text += &"---:|".repeat(self.runs.len());
        text.push('\n');
        for task in &self.tasks {
            let cell = |score: &Option<[f64; 3]>| match score.map(|numbers| numbers.map(|number| 100.0 * number)) {
                Some([score, low, high]) => format!("{score:.1} [{low:.1}, {high:.1}]"),
                None => String::new(),
            };
            let cells: Vec<String> = task.scores.iter().map(cell).collect();
            text += &format!("| {} | {} | {} |\n", task.task, task.count, cells.join(" | "));
        }
        for (name, values) in &self.aggregates {
            text += &format!("| {name} | | {} |\n", values.join(" | "));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_cell_for_every_run() {
        let page = Page {
            runs: vec!["a".to_owned(), "b".to_owned()],
            tasks: vec![TaskRow {
                task: "naming".to_owned(),
                count: 4,
                scores: vec![Some([0.5, 0.15, 0.85]), None],
                ..TaskRow::default()
            }],
            ..Page::default()
        };
        let expected = "| task | n | a | b |\n|---|---:|---:|---:|\n| naming | 4 | 50.0 [15.0, 85.0] |  |\n";
        assert_eq!(page.markdown(), expected);
    }

    #[test]
    fn answers_cannot_leave_the_data() {
        let page = Page {
            samples: vec![Shown {
                prompt: "</script><script>alert(1)</script>/*DATA*/".to_owned(),
                ..Shown::default()
            }],
            ..Page::default()
        };
        let html = page.html().expect("a page");
        assert!(!html.contains("</script><script>alert"));
        let start = html.find("application/json\">").expect("the data") + "application/json\">".len();
        let end = html[start..].find("</script>").expect("its end") + start;
        let data: serde_json::Value = serde_json::from_str(&html[start..end]).expect("JSON");
        assert_eq!(data["samples"][0]["prompt"], page.samples[0].prompt);
        assert!(!html.contains("http://") && !html.contains("https://"));
    }
}
