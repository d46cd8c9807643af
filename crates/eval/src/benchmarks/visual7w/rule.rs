//! Visual7W: the most probable of four options is the answer. The benchmark's own paper (Zhu et al. 2016, section 5.1) scores the option with
//! the highest log-likelihood; ours is divided by the number of tokens, so that short options have no advantage.

use crate::score::Score;

/// Options of a question.
pub const OPTIONS: usize = 4;

/// Score of one answer: whether the most probable option is the right one. Of equal ones the first counts; a probability that is no number
/// makes the answer invalid.
pub fn score(probabilities: &[f64], right: usize) -> Score {
    let best = |best: usize, at: usize| {
        if probabilities[at] > probabilities[best] {
            at
        } else {
            best
        }
    };
    let said = probabilities
        .iter()
        .all(|share| !share.is_nan())
        .then(|| (0..probabilities.len()).fold(0, best));
    Score::or_invalid(said.map(|said| f64::from(said == right)))
}

/// An option as it is scored, which is how the models' training writes answers: without space and full stop at its ends, in lower case.
pub fn plain(option: &str) -> String {
    option.trim().trim_end_matches('.').trim_end().to_lowercase()
}

/// The six words that questions begin with; a benchmark's question is of one of them.
pub const WORDS: [&str; 6] = ["what", "where", "when", "who", "why", "how"];

/// The word of a question that does not say its type: its first, if it is one of [`WORDS`].
pub fn word(question: &str) -> Option<&'static str> {
    let first = question.split_whitespace().next()?;
    let first = first.split(['\'', '\u{2019}']).next().unwrap_or(first);
    WORDS.into_iter().find(|word| first.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_probable_option_is_the_answer() {
        assert_eq!(score(&[0.1, 0.2, 0.4, 0.3], 2).score, 1.0);
        assert_eq!(score(&[0.1, 0.2, 0.4, 0.3], 3).score, 0.0);
        assert_eq!(score(&[0.25; 4], 0).score, 1.0);
        assert_eq!(score(&[0.25; 4], 1).score, 0.0);
        assert_eq!(score(&[0.1, f64::NAN, 0.4, 0.3], 2).valid, Some(false));
    }

    #[test]
    fn options_as_training_writes_them() {
        assert_eq!(plain(" On the Street. "), "on the street");
        assert_eq!(plain("3:45 p.m."), "3:45 p.m");
        assert_eq!(word("What's that?"), Some("what"));
        assert_eq!(word("How many cats?"), Some("how"));
        assert_eq!(word("Is it day?"), None);
    }
}
