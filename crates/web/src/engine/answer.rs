//! A question to every model, one after the other.

use sightline_messages::{Answer, Event};
use sightline_vision::Picture;
use sightline_vlm::{Options, Vlm, VlmError};

use super::Stop;
use super::browser::pause;
use super::failure::of_question;
use super::outbox::Outbox;
use super::state::State;

/// Most tokens that a question may ask for.
const MAX_TOKENS: usize = 256;

/// A question.
pub(super) struct Turn {
    pub(super) turn: u32,
    pub(super) picture: u32,
    pub(super) question: String,
    pub(super) max_tokens: usize,
}

impl State {
    /// Answers, or says why not. The order of the models alternates, so that neither always runs on
    /// a device that the other has warmed; never do two run at once, so that their times can be
    /// compared.
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
        let mut order: Vec<&mut Vlm> = arms.models.iter_mut().collect();
        if !order.is_empty() {
            let by = self.turns % order.len();
            order.rotate_left(by);
        }
        self.turns += 1;
        self.outbox.send(&Event::Started {
            turn: turn.turn,
            order: order.iter().map(|model| model.id().to_owned()).collect(),
            outside_training: !order.iter().any(|model| model.recognises(&turn.question)),
        });
        for model in order {
            let arm = Arm {
                outbox: &self.outbox,
                stop: &self.stop,
                on_cpu: arms.machine.backend == "cpu",
                turn,
            };
            if self.stop.asked(turn.turn) {
                break;
            }
            if let Err(error) = arm.answer(model, &picture).await {
                self.outbox.send(&of_question(turn.turn, &error));
                break;
            }
        }
        self.outbox.send(&done);
    }
}

/// One model's part of a turn.
struct Arm<'a> {
    outbox: &'a Outbox,
    stop: &'a Stop,
    on_cpu: bool,
    turn: &'a Turn,
}

impl Arm<'_> {
    async fn answer(&self, model: &mut Vlm, picture: &Picture) -> Result<(), VlmError> {
        let (turn, id) = (self.turn.turn, model.id().to_owned());
        self.outbox.send(&Event::Looking {
            turn,
            model: id.clone(),
        });
        self.breathe().await;
        let look = model.look(picture).await?;
        self.outbox.send(&Event::Looked {
            turn,
            model: id.clone(),
            reused: look.reused,
            encode_ms: look.encode_ms,
            visual_tokens: look.visual_tokens as u32,
        });
        self.breathe().await;
        let options = Options {
            max_tokens: self.turn.max_tokens.clamp(1, MAX_TOKENS),
            ..Options::default()
        };
        let mut stopped = self.stop.asked(turn);
        if stopped {
            return Ok(());
        }
        let on_text = async |text: &str| {
            self.outbox.send(&Event::Text {
                turn,
                model: id.clone(),
                text: text.to_owned(),
            });
            self.breathe().await;
            stopped = self.stop.asked(turn);
            !stopped
        };
        let answer = model.ask(&self.turn.question, &options, on_text).await?;
        self.outbox.send(&Event::Answered {
            turn,
            answer: Answer {
                stopped,
                timings: answer.timings.from_picture(),
                ..answer
            },
        });
        Ok(())
    }

    /// Lets messages in. On a GPU every read-back does that; the processor never waits for
    /// anything.
    async fn breathe(&self) {
        if self.on_cpu {
            pause().await;
        }
    }
}
