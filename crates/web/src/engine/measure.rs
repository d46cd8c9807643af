//! The bench page's numbers, and the features that are compared with the native program's.

use sightline_messages::{Event, Measure, Measured, Work};
use sightline_vision::built_in;
use sightline_vlm::{Vlm, VlmError};

use super::failure::of_question;
use super::state::State;

/// Most runs of a measurement.
const MAX_RUNS: u32 = 200;
/// Decoding steps of one run.
const STEPS: usize = 16;

impl State {
    /// Answers [`sightline_messages::Command::Measure`].
    pub(super) async fn measure(&mut self, runs: u32) {
        let Some(arms) = &mut self.arms else {
            return self
                .outbox
                .notice("Nothing was measured: the models are not loaded yet.");
        };
        let runs = runs.clamp(1, MAX_RUNS);
        let mut rows = Vec::new();
        for model in arms.models.loaded() {
            match measure(model, runs).await {
                Ok(measured) => rows.extend(measured),
                Err(error) => return self.outbox.send(&of_question(0, &error)),
            }
        }
        self.outbox.send(&Event::Measured(Measured {
            machine: arms.machine.clone(),
            rows,
        }));
    }

    /// Answers [`sightline_messages::Command::Features`].
    pub(super) async fn features(&mut self) {
        let (Some(arms), Some(picture)) = (&mut self.arms, self.pictures.last()) else {
            return self
                .outbox
                .notice("There are no features: the models or the picture are not here yet.");
        };
        for model in arms.models.loaded() {
            let features = match model.look(&picture).await {
                Ok(_) => model.features().await,
                Err(error) => Err(error),
            };
            match features {
                Ok(values) => self.outbox.send(&Event::Features {
                    model: model.id().to_owned(),
                    values,
                }),
                Err(error) => return self.outbox.send(&of_question(0, &error)),
            }
        }
    }
}

/// One model: pictures, and steps behind the last of them.
async fn measure(model: &mut Vlm, runs: u32) -> Result<[Measure; 2], VlmError> {
    let (mut encode, mut decode) = (Vec::new(), Vec::new());
    for run in 0..runs {
        // Another picture every time, or nothing would be computed.
        encode.push(model.look(&built_in(100 + run)).await?.encode_ms);
        decode.push(model.time_steps(STEPS).await?);
    }
    let cost = model.cost();
    let row = |what, times: &mut [f64], launches: usize, bytes: usize| Measure {
        model: model.id().to_owned(),
        what,
        median_ms: median(times),
        runs,
        launches: launches as u32,
        bytes: bytes as u64,
    };
    Ok([
        row(Work::Encode, &mut encode, cost.picture_launches, cost.picture_bytes),
        row(Work::Decode, &mut decode, cost.token_launches, cost.token_bytes),
    ])
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(0.0)
}
