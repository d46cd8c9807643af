//! Models other than the page's own: whose they are, as plain data.

use serde::{Deserialize, Serialize};
use sightline_messages::Models;

/// The models that are in use, and those that wait for a press.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Own {
    /// Where those in use come from.
    pub(crate) models: Models,
    /// The address of their list; empty for the page's own.
    pub(crate) address: String,
    /// The host, if it is not the page's.
    pub(crate) host: String,
    /// Models on another host, which nothing was asked of yet.
    pub(crate) foreign: Option<Foreign>,
}

/// Models on another host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Foreign {
    /// The address of their list.
    pub(crate) address: String,
    /// The host, for people.
    pub(crate) host: String,
}

/// What a visitor does about models.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum OwnInput {
    /// The page's address names models of the same host.
    Named(String),
    /// It names models of another host.
    NamedElsewhere(Foreign),
    /// It names none that could be fetched: a sentence.
    Unusable(String),
    /// The visitor lets the other host be asked.
    Agree,
    /// The visitor opened a folder; its files are held beside.
    Opened {
        /// Its name.
        name: String,
        /// Path of every file below it.
        paths: Vec<String>,
    },
    /// The visitor goes back to the page's own models.
    Page,
}

impl Own {
    /// Whether they are others than the page's own.
    pub(crate) fn is_other(&self) -> bool {
        self.models != Models::Page
    }

    /// Whose models are in use, for people.
    pub(crate) fn name(&self) -> String {
        match &self.models {
            Models::Page => "those of this page".to_owned(),
            Models::Address => self.address.clone(),
            Models::Folder { name, .. } => format!("the folder {name}"),
        }
    }
}
