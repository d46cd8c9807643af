//! Untrusted bytes into an upright 8-bit RGB picture.

mod directory;
mod orientation;
mod tiff;

use std::io::{Cursor, ErrorKind};

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader};
use thiserror::Error;

/// Most pixels a picture may have. 64 MP covers every camera the field's data sets know and bounds the memory a file can ask
/// for: 192 MB of RGB, at most 512 MB while a 16-bit picture with alpha is being decoded.
pub const MAX_PIXELS: u64 = 64_000_000;

/// Longest side in px, JPEG's own limit.
pub const MAX_SIDE: u32 = 65_535;

/// Bytes a decoder may hold at once, the decoded picture included.
const MAX_DECODE_BYTES: u64 = 640 * 1024 * 1024;

/// Why bytes are not a picture.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PictureError {
    /// No bytes at all.
    #[error("the picture is empty (0 bytes); choose a PNG, JPEG, WebP, BMP, GIF or TIFF file")]
    Empty,
    /// Content that no supported format starts with, whatever the name says.
    #[error("the content is no picture this program reads; save it as PNG, JPEG, WebP, BMP, GIF or TIFF")]
    UnknownFormat,
    /// More pixels than [`MAX_PIXELS`], or a side longer than [`MAX_SIDE`].
    #[error(
        "the {format} picture is {width} x {height} px; at most {MAX_PIXELS} px and {MAX_SIDE} px a side are read, so shrink it first"
    )]
    TooLarge {
        /// The format found.
        format: &'static str,
        /// Width in px as the file states it.
        width: u32,
        /// Height in px as the file states it.
        height: u32,
    },
    /// A side of 0 px.
    #[error("the {format} picture is {width} x {height} px; there is nothing to look at")]
    NoPixels {
        /// The format found.
        format: &'static str,
        /// Width in px.
        width: u32,
        /// Height in px.
        height: u32,
    },
    /// The file ends before the picture does.
    #[error("the {format} picture is cut off after {bytes} bytes; fetch or copy the whole file again")]
    Truncated {
        /// The format found.
        format: &'static str,
        /// Bytes there are.
        bytes: usize,
    },
    /// The decoder refused the content.
    #[error("the {format} picture is damaged or of an unsupported kind ({message}); save it again as PNG")]
    Damaged {
        /// The format found.
        format: &'static str,
        /// What the decoder said.
        message: String,
    },
    /// A buffer of another length than its size says.
    #[error("a picture of {width} x {height} px needs {expected} RGB bytes, {found} were given")]
    WrongLength {
        /// Width in px.
        width: u32,
        /// Height in px.
        height: u32,
        /// `width * height * 3`.
        expected: u64,
        /// Bytes given.
        found: usize,
    },
}

/// An upright 8-bit RGB picture, rows top to bottom, `[height, width, 3]`, at least 1 x 1 px.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

impl Picture {
    /// Decodes a PNG, JPEG, WebP, BMP, GIF (first frame) or TIFF file.
    ///
    /// The content decides the format, never a file name. The orientation of EXIF, or else of XMP, is applied;
    /// alpha is composited over `pad` with Pillow's rounding; grey, 16-bit (upper byte, as Pillow unpacks `RGB;16B`) and CMYK (Adobe's inverted convention for JPEG,
    /// as Pillow assumes) become RGB. Colour profiles are ignored, as the training pipeline ignores them.
    ///
    /// # Errors
    /// One [`PictureError`] for empty, unknown, oversized, truncated or damaged content. Sizes are checked before the pixels
    /// are allocated.
    pub fn decode(bytes: &[u8], pad: [u8; 3]) -> Result<Self, PictureError> {
        if bytes.is_empty() {
            return Err(PictureError::Empty);
        }
        let kind = match directory::is_big(bytes) {
            true => ImageFormat::Tiff,
            false => image::guess_format(bytes).map_err(|_| PictureError::UnknownFormat)?,
        };
        let format = format_name(kind).ok_or(PictureError::UnknownFormat)?;
        let failed = |error: ImageError| {
            let ended = matches!(&error, ImageError::IoError(e) if e.kind() == ErrorKind::UnexpectedEof);
            decode_error(format, bytes.len(), ended, error.to_string())
        };
        if kind == ImageFormat::Jpeg && !jpeg_is_complete(bytes) {
            return Err(PictureError::Truncated {
                format,
                bytes: bytes.len(),
            });
        }

        let special = match kind {
            ImageFormat::Tiff => tiff::decode(bytes)?,
            _ => None,
        };
        let mut decoded = match special {
            Some(decoded) => decoded,
            None => {
                let mut reader = ImageReader::with_format(Cursor::new(bytes), kind);
                reader.limits(limits());
                let mut decoder = reader.into_decoder().map_err(failed)?;
                let (width, height) = decoder.dimensions();
                check_size(format, width, height)?;
                decoder.set_limits(limits()).map_err(failed)?;
                DynamicImage::from_decoder(decoder).map_err(failed)?
            }
        };
        decoded.apply_orientation(orientation::find(kind, bytes));

        let (width, height) = (decoded.width(), decoded.height());
        Self::from_rgb(width, height, to_rgb(decoded, pad))
    }

    /// A picture from RGB bytes, `[height, width, 3]`.
    ///
    /// # Errors
    /// [`PictureError::WrongLength`], [`PictureError::NoPixels`] or [`PictureError::TooLarge`].
    pub fn from_rgb(width: u32, height: u32, pixels: Vec<u8>) -> Result<Self, PictureError> {
        check_size("RGB", width, height)?;
        let expected = u64::from(width) * u64::from(height) * 3;
        if pixels.len() as u64 != expected {
            return Err(PictureError::WrongLength {
                width,
                height,
                expected,
                found: pixels.len(),
            });
        }
        Ok(Self { width, height, pixels })
    }

    /// Width in px.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in px.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// RGB bytes, `[height, width, 3]`.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// RGB bytes of row `y`, `[width, 3]`; empty below the picture.
    pub fn row(&self, y: usize) -> &[u8] {
        let stride = self.width as usize * 3;
        let start = (y * stride).min(self.pixels.len());
        let end = (start + stride).min(self.pixels.len());
        &self.pixels[start..end]
    }

    /// RGB bytes, `[height, width, 3]`, without a copy.
    pub fn into_pixels(self) -> Vec<u8> {
        self.pixels
    }
}

fn limits() -> image::Limits {
    // Sides are `check_size`'s business: it knows the numbers to put into the sentence.
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(MAX_DECODE_BYTES);
    limits
}

fn check_size(format: &'static str, width: u32, height: u32) -> Result<(), PictureError> {
    if width == 0 || height == 0 {
        return Err(PictureError::NoPixels { format, width, height });
    }
    if width > MAX_SIDE || height > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(PictureError::TooLarge { format, width, height });
    }
    Ok(())
}

fn format_name(format: ImageFormat) -> Option<&'static str> {
    match format {
        ImageFormat::Png => Some("PNG"),
        ImageFormat::Jpeg => Some("JPEG"),
        ImageFormat::WebP => Some("WebP"),
        ImageFormat::Bmp => Some("BMP"),
        ImageFormat::Gif => Some("GIF"),
        ImageFormat::Tiff => Some("TIFF"),
        _ => None,
    }
}

/// `ended`: whether the decoder says that the bytes ended too early.
fn decode_error(format: &'static str, bytes: usize, ended: bool, message: String) -> PictureError {
    let lower = message.to_lowercase();
    // Most decoders report an early end in their own words; no common error kind covers them.
    let in_words = [
        "unexpected eof",
        "unexpectedeof",
        "unexpected end",
        "failed to fill whole buffer",
        "exhausted",
        "no more bytes",
    ]
    .iter()
    .any(|words| lower.contains(words));
    match ended || in_words {
        true => PictureError::Truncated { format, bytes },
        false => PictureError::Damaged { format, message },
    }
}

/// Whether a JPEG's scan data reach an end-of-image marker. The decoder fills missing rows with grey instead of saying so.
fn jpeg_is_complete(bytes: &[u8]) -> bool {
    let mut at = 2;
    // Segments up to the start of scan carry their length; thumbnails inside them have markers of their own.
    loop {
        let Some(&[0xFF, marker]) = bytes.get(at..at + 2) else {
            return false;
        };
        if marker == 0xDA {
            break;
        }
        if marker == 0xFF {
            at += 1; // fill byte
            continue;
        }
        if marker == 0x01 || (0xD0..=0xD8).contains(&marker) {
            at += 2;
            continue;
        }
        let Some(&[high, low]) = bytes.get(at + 2..at + 4) else {
            return false;
        };
        at += 2 + usize::from(u16::from_be_bytes([high, low])).max(2);
    }
    bytes
        .get(at..)
        .is_some_and(|scan| scan.windows(2).any(|pair| pair == [0xFF, 0xD9]))
}

/// 8-bit RGB bytes, alpha composited over `pad`.
fn to_rgb(picture: DynamicImage, pad: [u8; 3]) -> Vec<u8> {
    match picture {
        DynamicImage::ImageRgb8(rgb) => rgb.into_raw(),
        DynamicImage::ImageLuma8(grey) => grey.into_raw().into_iter().flat_map(|v| [v; 3]).collect(),
        DynamicImage::ImageLumaA8(grey) => {
            composite(grey.as_raw().chunks_exact(2).map(|p| [p[0], p[0], p[0], p[1]]), pad)
        }
        DynamicImage::ImageRgba8(rgba) => {
            composite(rgba.as_raw().chunks_exact(4).map(|p| [p[0], p[1], p[2], p[3]]), pad)
        }
        DynamicImage::ImageLuma16(grey) => grey.as_raw().iter().flat_map(|&v| [upper(v); 3]).collect(),
        DynamicImage::ImageRgb16(rgb) => rgb.as_raw().iter().map(|&v| upper(v)).collect(),
        DynamicImage::ImageLumaA16(grey) => {
            let pixels = grey.as_raw().chunks_exact(2);
            composite(
                pixels.map(|p| [upper(p[0]), upper(p[0]), upper(p[0]), upper(p[1])]),
                pad,
            )
        }
        DynamicImage::ImageRgba16(rgba) => {
            let pixels = rgba.as_raw().chunks_exact(4);
            composite(
                pixels.map(|p| [upper(p[0]), upper(p[1]), upper(p[2]), upper(p[3])]),
                pad,
            )
        }
        // Float TIFF and whatever the decoder learns next: its own conversion to 8 bits.
        other => composite(
            other
                .to_rgba8()
                .as_raw()
                .chunks_exact(4)
                .map(|p| [p[0], p[1], p[2], p[3]]),
            pad,
        ),
    }
}

/// 16 bits to 8 as Pillow's unpackers (`RGB;16B`, `LA;16B`, `RGBA;16B`) do it: the upper byte.
fn upper(value: u16) -> u8 {
    (value >> 8) as u8
}

/// `round((a * p + (255 - a) * pad) / 255)`, Pillow's `alpha_composite` over an opaque ground.
fn composite(pixels: impl Iterator<Item = [u8; 4]>, pad: [u8; 3]) -> Vec<u8> {
    let blend = |value: u8, ground: u8, alpha: u32| {
        let sum = u32::from(value) * alpha + u32::from(ground) * (255 - alpha) + 128;
        (((sum >> 8) + sum) >> 8) as u8
    };
    pixels
        .flat_map(|[r, g, b, a]| {
            let a = u32::from(a);
            [blend(r, pad[0], a), blend(g, pad[1], a), blend(b, pad[2], a)]
        })
        .collect()
}
