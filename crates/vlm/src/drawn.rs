//! A picture with the boxes of answers drawn on it, as a file.

use std::io::Cursor;

use image::error::{ParameterError, ParameterErrorKind};
use image::imageops::{FilterType, resize};
use image::{ExtendedColorType, ImageError, ImageFormat, ImageResult, RgbImage};
use sightline_answer::Answer;
use sightline_vision::Picture;

use crate::draw::{PENS, Sheet};

/// Shines through transparent pixels of a picture that boxes are drawn on.
const GROUND: [u8; 3] = [127; 3];

/// Longest side below which a picture is enlarged before boxes are drawn, px: labels need room.
const DRAWN_SIDE: u32 = 640;

/// The picture with the boxes of all answers, as PNG. `ids` are those of all models, whose order
/// decides the pens.
///
/// # Errors
/// Memory that does not suffice for the picture.
pub fn drawn(picture: &Picture, answers: &[Answer], ids: &[String]) -> ImageResult<Vec<u8>> {
    let factor = (DRAWN_SIDE / picture.width().max(picture.height())).max(1);
    let (width, height) = (picture.width() * factor, picture.height() * factor);
    let image = RgbImage::from_raw(picture.width(), picture.height(), picture.over(GROUND).into_owned());
    let mismatch = || ParameterError::from_kind(ParameterErrorKind::DimensionMismatch);
    let image = image.ok_or_else(|| ImageError::Parameter(mismatch()))?;
    let mut pixels = resize(&image, width, height, FilterType::CatmullRom).into_raw();
    let mut sheet = Sheet {
        pixels: &mut pixels,
        width: width as usize,
        height: height as usize,
    };
    for answer in answers {
        let pen = PENS[ids.iter().position(|id| *id == answer.model).unwrap_or(0) % PENS.len()];
        for found in &answer.boxes {
            if let Some(px) = found.px {
                let arm = answer.model.trim_start_matches("sightline-").trim_end_matches("-tiny");
                let label = format!(
                    "{arm} {} {}",
                    found.source.as_str(),
                    found.label.as_deref().unwrap_or("")
                );
                sheet.draw_box(px.map(|v| v * factor as f32), label.trim(), pen);
            }
        }
    }
    let mut bytes = Cursor::new(Vec::new());
    let (colour, format) = (ExtendedColorType::Rgb8, ImageFormat::Png);
    image::write_buffer_with_format(&mut bytes, &pixels, width, height, colour, format)?;
    Ok(bytes.into_inner())
}
