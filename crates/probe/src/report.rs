//! What is said of encoders: the report that programs read as JSON, and people as text.

use std::collections::HashSet;
use std::fmt::Write as _;

use serde::Serialize;
use sightline_eval::stats::{Interval, wilson};

use crate::data::Labelled;
use crate::embed::{Embedded, Pool};
use crate::linear::Run;

/// All that is said.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    train: Part,
    val: Part,
    /// Number of pictures of the validation part whose bytes are in the training part, too.
    pub shared: usize,
    device: String,
    pool: &'static str,
    models: Vec<Row>,
}

/// A part of the data set.
#[derive(Clone, Debug, Serialize)]
struct Part {
    place: String,
    pictures: usize,
    classes: usize,
}

/// What one encoder's features are worth.
#[derive(Clone, Debug, Serialize)]
struct Row {
    model: String,
    width: usize,
    /// Number of pictures whose features were in the cache.
    cached: usize,
    linear: Linear,
    neighbours: Neighbours,
}

#[derive(Clone, Debug, Serialize)]
struct Linear {
    /// Of the accuracies over the seeds.
    mean: f64,
    lowest: f64,
    highest: f64,
    seeds: Vec<Seed>,
}

#[derive(Clone, Debug, Serialize)]
struct Seed {
    seed: u64,
    #[serde(flatten)]
    accuracy: Accuracy,
    penalty: f32,
    epochs: usize,
    held_out_loss: f64,
}

#[derive(Clone, Debug, Serialize)]
struct Neighbours {
    k: usize,
    #[serde(flatten)]
    accuracy: Accuracy,
}

/// A share of right answers, 0 to 1, with its 95 % Wilson interval.
#[derive(Clone, Debug, Serialize)]
struct Accuracy {
    right: usize,
    accuracy: f64,
    interval95: [f64; 2],
}

impl Report {
    /// A report without models. `device` is the name of what computes.
    pub fn new(train: &Labelled, val: &Labelled, device: String, pool: Pool) -> Self {
        let part = |part: &Labelled| Part {
            place: part.place.clone(),
            pictures: part.pictures.len(),
            classes: part.classes.len(),
        };
        Self {
            train: part(train),
            val: part(val),
            shared: 0,
            device,
            pool: pool.name(),
            models: Vec::new(),
        }
    }

    /// Number of pictures of the validation part.
    pub fn tested(&self) -> usize {
        self.val.pictures
    }

    /// Adds a model: the classifiers that were trained on its features, and how many answers of the
    /// `k` nearest neighbours were right.
    pub fn add(&mut self, id: &str, train: &Embedded, val: &Embedded, runs: &[Run], (k, right): (usize, usize)) {
        let known: HashSet<&String> = train.sha256.iter().collect();
        self.shared = val.sha256.iter().filter(|hash| known.contains(hash)).count();
        let count = val.features.len();
        self.models.push(Row {
            model: id.to_owned(),
            width: train.features.width(),
            cached: train.cached + val.cached,
            linear: Linear::over_seeds(runs, count),
            neighbours: Neighbours {
                k,
                accuracy: Accuracy::of(right, count),
            },
        });
    }

    /// The report for people. `name` shows the name of a model.
    pub fn text(&self, name: &dyn Fn(&str) -> String) -> String {
        let mut out = format!(
            "{} classes, {} pictures to train on ({}), {} to test ({}), {} of tokens, {}\n",
            self.train.classes,
            self.train.pictures,
            self.train.place,
            self.val.pictures,
            self.val.place,
            self.pool,
            self.device
        );
        for row in &self.models {
            // Writing into a text cannot fail.
            let _ = writeln!(out, "\n{}, {} values per picture", name(&row.model), row.width);
            for seed in &row.linear.seeds {
                let _ = writeln!(
                    out,
                    "  linear, seed {}  {}  penalty {}, {} epochs",
                    seed.seed,
                    seed.accuracy.text(),
                    seed.penalty,
                    seed.epochs
                );
            }
            let Linear {
                mean, lowest, highest, ..
            } = row.linear;
            let [mean, lowest, highest] = [mean, lowest, highest].map(|share| 100.0 * share);
            let _ = writeln!(out, "  linear, mean    {mean:5.1} %, from {lowest:.1} to {highest:.1}");
            let neighbours = &row.neighbours;
            let _ = writeln!(out, "  nearest {:<7} {}", neighbours.k, neighbours.accuracy.text());
        }
        out
    }
}

impl Linear {
    fn over_seeds(runs: &[Run], count: usize) -> Self {
        let seed = |run: &Run| Seed {
            seed: run.seed,
            accuracy: Accuracy::of(run.right, count),
            penalty: run.penalty,
            epochs: run.epochs,
            held_out_loss: run.held_out_loss,
        };
        let seeds: Vec<Seed> = runs.iter().map(seed).collect();
        let accuracies = || seeds.iter().map(|seed| seed.accuracy.accuracy);
        Self {
            mean: accuracies().sum::<f64>() / seeds.len().max(1) as f64,
            lowest: accuracies().fold(f64::INFINITY, f64::min),
            highest: accuracies().fold(f64::NEG_INFINITY, f64::max),
            seeds,
        }
    }
}

impl Accuracy {
    fn of(right: usize, count: usize) -> Self {
        let Interval { estimate, low, high } = wilson(right, count).unwrap_or(Interval {
            estimate: 0.0,
            low: 0.0,
            high: 1.0,
        });
        Self {
            right,
            accuracy: estimate,
            interval95: [low, high],
        }
    }

    fn text(&self) -> String {
        let [low, high] = self.interval95;
        format!(
            "{:5.1} % [{:.1}, {:.1}]",
            100.0 * self.accuracy,
            100.0 * low,
            100.0 * high
        )
    }
}
