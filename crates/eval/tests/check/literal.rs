//! The box parser against the fork's, on listed texts and on 1,000,000 made ones.
//! `tests/goldens/score/literals.py` makes the same.

use std::sync::OnceLock;

use serde_json::Value;
use sightline_eval::literal::parse_box;

use super::strings::{Strings, digest};
use super::{Differences, golden, text, texts};

const BLOCK: usize = 1000;

fn lines() -> &'static [Value] {
    static LINES: OnceLock<Vec<Value>> = OnceLock::new();
    LINES.get_or_init(|| golden("literal"))
}

fn verdict(answer: &str) -> String {
    let bits = |bounds: [f64; 4]| bounds.map(|value| format!("{:016x}", value.to_bits())).join(" ");
    parse_box(answer).map_or("-".to_owned(), bits)
}

/// Listed texts: each mutant must be noticed here.
pub(crate) fn check() -> Differences {
    let mut differences = Differences::default();
    for case in lines().iter().filter(|line| line.get("p").is_some()) {
        let ours = verdict(text(case, "p"));
        differences.compare(|| case.to_string(), &ours.as_str(), &text(case, "b"));
    }
    differences
}

/// Made texts, compared by a hash a block.
#[allow(dead_code, reason = "each test binary has all checks, not all run this one")]
pub(crate) fn million() -> Differences {
    let head = lines()
        .iter()
        .find(|line| line.get("tables").is_some())
        .expect("tables");
    let seed = head["seed"].as_u64().expect("a seed");
    let tables = Tables::of(&head["tables"]);
    let mut differences = Differences::default();
    let blocks: Vec<&Value> = lines().iter().filter(|line| line.get("block").is_some()).collect();
    assert_eq!(blocks.len(), 1000, "blocks");
    for line in blocks {
        let block = line["block"].as_u64().expect("a block");
        let mut made = Boxes {
            random: Strings(seed + block),
            tables: &tables,
        };
        let made: Vec<String> = (0..BLOCK).map(|_| made.text()).collect();
        let verdicts: Vec<String> = made.iter().map(|text| verdict(text)).collect();
        let input = digest(made);
        differences.compare(
            || format!("texts of block {block}"),
            &input.as_str(),
            &text(line, "input"),
        );
        let ours = digest(verdicts);
        differences.compare(|| format!("block {block}"), &ours.as_str(), &text(line, "hash"));
    }
    differences
}

/// The pieces that texts are made of.
struct Tables<'a> {
    numbers: Vec<&'a str>,
    /// The numbers that are not extremely long.
    short: usize,
    gaps: Vec<&'a str>,
    before: Vec<&'a str>,
    after: Vec<&'a str>,
    wrap: Vec<(&'a str, &'a str)>,
}

impl<'a> Tables<'a> {
    fn of(tables: &'a Value) -> Self {
        let pair = |pair: &'a Value| (pair[0].as_str().expect("left"), pair[1].as_str().expect("right"));
        Self {
            numbers: texts(tables, "numbers"),
            short: tables["short"].as_u64().expect("a count") as usize,
            gaps: texts(tables, "gaps"),
            before: texts(tables, "before"),
            after: texts(tables, "after"),
            wrap: tables["wrap"].as_array().expect("pairs").iter().map(pair).collect(),
        }
    }
}

/// Texts that are nearly boxes.
struct Boxes<'a> {
    random: Strings,
    tables: &'a Tables<'a>,
}

impl Boxes<'_> {
    const PIECES: &'static str = "[](){},.0123456789+-_eExXbBoOjJTF#\\\n\r\t \x0c'\"";

    fn below(&mut self, count: usize) -> usize {
        self.random.below(count)
    }

    fn one<'b>(&mut self, of: &[&'b str]) -> &'b str {
        of[self.below(of.len())]
    }

    fn gap(&mut self, out: &mut String) {
        if self.below(16) == 0 {
            out.push_str(self.one(&self.tables.gaps));
        }
    }

    fn number(&mut self, at: usize, out: &mut String) {
        if self.below(12) == 0 {
            out.push_str(self.one(&self.tables.numbers));
            return;
        }
        out.push_str(&format!("0.{}", at / 2 * 5 + self.below(5)));
        for _ in 0..self.below(4) {
            out.push_str(&self.below(10).to_string());
        }
    }

    fn whole(&mut self) -> String {
        let mut out = String::new();
        if self.below(8) == 0 {
            out.push_str(self.one(&self.tables.before));
        }
        let wrap = if self.below(8) == 0 {
            self.below(self.tables.wrap.len())
        } else {
            0
        };
        let (left, right) = self.tables.wrap[wrap];
        out.push_str(left);
        out.push('[');
        let count = if self.below(24) == 0 { self.below(7) } else { 4 };
        for at in 0..count {
            self.gap(&mut out);
            self.number(at, &mut out);
            self.gap(&mut out);
            if at + 1 < count || self.below(8) == 0 {
                out.push(',');
            }
        }
        self.gap(&mut out);
        out.push(']');
        out.push_str(right);
        if self.below(8) == 0 {
            out.push_str(self.one(&self.tables.after));
        }
        out
    }

    fn piece(&mut self) -> String {
        match self.below(8) {
            0 => self.random.scalar(0x11_0000).to_string(),
            1 => self.one(&self.tables.gaps).to_owned(),
            2 => self.one(&self.tables.numbers[..self.tables.short]).to_owned(),
            _ => char::from(Self::PIECES.as_bytes()[self.below(Self::PIECES.len())]).to_string(),
        }
    }

    fn text(&mut self) -> String {
        if self.below(16) == 0 {
            return (0..self.below(16)).map(|_| self.piece()).collect();
        }
        let mut out: Vec<char> = self.whole().chars().collect();
        for _ in 0..[0, 0, 0, 0, 0, 1, 1, 3][self.below(8)] {
            let at = self.below(out.len() + 1);
            let kind = self.below(8);
            let next = (at + 1).min(out.len());
            match kind {
                0..3 => drop(out.drain(at..next)),
                3..6 => drop(out.splice(at..at, self.piece().chars().collect::<Vec<_>>())),
                6 => drop(out.splice(at..next, self.piece().chars().collect::<Vec<_>>())),
                _ if self.below(3) == 0 => out.truncate(at),
                _ => {}
            }
        }
        out.into_iter().collect()
    }
}
