//! The tokens of a prompt, as the row of a language model and its file say; see
//! `docs/model-format.md`, "Prompt".

use sightline_checkpoint::gguf::Gguf;
use sightline_checkpoint::manifest::{self, Place, Template, TemplateChoice, VisualPlace};

use crate::config::{LlamaConfig, refuse_row};
use crate::error::{LanguageError, Result};
use crate::template::{self, Part, Role, Turn};
use crate::tokenizer::Tokenizer;

/// Number of positions kept free for the answer.
pub const ANSWER_ROOM: usize = 64;

/// What a conversation needs to know of its prompts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatLayout {
    /// Tokens before the visual ones, at least one.
    pub before: Vec<u32>,
    /// Tokens that end an answer, at least one. The first is the end of a turn in training.
    pub stops: Vec<u32>,
    /// Number of positions of a conversation.
    pub capacity: usize,
}

/// Turns questions into the tokens that a language model was trained with.
///
/// A prompt consists of the tokens before the picture ([`ChatLayout::before`]), the visual tokens,
/// and the tokens behind them ([`Chat::question`]).
pub struct Chat {
    tokenizer: Tokenizer,
    template: Template,
    /// Text of the system turn; empty for no such turn.
    system: String,
    visual: VisualPlace,
    /// Control tokens of the template and of the strings around the visual tokens, by name.
    control: Vec<(String, u32)>,
    layout: ChatLayout,
}

impl Chat {
    /// From the `chat` of a language model's row and its file's metadata.
    ///
    /// # Errors
    /// [`LanguageError::Tokenizer`] if the vocabulary cannot be used or lacks a control token.
    /// [`LanguageError::Row`] for an unknown template, or a row that does not fit the file.
    pub fn new(row: &manifest::Chat, gguf: &Gguf<'_>) -> Result<Self> {
        let tokenizer = Tokenizer::from_gguf(gguf)?;
        let config = LlamaConfig::from_gguf(gguf)?;
        let template = match &row.template {
            TemplateChoice::Own(template) => template.as_ref().clone(),
            TemplateChoice::Named(name) => template::named(name).cloned().ok_or_else(|| {
                let known = template::names();
                let problem = format!("there is no template `{name}`; known are {known}, or give its strings");
                refuse_row(gguf, "template", problem)
            })?,
        };
        if let Some(context) = config.context
            && row.capacity > context
        {
            let problem = format!(
                "is {}, the model was made for at most {context} positions",
                row.capacity
            );
            return Err(refuse_row(gguf, "capacity", problem));
        }
        let mut control = Vec::new();
        let template_names = template
            .control
            .iter()
            .map(AsRef::as_ref)
            .map(|name| ("template", name));
        let visual_names = row.visual.control.iter().map(|name| ("visual", name.as_str()));
        for (field, name) in template_names.chain(visual_names) {
            control.push((name.to_owned(), control_token(gguf, &tokenizer, field, name)?));
        }
        let mut chat = Self {
            system: row
                .system
                .clone()
                .unwrap_or_else(|| template.default_system.to_string()),
            visual: row.visual.clone(),
            layout: ChatLayout {
                before: Vec::new(),
                stops: Vec::new(),
                capacity: row.capacity,
            },
            tokenizer,
            template,
            control,
        };
        chat.layout.stops = chat.stops(row, gguf, &config)?;
        chat.layout.before = chat.before(&config)?;
        if chat.layout.before.len() >= row.capacity {
            let tokens = chat.layout.before.len();
            let problem = format!("is {}, the prompt begins with {tokens} tokens", row.capacity);
            return Err(refuse_row(gguf, "capacity", problem));
        }
        Ok(chat)
    }

    /// What a conversation needs to know of its prompts.
    pub fn layout(&self) -> &ChatLayout {
        &self.layout
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Token ids of a user's question behind the visual tokens, and the opening of the answer.
    ///
    /// White space around the question is stripped. Names of control tokens inside it are encoded
    /// as the plain text they are.
    ///
    /// # Errors
    /// An empty question, or one that does not fit beside a prefix of `prefix` tokens and
    /// [`ANSWER_ROOM`].
    pub fn question(&self, question: &str, prefix: usize) -> Result<Vec<u32>> {
        let question = question.trim();
        if question.is_empty() {
            return Err(LanguageError::EmptyQuestion);
        }
        let [_, behind] = self.around_visual(question);
        let ids = self.encode(&behind)?;
        let limit = self.layout.capacity.saturating_sub(prefix + ANSWER_ROOM);
        if ids.len() > limit {
            return Err(LanguageError::TooLong {
                tokens: ids.len(),
                limit,
            });
        }
        Ok(ids)
    }

    /// Token ids of a conversation without a picture, and the opening of the next answer.
    ///
    /// # Errors
    /// [`LanguageError::Encode`] if the tokenizer fails.
    pub fn turns(&self, turns: &[Turn<'_>]) -> Result<Vec<u32>> {
        let mut parts = vec![Part::Template(&self.template.start)];
        parts.extend(template::parts(&self.template, &self.system, turns));
        self.encode(&parts)
    }

    /// The parts of a prompt before the visual tokens, without the start, and those behind them.
    fn around_visual<'a>(&'a self, question: &'a str) -> [Vec<Part<'a>>; 2] {
        let turn = Turn {
            role: Role::User,
            text: question,
        };
        let mut before = template::parts(&self.template, &self.system, &[turn]);
        let at = match self.visual.place {
            Place::Start => 0,
            // What the user says, what is behind it, the opening of the answer.
            Place::Question => before.len() - 3,
        };
        let mut behind = before.split_off(at);
        before.push(Part::Template(&self.visual.before));
        behind.insert(0, Part::Template(&self.visual.after));
        [before, behind]
    }

    /// Token ids of the prompt before the visual tokens.
    fn before(&self, config: &LlamaConfig) -> Result<Vec<u32>> {
        let [before, _] = self.around_visual("");
        let mut ids = match self.template.start.is_empty() {
            true => vec![config.bos],
            false => self.encode(&[Part::Template(&self.template.start)])?,
        };
        ids.extend(self.encode(&before)?);
        Ok(ids)
    }

    /// Tokens that end an answer: first the one that ends a turn of the template, then those that
    /// the file and the row name.
    fn stops(&self, row: &manifest::Chat, gguf: &Gguf<'_>, config: &LlamaConfig) -> Result<Vec<u32>> {
        let mut stops = Vec::new();
        let end = template::split(&self.template.assistant.after, &self.control);
        if let Some(&("", Some(token))) = end.first() {
            stops.push(token);
        }
        stops.extend(&config.stops);
        for name in &row.stop {
            stops.push(control_token(gguf, &self.tokenizer, "stop", name)?);
        }
        let mut seen = std::collections::HashSet::new();
        stops.retain(|id| seen.insert(*id));
        Ok(stops)
    }

    /// Token ids of parts. Text between two control tokens is encoded as one.
    fn encode(&self, parts: &[Part<'_>]) -> Result<Vec<u32>> {
        let (mut ids, mut text) = (Vec::new(), String::new());
        for part in parts {
            let pieces = match part {
                Part::Said(said) => vec![(*said, None)],
                Part::Template(string) => template::split(string, &self.control),
            };
            for (piece, token) in pieces {
                text.push_str(piece);
                if let Some(token) = token {
                    ids.extend(self.tokenizer.encode(&std::mem::take(&mut text))?);
                    ids.push(token);
                }
            }
        }
        ids.extend(self.tokenizer.encode(&text)?);
        Ok(ids)
    }
}

/// The id of a control token that the row needs.
fn control_token(gguf: &Gguf<'_>, tokenizer: &Tokenizer, field: &str, name: &str) -> Result<u32> {
    tokenizer.control(name).ok_or_else(|| LanguageError::Tokenizer {
        file: gguf.file().into(),
        problem: format!(
            "there is no control token `{name}`, which chat.{field} of the manifest's row needs; give the {field} of \
             this model there"
        ),
    })
}
