//! The models come, and downloaded parts go.

use std::collections::HashSet;

use sightline_messages::{Event, Loaded};

use super::arms::Arms;
use super::device;
use super::download::{Downloader, Missing};
use super::sentence::sentence;
use super::state::{Opened, State};

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
        let mut came = self.come(opened).await;
        if let Err(Missing::WrongDevice(what)) = &came {
            let why = format!("Your GPU computes wrongly: {what}. So the processor computes.");
            let again = match device::processor(why.clone()) {
                Ok((device, machine)) => {
                    self.outbox.notice(why);
                    self.opened.as_mut().map(|opened| {
                        (opened.device, opened.machine) = (device, machine);
                        opened.store.keeps()
                    })
                }
                Err(_) => None,
            };
            // What memory alone held went to the GPU: it comes again if the visitor says so.
            if let (Some(true), Some(opened)) = (again, &self.opened) {
                came = self.come(opened).await;
            }
        }
        match came {
            Ok((arms, loaded)) => {
                self.arms = Some(arms);
                self.outbox.send(&Event::Loaded(loaded));
            }
            Err(Missing::Cancelled) => self.outbox.send(&Event::Cancelled),
            Err(Missing::Failed(sentence)) => self.outbox.send(&Event::LoadFailed { sentence }),
            Err(Missing::WrongDevice(what)) => self.outbox.send(&Event::LoadFailed {
                sentence: format!(
                    "Your GPU computes wrongly: {what}. Load the models again, and the processor computes."
                ),
            }),
            Err(Missing::Model(error)) => self.outbox.send(&Event::LoadFailed {
                sentence: sentence(&error),
            }),
        }
    }

    /// What has to come comes, and goes to the device.
    async fn come(&self, opened: &Opened) -> Result<(Arms, Loaded), Missing> {
        let downloader = Downloader::new(opened.place(), &opened.store, &self.outbox, &self.cancel);
        let machine = (opened.machine.clone(), opened.whole);
        Arms::load(&opened.bundle, &opened.device, machine, downloader, &self.outbox).await
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
