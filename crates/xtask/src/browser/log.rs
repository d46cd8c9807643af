//! What the page reports, as lines and counts.

use std::collections::BTreeMap;

use sightline_messages::{TestEvent, VERSION};

use super::server::Message;
use crate::counts::Outcome;

/// Whether there is more to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    More,
    End,
}

/// Everything reported so far.
#[derive(Debug, Default)]
pub(super) struct Log {
    outcome: Outcome,
    announced: Option<u32>,
    reported: u32,
    /// The slowest case of each operation: its time in milliseconds.
    slowest: BTreeMap<String, f64>,
}

impl Log {
    /// Prints a message and counts it.
    pub(super) fn take(&mut self, message: Message) -> Step {
        match message {
            Message::Event(event) => self.event(event),
            Message::Note(text) => {
                println!("browser: {text}");
                Step::More
            }
            Message::Broken(text) => {
                self.fail(&text);
                Step::End
            }
        }
    }

    fn event(&mut self, event: TestEvent) -> Step {
        match event {
            TestEvent::Started {
                version,
                adapter,
                cases,
            } => {
                println!("browser: {cases} cases on {adapter}");
                self.announced = Some(cases);
                if version != VERSION {
                    self.fail(&format!(
                        "the module speaks version {version} of the messages, the harness {VERSION}"
                    ));
                    return Step::End;
                }
                Step::More
            }
            TestEvent::Case {
                name,
                outcome,
                detail,
                ms,
            } => {
                self.case(&name, outcome, &detail, ms);
                Step::More
            }
            TestEvent::Finished => Step::End,
        }
    }

    fn case(&mut self, name: &str, outcome: sightline_messages::Outcome, detail: &str, ms: f64) {
        self.reported += 1;
        let word = match outcome {
            sightline_messages::Outcome::Passed => {
                self.outcome.counts.passed += 1;
                "ok"
            }
            sightline_messages::Outcome::Failed => {
                self.outcome.counts.failed += 1;
                self.outcome.failures.push(format!("{name}: {detail}"));
                "FAILED"
            }
            sightline_messages::Outcome::Skipped => {
                self.outcome.counts.skipped += 1;
                self.outcome.skips.push(format!("{name}: {detail}"));
                "ignored"
            }
        };
        println!("test browser::{name} ... {word} ({detail}; {ms:.0} ms)");
        let operation = name.split('/').next().unwrap_or(name);
        let slowest = self.slowest.entry(operation.to_owned()).or_default();
        *slowest = slowest.max(ms);
    }

    fn fail(&mut self, text: &str) {
        println!("browser: {text}");
        self.outcome.counts.failed += 1;
        self.outcome.failures.push(text.to_owned());
    }

    /// The run broke off.
    pub(super) fn broken(mut self, text: &str) -> Outcome {
        self.fail(text);
        self.outcome()
    }

    /// Everything counted. Cases that were announced and never reported have failed, unless a
    /// filter left them out.
    pub(super) fn outcome(self) -> Outcome {
        let mut outcome = self.outcome;
        let unheard = self.announced.unwrap_or(0).saturating_sub(self.reported);
        if unheard > 0 {
            outcome.counts.failed += unheard as usize;
            outcome.failures.push(format!("{unheard} cases were never reported"));
        }
        if outcome.counts.passed + outcome.counts.failed == 0 {
            println!("browser: no case has that name");
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counts::Counts;

    fn started(cases: u32) -> Message {
        Message::Event(TestEvent::Started {
            version: VERSION,
            adapter: "test".into(),
            cases,
        })
    }

    fn case(outcome: sightline_messages::Outcome) -> Message {
        Message::Event(TestEvent::Case {
            name: "wgpu::op/1".into(),
            outcome,
            detail: "error 1".into(),
            ms: 1.0,
        })
    }

    #[test]
    fn a_whole_run_is_counted() {
        let mut log = Log::default();
        assert_eq!(log.take(started(3)), Step::More);
        log.take(case(sightline_messages::Outcome::Passed));
        log.take(case(sightline_messages::Outcome::Failed));
        log.take(case(sightline_messages::Outcome::Skipped));
        assert_eq!(log.take(Message::Event(TestEvent::Finished)), Step::End);
        let outcome = log.outcome();
        assert_eq!(
            outcome.counts,
            Counts {
                passed: 1,
                failed: 1,
                skipped: 1
            }
        );
        assert_eq!(outcome.failures, ["wgpu::op/1: error 1"]);
    }

    #[test]
    fn cases_lost_to_a_crash_have_failed() {
        let mut log = Log::default();
        log.take(started(5));
        log.take(case(sightline_messages::Outcome::Passed));
        assert_eq!(log.take(Message::Broken("unreachable executed".into())), Step::End);
        assert_eq!(log.outcome().counts.failed, 5);
    }

    #[test]
    fn silence_is_a_failure() {
        let outcome = Log::default().broken("nothing came");
        assert_eq!(outcome.counts.failed, 1);
    }
}
