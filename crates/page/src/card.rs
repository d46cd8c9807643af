//! What is shown as a picture: the card of the module for links, drawn by the browser.

use js_sys::{Array, JsString};
use sightline_link::Shared;
use wasm_bindgen::prelude::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, BlobPropertyBag, CanvasRenderingContext2d, HtmlCanvasElement, HtmlImageElement, ImageData, Url};

use crate::codec::Codec;
use crate::dom::make;
use crate::inbox::tell;
use crate::read::{canvas, encoded};
use crate::save;
use crate::update::Input;

/// Width and height of a card, px: twice those of its drawing, for slides.
const SIZE: [u32; 2] = [2400, 1260];
/// Quality of the picture within, as JPEG.
const QUALITY: f64 = 0.92;

/// Draws the card of a result about that picture, and saves it.
pub(crate) fn save(codec: &Codec, shared: Shared, pixels: ImageData) {
    let codec = codec.clone();
    spawn_local(async move {
        match drawn(&codec, &shared, &pixels).await {
            Ok(file) => save::file("sightline.png", "image/png", &file),
            Err(why) => tell(Input::Remark(format!("There is no picture of this: {why}."))),
        }
    });
}

async fn drawn(codec: &Codec, shared: &Shared, pixels: &ImageData) -> Result<Vec<u8>, String> {
    let stopped = |_| "this browser did not draw it; try another one".to_owned();
    let picture = jpeg(pixels).await.map_err(stopped)?;
    let svg = codec.load().await?.card(shared, &picture)?;
    png(&svg).await.map_err(stopped)
}

async fn jpeg(pixels: &ImageData) -> Result<Vec<u8>, JsValue> {
    let canvas: HtmlCanvasElement = make("canvas", "", "").ok_or(JsValue::NULL)?.dyn_into()?;
    canvas.set_width(pixels.width());
    canvas.set_height(pixels.height());
    let context = canvas.get_context("2d")?.ok_or(JsValue::NULL)?;
    let context: CanvasRenderingContext2d = context.dyn_into()?;
    context.put_image_data(pixels, 0.0, 0.0)?;
    encoded(&canvas, "image/jpeg", QUALITY).await
}

async fn png(svg: &str) -> Result<Vec<u8>, JsValue> {
    let typed = BlobPropertyBag::new();
    typed.set_type("image/svg+xml");
    let blob = Blob::new_with_str_sequence_and_options(&Array::of1(&JsString::from(svg)), &typed)?;
    let url = Url::create_object_url_with_blob(&blob)?;
    let image = HtmlImageElement::new()?;
    image.set_src(&url);
    let here = JsFuture::from(image.decode()).await;
    let canvas = here.and_then(|_| canvas(&image, SIZE, None));
    Url::revoke_object_url(&url)?;
    encoded(&canvas?, "image/png", 1.0).await
}
