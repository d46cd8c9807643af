//! One case: the work that it is, and the times that it took.

/// What a case does, counted by hand.
#[derive(Clone, Debug)]
pub(super) struct Work {
    /// Section of the table.
    pub(super) part: &'static str,
    /// Name; the same on every device, so that runs and peers can be joined by it.
    pub(super) id: String,
    /// Least bytes moved: every input read once, every output written once.
    pub(super) bytes: f64,
    /// Operations; a multiply-add is two.
    pub(super) flops: f64,
}

/// Times of one case, seconds a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub(super) median: f64,
    pub(super) best: f64,
    pub(super) runs: usize,
    /// Calls timed together as one sample.
    pub(super) calls: usize,
}
