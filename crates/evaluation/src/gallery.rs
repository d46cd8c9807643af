//! The pictures that are shown with questions, batch by batch.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use sightline_checkpoint::hash::sha256_hex;
use sightline_eval::tasks::Question;
use sightline_vision::{Picture, Transform};

/// Pictures that are held for further questions about them.
const HELD: usize = 64;

/// A picture, or why it cannot be read, in words that hold no folder.
pub(crate) type Read = Result<Arc<Shown>, String>;

/// A picture as the model sees it.
pub(crate) struct Shown {
    /// Normalised values.
    pub values: Vec<f32>,
    /// Height and width of its canvas, px.
    pub canvas: [usize; 2],
    /// SHA-256 of the encoded bytes.
    pub sha256: String,
}

/// What is shown with every question: its own picture, or another question's.
pub(crate) struct Gallery {
    pub questions: Arc<Vec<Question>>,
    /// For every question the one whose picture is shown.
    pub shows: Vec<usize>,
    /// Number of questions, from the first, that are asked: as many as the run's limit leaves.
    pub asked: usize,
    /// The model's; its padding stands behind transparent parts.
    pub transform: Transform,
}

impl Gallery {
    /// Every question with its own picture.
    pub(crate) fn own(questions: Arc<Vec<Question>>, asked: usize, transform: Transform) -> Self {
        let shows = (0..questions.len()).collect();
        Self {
            questions,
            shows,
            asked,
            transform,
        }
    }

    /// Every question with the picture that stands half of all pictures further: one picture's
    /// questions are again asked about one picture, and never about their own, unless all have the
    /// same.
    pub(crate) fn shuffled(questions: Arc<Vec<Question>>, asked: usize, transform: Transform) -> Self {
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
    pub(crate) fn shown(&self, at: usize) -> &Question {
        &self.questions[self.shows[at]]
    }

    /// Reads and prepares the picture that is shown with a question.
    pub(crate) fn read(&self, at: usize) -> Read {
        let bytes = self.shown(at).image.bytes().map_err(|error| error.to_string())?;
        let picture = Picture::decode(&bytes).map_err(|error| error.to_string())?;
        let input = self.transform.apply(&picture).map_err(|error| error.to_string())?;
        Ok(Arc::new(Shown {
            values: input.values,
            canvas: [input.height, input.width],
            sha256: sha256_hex(&bytes),
        }))
    }
}

/// The pictures of batches, in the order in which the batches are asked.
pub(crate) struct Batches {
    gallery: Arc<Gallery>,
    numbers: std::vec::IntoIter<usize>,
    size: usize,
    /// Pictures that were read lately, by the place of a question that shows them.
    held: Vec<(usize, Read)>,
}

impl Batches {
    /// `numbers`: of the batches, in the order in which they will be taken; `size`: questions of a
    /// batch.
    pub(crate) fn new(gallery: Arc<Gallery>, numbers: Vec<usize>, size: usize) -> Self {
        Self {
            gallery,
            numbers: numbers.into_iter(),
            size,
            held: Vec::new(),
        }
    }

    /// The next batch and its pictures; none once all are taken. `read`: reads the pictures of
    /// several questions.
    pub(crate) fn next(&mut self, read: impl FnOnce(&Gallery, &[usize]) -> Vec<Read>) -> Option<(usize, Vec<Read>)> {
        let number = self.numbers.next()?;
        let first = number * self.size;
        let last = (first + self.size).min(self.gallery.asked);
        Some((number, self.read(first..last, read)))
    }

    /// Pictures of questions: those that were read lately again, and the others.
    fn read(&mut self, range: Range<usize>, read: impl FnOnce(&Gallery, &[usize]) -> Vec<Read>) -> Vec<Read> {
        let Self { gallery, held, .. } = self;
        let key = |at: usize| gallery.shown(at).image_key.as_str();
        let mut missing: Vec<usize> = Vec::new();
        for at in range.clone() {
            let known = |other: &usize| key(*other) == key(at);
            if !held.iter().any(|entry| known(&entry.0)) && !missing.iter().any(known) {
                missing.push(at);
            }
        }
        let found = read(gallery, &missing);
        held.extend(missing.into_iter().zip(found));
        let find = |at: usize| held.iter().position(|entry| key(entry.0) == key(at));
        let pictures = range.filter_map(|at| Some(held[find(at)?].1.clone())).collect();
        // The oldest go first.
        held.drain(..held.len().saturating_sub(HELD));
        pictures
    }
}
