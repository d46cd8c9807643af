//! A question to every model, one after the other.

use sightline_messages::{Answer, Backend, Event, Ways};
use sightline_vlm::{Listener, Look, Options, Vlm};

use super::browser::pause;
use super::download::Missing;
use super::failure::of_turn;
use super::outbox::Outbox;
use super::signals::Stop;
use super::state::State;

/// Most tokens that a question may ask for.
const MAX_TOKENS: usize = 256;
/// Most randomness.
const MAX_TEMPERATURE: f32 = 2.0;

/// A question.
pub(super) struct Turn {
    pub(super) turn: u32,
    pub(super) picture: u32,
    pub(super) question: String,
    pub(super) max_tokens: usize,
    pub(super) ways: Ways,
}

impl State {
    /// Answers, or says why not.
    pub(super) async fn answer(&mut self, turn: &Turn) {
        let done = Event::Done { turn: turn.turn };
        let refuse = |sentence: &str| {
            self.outbox.send(&Event::Refused {
                turn: turn.turn,
                sentence: sentence.into(),
            });
            self.outbox.send(&done);
        };
        let Some(arms) = &mut self.arms else {
            return refuse("The models are not loaded yet. Load them first.");
        };
        let Some(picture) = self.pictures.numbered(turn.picture) else {
            return refuse("That picture is not here any more. Choose it again.");
        };
        let number = self.turns;
        self.turns += 1;
        let known = |model: &Vlm| model.recognises(&turn.question);
        let only = turn.ways.only.as_deref();
        let mut order = arms.models.order(number);
        order.retain(|id| only.is_none_or(|only| only == id));
        if order.is_empty() {
            return refuse("The model that was chosen is not here. Choose another one in the settings.");
        }
        self.outbox.send(&Event::Started {
            turn: turn.turn,
            order: order.clone(),
            outside_training: !arms.models.loaded().iter().any(known),
        });
        let asked = sightline_vlm::Turn {
            picture: &picture,
            question: &turn.question,
            options: Options {
                max_tokens: turn.max_tokens.clamp(1, MAX_TOKENS),
                temperature: turn.ways.temperature.clamp(0.0, MAX_TEMPERATURE),
                seed: turn.ways.seed,
            },
            number,
        };
        let mut told = Told {
            outbox: &self.outbox,
            stop: &self.stop,
            on_cpu: arms.machine.backend == Backend::Cpu,
            turn: turn.turn,
            asked: &order,
            stopped: false,
        };
        let event = match arms.models.answer(&asked, &mut told).await {
            Ok(()) => None,
            Err(missing) => of_turn(turn.turn, missing),
        };
        if let Some(event) = event {
            self.outbox.send(&event);
        }
        self.outbox.send(&done);
    }
}

/// What the page is told of a turn, model by model.
struct Told<'a> {
    outbox: &'a Outbox,
    stop: &'a Stop,
    on_cpu: bool,
    turn: u32,
    /// Ids of the models that are asked.
    asked: &'a [String],
    /// Whether the visitor stopped the answer that is under way.
    stopped: bool,
}

impl Listener<Missing> for Told<'_> {
    fn asks(&mut self, id: &str) -> bool {
        self.asked.iter().any(|asked| asked == id)
    }

    async fn looking(&mut self, id: &str) -> bool {
        if self.stop.asked(self.turn) {
            return false;
        }
        self.outbox.send(&Event::Looking {
            turn: self.turn,
            model: id.to_owned(),
        });
        self.breathe().await;
        true
    }

    async fn looked(&mut self, id: &str, look: &Look) -> bool {
        self.outbox.send(&Event::Looked {
            turn: self.turn,
            model: id.to_owned(),
            reused: look.reused,
            encode_ms: look.encode_ms,
            visual_tokens: look.visual_tokens as u32,
        });
        self.breathe().await;
        self.stopped = false;
        !self.stop.asked(self.turn)
    }

    async fn text(&mut self, id: &str, text: &str) -> bool {
        self.outbox.send(&Event::Text {
            turn: self.turn,
            model: id.to_owned(),
            text: text.to_owned(),
        });
        self.breathe().await;
        self.stopped = self.stop.asked(self.turn);
        !self.stopped
    }

    async fn answered(&mut self, answer: Answer) -> Result<(), Missing> {
        self.outbox.send(&Event::Answered {
            turn: self.turn,
            answer: Answer {
                stopped: self.stopped,
                timings: answer.timings.from_picture(),
                ..answer
            },
        });
        Ok(())
    }
}

impl Told<'_> {
    /// Lets messages in. On a GPU every read-back does that; the processor never waits for
    /// anything.
    async fn breathe(&self) {
        if self.on_cpu {
            pause().await;
        }
    }
}
