//! One case: the work that it is, and the times that it took.

/// What a case does, counted by hand.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    /// Section of the table.
    pub(crate) part: &'static str,
    /// Name; the same on every device, so that runs and peers can be joined by it.
    pub(crate) id: String,
    /// Least bytes moved: every input read once, every output written once.
    pub(crate) bytes: f64,
    /// Operations; a multiply-add is two.
    pub(crate) flops: f64,
}

/// Times of one case, seconds per call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) median: f64,
    pub(crate) best: f64,
    pub(crate) runs: usize,
    /// Calls timed together as one sample.
    pub(crate) calls: usize,
}
