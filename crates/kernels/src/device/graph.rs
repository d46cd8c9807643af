//! Launches that are recorded once and replayed.

use super::{Device, device_error};
use crate::error::Result;

/// A recorded sequence of launches on one GPU.
#[derive(Clone)]
pub struct Graph {
    graph: cubecl::client::Graph,
    launches: usize,
}

impl Graph {
    /// Runs the recorded launches again. They read the present contents of their buffers.
    ///
    /// # Errors
    /// A device that fails.
    pub fn replay(&self) -> Result<()> {
        // SAFETY: the model that recorded the graph owns every buffer of it, and one stream runs
        // both.
        unsafe { self.graph.replay() }.map_err(|e| device_error("replaying a graph", e))
    }

    /// Number of launches recorded.
    pub fn launches(&self) -> usize {
        self.launches
    }
}

impl Device {
    /// Records the launches of `run`, so that a replay costs a fraction of them. This executes
    /// `run` once for real, which compiles its kernels, and then records it. The CPU has nothing to
    /// record and returns `None`: call `run` again.
    ///
    /// # Errors
    /// An error of `run`, or [`crate::KernelError::Device`] if the device cannot record.
    pub async fn record(&self, run: impl Fn() -> Result<()>) -> Result<Option<Graph>> {
        let Self::Gpu(gpu) = self else {
            return Ok(None);
        };
        gpu.client
            .graph_prepare()
            .map_err(|e| device_error("preparing a recording", e))?;
        let warm = run();
        self.sync().await?;
        gpu.client
            .start_capture()
            .map_err(|e| device_error("starting a recording", e))?;
        let before = gpu.launches();
        let recorded = warm.and_then(|()| run());
        let graph = gpu
            .client
            .stop_capture()
            .map_err(|e| device_error("ending a recording", e));
        recorded?;
        Ok(Some(Graph {
            graph: graph?,
            launches: gpu.launches() - before,
        }))
    }
}
