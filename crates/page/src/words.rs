//! Numbers as people read them.

use sightline_messages::FileInfo;

use crate::state::{Engine, Remedy, Resume, State};

/// A length in bytes.
pub(crate) fn bytes(n: u64) -> String {
    match n {
        0..1_000_000 => format!("{:.0} kB", n as f64 / 1e3),
        _ => format!("{:.1} MB", n as f64 / 1e6),
    }
}

/// A time.
pub(crate) fn ms(ms: f64) -> String {
    match ms {
        ms if ms < 10.0 => format!("{ms:.1} ms"),
        ms if ms < 1e3 => format!("{ms:.0} ms"),
        ms if ms < 1e4 => format!("{:.2} s", ms / 1e3),
        ms => format!("{:.1} s", ms / 1e3),
    }
}

/// How long something will take: an estimate, so that only its order of magnitude is worth saying.
pub(crate) fn patience(seconds: f64) -> &'static str {
    match seconds {
        s if s < 3.0 => "a few seconds",
        s if s < 12.0 => "about ten seconds",
        s if s < 45.0 => "about half a minute",
        s if s < 100.0 => "about a minute",
        _ => "some minutes",
    }
}

/// How much longer a download takes.
pub(crate) fn left(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{:.0} s left", s.max(1.0)),
        s => format!("{:.0} min left", s / 60.0),
    }
}

/// Tokens per second, from the time of all tokens after the first; a single one has no speed.
pub(crate) fn rate(tokens: u32, decode_ms: f64) -> String {
    match tokens {
        0 | 1 => "one token".into(),
        n => per_second(f64::from(n - 1) / (decode_ms / 1e3).max(1e-6)),
    }
}

/// So many per second.
pub(crate) fn per_second(rate: f64) -> String {
    match rate {
        rate if rate < 100.0 => format!("{rate:.1}"),
        rate => format!("{rate:.0}"),
    }
}

/// A file of the bundle for people: what it is, and what is in it.
pub(crate) fn file(file: &FileInfo) -> (String, &str) {
    match &file.model {
        Some(title) => (format!("{title} arm"), "encoder, connector, adapters, dense head"),
        None => ("Language model".into(), &file.name),
    }
}

/// What another engine brings back, in a sentence; empty where none is offered.
pub(crate) fn comes_back(state: &State) -> &'static str {
    let offered = state.problem.as_ref().and_then(|problem| problem.remedy) == Some(Remedy::Restart);
    match &state.resume {
        Some(_) if state.engine != Engine::Gone || !offered => "",
        Some(_) if !state.keeps() => "This browser keeps no downloads, so the models come again after that.",
        Some(Resume { question: Some(_), .. }) => {
            "What was downloaded is kept: the models come back by themselves, and your question is asked again."
        }
        Some(_) => "What was downloaded is kept: the models come back by themselves.",
        None => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_units() {
        assert_eq!(bytes(98_362_432), "98.4 MB");
        assert_eq!(bytes(185_248), "185 kB");
        assert_eq!(
            [ms(3.21), ms(321.0), ms(3_214.0), ms(32_140.0)],
            ["3.2 ms", "321 ms", "3.21 s", "32.1 s"]
        );
        assert_eq!(
            (
                patience(1.0),
                patience(8.0),
                patience(20.0),
                patience(70.0),
                patience(130.0)
            ),
            (
                "a few seconds",
                "about ten seconds",
                "about half a minute",
                "about a minute",
                "some minutes"
            )
        );
        assert_eq!(
            (left(0.2), left(61.4), left(150.0)),
            ("1 s left".into(), "61 s left".into(), "2 min left".into())
        );
        assert_eq!((rate(1, 9.0), rate(11, 1000.0)), ("one token".into(), "10.0".into()));
    }
}
