//! A visitor's own picture as a link holds it: small, and without what cameras write into files.

use js_sys::{Array, Uint8Array};
use sightline_link::MOST_PICTURE;
use wasm_bindgen::prelude::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, HtmlImageElement, Url};

use crate::read::{canvas, encoded};

/// Longest sides that are tried, px, and the qualities of JPEG for each: as the program tries them.
const SIDES: [u32; 5] = [640, 512, 384, 256, 128];
const QUALITIES: [f64; 3] = [0.85, 0.7, 0.5];
/// What shines through transparent pixels: JPEG has none.
const GROUND: &str = "#fff";

/// A picture that fits into a link.
pub(crate) struct Small {
    /// PNG or JPEG.
    pub(crate) file: Vec<u8>,
    /// Its width and height, px.
    pub(crate) size: [u32; 2],
    /// Whether its pixels are those of the original.
    pub(crate) exact: bool,
}

/// The picture of a file whose upright size is known, in as many bytes as a link may hold.
pub(crate) async fn picture(file: &[u8], size: [u32; 2]) -> Result<Small, String> {
    let part = Array::of1(&Uint8Array::from(file));
    let drawn = async {
        let url = Url::create_object_url_with_blob(&Blob::new_with_u8_array_sequence(&part)?)?;
        let image = HtmlImageElement::new()?;
        image.set_src(&url);
        let here = JsFuture::from(image.decode()).await;
        let small = match here {
            Ok(_) => smallest(&image, size).await,
            Err(error) => Err(error),
        };
        Url::revoke_object_url(&url)?;
        small
    };
    match drawn.await {
        Ok(Some(small)) => Ok(small),
        Ok(None) => Err("the picture cannot be made small enough".to_owned()),
        Err(_) => Err("this browser cannot read the picture; open it as JPEG or PNG".to_owned()),
    }
}

async fn smallest(image: &HtmlImageElement, size: [u32; 2]) -> Result<Option<Small>, JsValue> {
    let longest = size[0].max(size[1]);
    let fits = |file: &Vec<u8>| file.len() <= MOST_PICTURE;
    if longest <= SIDES[0] {
        let file = encoded(&canvas(image, size, None)?, "image/png", 1.0).await?;
        if fits(&file) {
            return Ok(Some(Small {
                file,
                size,
                exact: true,
            }));
        }
    }
    for side in SIDES {
        let scale = (f64::from(side) / f64::from(longest)).min(1.0);
        let size = size.map(|length| (f64::from(length) * scale).max(1.0) as u32);
        let canvas = canvas(image, size, Some(GROUND))?;
        for quality in QUALITIES {
            let file = encoded(&canvas, "image/jpeg", quality).await?;
            if fits(&file) {
                return Ok(Some(Small {
                    file,
                    size,
                    exact: false,
                }));
            }
        }
    }
    Ok(None)
}
