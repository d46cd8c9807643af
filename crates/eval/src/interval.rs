//! The score of a run with its 95 % interval, beside what the benchmark's own code says.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use crate::benchmarks::row::Question;
use crate::score::Score;
use crate::scorer::{Reason, Record, Scorer, Table};
use crate::stats::{self, Combine, Interval, REPLICATES, SEED};

/// Settings of POPE, in the order in which they are combined.
const SETTINGS: [&str; 3] = ["adversarial", "popular", "random"];

/// What belongs together in a bootstrap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The picture.
    pub image: String,
    /// Which of the benchmark's settings; 0 where there is one.
    pub setting: usize,
}

impl Group {
    /// Of a question.
    pub fn of(question: &Question) -> Self {
        let setting = question.gold.get("setting").and_then(Value::as_str);
        let place = |setting| SETTINGS.iter().position(|known| *known == setting);
        Self {
            image: question.image_key.clone(),
            setting: setting.and_then(place).unwrap_or(0),
        }
    }
}

/// How the settings of these questions make one number.
pub fn combine<'a>(groups: impl Iterator<Item = &'a Group>) -> Combine {
    let settings: BTreeSet<usize> = groups.map(|group| group.setting).collect();
    match settings.len() {
        0 | 1 => Combine::Pooled,
        _ => Combine::MeanOfSettings,
    }
}

/// A scorer that adds the interval.
pub(crate) struct WithInterval {
    pub(crate) inner: Box<dyn Scorer>,
    pub(crate) groups: HashMap<String, Group>,
}

/// A run's score, how sure it is, and how many answers were invalid.
#[derive(Clone, Debug, PartialEq)]
pub struct Headline {
    /// 0 to 1.
    pub interval: Interval,
    /// How the interval was made.
    pub method: String,
    /// Questions.
    pub count: usize,
    /// Pictures.
    pub pictures: usize,
    /// Answers without the form that the benchmark wants.
    pub invalid: usize,
}

impl Headline {
    /// Of scored questions; none of none.
    pub fn of(samples: &[(&Group, Score)]) -> Option<Self> {
        let pictures = samples
            .iter()
            .map(|sample| &sample.0.image)
            .collect::<BTreeSet<_>>()
            .len();
        let combine = combine(samples.iter().map(|sample| sample.0));
        let binary = samples
            .iter()
            .all(|sample| sample.1.score == 0.0 || sample.1.score == 1.0);
        let alone = pictures == samples.len() && binary && combine == Combine::Pooled;
        let all = |value: f64| samples.iter().all(|sample| sample.1.score == value);
        let (interval, method) = if !alone && pictures > 0 && (all(0.0) || all(1.0)) {
            // Every draw is the same, and yet other pictures might be answered otherwise.
            let right = if all(1.0) { pictures } else { 0 };
            let method = format!("Wilson over {pictures} pictures, as all answers are alike");
            (stats::wilson(right, pictures)?, method)
        } else if alone {
            let right = samples.iter().filter(|sample| sample.1.score == 1.0).count();
            (
                stats::wilson(right, samples.len())?,
                "Wilson, one question a picture".to_owned(),
            )
        } else {
            let list: Vec<stats::Sample<1>> = samples
                .iter()
                .map(|(group, score)| stats::Sample {
                    image: &group.image,
                    setting: group.setting,
                    scores: [score.score],
                })
                .collect();
            let method = format!("bootstrap over {pictures} pictures, {REPLICATES} replicates, seed {SEED}");
            (stats::bootstrap(&list, combine, SEED, REPLICATES)?, method)
        };
        Some(Self {
            interval,
            method,
            count: samples.len(),
            pictures,
            invalid: samples.iter().filter(|sample| sample.1.valid == Some(false)).count(),
        })
    }

    fn json(&self) -> Value {
        json!({
            "score": self.interval.estimate,
            "interval95": [self.interval.low, self.interval.high],
            "method": self.method,
            "questions": self.count,
            "pictures": self.pictures,
            "invalid_rate": self.invalid as f64 / self.count as f64,
        })
    }
}

impl Scorer for WithInterval {
    fn score(&self, record: &Record) -> Result<Score, Reason> {
        self.inner.score(record)
    }

    fn unit(&self) -> &'static str {
        self.inner.unit()
    }

    fn totals(&self, samples: &[(&Record, Score)]) -> Result<(Value, Table), Reason> {
        let (mut totals, mut table) = self.inner.totals(samples)?;
        let mut grouped = Vec::with_capacity(samples.len());
        for (record, score) in samples {
            let missing = || format!("{} is no question of the task", record.id);
            grouped.push((self.groups.get(&record.id).ok_or_else(missing)?, *score));
        }
        if let (Some(headline), Value::Object(totals)) = (Headline::of(&grouped), &mut totals) {
            totals.insert("headline".to_owned(), headline.json());
            let Interval { estimate, low, high } = headline.interval;
            let row = [
                "score [95 %]".to_owned(),
                format!("{estimate:.4}"),
                format!("{low:.4}"),
                format!("{high:.4}"),
                self.inner.unit().to_owned(),
                headline.count.to_string(),
                headline.method,
            ];
            table.rows.insert(0, row.into());
        }
        Ok((totals, table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(image: &str, setting: usize) -> Group {
        Group {
            image: image.to_owned(),
            setting,
        }
    }

    fn score(score: f64) -> Score {
        Score {
            score,
            ..Score::default()
        }
    }

    #[test]
    fn one_question_a_picture_is_wilson() {
        let groups: Vec<Group> = (0..4).map(|at| group(&at.to_string(), 0)).collect();
        let samples: Vec<(&Group, Score)> = groups.iter().zip([1.0, 0.0, 1.0, 1.0].map(score)).collect();
        let headline = Headline::of(&samples).expect("a headline");
        assert_eq!(Some(headline.interval), stats::wilson(3, 4));
        assert!(headline.method.starts_with("Wilson"));
    }

    #[test]
    fn none_right_is_no_certainty() {
        let groups: Vec<Group> = (0..89).map(|at| group(&(at / 2).to_string(), 0)).collect();
        for value in [0.0, 1.0] {
            let samples: Vec<(&Group, Score)> = groups.iter().map(|group| (group, score(value))).collect();
            let headline = Headline::of(&samples).expect("a headline");
            let Interval { estimate, low, high } = headline.interval;
            assert_eq!(estimate, value);
            assert!((high - low - 0.0787).abs() < 1e-3, "{low} to {high}");
        }
    }

    #[test]
    fn settings_count_the_same() {
        let groups = [group("a", 0), group("a", 1), group("b", 1), group("b", 1)];
        let samples: Vec<(&Group, Score)> = groups.iter().zip([1.0, 0.0, 0.0, 0.0].map(score)).collect();
        let headline = Headline::of(&samples).expect("a headline");
        assert_eq!(headline.interval.estimate, 0.5);
        assert!(headline.method.starts_with("bootstrap over 2 pictures"));
    }
}
