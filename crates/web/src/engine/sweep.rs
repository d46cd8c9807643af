//! Encoders over picture sizes, with random weights of the true shapes: no model has to be here.

use sightline_bench::fit::{exponent, median};
use sightline_bench::pass::Pass;
use sightline_kernels::Device;
use sightline_kernels::ops::ScanKernel;
use sightline_messages::{Event, Fit, SIDES, SweepEvent, SweepPoint};
use sightline_vision::{EncoderConfig, EncoderError, Size};

use super::browser::pause;
use super::failure::of_question;
use super::outbox::Outbox;
use super::signals::Cancel;
use super::state::{Opened, State};

/// Operations per second that are expected before anything was measured: of a GPU, of one in
/// software, of the processor. Only for the first estimate.
const SPEEDS: [f64; 3] = [2e12, 4e9, 4e9];
/// Most runs of a case.
const MAX_RUNS: u32 = 200;
/// Most seconds of a case.
const MAX_CASE_S: u32 = 600;
/// Passes before the timed ones: the first compiles and records, the second is the first replay.
const WARM: u32 = 2;

/// One encoder at one size.
struct Case {
    model: String,
    config: Box<dyn EncoderConfig>,
    side: u32,
    half: bool,
    flops: f64,
}

impl Case {
    fn size(&self) -> Size {
        Size::one(self.side as usize, self.side as usize)
    }

    fn name(&self) -> String {
        let bits = if self.half { 16 } else { 32 };
        format!("{} at {} px in {bits} bits", self.model, self.side)
    }
}

/// How much is measured.
pub(super) struct Plan {
    /// Largest side, px.
    pub(super) most: u32,
    /// Timed runs of a case.
    pub(super) runs: u32,
    /// Seconds after which a case takes no more runs.
    pub(super) case_s: u32,
}

impl State {
    /// Answers [`sightline_messages::SweepCommand::Estimate`].
    pub(super) fn estimate_sweep(&self) {
        let Some(opened) = &self.opened else { return };
        let plan = |most| Plan {
            most,
            runs: 10,
            case_s: 20,
        };
        let seconds = SIDES.map(|most| {
            let mut clock = Clock::new(&opened.device);
            cases(opened, most)
                .iter()
                .map(|case| clock.left(case, &plan(most)))
                .sum()
        });
        self.outbox.send(&Event::Sweep(SweepEvent::Estimates {
            seconds: seconds.to_vec(),
            scan: scan(&opened.device),
        }));
    }

    /// Answers [`sightline_messages::SweepCommand::Run`].
    pub(super) async fn sweep(&mut self, plan: Plan) {
        let Some(opened) = &self.opened else {
            return self.outbox.notice("Nothing was measured: no device is open yet.");
        };
        self.sweeping.set(false);
        let plan = Plan {
            runs: plan.runs.clamp(1, MAX_RUNS),
            case_s: plan.case_s.clamp(1, MAX_CASE_S),
            ..plan
        };
        let cases = cases(opened, plan.most);
        let mut run = Run {
            outbox: &self.outbox,
            device: &opened.device,
            stop: &self.sweeping,
            plan,
            points: Vec::new(),
            clock: Clock::new(&opened.device),
        };
        for (at, case) in cases.iter().enumerate() {
            if run.stop.asked() {
                break;
            }
            let left_s = cases[at..].iter().map(|case| run.clock.left(case, &run.plan)).sum();
            self.outbox.send(&Event::Sweep(SweepEvent::Running {
                name: case.name(),
                done: at as u32,
                all: cases.len() as u32,
                left_s,
            }));
            pause().await;
            if let Err(event) = run.case(case).await {
                self.outbox.send(&event);
                break;
            }
        }
        let stopped = self.sweeping.asked();
        self.outbox.send(&Event::Sweep(SweepEvent::Done { stopped }));
    }
}

/// How the selective scan runs here.
fn scan(device: &Device) -> String {
    let Some(info) = device.gpu_info() else {
        return "The selective scan runs in plain Rust: there is no GPU.".to_owned();
    };
    match ScanKernel::of(info) {
        ScanKernel::Wgsl => {
            "The selective scan is the hand-written WGSL one: on a GPU in software it is the quicker of the two."
        }
        ScanKernel::Cube => "The selective scan is CubeCL's: on hardware it is the quicker of the two.",
    }
    .to_owned()
}

/// Every encoder of the bundle at every size up to `most`, small ones first; in 16 bits as well
/// where the device is hardware that has them.
fn cases(opened: &Opened, most: u32) -> Vec<Case> {
    let info = opened.device.gpu_info();
    let halves: &[bool] = match info.is_some_and(|info| info.f16 && !info.software) {
        true => &[false, true],
        false => &[false],
    };
    let mut cases = Vec::new();
    for side in SIDES.into_iter().filter(|side| *side <= most) {
        for row in &opened.bundle.manifest.models {
            let Ok(config) = sightline_vision::config(&row.encoder) else {
                continue;
            };
            for &half in halves {
                let config = config.resized([side as usize; 2]);
                cases.push(Case {
                    model: row.id.clone(),
                    flops: config.flops(Size::one(side as usize, side as usize)),
                    config,
                    side,
                    half,
                });
            }
        }
    }
    cases
}

/// Guesses how long a case takes.
struct Clock {
    /// Operations per second.
    speed: f64,
}

impl Clock {
    fn new(device: &Device) -> Self {
        let speed = match device.gpu_info() {
            Some(info) if !info.software => SPEEDS[0],
            Some(_) => SPEEDS[1],
            None => SPEEDS[2],
        };
        Self { speed }
    }

    /// Seconds that a case will take.
    fn left(&mut self, case: &Case, plan: &Plan) -> f64 {
        let pass = case.flops / self.speed;
        let timed = (f64::from(plan.runs) * pass).min(f64::from(plan.case_s)).max(pass);
        f64::from(WARM) * pass + timed
    }

    /// Learns from a case.
    fn saw(&mut self, case: &Case, seconds: f64) {
        self.speed = case.flops / seconds.max(1e-6);
    }
}

/// A run over all cases.
struct Run<'a> {
    outbox: &'a Outbox,
    device: &'a Device,
    stop: &'a Cancel,
    plan: Plan,
    points: Vec<SweepPoint>,
    clock: Clock,
}

impl Run<'_> {
    /// One case. A size that cannot be taken is skipped; a device that fails ends the run.
    async fn case(&mut self, case: &Case) -> Result<(), Event> {
        match self.measured(case).await {
            Ok(Some(point)) => {
                self.clock.saw(case, point.median_ms / 1e3);
                self.points.push(point.clone());
                let fits = fits(&self.points);
                self.outbox.send(&Event::Sweep(SweepEvent::Measured { point, fits }));
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(EncoderError::Kernel(error)) => Err(of_question(0, &error.into())),
            Err(error) => {
                let sentence = format!("{} was not measured: {error}.", case.name());
                self.outbox.send(&Event::Sweep(SweepEvent::Skipped { sentence }));
                Ok(())
            }
        }
    }

    /// The numbers of a case; none if the visitor ended it.
    async fn measured(&self, case: &Case) -> Result<Option<SweepPoint>, EncoderError> {
        let device = self.device.with_half(case.half)?;
        if let Some(sentence) = self.too_large(case) {
            self.outbox.send(&Event::Sweep(SweepEvent::Skipped { sentence }));
            return Ok(None);
        }
        let mut pass = Pass::new(&device, case.config.as_ref(), case.size(), true)?;
        let first = pass.run().await?;
        pause().await;
        let limit = f64::from(self.plan.case_s);
        let mut times = Vec::new();
        // A pass that already took all the time of its case is not repeated on the processor, which
        // compiles nothing.
        if first > limit && device.gpu_info().is_none() {
            times.push(first);
        } else {
            pass.run().await?;
        }
        let mut spent = 0.0;
        while times.len() < self.plan.runs as usize && (times.is_empty() || spent < limit) {
            pause().await;
            if self.stop.asked() {
                return Ok(None);
            }
            let seconds = pass.run().await?;
            spent += seconds;
            times.push(seconds);
        }
        let own = pass.own_time().await?;
        times.sort_by(f64::total_cmp);
        Ok(Some(SweepPoint {
            model: case.model.clone(),
            side: case.side,
            half: case.half,
            tokens: pass.tokens() as u32,
            first_ms: first * 1e3,
            median_ms: median(&times) * 1e3,
            least_ms: times.first().copied().unwrap_or(0.0) * 1e3,
            runs: times.len() as u32,
            own_ms: own.map(|seconds| seconds * 1e3),
            launches: pass.launches().unwrap_or(0) as u32,
            bytes: pass.bytes() as u64,
        }))
    }

    /// The sentence about a case whose buffers this device cannot bind.
    fn too_large(&self, case: &Case) -> Option<String> {
        let limit = self.device.gpu_info()?.max_binding;
        // The widest buffer of a VMamba: step sizes of four directions at a quarter of the side; of
        // any encoder, the patches of its first convolution are smaller.
        let quarter = u64::from(case.side.div_ceil(4)).pow(2);
        let words = quarter * 4 * 96;
        (4 * words > limit).then(|| {
            format!(
                "{} was not measured: a buffer of {} MiB is needed, this device binds at most {} MiB.",
                case.name(),
                words >> 18,
                limit >> 20
            )
        })
    }
}

/// How the times of every encoder grow.
fn fits(points: &[SweepPoint]) -> Vec<Fit> {
    let mut fits: Vec<Fit> = Vec::new();
    for point in points {
        if fits
            .iter()
            .any(|fit| fit.model == point.model && fit.half == point.half)
        {
            continue;
        }
        let same = points
            .iter()
            .filter(|other| other.model == point.model && other.half == point.half);
        let line: Vec<(f64, f64)> = same.map(|other| (f64::from(other.tokens), other.median_ms)).collect();
        if let Some(exponent) = exponent(&line) {
            fits.push(Fit {
                model: point.model.clone(),
                half: point.half,
                exponent,
            });
        }
    }
    fits
}
