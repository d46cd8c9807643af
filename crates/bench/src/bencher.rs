//! Takes samples, and keeps going when a case cannot run.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use pollster::block_on;
use sightline_kernels::{Device, KernelError, Peak};

use crate::case::{Sample, Work};
use crate::fit::median;
use crate::report::{Report, Row};
use crate::request::{BenchError, Listener};
use crate::scale::{MIN_RUNS, Scale};

/// Work before the first sample on a GPU, seconds.
const WARM_SECONDS: f64 = 0.1;

/// Enqueues one call of the measured operation.
pub(crate) type Launch = Box<dyn Fn() -> Result<(), KernelError>>;

/// A device, what it can do at most, and what was measured so far.
pub(crate) struct Bencher {
    pub(crate) device: Device,
    pub(crate) scale: Scale,
    pub(crate) peak: Peak,
    pub(crate) report: Report,
    filter: Vec<String>,
    /// Whether any case was asked for so far.
    found: Cell<bool>,
    listener: Box<dyn Listener>,
}

impl Bencher {
    /// Measures the device's limits first: every share is a share of these. `listener` hears of
    /// every case, so that an interrupted run keeps what it has measured.
    pub(crate) fn new(
        device: Device,
        scale: Scale,
        filter: Vec<String>,
        listener: Box<dyn Listener>,
    ) -> Result<Self, BenchError> {
        listener.begins("limits of the device");
        let peak = block_on(Peak::measure(&device, scale.peak_megabytes, 5));
        listener.ended();
        let peak = peak?;
        Ok(Self {
            device,
            scale,
            peak,
            report: Report::default(),
            filter,
            found: Cell::new(false),
            listener,
        })
    }

    /// Whether a case of this name was asked for.
    pub(crate) fn wants(&self, id: &str) -> bool {
        let wanted = self.filter.is_empty() || self.filter.iter().any(|text| id.contains(text.as_str()));
        self.found.set(self.found.get() || wanted);
        wanted
    }

    /// Whether the filter has let any case through.
    pub(crate) fn has_found(&self) -> bool {
        self.found.get()
    }

    /// Says that a case was not run.
    pub(crate) fn skip(&mut self, id: impl Into<String>, why: impl Into<String>) {
        self.report.skipped.push((id.into(), why.into()));
    }

    /// One operation over several input sets, `make(device, set)` each, so that more data is
    /// touched than a cache holds. On a GPU the calls are recorded and replayed, as the models run
    /// them.
    pub(crate) fn kernel(&mut self, work: Work, make: impl Fn(&Device, u32) -> Result<Launch>) {
        self.case(work, |bencher, work| {
            let (device, scale) = (&bencher.device, &bencher.scale);
            let sets = scale.sets(work.bytes);
            let calls = scale.calls(sets, bencher.peak.floor_seconds(work.bytes, work.flops));
            let launches = (0..sets as u32)
                .map(|set| make(device, set))
                .collect::<Result<Vec<_>>>()?;
            let all = || (0..calls).try_for_each(|i| launches[i % sets]());
            let graph = block_on(device.record(all))?;
            bencher.sample(calls, || match &graph {
                Some(graph) => graph.replay(),
                None => all(),
            })
        });
    }

    /// Runs a case; an error or a panic in it becomes a line of what was not run.
    pub(crate) fn case(&mut self, work: Work, run: impl FnOnce(&Self, &Work) -> Result<Sample>) -> Option<&mut Row> {
        if !self.wants(&work.id) {
            return None;
        }
        // Before, not after: a row is complete once its caller has added what it knows.
        if !self.report.rows.is_empty() {
            self.listener.measured(&self.report);
        }
        self.listener.begins(&work.id);
        let outcome = catch_unwind(AssertUnwindSafe(|| run(self, &work)));
        self.listener.ended();
        let sample = outcome.unwrap_or_else(|_| Err(anyhow!("the device's driver panicked")));
        match sample {
            Ok(sample) => {
                self.report.rows.push(Row::new(&work, sample, &self.peak));
                self.report.rows.last_mut()
            }
            Err(error) => {
                self.skip(work.id, format!("{error:#}"));
                None
            }
        }
    }

    /// Times `run`, which enqueues `calls` calls. The device is waited for at the end of every
    /// sample, and short work is repeated within one.
    pub(crate) fn sample(&self, calls: usize, run: impl Fn() -> Result<(), KernelError>) -> Result<Sample> {
        let timed = |repeats: usize| -> Result<f64> {
            let start = Instant::now();
            (0..repeats).try_for_each(|_| run())?;
            block_on(self.device.sync())?;
            Ok(start.elapsed().as_secs_f64())
        };
        // The first two include compilation and the driver's own warm-up.
        timed(1)?;
        let once = timed(1)?.min(timed(1)?);
        let repeats = (self.scale.min_sample / once.max(1e-7)).ceil().clamp(1.0, 1000.0) as usize;
        self.collect(calls * repeats, || timed(repeats))
    }

    /// Takes samples of `one`, which gives its seconds for `calls` calls, until there are enough or
    /// time is up.
    pub(crate) fn collect(&self, calls: usize, mut one: impl FnMut() -> Result<f64>) -> Result<Sample> {
        // A card that was idle raises its clocks over some milliseconds; the first case must not
        // pay for that.
        let warm = Instant::now();
        while self.scale.hardware && warm.elapsed().as_secs_f64() < WARM_SECONDS {
            one()?;
        }
        let mut seconds = Vec::with_capacity(self.scale.runs);
        let start = Instant::now();
        while seconds.len() < self.scale.runs {
            if seconds.len() >= MIN_RUNS && start.elapsed().as_secs_f64() > self.scale.case_seconds {
                break;
            }
            seconds.push(one()? / calls as f64);
        }
        seconds.sort_by(f64::total_cmp);
        let best = *seconds.first().context("no sample was taken")?;
        Ok(Sample {
            median: median(&seconds),
            best,
            runs: seconds.len(),
            calls,
        })
    }
}
