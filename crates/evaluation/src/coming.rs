//! The pictures of coming batches: read ahead where there are threads for it.

#[cfg(not(target_arch = "wasm32"))]
use std::sync::mpsc::{Receiver, sync_channel};

#[cfg(not(target_arch = "wasm32"))]
use rayon::prelude::*;

use crate::gallery::{Batches, Read};

/// Batches whose pictures are read ahead.
#[cfg(not(target_arch = "wasm32"))]
const AHEAD: usize = 2;

/// The pictures of batches, read and decoded beside the model.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) struct Coming(Receiver<(usize, Vec<Read>)>);

#[cfg(not(target_arch = "wasm32"))]
impl Coming {
    /// Starts reading.
    pub(crate) fn start(mut batches: Batches) -> Self {
        let (sender, receiver) = sync_channel(AHEAD);
        std::thread::spawn(move || {
            while let Some(batch) =
                batches.next(|gallery, places| places.par_iter().map(|at| gallery.read(*at)).collect())
            {
                // Nobody listens once the run has failed.
                if sender.send(batch).is_err() {
                    return;
                }
            }
        });
        Self(receiver)
    }

    /// The next batch and its pictures; none once all are taken.
    pub(crate) fn next(&mut self) -> Option<(usize, Vec<Read>)> {
        self.0.recv().ok()
    }
}

/// The pictures of batches, each read when it is asked for: a browser's worker has one thread.
#[cfg(target_arch = "wasm32")]
pub(crate) struct Coming(Batches);

#[cfg(target_arch = "wasm32")]
impl Coming {
    pub(crate) fn start(batches: Batches) -> Self {
        Self(batches)
    }

    /// The next batch and its pictures; none once all are taken.
    pub(crate) fn next(&mut self) -> Option<(usize, Vec<Read>)> {
        self.0
            .next(|gallery, places| places.iter().map(|at| gallery.read(*at)).collect())
    }
}
