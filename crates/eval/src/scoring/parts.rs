//! Totals of all samples and of each of their parts.

use std::collections::BTreeMap;

use crate::summary::Total;

/// The share of right answers of every part.
pub(crate) fn by_part<'a>(rule: &'static str, scores: impl Iterator<Item = (Option<&'a str>, f64)>) -> Vec<Total> {
    let (mut all, mut parts) = ((0, 0.0), BTreeMap::<&str, (usize, f64)>::new());
    for (part, score) in scores {
        all = (all.0 + 1, all.1 + score);
        if let Some(part) = part {
            let known = parts.entry(part).or_default();
            *known = (known.0 + 1, known.1 + score);
        }
    }
    let share = |name: String, (count, right): (usize, f64)| Total::share(rule, name, right / count as f64).of(count);
    let mut list = vec![share("accuracy".to_owned(), all)];
    list.extend(
        parts
            .into_iter()
            .map(|(part, found)| share(format!("{part}: accuracy"), found)),
    );
    list
}
