//! What evaluations hold between two commands, and where their files are.

pub(super) mod data;
pub(super) mod disk;

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Object, Reflect};
use sightline_eval::tasks::DataPath;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::File;

use super::browser::property;
use super::signals::Cancel;
use data::TabFiles;
use disk::RunDisk;

/// Files that come beside a message. They are the browser's own objects, which no message holds.
#[derive(Clone, Default)]
pub(super) struct Attached(Rc<RefCell<Vec<File>>>);

impl Attached {
    /// Takes the files out of a message, if there are any.
    pub(super) fn take_from(&self, message: &JsValue) {
        const NAME: &str = "attached";
        let Some(list) = property(message, NAME).and_then(|list| list.dyn_into::<Array>().ok()) else {
            return;
        };
        let files = list.iter().filter_map(|file| file.dyn_into().ok());
        *self.0.borrow_mut() = files.collect();
        if let Some(message) = message.dyn_ref::<Object>() {
            let _ = Reflect::delete_property(message, &NAME.into());
        }
    }

    pub(super) fn take(&self) -> Vec<File> {
        self.0.take()
    }
}

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
