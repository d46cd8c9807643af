//! The golden sets notice every wrong branch: with any one mutant on, at least one recorded result
//! differs.
//!
//! The names are read from the sources, so that a new `branch!` without a golden case that reaches
//! it fails here.

mod check;

use std::collections::BTreeMap;
use std::path::Path;

use check::{CHECKS, Check};

/// Every name in a `branch!("name", ...)` below `folder`, and the file it stands in.
fn names(folder: &Path, found: &mut BTreeMap<&'static str, String>) {
    for entry in std::fs::read_dir(folder)
        .expect("sources")
        .map(|entry| entry.expect("entry").path())
    {
        if entry.is_dir() {
            names(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") && !entry.ends_with("mutant.rs") {
            let text = std::fs::read_to_string(&entry).expect("UTF-8");
            for rest in text.split("branch!(").skip(1) {
                let name = rest
                    .trim_start()
                    .strip_prefix('"')
                    .and_then(|rest| rest.split_once('"'))
                    .map(|(name, _)| name);
                let name = name.unwrap_or_else(|| panic!("{}: a branch! without a literal name", entry.display()));
                let at = entry.display().to_string();
                if let Some(other) = found.insert(Box::leak(name.to_owned().into_boxed_str()), at.clone()) {
                    panic!("the mutant {name} stands twice: {other}, {at}");
                }
            }
        }
    }
}

/// The checks that must notice a mutant: all rows with its prefix, one at least.
fn checks_of(name: &str) -> Vec<Check> {
    let prefix = name.split('.').next().expect("split gives one part");
    let found: Vec<Check> = CHECKS
        .iter()
        .filter(|(known, _)| *known == prefix)
        .map(|(_, check)| *check)
        .collect();
    assert!(!found.is_empty(), "no check in CHECKS for the mutant {name}");
    found
}

#[test]
fn golden_sets_kill_every_mutant() {
    let mut found = BTreeMap::new();
    names(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    for (prefix, check) in CHECKS {
        let differences = check();
        assert_eq!(
            differences.count,
            0,
            "{prefix} without a mutant:\n  {}",
            differences.first.join("\n  ")
        );
    }
    let mut survivors = Vec::new();
    for name in found.keys() {
        let counts: Vec<usize> = checks_of(name)
            .into_iter()
            .map(|check| sightline_eval::mutant::with(name, check).count)
            .collect();
        println!("{name}: {counts:?} results differ");
        if counts.contains(&0) {
            survivors.push(*name);
        }
    }
    println!("{} mutants", found.len());
    assert!(survivors.is_empty(), "no golden case notices {survivors:?}");
}
