//! Benchmarks: a folder each, and a row in one table ([`BENCHMARKS`]).
//!
//! In a folder, `questions.rs` reads what is asked from the files that the benchmark's makers
//! publish, `gold.rs` says which fields of an item are the right answer and which totals are given,
//! and `rule.rs` scores an answer as the official code does. A benchmark that is scored by
//! another's rule has `questions.rs` alone.

pub mod coco256;
pub mod daquar;
pub mod facts;
pub mod flickr8k;
pub mod gallery;
pub mod gqa;
pub mod mosaics;
pub mod naming;
pub mod nlvr;
pub mod ocid_ref;
pub mod own;
pub mod pope;
pub mod presence_coco40k;
pub mod refcoco;
pub mod row;
pub mod sugarcrepe;
pub mod tallyqa;
pub mod textvqa;
pub mod vg500;
pub mod visual7w;
pub mod vizwiz;
pub mod vqav2;
pub mod vqav2_coco40k;
pub mod vsr;

use std::sync::LazyLock;

use row::{Benchmark, Rule, Subset, Task};

/// Every benchmark.
pub static BENCHMARKS: &[&Benchmark] = &[
    &vqav2::BENCHMARK,
    &gqa::BENCHMARK,
    &vizwiz::BENCHMARK,
    &textvqa::BENCHMARK,
    &pope::BENCHMARK,
    &tallyqa::BENCHMARK,
    &vsr::BENCHMARK,
    &refcoco::BENCHMARK,
    &ocid_ref::BENCHMARK,
    &own::BENCHMARK,
    &naming::BENCHMARK,
    &coco256::BENCHMARK,
    &mosaics::BENCHMARK,
    &gallery::BENCHMARK,
    &daquar::BENCHMARK,
    &nlvr::BENCHMARK,
    &sugarcrepe::BENCHMARK,
    &visual7w::BENCHMARK,
    &vqav2_coco40k::BENCHMARK,
    &presence_coco40k::BENCHMARK,
    &flickr8k::BENCHMARK,
    &vg500::BENCHMARK,
];

/// Every rule, in the table's order.
pub static RULES: LazyLock<Vec<&'static Rule>> =
    LazyLock::new(|| BENCHMARKS.iter().flat_map(|benchmark| benchmark.rules).collect());

/// Every task: by [`row::Family`], and then in the table's order.
pub static TASKS: LazyLock<Vec<&'static Task>> = LazyLock::new(|| {
    let mut tasks: Vec<&Task> = BENCHMARKS
        .iter()
        .flat_map(|benchmark| benchmark.tasks)
        .copied()
        .collect();
    tasks.sort_by_key(|task| task.family);
    tasks
});

impl Rule {
    /// The rule with this id.
    pub fn find(id: &str) -> Option<&'static Self> {
        RULES.iter().copied().find(|rule| rule.id == id)
    }
}

impl Task {
    /// The task with this id or alias, and the subset that is named with it.
    pub fn find(id: &str) -> Option<(&'static Self, Option<Subset>)> {
        let plain = |id: &str| {
            let mut tasks = TASKS.iter().copied();
            tasks.find(|task| task.id == id || task.aliases.contains(&id))
        };
        if let Some(task) = plain(id) {
            return Some((task, None));
        }
        Subset::ALL.into_iter().find_map(|subset| {
            let task = plain(id.strip_suffix(subset.suffix())?)?;
            Some((task, Some(subset)))
        })
    }
}
