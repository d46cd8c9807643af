//! One model of the manifest on a device. It takes a picture and answers questions about it.

use std::rc::Rc;
use std::sync::Arc;

use sightline_answer::{Answer, AnswerBox, BoxError, Region, Source, Timings};
use sightline_checkpoint::manifest::{Model, QuestionType};
use sightline_kernels::Device;
use sightline_language::{Adapters, Finish};
use sightline_vision::Picture;
use web_time::Instant;

use crate::error::{Result, VlmError};
use crate::eye::Eye;
use crate::files::Files;
use crate::inside::seen::{Kept, key};
use crate::language::Language;
use crate::questions::{Recognised, recognise};
use crate::talk::{Options, Talk};

/// The times of a look at a picture.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Whether the picture is the one before, so that nothing was computed.
    pub reused: bool,
    /// Time of transform, encoder and connector, in ms.
    pub encode_ms: f64,
    /// Time of the prefix of the prompt, in ms.
    pub prefix_ms: f64,
    /// Number of visual tokens.
    pub visual_tokens: usize,
}

/// The cost of a picture and of a token.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Number of kernel launches of encoder and connector; 0 on the CPU.
    pub picture_launches: usize,
    /// Number of bytes of weights and scratch memory of encoder and connector. A picture touches
    /// all of them.
    pub picture_bytes: usize,
    /// Number of kernel launches of one decoding step; 0 on the CPU.
    pub token_launches: usize,
    /// Least number of bytes that one decoding step reads: weights, adapters, and the keys and
    /// values of all earlier positions.
    pub token_bytes: usize,
}

/// One model on a device: an eye, and a talk about what it sees.
pub struct Vlm {
    pub(crate) id: String,
    device: Device,
    pub(crate) eye: Eye,
    pub(crate) talk: Talk,
    pub(crate) kinds: Vec<QuestionType>,
    /// The picture whose prefix the talk holds: SHA-256 of its pixels, and its sides.
    pub(crate) seen: Option<String>,
    /// What maps of the last picture have needed.
    pub(crate) kept: Kept,
    /// The times of the last look. Cached work counts once.
    timings: Timings,
}

impl Vlm {
    /// Puts a model on the device of its language model and records its token step.
    ///
    /// # Errors
    /// A file that is unsound or does not belong to the row, or a device that fails.
    pub async fn load(device: &Device, files: &Files, language: Rc<Language>) -> Result<Self> {
        let row = &files.row;
        let tensors = files.tensors()?;
        let config = language.llama.config();
        let eye = Eye::load(device, files, &tensors, config.width)?;
        let adapters = match &row.adapters {
            Some(a) => Some(Arc::new(Adapters::load(device, &tensors, a, config)?)),
            None => None,
        };
        let talk = Talk::new(language, adapters).await?;
        Ok(Self {
            id: row.id.clone(),
            device: device.clone(),
            eye,
            talk,
            kinds: row.question_types.clone(),
            seen: None,
            kept: Kept::default(),
            timings: Timings::default(),
        })
    }

    /// The model's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Takes a picture: computes its features and visual tokens, and puts the prefix of the prompt
    /// into the KV cache. The same picture again costs nothing.
    ///
    /// # Errors
    /// A picture that the transform or the encoder cannot take, or a device that fails.
    pub async fn look(&mut self, picture: &Picture) -> Result<Look> {
        let key = key(picture);
        if self.seen.as_ref() == Some(&key) {
            self.timings = Timings {
                visual_tokens: self.timings.visual_tokens,
                ..Timings::default()
            };
            return Ok(self.looked(true));
        }
        self.seen = None;
        let start = Instant::now();
        let count = self.eye.see(picture).await?;
        self.device.sync().await?;
        let encode_ms = ms(start);
        let start = Instant::now();
        self.talk.hear(self.eye.visual(), count)?;
        self.device.sync().await?;
        self.timings = Timings {
            encode_ms,
            prefix_ms: ms(start),
            visual_tokens: count as u32,
            ..Timings::default()
        };
        self.seen = Some(key);
        Ok(self.looked(false))
    }

    fn looked(&self, reused: bool) -> Look {
        Look {
            reused,
            encode_ms: self.timings.encode_ms,
            prefix_ms: self.timings.prefix_ms,
            visual_tokens: self.timings.visual_tokens as usize,
        }
    }

    /// Runs decoding steps behind the last picture and returns the mean time of one in ms. Their
    /// tokens do not matter.
    ///
    /// # Errors
    /// [`VlmError::NoPicture`], a full cache, or a device that fails.
    pub async fn time_steps(&mut self, steps: usize) -> Result<f64> {
        if self.seen.is_none() {
            return Err(VlmError::NoPicture);
        }
        self.talk.time_steps(steps).await
    }

    /// Whether the question is of a kind that the model was trained on.
    pub fn recognises(&self, question: &str) -> bool {
        recognise(&self.kinds, question).is_some()
    }

    /// What a picture and a token cost, after the first picture.
    pub fn cost(&self) -> Cost {
        let (picture_launches, picture_bytes) = self.eye.cost_per_picture();
        let (token_launches, token_bytes) = self.talk.cost_per_token();
        Cost {
            picture_launches,
            picture_bytes,
            token_launches,
            token_bytes,
        }
    }

    /// The features `[tokens, encoder's width]` of the last picture, row-major, for parity tests.
    /// Before the first picture their values mean nothing.
    ///
    /// # Errors
    /// A device that fails.
    pub async fn features(&self) -> Result<Vec<f32>> {
        self.eye.features().await
    }

    /// The visual tokens `[tokens, language model's width]` of the last picture, row-major, for
    /// parity tests. Before the first picture their values mean nothing.
    ///
    /// # Errors
    /// A device that fails.
    pub async fn visual_tokens(&self) -> Result<Vec<f32>> {
        Ok(self.device.read_f32(self.eye.visual()).await?)
    }

    /// The features `[tokens, encoder's width]` of any picture, without the work of the language
    /// model. The last picture is forgotten.
    ///
    /// # Errors
    /// As [`Vlm::look`].
    pub async fn features_of(&mut self, picture: &Picture) -> Result<Vec<f32>> {
        self.seen = None;
        self.eye.see(picture).await?;
        self.features().await
    }

    /// Answers a question about the last picture. `on_text` gets every piece of text and is
    /// awaited. If it returns `false`, the answer stops.
    ///
    /// # Errors
    /// [`VlmError::NoPicture`], a question that is empty or too long, or a device that fails.
    pub async fn ask(
        &mut self,
        question: &str,
        options: &Options,
        on_text: impl AsyncFnMut(&str) -> bool,
    ) -> Result<Answer> {
        if self.seen.is_none() {
            return Err(VlmError::NoPicture);
        }
        let made = self.talk.say(question, options, on_text).await?;
        let recognised = recognise(&self.kinds, question);
        let (mut boxes, box_error) = self.written_box(&made.text, recognised.as_ref());
        let start = Instant::now();
        boxes.extend(self.dense_boxes(recognised.as_ref()).await?);
        let timings = Timings {
            prefill_ms: made.timings.prefill_ms,
            first_token_ms: made.timings.first_token_ms,
            decode_ms: made.timings.decode_ms,
            tokens: made.ids.len() as u32,
            dense_ms: ms(start),
            ..self.timings
        };
        // The cached work on this picture counts once.
        (self.timings.encode_ms, self.timings.prefix_ms) = (0.0, 0.0);
        Ok(Answer {
            model: self.id.clone(),
            text: made.text,
            boxes,
            box_error: box_error.map(|e| e.to_string()),
            outside_training: recognised.is_none(),
            question_type: recognised.map(|r| r.kind),
            cut: made.finish == Finish::Length,
            stopped: made.finish == Finish::Cancelled,
            timings,
        })
    }

    /// As [`Language::first_tokens`].
    ///
    /// # Errors
    /// As [`Language::first_tokens`].
    pub fn first_tokens(&self, texts: &[String]) -> Result<Vec<u32>> {
        self.talk.language().first_tokens(texts)
    }

    /// Tries 16-bit products in the encoder. Compares the features of `picture` with those in f32
    /// and returns their cosine. The encoder stays in f32 if the cosine is below
    /// [`MIN_HALF_COSINE`](crate::MIN_HALF_COSINE). It also does if the cosine is not a number,
    /// because a value left the range of 16 bits. [`Vlm::settle_half`] ends the trial.
    ///
    /// # Errors
    /// A device without 16-bit floats, or one that fails.
    pub async fn try_half(&mut self, files: &Files, picture: &Picture) -> Result<f64> {
        // The eye sees another picture now.
        self.seen = None;
        self.eye.try_half(files, &files.tensors()?, picture).await
    }

    /// Looks at the built-in picture, and compares its features with those that the manifest's row
    /// `row` holds. Returns their cosine: 1 where the device computes rightly, NaN where a feature
    /// is no number. None if the row holds no features.
    ///
    /// # Errors
    /// A device that fails.
    pub async fn check(&mut self, row: &Model) -> Result<Option<f64>> {
        let Some(stored) = &row.check else { return Ok(None) };
        // The eye sees another picture now.
        self.seen = None;
        self.eye.check(stored).await.map(Some)
    }

    /// Whether the encoder multiplies in 16 bits.
    pub fn half(&self) -> bool {
        self.eye.half()
    }

    /// Ends the trial of [`Vlm::try_half`]. Either keeps 16-bit products, if they passed, and drops
    /// the f32 session, or goes back to f32.
    pub fn settle_half(&mut self, keep: bool) {
        if self.eye.settle_half(keep) {
            self.seen = None;
        }
    }

    /// The box that the language model wrote. A missing box is an error only if the question asked
    /// for one.
    fn written_box(&self, text: &str, asked: Option<&Recognised>) -> (Vec<AnswerBox>, Option<BoxError>) {
        let wanted = asked.is_some_and(|r| r.kind == "ground");
        match Region::parse(text) {
            Ok(region) => {
                let label = asked.and_then(|r| r.names.first().cloned());
                (vec![self.placed(Source::Llm, label, region, None)], None)
            }
            Err(BoxError::NotABox) if !wanted => (Vec::new(), None),
            Err(error) => (Vec::new(), Some(error)),
        }
    }

    /// The boxes of named objects that the dense head knows. They are shown, but never feed the
    /// text.
    async fn dense_boxes(&self, asked: Option<&Recognised>) -> Result<Vec<AnswerBox>> {
        let Some(asked) = asked else {
            return Ok(Vec::new());
        };
        let found = self.eye.find(&asked.names).await?;
        let placed = found.into_iter().map(|found| {
            let (region, score) = (found.region, found.score);
            self.placed(Source::Dense, Some(found.name), region, Some(score))
        });
        Ok(placed.collect())
    }

    fn placed(&self, source: Source, label: Option<String>, region: Region, score: Option<f32>) -> AnswerBox {
        AnswerBox {
            source,
            label,
            px: self.eye.to_px(region),
            region: Some(region),
            score,
        }
    }
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
