use qrcode::render::svg::Color;
use qrcode::types::QrError;
use qrcode::{EcLevel, QrCode};

use crate::error::CardError;

/// Most bytes of a QR code: version 40 with the weakest correction.
pub const MOST_CODE: usize = 2953;
/// Width and height of the drawing, px, at least.
const SIDE: u32 = 600;

/// A link as a QR code, as SVG. Short links get a code that stays readable under dirt.
///
/// # Errors
/// A link of more than [`MOST_CODE`] bytes.
pub fn qr(link: &str) -> Result<String, CardError> {
    let with = |level| QrCode::with_error_correction_level(link, level);
    let code = with(EcLevel::M).or_else(|error: QrError| match error {
        QrError::DataTooLong => with(EcLevel::L),
        other => Err(other),
    });
    let code = code.map_err(|_| CardError::TooLong {
        found: link.len(),
        most: MOST_CODE,
    })?;
    Ok(code
        .render::<Color<'_>>()
        .min_dimensions(SIDE, SIDE)
        .dark_color(Color("#000000"))
        .light_color(Color("#ffffff"))
        .build())
}
