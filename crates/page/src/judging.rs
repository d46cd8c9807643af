//! The visitor judges: what is true, and which model was right.

use crate::judged::{Found, Truth};
use crate::say::{iou, plain, written};
use crate::state::State;

/// An overlap that counts as right.
const RIGHT: f32 = 0.5;

/// What the visitor does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Judge {
    /// Begins to draw the true box, or gives it up.
    Draw(bool),
    /// What is true of this turn.
    Say(Truth),
}

/// Changes what is judged. A turn that is judged again counts once.
pub(crate) fn judge(state: &mut State, judge: Judge) {
    let answered = !state.turn.answering && state.turn.panes.iter().any(|pane| pane.answer.is_some());
    let truth = match judge {
        Judge::Draw(drawing) => {
            state.judging.drawing = drawing && answered;
            return;
        }
        Judge::Say(truth) => truth,
    };
    state.judging.drawing = false;
    if !answered {
        return;
    }
    let turn = state.turn.number;
    let panes = state
        .turn
        .panes
        .iter()
        .filter_map(|pane| Some((pane, pane.answer.as_ref()?)));
    let found = panes.map(|(pane, answer)| {
        let (iou, right) = match &truth {
            Truth::Box(truth) => {
                let overlap = written(answer).map_or(0.0, |px| iou(px, *truth));
                (Some(overlap), overlap >= RIGHT)
            }
            Truth::Text(text) => (None, plain(text) == plain(&answer.text)),
        };
        Found {
            model: pane.model.clone(),
            iou,
            right,
        }
    });
    let found = found.collect();
    state.judging.note(turn, truth, found);
}

/// How the models did in this turn, and in all of this visit; empty where nothing was judged.
pub(crate) fn said(state: &State) -> [String; 2] {
    let judging = &state.judging;
    let mut now = Vec::new();
    let mut all = Vec::new();
    for model in &state.models {
        if let Some(found) = judging.found(state.turn.number, &model.id) {
            let word = if found.right { "right" } else { "wrong" };
            now.push(match found.iou {
                Some(iou) => format!("{}: {word}, IoU {iou:.2}", model.title),
                None => format!("{}: {word}", model.title),
            });
        }
        let own: Vec<&Found> = judging.every(&model.id).collect();
        if own.is_empty() {
            continue;
        }
        let right = own.iter().filter(|found| found.right).count();
        let overlaps: Vec<f32> = own.iter().filter_map(|found| found.iou).collect();
        let mean = match overlaps.len() {
            0 => String::new(),
            n => format!(", mean IoU {:.2}", overlaps.iter().sum::<f32>() / n as f32),
        };
        all.push(format!("{} {right} of {} right{mean}", model.title, own.len()));
    }
    [now.join("; "), all.join("; ")]
}
