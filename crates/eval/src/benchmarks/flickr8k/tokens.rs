//! Words of captions, as the Penn Treebank tokenizer of the official caption evaluation cuts them:
//! clitics stand apart, words with hyphens and slashes stay whole, abbreviations keep their full
//! stop, and punctuation is left out.
//!
//! Written from what that tokenizer says to ordinary captions, not from its grammar. Addresses,
//! tags and the like may be cut otherwise.

/// Abbreviations that keep their full stop.
#[rustfmt::skip]
const ABBREVIATIONS: [&str; 110] = [
    "adj", "adm", "adv", "al", "ala", "apr", "ariz", "assn", "asst", "attys", "aug", "ave", "bldg", "blvd", "bros", "calif", "capt", "cf",
    "cmdr", "co", "col", "colo", "conn", "corp", "cpl", "ct", "dak", "dec", "dept", "det", "dr", "elec", "esq", "est", "etc", "ext", "feb",
    "fla", "fri", "ft", "ga", "gen", "gov", "hon", "inc", "ind", "insp", "intl", "jan", "jr", "jul", "jun", "kan", "ky", "lt", "ltd", "maj",
    "mar", "md", "messrs", "mfg", "mich", "minn", "mo", "mon", "mont", "mr", "mrs", "ms", "mt", "natl", "neb", "nev", "nov", "oct", "okla",
    "penn", "pfc", "ph", "pres", "prof", "pvt", "rd", "rep", "reps", "rev", "rt", "sen", "sens", "sep", "sept", "sgt", "sq", "sr", "st",
    "ste", "supt", "tel", "tenn", "thu", "thurs", "treas", "tue", "tues", "univ", "va", "vs", "wed", "wis", "wyo",
];

/// Further abbreviations: the official list has them among tokens that are no words.
const MORE: [&str; 1] = ["la"];

/// Words that are two.
const JOINED: [(&str, [&str; 2]); 8] = [
    ("cannot", ["can", "not"]),
    ("gonna", ["gon", "na"]),
    ("wanna", ["wan", "na"]),
    ("gotta", ["got", "ta"]),
    ("gimme", ["gim", "me"]),
    ("lemme", ["lem", "me"]),
    ("'tis", ["'t", "is"]),
    ("'twas", ["'t", "was"]),
];

/// Endings that stand apart.
const CLITICS: [&str; 6] = ["'s", "'m", "'d", "'re", "'ve", "'ll"];

/// Beginnings after which an apostrophe does not end a word.
const ELISIONS: [&str; 8] = ["o'", "d'", "l'", "c'", "qu'", "ma'", "j'", "n'"];

/// Words that begin with an apostrophe.
const CUT: [&str; 5] = ["'em", "'til", "'cause", "'n'", "'n"];

/// The words of a caption, in lower case and without punctuation.
pub fn words(caption: &str) -> Vec<String> {
    let text: String = caption.to_lowercase().chars().map(plain).collect();
    let chunks: Vec<&str> = text.split_whitespace().collect();
    let mut out = Vec::new();
    for (at, chunk) in chunks.iter().enumerate() {
        let counts = chunks
            .get(at + 1)
            .is_some_and(|next| next.starts_with(|c: char| c.is_ascii_digit()));
        cut(chunk, counts, &mut out);
    }
    out
}

/// Typographic signs as typewriters have them.
fn plain(c: char) -> char {
    match c {
        '\u{2018}' | '\u{2019}' => '\'',
        '\u{201c}' | '\u{201d}' => '"',
        '\u{2013}' | '\u{2014}' => '-',
        '\u{2026}' => '.',
        other => other,
    }
}

/// Cuts what stands between two spaces. `counts`: whether a number follows.
fn cut(chunk: &str, counts: bool, out: &mut Vec<String>) {
    let mut rest = chunk;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' => apostrophe(rest, out),
            '(' => bracket("-lrb-", out),
            ')' => bracket("-rrb-", out),
            '[' => bracket("-lsb-", out),
            ']' => bracket("-rsb-", out),
            '{' => bracket("-lcb-", out),
            '}' => bracket("-rcb-", out),
            '?' | '!' => {
                let run = rest.len() - rest.trim_start_matches(['?', '!']).len();
                // A single one is punctuation; a run is a word of its own in the official
                // evaluation.
                if run > 1 {
                    out.push(rest[..run].to_owned());
                }
                run
            }
            '.' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => {
                let run = 1 + number(&rest[1..]);
                out.push(rest[..run].to_owned());
                run
            }
            '.' | ',' | ':' | ';' | '-' | '"' | '`' => first.len_utf8(),
            c if c.is_alphanumeric() => word(rest, counts, out),
            c => {
                out.push(c.to_string());
                c.len_utf8()
            }
        };
        rest = &rest[length..];
    }
}

fn bracket(name: &str, out: &mut Vec<String>) -> usize {
    out.push(name.to_owned());
    1
}

/// What an apostrophe begins: a clitic, a word that is cut at its start, a decade, or a quotation.
fn apostrophe(rest: &str, out: &mut Vec<String>) -> usize {
    let ends = |length: usize| !rest[length..].starts_with(char::is_alphanumeric);
    let known = |list: &[&'static str]| {
        list.iter()
            .copied()
            .find(|known| rest.starts_with(known) && ends(known.len()))
    };
    if let Some((whole, parts)) = JOINED
        .iter()
        .find(|(whole, _)| rest.starts_with(whole) && ends(whole.len()))
    {
        out.extend(parts.map(str::to_owned));
        return whole.len();
    }
    if let Some(known) = known(&CLITICS).or_else(|| known(&CUT)) {
        out.push(known.to_owned());
        return known.len();
    }
    let digits = rest[1..].len() - rest[1..].trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let decade = 1 + digits + usize::from(rest[1 + digits..].starts_with('s'));
    if digits == 2 && ends(decade) {
        out.push(rest[..decade].to_owned());
        return decade;
    }
    1
}

/// Bytes of the number that a text begins with: digits, and between digits one of `.,:/`.
fn number(text: &str) -> usize {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut end = 0;
    while is_digit(end) || (end > 0 && matches!(bytes.get(end), Some(b'.' | b',' | b':' | b'/')) && is_digit(end + 1)) {
        end += 1;
    }
    end
}

/// Bytes of the letters, digits and joining signs that a text begins with.
fn run(text: &str) -> usize {
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let at = |n: usize| chars.get(n).map(|(_, c)| *c);
    let is_word = |n: usize| at(n).is_some_and(char::is_alphanumeric);
    let is_letter = |n: usize| at(n).is_some_and(char::is_alphabetic);
    let mut end = 0;
    loop {
        let place = chars.get(end).map_or(text.len(), |(place, _)| *place);
        match at(end) {
            Some(c) if c.is_alphanumeric() => end += 1,
            Some('-' | '_' | '/') if is_word(end + 1) => end += 1,
            Some('.') if is_letter(end - 1) && is_letter(end + 1) => end += 1,
            Some('\'')
                if is_word(end + 1)
                    && ELISIONS
                        .iter()
                        .any(|known| text[..=place].ends_with(known) && known.len() == place + 1) =>
            {
                end += 1
            }
            _ => return place,
        }
    }
}

/// Cuts a word and what belongs to it. Gives its bytes.
fn word(rest: &str, counts: bool, out: &mut Vec<String>) -> usize {
    let length = run(rest);
    let numeral = number(rest);
    if numeral >= length {
        out.push(rest[..numeral].to_owned());
        return numeral;
    }
    let (text, behind) = rest.split_at(length);
    // don't: the n belongs to the ending.
    if text.ends_with('n') && text.len() > 1 && is_not(behind) {
        out.push(text[..text.len() - 1].to_owned());
        out.push("n't".to_owned());
        return length + 2;
    }
    if text == "n" && is_not(behind) {
        out.push("n't".to_owned());
        return length + 2;
    }
    if let Some((_, parts)) = JOINED.iter().find(|(whole, _)| *whole == text) {
        out.extend(parts.map(str::to_owned));
        return length;
    }
    if behind.starts_with('.') && keeps_full_stop(text, counts) {
        out.push(format!("{text}."));
        return length + 1;
    }
    out.push(text.to_owned());
    length
}

/// Whether a text begins with `'t` and the word ends there.
fn is_not(behind: &str) -> bool {
    behind
        .strip_prefix("'t")
        .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

/// Whether the full stop behind a text is part of it: of an abbreviation, or of letters with a full
/// stop behind each.
fn keeps_full_stop(text: &str, counts: bool) -> bool {
    let letters = text
        .split('.')
        .all(|part| part.chars().count() == 1 && part.chars().all(char::is_alphabetic));
    let listed = ABBREVIATIONS.binary_search(&text).is_ok() || MORE.contains(&text);
    letters || listed || (counts && matches!(text, "no" | "nos"))
}
