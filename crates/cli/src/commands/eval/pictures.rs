//! Pictures of coming batches, read and decoded beside the model.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use sightline_eval::run::sha256_hex;
use sightline_eval::tasks::Question;
use sightline_vision::Picture;

/// Batches that are decoded ahead.
const AHEAD: usize = 2;

/// Pictures that are held for further questions about them.
const HELD: usize = 64;

/// A picture, or why it cannot be read, in words that hold no folder.
pub(super) type Read = Result<Arc<Shown>, String>;

/// A decoded picture.
pub(super) struct Shown {
    pub picture: Picture,
    /// SHA-256 of the encoded bytes.
    pub sha256: String,
}

/// What is shown with every question: its own picture, or another question's.
pub(super) struct Gallery {
    pub questions: Arc<Vec<Question>>,
    /// For every question the one whose picture is shown.
    pub shows: Vec<usize>,
    /// Colour behind transparent parts.
    pub pad: [u8; 3],
}

impl Gallery {
    /// Every question with its own picture.
    pub(super) fn own(questions: Arc<Vec<Question>>, pad: [u8; 3]) -> Self {
        let shows = (0..questions.len()).collect();
        Self { questions, shows, pad }
    }

    /// Every question with the picture that stands half of all pictures further: one picture's questions are again asked about one picture,
    /// and never about their own, unless all have the same.
    pub(super) fn shuffled(questions: Arc<Vec<Question>>, pad: [u8; 3]) -> Self {
        let mut first = Vec::new();
        let mut place = HashMap::new();
        for (at, question) in questions.iter().enumerate() {
            place.entry(question.image_key.as_str()).or_insert_with(|| {
                first.push(at);
                first.len() - 1
            });
        }
        let shift = first.len() / 2;
        let other = |question: &Question| first[(place[question.image_key.as_str()] + shift) % first.len()];
        let shows = questions.iter().map(other).collect();
        Self { questions, shows, pad }
    }

    /// The question whose picture is shown with a question.
    pub(super) fn shown(&self, at: usize) -> &Question {
        &self.questions[self.shows[at]]
    }

    fn read(&self, at: usize) -> Read {
        let bytes = self.shown(at).image.bytes().map_err(|error| error.to_string())?;
        let picture = Picture::decode(&bytes, self.pad).map_err(|error| error.to_string())?;
        Ok(Arc::new(Shown {
            picture,
            sha256: sha256_hex(&bytes),
        }))
    }
}

/// The pictures of batches in the order in which they are asked.
pub(super) struct Coming(Receiver<(usize, Vec<Read>)>);

impl Coming {
    /// Starts reading. `batches`: numbers, in the order in which they will be taken; `size`: questions of a batch.
    pub(super) fn start(gallery: Arc<Gallery>, batches: Vec<usize>, size: usize) -> Self {
        let (sender, receiver) = sync_channel(AHEAD);
        std::thread::spawn(move || {
            let mut held: Vec<(usize, Read)> = Vec::new();
            for batch in batches {
                let first = batch * size;
                let last = (first + size).min(gallery.questions.len());
                let pictures = (first..last).map(|at| take(&gallery, &mut held, at)).collect();
                // Nobody listens once the run has failed.
                if sender.send((batch, pictures)).is_err() {
                    return;
                }
            }
        });
        Self(receiver)
    }

    /// The next batch and its pictures; none once all are taken.
    pub(super) fn next(&self) -> Option<(usize, Vec<Read>)> {
        self.0.recv().ok()
    }
}

/// A picture, from those that were read lately if it is there.
fn take(gallery: &Gallery, held: &mut Vec<(usize, Read)>, at: usize) -> Read {
    let key = &gallery.shown(at).image_key;
    let same = |entry: &(usize, Read)| gallery.shown(entry.0).image_key == *key;
    if let Some(found) = held.iter().position(same) {
        let entry = held.remove(found);
        let read = entry.1.clone();
        held.push(entry);
        return read;
    }
    let read = gallery.read(at);
    if held.len() == HELD {
        held.remove(0);
    }
    held.push((at, read.clone()));
    read
}
