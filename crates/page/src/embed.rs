//! The page in a frame, `?embed=1`: one picture and its answers, as the address holds them. No
//! engine starts, and nothing of a model is fetched.

use sightline_link::{Shared, Source};
use wasm_bindgen_futures::spawn_local;

use crate::address::{fragment, page};
use crate::codec::Codec;
use crate::dom::{on, set_attribute, set_text, show};
use crate::views::embedded;

/// Shows the result of the address, and that of every later one.
pub(crate) fn open(codec: Codec) {
    show("embed", true);
    if let Some(window) = web_sys::window() {
        let codec = codec.clone();
        on(&window, "hashchange", move |_| read(codec.clone()));
    }
    read(codec);
}

fn read(codec: Codec) {
    spawn_local(async move {
        let asked = fragment();
        let found = result(&codec, asked.as_deref()).await;
        if fragment() != asked {
            return;
        }
        // The whole page opens whatever is wrong here.
        let whole = page().map(|page| format!("{page}#{}", asked.unwrap_or_default()));
        set_attribute("embed-open", "href", whole.as_deref());
        let note = match found {
            Ok(shared) => {
                embedded::show(&shared);
                about(&shared)
            }
            Err(why) => {
                embedded::clear();
                format!("The address of this frame holds no result: {why}.")
            }
        };
        set_text("embed-note", &note);
    });
}

async fn result(codec: &Codec, fragment: Option<&str>) -> Result<Shared, String> {
    let fragment = fragment.ok_or("nothing follows the #")?;
    codec.load().await?.decode(fragment)
}

fn about(shared: &Shared) -> String {
    let device = match shared.device.is_empty() {
        true => String::new(),
        false => format!(" on {}", shared.device),
    };
    let without = match shared.picture.source {
        Source::Hash(_) => " The picture is not in the link.",
        Source::Gallery(_) | Source::File(_) => "",
    };
    format!("Recorded{device}.{without}")
}
