//! What is seen: one file and one row of [`ASK`], [`LAB`] or both per view. A view shows the state,
//! and says what its buttons were pressed for. `arm` and `drawing` are no views: they say how an
//! encoder looks, and how boxes are drawn.

mod arm;
mod ask;
mod bench;
mod build;
pub(crate) mod camera;
mod choose;
mod drawing;
pub(crate) mod embedded;
mod evaluate;
mod files;
mod frame;
pub(crate) mod gallery;
pub(crate) mod history;
mod judge;
mod linked;
mod look;
mod notices;
mod panes;
mod picture;
mod problem;
mod recorded;
mod scan;
mod settings;
mod setup;
mod share;
mod sweep;

use web_sys::{HtmlElement, ImageData};

use crate::dom::by_id;
use crate::lab::Lab;
use crate::state::State;

/// A part of the page.
pub(crate) trait View {
    /// Shows the state. Called after everything that happens: what has not changed should cost
    /// nothing.
    fn show(&mut self, now: &Now<'_>);
}

/// What there is to show.
pub(crate) struct Now<'a> {
    pub(crate) state: &'a State,
    /// What only the pages of the second module know.
    pub(crate) lab: &'a Lab,
    /// The picture's number and pixels.
    pub(crate) pixels: Option<&'a (u32, ImageData)>,
}

/// Id of the element that a view lives in, and what opens the view.
pub(crate) type Row = (&'static str, fn() -> Box<dyn View>);

/// The views of the first module. A page shows those whose element it has.
pub(crate) const ASK: &[Row] = &[
    ("problem", || Box::new(problem::Problem::open())),
    ("setup", || Box::new(setup::Setup::open())),
    ("linked", || Box::<linked::LinkedResult>::default()),
    ("files", || Box::<files::Files>::default()),
    ("choose", || Box::<choose::Choose>::default()),
    ("view", || Box::new(picture::Canvas::open())),
    ("scan", || Box::<scan::Scan>::default()),
    ("camera", || Box::new(camera::Camera::open())),
    ("gallery", || Box::new(gallery::Gallery::open())),
    ("ask", || Box::new(ask::Ask::open())),
    ("build", || Box::new(build::Build::open())),
    ("settings", || Box::new(settings::Settings::open())),
    ("panes", || Box::<panes::Panes>::default()),
    ("history", || Box::new(history::History::open())),
    ("judge", || Box::new(judge::JudgeAnswers::open())),
    ("recorded", || Box::new(recorded::RecordedAnswers::open())),
    ("look", || Box::new(look::Look::open())),
    ("share", || Box::new(share::Share::open())),
    ("notices", || Box::<notices::Notices>::default()),
];

/// The views of the second module.
pub(crate) const LAB: &[Row] = &[
    ("problem", || Box::new(problem::Problem::open())),
    ("setup", || Box::new(setup::Setup::open())),
    ("files", || Box::<files::Files>::default()),
    ("notices", || Box::<notices::Notices>::default()),
    ("measure", || Box::new(bench::Bench::open())),
    ("sweep", || Box::new(sweep::Sweep::open())),
    ("evaluate", || Box::new(evaluate::form::Form::open())),
    ("tasks", || Box::<evaluate::tasks::Tasks>::default()),
    ("running", || Box::new(evaluate::running::Running::open())),
    ("runs", || Box::new(evaluate::runs::Runs::open())),
    ("agreement", || Box::new(evaluate::agreement::Agreement::open())),
    ("report", || Box::new(evaluate::report::ReportFrame::open())),
];

/// The views of `rows` that this page has an element for.
pub(crate) fn open(rows: &[Row]) -> Vec<(&'static str, Box<dyn View>)> {
    rows.iter()
        .filter(|(id, _)| by_id::<HtmlElement>(id).is_some())
        .map(|(id, open)| (*id, open()))
        .collect()
}

/// What a view has shown last, so that it shows only what is new.
struct Seen<T>(Option<T>);

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: PartialEq> Seen<T> {
    /// Whether this is not what was seen last.
    fn is_new(&mut self, now: T) -> bool {
        let new = self.0.as_ref() != Some(&now);
        if new {
            self.0 = Some(now);
        }
        new
    }
}
