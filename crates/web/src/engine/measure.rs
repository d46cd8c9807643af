//! The bench page's numbers, and the features that are compared with the native program's.

use sightline_bench::fit::median;
use sightline_kernels::Device;
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
        let device = arms.models.device().clone();
        for model in arms.models.loaded() {
            match measure(&device, model, runs).await {
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
async fn measure(device: &Device, model: &mut Vlm, runs: u32) -> Result<[Measure; 3], VlmError> {
    let (mut encode, mut prefill, mut decode) = (Vec::new(), Vec::new(), Vec::new());
    let mut prefill_launches = 0;
    for run in 0..runs {
        // Another picture every time, or nothing would be computed.
        let before = device.launches();
        let look = model.look(&built_in(100 + run)).await?;
        // The encoder is a replayed graph, whose launches are counted apart.
        prefill_launches = device.launches() - before;
        encode.push(look.encode_ms);
        prefill.push(look.prefix_ms);
        decode.push(model.time_steps(STEPS).await?);
    }
    let cost = model.cost();
    let row = |what, times: &mut [f64], launches: usize, bytes: usize| {
        times.sort_unstable_by(f64::total_cmp);
        Measure {
            model: model.id().to_owned(),
            what,
            median_ms: median(times),
            runs,
            launches: launches as u32,
            bytes: bytes as u64,
        }
    };
    Ok([
        row(Work::Encode, &mut encode, cost.picture_launches, cost.picture_bytes),
        row(Work::Prefill, &mut prefill, prefill_launches, cost.token_bytes),
        row(Work::Decode, &mut decode, cost.token_launches, cost.token_bytes),
    ])
}
