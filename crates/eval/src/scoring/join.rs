//! Which answer is to which question of a gold file.

use std::collections::HashMap;

use crate::answers::Answer;
use crate::answers::fields::{InputError, Place};
use crate::summary::Partial;

/// Gold items and the keys by which answers find them. A key that two items share is fine as long as no answer needs it.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// The item's id, in the order of the file.
    pub ids: Vec<String>,
    places: HashMap<String, Vec<usize>>,
}

impl Index {
    /// Adds an item; its first key is its id.
    pub(crate) fn add(&mut self, keys: Vec<String>, place: &Place) -> Result<(), InputError> {
        let at = self.ids.len();
        let id = keys.first().cloned().unwrap_or_default();
        for (nth, key) in keys.into_iter().enumerate() {
            let known = self.places.entry(key).or_default();
            if nth == 0 && known.iter().any(|&other| self.ids[other] == id) {
                let problem = format!("id `{id}` stands for an item before; ids of gold must differ");
                return Err(InputError::new(place, problem));
            }
            if known.last() != Some(&at) {
                known.push(at);
            }
        }
        self.ids.push(id);
        Ok(())
    }

    /// The item that the first of some keys that is known stands for; an error if it stands for several.
    pub(crate) fn find(&self, keys: &[String], place: &Place) -> Result<Option<usize>, InputError> {
        let Some((key, found)) = keys.iter().find_map(|key| Some((key, self.places.get(key)?))) else {
            return Ok(None);
        };
        match found[..] {
            [one] => Ok(Some(one)),
            _ => {
                let [first, second] = [&self.ids[found[0]], &self.ids[found[1]]];
                let key = key.replace('\n', " / ");
                let items = format!("{} items of gold, such as `{first}` and `{second}`", found.len());
                let problem =
                    format!("ambiguous: `{key}` is {items}; give the answer an id of its own, or name --questions");
                Err(InputError::new(place, problem))
            }
        }
    }
}

/// Pairs of answer and gold item, and what is left over.
#[derive(Debug, Default)]
pub(crate) struct Joined {
    /// (answer, item), in the order of the answers.
    pub pairs: Vec<(usize, usize)>,
    /// What `--partial` let pass.
    pub partial: Partial,
}

/// Joins answers to the items that `targets` name, of which those in `wanted` must all be answered.
pub(crate) fn join(
    answers: &[Answer],
    targets: &[Option<usize>],
    wanted: &[usize],
    index: &Index,
    partial: bool,
) -> Result<Joined, InputError> {
    let file = Place::file(answers.first().map_or("", |answer| &*answer.fields.place.file));
    let mut last = HashMap::new();
    let mut found = Partial::default();
    for (at, (answer, target)) in answers.iter().zip(targets).enumerate() {
        let Some(target) = target.filter(|target| wanted.binary_search(target).is_ok()) else {
            found.extra += 1;
            if !partial {
                let problem = format!(
                    "extra: `{}` is no question of the gold or questions file; take it out, name the right files, or use --partial",
                    answer.gold_id.as_ref().unwrap_or(&answer.id)
                );
                return Err(InputError::new(&answer.fields.place, problem));
            }
            continue;
        };
        if last.insert(target, at).is_some() {
            found.repeated += 1;
            if !partial {
                return Err(repeated(answer, &index.ids[target]));
            }
        }
    }
    let missing: Vec<&str> = wanted
        .iter()
        .filter(|item| !last.contains_key(*item))
        .map(|&item| index.ids[item].as_str())
        .collect();
    found.missing = missing.len();
    if let (Some(first), false) = (missing.first(), partial) {
        let (missing, all) = (missing.len(), wanted.len());
        let problem = format!(
            "missing: {missing} of {all} questions have no answer, `{first}` first; add them, or score what is there with --partial"
        );
        return Err(InputError::new(&file, problem));
    }
    let mut pairs: Vec<(usize, usize)> = last.into_iter().map(|(item, answer)| (answer, item)).collect();
    pairs.sort_unstable();
    Ok(Joined { pairs, partial: found })
}

/// Of answers that hold their own gold: those whose id no later one has.
pub(crate) fn last_of_each(answers: &[Answer], partial: bool) -> Result<Joined, InputError> {
    let mut last = HashMap::new();
    let mut found = Partial::default();
    for (at, answer) in answers.iter().enumerate() {
        if last.insert(answer.id.as_str(), at).is_some() {
            found.repeated += 1;
            if !partial {
                return Err(repeated(answer, &answer.id));
            }
        }
    }
    let mut pairs: Vec<(usize, usize)> = last.into_values().map(|at| (at, at)).collect();
    pairs.sort_unstable();
    Ok(Joined { pairs, partial: found })
}

fn repeated(answer: &Answer, id: &str) -> InputError {
    let problem = format!("duplicate: `{id}` is answered before; take one out, or let the last count with --partial");
    InputError::new(&answer.fields.place, problem)
}
