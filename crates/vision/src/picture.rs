//! Untrusted bytes into an upright 8-bit RGB picture.

mod directory;
mod jpeg;
mod orientation;
mod tiff;

use std::borrow::Cow;
use std::io::{Cursor, ErrorKind};

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader};
use thiserror::Error;

/// Most pixels a picture may have. 64 MP covers every camera the field's data sets know and bounds
/// the memory a file can ask for: 192 MB of RGB and 64 MB of alpha, at most 512 MB while a 16-bit
/// picture with alpha is being decoded.
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

/// An upright 8-bit RGB picture, rows top to bottom, `[height, width, 3]`, at least 1 x 1 px, with
/// alpha where it is not opaque.
///
/// What shines through transparent pixels is decided by who looks: [`Transform`](crate::Transform)
/// puts a model's padding colour there, [`Picture::over`] any other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
    /// `[height, width]`, none for an opaque picture.
    alpha: Option<Vec<u8>>,
}

impl Picture {
    /// Decodes a PNG, JPEG, WebP, BMP, GIF (first frame) or TIFF file.
    ///
    /// The content decides the format, never a file name. The orientation of EXIF, or else of XMP,
    /// is applied; alpha is kept; grey, 16-bit (upper byte, as Pillow unpacks `RGB;16B`) and CMYK
    /// (Adobe's inverted convention for JPEG, as Pillow assumes) become RGB. Colour profiles are
    /// ignored, as the training pipeline ignores them.
    ///
    /// # Errors
    /// One [`PictureError`] for empty, unknown, oversized, truncated or damaged content. Sizes are
    /// checked before the pixels are allocated.
    pub fn decode(bytes: &[u8]) -> Result<Self, PictureError> {
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
        let (pixels, alpha) = to_rgb(decoded);
        let picture = Self::from_rgb(width, height, pixels)?;
        // Most files with an alpha channel use none of it.
        let alpha = alpha.filter(|alpha| alpha.iter().any(|&a| a != 255));
        Ok(Self { alpha, ..picture })
    }

    /// An opaque picture from RGB bytes, `[height, width, 3]`.
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
        Ok(Self {
            width,
            height,
            pixels,
            alpha: None,
        })
    }

    /// Width in px.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in px.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// RGB bytes, `[height, width, 3]`, as if the picture were opaque.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// Alpha, `[height, width]`; none where the picture is opaque.
    pub fn alpha(&self) -> Option<&[u8]> {
        self.alpha.as_deref()
    }

    /// RGB bytes over a ground of one colour, `[height, width, 3]`, with the rounding of Pillow's
    /// `alpha_composite`.
    pub fn over(&self, ground: [u8; 3]) -> Cow<'_, [u8]> {
        let Some(alpha) = &self.alpha else {
            return Cow::Borrowed(&self.pixels);
        };
        let mut pixels = self.pixels.clone();
        composite(&mut pixels, alpha, ground);
        Cow::Owned(pixels)
    }

    /// Writes row `y` over a ground of one colour to `out`, `[width, 3]`. Rows below the picture do
    /// not exist.
    pub(crate) fn write_row(&self, y: usize, ground: [u8; 3], out: &mut [u8]) {
        let width = self.width as usize;
        out.copy_from_slice(&self.pixels[y * width * 3..][..width * 3]);
        if let Some(alpha) = &self.alpha {
            composite(out, &alpha[y * width..][..width], ground);
        }
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

/// Whether a JPEG's scan data reach an end-of-image marker. The decoder fills missing rows with
/// grey instead of saying so.
fn jpeg_is_complete(bytes: &[u8]) -> bool {
    let mut at = 2;
    // Segments up to the start of scan carry their length; thumbnails inside them have markers of
    // their own.
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

/// 8-bit RGB bytes `[pixels, 3]`, and alpha `[pixels]` where the format has it.
fn to_rgb(picture: DynamicImage) -> (Vec<u8>, Option<Vec<u8>>) {
    match picture {
        DynamicImage::ImageRgb8(rgb) => (rgb.into_raw(), None),
        DynamicImage::ImageLuma8(grey) => (grey.into_raw().into_iter().flat_map(|v| [v; 3]).collect(), None),
        DynamicImage::ImageLumaA8(grey) => split(grey.as_raw().chunks_exact(2).map(|p| [p[0], p[0], p[0], p[1]])),
        DynamicImage::ImageLuma16(grey) => (grey.as_raw().iter().flat_map(|&v| [upper(v); 3]).collect(), None),
        DynamicImage::ImageRgb16(rgb) => (rgb.as_raw().iter().map(|&v| upper(v)).collect(), None),
        DynamicImage::ImageLumaA16(grey) => {
            let pixels = grey.as_raw().chunks_exact(2);
            split(pixels.map(|p| [upper(p[0]), upper(p[0]), upper(p[0]), upper(p[1])]))
        }
        DynamicImage::ImageRgba16(rgba) => {
            let pixels = rgba.as_raw().chunks_exact(4);
            split(pixels.map(|p| [upper(p[0]), upper(p[1]), upper(p[2]), upper(p[3])]))
        }
        // Float TIFF and whatever the decoder learns next: its own conversion to 8 bits.
        other => split(
            other
                .into_rgba8()
                .as_raw()
                .chunks_exact(4)
                .map(|p| [p[0], p[1], p[2], p[3]]),
        ),
    }
}

/// RGB and alpha apart.
fn split(pixels: impl ExactSizeIterator<Item = [u8; 4]>) -> (Vec<u8>, Option<Vec<u8>>) {
    let (mut rgb, mut alpha) = (Vec::with_capacity(pixels.len() * 3), Vec::with_capacity(pixels.len()));
    for [r, g, b, a] in pixels {
        rgb.extend([r, g, b]);
        alpha.push(a);
    }
    (rgb, Some(alpha))
}

/// 16 bits to 8 as Pillow's unpackers (`RGB;16B`, `LA;16B`, `RGBA;16B`) do it: the upper byte.
fn upper(value: u16) -> u8 {
    (value >> 8) as u8
}

/// `round((a * p + (255 - a) * ground) / 255)`, Pillow's `alpha_composite` over an opaque ground.
fn composite(pixels: &mut [u8], alpha: &[u8], ground: [u8; 3]) {
    for (pixel, &a) in pixels.chunks_exact_mut(3).zip(alpha) {
        let a = u32::from(a);
        for (value, ground) in pixel.iter_mut().zip(ground) {
            let sum = u32::from(*value) * a + u32::from(ground) * (255 - a) + 128;
            *value = (((sum >> 8) + sum) >> 8) as u8;
        }
    }
}
