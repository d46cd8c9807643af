//! The tests that run in a browser: builds the wasm module, serves it, starts headless Chromium,
//! and prints what comes back.

mod chromium;
mod log;
mod server;

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::counts::Outcome;
use crate::setup::{self, Need};
use crate::shell::say;
use crate::wasm;
use chromium::Chromium;
use log::{Log, Step};
use server::{Message, Server};

/// How long a page may be silent. The slowest case, an encoder on a software GPU, takes less than a
/// minute on two idle cores; a busy machine is slower.
const SILENCE: Duration = Duration::from_secs(600);

/// Runs the cases whose name contains `filter`.
pub(crate) fn test(filter: &str) -> Result<Outcome> {
    setup::ensure(&[Need::WasmTarget, Need::Chromium])?;
    say("building the wasm module of the tests (about 10 minutes on two cores when nothing is built yet)");
    let module = wasm::TESTS.build()?;
    let (server, messages) = Server::start(module)?;
    let url = format!("{}/?filter={}", server.url(), percent(filter));
    let program = setup::chromium().context("Chromium vanished")?;
    say(format!("running the browser tests in headless Chromium at {url}"));
    let mut chromium = Chromium::start(&program, &url)?;
    let outcome = listen(&messages, &mut chromium);
    if outcome.counts.failed > 0 {
        print!("{}", chromium.console());
    }
    Ok(outcome)
}

/// Prints what the page reports until it has finished, failed or fallen silent.
fn listen(messages: &Receiver<Message>, chromium: &mut Chromium) -> Outcome {
    let mut log = Log::default();
    let mut heard = Instant::now();
    loop {
        match messages.recv_timeout(Duration::from_secs(1)) {
            Ok(message) => {
                heard = Instant::now();
                if log.take(message) == Step::End {
                    return log.outcome();
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                if let Some(status) = chromium.ended() {
                    return log.broken(&format!("Chromium ended before the tests did ({status})"));
                }
                if heard.elapsed() > SILENCE {
                    return log.broken(&format!("nothing came from the page for {} s", SILENCE.as_secs()));
                }
            }
            Err(RecvTimeoutError::Disconnected) => return log.broken("the server of the test page ended"),
        }
    }
}

/// Percent-encodes everything but the characters a name is made of.
fn percent(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' => (b as char).to_string(),
            b => format!("%{b:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn filters_survive_a_url() {
        assert_eq!(percent("wgpu::scan/7x5"), "wgpu%3A%3Ascan%2F7x5");
    }
}
