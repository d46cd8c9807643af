//! The page's address: a result in its fragment, and links to copy.

use sightline_link::{Shared, Source};
use wasm_bindgen::prelude::JsValue;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{HtmlElement, Url, UrlSearchParams};

use crate::codec::Codec;
use crate::dom::{by_id, on};
use crate::inbox::{number, tell};
use crate::own::{Foreign, OwnInput};
use crate::shrink;
use crate::state::{Holds, MadeLink};
use crate::update::Input;

/// Characters of an address that are said back.
const SHOWN: usize = 120;

/// The fragment, if it can be a result: others name a part of the page.
pub(crate) fn fragment() -> Option<String> {
    let hash = web_sys::window()?.location().hash().ok()?;
    let fragment = hash.strip_prefix('#')?;
    let is_part = by_id::<HtmlElement>(fragment).is_some();
    (!fragment.is_empty() && !is_part).then(|| fragment.to_owned())
}

/// The models that `?models=` names: of this host, or of another one, which is asked nothing yet.
pub(crate) fn models() -> Option<OwnInput> {
    let window = web_sys::window()?;
    let search = window.location().search().ok()?;
    let named = UrlSearchParams::new_with_str(&search).ok()?.get("models")?;
    let usable = || {
        let url = Url::new_with_base(&named, &page()?).ok()?;
        url.set_search("");
        url.set_hash("");
        if !url.pathname().ends_with("bundle.json") {
            url.set_pathname(&format!("{}/bundle.json", url.pathname().trim_end_matches('/')));
        }
        ["http:", "https:"].contains(&&url.protocol()[..]).then_some(url)
    };
    let Some(url) = usable() else {
        let shown: String = named.chars().take(SHOWN).collect();
        return Some(OwnInput::Unusable(format!(
            "The address of this page names models at “{shown}”, which is no address of a folder. This page's own models are used."
        )));
    };
    let (address, host) = (url.href(), url.host());
    let here = window.location().origin().is_ok_and(|origin| origin == url.origin());
    Some(match here {
        true => OwnInput::Named(address),
        false => OwnInput::NamedElsewhere(Foreign { address, host }),
    })
}

/// Takes the device out of the page's address: what was set since counts at a reload.
pub(crate) fn leave_device() {
    let Some(window) = web_sys::window() else { return };
    let (Ok(search), Ok(hash)) = (window.location().search(), window.location().hash()) else {
        return;
    };
    let Ok(search) = UrlSearchParams::new_with_str(&search) else {
        return;
    };
    search.delete("device");
    let search = String::from(search.to_string());
    // A relative address that is empty would keep what stands behind the question mark.
    let question = if search.is_empty() { "" } else { "?" };
    let here = format!("{}{question}{search}{hash}", page().unwrap_or_default());
    if let Ok(history) = window.history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&here));
    }
}

/// This page on another device, with the same models.
pub(crate) fn on_device(name: &str) -> String {
    let search = web_sys::window().and_then(|window| window.location().search().ok());
    match UrlSearchParams::new_with_str(&search.unwrap_or_default()) {
        Ok(search) => {
            search.set("device", name);
            format!("?{}", String::from(search.to_string()))
        }
        Err(_) => format!("?device={name}"),
    }
}

/// Reads what the page's address holds; whether it holds a result or something that should be one.
pub(crate) fn open(codec: &Codec) -> bool {
    let Some(fragment) = fragment() else { return false };
    let codec = codec.clone();
    spawn_local(async move {
        let read = async { codec.load().await?.decode(&fragment) };
        // What came late may not be what the address holds now.
        let read = read.await;
        if self::fragment().as_ref() != Some(&fragment) {
            return;
        }
        tell(match read {
            Ok(shared) => Input::Linked {
                number: number(),
                shared: Box::new(shared),
            },
            Err(why) => Input::NotLinked(format!("The address of this page holds no result: {why}.")),
        });
    });
    true
}

/// Reads links that are opened where the page is open already.
pub(crate) fn listen(codec: &Codec) {
    let Some(window) = web_sys::window() else { return };
    let codec = codec.clone();
    on(&window, "hashchange", move |_| {
        open(&codec);
    });
}

/// Makes a link to a result and puts it into the page's address. `file` is the picture's, if the
/// link is to hold its hash or, `whole`, a copy of it.
pub(crate) fn make(codec: &Codec, shared: Shared, file: Option<Vec<u8>>, whole: bool) {
    let codec = codec.clone();
    spawn_local(async move {
        tell(match link(&codec, shared, file, whole).await {
            Ok(made) => {
                put(&made.fragment);
                Input::Made(made)
            }
            Err(why) => Input::NotMade(format!("There is no link to this: {why}.")),
        });
    });
}

async fn link(codec: &Codec, mut shared: Shared, file: Option<Vec<u8>>, whole: bool) -> Result<MadeLink, String> {
    let codec = codec.load().await?;
    let mut holds = Holds::Gallery;
    if let (Source::Hash(hash), Some(file)) = (&mut shared.picture.source, file) {
        if whole {
            let small = shrink::picture(&file, shared.picture.size).await?;
            holds = Holds::Copy {
                smaller: small.size != shared.picture.size || !small.exact,
            };
            shared = shared.with_picture(small.file, small.size);
        } else {
            *hash = codec.sha256(&file)?;
            holds = Holds::Hash;
        }
    }
    let fragment = codec.encode(&shared)?;
    Ok(MadeLink { fragment, holds })
}

fn put(fragment: &str) {
    let Some(window) = web_sys::window() else { return };
    let here = format!("{}#{fragment}", window.location().search().unwrap_or_default());
    if let Ok(history) = window.history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&here));
    }
}

/// The address of this page, without what follows `?` and `#`.
pub(crate) fn page() -> Option<String> {
    let location = web_sys::window()?.location();
    Some(location.origin().ok()? + &location.pathname().ok()?)
}

/// Puts a link with that fragment into the clipboard.
pub(crate) fn copy(fragment: &str) {
    let link = page().map(|page| format!("{page}#{fragment}"));
    spawn_local(async move {
        let copied = match link {
            Some(link) => clipboard(&link).await,
            None => false,
        };
        tell(match copied || !framed() {
            true => Input::Copied(copied),
            // The address bar is that of the page around the frame.
            false => {
                Input::NotMade("This frame may not use the clipboard. “Embed or cite” shows the link as text.".into())
            }
        });
    });
}

/// Whether another page shows this one in a frame.
fn framed() -> bool {
    web_sys::window().is_some_and(|window| {
        let parent = window.parent().ok().flatten();
        parent.is_some_and(|parent| parent != window)
    })
}

/// Puts a text into the clipboard; whether it is there. Over plain http there is no clipboard.
pub(crate) async fn clipboard(text: &str) -> bool {
    let Some(window) = web_sys::window() else { return false };
    let navigator = window.navigator();
    let there = js_sys::Reflect::get(&navigator, &"clipboard".into()).is_ok_and(|clipboard| !clipboard.is_undefined());
    there && JsFuture::from(navigator.clipboard().write_text(text)).await.is_ok()
}
