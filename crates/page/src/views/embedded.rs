//! The result in a frame: question, picture with boxes, answers.

use js_sys::{Array, Uint8Array};
use serde::Deserialize;
use sightline_link::{Shared, SharedAnswer, Source};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, CanvasRenderingContext2d, HtmlCanvasElement, HtmlElement, HtmlImageElement, Response, Url};

use super::arm::Arm;
use super::drawing::{Boxes, Shown};
use crate::dom::{self, by_id, make, put, set_text};
use crate::read;
use crate::words;

/// Longest side that is drawn, px.
const SIDE: f64 = 1024.0;

/// Shows the result.
pub(crate) fn show(shared: &Shared) {
    clear();
    set_text("embed-asked", &format!("“{}”", shared.question));
    if let Some(list) = by_id::<HtmlElement>("embed-answers") {
        for (place, (answer, name)) in shared.answers.iter().zip(&shared.names()).enumerate() {
            put(&list, told(answer, name, place));
        }
    }
    let shared = shared.clone();
    spawn_local(async move {
        // Without it there are still the answers.
        let drawn = picture(&shared).await;
        dom::show("embed-view", matches!(drawn, Ok(true)));
        if drawn.is_err() {
            set_text("embed-missing", "The picture did not come.");
        }
    });
}

/// Removes what is shown.
pub(crate) fn clear() {
    set_text("embed-asked", "");
    set_text("embed-missing", "");
    dom::show("embed-view", false);
    if let Some(list) = by_id::<HtmlElement>("embed-answers") {
        dom::clear(&list);
    }
}

fn told(answer: &SharedAnswer, name: &str, place: usize) -> Option<HtmlElement> {
    let root = make("article", "pane", "")?;
    let _ = root.set_attribute("data-palette", &Arm::linked(name, place).place());
    put(&root, make("h3", "", name));
    let text = make("p", "text", &answer.text)?;
    // An answer may be written from right to left.
    let _ = text.set_attribute("dir", "auto");
    // A long one scrolls, also by keyboard.
    let _ = text.set_attribute("tabindex", "0");
    let _ = text.set_attribute("role", "group");
    let _ = text.set_attribute("aria-label", &format!("Answer of {name}"));
    put(&root, Some(text));
    let whole = answer.times.first_token + answer.times.decode;
    if whole > 0 {
        let time = words::ms(f64::from(whole));
        put(&root, make("p", "note", &format!("{} tokens in {time}", answer.tokens)));
    }
    Some(root)
}

/// Draws picture and boxes; whether there is a picture to draw.
async fn picture(shared: &Shared) -> Result<bool, JsValue> {
    let canvas: HtmlCanvasElement = by_id("embed-view").ok_or(JsValue::NULL)?;
    let (address, made) = match &shared.picture.source {
        Source::Gallery(id) => (gallery_file(id).await?, false),
        Source::File(bytes) => {
            let part = Array::of1(&Uint8Array::from(&bytes[..]));
            let blob = Blob::new_with_u8_array_sequence(&part)?;
            (Url::create_object_url_with_blob(&blob)?, true)
        }
        Source::Hash(_) => return Ok(false),
    };
    let image = HtmlImageElement::new()?;
    image.set_src(&address);
    let come = JsFuture::from(image.decode()).await;
    if made {
        Url::revoke_object_url(&address)?;
    }
    come?;
    let [width, height] = shared.picture.size.map(f64::from);
    let scale = (SIDE / width.max(height)).min(1.0);
    let size = [width, height].map(|side| (side * scale).max(1.0) as u32);
    let plain = read::canvas(&image, size, None)?;
    let context = plain.get_context("2d")?.ok_or(JsValue::NULL)?;
    let context: CanvasRenderingContext2d = context.dyn_into()?;
    let [w, h] = size.map(f64::from);
    let shown = Shown {
        width: shared.picture.size[0],
        pixels: context.get_image_data(0.0, 0.0, w, h)?,
        boxes: boxes(shared),
        truth: None,
    };
    shown.draw_on(&canvas)?;
    let label = match shown.boxes.len() {
        0 => "The picture asked about".to_owned(),
        n => format!("The picture asked about, with {n} boxes"),
    };
    canvas.set_attribute("aria-label", &label)?;
    canvas.set_attribute("data-boxes", &shown.boxes.len().to_string())?;
    Ok(true)
}

/// The list of the gallery, as far as it is needed here.
#[derive(Deserialize)]
struct Gallery {
    pictures: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    file: String,
}

/// The file of a picture of the gallery: the one in the list whose name, without folder and ending,
/// is the id.
async fn gallery_file(id: &str) -> Result<String, JsValue> {
    let window = web_sys::window().ok_or(JsValue::NULL)?;
    let response: Response = JsFuture::from(window.fetch_with_str("pictures.json"))
        .await?
        .dyn_into()?;
    let list: Gallery = serde_wasm_bindgen::from_value(JsFuture::from(response.json()?).await?)?;
    let named = |listed: &Listed| {
        let name = listed.file.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.').map_or(name, |(stem, _)| stem) == id
    };
    let found = list.pictures.into_iter().find(named);
    Ok(found.ok_or(JsValue::NULL)?.file)
}

fn boxes(shared: &Shared) -> Boxes {
    let mut boxes = Vec::new();
    for (place, (answer, name)) in shared.answers.iter().zip(shared.names()).enumerate() {
        let arm = Arm::linked(&name, place);
        boxes.extend(
            answer
                .to_answer()
                .boxes
                .into_iter()
                .map(|found| (arm.clone(), found, false)),
        );
    }
    boxes
}
