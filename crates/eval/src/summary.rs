//! What is said about a scored file: every official total with its unit and rounding, counts, and
//! what was left out.

use std::fmt;

use serde::Serialize;

/// Units of totals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// 0 to 100.
    Percent,
    /// 0 to 1.
    Share,
    /// 0 to 10.
    OfTen,
    /// A count.
    Count,
    /// Chi-square over 100: 0 is best, there is no upper end.
    ChiSquare,
}

impl fmt::Display for Unit {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(match self {
            Self::Percent => "percent",
            Self::Share => "share of 1",
            Self::OfTen => "0 to 10",
            Self::Count => "answers",
            Self::ChiSquare => "chi-square / 100",
        })
    }
}

/// One total.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Total {
    /// What it is.
    pub name: String,
    /// Its value, rounded as `decimals` says and no further; none where the official code stops.
    pub value: Option<f64>,
    /// Its unit.
    pub unit: Unit,
    /// Decimals that the official code rounds to; none where it does not round.
    pub decimals: Option<usize>,
    /// Whose rule it is.
    pub rule: &'static str,
    /// Of how many answers, where it is of a part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
}

impl Total {
    /// Percent with two decimals.
    pub fn percent(rule: &'static str, name: impl Into<String>, value: impl Into<Option<f64>>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            unit: Unit::Percent,
            decimals: Some(2),
            rule,
            count: None,
        }
    }

    /// A share, unrounded.
    pub fn share(rule: &'static str, name: impl Into<String>, value: impl Into<Option<f64>>) -> Self {
        Self {
            unit: Unit::Share,
            decimals: None,
            ..Self::percent(rule, name, value)
        }
    }

    /// A count.
    pub fn count(rule: &'static str, name: impl Into<String>, value: usize) -> Self {
        Self {
            unit: Unit::Count,
            decimals: None,
            ..Self::percent(rule, name, value as f64)
        }
    }

    /// The same total, of a part with so many answers.
    pub fn of(self, count: usize) -> Self {
        Self {
            count: Some(count),
            ..self
        }
    }
}

/// What `--partial` let pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Partial {
    /// Questions of the gold file without an answer: left out of the totals.
    pub missing: usize,
    /// Answers to no question of the gold file: left out.
    pub extra: usize,
    /// Answers to a question that is answered again later: the last one counts.
    pub repeated: usize,
}

/// The summary of a scored file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Id of the task.
    pub task: &'static str,
    /// The file of answers.
    pub answers: String,
    /// Its format.
    pub format: String,
    /// Answers scored.
    pub count: usize,
    /// Answers of them that are invalid: no box, or an item at which the official code stops.
    pub invalid: usize,
    /// What was let pass, if anything was to be.
    pub partial: Option<Partial>,
    /// Every official total.
    pub totals: Vec<Total>,
    /// What must be known beside them.
    pub notes: Vec<String>,
}

impl fmt::Display for Summary {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let Self {
            task, answers, format, ..
        } = self;
        writeln!(out, "{task}: {answers} ({format})")?;
        writeln!(out, "  {} answers, {} of them invalid", self.count, self.invalid)?;
        if let Some(partial) = self.partial {
            let Partial {
                missing,
                extra,
                repeated,
            } = partial;
            let left_out = format!(
                "{missing} missing and {extra} extra answers left out, {repeated} repeated ones (the last counts)"
            );
            writeln!(out, "  partial: {left_out}")?;
        }
        let width = |text: fn(&Total) -> String| self.totals.iter().map(|total| text(total).chars().count()).max();
        let name = width(|total| total.name.clone()).unwrap_or(0);
        let number = width(number).unwrap_or(0);
        for total in &self.totals {
            let rounding = match total.decimals {
                Some(decimals) => format!("{decimals} decimals"),
                None if total.unit == Unit::Count => "whole".to_owned(),
                None => "unrounded".to_owned(),
            };
            let of = total.count.map(|count| format!(", of {count}")).unwrap_or_default();
            let value = format!("{:<name$}  {:>number$}", total.name, self::number(total));
            writeln!(out, "  {value}  ({}, {rounding}, {}{of})", total.unit, total.rule)?;
        }
        for note in &self.notes {
            writeln!(out, "  note: {note}")?;
        }
        Ok(())
    }
}

fn number(total: &Total) -> String {
    match (total.value, total.decimals) {
        (None, _) => "n/a".to_owned(),
        (Some(value), Some(decimals)) => format!("{value:.decimals$}"),
        (Some(value), None) => value.to_string(),
    }
}
