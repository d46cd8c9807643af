//! Which part of a run a process does.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Part `index` (from 0) of `count`: every batch whose number leaves `index` when divided by
/// `count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Shard {
    index: usize,
    count: usize,
}

impl Shard {
    /// Part `index`, from 0, of `count`.
    ///
    /// # Errors
    /// An index that is not below the count.
    pub fn new(index: usize, count: usize) -> Result<Self, String> {
        if index < count {
            return Ok(Self { index, count });
        }
        Err(format!(
            "shard {index}/{count}: shards are counted from 0, the last of {count} is {count} - 1"
        ))
    }

    /// Its number, from 0.
    pub fn index(self) -> usize {
        self.index
    }

    /// Of how many.
    pub fn count(self) -> usize {
        self.count
    }

    /// Whether a batch belongs to it.
    pub fn has(self, batch: usize) -> bool {
        batch % self.count == self.index
    }

    /// The name of its folder within that of the run.
    pub fn folder(self) -> String {
        format!("shard-{}-of-{}", self.index, self.count)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text
            .split_once('/')
            .and_then(|(index, count)| Some((number(index)?, number(count)?)));
        let (index, count) = numbers.ok_or_else(|| format!("shard `{text}`: wanted is i/n, as in 0/4"))?;
        Self::new(index, count)
    }
}

impl TryFrom<String> for Shard {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

/// Digits only: `parse` alone would take a sign.
fn number(text: &str) -> Option<usize> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

/// A part as the launcher of the process has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assigned {
    /// The part.
    pub shard: Shard,
    /// Number of the process on its machine: which GPU it takes. 0 where the launcher does not say.
    pub local_rank: usize,
}

/// Variables of a launcher: number of the process, how many there are.
const LAUNCHERS: [(&str, Option<&str>); 3] = [
    ("SLURM_PROCID", Some("SLURM_NTASKS")),
    ("RANK", Some("WORLD_SIZE")),
    ("JOB_COMPLETION_INDEX", None),
];
const LOCAL: [&str; 2] = ["SLURM_LOCALID", "LOCAL_RANK"];

/// The part that the environment assigns. `shards`: how many there are, where the user says so; a
/// Kubernetes job does not.
///
/// # Errors
/// Numbers that are missing, contradict each other, or are none.
pub fn assigned(shards: Option<usize>, variable: impl Fn(&str) -> Option<String>) -> Result<Assigned, String> {
    let read = |name: &str| {
        let value = variable(name).filter(|value| !value.is_empty());
        let parse = |value: String| number(&value).ok_or_else(|| format!("{name} is `{value}`, not a number"));
        value.map(parse).transpose()
    };
    let mut found: Option<(Shard, &str)> = None;
    for (rank_name, count_name) in LAUNCHERS {
        let count = count_name.map(&read).transpose()?.flatten();
        let Some(rank) = read(rank_name)? else { continue };
        let count = match (count, shards, count_name) {
            (Some(count), Some(shards), Some(name)) if count != shards => {
                return Err(format!(
                    "{name} is {count}, but {shards} shards are asked for; name the shard: i/n"
                ));
            }
            (Some(count), ..) | (None, Some(count), _) => count,
            (None, None, Some(name)) => {
                return Err(format!("{rank_name} is set but {name} is not; say how many shards"));
            }
            (None, None, None) => {
                return Err(format!(
                    "{rank_name} does not tell how many there are; say how many shards"
                ));
            }
        };
        let shard = Shard::new(rank, count).map_err(|problem| format!("{rank_name}: {problem}"))?;
        match found {
            Some((other, name)) if other != shard => {
                return Err(format!(
                    "{name} makes this shard {other}, {rank_name} shard {shard}; name the shard: i/n"
                ));
            }
            Some(_) => {}
            None => found = Some((shard, rank_name)),
        }
    }
    let (shard, _) =
        found.ok_or("no launcher says which shard this is (SLURM_PROCID, RANK, JOB_COMPLETION_INDEX); name it: i/n")?;
    let local_rank = match (read(LOCAL[0])?, read(LOCAL[1])?) {
        (Some(one), Some(other)) if one != other => {
            return Err(format!(
                "{} is {one}, but {} is {other}; unset one of them",
                LOCAL[0], LOCAL[1]
            ));
        }
        (one, other) => one.or(other).unwrap_or(0),
    };
    Ok(Assigned { shard, local_rank })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auto(shards: Option<usize>, variables: &[(&str, &str)]) -> Result<(String, usize), String> {
        let variable = |name: &str| {
            let found = variables.iter().find(|pair| pair.0 == name);
            found.map(|pair| pair.1.to_owned())
        };
        assigned(shards, variable).map(|found| (found.shard.to_string(), found.local_rank))
    }

    #[test]
    fn launchers() {
        let slurm = [("SLURM_PROCID", "5"), ("SLURM_NTASKS", "8"), ("SLURM_LOCALID", "1")];
        assert_eq!(auto(None, &slurm), Ok(("5/8".to_owned(), 1)));
        assert_eq!(auto(Some(8), &slurm), Ok(("5/8".to_owned(), 1)));
        let torch = [("RANK", "0"), ("WORLD_SIZE", "2"), ("LOCAL_RANK", "0")];
        assert_eq!(auto(None, &torch), Ok(("0/2".to_owned(), 0)));
        assert_eq!(
            auto(Some(3), &[("JOB_COMPLETION_INDEX", "2")]),
            Ok(("2/3".to_owned(), 0))
        );
        let both = [
            ("SLURM_PROCID", "1"),
            ("SLURM_NTASKS", "2"),
            ("RANK", "1"),
            ("WORLD_SIZE", "2"),
        ];
        assert_eq!(auto(None, &both), Ok(("1/2".to_owned(), 0)));
    }

    #[test]
    fn conflicts() {
        type Case = (Option<usize>, &'static [(&'static str, &'static str)], &'static str);
        let wrong: [Case; 9] = [
            (None, &[], "no launcher"),
            (None, &[("JOB_COMPLETION_INDEX", "2")], "how many"),
            (Some(2), &[("JOB_COMPLETION_INDEX", "2")], "counted from 0"),
            (None, &[("RANK", "0")], "WORLD_SIZE is not"),
            (Some(4), &[("RANK", "0"), ("WORLD_SIZE", "2")], "4 shards are asked for"),
            (None, &[("RANK", "-1"), ("WORLD_SIZE", "2")], "not a number"),
            (None, &[("RANK", "2"), ("WORLD_SIZE", "2")], "RANK: shard 2/2"),
            (
                None,
                &[
                    ("RANK", "0"),
                    ("WORLD_SIZE", "2"),
                    ("SLURM_PROCID", "1"),
                    ("SLURM_NTASKS", "2"),
                ],
                "SLURM_PROCID makes this shard 1/2, RANK shard 0/2",
            ),
            (
                None,
                &[
                    ("RANK", "0"),
                    ("WORLD_SIZE", "2"),
                    ("LOCAL_RANK", "0"),
                    ("SLURM_LOCALID", "1"),
                ],
                "SLURM_LOCALID is 1",
            ),
        ];
        for (shards, variables, words) in wrong {
            let problem = auto(shards, variables).expect_err(words);
            assert!(problem.contains(words), "{problem}");
        }
    }

    #[test]
    fn texts() {
        assert_eq!(
            "3/4".parse::<Shard>().map(|shard| shard.folder()),
            Ok("shard-3-of-4".to_owned())
        );
        for text in ["4/4", "0/0", "1", "/", "+1/4", "1/4/4", "a/b", ""] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
