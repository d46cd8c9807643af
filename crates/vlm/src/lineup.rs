//! Several models, one picture, one question.

use std::collections::BTreeMap;
use std::rc::Rc;

use sightline_answer::Answer;
use sightline_checkpoint::manifest::Model;
use sightline_kernels::Device;
use sightline_vision::Picture;

use crate::error::VlmError;
use crate::files::Files;
use crate::language::Language;
use crate::model::{Look, Vlm};
use crate::talk::Options;

/// Where the files of a [`Lineup`] come from: a folder, a cache, a browser's store.
pub trait FileSource {
    /// Why a file cannot be had, or a model not be loaded.
    type Error: From<VlmError>;

    /// The manifest's row of a model. It is asked for first, so that a source can check here that
    /// the model's files are sound.
    fn row(&mut self, id: &str) -> impl Future<Output = Result<Model, Self::Error>>;

    /// Puts a language model on a device. It is asked for once per language model.
    fn language(&mut self, id: &str, device: &Device) -> impl Future<Output = Result<Language, Self::Error>>;

    /// The files of a model whose row was asked for.
    fn files(&mut self, id: &str) -> impl Future<Output = Result<Files, Self::Error>>;

    /// Prepares a model that is on the device and was not asked yet. By default nothing is left to
    /// do.
    fn prepare(&mut self, model: &mut Vlm, files: Files) -> impl Future<Output = Result<(), Self::Error>> {
        let _ = (model, files);
        async { Ok(()) }
    }

    /// Another device of the same kind in place of one that was lost, and that failed with `error`.
    /// By default there is none.
    fn another_device(&mut self, lost: &Device, error: &VlmError) -> impl Future<Output = Option<Device>> {
        let _ = (lost, error);
        async { None }
    }

    /// Learns that a model or a language model took `bytes` of the device's memory.
    fn loaded(&mut self, id: &str, bytes: usize) {
        let _ = (id, bytes);
    }
}

/// A question to all models of a lineup.
#[derive(Clone, Copy)]
pub struct Turn<'a> {
    /// What they look at.
    pub picture: &'a Picture,
    /// What they are asked.
    pub question: &'a str,
    /// How they answer.
    pub options: Options,
    /// Decides the order of the models, see [`Lineup::order`].
    pub number: usize,
}

/// Follows a [`Turn`] while it happens. Every method may end the turn: with `false`, or with an
/// error that the turn then returns.
pub trait Listener<E> {
    /// Whether a model is asked at all. By default every one is.
    fn asks(&mut self, id: &str) -> bool {
        let _ = id;
        true
    }

    /// A model is about to be loaded, if it was not, and to look at the picture.
    fn looking(&mut self, id: &str) -> impl Future<Output = bool> {
        let _ = id;
        async { true }
    }

    /// A model has looked.
    fn looked(&mut self, id: &str, look: &Look) -> impl Future<Output = bool> {
        let _ = (id, look);
        async { true }
    }

    /// A piece of an answer. `false` ends this answer, and the other models still answer.
    fn text(&mut self, id: &str, text: &str) -> impl Future<Output = bool> {
        let _ = (id, text);
        async { true }
    }

    /// A whole answer.
    ///
    /// # Errors
    /// Whatever keeps the listener from going on.
    fn answered(&mut self, answer: Answer) -> impl Future<Output = Result<(), E>>;
}

/// Several models on one device. Models of one language model share it. Each is loaded when it is
/// first asked for, and keeps the features and the prefix of its last picture.
pub struct Lineup<S> {
    device: Device,
    source: S,
    ids: Vec<String>,
    languages: BTreeMap<String, Rc<Language>>,
    /// In the order in which they were loaded.
    models: Vec<Vlm>,
    /// Whether the device stands in for one that was lost.
    replaced: bool,
}

impl<S: FileSource> Lineup<S> {
    /// The models `ids` on a device. Nothing is loaded yet.
    pub fn new(device: Device, source: S, ids: Vec<String>) -> Self {
        Self {
            device,
            source,
            ids,
            languages: BTreeMap::new(),
            models: Vec::new(),
            replaced: false,
        }
    }

    /// The device of all models.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Where the files come from.
    pub fn source(&mut self) -> &mut S {
        &mut self.source
    }

    /// Ids of the models, in the order in which they were named.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// Ids in the order in which the models answer turn `number`. The order rotates by one model
    /// per turn, so that no model always runs on a device that another one has warmed.
    pub fn order(&self, number: usize) -> Vec<String> {
        let mut ids = self.ids.clone();
        if !ids.is_empty() {
            let by = number % ids.len();
            ids.rotate_left(by);
        }
        ids
    }

    /// A model, loaded if it was not. It may be one that [`Lineup::ids`] does not list.
    ///
    /// # Errors
    /// A file that cannot be had or is unsound, or a device that fails.
    pub async fn model(&mut self, id: &str) -> Result<&mut Vlm, S::Error> {
        let place = match self.models.iter().position(|model| model.id() == id) {
            Some(place) => place,
            None => {
                let model = self.put(id).await?;
                self.models.push(model);
                self.models.len() - 1
            }
        };
        Ok(&mut self.models[place])
    }

    /// Puts a model on the device.
    async fn put(&mut self, id: &str) -> Result<Vlm, S::Error> {
        let row = self.source.row(id).await?;
        let language = self.language(&row.language_model).await?;
        let files = self.source.files(id).await?;
        let before = self.device.allocated_bytes();
        let mut model = Vlm::load(&self.device, &files, language).await?;
        self.source.loaded(id, self.device.allocated_bytes() - before);
        self.source.prepare(&mut model, files).await?;
        Ok(model)
    }

    /// A language model, loaded if it was not.
    ///
    /// # Errors
    /// As [`Lineup::model`].
    pub async fn language(&mut self, id: &str) -> Result<Rc<Language>, S::Error> {
        if let Some(language) = self.languages.get(id) {
            return Ok(Rc::clone(language));
        }
        let before = self.device.allocated_bytes();
        let language = Rc::new(self.source.language(id, &self.device).await?);
        self.source.loaded(id, self.device.allocated_bytes() - before);
        self.languages.insert(id.to_owned(), Rc::clone(&language));
        Ok(language)
    }

    /// Loads all models of [`Lineup::ids`].
    ///
    /// # Errors
    /// As [`Lineup::model`].
    pub async fn load(&mut self) -> Result<(), S::Error> {
        for id in self.ids.clone() {
            self.model(&id).await?;
        }
        Ok(())
    }

    /// The models that are loaded, in the order in which they were.
    pub fn loaded(&mut self) -> &mut [Vlm] {
        &mut self.models
    }

    /// Drops a model. Its language model stays.
    pub fn unload(&mut self, id: &str) {
        self.models.retain(|model| model.id() != id);
    }

    /// Drops a language model that no loaded model uses.
    pub fn unload_language(&mut self, id: &str) {
        // The lineup's own reference is the last one then.
        self.languages
            .retain(|other, language| other != id || Rc::strong_count(language) > 1);
    }

    /// Goes on with another device after the first one was lost. What was loaded is loaded again.
    /// It has looked at no picture then, and answers as before.
    ///
    /// # Errors
    /// As [`Lineup::model`].
    pub async fn reload(&mut self, device: Device) -> Result<(), S::Error> {
        self.languages.clear();
        let loaded: Vec<String> = self.models.drain(..).map(|model| model.id().to_owned()).collect();
        self.device = device;
        for id in loaded {
            self.model(&id).await?;
        }
        Ok(())
    }

    /// Goes on after an error of a model, if it says that the device failed and the source has
    /// another one of the same kind. What was loaded is loaded again there. Returns whether it was;
    /// the work that failed can be done again then.
    ///
    /// This happens once. Work that loses a second device is likely to have lost the first one,
    /// too.
    ///
    /// # Errors
    /// As [`Lineup::model`].
    pub async fn recover(&mut self, error: &VlmError) -> Result<bool, S::Error> {
        if self.replaced || !error.is_device() {
            return Ok(false);
        }
        let Some(device) = self.source.another_device(&self.device, error).await else {
            return Ok(false);
        };
        if !is_alike(&device, &self.device) {
            return Ok(false);
        }
        self.replaced = true;
        self.reload(device).await?;
        Ok(true)
    }

    /// Asks every model, one after the other: never do two run at once, so that their times can be
    /// compared. A picture that a model saw last costs it nothing.
    ///
    /// # Errors
    /// As [`Lineup::model`] and [`Vlm::ask`], and an error of the listener. The models after it are
    /// not asked.
    pub async fn answer(&mut self, turn: &Turn<'_>, listener: &mut impl Listener<S::Error>) -> Result<(), S::Error> {
        for id in self.order(turn.number) {
            if !listener.asks(&id) {
                continue;
            }
            if !listener.looking(&id).await {
                break;
            }
            let model = self.model(&id).await?;
            let look = model.look(turn.picture).await?;
            if !listener.looked(&id, &look).await {
                break;
            }
            let on_text = async |text: &str| listener.text(&id, text).await;
            let answer = model.ask(turn.question, &turn.options, on_text).await?;
            listener.answered(answer).await?;
        }
        Ok(())
    }
}

/// Whether two devices compute alike: backend, graphics interface and adapter are the same.
fn is_alike(one: &Device, other: &Device) -> bool {
    let kind = |device: &Device| {
        let info = device.gpu_info();
        info.map(|info| (info.backend, info.api, info.adapter.clone()))
    };
    kind(one) == kind(other)
}
