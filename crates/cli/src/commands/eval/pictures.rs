//! Pictures of coming batches, read and decoded beside the model.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use rayon::prelude::*;
use sightline_eval::run::sha256_hex;
use sightline_eval::tasks::Question;
use sightline_vision::{Picture, Transform};

/// Batches that are decoded ahead.
const AHEAD: usize = 2;

/// Pictures that are held for further questions about them.
const HELD: usize = 64;

/// A picture, or why it cannot be read, in words that hold no folder.
pub(super) type Read = Result<Arc<Shown>, String>;

/// A picture as the model sees it.
pub(super) struct Shown {
    /// Normalised values.
    pub values: Vec<f32>,
    /// SHA-256 of the encoded bytes.
    pub sha256: String,
}

/// What is shown with every question: its own picture, or another question's.
pub(super) struct Gallery {
    pub questions: Arc<Vec<Question>>,
    /// For every question the one whose picture is shown.
    pub shows: Vec<usize>,
    /// How many questions, from the first, are asked: as many as `--limit` leaves.
    pub asked: usize,
    /// The model's; its padding stands behind transparent parts.
    pub transform: Transform,
}

impl Gallery {
    /// Every question with its own picture.
    pub(super) fn own(questions: Arc<Vec<Question>>, asked: usize, transform: Transform) -> Self {
        let shows = (0..questions.len()).collect();
        Self {
            questions,
            shows,
            asked,
            transform,
        }
    }

    /// Every question with the picture that stands half of all pictures further: one picture's questions are again asked about one picture,
    /// and never about their own, unless all have the same.
    pub(super) fn shuffled(questions: Arc<Vec<Question>>, asked: usize, transform: Transform) -> Self {
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
        Self {
            questions,
            shows,
            asked,
            transform,
        }
    }

    /// The question whose picture is shown with a question.
    pub(super) fn shown(&self, at: usize) -> &Question {
        &self.questions[self.shows[at]]
    }

    fn read(&self, at: usize) -> Read {
        let bytes = self.shown(at).image.bytes().map_err(|error| error.to_string())?;
        let picture = Picture::decode(&bytes).map_err(|error| error.to_string())?;
        let input = self.transform.apply(&picture).map_err(|error| error.to_string())?;
        Ok(Arc::new(Shown {
            values: input.values,
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
                let last = (first + size).min(gallery.asked);
                let pictures = read_all(&gallery, &mut held, first..last);
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

/// Pictures of questions: those that were read lately again, the others side by side.
fn read_all(gallery: &Gallery, held: &mut Vec<(usize, Read)>, range: Range<usize>) -> Vec<Read> {
    let key = |at: usize| gallery.shown(at).image_key.as_str();
    let mut missing: Vec<usize> = Vec::new();
    for at in range.clone() {
        let known = |other: &usize| key(*other) == key(at);
        if !held.iter().any(|entry| known(&entry.0)) && !missing.iter().any(known) {
            missing.push(at);
        }
    }
    let read: Vec<Read> = missing.par_iter().map(|at| gallery.read(*at)).collect();
    held.extend(missing.into_iter().zip(read));
    let find = |at: usize| held.iter().position(|entry| key(entry.0) == key(at));
    let pictures = range.clone().filter_map(|at| Some(held[find(at)?].1.clone())).collect();
    // The oldest go first.
    held.drain(..held.len().saturating_sub(HELD));
    pictures
}
