//! One model of the manifest on a device. It takes a picture and answers questions about it.

use std::ops::ControlFlow;
use std::sync::Arc;

use sightline_checkpoint::blob::Blob;
use sightline_checkpoint::gguf::Gguf;
use sightline_checkpoint::hash::sha256_hex;
use sightline_checkpoint::manifest::{self, Model, QuestionType};
use sightline_checkpoint::tensors::Tensors;
use sightline_kernels::{Buffer, Device};
use sightline_language::{Adapters, Chat, Finish, Llama, Sampling, Session as Conversation, Tokenizer};
use sightline_vision::{Corners, Encoder, Frame, Picture, Session as EncoderSession, Size, Transform};
use web_time::Instant;

use crate::answer::{Answer, AnswerBox, Source, Timings};
use crate::boxes::{BoxError, Region};
use crate::connector::Connector;
use crate::dense::DenseHead;
use crate::error::{Result, VlmError};
use crate::questions::{Recognised, recognise};

/// Largest file of class names that is read, bytes: a thousand times the shipped one.
#[cfg(not(target_arch = "wasm32"))]
const MAX_CLASSES: u64 = 4 << 20;

/// How an answer is made.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Largest number of tokens in an answer.
    pub max_tokens: usize,
    /// 0 takes the most probable token every time.
    pub temperature: f32,
    /// Seed of the randomness.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_tokens: 64,
            temperature: 0.0,
            seed: 0,
        }
    }
}

/// A model's row of the manifest and the bytes of its files, verified.
pub struct Files {
    /// The row.
    pub row: Model,
    /// `model.safetensors`.
    pub weights: Vec<u8>,
    /// Names of the dense head's classes, empty without one.
    pub classes: Vec<String>,
}

impl Files {
    /// Reads the files of a model from the weights folder and checks every hash.
    ///
    /// # Errors
    /// An unknown id, or a file that is missing or has another hash. The error names it.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn read(
        folder: &std::path::Path,
        manifest: &sightline_checkpoint::manifest::Manifest,
        id: &str,
    ) -> Result<Self> {
        let row = manifest.model(id)?.clone();
        let file = row.files.first().ok_or_else(|| VlmError::Row {
            id: id.into(),
            problem: "names no file".into(),
        })?;
        let weights = sightline_checkpoint::cache::read_model_file(folder, file)?;
        let classes = match &row.dense_head {
            None => Vec::new(),
            Some(head) => {
                let path = folder.join(&head.classes);
                let error = |message: String| VlmError::Classes {
                    file: path.display().to_string(),
                    message,
                };
                let json =
                    sightline_checkpoint::file::read_text(&path, MAX_CLASSES).map_err(|e| error(e.to_string()))?;
                serde_json::from_str(&json).map_err(|e| error(e.to_string()))?
            }
        };
        Ok(Self { row, weights, classes })
    }
}

/// A frozen language model and how it is talked to, shared by all models before it.
pub struct Language {
    pub(crate) llama: Arc<Llama>,
    pub(crate) chat: Chat,
}

impl Language {
    /// Reads a GGUF file's bytes. `chat` is that of the model's row. `file` is only used in errors.
    ///
    /// # Errors
    /// A file that is unsound, describes a model that the decoder cannot run, or does not fit `chat`.
    pub fn load(device: &Device, chat: &manifest::Chat, file: &str, bytes: &[u8]) -> Result<Self> {
        let gguf = Gguf::parse(file, bytes).map_err(sightline_language::LanguageError::from)?;
        Self::from_gguf(device, chat, &gguf)
    }

    /// As [`Language::load`], tensor by tensor: the file is never in memory as a whole.
    ///
    /// # Errors
    /// As [`Language::load`], and a span that cannot be read.
    pub fn load_blob(device: &Device, chat: &manifest::Chat, file: &str, blob: &dyn Blob) -> Result<Self> {
        let head = Gguf::head(file, blob).map_err(sightline_language::LanguageError::from)?;
        let gguf = Gguf::parse_head(file, &head, blob).map_err(sightline_language::LanguageError::from)?;
        Self::from_gguf(device, chat, &gguf)
    }

    fn from_gguf(device: &Device, chat: &manifest::Chat, gguf: &Gguf<'_>) -> Result<Self> {
        Ok(Self {
            chat: Chat::new(chat, gguf)?,
            llama: Arc::new(Llama::load(device, gguf)?),
        })
    }

    /// The decoder's weights.
    pub fn llama(&self) -> &Arc<Llama> {
        &self.llama
    }

    /// How it is talked to.
    pub fn chat(&self) -> &Chat {
        &self.chat
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        self.chat.tokenizer()
    }

    /// Token ids of these texts, as answers consist of them: without a leading space and without the end of the turn.
    ///
    /// # Errors
    /// A text that the tokenizer refuses.
    pub fn answers(&self, texts: &[String]) -> Result<Vec<Vec<u32>>> {
        texts.iter().map(|text| Ok(self.tokenizer().encode(text)?)).collect()
    }

    /// Ids of the first tokens of these texts, as an answer begins with them: without a leading space.
    ///
    /// # Errors
    /// A text that the tokenizer refuses, or that has no token.
    pub fn first_tokens(&self, texts: &[String]) -> Result<Vec<u32>> {
        let first = |text: &String| {
            let ids = self.tokenizer().encode(text)?;
            ids.first()
                .copied()
                .ok_or(sightline_language::LanguageError::EmptyQuestion.into())
        };
        texts.iter().map(first).collect()
    }
}

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
    /// Number of kernel launches of the encoder; 0 on the CPU.
    pub picture_launches: usize,
    /// Number of bytes of the encoder's weights and scratch memory. A picture touches all of them.
    pub picture_bytes: usize,
    /// Number of kernel launches of one decoding step; 0 on the CPU.
    pub token_launches: usize,
    /// Least number of bytes that one decoding step reads: weights, adapters, and the keys and
    /// values of all earlier positions.
    pub token_bytes: usize,
}

/// Least probability of a box of the dense head to be shown. The head always has a best token, even
/// for an absent object.
const MIN_DENSE_SCORE: f32 = 0.05;

/// The picture of the last look.
pub(crate) struct Seen {
    /// SHA-256 of its pixels and sides.
    key: String,
    frame: Frame,
    visual_tokens: usize,
}

/// One model on a device.
pub struct Vlm {
    pub(crate) id: String,
    pub(crate) device: Device,
    pub(crate) language: std::rc::Rc<Language>,
    pub(crate) transform: Transform,
    pub(crate) encoder: EncoderSession,
    /// Makes sessions for several pictures at once, and for canvases of other sizes.
    pub(crate) network: Box<dyn Encoder>,
    pub(crate) batcher: crate::batch::Batcher,
    pub(crate) adapters: Option<Arc<Adapters>>,
    /// Session and network in f32 during a trial of [`Vlm::try_half`].
    pub(crate) whole: Option<(EncoderSession, Box<dyn Encoder>)>,
    /// Number of bytes on the device: weights and scratch memory.
    encoder_bytes: usize,
    pub(crate) connector: Connector,
    pub(crate) dense: Option<DenseHead>,
    conversation: Conversation,
    pub(crate) kinds: Vec<QuestionType>,
    pub(crate) seen: Option<Seen>,
    timings: Timings,
}

impl Vlm {
    /// Puts a model on the device of its language model and records its token step.
    ///
    /// # Errors
    /// A file that is unsound or does not belong to the row, or a device that fails.
    pub async fn load(device: &Device, files: &Files, language: std::rc::Rc<Language>) -> Result<Self> {
        let row = &files.row;
        let name = row.files.first().map_or("model.safetensors", |f| &f.path);
        let tensors = Tensors::parse(name, &files.weights)?;
        let before = device.allocated_bytes();
        let encoder = sightline_vision::load(device, &row.encoder, &tensors)?;
        let session = encoder.session(Size::one(row.transform.size[0], row.transform.size[1]))?;
        let encoder_bytes = device.allocated_bytes() - before;
        let config = language.llama.config();
        let connector = Connector::load(device, &tensors, &row.connector, encoder.width(), config.width)?;
        let dense = match &row.dense_head {
            Some(_) => Some(DenseHead::load(
                device,
                &tensors,
                encoder.width(),
                files.classes.clone(),
            )?),
            None => None,
        };
        let adapters = match &row.adapters {
            Some(a) => Some(Arc::new(Adapters::load(device, &tensors, a, config)?)),
            None => None,
        };
        Ok(Self {
            id: row.id.clone(),
            device: device.clone(),
            transform: Transform::read(&row.transform)?,
            encoder: session,
            network: encoder,
            batcher: crate::batch::Batcher::default(),
            adapters: adapters.clone(),
            whole: None,
            encoder_bytes,
            connector,
            dense,
            conversation: Conversation::new(language.llama.clone(), adapters, language.chat.layout()).await?,
            kinds: row.question_types.clone(),
            language,
            seen: None,
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
        let key = format!(
            "{}x{} {} {}",
            picture.width(),
            picture.height(),
            sha256_hex(picture.pixels()),
            picture.alpha().map_or_else(String::new, sha256_hex)
        );
        if self.seen.as_ref().is_some_and(|seen| seen.key == key) {
            self.timings = Timings {
                visual_tokens: self.timings.visual_tokens,
                ..Timings::default()
            };
            return Ok(self.looked(true));
        }
        self.seen = None;
        let start = Instant::now();
        let (visual, frame, count) = self.see(picture).await?;
        self.device.sync().await?;
        let encode_ms = ms(start);
        let start = Instant::now();
        self.conversation.prefill_prefix(&visual, count)?;
        self.device.sync().await?;
        self.timings = Timings {
            encode_ms,
            prefix_ms: ms(start),
            visual_tokens: count,
            ..Timings::default()
        };
        self.seen = Some(Seen {
            key,
            frame,
            visual_tokens: count,
        });
        Ok(self.looked(false))
    }

    fn looked(&self, reused: bool) -> Look {
        Look {
            reused,
            encode_ms: self.timings.encode_ms,
            prefix_ms: self.timings.prefix_ms,
            visual_tokens: self.timings.visual_tokens,
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
        Ok(self.conversation.time_steps(steps).await?)
    }

    /// Visual tokens of a picture, the frame of their boxes, and their number.
    async fn see(&mut self, picture: &Picture) -> Result<(Buffer, Frame, usize)> {
        let input = self.transform.apply(picture)?;
        // Some policies give every shape of picture a canvas of its own.
        let size = Size::one(input.height, input.width);
        if self.encoder.size() != size {
            self.encoder = self.network.session(size)?;
        }
        let grid = self.encoder.grid();
        let features = self.encoder.encode(&input.values).await?.clone();
        let visual = self
            .connector
            .apply(&self.device, &features, 1, (grid.height, grid.width))?;
        Ok((visual, input.frame, grid.tokens()))
    }

    /// Whether the question is of a kind that the model was trained on.
    pub fn recognises(&self, question: &str) -> bool {
        recognise(&self.kinds, question).is_some()
    }

    /// What a picture and a token cost, after the first picture.
    pub fn cost(&self) -> Cost {
        Cost {
            picture_launches: self.encoder.recorded_launches().unwrap_or(0),
            picture_bytes: self.encoder_bytes,
            token_launches: self.conversation.launches_per_token(),
            token_bytes: self.conversation.bytes_per_token(),
        }
    }

    /// The features `[tokens, width]` of the last picture, for parity tests.
    ///
    /// # Errors
    /// A device that fails.
    pub async fn features(&self) -> Result<Vec<f32>> {
        Ok(self.device.read_f32(self.encoder.output()).await?)
    }

    /// The same of any picture, without the work of the language model. The last picture is
    /// forgotten.
    ///
    /// # Errors
    /// As [`Vlm::look`].
    pub async fn features_of(&mut self, picture: &Picture) -> Result<Vec<f32>> {
        self.seen = None;
        self.see(picture).await?;
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
        mut on_text: impl AsyncFnMut(&str) -> bool,
    ) -> Result<Answer> {
        let visual_tokens = self.seen.as_ref().ok_or(VlmError::NoPicture)?.visual_tokens;
        let tokenizer = self.language.tokenizer();
        let prompt = self.language.chat.question(question, self.conversation.prefix_len())?;
        let sampling = if options.temperature > 0.0 {
            Sampling::Temperature {
                temperature: options.temperature,
                seed: options.seed,
            }
        } else {
            Sampling::Greedy
        };
        let generation = sightline_language::Options {
            max_tokens: options.max_tokens,
            sampling,
        };
        let streamed = async |text: &str| match on_text(text).await {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        };
        let made = self
            .conversation
            .generate(tokenizer, &prompt, &generation, streamed)
            .await?;
        let mut timings = Timings {
            prefill_ms: made.timings.prefill_ms,
            first_token_ms: made.timings.first_token_ms,
            decode_ms: made.timings.decode_ms,
            tokens: made.ids.len(),
            visual_tokens,
            ..self.timings
        };
        let recognised = recognise(&self.kinds, question);
        let (mut boxes, box_error) = self.written_box(&made.text, recognised.as_ref());
        let start = Instant::now();
        boxes.extend(self.dense_boxes(recognised.as_ref()).await?);
        timings.dense_ms = ms(start);
        // The cached work on this picture counts once.
        (self.timings.encode_ms, self.timings.prefix_ms) = (0.0, 0.0);
        Ok(Answer {
            model: self.id.clone(),
            answer: made.text,
            boxes,
            box_error: box_error.map(|e| e.to_string()),
            outside_training: recognised.is_none(),
            question_type: recognised.map(|r| r.kind),
            cut: made.finish == Finish::Length,
            timings,
        })
    }

    /// As [`Language::first_tokens`].
    ///
    /// # Errors
    /// As [`Language::first_tokens`].
    pub fn first_tokens(&self, texts: &[String]) -> Result<Vec<u32>> {
        self.language.first_tokens(texts)
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
        let (Some(dense), Some(asked)) = (&self.dense, asked) else {
            return Ok(Vec::new());
        };
        let grid = self.encoder.grid();
        let mut boxes = Vec::new();
        for class in asked.names.iter().filter_map(|name| dense.class_of(name)) {
            let found = dense
                .find(&self.device, self.encoder.output(), (grid.height, grid.width), class)
                .await?;
            if found.score >= MIN_DENSE_SCORE {
                boxes.push(self.placed(Source::Dense, Some(found.name), found.region, Some(found.score)));
            }
        }
        Ok(boxes)
    }

    fn placed(&self, source: Source, label: Option<String>, region: Region, score: Option<f32>) -> AnswerBox {
        let corners = [region.x1, region.y1, region.x2, region.y2].map(f64::from);
        let corners = Corners::new(corners[0], corners[1], corners[2], corners[3]);
        let px = self.seen.as_ref().and_then(|seen| seen.frame.to_px_inside(corners));
        AnswerBox {
            source,
            label,
            region,
            px: px.map(|c| [c.x1, c.y1, c.x2, c.y2].map(|v| v as f32)),
            score,
        }
    }
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
