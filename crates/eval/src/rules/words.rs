//! How the VQA family normalises answers, and its soft accuracy: shared by VQAv2 (both scorers), VizWiz and TextVQA.
//!
//! The rules are those of GT-Vision-Lab/VQA (`vqaEval.py`, BSD-2-Clause, (c) 2014 Aishwarya Agrawal), which the others took over.
//! Two of its regular expressions do not do what they seem to, and the scores of the field depend on it:
//!
//! - `re.sub`'s count is given `re.UNICODE`, which is 32: only the first 32 full stops go.
//! - `(?!<=\d)` is a look-ahead for `<=` and a digit, which no full stop is, where a look-behind for a digit was meant: a full stop after
//!   a digit goes as well, unless a digit follows.

use crate::mutant::branch;
use crate::python;

/// Characters that normalisation removes or turns into a space. From `vqaEval.py` (BSD-2-Clause, see above).
const PUNCTUATION: [char; 21] = [
    ';', '/', '[', ']', '"', '{', '}', '(', ')', '=', '+', '\\', '_', '-', '>', '<', '@', '`', ',', '?', '!',
];

/// Words that normalisation leaves out. From `vqaEval.py` (BSD-2-Clause, see above).
const ARTICLES: [&str; 3] = ["a", "an", "the"];

/// Number words and their digits. From `vqaEval.py` (BSD-2-Clause, see above).
const NUMBERS: [(&str, &str); 12] = [
    ("none", "0"),
    ("zero", "0"),
    ("one", "1"),
    ("two", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("six", "6"),
    ("seven", "7"),
    ("eight", "8"),
    ("nine", "9"),
    ("ten", "10"),
];

/// How many full stops go at most: the value of Python's `re.UNICODE`.
const FULL_STOPS: usize = 32;

/// A table of words and what they become.
pub(crate) type Contractions = [(&'static str, &'static str); 120];

/// Contractions without their apostrophe. From `vqaEval.py` (BSD-2-Clause, see above); TextVQA's evaluator has the same.
/// Normalisation looks them up in lower case, so those with a capital never occur.
#[rustfmt::skip]
pub(crate) const CONTRACTIONS: Contractions = [
    ("aint", "ain't"), ("arent", "aren't"), ("cant", "can't"), ("couldve", "could've"), ("couldnt", "couldn't"),
    ("couldn'tve", "couldn't've"), ("couldnt've", "couldn't've"), ("didnt", "didn't"), ("doesnt", "doesn't"),
    ("dont", "don't"), ("hadnt", "hadn't"), ("hadnt've", "hadn't've"), ("hadn'tve", "hadn't've"), ("hasnt", "hasn't"),
    ("havent", "haven't"), ("hed", "he'd"), ("hed've", "he'd've"), ("he'dve", "he'd've"), ("hes", "he's"),
    ("howd", "how'd"), ("howll", "how'll"), ("hows", "how's"), ("Id've", "I'd've"), ("I'dve", "I'd've"),
    ("Im", "I'm"), ("Ive", "I've"), ("isnt", "isn't"), ("itd", "it'd"), ("itd've", "it'd've"), ("it'dve", "it'd've"),
    ("itll", "it'll"), ("let's", "let's"), ("maam", "ma'am"), ("mightnt", "mightn't"), ("mightnt've", "mightn't've"),
    ("mightn'tve", "mightn't've"), ("mightve", "might've"), ("mustnt", "mustn't"), ("mustve", "must've"),
    ("neednt", "needn't"), ("notve", "not've"), ("oclock", "o'clock"), ("oughtnt", "oughtn't"),
    ("ow's'at", "'ow's'at"), ("'ows'at", "'ow's'at"), ("'ow'sat", "'ow's'at"), ("shant", "shan't"),
    ("shed've", "she'd've"), ("she'dve", "she'd've"), ("she's", "she's"), ("shouldve", "should've"),
    ("shouldnt", "shouldn't"), ("shouldnt've", "shouldn't've"), ("shouldn'tve", "shouldn't've"),
    ("somebody'd", "somebodyd"), ("somebodyd've", "somebody'd've"), ("somebody'dve", "somebody'd've"),
    ("somebodyll", "somebody'll"), ("somebodys", "somebody's"), ("someoned", "someone'd"),
    ("someoned've", "someone'd've"), ("someone'dve", "someone'd've"), ("someonell", "someone'll"),
    ("someones", "someone's"), ("somethingd", "something'd"), ("somethingd've", "something'd've"),
    ("something'dve", "something'd've"), ("somethingll", "something'll"), ("thats", "that's"), ("thered", "there'd"),
    ("thered've", "there'd've"), ("there'dve", "there'd've"), ("therere", "there're"), ("theres", "there's"),
    ("theyd", "they'd"), ("theyd've", "they'd've"), ("they'dve", "they'd've"), ("theyll", "they'll"),
    ("theyre", "they're"), ("theyve", "they've"), ("twas", "'twas"), ("wasnt", "wasn't"), ("wed've", "we'd've"),
    ("we'dve", "we'd've"), ("weve", "we've"), ("werent", "weren't"), ("whatll", "what'll"), ("whatre", "what're"),
    ("whats", "what's"), ("whatve", "what've"), ("whens", "when's"), ("whered", "where'd"), ("wheres", "where's"),
    ("whereve", "where've"), ("whod", "who'd"), ("whod've", "who'd've"), ("who'dve", "who'd've"), ("wholl", "who'll"),
    ("whos", "who's"), ("whove", "who've"), ("whyll", "why'll"), ("whyre", "why're"), ("whys", "why's"),
    ("wont", "won't"), ("wouldve", "would've"), ("wouldnt", "wouldn't"), ("wouldnt've", "wouldn't've"),
    ("wouldn'tve", "wouldn't've"), ("yall", "y'all"), ("yall'll", "y'all'll"), ("y'allll", "y'all'll"),
    ("yall'd've", "y'all'd've"), ("y'alld've", "y'all'd've"), ("y'all'dve", "y'all'd've"), ("youd", "you'd"),
    ("youd've", "you'd've"), ("you'dve", "you'd've"), ("youll", "you'll"), ("youre", "you're"), ("youve", "you've"),
];

/// A line of its own, so to speak: line feeds and tabs become spaces, white space at both ends goes.
pub(crate) fn plain(text: &str) -> String {
    let text = branch!("words.line_feed", text.replace('\n', " "), text.to_owned());
    let text = branch!("words.tab", text.replace('\t', " "), text);
    branch!("words.strip", python::strip(&text).to_owned(), text)
}

/// Whether a comma stands between two digits of any script, which makes all punctuation go without a space in its place.
pub(crate) fn has_digit_comma(text: &str) -> bool {
    let is_digit = |c: char| branch!("comma.any_script", python::is_decimal(c), c.is_ascii_digit());
    let mut before = [' '; 2];
    text.chars().any(|c| {
        let after_digit = branch!("comma.after_digit", is_digit(before[0]), true);
        let before_digit = branch!("comma.before_digit", is_digit(c), true);
        let found = after_digit && before[1] == ',' && before_digit;
        before = [before[1], c];
        found
    })
}

/// Removes punctuation that stands beside a space anywhere in the text, or all of it if there is a comma between digits; turns what is
/// left of it into spaces; removes full stops.
pub(crate) fn punctuation(text: &str, digit_comma: bool) -> String {
    let mut out = text.to_owned();
    for mark in PUNCTUATION {
        let seen = branch!("words.beside_in_original", text, out.as_str());
        let before = branch!("words.before_space", seen.contains(&format!("{mark} ")), false);
        let after = branch!("words.after_space", seen.contains(&format!(" {mark}")), false);
        let instead = if before || after || digit_comma {
            ""
        } else {
            branch!("words.into_space", " ", "")
        };
        out = out.replace(mark, instead);
    }
    without_full_stops(&out)
}

/// Removes the first 32 full stops that no digit follows.
fn without_full_stops(text: &str) -> String {
    let is_digit = |c: char| branch!("words.stop_any_script", python::is_decimal(c), c.is_ascii_digit());
    let most = branch!("words.stop_count", FULL_STOPS, usize::MAX);
    let mut out = String::with_capacity(text.len());
    let mut removed = 0;
    for (at, c) in text.char_indices() {
        let followed = text[at + c.len_utf8()..].chars().next().is_some_and(is_digit);
        let kept = branch!("words.stop_digit", followed, false)
            || branch!(
                "words.stop_look_behind",
                false,
                text[..at].chars().next_back().is_some_and(is_digit)
            );
        if c == '.' && !kept && removed < most {
            removed += 1;
        } else {
            out.push(c);
        }
    }
    out
}

/// Of a text in lower case: words apart by one space, number words as digits, articles left out, contractions with their apostrophe.
pub(crate) fn words(text: &str, contractions: &Contractions) -> String {
    let parts: Vec<&str> = branch!(
        "words.split",
        python::split(text).collect(),
        text.split_ascii_whitespace().collect()
    );
    let parts: Vec<&str> = parts
        .into_iter()
        .map(|word| branch!("words.number", looked_up(&NUMBERS, word), word))
        .filter(|word| branch!("words.article", !ARTICLES.contains(word), true))
        .map(|word| branch!("words.contraction", looked_up(contractions, word), word))
        .collect();
    parts.join(" ")
}

fn looked_up<'a>(table: &[(&str, &'static str)], word: &'a str) -> &'a str {
    table.iter().find(|(from, _)| *from == word).map_or(word, |(_, to)| to)
}

/// Soft accuracy, left one out: the mean over all given answers of min(1, matches among the *others* / 3).
///
/// `same(i, j)` says whether the official code takes answers `i` and `j` for the same one, `matches(j)` whether the prediction is answer `j`.
pub(crate) fn soft_accuracy(
    answers: usize,
    same: impl Fn(usize, usize) -> bool,
    matches: impl Fn(usize) -> bool,
) -> Option<f64> {
    if answers == 0 {
        return None;
    }
    let one_left_out = |left: usize| {
        let others = (0..answers)
            .filter(|&other| !same(left, other) && matches(other))
            .count() as f64;
        let share = others / branch!("words.three", 3.0, 4.0);
        branch!("words.at_most_one", share.min(1.0), share)
    };
    Some(python::sum((0..answers).map(one_left_out)) / answers as f64)
}
