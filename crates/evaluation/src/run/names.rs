//! Names of the files of a run's folder.

/// Everything that decides the answers, and its hash.
pub const KEY: &str = "key.json";
/// Answers.
pub const SAMPLES: &str = "samples.jsonl";
/// Scores in all.
pub const RESULTS: &str = "results.json";
/// The same as a table for people.
pub const MARKDOWN: &str = "table.md";
/// The same as a table for programs.
pub const CSV: &str = "table.csv";
/// The score of every sample.
pub const SCORES: &str = "scores.jsonl";
/// The task that was asked.
pub const TASK: &str = "task.json";
/// Its questions with their gold.
pub const QUESTIONS: &str = "questions.jsonl";
/// Time, machine and history.
pub const HISTORY: &str = "run.json";
/// Whoever works in the folder holds its lock.
pub const LOCK: &str = "lock";

/// All. The lock is the last.
pub const ALL: [&str; 10] = [
    KEY, SAMPLES, RESULTS, MARKDOWN, CSV, SCORES, HISTORY, TASK, QUESTIONS, LOCK,
];
