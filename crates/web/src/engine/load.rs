//! The models come, and downloaded parts go.

use std::collections::HashSet;

use sightline_messages::Event;

use super::arms::Arms;
use super::download::{Downloader, Missing};
use super::sentence::sentence;
use super::state::State;

impl State {
    /// Answers [`sightline_messages::Command::Load`].
    pub(super) async fn load(&mut self) {
        let Some(opened) = &self.opened else {
            return self.outbox.send(&Event::LoadFailed {
                sentence: "The list of files is not known yet. Reload the page.".into(),
            });
        };
        // What an earlier load left would double the memory.
        self.arms = None;
        let downloader = Downloader::new(&opened.url, &opened.store, &self.outbox, &self.cancel);
        let machine = opened.machine.clone();
        match Arms::load(&opened.bundle, &opened.device, machine, downloader, &self.outbox).await {
            Ok((arms, loaded)) => {
                self.arms = Some(arms);
                self.outbox.send(&Event::Loaded(loaded));
            }
            Err(Missing::Cancelled) => self.outbox.send(&Event::Cancelled),
            Err(Missing::Failed(sentence)) => self.outbox.send(&Event::LoadFailed { sentence }),
            Err(Missing::Model(error)) => self.outbox.send(&Event::LoadFailed {
                sentence: sentence(&error),
            }),
        }
    }

    /// Answers [`sightline_messages::Command::Forget`].
    pub(super) async fn forget(&mut self) {
        let Some(opened) = &self.opened else {
            return self.outbox.send(&Event::Forgotten { bytes: 0 });
        };
        let mut bytes = 0;
        for part in opened.bundle.files.iter().flat_map(|file| &file.parts) {
            bytes += if opened.store.has(part).await { part.bytes } else { 0 };
        }
        opened.store.retain(&HashSet::new()).await;
        self.outbox.send(&Event::Forgotten { bytes });
    }
}
