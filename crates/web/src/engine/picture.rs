//! A picture file: what the models look at, and what the page shows.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use sightline_messages::{Event, Preview};
use sightline_vision::{Filter, Picture, resize};

use super::outbox::Outbox;
use super::sentence::sentence;

/// Longest side of a preview, px.
const SIDE: u32 = 1024;
/// Shines through transparent pixels of a preview: what most models see there.
const GROUND: [u8; 3] = [127; 3];
/// Largest picture file that is read, bytes.
const MAX_FILE: usize = 64 << 20;

/// The picture that questions are about. It changes as soon as another one comes, whatever else is
/// running; an answer that has begun holds its own.
#[derive(Clone)]
pub(super) struct Pictures {
    outbox: Outbox,
    /// Whether the page knows the models. What it offers with a picture depends on them.
    ready: Rc<Cell<bool>>,
    last: Rc<RefCell<Option<Numbered>>>,
}

/// A picture with the page's number of it.
type Numbered = (u32, Rc<Picture>);

impl Pictures {
    pub(super) fn new(outbox: Outbox) -> Self {
        Self {
            outbox,
            ready: Rc::default(),
            last: Rc::default(),
        }
    }

    /// Whether a picture need not wait for what runs.
    pub(super) fn ready(&self) -> bool {
        self.ready.get()
    }

    /// From now on pictures do not wait.
    pub(super) fn set_ready(&self) {
        self.ready.set(true);
    }

    /// Decodes a file and tells the page. The picture before it stays if it is refused.
    pub(super) fn take(&self, number: u32, bytes: &[u8]) {
        self.outbox.send(&match decode(bytes) {
            Ok(decoded) => {
                let event = Event::Picture {
                    picture: number,
                    width: decoded.width(),
                    height: decoded.height(),
                    preview: preview(&decoded),
                };
                *self.last.borrow_mut() = Some((number, Rc::new(decoded)));
                event
            }
            Err(sentence) => Event::PictureRefused {
                picture: number,
                sentence,
            },
        });
    }

    /// The last picture.
    pub(super) fn last(&self) -> Option<Rc<Picture>> {
        self.last.borrow().as_ref().map(|(_, picture)| Rc::clone(picture))
    }

    /// The last picture, if it has that number.
    pub(super) fn numbered(&self, number: u32) -> Option<Rc<Picture>> {
        let last = self.last.borrow();
        last.as_ref()
            .filter(|(other, _)| *other == number)
            .map(|(_, picture)| Rc::clone(picture))
    }
}

/// Decodes a file's bytes.
pub(super) fn decode(bytes: &[u8]) -> Result<Picture, String> {
    if bytes.len() > MAX_FILE {
        return Err(format!(
            "The picture file has {} MB; at most {} MB are read, so make it smaller first.",
            bytes.len() / 1_000_000,
            MAX_FILE / 1_000_000
        ));
    }
    Picture::decode(bytes).map_err(|error| sentence(&error))
}

/// The picture as the page shows it: shrunk if it is large, never enlarged.
pub(super) fn preview(picture: &Picture) -> Preview {
    let longest = picture.width().max(picture.height()).max(1);
    let scaled = |side: u32| match longest > SIDE {
        true => (u64::from(side) * u64::from(SIDE) / u64::from(longest)).max(1) as u32,
        false => side,
    };
    let (width, height) = (scaled(picture.width()), scaled(picture.height()));
    let rgb = if (width, height) == (picture.width(), picture.height()) {
        picture.over(GROUND)
    } else {
        resize(picture, GROUND, width, height, Filter::Bilinear).into()
    };
    let rgba = rgb.chunks_exact(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect();
    Preview { width, height, rgba }
}
