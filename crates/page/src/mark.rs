//! The mark of a visit that loads models. A browser that runs out of memory ends a tab without a
//! word, so the mark is written before anything is loaded, and taken away when loading has ended in
//! whatever way the page still sees. `mark.js` keeps it; the next visit finds it and offers less.

use serde::{Deserialize, Serialize};

use crate::state::{Loading, Problem, Remedy, State};

/// Where loading was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    /// Whether a GPU computed.
    gpu: bool,
    /// Number of the model that went to the device, from 1; 0 while parts came.
    model: usize,
}

impl Mark {
    /// The mark of what happens now, if models are on their way.
    pub(crate) fn of(state: &State) -> Option<Self> {
        let model = match state.loading {
            Loading::Fetching { .. } => 0,
            Loading::Preparing { number, .. } => number,
            _ => return None,
        };
        Some(Self {
            gpu: !state.on_processor(),
            model,
        })
    }

    /// As it is kept.
    pub(crate) fn text(self) -> String {
        format!("{} {}", if self.gpu { "gpu" } else { "cpu" }, self.model)
    }

    /// What was kept, unless another version of the page kept it.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (device, model) = text.split_once(' ')?;
        let gpu = match device {
            "gpu" => true,
            "cpu" => false,
            _ => return None,
        };
        let model = model.parse().ok()?;
        Some(Self { gpu, model })
    }

    /// What the visitor is offered: less where there is less.
    pub(crate) fn offer(self) -> Problem {
        let device = if self.gpu { "GPU" } else { "processor" };
        let when = match self.model {
            0 => format!("while the models came for your {device}"),
            number => format!("while model {number} was prepared for your {device}"),
        };
        let less = match self.gpu {
            true => "Your processor needs less memory: it gives the same answers, more slowly.",
            false => {
                "There may have been too little memory: close other tabs and programs before you load the models again."
            }
        };
        Problem {
            sentence: format!("At your last visit this page ended {when}. {less}"),
            remedy: self.gpu.then_some(Remedy::Processor),
            other: Some(Remedy::Dismiss),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_was_kept() {
        for gpu in [true, false] {
            for model in [0, 3] {
                let mark = Mark { gpu, model };
                assert_eq!(Mark::read(&mark.text()), Some(mark));
            }
        }
        for text in ["", "gpu", "tpu 1", "gpu -1", "gpu x", "cpu 1 2"] {
            assert_eq!(Mark::read(text), None, "{text}");
        }
    }
}
