//! The measurement of `bench.html`.

use serde::{Deserialize, Serialize};
use sightline_messages::{Command, Event, Measured};

use super::input::Input;
use crate::state::{Remedy, State};
use crate::update::{self, Effect};

/// Runs of a measurement.
const RUNS: u32 = 10;

/// How far the measurement is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) enum Measuring {
    /// Not asked for.
    #[default]
    Not,
    /// It runs.
    Running,
    /// Its result.
    Done(Measured),
}

/// What the input changes of the measurement.
pub(super) fn update(measuring: &mut Measuring, state: &State, input: &update::Input) -> Vec<Effect> {
    match input {
        update::Input::Lab(Input::Measure) if state.loaded().is_some() && *measuring != Measuring::Running => {
            *measuring = Measuring::Running;
            return vec![Effect::Send(Command::Measure { runs: RUNS })];
        }
        update::Input::Heard(Event::Measured(measured)) => *measuring = Measuring::Done(measured.clone()),
        // The engine that measured has ended.
        update::Input::Heard(Event::Broken { .. }) | update::Input::Remedy(Remedy::Restart | Remedy::Processor) => {
            *measuring = Measuring::Not;
        }
        _ => {}
    }
    Vec::new()
}

#[cfg(test)]
pub(super) mod tests {
    use sightline_messages::Loaded;

    use super::*;
    use crate::lab::tests::machine;
    use crate::state::Loading;

    pub(in crate::lab) fn loaded() -> State {
        State {
            loading: Loading::Loaded(Loaded {
                total_ms: 1.0,
                compile_ms: Vec::new(),
                device_bytes: 0,
                heap_bytes: 0,
                machine: machine(),
                check: None,
            }),
            ..State::default()
        }
    }

    #[test]
    fn a_measurement_needs_models_and_ends_with_its_engine() {
        let press = update::Input::Lab(Input::Measure);
        let mut measuring = Measuring::Not;
        assert!(update(&mut measuring, &State::default(), &press).is_empty());
        assert_eq!(measuring, Measuring::Not);

        let state = loaded();
        let effects = update(&mut measuring, &state, &press);
        assert_eq!(effects, [Effect::Send(Command::Measure { runs: RUNS })]);
        assert!(update(&mut measuring, &state, &press).is_empty(), "it runs already");

        let broken = Event::Broken {
            sentence: "Gone.".into(),
            remedy: sightline_messages::Remedy::Restart,
        };
        update(&mut measuring, &state, &update::Input::Heard(broken));
        assert_eq!(measuring, Measuring::Not);

        update(&mut measuring, &state, &press);
        let measured = Measured {
            machine: machine(),
            rows: Vec::new(),
        };
        update(
            &mut measuring,
            &state,
            &update::Input::Heard(Event::Measured(measured.clone())),
        );
        assert_eq!(measuring, Measuring::Done(measured));
    }
}
