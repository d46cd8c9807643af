//! Which module carries out which command.

use sightline_messages::{Command, LookCommand, SweepCommand};

use super::answer::Turn;
use super::hello::Greeting;
use super::state::State;
use super::sweep::Plan;

/// Carries out a command.
pub(super) async fn run(state: &mut State, command: Command) {
    match command {
        Command::Hello {
            version,
            bundle,
            device,
            models,
            whole,
        } => {
            let greeting = Greeting {
                url: bundle,
                device,
                models,
                whole,
            };
            state.hello(version, greeting).await;
        }
        Command::Load => state.load().await,
        Command::Picture { picture, bytes } => state.pictures.take(picture, &bytes),
        Command::Ask {
            turn,
            picture,
            question,
            max_tokens,
            ways,
        } => {
            let turn = Turn {
                turn,
                picture,
                question,
                max_tokens: max_tokens as usize,
                ways,
            };
            state.answer(&turn).await;
        }
        // They overtake, and are handled where they arrive.
        Command::Stop { .. }
        | Command::Cancel
        | Command::Look(LookCommand::Stop { .. })
        | Command::Sweep(SweepCommand::Stop) => {}
        Command::Forget => state.forget().await,
        Command::Measure { runs } => state.measure(runs).await,
        Command::Sweep(SweepCommand::Estimate) => state.estimate_sweep(),
        Command::Sweep(SweepCommand::Run { most, runs, case_s }) => state.sweep(Plan { most, runs, case_s }).await,
        Command::Look(LookCommand::Map { look, picture, query }) => state.look(look, picture, query).await,
        Command::Features => state.features().await,
        #[cfg(feature = "evaluate")]
        Command::Evaluate(command) => state.evaluate(command).await,
        // This engine was built without evaluations; its pages offer none.
        #[cfg(not(feature = "evaluate"))]
        Command::Evaluate(_) => {}
    }
}
