//! How the models came, for `bench.html`: over the network, from the browser's own copies, and to
//! the device.

use sightline_messages::{Download, Event, Loaded};

use crate::state::State;
use crate::update;

/// Notes what had come when the models are loaded. `state` is as it was before.
pub(super) fn update(download: &mut Option<Download>, state: &State, input: &update::Input) {
    if let update::Input::Heard(Event::Loaded(loaded)) = input {
        *download = Some(of(state, loaded));
    }
}

/// What is neither compiling nor a first run is fetching, checking hashes and reading copies.
fn of(state: &State, loaded: &Loaded) -> Download {
    let compile: f64 = loaded.compile_ms.iter().map(|(_, ms)| ms).sum();
    let progress = state.progress.iter();
    Download {
        ms: (loaded.total_ms - compile).max(0.0),
        bytes: progress.clone().map(|progress| progress.downloaded).sum(),
        kept: progress.map(|progress| progress.cached).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Progress;

    #[test]
    fn what_is_not_compiling_is_the_download() {
        let progress = |downloaded, cached| Progress {
            downloaded,
            cached,
            verified: 0,
        };
        let state = State {
            progress: vec![progress(70, 30), progress(0, 50)],
            ..State::default()
        };
        let loaded = Loaded {
            total_ms: 1000.0,
            compile_ms: vec![("a".into(), 150.0), ("b".into(), 250.0)],
            device_bytes: 0,
            heap_bytes: 0,
            machine: crate::lab::tests::machine(),
            check: None,
        };
        let mut download = None;
        update(&mut download, &state, &update::Input::Load);
        assert_eq!(download, None);
        update(&mut download, &state, &update::Input::Heard(Event::Loaded(loaded)));
        let expected = Download {
            ms: 600.0,
            bytes: 70,
            kept: 80,
        };
        assert_eq!(download, Some(expected));
    }
}
