//! Encoders over picture sizes, as `bench.html` measures them.

use serde::{Deserialize, Serialize};
use sightline_messages::{Command, Event, Fit, SIDES, SweepCommand, SweepEvent, SweepPoint};

use super::input::Input;
use crate::state::{Remedy, State};
use crate::update::{self, Effect};

/// Timed runs of every case.
const RUNS: u32 = 10;
/// Seconds after which a case takes no more runs.
const CASE_S: u32 = 20;

/// What is measured, and what was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sweeping {
    /// Largest side that was chosen, px.
    pub(crate) most: u32,
    /// Seconds that a run up to each side would take; empty before the engine has said so.
    pub(crate) estimates: Vec<f64>,
    /// How the selective scan runs here.
    pub(crate) scan: String,
    pub(crate) running: bool,
    /// The visitor has asked to end it.
    pub(crate) stopping: bool,
    /// The case that is measured.
    pub(crate) now: Option<Now>,
    pub(crate) points: Vec<SweepPoint>,
    pub(crate) fits: Vec<Fit>,
    /// What was not measured, and why.
    pub(crate) skipped: Vec<String>,
}

impl Default for Sweeping {
    fn default() -> Self {
        Self {
            most: SIDES[1],
            estimates: Vec::new(),
            scan: String::new(),
            running: false,
            stopping: false,
            now: None,
            points: Vec::new(),
            fits: Vec::new(),
            skipped: Vec::new(),
        }
    }
}

/// The case that is measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Now {
    /// The case for people.
    pub(crate) name: String,
    /// Number of cases before it.
    pub(crate) done: u32,
    /// Number of cases.
    pub(crate) all: u32,
    /// Seconds that are left, roughly.
    pub(crate) left_s: f64,
}

/// What the input changes of it.
pub(super) fn update(sweeping: &mut Sweeping, state: &State, input: &update::Input) -> Vec<Effect> {
    let send = |command| vec![Effect::Send(Command::Sweep(command))];
    match input {
        update::Input::Heard(Event::Ready { .. }) => return send(SweepCommand::Estimate),
        update::Input::Lab(Input::Most(most)) => sweeping.most = *most,
        update::Input::Lab(Input::Sweep) if state.machine.is_some() && !sweeping.running => {
            *sweeping = Sweeping {
                most: sweeping.most,
                running: true,
                estimates: std::mem::take(&mut sweeping.estimates),
                scan: std::mem::take(&mut sweeping.scan),
                ..Sweeping::default()
            };
            let most = sweeping.most;
            return send(SweepCommand::Run {
                most,
                runs: RUNS,
                case_s: CASE_S,
            });
        }
        update::Input::Lab(Input::StopSweep) if sweeping.running && !sweeping.stopping => {
            sweeping.stopping = true;
            return send(SweepCommand::Stop);
        }
        update::Input::Heard(Event::Sweep(event)) => heard(sweeping, event.clone()),
        // The engine that measured has ended. What it has measured stays.
        update::Input::Heard(Event::Broken { .. }) | update::Input::Remedy(Remedy::Restart | Remedy::Processor) => {
            ended(sweeping);
        }
        _ => {}
    }
    Vec::new()
}

fn heard(sweeping: &mut Sweeping, event: SweepEvent) {
    match event {
        SweepEvent::Estimates { seconds, scan } => (sweeping.estimates, sweeping.scan) = (seconds, scan),
        SweepEvent::Running {
            name,
            done,
            all,
            left_s,
        } => {
            sweeping.now = Some(Now {
                name,
                done,
                all,
                left_s,
            });
        }
        SweepEvent::Measured { point, fits } => {
            sweeping.points.push(point);
            sweeping.fits = fits;
        }
        SweepEvent::Skipped { sentence } => sweeping.skipped.push(sentence),
        SweepEvent::Done { .. } => ended(sweeping),
    }
}

fn ended(sweeping: &mut Sweeping) {
    (sweeping.running, sweeping.stopping, sweeping.now) = (false, false, None);
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn point(model: &str, side: u32, median_ms: f64) -> SweepPoint {
        SweepPoint {
            model: model.into(),
            side,
            half: false,
            tokens: (side / 16).pow(2),
            first_ms: 100.0 * median_ms,
            median_ms,
            least_ms: median_ms,
            runs: 10,
            own_ms: None,
            launches: 7,
            bytes: 1_000_000,
        }
    }

    fn hear(sweeping: &mut Sweeping, event: SweepEvent) -> Vec<Effect> {
        update(sweeping, &State::default(), &update::Input::Heard(Event::Sweep(event)))
    }

    #[test]
    fn a_run_needs_a_device_and_can_be_ended() {
        let press = |sweeping: &mut Sweeping, state: &State, input| update(sweeping, state, &update::Input::Lab(input));
        let (mut sweeping, mut state) = (Sweeping::default(), State::default());
        assert!(press(&mut sweeping, &state, Input::Sweep).is_empty());
        state.machine = Some(crate::lab::tests::machine());
        press(&mut sweeping, &state, Input::Most(896));
        let run = SweepCommand::Run {
            most: 896,
            runs: RUNS,
            case_s: CASE_S,
        };
        assert_eq!(
            press(&mut sweeping, &state, Input::Sweep),
            [Effect::Send(Command::Sweep(run))]
        );
        assert!(press(&mut sweeping, &state, Input::Sweep).is_empty(), "it runs already");
        let running = SweepEvent::Running {
            name: "one".into(),
            done: 0,
            all: 4,
            left_s: 3.0,
        };
        hear(&mut sweeping, running);
        assert_eq!(sweeping.now.as_ref().map(|now| now.all), Some(4));
        let fits = vec![Fit {
            model: "a".into(),
            half: false,
            exponent: 1.0,
        }];
        hear(
            &mut sweeping,
            SweepEvent::Measured {
                point: point("a", 224, 1.0),
                fits,
            },
        );
        assert_eq!((sweeping.points.len(), sweeping.fits.len()), (1, 1));
        let stop = [Effect::Send(Command::Sweep(SweepCommand::Stop))];
        assert_eq!(press(&mut sweeping, &state, Input::StopSweep), stop);
        assert!(press(&mut sweeping, &state, Input::StopSweep).is_empty());
        hear(&mut sweeping, SweepEvent::Done { stopped: true });
        assert!(!sweeping.running && !sweeping.stopping && sweeping.now.is_none());
        // What was measured stays until the next run begins.
        assert_eq!(sweeping.points.len(), 1);
        press(&mut sweeping, &state, Input::Sweep);
        assert!(sweeping.points.is_empty() && sweeping.most == 896);
    }

    #[test]
    fn an_engine_that_ends_leaves_what_it_measured() {
        let mut sweeping = Sweeping {
            running: true,
            points: vec![point("a", 224, 1.0)],
            ..Sweeping::default()
        };
        let broken = Event::Broken {
            sentence: "Gone.".into(),
            remedy: sightline_messages::Remedy::Restart,
        };
        update(&mut sweeping, &State::default(), &update::Input::Heard(broken));
        assert!(!sweeping.running && sweeping.points.len() == 1);
    }
}
