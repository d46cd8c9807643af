//! How an encoder goes over the picture, shown over the picture while it looks: the four ways of a
//! scan, or the grid whose cells all see each other. `style.css` moves it.

use web_sys::{HtmlCanvasElement, HtmlElement};

use super::{Now, Seen, View};
use crate::dom::{by_id, show};
use crate::state::Phase;

#[derive(Default)]
pub(super) struct Scan {
    seen: Seen<Option<(String, u32)>>,
}

impl View for Scan {
    fn show(&mut self, now: &Now<'_>) {
        let panes = &now.state.turn.panes;
        let looking = panes.iter().find(|pane| pane.phase == Phase::Looking);
        let model = looking.and_then(|pane| now.state.models.iter().find(|model| model.id == pane.model));
        let found = model.map(|model| (model.encoder.clone(), model.palette));
        if !self.seen.is_new(found.clone()) {
            return;
        }
        show("scan", found.is_some());
        let (Some((encoder, palette)), Some(scan), Some(canvas)) =
            (found, by_id::<HtmlElement>("scan"), by_id::<HtmlCanvasElement>("view"))
        else {
            return;
        };
        let _ = scan.set_attribute("data-encoder", &encoder);
        let _ = scan.set_attribute("data-palette", &palette.to_string());
        let style = scan.style();
        for (name, px) in [
            ("left", canvas.offset_left()),
            ("top", canvas.offset_top()),
            ("width", canvas.offset_width()),
            ("height", canvas.offset_height()),
        ] {
            let _ = style.set_property(name, &format!("{px}px"));
        }
    }
}
