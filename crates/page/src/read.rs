//! A file that someone gave, as bytes that the engine reads: as it is, or drawn by the browser
//! where only that can read it.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::{Closure, JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, CanvasRenderingContext2d, File, HtmlCanvasElement, HtmlImageElement, Url};

use crate::dom::make;
use crate::format::Format;

/// Largest file that is read, bytes: more than any picture that the engine would take.
const MAX_FILE: f64 = (256u64 << 20) as f64;
/// Longest side that the browser draws, px: the models see far less.
const MAX_SIDE: f64 = 2048.0;
/// Longest side of a picture without one, as SVG may be, px.
const NO_SIDE: f64 = 1024.0;

/// The bytes of a file, or a sentence that says why there are none.
pub(crate) async fn bytes(file: &File) -> Result<Vec<u8>, String> {
    let name = file.name();
    if file.size() > MAX_FILE {
        return Err(format!("{name} is larger than 256 MB. Choose a smaller picture."));
    }
    let buffer = JsFuture::from(file.array_buffer())
        .await
        .map_err(|_| format!("{name} could not be read. Choose it once more, or another."))?;
    let bytes = Uint8Array::new(&buffer).to_vec();
    match Format::of(&bytes) {
        Format::Engines => Ok(bytes),
        Format::Browsers(format) => drawn(file, format).await.map_err(|_| {
            format!(
                "{name} is a picture in the format {format}, which this browser cannot read. Save it as JPEG or PNG, or make a \
                 screenshot of it, and choose that."
            )
        }),
    }
}

/// The picture as the browser draws it, as a PNG file. Scripts in it do not run.
async fn drawn(file: &File, format: &str) -> Result<Vec<u8>, JsValue> {
    // An SVG picture is recognised by its type alone.
    let typed = web_sys::BlobPropertyBag::new();
    typed.set_type(if format == "SVG" { "image/svg+xml" } else { "" });
    let blob = Blob::new_with_blob_sequence_and_options(&Array::of1(file), &typed)?;
    let url = Url::create_object_url_with_blob(&blob)?;
    let drawn = draw(&url).await;
    Url::revoke_object_url(&url)?;
    drawn
}

async fn draw(url: &str) -> Result<Vec<u8>, JsValue> {
    let image = HtmlImageElement::new()?;
    image.set_src(url);
    JsFuture::from(image.decode()).await?;
    let (width, height) = match (image.natural_width(), image.natural_height()) {
        (0, _) | (_, 0) => (NO_SIDE, NO_SIDE),
        (width, height) => (f64::from(width), f64::from(height)),
    };
    let scale = (MAX_SIDE / width.max(height)).min(1.0);
    let size = [width, height].map(|side| (side * scale).max(1.0) as u32);
    encoded(&canvas(&image, size, None)?, "image/png", 1.0).await
}

/// A canvas of that size with the whole picture on it, over a colour if there is one.
pub(crate) fn canvas(
    image: &HtmlImageElement,
    [width, height]: [u32; 2],
    ground: Option<&str>,
) -> Result<HtmlCanvasElement, JsValue> {
    let canvas: HtmlCanvasElement = make("canvas", "", "").ok_or(JsValue::NULL)?.dyn_into()?;
    canvas.set_width(width);
    canvas.set_height(height);
    let context = canvas.get_context("2d")?.ok_or(JsValue::NULL)?;
    let context: CanvasRenderingContext2d = context.dyn_into()?;
    let (width, height) = (f64::from(width), f64::from(height));
    if let Some(colour) = ground {
        context.set_fill_style_str(colour);
        context.fill_rect(0.0, 0.0, width, height);
    }
    context.draw_image_with_html_image_element_and_dw_and_dh(image, 0.0, 0.0, width, height)?;
    Ok(canvas)
}

/// The canvas as a file of that type.
pub(crate) async fn encoded(canvas: &HtmlCanvasElement, kind: &str, quality: f64) -> Result<Vec<u8>, JsValue> {
    let file = JsFuture::from(js_sys::Promise::new(&mut |resolve, reject| {
        let made = Closure::once_into_js(move |blob: JsValue| {
            let _ = match blob.is_null() {
                true => reject.call0(&JsValue::NULL),
                false => resolve.call1(&JsValue::NULL, &blob),
            };
        });
        let _ = canvas.to_blob_with_type_and_encoder_options(made.unchecked_ref(), kind, &quality.into());
    }))
    .await?;
    let file: Blob = file.dyn_into()?;
    Ok(Uint8Array::new(&JsFuture::from(file.array_buffer()).await?).to_vec())
}
