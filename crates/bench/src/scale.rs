//! How much is measured on which kind of device.

use sightline_kernels::Device;

/// Sizes and times of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    /// Timed samples of each case, where its time allows.
    pub(crate) runs: usize,
    /// Small sizes only, for tests.
    pub(crate) quick: bool,
    /// A GPU that is hardware.
    pub(crate) hardware: bool,
    /// Launches are recorded and replayed.
    pub(crate) graphs: bool,
    /// Pictures of the batched cases.
    pub(crate) batch: usize,
    /// Picture sides of the encoders, px.
    pub(crate) sides: &'static [usize],
    /// Bytes that the input sets of one case fill together, so that a small kernel does not run
    /// from the cache alone.
    pub(crate) working_set: f64,
    /// Most input sets of one case.
    pub(crate) max_sets: usize,
    /// Least time of a sample, seconds: short work is repeated before the device is waited for.
    pub(crate) min_sample: f64,
    /// Time after which a case stops taking samples, seconds.
    pub(crate) case_seconds: f64,
    /// Size of the copy that finds the memory's speed, MiB.
    pub(crate) peak_megabytes: usize,
}

/// Fewest samples, however slow the case is.
pub(crate) const MIN_RUNS: usize = 3;

impl Scale {
    /// What suits this device. An H200 caches 60 MB. A CPU is measured warm: it has no time for
    /// more.
    pub(crate) fn of(device: &Device, runs: usize, quick: bool) -> Self {
        let info = device.gpu_info();
        let hardware = info.is_some_and(|info| !info.software);
        let binding = info.map_or(u64::MAX, |info| info.max_binding) >> 20;
        let peak = match (quick, hardware) {
            (true, _) => 16,
            (false, true) => 1024,
            (false, false) => 128,
        };
        let megabytes = |full: f64| if quick { 1e6 } else { full * 1e6 };
        Self {
            runs,
            quick,
            hardware,
            graphs: info.is_some(),
            batch: if hardware && !quick { 128 } else { 2 },
            sides: match (quick, hardware) {
                (true, _) => &[224],
                (false, true) => &[224, 448, 896],
                (false, false) => &[224, 448],
            },
            working_set: megabytes(if hardware { 128.0 } else { 16.0 }),
            max_sets: if hardware { 256 } else { 4 },
            min_sample: if hardware { 1e-3 } else { 0.0 },
            case_seconds: match (quick, hardware) {
                (true, _) => 0.5,
                (false, true) => 2.0,
                (false, false) => 4.0,
            },
            peak_megabytes: peak.min(usize::try_from(binding).unwrap_or(usize::MAX)),
        }
    }

    /// Input sets of a case that touches so many bytes.
    pub(crate) fn sets(&self, bytes: f64) -> usize {
        ((self.working_set / bytes.max(1.0)).ceil() as usize).clamp(1, self.max_sets)
    }

    /// Calls of a case in one recorded graph: every input set at least once, and enough that the
    /// one replay costs nothing beside them. `floor` is the least time of a call, seconds.
    pub(crate) fn calls(&self, sets: usize, floor: f64) -> usize {
        if !self.hardware {
            return sets;
        }
        let filling = (2e-4 / floor.max(1e-9)).ceil() as usize;
        sets.max(filling.clamp(1, 64))
    }
}
