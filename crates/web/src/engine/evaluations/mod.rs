//! What evaluations hold between two commands, and where their files are.

pub(super) mod data;
pub(super) mod disk;

use sightline_eval::tasks::DataPath;

use super::attached::Attached;
use super::signals::Cancel;
use data::TabFiles;
use disk::RunDisk;

/// What evaluations hold between two commands.
#[derive(Default)]
pub(super) struct Evaluations {
    pub(super) halt: Cancel,
    pub(super) attached: Attached,
    /// Absent until it is needed.
    disk: Option<RunDisk>,
    /// The visitor's folder, and the pictures that the page has itself.
    pub(super) files: TabFiles,
}

impl Evaluations {
    pub(super) fn new(halt: Cancel, attached: Attached) -> Self {
        Self {
            halt,
            attached,
            ..Self::default()
        }
    }

    /// Where runs are kept.
    pub(super) async fn disk(&mut self) -> RunDisk {
        match &self.disk {
            Some(disk) => disk.clone(),
            None => self.disk.insert(RunDisk::open().await).clone(),
        }
    }

    /// What tasks read.
    pub(super) fn data(&self) -> DataPath {
        self.files.path()
    }
}
