//! Pictures to try, with their credits: `pictures.json` and the files it names.

use std::cell::RefCell;

use serde::Deserialize;
use web_sys::HtmlElement;

use super::{Now, Seen, View};
use crate::dom::{by_id, clear, make, on, put, set_text};
use crate::fetch::{bytes, in_time, json};
use crate::inbox::{number, tell};
use crate::state::Chosen;
use crate::update::Input;

const NOT_FETCHED: &str = "That picture could not be fetched. Check the connection, or choose a file of your own.";

/// A row of `pictures.json`.
#[derive(Clone, Deserialize)]
struct Picture {
    file: String,
    alt: String,
    /// Id of a group.
    group: String,
    /// Id of a credit.
    credit: String,
    questions: Vec<String>,
}

impl Picture {
    /// The name of its file, without folder and ending: what links and recorded answers call it.
    fn id(&self) -> &str {
        let name = self.file.rsplit_once('/').map_or(&self.file[..], |(_, name)| name);
        name.rsplit_once('.').map_or(name, |(id, _)| id)
    }
}

/// A part of the gallery.
#[derive(Clone, Deserialize)]
struct Group {
    id: String,
    title: String,
}

/// Whose pictures they are, and under which terms.
#[derive(Deserialize)]
struct Credit {
    id: String,
    text: String,
}

#[derive(Default, Deserialize)]
struct Pictures {
    groups: Vec<Group>,
    credits: Vec<Credit>,
    pictures: Vec<Picture>,
}

thread_local! {
    /// None until the list is here.
    static LIST: RefCell<Option<Pictures>> = const { RefCell::new(None) };
    /// Pictures that were wanted before that: numbers and ids.
    static WANTED: RefCell<Vec<(u32, String)>> = const { RefCell::new(Vec::new()) };
}

/// The pictures as buttons; the chosen one is marked.
#[derive(Default)]
pub(super) struct Gallery {
    chosen: Seen<(Option<String>, u32)>,
}

impl Gallery {
    /// Fetches the list and shows it.
    pub(super) fn open() -> Self {
        in_time(json::<Pictures>("pictures.json"), |found| {
            if found.is_none() {
                tell(Input::Remark(
                    "The pictures to try could not be fetched. Check the connection and reload the page, or choose a file of your own.".into(),
                ));
            }
            let list = found.unwrap_or_default();
            let credits: Vec<&str> = list.credits.iter().map(|credit| &credit.text[..]).collect();
            set_text("credits", &format!("Pictures: {}.", credits.join("; ")));
            // What came with the page has nobody behind it.
            for id in ["gallery", "groups"] {
                let _ = by_id::<HtmlElement>(id).map(|list| clear(&list));
            }
            list.pictures.iter().cloned().for_each(add);
            list.groups.iter().for_each(add_group);
            if let Some(first) = list.groups.first() {
                open_group(&first.id);
            }
            let featured = list.pictures.iter().find(|picture| picture.alt == FEATURED).cloned();
            LIST.set(Some(list));
            WANTED.take().into_iter().for_each(|(number, id)| fetch(number, id));
            if let Some(picture) = featured {
                // Nobody has chosen it: its number comes before all others.
                tell(Input::Featured(chosen(&picture, 0)));
            }
        });
        Self::default()
    }
}

/// What the picture to begin with shows.
const FEATURED: &str = "elephant";

impl View for Gallery {
    fn show(&mut self, now: &Now<'_>) {
        let picture = &now.state.picture;
        let chosen = picture
            .coming
            .as_ref()
            .or(picture.shown.as_ref().map(|shown| &shown.chosen));
        let id = chosen.and_then(|chosen| chosen.gallery.clone());
        let Some(gallery) = by_id::<HtmlElement>("gallery") else {
            return;
        };
        let buttons = gallery.children();
        if !self.chosen.is_new((id.clone(), buttons.length())) {
            return;
        }
        for i in 0..buttons.length() {
            if let Some(button) = buttons.item(i) {
                let is = id.is_some() && button.get_attribute("data-id") == id;
                let _ = button.set_attribute("aria-pressed", if is { "true" } else { "false" });
            }
        }
        let found = find(|picture| Some(picture.id()) == id.as_deref());
        if let Some(picture) = &found {
            open_group(&picture.group);
        }
        let credit = found.and_then(|picture| {
            LIST.with_borrow(|list| {
                let mut credits = list.as_ref()?.credits.iter();
                Some(credits.find(|credit| credit.id == picture.credit)?.text.clone())
            })
        });
        let credit = credit.map_or_else(String::new, |credit| format!("Picture: {credit}."));
        set_text("picture-credit", &credit);
    }
}

fn find(is: impl Fn(&Picture) -> bool) -> Option<Picture> {
    LIST.with_borrow(|list| list.as_ref()?.pictures.iter().find(|picture| is(picture)).cloned())
}

/// Chooses the picture that has this address, if it is one of these.
pub(crate) fn choose(address: &str) -> bool {
    let address = address.lines().next().unwrap_or_default().trim();
    let here = web_sys::window()
        .and_then(|window| window.location().href().ok())
        .unwrap_or_default();
    let found =
        find(|picture| web_sys::Url::new_with_base(&picture.file, &here).is_ok_and(|url| url.href() == address));
    let is_one = found.is_some();
    found.iter().for_each(take);
    is_one
}

fn chosen(picture: &Picture, number: u32) -> Chosen {
    Chosen {
        number,
        name: picture.alt.clone(),
        gallery: Some(picture.id().to_owned()),
        questions: picture.questions.clone(),
    }
}

/// Chooses a picture.
fn take(picture: &Picture) {
    let chosen = chosen(picture, number());
    let number = chosen.number;
    tell(Input::Chosen(chosen));
    fetch(number, picture.id().to_owned());
}

/// Fetches the bytes of a picture that was chosen, once it is known which file it is.
pub(crate) fn fetch(number: u32, id: String) {
    if LIST.with_borrow(Option::is_none) {
        return WANTED.with_borrow_mut(|wanted| wanted.push((number, id)));
    }
    let Some(picture) = find(|picture| picture.id() == id) else {
        let sentence = "That picture is not in this page's gallery.".into();
        return tell(Input::Unreadable { number, sentence });
    };
    let file = picture.file.clone();
    tell(Input::Listed(chosen(&picture, number)));
    in_time(async move { bytes(&file).await }, move |found| {
        tell(match found {
            Some(bytes) => Input::Bytes { number, bytes },
            None => Input::Unreadable {
                number,
                sentence: NOT_FETCHED.into(),
            },
        });
    });
}

fn add(picture: Picture) {
    let (Some(gallery), Some(button)) = (by_id::<HtmlElement>("gallery"), make("button", "", "")) else {
        return;
    };
    let _ = button.set_attribute("type", "button");
    let _ = button.set_attribute("aria-pressed", "false");
    if let Some(image) = make("img", "", "") {
        // Before the source, or it comes at once.
        let _ = image.set_attribute("loading", "lazy");
        let _ = image.set_attribute("src", &picture.file);
        let _ = image.set_attribute("alt", &picture.alt);
        put(&button, Some(image));
    }
    let _ = button.set_attribute("data-id", picture.id());
    let _ = button.set_attribute("data-group", &picture.group);
    on(&button, "click", move |_| take(&picture));
    put(&gallery, Some(button));
}

fn add_group(group: &Group) {
    let (Some(groups), Some(button)) = (by_id::<HtmlElement>("groups"), make("button", "", &group.title)) else {
        return;
    };
    let _ = button.set_attribute("type", "button");
    let _ = button.set_attribute("data-group", &group.id);
    let id = group.id.clone();
    on(&button, "click", move |_| open_group(&id));
    put(&groups, Some(button));
}

/// Shows the pictures of one group.
fn open_group(id: &str) {
    for (list, is_button) in [("groups", true), ("gallery", false)] {
        let Some(list) = by_id::<HtmlElement>(list) else { return };
        let buttons = list.children();
        for i in 0..buttons.length() {
            let Some(button) = buttons.item(i) else { continue };
            let is = button.get_attribute("data-group").as_deref() == Some(id);
            let _ = match (is_button, is) {
                (true, _) => button.set_attribute("aria-pressed", if is { "true" } else { "false" }),
                (false, true) => button.remove_attribute("hidden"),
                (false, false) => button.set_attribute("hidden", ""),
            };
        }
    }
}
