//! 100,000 random strings through every normaliser. `tests/goldens/score/strings.py` says how they are made, and makes the same.

use std::sync::OnceLock;

use flate2::Crc;
use serde_json::Value;
use sightline_eval::benchmarks::gqa::rule as gqa;
use sightline_eval::benchmarks::textvqa::rule as textvqa;
use sightline_eval::benchmarks::vizwiz::rule as vizwiz;
use sightline_eval::benchmarks::vqav2::rule as vqav2;
use sightline_eval::python;

use super::{Differences, golden, text};

const BLOCK: usize = 1000;
const SEED: u64 = 5;

const SPACES: &str = "\t\n\u{b}\u{c}\r\u{1c}\u{1d}\u{1e}\u{1f}\u{20}\u{85}\u{a0}\u{1680}\u{180e}\u{2000}\u{2005}\u{200a}\u{200b}\u{2028}\
                      \u{2029}\u{202f}\u{205f}\u{2060}\u{3000}\u{feff}";
const TENS: [u32; 14] = [
    0x660, 0x6F0, 0x966, 0x17E0, 0xFF10, 0x1D7CE, 0x1D7F6, 0x1FBF0, 0x11F50, 0x1E950, 0xB2, 0x2460, 0x2070, 0x1F100,
];
const CASES: &str = "\u{130}\u{131}\u{df}\u{1e9e}\u{3a3}\u{3c3}\u{3c2}\u{1c5}\u{1c6}\u{149}\u{390}\u{fb01}\u{212a}\u{c5}\u{2126}\u{17f}\
                     \u{345}\u{307}\u{13a0}\u{ab70}\u{10d0}\u{1c90}";
const BANDS: [u32; 25] = [
    0x370, 0x400, 0x530, 0x10A0, 0x1C80, 0x1E00, 0x1F00, 0x2160, 0x24B0, 0x2C00, 0xA640, 0xA720, 0xA7C0, 0x10400,
    0x10570, 0x10C80, 0x10D50, 0x118A0, 0x16E40, 0x1E900, 0x1D400, 0x1F130, 0x300, 0x1AB0, 0xE0100,
];
const IGNORED: &str = "'\u{2019}\u{b7}:.\u{ad}\u{200d}\u{b4}`^\u{2b0}\u{5f4}\u{fe52}\u{ff07}";
const WORDS: [&str; 14] = [
    "dont",
    "Isnt",
    "couldn'tve",
    "none",
    "Ten",
    "two",
    "a",
    "An",
    "the",
    "unanswerable",
    "dog's",
    "x",
    "wheres",
    "OCLOCK",
];
const PUNCTUATION: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Random numbers as `strings.py` makes them.
pub(super) struct Strings(pub(super) u64);

impl Strings {
    pub(super) fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let z = z ^ (z >> 31);
        ((z >> 33) % count as u64) as usize
    }

    pub(super) fn scalar(&mut self, end: usize) -> char {
        let code = self.below(end - 0x800) as u32;
        char::from_u32(if code < 0xD800 { code } else { code + 0x800 }).expect("not a surrogate")
    }

    fn of(&mut self, choices: &str) -> char {
        let at = self.below(choices.chars().count());
        choices.chars().nth(at).expect("within")
    }

    fn after(&mut self, bases: &[u32], count: usize) -> char {
        let base = bases[self.below(bases.len())];
        char::from_u32(base + self.below(count) as u32).expect("not a surrogate")
    }

    fn piece(&mut self, out: &mut String) {
        match self.below(16) {
            0 => out.push(self.scalar(0x11_0000)),
            1 => out.push(self.scalar(0x1_0000)),
            2 => out.push(self.of(SPACES)),
            3 => out.push(char::from(b'0' + self.below(10) as u8)),
            4 => out.push(self.after(&TENS, 10)),
            5 => out.push(self.of(PUNCTUATION)),
            6 => out.push(self.of(",.")),
            7 | 8 => out.push(self.of(CASES)),
            9 => out.push(self.after(&BANDS, 0x60)),
            10 => out.push(self.of(LETTERS)),
            11 => out.push(self.of(IGNORED)),
            12 => out.push_str(WORDS[self.below(WORDS.len())]),
            13 => match self.below(8) {
                0 => out.push_str(&".".repeat(self.below(40))),
                _ => out.push('.'),
            },
            _ => out.push(' '),
        }
    }

    fn text(&mut self) -> String {
        let mut out = String::new();
        for _ in 0..self.below(24) {
            self.piece(&mut out);
        }
        out
    }
}

/// What the VQA family does first.
fn plain(text: &str) -> String {
    python::strip(&text.replace(['\n', '\t'], " ")).to_owned()
}

fn kinds(text: &str) -> String {
    let kind =
        |c| u8::from(python::is_space(c)) + 2 * u8::from(python::is_digit(c)) + 4 * u8::from(python::is_decimal(c));
    text.chars().map(|c| char::from(b'0' + kind(c))).collect()
}

/// Name in the golden set, and ours.
type Normaliser = (&'static str, fn(&str) -> String);

const NORMALISERS: [Normaliser; 11] = [
    ("input", str::to_owned),
    ("vqav2", vqav2::normalise),
    ("vqav2 answer", vqav2::normalise_answer),
    ("vqav2 official", |text| vqav2::in_full(&plain(text))),
    ("vizwiz", vizwiz::normalise),
    ("textvqa", textvqa::normalise),
    ("gqa", gqa::normalise),
    ("lower", python::lower),
    ("strip", |text| python::strip(text).to_owned()),
    ("split", |text| python::split(text).collect::<Vec<_>>().join("|")),
    ("digits", kinds),
];

pub(crate) fn check() -> Differences {
    static LINES: OnceLock<Vec<Value>> = OnceLock::new();
    let lines = &LINES.get_or_init(|| golden("strings"))[1..];
    let (blocks, others): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line.get("block").is_some());
    let (planes, others): (Vec<_>, Vec<_>) = others.into_iter().partition(|line| line.get("plane").is_some());
    assert_eq!((blocks.len(), planes.len(), others.len()), (100, 17, 1), "lines");
    let mut differences = Differences::default();
    let mut random = Strings(SEED);
    for line in blocks {
        let strings: Vec<String> = (0..BLOCK).map(|_| random.text()).collect();
        for (name, run) in NORMALISERS {
            let ours = digest(strings.iter().map(|string| run(string)));
            differences.compare(
                || format!("block {} of {name}", line["block"]),
                &ours.as_str(),
                &text(line, name),
            );
        }
    }
    for line in planes {
        for (name, ours) in ["lower", "kinds", "values"].into_iter().zip(plane(&line["plane"])) {
            differences.compare(
                || format!("plane {} of {name}", line["plane"]),
                &ours.as_str(),
                &text(line, name),
            );
        }
    }
    let count = others[0]["numbers"].as_u64().expect("a count");
    for (name, ours) in ["input", "rounded"].into_iter().zip(numbers(&mut random, count)) {
        differences.compare(|| format!("numbers, {name}"), &ours.as_str(), &text(others[0], name));
    }
    differences
}

pub(super) fn digest(results: impl IntoIterator<Item = String>) -> String {
    let mut crc = Crc::new();
    for result in results {
        crc.update(result.as_bytes());
        crc.update(&[0xFF]);
    }
    format!("{:08x}", crc.sum())
}

/// Lower case alone and around a capital sigma, kinds, and decimal values of every character of a plane.
fn plane(number: &Value) -> [String; 3] {
    let first = (number.as_u64().expect("a plane") as u32) << 16;
    let characters: Vec<char> = (first..first + 0x1_0000).filter_map(char::from_u32).collect();
    let around = |c: &char| python::lower(&format!("{c}|A{c}\u{3a3}|{c}\u{3a3}{c}|A\u{3a3}{c}B"));
    let values = characters
        .iter()
        .filter_map(|&c| python::decimal_value(c))
        .map(|value| value.to_string());
    [
        digest(characters.iter().map(around)),
        digest(characters.iter().map(|c| kinds(&c.to_string()))),
        digest(values),
    ]
}

/// Rounding, ties among it.
fn numbers(random: &mut Strings, count: u64) -> [String; 2] {
    let (mut values, mut rounded) = (Vec::new(), Vec::new());
    for at in 0..count {
        let value = if at % 2 == 1 {
            random.below(1 << 24) as f64 / f64::from(1_u32 << random.below(24))
        } else {
            (random.below(5000) * 100) as f64 / (1 + random.below(5000)) as f64
        };
        values.push(format!("{:016x}", value.to_bits()));
        rounded.push(format!("{:016x}", python::round(value, random.below(5)).to_bits()));
    }
    [digest(values), digest(rounded)]
}
